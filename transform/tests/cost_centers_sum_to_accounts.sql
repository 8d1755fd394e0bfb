{# The cost centres of an account add up to its row of the income statement. #}
with centers as (
    select company_id, period_end, account_code, sum(month_amount) as month, sum(ytd_amount) as ytd
    from {{ ref('cost_center_result') }}
    group by company_id, period_end, account_code
),

accounts as (
    select company_id, period_end, account_code, month_amount as month, ytd_amount as ytd
    from {{ ref('income_statement') }}
    where not is_summary
)

select
    coalesce(centers.company_id, accounts.company_id) as company_id,
    coalesce(centers.period_end, accounts.period_end) as period_end,
    coalesce(centers.account_code, accounts.account_code) as account_code,
    centers.month as by_cost_center,
    accounts.month as by_account
from centers
full outer join accounts
    on centers.company_id = accounts.company_id
    and centers.period_end = accounts.period_end
    and centers.account_code = accounts.account_code
where abs(coalesce(centers.month, 0) - coalesce(accounts.month, 0)) > {{ var('close_tolerance') }}
    or abs(coalesce(centers.ytd, 0) - coalesce(accounts.ytd, 0)) > {{ var('close_tolerance') }}
