{# A ledger of payments and one of what is due say different things of the same month. #}
select period_end, min(company_id) as one_company, max(company_id) as another_company
from {{ ref('int_group_periods') }}
group by period_end
having count(distinct accounting_basis) > 1
