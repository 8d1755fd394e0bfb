{# What the seed companies says can be read as it is meant. #}
{{
    erp_close.unreadable(
        'companies',
        ['company_id', 'name', 'cnpj', 'fiscal_year_start_month', 'ownership_pct', 'valid_from', 'valid_to'],
        required=['company_id'],
        forms={'fiscal_year_start_month': 'month', 'ownership_pct': 'per cent', 'valid_from': 'day', 'valid_to': 'day'}
    )
}}
