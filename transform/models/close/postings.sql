-- depends_on: {{ ref('int_postings_state') }}
{{
    config(
        materialized='incremental',
        incremental_strategy='append',
        on_schema_change='append_new_columns',
        pre_hook="{{ erp_close.drop_changed_postings() }}",
        post_hook="{{ erp_close.note_written_postings() }}"
    )
}}
with postings as (
    select source.*
    from {{ ref('stg_erp__subledger') }} as source
    {%- if is_incremental() %}
    inner join (
        {{ erp_close.states_not_in(ref('int_postings_state'), this.incorporate(path={'identifier': 'int_postings_written'})) }}
    ) as changed
        on source.company_id = changed.company_id
        and source.period_start = changed.period_start
        and source.period_end = changed.period_end
    {%- endif %}
),

rules as (
    select * from {{ ref('stg_inputs__closing_rules') }}
),

{# A rule that names an equity account holds for the journals that post on it. #}
on_equity as (
    select distinct
        postings.company_id,
        postings.period_start,
        postings.period_end,
        coalesce(postings.journal_id, postings.entry_id) as journal,
        rules.equity_account
    from postings
    inner join rules
        on postings.company_id = rules.company_id
        and postings.account_code = rules.equity_account
),

by_rule as (
    select distinct postings.company_id, postings.account_code, postings.entry_id, postings.line_number
    from postings
    inner join rules on postings.company_id = rules.company_id
    left join on_equity
        on postings.company_id = on_equity.company_id
        and postings.period_start = on_equity.period_start
        and postings.period_end = on_equity.period_end
        and coalesce(postings.journal_id, postings.entry_id) = on_equity.journal
        and rules.equity_account = on_equity.equity_account
    where coalesce(rules.document_type, rules.description_prefix, rules.equity_account) is not null
        and (rules.document_type is null or rules.document_type = postings.document_type)
        and (
            rules.description_prefix is null
            or left(lower(postings.description), length(rules.description_prefix))
            = lower(rules.description_prefix)
        )
        and (rules.equity_account is null or on_equity.journal is not null)
),

{# On a fiscal year's last day: the journals whose lines are on result and equity accounts alone. #}
last_day as (
    select
        postings.company_id,
        postings.period_start,
        postings.period_end,
        coalesce(postings.journal_id, postings.entry_id) as journal,
        postings.account_code,
        accounts.account_type,
        accounts.net_closing,
        sum(postings.debit_amount - postings.credit_amount) as net
    from postings
    inner join {{ ref('int_periods') }} as periods
        on postings.company_id = periods.company_id
        and postings.period_start = periods.period_start
        and postings.period_end = periods.period_end
        and periods.ends_fiscal_year
        and postings.transaction_date = periods.period_end
    left join {{ ref('int_accounts') }} as accounts
        on postings.company_id = accounts.company_id
        and postings.period_start = accounts.period_start
        and postings.period_end = accounts.period_end
        and postings.account_code = accounts.account_code
    group by
        postings.company_id,
        postings.period_start,
        postings.period_end,
        coalesce(postings.journal_id, postings.entry_id),
        postings.account_code,
        accounts.account_type,
        accounts.net_closing
),

zeroing as (
    select
        company_id,
        period_start,
        period_end,
        journal,
        sum(case when account_type in ('REVENUE', 'EXPENSE') then 1 else 0 end) as result_accounts
    from last_day
    group by company_id, period_start, period_end, journal
    having sum(net) = 0
        and sum(case when account_type in ('REVENUE', 'EXPENSE') then 1 else 0 end) > 0
        and sum(case when account_type = 'EQUITY' then 1 else 0 end) > 0
        and sum(
            case
                when account_type = 'EQUITY' then 0
                when account_type in ('REVENUE', 'EXPENSE') and net_closing = 0 and net <> 0 then 0
                else 1
            end
        ) = 0
),

zeroed as (
    select zeroing.*, last_day.account_code
    from zeroing
    inner join last_day
        on zeroing.company_id = last_day.company_id
        and zeroing.period_end = last_day.period_end
        and zeroing.journal = last_day.journal
        and last_day.account_type in ('REVENUE', 'EXPENSE')
),

{# Of two that would have taken one account to zero, the one that takes more accounts; else neither. #}
doubtful as (
    select distinct one.company_id, one.period_end, one.journal
    from zeroed as one
    inner join zeroed as other
        on one.company_id = other.company_id
        and one.period_end = other.period_end
        and one.account_code = other.account_code
        and one.journal <> other.journal
        and one.result_accounts <= other.result_accounts
),

structural as (
    select zeroing.company_id, zeroing.period_start, zeroing.period_end, zeroing.journal
    from zeroing
    left join doubtful
        on zeroing.company_id = doubtful.company_id
        and zeroing.period_end = doubtful.period_end
        and zeroing.journal = doubtful.journal
    where doubtful.journal is null
)

select
    postings.source_system,
    postings.company_id,
    postings.company_name,
    postings.period_start,
    postings.period_end,
    postings.currency,
    postings.account_code,
    postings.account_name,
    postings.entry_id,
    postings.line_number,
    postings.journal_id,
    case
        when postings.posting_kind is not null then postings.posting_kind
        when by_rule.entry_id is not null or structural.journal is not null then 'CLOSING'
        else 'NORMAL'
    end as posting_kind,
    postings.transaction_date,
    postings.posting_date,
    postings.debit_amount,
    postings.credit_amount,
    postings.description,
    postings.document_number,
    postings.document_type,
    postings.cost_center,
    postings.entity_id,
    postings.entity_name,
    postings.extracted_at,
    postings.metadata,
    coalesce(periods.fiscal_year, cast(extract(year from postings.transaction_date) as integer)) as fiscal_year,
    {{ erp_close.amount('postings.debit_amount - postings.credit_amount') }} as net_amount,
    case
        when postings.posting_kind is not null then 'erp'
        when by_rule.entry_id is not null then 'rule'
        when structural.journal is not null then 'structural'
        else 'none'
    end as posting_kind_reason
from postings
left join {{ ref('int_periods') }} as periods
    on postings.company_id = periods.company_id
    and postings.period_start = periods.period_start
    and postings.period_end = periods.period_end
left join by_rule
    on postings.company_id = by_rule.company_id
    and postings.account_code = by_rule.account_code
    and postings.entry_id = by_rule.entry_id
    and postings.line_number = by_rule.line_number
left join structural
    on postings.company_id = structural.company_id
    and postings.period_start = structural.period_start
    and postings.period_end = structural.period_end
    and postings.transaction_date = structural.period_end
    and coalesce(postings.journal_id, postings.entry_id) = structural.journal
