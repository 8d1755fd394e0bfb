{{ config(alias='intercompany') }}
select
    {{ erp_close.filled('company_id') }} as company_id,
    {{ erp_close.filled('account_code') }} as account_code,
    {{ erp_close.filled('entity_id') }} as entity_id,
    {{ erp_close.filled('counterparty_company_id') }} as counterparty_company_id
from {{ erp_close.close_input('intercompany') }}
where {{ erp_close.filled('company_id') }} is not null
