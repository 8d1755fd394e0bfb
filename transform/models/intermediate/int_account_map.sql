{{ config(unique_key=['company_id', 'account_code', 'period_end']) }}
{#
    The group account of every account that has one, by period and cost centre: an exact code beats a
    pattern, a longer pattern a shorter one, and then a cost centre beats none. `winners` is more than
    one where the map does not decide.
#}
with accounts as (
    select distinct company_id, account_code, cast(null as {{ dbt.type_string() }}) as cost_center
    from {{ ref('int_accounts') }}
    where not is_summary
    union all
    select distinct company_id, account_code, cost_center
    from {{ ref('cost_center_result') }}
),

matching as (
    select
        accounts.company_id,
        accounts.account_code,
        accounts.cost_center,
        map.account_code_pattern,
        map.cost_center as map_cost_center,
        map.group_account,
        map.valid_from,
        map.valid_to
    from accounts
    inner join {{ ref('stg_inputs__account_map') }} as map
        on accounts.company_id = map.company_id
        and {{ erp_close.code_matches('accounts.account_code', 'map.account_code_pattern') }}
        and (map.cost_center is null or map.cost_center = accounts.cost_center)
),

ranked as (
    select
        matching.*,
        periods.period_end,
        rank() over (
            partition by matching.company_id, matching.account_code, matching.cost_center, periods.period_end
            order by
                case when matching.account_code_pattern = matching.account_code then 0 else 1 end,
                length(matching.account_code_pattern) desc,
                case when matching.map_cost_center is not null then 0 else 1 end
        ) as place
    from matching
    inner join (select distinct company_id, period_end from {{ ref('int_periods') }}) as periods
        on matching.company_id = periods.company_id
        and {{ erp_close.valid_on('matching', 'periods.period_end') }}
)

select
    company_id,
    account_code,
    cost_center,
    period_end,
    min(group_account) as group_account,
    count(*) as winners
from ranked
where place = 1
group by company_id, account_code, cost_center, period_end
