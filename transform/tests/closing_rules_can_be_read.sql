{# What the seed closing_rules says can be read as it is meant. #}
{{
    erp_close.unreadable(
        'closing_rules',
        ['company_id', 'document_type', 'description_prefix', 'equity_account'],
        required=['company_id']
    )
}}
