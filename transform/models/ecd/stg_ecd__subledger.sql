{{ config(materialized='view') }}
{%- set table = erp_close.ecd_table('subledger') -%}
{%- if table is not none %}
with postings as (
    select
        {{ erp_close.text('company_id') }} as company_id,
        cast(period_start as date) as period_start,
        cast(period_end as date) as period_end,
        {{ erp_close.text('account_code') }} as account_code,
        {{ erp_close.text('entry_id') }} as entry_id,
        {{ erp_close.text('posting_kind') }} as posting_kind,
        cast(transaction_date as date) as transaction_date,
        {{ erp_close.amount('debit_amount') }} as debit_amount,
        {{ erp_close.amount('credit_amount') }} as credit_amount,
        cast(extracted_at as timestamp) as extracted_at
    from {{ table }}
),

days as (
    select distinct company_id, transaction_date
    from postings
),

latest as (
    select days.company_id, days.transaction_date, max(periods.extracted_at) as extracted_at
    from days
    inner join {{ ref('stg_ecd__periods') }} as periods
        on days.company_id = periods.company_id
        and days.transaction_date between periods.period_start and periods.period_end
    where periods.entry_count is not null
    group by days.company_id, days.transaction_date
)

select postings.*
from postings
left join latest
    on postings.company_id = latest.company_id
    and postings.transaction_date = latest.transaction_date
where latest.extracted_at is null or latest.extracted_at <= postings.extracted_at
{%- else %}
select
    cast(null as {{ dbt.type_string() }}) as company_id,
    cast(null as date) as period_start,
    cast(null as date) as period_end,
    cast(null as {{ dbt.type_string() }}) as account_code,
    cast(null as {{ dbt.type_string() }}) as entry_id,
    cast(null as {{ dbt.type_string() }}) as posting_kind,
    cast(null as date) as transaction_date,
    cast(null as {{ erp_close.amount_type() }}) as debit_amount,
    cast(null as {{ erp_close.amount_type() }}) as credit_amount,
    cast(null as timestamp) as extracted_at
from {{ ref('stg_ecd__periods') }}
where false
{%- endif %}
