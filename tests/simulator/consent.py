"""The page on which a company's user lets an application in, or does not."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from urllib.parse import urlencode

from simulator.books import Books
from simulator.http11 import Request, Response
from simulator.oauth import Client, Tokens

_PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>{title}</title>
<h1>{title}</h1>
{body}
</html>
"""
_READS_THE_FRAGMENT = """<p id="none">This address names no application.</p>
<script>
const query = location.hash.split("?")[1];
if (query) location.replace(location.pathname + "?" + query);
</script>"""


def answer(tokens: Tokens, books: Books, erp: str, request: Request) -> Response:
    """Show whom the user is about to let in where, and send the decision on.

    A page whose query stands after the `#` gets it by script, and is asked once more.
    """
    if request.method not in {"GET", "POST"}:
        return _page(405, "Not allowed")
    if request.method == "GET" and not request.query:
        return _page(200, "Sign in", _READS_THE_FRAGMENT)
    asked = request.form if request.method == "POST" else request.query
    client = tokens.registered(erp, asked.get("client_id", ""))
    if client is None:
        return _page(400, "Unknown application")
    address = asked.get("redirect_uri") or client.redirect_uri
    if not address or client.redirect_uri not in {"", address}:
        return _page(400, "This address is not registered for the application")
    if request.method == "GET" and asked.get("response_type") == "code":
        return _form(books, client, asked)
    return _sent_on(address, asked, _decision(tokens, client, asked))


def _decision(tokens: Tokens, client: Client, asked: Mapping[str, str]) -> dict[str, str]:
    if asked.get("response_type") != "code":
        return {"error": "unsupported_response_type"}
    if asked.get("decision") != "allow":
        return {"error": "access_denied", "error_description": "The user has denied access"}
    return {"code": tokens.code(client, asked.get("redirect_uri", ""))}


def _form(books: Books, client: Client, asked: Mapping[str, str]) -> Response:
    company = books.company if client.grant.company is None else books[client.grant.company]
    kept = "".join(
        f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">\n'
        for name, value in asked.items()
        if name != "decision"
    )
    body = f"""<p>May <b>{escape(client.client_id)}</b> read the books of
<b id="company">{escape(company.name)}</b>?</p>
<form method="post" action="?">
{kept}<button name="decision" value="allow">Allow</button>
<button name="decision" value="deny">Deny</button>
</form>"""
    return _page(200, "Allow access?", body)


def _sent_on(address: str, asked: Mapping[str, str], said: Mapping[str, str]) -> Response:
    state = {"state": asked["state"]} if "state" in asked else {}
    query = urlencode({**said, **state})
    page = _page(303, "Going on")
    page.headers["Location"] = f"{address}{'&' if '?' in address else '?'}{query}"
    return page


def _page(status: int, title: str, body: str = "") -> Response:
    text = _PAGE.format(title=escape(title), body=body)
    return Response(status, text.encode(), "text/html; charset=utf-8")
