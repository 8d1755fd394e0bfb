-- Only a trigger can fail with words of its own.
create temporary table erp_taps_missing (name text);
create temporary trigger erp_taps_tell before insert on erp_taps_missing
begin
    select raise(rollback, {sentence});
end;
with wanted (name) as {wanted}
insert into erp_taps_missing
select name
from wanted
where name not in (select name from {schema}.sqlite_master where type = 'table');
drop table erp_taps_missing;
