"""What was worked out last, kept for those who ask the same again within a turn, or soon."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock
from typing import Generic, Protocol, TypeVar
from weakref import WeakSet

_Key = TypeVar("_Key", bound=Hashable)
_Value = TypeVar("_Value")


class Keeper(Protocol):
    """Keeps something of texts that users wrote, in this process."""

    def forget(self) -> None: ...


_KEEPERS: WeakSet[Keeper] = WeakSet()


def may_be_told_to_forget(keeper: Keeper) -> None:
    """From now on, `forget_all` reaches it."""
    _KEEPERS.add(keeper)


def forget_all() -> None:
    """Empties all keepers of this process. Safe to call from any thread."""
    for keeper in list(_KEEPERS):
        keeper.forget()


class Recent(Generic[_Key, _Value]):
    """The values of the last `most` keys that were asked for. Safe to use from many threads; two that ask for
    a new key at the same time both work it out."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._kept: OrderedDict[_Key, _Value] = OrderedDict()
        self._lock = Lock()
        may_be_told_to_forget(self)

    def forget(self) -> None:
        with self._lock:
            self._kept.clear()

    def get(self, key: _Key, work_out: Callable[[], _Value]) -> _Value:
        """What is kept, or else what `work_out` gives; raises what that raises, and keeps nothing then."""
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        value = work_out()
        with self._lock:
            self._kept[key] = value
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)
        return value
