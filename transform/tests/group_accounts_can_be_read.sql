{# What the seed group_accounts says can be read as it is meant. #}
{{
    erp_close.unreadable(
        'group_accounts',
        ['group_account', 'parent', 'name', 'statement', 'line_order'],
        required=['group_account', 'statement'],
        forms={'statement': 'statement', 'line_order': 'whole number'},
        once='group_account'
    )
}}
