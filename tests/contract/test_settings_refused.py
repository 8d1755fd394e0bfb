"""Settings that make no sense are refused in one sentence, before anything is asked or said."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from singer_sdk.exceptions import ConfigValidationError

from contract.applies import each
from contract.conftest import Build
from contract.erps import OMIE, Erp
from contract.ledger import without
from contract.world import World


class Case(NamedTuple):
    """Settings to refuse, and a word that the sentence must hold."""

    name: str
    settings: dict[str, Any]
    word: str

    def __str__(self) -> str:
        """For test ids."""
        return self.name


def batches(**changes: Any) -> dict[str, Any]:
    """Sound batches, changed as told; a part changed to `...` is left out."""
    sound = {"encoding": {"format": "jsonl"}, "storage": {"root": "file:///nowhere"}}
    parts = {name: one for name, one in {**sound, **changes}.items() if one is not ...}
    return {"batch_config": parts}


ONE = [{"id": "ACME"}]
EVERYWHERE = (
    Case("not https", {"base_url": "http://127.0.0.1:1/api"}, "base_url"),
    Case("no address", {"base_url": "127.0.0.1"}, "base_url"),
    Case("no companies", {"companies": ...}, "companies"),
    Case("empty companies", {"companies": []}, "companies"),
    Case("companies as text", {"companies": "ACME"}, "companies"),
    Case("a company without id", {"companies": [{"name": "ACME"}]}, "id"),
    Case("a company by a bare number", {"companies": [{"id": 1}]}, "in quotes"),
    Case("a company's misspelt erp_id", {"companies": [{"id": "1", "erpid": "2"}]}, "has no erpid"),
    Case("a misspelt rate", {"rate_limit": {"request": 1}}, "has no request"),
    Case("a company with an empty id", {"companies": [{"id": " "}]}, "id"),
    Case("a company twice", {"companies": [*ONE, {"id": "ACME", "erp_id": "2"}]}, "companies"),
    Case("a company twice, once with a blank", {"companies": [*ONE, {"id": "ACME "}]}, "companies"),
    Case("no start_date", {"start_date": ...}, "start_date"),
    Case("a month 13", {"start_date": "2024-13-01"}, "start_date"),
    Case("a 30th of February", {"start_date": "2024-02-30"}, "start_date"),
    Case("an end in words", {"end_date": "yesterday"}, "end_date"),
    Case("an impossible end", {"end_date": "2024-04-31"}, "end_date"),
    Case("an end before the start", {"end_date": "2023-12-31"}, "end_date"),
    Case("an unknown period", {"period": "week"}, "period"),
    Case("an unknown validation", {"validation": "maybe"}, "validation"),
    Case("an unknown api", {"api": "secret"}, "api"),
    Case("an unknown convention", {"balance_convention": "both"}, "balance_convention"),
    Case("an unknown kind of account", {"subledger_accounts": "some"}, "subledger_accounts"),
    Case("lookback in words", {"lookback_periods": "many"}, "lookback_periods"),
    Case("a negative lookback", {"lookback_periods": -1}, "lookback_periods"),
    Case("no request at all", {"max_concurrency": 0}, "max_concurrency"),
    Case("a tolerance in words", {"tolerance": "small"}, "tolerance"),
    Case("a negative tolerance", {"tolerance": -1}, "tolerance"),
    Case("a month too many", {"fiscal_year_start_month": 13}, "a whole number of at most 12"),
    Case("no time at all", {"timeout": 0}, "timeout must be a number above 0"),
    Case("no interval", {"rate_limit": {"interval": 0}}, "interval must be a number above 0"),
    Case("an unknown filter", {"filters": {"color": "red"}}, "filters"),
    Case("an unknown account type", {"filters": {"account_types": ["Fruta"]}}, "Fruta"),
    Case("no level", {"filters": {"level": 0}}, "level"),
    Case("an unknown prefix type", {"account_type_prefixes": {"3": "Fruta"}}, "_prefixes has"),
    Case("an unknown mark", {"closing_entries": {"types": ["ENC"]}}, "closing_entries"),
    Case("a mark alone", {"closing_entries": {"document_types": "ENC"}}, "must be a list"),
    Case("an unknown strategy", {"retry": {"strategy": "hope"}}, "strategy"),
    Case("no attempt", {"retry": {"max_attempts": 0}}, "max_attempts"),
    Case("no allowance", {"rate_limit": {"requests": 0}}, "requests"),
    Case("an unknown auth_type", {"auth_type": "magic"}, "auth_type"),
    Case("maps in a list", {"stream_maps": ["x"]}, "stream_maps must be an object"),
    Case("maps as text", {"stream_maps": "x"}, "stream_maps must be an object"),
    Case("values for maps in a list", {"stream_map_config": ["x"]}, "stream_map_config must be"),
    Case("a faker in a list", {"faker_config": ["x"]}, "faker_config must be an object"),
    Case("flattening in words", {"flattening_enabled": "perhaps"}, "flattening_enabled must be"),
    Case("a depth in words", {"flattening_max_depth": "deep"}, "flattening_max_depth must be"),
    Case("a length in words", {"flattening_max_key_length": "x"}, "flattening_max_key_length must"),
    Case("a separator of 5", {"flattening_separator": 5}, "flattening_separator must be text"),
    Case("batches in a list", {"batch_config": ["x"]}, "batch_config must be an object"),
    Case("batches as text", {"batch_config": "x"}, "batch_config must be an object"),
    Case("batches of something", {"batch_config": {"x": 1}}, "batch_config"),
    Case("batches nowhere", batches(storage=...), "storage"),
    Case("batches in no form", batches(encoding=...), "encoding"),
    Case("batches in the form csv", batches(encoding={"format": "csv"}), "one of jsonl, parquet"),
    Case("batches zipped", batches(encoding={"format": "jsonl", "compression": "zip"}), "gzip"),
    Case("an encoding of text", batches(encoding="jsonl"), "encoding must be an object"),
    Case("a storage of text", batches(storage="files"), "storage must be an object"),
    Case("a storage without root", batches(storage={}), "root"),
    Case("a storage at 5", batches(storage={"root": 5}), "batch_config.storage.root must be text"),
    Case("an unknown storage", batches(storage={"root": "nope://x"}), "install what is missing"),
    Case("a storage not installed", batches(storage={"root": "s3://x"}), "install what is missing"),
    Case("a form not installed", batches(encoding={"format": "parquet"}), "No module named"),
    Case("empty batches", batches(batch_size=0), "batch_config.batch_size must be a whole number"),
    Case("batches of words", batches(batch_size="x"), "batch_config.batch_size must be a whole"),
    Case("a secret that is a list", {"app_secret": ["hunter2hunter2"]}, "app_secret"),
    Case("a secret that is an object", {"api_key": {"key": "hunter2hunter2"}}, "api_key"),
)  # fmt: skip


def cases(erp: Erp) -> Iterator[Case]:
    """What the command of an ERP is tried with; what all have in common, with one of them."""
    if erp == OMIE:
        yield from EVERYWHERE
    for auth_type, names in erp.logins.items():
        for name in names:
            settings = {**_keys(names), "auth_type": auth_type}
            yield Case(f"{auth_type} without {name}", {**settings, name: ...}, name)
        yield Case(f"{auth_type} with blanks", {**settings, names[-1]: "  "}, names[-1])
    for auth_type in ("api_key", "oauth2", "basic_auth", "bearer_token"):
        if auth_type not in erp.logins:
            keys = _keys(("app_key", "app_secret", "username", "password", "access_token"))
            yield Case(f"{auth_type}, which it has not", {**keys, "auth_type": auth_type},
                       "auth_type")  # fmt: skip
    if not erp.reported:
        yield Case("two companies", {"companies": [*ONE, {"id": "OTHER"}]}, "compan")
        yield Case("openings in words", {"opening_balances_from": "once"}, "opening_balances_from")
        yield Case("openings too late", {"opening_balances_from": "2024-02-01"},
                   "opening_balances_from")  # fmt: skip
    if "oauth2" in erp.auth_types:
        keys = _keys(("client_id", "client_secret"))
        yield Case("an unknown grant", {**keys, "auth_type": "oauth2", "grant_type": "wish"},
                   "grant_type")  # fmt: skip
        yield Case("tokens in the clear", {**keys, "auth_type": "oauth2",
                   "token_url": "http://127.0.0.1:1/token"}, "token_url")  # fmt: skip


def _keys(names: tuple[str, ...]) -> dict[str, Any]:
    return {name: f"hunter2-{name}" for name in names}


@each("case", cases)
def test_it_is_refused(build: Build, case: Case) -> None:
    world = build(entries_per_month=2)
    settings = dict(case.settings)
    run = world.bad(**settings)
    assert run.last_error.startswith("ConfigValidationError: ")
    assert case.word in run.last_error
    assert run.stdout == ""
    assert len(world.sim.requests) == 0
    assert "hunter2hunter2" not in run.stderr


def test_every_tap_refuses_what_makes_no_sense(build: Build) -> None:
    """Within this process, where a case takes a thousandth of a second."""
    world = build(entries_per_month=2)
    tap = world.erp.tap_class()
    wrong = []
    for case in EVERYWHERE:
        with pytest.raises(ConfigValidationError) as refused:
            tap(config=world.settings(**case.settings))
        told = "; ".join(map(str, refused.value.errors))
        if case.word not in told or "hunter2hunter2" in told:
            wrong.append((case.name, told))
    assert wrong == []


def test_debug_shows_where(build: Build) -> None:
    world = build(entries_per_month=2)
    run = world.bad(start_date="2024-02-30", debug=True)
    assert "Traceback" in run.stderr
    assert run.last_error.startswith("ConfigValidationError: ")


def test_the_last_line_is_the_only_one_that_complains(build: Build) -> None:
    """One clear sentence, and not the same in other words above it."""
    run = build(entries_per_month=2).bad(start_date="2024-02-30")
    assert run.stderr.count("2024-02-30") == 1


def test_the_last_line_is_an_error_where_a_machine_reads_the_logs(
    build: Build, tmp_path: Path
) -> None:
    """As Meltano has it: a plain line among its logs would be of the level info."""
    layout = tmp_path / "logging.json"
    formatter = {"()": "singer_sdk.logging.StructuredFormatter"}
    handler = {"class": "logging.StreamHandler", "formatter": "json", "stream": "ext://sys.stderr"}
    logs = {
        "version": 1,
        "formatters": {"json": formatter},
        "handlers": {"console": handler},
        "root": {"handlers": ["console"], "level": "INFO"},
    }
    layout.write_text(json.dumps(logs), encoding="utf-8")
    world = build(entries_per_month=2)
    run = world.run(period="week", env={"SINGER_SDK_LOG_CONFIG": str(layout)})
    assert run.returncode == 1
    told = json.loads(run.last_error)
    assert (told["level"], told["logger_name"]) == ("error", world.erp.command)
    assert told["message"].startswith("ConfigValidationError: period must be one of month, ")


@pytest.mark.parametrize("option", [[], ["--discover"], ["--test"]], ids=str)
def test_nothing_is_configured(build: Build, option: list[str]) -> None:
    """Discovery needs no settings; everything else says what is missing."""
    world: World = build(entries_per_month=2)
    bare = dict.fromkeys(world.settings(), ...)
    if option == ["--discover"]:
        assert '"streams"' in world.good(args=option, **bare).stdout
        return
    run = world.bad(args=option, **bare)
    assert run.last_error.startswith("ConfigValidationError: ")
    assert "companies" in run.last_error


def test_a_misspelt_setting_is_told(build: Build) -> None:
    """It has no effect, and what is read is not what was meant."""
    run = build(entries_per_month=2).good(lookback=3, stream_maps={})
    assert "has no setting lookback: it is ignored; did you mean lookback_periods?" in run.stderr
    assert "stream_maps" not in run.stderr


def test_the_sdk_s_settings_are_taken_as_they_are_meant(build: Build) -> None:
    """A null or an empty text is not set; numbers and truth come as text from some schedulers."""
    world = build(entries_per_month=2)
    plain = without(world.good().records("trial_balance"))
    for settings in (
        dict.fromkeys(("stream_maps", "stream_map_config", "batch_config")),
        {"stream_maps": "", "batch_config": "", "flattening_enabled": "false"},
        {"flattening_enabled": "true", "flattening_max_depth": "1", "flattening_separator": ""},
    ):
        assert without(world.good(**settings).records("trial_balance")) == plain


def test_a_currency_in_words_is_refused(build: Build) -> None:
    world = build(entries_per_month=2)
    (company,) = world.settings()["companies"]
    run = world.bad(companies=[company | {"currency": "reais"}])
    assert run.last_error == (
        "ConfigValidationError: companies[0].currency must be the three capital letters of a "
        "currency, such as BRL"
    )
