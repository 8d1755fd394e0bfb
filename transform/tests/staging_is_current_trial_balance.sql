{# The staging model holds the rows that the SQL view current_trial_balance shows. #}
with current_rows as (
    select company_id, period_start, period_end, account_code
    from {{ source('erp', 'trial_balance') }} as rows
    where not exists (
        select 1
        from {{ source('erp', 'periods') }} as periods
        where periods.company_id = rows.company_id
            and rows.period_start = periods.period_start and rows.period_end = periods.period_end
            and periods.extracted_at > rows.extracted_at
    )
),

staged as (
    select company_id, period_start, period_end, account_code from {{ ref('stg_erp__trial_balance') }}
)

(select * from current_rows except select * from staged)
union all
(select * from staged except select * from current_rows)
