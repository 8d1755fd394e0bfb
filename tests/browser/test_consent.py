"""A user opens the printed address, reads whom it is about, decides, and reads how it ended."""

from __future__ import annotations

import ssl
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
import trustme

from authorize.attempt import COMMANDS, PATIENCE, World
from simulator import Simulator

if TYPE_CHECKING:
    from selenium.webdriver import Chrome

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]


def decide(browser: Chrome, address: str, decision: str) -> str:
    """Open the address, decide, and read the heading of the page that it ends on."""
    from selenium.webdriver.common.by import By  # noqa: PLC0415 - see the fixture `browser`
    from selenium.webdriver.support import expected_conditions as wait_for  # noqa: PLC0415
    from selenium.webdriver.support.wait import WebDriverWait  # noqa: PLC0415

    patiently = WebDriverWait(browser, PATIENCE)
    browser.get(address)
    button = (By.CSS_SELECTOR, f"button[value={decision}]")
    patiently.until(wait_for.element_to_be_clickable(button)).click()
    patiently.until(wait_for.title_contains("The tap is"))
    return str(browser.find_element(By.TAG_NAME, "h1").text)


@pytest.mark.parametrize("erp", COMMANDS)
def test_access_is_allowed(erp: str, browser: Chrome, sim: Simulator, tmp_path: Path) -> None:
    """Conta Azul's page finds its query after the `#`, which no server ever sees."""
    world = World.of(erp, sim, tmp_path)
    with world.begin() as attempt:
        assert decide(browser, attempt.address, "allow") == "The tap is authorised"
        ended = attempt.end()
    assert ended.status == 0, ended.said
    assert sim.tokens.is_refresh_token(world.kept["refresh_token"])
    assert sim.tokens.count == 1
    assert sim.requests.count(erp, "authorize") == (3 if "contaazul" in erp else 2)


def test_the_page_at_the_end(browser: Chrome, sim: Simulator, tmp_path: Path) -> None:
    """It is plain, complete, and leads nowhere; also where it is found by name."""
    world = World.of("bling", sim, tmp_path)
    world.settings["redirect_uri"] = world.settings["redirect_uri"].replace(
        "127.0.0.1", "localhost"
    )
    with world.begin() as attempt:
        decide(browser, attempt.address, "allow")
        assert attempt.end().status == 0
    assert urlsplit(browser.current_url).hostname == "localhost"
    assert "You may close this window" in browser.page_source
    fetched = "return performance.getEntriesByType('resource').map(one => one.name)"
    own = world.settings["redirect_uri"].rpartition("/")[0]
    assert [one for one in browser.execute_script(fetched) if not one.startswith(own)] == []
    assert browser.execute_script("return document.querySelectorAll('a,img,script').length") == 0


def test_access_is_denied(browser: Chrome, sim: Simulator, tmp_path: Path) -> None:
    world = World.of("contaazul", sim, tmp_path)
    with world.begin() as attempt:
        assert decide(browser, attempt.address, "deny") == "The tap is not authorised"
        ended = attempt.end()
    assert ended.status == 1
    assert ended.last.startswith("ERPAuthenticationError: Access was denied")
    assert not world.store.exists()


def test_the_company_is_named(browser: Chrome, sim: Simulator, tmp_path: Path) -> None:
    from selenium.webdriver.common.by import By  # noqa: PLC0415 - see the fixture `browser`

    world = World.of("bling", sim, tmp_path)
    with world.begin() as attempt:
        browser.get(attempt.address)
        assert browser.find_element(By.ID, "company").text == sim.books.company.name


def test_a_browser_that_trusts_nobody_else(browser: Chrome, sim: Simulator) -> None:
    """The exception is for the key of this simulator alone."""
    browser.get(sim.authorize_url("bling"))
    assert "Sign in" in browser.title
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
    with HTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as other:
        other.socket = context.wrap_socket(other.socket, server_side=True)
        serving = Thread(target=other.serve_forever)
        serving.start()
        try:
            browser.get(f"https://127.0.0.1:{other.server_address[1]}/")
            assert "ERR_CERT_AUTHORITY_INVALID" in browser.page_source
        finally:
            other.shutdown()
            serving.join()
