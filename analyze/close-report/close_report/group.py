"""The group's chart: its accounts over all companies, and what was eliminated between them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Any, NamedTuple, TypeVar

from close_report.models import NAMES, Consolidated, Elimination, GroupAccount
from close_report.text import collated
from close_report.warehouse import Warehouse

RowT = TypeVar("RowT", bound=NamedTuple)


@dataclass
class Group:
    """The consolidation by the periods' last days; empty where nothing is mapped."""

    accounts: dict[str, GroupAccount] = field(default_factory=dict)
    consolidated: dict[date, list[Consolidated]] = field(default_factory=dict)
    eliminations: dict[date, list[Elimination]] = field(default_factory=dict)

    def name(self, group_account: str) -> str:
        """What the account is called, else its code."""
        known = self.accounts.get(group_account)
        return known.name or group_account if known else group_account

    def statement(self, group_account: str) -> str | None:
        """`BS` or `PL`, where the chart says so."""
        known = self.accounts.get(group_account)
        return known.statement if known else None

    def order(self, group_account: str) -> tuple[int, int, str]:
        """Where the account stands: balance sheet, then result, in the order of its lines."""
        known = self.accounts.get(group_account)
        if known is None:
            return (2, 0, group_account)
        return (int(known.statement == "PL"), known.line_order or 0, group_account)


def read_group(warehouse: Warehouse) -> Group:
    """Read the consolidation."""
    group = Group({row.group_account: row for row in _optional(warehouse, GroupAccount)})
    for row in _optional(warehouse, Consolidated):
        group.consolidated.setdefault(row.period_end, []).append(row)
    for rows in group.consolidated.values():
        rows.sort(key=lambda row: group.order(row.group_account))
    for pair in _optional(warehouse, Elimination):
        group.eliminations.setdefault(pair.period_end, []).append(pair)
    for pairs in group.eliminations.values():
        pairs.sort(key=lambda row: (group.order(row.group_account), collated(row.company_id)))
    return group


def _optional(warehouse: Warehouse, model: type[RowT]) -> list[Any]:
    return list(warehouse.read(model)) if warehouse.has(NAMES[model]) else []
