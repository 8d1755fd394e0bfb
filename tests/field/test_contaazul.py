"""`tap-contaazul` with `api: public` against Conta Azul as its documents tell it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from field.books import account, balances, header, whole
from field.contaazul import BANK, COSTS, EVENTS, SAFE, SALES, ContaAzul, Title, transfer
from field.server import Answer, Call, Script

if TYPE_CHECKING:
    from contract.commands import Run
    from field.conftest import Open, Reader

KEYS: dict[str, Any] = {
    "api": "public",
    "auth_type": "bearer_token",
    "access_token": "segredo-do-teste",
    "companies": [{"id": "acme", "erp_id": "12345678000195"}],
    "opening_balances_from": "2023-12-01",
    "start_date": "2024-01-01",
    "end_date": "2024-01-31",
}
SALE = Title("p1", Decimal(100), date(2024, 1, 12))


@pytest.fixture
def january(stage: Open, read: Reader) -> Callable[..., Run]:
    """Read January 2024 of these facts."""

    def run(azul: ContaAzul, **settings: Any) -> Run:
        return read("tap-contaazul", stage(azul.script()), **KEYS | settings)

    return run


@pytest.mark.parametrize("none_is_null", [False, True])
def test_what_was_paid_moves_money(january: Callable[..., Run], *, none_is_null: bool) -> None:
    """Openings, a receipt, a payment in two parts, a transfer; what is open moves nothing."""
    azul = ContaAzul(
        titles=[
            SALE,
            Title("p2", Decimal(999), None),
            Title(
                "p3",
                Decimal(50),
                date(2024, 1, 20),
                receivable=False,
                splits=((COSTS, Decimal(20)), (SALES, Decimal(30))),
            ),
        ],
        transfers=[transfer("300", "2024-01-15")],
        openings={BANK: Decimal(1000)},
        today={BANK: Decimal(750), SAFE: Decimal(300)},
        none_is_null=none_is_null,
    )
    run = january(azul)
    whole(run)
    assert balances(run, "2024-01") == {
        f"CC.{BANK}": account("1000", "100", "350"),
        f"CC.{SAFE}": account("0", "300", "0"),
        f"CAT.{SALES}": account("0", "30", "100"),
        f"CAT.{COSTS}": account("0", "20", "0"),
        "CLEARING.TRANSFER": account("0", "300", "300"),
        "OPENING": account("-1000", "0", "0"),
    }
    assert header(run, "2024-01")[:2] == (True, True)


def test_settlements_that_are_listed_apart(january: Callable[..., Run]) -> None:
    """`/baixa` as `{"itens": […]}` is read like the bare list of the documents."""
    run = january(ContaAzul([SALE], settlements_apart=True, today={BANK: Decimal(100)}))
    whole(run)
    assert balances(run, "2024-01") == {
        f"CC.{BANK}": account("0", "100", "0"),
        f"CAT.{SALES}": account("0", "0", "100"),
    }
    assert run.codes == []


def test_a_list_that_moves_between_pages_is_read_again(stage: Open, read: Reader) -> None:
    """A receipt is keyed in once page 1 has been read: its total is another, a row comes twice."""
    day = date(2024, 1, 12)
    titles = [Title(f"p{n}", Decimal(n), day) for n in range(1, 13)]
    azul = ContaAzul(titles, today={BANK: Decimal(78 + 99)})
    script, plain = Script(), azul.script()

    def play(call: Call) -> Answer:
        answer = plain.play(call)
        assert answer is not None
        receivable = call.path.endswith("/contas-a-receber/buscar")
        if receivable and answer.body["itens"] and len(azul.titles) == len(titles):
            azul.titles = [Title("p99", Decimal(99), day), *titles]
        return answer

    script.on("GET", "/*", play)
    run = read("tap-contaazul", stage(script), **KEYS | {"page_size": 10})
    whole(run)
    assert balances(run, "2024-01")[f"CC.{BANK}"] == account("0", "177", "0")
    assert run.codes == []


@pytest.mark.parametrize(
    ("asked", "right"),
    [("12ABC34501DE35", True), ("12.abc.345/01de-35", True), ("12ABN34501DE35", False)],
)
def test_a_cnpj_with_letters(january: Callable[..., Run], asked: str, *, right: bool) -> None:
    """Letters count, capital or small; dots do not."""
    azul = ContaAzul([SALE], document="12.ABC.345/01DE-35", today={BANK: Decimal(100)})
    run = january(azul, companies=[{"id": "acme", "erp_id": asked}])
    assert (run.returncode == 0) is right, run.stderr
    if not right:
        assert not run.records("trial_balance")


@pytest.mark.parametrize(
    ("kind", "severity"), [("CARTAO_CREDITO", "warning"), ("CONTA_CORRENTE", "error")]
)
def test_an_account_that_does_not_tie_today_is_told(
    january: Callable[..., Run], kind: str, severity: str
) -> None:
    """The balance that Conta Azul states is that of now; a card often lacks movements."""
    first = date.today().replace(day=1)  # noqa: DTZ011 - the month, but for hours in a year
    sold = Title("p1", Decimal(100), first, due=first)
    azul = ContaAzul([sold], kinds={BANK: kind}, today={BANK: Decimal("77.70")})
    run = january(azul, start_date=first.isoformat(), end_date=None)
    whole(run)
    told = [r for r in run.records("validation_issues") if r["code"] != "OPENING_ASSUMED_ZERO"]
    assert [row["severity"] for row in told] == [severity]
    assert told[0]["account_code"] == f"CC.{BANK}"
    assert balances(run, f"{first:%Y-%m}")[f"CC.{BANK}"] == account("0", "100", "0")


def test_a_transfer_whose_origin_is_null_is_told(january: Callable[..., Run]) -> None:
    """The money that arrived counts; where it came from is not guessed."""
    azul = ContaAzul(
        transfers=[transfer("300", "2024-01-15") | {"origem": None}],
        today={SAFE: Decimal(300)},
    )
    run = january(azul)
    whole(run)
    assert balances(run, "2024-01") == {
        f"CC.{SAFE}": account("0", "300", "0"),
        "CLEARING.TRANSFER": account("0", "0", "300"),
    }
    told = [row["code"] for row in run.records("validation_issues")]
    assert told == ["INVALID_RECORD"]


def test_an_opening_entered_before_the_ledger_begins(january: Callable[..., Run]) -> None:
    """Without `opening_balances_from` the ledger starts from nothing, and says so."""
    azul = ContaAzul(titles=[SALE], openings={BANK: Decimal(1000)}, today={BANK: Decimal(1100)})
    run = january(azul, opening_balances_from=None)
    whole(run)
    assert balances(run, "2024-01")[f"CC.{BANK}"] == account("0", "100", "0")
    assert "OPENING_ASSUMED_ZERO" in run.codes
    asked = january(azul)
    assert balances(asked, "2024-01")[f"CC.{BANK}"] == account("1000", "100", "0")
    assert asked.codes == []


class TwoOpenings(ContaAzul):
    """Says of each account a second time what it held, and another amount."""

    def _openings(self, call: Call) -> Answer:
        rows = super()._openings(call).body["itens"]
        rows += [row | {"saldo_inicial": Decimal(55)} for row in rows]
        return Answer({"itens": rows, "itens_totais": len(rows)})


def test_a_second_initial_balance_is_told(january: Callable[..., Run]) -> None:
    """The first is kept, and it is not for the tap to say that the other is nothing."""
    run = january(TwoOpenings(openings={BANK: Decimal(1000)}), start_date="2023-12-01")
    whole(run)
    assert balances(run, "2024-01")[f"CC.{BANK}"] == account("1000", "0", "0")
    (issue,) = run.records("validation_issues")
    assert issue["code"] == "DUPLICATE_ENTRY"
    assert Decimal(issue["raw"]["saldo_inicial"]) == 55


@pytest.mark.parametrize(("amount", "told"), [("80", ["DUPLICATE_ENTRY"]), ("300", [])])
def test_a_transfer_that_comes_again_with_other_figures_is_told(
    stage: Open, read: Reader, amount: str, told: list[str]
) -> None:
    """Of two years, which are asked for apart; the same once more is nothing to tell."""
    first, other = transfer("300", "2023-12-15"), transfer(amount, "2023-12-15")
    script = ContaAzul().script()

    def both(call: Call) -> Answer:
        rows = [first if call.query["data_inicio"] <= "2023-12-15" else other]
        return Answer({"itens": rows, "itens_totais": 1})

    script.on("GET", "/v1/financeiro/transferencias", both)
    days = {"start_date": "2023-12-01", "end_date": "2024-12-31"}
    run = read("tap-contaazul", stage(script), **KEYS | days)
    whole(run)
    assert balances(run, "2023-12")[f"CC.{SAFE}"] == account("0", "300", "0")
    assert run.codes == told


class PaidInParts(ContaAzul):
    """One installment, paid by half in January and June; a third payment is not shown."""

    def _detail(self, title: Title) -> dict[str, Any]:
        found = super()._detail(title)
        half = found["baixas"][0] | {"id": "other", "data_pagamento": "2024-06-10"}
        return found | {"baixas": [*found["baixas"], half], "valor_pago": 3 * title.amount}


def test_a_payment_that_is_missing_is_told_though_the_last_one_lies_beyond_the_run(
    january: Callable[..., Run],
) -> None:
    """It may be one of the run's own months that lacks it."""
    run = january(PaidInParts([SALE]))
    whole(run)
    assert run.codes == ["INVALID_RECORD"]


@pytest.mark.parametrize("order", [("t1", "t2"), ("t2", "t1")])
def test_a_transfer_that_is_not_listed_is_no_other_of_its_day_and_amount(
    stage: Open, read: Reader, order: tuple[str, str]
) -> None:
    """The one that is listed is named by its own installment, and stands for no second one."""
    script = ContaAzul(transfers=[transfer("300", "2024-01-15")]).script()

    def search(call: Call) -> Answer:
        asked = (
            call.query["data_vencimento_de"] <= "2024-01-15" <= call.query["data_vencimento_ate"]
        )
        paid = {"data_vencimento": "2024-01-15", "total": 300, "pago": 300, "nao_pago": 0}
        rows = [{"id": number} | paid for number in order if asked]
        return Answer({"itens": rows, "itens_totais": len(rows)})

    def detail(call: Call) -> Answer:
        number = call.path.rpartition("/")[2]
        settled = {
            "id": f"b-{number}",
            "data_pagamento": "2024-01-15",
            "valor_composicao": {"valor_bruto": 300},
            "conta_financeira": {"id": BANK},
        }
        event = {"id": number, "tipo": "DESPESA", "referencia": {"origem": "TRANSFERENCIA"}}
        said = {"id": number, "status": "QUITADO", "valor_pago": 300}
        return Answer(said | {"evento": event, "baixas": [settled]})

    script.on("GET", f"{EVENTS}/contas-a-pagar/buscar", search)
    script.on("GET", f"{EVENTS}/parcelas/*", detail)
    run = read("tap-contaazul", stage(script), **KEYS)
    whole(run)
    (issue,) = run.records("validation_issues")
    assert issue["code"] == "UNKNOWN_SITUATION"
    assert issue["raw"]["parcela"]["id"] == "t2"
