{{ config(alias='account_map') }}
select
    {{ erp_close.filled('company_id') }} as company_id,
    {{ erp_close.filled('account_code_pattern') }} as account_code_pattern,
    {{ erp_close.filled('cost_center') }} as cost_center,
    {{ erp_close.filled('group_account') }} as group_account,
    cast({{ erp_close.filled('valid_from') }} as date) as valid_from,
    cast({{ erp_close.filled('valid_to') }} as date) as valid_to
from {{ erp_close.close_input('account_map') }}
where {{ erp_close.filled('company_id') }} is not null
