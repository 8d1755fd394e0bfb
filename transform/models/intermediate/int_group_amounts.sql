{{ config(unique_key=['company_id', 'period_end']) }}
{#
    What each company brings into the group, by group account. Balances (BS) are debit-positive as at
    the period's end; the result (PL) is revenue-positive since the fiscal year began, each month by
    the map of that month. An account that no map reaches has a null.
#}
with balances as (
    select
        balances.company_id,
        balances.fiscal_year,
        balances.period_end,
        map.group_account,
        sum(balances.net_closing) as amount,
        sum(abs(balances.net_closing)) as gross
    from {{ ref('int_accounts') }} as balances
    inner join {{ ref('int_group_periods') }} as periods
        on balances.company_id = periods.company_id
        and balances.period_start = periods.period_start
        and balances.period_end = periods.period_end
    left join {{ ref('int_account_map') }} as map
        on balances.company_id = map.company_id
        and balances.account_code = map.account_code
        and map.cost_center is null
        and balances.period_end = map.period_end
    where not balances.is_summary and balances.account_type in ('ASSET', 'LIABILITY', 'EQUITY')
    group by balances.company_id, balances.fiscal_year, balances.period_end, map.group_account
),

months as (
    select
        results.company_id,
        results.fiscal_year,
        results.period_end,
        map.group_account,
        sum(results.month_amount) as amount,
        sum(abs(results.month_amount)) as gross
    from {{ ref('cost_center_result') }} as results
    left join {{ ref('int_account_map') }} as map
        on results.company_id = map.company_id
        and results.account_code = map.account_code
        and results.cost_center = map.cost_center
        and results.period_end = map.period_end
    group by results.company_id, results.fiscal_year, results.period_end, map.group_account
),

results as (
    select
        periods.company_id,
        periods.fiscal_year,
        periods.period_end,
        months.group_account,
        sum(months.amount) as amount,
        sum(months.gross) as gross
    from {{ ref('int_group_periods') }} as periods
    inner join months
        on periods.company_id = months.company_id
        and periods.fiscal_year = months.fiscal_year
        and months.period_end <= periods.period_end
    group by periods.company_id, periods.fiscal_year, periods.period_end, months.group_account
)

select
    company_id,
    fiscal_year,
    period_end,
    'BS' as statement,
    group_account,
    {{ erp_close.amount('amount') }} as amount,
    {{ erp_close.amount('gross') }} as gross
from balances
union all
select
    company_id,
    fiscal_year,
    period_end,
    'PL' as statement,
    group_account,
    {{ erp_close.amount('amount') }} as amount,
    {{ erp_close.amount('gross') }} as gross
from results
