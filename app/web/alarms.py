"""The texts of alarms, so that the widget can set them apart: no field of a reply says that it is urgent."""

from __future__ import annotations

from collections.abc import Sequence

import yaml

from app.settings import Settings
from pipeline.voice import ALARMS


def alarm_texts(settings: Settings) -> Sequence[str]:
    """What is said when somebody needs help at once: the owner's texts, or the voice's. That the voice is
    damaged is told where the chain reads it."""
    own = {"crisis": settings.crisis_text, "emergency": settings.emergency_text}
    try:
        voice = yaml.safe_load((settings.seeds_dir / "voice.yaml").read_text("utf-8"))
        given = [own[kind] or voice[kind] for kind in ALARMS]
    except (OSError, UnicodeDecodeError, yaml.YAMLError, TypeError, LookupError):
        given = [text for text in own.values() if text]
    return [text.strip() for texts in given for text in ([texts] if isinstance(texts, str) else texts)]
