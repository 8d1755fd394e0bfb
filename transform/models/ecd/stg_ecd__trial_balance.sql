{{ config(materialized='view') }}
{%- set table = erp_close.ecd_table('trial_balance') -%}
{%- if table is not none %}
select
    {{ erp_close.text('accounts.company_id') }} as company_id,
    cast(accounts.period_start as date) as period_start,
    cast(accounts.period_end as date) as period_end,
    {{ erp_close.text('accounts.account_code') }} as account_code,
    cast(accounts.is_summary as boolean) as is_summary,
    {{ erp_close.amount('accounts.net_opening_balance') }} as net_opening,
    {{ erp_close.amount('accounts.debit_amount') }} as debit,
    {{ erp_close.amount('accounts.credit_amount') }} as credit,
    {{ erp_close.amount('accounts.net_closing_balance') }} as net_closing
from {{ table }} as accounts
left join {{ ref('stg_ecd__periods') }} as periods
    on cast(accounts.company_id as {{ dbt.type_string() }}) = periods.company_id
    and cast(accounts.period_start as date) = periods.period_start
    and cast(accounts.period_end as date) = periods.period_end
where periods.extracted_at is null or periods.extracted_at <= cast(accounts.extracted_at as timestamp)
{%- else %}
select
    cast(null as {{ dbt.type_string() }}) as company_id,
    cast(null as date) as period_start,
    cast(null as date) as period_end,
    cast(null as {{ dbt.type_string() }}) as account_code,
    cast(null as boolean) as is_summary,
    cast(null as {{ erp_close.amount_type() }}) as net_opening,
    cast(null as {{ erp_close.amount_type() }}) as debit,
    cast(null as {{ erp_close.amount_type() }}) as credit,
    cast(null as {{ erp_close.amount_type() }}) as net_closing
from {{ ref('stg_ecd__periods') }}
where false
{%- endif %}
