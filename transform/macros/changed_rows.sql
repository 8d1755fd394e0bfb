{#-
    A model that is made from all its sources each time, and written where it has changed alone: rows of
    a key (`unique_key`) that has other rows than before are taken out and put in anew, all others are
    left as they lie. So it always is what a first build would make, whatever changed it: an extraction,
    a seed, a variable, a company that is gone, or this package itself.
-#}
{% macro get_incremental_changed_rows_sql(arg_dict) %}
    {%- set target = arg_dict['target_relation'] -%}
    {%- set made = arg_dict['temp_relation'] -%}
    {%- set columns = get_quoted_csv(arg_dict['dest_columns'] | map(attribute='name')) -%}
    {%- set keys = arg_dict['unique_key'] -%}
    delete from {{ target }} as held
    where exists (
        select 1
        from (
            select {{ columns }}
            from (
                select {{ columns }}, 1 as dbt_side from {{ made }}
                union all
                select {{ columns }}, -1 as dbt_side from {{ target }}
            ) as both_sides
            group by {{ columns }}
            having sum(dbt_side) <> 0
        ) as changed
        where {% for key in keys %}changed.{{ key }} = held.{{ key }}{{ ' and ' if not loop.last }}{% endfor %}
    );
    insert into {{ target }} ({{ columns }})
    select {{ columns }}
    from {{ made }} as made
    where not exists (
        select 1
        from {{ target }} as held
        where {% for key in keys %}held.{{ key }} = made.{{ key }}{{ ' and ' if not loop.last }}{% endfor %}
    )
{% endmacro %}
