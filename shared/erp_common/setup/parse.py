"""From what a user has set to typed settings; what does not fit is told in sentences."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from datetime import date
from importlib import import_module
from pathlib import Path
from typing import Any, TypeVar, get_origin

import msgspec
from singer_sdk.exceptions import ConfigValidationError

from erp_common.errors import ERPValidationError
from erp_common.setup.schema import bare, choices, fields
from erp_common.setup.settings import Batches, BuiltIn, Settings
from erp_common.setup.wrong_setting import sentence

S = TypeVar("S", bound=Settings)


def parse(raw: Mapping[str, Any], of: type[S], *, books: bool = True) -> S:
    """Read the settings.

    Args:
        raw: The settings as the SDK, the environment or a caller hands them over.
        of: The tap's settings.
        books: Whether `companies` and `start_date` are needed.

    Raises:
        ConfigValidationError: If a setting is missing or wrong; its text names the setting.
    """
    given: dict[str, Any] = _without_nulls(dict(raw))
    problems = []
    for field in fields(of):
        if field.name in given:
            try:
                given[field.name] = _understood(field.name, bare(field.type), given[field.name])
            except (ValueError, ERPValidationError) as error:
                problems.append(str(error))
    if problems:
        raise refusal(*problems)
    try:
        settings = msgspec.convert(_with_defaults(given, of), of, strict=False)
    except msgspec.ValidationError as error:
        raise refusal(sentence(str(error), of)) from None
    problems = list(_problems(settings, books=books))
    if problems:
        raise refusal(*problems)
    return settings


def with_built_in(raw: Mapping[str, Any]) -> dict[str, Any]:
    """The settings, those that the SDK adds in the types that it takes for granted.

    Raises:
        ConfigValidationError: One has another shape, or batches cannot be written here.
    """
    # What is empty is not set; but an empty separator is one.
    given = {
        name: value
        for name, value in raw.items()
        if name not in BuiltIn.__struct_fields__
        or not (value in (None, {}) or (value == "" and name != "flattening_separator"))
    }
    try:
        found = msgspec.convert(given, BuiltIn, strict=False)
    except msgspec.ValidationError as error:
        raise refusal(sentence(str(error), BuiltIn)) from None
    if found.batch_config:
        _check_batches(found.batch_config)
        given["batch_config"] = msgspec.to_builtins(found.batch_config)
    plain = {name: getattr(found, name) for name in given if name.startswith("flattening_")}
    return {**given, **plain}


def _check_batches(batches: Batches) -> None:
    """See that nothing is missing here for files of that kind, in a storage of that kind."""
    try:
        protocols, named, _ = batches.storage.root.partition("://")
        for one in protocols.split("::") if named else ():
            import_module("fsspec").get_filesystem_class(one)
        if batches.encoding.format == "parquet":
            import_module("pyarrow")
    except (ImportError, ValueError) as error:
        raise refusal(
            f"batch_config cannot be followed here ({error}); "
            "install what is missing, or correct batch_config"
        ) from None


def refusal(*sentences: str) -> ConfigValidationError:
    """The error of settings, or of other files of a run, of which these sentences say the wrong."""
    return ConfigValidationError("; ".join(sentences), errors=list(sentences), schema={})


def _with_defaults(given: dict[str, Any], of: type[Settings]) -> dict[str, Any]:
    """What is set, and the ERP's defaults for what is not; in objects, key by key."""
    for name, value in of.defaults.of(str(given.get("api"))).values().items():
        if name in of.__struct_fields__:
            if isinstance(value, dict) and isinstance(given.get(name), dict):
                given[name] = {**value, **given[name]}
            given.setdefault(name, value)
    if isinstance(given.get("token_url"), str):
        address = str(given["base_url"]).rstrip("/")
        given["token_url"] = given["token_url"].replace("{base_url}", address)
    return given


def _understood(name: str, kind: Any, value: Any) -> Any:  # noqa: ANN401 - any setting's
    """A setting's value in the form in which it is converted."""
    origin = get_origin(kind) or kind
    is_struct = isinstance(kind, type) and issubclass(kind, msgspec.Struct)
    if isinstance(value, str) and (origin in {dict, tuple} or is_struct):
        value = _json(name, value)
    if hasattr(kind, "parse") and isinstance(value, dict):
        return kind.parse(value)  # the ledger's own, which say what is wrong with them
    if kind is date and isinstance(value, str):
        return _day(name, value)
    if choices(kind) and type(value) is int:
        return str(value)
    return value


def _problems(settings: Settings, *, books: bool) -> Iterator[str]:
    if settings.calls:
        yield from _problems_of_calling(settings)
    yield from settings.problems()
    if not settings.tolerance.is_finite():
        yield "tolerance must be a number"
    elif settings.tolerance < 0:
        yield "tolerance must not be negative"
    for read in ("type_prefixes", "redirect"):
        try:
            getattr(settings, read)
        except (ValueError, ERPValidationError) as error:
            yield str(error)
    if books:
        yield from _book_problems(settings)


def _problems_of_calling(settings: Settings) -> Iterator[str]:
    for name in ("base_url", "token_url", "authorize_url"):
        url = getattr(settings, name)
        if url is not None and not re.match(r"https://[^/?#@\s]+", url):
            yield f"{name} must start with https:// and name a host; books never go in the clear"
    if settings.ca_bundle is not None and not Path(settings.ca_bundle).is_file():
        yield f"ca_bundle is {settings.ca_bundle!r}, where there is no file; correct the path"
    if settings.api not in settings.defaults.apis:
        yield (
            f"api is {settings.api}, which this version of the tap does not speak; "
            f"set it to {' or '.join(settings.defaults.apis)}"
        )
    usual = settings.usual
    if settings.auth_type not in usual.auth_types:
        yield (
            f"auth_type must be one of {', '.join(usual.auth_types)} for {usual.system}, "
            f"not {settings.auth_type!r}"
        )
    else:
        yield from _missing_credentials(settings)


def _book_problems(settings: Settings) -> Iterator[str]:
    if not settings.companies:
        yield 'companies is missing; name at least one company, e.g. [{"id": "ACME"}]'
    ids = [one.id.strip() for one in settings.companies]
    if not all(ids):
        yield "companies holds a company without an id; give each an id of its own"
    doubled = sorted({one for one in ids if ids.count(one) > 1})
    if doubled:
        yield f"companies names {', '.join(doubled)} more than once; each id must be unique"
    if settings.usual.single_company and len(ids) > 1:
        yield (
            f"companies names {len(ids)} companies, but these credentials belong to one company; "
            "configure one tap per company"
        )
    first, last, openings = settings.start_date, settings.end_date, settings.openings_day
    if first is None and settings.needs_start_date:
        yield "start_date is missing; set the first day to read as YYYY-MM-DD"
    elif first and last and last < first:
        yield f"end_date ({last}) lies before start_date ({first})"
    if first and openings and openings > first:
        yield f"opening_balances_from ({openings}) lies after start_date ({first})"


def _missing_credentials(settings: Settings) -> Iterator[str]:
    auth_type, grant_type = settings.auth_type, settings.grant_type
    needed = settings.usual.credentials(auth_type, grant_type)
    if (auth_type, grant_type) == ("oauth2", "refresh_token") and not settings.token_store:
        needed = (*needed, "refresh_token")
    missing = [name for name in needed if not (getattr(settings, name) or "").strip()]
    if missing:
        yield f"{' and '.join(missing)} must be set for auth_type {settings.auth_type}"


def _without_nulls(value: Any) -> Any:  # noqa: ANN401
    """What is set; an empty text is not, as a variable without a value makes one."""
    if isinstance(value, dict):
        return {name: _without_nulls(one) for name, one in value.items() if not _is_empty(one)}
    if isinstance(value, (list, tuple)):
        return [_without_nulls(one) for one in value]
    return value


def _is_empty(value: object) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())


def _json(name: str, text: str) -> Any:  # noqa: ANN401
    try:
        return _without_nulls(json.loads(text))
    except ValueError:
        raise ValueError(f"{name} is a text that is no JSON; write it as JSON") from None


def _day(name: str, text: str) -> date:
    found = re.fullmatch(r"(\d{4}-\d{2}-\d{2})(?:[T ].*)?", text.strip())
    try:
        day = date.fromisoformat(found.group(1)) if found else None
    except ValueError:
        day = None
    if day is None or not 1900 <= day.year <= 2200:  # noqa: PLR2004 - the books of this era
        raise ValueError(f"{name} is {text!r}, which is no date; write YYYY-MM-DD")
    return day
