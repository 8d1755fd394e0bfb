{{ config(severity='warn') }}
{# Both sides of a pair have the same amounts. #}
select distinct period_end, company_id, counterparty_company_id, difference
from {{ ref('eliminations') }}
where abs(difference) > {{ var('close_tolerance') }}
