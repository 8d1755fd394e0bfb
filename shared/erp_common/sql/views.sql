-- The current state of every period, from tables that keep the rows of earlier extractions as well.
--
-- A loader adds and replaces rows by key but never deletes one, so rows that the ERP no longer has
-- stay in the tables. All rows of one extraction of a company and period carry the same extracted_at,
-- and `periods` gets its row when that extraction is complete: what is older than that row is gone
-- from the ERP. An extraction that broke off has no row there yet and hides nothing.

create or replace view {schema}.current_trial_balance as
select loaded.*
from {schema}.trial_balance as loaded
where not exists (
    select 1
    from {schema}.periods as latest
    where latest.company_id = loaded.company_id
      and latest.period_start = loaded.period_start
      and latest.period_end = loaded.period_end
      and latest.extracted_at > loaded.extracted_at
);

-- A posting is not tied to the period it was once extracted with: after a change from months to
-- quarters it is the quarter's extraction that says whether a January posting still exists. Hence any
-- period over its date counts, and one that was extracted without the subledger (entry_count is null)
-- says nothing about postings. Periods are compared with days, of which there are few, and not with
-- postings, so that the work grows with the rows alone.
create or replace view {schema}.current_subledger as
select loaded.*
from {schema}.subledger as loaded
left join (
    select days.company_id, days.transaction_date, max(latest.extracted_at) as extracted_at
    from (select distinct company_id, transaction_date from {schema}.subledger) as days
    inner join {schema}.periods as latest
        on latest.company_id = days.company_id
        and days.transaction_date between latest.period_start and latest.period_end
    where latest.entry_count is not null
    group by days.company_id, days.transaction_date
) as reread
    on reread.company_id = loaded.company_id
    and reread.transaction_date = loaded.transaction_date
where reread.extracted_at is null
   or reread.extracted_at <= loaded.extracted_at;

create or replace view {schema}.current_validation_issues as
select loaded.*
from {schema}.validation_issues as loaded
where not exists (
    select 1
    from {schema}.periods as latest
    where latest.company_id = loaded.company_id
      and latest.period_start = loaded.period_start
      and latest.period_end = loaded.period_end
      and (latest.entry_count is not null or loaded.stream_name <> 'subledger')
      and latest.extracted_at > loaded.extracted_at
);
