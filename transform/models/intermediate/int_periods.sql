{{ config(materialized='table') }}
{%- set since = "coalesce(valid_from, date '0001-01-01')" %}
{#
    Periods with their fiscal year. The seed companies says in which month it begins, on the days outside
    the group too: the row before them, else the first. Else the tap did: the year begins where its number
    changes from one period to the next and runs ahead of the calendar. Where no such change is loaded it
    begins after the last month that does not run ahead, else with the first that does.
#}
with numbered as (
    select
        periods.*,
        extract(year from period_end) as calendar_year,
        lag(period_end) over (partition by company_id order by period_start) as before_end,
        lag(fiscal_year) over (partition by company_id order by period_start) as before_year
    from {{ ref('stg_erp__periods') }} as periods
),

bounds as (
    select
        company_id,
        min(
            case
                when fiscal_year > calendar_year and fiscal_year > before_year
                    and {{ dbt.dateadd('day', 1, 'before_end') }} = period_start
                    then extract(month from period_start)
            end
        ) as changed_month,
        max(case when fiscal_year = calendar_year then extract(month from period_end) end) as last_month,
        min(case when fiscal_year > calendar_year then extract(month from period_start) end) as ahead_month
    from numbered
    group by company_id
),

stated as (
    select
        company_id,
        coalesce(changed_month, case when last_month < ahead_month then last_month + 1 end, ahead_month)
            as first_month
    from bounds
),

companies as (
    select
        company_id,
        fiscal_year_start_month,
        case
            when lag(company_id) over (partition by company_id order by {{ since }}, valid_to) is null
                then date '0001-01-01'
            else {{ since }}
        end as said_from,
        lead({{ since }}) over (partition by company_id order by {{ since }}, valid_to) as said_until
    from {{ ref('stg_inputs__companies') }}
),

months as (
    select
        periods.*,
        companies.fiscal_year_start_month as set_month,
        cast(coalesce(companies.fiscal_year_start_month, stated.first_month, 1) as integer) as start_month,
        {{ dbt.dateadd('day', 1, 'periods.period_end') }} as next_day
    from {{ ref('stg_erp__periods') }} as periods
    inner join stated on periods.company_id = stated.company_id
    left join companies
        on periods.company_id = companies.company_id
        and companies.said_from <= periods.period_end
        and (companies.said_until is null or companies.said_until > periods.period_end)
)

select
    source_system,
    company_id,
    company_name,
    period_start,
    period_end,
    cast(
        case
            when set_month is null and fiscal_year is not null then fiscal_year
            when start_month > 1 and extract(month from period_end) >= start_month
                then extract(year from period_end) + 1
            else extract(year from period_end)
        end as integer
    ) as fiscal_year,
    extract(month from period_start) = start_month and extract(day from period_start) = 1 as starts_fiscal_year,
    extract(month from next_day) = start_month and extract(day from next_day) = 1 as ends_fiscal_year,
    period_status,
    currency,
    basis,
    accounting_basis,
    entry_count,
    is_balanced,
    is_reconciled,
    issue_count,
    extracted_at
from months
