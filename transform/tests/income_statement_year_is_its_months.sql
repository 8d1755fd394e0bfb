{# What has added up since the fiscal year began is the sum of its months. #}
with months as (
    select company_id, fiscal_year, period_end, sum(month_amount) as month, sum(ytd_amount) as ytd
    from {{ ref('income_statement') }}
    where not is_summary
    group by company_id, fiscal_year, period_end
),

summed as (
    select
        *,
        sum(month) over (
            partition by company_id, fiscal_year order by period_end
            rows between unbounded preceding and current row
        ) as months
    from months
)

select * from summed
where abs(ytd - months) > {{ var('close_tolerance') }}
