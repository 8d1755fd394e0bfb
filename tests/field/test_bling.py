"""`tap-bling` with `api: public` against Bling as its documents tell it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from field.bling import Bling, CashRow
from field.books import account, balances, header, lines, whole
from field.server import Answer, Call

if TYPE_CHECKING:
    from contract.commands import Run
    from field.conftest import Open, Reader

JANUARY: dict[str, Any] = {"start_date": "2024-01-01", "end_date": "2024-01-31"}
KEYS: dict[str, Any] = {
    "api": "public",
    "auth_type": "bearer_token",
    "access_token": "segredo-do-teste",
    "companies": [{"id": "acme", "erp_id": "12345678000195"}],
}
SALE = {"CC.11": account("0", "100", "0"), "CAT.50": account("0", "0", "100")}


def sale(**more: Any) -> CashRow:
    """Received 100 on 10 January."""
    facts: dict[str, Any] = {"number": 1, "day": date(2024, 1, 10), "amount": Decimal("100.00")}
    return CashRow(**facts | more)


def told(run: Run) -> list[str]:
    """The findings, but for the opening that Bling cannot state."""
    return [code for code in run.codes if code != "OPENING_ASSUMED_ZERO"]


@pytest.fixture
def january(stage: Open, read: Reader) -> Callable[..., Run]:
    """Read January 2024 of these facts."""

    def run(bling: Bling, **settings: Any) -> Run:
        return read("tap-bling", stage(bling.script()), **KEYS | JANUARY | settings)

    return run


@pytest.mark.parametrize("brazilian_dates", [False, True])
def test_a_sale(january: Callable[..., Run], *, brazilian_dates: bool) -> None:
    """Bank and category, with the history as the text; dates come in two forms."""
    run = january(Bling([sale()], brazilian_dates=brazilian_dates))
    whole(run)
    assert balances(run, "2024-01") == SALE
    assert lines(run, "2024-01") == [
        ("CAT.50", "2024-01-10", Decimal(-100)),
        ("CC.11", "2024-01-10", Decimal(100)),
    ]
    assert {row["description"] for row in run.records("subledger")} == {"venda de balcão"}
    assert told(run) == []
    assert header(run, "2024-01")[:2] == (True, True)


@pytest.mark.parametrize("category", [50, 0])
def test_a_transfer_is_a_flag(january: Callable[..., Run], category: int) -> None:
    """Both sides stand against the clearing account, whatever the category says."""
    run = january(
        Bling(
            [
                sale(amount=Decimal(300), side="D", transfer="1", category=category),
                sale(number=2, amount=Decimal(300), bank=12, transfer="1", category=category),
            ]
        )
    )
    whole(run)
    assert balances(run, "2024-01") == {
        "CC.11": account("0", "0", "300"),
        "CC.12": account("0", "300", "0"),
        "CLEARING.TRANSFER": account("0", "300", "300"),
    }
    assert told(run) == []


@pytest.mark.parametrize("situation", ["C", "N", "P", "H", "E"])
def test_only_registered_rows_are_posted(january: Callable[..., Run], situation: str) -> None:
    """Also where the filter is ignored; the known other states are no finding."""
    run = january(Bling([sale(), sale(number=2, situation=situation)]))
    whole(run)
    assert balances(run, "2024-01") == SALE
    assert told(run) == []


def test_a_state_that_nobody_knows_is_told(january: Callable[..., Run]) -> None:
    """It is not posted, and there is a finding."""
    run = january(Bling([sale(), sale(number=2, situation="Z")]))
    whole(run)
    assert balances(run, "2024-01") == SALE
    assert "UNKNOWN_SITUATION" in told(run)


@pytest.mark.parametrize("kind", [1, 2])
def test_what_went_out_counts_once_however_it_is_signed(
    january: Callable[..., Run], kind: int
) -> None:
    """`debCred` says the side; an amount below zero says it once more, `tipoLancamento` nothing."""
    spent = [
        sale(number=n, side="D", category=60, amount=amount, more={"tipoLancamento": kind})
        for n, amount in enumerate((Decimal(40), Decimal(-40)), 1)
    ]
    run = january(Bling(spent))
    whole(run)
    assert balances(run, "2024-01") == {
        "CC.11": account("0", "0", "80"),
        "CAT.60": account("0", "80", "0"),
    }
    assert told(run) == []


GONE = Answer(
    {"error": {"type": "RESOURCE_NOT_FOUND", "message": "x", "description": "y"}}, status=404
)


class Deleting(Bling):
    """Deletes movements once the first page of the list has been read."""

    deleted: tuple[int, ...] = (2,)
    still_there = False
    """Whether what is deleted has details still, that call it excluded."""

    def _cash(self, call: Call) -> Answer:
        found = super()._cash(call)
        if call.query["pagina"] == "1":
            self.rows = [row for row in self.rows if row.number not in self.deleted]
        return found

    def _detail(self, call: Call) -> Answer:
        number = int(call.path.rpartition("/")[2])
        if number in self.deleted and self.still_there:
            return Answer({"data": self._row(sale(number=number)) | {"situacao": "E"}})
        return super()._detail(call)


def test_a_row_whose_details_have_gone_is_none(january: Callable[..., Run]) -> None:
    """What is deleted between the list and its details moves nothing, and stops nothing."""
    run = january(Deleting([sale(), sale(number=2)]))
    whole(run)
    assert balances(run, "2024-01") == SALE
    assert told(run) == []


@pytest.mark.parametrize("still_there", [False, True])
def test_a_row_that_moves_onto_a_page_that_was_read(
    january: Callable[..., Run], *, still_there: bool
) -> None:
    """What is deleted moves the rows after it, one of them out of what was listed."""
    bling = Deleting([sale(number=n) for n in range(1, 7)], page=3)
    bling.still_there = still_there
    run = january(bling)
    whole(run)
    assert {row["entry_id"] for row in run.records("subledger")} == set("13456")
    assert told(run) == []


def test_a_list_that_says_all_is_compared_with_another(stage: Open, read: Reader) -> None:
    """No details show then what was deleted: the list is read until it lacks nothing it had."""
    bling = Deleting([sale(number=n) for n in range(1, 7)], page=3, all_in_list=True)
    server = stage(bling.script())
    run = read("tap-bling", server, **KEYS, **JANUARY)
    whole(run)
    assert {row["entry_id"] for row in run.records("subledger")} == set("13456")
    assert told(run) == []
    assert sum(call.path == "/caixas" for call in server.calls) == 3 * 3


def test_a_list_that_says_all_and_goes_on_losing_rows_is_told(
    january: Callable[..., Run],
) -> None:
    """Another row is deleted each time that the list is read."""

    class Losing(Bling):
        def _cash(self, call: Call) -> Answer:
            found = super()._cash(call)
            if call.query["pagina"] == "1":
                del self.rows[1]
            return found

    run = january(Losing([sale(number=n) for n in range(1, 20)], page=3, all_in_list=True))
    whole(run)
    assert told(run) == ["ROW_COUNT_MISMATCH"]


@pytest.mark.parametrize(
    ("deleted", "months"), [(2, (1, 2, 2, 1, 3, 3)), (3, (1, 2, 2, 3, 3, 1)), (1, (1, 2, 3, 2, 2))]
)
def test_a_row_of_another_month_that_moves_onto_a_page_that_was_read(
    stage: Open, read: Reader, deleted: int, months: tuple[int, ...]
) -> None:
    """Three months are listed at once: one not read yet is listed anew, or what it lacks told."""
    days = {n: date(2024, month, 10) for n, month in enumerate(months, 1)}
    rows = [sale(number=n, day=day) for n, day in days.items()]
    bling = Deleting(rows, page=3)
    bling.deleted = (deleted,)
    run = read("tap-bling", stage(bling.script()), **KEYS | JANUARY | {"end_date": "2024-03-31"})
    whole(run)
    left = {str(n) for n in days if n != deleted}
    found = {row["entry_id"] for row in run.records("subledger")}
    assert found == left or (found == left - {"4"} and told(run) == ["ROW_COUNT_MISMATCH"])


def test_details_that_are_all_hidden_cost_few_calls(stage: Open, read: Reader) -> None:
    """The list is read as often as other calls are tried, and not for each block of details."""
    script = Bling([sale(number=n) for n in range(1, 301)]).script()
    script.on("GET", "/caixas/*", lambda _: GONE)
    server = stage(script)
    run = read("tap-bling", server, **KEYS, **JANUARY)
    whole(run)
    missing = [
        Decimal(row["expected"]) - Decimal(row["actual"])
        for row in run.records("validation_issues")
        if row["code"] == "ROW_COUNT_MISMATCH"
    ]
    assert sum(missing) == 300
    assert sum(call.path == "/caixas" for call in server.calls) == 3 * 4


@pytest.mark.parametrize("gone", [(1,), (1, 2)])
def test_rows_that_stay_listed_without_details_are_told(
    stage: Open, read: Reader, gone: tuple[int, ...]
) -> None:
    """They have not gone: whatever hides their details, what they moved is missing."""
    script = Bling([sale(number=1), sale(number=2)]).script()
    for number in gone:
        script.on("GET", f"/caixas/{number}", lambda _: GONE)
    run = read("tap-bling", stage(script), **KEYS, **JANUARY)
    whole(run)
    assert "ROW_COUNT_MISMATCH" in told(run)
    assert len(run.records("subledger")) == 4 - 2 * len(gone)


def test_days_are_asked_for_in_iso_form(stage: Open, read: Reader) -> None:
    """And always: without them Bling answers with the current month."""
    server = stage(Bling([sale()]).script())
    whole(read("tap-bling", server, **KEYS, **JANUARY))
    asked = [call.query for call in server.calls if call.path == "/caixas"]
    assert {(one["dataInicial"], one["dataFinal"]) for one in asked} == {
        ("2024-01-01", "2024-01-31")
    }


def test_a_missing_scope_is_told_as_such(stage: Open, read: Reader) -> None:
    """An application without "Caixas e Bancos": a new token adds no scope."""
    script = Bling([sale()]).script()
    refused = {"error": {"type": "FORBIDDEN", "message": "x", "description": "insufficient_scope"}}
    script.on("GET", "/caixas", lambda _: Answer(refused, 403))
    server = stage(script)
    run = read("tap-bling", server, **KEYS, **JANUARY)
    assert run.returncode == 1
    assert run.last_error.startswith("ERPAuthenticationError: ")
    assert [call.path for call in server.calls].count("/caixas") == 1


def test_a_movement_without_category(january: Callable[..., Run]) -> None:
    """It goes to `CAT.NONE` with a warning."""
    run = january(Bling([sale(category=0)]), validation="strict")
    whole(run)
    assert balances(run, "2024-01")["CAT.NONE"] == account("0", "0", "100")
    assert told(run) == ["MISSING_CATEGORY"]


def test_an_empty_object_of_php_is_none(january: Callable[..., Run]) -> None:
    """`contato: []` costs nothing."""
    run = january(Bling([sale(more={"contato": []})]))
    whole(run)
    assert balances(run, "2024-01") == SALE
    assert told(run) == []


@pytest.mark.parametrize(
    ("asked", "right"),
    [("12ABC34501DE35", True), ("12.abc.345/01de-35", True), ("12ABN34501DE35", False)],
)
def test_a_cnpj_with_letters(january: Callable[..., Run], asked: str, *, right: bool) -> None:
    """Letters count, capital or small; dots do not."""
    run = january(
        Bling([sale()], cnpj="12.ABC.345/01DE-35"), companies=[{"id": "acme", "erp_id": asked}]
    )
    assert (run.returncode == 0) is right
    if not right:
        assert not run.records("trial_balance")
        assert "ERPValidationError" in run.last_error or "ERPAuthentication" in run.last_error
