{# No account falls to two group accounts: of two rows of the map that fit, one must be more precise. #}
select *
from {{ ref('int_account_map') }}
where winners > 1
