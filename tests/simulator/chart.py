"""The chart of accounts that the books are kept in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from importlib import resources
from itertools import count
from typing import Final, NamedTuple

from simulator.model import Account, AccountType, Nature

WIDTHS: Final = (1, 1, 2, 2, 3)
EQUITY_CODE: Final = "2.4"
MEMORANDUM_ROOT: Final = "6"
_TYPES: Final[dict[str, AccountType]] = {
    "1": "ASSET",
    "2": "LIABILITY",
    "3": "REVENUE",
    "4": "EXPENSE",
    "5": "EXPENSE",
}


class _Node(NamedTuple):
    code: str
    name: str
    marked: bool


@cache
def _read() -> tuple[_Node, ...]:
    text = (resources.files("simulator") / "chart.txt").read_text(encoding="utf-8")
    nodes: list[_Node] = []
    numbers: list[int] = []
    for raw in text.splitlines():
        if not raw.strip() or raw.startswith("#"):
            continue
        depth = (len(raw) - len(raw.lstrip())) // 2
        del numbers[depth + 1 :]
        if len(numbers) == depth:
            numbers.append(0)
        numbers[depth] += 1
        parts = zip(numbers, WIDTHS, strict=False)
        code = ".".join(f"{number:0{width}d}" for number, width in parts)
        name = raw.strip()
        nodes.append(_Node(code, name.removeprefix("* "), name.startswith("* ")))
    return tuple(nodes)


def _type_of(code: str) -> AccountType | None:
    if code == EQUITY_CODE or code.startswith(EQUITY_CODE + "."):
        return "EQUITY"
    return _TYPES.get(code[0])


def _nature_of(code: str, *, contra: bool) -> Nature:
    debit = code[0] in "145" or code.startswith("6.1") or code == MEMORANDUM_ROOT
    return "D" if debit != contra else "C"


def _parent_of(code: str) -> str | None:
    return code.rpartition(".")[0] or None


def chart_of_accounts(
    *, small: bool = False, memorandum: bool = False, accounts: int = 0
) -> list[Account]:
    """Return the chart in code order, with dotted codes.

    Args:
        small: About 60 accounts instead of more than 300.
        memorandum: With the root "Compensação", whose accounts have no type.
        accounts: At least so many accounts; one for each customer is added until there are.
    """
    return list(_chart(small=small, memorandum=memorandum, accounts=accounts))


@cache
def _chart(*, small: bool, memorandum: bool, accounts: int) -> tuple[Account, ...]:
    """The chart; a run of the tests keeps hundreds of books in the same few."""
    nodes = list(_read())
    if not memorandum:
        nodes = [node for node in nodes if node.code[0] != MEMORANDUM_ROOT]
    if small:
        marked = [node.code for node in nodes if node.marked]
        nodes = [n for n in nodes if any(f"{code}.".startswith(f"{n.code}.") for code in marked)]
    nodes = sorted([*nodes, *_customers(accounts - len(nodes))])
    contra = {node.code for node in nodes if node.name.startswith("(-)")}
    parents = {_parent_of(node.code) for node in nodes}
    chart = []
    for code, name, _ in nodes:
        parts = code.split(".")
        lineage = {".".join(parts[: depth + 1]) for depth in range(len(parts))}
        nature = _nature_of(code, contra=not contra.isdisjoint(lineage))
        chart.append(
            Account(
                code=code,
                name=name,
                type=_type_of(code),
                nature=nature,
                parent=_parent_of(code),
                level=len(parts),
                is_summary=code in parents,
            )
        )
    return tuple(chart)


def _customers(wanted: int) -> list[_Node]:
    """Return one account per customer, in groups of 999 under Clientes (1.1.02)."""
    nodes: list[_Node] = []
    for group in count(10):
        if wanted <= len(nodes):
            break
        nodes.append(_Node(f"1.1.02.{group}", f"Clientes - Carteira {group}", marked=False))
        nodes.extend(
            _Node(f"1.1.02.{group}.{number:03d}", f"Cliente {group}{number:03d}", marked=False)
            for number in range(1, min(999, wanted - len(nodes)) + 1)
        )
    return nodes


def recoded(accounts: list[Account], rename: Callable[[str], str]) -> list[Account]:
    """Return the same chart with other codes, such as 110102001."""
    return [
        replace(
            account, code=rename(account.code), parent=account.parent and rename(account.parent)
        )
        for account in accounts
    ]


def flat(code: str) -> str:
    """Return the code without separators."""
    return code.replace(".", "")


def dashed(code: str) -> str:
    """Return the code with dashes for dots."""
    return code.replace(".", "-")
