"""Which of several files are the ledger: substitutes, copies, auxiliary books, other companies."""

from __future__ import annotations

from datetime import date
from itertools import combinations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecd.reading import Read, company, filing
from ecd.tapped import ACME, Folder, Run, read
from ecd.writer import Filing, changed, write
from tap_ecd.choice import Candidate, of_the_same_days
from tap_ecd.head import Head

SPAN = (date(2024, 10, 1), date(2024, 12, 31))


def original(**changes: Any) -> Filing:
    return changed(filing(), start=SPAN[0], **changes)


def corrected() -> Filing:
    """The same company's books, with other entries."""
    return Filing(company(seed=2), *SPAN)


def uses(run: Run) -> dict[str, str]:
    return {row["file_name"]: row["use"] for row in run.rows["ecd_files"]}


def test_a_substitute_replaces_the_file_whose_hash_it_names() -> None:
    first = write(original())
    substitute = write(changed(corrected(), replaces=Read(first).survey.sha1))
    run = read({"a.txt": first, "b.txt": substitute})
    assert run.failed == {}
    assert run.codes() == []
    assert uses(run) == {"a.txt": "replaced", "b.txt": "ledger"}
    alone = read({"b.txt": substitute})
    assert run.without_times()["subledger"] == alone.without_times()["subledger"]


def test_a_hash_in_the_name_of_the_file_is_as_good() -> None:
    name = f"11222333000181-20241001-20241231-G-{'A1' * 20}-1-SPED-ECD.txt"
    substitute = write(changed(corrected(), replaces="A1" * 20))
    run = read({name: write(original()), "b.txt": substitute})
    assert run.codes() == []
    assert uses(run) == {name: "replaced", "b.txt": "ledger"}


def test_a_substitute_of_an_unknown_hash_replaces_what_it_covers_and_says_so() -> None:
    months = {
        "10.txt": write(original(end=date(2024, 10, 31))),
        "11.txt": write(changed(original(), start=date(2024, 11, 1), end=date(2024, 11, 30))),
    }
    substitute = write(changed(corrected(), replaces="F0" * 20))
    run = read({**months, "all.txt": substitute})
    assert uses(run) == {"10.txt": "replaced", "11.txt": "replaced", "all.txt": "ledger"}
    assert set(run.codes()) == {"SUBSTITUTE_NOT_PROVED"}


def test_a_file_replaced_by_months_of_which_one_names_it() -> None:
    whole = write(original())
    first = changed(corrected(), end=date(2024, 10, 31), replaces=Read(whole).survey.sha1)
    rest = changed(corrected(), start=date(2024, 11, 1))
    run = read({"all.txt": whole, "10.txt": write(first), "11.txt": write(rest)})
    assert uses(run) == {"all.txt": "replaced", "10.txt": "ledger", "11.txt": "ledger"}
    assert run.codes() == []


def test_a_substitute_that_leaves_months_out_fails_the_company_with_both_names() -> None:
    """Nothing says whether what they held still holds."""
    whole = write(original())
    last = changed(corrected(), start=date(2024, 12, 1), replaces=Read(whole).survey.sha1)
    files = {"all.txt": whole, "12.txt": write(last)}
    run = read(files)
    assert run.rows == {}
    assert run.failed["ACME"].startswith(
        "all.txt was replaced by 12.txt, but its months 2024-10, 2024-11 are in no other ledger of "
        "ACME; put the file that states them into paths, or take all.txt out of paths"
    )
    third = changed(last, company=company(3), replaces=Read(files["12.txt"]).survey.sha1)
    assert "2024-10, 2024-11" in read({**files, "z.txt": write(third)}).failed["ACME"]
    assert read({"12.txt": files["12.txt"]}).periods() == ["2024-12-01"]
    rest = changed(corrected(), end=date(2024, 11, 30))
    assert read({**files, "rest.txt": write(rest)}).codes() == []


def test_what_a_substitute_of_one_branch_leaves_out_no_other_branch_states() -> None:
    branch = original(decentralised=True)
    other = changed(corrected(), decentralised=True, cnpj="11222333000262")
    last = changed(branch, start=date(2024, 12, 1), replaces=Read(write(branch)).survey.sha1)
    files = {"a.txt": write(branch), "b.txt": write(other), "c.txt": write(last)}
    assert "a.txt was replaced by c.txt, but its months 2024-10" in read(files).failed["ACME"]


def test_two_substitutes_of_one_file_fail_the_company_for_what_they_are() -> None:
    first = write(original())
    mark = Read(first).survey.sha1
    two = [changed(corrected(), replaces=mark), changed(original(book="R"), replaces=mark)]
    run = read({"a.txt": first, "b.txt": write(two[0]), "c.txt": write(two[1])})
    assert "both say that they replace the same file" in run.failed["ACME"]


def test_a_substitute_of_a_substitute() -> None:
    first = write(original())
    second = write(changed(original(book="R"), replaces=Read(first).survey.sha1))
    third = write(changed(corrected(), replaces=Read(second).survey.sha1))
    run = read({"1.txt": first, "2.txt": second, "3.txt": third})
    assert uses(run) == {"1.txt": "replaced", "2.txt": "replaced", "3.txt": "ledger"}


def test_two_ledgers_of_the_same_days_fail_the_company_with_both_names() -> None:
    run = read({"a.txt": write(original()), "b.txt": write(corrected())})
    assert run.rows == {}
    assert "a.txt and b.txt both are the ledger of ACME" in run.failed["ACME"]


def test_a_copy_counts_once() -> None:
    data = write(original())
    run = read({"a.txt": data, "copy of a.txt": data})
    assert run.failed == {}
    assert uses(run) == {"a.txt": "ledger", "copy of a.txt": "copy"}


@pytest.mark.parametrize("book", ["A", "Z", "B", "Q", ""])
def test_a_book_that_is_no_ledger_is_told_for_what_it_is(book: str) -> None:
    other = write(changed(corrected(), book=book))
    run = read({"a.txt": write(original()), "z.txt": other})
    assert run.codes() == []
    assert uses(run) == {"a.txt": "ledger", "z.txt": "no_ledger"}
    [why] = {row["why"] for row in run.rows["ecd_files"] if row["file_name"] == "z.txt"}
    assert f"book {book or 'without a kind'}" in why
    alone = read({"z.txt": other})
    assert "not the company's ledger" in alone.failed["ACME"]


def test_files_of_others_are_told_and_skipped(caplog: pytest.LogCaptureFixture) -> None:
    stranger = write(changed(corrected(), cnpj="99888777000166"))
    caplog.set_level("WARNING")
    run = read({"a.txt": write(original()), "b.txt": stranger})
    assert uses(run) == {"a.txt": "ledger"}
    assert "b.txt (CNPJ 99888777000166)" in caplog.text


def test_a_company_without_files_fails_alone() -> None:
    others = [ACME, {"id": "OTHER", "cnpj": "99.888.777/0001-66"}]
    run = read({"a.txt": write(original())}, companies=others)
    assert run.periods() == ["2024-10-01", "2024-11-01", "2024-12-01"]
    assert "OTHER" in run.failed
    assert "99888777000166" in run.failed["OTHER"]


def test_a_cnpj_with_letters() -> None:
    cnpj = "12ABC34501DE35"
    run = read(
        {"a.txt": write(changed(original(), cnpj=cnpj))},
        companies=[{"id": "NEW", "cnpj": "12.ABC.345/01DE-35"}],
    )
    assert {row["company_id"] for row in run.rows["periods"]} == {"NEW"}


def test_what_is_no_ecd_is_left_out_of_a_folder(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    folder = Folder({"a.txt": write(original()), "receipt.pdf": b"%PDF-1.7", "empty.txt": b""})
    run = Run(folder)
    assert uses(run) == {"a.txt": "ledger"}
    assert "receipt.pdf is no ECD" in caplog.text


@pytest.mark.parametrize(
    "saved",
    [
        lambda data: data.decode("latin-1").encode("utf-16"),
        lambda data: data.decode("latin-1").encode("utf-16-be"),
        lambda data: b" " + data,
        lambda data: b"\0" + data,
    ],
    ids=["UTF-16", "UTF-16 without a mark", "a blank", "a zero"],
)
def test_an_ecd_that_another_program_has_saved_is_left_out_of_no_folder(saved: Any) -> None:
    """It would be missed as if nothing had been filed."""
    last = changed(filing(), start=date(2024, 12, 1))
    before = changed(filing(), start=SPAN[0], end=date(2024, 11, 30))
    run = read({"a.txt": write(before), "b.txt": saved(write(last))})
    assert "b.txt is an ECD, but does not say whose and of which time" in run.failed["ACME"]


@pytest.mark.parametrize("history", [b"", b"h" * (2 << 20)], ids=["small", "large"])
def test_an_ecd_whose_lines_end_with_cr_alone_is_told_for_what_it_is(history: bytes) -> None:
    """It is one line; a large one looked like no ECD at all."""
    data = write(original(line_end="\r", signature=b""))
    data = data.replace(b"|I990|", b"|I250|" + history + b"|\r|I990|", 1)
    run = read({"a.txt": data})
    assert "a.txt is an ECD, but does not say" in run.failed["ACME"]
    assert "the lines end with CR alone (another program has saved it)" in run.failed["ACME"]


def test_a_pattern_and_a_name() -> None:
    folder = Folder({"a.txt": write(original()), "b.ecd": b"junk"})
    assert uses(Run(folder, paths=[f"{folder.path}/*.txt"])) == {"a.txt": "ledger"}
    assert uses(Run(folder, paths=[f"{folder.path}/a.txt", folder.path])) == {"a.txt": "ledger"}


def test_a_new_chart_opens_with_what_the_old_one_closed_with() -> None:
    last = changed(filing(), end=date(2024, 10, 31))
    new = changed(
        filing(),
        start=date(2024, 11, 1),
        code=lambda code: f"9.{code}",
        previous=lambda code: code,
    )
    run = read({"a.txt": write(last), "b.txt": write(new)})
    assert run.codes() == []
    named = {
        one["account_code"]
        for row in run.rows["ecd_cost_center_balances"]
        for one in row["metadata"].get("previous_accounts", ())
    }
    assert named
    wrong = changed(new, previous=lambda code: "1.1.01.01.001" if code[0] == "1" else code)
    codes = read({"a.txt": write(last), "b.txt": write(wrong)}).codes()
    assert set(codes) == {"CONTINUITY_BREAK"}


def without_dates(data: bytes) -> bytes:
    return data.replace(b"|01102024|31122024|", b"|01132024|31122024|", 1)


def test_a_file_that_does_not_say_of_which_time_it_is_fails_its_company_alone() -> None:
    other = {"id": "OTHER", "cnpj": "99888777000166"}
    files = {
        "a.txt": without_dates(write(original())),
        "b.txt": write(changed(corrected(), cnpj="99888777000166")),
    }
    run = read(files, companies=[ACME, other])
    assert set(run.failed) == {"ACME"}
    assert "a.txt is an ECD, but does not say whose and of which time: DT_INI" in run.failed["ACME"]
    assert {row["company_id"] for row in run.rows["periods"]} == {"OTHER"}


def test_a_file_that_does_not_say_whose_it_is_is_told_and_skipped(
    caplog: pytest.LogCaptureFixture,
) -> None:
    nobodys = without_dates(write(changed(corrected(), cnpj="")))
    caplog.set_level("WARNING")
    run = read({"a.txt": write(original()), "b.txt": nobodys})
    assert run.failed == {}
    assert uses(run) == {"a.txt": "ledger"}
    assert "skipped: b.txt is an ECD, but does not say whose and of which time" in caplog.text


def test_a_file_that_cannot_be_read_to_its_end_fails_its_company_alone() -> None:
    other = {"id": "OTHER", "cnpj": "99888777000166"}
    data = write(original())
    place = data.index(b"|I200|")
    endless = data[:place] + b"x" * (2 << 20) + data[place:]
    run = read(
        {"a.txt": endless, "b.txt": write(changed(corrected(), cnpj="99888777000166"))},
        companies=[ACME, other],
    )
    assert "a.txt has a line of more than" in run.failed["ACME"]
    assert {row["company_id"] for row in run.rows["periods"]} == {"OTHER"}


@given(
    st.lists(
        st.tuples(st.integers(1, 9), st.integers(0, 3), st.sampled_from(["1", "2"]), st.booleans()),
        max_size=8,
    )
)
def test_two_ledgers_of_the_same_days_are_found_among_any(
    spans: list[tuple[int, int, str, bool]],
) -> None:
    """As comparing each with each would find them, in as many steps as there are files."""
    files = [
        Candidate(
            name=str(place),
            head=Head(
                cnpj=cnpj,
                owner=cnpj,
                name=None,
                starts=date(2024, first, 1),
                ends=date(2024, first + more, 28),
                book="G",
                layout=9,
                layout_written="9.00",
                is_decentralised=of_branch,
            ),
            sha256=str(place),
            sha1=str(place),
        )
        for place, (first, more, cnpj, of_branch) in enumerate(spans)
    ]
    expected = {
        (one.name, other.name)
        for one, other in combinations(files, 2)
        if one.head.starts <= other.head.ends and other.head.starts <= one.head.ends
        if not (one.head.is_decentralised and other.head.is_decentralised)
        or one.head.cnpj == other.head.cnpj
    }
    found = of_the_same_days(files)
    assert bool(found) is bool(expected)
    assert found is None or (found[0].name, found[1].name) in expected
