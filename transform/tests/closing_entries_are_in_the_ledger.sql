{# Every closing posting is set apart on an account of its period's trial balance. #}
with posted as (
    select company_id, period_end, sum(net_amount) as net, sum(debit_amount) as debit
    from {{ ref('postings') }}
    where posting_kind = 'CLOSING'
    group by company_id, period_end
),

apart as (
    select
        company_id,
        period_end,
        sum(closing_entries) as net,
        sum(case when closing_entries > 0 then closing_entries else 0 end) as debit
    from {{ ref('account_balances') }}
    where not is_summary
    group by company_id, period_end
)

select posted.company_id, posted.period_end, posted.net, apart.net as set_apart
from posted
left join apart on posted.company_id = apart.company_id and posted.period_end = apart.period_end
where abs(posted.net - coalesce(apart.net, 0)) > {{ var('close_tolerance') }}
    or (posted.debit <> 0 and coalesce(apart.debit, 0) = 0)
