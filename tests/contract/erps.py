"""The ERPs under test, one entry each: what differs between them; everything else is the same."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from importlib import import_module
from importlib.metadata import entry_points
from types import MappingProxyType
from typing import Any, Literal

from contract import wire
from contract.wire import Listing

BEFORE_THE_BOOKS = date(2023, 12, 31)


@dataclass(frozen=True)
class Erp:
    """One ERP, its tap and its wire format.

    Attributes:
        name: As the simulator calls it.
        command: The installed command.
        source_system: As the streams say it.
        accounts: The listing of the trial balance, or of the chart of accounts.
        postings: The listing of the postings.
        reported: Whether the ERP serves a trial balance.
        settings: What the tap needs beside the usual.
        entry_id: What `entry_id` is: the entry's number, its text id, or the row it is kept in.
        logins: The settings that each way to authenticate needs; the default way first, and of
            each way the secret last.
        grants: What `grant_type` may be beside `client_credentials`.
        own: The settings that not every tap has.
        tokens: Whether the default authentication asks for a token.
        pages: How paging ends: one answer, by totals, by a short page, by an empty one.
        by_account: Whether postings are asked for account by account.
        openings: Whether the ERP states opening balances.
        natural: Whether credit-natured accounts are stated positive on the credit side.
        states_normal: Whether the ERP states the accounts' normal side.
        whole_entries: Whether the ERP serves whole entries.
        journals: Whether both sides of an entry have one name.
        says_kind: Whether the ERP says which entries close the result.
        base_url: The default.
        page_size: The default, None where there are no pages or the ERP decides.
        derivable: Fields of an account that follow from the codes and names of all.
        optional: Fields of a posting that may be absent, by the names of what they become.
        moods: Switches of the simulator that change the form of answers and nothing else, as
            `name=value`.
    """

    name: str
    command: str
    source_system: str
    accounts: Listing
    postings: Listing
    reported: bool
    logins: Mapping[str, tuple[str, ...]]
    base_url: str
    settings: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    grants: tuple[str, ...] = ()
    own: tuple[str, ...] = ()
    entry_id: Literal["number", "text", "row"] = "number"
    pages: str = "totals"
    by_account: bool = True
    openings: bool = True
    natural: bool = False
    states_normal: bool = False
    whole_entries: bool = False
    journals: bool = True
    says_kind: bool = False
    page_size: int | None = None
    derivable: tuple[str, ...] = ()
    optional: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    moods: tuple[str, ...] = ()

    def tap_class(self) -> Callable[..., Any]:
        """The class behind the command, for runs within this process."""
        (entry,) = entry_points(group="console_scripts", name=self.command)
        found: Callable[..., Any] = getattr(import_module(entry.module), entry.attr.split(".")[0])
        return found

    @property
    def auth_types(self) -> tuple[str, ...]:
        """The default first."""
        return tuple(self.logins)

    @property
    def tokens(self) -> bool:
        """Whether the default authentication asks for a token."""
        return self.auth_types[0] == "oauth2"

    @property
    def openings_from(self) -> str | None:
        """The setting `opening_balances_from` that finds the openings of all books."""
        return None if self.openings else str(BEFORE_THE_BOOKS)

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
    logins=MappingProxyType({"api_key": ("app_key", "app_secret")}),
    own=("page_size", "opening_balances_from", "year_end_close"),
    base_url="https://app.omie.com.br/api/v1",
    page_size=500,
    derivable=("cCodContaPai", "nNivel", "cSintetica", "cTipoConta"),
    optional=MappingProxyType(
        {
            "dDtLanc": "posting_date",
            "cHistorico": "description",
            "cNumDoc": "document_number",
            "cTipoDoc": "document_type",
            "cCodCC": "cost_center",
            "nCodCliente": "entity_id",
            "cNomeCliente": "entity_name",
        }
    ),
    moods=(
        "numbers=string",
        "numbers=brazilian",
        "nulls=True",
        "ascii_json=True",
        "empty=list",
        "empty=101",
        "empty=5094",
        "fault_status=200",
        "fault_as_list=True",
    ),
)
TOTVS = Erp(
    name="totvs",
    command="tap-totvs",
    source_system="totvs_protheus",
    accounts=wire.TOTVS_BALANCES,
    postings=wire.TOTVS_MOVEMENTS,
    reported=True,
    logins=MappingProxyType(
        {
            "oauth2": ("client_id", "client_secret"),
            "basic_auth": ("username", "password"),
            "bearer_token": ("access_token",),
        }
    ),
    grants=("refresh_token", "password"),
    own=("tenant", "environment", "summary_class"),
    entry_id="row",
    base_url="https://api.totvs.com.br/protheus",
    pages="single",
    natural=True,
    states_normal=True,
    says_kind=True,
    derivable=("CT1_CTASUP", "CT1_NATCTA"),
    optional=MappingProxyType(
        {
            "CT2_DTLANC": "posting_date",
            "CT2_CCD": "cost_center",
            "CT2_CCC": "cost_center",
            "CT2_TPDOC": "document_type",
            "CT2_NUMDOC": "document_number",
            "CT2_CLIFOR": "entity_id",
            "CT2_NOMECF": "entity_name",
            "CT2_DTLP": "posting_kind",
        }
    ),
    moods=("numbers=string", "numbers=brazilian", "padded=False", "cp1252=True", "normal=digits"),
)
CONTAAZUL = Erp(
    name="contaazul",
    command="tap-contaazul",
    source_system="contaazul",
    accounts=wire.CONTAAZUL_ACCOUNTS,
    postings=wire.CONTAAZUL_TRANSACTIONS,
    reported=False,
    logins=MappingProxyType(
        {"oauth2": ("client_id", "client_secret"), "bearer_token": ("access_token",)}
    ),
    grants=("refresh_token",),
    own=(
        *("opening_balances_from", "year_end_close", "page_size"),
        *("authorize_url", "redirect_uri"),
    ),
    entry_id="text",
    base_url="https://api.contaazul.com/v1",
    by_account=False,
    openings=False,
    whole_entries=True,
    page_size=100,
    derivable=("parent_code", "level", "is_summary"),
    optional=MappingProxyType(
        {
            "posting_date": "posting_date",
            "document_number": "document_number",
            "document_type": "document_type",
            "entity": "entity_id entity_name",
            "cost_center": "cost_center",
        }
    ),
    moods=("numbers=string", "numbers=brazilian", "nulls=True", "english=False", "ascii_json=True"),
)
BLING = Erp(
    name="bling",
    command="tap-bling",
    source_system="bling",
    accounts=wire.BLING_ACCOUNTS,
    postings=wire.BLING_MOVEMENTS,
    reported=False,
    logins=MappingProxyType(
        {
            "api_key": ("api_key",),
            "oauth2": ("client_id", "client_secret"),
            "bearer_token": ("access_token",),
        }
    ),
    grants=("refresh_token",),
    own=(
        *("api_version", "opening_balances_from", "year_end_close", "page_size"),
        *("authorize_url", "redirect_uri"),
    ),
    base_url="https://bling.com.br/Api/v3",
    pages="short",
    journals=False,
    page_size=100,
    derivable=("contaPai", "sintetica"),
    optional=MappingProxyType(
        {
            "dataLancamento": "posting_date",
            "historico": "description",
            "numeroDocumento": "document_number",
            "tipoDocumento": "document_type",
            "centroCusto": "cost_center",
            "contato": "entity_id entity_name",
        }
    ),
    moods=("numbers=string", "numbers=brazilian", "nulls=True", "ascii_json=True"),
)
BLING_V2 = Erp(
    name="bling_v2",
    command="tap-bling",
    source_system="bling",
    accounts=wire.BLING_V2_ACCOUNTS,
    postings=wire.BLING_V2_MOVEMENTS,
    reported=False,
    logins=MappingProxyType({"api_key": ("api_key",)}),
    own=(
        *("api_version", "opening_balances_from", "year_end_close", "page_size"),
        *("authorize_url", "redirect_uri"),
    ),
    base_url="https://bling.com.br/Api/v2",
    settings=MappingProxyType({"api_version": "v2"}),
    pages="empty",
    journals=False,
    openings=False,
    derivable=("contaPai", "sintetica"),
    optional=MappingProxyType(
        {
            "dataLancamento": "posting_date",
            "historico": "description",
            "numeroDocumento": "document_number",
            "tipoDocumento": "document_type",
            "centroCusto": "cost_center",
            "contato": "entity_id entity_name",
        }
    ),
    moods=("numbers=string", "numbers=brazilian", "end=empty", "error_status=404"),
)

ACTIVE = (OMIE, TOTVS, CONTAAZUL, BLING, BLING_V2)
"""The ERPs whose taps are tested: one entry here is all that a further one needs."""
