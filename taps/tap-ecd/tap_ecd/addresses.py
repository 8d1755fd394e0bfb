"""Where files are: paths, folders, patterns, and any address that fsspec knows, such as `s3://`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any, BinaryIO, NamedTuple, cast

import fsspec  # type: ignore[import-untyped]

from erp_common.errors import ERPConnectionError, ERPValidationError

_user = re.compile(r"//[^/@]*@")
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

    @property
    def name(self) -> str:
        """What the file is called, without its folders."""
        return self.path.rstrip("/").rpartition("/")[2]

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
            return cast("BinaryIO", self.system.open(self.path, "rb"))
        except Exception as error:
            raise ERPConnectionError(
                f"{self.name} cannot be opened ({type(error).__name__}); see that it is there and "
                "may be read",
            ) from error


def found(paths: Sequence[str]) -> list[Found]:
    """All files that these paths name, each once, in the order of their names.

    Raises:
        ERPValidationError: If one names nothing.
        ERPConnectionError: If a place cannot be looked into.
    """
    files: dict[tuple[str, str], Found] = {}
    for path in paths:
        named = list(_of(path))
        if not named:
            raise ERPValidationError(
                f"paths names {shown(path)}, where there is no file; correct it, or put the ECD "
                "files there",
            )
        for file in named:
            key = (str(file.system.protocol), file.path)
            if key not in files or file.is_named:
                files[key] = file
    return sorted(files.values(), key=lambda file: (file.path, str(file.system.protocol)))


def shown(path: str) -> str:
    """An address without the user and password in it."""
    return _user.sub("//", path)


def _of(path: str) -> Iterator[Found]:
    try:
        system, place = fsspec.core.url_to_fs(path)
        if any(sign in place for sign in "*?["):
            places, is_named = sorted(system.glob(place)), False
        elif system.isdir(place):
            places, is_named = sorted(system.find(place)), False
        else:
            places, is_named = [place] if system.exists(place) else [], True
        for one in places:
            info = system.info(one)
            if info.get("type") == "file":
                yield Found(system, one, int(info["size"]), _modified(info), is_named)
            elif is_named:
                raise ERPValidationError(f"paths names {shown(path)}, which is no file")
    except ImportError as error:
        raise ERPValidationError(
            f"paths names {shown(path)}, and what reads such addresses is not installed ({error}); "
            "for s3:// install tap-ecd[s3]",
        ) from None
    except ValueError as error:
        raise ERPValidationError(
            f"paths names {shown(path)}, which is no address ({error}); correct it",
        ) from None
    except OSError as error:
        raise ERPConnectionError(
            f"{shown(path)} cannot be looked into ({type(error).__name__}); see that it is there "
            "and may be read",
        ) from error


def _modified(info: dict[str, Any]) -> str:
    for name in ("mtime", "LastModified", "last_modified", "updated", "created", "ETag"):
        if info.get(name):
            return str(info[name])
    return ""
