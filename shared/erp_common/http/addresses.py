"""Which addresses may be called or listened on, and whom certificates are checked against."""

from __future__ import annotations

import ipaddress
import os
import re
import ssl
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from erp_common.errors import ERPSettingsError

_ENVIRONMENT = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE")


def parts_of(url: str) -> SplitResult:
    """The parts of an address; all of them are empty where it cannot be one."""
    try:
        parts = urlsplit(url)
        _ = parts.hostname, parts.port
    except ValueError:  # a port or a bracket that is none
        return SplitResult("", "", "", "", "")
    return parts


def require_https(url: str, setting: str) -> str:
    """Check an address before anything is sent to it.

    Args:
        url: The address.
        setting: The setting's name, for the message.

    Returns:
        The address without blanks around it.

    Raises:
        ERPSettingsError: It is no https address, has no host or carries credentials.
    """
    text = url.strip()
    parts = parts_of(text)
    if not text.lower().startswith("https://"):
        raise ERPSettingsError(f"{setting} must begin with https://; correct the setting.")
    if not parts.hostname or any(letter.isspace() for letter in text):
        raise ERPSettingsError(
            f"{setting} must be an address such as https://host/path; correct the setting."
        )
    if parts.username is not None or parts.password is not None:
        raise ERPSettingsError(
            f"{setting} must not carry a user name or password; set them as settings of their own."
        )
    return text


@dataclass(frozen=True)
class Loopback:
    """An address at which a browser of this machine finds a program of this machine."""

    host: str
    port: int
    path: str

    def __str__(self) -> str:
        """As a sentence names it."""
        return f"port {self.port} of {self.host}"


def redirect_address(url: str) -> Loopback | None:
    """Where to listen for what an authorization page sends to a `redirect_uri`.

    Returns:
        None for an https address: that is somebody else's, and the user brings what it gets.

    Raises:
        ERPSettingsError: It is neither https nor an http address of this machine alone.
    """
    text = url.strip()
    parts = parts_of(text)
    host, port = parts.hostname or "", parts.port
    whole = host and not parts.fragment and "@" not in parts.netloc and not re.search(r"\s", text)
    if whole and parts.scheme == "https":
        return None
    if whole and parts.scheme == "http" and _is_own(host) and port != 0:
        return Loopback("127.0.0.1" if host == "localhost" else host, port or 80, parts.path or "/")
    raise ERPSettingsError(
        "redirect_uri must be an http address of this machine, such as "
        "http://127.0.0.1:8765/callback, or an https address; correct the setting."
    )


def _is_own(host: str) -> bool:
    """Whether a host is this machine, reached by nobody else."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _must_hold_certificates(name: str, path: Path) -> None:
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cafile=path)
    except (ssl.SSLError, ValueError):
        problem = "is no certificate in PEM form"
    except OSError as error:
        problem = f"cannot be read ({error.strerror or type(error).__name__})"
    else:
        return
    raise ERPSettingsError(
        f"{name} names {path}, which {problem}; name the file of the authority's certificate."
    )


def certificate_authorities(ca_bundle: str | None) -> str | bool:
    """Whom certificates are checked against; there is no way to switch the check off.

    Args:
        ca_bundle: The setting, which wins over the environment.

    Returns:
        A file or directory, or True for the public authorities.

    Raises:
        ERPSettingsError: The file does not exist.
    """
    named = [("ca_bundle", ca_bundle), *((name, os.environ.get(name)) for name in _ENVIRONMENT)]
    for name, value in named:
        if value and value.strip():
            path = Path(value.strip()).expanduser()
            if not path.exists():
                raise ERPSettingsError(
                    f"{name} names {path}, which does not exist; correct the path or remove it."
                )
            if path.is_file():
                _must_hold_certificates(name, path)
            return str(path)
    return True
