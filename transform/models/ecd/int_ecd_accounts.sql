{{ config(unique_key=['company_id', 'period_end']) }}
{#
    Which account of the ERP an account of the filed ledger is, by company and period: the same code,
    else the same letters and digits, else (also where those fit more than one) by the seed
    ecd_account_map. Where two fit, none does.
#}
with periods as (
    select filed.company_id, filed.period_start, filed.period_end
    from {{ ref('stg_ecd__periods') }} as filed
    inner join {{ ref('int_periods') }} as own
        on filed.company_id = own.company_id
        and filed.period_start = own.period_start
        and filed.period_end = own.period_end
),

filed as (
    select periods.*, accounts.account_code as code, {{ erp_close.bare('accounts.account_code') }} as bare
    from periods
    inner join {{ ref('stg_ecd__trial_balance') }} as accounts
        on periods.company_id = accounts.company_id
        and periods.period_start = accounts.period_start
        and periods.period_end = accounts.period_end
    where not accounts.is_summary
),

own as (
    select periods.*, accounts.account_code as code, {{ erp_close.bare('accounts.account_code') }} as bare
    from periods
    inner join {{ ref('int_accounts') }} as accounts
        on periods.company_id = accounts.company_id
        and periods.period_start = accounts.period_start
        and periods.period_end = accounts.period_end
    where not accounts.is_summary
),

exact as (
    select filed.company_id, filed.period_start, filed.period_end, filed.code
    from filed
    inner join own
        on filed.company_id = own.company_id
        and filed.period_start = own.period_start
        and filed.period_end = own.period_end
        and filed.code = own.code
),

filed_left as (
    select filed.*
    from filed
    left join exact
        on filed.company_id = exact.company_id
        and filed.period_start = exact.period_start
        and filed.period_end = exact.period_end
        and filed.code = exact.code
    where exact.code is null
),

own_left as (
    select own.*
    from own
    left join exact
        on own.company_id = exact.company_id
        and own.period_start = exact.period_start
        and own.period_end = exact.period_end
        and own.code = exact.code
    where exact.code is null
),

by_bare as (
    select
        filed_left.company_id,
        filed_left.period_start,
        filed_left.period_end,
        filed_left.code as ecd_code,
        own_left.code
    from filed_left
    inner join own_left
        on filed_left.company_id = own_left.company_id
        and filed_left.period_start = own_left.period_start
        and filed_left.period_end = own_left.period_end
        and filed_left.bare = own_left.bare
),

bare_counted as (
    select
        by_bare.*,
        count(*) over (partition by company_id, period_start, period_end, ecd_code) as own_fits,
        count(*) over (partition by company_id, period_start, period_end, code) as filed_fits
    from by_bare
),

by_map as (
    select distinct
        filed_left.company_id,
        filed_left.period_start,
        filed_left.period_end,
        filed_left.code as ecd_code,
        own_left.code
    from filed_left
    inner join {{ ref('stg_inputs__ecd_account_map') }} as map
        on filed_left.company_id = map.company_id
        and filed_left.code = map.ecd_account_code
        and {{ erp_close.valid_on('map', 'filed_left.period_end') }}
    inner join own_left
        on filed_left.company_id = own_left.company_id
        and filed_left.period_start = own_left.period_start
        and filed_left.period_end = own_left.period_end
        and map.account_code = own_left.code
    where not exists (
        select 1
        from bare_counted
        where bare_counted.company_id = filed_left.company_id
            and bare_counted.period_start = filed_left.period_start
            and bare_counted.period_end = filed_left.period_end
            and bare_counted.own_fits = 1
            and bare_counted.filed_fits = 1
            and (bare_counted.ecd_code = filed_left.code or bare_counted.code = own_left.code)
    )
),

fits as (
    select company_id, period_start, period_end, code as ecd_code, code from exact
    union all
    select company_id, period_start, period_end, ecd_code, code from by_map
    union all
    select by_bare.company_id, by_bare.period_start, by_bare.period_end, by_bare.ecd_code, by_bare.code
    from by_bare
    where not exists (
        select 1
        from by_map
        where by_map.company_id = by_bare.company_id
            and by_map.period_start = by_bare.period_start
            and by_map.period_end = by_bare.period_end
            and (by_map.ecd_code = by_bare.ecd_code or by_map.code = by_bare.code)
    )
),

counted as (
    select
        fits.*,
        count(*) over (partition by company_id, period_start, period_end, ecd_code) as own_fits,
        count(*) over (partition by company_id, period_start, period_end, code) as filed_fits
    from fits
),

matched as (
    select * from counted where own_fits = 1 and filed_fits = 1
),

doubtful as (
    select * from counted where own_fits > 1 or filed_fits > 1
)

select
    company_id,
    period_start,
    period_end,
    ecd_code as ecd_account_code,
    code as account_code,
    false as is_ambiguous
from matched
union all
select
    filed.company_id,
    filed.period_start,
    filed.period_end,
    filed.code,
    cast(null as {{ dbt.type_string() }}),
    exists (
        select 1
        from doubtful
        where doubtful.company_id = filed.company_id
            and doubtful.period_start = filed.period_start
            and doubtful.period_end = filed.period_end
            and doubtful.ecd_code = filed.code
    )
from filed
left join matched
    on filed.company_id = matched.company_id
    and filed.period_start = matched.period_start
    and filed.period_end = matched.period_end
    and filed.code = matched.ecd_code
where matched.code is null
union all
select
    own.company_id,
    own.period_start,
    own.period_end,
    cast(null as {{ dbt.type_string() }}),
    own.code,
    exists (
        select 1
        from doubtful
        where doubtful.company_id = own.company_id
            and doubtful.period_start = own.period_start
            and doubtful.period_end = own.period_end
            and doubtful.code = own.code
    )
from own
left join matched
    on own.company_id = matched.company_id
    and own.period_start = matched.period_start
    and own.period_end = matched.period_end
    and own.code = matched.code
where matched.code is null
