"""Debian's Chromium, driven as its user would; it trusts one simulator's key and no other."""

from __future__ import annotations

import base64
import hashlib
import os
import shutil
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from simulator import Books, Simulator

if TYPE_CHECKING:
    from selenium.webdriver import Chrome


@pytest.fixture
def sim() -> Iterator[Simulator]:
    with Simulator(Books.generate(entries_per_month=4)) as simulator:
        yield simulator


@pytest.fixture
def browser(sim: Simulator, tmp_path: Path) -> Iterator[Chrome]:
    """A browser that has never been anywhere."""
    # Installed by `make test-browser`; all other tests do without it.
    from selenium.webdriver import Chrome, ChromeOptions  # noqa: PLC0415
    from selenium.webdriver.chrome.service import Service  # noqa: PLC0415

    options = ChromeOptions()
    options.binary_location = program("chromium")
    for argument in (
        "--headless=new",
        f"--user-data-dir={tmp_path / 'profile'}",
        f"--ignore-certificate-errors-spki-list={key_of(sim)}",
        "--disable-dev-shm-usage",
        "--no-proxy-server",
        *(["--no-sandbox"] if os.geteuid() == 0 else []),
    ):
        options.add_argument(argument)
    driver = Chrome(options=options, service=Service(program("chromedriver")))
    try:
        yield driver
    finally:
        driver.quit()


def program(name: str) -> str:
    """Where an installed program is."""
    found = shutil.which(name)
    assert found is not None, f"{name} is missing: run `make test-browser`"
    return found


def key_of(sim: Simulator) -> str:
    """The hash by which a browser knows the simulator's key."""
    trusted = ssl.create_default_context(cafile=sim.ca_bundle)
    with (
        socket.create_connection(("127.0.0.1", sim.port), 30) as line,
        trusted.wrap_socket(line, server_hostname="127.0.0.1") as safe,
    ):
        shown = safe.getpeercert(binary_form=True)
    assert shown is not None
    key = x509.load_der_x509_certificate(shown).public_key()
    coded = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(hashlib.sha256(coded).digest()).decode()
