"""The seal around a test run: the real home, the real cargo home and every host but loopback are out of reach.

Two halves. `environment` is what tests and their child processes see instead of the developer's own. `Seal` is the
audit hook that turns what slips past it into an error, and the test during which it happened into a failure, even
where the code under test swallows exceptions.
"""

from __future__ import annotations

import ipaddress
import os
import pwd
import shutil
import site
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

GIT_CONFIG = """\
[user]
    name = Tester
    email = tester@example.invalid
[init]
    defaultBranch = main
[core]
    editor = true
[protocol]
    allow = never
[protocol "file"]
    allow = always
[gc]
    auto = 0
[maintenance]
    auto = false
"""

# What a surrounding hook, make, CI service or terminal leaves behind and git, cargo, typer, rich or the project obeys.
_DROPPED = ("BATUTA_", "CARGO_", "CLICOLOR", "GIT_", "GITHUB_", "MAKE", "PREK", "PRE_COMMIT", "RUSTFLAGS", "XDG_")
_DROPPED_NAMES = frozenset(
    {"COLUMNS", "EDITOR", "FORCE_COLOR", "LINES", "MFLAGS", "NO_COLOR", "SOURCE_DATE_EPOCH", "VISUAL"}
)
# Certificates, which a proxy may need, and the folder of real data.
_KEPT = ("BATUTA_REAL_DATA", "CARGO_HTTP_", "GIT_SSL_")

_ONE_PATH = ("open", "os.listdir", "os.scandir", "os.mkdir", "os.rmdir", "os.remove", "os.truncate", "os.utime")
_ONE_PATH_TOO = ("os.chmod", "os.chown", "sqlite3.connect")
_TWO_PATHS = ("os.rename", "os.link", "os.symlink")
_ADDRESSES = ("socket.connect", "socket.sendto", "socket.sendmsg")
_NAMES = ("socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr")


class SealBroken(Exception):
    """A test, or a child process that it starts, reaches for the real home, the real cargo home or another host."""


def real_homes() -> list[str]:
    """The home folders of whoever runs the tests: the one in the environment and the one in the user database."""
    homes = {os.environ.get("HOME", ""), _home_of_user()}
    return sorted(home for home in homes if home.strip("/"))


def real_cargo_homes() -> list[str]:
    """The folders that cargo would use outside of the tests."""
    return [os.environ.get("CARGO_HOME", ""), *(os.path.join(home, ".cargo") for home in real_homes())]


def rustup_home() -> str | None:
    """The real rustup home, or None where cargo is not rustup's: the proxy finds its toolchains only there."""
    candidates = [os.environ.get("RUSTUP_HOME", ""), *(os.path.join(home, ".rustup") for home in real_homes())]
    if proxy := shutil.which("rustup"):
        # The default layout of another user: <home>/.cargo/bin/rustup and <home>/.rustup.
        candidates.append(str(Path(proxy).parent.parent.parent / ".rustup"))
    return next((path for path in candidates if os.path.isdir(os.path.join(path, "toolchains"))), None)


def environment(real: Mapping[str, str], home: Path) -> dict[str, str]:
    """The environment of a test run whose home folder is `home`, which it prepares: git identity, empty caches."""
    env = {
        name: value
        for name, value in real.items()
        if name.startswith(_KEPT) or not (name.startswith(_DROPPED) or name in _DROPPED_NAMES)
    }
    folders = {"HOME": home, "CARGO_HOME": home / ".cargo", "XDG_RUNTIME_DIR": home / "run"}
    folders |= {f"XDG_{name.upper()}_HOME": home / f".{name}" for name in ("cache", "config", "data", "state")}
    for folder in folders.values():
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    git_config = home / ".gitconfig"
    git_config.write_text(GIT_CONFIG, encoding="utf-8")
    env |= {name: str(folder) for name, folder in folders.items()}
    env |= {"GIT_CONFIG_GLOBAL": str(git_config), "GIT_CONFIG_SYSTEM": os.devnull, "GIT_TERMINAL_PROMPT": "0"}
    # A sample's rust-toolchain file must not make rustup download one.
    env |= {"CARGO_NET_OFFLINE": "true", "RUSTUP_AUTO_INSTALL": "0"}
    if toolchains := rustup_home():
        env["RUSTUP_HOME"] = toolchains
    if shutil.which("cargo") is None:
        env["PATH"] = os.pathsep.join(
            [env.get("PATH", os.defpath), *(f"{home}/bin" for home in real_cargo_homes() if home)]
        )
    return env


class Seal:
    """An audit hook that refuses what lies below `sealed`, unless a deeper folder of `allowed` holds it.

    Args:
        sealed: absolute paths of folders that nobody may open, list or change anything in.
        allowed: absolute paths of folders that stay usable though they may lie below a sealed one.
    """

    def __init__(self, sealed: Sequence[str], allowed: Sequence[str]) -> None:
        self.sealed = _folders(sealed)
        self.allowed = _folders(allowed)
        self.network_open = False
        self.broken: list[str] = []
        self._judges: dict[str, Callable[[tuple[object, ...]], str | None]] = {
            **dict.fromkeys(_ONE_PATH + _ONE_PATH_TOO, lambda args: self._judge_paths(args[:1])),
            **dict.fromkeys(_TWO_PATHS, lambda args: self._judge_paths(args[:2])),
            **dict.fromkeys(_ADDRESSES, lambda args: self._judge_address(args[1])),
            **dict.fromkeys(_NAMES, lambda args: self._judge_address((args[0],))),
            **dict.fromkeys(
                ("subprocess.Popen", "os.exec", "os.posix_spawn"), lambda args: self._judge_child(args[-1])
            ),
        }

    def close(self) -> None:
        """Begin: audit hooks cannot be removed, so this is once and for the whole process."""
        sys.addaudithook(self._audit)

    def is_sealed(self, path: str) -> bool:
        """Whether the deepest folder known to hold `path` is a sealed one."""
        path = os.path.join(os.path.abspath(path), "")
        held_by = max((len(folder) for folder in self.sealed if path.startswith(folder)), default=0)
        return held_by > max((len(folder) for folder in self.allowed if path.startswith(folder)), default=0)

    def check(self) -> None:
        """Raise SealBroken for what was refused since the last call."""
        broken, self.broken = self.broken, []
        if broken:
            raise SealBroken("; ".join(broken))

    @contextmanager
    def expect_broken(self) -> Iterator[list[str]]:
        """For the tests of the seal itself: what is refused inside goes into the list and fails nothing."""
        self.check()
        refused: list[str] = []
        try:
            yield refused
        finally:
            refused += self.broken
            self.broken = []

    def _audit(self, event: str, args: tuple[object, ...]) -> None:
        judge = self._judges.get(event)
        if judge is not None and (why := judge(args)):
            self.broken.append(f"{event}: {why}")
            raise SealBroken(self.broken[-1])

    def _judge_paths(self, paths: Sequence[object]) -> str | None:
        for path in paths:
            text = os.fsdecode(path) if isinstance(path, str | bytes | os.PathLike) else "." if path is None else ""
            if text and self.is_sealed(text):
                return f"{text!r} lies in the real home"
        return None

    def _judge_address(self, address: object) -> str | None:
        if self.network_open or not isinstance(address, tuple) or not address[0]:
            return None
        host = os.fsdecode(address[0])
        if host == "localhost":
            return None
        try:
            if ipaddress.ip_address(host).is_loopback:
                return None
        except ValueError:
            pass
        return f"{host!r} is not this machine; only tests marked `live` may ask it"

    def _judge_child(self, env: object) -> str | None:
        given = os.environ if env is None else env
        assert isinstance(given, Mapping)
        variables = {os.fsdecode(name): os.fsdecode(value) for name, value in given.items()}
        home = variables.get("HOME") or _home_of_user()
        cargo_home = variables.get("CARGO_HOME") or os.path.join(home, ".cargo")
        if self.is_sealed(home) or self.is_sealed(cargo_home):
            return "a child process whose HOME or CARGO_HOME is the real one: pass os.environ's on"
        return None


def seal_for(repository: Path, data: Path) -> Seal:
    """The seal for this user and machine; the interpreter, `repository`, `data` and temporary folders stay usable."""
    import_path = [entry for entry in sys.path if entry]
    interpreter = [sys.prefix, sys.base_prefix, sys.exec_prefix, site.getusersitepackages()]
    return Seal(
        sealed=real_homes() + real_cargo_homes(),
        allowed=[*interpreter, *import_path, str(repository), str(data), tempfile.gettempdir(), rustup_home() or ""],
    )


def _home_of_user() -> str:
    try:
        return pwd.getpwuid(os.getuid()).pw_dir
    except KeyError:  # a container may run under a number that has no name
        return ""


def _folders(paths: Sequence[str]) -> tuple[str, ...]:
    """Absolute paths with a final slash, each as it is spelled and as it resolves; nothing for an empty path or /."""
    spelled = {os.path.abspath(path) for path in paths if path}
    return tuple(
        sorted(os.path.join(path, "") for path in spelled | set(map(os.path.realpath, spelled)) if path != "/")
    )
