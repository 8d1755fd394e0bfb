{{ config(materialized='table') }}
{# The periods of the companies that belong to the group. #}
select periods.*
from {{ ref('int_periods') }} as periods
where {{ erp_close.in_group('periods.company_id', 'periods.period_end') }}
