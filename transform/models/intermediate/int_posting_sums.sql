{#
    The postings added up by account, cost centre and kind, so that nothing but `postings` itself grows
    with their number. `state` is that of the postings they were added up from.
#}
{{
    config(
        materialized='incremental',
        incremental_strategy='append',
        pre_hook="{{ erp_close.drop_changed_sums() }}"
    )
}}
select
    postings.company_id,
    postings.period_start,
    postings.period_end,
    postings.account_code,
    postings.cost_center,
    postings.posting_kind,
    written.state,
    count(*) as posting_count,
    {{ erp_close.amount('sum(postings.debit_amount)') }} as debit,
    {{ erp_close.amount('sum(postings.credit_amount)') }} as credit,
    {{ erp_close.amount('sum(postings.net_amount)') }} as net
from {{ ref('postings') }} as postings
{%- if is_incremental() %}
inner join (
    {{ erp_close.states_not_in(
        erp_close.postings_written(),
        '(select distinct company_id, period_start, period_end, state from ' ~ this ~ ')'
    ) }}
) as written
{%- else %}
left join {{ erp_close.postings_written() }} as written
{%- endif %}
    on postings.company_id = written.company_id
    and postings.period_start = written.period_start
    and postings.period_end = written.period_end
group by
    postings.company_id,
    postings.period_start,
    postings.period_end,
    postings.account_code,
    postings.cost_center,
    postings.posting_kind,
    written.state
