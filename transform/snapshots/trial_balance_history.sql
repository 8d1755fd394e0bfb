{% snapshot trial_balance_history %}
{{
    config(
        unique_key=['company_id', 'period_start', 'period_end', 'account_code'],
        strategy='check',
        check_cols=[
            'account_name', 'account_type', 'parent_account_code', 'level', 'is_summary',
            'net_opening', 'debit', 'credit', 'net_closing', 'period_status',
        ],
        hard_deletes='new_record',
    )
}}
select * from {{ ref('int_trial_balance_versions') }}
{% endsnapshot %}
