{# After a change from months to quarters both would count: the older ones must go. #}
select one.company_id, one.period_start, one.period_end, other.period_start as other_start, other.period_end as other_end
from {{ ref('int_periods') }} as one
inner join {{ ref('int_periods') }} as other
    on one.company_id = other.company_id
    and one.period_start <= other.period_end
    and other.period_start <= one.period_end
    and (one.period_start < other.period_start or (one.period_start = other.period_start and one.period_end < other.period_end))
