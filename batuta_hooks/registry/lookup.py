"""Where an answer about a crate comes from, on disk alone: the cache, else cargo's own copy of the index.

An entry that is fresh answers at once.  Otherwise the stale entry and what cargo keeps in its home are compared, and
the one that lists more versions answers: a registry only ever adds versions (a yank marks one, it stays in the list),
so more of them is later knowledge, whatever clocks and file times say.  With as many, the one checked later answers;
with equal times the entry, whose time is that of a check and not of a file.  Where neither is, the answer is `Unknown`
with its reason.

The same rule holds online and offline: whoever may ask the registry does so first, and then asks here again.
"""

from __future__ import annotations

from batuta_hooks.domain.finding import Unknown
from batuta_hooks.domain.record import NamedTuple
from batuta_hooks.registry.entry import (
    ABSENT,
    TTL_S,
    Entry,
    Key,
    Miss,
    index_key,
    is_fresh,
    registry_identity,
    spelling,
)
from batuta_hooks.registry.glance import Glance

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from batuta_hooks.domain.facts import Published
    from batuta_hooks.domain.release import Release
    from batuta_hooks.registry.cargo_home import CachedIndex
    from batuta_hooks.registry.index import Span

    _Index = tuple[bytes, Sequence[Span] | None]

FROM_CARGO = "cargo-home"


class Answer(NamedTuple):
    """What is known of a crate, and how well.

    Attributes:
        crate: the name asked for.
        spelled: the name in the registry's letter case.
        is_absent: the registry was asked and said that there is no such crate; then there are no versions.
        versions, yanked: the unyanked and the yanked versions, in the order of the index.
        checked_at: when that was known to be so; seconds since 1970. Of cargo's copy the time of its file.
        age_s: seconds since then, never negative.
        source: the URL that answered, or `FROM_CARGO`.
        is_fresh: whether asking again is not yet due; never of cargo's copy.
        read: gives the index file and where its lines are, for `releases` and `release`.
        identity: names the content of the index file, equal for equal content of one source.
        tops, rust: what is known of some versions without reading it, see `batuta_hooks.registry.tops`.
    """

    crate: str
    spelled: str
    is_absent: bool
    versions: tuple[str, ...]
    yanked: tuple[str, ...]
    checked_at: int
    age_s: int
    source: str
    is_fresh: bool
    read: Callable[[], _Index | Miss]
    identity: str
    tops: str = ""
    rust: str = ""

    def releases(self) -> list[Release] | Unknown:
        """All that the index says of every version; reads the whole file as JSON, some 25 ms a megabyte."""
        from batuta_hooks.registry.index import releases

        index = self.read()
        return Unknown(self.crate, index.why) if isinstance(index, Miss) else releases(index[0], self.crate, index[1])

    def release(self, version: str) -> Release | Unknown | None:
        """All that the index says of one version; ``None`` where it does not list it."""
        if self.tops:
            from batuta_hooks.registry.tops import top_release

            found = top_release(self.tops, version)
            if found is not None:
                return found
        from batuta_hooks.registry.index import release

        index = self.read()
        if isinstance(index, Miss):
            return Unknown(self.crate, index.why)
        return release(index[0], version, self.crate, index[1])


class Lookup:
    """Answers questions about the crates of one registry; remembers its answers, so make another after a refresh.

    Args:
        registry: the URL of its index as cargo's configuration has it, such as ``sparse+https://index.crates.io/``.
        glance: the cache.
        cargo_home: cargo's home, empty for none.
        now: seconds since 1970.
        ttl_s: for how long an index answer is fresh (``[cache] ttl_s``).

    Raises:
        InvalidUrl: the registry's URL is none.
    """

    def __init__(self, registry: str, glance: Glance, *, cargo_home: str = "", now: int, ttl_s: int = TTL_S) -> None:
        self._registry = registry
        self._identity = registry_identity(registry)
        self._glance = glance
        self._cargo_home = cargo_home
        self._now = now
        self._ttl_s = ttl_s
        self._answers: dict[str, Answer | Unknown] = {}
        self._last_read: tuple[str, _Index | Miss] | None = None

    def __call__(self, crate: str) -> Answer | Unknown:
        """What is known of a crate."""
        if crate not in self._answers:
            self._answers[crate] = self._ask(crate)
        return self._answers[crate]

    def published(self, crate: str) -> Published | Unknown:
        """The same in a check's terms; a name in another letter case than the registry's is no crate for cargo."""
        return as_published(self(crate))

    @property
    def given(self) -> Iterable[Answer]:
        """The answers given so far."""
        return [answer for answer in self._answers.values() if isinstance(answer, Answer)]

    @property
    def oldest_age_s(self) -> int | None:
        """The age of the oldest answer given so far; ``None`` where there was none."""
        return max((answer.age_s for answer in self._answers.values() if isinstance(answer, Answer)), default=None)

    def _ask(self, crate: str) -> Answer | Unknown:
        try:
            key = index_key(self._identity, crate)
        except ValueError as error:
            return Unknown(crate, str(error))
        entry = self._glance.entry(key)
        known = []
        if isinstance(entry, Entry):
            known.append(self._from_entry(crate, key, entry))
            if known[0].is_fresh:
                return known[0]
        known += self._from_cargo(crate, _knowledge(known[0]) if known else (-1, 0))
        if known:
            return max(known, key=_knowledge)
        assert isinstance(entry, Miss)
        return Unknown(crate, f"{entry.why}, and cargo keeps no copy of its index")

    def _from_entry(self, crate: str, key: Key, entry: Entry) -> Answer:
        def read() -> _Index | Miss:
            # one crate's versions are asked for together: its file is kept until another's takes its place
            if self._last_read is None or self._last_read[0] != key.crate:
                body = self._glance.body(key, entry)
                self._last_read = key.crate, body if isinstance(body, Miss) else (body, None)
            return self._last_read[1]

        return Answer(
            crate,
            entry.spelled or crate,
            entry.status == ABSENT,
            entry.versions,
            entry.yanked,
            entry.checked_at,
            max(self._now - entry.checked_at, 0),
            entry.source,
            is_fresh(key, entry, self._now, self._ttl_s),
            read,
            entry.sha256,
            entry.tops,
            entry.rust,
        )

    def _from_cargo(self, crate: str, known: tuple[int, int]) -> Iterator[Answer]:
        """What cargo keeps of a crate, but for copies that cannot know more than is known."""
        if not self._cargo_home:
            return
        from batuta_hooks.registry.cargo_home import cached_indexes

        for cached in cached_indexes(self._cargo_home, self._registry, crate):
            if (len(cached.lines), int(cached.written_s)) <= known:
                continue  # a line lists one version at most
            from binascii import crc32

            from batuta_hooks.registry.index import versions

            listed = versions(cached.data, crate, cached.lines)
            if listed:
                checked_at = int(cached.written_s)
                yield Answer(
                    crate,
                    spelling(cached.data, cached.lines[0][0], crate),
                    False,
                    tuple(version for version, is_yanked in listed if not is_yanked),
                    tuple(version for version, is_yanked in listed if is_yanked),
                    checked_at,
                    max(self._now - checked_at, 0),
                    FROM_CARGO,
                    False,
                    _reader(cached),
                    f"{crc32(cached.data):08x} {len(cached.data)}",
                )


def _reader(cached: CachedIndex) -> Callable[[], _Index | Miss]:
    path = cached.path  # not its bytes: a stack's crates would add up

    def read() -> _Index | Miss:
        from batuta_hooks.registry.cargo_home import CacheFault, read_cached_index

        try:
            again = read_cached_index(path)
        except (OSError, CacheFault) as error:
            return Miss(f"cargo's copy of its index cannot be read: {error}")
        return again.data, again.lines

    return read


def _knowledge(answer: Answer) -> tuple[int, int]:
    return len(answer.versions) + len(answer.yanked), answer.checked_at


def as_published(answer: Answer | Unknown) -> Published | Unknown:
    """An answer in a check's terms.

    ``Published`` without versions means "no such crate", and that comes only from a registry that was asked and said
    so, or lists the crate in another letter case, which cargo refuses.
    """
    if isinstance(answer, Unknown):
        return answer
    from batuta_hooks.domain.facts import Published

    if answer.spelled != answer.crate:
        return Published((), (), answer.checked_at)
    return Published(answer.versions, answer.yanked, answer.checked_at, False)


def release_of(answer: Answer | Unknown, version: str) -> Release | Unknown | None:
    """What an answer says of one version; ``None`` where it lists no such version, so that nothing is read."""
    if isinstance(answer, Unknown):
        return answer
    if answer.spelled != answer.crate or (version not in answer.versions and version not in answer.yanked):
        return None
    return answer.release(version)


def rust_of(answer: Answer | Unknown, version: str) -> str | Unknown | None:
    """The Rust that a version declares, empty for none; ``None`` where the answer does not describe the version."""
    if isinstance(answer, Answer) and answer.rust and answer.spelled == answer.crate:
        from batuta_hooks.registry.tops import read_rust

        told = read_rust(answer.rust, answer.versions)
        if version in told:
            return told[version]
    release = release_of(answer, version)
    return release if release is None or isinstance(release, Unknown) else release.rust_version or ""
