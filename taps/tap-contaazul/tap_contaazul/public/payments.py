"""What rows say of their payments: on which days money moved, and whether any did."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any, TypeVar

from erp_common.extract.listing import Page
from erp_common.ledger.normalize import InvalidValue, optional_amount, optional_date
from erp_common.ledger.periods import Period
from tap_contaazul.public.entries import ELSEWHERE
from tap_contaazul.public.rows import Listed, Transfer

Row = TypeVar("Row")
Parts = list[tuple[date, int | str]]
"""The days on which a row moved something, and which part of the row each is."""


class Paid:
    """The installments of which something was paid, each once, and for or by whom."""

    def __init__(self, first: date) -> None:
        """Begin; what cannot be read counts for the first day."""
        self.people: dict[str, Any] = {}
        self.stated: set[str] = set()
        """Those of which the list itself says that something was paid."""
        self.unreadable: list[tuple[dict[str, Any], Parts]] = []
        self.strays = 0
        self._first = first

    def take(self, row: Listed | None, raw: dict[str, Any], window: Period) -> None:
        """Take a row, unless it says that nothing was paid, whatever was asked for."""
        number = "" if row is None else str(row.id or "").strip()
        if row is None or not number:
            self.unreadable.append(({"listado": raw}, [(self._first, "")]))
            return
        if day_or(row.data_vencimento, window.start) not in window:
            self.strays += 1
        if not _is_open(row):
            self.people[number] = row.cliente or row.fornecedor
        if is_paid(row.pago):
            self.stated.add(number)


def each(got: list[Page[Row]]) -> Iterator[tuple[Row | None, dict[str, Any]]]:
    """The rows of a listing, and each as it came."""
    for page in got:
        for batch in page.batches:
            yield from zip(batch.rows, batch.raws(), strict=True)


def _is_open(row: Listed) -> bool:
    """Whether nothing was paid: all of it is left, whatever `pago` may say.

    A discount of everything leaves nothing to pay either.
    """
    try:
        paid = optional_amount(row.pago, "pago")
        left = optional_amount(row.nao_pago, "nao_pago")
        whole = optional_amount(row.total, "total")
    except InvalidValue:
        return False
    return paid == 0 and left is not None and whole is not None and left >= whole and left > 0


def is_paid(stated: object) -> bool:
    """Whether an amount that was paid is any."""
    try:
        return bool(optional_amount(stated, "valor_pago"))
    except InvalidValue:
        return True


def settlements(details: dict[str, Any], otherwise: date) -> Iterator[tuple[date, Any, str]]:
    """The settlements of an installment: their days, and the list that holds them as well."""
    settled = details.get("baixas")
    if settled is None:
        return
    if not isinstance(settled, list):
        details["baixas"] = settled = [settled]
    for one in settled:
        own = one if isinstance(one, dict) else {}
        said = (_said(own, "origem"), origin_of(details))
        origin = next((origin for origin in said if origin in ELSEWHERE), "")
        if origin and not own:  # the installment itself says as much
            yield day_or(details.get("data_vencimento"), otherwise), details, origin
        else:
            yield day_or(own.get("data_pagamento"), otherwise), one, origin


def origin_of(details: dict[str, Any]) -> str:
    """Where an installment's event comes from."""
    event = details.get("evento")
    return _said(event.get("referencia") if isinstance(event, dict) else None, "origem")


def kind_of(details: dict[str, Any], settled: dict[str, Any]) -> str:
    """Whether money came in or went out, as a settlement or else its event says."""
    return _said(settled, "tipo_evento_financeiro") or _said(details.get("evento"), "tipo")


def is_cancelled(details: dict[str, Any]) -> bool:
    """Whether an installment's details say that it is no longer one."""
    return _said(details, "status") == "CANCELADO"


def _said(value: object, name: str) -> str:
    found = value.get(name) if isinstance(value, dict) else None
    return str(found or "").strip().upper()


def own_day(row: Transfer | None, side: str) -> object:
    """The day of one side of a transfer, which need not have one of its own."""
    own = getattr(row, side, None)
    return (own.get("data") if isinstance(own, dict) else None) or (row and row.data)


def day_or(value: object, otherwise: date) -> date:
    """A day; another where it cannot be read, which is told when the row is read."""
    try:
        return optional_date(value, "day") or otherwise
    except InvalidValue:
        return otherwise
