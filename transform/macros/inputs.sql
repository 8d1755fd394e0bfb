{#- A table that people fill: the seed, or the table of its name in `close_inputs_schema`. -#}
{% macro close_input(name) -%}
    {%- set seed = ref(name) -%}
    {%- set schema = var('close_inputs_schema', none) -%}
    {%- if schema and execute -%}
        {%- set table = adapter.get_relation(database=target.database, schema=schema, identifier=name) -%}
        {%- if table is not none -%}{{ return(table) }}{%- endif -%}
    {%- endif -%}
    {{ return(seed) }}
{%- endmacro %}

{#- A table of tap-ecd, or none where the schema or the table is not there. -#}
{% macro ecd_table(name) -%}
    {%- set table = source('ecd', name) -%}
    {%- if execute -%}{{ return(load_relation(table)) }}{%- endif -%}
    {{ return(none) }}
{%- endmacro %}

{#- Loaders that turn numbers into binary floats have rounded the books already: say so, and stop. -#}
{% macro refuse_floats() -%}
    {%- if execute -%}
        {%- for table, amounts in {
            'trial_balance': ['debit_amount', 'credit_amount', 'net_opening_balance', 'net_closing_balance'],
            'subledger': ['debit_amount', 'credit_amount'],
        }.items() -%}
            {%- set relation = adapter.get_relation(
                database=target.database, schema=var('erp_schema'), identifier=table
            ) -%}
            {%- if relation is not none -%}
                {%- for column in adapter.get_columns_in_relation(relation) -%}
                    {%- if column.name in amounts and (column.is_float() or column.dtype | lower in ['double', 'real', 'float']) -%}
                        {{ exceptions.raise_compiler_error(
                            relation ~ '.' ~ column.name ~ ' is a binary float, in which amounts are no longer exact. '
                            ~ 'Set `amounts: decimal` or `amounts: string` for the tap and load the books again.'
                        ) }}
                    {%- endif -%}
                {%- endfor -%}
            {%- endif -%}
        {%- endfor -%}
    {%- endif -%}
{%- endmacro %}

{#- DuckDB calls a database by its file's name; one called as the schema would be ambiguous. -#}
{% macro refuse_ambiguous_file() -%}
    {%- if execute and target.type == 'duckdb' and target.database == 'close' -%}
        {{ exceptions.raise_compiler_error(
            'DuckDB calls this database close, as the schema that the models lie in, and can tell them apart no more. '
            ~ 'Give the file of DBT_DUCKDB_PATH another name, such as books.duckdb.'
        ) }}
    {%- endif -%}
{%- endmacro %}
