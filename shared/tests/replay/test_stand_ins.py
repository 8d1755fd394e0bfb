# ruff: noqa: INP001 -- packages named tests would hide one another
"""Stand-ins keep the form of what they stand for, and say nothing of it."""

from __future__ import annotations

import re
import string
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from erp_common.ledger.vocabulary import flag_of, fold, heading, is_remainder, side_of, type_of
from erp_common.replay.stand_ins import StandIns, _cnpj, _cpf
from erp_common.replay.vocabulary import stays

LETTERS = string.ascii_letters + "áéíóúâêôãõçÁÉÍÓÚÂÊÔÃÕÇжЖλ"
words = st.text(LETTERS, min_size=3, max_size=12)
texts = st.text(LETTERS + string.digits + " .,-/&;()'\t", max_size=60)


def shape(text: str) -> str:
    """Each sign's kind: what a form is made of."""
    return "".join(
        "d" if sign.isdecimal() else "u" if sign.isupper() else "l" if sign.isalpha() else sign
        for sign in text
    )


@settings(max_examples=30)
@given(texts)
def test_a_stand_in_has_the_form_of_the_text(text: str) -> None:
    other = StandIns().text(text)
    assert len(other) == len(text)
    assert shape(other) == shape(text)
    scripts = [unicodedata.name(sign).split()[0] for sign in text if sign.isalpha()]
    assert [unicodedata.name(sign).split()[0] for sign in other if sign.isalpha()] == scripts


@settings(max_examples=30)
@given(st.lists(words | st.integers(0, 10**9).map(str), min_size=1, max_size=40))
def test_the_same_for_the_same_and_another_for_another(found: list[str]) -> None:
    stand_ins = StandIns()
    others = {one: stand_ins.text(one) for one in found}
    assert all(stand_ins.text(one) == other for one, other in others.items())
    folded = {one.lower(): other.lower() for one, other in others.items() if not one.isdecimal()}
    assert len(set(folded.values())) == len(folded)
    numbers = {one: other for one, other in others.items() if one.isdecimal()}
    assert len(set(numbers.values())) == len(numbers)


@settings(max_examples=30)
@given(words)
def test_nothing_of_a_word_is_left(word: str) -> None:
    other = StandIns().text(f"{word} Ltda")
    assert stays(fold(word)) or word not in other
    assert "Ltda" not in other


@settings(max_examples=30)
@given(st.integers(1, 10**9 - 1).map(lambda number: number * 999 + 1))
def test_a_tax_id_stays_one(number: int) -> None:
    root = f"{number:012}"
    bare = root + _cnpj(root)
    written = f"{bare[:2]}.{bare[2:5]}.{bare[5:8]}/{bare[8:12]}-{bare[12:]}"
    stand_ins = StandIns()
    other = stand_ins.text(bare)
    assert other != bare
    assert _cnpj(other[:-2]) == other[-2:]
    assert re.sub(r"\D", "", stand_ins.text(f"CNPJ {written}")) == other
    person = f"{number % 10**9 or 1:09}"
    person += _cpf(person)
    other = stand_ins.text(person)
    assert len(other) == 11
    assert _cpf(other[:-2]) == other[-2:]


@pytest.mark.parametrize(
    ("bare", "checked"),
    [("00000000000191", "00.000.000/0001-91"), ("12ABC34501DE35", "12.ABC.345/01DE-35")],
)
def test_check_digits_are_the_authority_s(bare: str, checked: str) -> None:
    """Banco do Brasil's, and the example of the CNPJ with letters."""
    assert _cnpj(bare[:-2]) == bare[-2:]
    stand_ins = StandIns()
    assert re.sub(r"\W", "", stand_ins.text(checked)) == stand_ins.text(bare)
    assert _cpf("111444777") == "35"


@pytest.mark.parametrize(
    "name",
    [
        "ATIVO",
        "1 - ATIVO CIRCULANTE",
        "I - A T I V O",
        "Passivo e Patrimônio Líquido",
        "(-) Outras Receitas Financeiras",
        "CONTAS DE RESULTADO - DESPESAS",
        "Custo dos Produtos Vendidos",
        "Contas de Compensação Ativa",
        "Compensação financeira de INSS",
        "Demais contas a receber da Padaria Bela Vista",
        "Fundo Social",
        "Variações Patrimoniais Diminutivas",
        "Receitas e Despesas",
        "Stockholders' equity",
        "CMV",
        "Banco do Brasil S.A.",
        "Despesas com o Dr. Ivo Xavier",
    ],
)
def test_a_heading_says_what_it_said(name: str) -> None:
    for _ in range(20):
        other = StandIns().text(name)
        assert heading(other) == heading(name)
        assert type_of(other) == type_of(name)
        assert is_remainder(other) == is_remainder(name)


@settings(max_examples=30)
@given(words)
def test_a_stand_in_means_nothing(word: str) -> None:
    """No word becomes one that a ledger reads."""
    other = StandIns().text(word)
    for read in (heading, type_of, side_of, flag_of, is_remainder):
        assert read(other) == read(word)


@pytest.mark.parametrize("day", ["2024-01-31", "31/01/2024", "2024-01-31T10:00:00-03:00"])
def test_dates_stay(day: str) -> None:
    assert StandIns().text(f"pago em {day}").endswith(day)
