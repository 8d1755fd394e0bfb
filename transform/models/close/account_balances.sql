{{ config(unique_key=['company_id', 'period_start', 'period_end', 'account_code']) }}
select
    accounts.company_id,
    accounts.fiscal_year,
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
    accounts.net_closing,
    {{ erp_close.amount('results.closing') }} as closing_entries,
    {{ erp_close.amount('accounts.net_closing - results.closing') }} as net_before_closing,
    {{ erp_close.amount('results.ytd') }} as ytd_before_closing
from {{ ref('int_accounts') }} as accounts
inner join {{ ref('int_account_results') }} as results
    on accounts.company_id = results.company_id
    and accounts.period_start = results.period_start
    and accounts.period_end = results.period_end
    and accounts.account_code = results.account_code
    and results.is_present
