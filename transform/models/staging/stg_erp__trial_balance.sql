{# What the view current_trial_balance holds. #}
select
    {{ erp_close.text('accounts.source_system') }} as source_system,
    {{ erp_close.text('accounts.company_id') }} as company_id,
    {{ erp_close.text('accounts.company_name') }} as company_name,
    cast(accounts.period_start as date) as period_start,
    cast(accounts.period_end as date) as period_end,
    {{ erp_close.text('accounts.account_code') }} as account_code,
    {{ erp_close.text('accounts.account_name') }} as account_name,
    {{ erp_close.text('accounts.account_type') }} as account_type,
    {{ erp_close.text('accounts.parent_account_code') }} as parent_account_code,
    cast(accounts.level as integer) as level,
    cast(accounts.is_summary as boolean) as is_summary,
    {{ erp_close.amount('accounts.net_opening_balance') }} as net_opening,
    {{ erp_close.amount('accounts.debit_amount') }} as debit,
    {{ erp_close.amount('accounts.credit_amount') }} as credit,
    {{ erp_close.amount('accounts.net_closing_balance') }} as net_closing,
    cast(accounts.extracted_at as timestamp) as extracted_at
from {{ source('erp', 'trial_balance') }} as accounts
left join {{ ref('stg_erp__periods') }} as periods
    on cast(accounts.company_id as {{ dbt.type_string() }}) = periods.company_id
    and cast(accounts.period_start as date) = periods.period_start
    and cast(accounts.period_end as date) = periods.period_end
where periods.extracted_at is null or periods.extracted_at <= cast(accounts.extracted_at as timestamp)
