{# Every group account of the map is one of the group's chart, and stands in the right statement. #}
select amounts.company_id, amounts.group_account, amounts.statement, accounts.statement as chart_statement
from {{ ref('int_group_amounts') }} as amounts
left join {{ ref('stg_inputs__group_accounts') }} as accounts on amounts.group_account = accounts.group_account
where amounts.group_account is not null
    and amounts.amount <> 0
    and (accounts.group_account is null or accounts.statement <> amounts.statement)
