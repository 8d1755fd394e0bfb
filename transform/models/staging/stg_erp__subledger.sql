{#
    What the view current_subledger holds: any period over a posting's date says whether it still
    exists. The days are looked up once each, so that the cost grows with the rows alone.
#}
with postings as (
    select
        {{ erp_close.text('source_system') }} as source_system,
        {{ erp_close.text('company_id') }} as company_id,
        {{ erp_close.text('company_name') }} as company_name,
        cast(period_start as date) as period_start,
        cast(period_end as date) as period_end,
        {{ erp_close.text('currency') }} as currency,
        {{ erp_close.text('account_code') }} as account_code,
        {{ erp_close.text('account_name') }} as account_name,
        {{ erp_close.text('entry_id') }} as entry_id,
        cast(line_number as {{ dbt.type_bigint() }}) as line_number,
        {{ erp_close.text('journal_id') }} as journal_id,
        {{ erp_close.text('posting_kind') }} as posting_kind,
        cast(transaction_date as date) as transaction_date,
        cast(posting_date as date) as posting_date,
        {{ erp_close.amount('debit_amount') }} as debit_amount,
        {{ erp_close.amount('credit_amount') }} as credit_amount,
        {{ erp_close.text('description') }} as description,
        {{ erp_close.text('document_number') }} as document_number,
        {{ erp_close.text('document_type') }} as document_type,
        {{ erp_close.text('cost_center') }} as cost_center,
        {{ erp_close.text('entity_id') }} as entity_id,
        {{ erp_close.text('entity_name') }} as entity_name,
        cast(extracted_at as timestamp) as extracted_at,
        {{ erp_close.text('metadata') }} as metadata
    from {{ source('erp', 'subledger') }}
),

days as (
    select distinct
        {{ erp_close.text('company_id') }} as company_id,
        cast(transaction_date as date) as transaction_date
    from {{ source('erp', 'subledger') }}
),

latest as (
    select days.company_id, days.transaction_date, max(periods.extracted_at) as extracted_at
    from days
    inner join {{ ref('stg_erp__periods') }} as periods
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
