{{ config(unique_key=['company_id', 'period_start', 'period_end', 'account_code']) }}
{# The current trial balance with its fiscal year. A period that has no header yet is left out. #}
select
    accounts.company_id,
    periods.fiscal_year,
    accounts.period_start,
    accounts.period_end,
    accounts.account_code,
    accounts.account_name,
    accounts.account_type,
    accounts.parent_account_code,
    accounts.level,
    accounts.is_summary,
    accounts.net_opening,
    accounts.debit,
    accounts.credit,
    accounts.net_closing
from {{ ref('stg_erp__trial_balance') }} as accounts
inner join {{ ref('int_periods') }} as periods
    on accounts.company_id = periods.company_id
    and accounts.period_start = periods.period_start
    and accounts.period_end = periods.period_end
