{{ config(alias='group_accounts') }}
select
    {{ erp_close.filled('group_account') }} as group_account,
    {{ erp_close.filled('parent') }} as parent,
    {{ erp_close.filled('name') }} as name,
    upper({{ erp_close.filled('statement') }}) as statement,
    cast({{ erp_close.filled('line_order') }} as integer) as line_order
from {{ erp_close.close_input('group_accounts') }}
where {{ erp_close.filled('group_account') }} is not null
