"""Tables as spreadsheets and help desks write them: taken rightly at once, or refused with a reason."""

from __future__ import annotations

import io
import json
import zipfile
from datetime import date, datetime
from pathlib import Path

import pytest
from openpyxl import Workbook

from knowledge.errors import ImportRejected, StorageFailed
from knowledge.importing.parsing import ParsedEntries, parse_csv, parse_json
from knowledge.importing.paths import parse_path
from knowledge.types import Entry, EntryStatus, Source

GERMAN = "Frage;Antwort;Kategorie\r\nWann öffnen Sie?;Um 9 Uhr, außer sonntags – 5 €.;Zeiten\r\n"
POLISH = "question;answer\r\nGdzie jest wejście?;Wejście jest po lewej, łódź o dziewiątej. Zażółć.\r\n"
RUSSIAN = "question;answer\r\nКогда вы открываетесь?;В девять часов утра, кроме воскресенья.\r\n"
FRENCH = "Question;Réponse\r\nOù est-ce ?;Rue de l’Église, « sauf » en été… n° 5\r\n"
CAFE = "Question,Answer\r\nCan’t I pay in the café?,It’s €5 – cash only.\r\n"


def only(parsed: ParsedEntries) -> Entry:
    (entry,) = parsed.entries
    return entry


def table(text: str) -> Entry:
    return only(parse_csv(text.encode()))


def refusal(data: bytes) -> str:
    with pytest.raises(ImportRejected) as caught:
        parse_csv(data)
    return caught.value.errors[0].detail


def book(*rows: list[object], **formats: str) -> bytes:
    workbook = Workbook()
    sheet = workbook.active
    assert sheet is not None
    for row in rows:
        sheet.append(row)
    for cell, form in formats.items():
        sheet[cell].number_format = form
    return saved(workbook)


def saved(workbook: Workbook) -> bytes:
    out = io.BytesIO()
    workbook.save(out)
    return out.getvalue()


@pytest.mark.parametrize(
    ("text", "encoding", "told"),
    [
        (GERMAN, "utf-8", "read separated by semicolons"),
        (GERMAN, "utf-8-sig", "read separated by semicolons"),
        (GERMAN, "utf-16", "read as UTF-16, separated by semicolons"),
        (GERMAN, "utf-16-le", "read as UTF-16, separated by semicolons"),
        (GERMAN, "utf-16-be", "read as UTF-16, separated by semicolons"),
        (GERMAN, "cp1252", "read as Windows-1252, separated by semicolons"),
        (GERMAN.replace("€", "EUR").replace("–", "-"), "cp850", "read as MS-DOS (code page 850)"),
        (POLISH, "cp1250", "read as Windows-1250"),
        (RUSSIAN, "cp1251", "read as Windows-1251"),
        (FRENCH, "cp1252", "read as Windows-1252, separated by semicolons"),
        (CAFE, "mac_roman", "read as Mac OS Roman"),
        (CAFE, "cp1252", "read as Windows-1252"),
    ],
)
def test_every_encoding_is_read_and_told(text: str, encoding: str, told: str) -> None:
    parsed = parse_csv(text.encode(encoding))
    plain = text.splitlines()[1].split(";" if ";" in text else ",", 1)
    assert only(parsed).question == plain[0]
    assert only(parsed).answer == plain[1].removesuffix(";Zeiten")
    assert parsed.notes[0].startswith(told)


@pytest.mark.parametrize("encoding", ["cp1252", "latin-1"])
def test_garbled_text_is_put_right_and_told(encoding: str) -> None:
    for garbled in (("\ufeff" + CAFE).encode().decode(encoding), CAFE.encode().decode(encoding)):
        parsed = parse_csv(("\ufeff" + garbled).encode())
        entry = only(parsed)
        assert (entry.question, entry.answer) == ("Can’t I pay in the café?", "It’s €5 – cash only.")
        assert "text that was garbled on its way was put right" in parsed.notes[0]


@pytest.mark.parametrize("sign", [",", ";", "\t", "|"])
def test_every_separator_is_found(sign: str) -> None:
    rows = sign.join(["Answer", "Question", "Notes"]) + "\n" + sign.join(["At 9.", "When, if at all?", ""])
    entry = table(rows.replace("When, if at all?", '"When, if at all?"'))
    assert (entry.question, entry.answer) == ("When, if at all?", "At 9.")


def test_a_first_line_may_tell_the_separator() -> None:
    assert table("sep=;\r\nQuestion;Answer\r\nWhen?;At 9, or 10; \r\n").answer == "At 9, or 10"


@pytest.mark.parametrize(
    "header",
    [
        "Question,Answer",
        "TITLE,Body",
        "Subject,Solution",
        "q,a",
        "Prompt,Response",
        "Frage?,Antwort",
        "Question *,Answer (approved)",
        "article_title,article-body",
    ],
)
def test_columns_go_by_their_usual_names(header: str) -> None:
    entry = table(f"{header}\nWhen?,At 9.\n")
    assert (entry.question, entry.answer, entry.id) == ("When?", "At 9.", "when")


def test_a_help_desk_says_all_that_an_entry_can_hold() -> None:
    parsed = parse_csv(
        b"Id,Title,Body,Section,Votes,URL,Draft,Updated at,Expiry date\n"
        b'7,When?,"<p>At <b>9</b>.</p>",Hours,3,https://h.org/7,FALSE,2026-10-01T09:12:33Z,"Oct 1, 2027"\n'
        b"8,Where?,Here.,,0,,TRUE,2026-10-01T09:12:33Z,\n"
    )
    first, second = parsed.entries
    assert first == Entry(
        "7",
        "When?",
        "At **9**.",
        "Hours",
        sources=(Source("h.org", "https://h.org/7"),),
        reviewed_on=date(2026, 10, 1),
        valid_until=date(2027, 10, 1),
    )
    assert second.status is EntryStatus.DRAFT
    assert parsed.ignored_fields == ("Votes",)


def test_a_title_row_empty_columns_empty_rows_and_short_rows_do_no_harm() -> None:
    entry = table("Our FAQ 2026,,,,\n,,,,\nQuestion,Answer,Topic,,\n,,,,\nWhen?,At 9.\n")
    assert (entry.question, entry.topic) == ("When?", "general")


def test_questions_and_answers_need_no_header_and_anything_else_does() -> None:
    parsed = parse_csv(b'When?,At 9.\nWhere?,"Left, behind the door"\n')
    assert [entry.answer for entry in parsed.entries] == ["At 9.", "Left, behind the door"]
    assert "no header" in parsed.notes[0]
    assert 'seen were "Opening", "At 9."' in refusal(b"Opening,At 9.\nLift,Left\n")
    assert "missing: answer" in refusal(b"Question,Wording\nWhen?,At 9.\n")


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ('"a b\nc, d?\n- e"', ("a b", "c, d?", "e")),
        ("a b; c", ("a b", "c")),
        ("a|b", ("a", "b")),
        ('"[""a; b"", ""c""]"', ("a; b", "c")),
        ("", ()),
    ],
)
def test_alternates_are_parted_as_people_part_them(cell: str, expected: tuple[str, ...]) -> None:
    assert table(f"Question,Answer,Alternative questions\nWhen?,At 9.,{cell}\n").alternates == expected


def test_alternates_may_stand_in_columns_and_keywords_between_commas() -> None:
    entry = table('Question,Answer,Alternate 1,Alternate 2,Keywords\nWhen?,At 9.,a,,"b, c"\n')
    assert entry.alternates == ("a", "b", "c")


@pytest.mark.parametrize(
    ("cell", "sources"),
    [
        ("https://e.org/a", (Source("e.org", "https://e.org/a"),)),
        ("www.e.org/a", (Source("www.e.org", "https://www.e.org/a"),)),
        ("Our page: https://e.org/a", (Source("Our page", "https://e.org/a"),)),
        ("[Our page](https://e.org/a)", (Source("Our page", "https://e.org/a"),)),
        (
            "https://e.org; https://f.org",
            (Source("e.org", "https://e.org"), Source("f.org", "https://f.org")),
        ),
    ],
)
def test_plain_links_are_sources(cell: str, sources: tuple[Source, ...]) -> None:
    assert table(f"Question,Answer,Link\nWhen?,At 9.,{cell}\n").sources == sources


def test_a_source_without_a_link_is_told_and_any_other_scheme_refused() -> None:
    parsed = parse_csv(b"Question,Answer,Source\nWhen?,At 9.,Handbook\n")
    assert parsed.notes == ('a source without a link was left out: "Handbook" (line 2)',)
    assert "sources" not in parsed.given["when"]
    assert "not a http or https address" in refusal(b"Question,Answer,Link\nWhen?,At 9.,javascript:x()\n")


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("2026-10-01", date(2026, 10, 1)),
        ("2026-10-01 14:02", date(2026, 10, 1)),
        ("25/10/2026", date(2026, 10, 25)),
        ("10/25/26", date(2026, 10, 25)),
        ("01.10.2026", date(2026, 10, 1)),
        ("5/5/2026", date(2026, 5, 5)),
        ("1st October 2026", date(2026, 10, 1)),
        ("01-Oct-26", date(2026, 10, 1)),
    ],
)
def test_days_are_read_as_they_are_written(cell: str, expected: date) -> None:
    assert table(f"Question,Answer,Last reviewed\nWhen?,At 9.,{cell}\n").reviewed_on == expected


def test_a_day_that_may_be_two_is_refused_unless_its_column_tells() -> None:
    rows = b"Question,Answer,Last reviewed\nWhen?,At 9.,01/10/2026\n"
    assert "may be two different days" in refusal(rows)
    parsed = parse_csv(rows + b"Where?,Here.,25/10/2026\n")
    assert parsed.entries[0].reviewed_on == date(2026, 10, 1)
    assert "day/month/year" in parsed.notes[0]


def test_ids_are_made_from_questions_and_stay() -> None:
    first = parse_csv("Question,Answer\nWas heißt „Gebühr“?,A.\nC++?,B.\nC#?,C.\nГде?,D.\n".encode())
    again = parse_csv("Answer,Question\nD2.,Где?\nA2.,WAS HEISST GEBÜHR\nB2.,C++?\n".encode())
    ids = [entry.id for entry in first.entries]
    assert len(set(ids)) == 4 and ids[0] == "was-heisst-gebuhr"
    assert [entry.id for entry in again.entries] == [ids[3], ids[0], ids[1]]


def test_a_row_twice_is_left_out_and_two_answers_are_refused() -> None:
    parsed = parse_csv(b"Question,Answer\nWhen?,At 9.\nWhen?,At 9.\n")
    assert len(parsed.entries) == 1 and "word for word" in parsed.notes[0]
    assert "asks the same as line 2" in refusal(b"Question,Answer\nWhen?,At 9.\nWhen?,At 10.\n")


def test_qna_maker_rows_of_one_answer_are_one_entry() -> None:
    rows = (
        "Question\tAnswer\tSource\tMetadata\tSuggestedQuestions\tIsContextOnly\tPrompts\tQnaId\n"
        "How?\t**Card**\\n\\nor cash\tEditorial\ttopic:pay\t[]\tFalse\t[]\t1\n"
        "By card?\t**Card**\\n\\nor cash\tEditorial\ttopic:pay\t[]\tFalse\t[]\t1\n"
        "And then?\tThat.\tEditorial\t\t[]\tTrue\t[]\t2\n"
    )
    first, second = parse_csv(rows.encode()).entries
    assert (first.answer, first.topic, first.alternates) == ("**Card**\n\nor cash", "pay", ("By card?",))
    assert second.status is EntryStatus.DRAFT


@pytest.mark.parametrize(
    "value",
    [
        [{"Question": "When?", "Answer": "At 9."}],
        {"entries": [{"id": "when", "question": "When?", "answer": "At 9."}]},
        {"articles": [{"title": "When?", "body": "At 9."}], "count": 1},
    ],
)
def test_json_arrays_are_tables(value: object) -> None:
    entry = only(parse_json(json.dumps(value).encode()))
    assert (entry.id, entry.answer) == ("when", "At 9.")


def test_a_workbook_gives_its_values() -> None:
    data = book(
        ["Our FAQ"],
        [],
        ["Question", "Answer", "Last reviewed", "Expires", "Notes", "Price"],
        ["When?", 9.0, datetime(2026, 10, 1), 46500, "x", 5],
        ["How much?", 0.25, None, None, None, None],
        A1="@",
        B5="0%",
        F4='"€"0.00',
    )
    first, second = parse_csv(data).entries
    assert (first.answer, first.reviewed_on, first.valid_until) == ("9", date(2026, 10, 1), date(2027, 4, 23))
    assert second.answer == "25%"


def test_a_cell_over_several_rows_holds_for_all_of_them() -> None:
    workbook = Workbook()
    sheet = workbook.active
    assert sheet is not None
    for row in (["Category", "Question", "Answer"], ["Hours", "When?", "At 9."], [None, "Until?", "5."]):
        sheet.append(row)
    sheet.append([None, "Where?", "Here."])
    sheet.merge_cells("A2:A3")
    assert [entry.topic for entry in parse_csv(saved(workbook)).entries] == ["Hours", "Hours", "general"]


def test_numbers_are_read_as_they_are_shown() -> None:
    header: list[object] = ["Question", "Answer"]
    data = book(header, ["A?", 1234.5], ["B?", 0.125], ["C?", 7], B2="#,##0.00", B3="0.0%", B4="0.00")
    assert [entry.answer for entry in parse_csv(data).entries] == ["1,234.50", "12.5%", "7.00"]


def test_all_visible_sheets_with_entries_are_read() -> None:
    workbook = Workbook()
    for name, question, state in (
        ("A", "When?", "visible"),
        ("B", "Where?", "visible"),
        ("C", "Old?", "hidden"),
    ):
        sheet = workbook.create_sheet(name)
        sheet.append(["Question", "Answer"])
        sheet.append([question, "So."])
        sheet.sheet_state = state
    parsed = parse_csv(saved(workbook))
    assert [entry.question for entry in parsed.entries] == ["When?", "Where?"]
    assert [note for note in parsed.notes if '"C" is hidden' in note]


def test_what_a_workbook_does_not_say_for_certain_is_refused() -> None:
    header: list[object] = ["Question", "Answer"]
    assert "cell B2 is a number shown as" in refusal(book(header, ["Cost?", 5], B2='"€"#,##0.00'))
    assert "never computed" in refusal(book(header, ["Cost?", "=1+1"]))


def test_hostile_files_get_a_clear_sentence(tmp_path: Path) -> None:
    assert refusal(b" \r\n") == "the file is empty"
    assert "not text" in refusal(bytes(range(256)))
    assert "a PDF" in refusal(b"%PDF-1.7 x")
    ole = b"\xd0\xcf\x11\xe0" + b"\0" * 600
    assert ".xls" in refusal(ole)
    assert "password" in refusal(ole + "EncryptedPackage".encode("utf-16-le"))
    good = book(["Question", "Answer"], ["When?", "At 9."])
    assert "damaged" in refusal(good[:-200])
    bomb = io.BytesIO(good)
    with zipfile.ZipFile(bomb, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/more.xml", b"0" * 70_000_000)
    assert "unpack to more than" in refusal(bomb.getvalue())
    (tmp_path / "kb.csv").write_bytes(b"Question,Answer\nWhen?,At 9.\n")
    with pytest.raises(StorageFailed, match="larger than the 20 bytes"):
        parse_path(tmp_path / "kb.csv", 20)


def test_a_workbook_is_known_by_what_it_holds(tmp_path: Path) -> None:
    (tmp_path / "kb.csv").write_bytes(book(["Question", "Answer"], ["When?", "At 9."]))
    assert only(parse_path(tmp_path / "kb.csv")).answer == "At 9."


def test_a_readme_in_a_folder_is_left_out_and_told(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("# How we write\n")
    (tmp_path / "kb.csv").write_bytes(b"Question,Answer\nWhen?,At 9.\n")
    parsed = parse_path(tmp_path)
    assert only(parsed).id == "when"
    assert parsed.notes == ("README.md: left out, it has no front matter",)
