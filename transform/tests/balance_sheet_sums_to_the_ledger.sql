{# The analytic rows of each kind of account sum up to the ledger's. #}
with stated as (
    select company_id, period_end, account_type, sum(amount) as amount
    from {{ ref('balance_sheet') }}
    where not is_summary and account_code <> 'RESULT'
    group by company_id, period_end, account_type
),

ledger as (
    select
        company_id,
        period_end,
        account_type,
        sum(case when account_type = 'ASSET' then net_closing else -net_closing end) as amount
    from {{ ref('stg_erp__trial_balance') }}
    where not is_summary and account_type in ('ASSET', 'LIABILITY', 'EQUITY')
    group by company_id, period_end, account_type
)

select
    coalesce(stated.company_id, ledger.company_id) as company_id,
    coalesce(stated.period_end, ledger.period_end) as period_end,
    coalesce(stated.account_type, ledger.account_type) as account_type,
    stated.amount as stated,
    ledger.amount as ledger
from stated
full outer join ledger
    on stated.company_id = ledger.company_id
    and stated.period_end = ledger.period_end
    and stated.account_type = ledger.account_type
where abs(coalesce(stated.amount, 0) - coalesce(ledger.amount, 0)) > {{ var('close_tolerance') }}
