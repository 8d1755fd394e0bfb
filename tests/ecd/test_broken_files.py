"""Whatever is wrong with a file is told: a finding with the line, or an error, never silence."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ecd import writer
from ecd.reading import Read, filing
from ecd.writer import Record, as_bytes, changed, records, write
from erp_common.errors import ERPValidationError

Change = Callable[[bytes], bytes]


def file() -> bytes:
    return write(filing())


def line_of(data: bytes, start: bytes, nth: int = 0) -> bytes:
    lines = [line for line in data.split(b"\r\n") if line.startswith(start)]
    return lines[nth]


@pytest.mark.parametrize(
    ("record", "number", "value"),
    [
        ("I050", 4, "X"),
        ("I050", 3, "07"),
        ("I050", 6, "1;1"),
        ("I150", 2, "32012024"),
        ("I150", 3, "29022023"),
        ("I155", 4, "1.000,00"),
        ("I155", 6, "-1,00"),
        ("I155", 7, ""),
        ("I155", 8, "1e3"),
        ("I155", 2, ""),
        ("I200", 2, ""),
        ("I200", 3, "2024-01-01"),
        ("I200", 4, "1,2,3"),
        ("I200", 5, "Q"),
        ("I250", 2, "a b;"),
        ("I250", 4, "12.50"),
        ("I250", 5, "X"),
        ("I250", 5, ""),
        ("I355", 4, "R$ 1,00"),
        ("0150", 3, "A|B"),
        ("I050", 8, "A|B"),
        ("I051", 3, "1|1"),
        ("I075", 3, "A|B"),
        ("I100", 4, "A|B"),
        ("I250", 6, "1|1"),
        ("I350", 2, "00000000"),
        ("J005", 3, "hoje"),
        ("9900", 3, "muitos"),
        ("9999", 2, "x"),
    ],
)
def test_a_field_that_cannot_be_read_is_told_with_its_line(
    record: str, number: int, value: str
) -> None:
    wanted = filing()
    lines = as_bytes(wanted, records(wanted)).split(b"\r\n")
    place = next(p for p, one in enumerate(lines) if one.startswith(f"|{record}|".encode()))
    values = lines[place].split(b"|")
    values[number] = value.encode()
    lines[place] = b"|".join(values)
    read = Read(b"\r\n".join(lines))
    told = [(one.raw["line"], one.code) for one in read.survey.findings if "line" in one.raw]
    if record in {"I155", "I200", "I250", "I355"}:
        read.balances(1)
        read.postings()
        told = [(line, "INVALID_RECORD") for _, _, line in read.rejected]
    if record != "I355":  # read where its period is
        assert (place + 1, "INVALID_RECORD") in told


@pytest.mark.parametrize(
    ("change", "code", "severity"),
    [
        (lambda d: d.replace(b"|9900|I155|", b"|9900|I155|1"), "ROW_COUNT_MISMATCH", "error"),
        (lambda d: d.replace(b"|I990|", b"|I990|1"), "ROW_COUNT_MISMATCH", "error"),
        (lambda d: d.replace(b"|9999|", b"|9999|1"), "ROW_COUNT_MISMATCH", "error"),
        (lambda d: d.replace(b"|9990|", b"|9990|1"), "ROW_COUNT_MISMATCH", "error"),
        (lambda d: without(d, b"|I250|"), "ROW_COUNT_MISMATCH", "error"),
        (lambda d: without(d, b"|I155|"), "ROW_COUNT_MISMATCH", "error"),
        (lambda d: without(d, b"|9900|I155|"), "FILE_INCOMPLETE", "warning"),
        (lambda d: d[: d.index(b"|9900|")], "FILE_INCOMPLETE", "warning"),
        (lambda d: d[: d.index(b"|9999|")], "FILE_INCOMPLETE", "warning"),
        (lambda d: d[: d.index(b"|J800|") + 130], "FILE_INCOMPLETE", "error"),
        (lambda d: d.replace(b"|9001|0|", b"|I051|9|9|\r\n|9001|0|"), "RECORD_ORDER", "error"),
        (lambda d: d.replace(b"|I990|", b"|X999|1|\r\n|I990|"), "UNKNOWN_RECORD", "warning"),
        (lambda d: d.decode("cp1252", "ignore").encode(), "WRONG_ENCODING", "warning"),
    ],
)
def test_a_file_that_was_changed_or_cut_says_so(change: Change, code: str, severity: str) -> None:
    data = change(write(changed(filing(), signature=b"")))
    found = {(one.code, one.severity.value) for one in Read(data).survey.findings}
    assert (code, severity) in found


def without(data: bytes, start: bytes) -> bytes:
    line = line_of(data, start) + b"\r\n"
    return data.replace(line, b"", 1)


def test_a_file_cut_anywhere_is_told() -> None:
    data = write(changed(filing(), signature=b""))
    for cut in range(400, len(data) - 12, len(data) // 57):
        try:
            read = Read(data[:cut])
        except ERPValidationError:
            continue
        assert read.codes, f"cut at {cut}"


def test_a_line_cut_in_its_amount_is_not_read_as_a_smaller_one() -> None:
    data = write(changed(filing(), signature=b""))
    line = next(one for one in data.split(b"\r\n") if one.startswith(b"|I250|"))
    begin = data.index(line)
    amount = line.split(b"|")[4]
    cut = begin + line.index(b"|" + amount) + 2
    read = Read(data[:cut])
    assert "INVALID_RECORD" in read.codes
    assert len(read.postings()) == 0


def test_lines_of_the_text_and_after_the_signature_are_no_records() -> None:
    read = Read(file())
    assert not [one for one in read.postings() if one.description == "nao e um registro"]
    assert read.survey.sha1 == Read(write(changed(filing(), signature=b""))).survey.sha1


def test_entries_of_a_broken_head_are_told_line_by_line() -> None:
    data = file()
    head = line_of(data, b"|I200|")
    number = head.split(b"|")[2]
    read = Read(data.replace(head, head.replace(b"|" + number + b"|", b"||", 1)))
    count = len(read.postings())
    sound = Read(data)
    assert count + len(read.rejected) - 1 == len(sound.postings())


@pytest.mark.parametrize("form", [{}, {"extra": True}, {"functional": True}])
def test_a_bar_inside_a_history_makes_no_participant(form: dict[str, bool]) -> None:
    wanted = changed(filing(), **form)
    lines = records(wanted)
    line = next(one for one in lines if one[0] == "I250")
    line[7] = "HIS|T"
    if form == {"functional": True}:
        line += ["1,00", "D"]
    read = Read(as_bytes(wanted, lines))
    sound = Read(write(wanted)).postings()
    assert read.postings() == sound[1:]
    [(problem, record, _)] = read.rejected
    assert f"has {len(line)} fields" not in problem
    assert f"has {len(line) + 1} fields" in problem
    assert "|HIS|T|" in record


def test_fields_of_a_functional_currency_need_no_declaration() -> None:
    wanted = changed(filing(), functional=True)
    lines = records(wanted)
    for line in lines:
        more = {"I155": 6, "I157": 2, "I250": 2, "I355": 2}.get(line[0], 0)
        line.extend(["1,00", "D"] * (more // 2))
    read = Read(as_bytes(wanted, lines))
    assert read.postings() == Read(write(wanted)).postings()
    assert read.balances(1) == Read(write(wanted)).balances(1)
    assert read.rejected == []


@pytest.mark.parametrize("number", ["01", "07", "08"])
def test_a_field_of_its_own_is_numbered_as_the_program_likes(number: str) -> None:
    """By itself, or among the fields of its record, of which it may leave one out."""
    wanted = filing()
    lines = records(wanted)
    place = next(p for p, one in enumerate(lines) if one[0] == "I030")
    lines.insert(place, ["I020", "I200", number, "PROPRIO", "Campo próprio", "C"])
    for line in lines:
        if line[0] == "I200":
            line.extend([""] * (number == "08") + ["próprio"])
    read = Read(as_bytes(wanted, lines))
    assert read.postings() == Read(write(wanted)).postings()
    assert read.rejected == []


def test_records_below_nothing_are_told() -> None:
    wanted = filing()
    lines: list[Record] = records(wanted)
    place = next(p for p, one in enumerate(lines) if one[0] == "I200")
    lines.insert(place - 1, ["I250", "1", "", "1,00", "D", "", "", "", ""])
    lines[place - 1], lines[place - 2] = lines[place - 2], lines[place - 1]
    moved = [*lines[:3], ["I250", "1", "", "1,00", "D", "", "", "", ""], *lines[3:]]
    read = Read(writer.as_bytes(wanted, moved))
    told = next(one for one in read.survey.findings if one.code == "INVALID_RECORD")
    assert told.raw["line"] == 4


def test_a_code_with_two_meanings_is_told() -> None:
    wanted = filing()
    lines = records(wanted)
    place = next(p for p, one in enumerate(lines) if one[0] == "I075")
    lines.insert(place + 1, ["I075", lines[place][1], "Outra coisa"])
    assert Read(writer.as_bytes(wanted, lines)).codes == ["DUPLICATE_CODE"]


SIGNATURE = b"SBRCAAEPDR0" + bytes(range(256)) * 5000 + b"\r\n"


@pytest.mark.parametrize(("end", "after"), [(b"\r\n", b""), (b"\r\n", SIGNATURE), (b"", b"")])
def test_an_ecd_behind_another_in_one_file_is_told(end: bytes, after: bytes) -> None:
    first = writer.write(filing()).rstrip(b"\r\n") + end + after
    assert Read(first).codes == []
    assert Read(first + writer.write(filing())).codes == ["FILE_INCOMPLETE"]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\r\n\r\n",
        b"nothing like it",
        b"%PDF-1.7\n" + bytes(range(256)) * 100,
        "|0000|LECD|".encode("utf-16"),
        b"|0000|LECD|01012024|31122024|A|\r\n",
        b"|0000|LECD|31122024|01012024|A|11222333000181|\r\n",
        b"|I050|1|\r\n",
        b"|0000|" + b"x" * (3 << 20),
    ],
)
def test_what_is_no_ecd_is_an_error_that_names_the_file(data: bytes) -> None:
    with pytest.raises(ERPValidationError, match=r"ecd\.txt"):
        Read(data)
