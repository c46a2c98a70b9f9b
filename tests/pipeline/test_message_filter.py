from __future__ import annotations

import pytest
import regex
from hypothesis import given
from hypothesis import strategies as st

from pipeline.message_filter import EchoGuard, StreamFilter

SECRET = "CANARY"
BRICKS = st.sampled_from(
    [
        f"<think>{SECRET}</think>",
        f"<thinking> {SECRET} <think>{SECRET}</think> {SECRET}</thinking>",
        f"Parsed: {SECRET}\n",
        f"\n**Returned**: {SECRET} and more {SECRET}\n",
        f"Summarized: {SECRET}\n",
        "The vaccine trains the immune system. ",
        "No.",
        " ",
        "\n",
        "if x < 5 and y [sic] ",
        "[7]",
        "[1, 2]",
        "<|im_start|>",
        "<thi",
        "nk>",
        "[[9]1]",
        "<[9]think>",
        "[1<think></think>]",
        "Par",
        "sed",
        "Sure: ",
    ]
)
FORBIDDEN = regex.compile(
    r"CANARY|</?\s*think|<\|im|\[[\d,; ]+\]|(?:^|[\n.!?:])\s*(?:Parsed|Returned|Summarized)\s*:",
    regex.IGNORECASE,
)


def filtered(chunks: list[str]) -> str:
    stream = StreamFilter()
    return "".join(stream.feed(chunk) for chunk in chunks) + stream.flush()


@given(st.lists(BRICKS, max_size=12), st.data())
def test_any_chunking_gives_the_same_text_and_shows_no_scaffold(
    bricks: list[str], data: st.DataObject
) -> None:
    text = "".join(bricks)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=20)))
    chunks = [text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    whole = filtered([text])
    assert filtered(chunks) == whole
    assert filtered(list(text)) == whole
    assert not FORBIDDEN.search(whole), whole


@given(st.text(alphabet=st.characters(exclude_characters="<[:", codec="utf-8")))
def test_ordinary_text_passes_unchanged(text: str) -> None:
    assert filtered(list(text)) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("No. It stays in the muscle.", "No. It stays in the muscle."),
        ("Risk is < 5 in a million [sic].", "Risk is < 5 in a million [sic]."),
        ("Sure. Query: dna vaccine\nIt does not.", "Sure.\nIt does not."),
        ("It is safe [3], see [1].", "It is safe , see ."),
        ("Fine.<think>never closed. It is", "Fine."),
        ("> *Thought*: hm\nHello.", "\nHello."),
        ("Note: talk to your doctor.", "Note: talk to your doctor."),
        ("Fewer than <.5% [1-3 of 1,000].", "Fewer than <.5% [1-3 of 1,000]."),
    ],
)
def test_what_is_cut_and_what_stays(text: str, shown: str) -> None:
    assert filtered([text]) == shown


def test_a_block_left_open_hides_the_sentences_after_it() -> None:
    stream = StreamFilter()
    assert stream.feed("<think>first.") + stream.flush() == ""
    assert stream.feed("second.") + stream.flush() == ""
    assert stream.feed("</think>Third.") + stream.flush() == "Third."


def test_a_prompt_is_recognised_by_eight_words_of_it_in_any_case() -> None:
    guard = EchoGuard(["You judge whether the passage contains a useful answer, yes or no."])
    assert guard.repeats_a_prompt("Well: JUDGE whether the passage contains a useful answer yes!")
    assert not guard.repeats_a_prompt("The passage contains a useful answer.")
    assert not EchoGuard().repeats_a_prompt("anything at all that has more than eight words in it")
