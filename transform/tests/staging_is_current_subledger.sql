{# The staging model holds the rows that the SQL view current_subledger shows. #}
with current_rows as (
    select company_id, account_code, entry_id, line_number
    from {{ source('erp', 'subledger') }} as rows
    where not exists (
        select 1
        from {{ source('erp', 'periods') }} as periods
        where periods.company_id = rows.company_id
            and cast(rows.transaction_date as date) between periods.period_start and periods.period_end and periods.entry_count is not null
            and periods.extracted_at > rows.extracted_at
    )
),

staged as (
    select company_id, account_code, entry_id, line_number from {{ ref('stg_erp__subledger') }}
)

(select * from current_rows except select * from staged)
union all
(select * from staged except select * from current_rows)
