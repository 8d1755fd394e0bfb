{{ config(alias='ecd_account_map') }}
select
    {{ erp_close.filled('company_id') }} as company_id,
    {{ erp_close.filled('ecd_account_code') }} as ecd_account_code,
    {{ erp_close.filled('account_code') }} as account_code,
    cast({{ erp_close.filled('valid_from') }} as date) as valid_from,
    cast({{ erp_close.filled('valid_to') }} as date) as valid_to
from {{ erp_close.close_input('ecd_account_map') }}
where {{ erp_close.filled('company_id') }} is not null
