{{ config(materialized='table') }}
{#
    What the postings of each company and period are made from. Where it is as it was when they were
    last built, they are left alone. All postings of a day that were extracted together stand or fall
    together (see stg_erp__subledger), so that they are counted, not looked at one by one.
#}
with rules as (
    select
        company_id,
        {{ dbt.listagg(
            "coalesce(document_type, '') || '|' || coalesce(description_prefix, '') || '|' || coalesce(equity_account, '')",
            "';'",
            "order by document_type, description_prefix, equity_account"
        ) }} as rules
    from {{ ref('stg_inputs__closing_rules') }}
    group by company_id
),

days as (
    select
        {{ erp_close.text('company_id') }} as company_id,
        cast(period_start as date) as period_start,
        cast(period_end as date) as period_end,
        cast(transaction_date as date) as transaction_date,
        cast(extracted_at as timestamp) as extracted_at,
        count(*) as posting_count
    from {{ source('erp', 'subledger') }}
    group by 1, 2, 3, 4, 5
),

latest as (
    select days.company_id, days.transaction_date, max(periods.extracted_at) as extracted_at
    from (select distinct company_id, transaction_date from days) as days
    inner join {{ ref('stg_erp__periods') }} as periods
        on days.company_id = periods.company_id
        and days.transaction_date between periods.period_start and periods.period_end
    where periods.entry_count is not null
    group by days.company_id, days.transaction_date
),

extractions as (
    select
        days.company_id,
        days.period_start,
        days.period_end,
        days.extracted_at,
        sum(days.posting_count) as posting_count
    from days
    left join latest
        on days.company_id = latest.company_id and days.transaction_date = latest.transaction_date
    where latest.extracted_at is null or latest.extracted_at <= days.extracted_at
    group by days.company_id, days.period_start, days.period_end, days.extracted_at
),

postings as (
    select
        company_id,
        period_start,
        period_end,
        {{ dbt.listagg(
            erp_close.text('extracted_at') ~ " || '=' || " ~ erp_close.text('posting_count'), "';'", "order by extracted_at"
        ) }} as extractions
    from extractions
    group by company_id, period_start, period_end
),

{# On a fiscal year's last day the trial balance says which journal closes it. #}
balances as (
    select
        company_id,
        period_start,
        period_end,
        {{ dbt.listagg(
            erp_close.text('extracted_at') ~ " || '=' || " ~ erp_close.text('account_count'), "';'", "order by extracted_at"
        ) }} as extractions
    from (
        select
            accounts.company_id,
            accounts.period_start,
            accounts.period_end,
            accounts.extracted_at,
            count(*) as account_count
        from {{ ref('stg_erp__trial_balance') }} as accounts
        inner join {{ ref('int_periods') }} as periods
            on accounts.company_id = periods.company_id
            and accounts.period_start = periods.period_start
            and accounts.period_end = periods.period_end
            and periods.ends_fiscal_year
        group by accounts.company_id, accounts.period_start, accounts.period_end, accounts.extracted_at
    ) as extractions
    group by company_id, period_start, period_end
)

select
    postings.company_id,
    postings.period_start,
    postings.period_end,
    {{ dbt.hash(
        "postings.extractions || '|' || coalesce(balances.extractions, '') || '|' || coalesce("
        ~ erp_close.text('periods.fiscal_year') ~ ", '') || '|' || coalesce("
        ~ erp_close.text('periods.ends_fiscal_year') ~ ", '') || '|' || coalesce(rules.rules, '')"
    ) }} as state
from postings
left join {{ ref('int_periods') }} as periods
    on postings.company_id = periods.company_id
    and postings.period_start = periods.period_start
    and postings.period_end = periods.period_end
left join balances
    on postings.company_id = balances.company_id
    and postings.period_start = balances.period_start
    and postings.period_end = balances.period_end
left join rules on postings.company_id = rules.company_id
