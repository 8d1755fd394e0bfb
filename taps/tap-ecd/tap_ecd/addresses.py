"""Where files are: paths, folders, patterns, and any address that fsspec knows, such as `s3://`."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Sequence
from errno import ELOOP, ENOENT
from typing import Any, BinaryIO, Final, NamedTuple, NoReturn, cast

import fsspec  # type: ignore[import-untyped]
from typing_extensions import Self

from erp_common.errors import ERPConnectionError, ERPValidationError

logger = logging.getLogger("tap-ecd")

_user = re.compile(r"//[^/]*@")
_query = re.compile(r"^(https?://[^?#]*)[?#].*", re.DOTALL)
_CACHES: Final = frozenset({"simplecache", "filecache", "blockcache"})
"""What stands before an address and leaves it the same file."""
_hash = re.compile(r"(?<![0-9A-Za-z])[0-9A-Fa-f]{40}(?![0-9A-Za-z])")


class Found(NamedTuple):
    """A file that the setting `paths` names."""

    system: Any
    """The file system that opens it."""
    path: str
    size: int
    modified: str
    """When it was changed last, as its file system says it; empty if it does not."""
    is_named: bool
    """Whether `paths` names this very file, and not a folder or a pattern."""
    container: str = ""
    """The archive that it lies in, if it lies in one."""

    @property
    def name(self) -> str:
        """What the file is called, without its folders."""
        return shown(self.path).rstrip("/").rpartition("/")[2]

    @property
    def place(self) -> str:
        """Where it is, as the state and the rows say it: no other file of a company is there."""
        inside = f"::{shown(self.container)}" if self.container else ""
        return shown(self.path) + inside

    @property
    def hashes(self) -> set[str]:
        """The hashes that stand in the name, as the tax office's downloads have them."""
        return {found.upper() for found in _hash.findall(self.name)}

    def open(self) -> BinaryIO:
        """The file, to be closed by who asked.

        Raises:
            ERPConnectionError: If it cannot be opened.
        """
        try:
            opened = self.system.open(self.path, "rb")
        except Exception as error:
            raise ERPConnectionError(
                f"{self.name} cannot be opened ({type(error).__name__}); see that it is there and "
                "may be read",
            ) from error
        return cast("BinaryIO", Opened(opened, self.name))


class Opened:
    """A file as it is read: what goes wrong then is said with its name, wherever it lies."""

    def __init__(self, file: BinaryIO, name: str) -> None:
        """Read this file.

        Args:
            file: The file.
            name: What it is called, for sentences.
        """
        self._file = file
        self._name = name

    def read(self, size: int = -1) -> bytes:
        """Some of it.

        Raises:
            ERPConnectionError: If it breaks off.
        """
        try:
            return self._file.read(size)
        except Exception as error:
            raise ERPConnectionError(self._told(error)) from error

    def seek(self, place: int) -> int:
        """Go on from there.

        Raises:
            ERPConnectionError: If that cannot be.
        """
        try:
            return self._file.seek(place)
        except Exception as error:
            raise ERPConnectionError(self._told(error)) from error

    def _told(self, error: Exception) -> str:
        if isinstance(error, ValueError):  # as fsspec says of servers that know no ranges
            return (
                f"{self._name} cannot be read in parts, which its server may not give; write "
                "simplecache:: before its address in paths, so that it is fetched whole"
            )
        return (
            f"{self._name} broke off while it was read ({type(error).__name__}); see that it is "
            "whole and may be read, and run again"
        )

    def __enter__(self) -> Self:
        """Read it to the end of the block."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""
        self._file.close()


def found(paths: Sequence[str]) -> list[Found]:
    """All files that these paths name, each once, in the order of their names.

    Raises:
        ERPValidationError: If one names nothing.
        ERPConnectionError: If a place cannot be looked into.
    """
    files: dict[tuple[Any, str], Found] = {}
    for path in paths:
        named = list(_of(path))
        if not named:
            raise ERPValidationError(
                f"paths names {shown(path)}, where there is no file; correct it, or put the ECD "
                "files there",
            )
        for file in named:
            key = (file.system, file.path)
            if key not in files or file.is_named:
                files[key] = file
    return sorted(files.values(), key=lambda file: (file.place, str(file.system.protocol)))


def shown(path: str) -> str:
    """An address without its secrets: user and password, and the query of a signed one."""
    return _query.sub(r"\1", _user.sub("//", path))


def _of(path: str) -> Iterator[Found]:
    try:
        system, place = fsspec.core.url_to_fs(path)
        signs = "*[" if place.startswith(("http://", "https://")) else "*?["
        if any(sign in place for sign in signs):
            places, is_named = sorted(system.glob(place)), False
        elif system.isdir(place):
            places, is_named = sorted(system.find(place)), False
        else:
            places, is_named = [place] if system.exists(place) else [], True
        for one in places:
            info = _info(system, one, is_named=is_named)
            if info.get("type") == "file":
                yield Found(
                    system, one, int(info["size"]), _modified(info), is_named, _container(path)
                )
            elif is_named:
                _refuse(path)
    except ImportError as error:
        raise ERPValidationError(
            f"paths names {shown(path)}, and what reads such addresses is not installed ({error}); "
            "for s3:// install tap-ecd[s3]",
        ) from None
    except ValueError as error:
        raise ERPValidationError(
            f"paths names {shown(path)}, which is no address ({error}); correct it",
        ) from None
    except ERPValidationError:
        raise
    except Exception as error:  # each kind of place has its own
        raise ERPConnectionError(
            f"{shown(path)} cannot be looked into ({type(error).__name__}); see that it is there "
            "and may be read, and that its keys are in the environment if it needs any",
        ) from error


def _container(path: str) -> str:
    first, _, rest = path.partition("::")
    return "" if first in _CACHES else rest


def _info(system: Any, place: str, *, is_named: bool) -> dict[str, Any]:  # noqa: ANN401 - untyped
    """What a file system says of a place; nothing of a link in a folder that leads nowhere."""
    try:
        return dict(system.info(place))
    except OSError as error:
        if is_named or error.errno not in {None, ENOENT, ELOOP}:
            raise
        logger.warning("%s leads to no file, and is left out", shown(place))
        return {}


def _refuse(path: str) -> NoReturn:
    raise ERPValidationError(f"paths names {shown(path)}, which is no file; name an ECD file")


def _modified(info: dict[str, Any]) -> str:
    for name in ("mtime", "LastModified", "last_modified", "updated", "created", "ETag"):
        if info.get(name):
            return str(info[name])
    return ""
