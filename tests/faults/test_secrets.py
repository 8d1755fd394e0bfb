"""No secret in anything that is printed, however the ERP hands it back.

Every run of this folder is searched. Those here give the search the most to find: all log messages,
tracebacks, and an ERP that says back whatever it was told, in every form a secret can take.
"""

from __future__ import annotations

import base64
import traceback
from datetime import date
from typing import Any

import pytest

from erp_common import create_connector
from erp_common.errors import ERPError
from faults.echoes import ECHOES, Echo
from faults.erps import ACTIVE, PUBLIC, WAYS, Erp
from faults.leaks import SECRET_SETTINGS, LeakError, Secrets
from faults.runs import Output, Runs
from faults.small_books import small_books
from simulator import LoggedRequest, Simulator, faults

pytestmark = pytest.mark.by_day("omie", "contaazul", "bling_v2")

ACCESS = [(erp, auth) for erp in (*ACTIVE, *PUBLIC) for auth in WAYS[erp.name]]
ACCESS_NAMES = [f"{erp.name}-{auth}" for erp, auth in ACCESS]
SYSTEMS = {
    "omie": "omie",
    "totvs": "totvs_protheus",
    "contaazul": "contaazul",
    "bling": "bling",
    "bling_v2": "bling",
}
# Letters that addresses, JSON, HTML, headers and patterns each write in ways of their own.
HARD = "K%y/+ =&\"\\'<x>?#[1].*"
CANARY = "no secret/at all+4711"


def settings(erp: Erp, auth: str, simulator: Simulator, **more: Any) -> dict[str, Any]:
    """Settings for this way to authenticate, with every word logged."""
    more = {"months": 1, "debug": True, "max_concurrency": 1, **more}
    return erp.authenticated(simulator, auth, **more)


def secrets_of(given: dict[str, Any]) -> list[str]:
    return [given[name] for name in sorted(SECRET_SETTINGS & given.keys())]


def run(runs: Runs, erp: Erp, given: dict[str, Any], **more: Any) -> Output:
    runs.secrets.learn_settings(given)
    return runs(erp.command, given, **more)


@pytest.mark.by_day("omie", "contaazul")
@pytest.mark.parametrize("echo", ECHOES, ids=str)
def test_an_answer_that_says_the_keys_back(erp: Erp, echo: Echo, runs: Runs) -> None:
    with Simulator(small_books(months=1)) as simulator:
        given = settings(erp, WAYS[erp.name][0], simulator)
        fault = echo.fault(erp, [*secrets_of(given), CANARY])
        simulator.faults.add(fault, endpoint=erp.postings, times=None)
        output = run(runs, erp, given)
    assert output.status == 1
    assert "Traceback" in output.stderr, "with debug the traceback is shown"


@pytest.mark.parametrize(("erp", "auth"), ACCESS, ids=ACCESS_NAMES)
def test_every_way_to_authenticate(erp: Erp, auth: str, runs: Runs) -> None:
    with Simulator(small_books(months=1)) as simulator:
        simulator.tokens.rotate = True
        given = settings(erp, auth, simulator)
        assert run(runs, erp, given).status == 0
        given = settings(erp, auth, simulator)
        refusal = ECHOES[1].fault(erp, secrets_of(given))
        simulator.faults.add(refusal, endpoint=erp.balances, times=None)
        output = run(runs, erp, given)
    assert output.status == 1
    assert output.last_words.startswith("ERPAuthenticationError: ")


@pytest.mark.parametrize(("erp", "auth"), ACCESS, ids=ACCESS_NAMES)
def test_secrets_that_are_hard_to_recognise(erp: Erp, auth: str, runs: Runs) -> None:
    with Simulator(small_books(months=1)) as simulator:
        given = settings(erp, auth, simulator)
        for number, name in enumerate(sorted(SECRET_SETTINGS & given.keys())):
            given[name] = f"{HARD}{number}"
        for endpoint in (None, "token"):
            refusal = ECHOES[0].fault(erp, secrets_of(given))
            simulator.faults.add(refusal, endpoint=endpoint, times=None)
        output = run(runs, erp, given)
    assert output.status == 1


def test_a_row_that_holds_the_keys(erp: Erp, runs: Runs) -> None:
    """What cannot be read is kept in the findings, as the ERP sent it."""
    with Simulator(small_books(months=1)) as simulator:
        given = settings(erp, WAYS[erp.name][0], simulator)
        secret = secrets_of(given)[0]
        spoilt = f"{secret} {base64.b64encode(secret.encode()).decode()}"

        def spoil(body: Any, _: LoggedRequest) -> Any:
            return _with_texts(body, spoilt)

        with simulator.tamper(erp.name, erp.postings, spoil):
            output = run(runs, erp, given)
    found = output.records("validation_issues")
    raw = [row["raw"] for row in found if row["code"] == "INVALID_RECORD"]
    assert raw or output.status == 1, output.stderr
    assert "***" in str(raw) + output.stderr


def test_a_connection_that_breaks_with_the_key_in_the_address(erp: Erp, runs: Runs) -> None:
    with Simulator(small_books(months=1)) as simulator:
        given = settings(erp, WAYS[erp.name][-1], simulator)
        simulator.faults.add(faults.reset(), times=None)
        assert run(runs, erp, given).status == 1
    # Nobody listens any more.
    assert run(runs, erp, given).status == 1


@pytest.mark.parametrize("args", [["--test"], ["--discover"], ["--about"], ["--health-check"]])
def test_other_commands(erp: Erp, args: list[str], runs: Runs) -> None:
    with Simulator(small_books(months=1)) as simulator:
        given = settings(erp, WAYS[erp.name][0], simulator)
        run(runs, erp, given, args=args)
        simulator.faults.add(ECHOES[0].fault(erp, secrets_of(given)), times=None)
        run(runs, erp, given, args=args)


def test_the_password_of_a_shared_allowance(erp: Erp, runs: Runs) -> None:
    password = "red1s/p@ss w0rd"  # noqa: S105 - of no Redis
    runs.secrets.learn(password)
    with Simulator(small_books(months=1)) as simulator:
        limit = {"storage_url": "redis://:red1s%2Fp%40ss%20w0rd@127.0.0.1:1/0"}
        given = settings(erp, WAYS[erp.name][0], simulator, rate_limit=limit)
        output = run(runs, erp, given)
        assert output.last_words.startswith("ERPConnectionError: ")
        given["rate_limit"] = {**limit, "requests": "many"}
        output = run(runs, erp, given)
        assert output.last_words.startswith("ConfigValidationError: ")


@pytest.mark.parametrize("wrong", [{"auth_type": "none"}, {"base_url": "http://x"}, {"period": 5}])
def test_settings_that_are_wrong(erp: Erp, wrong: dict[str, Any], runs: Runs) -> None:
    with Simulator(small_books(months=1)) as simulator:
        given = settings(erp, WAYS[erp.name][0], simulator) | wrong
    output = run(runs, erp, given)
    assert output.last_words.startswith("ConfigValidationError: "), output.stderr


def test_settings_from_the_environment(erp: Erp, runs: Runs) -> None:
    with Simulator(small_books(months=1)) as simulator:
        given = settings(erp, WAYS[erp.name][0], simulator)
        simulator.faults.add(ECHOES[0].fault(erp, secrets_of(given)), times=None)
        runs.secrets.learn_settings(given)
        prefix = erp.command.upper().replace("-", "_")
        env = {
            f"{prefix}_{name.upper()}": given.pop(name) for name in SECRET_SETTINGS & given.keys()
        }
        output = runs(erp.command, given, args=["--config=ENV"], env=env)
    assert output.status == 1


@pytest.mark.parametrize("echo", ECHOES[:1], ids=str)
def test_the_search_finds_what_is_there(erp: Erp, echo: Echo, runs: Runs) -> None:
    """The same search, for something that no one has called a secret."""
    searching = Secrets()
    searching.learn(CANARY)
    with Simulator(small_books(months=1)) as simulator:
        given = settings(erp, WAYS[erp.name][0], simulator)
        simulator.faults.add(echo.fault(erp, [CANARY]), endpoint=erp.postings, times=None)
        output = run(runs, erp, given)
    with pytest.raises(LeakError):
        searching.must_not_be_in(output.stderr)


@pytest.mark.parametrize(
    "text",
    [
        "key=no secret/at all+4711;",
        "?key=no%20secret%2Fat%20all%2B4711",
        "?key=no+secret%2Fat+all%2B4711",
        base64.b64encode(b"user:no secret/at all+4711").decode(),
        base64.b64encode(b"me:no secret/at all+4711:x").decode(),
        base64.b64encode(b"you:no secret/at all+4711").decode(),
        f"Bearer at-{'0123456789' * 4}",
    ],
)
def test_the_search_knows_every_form(text: str) -> None:
    searching = Secrets()
    searching.learn(CANARY)
    with pytest.raises(LeakError):
        searching.must_not_be_in(f"before {text} after")


def test_the_search_finds_nothing_where_nothing_is() -> None:
    searching = Secrets()
    searching.learn(CANARY)
    searching.must_not_be_in(
        "no secret", b"at all\xff", base64.b64encode(b"something else").decode()
    )
    assert searching.searched > 0


def _with_texts(body: Any, text: str) -> Any:
    """The answer with each amount and date of its rows replaced by a text."""
    if isinstance(body, dict):
        return {
            name: text
            if _is_value(name) and not isinstance(value, (dict, list))
            else _with_texts(value, text)
            for name, value in body.items()
        }
    return [_with_texts(one, text) for one in body] if isinstance(body, list) else body


def _is_value(name: str) -> bool:
    return name in {
        "CT2_VALOR",
        "CT2_DATA",
        "nDebito",
        "nCredito",
        "debit_amount",
        "credit_amount",
        "valor",
        "data",
    }


@pytest.mark.parametrize("echo", ECHOES, ids=str)
def test_exceptions_of_the_python_interface(erp: Erp, echo: Echo, runs: Runs) -> None:
    """Nothing masks what a caller prints of an exception: it must be clean itself, causes too."""
    with Simulator(small_books(months=1)) as simulator:
        given = settings(erp, WAYS[erp.name][0], simulator)
        keys = {name: given.pop(name) for name in SECRET_SETTINGS & given.keys()}
        simulator.faults.add(echo.fault(erp, list(keys.values())), times=None)
        names = ("base_url", "ca_bundle", "api_version", "client_id", "token_url", "retry")
        with (
            create_connector(
                erp_type=SYSTEMS[erp.name],
                auth_type=WAYS[erp.name][0],
                credentials=keys | {n: given[n] for n in ("client_id", "token_url") if n in given},
                config={name: given[name] for name in names if name in given},
            ) as connector,
            pytest.raises(ERPError) as raised,
        ):
            connector.get_trial_balance(
                company_id="101", period_start=date(2024, 1, 1), period_end=date(2024, 1, 31)
            )
    runs.secrets.learn(*keys.values())
    told = "".join(traceback.format_exception(raised.value))
    runs.secrets.must_not_be_in(told, repr(raised.value), str(vars(raised.value)))
