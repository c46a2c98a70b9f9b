from __future__ import annotations

import json
from pathlib import Path

import pytest

from learning.voice.transcript_files import NoTranscripts, Speakers, parse_file, read_transcripts
from learning.voice.transcripts import Conversation, Transcripts
from pipeline.types import Message, Role

TALK: Conversation = (Message(Role.USER, "is it safe?"), Message(Role.ASSISTANT, "It is, “quite”."))


def parsed(suffix: str, text: str, speakers: Speakers | None = None) -> Transcripts:
    return parse_file(suffix, text.encode(), speakers or Speakers())


def said(*messages: tuple[str, str]) -> str:
    return json.dumps({"messages": [{"role": role, "content": text} for role, text in messages]})


def problems(transcripts: Transcripts) -> list[tuple[int, str]]:
    return [(line.number, line.reason) for line in transcripts.unreadable]


@pytest.mark.parametrize(
    ("suffix", "text"),
    [
        (".txt", "User: is it safe?\nChatbot: It is, “quite”.\n"),
        (".TXT", "\ufeffUser: is it safe?\r\nChatbot: It is, “quite”.\r\n"),
        (".jsonl", said(("system", "be kind"), ("user", "is it safe?"), ("assistant", "It is, “quite”."))),
        (".jsonl", '[{"from": "user", "text": "is it safe?"},'
            ' {"from": "CHATBOT", "text": "It is, “quite”."}]'),
        (
            ".ndjson",
            '{"conversation_id": 7, "role": "user", "content": [{"type": "text", "text": "is it safe?"}]}\n\n'
            '{"conversation_id": 7, "role": "assistant", "content": "It is, “quite”."}\n',
        ),
        (".csv", "conversation_id,role,content\n1,user,is it safe?\n1,assistant,\"It is, “quite”.\"\n"),
        (".csv", "\ufeffTime,Speaker,Text\n9:00,User,is it safe?\n9:01,Chatbot,\"It is, “quite”.\"\n"),
    ],
)  # fmt: skip
def test_each_form_gives_the_same_conversation(suffix: str, text: str) -> None:
    assert parsed(suffix, text) == Transcripts((TALK,), ())


def test_speakers_may_have_other_names() -> None:
    raven = Speakers("Raven", "Guest")
    for suffix, text in {
        ".txt": "Guest: is it safe?\nRaven: It is, “quite”.",
        ".jsonl": said(("guest", "is it safe?"), ("raven", "It is, “quite”.")),
        ".csv": 'role,text\nGUEST,is it safe?\nraven,"It is, “quite”."',
    }.items():
        assert parsed(suffix, text, raven).conversations == (TALK,)
    assert problems(parsed(".txt", "User: hm\nRaven: So.", raven)) == [(1, "names an unknown speaker: User")]


def test_messages_of_several_conversations_may_lie_between_each_other() -> None:
    rows = ["session_id,sender,body", "a,user,one", "b,user,two", "a,assistant,three", "b,bot,four"]
    found = parsed(".csv", "\n".join(rows))
    assert [[each.text for each in talk] for talk in found.conversations] == [["one", "three"], ["two"]]
    assert problems(found) == [(5, "names an unknown speaker: bot")]


def test_what_cannot_be_read_is_told_by_line() -> None:
    lines = [
        said(("user", "fine"), ("assistant", "  ")),
        "{not json",
        "7",
        '{"prompt": "x"}',
        json.dumps([3]),
        '{"role": 9, "content": "x"}',
        "[" * 100_000,
    ]
    found = parsed(".jsonl", "\n".join(lines))
    assert problems(found) == [
        (1, "has a speaker but no words"),
        (2, "is not JSON"),
        (3, "holds neither messages nor a message"),
        (4, "holds neither messages nor a message"),
        (5, "holds something that is no message"),
        (6, "names an unknown speaker: 9"),
        (7, "is not JSON"),
    ]
    assert len(found.conversations) == 1


def test_a_csv_without_the_columns_says_which_it_wants() -> None:
    assert "has no column for the speaker" in problems(parsed(".csv", "a,b\n1,2\n"))[0][1]
    assert "has no column for the text" in problems(parsed(".csv", "role,b\nuser,2\n"))[0][1]
    assert "has no column" in problems(parsed(".csv", ""))[0][1]


def test_other_encodings_and_binary_files_are_told_not_guessed() -> None:
    latin = "User: café\nChatbot: Señor".encode("latin-1")
    assert problems(parse_file(".txt", latin, Speakers())) == [(1, "not UTF-8 text: byte 0xE9")]
    assert problems(parse_file(".csv", latin, Speakers()))[0][0] == 1
    assert "not UTF-8" in problems(parse_file(".jsonl", b'\n"\xff"', Speakers()))[0][1]
    binary = parse_file(".txt", b"PK\x03\x04\x00\x00User: x\x00", Speakers())
    assert not binary.conversations and binary.unreadable


def test_a_folder_is_read_in_order_and_files_are_named(tmp_path: Path) -> None:
    (tmp_path / "b.txt").write_text("User: two\n")
    (tmp_path / "deep").mkdir()
    (tmp_path / "a.jsonl").write_text(said(("user", "one")) + "\n[\n")
    (tmp_path / "deep" / "c.csv").write_text("role,text\nuser,three\n")
    (tmp_path / "notes.docx").write_bytes(b"\x00")
    found = read_transcripts(tmp_path)
    assert [talk[0].text for talk in found.conversations] == ["one", "two", "three"]
    assert [(Path(line.file).name, line.number) for line in found.unreadable] == [("a.jsonl", 2)]


def test_nothing_to_read_is_said(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "none.txt", tmp_path / "talk.docx"):
        with pytest.raises(NoTranscripts, match=r"is not a \.txt, \.jsonl"):
            read_transcripts(path)
    (tmp_path / "empty.txt").write_text("")
    assert read_transcripts(tmp_path / "empty.txt") == Transcripts((), ())
