{{ config(unique_key=['company_id', 'period_start', 'period_end', 'account_code']) }}
{#
    Every account by period, summary accounts with the sum of what stands below them in that period.
    A summary account that nothing stands below keeps its own movement.
#}
with recursive above as (
    select
        company_id,
        period_start,
        period_end,
        account_code,
        parent_account_code as ancestor,
        1 as height
    from {{ ref('int_account_year') }}
    where parent_account_code is not null
        and (month <> 0 or closing <> 0 or ytd <> 0 or coalesce(prior_ytd, 0) <> 0)
    union all
    select
        above.company_id,
        above.period_start,
        above.period_end,
        above.account_code,
        accounts.parent_account_code,
        above.height + 1
    from above
    inner join {{ ref('int_accounts') }} as accounts
        on above.company_id = accounts.company_id
        and above.period_start = accounts.period_start
        and above.period_end = accounts.period_end
        and above.ancestor = accounts.account_code
    {# Deeper than any chart: a circle of parents ends here. #}
    where accounts.parent_account_code is not null and above.height < 40
),

rolled as (
    select
        above.company_id,
        above.period_start,
        above.period_end,
        above.ancestor,
        sum(year.closing) as closing,
        sum(year.month) as month,
        sum(year.ytd) as ytd,
        sum(year.prior_ytd) as prior_ytd
    from above
    inner join {{ ref('int_account_year') }} as year
        on above.company_id = year.company_id
        and above.period_start = year.period_start
        and above.period_end = year.period_end
        and above.account_code = year.account_code
    group by above.company_id, above.period_start, above.period_end, above.ancestor
),

{# What something stands below in a period, moved or not. #}
parents as (
    select distinct company_id, period_start, period_end, parent_account_code as account_code
    from {{ ref('int_accounts') }}
    where parent_account_code is not null
),

{# Periods for which there is a year before. #}
compared as (
    select distinct company_id, period_start, period_end
    from {{ ref('int_account_year') }}
    where prior_ytd is not null
),

summaries as (
    select
        accounts.*,
        sum(accounts.debit - accounts.credit) over (
            partition by accounts.company_id, accounts.fiscal_year, accounts.account_code
            order by accounts.period_end
            rows between unbounded preceding and current row
        ) as own_ytd
    from {{ ref('int_accounts') }} as accounts
    where accounts.is_summary
)

select
    company_id,
    fiscal_year,
    period_start,
    period_end,
    account_code,
    account_name,
    account_type,
    parent_account_code,
    level,
    false as is_summary,
    is_present,
    closing,
    month,
    ytd,
    prior_ytd
from {{ ref('int_account_year') }}
union all
select
    summaries.company_id,
    summaries.fiscal_year,
    summaries.period_start,
    summaries.period_end,
    summaries.account_code,
    summaries.account_name,
    summaries.account_type,
    summaries.parent_account_code,
    summaries.level,
    true as is_summary,
    true as is_present,
    {{ erp_close.amount('coalesce(rolled.closing, 0)') }} as closing,
    {{ erp_close.amount('coalesce(rolled.month, case when parents.account_code is null then summaries.debit - summaries.credit else 0 end)') }} as month,
    {{ erp_close.amount('coalesce(rolled.ytd, case when parents.account_code is null then summaries.own_ytd else 0 end)') }} as ytd,
    {{ erp_close.amount('case when compared.company_id is not null then coalesce(rolled.prior_ytd, 0) end') }}
        as prior_ytd
from summaries
left join parents
    on summaries.company_id = parents.company_id
    and summaries.period_start = parents.period_start
    and summaries.period_end = parents.period_end
    and summaries.account_code = parents.account_code
left join compared
    on summaries.company_id = compared.company_id
    and summaries.period_start = compared.period_start
    and summaries.period_end = compared.period_end
left join rolled
    on summaries.company_id = rolled.company_id
    and summaries.period_start = rolled.period_start
    and summaries.period_end = rolled.period_end
    and summaries.account_code = rolled.ancestor
