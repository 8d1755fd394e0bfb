"""Which addresses may be called, and whom their certificates are checked against."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from erp_common.errors import ERPValidationError

_ENVIRONMENT = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE")


def require_https(url: str, setting: str) -> str:
    """Check an address before anything is sent to it.

    Args:
        url: The address.
        setting: The setting's name, for the message.

    Returns:
        The address without blanks around it.

    Raises:
        ERPValidationError: It is no https address, has no host or carries credentials.
    """
    text = url.strip()
    try:
        parts = urlsplit(text)
        host = parts.hostname
        _ = parts.port
    except ValueError:
        parts, host = SplitResult("", "", "", "", ""), None
    if parts.scheme.lower() != "https":
        raise ERPValidationError(f"{setting} must begin with https://; correct the setting.")
    if not host or any(letter.isspace() for letter in text):
        raise ERPValidationError(
            f"{setting} must be an address such as https://host/path; correct the setting."
        )
    if parts.username is not None or parts.password is not None:
        raise ERPValidationError(
            f"{setting} must not carry a user name or password; set them as settings of their own."
        )
    return text


def certificate_authorities(ca_bundle: str | None) -> str | bool:
    """Whom certificates are checked against; there is no way to switch the check off.

    Args:
        ca_bundle: The setting, which wins over the environment.

    Returns:
        A file or directory, or True for the public authorities.

    Raises:
        ERPValidationError: The file does not exist.
    """
    named = [("ca_bundle", ca_bundle), *((name, os.environ.get(name)) for name in _ENVIRONMENT)]
    for name, value in named:
        if value and value.strip():
            path = Path(value.strip()).expanduser()
            if not path.exists():
                raise ERPValidationError(
                    f"{name} names {path}, which does not exist; correct the path or remove it."
                )
            return str(path)
    return True
