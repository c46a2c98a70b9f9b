from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from learning.finetuning.export import Exported, Options, export
from learning.finetuning.formats import ChatFormat, CompletionFormat, line_of
from learning.finetuning.samples import Sample, capped, held_out, samples_of, tokens_of
from learning.voice.transcript_files import Speakers, read_transcripts
from learning.voice.transcripts import Conversation, parse_transcripts
from pipeline.types import Message, Role

SEEDS = Path(__file__).parents[3] / "seeds"
RAVEN = CompletionFormat(Speakers("RAVEN", "USER"))
ALL = Options(validation=0)


def talks(*texts: str) -> tuple[Conversation, ...]:
    return parse_transcripts("\n---\n".join(texts)).conversations


TALK = "Chatbot: Hello.\nUser: is it safe?\nUser: really\nChatbot: It is.\nUser: thanks\nChatbot: Gladly."


def test_each_line_of_the_chatbot_is_a_sample_with_the_conversation_before_it() -> None:
    first, second = samples_of("1", talks(TALK)[0])
    assert (first.question, first.reply) == ("is it safe?\nreally", "It is.")
    assert [said.text for said in second.history] == ["Hello.", "is it safe?\nreally", "It is.", "thanks"]
    assert second.reply == "Gladly."
    assert list(samples_of("1", talks("Chatbot: Hello.")[0])) == []


def test_chat_lines_teach_the_last_reply_alone() -> None:
    rows = export(talks(TALK), ChatFormat("Be kind."), ALL).train
    assert rows[1] == {
        "messages": [
            {"role": "system", "content": "Be kind."},
            {"role": "assistant", "content": "Hello.", "weight": 0},
            {"role": "user", "content": "is it safe?\nreally"},
            {"role": "assistant", "content": "It is.", "weight": 0},
            {"role": "user", "content": "thanks"},
            {"role": "assistant", "content": "Gladly."},
        ]
    }


def test_a_completion_goes_on_where_the_prompt_ends() -> None:
    rows = export(talks(TALK), RAVEN, ALL).train
    assert rows[0] == {
        "prompt": "RAVEN: Hello.\nUSER: is it safe? really\nRAVEN:",
        "completion": " It is.\n",
    }
    other = CompletionFormat(Speakers("RAVEN", "USER"), " ###", "Be kind.")
    assert export(talks(TALK), other, ALL).train[0] == {
        "prompt": "Be kind.\n\nRAVEN: Hello.\nUSER: is it safe? really\nRAVEN:",
        "completion": " It is. ###",
    }


def test_passages_stand_in_front_numbered() -> None:
    options = Options(validation=0, passages=lambda sample: [f"About {sample.question}", "More"])
    row = export(talks("User: ice\nChatbot: It melts."), ChatFormat("Be kind."), options).train[0]
    assert row["messages"][0] == {"role": "system", "content": "Be kind.\n\n[1] About ice\n[2] More"}


def test_the_oldest_messages_give_way_and_what_cannot_fit_is_counted() -> None:
    history = tuple(
        Message(Role.USER if n % 2 == 0 else Role.ASSISTANT, f"{n} " + "x" * 40) for n in range(5)
    )
    sample = Sample("1", history, "y" * 40)
    short = capped(sample, 4 * tokens_of("0 " + "x" * 40))
    assert short is not None and [said.text[0] for said in short.history] == ["2", "3", "4"]
    assert capped(sample, 10) is None
    made = export(
        talks(f"User: {'x' * 999}\nChatbot: No.", "User: y\nChatbot: Yes."), ChatFormat(), Options(100, 0)
    )
    assert (len(made.train), made.too_long) == (1, 1)


def test_a_conversation_is_on_one_side_alone_and_the_seed_says_which() -> None:
    given = talks(
        *(f"User: what of {n}\nChatbot: Number {n}.\nUser: ok {n}\nChatbot: Fine {n}." for n in range(20))
    )

    def sides(seed: int) -> tuple[set[str], set[str]]:
        made = export(given, ChatFormat(), Options(validation=0.2, seed=seed))
        train, aside = ({_number(row) for row in side} for side in (made.train, made.validation))
        return train, aside

    train, aside = sides(0)
    assert len(aside) == 4 and len(train) == 16 and not train & aside
    assert sides(0) == (train, aside) != sides(1)


def _number(row: Any) -> str:  # noqa: ANN401
    return str(row["messages"][0]["content"].split()[-1])


def test_the_same_conversation_or_prompt_twice_is_learned_once() -> None:
    again = export(talks(TALK, TALK), ChatFormat(), Options(validation=0.5))
    assert (len(again.train), len(again.validation), again.conversations) == (2, 0, 1)
    made = export(talks("User: hi\nChatbot: Hello.", "User: hi\nChatbot: Welcome."), ChatFormat(), ALL)
    assert (len(made.train), made.repeated) == (1, 1)


def test_personal_data_never_reaches_a_file() -> None:
    text = "User: I'm Jane, mail me at jane@example.org\nChatbot: Hello Jane, I will. It is safe."
    made = export(talks(text), ChatFormat(), ALL)
    assert made.taken_out == {"name": 2, "email": 1}
    assert "jane" not in "".join(map(line_of, made.train)).lower()


@pytest.mark.parametrize(
    ("count", "share", "expected"), [(1, 0.5, 0), (2, 0.1, 1), (2, 0.9, 1), (9, 0, 0), (10, 0.3, 3)]
)
def test_some_conversations_are_held_out_but_never_all(count: int, share: float, expected: int) -> None:
    assert len(held_out([str(n) for n in range(count)], share, 0)) == expected


@pytest.mark.parametrize("form", [ChatFormat("Be kind."), RAVEN])
def test_the_seeds_export(form: ChatFormat | CompletionFormat) -> None:
    made = export(read_transcripts(SEEDS / "conversations").conversations, form)
    assert isinstance(made, Exported)
    assert made.conversations == 12 and len(made.train) >= 40 and len(made.validation) >= 5
    assert made.taken_out == {}
