{{ config(unique_key=['company_id', 'period_end']) }}
{#
    The filed ledger beside the ERP's, account by account. ONLY_CLOSING: equal once the closing entries
    of either side are set apart, those of earlier periods out of the opening too. What one side closed in
    a period that the other has not loaded may stand in the other's opening as well, or not: no amount
    says which, so that either is taken.
#}
with filed_closing as (
    select
        company_id,
        period_start,
        period_end,
        account_code,
        sum(debit_amount) as debit,
        sum(credit_amount) as credit
    from {{ ref('stg_ecd__subledger') }}
    where posting_kind = 'CLOSING'
    group by company_id, period_start, period_end, account_code
),

own_closing as (
    select
        company_id,
        period_start,
        period_end,
        account_code,
        sum(debit_amount) as debit,
        sum(credit_amount) as credit
    from {{ ref('postings') }}
    where posting_kind = 'CLOSING'
    group by company_id, period_start, period_end, account_code
),

filed_before as (
    select
        periods.company_id,
        periods.period_end,
        closing.account_code,
        sum(closing.debit - closing.credit) as net,
        sum(case when other.company_id is not null then closing.debit - closing.credit else 0 end) as shared
    from {{ ref('stg_ecd__periods') }} as periods
    inner join filed_closing as closing
        on periods.company_id = closing.company_id and closing.period_end < periods.period_start
    left join {{ ref('int_periods') }} as other
        on closing.company_id = other.company_id
        and closing.period_start = other.period_start
        and closing.period_end = other.period_end
    group by periods.company_id, periods.period_end, closing.account_code
),

own_before as (
    select
        periods.company_id,
        periods.period_end,
        closing.account_code,
        sum(closing.debit - closing.credit) as net,
        sum(case when other.company_id is not null then closing.debit - closing.credit else 0 end) as shared
    from {{ ref('int_periods') }} as periods
    inner join own_closing as closing
        on periods.company_id = closing.company_id and closing.period_end < periods.period_start
    left join {{ ref('stg_ecd__periods') }} as other
        on closing.company_id = other.company_id
        and closing.period_start = other.period_start
        and closing.period_end = other.period_end
    group by periods.company_id, periods.period_end, closing.account_code
),

compared as (
    select
        pairs.company_id,
        pairs.period_end,
        pairs.account_code,
        pairs.ecd_account_code,
        pairs.is_ambiguous,
        filed.net_opening as ecd_net_opening,
        filed.debit as ecd_debit,
        filed.credit as ecd_credit,
        filed.net_closing as ecd_net_closing,
        own.net_opening as erp_net_opening,
        own.debit as erp_debit,
        own.credit as erp_credit,
        own.net_closing as erp_net_closing,
        coalesce(filed_closing.debit, 0) as ecd_closing_debit,
        coalesce(filed_closing.credit, 0) as ecd_closing_credit,
        coalesce(own_closing.debit, 0) as erp_closing_debit,
        coalesce(own_closing.credit, 0) as erp_closing_credit,
        coalesce(filed_before.net, 0) - coalesce(own_before.net, 0) as closed_before,
        coalesce(filed_before.shared, 0) - coalesce(own_before.shared, 0) as shared_before
    from {{ ref('int_ecd_accounts') }} as pairs
    left join {{ ref('stg_ecd__trial_balance') }} as filed
        on pairs.company_id = filed.company_id
        and pairs.period_start = filed.period_start
        and pairs.period_end = filed.period_end
        and pairs.ecd_account_code = filed.account_code
    left join {{ ref('int_accounts') }} as own
        on pairs.company_id = own.company_id
        and pairs.period_start = own.period_start
        and pairs.period_end = own.period_end
        and pairs.account_code = own.account_code
    left join filed_closing
        on pairs.company_id = filed_closing.company_id
        and pairs.period_start = filed_closing.period_start
        and pairs.period_end = filed_closing.period_end
        and pairs.ecd_account_code = filed_closing.account_code
    left join own_closing
        on pairs.company_id = own_closing.company_id
        and pairs.period_start = own_closing.period_start
        and pairs.period_end = own_closing.period_end
        and pairs.account_code = own_closing.account_code
    left join filed_before
        on pairs.company_id = filed_before.company_id
        and pairs.period_end = filed_before.period_end
        and pairs.ecd_account_code = filed_before.account_code
    left join own_before
        on pairs.company_id = own_before.company_id
        and pairs.period_end = own_before.period_end
        and pairs.account_code = own_before.account_code
)

select
    company_id,
    period_end,
    account_code,
    ecd_account_code,
    {{ erp_close.amount('ecd_net_opening') }} as ecd_net_opening,
    {{ erp_close.amount('ecd_debit') }} as ecd_debit,
    {{ erp_close.amount('ecd_credit') }} as ecd_credit,
    {{ erp_close.amount('ecd_net_closing') }} as ecd_net_closing,
    {{ erp_close.amount('erp_net_opening') }} as erp_net_opening,
    {{ erp_close.amount('erp_debit') }} as erp_debit,
    {{ erp_close.amount('erp_credit') }} as erp_credit,
    {{ erp_close.amount('erp_net_closing') }} as erp_net_closing,
    case
        when is_ambiguous then 'AMBIGUOUS_CODE'
        when account_code is null then 'NOT_IN_ERP'
        when ecd_account_code is null then 'NOT_IN_ECD'
        when ecd_net_opening = erp_net_opening
            and ecd_debit = erp_debit
            and ecd_credit = erp_credit
            and ecd_net_closing = erp_net_closing
            then 'EQUAL'
        when ecd_net_opening - erp_net_opening in (closed_before, shared_before)
            and ecd_debit - ecd_closing_debit = erp_debit - erp_closing_debit
            and ecd_credit - ecd_closing_credit = erp_credit - erp_closing_credit
            and ecd_net_closing - ecd_closing_debit + ecd_closing_credit - ecd_net_opening
            = erp_net_closing - erp_closing_debit + erp_closing_credit - erp_net_opening
            then 'ONLY_CLOSING'
        else 'DIFFERS'
    end as status
from compared
{# A filed ledger leaves out accounts without balance and movement. #}
where (account_code is not null and ecd_account_code is not null)
    or coalesce(ecd_net_opening, erp_net_opening) <> 0
    or coalesce(ecd_debit, erp_debit) <> 0
    or coalesce(ecd_credit, erp_credit) <> 0
    or coalesce(ecd_net_closing, erp_net_closing) <> 0
