do $check$
declare
    missing text;
begin
    select string_agg(wanted.name, ', ') into missing
    from {wanted} as wanted (name)
    where to_regclass({prefix} || wanted.name) is null;
    if missing is not null then
        raise exception '%', {naming} || missing;
    end if;
end
$check$;
