{#- When a snapshot saw a row, in UTC whatever the session's time zone is. -#}
{% macro postgres__snapshot_get_time() -%}(current_timestamp at time zone 'UTC'){%- endmacro %}
{% macro duckdb__snapshot_get_time() -%}cast(current_timestamp at time zone 'UTC' as timestamp){%- endmacro %}

{#- A time that has a zone, in UTC too: a cast would take the session's. -#}
{% macro in_utc(time) -%}{{ return(adapter.dispatch('in_utc', 'erp_close')(time)) }}{%- endmacro %}
{% macro default__in_utc(time) -%}cast({{ time }} as timestamp){%- endmacro %}
{% macro postgres__in_utc(time) -%}({{ time }} at time zone 'UTC'){%- endmacro %}
{% macro duckdb__in_utc(time) -%}cast({{ time }} at time zone 'UTC' as timestamp){%- endmacro %}
