{{ config(unique_key=['period_end', 'group_account']) }}
with aggregated as (
    select period_end, group_account, sum(amount) as amount
    from {{ ref('int_group_amounts') }}
    where group_account is not null
    group by period_end, group_account
),

eliminated as (
    select period_end, group_account, sum(amount) as amount
    from {{ ref('eliminations') }}
    group by period_end, group_account
)

select
    aggregated.period_end,
    aggregated.group_account,
    {{ erp_close.amount('aggregated.amount') }} as aggregated,
    {{ erp_close.amount('coalesce(eliminated.amount, 0)') }} as eliminated,
    {{ erp_close.amount('aggregated.amount - coalesce(eliminated.amount, 0)') }} as consolidated
from aggregated
left join eliminated
    on aggregated.period_end = eliminated.period_end
    and aggregated.group_account = eliminated.group_account
