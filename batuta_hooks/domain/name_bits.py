"""Sets of names as the bits of numbers: of a large stack thousands of sets of hundreds of names are kept and united."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

_PLACES = [[place for place in range(8) if byte >> place & 1] for byte in range(256)]


class NameBits:
    """Which bit stands for which name; a name gets its bit when it first comes."""

    def __init__(self) -> None:
        self._places: dict[str, int] = {}
        self._names: list[str] = []

    def bits(self, names: Iterable[str]) -> int:
        """A set of names as a number."""
        places, found = self._places, 0
        for name in names:
            place = places.get(name)
            if place is None:
                place = places[name] = len(places)
            found |= 1 << place
        return found

    def names(self, bits: int) -> list[str]:
        """The names of a set, in the order in which they first came."""
        if len(self._names) < len(self._places):
            self._names = list(self._places)
        found = []
        for start, byte in enumerate(bits.to_bytes((bits.bit_length() + 7) // 8, "little")):
            found += [self._names[start * 8 + place] for place in _PLACES[byte]]
        return found
