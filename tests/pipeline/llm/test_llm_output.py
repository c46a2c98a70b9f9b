"""What is made of the text of a language model, and when it is asked again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, Field

from pipeline.errors import ModelOutputError
from pipeline.llm.reasoning import SpokenText, without_reasoning
from pipeline.llm.retrying import AttemptFailed, Backoff, retry_after_s
from pipeline.llm.structured_output import parse, schema_of


class Item(BaseModel):
    title: str = Field("", max_length=20)
    score: float = 0.0


class Judged(BaseModel):
    verdict: bool
    items: list[Item] = []


def test_a_schema_is_strict_at_every_depth() -> None:
    schema = schema_of(Judged)
    item = schema["$defs"]["Item"]
    for node in (schema, item):
        assert node["additionalProperties"] is False and node["required"] == list(node["properties"])
    assert item["properties"]["title"] == {"type": "string"}, "a field may be called title"
    assert "default" not in schema["properties"]["items"]


@pytest.mark.parametrize(
    "text", ['{"verdict": true}', ' ```json\n{"verdict": true}\n``` ', '```\n{"verdict":true}```']
)
def test_an_object_alone_or_in_one_fence_is_read(text: str) -> None:
    assert parse(text, Judged).verdict is True


@pytest.mark.parametrize(
    "text",
    [
        "",
        "true",
        "[]",
        '{"verdict": "yes"}',
        '{"verdict": 1}',
        '{"verdict": true',
        'Sure: {"verdict": true}',
        '{"verdict": true} {"verdict": false}',
        '{"verdict": true, "items": [{"score": "0.5"}]}',
        f'{{"verdict": true, "items": [{{"title": "{"x" * 21}"}}]}}',
        '```json\n{"verdict": true}\n```\nHope this helps!',
    ],
)
def test_nothing_else_is(text: str) -> None:
    with pytest.raises(ModelOutputError, match="Judged"):
        parse(text, Judged)


def test_an_error_does_not_repeat_what_the_model_said() -> None:
    with pytest.raises(ModelOutputError) as caught:
        parse('{"verdict": "a secret"}', Judged)
    assert "secret" not in str(caught.value) and "verdict" in str(caught.value)


@pytest.mark.parametrize(
    ("text", "spoken"),
    [
        ("Open.", "Open."),
        ("<think>a</think>Open.", "Open."),
        (" <Thinking>a\n</Thinking>\n<think>b</think> Open.", "Open."),
        ("thoughts</think>Open.", "Open."),
        ("<think>endless", ""),
        ("<b>Open</b>", "<b>Open</b>"),
    ],
)
def test_thoughts_are_cut_out_of_a_whole_text(text: str, spoken: str) -> None:
    assert without_reasoning(text).strip() == spoken


@given(
    thoughts=st.lists(st.text("ab <>/\n", max_size=12), max_size=3),
    answer=st.text("xyz <>.\n", max_size=20),
    cuts=st.lists(st.integers(0, 120), max_size=12),
)
def test_thoughts_are_cut_out_of_a_stream_however_it_is_cut(
    thoughts: list[str], answer: str, cuts: list[int]
) -> None:
    text = "".join(f"<think>{thought}</think>\n" for thought in thoughts) + answer
    ends = [*sorted(cut for cut in cuts if cut < len(text)), len(text)]
    stream, spoken, start = SpokenText(), "", 0
    for end in ends:
        spoken += stream.feed(text[start:end])
        start = end
    assert spoken + stream.end() == answer.lstrip()


def test_a_stream_that_turns_out_to_have_been_thoughts_is_an_error() -> None:
    stream = SpokenText()
    assert stream.feed("They ask for </thi") == "They ask for </thi"
    with pytest.raises(ModelOutputError):
        stream.feed("nk> Open.")
    short = SpokenText()
    with pytest.raises(ModelOutputError):
        short.feed("hm</think>Open.")


def test_pauses_double_within_bounds_and_never_undercut_the_server() -> None:
    longest, shortest = Backoff(1.0, 4.0, draw=lambda: 1.0), Backoff(1.0, 4.0, draw=lambda: 0.0)
    failed = AttemptFailed("down", again=True)
    assert [longest.pause_s(retry, failed) for retry in range(4)] == [1.0, 2.0, 4.0, 4.0]
    assert [shortest.pause_s(retry, failed) for retry in range(4)] == [0.5, 1.0, 2.0, 2.0]
    assert longest.pause_s(0, AttemptFailed("busy", again=True, after_s=7.0)) == 7.0


def test_retry_after_is_seconds_milliseconds_or_a_date() -> None:
    assert retry_after_s({"retry-after": "1.5"}) == 1.5
    assert retry_after_s({"retry-after": "9", "retry-after-ms": "250"}) == 0.25
    assert retry_after_s({}) is None and retry_after_s({"retry-after": "soon"}) is None
    date = format_datetime(datetime.now(UTC) + timedelta(seconds=60), usegmt=True)
    assert 55 < (retry_after_s({"retry-after": date}) or 0) <= 60
    assert retry_after_s({"retry-after": "-3"}) == 0.0
