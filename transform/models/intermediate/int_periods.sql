{{ config(materialized='table') }}
{#
    Periods with their fiscal year. The seed companies says in which month it begins; else the tap did,
    and the month is the one in which its fiscal year turns out to run ahead of the calendar.
#}
with stated as (
    select
        company_id,
        min(case when fiscal_year > extract(year from period_end) then extract(month from period_end) end)
            as first_month
    from {{ ref('stg_erp__periods') }}
    group by company_id
),

months as (
    select
        periods.*,
        companies.fiscal_year_start_month as set_month,
        cast(coalesce(companies.fiscal_year_start_month, stated.first_month, 1) as integer) as start_month,
        {{ dbt.dateadd('day', 1, 'periods.period_end') }} as next_day
    from {{ ref('stg_erp__periods') }} as periods
    inner join stated on periods.company_id = stated.company_id
    left join {{ ref('stg_inputs__companies') }} as companies
        on periods.company_id = companies.company_id
        and {{ erp_close.valid_on('companies', 'periods.period_end') }}
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
