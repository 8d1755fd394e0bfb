{#- The table with the state of the last build, or none before the first. -#}
{% macro postings_built() -%}
    {{ return(adapter.get_relation(database=this.database, schema=this.schema, identifier='int_postings_built')) }}
{%- endmacro %}

{#- Whether the postings of a company and period are as they were when they were last built. -#}
{% macro is_built(row) -%}
    exists (
        select 1
        from {{ ref('int_postings_state') }} as now
        inner join {{ erp_close.postings_built() }} as built
            on now.company_id = built.company_id
            and now.period_start = built.period_start
            and now.period_end = built.period_end
            and now.state = built.state
        where now.company_id = {{ row }}.company_id
            and now.period_start = {{ row }}.period_start
            and now.period_end = {{ row }}.period_end
    )
{%- endmacro %}

{#- Take out the postings that are built anew; without a state of the last build, all of them. -#}
{% macro drop_changed_postings() -%}
    {%- if execute and is_incremental() -%}
        delete from {{ this }}
        {%- if erp_close.postings_built() is not none %}
        where not {{ erp_close.is_built(this) }}
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}
