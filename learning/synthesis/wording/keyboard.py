"""Which keys lie side by side."""

from __future__ import annotations

_ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
_PLACES = {letter: (row, column) for row, keys in enumerate(_ROWS) for column, letter in enumerate(keys)}


def _side_by_side(one: tuple[int, int], two: tuple[int, int]) -> bool:
    rows, columns = abs(one[0] - two[0]), abs(one[1] - two[1])
    return one != two and rows <= 1 and columns <= (1 if rows == 0 else 0)


NEIGHBOURS = {
    letter: "".join(other for other, there in _PLACES.items() if _side_by_side(here, there))
    for letter, here in _PLACES.items()
}
"""Each letter's neighbours on its row of an English keyboard, and those right above and below it."""
