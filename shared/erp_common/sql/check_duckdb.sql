select error({naming} || string_agg(wanted.name, ', '))
from {wanted} as wanted (name)
where wanted.name not in (
    select table_name
    from duckdb_tables()
    where database_name = current_database() and schema_name = {name}
)
having count(*) > 0;
