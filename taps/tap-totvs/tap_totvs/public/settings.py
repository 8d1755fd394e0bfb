"""What `api: public` asks of the settings beyond what every tap does."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import TYPE_CHECKING

from erp_common.ledger.periods import Period, Periodicity, today
from tap_totvs.public.client import is_whole_months, tenant_of

if TYPE_CHECKING:
    from tap_totvs.settings import TotvsSettings


def public_problems(config: TotvsSettings) -> Iterator[str]:
    """What is wrong with the settings, in sentences."""
    if config.auth_type == "oauth2" and config.grant_type == "client_credentials":
        yield (
            "Protheus' public API has no grant_type client_credentials; set grant_type to "
            "password, with username and password"
        )
    if config.period is Periodicity.RANGE and config.start_date is not None:
        span = Period(config.first_day, config.end_date or today())
        if not is_whole_months(span):
            yield (
                f"period is range, but {span} does not begin and end with a month, and Protheus' "
                "public API has balances by month alone; set start_date to the first and end_date "
                "to the last day of a month, or api to reference"
            )
    yield from _shared_books(config)


def _shared_books(config: TotvsSettings) -> Iterator[str]:
    """Companies whose books would be the same ones under two names."""
    companies = defaultdict(list)
    for company in config.company_list:
        companies[tenant_of(company, config.tenant)].append(company.id)
    for tenant, ids in companies.items():
        if len(ids) > 1:
            yield (
                f"{' and '.join(ids)} would all be read from "
                + (f"tenant {tenant!r}" if tenant else "the site's default tenant")
                + "; give each company its own as erp_id: company group, comma and branch"
            )
