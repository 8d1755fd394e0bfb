{{ config(materialized='view') }}
{# What the snapshot looks at: the current trial balance, and whether its period was closed then. #}
select
    accounts.company_id,
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
    periods.period_status,
    accounts.extracted_at
from {{ ref('stg_erp__trial_balance') }} as accounts
left join {{ ref('stg_erp__periods') }} as periods
    on accounts.company_id = periods.company_id
    and accounts.period_start = periods.period_start
    and accounts.period_end = periods.period_end
