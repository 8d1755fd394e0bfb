{{ config(unique_key=['company_id', 'period_end', 'cost_center', 'account_code']) }}
{#
    Without closing entries, as the income statement. A period whose subledger was not read has no
    cost centres: what the trial balance has beyond the postings stands in (none).
#}
with accounts as (
    select *
    from {{ ref('int_account_year') }}
    where account_type in ('REVENUE', 'EXPENSE')
),

posted as (
    select
        company_id,
        period_start,
        period_end,
        coalesce(cost_center, '(none)') as cost_center,
        account_code,
        sum(net) as net
    from {{ ref('int_posting_sums') }}
    where posting_kind <> 'CLOSING'
    group by company_id, period_start, period_end, coalesce(cost_center, '(none)'), account_code
),

unread as (
    select
        accounts.company_id,
        accounts.period_start,
        accounts.period_end,
        '(none)' as cost_center,
        accounts.account_code,
        accounts.month - coalesce(sum(posted.net), 0) as net
    from accounts
    inner join {{ ref('int_periods') }} as periods
        on accounts.company_id = periods.company_id
        and accounts.period_start = periods.period_start
        and accounts.period_end = periods.period_end
        and periods.entry_count is null
    left join posted
        on accounts.company_id = posted.company_id
        and accounts.period_start = posted.period_start
        and accounts.period_end = posted.period_end
        and accounts.account_code = posted.account_code
    group by
        accounts.company_id,
        accounts.period_start,
        accounts.period_end,
        accounts.account_code,
        accounts.month
    having accounts.month - coalesce(sum(posted.net), 0) <> 0
),

moved as (
    select company_id, period_start, period_end, cost_center, account_code, sum(net) as net
    from (
        select * from posted
        union all
        select * from unread
    ) as both_kinds
    group by company_id, period_start, period_end, cost_center, account_code
),

months as (
    select accounts.fiscal_year, moved.*
    from moved
    inner join accounts
        on moved.company_id = accounts.company_id
        and moved.period_start = accounts.period_start
        and moved.period_end = accounts.period_end
        and moved.account_code = accounts.account_code
),

seen as (
    select company_id, fiscal_year, cost_center, account_code, min(period_end) as first_seen
    from months
    group by company_id, fiscal_year, cost_center, account_code
),

spine as (
    select
        seen.company_id,
        seen.fiscal_year,
        accounts.period_start,
        accounts.period_end,
        seen.cost_center,
        seen.account_code
    from seen
    inner join accounts
        on seen.company_id = accounts.company_id
        and seen.fiscal_year = accounts.fiscal_year
        and seen.account_code = accounts.account_code
        and seen.first_seen <= accounts.period_end
)

select
    spine.company_id,
    spine.fiscal_year,
    spine.period_end,
    spine.cost_center,
    spine.account_code,
    {{ erp_close.amount('coalesce(-months.net, 0)') }} as month_amount,
    {{ erp_close.amount(
        'sum(coalesce(-months.net, 0)) over ('
        ~ 'partition by spine.company_id, spine.fiscal_year, spine.cost_center, spine.account_code '
        ~ 'order by spine.period_end rows between unbounded preceding and current row)'
    ) }} as ytd_amount
from spine
left join months
    on spine.company_id = months.company_id
    and spine.period_start = months.period_start
    and spine.period_end = months.period_end
    and spine.cost_center = months.cost_center
    and spine.account_code = months.account_code
