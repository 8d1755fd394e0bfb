{#
    What a company has with another is eliminated against one company: no account, and no entity on an
    account, is named for two.
#}
with pairs as (
    select * from {{ ref('stg_inputs__intercompany') }}
    where counterparty_company_id is not null and (account_code is not null or entity_id is not null)
),

accounts as (
    select distinct company_id, account_code, account_type from {{ ref('int_account_year') }}
),

held as (
    select company_id, account_code, account_type, cast(null as {{ dbt.type_string() }}) as entity_id
    from accounts
    union all
    select distinct accounts.company_id, accounts.account_code, accounts.account_type, postings.entity_id
    from {{ ref('postings') }} as postings
    inner join accounts
        on postings.company_id = accounts.company_id
        and postings.account_code = accounts.account_code
    where postings.posting_kind <> 'CLOSING'
        and exists (
            select 1
            from pairs
            where pairs.company_id = postings.company_id and pairs.entity_id = postings.entity_id
        )
)

select held.company_id, held.account_code, held.entity_id
from held
inner join pairs
    on held.company_id = pairs.company_id
    and (pairs.entity_id is null or held.entity_id = pairs.entity_id)
    and {{ erp_close.means_account('pairs', 'held.account_code', 'held.account_type') }}
group by held.company_id, held.account_code, held.entity_id
having count(distinct pairs.counterparty_company_id) > 1
