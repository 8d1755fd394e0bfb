"""Whose books these are: no company's books must come in under the name of another."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from erp_common.errors import ERPAuthenticationError, ERPValidationError
from erp_common.ledger.models import Company

logger = logging.getLogger(__name__)


class Owner(NamedTuple):
    """How an ERP says whose books a set of credentials opens.

    Attributes:
        system: The ERP's name.
        tax_number: The field with the company's CNPJ.
        number: The field with the ERP's own number of the company.
        name: The field with its name.
        permission: What an application needs to be told, for the sentence that asks for it.
    """

    system: str
    tax_number: str
    number: str
    name: str
    permission: str


def must_be(company: Company, owner: Owner, ask: Callable[[], Mapping[str, Any]]) -> None:
    """Make sure that the credentials open the books of this company.

    Args:
        company: Its `erp_id` is the CNPJ, in any punctuation, or the ERP's own number or name.
        owner: How the ERP says it.
        ask: Asks the ERP.

    Raises:
        ERPValidationError: They open another's, or the ERP does not say whose.
        ERPError: The ERP cannot be asked.
    """
    try:
        said = ask()
    except ERPAuthenticationError as error:
        if error.ends_run:
            raise
        logger.warning(
            "The application may not read whose books these are, so nothing proves that they are "
            "those of %s; %s.",
            company.id,
            owner.permission,
        )
        return
    fields = (owner.tax_number, owner.number, owner.name)
    known = {name: str(said[name]).strip() for name in fields if said.get(name)}
    if not known:
        raise ERPValidationError(
            f"{owner.system} does not say whose books these are: the company's data have no "
            f"{owner.tax_number}, {owner.number} or {owner.name}; check base_url",
        )
    wanted = company.erp_id.strip()
    tax_number = _bare(known.get(owner.tax_number, ""))
    if wanted in known.values() or (tax_number and _bare(wanted) == tax_number):
        return
    raise ERPValidationError(
        f"these credentials open the books of {known.get(owner.name, 'another company')} "
        f"({owner.tax_number} {known.get(owner.tax_number, 'unknown')}, {owner.number} "
        f"{known.get(owner.number, 'unknown')}), and erp_id of company {company.id} is {wanted}; "
        f"set erp_id to that {owner.tax_number}, or use the credentials of {company.id}",
    )


def _bare(value: str) -> str:
    """A CNPJ without punctuation; since July 2026 it may hold letters."""
    return re.sub(r"[^0-9A-Z]", "", value.upper())
