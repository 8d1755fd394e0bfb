{#
    What the postings of each company and period are made from. Where it is as it was when they were
    last built (int_postings_built), they are left alone.
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

postings as (
    select
        company_id,
        period_start,
        period_end,
        count(*) as posting_count,
        min(extracted_at) as first_extracted_at,
        max(extracted_at) as last_extracted_at
    from {{ ref('stg_erp__subledger') }}
    group by company_id, period_start, period_end
)

select
    postings.company_id,
    postings.period_start,
    postings.period_end,
    {{ dbt.hash(
        "cast(postings.posting_count as " ~ dbt.type_string() ~ ") || '|' || cast(postings.first_extracted_at as " ~ dbt.type_string()
        ~ ") || '|' || cast(postings.last_extracted_at as " ~ dbt.type_string()
        ~ ") || '|' || coalesce(cast(periods.extracted_at as " ~ dbt.type_string() ~ "), '') || '|' || coalesce(cast(periods.fiscal_year as "
        ~ dbt.type_string() ~ "), '') || '|' || coalesce(cast(periods.ends_fiscal_year as " ~ dbt.type_string()
        ~ "), '') || '|' || coalesce(rules.rules, '')"
    ) }} as state
from postings
left join {{ ref('int_periods') }} as periods
    on postings.company_id = periods.company_id
    and postings.period_start = periods.period_start
    and postings.period_end = periods.period_end
left join rules on postings.company_id = rules.company_id
