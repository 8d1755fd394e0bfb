"""Types in words, texts that may be empty, objects inside a row."""

from __future__ import annotations

import pytest

from erp_common.ledger.fields import (
    optional_id,
    part,
    required_words,
    sent_text,
    stated_type,
    words,
)
from erp_common.ledger.models import AccountType, StatedType
from erp_common.ledger.normalize import InvalidValue


@pytest.mark.parametrize(
    ("sent", "stated"),
    [
        ("Ativo ", StatedType(type=AccountType.ASSET)),
        ("equity", StatedType(type=AccountType.EQUITY)),
        ("COMPENSAÇÃO", StatedType(off_balance=True)),
        ("Contas de compensação", StatedType(off_balance=True)),
        ("Receita Bruta", StatedType(type=AccountType.REVENUE)),
        ("Receita Financeira", StatedType(type=AccountType.REVENUE)),
        ("Despesa Administrativa", StatedType(type=AccountType.EXPENSE)),
        ("Custo dos Produtos Vendidos", StatedType(type=AccountType.EXPENSE)),
        ("Ativo Permanente", StatedType(type=AccountType.ASSET)),
        ("Patrimônio Social", StatedType(type=AccountType.EQUITY)),
        ("Resultado", StatedType(result=True)),
        ("Diversos", StatedType(unread="Diversos")),
        ("", None),
        (None, None),
    ],
)
def test_stated_type(sent: object, stated: StatedType | None) -> None:
    assert stated_type(sent, "tipo") == stated


def test_a_type_that_is_no_text() -> None:
    with pytest.raises(InvalidValue, match=r"^tipo is "):
        stated_type([], "tipo")


@pytest.mark.parametrize(
    ("value", "expected"), [("  NF 7 ", "NF 7"), ("", None), ("   ", None), (7, "7")]
)
def test_sent_text(value: object, expected: str | None) -> None:
    assert sent_text(value, "CT2_HIST") == expected


def test_a_text_that_was_not_sent() -> None:
    with pytest.raises(InvalidValue, match=r"^CT2_HIST is missing"):
        sent_text(None, "CT2_HIST")


@pytest.mark.parametrize(
    ("value", "expected"), [({"id": 1}, {"id": 1}), ({}, {}), (None, {}), (" ", {}), ([], {})]
)
def test_part(value: object, expected: object) -> None:
    assert part(value, "contato") == expected


@pytest.mark.parametrize("value", ["Cliente", 7, [1], True])
def test_a_part_that_is_no_object(value: object) -> None:
    with pytest.raises(InvalidValue, match=r"^contato is "):
        part(value, "contato")


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        ("Aluguéis &amp; Condomínio", "Aluguéis & Condomínio"),
        ("A &amp;amp; B", "A & B"),
        ("D&#39;Ávila &lt;1&gt;", "D'Ávila <1>"),
        ("P&D &copy 2024 & &nada;", "P&D &copy 2024 & &nada;"),
        ("&#1;", None),
        ("", None),
        (12, "12"),
    ],
)
def test_signs_written_as_html(sent: object, read: str | None) -> None:
    assert words(sent, "nome") == read
    if read is None:
        with pytest.raises(InvalidValue, match=r"^nome is missing"):
            required_words(sent, "nome")
    else:
        assert required_words(sent, "nome") == read


@pytest.mark.parametrize("sent", [0, "0", " 0 ", None, ""])
def test_a_partner_of_number_0_is_none(sent: object) -> None:
    assert optional_id(sent, "nCodCliente") is None
    assert optional_id(10, "nCodCliente") == "10"
