{#-
    PostgreSQL knows nothing yet of the tables that a build has just made, takes them for small, and would
    compare each row with each. Joining by hash costs no more on few rows, and grows with the rows alone;
    memory for the hashes spares it the way over the disk.
-#}
{% macro join_by_hash() -%}
    {%- if target.type == 'postgres' -%}set local enable_nestloop = off; set local enable_mergejoin = off; set local work_mem = '64MB'{%- endif -%}
{%- endmacro %}

{#- And lets it know them for the models that follow. -#}
{% macro learn_sizes() -%}
    {%- if target.type == 'postgres' and model.config.materialized in ['table', 'incremental'] -%}
        analyze {{ this }}
    {%- endif -%}
{%- endmacro %}
