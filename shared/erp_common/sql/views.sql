-- The current state of every period, from tables that keep the rows of earlier extractions as well.
--
-- A loader adds and replaces rows by key but never deletes one, so rows that the ERP no longer has
-- stay in the tables. All rows of one extraction of a company and period carry the same extracted_at,
-- and `periods` gets its row when that extraction is complete: what is older than that row is gone
-- from the ERP. An extraction that broke off has no row there yet and hides nothing.
--
-- The tables are looked for in, and the views made in, the first schema of the search path:
--   python -m erp_common.sql --schema erp | psql …

create or replace view current_trial_balance as
select rows.*
from trial_balance as rows
where not exists (
    select
    from periods
    where periods.company_id = rows.company_id
      and periods.period_start = rows.period_start
      and periods.period_end = rows.period_end
      and periods.extracted_at > rows.extracted_at
);

-- A posting is not tied to the period it was once extracted with: after a change from months to
-- quarters it is the quarter's extraction that says whether a January posting still exists. Hence any
-- period over its date counts, and one that was extracted without the subledger (entry_count is null)
-- says nothing about postings.
create or replace view current_subledger as
select rows.*
from subledger as rows
where not exists (
    select
    from periods
    where periods.company_id = rows.company_id
      and rows.transaction_date between periods.period_start and periods.period_end
      and periods.entry_count is not null
      and periods.extracted_at > rows.extracted_at
);

create or replace view current_validation_issues as
select rows.*
from validation_issues as rows
where not exists (
    select
    from periods
    where periods.company_id = rows.company_id
      and periods.period_start = rows.period_start
      and periods.period_end = rows.period_end
      and (periods.entry_count is not null or rows.stream_name <> 'subledger')
      and periods.extracted_at > rows.extracted_at
);
