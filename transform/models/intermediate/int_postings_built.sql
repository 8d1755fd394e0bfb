{# The state of which `postings` was built last; it is written after them. #}
-- depends_on: {{ ref('postings') }}
select company_id, period_start, period_end, state
from {{ ref('int_postings_state') }}
