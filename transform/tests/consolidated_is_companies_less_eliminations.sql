{# Nothing is lost between the companies and the group. #}
with brought as (
    select period_end, sum(amount) as amount
    from {{ ref('int_group_amounts') }}
    where group_account is not null
    group by period_end
),

eliminated as (
    select period_end, sum(amount) as amount
    from {{ ref('eliminations') }}
    group by period_end
),

stated as (
    select period_end, sum(consolidated) as amount
    from {{ ref('consolidated') }}
    group by period_end
)

select brought.period_end, brought.amount, eliminated.amount as eliminated, stated.amount as consolidated
from brought
left join eliminated on brought.period_end = eliminated.period_end
left join stated on brought.period_end = stated.period_end
where abs(brought.amount - coalesce(eliminated.amount, 0) - coalesce(stated.amount, 0)) > {{ var('close_tolerance') }}
