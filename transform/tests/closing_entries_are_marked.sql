{{ config(severity='warn') }}
{# A journal on result accounts and equity alone takes the result out, and is to be told as closing. #}
with months as (
    select distinct sums.company_id, sums.period_start, sums.period_end
    from {{ ref('int_posting_sums') }} as sums
    inner join {{ ref('int_account_year') }} as accounts
        on sums.company_id = accounts.company_id
        and sums.period_start = accounts.period_start
        and sums.period_end = accounts.period_end
        and sums.account_code = accounts.account_code
    where sums.posting_kind = 'NORMAL' and accounts.account_type = 'EQUITY'
),

journals as (
    select
        postings.company_id,
        postings.period_start,
        postings.period_end,
        coalesce(postings.journal_id, postings.entry_id) as journal,
        count(distinct case when accounts.account_type in ('REVENUE', 'EXPENSE') then postings.account_code end)
            as result_accounts,
        sum(case when accounts.account_type = 'EQUITY' then 1 else 0 end) as on_equity,
        sum(case when accounts.account_type in ('REVENUE', 'EXPENSE', 'EQUITY') then 0 else 1 end) as elsewhere,
        sum(postings.net_amount) as net
    from {{ ref('postings') }} as postings
    inner join months
        on postings.company_id = months.company_id
        and postings.period_start = months.period_start
        and postings.period_end = months.period_end
    left join {{ ref('int_account_year') }} as accounts
        on postings.company_id = accounts.company_id
        and postings.period_start = accounts.period_start
        and postings.period_end = accounts.period_end
        and postings.account_code = accounts.account_code
    where postings.posting_kind = 'NORMAL'
    group by
        postings.company_id,
        postings.period_start,
        postings.period_end,
        coalesce(postings.journal_id, postings.entry_id)
)

select *
from journals
where result_accounts > 1 and on_equity > 0 and elsewhere = 0 and net = 0
