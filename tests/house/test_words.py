"""What the project does not say: where it was made, and where packages come from."""

from __future__ import annotations

import re
import subprocess

import pytest

from house.settings import PROJECT

# Each is put together here, so that this file does not hold what it looks for.
FORBIDDEN = {
    "a package-registry host": re.compile(
        "|".join(
            re.escape(f"{host}.{end}")
            for host, end in (
                ("pypi", "org"),
                ("pythonhosted", "org"),
                ("npmjs", "org"),
                ("npmjs", "com"),
                ("debian", "org"),
                ("ubuntu", "com"),
            )
        )
    ),
    "a path of one machine": re.compile(r"(?<![\w.])/(?:work|root|home|Users)/\w"),
    "a paper that is not part of the project": re.compile(r"\b(?:contract|design|anchors)\.md\b"),
    "an issue's number": re.compile(r"\bissues? #?\d", re.IGNORECASE),
}


def tracked_text() -> dict[str, str]:
    """The text of each tracked file, by its path."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=PROJECT,
        check=True,
        capture_output=True,
    )
    names = listed.stdout.decode().rstrip("\0").split("\0")
    return {
        name: (PROJECT / name).read_bytes().decode(errors="replace")
        for name in names
        if (PROJECT / name).is_file()
    }


@pytest.mark.parametrize("what", FORBIDDEN)
def test_no_file_names(what: str) -> None:
    found = [
        f"{name}: {match.group()}"
        for name, text in tracked_text().items()
        for match in [FORBIDDEN[what].search(text)]
        if match
    ]
    assert found == []


@pytest.mark.parametrize(
    ("what", "text"),
    [
        ("a package-registry host", "https://files." + "pythonhosted" + ".org/packages"),
        ("a path of one machine", "see " + "/home" + "/ana/books"),
        ("a paper that is not part of the project", "see " + "contract" + ".md"),
        ("an issue's number", "closes " + "issue" + " #12"),
    ],
)
def test_they_would_be_found(what: str, text: str) -> None:
    assert FORBIDDEN[what].search(text)
