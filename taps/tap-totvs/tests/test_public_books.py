# ruff: noqa: INP001 -- packages named tests would hide one another
"""The public API against a simulated site: the ledger is the books', whatever the site is like."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from erp_common.errors import ERPValidationError
from erp_common.ledger.models import Severity, Side
from erp_common.ledger.periods import Period
from simulator import Books, Line, LoggedRequest, Simulator

Rows = Mapping[str, list[dict[str, Any]]]
Run = Callable[[Mapping[str, Any]], Rows]

JANUARY = Period(date(2024, 1, 1), date(2024, 1, 31))
FEBRUARY = Period(date(2024, 2, 1), date(2024, 2, 29))
MARCH = Period(date(2024, 3, 1), date(2024, 3, 31))
ONLY_IN_THE_REFERENCE = {
    "document_number",
    "document_type",
    "entity_id",
    "entity_name",
    "posting_date",
}


def comparable(rows: list[dict[str, Any]], drop: set[str]) -> list[dict[str, Any]]:
    kept = [{k: v for k, v in row.items() if k not in drop} for row in rows]
    return sorted(kept, key=lambda row: [str(row.get(k)) for k in sorted(row)])


@pytest.mark.parametrize("auth_type", ["oauth2", "basic_auth", "bearer_token"])
def test_both_apis_give_the_same_rows(public: Any, extract: Run, auth_type: str) -> None:
    with Simulator(Books.generate()) as sim:
        company = {"id": "ACME", "erp_id": sim.books.company.id, "name": "Acme"}
        rows = extract(public.settings(sim, auth_type=auth_type, companies=[company]))
        reference = extract(
            {
                "base_url": sim.base_url("totvs"),
                "ca_bundle": sim.ca_bundle,
                "companies": [company],
                "rate_limit": {"requests": 100000, "burst": 10000},
                **sim.credentials("totvs"),
                **public.QUARTER,
            }
        )
    now = {"extracted_at", "metadata"}
    for stream in ("trial_balance", "periods"):
        assert comparable(rows[stream], now) == comparable(reference[stream], now)
    now |= ONLY_IN_THE_REFERENCE
    assert rows["subledger"]
    assert comparable(rows["subledger"], now) == comparable(reference["subledger"], now)
    assert rows["validation_issues"] == reference["validation_issues"] == []
    for period in rows["periods"]:
        assert (period["basis"], period["is_balanced"], period["is_reconciled"]) == (
            "reported",
            True,
            True,
        )
        assert period["metadata"] == {
            "api": "public",
            "accounts": "CT1",
            "balances": "CQ0",
            "postings": "CT2",
            "currency": "01",
            "balance_type": "1",
            "balance_convention": "natural",
        }


@pytest.mark.parametrize(
    "mood",
    [
        {},
        {"padded": False},
        {"cp1252": "declared"},
        {"cp1252": "undeclared"},
        {"has_next": "number"},
        {"has_next": "string"},
        {"has_next": "absent"},
        {"iso_dates": True},
        {"numbers": "string"},
        {"numbers": "brazilian"},
        {"dust": True},
        {"shared_chart": False},
        {"filters_by_default": False},
        {"hidden": ["CT1_CTASUP", "R_E_C_N_O_"]},
    ],
    ids=str,
)
@pytest.mark.parametrize("page_cap", [None, 7])
def test_the_ledger_whatever_the_site_is_like(
    public: Any, mood: dict[str, Any], page_cap: int | None
) -> None:
    with Simulator(Books.generate()) as sim:
        for name, value in mood.items():
            setattr(sim.totvs_public, name, value)
        sim.totvs_public.page_cap = page_cap
        public.assert_is_the_books(sim, public.read(sim)["ACME"])


def test_texts_and_cost_centers_may_be_hidden(public: Any) -> None:
    with Simulator(Books.generate()) as sim:
        sim.totvs_public.hidden = {"CT2_HIST", "CT2_CCD", "CT2_CCC", "CT1_NATCTA"}
        extracts = public.read(sim)["ACME"]
        company = sim.books.company
        assert [public.nets(one) for one in extracts] == [
            company.trial_balance(one.period.start, one.period.end) for one in extracts
        ]
        assert [one.header.is_reconciled for one in extracts] == [True] * 3
        assert {p.description for one in extracts for p in one.postings} == {None}
        assert [one.issues for one in extracts] == [[]] * 3


def test_a_year_that_is_closed_in_the_books(public: Any) -> None:
    books = Books.generate(
        start=date(2023, 11, 1), end=date(2024, 1, 31), year_end_closing=True, entries_per_month=20
    )
    with Simulator(books) as sim:
        sim.totvs_public.page_cap = 3
        extracts = public.read(sim, start_date="2023-11-01", end_date="2024-01-31")["ACME"]
        public.assert_is_the_books(sim, extracts)
        zeroed = [e for e in books.company.entries if e.document_type == "ENC"]
    result = {line.account for entry in zeroed for line in entry.lines if line.account[0] in "345"}
    assert result
    december, january = extracts[1:]
    assert {b.net_closing_balance for b in december.balances if b.account_code in result} == {0}
    assert {b.net_opening_balance for b in january.balances if b.account_code in result} == {0}
    marked = [p for one in extracts for p in one.postings if p.metadata]
    assert len(marked) == sum(len(entry.lines) for entry in zeroed)
    assert [p.metadata for p in marked] == [{"closing_date": "2023-12-31"}] * len(marked)


@pytest.mark.parametrize("cut", ["quarter", "range"])
def test_periods_of_several_months(public: Any, cut: str) -> None:
    with Simulator(Books.generate()) as sim:
        (extract,) = public.read(sim, period=cut)["ACME"]
        assert extract.period == Period(date(2024, 1, 1), date(2024, 3, 31))
        public.assert_is_the_books(sim, [extract])


def test_balances_are_debit_positive_if_the_settings_say_so(public: Any) -> None:
    with Simulator(Books.generate()) as sim:
        usual = public.read(sim)["ACME"][0]
        turned = public.read(sim, balance_convention="debit_positive")["ACME"][0]
    assert public.nets(usual) == public.nets(turned)
    assert [(b.opening_balance, b.closing_balance) for b in turned.balances] == [
        (b.net_opening_balance, b.net_closing_balance) for b in turned.balances
    ]
    assert [b.opening_balance for b in usual.balances] == [
        -b.net_opening_balance if b.normal_balance is Side.CREDIT else b.net_opening_balance
        for b in usual.balances
    ]
    assert turned.header.metadata["balance_convention"] == "debit_positive"


def test_a_run_that_starts_later_gives_the_same_rows(public: Any) -> None:
    with Simulator(Books.generate()) as sim:
        full = public.read(sim)["ACME"]
        later = public.read(sim, periods=[FEBRUARY, MARCH])["ACME"]
    assert later == full[1:]


@pytest.mark.parametrize(("lookback", "first"), [(0, FEBRUARY), (1, JANUARY)])
def test_runs_in_a_chain_give_the_rows_of_a_full_refresh(
    public: Any, tmp_path: Path, lookback: int, first: Period
) -> None:
    def run(name: str, state: Any = None, **more: Any) -> tuple[list[Any], Any]:
        files = {"config": public.settings(sim, **more), "state": state or {}}
        for kind, content in files.items():
            (tmp_path / f"{name}.{kind}").write_text(json.dumps(content), encoding="utf-8")
        paths = [f"--{kind}={tmp_path / name}.{kind}" for kind in files]
        done = subprocess.run(
            [sys.executable, "-m", "tap_totvs", *paths], capture_output=True, check=True
        )
        messages = [json.loads(line, parse_float=Decimal) for line in done.stdout.splitlines()]
        states = [message["value"] for message in messages if message["type"] == "STATE"]
        rows = [
            (m["stream"], {**m["record"], "extracted_at": None})
            for m in messages
            if m["type"] == "RECORD"
        ]
        return rows, states[-1]

    with Simulator(Books.generate()) as sim:
        company = sim.books.company
        _, state = run("first", end_date="2024-02-29")
        edited = company.entries_between(*_span(FEBRUARY))[3]
        company.edit_entry(edited.id, date=date(2024, 2, 28))
        company.delete_entry(company.entries_between(*_span(FEBRUARY))[0].id)
        chained, _ = run("second", state, lookback_periods=lookback)
        full, _ = run("full")
    assert chained == [row for row in full if row[1]["period_start"] >= str(first.start)]


@pytest.mark.parametrize("together", [1, 12])
def test_each_month_is_asked_for_once(public: Any, together: int) -> None:
    """The balances month by month; the entries too, or those of all months at once."""
    months = [("20240101", "20240131"), ("20240201", "20240229"), ("20240301", "20240331")]
    windows = months if together == 1 else [("20240101", "20240331")]
    with Simulator(Books.generate()) as sim:
        public.read(sim, periods_per_request=together)
        asked = [(r.endpoint, r.params.get("where")) for r in sim.requests.select("totvs_public")]
    books = " AND {0}_MOEDA = '01' AND {0}_TPSALD = '1'"
    assert sorted(asked, key=str) == sorted(
        [
            ("CT1", None),
            ("CQ0", "CQ0_DATA <= '20231231'" + books.format("CQ0")),
            *(
                (table, f"{table}_DATA >= '{first}' AND {table}_DATA <= '{last}'" + more)
                for table, spans, more in (
                    ("CQ0", months, books.format("CQ0")),
                    ("CT2", windows, " AND CT2_MOEDLC = '01' AND CT2_TPSALD = '1'"),
                )
                for first, last in spans
            ),
        ],
        key=str,
    )


def test_no_more_than_two_requests_at_once(public: Any) -> None:
    with Simulator(Books.generate(), latency=0.02) as sim:
        public.read(sim)
        assert sim.requests.most_in_flight("totvs_public") <= 2


def test_each_company_has_the_books_of_its_own_tenant(public: Any) -> None:
    with Simulator(Books.generate(companies=2)) as sim:
        first, second = sim.books.companies
        companies = [
            {"id": "A", "erp_id": f"{first.id},{first.filial}"},
            {"id": "B", "erp_id": f"{second.id},{second.filial}"},
        ]
        extracts = public.read(sim, companies=companies, tenant=None)
        for name, company in (("A", first), ("B", second)):
            assert [public.nets(one) for one in extracts[name]] == [
                company.trial_balance(one.period.start, one.period.end) for one in extracts[name]
            ]
        assert public.nets(extracts["A"][0]) != public.nets(extracts["B"][0])


@pytest.mark.parametrize("shared_chart", [True, False])
def test_a_tenant_without_a_branch_is_the_whole_group(public: Any, shared_chart: bool) -> None:  # noqa: FBT001
    with Simulator(Books.generate(companies=2)) as sim:
        sim.totvs_public.shared_chart = shared_chart
        (extract,) = public.read(sim, tenant="101,", period="quarter")["ACME"]
        both = [company.trial_balance(*_span(extract.period)) for company in sim.books.companies]
        count = sum(len(company.lines(*_span(extract.period))) for company in sim.books.companies)
    assert public.nets(extract) == [
        (a.code, *(x + y for x, y in zip(a[1:], b[1:], strict=True)))
        for a, b in zip(*both, strict=True)
    ]
    assert (len(extract.postings), extract.issues) == (count, [])
    keys = {(p.account_code, p.entry_id, p.line_number) for p in extract.postings}
    assert len(keys) == count


def test_branches_may_call_an_account_by_different_names(public: Any) -> None:
    with Simulator(Books.generate(companies=2)) as sim:
        sim.totvs_public.shared_chart = False

        def renamed(body: dict[str, Any], _: object) -> None:
            for at, row in enumerate(body["items"]):
                row["ct1_desc01"] = f"Nome {at}"

        with sim.tamper("totvs_public", "CT1", renamed):
            (extract,) = public.read(sim, tenant="101,", period="quarter")["ACME"]
    assert "DUPLICATE_ACCOUNT" not in [issue.code for issue in extract.issues]


def test_an_account_without_name_and_side_keeps_its_balances(public: Any) -> None:
    with Simulator(Books.generate()) as sim:
        (usual,) = public.read(sim, period="quarter")["ACME"]

        def bare(body: dict[str, Any], _: object) -> None:
            for row in body["items"]:
                row |= {"ct1_desc01": " " * 40, "ct1_normal": " "}

        with sim.tamper("totvs_public", "CT1", bare):
            (extract,) = public.read(sim, period="quarter")["ACME"]
    assert public.nets(extract) == public.nets(usual)
    assert not [issue for issue in extract.issues if issue.severity is Severity.ERROR]


def _span(period: Period) -> tuple[date, date]:
    return period.start, period.end


@pytest.mark.parametrize(
    ("table", "column"),
    [
        *(("CT1", f"CT1_{name}") for name in ("CONTA", "DESC01", "CLASSE", "NORMAL")),
        *(("CQ0", f"CQ0_{name}") for name in ("CONTA", "DATA", "DEBITO", "CREDIT")),
        *(
            ("CT2", f"CT2_{name}")
            for name in ("FILIAL", "DATA", "LOTE", "SBLOTE", "DOC", "LINHA", "DC", "DEBITO")
        ),
        ("CT2", "CT2_CREDIT"),
        ("CT2", "CT2_VALOR"),
    ],
)
def test_a_hidden_key_column_is_named(public: Any, table: str, column: str) -> None:
    with Simulator(Books.generate()) as sim:
        sim.totvs_public.hidden = {column}
        with pytest.raises(ERPValidationError, match=rf"lacks {column}: .* access"):
            public.read(sim)
        assert sim.requests.count("totvs_public", table) >= 1


def test_classes_the_wrong_way_round_are_found_and_put_right(public: Any) -> None:
    with Simulator(Books.generate()) as sim:
        sim.totvs_public.inverted_class = True
        (extract,) = public.read(sim, period="quarter")["ACME"]
        assert public.nets(extract) == sim.books.company.trial_balance(*_span(extract.period))
    (issue,) = extract.issues
    assert issue.code == "ACCOUNT_CLASS_INVERTED"
    assert "summary_class" not in issue.message  # which this API does not read


def test_an_account_turned_summary_keeps_its_balance_and_is_told_of(public: Any) -> None:
    with Simulator(Books.generate()) as sim:
        company = sim.books.company
        known = next(
            account
            for account in company.accounts
            if not account.is_summary and company.opening.get(account.code)
        )
        below = replace(known, code=f"{known.code}.01", parent=known.code, level=known.level + 1)
        company.put_account(replace(known, is_summary=True))
        company.put_account(below)
        first = public.read(sim)["ACME"][0]
    opening = company.opening[known.code]
    (told,) = [issue for issue in first.issues if issue.code == "BALANCE_ON_SUMMARY"]
    assert (told.account_code, told.severity) == (known.code, Severity.ERROR)
    assert Decimal(told.actual) == opening
    assert first.header.is_balanced
    held = {row.account_code: row.net_opening_balance for row in first.balances}
    assert held[known.code] == opening
    assert held[below.code] == 0


def without_first(account: str, column: str) -> Callable[[Any, LoggedRequest], None]:
    """Drop the first row of an account."""

    def change(body: Any, request: LoggedRequest) -> None:
        del request
        for row in body["items"]:
            if row[column].strip() == account:
                body["items"].remove(row)
                break

    return change


@pytest.mark.parametrize(
    ("table", "column"), [("CQ0", "cq0_conta"), ("CT2", "ct2_debito"), ("CT2", "ct2_credit")]
)
def test_the_tie_out_compares_two_tables(public: Any, table: str, column: str) -> None:
    with Simulator(Books.generate()) as sim:
        first = next(
            line.account
            for _, line in sim.books.company.lines(*_span(JANUARY))
            if bool(line.credit) == (column == "ct2_credit")
        )
        with sim.tamper("totvs_public", table, without_first(first, column)):
            extract = public.read(sim, periods=[JANUARY])["ACME"][0]
    found = {(issue.code, issue.account_code) for issue in extract.issues}
    assert ("SUBLEDGER_MISMATCH", first) in found
    assert extract.header.is_reconciled is False


def test_a_row_keyed_in_between_two_pages_doubles_none(public: Any) -> None:
    with Simulator(Books.generate()) as sim:
        sim.totvs_public.page_cap = 10
        company = sim.books.company
        expected = public.lines_of_books(sim, JANUARY)
        account = company.lines(*_span(JANUARY))[0].line.account

        def key_in(body: Any, request: LoggedRequest) -> None:
            del body
            if request.page == 1:
                one = Line(account, Decimal("1.00"), Decimal(0))
                other = Line(account, Decimal(0), Decimal("1.00"))
                # It sorts before what has been read.
                company.add_entry(id=5_300_000_000, date=JANUARY.start, lines=[one, other])

        with sim.tamper("totvs_public", "CT2", key_in):
            extract = public.read(sim, periods=[JANUARY])["ACME"][0]
        assert len(company.lines(*_span(JANUARY))) == len(expected) + 2
        assert sim.requests.count("totvs_public", "CT2") > 5
    assert public.lines(extract) == expected


def test_more_rows_announced_after_an_empty_page(public: Any) -> None:
    with Simulator(Books.generate()) as sim:

        def empty(body: Any, request: LoggedRequest) -> None:
            del request
            body["items"].clear()
            body["hasNext"] = True

        with (
            sim.tamper("totvs_public", "CQ0", empty),
            pytest.raises(ERPValidationError, match="is empty, but the ERP says that more follow"),
        ):
            public.read(sim)


@pytest.mark.parametrize("said", ["", "  "])
def test_nothing_said_of_what_follows_is_asked_to_the_end(public: Any, said: str) -> None:
    with Simulator(Books.generate()) as sim:
        sim.totvs_public.page_cap = 50
        (usual,) = public.read(sim, period="quarter")["ACME"]
        blank = lambda body, _: {**body, "hasNext": said}  # noqa: E731
        with (
            sim.tamper("totvs_public", "CT1", blank),
            sim.tamper("totvs_public", "CQ0", blank),
            sim.tamper("totvs_public", "CT2", blank),
        ):
            (extract,) = public.read(sim, period="quarter")["ACME"]
    assert public.nets(extract) == public.nets(usual)
    assert (len(extract.postings), extract.issues) == (len(usual.postings), [])


@pytest.mark.parametrize("has_next", [False, None])
@pytest.mark.parametrize("as_text", [False, True])
def test_rows_that_are_counted_as_remaining_are_asked_for(
    public: Any, has_next: object, *, as_text: bool
) -> None:
    with Simulator(Books.generate()) as sim:
        (usual,) = public.read(sim, period="quarter")["ACME"]
        sim.totvs_public.page_cap = 50

        def remaining(body: Any, _: object) -> Any:
            count = 7 if body["hasNext"] else 0
            more = {"hasNext": has_next, "remainingRecords": str(count) if as_text else count}
            return body | more

        with (
            sim.tamper("totvs_public", "CT1", remaining),
            sim.tamper("totvs_public", "CQ0", remaining),
            sim.tamper("totvs_public", "CT2", remaining),
        ):
            (extract,) = public.read(sim, period="quarter")["ACME"]
    assert public.nets(extract) == public.nets(usual)
    assert (len(extract.postings), extract.issues) == (len(usual.postings), [])


def test_rows_that_are_counted_as_remaining_and_do_not_come_are_an_error(public: Any) -> None:
    with Simulator(Books.generate()) as sim:
        short = lambda body, _: body | {"hasNext": False, "remainingRecords": 3}  # noqa: E731
        with (
            sim.tamper("totvs_public", "CQ0", short),
            pytest.raises(ERPValidationError, match="is empty, but the ERP says that more follow"),
        ):
            public.read(sim)


@pytest.mark.parametrize("said", ["perhaps", 7, [1]])
def test_what_follows_is_not_said_clearly(public: Any, said: object) -> None:
    with Simulator(Books.generate()) as sim:
        unclear = lambda body, _: {**body, "hasNext": said}  # noqa: E731
        with (
            sim.tamper("totvs_public", "CT1", unclear),
            pytest.raises(ERPValidationError, match=r"hasNext is .* which is no yes or no"),
        ):
            public.read(sim)


def test_an_account_that_is_not_in_the_chart_is_emitted_and_told_once(public: Any) -> None:
    with Simulator(Books.generate()) as sim:
        company = sim.books.company
        code = company.lines(*_span(JANUARY))[0].line.account
        company.drop_account(code)
        extract = public.read(sim, periods=[JANUARY])["ACME"][0]
    assert [(i.code, i.account_code) for i in extract.issues] == [("ACCOUNT_NOT_IN_CHART", code)]
    assert extract.balances[-1].account_code == code
    assert extract.header.is_balanced
    assert extract.header.is_reconciled
