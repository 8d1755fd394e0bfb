"""An entry before it gets a date and an id."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from simulator.model import Entity

COST_CENTERS: Final = ("CC001", "CC002", "CC010", "CC100", "ADM", "COM.SP", "COM-RJ")

_FIRST: Final = ("Aurora", "Bandeirantes", "Cataratas", "Dois Irmãos", "Estação", "Ipê", "São João")
_SECOND: Final = ("Alimentos", "Construções", "Papéis & Cia", "Logística", "Química", "Calçados")
_LAST: Final = ("Ltda", "S.A.", "ME", "EIRELI", "Indústria e Comércio Ltda")

# An entity for each combination; ids beyond 32 bits, as the vendors'.
ENTITIES: Final = tuple(
    Entity(3_100_000_001 + number, f"{first} {second} {last}")
    for number, (first, second, last) in enumerate(
        (first, second, last) for first in _FIRST for second in _SECOND for last in _LAST
    )
)


class DraftLine(NamedTuple):
    """An account and an amount in cents, positive on the debit side."""

    account: str
    cents: int
    cost_center: str | None = None
    text: str | None = None


class Draft(NamedTuple):
    """A balanced entry; `entity`: whether a client or supplier takes part."""

    lines: Sequence[DraftLine]
    document_type: str | None
    text: str
    entity: bool = True
