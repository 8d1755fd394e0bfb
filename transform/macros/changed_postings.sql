{#-
    The state of which `postings` holds each company and period (int_postings_state as it was then). It
    is written in the transaction that writes them, so that it never says what is not so.
-#}
{% macro postings_written() -%}
    {{ return(ref('postings').incorporate(path={'identifier': 'int_postings_written'})) }}
{%- endmacro %}

{#- What was written as it is now: not to be written again. -#}
{% macro same_state(one, other) -%}
    {{ one }}.company_id = {{ other }}.company_id
    and {{ one }}.period_start = {{ other }}.period_start
    and {{ one }}.period_end = {{ other }}.period_end
    and {{ one }}.state = {{ other }}.state
{%- endmacro %}

{#- The rows of one of two tables of states that the other does not have. -#}
{% macro states_not_in(one, other) -%}
    select one.company_id, one.period_start, one.period_end, one.state
    from {{ one }} as one
    left join {{ other }} as other on {{ erp_close.same_state('one', 'other') }}
    where other.state is null
{%- endmacro %}

{#- Take out the postings that are written anew or are gone; without a table of postings, forget their state. -#}
{% macro drop_changed_postings() -%}
    {%- if execute -%}
        {%- set written = this.incorporate(path={'identifier': 'int_postings_written'}) -%}
        {%- if load_relation(written) is none %}
        {#- Nothing says what the postings are of: all are written again. -#}
        create table {{ written }} (
            company_id {{ dbt.type_string() }}, period_start date, period_end date, state {{ dbt.type_string() }}
        );
        {%- if is_incremental() %}
        delete from {{ this }};
        {%- endif %}
        {%- elif is_incremental() %}
        delete from {{ this }}
        where exists (
            select 1
            from ({{ erp_close.states_not_in(written, ref('int_postings_state')) }}) as changed
            where changed.company_id = {{ this }}.company_id
                and changed.period_start = {{ this }}.period_start
                and changed.period_end = {{ this }}.period_end
        );
        delete from {{ written }}
        where not exists (
            select 1
            from {{ ref('int_postings_state') }} as now
            where {{ erp_close.same_state('now', written) }}
        );
        {%- else %}
        delete from {{ written }};
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}

{#- Note what has been put in. -#}
{% macro note_written_postings() -%}
    {%- if execute -%}
        {%- set written = this.incorporate(path={'identifier': 'int_postings_written'}) -%}
        insert into {{ written }} (company_id, period_start, period_end, state)
        {{ erp_close.states_not_in(ref('int_postings_state'), written) }}
    {%- endif -%}
{%- endmacro %}

{#- Take out the sums of postings that are others now. -#}
{% macro drop_changed_sums() -%}
    {%- if execute and is_incremental() -%}
        delete from {{ this }}
        where not exists (
            select 1
            from {{ erp_close.postings_written() }} as written
            where {{ erp_close.same_state('written', this) }}
        )
    {%- endif -%}
{%- endmacro %}
