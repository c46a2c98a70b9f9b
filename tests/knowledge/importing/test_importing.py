"""Every way a file can be wrong is told by line; nothing of such a file gets in."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from knowledge.errors import ImportRejected, LineError, StorageFailed
from knowledge.importing.parsing import (
    MAX_ERRORS,
    ParsedEntries,
    parse_csv,
    parse_jsonl,
    parse_markdown,
    parse_record,
)
from knowledge.importing.paths import parse_path
from knowledge.types import EntryStatus, Source

GOOD = {"id": "a-1", "question": "Is it safe?", "answer": "Yes. It is."}


def line(**fields: object) -> bytes:
    return json.dumps({**GOOD, **fields}).encode() + b"\n"


def errors_of(data: bytes, parse: object = parse_jsonl) -> tuple[LineError, ...]:
    assert callable(parse)
    with pytest.raises(ImportRejected) as caught:
        parse(data)
    return caught.value.errors


def only(parsed: ParsedEntries) -> object:
    (entry,) = parsed.entries
    return entry


def test_three_fields_are_enough() -> None:
    (entry,) = parse_jsonl(line()).entries
    assert (entry.topic, entry.status, entry.sources) == ("general", EntryStatus.APPROVED, ())


def test_unknown_fields_are_ignored_and_named() -> None:
    parsed = parse_jsonl(line(headline="x", urls=["y"]) + line(id="b", via=3))
    assert len(parsed.entries) == 2
    assert parsed.ignored_fields == ("headline", "urls", "via")


def test_flat_url_becomes_the_source() -> None:
    (entry,) = parse_jsonl(line(url="https://example.org/a", source="Example")).entries
    assert entry.sources == (Source("Example", "https://example.org/a"),)
    (entry,) = parse_jsonl(line(url="https://example.org/a")).entries
    assert entry.sources == (Source("example.org", "https://example.org/a"),)
    (entry,) = parse_jsonl(line(url=None, source="Example")).entries
    assert entry.sources == ()


def test_text_is_normalised() -> None:
    record = {"question": " Cafe\u0301\r\nopen\u200b? ", "answer": "It isn\u00e2\u0080\u0099t.\u2028No."}
    (entry,) = parse_jsonl(line(**record)).entries
    assert entry.question == "Caf\u00e9\nopen?"
    assert entry.answer == "It isn\u2019t.\nNo."


@pytest.mark.parametrize(
    ("data", "part"),
    [
        (b"\xff\xfe\x00", "not UTF-8 text"),
        (b"{nope}", "not valid JSON"),
        (b"[1]", "one JSON object"),
        (b"42", "one JSON object"),
        (b'{"id": "a", "id": "b"}', "given twice"),
        (b'{"x":' * 50_000, "nested too deeply"),
        (b'{"x": ' + b"9" * 5_000 + b"}", "number is too long"),
        (line(id=None), "id is missing"),
        (line(id="with space"), "id must begin with"),
        (line(id="-x"), "id must begin with"),
        (line(id="x" * 101), "101 characters"),
        (line(id=7), "id must be text, not a number"),
        (line(question=" \n "), "question is empty"),
        (line(question=None), "question is missing"),
        (line(question="q" * 501), "question has 501 characters"),
        (line(answer="a" * 20_001), "20,001 characters"),
        (line(answer=["a"]), "answer must be text, not a list"),
        (line(answer="a\x00b"), "U+0000"),
        (line(answer="a\x07b"), "U+0007"),
        (line(answer="\ud800"), "U+D800"),
        (line(alternates="why"), "alternates must be a list, not text"),
        (line(alternates=["a", " "]), "item 2 of alternates is empty"),
        (line(alternates=["a"] * 201), "201 items"),
        (line(misconceptions=[{"a": 1}]), "item 1 of misconceptions must be text, not an object"),
        (line(reviewed_on="2026-02-30"), "reviewed_on must be a day"),
        (line(valid_until="tomorrow"), "valid_until must be a day"),
        (line(valid_until=20260101), "valid_until must be a day"),
        (line(status="live"), "status must be one of draft, in_review, approved, retired"),
        (line(sources=[{"title": "t", "url": "javascript:alert(1)"}]), "url of source 1 must be an absolute"),
        (line(sources=[{"title": "t", "url": "https://"}]), "url of source 1"),
        (line(sources=[{"title": "t", "url": "https://[x"}]), "url of source 1"),
        (line(sources=[{"publisher": "t"}]), "url of source 1 is missing"),
        (line(sources=["https://example.org"]), "source 1 must be an object"),
        (line(url="ftp://example.org"), "url must be an absolute"),
    ],
)
def test_a_bad_line_is_named_in_plain_english(data: bytes, part: str) -> None:
    (error,) = errors_of(line(id="first") + b"\n" + data)
    assert error.line == 3
    assert part in error.detail
    assert "Traceback" not in error.detail and "Error" not in error.detail


def test_all_bad_lines_are_named_at_once_up_to_a_cap() -> None:
    assert [e.line for e in errors_of(b"x\n" + line() + b"y\n")] == [1, 3]
    assert len(errors_of(b"x\n" * 5_000)) == MAX_ERRORS


def test_an_id_used_twice_names_the_first_line() -> None:
    (error,) = errors_of(line() + line(id="b") + line(question="Other?"))
    assert (error.line, error.detail) == (3, 'the id "a-1" was already used on line 1')


def test_one_record_is_checked_the_same_way() -> None:
    assert parse_record({**GOOD, "extra": 1}).ignored_fields == ("extra",)
    with pytest.raises(ImportRejected):
        parse_record({"id": "a"})


def test_byte_order_mark_and_windows_line_ends_are_fine() -> None:
    assert only(parse_jsonl(b"\xef\xbb\xbf" + line().replace(b"\n", b"\r\n"))) == only(parse_jsonl(line()))


def test_csv_reads_flat_columns_lists_and_quoted_lines() -> None:
    data = (
        "\ufeffid,question,answer,alternates,url,source,note\r\n"
        'a,Why?,"One.\nTwo.",why so | how come,https://example.org,Ex,\r\n'
        ",,,,,,\r\n"
        'b,How?,So.,"[""x | y""]",,,n\r\n'
    )
    parsed = parse_csv(data.encode())
    first, second = parsed.entries
    assert first.answer == "One.\nTwo."
    assert first.alternates == ("why so", "how come")
    assert first.sources == (Source("Ex", "https://example.org"),)
    assert second.alternates == ("x | y",)
    assert parsed.ignored_fields == ("note",)


@pytest.mark.parametrize(
    ("data", "number", "part"),
    [
        (b"", 1, "the file is empty"),
        (b"id,question\n", 1, 'seen were "id", "question", missing: answer'),
        (b"id,question,answer,id\n", 1, "same name"),
        (b'id,question,answer\na,"Q\n1",A\nb,Q\n', 4, "answer is missing"),
        (b"id,question,answer\na,Q,A, B\n", 2, "the row has 4 cells, the header names 3 columns"),
        (b'id,question,answer\na,Q,A\nb,"Q,A\n', 3, "the row that begins here is broken"),
        (b"id,question,answer\na,Q,A\nb,\x81\x8d\x8f\x90\x9d\xff\xfe\xc5,A\n", 3, "not UTF-8"),
        (b"id,question,answer,sources\na,Q,A,[1\n", 2, "sources: not valid JSON"),
        (b"id,question,answer\na,Q,A\na,Q,A\n", 3, "already used on line 2"),
    ],
)
def test_a_broken_csv_row_is_named(data: bytes, number: int, part: str) -> None:
    (error,) = errors_of(data, parse_csv)
    assert error.line == number
    assert part in error.detail


def test_markdown_takes_the_body_as_the_answer() -> None:
    data = (
        b"---\nid: a\nquestion: Why?\nreviewed_on: 2026-01-02\nalternates: [so]\n---\n\nOne.\n\n---\nTwo.\n"
    )
    (entry,) = parse_markdown(data).entries
    assert entry.answer == "One.\n\n---\nTwo."
    assert str(entry.reviewed_on) == "2026-01-02"


@pytest.mark.parametrize(
    ("data", "number", "part"),
    [
        (b"No front matter.", 1, "must begin with front matter"),
        (b"---\nid: a\n", 1, "must begin with front matter"),
        (b"---\nid: a\nquestion: [x\n---\nB", 4, "not valid YAML"),
        (b"---\nid: a\nreviewed_on: 2026-13-45\n---\nB", 1, "every day in it must exist"),
        (b"---\nid: a\nanswer: x\n---\nB", 1, "below the front matter"),
        (b"---\nid: 12\nquestion: Q\n---\nB", 1, "id must be text"),
        (
            b"---\nid: a\nquestion: Q\nreviewed_on: 2026-01-01 10:00:00\n---\nB",
            1,
            "reviewed_on must be a day",
        ),
        (b"---\nid: " + b"[" * 100_000 + b"\n---\nB", 2, "nested too deeply"),
    ],
)
def test_broken_front_matter_is_named(data: bytes, number: int, part: str) -> None:
    (error,) = errors_of(data, parse_markdown)
    assert part in error.detail
    assert error.line == number


def test_a_folder_is_read_whole(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "a.md").write_text("---\nid: a\nquestion: Q\n---\nB")
    (tmp_path / "b.jsonl").write_bytes(line(id="b"))
    (tmp_path / "readme.txt").write_text("not read")
    assert [entry.id for entry in parse_path(tmp_path).entries] == ["b", "a"]


def test_errors_in_a_folder_name_the_file(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(line())
    (tmp_path / "b.jsonl").write_bytes(line())
    (tmp_path / "c.md").write_text("nothing")
    with pytest.raises(ImportRejected) as caught:
        parse_path(tmp_path)
    assert [(e.file, e.line) for e in caught.value.errors] == [("b.jsonl", 1), ("c.md", 1)]
    assert "already used in a.jsonl" in caught.value.errors[0].detail


def test_what_cannot_be_read_says_so(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "x.pdf", tmp_path / "missing.csv"):
        with pytest.raises(StorageFailed):
            parse_path(path)
