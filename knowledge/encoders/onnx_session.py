"""A graph on the processor: the one way in which the service runs a model."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from knowledge.types import FloatArray, KnowledgeError


class OnnxSession:
    """A loaded graph; blocking and thread-safe. Both loading and running raise `failure`."""

    def __init__(self, model: Path, threads: int, failure: type[KnowledgeError]) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        # A thread that spins while it waits takes the core that the event loop needs.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self._failure = failure
        try:
            self._session = onnxruntime.InferenceSession(
                str(model),
                options,
                providers=["CPUExecutionProvider"],
                # On a processor the fused operator is slower than its parts: a seventh of the whole run.
                disabled_optimizers=["SkipLayerNormFusion"],
            )
        except _runtime_errors() as error:
            raise failure(f"cannot load {model.parent}: {error}") from error
        self.inputs = frozenset(str(each.name) for each in self._session.get_inputs())

    def run(self, feed: Mapping[str, NDArray[Any]]) -> FloatArray:
        """The graph's first output. Raises `failure`."""
        try:
            return np.asarray(self._session.run(None, dict(feed))[0], dtype=np.float32)
        except _runtime_errors() as error:
            raise self._failure(f"the model did not answer: {error}") from error


def _runtime_errors() -> tuple[type[Exception], ...]:
    """What onnxruntime raises: its errors share no base below `Exception`."""
    from onnxruntime.capi import onnxruntime_pybind11_state as state

    names = ("Fail", "InvalidArgument", "InvalidGraph", "InvalidProtobuf", "NoSuchFile", "NotImplemented")
    return (RuntimeError, state.RuntimeException, *(getattr(state, name) for name in names))
