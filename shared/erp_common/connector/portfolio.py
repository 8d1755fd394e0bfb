"""Which ERP keeps a company's books."""

from __future__ import annotations

import os
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from types import MappingProxyType

import yaml

from erp_common.errors import ERPValidationError

VARIABLE = "ERP_PORTFOLIO"
"""The environment variable that names a file to use in place of the package's own."""


def load() -> Mapping[str, str]:
    """ERP types by company code, from the portfolio file.

    Raises:
        ERPValidationError: If the file cannot be read or is no portfolio.
    """
    named = os.environ.get(VARIABLE)
    where = named or "the package's portfolio.yml"
    try:
        file = Path(named) if named else resources.files(__package__) / "portfolio.yml"
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ERPValidationError(
            f"the portfolio {where} cannot be read ({type(error).__name__}); correct {VARIABLE}",
        ) from None
    companies = content.get("companies") if isinstance(content, dict) else None
    if not isinstance(companies, dict) or not all(
        isinstance(code, str) and isinstance(erp, str) for code, erp in companies.items()
    ):
        raise ERPValidationError(
            f"the portfolio {where} must hold `companies:` with an ERP type for each company code",
        )
    return MappingProxyType(companies)
