{# What the seed intercompany says can be read as it is meant. #}
{{
    erp_close.unreadable(
        'intercompany',
        ['company_id', 'account_code', 'entity_id', 'counterparty_company_id'],
        required=['company_id'],
        patterns=['account_code']
    )
}}
