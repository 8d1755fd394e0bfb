"""Every command in every document is run by a test, or it is said here why it is not."""

from __future__ import annotations

import ast
import re

import pytest

from docs.blocks import Block, blocks
from house.settings import PROJECT
from house.test_words import tracked_text

PAGES = sorted(name for name in tracked_text() if name.endswith(".md"))
COMMANDS = ("", "bash", "console", "sh", "shell")
"""Languages of blocks that may hold commands; one without a language holds none, see below."""
PROGRAMS = re.compile(
    r"^(?:\$ )?(?:airflow|cat|cd|close-report|dbt|docker|export|git|make|meltano|pip|psql|"
    r"python\S*|tap-\w+|target-\S+|twine|uv) ",
    re.MULTILINE,
)

RUN = {
    "README.md": {
        "cat > config.json": "docs/test_readme.py::test_a_tap_by_itself",
        "export TAP_OMIE_APP_KEY": "docs/test_readme.py::test_meltano_and_the_views",
        "pip install ./shared": "docs/test_publishing.py::test_from_a_copy",
        "python -m erp_common.sql": "docs/test_readme.py::test_meltano_and_the_views",
    },
    "README.pt-BR.md": {
        "pip install ./shared": "docs/test_publishing.py::test_from_a_copy",
        "tap-omie --config": "docs/test_readme.py::test_the_same_in_portuguese",
    },
    "analyze/close-report/README.md": {
        "pip install": "docs/test_close.py::test_rendered_and_signed",
        "close-report status --brief": "docs/test_close.py::test_mailed",
    },
    "docs/authorization.md": {
        "cat > bling.json": "docs/test_authorization.py::test_a_reader_gets_a_token",
        "tap-bling --config": "docs/test_authorization.py::test_a_reader_gets_a_token",
        "cat > contaazul.json": "docs/test_authorization.py::test_a_reader_gets_a_token",
    },
    "docs/captures.md": {"": "docs/test_captures.py::test_every_command_of_the_page"},
    "docs/close.md": {
        "make install-dbt": "docs/test_close.py::test_built",
        "meltano run tap-omie": "docs/test_close.py::test_loaded_and_built_by_meltano",
        "close-report render": "docs/test_close.py::test_rendered_and_signed",
    },
    "docs/close.pt-BR.md": {
        "meltano run tap-omie": "docs/test_close.py::test_rendered_and_signed",
        "close-report status --brief": "docs/test_close.py::test_mailed",
    },
    "docs/loaders.md": {
        "meltano run tap-omie target-postgres": "docs/test_readme.py::test_meltano_and_the_views",
        "meltano run tap-omie target-duckdb": "loaders/test_meltano.py::test_duckdb",
        "export TARGET_PARQUET": "loaders/test_meltano.py::test_parquet",
    },
    "docs/meltano.md": {
        "git clone": "docs/test_meltano.py::test_a_fresh_project",
        "meltano install\n": "docs/test_meltano.py::test_a_fresh_project",
        ".meltano/extractors": "docs/test_meltano.py::test_a_fresh_project",
    },
    "docs/new-erp.md": {"make install": "house/test_new_erp.py::"},
    "docs/operations.md": {
        "": "docs/test_operations.py::test_every_command_does_what_the_page_says"
    },
    "docs/orchestration.md": {"": "orchestration/test_page.py::test_every_other_block_is_run"},
    "docs/publishing.md": {
        "pip install": "docs/test_publishing.py::test_pip_with_both_addresses",
        "uv pip install": "docs/test_publishing.py::test_uv_with_one_address",
    },
    "docs/scaling.md": {
        "python -m house.scaling": "docs/test_scaling.py::test_the_numbers_are_printed",
        "meltano run effecti": "docs/test_scaling.py::test_four_at_once_and_one_killed",
    },
    **{
        f"taps/{tap}/README.md": {
            f"{tap} --config config.json --health": f"docs/test_tap_readmes.py::{first}",
            f"{tap} --config config.json --discover": (
                "docs/test_tap_readmes.py::test_streams_are_chosen_and_a_run_goes_on"
            ),
            f"{tap} --config config.json --authorize": (
                "docs/test_authorization.py::test_a_reader_gets_a_token"
            ),
        }
        for tap, first in {
            **dict.fromkeys(
                ("tap-bling", "tap-contaazul", "tap-omie", "tap-totvs"),
                "test_the_first_settings_are_enough",
            ),
            "tap-ecd": "test_a_filed_ledger",
        }.items()
    },
}
"""Pages, how their blocks of commands begin, and the test that runs them; "" is any block."""

NOT_RUN = {
    ("README.md", "make demo"): "make demo and make test install this folder; see e2e/test_meltano",
    ("README.pt-BR.md", "make demo"): "as in README.md",
    ("CONTRIBUTING.md", "make install"): "what .ci/run and every test rest on",
    ("docs/meltano.md", "meltano install --clean"): "it fetches what test_meltano has fetched",
    ("docs/publishing.md", "twine check"): "uploading needs a registry; the check is run",
}
"""Blocks that no test runs as they stand, and why."""


def holds_commands(block: Block) -> bool:
    """Whether a reader would type it."""
    return bool(block.language) or PROGRAMS.search(block.text) is not None


def listed(page: str) -> list[Block]:
    """A page's blocks of commands."""
    return [one for one in blocks(PROJECT / page, *COMMANDS) if holds_commands(one)]


def where(page: str, block: Block) -> list[str]:
    """What is said of a block: the tests that run it, or why none does."""
    run = [test for begins, test in RUN.get(page, {}).items() if block.text.startswith(begins)]
    return run + [
        why
        for (its, begins), why in NOT_RUN.items()
        if its == page and block.text.startswith(begins)
    ]


@pytest.mark.parametrize("page", PAGES)
def test_every_command_is_run_or_said_not_to_be(page: str) -> None:
    unknown = [block.text for block in listed(page) if len(where(page, block)) != 1]
    assert unknown == [], "add a test of it to tests/docs, and say so in RUN"
    assert [block.text for block in listed(page) if not block.language] == [], "mark it as sh"


def test_the_lists_name_what_is_there() -> None:
    stale = [
        (page, begins)
        for page, begins in [*((page, one) for page, its in RUN.items() for one in its), *NOT_RUN]
        # The taps' READMEs share one list, of which each has what its API needs.
        if not page.startswith("taps/")
        if not any(block.text.startswith(begins) for block in listed(page))
    ]
    assert stale == []
    for test in {test for its in RUN.values() for test in its.values()}:
        file, _, name = test.partition("::")
        text = (PROJECT / "tests" / file).read_text(encoding="utf-8")
        tests = {node.name for node in ast.parse(text).body if isinstance(node, ast.FunctionDef)}
        assert not name or name in tests, test
