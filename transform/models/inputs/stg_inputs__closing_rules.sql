{{ config(alias='closing_rules') }}
select
    {{ erp_close.filled('company_id') }} as company_id,
    {{ erp_close.filled('document_type') }} as document_type,
    {{ erp_close.filled('description_prefix') }} as description_prefix,
    {{ erp_close.filled('equity_account') }} as equity_account
from {{ erp_close.close_input('closing_rules') }}
where {{ erp_close.filled('company_id') }} is not null
