{#- The type of amounts: exact in every warehouse, never a binary float. -#}
{% macro amount_type() -%}{{ return(adapter.dispatch('amount_type', 'erp_close')()) }}{%- endmacro %}
{% macro default__amount_type() -%}{{ return('numeric(38, 9)') }}{%- endmacro %}
{% macro postgres__amount_type() -%}{{ return('numeric') }}{%- endmacro %}
{% macro duckdb__amount_type() -%}{{ return('decimal(38, 9)') }}{%- endmacro %}

{#- An amount of a source, or of a sum: what was loaded as text becomes a number with its digits. -#}
{% macro amount(expression) -%}cast({{ expression }} as {{ erp_close.amount_type() }}){%- endmacro %}

{% macro text(expression) -%}cast({{ expression }} as {{ dbt.type_string() }}){%- endmacro %}

{#- A text of a table that people fill: blank is none, and so are tabs, line ends and spaces that do not break. -#}
{% macro filled(column) -%}
    {%- set blanks = "' ' || chr(9) || chr(10) || chr(13) || chr(160)" -%}
    nullif(trim(cast({{ column }} as {{ dbt.type_string() }}), {{ blanks }}), '')
{%- endmacro %}

{#- Whether a day lies in the validity of a row; an open end is no end. -#}
{% macro valid_on(row, day) -%}
    ({{ row }}.valid_from is null or {{ row }}.valid_from <= {{ day }})
    and ({{ row }}.valid_to is null or {{ row }}.valid_to >= {{ day }})
{%- endmacro %}

{#- Whether a code is the pattern, or begins as a pattern that ends with `*` says. -#}
{% macro code_matches(code, pattern) -%}
    (
        {{ code }} = {{ pattern }}
        or (
            right({{ pattern }}, 1) = '*'
            and left({{ code }}, length({{ pattern }}) - 1)
            = left({{ pattern }}, length({{ pattern }}) - 1)
        )
    )
{%- endmacro %}

{#- Whether a row of intercompany that names an entity means an account: its own, else each of the result. -#}
{% macro means_account(pairs, code, account_type) -%}
    (
        ({{ pairs }}.account_code is null and {{ account_type }} in ('REVENUE', 'EXPENSE'))
        or {{ erp_close.code_matches(code, "coalesce(" ~ pairs ~ ".account_code, '')") }}
    )
{%- endmacro %}

{#- Letters and digits of an account code alone: the mask is optional in a filed ledger. -#}
{% macro bare(code) -%}
    upper(
        replace(replace(replace(replace(replace({{ code }}, '.', ''), '-', ''), '/', ''), '_', ''), ' ', '')
    )
{%- endmacro %}

{#- Whether a column's amount has more decimals than the models' type; PostgreSQL's has no end. -#}
{% macro lost_digits(column) -%}{{ return(adapter.dispatch('lost_digits', 'erp_close')(column)) }}{%- endmacro %}
{% macro default__lost_digits(column) -%}
    {%- set written = erp_close.text(column) -%}
    {{ return(written ~ " like '%.%' and length(" ~ written ~ ") - strpos(" ~ written ~ ", '.') > 9 and right(" ~ written ~ ", 1) <> '0'") }}
{%- endmacro %}
{% macro postgres__lost_digits(column) -%}{{ return('false') }}{%- endmacro %}
