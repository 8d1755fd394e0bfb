select
    {{ erp_close.text('source_system') }} as source_system,
    {{ erp_close.text('company_id') }} as company_id,
    {{ erp_close.text('company_name') }} as company_name,
    cast(period_start as date) as period_start,
    cast(period_end as date) as period_end,
    cast(fiscal_year as integer) as fiscal_year,
    {{ erp_close.text('period_status') }} as period_status,
    {{ erp_close.text('currency') }} as currency,
    {{ erp_close.text('basis') }} as basis,
    cast(entry_count as {{ dbt.type_bigint() }}) as entry_count,
    cast(is_balanced as boolean) as is_balanced,
    cast(is_reconciled as boolean) as is_reconciled,
    cast(issue_count as {{ dbt.type_bigint() }}) as issue_count,
    cast(extracted_at as timestamp) as extracted_at,
    case
        when replace({{ erp_close.text('metadata') }}, ' ', '') like '%"accounting_basis":"cash"%' then 'cash'
        else 'accrual'
    end as accounting_basis
from {{ source('erp', 'periods') }}
