"""The fenced blocks of a page, and how they are run."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from e2e.commands import PROJECT, environment, meltano

FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
TIMEOUT = 1800
"""Seconds; what ends a test on a busy machine is the limit that it has itself."""


class Block(msgspec.Struct, frozen=True):
    """One fenced block: the heading it stands under, its language and its text."""

    heading: str
    language: str
    text: str

    def __str__(self) -> str:
        """As a message names it: by its first line."""
        return f"{self.heading}: {self.text.splitlines()[0]}"


def blocks(page: Path, *languages: str) -> list[Block]:
    """A page's blocks in these languages, in their order."""
    text = page.read_text(encoding="utf-8")
    # A comment in a block looks like a heading.
    fences = list(FENCE.finditer(text))
    headings = [
        found
        for found in HEADING.finditer(text)
        if not any(fence.start() < found.start() < fence.end() for fence in fences)
    ]
    listed = []
    for fence in fences:
        above = [found.group(1) for found in headings if found.start() < fence.start()]
        if fence.group(1) in languages:
            listed.append(Block(above[-1], fence.group(1), fence.group(2)))
    return listed


def substituted(block: Block, replacements: Mapping[str, str]) -> Block:
    """The block with what a reader would put in; what is replaced has to be there.

    Raises:
        ValueError: A placeholder is not in the block, or one is left.
    """
    text = block.text
    for placeholder, value in replacements.items():
        if placeholder not in text:
            raise ValueError(f"{block} does not hold {placeholder!r} any more.")
        text = text.replace(placeholder, value)
    commands = "\n".join(line.partition(" #")[0] for line in text.splitlines())
    if "…" in commands:
        raise ValueError(f"{block} holds a placeholder that nothing is put in for.")
    return Block(block.heading, block.language, text)


def shell(
    block: Block,
    settings: Mapping[str, str],
    *,
    folder: Path = PROJECT,
    path: Sequence[Path] = (),
) -> str:
    """Run a block as a reader's shell does, stopping at the first error; gives what it prints.

    Raises:
        AssertionError: A command failed; the message holds what was said.
    """
    programs = [*path, Path(sys.executable).parent, meltano().parent]
    found = os.pathsep.join([*map(str, programs), os.environ["PATH"]])
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", block.text],
        cwd=folder,
        env=environment(settings) | {"PATH": found},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
        text=True,
        timeout=TIMEOUT,
    )
    assert done.returncode == 0, f"{block}\n{done.stdout}\n{done.stderr}"
    return done.stdout
