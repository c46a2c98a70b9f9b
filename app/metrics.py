"""What Prometheus may read. Each app has its own registry, so that two in one process do not meet."""

from __future__ import annotations

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from pipeline.llm.breaker import BreakerState
from pipeline.llm.usage import ModelCall

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.02, 0.04, 0.08, 0.15, 0.3, 0.6, 1.2, 2.5, 5.0, 10.0, 30.0)
_CALL_BUCKETS = (0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 3.0, 6.0, 12.0, 25.0, 60.0)
_BREAKER = {BreakerState.CLOSED: 0, BreakerState.HALF_OPEN: 1, BreakerState.OPEN: 2}
_BUILT = ("succeeded", "failed", "interrupted")


class Metrics:
    """Counts turns and sheds, times stages and whole turns, and keeps the account of the language model."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._turns = Counter(
            "candor_turns", "Turns by outcome, or by how they failed", ["outcome"], registry=self.registry
        )
        self._seconds = Histogram(
            "candor_turn_seconds", "Whole turns", buckets=_BUCKETS, registry=self.registry
        )
        self._stages = Histogram(
            "candor_stage_seconds", "Steps of a turn", ["stage"], buckets=_BUCKETS, registry=self.registry
        )
        self._shed = Counter("candor_shed", "Requests turned away", ["reason"], registry=self.registry)
        self._unstored = Counter(
            "candor_unstored", "What could not be written to the database", ["what"], registry=self.registry
        )
        self._in_flight = Gauge("candor_turns_in_flight", "Turns running or waiting", registry=self.registry)
        self._builds = Counter(
            "candor_builds", "Builds of a release, by how they ended", ["outcome"], registry=self.registry
        )
        for outcome in _BUILT:
            self._builds.labels(outcome)
        self._purged = Counter(
            "candor_purged", "What was deleted for its age", ["what"], registry=self.registry
        )
        self._database = Gauge(
            "candor_database_up", "Whether the database can be used", registry=self.registry
        )
        self._release = Gauge(
            "candor_release_info", "The live release", ["release_id"], registry=self.registry
        )
        self._calls = ModelMetrics(self.registry)
        self.model_call = self._calls.call
        self.watch_model = self._calls.watch

    def watch_in_flight(self, read: Callable[[], int]) -> None:
        self._in_flight.set_function(read)

    def turn(self, outcome: str, seconds: float) -> None:
        self._turns.labels(outcome).inc()
        self._seconds.observe(seconds)

    def stage(self, name: str, milliseconds: float) -> None:
        self._stages.labels(name).observe(milliseconds / 1000)

    def shed(self, reason: str) -> None:
        self._shed.labels(reason).inc()

    def unstored(self, what: str) -> None:
        self._unstored.labels(what).inc()

    def purged(self, what: str, count: int) -> None:
        self._purged.labels(what).inc(count)

    def build(self, outcome: str) -> None:
        self._builds.labels(outcome).inc()

    def database(self, up: bool) -> None:
        self._database.set(up)

    def release(self, release_id: str) -> None:
        self._release.clear()
        self._release.labels(release_id).set(1)

    def text(self) -> bytes:
        return generate_latest(self.registry)


class ModelMetrics:
    """What the language model is asked, and what that takes."""

    def __init__(self, registry: CollectorRegistry) -> None:
        def counter(name: str, text: str, *labels: str) -> Counter:
            return Counter(f"candor_llm_{name}", text, labels, registry=registry)

        self._calls = counter(
            "calls",
            "Calls, by how they ended",
            "model",
            "prompt",
            "outcome",
        )
        self._tokens = counter("tokens", "Tokens read and written", "model", "prompt", "kind")
        self._cost = counter("cost", "In the currency of the prices set", "model", "prompt")
        self._retries = counter("retries", "Attempts after the first", "model", "prompt")
        self._seconds = Histogram(
            "candor_llm_seconds", "Whole calls", ["model", "prompt"], buckets=_CALL_BUCKETS, registry=registry
        )
        self._breaker = Gauge(
            "candor_llm_breaker", "0: asked, 1: on trial, 2: left alone", ["model"], registry=registry
        )

    def call(self, call: ModelCall) -> None:
        labels = (call.model, call.prompt)
        self._calls.labels(*labels, call.outcome).inc()
        self._tokens.labels(*labels, "prompt").inc(call.prompt_tokens)
        self._tokens.labels(*labels, "completion").inc(call.completion_tokens)
        self._cost.labels(*labels).inc(call.cost)
        self._retries.labels(*labels).inc(call.retries)
        self._seconds.labels(*labels).observe(call.elapsed_ms / 1000)

    def watch(self, model: str, read: Callable[[], BreakerState]) -> None:
        self._breaker.labels(model).set_function(lambda: _BREAKER[read()])
