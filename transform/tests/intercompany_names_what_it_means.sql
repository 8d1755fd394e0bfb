{# A row of intercompany names an account or an entity, and another company. #}
select *
from {{ ref('stg_inputs__intercompany') }}
where (account_code is null and entity_id is null)
    or counterparty_company_id is null
    or counterparty_company_id = company_id
