{{ config(unique_key=['company_id', 'period_start', 'period_end', 'account_code']) }}
{#
    Analytic accounts by period: what moved, and what has moved since the fiscal year began. An account
    that is no longer in a period's trial balance still has its year: it gets a row with the name and
    place it had last.
#}
with closing as (
    select company_id, period_start, period_end, account_code, sum(net) as closing
    from {{ ref('int_posting_sums') }}
    where posting_kind = 'CLOSING'
    group by company_id, period_start, period_end, account_code
),

present as (
    select
        accounts.*,
        coalesce(closing.closing, 0) as closing,
        accounts.debit - accounts.credit - coalesce(closing.closing, 0) as month,
        row_number() over (
            partition by accounts.company_id, accounts.account_code order by accounts.period_end desc
        ) as age
    from {{ ref('int_accounts') }} as accounts
    left join closing
        on accounts.company_id = closing.company_id
        and accounts.period_start = closing.period_start
        and accounts.period_end = closing.period_end
        and accounts.account_code = closing.account_code
    where not accounts.is_summary
),

seen as (
    select company_id, fiscal_year, account_code, min(period_end) as first_seen
    from present
    group by company_id, fiscal_year, account_code
    union all
    {# The year after, for the column of the year before. #}
    select company_id, fiscal_year + 1, account_code, min(period_end)
    from present
    where account_type in ('REVENUE', 'EXPENSE')
    group by company_id, fiscal_year, account_code
),

spine as (
    select distinct
        periods.company_id,
        periods.fiscal_year,
        periods.period_start,
        periods.period_end,
        seen.account_code
    from seen
    inner join {{ ref('int_periods') }} as periods
        on seen.company_id = periods.company_id
        and seen.fiscal_year = periods.fiscal_year
        and seen.first_seen <= periods.period_end
),

filled as (
    select
        spine.company_id,
        spine.fiscal_year,
        spine.period_start,
        spine.period_end,
        spine.account_code,
        case when present.account_code is null then latest.account_name else present.account_name end
            as account_name,
        case when present.account_code is null then latest.account_type else present.account_type end
            as account_type,
        case when present.account_code is null then latest.parent_account_code else present.parent_account_code end
            as parent_account_code,
        case when present.account_code is null then latest.level else present.level end as level,
        present.account_code is not null as is_present,
        coalesce(present.closing, 0) as closing,
        coalesce(present.month, 0) as month,
        sum(coalesce(present.month, 0)) over (
            partition by spine.company_id, spine.fiscal_year, spine.account_code
            order by spine.period_end
            rows between unbounded preceding and current row
        ) as ytd
    from spine
    left join present
        on spine.company_id = present.company_id
        and spine.period_start = present.period_start
        and spine.period_end = present.period_end
        and spine.account_code = present.account_code
    inner join present as latest
        on spine.company_id = latest.company_id
        and spine.account_code = latest.account_code
        and latest.age = 1
),

{# The last period of a month there is, a year before. #}
year_before as (
    select company_id, fiscal_year + 1 as fiscal_year, extract(month from period_end) as month_number
    from {{ ref('int_periods') }}
    group by company_id, fiscal_year, extract(month from period_end)
)

select
    filled.company_id,
    filled.fiscal_year,
    filled.period_start,
    filled.period_end,
    filled.account_code,
    filled.account_name,
    filled.account_type,
    filled.parent_account_code,
    filled.level,
    filled.is_present,
    {{ erp_close.amount('filled.closing') }} as closing,
    {{ erp_close.amount('filled.month') }} as month,
    {{ erp_close.amount('filled.ytd') }} as ytd,
    {{ erp_close.amount('case when year_before.company_id is not null then coalesce(before.ytd, 0) end') }}
        as prior_ytd
from filled
left join year_before
    on filled.company_id = year_before.company_id
    and filled.fiscal_year = year_before.fiscal_year
    and extract(month from filled.period_end) = year_before.month_number
left join filled as before
    on filled.company_id = before.company_id
    and filled.fiscal_year - 1 = before.fiscal_year
    and extract(month from filled.period_end) = extract(month from before.period_end)
    and filled.account_code = before.account_code
