{{ config(unique_key=['company_id', 'period_start', 'period_end']) }}
{# Signatures are kept by close-report in close_signoffs; before the first one there is no such table. #}
{%- set accounts = ref('int_accounts') -%}
{%- set signoffs = none -%}
{%- if execute -%}
    {%- set signoffs = adapter.get_relation(database=this.database, schema=this.schema, identifier='close_signoffs') -%}
{%- endif -%}
with errors as (
    select company_id, period_start, period_end, count(*) as error_count
    from {{ ref('stg_erp__validation_issues') }}
    where severity = 'error'
    group by company_id, period_start, period_end
),

restated as (
    select
        company_id,
        period_end,
        count(distinct account_code) as accounts
    from {{ ref('restatements') }}
    group by company_id, period_end
),

filed as (
    select
        company_id,
        period_end,
        max(
            case status
                when 'DIFFERS' then 6
                when 'AMBIGUOUS_CODE' then 5
                when 'NOT_IN_ERP' then 4
                when 'NOT_IN_ECD' then 3
                when 'ONLY_CLOSING' then 2
                else 1
            end
        ) as worst
    from {{ ref('ecd_tie_out') }}
    group by company_id, period_end
),

{% if signoffs is not none -%}
standing as (
    select
        signed.company_id,
        signed.period_end,
        signed.signed_by,
        {{ erp_close.in_utc('signed.signed_at') }} as signed_at,
        cast(signed.account_count as {{ dbt.type_bigint() }}) as account_count,
        {{ erp_close.amount('signed.total_debit') }} as total_debit,
        {{ erp_close.amount('signed.total_credit') }} as total_credit,
        row_number() over (
            partition by signed.company_id, signed.period_end order by signed.signed_at desc
        ) as place
    from {{ signoffs }} as signed
    left join {{ signoffs }} as withdrawn
        on signed.signoff_id = withdrawn.withdraws and withdrawn.action = 'WITHDRAW'
    where signed.action = 'SIGN' and withdrawn.signoff_id is null
),

totals as (
    select
        company_id,
        period_end,
        sum(case when debit <> 0 or credit <> 0 then 1 else 0 end) as account_count,
        sum(debit) as total_debit,
        sum(credit) as total_credit
    from {{ accounts }}
    where not is_summary
    group by company_id, period_end
),

-- Where an account moves by something else now than when the period was signed: what was undone does not.
moved as (
    select distinct changes.company_id, changes.period_end
    from standing
    inner join {{ ref('restatements') }} as changes
        on standing.company_id = changes.company_id
        and standing.period_end = changes.period_end
        and standing.signed_at < changes.first_seen_at
    where standing.place = 1
    group by changes.company_id, changes.period_end, changes.account_code
    having
        sum(changes.debit_after - changes.debit_before) <> 0
        or sum(changes.credit_after - changes.credit_before) <> 0
),

signed as (
    select
        standing.company_id,
        standing.period_end,
        standing.signed_by,
        standing.signed_at,
        standing.account_count <> coalesce(totals.account_count, 0)
        or standing.total_debit <> coalesce(totals.total_debit, 0)
        or standing.total_credit <> coalesce(totals.total_credit, 0)
        or moved.company_id is not null as changed
    from standing
    left join totals
        on standing.company_id = totals.company_id and standing.period_end = totals.period_end
    left join moved
        on standing.company_id = moved.company_id and standing.period_end = moved.period_end
    where standing.place = 1
)
{%- else -%}
signed as (
    select
        company_id,
        period_end,
        cast(null as {{ dbt.type_string() }}) as signed_by,
        cast(null as timestamp) as signed_at,
        cast(null as boolean) as changed
    from {{ ref('int_periods') }}
    where false
)
{%- endif %}

select
    periods.company_id,
    periods.period_start,
    periods.period_end,
    periods.is_balanced,
    periods.is_reconciled,
    periods.issue_count,
    cast(coalesce(errors.error_count, 0) as {{ dbt.type_bigint() }}) as error_count,
    cast(coalesce(restated.accounts, 0) as {{ dbt.type_bigint() }}) as restated_accounts,
    case filed.worst
        when 6 then 'DIFFERS'
        when 5 then 'AMBIGUOUS_CODE'
        when 4 then 'NOT_IN_ERP'
        when 3 then 'NOT_IN_ECD'
        when 2 then 'ONLY_CLOSING'
        when 1 then 'EQUAL'
    end as ecd_status,
    signed.signed_by,
    signed.signed_at,
    signed.changed as changed_since_signed,
    periods.extracted_at
from {{ ref('int_periods') }} as periods
left join errors
    on periods.company_id = errors.company_id
    and periods.period_start = errors.period_start
    and periods.period_end = errors.period_end
left join restated on periods.company_id = restated.company_id and periods.period_end = restated.period_end
left join filed on periods.company_id = filed.company_id and periods.period_end = filed.period_end
left join signed on periods.company_id = signed.company_id and periods.period_end = signed.period_end
