{{ config(severity='warn') }}
{# The periods of a fiscal year follow each other, and are of no more than twelve months. #}
with years as (
    select company_id, fiscal_year, min(period_start) as first_day, max(period_end) as last_day
    from {{ ref('int_periods') }}
    group by company_id, fiscal_year
)

select *
from years
where {{ dbt.dateadd('month', 12, 'first_day') }} <= last_day
    or exists (
        select 1
        from {{ ref('int_periods') }} as periods
        where periods.company_id = years.company_id
            and periods.fiscal_year <> years.fiscal_year
            and periods.period_start between years.first_day and years.last_day
    )
