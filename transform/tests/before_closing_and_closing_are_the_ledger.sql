{# Opening and movement without closing entries give the balance before closing; with them, the ledger's. #}
select *
from {{ ref('account_balances') }}
where abs(net_before_closing + closing_entries - net_closing) > {{ var('close_tolerance') }}
    or (
        not is_summary
        and abs(net_opening + debit - credit - closing_entries - net_before_closing) > {{ var('close_tolerance') }}
    )
