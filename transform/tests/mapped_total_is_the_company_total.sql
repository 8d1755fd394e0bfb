{#
    What a company brings into the group is all it has, once every account is mapped; accounts that are
    not, and cancel each other out, are missing too.
#}
with mapped as (
    select
        company_id,
        period_end,
        statement,
        sum(case when group_account is not null then amount end) as amount,
        sum(case when group_account is null then gross end) as unmapped
    from {{ ref('int_group_amounts') }}
    group by company_id, period_end, statement
),

company as (
    select accounts.company_id, accounts.period_end, 'BS' as statement, sum(accounts.net_closing) as amount
    from {{ ref('account_balances') }} as accounts
    where not accounts.is_summary and accounts.account_type in ('ASSET', 'LIABILITY', 'EQUITY')
    group by accounts.company_id, accounts.period_end
    union all
    select company_id, period_end, 'PL' as statement, sum(ytd_amount) as amount
    from {{ ref('income_statement') }}
    where not is_summary
    group by company_id, period_end
)

select
    company.company_id,
    company.period_end,
    company.statement,
    mapped.amount as mapped,
    company.amount as company,
    mapped.unmapped
from company
inner join {{ ref('int_group_periods') }} as periods
    on company.company_id = periods.company_id and company.period_end = periods.period_end
left join mapped
    on company.company_id = mapped.company_id
    and company.period_end = mapped.period_end
    and company.statement = mapped.statement
where abs(coalesce(mapped.amount, 0) - company.amount) > {{ var('close_tolerance') }}
    or mapped.unmapped > {{ var('close_tolerance') }}
