"""Whose books a set of credentials opens: the company's, or nobody's."""

from __future__ import annotations

import logging
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from erp_common.errors import ERPAuthenticationError, ERPConnectionError, ERPValidationError
from erp_common.extract.owner import Owner, must_be
from erp_common.ledger.models import Company

OWNER = Owner("Acme", "cnpj", "id", "nome", "let it read the company")
SAID = {"cnpj": "12.345.678/0001-95", "id": 77, "nome": " Aurora Ltda "}


def company(erp_id: str) -> Company:
    return Company("ACME", erp_id, "Acme Ltda")


@pytest.mark.parametrize("erp_id", ["12.345.678/0001-95", "12345678000195", " 77 ", "Aurora Ltda"])
def test_a_company_is_known_by_each_of_its_names(erp_id: str) -> None:
    must_be(company(erp_id), OWNER, lambda: SAID)


@given(st.text(min_size=1).filter(lambda one: one.strip() not in {"77", "Aurora Ltda"}))
def test_any_other_name_is_refused(erp_id: str) -> None:
    if re.sub("[^0-9A-Z]", "", erp_id.upper()) == "12345678000195":
        return
    with pytest.raises(ERPValidationError, match="open the books of Aurora Ltda"):
        must_be(company(erp_id), OWNER, lambda: SAID)


LETTERS = SAID | {"cnpj": "12.ABC.345/01DE-35"}


@pytest.mark.parametrize("erp_id", ["12.ABC.345/01DE-35", "12ABC34501DE35", "12abc34501de35"])
def test_a_tax_number_may_hold_letters(erp_id: str) -> None:
    must_be(company(erp_id), OWNER, lambda: LETTERS)


@pytest.mark.parametrize("erp_id", ["12ABN34501DE35", "12.345/01-35", "123450135"])
def test_letters_of_a_tax_number_count(erp_id: str) -> None:
    with pytest.raises(ERPValidationError, match="open the books of Aurora Ltda"):
        must_be(company(erp_id), OWNER, lambda: LETTERS)


@pytest.mark.parametrize("said", [{}, {"cnpj": "", "id": 0, "nome": None}, {"other": "x"}])
def test_an_erp_that_does_not_say_is_no_proof(said: dict[str, Any]) -> None:
    with pytest.raises(ERPValidationError, match="does not say whose books"):
        must_be(company("77"), OWNER, lambda: said)


def test_no_number_is_no_match() -> None:
    """Names without digits must not equal a number that is not there."""
    with pytest.raises(ERPValidationError, match="cnpj unknown"):
        must_be(company("Somebody"), OWNER, lambda: {"nome": "Aurora Ltda"})


def test_a_missing_permission_is_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    def ask() -> dict[str, Any]:
        raise ERPAuthenticationError("no permission")

    with caplog.at_level(logging.WARNING):
        must_be(company("77"), OWNER, ask)
    assert "nothing proves" in caplog.text
    assert "let it read the company." in caplog.text


@pytest.mark.parametrize(
    "error", [ERPAuthenticationError("bad key", ends_run=True), ERPConnectionError("down")]
)
def test_what_else_goes_wrong_is_an_error(error: Exception) -> None:
    def ask() -> dict[str, Any]:
        raise error

    with pytest.raises(type(error)):
        must_be(company("77"), OWNER, ask)
