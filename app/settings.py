"""Everything an operator can set, read once at start from the environment and `.env`."""

from __future__ import annotations

import os
import re
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from app.api.origins import origin_of
from app.env_file import EnvFile, EnvFileError, read_env_file
from app.single_sign_on.settings import OidcSettings
from knowledge.encoders.types import DEFAULT_ENCODER
from knowledge.shipped_seeds import SHIPPED_SEEDS
from pipeline.llm_stages.weights import CascadeWeights
from pipeline.stages.composing.answer_composer import WHOLE_WORDS
from pipeline.stages.relevance.thresholds import JudgeThresholds, WhenUnsure

PREFIX = "CANDOR_"
_TOKEN_LENGTH = 16
_SECRET_LENGTH = 32
_LEFT_OUT = "default_factory_not_called"  # said of a default, once another setting is wrong
_NESTED = "__"


def _own_encoder(given: dict[str, Any]) -> str:
    """The retriever trained for the owner's knowledge base, or else for these seeds, where there is one."""
    own, general = given.get("data_dir", Path("var")) / "retriever", given.get("seeds_dir", SHIPPED_SEEDS)
    folders = (own, general / "models" / "retriever")
    return next((str(folder) for folder in folders if folder.is_dir()), DEFAULT_ENCODER)


Share = Annotated[float, Field(ge=0, le=1)]


class Profile(StrEnum):
    """Who does the work: the specialists; they, and a language model that writes the answers and is asked
    where they are unsure; or the language model at every stage."""

    SPECIALIST = "specialist"
    ASSISTED = "assisted"
    LLM = "llm"


class SettingsError(ValueError):
    """The settings cannot be used; the message tells the operator which one and why."""


class Judging(BaseModel):
    """Where the judging stages draw their lines: calibrated probabilities, from 0 to 1."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    on_topic: Share = JudgeThresholds().gate
    """Least probability that a message is on topic."""
    grounded: Share = JudgeThresholds().grounding
    """Least probability that a sentence is supported."""
    written: Share = 0.7
    """The same for a sentence that a language model wrote."""


Weight = Annotated[float, Field(ge=0, le=20)]


class Cascade(BaseModel):
    """How much the language model's yes or no counts beside the specialist's probability, in log-odds. It is
    asked only where that could change the decision; 0: never."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    gate: Weight = CascadeWeights().gate
    """Weight of the language model's word on whether a message is on topic; 0: not asked."""
    relevance: Weight = CascadeWeights().relevance
    """The same, on whether anything found answers."""
    grounding: Weight = CascadeWeights().grounding
    """The same, on whether a sentence is supported."""
    rewriter: bool = CascadeWeights().rewriter
    """Ask it for a query where it is unclear whether a message leans on the conversation."""
    rephrase: bool = CascadeWeights().rephrase
    """Ask it for another wording where nothing was found."""


class Settings(BaseSettings):
    """Field `x` is read from `CANDOR_X`; a field of a group from `CANDOR_GROUP__X`. Empty means unset."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_file=".env",
        env_file_encoding="utf-8",
        env_nested_delimiter=_NESTED,
        env_ignore_empty=True,
        extra="ignore",  # names without the prefix are none of ours; `read_settings` refuses the others
        frozen=True,
        use_attribute_docstrings=True,
        hide_input_in_errors=True,
    )

    data_dir: Path = Path("var")
    """Where everything is kept."""
    database_url: str | None = None
    """Default: SQLite below the data folder."""
    admin_token: SecretStr | None = None
    """Opens /admin, with 16 characters at least; without it the admin side is off."""
    four_eyes: bool = False
    """What one curator wrote has to be approved by another."""
    oidc: OidcSettings = OidcSettings()
    seeds_dir: Path = SHIPPED_SEEDS
    """The knowledge base and voice of the first start."""
    encoder: str = Field(default_factory=_own_encoder)
    """Sentence encoder: a name, a local folder, or `multilingual` (docs/languages.md)."""
    encoder_threads: Annotated[int, Field(ge=0, le=256)] = 0
    """0: as many as the processor has cores."""
    crisis_text: str | None = None
    """Said when somebody may harm themselves."""
    emergency_text: str | None = None
    """Said first when somebody needs help at once."""
    handoff_contact: str | None = None
    """Whom to ask instead; shown where there is no answer, and to who complains or wants a person."""
    whole_answer_words: Annotated[int, Field(ge=1)] = WHOLE_WORDS
    """An answer up to this length is said whole; of a longer one, whole blocks."""
    when_unsure: WhenUnsure = WhenUnsure.BALANCED
    """`careful` asks back rather than answer wrongly, `direct` answers rather than ask back."""
    turn_deadline_s: Annotated[float, Field(gt=0, le=600)] = 30.0
    """A turn that takes longer is a 504."""
    heartbeat_s: Annotated[float, Field(gt=0, le=300)] = 10.0
    """Comment lines on a silent stream."""
    max_concurrent_turns: Annotated[int, Field(ge=1)] = 16
    """Turns worked on at once."""
    max_waiting_turns: Annotated[int, Field(ge=0)] = 128
    """Turns that may wait; further ones are a 503."""
    rate_limit_per_minute: Annotated[int, Field(ge=0)] = 6000
    """Questions a client may ask; each document to read counts as one. 0: no limit."""
    body_limit_bytes: Annotated[int, Field(ge=1024)] = 1_048_576
    """Largest request body."""
    import_limit_bytes: Annotated[int, Field(ge=1024)] = 67_108_864
    """Largest file or body of an import."""
    crawl_hosts: Annotated[tuple[str, ...], NoDecode] = ()
    """Hosts whose sites may be imported, comma-separated; `*.` before one: those below it. Default: none."""
    crawl_pages: Annotated[int, Field(ge=1, le=100_000)] = 500
    """Most pages of a site that one import reads."""
    search_sites: Annotated[tuple[str, ...], NoDecode] = ()
    """Sites that curators may search for drafts, comma-separated (docs/curation.md). Default: none."""
    retention_days: Annotated[float, Field(gt=0)] | None = None
    """What users said is deleted after so many days. Default: never."""
    mask_stored: bool = False
    """Take phone numbers, e-mail addresses and the like out of what is stored."""
    memory: bool = False
    """Remember what users say about themselves who send a `user_id` (docs/memory.md)."""
    user_secret: SecretStr | None = None
    """Signs the user ids of your own site, with 32 characters at least."""
    memory_in_prompts: bool = False
    """Let the language model see what is remembered."""
    cors_origins: Annotated[tuple[str, ...], NoDecode] = ()
    """Origins whose pages may call this API and show the widget, comma-separated."""
    frame_origins: Annotated[tuple[str, ...], NoDecode] = ()
    """Origins whose pages may show the page at `/` in a frame, comma-separated. Default: none."""
    allowed_hosts: Annotated[tuple[str, ...], NoDecode] = ()
    """Host names it answers to, comma-separated; `*.` before one: those below it, too. Default: any."""
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    """What is logged."""
    follow_every_s: Annotated[float, Field(gt=0)] = 2.0
    """How often the active release is looked up."""
    gate: bool = True
    """Ask a new release gold, rated and recent questions before it goes live."""
    gate_lost_gold: Annotated[int, Field(ge=0)] = 0
    """Gold answers that it may lose and still go live."""
    gate_lost_rated: Share = 0.05
    """Share of the answers rated up that may be refused, or come from another entry."""
    gate_recent: Annotated[int, Field(ge=0, le=10_000)] = 200
    """The newest different messages that are asked."""
    llm_base_url: str | None = None
    """An OpenAI-compatible API. Default: OpenAI's own."""
    llm_api_key: SecretStr | None = None
    """Its key, where it asks for one."""
    llm_model: str | None = None
    """The model to ask there; it turns the language model on."""
    llm_gguf: Path | None = None
    """A model file to run on this machine instead."""
    llm_threads: Annotated[int, Field(ge=0, le=256)] = 0
    """Its threads; 0: as many as the processor has cores."""
    llm_timeout_s: Annotated[float, Field(gt=0, le=600)] = 20.0
    """Longest wait for the model within one call, retries included."""
    llm_idle_s: Annotated[float, Field(gt=0, le=600)] = 10.0
    """Longest silence of the model while it writes."""
    llm_retries: Annotated[int, Field(ge=0, le=10)] = 2
    """Further attempts after an error that may pass."""
    llm_concurrency: Annotated[int, Field(ge=1, le=1000)] = 8
    """Calls to the model at once."""
    llm_prompt_price: Annotated[float, Field(ge=0)] = 0.0
    """What a million tokens cost that the model reads, for the account."""
    llm_completion_price: Annotated[float, Field(ge=0)] = 0.0
    """What a million tokens cost that it writes."""
    profile: Profile | None = None
    """`specialist`, `assisted` or `llm`. Default: assisted once there is a language model."""
    cascade: Cascade = Cascade()
    judging: Judging = Judging()

    @property
    def database(self) -> str:
        """The database's SQLAlchemy URL."""
        return self.database_url or f"sqlite:///{self.data_dir / 'candor.db'}"

    @field_validator(
        "cors_origins", "frame_origins", "allowed_hosts", "crawl_hosts", "search_sites", mode="before"
    )
    @classmethod
    def _split(cls, value: object) -> object:
        return (
            [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value
        )

    @field_validator("cors_origins", "frame_origins")
    @classmethod
    def _are_origins(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(map(origin_of, value))

    @field_validator("allowed_hosts")
    @classmethod
    def _are_hosts(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for host in value:
            if not re.fullmatch(r"(\*\.)?[\w.-]+|\[[\da-fA-F:.]+\]", host):
                raise ValueError(f"{host!r} is no host name: leave out scheme, port and path")
        return tuple(host.lower() for host in value)

    @field_validator("crawl_hosts")
    @classmethod
    def _are_hosts_to_crawl(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for host in value:
            if not re.fullmatch(r"(?:(?:\*\.)?[\w.-]+|\[[\da-fA-F:.]+\])(?::\d+)?|[\da-fA-F:]+", host):
                raise ValueError(f"{host!r} is no host name: leave out scheme and path")
        return tuple(host.lower() for host in value)

    @field_validator("search_sites")
    @classmethod
    def _are_sites(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for site in value:
            if not re.fullmatch(r"https?://[\w.\[\]:-]+(?:/[^\s@]*)?", site):
                raise ValueError(f"{site!r} is no http or https address")
        return value

    @field_validator("log_level", mode="before")
    @classmethod
    def _upper(cls, value: object) -> object:
        return value.upper() if isinstance(value, str) else value

    @field_validator("admin_token")
    @classmethod
    def _is_long(cls, value: SecretStr | None) -> SecretStr | None:
        token = value.get_secret_value().strip() if value else ""
        if 0 < len(token) < _TOKEN_LENGTH:
            raise ValueError(f"must have {_TOKEN_LENGTH} characters at least: a short one can be guessed")
        return SecretStr(token) if token else None

    @field_validator("user_secret")
    @classmethod
    def _signs(cls, value: SecretStr | None) -> SecretStr | None:
        secret = value.get_secret_value().strip() if value else ""
        if 0 < len(secret) < _SECRET_LENGTH:
            raise ValueError(f"must have {_SECRET_LENGTH} characters at least: a short one can be guessed")
        return SecretStr(secret) if secret else None

    @field_validator("llm_base_url")
    @classmethod
    def _is_url(cls, value: str | None) -> str | None:
        if value is not None and not value.startswith(("http://", "https://")):
            raise ValueError("begin with http:// or https://")
        return value

    @model_validator(mode="after")
    def _names_one_model(self) -> Settings:
        if self.llm_gguf is not None:
            if self.llm_base_url is not None:
                raise ValueError("CANDOR_LLM_BASE_URL and CANDOR_LLM_GGUF exclude each other")
        elif self.llm_model is None and (self.llm_base_url or self.llm_api_key):
            raise ValueError("CANDOR_LLM_MODEL is missing: which model is to be asked?")
        elif self.llm_model and not (self.llm_base_url or self.llm_api_key):
            raise ValueError("CANDOR_LLM_MODEL needs CANDOR_LLM_API_KEY, or CANDOR_LLM_BASE_URL")
        return self


def read_settings(env_file: Path = Path(".env")) -> Settings:
    """The settings of this process. Raises `SettingsError` naming whatever is unknown or wrong."""
    try:
        file = read_env_file(env_file)
    except EnvFileError as error:
        raise SettingsError(str(error)) from None
    known = known_names()
    places = {name: file.place(name) for name in file.lines} | dict.fromkeys(os.environ, "")
    unknown = sorted(name for name in places if name.upper().startswith(PREFIX) and name.upper() not in known)
    if unknown:
        named = ", ".join(name + places[name] for name in unknown)
        raise SettingsError(f"Unknown setting: {named}. Known are: {', '.join(sorted(known))}.")
    try:
        return Settings(_env_file=env_file)  # type: ignore[call-arg]  # pydantic-settings' own
    except ValidationError as error:
        wrong = [item for item in error.errors(include_url=False) if item["type"] != _LEFT_OUT]
        raise SettingsError("; ".join(_complaint(item, file) for item in wrong)) from None


def _complaint(item: ErrorDetails, file: EnvFile) -> str:
    message = item["msg"].removeprefix("Value error, ")
    if not item["loc"]:
        return message
    name = name_of(*map(str, item["loc"]))
    from_environment = any(given.upper() == name for given in os.environ)
    return f"{name}{'' if from_environment else file.place(name)}: {message}"


def known_names() -> set[str]:
    """Every name that may be set. A group may be given as JSON, or field by field."""
    names = set()
    for field, info in Settings.model_fields.items():
        names.add(name_of(field))
        if isinstance(info.annotation, type) and issubclass(info.annotation, BaseModel):
            names |= {name_of(field, inner) for inner in info.annotation.model_fields}
    return names


def name_of(*path: str) -> str:
    """The name that the field at `path` is set by."""
    return PREFIX + _NESTED.join(path).upper()
