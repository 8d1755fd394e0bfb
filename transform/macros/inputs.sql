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

{#-
    The rows of a table that people fill which would be read as something else than what is meant, or
    not at all: a date that is not YYYY-MM-DD (01/04/2024 is April here and January there), a field
    that is empty in a row that has others, a pattern whose asterisk is not its end, a validity that
    ends before it begins.
-#}
{% macro unreadable(name, columns, required, forms={}, patterns=[], once=none) -%}
    {#- Each month with its days, and the 29th of February where there is one; a loader may add midnight. -#}
    {%- set four = '(0[48]|[2468][048]|[13579][26])' -%}
    {%- set day = '(([1-9][0-9]{3}|0[1-9][0-9]{2}|00[1-9][0-9]|000[1-9])-('
        ~ '(0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12][0-9]|30)|02-(0[1-9]|1[0-9]|2[0-8])'
        ~ ')|([0-9]{2}' ~ four ~ '|' ~ four ~ '00)-02-29)([T ]00:00:00([.]0+)?(Z|[+-][0-9]{2}(:?[0-9]{2})?)?)?' -%}
    {%- set forms_of = {
        'day': [day, 'is no date as 2024-12-31'],
        'month': ['0?[1-9]|1[0-2]', 'is no month from 1 to 12'],
        'per cent': [
            '0([.]0+)?|1[.]0*[1-9][0-9]*|([2-9]|[1-9][0-9])([.][0-9]+)?|100([.]0+)?',
            'is no number from 0 to 100, with a point; 0.51 and 1 may mean 51 and 100: write those, or 0 for so small a part',
        ],
        'statement': ['[Bb][Ss]|[Pp][Ll]', 'is neither BS nor PL'],
        'whole number': ['-?[0-9]{1,9}', 'is no whole number'],
    } -%}
    with filled as (
        select
            {%- for column in columns %}
            {{ erp_close.filled(column) }} as {{ column }}{{ ',' if not loop.last }}
            {%- endfor %}
        from {{ erp_close.close_input(name) }}
    ),

    rows_with_something as (
        select * from filled where coalesce({{ columns | join(', ') }}) is not null
    )

    {% for column in required -%}
    select '{{ column }}' as column_name, cast(null as {{ dbt.type_string() }}) as found, 'is empty' as problem, rows_with_something.*
    from rows_with_something
    where {{ column }} is null
    union all
    {% endfor -%}
    {%- for column, form in forms.items() -%}
    select '{{ column }}', {{ column }}, '{{ forms_of[form][1] }}', rows_with_something.*
    from rows_with_something
    where {{ column }} is not null and not ({{ erp_close.is_formed(column, forms_of[form][0]) }})
    union all
    {% endfor -%}
    {%- for column in patterns -%}
    select '{{ column }}', {{ column }}, 'has an asterisk before its end', rows_with_something.*
    from rows_with_something
    where left({{ column }}, length({{ column }}) - 1) like '%*%'
    union all
    {% endfor -%}
    {%- if 'valid_to' in columns -%}
    select 'valid_to', valid_to, 'is before valid_from', rows_with_something.*
    from rows_with_something
    where {{ erp_close.is_formed('valid_from', day) }}
        and {{ erp_close.is_formed('valid_to', day) }}
        and left(valid_to, 10) < left(valid_from, 10)
    union all
    {% endif -%}
    select '{{ once or required[0] }}', {{ once or required[0] }}, 'is there twice', rows_with_something.*
    from rows_with_something
    where {% if once %}{{ once }} in (
        select {{ once }} from filled group by {{ once }} having count(*) > 1
    ){% else %}1 = 0{% endif %}
{%- endmacro %}

{#- Whether a text has a form from its beginning to its end. -#}
{% macro is_formed(text, form) -%}{{ return(adapter.dispatch('is_formed', 'erp_close')(text, form)) }}{%- endmacro %}
{% macro default__is_formed(text, form) -%}regexp_like({{ text }}, '^({{ form }})$'){%- endmacro %}
{% macro postgres__is_formed(text, form) -%}{{ text }} ~ '^({{ form }})$'{%- endmacro %}
{% macro duckdb__is_formed(text, form) -%}regexp_full_match({{ text }}, '{{ form }}'){%- endmacro %}
{% macro bigquery__is_formed(text, form) -%}regexp_contains({{ text }}, '^({{ form }})$'){%- endmacro %}

{#-
    Whether a company belongs to the group on a day, once anything is mapped into one: by its row of the
    seed companies (not outside of its dates, nor where not more than half is owned), whether its own
    accounts are mapped yet or not; without any row, if they are.
-#}
{% macro in_group(company, day) -%}
    exists (select 1 from {{ ref('stg_inputs__account_map') }})
    and (
        exists (
            select 1
            from {{ ref('stg_inputs__companies') }} as listed
            where listed.company_id = {{ company }}
                and {{ erp_close.valid_on('listed', day) }}
                and coalesce(listed.ownership_pct, 100) > 50
        )
        or (
            {{ company }} in (select company_id from {{ ref('stg_inputs__account_map') }})
            and {{ company }} not in (select company_id from {{ ref('stg_inputs__companies') }})
        )
    )
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

{#- A schema without a single table of the seeds' names is misspelt: all that was filled in would be gone. -#}
{% macro refuse_missing_inputs() -%}
    {%- set schema = var('close_inputs_schema', none) -%}
    {%- if schema and execute -%}
        {%- set found = [] -%}
        {%- set seeds = graph.nodes.values() | selectattr('resource_type', 'equalto', 'seed') -%}
        {%- set names = seeds | selectattr('package_name', 'equalto', 'erp_close') | map(attribute='name') | sort -%}
        {%- for name in names -%}
            {%- if adapter.get_relation(database=target.database, schema=schema, identifier=name) is not none -%}
                {%- do found.append(name) -%}
            {%- endif -%}
        {%- endfor -%}
        {%- if not found -%}
            {{ exceptions.raise_compiler_error(
                'close_inputs_schema is ' ~ schema ~ ', where none of the tables ' ~ names | join(', ')
                ~ ' is. Correct the name, or leave it out if the seeds of the package are filled in.'
            ) }}
        {%- endif -%}
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
