{{ config(unique_key=['company_id', 'period_end', 'account_code']) }}
select
    company_id,
    fiscal_year,
    period_end,
    account_code,
    account_name,
    level,
    is_summary,
    {{ erp_close.amount('-month') }} as month_amount,
    {{ erp_close.amount('-ytd') }} as ytd_amount,
    {{ erp_close.amount('-prior_ytd') }} as prior_year_ytd_amount
from {{ ref('int_account_results') }}
where account_type in ('REVENUE', 'EXPENSE')
    and (is_present or ytd <> 0 or coalesce(prior_ytd, 0) <> 0)
