"""A process that runs turns does its products on one thread."""

from __future__ import annotations

import numpy as np
from threadpoolctl import threadpool_info, threadpool_limits

from app.compose.threads import one_thread_a_product


def test_it_holds_from_then_on() -> None:
    assert np.ones((2, 2)).shape  # loads the library
    with threadpool_limits(2, user_api="blas"):  # restores what was before
        one_thread_a_product()
        assert {each["num_threads"] for each in threadpool_info() if each["user_api"] == "blas"} == {1}
