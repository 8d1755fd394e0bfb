"""One private certificate authority for each process, and a server certificate from it."""

from __future__ import annotations

import atexit
import errno
import shutil
import ssl
import tempfile
from functools import lru_cache
from pathlib import Path
from typing import Any

import trustme


@lru_cache(maxsize=1)
def _authority() -> tuple[trustme.CA, Path]:
    authority = trustme.CA()
    folder = Path(tempfile.mkdtemp(prefix="simulator-ca-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    bundle = folder / "ca.pem"
    authority.cert_pem.write_to_path(str(bundle))
    return authority, bundle


def ca_bundle() -> Path:
    """Return the PEM file of the authority that signed every simulator of this process."""
    return _authority()[1]


class ClosingSocket(ssl.SSLSocket):
    """A connection that closes itself where the client has reset it before the handshake.

    Python reads from it then, and leaves it to the garbage collector, which warns.
    """

    _sslobj: object

    def recv(self, *args: Any) -> bytes:
        """Read bytes."""
        try:
            return super().recv(*args)
        except OSError as error:
            if self._sslobj is None and error.errno not in (errno.ENOTCONN, errno.EINVAL):
                self.close()
            raise


@lru_cache(maxsize=1)
def server_context() -> ssl.SSLContext:
    """Return a context with a certificate for 127.0.0.1, ::1 and localhost."""
    authority, _ = _authority()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.sslsocket_class = ClosingSocket
    authority.issue_cert("127.0.0.1", "::1", "localhost").configure_cert(context)
    return context
