{{ config(materialized='view') }}
{%- set table = erp_close.ecd_table('periods') -%}
{%- if table is not none %}
select
    {{ erp_close.text('company_id') }} as company_id,
    cast(period_start as date) as period_start,
    cast(period_end as date) as period_end,
    cast(entry_count as {{ dbt.type_bigint() }}) as entry_count,
    cast(extracted_at as timestamp) as extracted_at
from {{ table }}
{%- else %}
select
    cast(null as {{ dbt.type_string() }}) as company_id,
    cast(null as date) as period_start,
    cast(null as date) as period_end,
    cast(null as {{ dbt.type_bigint() }}) as entry_count,
    cast(null as timestamp) as extracted_at
where false
{%- endif %}
