# ruff: noqa: INP001, S106 -- `http` must not become a package; no secret here is one
"""Secrets in none of the forms a text may spell them in, least of all in logs."""

from __future__ import annotations

import base64
import io
import json
import logging
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, quote_plus, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from erp_common.auth.handlers import APIKeyHandler
from erp_common.auth.oauth import OAuth2Handler
from erp_common.errors import ERPError
from erp_common.http.answer import Answer
from erp_common.http.masking import Masker, install
from erp_common.http.request import Request

secrets = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zs", "Zl", "Zp"]), min_size=4)


@given(secrets, st.sampled_from(["plain", "quote", "plus", "form", "json", "json8", "repr", "b64"]))
def test_no_form_of_a_secret_gets_through(secret: str, form: str) -> None:
    spelled = {
        "plain": secret,
        "quote": quote(secret, safe=""),
        "plus": quote_plus(secret),
        "form": urlencode({"key": secret}),
        "json": json.dumps({"key": secret}),
        "json8": json.dumps({"key": secret}, ensure_ascii=False),
        "repr": repr({"key": secret.encode()}),
        "b64": base64.b64encode(secret.encode()).decode(),
    }[form]
    masked = Masker([secret]).mask(f"<{spelled}>")
    assert "***" in masked
    assert len(masked) <= len('<{"key": b"***"}>')


def test_readable_where_there_is_no_secret() -> None:
    masker = Masker(["", None, "  ", "1", "ab"])
    assert masker.mask("11 of 211 tabs") == "11 of 211 tabs"
    assert masker.mask("key=1&x=ab, 'ab'") == "key=***&x=***, '***'"


def test_of_two_secrets_the_longer_goes_first() -> None:
    assert Masker(["abcd", "abcdefgh"]).mask("abcdefgh abcd") == "*** ***"


def test_pairs_and_addresses() -> None:
    masker = Masker()
    masker.learn_pair("ana", "geheim")
    masker.learn_address("redis://user:p%40ss@host:6379/0")
    masker.learn_address("https://[")
    pair = base64.b64encode(b"ana:geheim").decode()
    assert masker.mask(f"Basic {pair} geheim p%40ss") == "Basic *** *** ***"


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """What a handler of the root logger writes, debug included."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logging.Formatter("%(levelname)s %(name)s %(message)s"))
    root = logging.getLogger()
    level, formatters = root.level, {each: each.formatter for each in root.handlers}
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield stream
    root.removeHandler(handler)
    root.setLevel(level)
    for each, formatter in formatters.items():
        each.setFormatter(formatter)


def test_logs_are_masked_tracebacks_too(log: io.StringIO) -> None:
    masker = Masker(["t0psecret"])
    install(masker)
    install(masker)
    masker.learn("learnt-later")
    logger = logging.getLogger("anywhere")
    try:
        int("t0psecret")
    except ValueError:
        logger.exception("while at %s", "learnt-later")
    text = log.getvalue()
    assert "ERROR anywhere while at ***" in text
    assert "ValueError: invalid literal for int() with base 10: '***'" in text
    assert "t0psecret" not in text
    assert "learnt-later" not in text


def test_handlers_without_a_formatter_are_masked(log: io.StringIO) -> None:
    handler = logging.StreamHandler(log)
    logger = logging.getLogger("plain")
    logger.addHandler(handler)
    install(Masker(["bare-secret"]))
    logger.warning("a bare-secret here")
    logger.removeHandler(handler)
    assert "bare-secret" not in log.getvalue()
    assert "a *** here" in log.getvalue()


def test_a_whole_run_logs_no_secret(
    server: Any, connect: Any, masker: Masker, log: io.StringIO, clock: Any
) -> None:
    install(masker)
    keys = APIKeyHandler("key-of-app/1", "secret of app", "query")
    server.add({"error": "key-of-app/1 or secret+of+app is wrong"}, {}, status=500)
    connect(auth=keys).fetch(Request("GET", "/x"), Answer.read)
    oauth = OAuth2Handler(
        "client",
        "client-s3cret",
        f"{server.url}/token",
        None,
        "password",
        username="ana",
        password="pass-w0rd",
        clock=clock,
    )
    server.add({"access_token": "acc3ss-token", "refresh_token": "r3fresh-token"})
    server.add({"message": "Bearer acc3ss-token refused for pass-w0rd"}, status=404)
    with pytest.raises(ERPError) as caught:
        connect(auth=oauth).fetch(Request("GET", "/x"), Answer.read)
    logging.getLogger("run").error("failed", exc_info=caught.value)
    text = log.getvalue() + str(caught.value)
    assert "app_key=***" in text  # urllib3's debug log of the address
    assert "trying again in" in text
    for secret in ("of-app", "of app", "of+app", "s3cret", "w0rd", "acc3ss", "r3fresh"):
        assert secret not in text


@given(secrets.filter(lambda secret: len(secret) >= 6 and "…" not in secret), st.data())
def test_the_beginning_of_a_secret_that_was_cut_off_does_not_show(
    secret: str, data: st.DataObject
) -> None:
    length = data.draw(st.integers(6, len(secret)))
    masked = Masker([secret]).mask(f"it is '{secret[:length]}…', and {secret}")
    assert masked.endswith("***…', and ***")


def test_what_only_ends_in_an_ellipsis_stays() -> None:
    assert Masker(["abcdefghij"]).mask("abc… and abcdex… and so on…") == (
        "abc… and abcdex… and so on…"
    )
