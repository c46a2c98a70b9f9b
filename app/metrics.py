"""What Prometheus may read. Each app has its own registry, so that two in one process do not meet."""

from __future__ import annotations

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.02, 0.04, 0.08, 0.15, 0.3, 0.6, 1.2, 2.5, 5.0, 10.0, 30.0)


class Metrics:
    """Counts turns and sheds, and times stages and whole turns."""

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
        self._in_flight = Gauge("candor_turns_in_flight", "Turns running or waiting", registry=self.registry)
        self._release = Gauge(
            "candor_release_info", "The live release", ["release_id"], registry=self.registry
        )

    def watch_in_flight(self, read: Callable[[], int]) -> None:
        self._in_flight.set_function(read)

    def turn(self, outcome: str, seconds: float) -> None:
        self._turns.labels(outcome).inc()
        self._seconds.observe(seconds)

    def stage(self, name: str, milliseconds: float) -> None:
        self._stages.labels(name).observe(milliseconds / 1000)

    def shed(self, reason: str) -> None:
        self._shed.labels(reason).inc()

    def release(self, release_id: str) -> None:
        self._release.clear()
        self._release.labels(release_id).set(1)

    def text(self) -> bytes:
        return generate_latest(self.registry)
