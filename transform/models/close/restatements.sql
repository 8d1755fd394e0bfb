{{ config(unique_key=['company_id', 'period_end', 'account_code']) }}
{#
    Changes of analytic accounts after their period was first seen closed; an opening alone is none,
    nor is a period that is no longer read, as where quarters take the place of months.
#}
with versions as (
    select
        history.company_id,
        history.period_start,
        history.period_end,
        history.account_code,
        history.is_summary,
        history.period_status,
        history.dbt_is_deleted = 'True' as is_deleted,
        case when history.dbt_is_deleted = 'True' then 0 else history.debit end as debit,
        case when history.dbt_is_deleted = 'True' then 0 else history.credit end as credit,
        cast(history.dbt_valid_from as timestamp) as seen_at
    from {{ ref('trial_balance_history') }} as history
    left join {{ ref('stg_erp__periods') }} as periods
        on history.company_id = periods.company_id
        and history.period_start = periods.period_start
        and history.period_end = periods.period_end
    where history.dbt_is_deleted <> 'True' or periods.company_id is not null
),

closed as (
    select company_id, period_start, period_end, min(seen_at) as closed_at
    from versions
    where period_status = 'closed' and not is_deleted
    group by company_id, period_start, period_end
),

changes as (
    select
        versions.*,
        coalesce(lag(versions.debit) over account, 0) as debit_before,
        coalesce(lag(versions.credit) over account, 0) as credit_before
    from versions
    where not versions.is_summary
    window account as (
        partition by versions.company_id, versions.period_start, versions.period_end, versions.account_code
        order by versions.seen_at
    )
)

select
    changes.company_id,
    changes.period_end,
    changes.account_code,
    {{ erp_close.amount('changes.debit_before') }} as debit_before,
    {{ erp_close.amount('changes.debit') }} as debit_after,
    {{ erp_close.amount('changes.credit_before') }} as credit_before,
    {{ erp_close.amount('changes.credit') }} as credit_after,
    {{ erp_close.amount(
        '(changes.debit - changes.credit) - (changes.debit_before - changes.credit_before)'
    ) }} as delta,
    changes.seen_at as first_seen_at
from changes
inner join closed
    on changes.company_id = closed.company_id
    and changes.period_start = closed.period_start
    and changes.period_end = closed.period_end
    and changes.seen_at > closed.closed_at
where changes.debit <> changes.debit_before or changes.credit <> changes.credit_before
