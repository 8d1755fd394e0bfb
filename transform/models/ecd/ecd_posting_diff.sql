{{ config(unique_key=['company_id', 'period_end']) }}
{#
    Postings that one side has more often than the other, by account, date, side and amount; in periods
    whose postings both sides have.
#}
with periods as (
    select filed.company_id, filed.period_start, filed.period_end
    from {{ ref('stg_ecd__periods') }} as filed
    inner join {{ ref('int_periods') }} as own
        on filed.company_id = own.company_id
        and filed.period_start = own.period_start
        and filed.period_end = own.period_end
    where filed.entry_count is not null and own.entry_count is not null
),

both_sides as (
    select
        postings.company_id,
        postings.period_start,
        postings.period_end,
        pairs.account_code,
        postings.account_code as ecd_account_code,
        postings.transaction_date,
        postings.debit_amount,
        postings.credit_amount,
        postings.posting_kind,
        postings.entry_id,
        1 as filed,
        0 as own
    from {{ ref('stg_ecd__subledger') }} as postings
    inner join periods
        on postings.company_id = periods.company_id
        and postings.period_start = periods.period_start
        and postings.period_end = periods.period_end
    left join {{ ref('int_ecd_accounts') }} as pairs
        on postings.company_id = pairs.company_id
        and postings.period_start = pairs.period_start
        and postings.period_end = pairs.period_end
        and postings.account_code = pairs.ecd_account_code
    union all
    select
        postings.company_id,
        postings.period_start,
        postings.period_end,
        postings.account_code,
        pairs.ecd_account_code,
        postings.transaction_date,
        postings.debit_amount,
        postings.credit_amount,
        postings.posting_kind,
        postings.entry_id,
        0 as filed,
        1 as own
    from {{ ref('postings') }} as postings
    inner join periods
        on postings.company_id = periods.company_id
        and postings.period_start = periods.period_start
        and postings.period_end = periods.period_end
    left join {{ ref('int_ecd_accounts') }} as pairs
        on postings.company_id = pairs.company_id
        and postings.period_start = pairs.period_start
        and postings.period_end = pairs.period_end
        and postings.account_code = pairs.account_code
),

sided as (
    select both_sides.*, 'DEBIT' as side, debit_amount as amount from both_sides where debit_amount <> 0
    union all
    select both_sides.*, 'CREDIT' as side, credit_amount as amount from both_sides where credit_amount <> 0
)

select
    sided.company_id,
    sided.period_end,
    sided.account_code,
    sided.ecd_account_code,
    sided.transaction_date,
    sided.side,
    {{ erp_close.amount('sided.amount') }} as amount,
    cast(sum(sided.filed) as {{ dbt.type_bigint() }}) as ecd_count,
    cast(sum(sided.own) as {{ dbt.type_bigint() }}) as erp_count,
    case when sum(sided.filed) > sum(sided.own) then 'ERP' else 'ECD' end as missing_in,
    min(case when coalesce(sided.posting_kind, 'NORMAL') = 'CLOSING' then 1 else 0 end) = 1 as is_closing,
    min(case when sided.filed = 1 then sided.entry_id end) as ecd_entry_id,
    min(case when sided.own = 1 then sided.entry_id end) as erp_entry_id
from sided
group by
    sided.company_id,
    sided.period_end,
    sided.account_code,
    sided.ecd_account_code,
    sided.transaction_date,
    sided.side,
    sided.amount
having sum(sided.filed) <> sum(sided.own)
