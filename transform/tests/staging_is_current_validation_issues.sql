{# The staging model holds the rows that the SQL view current_validation_issues shows. #}
with current_rows as (
    select issue_id
    from {{ source('erp', 'validation_issues') }} as rows
    where not exists (
        select 1
        from {{ source('erp', 'periods') }} as periods
        where periods.company_id = rows.company_id
            and rows.period_start = periods.period_start and rows.period_end = periods.period_end and (periods.entry_count is not null or rows.stream_name <> 'subledger')
            and periods.extracted_at > rows.extracted_at
    )
),

staged as (
    select issue_id from {{ ref('stg_erp__validation_issues') }}
)

(select * from current_rows except select * from staged)
union all
(select * from staged except select * from current_rows)
