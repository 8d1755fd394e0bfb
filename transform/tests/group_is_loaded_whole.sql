{{ config(severity='warn') }}
{#
    The group of a day is all that belongs to it then: from its first loaded period on, a company has
    one wherever another has.
#}
select loaded.company_id, days.period_end
from (select company_id, min(period_end) as first_end from {{ ref('int_periods') }} group by company_id) as loaded
inner join (select distinct period_end from {{ ref('int_group_periods') }}) as days
    on loaded.first_end < days.period_end
left join {{ ref('int_group_periods') }} as held
    on loaded.company_id = held.company_id and days.period_end = held.period_end
where held.company_id is null
    and {{ erp_close.in_group('loaded.company_id', 'days.period_end') }}
