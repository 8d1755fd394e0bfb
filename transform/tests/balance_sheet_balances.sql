{# Assets equal liabilities and equity, the result not yet closed included. #}
select
    company_id,
    period_end,
    sum(case when account_type = 'ASSET' then amount else 0 end) as assets,
    sum(case when account_type = 'ASSET' then 0 else amount end) as liabilities_and_equity
from {{ ref('balance_sheet') }}
where not is_summary
group by company_id, period_end
having abs(sum(case when account_type = 'ASSET' then amount else -amount end)) > {{ var('close_tolerance') }}
