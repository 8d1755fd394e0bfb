{# Nothing here converts amounts, and those of two currencies have no sum. #}
select period_end, min(currency) as one_currency, max(currency) as another_currency
from {{ ref('int_group_periods') }}
group by period_end
having count(distinct currency) > 1
