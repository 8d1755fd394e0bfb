"""What contributors are told is there, and what runs for them takes no liberties."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from house.settings import PROJECT

WORKFLOWS = sorted((PROJECT / ".github" / "workflows").glob("*.yml"))
FORMS = sorted((PROJECT / ".github" / "ISSUE_TEMPLATE").glob("*-*.yml"))
MAKEFILE = (PROJECT / "Makefile").read_text(encoding="utf-8")
TARGETS = set(re.findall(r"^([\w./-]+):", MAKEFILE, re.MULTILINE))


def content(file: Path) -> dict[str, Any]:
    """What a YAML file says."""
    said: dict[str, Any] = yaml.safe_load(file.read_text(encoding="utf-8"))
    return said


@pytest.mark.parametrize("file", WORKFLOWS, ids=lambda file: file.name)
def test_workflows_use_pinned_actions_and_few_rights(file: Path) -> None:
    workflow = content(file)
    assert workflow["permissions"] == {"contents": "read"}
    steps = [step for job in workflow["jobs"].values() for step in job["steps"]]
    used = [step["uses"] for step in steps if "uses" in step]
    assert used
    assert [one for one in used if not re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40}", one)] == []
    checkouts = [step for step in steps if step.get("uses", "").startswith("actions/checkout@")]
    assert all(step["with"]["persist-credentials"] is False for step in checkouts)
    assert all("timeout-minutes" in job for job in workflow["jobs"].values())


@pytest.mark.parametrize(
    "file",
    [PROJECT / "CONTRIBUTING.md", PROJECT / ".pre-commit-config.yaml", *WORKFLOWS],
    ids=lambda file: file.name,
)
def test_what_make_is_told_to_make_is_there(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    asked = set(re.findall(r"(?:^|`|: )make ([\w./-]+)", text, re.MULTILINE))
    assert asked <= TARGETS
    assert asked


def test_no_test_is_left_that_only_its_own_target_runs(pytestconfig: pytest.Config) -> None:
    markers = {
        line.partition(":")[0]
        for line in pytestconfig.getini("markers")
        if "; only with -m " in line
    }
    recipe = MAKEFILE.partition("\ntest-all:")[2].partition("\n\n")[0]
    (asked,) = re.findall(r'-m "([\w ]+)"', recipe)
    assert set(asked.split(" or ")) == markers


def test_the_workflow_runs_what_a_clone_is_checked_by() -> None:
    own = (PROJECT / ".ci" / "run").read_text(encoding="utf-8")
    checked = re.findall(r"^make ([\w-]+) </dev/null$", own, re.MULTILINE)
    run = [
        step["run"]
        for file in WORKFLOWS
        for job in content(file)["jobs"].values()
        for step in job["steps"]
        if "run" in step
    ]
    assert checked
    assert [f"make {one}" for one in checked if f"make {one}" not in run] == []


@pytest.mark.parametrize("file", FORMS, ids=lambda file: file.name)
def test_forms_ask_for_the_health_check(file: Path) -> None:
    required = {
        field["id"]
        for field in content(file)["body"]
        if field.get("validations", {}).get("required")
    }
    assert {"version", "health"} <= required


@pytest.mark.parametrize("page", ["CONTRIBUTING.md", "SECURITY.md"])
def test_what_is_linked_and_named_is_there(page: str) -> None:
    text = (PROJECT / page).read_text(encoding="utf-8")
    linked = re.findall(r"\]\(([^)#:]+)\)", text)
    files = re.findall(r"`(erp_common/[\w/]+\.py)`", text)
    missing = [name for name in linked if not (PROJECT / name).exists()]
    missing += [name for name in files if not (PROJECT / "shared" / name).exists()]
    assert missing == []


def test_hooks_run_what_is_installed() -> None:
    (local,) = content(PROJECT / ".pre-commit-config.yaml")["repos"]
    assert local["repo"] == "local"
    assert {hook["language"] for hook in local["hooks"]} == {"system"}
