"""`--authorize`: the first token, by the consent of a user in a browser."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from erp_common.auth.authorization import AuthorizationRequest
from erp_common.auth.consent import Consent
from erp_common.auth.oauth import OAuth2Handler
from erp_common.extract.source import HttpSource
from erp_common.setup.parse import refusal
from erp_common.setup.settings import Settings
from erp_common.singer.writer import Terminated

if TYPE_CHECKING:
    from erp_common.singer.base import TapBase


def authorize(tap_class: type[TapBase[Any]], given: Any) -> None:  # noqa: ANN401 - the SDK's config input
    """Get the first token and keep it in `token_store`.

    Raises:
        ConfigValidationError: The ERP has no such page, or a setting is missing or wrong.
        ERPError: There is no token; what `token_store` holds is as it was.
    """
    raw = tap_class.raw_settings(given)
    config = _settings(tap_class, raw)
    build = tap_class.build(config)
    try:
        source = tap_class.source(config, build)
        handler = source.transport.auth if isinstance(source, HttpSource) else None
        if not isinstance(handler, OAuth2Handler) or handler.token_store is None:
            raise refusal("--authorize needs auth_type oauth2 and a token_store; set both")
        handler.token_store.check()
        request = AuthorizationRequest(
            system=tap_class.defaults.system,
            page=config.authorize_url or tap_class.defaults.authorize_url or "",
            client_id=config.client_id or "",
            redirect_uri=config.redirect_uri.strip(),
            scope=config.scope or tap_class.defaults.authorize_scope,
        )
        tap_class.masker.learn(request.state)

        def redeem(code: str) -> str:
            handler.redeem(code, request.redirect_uri)
            lasting = config.api == "public" or raw.get("grant_type") == "refresh_token"
            if_set = "" if lasting else "with grant_type set to refresh_token, "
            return (
                f"The first token is kept in {config.token_store}; {if_set}the tap refreshes it by "
                "itself from now on."
            )

        def say(text: str) -> None:
            click.echo(tap_class.masker.mask(text), err=True)

        with _ended_by_signals():
            consent = Consent(request, config.redirect, say)
            consent.obtain(click.echo, redeem)
    finally:
        build.close()


def _settings(tap_class: type[TapBase[Any]], raw: dict[str, Any]) -> Settings:
    """The settings, once it is clear that a token can be had with them."""
    defaults = tap_class.defaults
    if defaults.authorize_url is None:
        raise refusal(
            f"{defaults.system} has no page on which a user lets an application in; leave "
            "--authorize out, and set the credentials of one of its auth_types: "
            f"{', '.join(defaults.auth_types)}"
        )
    usual = defaults.of(str(raw.get("api")))
    if (raw.get("auth_type") or usual.auth_types[0]) != "oauth2":
        raise refusal("--authorize gets tokens for auth_type oauth2; set auth_type to oauth2")
    if not str(raw.get("token_store") or "").strip():
        raise refusal(
            "token_store is missing; set it to the path of the file that is to keep the first "
            "token and those that follow"
        )
    config: Settings = tap_class.typed({**raw, "grant_type": "refresh_token"}, books=False)
    return config


@contextmanager
def _ended_by_signals() -> Iterator[None]:
    """While it lasts, Ctrl-C and a request to end are told as what they are."""

    def end(signum: int, *_: object) -> None:
        raise Terminated(signum, "It was broken off; run with --authorize again.")

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {one: signal.signal(one, end) for one in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)
