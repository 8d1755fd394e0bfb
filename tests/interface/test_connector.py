"""The Python interface, against the simulator: the same books as the streams."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import pytest

import erp_common
from erp_common import (
    AuthType,
    Connector,
    ConnectorFactory,
    ERPAuthenticationError,
    ERPConnectionError,
    ERPError,
    ERPValidationError,
    create_connector,
    create_connector_for_company,
    validate_trial_balance,
)
from erp_common.http.health import ConnectionStatus
from simulator import Books, Simulator, faults

START, END = date(2024, 1, 10), date(2024, 2, 20)
BANK = "1.1.01.02.001"

# The simulator's name of each ERP type that is called; what files hold is tested with files.
INSTALLED = entry_points(group="erp_common.taps")
ERPS = {
    point.name: point.name.removesuffix("_protheus")
    for point in INSTALLED
    if point.load().settings_class.calls
}


@pytest.fixture(scope="module")
def simulator() -> Iterator[Simulator]:
    with Simulator(Books.generate(opening="entry")) as served:
        yield served


@pytest.fixture(params=sorted(ERPS))
def erp_type(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def _config(simulator: Simulator, erp_type: str) -> dict[str, Any]:
    erp = ERPS[erp_type]
    return {
        "base_url": simulator.base_url(erp),
        "ca_bundle": str(simulator.ca_bundle),
        "rate_limit": {"requests": 100_000, "burst": 10_000},
        "opening_balances_from": "2023-12-31",
    }


def _connector(simulator: Simulator, erp_type: str, **config: Any) -> Connector:
    credentials = dict(simulator.credentials(ERPS[erp_type]))
    auth_type = credentials.pop("auth_type", None)
    return create_connector(
        erp_type=erp_type,
        auth_type=auth_type,
        credentials=credentials,
        config={**_config(simulator, erp_type), **config},
    )


def test_the_trial_balance_is_that_of_the_books(simulator: Simulator, erp_type: str) -> None:
    company = simulator.books.company
    with _connector(simulator, erp_type) as erp:
        found = erp.get_trial_balance(company.id, START, END)
    assert (found.company_id, found.period_start, found.period_end) == (company.id, START, END)
    assert found.currency == "BRL"
    assert found.metadata["is_balanced"]
    assert validate_trial_balance(found) == (True, [])
    told = {row.account_code: row for row in found.accounts}
    for row in company.trial_balance(START, END):
        mine = told[row.code]
        assert (mine.net_opening_balance, mine.debit_amount) == (row.opening, row.debit)
        assert (mine.credit_amount, mine.net_closing_balance) == (row.credit, row.closing)


def test_the_postings_of_an_account_are_those_of_the_books(
    simulator: Simulator, erp_type: str
) -> None:
    company = simulator.books.company
    expected = sorted((one.line.debit, one.line.credit) for one in company.lines(START, END, BANK))
    with _connector(simulator, erp_type) as erp:
        entries = erp.get_subledger_details(company.id, BANK, START, END)
        streamed = list(erp.iter_subledger_details(company.id, BANK, START, END))
    assert sorted((one.debit_amount, one.credit_amount) for one in entries) == expected
    assert [one.entry_id for one in streamed] == [one.entry_id for one in entries]
    assert all(isinstance(one.debit_amount, Decimal) for one in entries)
    assert all(START <= one.transaction_date <= END for one in entries)


def test_an_entry_has_its_account_s_name(simulator: Simulator, erp_type: str) -> None:
    with _connector(simulator, erp_type) as erp:
        before = erp.get_subledger_details("101", BANK, START, END)
        (account,) = [
            one
            for one in erp.get_trial_balance("101", START, END).accounts
            if one.account_code == BANK
        ]
        after = erp.get_subledger_details("101", BANK, START, END)
    assert {one.account_name for one in (*before, *after)} == {account.account_name}


def test_an_account_that_is_not_there_is_told(simulator: Simulator, erp_type: str) -> None:
    with (
        _connector(simulator, erp_type) as erp,
        pytest.raises(ERPValidationError, match="has no account 77"),
    ):
        erp.get_subledger_details("101", "77", START, END)


@pytest.mark.parametrize("erp_type", ["omie", "totvs_protheus"])
def test_what_a_trial_balance_has_told_is_not_asked_for_again(
    simulator: Simulator, erp_type: str
) -> None:
    """Omie refuses the same question within a minute."""
    with _connector(simulator, erp_type) as erp:
        accounts = erp.get_trial_balance("101", START, END).accounts
        asked = simulator.requests.count()
        for account in accounts[-3:]:
            erp.get_subledger_details("101", account.account_code, START, END)
    assert simulator.requests.count() == asked + 3


@pytest.mark.parametrize("erp_type", ["omie", "totvs_protheus"])
def test_postings_come_without_a_trial_balance(simulator: Simulator, erp_type: str) -> None:
    endpoint = "ListarBalancete" if erp_type == "omie" else "balancete"
    with _connector(simulator, erp_type, retry={"max_attempts": 1}) as erp:
        named = erp.get_subledger_details("101", BANK, START, END)
    rule = simulator.faults.add(faults.status(400), endpoint=endpoint, times=None)
    try:
        with _connector(simulator, erp_type, retry={"max_attempts": 1}) as erp:
            found = erp.get_subledger_details("101", BANK, START, END)
    finally:
        rule.cancel()
    assert rule.hits == 1
    assert [one.entry_id for one in found] == [one.entry_id for one in named]


def test_all_erps_tell_the_same_books(simulator: Simulator) -> None:
    """The same company, read through every ERP."""
    ledgers: dict[str, Any] = {}
    for erp_type in ERPS:
        with _connector(simulator, erp_type) as erp:
            rows = erp.get_trial_balance("101", START, END).accounts
            entries = erp.get_subledger_details("101", BANK, START, END)
        ledgers[erp_type] = (
            {
                row.account_code: (
                    row.account_type,
                    row.level,
                    row.is_summary,
                    row.net_opening_balance,
                    row.debit_amount,
                    row.credit_amount,
                    row.net_closing_balance,
                )
                for row in rows
            },
            sorted((one.transaction_date, one.debit_amount, one.credit_amount) for one in entries),
        )
    first, *others = ledgers.values()
    assert all(other == first for other in others)


def test_the_same_as_coroutines(simulator: Simulator, erp_type: str) -> None:
    async def ask() -> tuple[int, int, int]:
        async with _connector(simulator, erp_type) as erp:
            assert (await erp.health_check()).status is ConnectionStatus.CONNECTED
            balance = await erp.get_trial_balance("101", START, END, {"level": 1})
            entries = await erp.get_subledger_details("101", BANK, START, END)
            rows = [row async for row in erp.iter_subledger_details("101", BANK, START, END)]
        return len(balance.accounts), len(entries), len(rows)

    roots, entries, rows = asyncio.run(ask())
    assert roots == 5
    assert entries == rows == len(simulator.books.company.lines(START, END, BANK))


def test_filters_cut_what_is_returned_and_not_the_totals(
    simulator: Simulator, erp_type: str
) -> None:
    with _connector(simulator, erp_type) as erp:
        whole = erp.get_trial_balance("101", START, END)
        assets = erp.get_trial_balance("101", START, END, filters={"account_types": ["Ativo"]})
    assert {row.account_type for row in assets.accounts} == {"ASSET"}
    assert assets.metadata["total_debit"] == whole.metadata["total_debit"]


def test_days_may_be_moments(simulator: Simulator) -> None:
    with _connector(simulator, "omie") as erp:
        found = erp.get_trial_balance("101", datetime(2024, 1, 1), datetime(2024, 1, 31))  # noqa: DTZ001
    assert (found.period_start, found.period_end) == (date(2024, 1, 1), date(2024, 1, 31))


def test_it_connects_and_disconnects(simulator: Simulator) -> None:
    erp = _connector(simulator, "omie")
    with pytest.raises(ERPConnectionError, match="not connected"):
        erp.get_trial_balance("101", START, END)
    erp.connect()
    assert erp.health_check().status is ConnectionStatus.CONNECTED
    erp.disconnect()
    with pytest.raises(ERPConnectionError, match="not connected"):
        erp.health_check()


def test_errors_are_the_erps(simulator: Simulator) -> None:
    keys = {"app_key": "wrong", "app_secret": "wrong"}
    with (
        create_connector("omie", AuthType.API_KEY, keys, _config(simulator, "omie")) as erp,
        pytest.raises(ERPAuthenticationError),
    ):
        erp.get_trial_balance("101", START, END)
    with _connector(simulator, "omie") as erp:
        with pytest.raises(ERPValidationError, match="999"):
            erp.get_trial_balance("999", START, END)
        with pytest.raises(ERPValidationError, match="lies before"):
            erp.get_trial_balance("101", END, START)
        with pytest.raises(ERPValidationError, match="company_id is empty"):
            erp.get_trial_balance(" ", START, END)
        with pytest.raises(ERPValidationError, match="account_code is empty"):
            erp.get_subledger_details("101", " ", START, END)
        with pytest.raises(ERPValidationError, match="levl"):
            erp.get_trial_balance("101", START, END, filters={"levl": 1})


def test_a_row_that_cannot_be_read_is_never_left_out(simulator: Simulator) -> None:
    def break_one(body: dict[str, Any], _request: object) -> dict[str, Any]:
        body["movimentos"][0]["dDtMov"] = "31/02/2024"
        return body

    with (
        simulator.tamper("omie", "ListarMovimentos", break_one),
        _connector(simulator, "omie") as erp,
        pytest.raises(ERPValidationError, match="31/02/2024"),
    ):
        erp.get_subledger_details("101", BANK, START, END)


def test_a_row_that_repeats_a_key_does_not_tell_it(simulator: Simulator) -> None:
    secret = simulator.credentials("omie")["app_secret"]

    def echo(body: dict[str, Any], _request: object) -> dict[str, Any]:
        body["movimentos"][0]["dDtMov"] = secret
        return body

    with (
        simulator.tamper("omie", "ListarMovimentos", echo),
        _connector(simulator, "omie") as erp,
        pytest.raises(ERPValidationError, match="dDtMov") as told,
    ):
        erp.get_subledger_details("101", BANK, START, END)
    assert secret not in str(told.value)


class TestFactory:
    """From a type or a company to its connector."""

    def test_an_unknown_erp_is_told(self) -> None:
        with pytest.raises(ERPValidationError, match="reads 'sap'; installed are bling, "):
            create_connector("sap")

    def test_a_missing_setting_is_told(self) -> None:
        with pytest.raises(ERPValidationError, match="app_secret must be set"):
            create_connector("omie", "api_key", {"app_key": "key"})

    def test_a_tap_that_is_not_installed_is_told(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("erp_common.connector.factory.entry_points", lambda **_: ())
        with pytest.raises(ERPValidationError, match=r"installed are none\..* such as tap-omie"):
            create_connector("omie")

    def test_a_company_finds_its_erp(self, simulator: Simulator) -> None:
        credentials = simulator.credentials("omie")
        with create_connector_for_company(
            "DATAHUB", credentials=credentials, config=_config(simulator, "omie")
        ) as erp:
            assert erp.health_check().status is ConnectionStatus.CONNECTED
        assert erp_common.PORTFOLIO_COMPANY_ERP_MAPPING["DATAHUB"] == "omie"

    def test_the_portfolio_can_be_another_file(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        file = tmp_path / "portfolio.yml"
        monkeypatch.setenv("ERP_PORTFOLIO", str(file))
        with pytest.raises(ERPError, match="cannot be read"):
            create_connector_for_company("NEWCO")
        file.write_text("companies: [NEWCO]", encoding="utf-8")
        with pytest.raises(ERPError, match="must hold `companies:`"):
            create_connector_for_company("NEWCO")
        file.write_text("companies: {NEWCO: omie}", encoding="utf-8")
        with pytest.raises(ERPError, match="app_key and app_secret must be set"):
            create_connector_for_company("NEWCO")
        with pytest.raises(ERPError, match="'DATAHUB' is no company of the portfolio"):
            create_connector_for_company("DATAHUB")

    def test_it_knows_what_is_installed(self) -> None:
        assert ConnectorFactory().erp_types == sorted(point.name for point in INSTALLED)


def test_every_public_name_is_there() -> None:
    for name in erp_common.__all__:
        assert getattr(erp_common, name) is not None
    assert set(erp_common.__all__) <= set(dir(erp_common))
    with pytest.raises(AttributeError):
        _ = erp_common.nothing


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"bsae_url": "https://127.0.0.1"}, "has no setting bsae_url: it is ignored; did you mean"),
        ({"rate_limit.requests": 5}, 'write it as an object: "rate_limit": {"requests": …}'),
    ],
    ids=str,
)
def test_a_misspelt_setting_is_told(
    wrong: dict[str, Any], told: str, caplog: pytest.LogCaptureFixture
) -> None:
    keys = {"app_key": "k", "app_secret": "s"}
    create_connector("omie", "api_key", credentials=keys, config=wrong)
    assert told in caplog.text


def test_a_misspelt_credential_is_told_beside_the_right_one() -> None:
    keys = {"app_kye": "k", "app_secret": "s"}
    with pytest.raises(ValueError, match="no setting app_kye; did you mean app_key"):
        create_connector("omie", "api_key", credentials=keys)
