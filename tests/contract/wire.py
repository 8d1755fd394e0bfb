"""Where each ERP's answers keep what tests tamper with."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from simulator import LoggedRequest

Row = dict[str, Any]
Body = dict[str, Any]
Tamper = Callable[[Body, LoggedRequest], Any]


@dataclass(frozen=True)
class Listing:
    """One kind of answer: its rows, and the names of the fields that tests change.

    Attributes:
        endpoint: As the simulator's log calls it.
        path: The keys that lead from the body to the list of rows.
        item: The key each row is wrapped in, where it is.
        fields: The ERP's names by the tests' own.
        total: The key of the announced number of rows, where there is one.
        days: How the ERP writes a date in its rows.
        from_: The request's parameter that holds the first day asked for.
        asked: How dates are written there.
    """

    endpoint: str
    path: tuple[str, ...]
    fields: Mapping[str, str]
    item: str | None = None
    total: str | None = None
    days: str = "%Y-%m-%d"
    from_: str | None = None
    asked: str = "%Y-%m-%d"

    def asks_from(self, request: LoggedRequest, day: date) -> bool:
        """Whether a request asks for what begins on that day; a chart is asked for without days."""
        if self.from_ is None:
            return True
        return day.strftime(self.asked) in str(request.params[self.from_])[:20]

    def asks_about(self, request: LoggedRequest, day: date) -> bool:
        """Whether a request asks for days of which that is one; a chart is asked for without."""
        days = self.days_asked(request)
        return not days or min(days) <= day <= max(days)

    def days_asked(self, request: LoggedRequest) -> list[date]:
        """The first and the last day that a request asks for; none for a chart."""
        if self.from_ is None:
            return []
        written = {"%Y-%m-%d": r"\d{4}-\d\d-\d\d", "%d/%m/%Y": r"\d\d/\d\d/\d{4}"}
        form = self.asked.removeprefix("data[")
        pattern = written.get(form, r"\b\d{8}\b")
        said = " ".join(str(value) for value in request.params.values())
        return [strptime(found, form) for found in re.findall(pattern, said)]

    def first_within(self, body: Body, days: tuple[date, date]) -> Row | None:
        """The first row that is dated within some days."""
        for row in self.rows(body):
            day = strptime(str(row[self.fields["date"]]).strip(), self.days)
            if days[0] <= day <= days[1]:
                return row
        return None

    def rows(self, body: Body) -> list[Row]:
        """The rows of an answer, to be changed in place."""
        held = self._list(body)
        return held if self.item is None else [one[self.item] for one in held]

    def append(self, body: Body, row: Row) -> None:
        """Add a row to an answer."""
        self._list(body).append(row if self.item is None else {self.item: row})

    def copy(self, row: Row, **changes: Any) -> Row:
        """A row like another, but for some fields under the tests' names."""
        return deepcopy(row) | {self.fields[name]: value for name, value in changes.items()}

    def change(self, row: Row, name: str, by: Decimal) -> None:
        """Add to an amount, whatever its form."""
        field = self.fields[name]
        row[field] = Decimal(row[field]) + by

    def code(self, row: Row) -> str:
        """A row's account code without padding."""
        return str(row[self.fields["code"]]).strip()

    def day(self, value: date) -> str:
        """A date as the ERP writes it."""
        return value.strftime(self.days)

    def _list(self, body: Body) -> list[Any]:
        held: Any = body
        for key in self.path:
            held = held[key]
        assert isinstance(held, list)
        return held


def strptime(text: str, form: str) -> date:
    """A day as an ERP writes it."""
    return datetime.strptime(text, form).date()  # noqa: DTZ007 - days have no zone


NONE = Listing(endpoint="", path=(), fields={})
"""Of sources that answer nothing, because nobody asks them."""

OMIE_BALANCES = Listing(
    "ListarBalancete",
    ("balancete",),
    {
        "code": "cCodConta",
        "name": "cDescConta",
        "type": "cTipoConta",
        "parent": "cCodContaPai",
        "opening": "nSaldoInicial",
        "closing": "nSaldoFinal",
    },
    total="nTotRegistros",
    from_="dDataDe",
    asked="%d/%m/%Y",
)
OMIE_MOVEMENTS = Listing(
    "ListarMovimentos",
    ("movimentos",),
    {"entry": "nCodMov", "date": "dDtMov", "debit": "nDebito", "credit": "nCredito"},
    total="nTotRegistros",
    days="%d/%m/%Y",
    from_="dDataDe",
    asked="%d/%m/%Y",
)
TOTVS_BALANCES = Listing(
    "balancete",
    ("balancete",),
    {
        "code": "CT1_CONTA",
        "name": "CT1_DESC01",
        "type": "CT1_NATCTA",
        "parent": "CT1_CTASUP",
        "opening": "CTI_SALDOI",
        "closing": "CTI_SALDOF",
    },
    from_="dataInicial",
    asked="%Y%m%d",
)
TOTVS_MOVEMENTS = Listing(
    "movimentacao",
    ("movimentacao",),
    {"entry": "CT2_DOC", "date": "CT2_DATA", "amount": "CT2_VALOR"},
    days="%Y%m%d",
    from_="dataInicial",
    asked="%Y%m%d",
)
CONTAAZUL_ACCOUNTS = Listing(
    "chart-of-accounts",
    ("accounts",),
    {"code": "code", "name": "name", "type": "type", "parent": "parent_code"},
)
CONTAAZUL_TRANSACTIONS = Listing(
    "transactions",
    ("transactions",),
    {"entry": "id", "date": "date"},
    total="total",
    from_="start_date",
)
_BLING_ACCOUNT = {
    "code": "codigo",
    "name": "descricao",
    "type": "tipo",
    "parent": "contaPai",
    "opening": "saldoInicial",
}
_BLING_MOVEMENT = {"entry": "id", "date": "data", "amount": "valor"}
BLING_ACCOUNTS = Listing("contascontabeis", ("data",), _BLING_ACCOUNT)
BLING_MOVEMENTS = Listing("movimentacoes", ("data",), _BLING_MOVEMENT, from_="dataInicial")
BLING_V2_ACCOUNTS = Listing(
    "contascontabeis", ("retorno", "contascontabeis"), _BLING_ACCOUNT, item="contacontabil"
)
BLING_V2_MOVEMENTS = Listing(
    "movimentacoes",
    ("retorno", "movimentacoes"),
    _BLING_MOVEMENT,
    item="movimentacao",
    from_="filters",
    asked="data[%d/%m/%Y",
)
