{#
    The staging model holds the rows that the SQL view current_subledger shows. The view decides by
    company, day and extraction, so that it is asked once for each of these, and the rows are counted.
#}
with loaded as (
    select
        company_id,
        cast(transaction_date as date) as transaction_date,
        extracted_at,
        count(*) as row_count,
        sum(line_number) as lines,
        sum(length(account_code) + length(entry_id)) as letters,
        sum({{ erp_close.amount('debit_amount') }}) as debit,
        sum({{ erp_close.amount('credit_amount') }}) as credit
    from {{ source('erp', 'subledger') }}
    group by company_id, cast(transaction_date as date), extracted_at
),

current_rows as (
    select
        company_id,
        transaction_date,
        cast(extracted_at as timestamp) as extracted_at,
        row_count,
        lines,
        letters,
        debit,
        credit
    from loaded
    where not exists (
        select 1
        from {{ source('erp', 'periods') }} as periods
        where periods.company_id = loaded.company_id
            and loaded.transaction_date between periods.period_start and periods.period_end and periods.entry_count is not null
            and periods.extracted_at > loaded.extracted_at
    )
),

staged as (
    select
        company_id,
        cast(transaction_date as date) as transaction_date,
        cast(extracted_at as timestamp) as extracted_at,
        count(*) as row_count,
        sum(line_number) as lines,
        sum(length(account_code) + length(entry_id)) as letters,
        sum({{ erp_close.amount('debit_amount') }}) as debit,
        sum({{ erp_close.amount('credit_amount') }}) as credit
    from {{ ref('stg_erp__subledger') }}
    group by company_id, cast(transaction_date as date), cast(extracted_at as timestamp)
)

(select * from current_rows except select * from staged)
union all
(select * from staged except select * from current_rows)
