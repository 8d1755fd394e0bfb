{{ config(severity='warn') }}
{# What is summed since a fiscal year began is summed over all of its months. #}
with ordered as (
    select
        company_id,
        period_start,
        period_end,
        starts_fiscal_year,
        lag(period_end) over (partition by company_id order by period_start) as before
    from {{ ref('int_periods') }}
)

select company_id, period_start, period_end, before
from ordered
where (before is null and not starts_fiscal_year)
    or {{ dbt.dateadd('day', 1, 'before') }} < period_start
