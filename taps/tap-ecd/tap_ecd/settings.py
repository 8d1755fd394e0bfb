"""The settings of tap-ecd."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Annotated, ClassVar, Final

import msgspec

from erp_common.http.options import RateLimit
from erp_common.ledger.models import BRAZILIAN_REAL, Company
from erp_common.setting import setting
from erp_common.setup.settings import Defaults, Settings
from tap_ecd.values import tax_number

_CNPJ: Final = 14

_READ: Final = frozenset(
    (
        *("paths", "companies", "start_date", "end_date", "period", "filters", "validation"),
        *("tolerance", "fiscal_year_start_month", "account_type_prefixes", "debug"),
        *("amounts", "objects", "language", "health_check_timeout"),
    )
)
"""The settings that mean something where nothing is called, and every file says what it states."""


class FiledCompany(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One entry of `companies`."""

    id: Annotated[str, setting("Id", "Emitted as company_id; unique in the warehouse")]
    cnpj: Annotated[
        str, setting("CNPJ", "Whose files are read; files of others are told and skipped")
    ]
    name: Annotated[str | None, setting("Name", "Emitted as company_name; default: id")] = None


class EcdSettings(Settings, frozen=True, kw_only=True):
    """The settings of filed ledgers."""

    defaults: ClassVar[Defaults] = Defaults(
        system="SPED ECD",
        base_url="",
        auth_types=("none",),
        rate=RateLimit(requests=1, interval=1, burst=1),  # nothing is called
    )
    calls: ClassVar[bool] = False
    needs_start_date: ClassVar[bool] = False

    paths: Annotated[
        tuple[str, ...],
        setting(
            "Paths",
            "ECD files, folders or patterns such as /filed/*.txt, or any address that fsspec knows "
            "(s3://… with tap-ecd[s3])",
            group="required",
        ),
    ] = ()
    companies: Annotated[
        tuple[FiledCompany, ...],
        setting("Companies", "The companies whose filed books are read", group="required"),
    ] = ()  # type: ignore[assignment]
    start_date: Annotated[
        date | None,
        setting(
            "Start date",
            "First day to read (YYYY-MM-DD); its whole period is read; default: where files begin",
        ),
    ] = None
    end_date: Annotated[
        date | None,
        setting("End date", "Last day to read (YYYY-MM-DD); default: where files end"),
    ] = None

    @classmethod
    def hidden(cls) -> frozenset[str]:
        """Everything that is about calling an ERP, or about what a file says of itself."""
        return frozenset(cls.__struct_fields__) - _READ

    @property
    def company_list(self) -> list[Company]:
        """`companies`; what is asked for is the CNPJ."""
        return [
            Company(one.id, tax_number(one.cnpj), one.name or one.id, BRAZILIAN_REAL)
            for one in self.companies
        ]

    def problems(self) -> Iterator[str]:
        """What is wrong with `paths` and `companies`."""
        if not [path for path in self.paths if path.strip()]:
            yield 'paths is missing; name files, folders or patterns, e.g. ["/filed/*.txt"]'
        numbers = [tax_number(one.cnpj) for one in self.companies]
        for one, number in zip(self.companies, numbers, strict=True):
            if len(number) != _CNPJ:
                yield (
                    f"cnpj of company {one.id} is {one.cnpj!r}, which has not the 14 digits or "
                    "letters of a CNPJ"
                )
        doubled = sorted({number for number in numbers if numbers.count(number) > 1})
        if doubled:
            yield f"companies names the CNPJ {', '.join(doubled)} more than once"
