"""The layouts of the ECD: which field of a record holds what, from 2008 to today.

Fields are counted as the manual counts them: field 1 is the record's name. One that a layout does
not have, or that a line leaves out at its end, reads as empty. An unknown layout is read like the
newest.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from erp_common.ledger.normalize import InvalidValue
from erp_common.ledger.sentences import told

NEWEST: Final = 9
KNOWN: Final = frozenset(range(1, NEWEST + 1))

_HEAD = (
    "REG LECD DT_INI DT_FIN NOME CNPJ UF IE COD_MUN IM IND_SIT_ESP IND_SIT_INI_PER IND_NIRE "
    "IND_FIN_ESC COD_HASH_SUB"
)
_HEADS = {
    # Layouts 2 to 4 name the NIRE that is replaced, too, which moves what follows.
    2: f"{_HEAD} NIRE_SUBST IND_GRANDE_PORTE TIP_ECD COD_SCP IDENT_MF IND_ESC_CONS",
    5: f"{_HEAD} IND_GRANDE_PORTE TIP_ECD COD_SCP IDENT_MF IND_ESC_CONS IND_CENTRALIZADA "
    "IND_MUDANC_PC COD_PLAN_REF",
}
_BALANCE_SHEETS = {
    1: "REG COD_AGL NIVEL_AGL IND_GRP_BAL DESCR VL_CTA_FIN IND_DC_CTA_FIN VL_CTA_INI "
    "IND_DC_CTA_INI NOTA_EXP_REF",
    7: "REG COD_AGL IND_COD_AGL NIVEL_AGL COD_AGL_SUP IND_GRP_BAL DESCR VL_CTA_INI "
    "IND_DC_CTA_INI VL_CTA_FIN IND_DC_CTA_FIN NOTA_EXP_REF",
}
_INCOME_STATEMENTS = {
    1: "REG COD_AGL NIVEL_AGL DESCR VL_CTA_FIN IND_DC_CTA_FIN VL_CTA_INI IND_DC_CTA_INI "
    "NOTA_EXP_REF",
    7: "REG COD_AGL IND_COD_AGL NIVEL_AGL COD_AGL_SUP DESCR VL_CTA_FIN IND_DC_CTA_FIN IND_GRP_DRE "
    "NOTA_EXP_REF",
    8: "REG NU_ORDEM COD_AGL IND_COD_AGL NIVEL_AGL COD_AGL_SUP DESCR VL_CTA_INI IND_DC_CTA_INI "
    "VL_CTA_FIN IND_DC_CTA_FIN IND_GRP_DRE NOTA_EXP_REF",
}
_RECORDS: Final[Mapping[str, Mapping[int, str]]] = {
    "0000": _HEADS,
    "I051": {1: "REG COD_PLAN_REF COD_CCUS COD_CTA_REF", 8: "REG COD_CCUS COD_CTA_REF"},
    "J100": _BALANCE_SHEETS,
    "J150": _INCOME_STATEMENTS,
}

_WIDTHS: Final = {
    "0150": 13,
    "I050": 8,
    "I052": 3,
    "I075": 3,
    "I100": 4,
    "I155": 9,
    "I157": 5,
    "I200": 6,
    "I250": 9,
    "I355": 5,
}
"""Fields of the records that codes, texts and amounts are read of: in each layout, or at most."""
_FUNCTIONAL: Final = {"I155": 6, "I157": 2, "I200": 1, "I250": 2, "I355": 2}
"""Fields that a functional currency appends."""

_GROUPS: Final = (
    "0000|0001|0007|0020|0035|0150 0180|0990|"
    "C001|C040 C050 C051 C052 C150 C155 C600 C650|C990|"
    "I001|I010|I012 I015|I020|I030|I050 I051 I052 I053|I075|I100|I150 I155 I157|I200 I250|"
    "I300 I310|I350 I355|I500|I510|I550 I555|I990|"
    "J001|J005 J100 J150 J200 J210 J215 J310 J410 J800 J801|J900 J930 J931 J932 J935|J990|"
    "K001|K030 K100 K110 K115 K200 K210 K300 K310 K315|K990|"
    "9001|9900|9990|9999"
)
RANKS: Final = {
    record: rank for rank, group in enumerate(_GROUPS.split("|")) for record in group.split()
}
"""Every record there has been, by where in the file it stands; those that alternate share it."""

PARENTS: Final = {
    "I051": "I050",
    "I052": "I050",
    "I155": "I150",
    "I157": "I155",
    "I250": "I200",
    "I355": "I350",
    "J100": "J005",
    "J150": "J005",
}
"""The records that mean something only below another one."""


class Fields:
    """Where a layout has its fields."""

    def __init__(self, layout: int | None, *, functional: bool = False) -> None:
        """Take the fields of this layout; of one that is not known those of the newest.

        Args:
            layout: The layout.
            functional: Whether amounts in a functional currency stand behind those in BRL.
        """
        is_known = layout is not None and layout in KNOWN
        number = layout if layout is not None and is_known else NEWEST
        self._places = {
            record: {name: place for place, name in enumerate(_form(forms, number).split(), 1)}
            for record, forms in _RECORDS.items()
        }
        forms = {record: len(self._places[record]) for record in ("I051", "J100", "J150")}
        self._widths = {**_WIDTHS, **forms} if is_known else {}
        appended = _FUNCTIONAL if functional else {}
        self._most = {one: width + appended.get(one, 0) for one, width in self._widths.items()}
        self._own: dict[str, int] = {}

    def declare(self, record: str, number: int) -> None:
        """Take a field of the company's own (I020), behind those that the layout has.

        Args:
            record: The record that has it.
            number: Its number (NUM_AD): among the record's fields, or among the company's own.
        """
        if record in self._widths:
            self._own[record] = own = self._own.get(record, 0) + 1
            self._most[record] = max(self._most[record], self._widths[record] + own, number)

    def checked(self, record: str, values: list[str]) -> list[str]:
        """The fields of a record, if they are no more than it has.

        Raises:
            InvalidValue: They are: a `|` inside a text moves what stands behind it to other fields.
        """
        found, most = len(values) - 1, self._most.get(record)
        if most is not None and found > most:
            wrong = told(
                "has {found} fields, where its layout and I020 have {most}; a text in it may hold "
                "a |",
                found=found,
                most=most,
            )
            raise InvalidValue(told("the record"), wrong)
        return values

    def of(self, record: str, values: Sequence[str], name: str) -> str:
        """A field of a record by its name; empty where there is none."""
        place = self._places[record].get(name)
        return "" if place is None else at(values, place)


def at(values: Sequence[str], number: int) -> str:
    """The field of that number; empty where the line ends before it."""
    return values[number].strip() if number < len(values) else ""


def _form(forms: Mapping[int, str], layout: int) -> str:
    return forms[max((since for since in forms if since <= layout), default=min(forms))]
