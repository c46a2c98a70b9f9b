"""Twenty-odd faults, each planted alone into a file that is otherwise sound."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from learning.finetuning.check import Checked, check
from learning.finetuning.export import export
from learning.finetuning.formats import ChatFormat, CompletionFormat, line_of
from learning.voice.transcript_files import Speakers, read_transcripts

SEEDS = Path(__file__).parents[3] / "seeds"
TALKS = read_transcripts(SEEDS / "conversations").conversations
Row = dict[str, Any]
LINE = 5  # where the fault is planted, counted from 1


def written(folder: Path, form: ChatFormat | CompletionFormat | None = None) -> tuple[Path, Path]:
    made = export(TALKS, form or ChatFormat("Be kind."))
    for name, rows in (("train", made.train), ("validation", made.validation)):
        (folder / f"{name}.jsonl").write_text("".join(map(line_of, rows)), "utf-8")
    return folder / "train.jsonl", folder / "validation.jsonl"


def texts(checked: Checked, file: Path, line: int) -> list[str]:
    return [each.text for each in checked.findings if (each.file, each.line) == (str(file), line)]


@pytest.mark.parametrize(
    "form", [ChatFormat("Be kind."), ChatFormat(), CompletionFormat(Speakers("RAVEN", "USER"))]
)
def test_what_is_exported_passes(tmp_path: Path, form: ChatFormat | CompletionFormat) -> None:
    checked = check(*written(tmp_path, form))
    assert checked.findings == ()
    assert checked.tokens > 1000 and len(checked.validation) > 5


def _messages(change: Callable[[list[Row]], object]) -> Callable[[bytes], bytes]:
    def planted(line: bytes) -> bytes:
        row = json.loads(line)
        change(row["messages"])
        return json.dumps(row).encode()

    return planted


def _last(**fields: object) -> Callable[[bytes], bytes]:
    return _messages(lambda said: said[-1].update(fields))


CHAT_FAULTS: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "not JSON": (lambda line: line[:-1], "is not JSON"),
    "an empty line": (lambda line: b"  ", "is empty"),
    "not UTF-8": (lambda line: b"\xff" + line, "not UTF-8"),
    "a byte order mark": (lambda line: b"\xef\xbb\xbf" + line, "byte order mark"),
    "not a sample": (lambda line: b"[1]", "neither a chat nor"),
    "an unknown key": (lambda line: line[:-1] + b', "mood": 1}', "does not know: mood"),
    "no messages": (_messages(lambda said: said.clear()), "has no messages"),
    "a message that is none": (_messages(lambda said: said.insert(1, "hi")), "message 2 is not an object"),  # type: ignore[arg-type]
    "an unknown role": (_messages(lambda said: said[1].update(role="bot")), "unknown role: bot"),
    "no content": (_messages(lambda said: said[-1].pop("content")), "has no content that is a text"),
    "empty content": (_last(content=" \n"), "has an empty content"),
    "no text": (_last(content="It \x00is."), "characters in its content that are no text"),
    "a wrong encoding": (_last(content="It isnâ€™t."), "read in a wrong encoding"),
    "a key of a message": (_last(mood="good"), "does not know: mood"),
    "a bad weight": (_last(weight=0.5), "a weight that is not"),
    "no reply to learn": (_last(weight=0), "no reply to learn"),
    "the user has the last word": (_messages(lambda said: said.pop()), "does not end with a message of"),
    "no user": (
        _messages(lambda said: said.__delitem__(slice(0, -1))),
        "has no message of the user",
    ),
    "a late system message": (
        _messages(lambda said: said.insert(2, {"role": "system", "content": "Be brief."})),
        "a system message that is not the first",
    ),
    "an e-mail address": (_last(content="Write to jane@example.org."), "personal data: email"),
    "a phone number": (_last(content="Call +1 650 253 0000."), "personal data: phone"),
    "a name": (_messages(lambda said: said[1].update(content="My name is Jane. Is it?")), "data: name"),
    "too many tokens": (_last(content="very " * 70_000), "more than 65,536"),
    "an overlong reply": (_last(content="It is safe. " * 100), "where the median is"),
    "one side twice": (
        _messages(lambda said: said.__setitem__(slice(1, 1), [{"role": "user", "content": "hm"}] * 2)),
        "two messages of one side",
    ),
}  # fmt: skip


@pytest.mark.parametrize("fault", CHAT_FAULTS)
def test_each_planted_fault_is_found_where_it_is(tmp_path: Path, fault: str) -> None:
    plant, told = CHAT_FAULTS[fault]
    train, validation = written(tmp_path)
    lines = train.read_bytes().splitlines()
    lines[LINE - 1] = plant(lines[LINE - 1])
    train.write_bytes(b"\n".join(lines) + b"\n")
    checked = check(train, validation)
    assert any(told in text for text in texts(checked, train, LINE)), checked.findings
    others = [each for each in checked.findings if each.line not in (0, LINE)]
    assert others == []


def test_repeated_and_contradicting_samples_name_the_first(tmp_path: Path) -> None:
    train, validation = written(tmp_path)
    lines = train.read_text("utf-8").splitlines()
    other = json.loads(lines[6])
    other["messages"][-1]["content"] = "Quite the opposite."
    train.write_text("\n".join([*lines, lines[2], json.dumps(other)]), "utf-8")
    checked = check(train, validation)
    assert texts(checked, train, len(lines) + 1) == ["repeats line 3"]
    assert "contradicts" in texts(checked, train, len(lines) + 2)[0]
    assert "line 7" in texts(checked, train, len(lines) + 2)[0]
    assert checked.errors == 2


def test_leaks_are_found_by_the_prompt_and_by_the_conversation(tmp_path: Path) -> None:
    train, validation = written(tmp_path)
    lines, held = train.read_text("utf-8").splitlines(), validation.read_text("utf-8").splitlines()
    validation.write_text("\n".join([*held, lines[3]]), "utf-8")
    assert texts(check(train, validation), validation, len(held) + 1) == [
        "is in the training file too, line 4"
    ]
    longer = json.loads(lines[1])
    longer["messages"] += [
        {"role": "user", "content": "and then"},
        {"role": "assistant", "content": "Nothing."},
    ]
    validation.write_text("\n".join([*held, json.dumps(longer)]), "utf-8")
    assert "is in the training file too" in texts(check(train, validation), validation, len(held) + 1)[0]


def test_too_few_samples_are_an_error_of_the_file(tmp_path: Path) -> None:
    train, _ = written(tmp_path)
    train.write_text("\n".join(train.read_text("utf-8").splitlines()[:3]), "utf-8")
    assert texts(check(train), train, 0) == ["has 3 usable samples; at least 10 are needed"]
    train.write_bytes(b"")
    assert texts(check(train), train, 0) == ["has 0 usable samples; at least 10 are needed"]


def _field(name: str, change: Callable[[str], object]) -> Callable[[Row], None]:
    return lambda row: row.__setitem__(name, change(row[name]))


COMPLETION_FAULTS: dict[str, tuple[Callable[[Row], object], str]] = {
    "no space before it": (_field("completion", str.lstrip), "does not start with a space"),
    "no stop sequence": (_field("completion", str.rstrip), "lacks the stop sequence '\\n'"),
    "no separator": (_field("prompt", lambda text: text[:-7]), "lacks the separator"),
    "no completion": (lambda row: row.pop("completion"), "has no completion that is a text"),
    "an empty prompt": (_field("prompt", lambda text: ""), "has an empty prompt"),
}


@pytest.mark.parametrize("fault", COMPLETION_FAULTS)
def test_prompts_and_completions_have_rules_of_their_own(tmp_path: Path, fault: str) -> None:
    plant, told = COMPLETION_FAULTS[fault]
    train, validation = written(tmp_path, CompletionFormat(Speakers("RAVEN", "USER")))
    rows = [json.loads(line) for line in train.read_text("utf-8").splitlines()]
    plant(rows[LINE - 1])
    train.write_text("".join(map(line_of, rows)), "utf-8")
    checked = check(train, validation)
    assert any(told in text for text in texts(checked, train, LINE)), checked.findings


def test_a_file_is_of_one_form(tmp_path: Path) -> None:
    train, validation = written(tmp_path)
    with train.open("a", encoding="utf-8") as out:
        out.write('{"prompt": "USER: hi\\nRAVEN:", "completion": " Hello.\\n"}\n')
    assert texts(check(train, validation), train, 0) == ["mixes chats with prompts and completions"]


def test_completions_without_any_common_ending_are_told(tmp_path: Path) -> None:
    train, validation = written(tmp_path, CompletionFormat(Speakers("RAVEN", "USER"), stop=""))
    assert any("has no ending, the stop sequence" in each.text for each in check(train, validation).findings)
