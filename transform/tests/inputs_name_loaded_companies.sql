{{ config(severity='warn') }}
{# What people fill in is about companies whose books are loaded. #}
{%- set columns = {
    'companies': ['company_id'],
    'account_map': ['company_id'],
    'intercompany': ['company_id', 'counterparty_company_id'],
    'closing_rules': ['company_id'],
    'ecd_account_map': ['company_id'],
} %}
with named as (
    {%- for input, its in columns.items() %}
    {%- set outer = loop %}
    {%- for column in its %}
    select distinct '{{ input }}' as input, {{ column }} as company_id from {{ ref('stg_inputs__' ~ input) }}
    {%- if not (outer.last and loop.last) %} union all{% endif %}
    {%- endfor %}
    {%- endfor %}
)

select named.input, named.company_id
from named
left join (select distinct company_id from {{ ref('int_periods') }}) as loaded
    on named.company_id = loaded.company_id
where named.company_id is not null and loaded.company_id is null
