"""The names of cargo's folders for a registry: `<host>-<hash>` below `registry/index`.

The hash is cargo's, of the registry's kind and canonical URL.  cargo's own tests pin it, and when it changed, with
cargo 1.85, every user downloaded the index anew.  Both are computed here, so that what an older cargo left behind is
found too; the older one is that of 64-bit little-endian machines.
"""

from __future__ import annotations

from batuta_hooks.registry.config_places import CRATES_IO_INDEX

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from batuta_hooks.registry.urls import Url

CRATES_IO_FOLDERS = ("index.crates.io-1949cf8c6b5b557f", "index.crates.io-6f17d22bba15001f")
"""Those of crates.io's sparse index: of cargo 1.85 and later, and of older ones."""

_GIT_KIND, _SPARSE_KIND = 2, 3  # where cargo's list of source kinds has them
_MASK = (1 << 64) - 1
_START = (0x736F6D6570736575, 0x646F72616E646F6D, 0x6C7967656E657261, 0x7465646279746573)


def index_folders(index_url: str) -> tuple[str, str]:
    """The names of the folders that cargo 1.85 or later, and an older cargo, use for a registry's index.

    Args:
        index_url: as the configuration has it: `sparse+https://…/`, or the URL of a git index.

    Raises:
        InvalidUrl: it is no URL.
    """
    if index_url == CRATES_IO_INDEX:
        return CRATES_IO_FOLDERS
    from batuta_hooks.registry.urls import parse_url

    url = parse_url(index_url)
    return _folder(url, _new_hash), _folder(url, _old_hash)


def _folder(url: Url, digest: Callable[[int, bytes], int]) -> str:
    kind = _SPARSE_KIND if url.scheme.startswith("sparse+") else _GIT_KIND
    value = digest(kind, url.canonical.encode() + b"\xff")
    return f"{url.host}-{value.to_bytes(8, 'little').hex()}"


def _new_hash(kind: int, text: bytes) -> int:
    """SipHash-1-3 with 128 bits of result, the halves folded; the kind is one byte."""
    state = _absorbed(bytes([kind]) + text, 1, 0xEE)
    v0, v1, v2, v3 = _rounds((state[0], state[1], state[2] ^ 0xEE, state[3]), 3)
    low = v0 ^ v1 ^ v2 ^ v3
    v0, v1, v2, v3 = _rounds((v0, v1 ^ 0xDD, v2, v3), 3)
    return (low * 3 + (v0 ^ v1 ^ v2 ^ v3)) & _MASK


def _old_hash(kind: int, text: bytes) -> int:
    """SipHash-2-4 with 64 bits of result; the kind is a machine word."""
    state = _absorbed(kind.to_bytes(8, "little") + text, 2, 0)
    v0, v1, v2, v3 = _rounds((state[0], state[1], state[2] ^ 0xFF, state[3]), 4)
    return v0 ^ v1 ^ v2 ^ v3


_State = tuple[int, int, int, int]


def _absorbed(data: bytes, rounds: int, twist: int) -> _State:
    padded = data + b"\0" * (7 - len(data) % 8) + bytes([len(data) & 0xFF])
    state = (_START[0], _START[1] ^ twist, _START[2], _START[3])
    for at in range(0, len(padded), 8):
        word = int.from_bytes(padded[at : at + 8], "little")
        v0, v1, v2, v3 = _rounds((state[0], state[1], state[2], state[3] ^ word), rounds)
        state = (v0 ^ word, v1, v2, v3)
    return state


def _rounds(state: _State, count: int) -> _State:
    v0, v1, v2, v3 = state
    for _ in range(count):
        v0, v2 = (v0 + v1) & _MASK, (v2 + v3) & _MASK
        v1, v3 = _turned(v1, 13) ^ v0, _turned(v3, 16) ^ v2
        v0 = _turned(v0, 32)
        v2, v0 = (v2 + v1) & _MASK, (v0 + v3) & _MASK
        v1, v3 = _turned(v1, 17) ^ v2, _turned(v3, 21) ^ v0
        v2 = _turned(v2, 32)
    return v0, v1, v2, v3


def _turned(word: int, bits: int) -> int:
    return ((word << bits) | (word >> (64 - bits))) & _MASK
