{{ config(unique_key=['company_id', 'period_end']) }}
{#
    What a company has with another of the group, by the seed intercompany: a whole account, the
    postings with an entity on result accounts, or the postings with an entity on one account.
    `difference` is what both sides of the pair do not have in common, in the balance sheet or in the
    result; it stands on each row of the pair.
#}
with pairs as (
    select * from {{ ref('stg_inputs__intercompany') }}
    where counterparty_company_id is not null and (account_code is not null or entity_id is not null)
),

whole_accounts as (
    select distinct accounts.company_id, accounts.account_code, pairs.counterparty_company_id
    from (select distinct company_id, account_code from {{ ref('int_account_year') }}) as accounts
    inner join pairs
        on accounts.company_id = pairs.company_id
        and pairs.entity_id is null
        and {{ erp_close.code_matches('accounts.account_code', 'pairs.account_code') }}
),

{# Summed before rows are matched, and each sum once however many rows of the seed name it. #}
entity_sums as (
    select
        company_id,
        entity_id,
        period_start,
        period_end,
        account_code,
        coalesce(cost_center, '(none)') as cost_center,
        sum(net_amount) as net
    from {{ ref('postings') }} as postings
    where posting_kind <> 'CLOSING'
        and exists (
            select 1
            from pairs
            where pairs.company_id = postings.company_id and pairs.entity_id = postings.entity_id
        )
    group by company_id, entity_id, period_start, period_end, account_code, coalesce(cost_center, '(none)')
),

with_entity as (
    select distinct
        sums.company_id,
        sums.entity_id,
        pairs.counterparty_company_id,
        sums.period_start,
        sums.period_end,
        sums.account_code,
        sums.cost_center,
        accounts.account_type,
        sums.net
    from entity_sums as sums
    inner join pairs
        on sums.company_id = pairs.company_id
        and sums.entity_id = pairs.entity_id
    inner join {{ ref('int_account_year') }} as accounts
        on sums.company_id = accounts.company_id
        and sums.period_start = accounts.period_start
        and sums.period_end = accounts.period_end
        and sums.account_code = accounts.account_code
    left join whole_accounts
        on sums.company_id = whole_accounts.company_id
        and sums.account_code = whole_accounts.account_code
        and pairs.counterparty_company_id = whole_accounts.counterparty_company_id
    where whole_accounts.company_id is null
        and {{ erp_close.means_account('pairs', 'sums.account_code', 'accounts.account_type') }}
),

{# Balances: of a whole account as it stands, of an entity as its postings have added up. #}
balances as (
    select
        accounts.company_id,
        whole_accounts.counterparty_company_id,
        accounts.period_end,
        accounts.account_code,
        accounts.net_closing as amount
    from {{ ref('int_accounts') }} as accounts
    inner join whole_accounts
        on accounts.company_id = whole_accounts.company_id
        and accounts.account_code = whole_accounts.account_code
    where not accounts.is_summary and accounts.account_type in ('ASSET', 'LIABILITY', 'EQUITY')
    union all
    select
        with_entity.company_id,
        with_entity.counterparty_company_id,
        periods.period_end,
        with_entity.account_code,
        sum(with_entity.net) as amount
    from with_entity
    inner join {{ ref('int_periods') }} as periods
        on with_entity.company_id = periods.company_id
        and with_entity.period_end <= periods.period_end
    where with_entity.account_type in ('ASSET', 'LIABILITY', 'EQUITY')
    group by
        with_entity.company_id,
        with_entity.counterparty_company_id,
        periods.period_end,
        with_entity.account_code
),

months as (
    select
        results.company_id,
        whole_accounts.counterparty_company_id,
        results.period_end,
        results.account_code,
        results.cost_center,
        results.month_amount as amount
    from {{ ref('cost_center_result') }} as results
    inner join whole_accounts
        on results.company_id = whole_accounts.company_id
        and results.account_code = whole_accounts.account_code
    union all
    select company_id, counterparty_company_id, period_end, account_code, cost_center, -net as amount
    from with_entity
    where account_type in ('REVENUE', 'EXPENSE')
),

mapped_months as (
    select
        months.company_id,
        months.counterparty_company_id,
        periods.fiscal_year,
        months.period_end,
        map.group_account,
        sum(months.amount) as amount
    from months
    inner join {{ ref('int_periods') }} as periods
        on months.company_id = periods.company_id
        and months.period_end = periods.period_end
    inner join {{ ref('int_account_map') }} as map
        on months.company_id = map.company_id
        and months.account_code = map.account_code
        and months.cost_center = map.cost_center
        and months.period_end = map.period_end
    group by
        months.company_id,
        months.counterparty_company_id,
        periods.fiscal_year,
        months.period_end,
        map.group_account
),

sides as (
    select
        balances.period_end,
        'BS' as statement,
        map.group_account,
        balances.company_id,
        balances.counterparty_company_id,
        sum(balances.amount) as amount
    from balances
    inner join {{ ref('int_account_map') }} as map
        on balances.company_id = map.company_id
        and balances.account_code = map.account_code
        and map.cost_center is null
        and balances.period_end = map.period_end
    group by
        balances.period_end,
        map.group_account,
        balances.company_id,
        balances.counterparty_company_id
    union all
    select
        periods.period_end,
        'PL' as statement,
        mapped_months.group_account,
        mapped_months.company_id,
        mapped_months.counterparty_company_id,
        sum(mapped_months.amount) as amount
    from mapped_months
    inner join {{ ref('int_periods') }} as periods
        on mapped_months.company_id = periods.company_id
        and mapped_months.fiscal_year = periods.fiscal_year
        and mapped_months.period_end <= periods.period_end
    group by
        periods.period_end,
        mapped_months.group_account,
        mapped_months.company_id,
        mapped_months.counterparty_company_id
),

in_group as (
    select distinct company_id, period_end from {{ ref('int_group_periods') }}
),

eliminated as (
    select
        sides.*,
        least(sides.company_id, sides.counterparty_company_id) as one,
        greatest(sides.company_id, sides.counterparty_company_id) as other
    from sides
    inner join in_group as own
        on sides.company_id = own.company_id and sides.period_end = own.period_end
    inner join in_group as theirs
        on sides.counterparty_company_id = theirs.company_id and sides.period_end = theirs.period_end
    where sides.amount <> 0
)

select
    period_end,
    group_account,
    company_id,
    counterparty_company_id,
    {{ erp_close.amount('amount') }} as amount,
    {{ erp_close.amount('sum(amount) over (partition by period_end, statement, one, other)') }} as difference
from eliminated
