{# A company has one row of the seed companies on any day. #}
select one.company_id, one.valid_from, other.valid_from as other_valid_from
from {{ ref('stg_inputs__companies') }} as one
inner join {{ ref('stg_inputs__companies') }} as other
    on one.company_id = other.company_id
    and coalesce(one.valid_from, date '0001-01-01') <= coalesce(other.valid_to, date '9999-12-31')
    and coalesce(other.valid_from, date '0001-01-01') <= coalesce(one.valid_to, date '9999-12-31')
    and (
        coalesce(one.valid_from, date '0001-01-01') < coalesce(other.valid_from, date '0001-01-01')
        or (
            coalesce(one.valid_from, date '0001-01-01') = coalesce(other.valid_from, date '0001-01-01')
            and coalesce(one.valid_to, date '9999-12-31') < coalesce(other.valid_to, date '9999-12-31')
        )
    )
union all
select company_id, valid_from, valid_from as other_valid_from
from {{ ref('stg_inputs__companies') }}
group by company_id, valid_from, valid_to
having count(*) > 1
