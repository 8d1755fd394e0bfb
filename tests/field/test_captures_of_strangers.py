"""A capture may come from anybody, and an answer may be made to harm: nothing comes of either."""

from __future__ import annotations

import gzip
import json
import zipfile
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from erp_common.errors import ERPValidationError
from erp_common.http.tape import Kept
from erp_common.printable import printable
from erp_common.replay import again, archive, shown
from erp_common.replay.disguise import Disguise, inflated
from erp_common.replay.vocabulary import words_of
from field.recorded import FOLDER

SMALL = (FOLDER / "bling-wrong-key.zip").read_bytes()
MOVES = "\x1b[2J\r\n#1 GET /forged\u202e\x9b\u2028"


def made(**more: Any) -> archive.Capture:
    """A capture of nothing."""
    outcome = archive.Outcome(1, MOVES, {MOVES: 1}, [archive.Finding(MOVES, MOVES, MOVES, MOVES)])
    of: dict[str, Any] = {
        "tap": "tap-omie",
        "release": "1",
        "mode": "disguised",
        "moment": "2024-02-01T00:00:00-03:00",
        "settings": {},
        "original": outcome,
        "expected": outcome,
    }
    return archive.Capture(archive.Manifest(**of | more), [], {})


def packed(path: Path, *more: tuple[str, bytes], size: int | None = None) -> Path:
    """The small capture, and more files; the last one says that it has another size."""
    path.write_bytes(SMALL)
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as opened:
        for name, content in more:
            opened.writestr(name, content)
        if size is not None:
            opened.infolist()[-1].file_size = size
            opened.comment = b"written anew"
    return path


def refused(path: Path) -> str:
    """Why it is not read."""
    with pytest.raises(ERPValidationError) as told:
        archive.read(path)
    assert str(told.value) == printable(str(told.value))
    return str(told.value)


def test_what_would_grow_without_bounds_is_not_unpacked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "books.zip"
    said = refused(packed(file, ("answers/9\x1b[2J", b"x"), size=1 << 40))
    assert "is larger than 256 MiB" in said
    lots = [(f"answers/{number}", b"") for number in range(60)]
    monkeypatch.setattr(archive, "_MOST_FILES", 50)
    assert "more than 50 files" in refused(packed(file, *lots))
    monkeypatch.setattr(archive, "_LARGEST_OF_ALL", 1 << 20)
    assert "larger than" in refused(packed(file, *[(f"a/{n}", bytes(1 << 19)) for n in range(3)]))
    bomb = gzip.compress(bytes(1 << 23))
    assert len(bomb) < 1 << 16
    assert inflated(bomb, 1 << 20) == (bytes(1 << 20), False)
    assert inflated(bomb) == (bytes(1 << 23), True)


def test_names_in_the_file_are_names_and_no_paths(tmp_path: Path) -> None:
    """Nothing is ever put where a name in the file says."""
    inside = tmp_path / "inside"
    inside.mkdir()
    file = packed(inside / "books.zip", ("../outside.json", b"{}"), ("/etc/none.json", b"{}"))
    assert "../outside.json" in archive.read(file).bodies
    assert list(shown.lines(archive.read(file)))
    assert [one.name for one in tmp_path.iterdir()] == ["inside"]


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=40
)
@given(
    changes=st.lists(
        st.tuples(st.integers(0, len(SMALL) - 1), st.integers(0, 255)), min_size=1, max_size=6
    ),
    cut=st.integers(0, len(SMALL)),
)
def test_a_broken_file_is_read_or_told(
    tmp_path: Path, changes: list[tuple[int, int]], cut: int
) -> None:
    broken = bytearray(SMALL)
    for at, value in changes:
        broken[at] = value
    file = tmp_path / "books.zip"
    file.write_bytes(broken if cut % 2 else broken[:cut])
    try:
        capture = archive.read(file)
    except ERPValidationError as error:
        assert str(error) == printable(str(error))  # noqa: PT017 -- either is right
    else:
        assert list(shown.lines(capture))


def test_nothing_that_is_shown_moves_the_cursor_or_forges_a_line() -> None:
    capture = made(release=MOVES, options=[MOVES], settings={MOVES: MOVES}, state={MOVES: [MOVES]})
    kept = Kept(
        method=MOVES,
        path=MOVES,
        query=[(MOVES, MOVES)],
        sent={MOVES: MOVES},
        body=MOVES,
        headers=[(MOVES, MOVES)],
        status=200,
        ended=MOVES,
        answer="answers/1",
    )
    capture.exchanges = [kept]
    capture.bodies = {"answers/1": MOVES.encode()}
    capture.messages = MOVES.encode()
    lines = list(shown.lines(capture, whole=True))
    assert [one for one in lines if one != printable(one) or len(one.splitlines()) > 1] == []
    assert sum(one.startswith("#1") for one in lines) == 1


def test_a_capture_says_neither_what_a_run_writes_nor_what_it_computes(tmp_path: Path) -> None:
    harm = {
        "token_store": "/root/.ssh/authorized_keys",
        "ca_bundle": "/etc/passwd",
        "token_url": "https://elsewhere.example/",
        "batch_config": {"storage": {"root": "file:///"}},
        "stream_maps": {"subledger": {"x": "1"}},
        "rate_limit": {"storage_url": "redis://elsewhere.example"},
    }
    options = ["--test", "--test=all", "--health-check", "--capture=/etc/x", "--config", "/etc/x"]
    manifest = made(settings=harm | {"tolerance": 1}, options=options).manifest
    given = again.settings_of(manifest, "https://here.invalid", "https://here.invalid/token")
    assert set(given) == {"base_url", "rate_limit", "tolerance"}
    assert "storage_url" not in given["rate_limit"]
    asked = again.command_line(manifest, given, tmp_path)[3:]
    assert asked == ["--test", "--test=all", "--health-check"]


@pytest.mark.parametrize(
    "opened", ["<![CDATA[", "<!--", "<!A ", "<!A [", "<?xml ", "<a", '<a b="', '{"', '["', '"\\']
)
def test_what_is_opened_again_and_again_is_disguised_in_good_time(opened: str) -> None:
    """Looking for the end from each beginning would take the square of it: minutes."""
    start = "<r>" if opened.startswith("<") else ""
    assert Disguise(1, 1013).body(f"{start}{opened * 40_000}".encode())


def test_what_a_document_type_declares_is_disguised() -> None:
    xml = (
        '<?xml version="1.0"?><!DOCTYPE r [<!ENTITY nome "Padaria">]>'
        "<r><nome>&nome; &#80;adaria</nome><valor>12.50</valor><![CDATA[Padaria]]></r>"
    )
    said = Disguise(1, 1013).body(xml.encode()).decode()
    assert "adaria" not in said
    assert said.startswith('<?xml version="1.0"?><!DOCTYPE r [<!ENTITY nome "')
    assert "<valor>12662.50</valor>" in said


def test_an_unknown_word_in_a_kind_has_a_stand_in_and_one_that_the_tap_reads_stays() -> None:
    import tap_contaazul.tap  # noqa: F401, PLC0415 -- its words are those of what is loaded

    spoken = words_of("tap_contaazul")
    kinds = {"tipo": "TARIFAS", "situacao": "Conciliado", "type": "MARICOTA", "status": "Joana-12"}
    said = json.loads(Disguise(1, 1013, spoken).body(json.dumps(kinds).encode()))
    assert said["tipo"] == "TARIFAS"
    assert said["situacao"] == "Conciliado"
    assert "MARICOTA" not in said["type"]
    assert len(said["type"]) == len("MARICOTA")
    assert said["status"][-3:] == "-12"
    assert "Joana" not in said["status"]


NAMES = st.sampled_from(
    ["valor", "nome", "codigo", "id", "data", "tipo", "total", "cep", "saldo", "observacao"]
)
VALUES = st.one_of(
    st.text(max_size=12),
    st.sampled_from(['Silva, "Filhos"', "a,", "{", 'x},{"', "2024-01-31", "12.345.678/0001-95"]),
    st.integers(-(10**12), 10**12),
    st.booleans(),
    st.none(),
)
ROWS = st.recursive(
    st.dictionaries(NAMES, VALUES, max_size=5),
    lambda inner: st.dictionaries(NAMES, inner | st.lists(inner, max_size=3), max_size=4),
    max_leaves=6,
)


@settings(deadline=None, max_examples=30)
@given(row=ROWS, spaced=st.booleans(), escaped=st.booleans())
def test_cut_into_fields_or_sign_by_sign_it_is_the_same(
    row: dict[str, Any], *, spaced: bool, escaped: bool
) -> None:
    """A text that stands in a list by itself makes all be gone through sign by sign."""
    text = json.dumps(row, ensure_ascii=escaped, separators=None if spaced else (",", ":"))
    comma = ", " if spaced else ","
    slowly = Disguise(7, 1013).body(f'["-"{comma}{text}]'.encode()).decode()
    assert (
        Disguise(7, 1013).body(text.encode()).decode() == slowly.removeprefix(f'["-"{comma}')[:-1]
    )


MESSAGES = st.lists(
    st.sampled_from(
        [
            {"type": "SCHEMA", "stream": "periods"},
            {"type": "SCHEMA", "stream": "validation_issues"},
            {"type": "RECORD", "stream": "periods", "record": {"a": '{"type":"SCHEMA"'}},
            {
                "type": "RECORD",
                "stream": "validation_issues",
                "record": {
                    "code": "X",
                    "severity": "error",
                    "stream_name": "periods",
                    "period_start": "2024-01-01",
                },
            },
            {"type": "STATE", "value": {}},
        ]
    ),
    max_size=12,
)


@settings(deadline=None, max_examples=30)
@given(messages=MESSAGES)
def test_messages_are_counted_as_they_stand(messages: list[dict[str, Any]]) -> None:
    kinds = {one["stream"] for one in messages if one["type"] == "SCHEMA"}
    rows = [one["stream"] for one in messages if one["type"] == "RECORD"]
    counted = archive.outcome(b"".join(msgspec.json.encode(m) + b"\n" for m in messages), 0, "")
    assert counted.records == {kind: rows.count(kind) for kind in kinds if kind in rows}
    assert sum(one.count for one in counted.findings) == rows.count("validation_issues")
