"""Rotated refresh tokens on disk, where the next run and other processes find them.

One file may hold the tokens of several applications. It is readable by its owner alone, replaced
as a whole, and written before the new token is used: whoever is killed in between leaves either
the old state or the new one. Since a refresh token is gone once it has been exchanged, room for the
next one is on disk before that.
"""

from __future__ import annotations

import errno
import glob
import hashlib
import json
import logging
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import msgspec

from erp_common.errors import ERPConnectionError, ERPValidationError

logger = logging.getLogger(__name__)

_VERSION = 1
_ROOM = 1 << 14
"""Bytes by which the file may grow with a token; those that are signed texts are the longest."""
_NO_RENAME = {errno.EBUSY, errno.EXDEV, errno.EPERM, errno.EACCES, errno.EROFS}
"""Where a file was mounted by itself into a container, say, nothing can take its place."""
_LOCK_TIMEOUT = 300.0
"""Seconds to wait for another process that refreshes: longer than all of its retries take."""


@dataclass(frozen=True, repr=False)
class StoredToken:
    """The tokens of one application.

    Attributes:
        refresh_token: The one to use next.
        seed: Hash of the setting's refresh token from which this chain began; empty if the
            setting held none.
        access_token: The newest one; empty if unknown.
        expires_at: When that expires, in seconds since the epoch.
        lifetime: Seconds for which it was given.
    """

    refresh_token: str
    seed: str
    access_token: str = ""
    expires_at: float = 0.0
    lifetime: float = 0.0


def fingerprint(token: str | None) -> str:
    """A hash by which a token is recognised without being kept; empty for none."""
    return hashlib.sha256(token.encode()).hexdigest() if token else ""


def application(token_url: str, client_id: str | None) -> str:
    """The name under which an application's tokens are kept."""
    return hashlib.sha256(f"{token_url}\n{client_id or ''}".encode()).hexdigest()[:32]


class TokenStore:
    """The file named by the setting `token_store`."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        """Name the file; it is made by the first `save`."""
        from filelock import FileLock  # noqa: PLC0415 - most runs keep no tokens

        # A link stays a link: what it points to is replaced.
        self._path = Path(path).expanduser().resolve()
        self._lock = FileLock(f"{self._path}.lock", mode=0o600)
        self._reserve: Path | None = None
        self._in_place = False
        self._unpadded: bytes | None = None
        self._warned = False

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Be the only one that refreshes, among all processes.

        Raises:
            ERPConnectionError: Another process holds on to it.
            ERPValidationError: The folder cannot be written to.
        """
        made = [folder for folder in self._path.parents if not folder.exists()]
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            # FileLock takes a file that cannot be made for one that somebody holds, and waits.
            if not os.path.lexists(self._lock.lock_file):
                Path(self._lock.lock_file).touch(mode=0o600)
            self._lock.acquire(timeout=_LOCK_TIMEOUT)
        except TimeoutError:
            raise ERPConnectionError(
                f"Another process has been renewing the token in {self._path} for "
                f"{_LOCK_TIMEOUT:.0f} s; end it and run again."
            ) from None
        except OSError as error:
            raise self._unusable("cannot be written to", error) from None
        try:
            yield
        finally:
            with suppress(OSError):
                if self._reserve is not None:
                    self._reserve.unlink()
                if self._unpadded is not None:
                    _write(self._path, self._unpadded)
            self._reserve = self._unpadded = None
            if made and not self._path.exists():
                # There is no token: a folder that was misspelt, perhaps, is not to stay.
                with suppress(OSError):
                    Path(self._lock.lock_file).unlink()
                    for folder in made:
                        folder.rmdir()
            self._lock.release()

    def reserve(self) -> None:
        """Make sure that `save` can succeed, before a token is spent; call it with the lock held.

        What is kept is put on disk again, by the way that `save` takes, and room for what comes.

        Raises:
            ERPValidationError: The file cannot be written, or is no token store.
        """
        self._entries()  # nothing is done to a file that is no store
        data = self._path.read_bytes() if self._path.exists() else b""
        try:
            for left in self._path.parent.glob(f".{glob.escape(self._path.name)}.*"):
                left.unlink()  # by a process that was killed; who holds the lock is alone
            if data:
                self._put(data)
            room = data + b" " * _ROOM
            if self._in_place:
                self._unpadded = data
                _write(self._path, room)
            else:
                self._reserve = self._temporary()
                _write(self._reserve, room)
        except OSError as error:
            raise self._unusable("cannot be written to", error) from None

    def check(self) -> None:
        """Check that tokens can be kept here, before one is asked for.

        Raises:
            ERPConnectionError: Another process holds on to it.
            ERPValidationError: The file cannot be used, or is no token store.
        """
        with self.locked():
            self.reserve()

    def load(self, name: str) -> StoredToken | None:
        """The tokens of an application; None if there are none yet.

        Raises:
            ERPValidationError: The file cannot be read, or is no token store.
        """
        entry = self._entries().get(name)
        if entry is None:
            return None
        try:
            return msgspec.convert(entry, StoredToken)
        except msgspec.ValidationError:
            raise self._damaged() from None

    def save(self, name: str, token: StoredToken) -> None:
        """Put the tokens of an application on disk, durably; call it with the lock held.

        Raises:
            ERPValidationError: The file cannot be written, or is no token store.
        """
        entries = {**self._entries(), name: asdict(token)}
        self._unpadded = None
        try:
            self._put(json.dumps({"version": _VERSION, "tokens": entries}, indent=1).encode())
        except OSError as error:
            raise self._unusable("cannot be written to", error) from None

    def _entries(self) -> dict[str, dict[str, object]]:
        try:
            data = self._path.read_bytes()
            self._warn_of_readers()
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise self._unusable("cannot be read", error) from None
        try:
            content = json.loads(data)
            entries = content["tokens"] if content["version"] == _VERSION else None
        except (ValueError, TypeError, KeyError):
            entries = None
        if not isinstance(entries, dict):
            raise self._damaged()
        return entries

    def _warn_of_readers(self) -> None:
        mode = self._path.stat().st_mode & 0o777
        if os.name == "posix" and mode & 0o077 and not self._warned:
            self._warned = True
            logger.warning(
                "token_store %s can be read by other users (mode %03o): whoever has read it holds "
                "the tokens. Let its owner alone read it (chmod 600), and authorise again.",
                self._path,
                mode,
            )

    def _put(self, data: bytes) -> None:
        """Put this into the file, as a whole if the system permits that."""
        if self._in_place:
            _write(self._path, data)
            return
        temporary, self._reserve = self._reserve or self._temporary(), None
        try:
            _write(temporary, data)
            temporary.replace(self._path)
        except OSError as error:
            if error.errno not in _NO_RENAME or not self._path.exists():
                raise
            self._in_place = True
        finally:
            with suppress(OSError):
                temporary.unlink()
        if self._in_place:
            _write(self._path, data)
        elif os.name == "posix":  # the new name must survive a power cut as well
            folder = os.open(self._path.parent, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)

    def _temporary(self) -> Path:
        """A file beside the store, for its owner alone."""
        handle, name = tempfile.mkstemp(prefix=f".{self._path.name}.", dir=self._path.parent)
        os.close(handle)
        return Path(name)

    def _damaged(self) -> ERPValidationError:
        return ERPValidationError(
            f"token_store {self._path} is no token store; restore it, or remove it and authorise "
            "again.",
            ends_run=True,
        )

    def _unusable(self, what: str, error: OSError) -> ERPValidationError:
        return ERPValidationError(
            f"token_store {self._path} {what} ({error.strerror or type(error).__name__}); correct "
            "the path or its permissions.",
            ends_run=True,
        )


def _write(path: Path, data: bytes) -> None:
    """Write over a file's content, on the room that it has, and see it on disk."""
    with path.open("r+b") as file:
        # What is shorter ends in blanks until they are cut off: it is whole at any moment after.
        file.write(data.ljust(path.stat().st_size))
        file.flush()
        os.fsync(file.fileno())
        file.truncate(len(data))
        os.fsync(file.fileno())
