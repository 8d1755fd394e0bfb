{# What the seed ecd_account_map says can be read as it is meant. #}
{{
    erp_close.unreadable(
        'ecd_account_map',
        ['company_id', 'ecd_account_code', 'account_code', 'valid_from', 'valid_to'],
        required=['company_id', 'ecd_account_code', 'account_code'],
        forms={'valid_from': 'day', 'valid_to': 'day'}
    )
}}
