{{ config(unique_key=['company_id', 'account_code']) }}
{# For each account the last period in which it had a balance or a result that no map reaches. #}
with unmapped as (
    select
        accounts.company_id,
        accounts.account_code,
        accounts.account_name,
        accounts.net_closing,
        row_number() over (
            partition by accounts.company_id, accounts.account_code order by accounts.period_end desc
        ) as place
    from {{ ref('account_balances') }} as accounts
    left join {{ ref('int_account_map') }} as map
        on accounts.company_id = map.company_id
        and accounts.account_code = map.account_code
        and accounts.period_end = map.period_end
        and map.cost_center is null
    where not accounts.is_summary
        and accounts.account_type in ('ASSET', 'LIABILITY', 'EQUITY')
        and accounts.net_closing <> 0
        and map.company_id is null
    union all
    select
        accounts.company_id,
        accounts.account_code,
        accounts.account_name,
        accounts.net_closing,
        row_number() over (
            partition by accounts.company_id, accounts.account_code order by accounts.period_end desc
        ) as place
    from {{ ref('account_balances') }} as accounts
    inner join (
        select distinct results.company_id, results.account_code, results.period_end
        from {{ ref('cost_center_result') }} as results
        left join {{ ref('int_account_map') }} as map
            on results.company_id = map.company_id
            and results.account_code = map.account_code
            and results.cost_center = map.cost_center
            and results.period_end = map.period_end
        where results.month_amount <> 0 and map.company_id is null
    ) as results
        on accounts.company_id = results.company_id
        and accounts.account_code = results.account_code
        and accounts.period_end = results.period_end
    where not accounts.is_summary
)

select company_id, account_code, account_name, net_closing
from unmapped
where place = 1
