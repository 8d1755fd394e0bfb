{{ config(alias='companies') }}
select
    {{ erp_close.filled('company_id') }} as company_id,
    {{ erp_close.filled('name') }} as name,
    {{ erp_close.filled('cnpj') }} as cnpj,
    cast({{ erp_close.filled('fiscal_year_start_month') }} as integer) as fiscal_year_start_month,
    cast({{ erp_close.filled('ownership_pct') }} as {{ erp_close.amount_type() }}) as ownership_pct,
    cast({{ erp_close.filled('valid_from') }} as date) as valid_from,
    cast({{ erp_close.filled('valid_to') }} as date) as valid_to
from {{ erp_close.close_input('companies') }}
where {{ erp_close.filled('company_id') }} is not null
