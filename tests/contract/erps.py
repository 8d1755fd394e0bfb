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
        entry_id: What `entry_id` is: the entry's number, its text id, the row it is kept in, or its
            number within its file.
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
        filed: Whether the books come from files, and nobody is called.
        more_streams: The streams beside the four of every tap.
        without: What no posting of it has.
        left_out: The tests that say nothing of it, as `module` or `module.test`, and why.
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
    entry_id: Literal["number", "text", "row", "filed"] = "number"
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
    filed: bool = False
    more_streams: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    left_out: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

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
        return self.auth_types[:1] == ("oauth2",)

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
ECD = Erp(
    name="ecd",
    command="tap-ecd",
    source_system="sped_ecd",
    accounts=wire.NONE,
    postings=wire.NONE,
    reported=True,
    logins=MappingProxyType({}),
    base_url="",
    own=("paths",),
    entry_id="filed",
    pages="none",
    by_account=False,
    whole_entries=True,
    says_kind=True,
    filed=True,
    more_streams=(
        *("ecd_files", "ecd_cost_center_balances"),
        *("ecd_before_closing", "ecd_statements"),
    ),
    without=("document_type",),
    left_out=MappingProxyType(
        {
            **dict.fromkeys(
                ("test_failures", "test_health", "test_keys", "test_requests", "test_windows"),
                "nobody is called; files that cannot be read are those of tests/ecd",
            ),
            "test_past": "every file is looked at on every run, so none is asked for again",
            "test_companies": "nobody fails to answer; tests/ecd/test_choice.py has a company "
            "without files",
            "test_environment": "its objects are about calling; tests/ecd has a run by settings",
            **dict.fromkeys(
                ("test_command_line.test_about", "test_settings_refused"),
                "it has other settings; those that are wrong are in tests/ecd/test_state.py",
            ),
            "test_command_line.test_settings_from_the_environment": "it has no allowance to count",
            **dict.fromkeys(
                (
                    "test_command_line.test_wrong_settings_from_the_environment",
                    "test_command_line.test_test_tells_what_is_wrong",
                    "test_command_line.test_a_file_and_the_environment",
                ),
                "it has no keys and calls nobody; tests/ecd/test_state.py has what is wrong",
            ),
            **dict.fromkeys(
                (
                    "test_command_line.test_a_state_file",
                    "test_state.test_a_run_starts_before_its_bookmark",
                    "test_state.test_a_run_that_ends_before_its_bookmark",
                    "test_state.test_a_larger_lookback_later",
                    "test_state.test_a_smaller_lookback_later",
                    "test_state.test_a_range_is_always_read_again",
                    "test_state.test_another_period_starts_where_the_bookmark_is",
                    "test_state.test_the_open_period_is_read_on_every_run",
                ),
                "what decides is whether a file has changed: tests/ecd/test_state.py",
            ),
            "test_state.test_state_stays_before_a_period_that_fails": "no period fails alone but "
            "by strict findings, which tests/ecd/test_state.py has",
            "test_state.test_a_company_added_later_starts_from_the_beginning": "it looks back",
            "test_state.test_state_does_not_grow_with_the_periods": "each period and each file "
            "has a mark, without which a file that was changed would not be noticed",
            "test_findings": "what is broken is what an ERP answers; tests/ecd/test_mutations.py "
            "and test_broken_files.py break files",
            "test_accounting.test_results_begin_anew_with_the_fiscal_year": "an answer is changed; "
            "tests/ecd/test_choice.py has openings that do not follow",
            "test_accounting.test_closing_entries_by_their_marks": "the file says what closes",
            "test_wire.test_balances_in_the_other_sign": "a file has one sign",
            "test_wire.test_what_codes_and_names_tell_may_be_absent": "a file states all of it",
            "test_wire.test_absent_fields_of_postings_are_null": "fields are absent by their "
            "place: tests/ecd/test_reading.py",
            "test_wire.test_codes_without_separators": "fields are left out of answers; "
            "test_charts has such codes",
            "test_messages.test_amounts_keep_every_digit": "a file has one form of amounts: "
            "tests/ecd/test_reading.py",
            "test_metrics.test_a_run_that_fails_tells_what_it_had_done_before_its_last_word": (
                "no answer breaks off"
            ),
            "test_notation.test_a_digit_beyond_the_scale_is_an_error": "an amount of more than "
            "nine decimal places is a finding as the file is read: tests/ecd/test_hostile.py",
            **dict.fromkeys(
                (
                    "test_filters.test_the_subledger_is_cut[ecd-document_type]",
                    "test_filters.test_the_subledger_is_cut[ecd-document_type cost_center]",
                    "test_maps.test_a_map_filters",
                    "test_maps.test_batches_respect_stream_maps",
                ),
                "an ECD has no types of documents",
            ),
            **dict.fromkeys(
                (
                    "test_periods.test_a_span_that_begins_and_ends_within_months[ecd-range]",
                    "test_periods.test_one_day",
                ),
                "an ECD states whole months: tests/ecd/test_state.py",
            ),
            "test_periods.test_a_span_that_begins_and_ends_within_months[ecd-year]": "the file "
            "of half a year lacks months, which is told: tests/ecd/test_interface.py",
            "test_periods.test_the_names_of_a_company": "its currency is BRL",
            "test_periods.test_the_erp_is_asked_for_the_id_where_no_other_is_set": "a company is "
            "its CNPJ",
        }
    ),
)

ACTIVE = (OMIE, TOTVS, CONTAAZUL, BLING, BLING_V2, ECD)
"""The ERPs whose taps are tested: one entry here is all that a further one needs."""
