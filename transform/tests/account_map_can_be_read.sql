{# What the seed account_map says can be read as it is meant. #}
{{
    erp_close.unreadable(
        'account_map',
        ['company_id', 'account_code_pattern', 'cost_center', 'group_account', 'valid_from', 'valid_to'],
        required=['company_id', 'account_code_pattern', 'group_account'],
        forms={'valid_from': 'day', 'valid_to': 'day'},
        patterns=['account_code_pattern']
    )
}}
