{{ config(materialized='table') }}
{#
    The periods of the companies that belong to the group: all, but those whose row in the seed
    companies says otherwise (before or after its dates, or not more than half owned).
#}
with listed as (
    select distinct company_id from {{ ref('stg_inputs__companies') }}
)

select periods.*
from {{ ref('int_periods') }} as periods
left join listed on periods.company_id = listed.company_id
left join {{ ref('stg_inputs__companies') }} as companies
    on periods.company_id = companies.company_id
    and {{ erp_close.valid_on('companies', 'periods.period_end') }}
where periods.company_id in (select company_id from {{ ref('stg_inputs__account_map') }})
    and (listed.company_id is null or companies.company_id is not null)
    and coalesce(companies.ownership_pct, 100) > 50
