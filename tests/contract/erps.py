"""The ERPs under test, one entry each: what differs between them; everything else is the same."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from types import MappingProxyType
from typing import Any

from contract import wire
from contract.wire import Listing

BEFORE_THE_BOOKS = date(2023, 12, 31)


@dataclass(frozen=True)
class Erp:
    """One ERP, as the contract's tables have it.

    Attributes:
        name: As the simulator calls it.
        command: The installed command.
        source_system: As the streams say it.
        accounts: The listing of the trial balance, or of the chart of accounts.
        postings: The listing of the postings.
        reported: Whether the ERP serves a trial balance.
        settings: What the tap needs beside the usual.
        auth_types: The default first.
        tokens: Whether the default authentication asks for a token.
        pages: How paging ends: one answer, by totals, by a short page, by an empty one.
        by_account: Whether postings are asked for account by account.
        openings: Whether the ERP states opening balances.
        natural: Whether credit-natured accounts are stated positive on the credit side.
        states_normal: Whether the ERP states the accounts' normal side.
        whole_entries: Whether the ERP serves whole entries.
        base_url: The default.
        page_size: The default, None where there are no pages or the ERP decides.
    """

    name: str
    command: str
    source_system: str
    accounts: Listing
    postings: Listing
    reported: bool
    auth_types: tuple[str, ...]
    base_url: str
    settings: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    pages: str = "totals"
    by_account: bool = True
    openings: bool = True
    natural: bool = False
    states_normal: bool = False
    whole_entries: bool = False
    page_size: int | None = None

    @property
    def tokens(self) -> bool:
        """Whether the default authentication asks for a token."""
        return self.auth_types[0] == "oauth2"

    @property
    def basis(self) -> str:
        """As the streams say it."""
        return "reported" if self.reported else "derived"

    def __str__(self) -> str:
        """The name, for test ids."""
        return self.name


OMIE = Erp(
    name="omie",
    command="tap-omie",
    source_system="omie",
    accounts=wire.OMIE_BALANCES,
    postings=wire.OMIE_MOVEMENTS,
    reported=True,
    auth_types=("api_key",),
    base_url="https://app.omie.com.br/api/v1",
    page_size=500,
)
TOTVS = Erp(
    name="totvs",
    command="tap-totvs",
    source_system="totvs_protheus",
    accounts=wire.TOTVS_BALANCES,
    postings=wire.TOTVS_MOVEMENTS,
    reported=True,
    auth_types=("oauth2", "basic_auth", "bearer_token"),
    base_url="https://api.totvs.com.br/protheus",
    pages="single",
    natural=True,
    states_normal=True,
)
CONTAAZUL = Erp(
    name="contaazul",
    command="tap-contaazul",
    source_system="contaazul",
    accounts=wire.CONTAAZUL_ACCOUNTS,
    postings=wire.CONTAAZUL_TRANSACTIONS,
    reported=False,
    auth_types=("oauth2", "bearer_token"),
    base_url="https://api.contaazul.com/v1",
    by_account=False,
    openings=False,
    whole_entries=True,
    page_size=100,
)
BLING = Erp(
    name="bling",
    command="tap-bling",
    source_system="bling",
    accounts=wire.BLING_ACCOUNTS,
    postings=wire.BLING_MOVEMENTS,
    reported=False,
    auth_types=("api_key", "oauth2", "bearer_token"),
    base_url="https://bling.com.br/Api/v3",
    pages="short",
    page_size=100,
)
BLING_V2 = Erp(
    name="bling_v2",
    command="tap-bling",
    source_system="bling",
    accounts=wire.BLING_V2_ACCOUNTS,
    postings=wire.BLING_V2_MOVEMENTS,
    reported=False,
    auth_types=("api_key",),
    base_url="https://bling.com.br/Api/v2",
    settings=MappingProxyType({"api_version": "v2"}),
    pages="empty",
    openings=False,
)

ACTIVE = (OMIE,)
"""The ERPs whose taps are tested: one entry here is all that a further one needs."""
