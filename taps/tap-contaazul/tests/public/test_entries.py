# ruff: noqa: INP001 -- packages named tests would hide one another
"""What settlements fall to: no cent is lost or found, however an event is apportioned."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from erp_common.ledger.cash import UNCATEGORISED
from erp_common.ledger.normalize import InvalidValue, cents
from tap_contaazul.public.entries import entry, signed
from tap_contaazul.public.rows import InitialBalance, Moved
from tap_contaazul.public.shares import Counterpart, Lookups, apportionment, composed

BOOKS = Lookups(
    {"JUROS_RECEBIDOS": "CAT.juros", "DESCONTOS_FINANCEIROS_OBTIDOS": "CAT.obtidos"}, {"a": "100"}
)
money = st.decimals(0, 1_000_000, places=2)
little = st.decimals(0, 500, places=2)
weights = st.decimals(0, 100_000, places=2)
centers = st.lists(st.tuples(st.sampled_from(["a", "b", "c"]), weights), max_size=3)
events = st.lists(
    st.tuples(st.sampled_from(["x", "y", "z"]), weights, centers), min_size=1, max_size=5
)


def rateio(event: list[tuple[str, Decimal, list[tuple[str, Decimal]]]]) -> list[dict[str, Any]]:
    return [
        {
            "id_categoria": category,
            "valor": weight,
            "rateio_centro_custo": [
                {"id_centro_custo": center, "nome_centro_custo": f"n{center}", "valor": part}
                for center, part in parts
            ],
        }
        for category, weight, parts in event
    ]


@given(events, money, little, little, little, little, st.sampled_from(["RECEITA", "DESPESA"]))
def test_the_lines_add_up_to_the_money(
    event: list[tuple[str, Decimal, list[tuple[str, Decimal]]]],
    face: Decimal,
    interest: Decimal,
    fine: Decimal,
    discount: Decimal,
    fee: Decimal,
    kind: str,
) -> None:
    value = {
        "valor_bruto": face,
        "juros": interest,
        "multa": fine,
        "desconto": discount,
        "taxa": fee,
    }
    net, lines = composed(BOOKS, kind, value, apportionment(BOOKS, rateio(event)))
    assert abs(net) == abs(face + interest + fine - discount - fee)
    assert sum((line.amount for line in lines), Decimal(0)) == net
    sign = 1 if kind == "RECEITA" else -1
    own = {line.account: line.amount for line in lines if line.component}
    if kind == "RECEITA" and interest:
        assert own == {"CAT.juros": interest}
    elif kind == "DESPESA" and discount:
        assert own == {"CAT.obtidos": sign * -discount}
    else:
        assert own == {}
    for line in lines:
        assert line.amount == line.amount.quantize(Decimal("0.01"))


@given(events, st.integers(2, 48), money)
def test_it_does_not_matter_how_often_the_apportionment_is_repeated(
    event: list[tuple[str, Decimal, list[tuple[str, Decimal]]]], installments: int, face: Decimal
) -> None:
    """Stated for one installment or for the event of all of them: each gets its own share."""
    whole = [
        (category, weight * installments, [(c, part * installments) for c, part in parts])
        for category, weight, parts in event
    ]

    def shared(one: list[tuple[str, Decimal, list[tuple[str, Decimal]]]]) -> list[Counterpart]:
        value = {"valor_bruto": face}
        return composed(BOOKS, "RECEITA", value, apportionment(BOOKS, rateio(one)))[1]

    assert shared(event) == shared(whole)


@given(events)
def test_cost_centers_do_not_change_what_a_category_gets(
    event: list[tuple[str, Decimal, list[tuple[str, Decimal]]]],
) -> None:
    def by_category(
        one: list[tuple[str, Decimal, list[tuple[str, Decimal]]]],
    ) -> dict[str, Decimal]:
        shares = apportionment(BOOKS, rateio(one))
        found: dict[str, Decimal] = {}
        for line in composed(BOOKS, "RECEITA", {"valor_bruto": Decimal(1000)}, shares)[1]:
            found[line.account] = found.get(line.account, Decimal(0)) + line.amount
        return found

    assert by_category(event) == by_category([(name, weight, []) for name, weight, _ in event])


def test_cost_centers_have_their_codes_and_the_rest_has_none() -> None:
    event = [("x", Decimal(100), [("a", Decimal(30)), ("b", Decimal(20))])]
    value = {"valor_bruto": Decimal(10)}
    assert composed(BOOKS, "RECEITA", value, apportionment(BOOKS, rateio(event)))[1] == [
        Counterpart("CAT.x", Decimal("3.00"), "100"),
        Counterpart("CAT.x", Decimal("2.00"), "nb"),
        Counterpart("CAT.x", Decimal("5.00"), None),
    ]


@pytest.mark.parametrize(("one", "other"), [("0", "0"), ("100", "-100")])
def test_several_categories_that_share_nothing_say_no_proportion(one: str, other: str) -> None:
    event = [("x", Decimal(one), [("a", Decimal(one))]), ("y", Decimal(other), [])]
    shares = apportionment(BOOKS, rateio(event))
    _, lines = composed(BOOKS, "RECEITA", {"valor_bruto": 100}, shares)
    assert lines == [Counterpart(UNCATEGORISED, Decimal(100))]


def test_one_category_gets_all_whatever_its_share_is() -> None:
    shares = apportionment(BOOKS, rateio([("x", Decimal(0), [])]))
    _, lines = composed(BOOKS, "RECEITA", {"valor_bruto": 100}, shares)
    assert lines == [Counterpart("CAT.x", Decimal(100))]


def test_a_cent_between_net_and_its_parts_falls_to_the_categories() -> None:
    value = {"valor_bruto": "100.00", "juros": "3.33", "valor_liquido": "103.34"}
    shares = apportionment(BOOKS, rateio([("x", Decimal(1), [])]))
    assert composed(BOOKS, "RECEITA", value, shares) == (
        Decimal("103.34"),
        [
            Counterpart("CAT.x", Decimal("100.01")),
            Counterpart("CAT.juros", Decimal("3.33"), component="juros"),
        ],
    )


@pytest.mark.parametrize("nothing", [None, []])
def test_without_an_apportionment_there_is_no_category(nothing: object) -> None:
    (code,) = apportionment(BOOKS, nothing)
    assert code == UNCATEGORISED


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        "x",
        [1],
        [{"id_categoria": "x", "valor": None}],
        [{"id_categoria": "x", "valor": 1, "rateio_centro_custo": {}}],
        [{"id_categoria": "x", "valor": 1, "rateio_centro_custo": [7]}],
    ],
)
def test_an_apportionment_that_cannot_be_read(wrong: object) -> None:
    with pytest.raises(InvalidValue, match=r"^(rateio|rateio\[0\].*) "):
        apportionment(BOOKS, wrong)


@pytest.mark.parametrize(
    ("value", "said"),
    [("10.1234", "10.1234"), ("10.10000000000001", "10.10"), (Decimal("-0.30000000004"), "-0.30")],
)
def test_dust(value: object, said: str) -> None:
    assert cents(value, "valor") == Decimal(said)


@pytest.mark.parametrize(
    ("kind", "held", "said"),
    [("RECEITA", "5.00", "5.00"), ("DESPESA", "-5.00", "-5.00"), ("DESPESA", "5.00", "-5.00")],
)
def test_the_sign_of_an_initial_balance(kind: str, held: str, said: str) -> None:
    assert signed(InitialBalance(tipo=kind, saldo_inicial=held)) == Decimal(said)


@pytest.mark.parametrize(("kind", "held"), [("RECEITA", "-5.00"), ("OUTRO", "5.00")])
def test_a_balance_that_contradicts_its_kind(kind: str, held: str) -> None:
    with pytest.raises(InvalidValue, match=r"^tipo is"):
        signed(InitialBalance(tipo=kind, saldo_inicial=held))


def test_an_entry_s_account_may_be_a_bare_id() -> None:
    settlement = {
        "id": "b",
        "data_pagamento": "2024-01-05",
        "valor_composicao": {"valor_bruto": 10},
        "conta_financeira": "c-1",
    }
    installment = {"evento": {"tipo": "DESPESA", "rateio": None}, "descricao": ""}
    money, other = entry(BOOKS, Moved(baixa=settlement, parcela=installment))
    assert (money.account_code, money.credit_amount) == ("CC.c-1", Decimal(10))
    assert (other.account_code, other.debit_amount) == (UNCATEGORISED, Decimal(10))
