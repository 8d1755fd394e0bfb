"""The generic query's parameters, as far as Protheus' SQL is simulated."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from operator import eq, ge, gt, le, lt, ne
from typing import Final

from simulator.service import Row

_CONDITION: Final = re.compile(r"(\w+)\s*(<=|>=|<>|=|<|>)\s*'((?:[^']|'')*)'")
_COMPARE: Final[Mapping[str, Callable[[str, str], bool]]] = {
    "=": eq,
    "<>": ne,
    "<": lt,
    ">": gt,
    "<=": le,
    ">=": ge,
}
_DEFAULT_PAGE: Final = 10


class QueryError(Exception):
    """The database refuses the query."""


@dataclass(frozen=True)
class Query:
    """A query of one table."""

    table: str
    fields: tuple[str, ...]
    conditions: tuple[tuple[str, str, str], ...]
    order: tuple[str, ...]
    page: int
    page_size: int
    filial_filter: bool | None
    deleted_filter: bool | None

    @classmethod
    def of(cls, params: Mapping[str, str]) -> Query:
        """Read the parameters, whose names are taken in any case.

        Raises:
            QueryError: One of them cannot be read.
        """
        given = {name.lower(): value for name, value in params.items()}
        where = given.get("where", "").strip()
        parts = re.split(r"\s+AND\s+", where, flags=re.IGNORECASE) if where else []
        conditions = []
        for part in parts:
            found = _CONDITION.fullmatch(part.strip())
            if found is None:
                raise QueryError(f"Erro de sintaxe na cláusula where: {part}")
            column, operator, literal = found.groups()
            conditions.append((column.upper(), operator, literal.replace("''", "'")))
        return cls(
            table=given.get("tables", "").strip().upper(),
            fields=_names(given.get("fields", "")),
            conditions=tuple(conditions),
            order=_names(given.get("order", "")),
            page=_number(given.get("page"), 1),
            page_size=_number(given.get("pagesize"), _DEFAULT_PAGE),
            filial_filter=_flag(given.get("filialfilter")),
            deleted_filter=_flag(given.get("deletedfilter")),
        )

    def takes(self, row: Row) -> bool:
        """Whether the conditions let a row pass; SQL does not count blanks at the end."""
        return all(
            _COMPARE[operator](str(row[column]).rstrip(), literal.rstrip())
            for column, operator, literal in self.conditions
        )

    @property
    def columns(self) -> set[str]:
        """Every column that is named."""
        return {*self.fields, *self.order, *(column for column, _, _ in self.conditions)}


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip().upper() for name in text.split(",") if name.strip())


def _number(text: str | None, default: int) -> int:
    if text is None:
        return default
    if not text.isdigit() or not int(text):
        raise QueryError(f"Número inválido: {text}")
    return int(text)


def _flag(text: str | None) -> bool | None:
    return None if text is None else text.strip().lower() == "true"
