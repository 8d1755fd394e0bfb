{# The analytic rows of a month sum up to what the result accounts moved by, closing entries left out. #}
with stated as (
    select company_id, period_end, sum(month_amount) as amount
    from {{ ref('income_statement') }}
    where not is_summary
    group by company_id, period_end
),

closing as (
    select company_id, period_start, period_end, account_code, sum(net_amount) as amount
    from {{ ref('postings') }}
    where posting_kind = 'CLOSING'
    group by company_id, period_start, period_end, account_code
),

ledger as (
    select
        accounts.company_id,
        accounts.period_end,
        -sum(accounts.debit - accounts.credit - coalesce(closing.amount, 0)) as amount
    from {{ ref('stg_erp__trial_balance') }} as accounts
    left join closing
        on accounts.company_id = closing.company_id
        and accounts.period_start = closing.period_start
        and accounts.period_end = closing.period_end
        and accounts.account_code = closing.account_code
    where not accounts.is_summary and accounts.account_type in ('REVENUE', 'EXPENSE')
    group by accounts.company_id, accounts.period_end
)

select
    coalesce(stated.company_id, ledger.company_id) as company_id,
    coalesce(stated.period_end, ledger.period_end) as period_end,
    stated.amount as stated,
    ledger.amount as ledger
from stated
full outer join ledger
    on stated.company_id = ledger.company_id and stated.period_end = ledger.period_end
where abs(coalesce(stated.amount, 0) - coalesce(ledger.amount, 0)) > {{ var('close_tolerance') }}
