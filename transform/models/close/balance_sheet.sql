{{ config(unique_key=['company_id', 'period_end', 'account_code']) }}
select
    company_id,
    period_end,
    account_code,
    account_name,
    account_type,
    level,
    is_summary,
    {{ erp_close.amount("case when account_type = 'ASSET' then net_closing else -net_closing end") }} as amount
from {{ ref('int_accounts') }}
where account_type in ('ASSET', 'LIABILITY', 'EQUITY')
union all
select
    periods.company_id,
    periods.period_end,
    'RESULT' as account_code,
    'Resultado ainda não encerrado' as account_name,
    'EQUITY' as account_type,
    1 as level,
    false as is_summary,
    {{ erp_close.amount('coalesce(-sum(accounts.net_closing), 0)') }} as amount
from {{ ref('int_periods') }} as periods
left join {{ ref('int_accounts') }} as accounts
    on periods.company_id = accounts.company_id
    and periods.period_start = accounts.period_start
    and periods.period_end = accounts.period_end
    and not accounts.is_summary
    and accounts.account_type in ('REVENUE', 'EXPENSE')
group by periods.company_id, periods.period_end
