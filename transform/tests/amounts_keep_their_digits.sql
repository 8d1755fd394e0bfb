{# The models' type holds every digit of the amounts that were loaded. #}
{%- set checks = [] -%}
{%- for table, columns in {
    'trial_balance': ['net_opening_balance', 'debit_amount', 'credit_amount', 'net_closing_balance'],
    'subledger': ['debit_amount', 'credit_amount'],
}.items() -%}
    {%- for column in columns -%}{%- do checks.append((table, column)) -%}{%- endfor -%}
{%- endfor -%}
{% for table, column in checks %}
select '{{ table }}' as table_name, '{{ column }}' as column_name, {{ erp_close.text(column) }} as amount
from {{ source('erp', table) }}
where {{ erp_close.lost_digits(column) }}
{% if not loop.last %}union all{% endif %}
{% endfor %}
