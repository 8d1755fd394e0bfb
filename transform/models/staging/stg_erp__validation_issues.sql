{# What the view current_validation_issues holds. #}
select
    {{ erp_close.text('issues.issue_id') }} as issue_id,
    {{ erp_close.text('issues.company_id') }} as company_id,
    cast(issues.period_start as date) as period_start,
    cast(issues.period_end as date) as period_end,
    {{ erp_close.text('issues.stream_name') }} as stream_name,
    {{ erp_close.text('issues.severity') }} as severity,
    {{ erp_close.text('issues.code') }} as code,
    {{ erp_close.text('issues.message') }} as message,
    cast(issues.extracted_at as timestamp) as extracted_at
from {{ source('erp', 'validation_issues') }} as issues
left join {{ ref('stg_erp__periods') }} as periods
    on cast(issues.company_id as {{ dbt.type_string() }}) = periods.company_id
    and cast(issues.period_start as date) = periods.period_start
    and cast(issues.period_end as date) = periods.period_end
    and (periods.entry_count is not null or issues.stream_name <> 'subledger')
where periods.extracted_at is null or periods.extracted_at <= cast(issues.extracted_at as timestamp)
