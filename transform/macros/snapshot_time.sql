{#- When a snapshot saw a row, in UTC whatever the session's time zone is. -#}
{% macro postgres__snapshot_get_time() -%}(current_timestamp at time zone 'UTC'){%- endmacro %}
{% macro duckdb__snapshot_get_time() -%}cast(current_timestamp at time zone 'UTC' as timestamp){%- endmacro %}
