"""`tap-omie` with `api: public` against Omie as its documents tell it."""

from __future__ import annotations

import threading
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from field.books import account, balances, header, lines, whole
from field.omie import Movement, Omie, fault
from field.server import Answer, Call, wire

if TYPE_CHECKING:
    from collections.abc import Callable

    from contract.commands import Run
    from field.conftest import Open, Reader

JANUARY: dict[str, Any] = {"start_date": "2024-01-01", "end_date": "2024-01-31"}
KEYS: dict[str, Any] = {"api": "public", "app_key": "chave", "app_secret": "segredo-do-teste"}


def sale(**more: Any) -> Movement:
    """A receipt of 100 on 10 January."""
    facts: dict[str, Any] = {"number": 1, "day": date(2024, 1, 10), "amount": Decimal(100)}
    return Movement(**facts | more)


@pytest.fixture
def january(stage: Open, read: Reader) -> Callable[..., Run]:
    """Read January 2024 of these facts."""

    def run(omie: Omie, **settings: Any) -> Run:
        return read("tap-omie", stage(omie.script()), **KEYS | JANUARY | settings)

    return run


ONE_SALE = {
    "CC.11": account("1000", "100", "0"),
    "1.01.01": account("0", "0", "100"),
    "OPENING": account("-1000", "0", "0"),
}


class Twice(Omie):
    """Lists its bank account a second time, on a page of its own or on the same."""

    per_page = 1

    def _banks(self, call: Call) -> Answer:
        found = super()._banks(call).body
        pages = 2 // self.per_page
        # A page on which nothing is new would be none: another account comes with each.
        number = call.body["param"][0]["pagina"]
        rows = found["ListarContasCorrentes"][:1] * self.per_page
        rows.append(rows[0] | {"nCodCC": 20 + number, "saldo_inicial": 0})
        self.banks.setdefault(20 + number, Decimal(0))
        total = {"total_de_paginas": pages, "total_de_registros": pages * len(rows)}
        return Answer(found | total | {"ListarContasCorrentes": rows})


@pytest.mark.parametrize("end", ["2024-01-31", "2024-03-31"])
@pytest.mark.parametrize("per_page", [1, 2])
def test_a_bank_account_that_is_listed_twice_is_read_once(
    january: Callable[..., Run], end: str, per_page: int
) -> None:
    """It is told; its movements and its opening count once, however many months are read."""
    omie = Twice([sale()])
    omie.per_page = per_page
    run = january(omie, end_date=end, page_size=per_page + 1)
    whole(run)
    assert balances(run, "2024-01") == ONE_SALE
    assert set(run.codes) == {"DUPLICATE_ACCOUNT"}
    assert len(run.records("subledger")) == 2


@pytest.mark.parametrize("situation", ["Conciliado", "Não conciliado", None])
def test_money_is_posted_both_ways(january: Callable[..., Run], situation: str | None) -> None:
    """A statement row that is money moves the bank and its category."""
    run = january(Omie([sale(situation=situation)]))
    whole(run)
    assert balances(run, "2024-01") == ONE_SALE
    assert lines(run, "2024-01") == [
        ("1.01.01", "2024-01-10", Decimal(-100)),
        ("CC.11", "2024-01-10", Decimal(100)),
    ]
    assert run.codes == []
    assert header(run, "2024-01") == (True, True, 0)


def test_open_titles_are_not_cash(january: Callable[..., Run]) -> None:
    """What is yet to be paid, and what was cancelled, moves nothing and is no finding."""
    shown = [sale()] + [
        sale(
            number=70 + n,
            amount=Decimal(-500),
            situation=situation,
            more={"cOrigem": "Previsão de Pagamento"},
        )
        for n, situation in enumerate(
            ["Vence hoje", "A vencer", "Previsto", "Atrasado", "Cancelado"]
        )
    ]
    run = january(Omie(shown))
    whole(run)
    assert balances(run, "2024-01") == ONE_SALE
    assert run.codes == []


def test_a_state_that_nobody_knows_is_told(january: Callable[..., Run]) -> None:
    """It is not posted, and there is a finding."""
    strange = sale(number=2, amount=Decimal(0), situation="Em disputa")
    run = january(Omie([sale(), strange]))
    whole(run)
    assert balances(run, "2024-01") == ONE_SALE
    assert "UNKNOWN_SITUATION" in run.codes


@pytest.mark.parametrize(
    ("category", "origins"),
    [
        ("", ("Débito de Transferência", "Crédito de Transferência")),
        ("", ("TRAP", "TRAR")),
        ("0.01", ("Débito de Transferência", "Crédito de Transferência")),
        ("0.01", ("Conta Corrente", "Conta Corrente")),
    ],
)
def test_a_transfer_is_known_by_its_origin(
    january: Callable[..., Run], category: str, origins: tuple[str, str]
) -> None:
    """Both sides stand against the clearing account, whatever the category says."""
    omie = Omie(
        [
            sale(
                number=5,
                amount=Decimal(-300),
                category=category,
                more={"cOrigem": origins[0]},
            ),
            sale(
                number=6,
                amount=Decimal(300),
                bank=12,
                category=category,
                more={"cOrigem": origins[1]},
            ),
        ],
        banks={11: Decimal(1000), 12: Decimal(0)},
    )
    run = january(omie)
    whole(run)
    assert balances(run, "2024-01") == {
        "CC.11": account("1000", "0", "300"),
        "CC.12": account("0", "300", "0"),
        "CLEARING.TRANSFER": account("0", "300", "300"),
        "OPENING": account("-1000", "0", "0"),
    }
    assert run.codes == []


def test_a_movement_without_category_is_a_warning(january: Callable[..., Run]) -> None:
    """It goes to `CAT.NONE`, and strict does not refuse the company."""
    run = january(Omie([sale(category="")]), validation="strict")
    whole(run)
    assert balances(run, "2024-01")["CAT.NONE"] == account("0", "0", "100")
    (found,) = run.records("validation_issues")
    assert (found["code"], found["severity"]) == ("MISSING_CATEGORY", "warning")


def test_eighty_movements_on_a_day(stage: Open, read: Reader) -> None:
    """More than fifty prove that nothing was cut; balance rows do not count."""
    omie = Omie([sale(number=n) for n in range(1, 81)])
    server = stage(omie.script())
    run = read("tap-omie", server, **KEYS | JANUARY)
    whole(run)
    assert balances(run, "2024-01")["CC.11"] == account("1000", "8000", "0")
    assert run.codes == []


def test_fortynine_movements_and_a_balance_row(stage: Open, read: Reader) -> None:
    """They are not fifty: the window is asked for once."""
    omie = Omie([sale(number=n) for n in range(1, 50)])
    server = stage(omie.script())
    run = read("tap-omie", server, **KEYS | JANUARY)
    whole(run)
    assert balances(run, "2024-01")["CC.11"] == account("1000", "4900", "0")
    asked = [c for c in server.calls if c.body["call"] == "ListarExtrato"]
    assert len(asked) == len({str(c.body["param"]) for c in asked})


def test_a_statement_that_is_cut_at_fifty_is_asked_for_in_parts(
    january: Callable[..., Run],
) -> None:
    """Sixty movements on thirty days, fifty at most in an answer: all come."""
    spread = [sale(number=n, day=date(2024, 1, 1) + timedelta(days=n // 2)) for n in range(60)]
    shown = [sale(number=m.number + 1, day=m.day) for m in spread]
    run = january(Omie(shown, cap=50))
    whole(run)
    assert balances(run, "2024-01")["CC.11"] == account("1000", "6000", "0")
    assert run.codes == []


def test_one_call_of_a_method_at_a_time(stage: Open, read: Reader) -> None:
    """Six accounts, and a key that refuses a second call while one is running."""
    running = threading.Lock()
    refused = []
    omie = Omie([sale(bank=11)], banks={n: Decimal(10) for n in range(11, 17)})
    script = omie.script()
    plain = omie.script()

    def lock(call: Any) -> Any:
        if not running.acquire(blocking=False):
            refused.append(call)
            return fault(
                "ERROR: Já existe uma requisição desse método sendo executada.",
                "SOAP-ENV:Client-1880",
            )
        try:
            threading.Event().wait(0.05)
            return plain.play(call)
        finally:
            running.release()

    script.on("POST", "/financas/extrato/", lock)
    run = read("tap-omie", stage(script), **KEYS | JANUARY)
    whole(run)
    assert refused == []


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Limite de requisições por segundo excedido", "500"),
        ("Erro temporário no servidor. Tente novamente.", "500"),
        ("Timeout na consulta", "500"),
        ("Ocorreu um erro no processamento", "5020"),
    ],
)
def test_temporary_faults_are_tried_again(stage: Open, read: Reader, text: str, code: str) -> None:
    """They come as HTTP 500 like all faults, and pass."""
    script = Omie([sale()]).script()
    script.once("POST", "/financas/extrato/", fault(f"ERROR: {text}", f"SOAP-ENV:Client-{code}"))
    run = read("tap-omie", stage(script), **KEYS | JANUARY)
    whole(run)
    assert balances(run, "2024-01") == ONE_SALE


def test_entities_of_html_are_read(january: Callable[..., Run]) -> None:
    """`&amp;amp;` too is one `&`; a partner 0 is none."""
    omie = Omie(
        [sale(more={"cRazCliente": "Silva &amp;amp; Cia", "nCodCliente": 0})],
        categories={"1.01.01": "Alugu&eacute;is &amp; Condom&iacute;nio"},
    )
    run = january(omie)
    whole(run)
    names = {r["account_code"]: r["account_name"] for r in run.records("trial_balance")}
    assert names["1.01.01"] == "Aluguéis & Condomínio"
    assert {r["entity_id"] for r in run.records("subledger")} == {None}
    assert "Silva & Cia" in {r["entity_name"] for r in run.records("subledger")}


def test_odd_characters_are_read(stage: Open, read: Reader) -> None:
    """Half a surrogate pair, raw control characters and byte 0x81 stop nothing."""
    script = Omie([sale(more={"cRazCliente": "ODD"})]).script()
    plain = Omie([sale(more={"cRazCliente": "ODD"})]).script()

    def odd(call: Any) -> Any:
        answer = plain.play(call)
        assert answer is not None
        text = wire(answer.body).replace('"ODD"', '"a\t\r\n\x1a \\ud83d b"')
        return Answer(text.encode())

    script.on("POST", "/financas/extrato/", odd)
    run = read("tap-omie", stage(script), **KEYS | JANUARY)
    whole(run)
    assert balances(run, "2024-01") == ONE_SALE


def test_an_end_that_lies_ahead_stops_at_the_open_period(stage: Open, read: Reader) -> None:
    """The bookmark is today's month, and a posting keyed in today comes on the next run."""
    today = date.today()  # noqa: DTZ011 - a month either way is the same here
    first = today.replace(day=1)
    settings = KEYS | {
        "start_date": (first - timedelta(days=40)).isoformat(),
        "end_date": (today + timedelta(days=250)).isoformat(),
    }
    omie = Omie([])
    server = stage(omie.script())
    run = read("tap-omie", server, **settings)
    whole(run)
    starts = [r["period_start"] for r in run.records("periods")]
    assert max(starts) == first.isoformat()
    omie.movements.append(sale(day=first))
    again = read("tap-omie", server, state=run.state, **settings)
    whole(again)
    assert balances(again, f"{first:%Y-%m}")["CC.11"] == account("1000", "100", "0")


def test_fifty_movements_on_one_day_are_proved_by_the_next_balance(
    january: Callable[..., Run],
) -> None:
    """At exactly fifty nothing says whether more were cut; what comes after does."""
    run = january(Omie([sale(number=n) for n in range(1, 51)]))
    whole(run)
    assert balances(run, "2024-01")["CC.11"] == account("1000", "5000", "0")
    assert run.codes == []


def test_a_day_that_was_cut_is_not_taken_for_whole(january: Callable[..., Run]) -> None:
    """Sixty movements on a day of which fifty come: an error, not a smaller balance."""
    run = january(Omie([sale(number=n) for n in range(1, 61)], cap=50))
    assert run.returncode == 1 or run.codes


def test_a_key_that_is_blocked_is_left_alone(stage: Open, read: Reader) -> None:
    """Omie blocks for half an hour; asking again makes it longer."""
    script = Omie([sale()]).script()
    blocked = fault(
        "ERROR: API bloqueada por consumo indevido. Tente novamente em 1678 segundos.",
        "MISUSE_API_PROCESS",
        425,
    )
    script.on("POST", "/financas/extrato/", lambda _: blocked)
    server = stage(script)
    run = read("tap-omie", server, **KEYS | JANUARY)
    assert run.returncode == 1
    assert run.last_error.startswith("ERPRateLimitError: ")
    assert "1678" in run.last_error
    assert [c.path for c in server.calls].count("/financas/extrato/") == 1


def test_a_bad_key(stage: Open, read: Reader) -> None:
    """It is told as such, and the key is in no message."""
    script = Omie([sale()]).script()
    bad = fault(
        "A chave de acesso está inválida ou o aplicativo está suspenso.", "SOAP-ENV:Server", 403
    )
    for path in ("/geral/contacorrente/", "/geral/categorias/"):
        script.on("POST", path, lambda _: bad)
    run = read("tap-omie", stage(script), **KEYS | JANUARY)
    assert run.returncode == 1
    assert run.last_error.startswith("ERPAuthenticationError: ")
    assert "segredo-do-teste" not in run.stderr


def test_a_split_belongs_to_the_row_whose_number_it_names(january: Callable[..., Run]) -> None:
    """`nIdLancCC` of a settlement is the statement row's number; each part has its category."""
    title = {
        "cabecTitulo": {
            "nCodTitulo": 900,
            "cNatureza": "R",
            "cCodCateg": "1.01.01",
            "nValorTitulo": Decimal(100),
            "aCodCateg": [
                {"cCodCateg": "1.01.01", "nPerc": 70, "nValor": Decimal("70.01")},
                {"cCodCateg": "2.01.01", "nPerc": 30, "nValor": Decimal("29.99")},
            ],
        },
        "lancamentos": [
            {
                "nCodLanc": 901,
                "nIdLancCC": 1,
                "dDtLanc": "10/01/2024",
                "nValLanc": Decimal(100),
                "nJuros": 0,
                "nMulta": 0,
                "nDesconto": 0,
                "nCodCC": 11,
                "cNatureza": "R",
            }
        ],
        "resumo": {"cLiquidado": "S", "nValPago": Decimal(100), "nValAberto": 0},
    }
    run = january(Omie([sale()], titles=[title]))
    whole(run)
    assert balances(run, "2024-01") == ONE_SALE | {
        "1.01.01": account("0", "0", "70.01"),
        "2.01.01": account("0", "0", "29.99"),
    }
    assert run.codes == []


def test_the_balance_that_a_statement_ends_with_proves_the_open_month(
    stage: Open, read: Reader
) -> None:
    """`nSaldoAtual` of months that are over shows what it is; then a lost movement is told."""
    first = date.today().replace(day=1)  # noqa: DTZ011 - the month, but for hours in a year
    before = first - timedelta(days=10)
    omie = Omie([sale(day=before), sale(number=2, day=first), sale(number=3, day=first)])
    settings = KEYS | {"start_date": f"{before.replace(day=1)}"}
    good = read("tap-omie", stage(omie.script()), **settings)
    whole(good)
    assert good.codes == []
    script, plain = omie.script(), omie.script()

    def lose(call: Any) -> Answer:
        answer = plain.play(call)
        assert answer is not None
        rows = [r for r in answer.body["listaMovimentos"] if r.get("nCodLancamento") != 3]
        return Answer(answer.body | {"listaMovimentos": rows})

    script.on("POST", "/financas/extrato/", lose)
    short = read("tap-omie", stage(script), **settings)
    whole(short)
    assert "INVALID_RECORD" in short.codes


def test_a_split_that_matches_no_movement_is_a_warning(january: Callable[..., Run]) -> None:
    """`nIdLancCC` names a row that the statement lacks: nothing is lost, and it is told."""
    parts = [
        {"cCodCateg": "1.01.01", "nValor": Decimal(70)},
        {"cCodCateg": "2.01.01", "nValor": Decimal(30)},
    ]
    settled = {"nIdLancCC": 9, "dDtLanc": "10/01/2024", "nValLanc": Decimal(100), "nCodCC": 11}
    head = {"nCodTitulo": 900, "cNatureza": "R", "cCodCateg": "1.01.01", "aCodCateg": parts}
    title = {"cabecTitulo": head, "lancamentos": [settled], "resumo": {}}
    run = january(Omie([sale()], titles=[title]), validation="strict")
    whole(run)
    assert balances(run, "2024-01") == ONE_SALE
    assert run.codes == ["SPLIT_NOT_MATCHED"]


@pytest.mark.parametrize(("shown", "told"), [(60, []), (50, ["INVALID_RECORD"])])
@pytest.mark.parametrize("end", ["2024-01-31", "2024-02-29"])
def test_a_day_that_may_be_cut_off_and_no_statement_after_it(
    stage: Open, read: Reader, end: str, shown: int, told: list[str]
) -> None:
    """Where Omie has no records of the days after, nothing else would tell of what is missing."""
    omie = Omie([sale(number=n) for n in range(1, 61)], cap=shown)
    script, day = omie.script(), "10/01/2024"
    nothing = fault("ERROR: Não existem registros para a página [1]!", "SOAP-ENV:Client-5113")

    def is_after(call: Call) -> bool:
        since = call.body["param"][0]["dPeriodoInicial"]
        return (since[3:5], since[:2]) > (day[3:5], day[:2])

    script.on("POST", "/financas/extrato/", lambda _: nothing, when=is_after)
    run = read("tap-omie", stage(script), **KEYS | {"start_date": "2024-01-01", "end_date": end})
    whole(run)
    assert len(run.records("subledger")) == 2 * shown
    assert run.codes == told


@pytest.mark.parametrize(("day", "told"), [("10/01/2024", ["ACCOUNT_NOT_IN_CHART"]), ("", [])])
def test_titles_that_are_settled_in_an_account_that_is_not_listed(
    january: Callable[..., Run], day: str, told: list[str]
) -> None:
    """Nobody asks for its statement, so that only they know of the money."""
    settled = {"nIdLancCC": 5, "dDtLanc": day, "nValLanc": Decimal(80), "nCodCC": 99}
    titles = [
        {
            "cabecTitulo": {"nCodTitulo": number, "cNatureza": side, "cCodCateg": "1.01.01"},
            "lancamentos": [settled, settled],
        }
        for number, side in ((7, "R"), (8, "P"))
    ]
    run = january(Omie([sale()], titles=titles))
    whole(run)
    assert balances(run, "2024-01") == ONE_SALE
    assert run.codes == told
