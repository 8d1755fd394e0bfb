"""Sentences in another language, whatever stands in them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from erp_common.languages import translations
from erp_common.ledger.models import Company
from erp_common.ledger.normalize import InvalidValue, amount
from erp_common.ledger.sentences import Sentence, said, told

PORTUGUESE = {
    "Account {code} has {what}.": "A conta {code} tem {what}.",
    "{number} postings": "{number} partidas",
}


@given(st.text(), st.integers())
def test_texts_of_the_erp_stand_as_they_are(code: str, number: int) -> None:
    sentence = told(
        "Account {code} has {what}.", code=code, what=told("{number} postings", number=number)
    )
    assert sentence == f"Account {code} has {number} postings."
    assert said(sentence, PORTUGUESE) == f"A conta {code} tem {number} partidas."


@given(st.text())
def test_what_no_catalogue_has_stays_as_it_is(text: str) -> None:
    assert said(text, PORTUGUESE) == text
    assert said(told("{text} is new", text=text), PORTUGUESE) == f"{text} is new"


@pytest.mark.parametrize("catalogue", [{}, PORTUGUESE])
def test_what_is_said_is_a_plain_text(catalogue: dict[str, str]) -> None:
    assert type(said(told("{number} postings", number=1), catalogue)) is str


def test_what_a_value_is_wrong_with_can_be_translated() -> None:
    with pytest.raises(InvalidValue) as caught:
        amount("1.234", "nDebitos")
    assert isinstance(caught.value.problem, Sentence)
    assert said(caught.value.problem, translations("pt-BR", ["erp_common"])) == (
        "é '1.234', que pode significar 1.234 ou 1234; faça o ERP enviar um número, duas casas "
        "decimais ou nenhuma"
    )


def test_english_needs_no_catalogue_and_a_package_without_one_adds_none() -> None:
    assert translations("en", ["erp_common"]) == {}
    assert translations("pt-BR", [Company.__module__.partition(".")[0], "json"])["debits"]
