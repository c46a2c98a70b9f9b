"""How many threads a matrix product may take in a process that runs turns."""

from __future__ import annotations

from threadpoolctl import ThreadpoolController


def one_thread_a_product() -> None:
    """To be called once NumPy is loaded, for good: a turn's products are small, and threads that share one
    spend more time waiting for each other than on it. The encoder has threads of its own."""
    ThreadpoolController().limit(limits=1, user_api="blas")
