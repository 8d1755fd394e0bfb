"""What is told of installments and transfers although every row of theirs can be read."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, Final

from erp_common.ledger import cash
from erp_common.ledger.exact import add, close, subtract, total
from erp_common.ledger.findings import SUBLEDGER, Code, finding
from erp_common.ledger.models import ZERO, Finding, Posting
from erp_common.ledger.normalize import InvalidValue, cents, optional_amount, shown
from erp_common.ledger.sentences import told
from tap_contaazul.public.rows import InitialBalance, Transfer
from tap_contaazul.public.shares import CENT, EXTRAS, extra_of

SIDES: Final = ("origem", "destino")
_LISTED_AS: Final = {"DESPESA": "origem", "RECEITA": "destino"}


class Elsewhere:
    """The transfers and initial balances that are listed for themselves.

    Installments may repeat them. One that repeats nothing has moved money that is in no list.
    """

    def __init__(self) -> None:
        """Begin without any."""
        self._ids: set[str] = set()
        self._amounts: dict[tuple[object, ...], list[tuple[str, set[Decimal]]]] = defaultdict(list)

    def transfer(self, row: Transfer, days: Iterable[date]) -> None:
        """Note a transfer, whose sides moved on these days."""
        self._ids.add(_id(row.id))
        for side, day in zip(SIDES, days, strict=True):
            own = getattr(row, side)
            if isinstance(own, dict):
                value = own.get("composicao_valor")
                key = (side, _id(own.get("conta_financeira")), day)
                amounts = {*_amounts(value), *_read(row.valor)}
                self._amounts[key].append((_id(row.id), amounts))

    def initial_balance(self, row: InitialBalance) -> None:
        """Note what an account held when it was entered."""
        self._amounts[_id(row.id_conta_financeira),].append(("", _read(row.saldo_inicial)))

    def names(self, origin: str, kind: str, parcel: Any, settled: Any, day: date) -> bool:  # noqa: ANN401 - as they come
        """Whether what settled an installment names a transfer that is listed there."""
        event = parcel.get("evento")
        numbers = [parcel.get("referencia"), settled.get("id_referencia")]
        if isinstance(event, dict):
            numbers += [event.get("id"), event.get("referencia")]
        named = self._ids.intersection(filter(None, map(_id, numbers)))
        if not named:
            return False
        listed = self._amounts[_listed_as(origin, kind, settled, day)]
        # What is named stands for no other that has its account, day and amount.
        listed[:] = [one for one in listed if one[0] not in named]
        return True

    def holds(self, origin: str, kind: str, settled: Any, day: date) -> bool:  # noqa: ANN401 - as it comes
        """Whether what names nothing that is listed there is there all the same; one for each.

        It is asked once all that name something have been.
        """
        amounts = _amounts(settled.get("valor_composicao"))
        listed = self._amounts[_listed_as(origin, kind, settled, day)]
        for at, (_, one) in enumerate(listed):
            if one & amounts:
                del listed[at]
                return True
        return False


def _listed_as(origin: str, kind: str, settled: Any, day: date) -> tuple[object, ...]:  # noqa: ANN401
    account = _id(settled.get("conta_financeira"))
    return (_LISTED_AS.get(kind), account, day) if origin == "TRANSFERENCIA" else (account,)


def repeated(parcel: dict[str, Any], settled: dict[str, Any]) -> Finding:
    """A settlement whose number has come before: money moves once, whatever it says now."""
    number = _id(settled.get("id"))
    return finding(
        Code.DUPLICATE_ENTRY,
        "Settlement {entry} comes more than once, now in installment {installment}; it is kept as "
        "it came first. Compare the two in Conta Azul.",
        entry=number,
        installment=_id(parcel.get("id")),
        stream=SUBLEDGER,
        entry_id=number,
        raw={"baixa": settled, "parcela": parcel},
    )


def unlisted(origin: str, parcel: dict[str, Any], settled: dict[str, Any], day: date) -> Finding:
    """A settlement that names another list as its own, which does not hold it."""
    number = _id(settled.get("id"))
    is_transfer = origin == "TRANSFERENCIA"
    return finding(
        Code.UNKNOWN_SITUATION,
        "Installment {installment} of {day} is left out: it comes from {origin}, but {none} that "
        "Conta Azul lists has its account and amount. See in Conta Azul whether money moved.",
        installment=_id(parcel.get("id")),
        day=day,
        origin=origin,
        none=told("no transfer of that day") if is_transfer else told("no initial balance"),
        stream=SUBLEDGER,
        entry_id=number or None,
        raw={"baixa": settled, "parcela": parcel},
    )


def unequal(parcel: dict[str, Any], settled: Sequence[dict[str, Any]]) -> list[Finding]:
    """Whether what an installment says was paid is what its settlements make.

    Conta Azul does not say whether interest, discounts, fees and losses count as paid: whatever
    lies between the least and the most that it can be is taken for equal.
    """
    try:
        paid = optional_amount(parcel.get("valor_pago"), "valor_pago")
        loss = parcel.get("perda")
        lost = optional_amount(loss.get("valor"), "perda") if isinstance(loss, dict) else None
        values = [one["valor_composicao"] for one in settled]
        least = most = ZERO
        for value in values:
            face = cents(value.get("valor_bruto"), "valor_bruto")
            less, more = (
                total(extra_of(value, name, sign) for name, sign in EXTRAS if sign == side)
                for side in (-1, 1)
            )
            least = add(least, add(face, less))
            most = add(most, add(face, more))
    except (InvalidValue, KeyError, AttributeError, TypeError):
        return []  # told when the settlement itself is read
    if paid is None:
        return []
    for one in (paid, subtract(paid, lost or ZERO)):
        if least <= add(one, CENT) and subtract(one, CENT) <= most:
            return []
    return [
        finding(
            Code.INVALID_RECORD,
            "Installment {installment} says that {expected} was paid of it, but its settlements "
            "make {actual}. Look it up in Conta Azul: one may be missing.",
            installment=_id(parcel.get("id")),
            stream=SUBLEDGER,
            expected=paid,
            actual=total(cents(one["valor_bruto"], "valor_bruto") for one in values),
            raw={"parcela": parcel},
        )
    ]


def left_over(row: Transfer, lines: Iterable[Posting], raw: dict[str, Any]) -> list[Finding]:
    """Whether what a transfer took is what it brought; the rest would stay on its way for ever."""
    clearing = [one for one in lines if one.account_code == cash.TRANSFERS]
    taken = total(one.debit_amount for one in clearing)
    brought = total(one.credit_amount for one in clearing)
    if close(taken, brought, ZERO):
        return []
    return [
        finding(
            Code.INVALID_RECORD,
            "Transfer {transfer} takes {expected}, but brings {actual}: {rest} stays in {code}. If "
            "it is a fee, enter it in Conta Azul as an expense of its own.",
            transfer=shown(row.id),
            rest=subtract(taken, brought),
            code=cash.TRANSFERS,
            stream=SUBLEDGER,
            account_code=cash.TRANSFERS,
            expected=taken,
            actual=brought,
            raw=raw,
        )
    ]


def _amounts(value: object) -> set[Decimal]:
    """The amounts that a composition may be listed by."""
    if not isinstance(value, dict):
        return set()
    return {*_read(value.get("valor_bruto")), *_read(value.get("valor_liquido"))}


def _read(value: object) -> set[Decimal]:
    """An amount without its sign, if it can be read."""
    try:
        return set() if value is None else {cents(value, "valor").copy_abs()}
    except InvalidValue:
        return set()


def _id(value: object) -> str:
    """A number, which may stand in an object of its own."""
    return str((value.get("id") if isinstance(value, dict) else value) or "").strip()
