"""The registry of a rehearsal, and the environment in which cargo knows no other."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping

from batuta_hooks.git.command import LOCAL_NAMES
from batuta_hooks.registry.accepting import AcceptingRegistry
from batuta_hooks.registry.overlay import Answer, Upstream
from batuta_hooks.registry.sources import CRATES_IO
from batuta_hooks.registry.upstream import UpstreamFault
from batuta_hooks.stack.processes import PLAIN_CARGO

#: What cargo's variables may say of registries and networks: here the configuration of the rehearsal says all of it.
_DROPPED = ("CARGO_REGISTR", "CARGO_SOURCE_", "CARGO_NET_", "CARGO_HTTP_", "CARGO_PATHS", "__CARGO")
_BAD_GATEWAY = 502
_NAMED = "/named"


class Rehearsed(AcceptingRegistry):
    """Accepts uploads as crates.io does, over what the real registry has; what cannot be had there is an error here."""

    def __init__(self, upstream: Upstream) -> None:
        super().__init__(upstream)

    @property
    def named_index_url(self) -> str:
        """Where cargo finds it under names of the user's: at the index of crates.io it would be crates.io itself, to
        which no crate may go that needs one of another registry.
        """
        return f"sparse+{self.url}{_NAMED}/index/"

    def answer(self, path: str, headers: Mapping[str, str]) -> Answer:
        """As the registry below; 502 with the reason where it could not be asked."""
        try:
            return super().answer(path.removeprefix(_NAMED), headers)
        except UpstreamFault as fault:
            return Answer(_BAD_GATEWAY, str(fault).encode(), (("Content-Type", "text/plain"),))

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of clients that hang up: cargo's own words tell what went wrong."""


def rehearsal_environment(folder: str, registry: Rehearsed, names: Collection[str]) -> dict[str, str]:
    """The variables for git and cargo in a rehearsal's folder, whose cargo home this makes.

    Args:
        names: the registries that crates of the plan are published to; all of them are this one.
    """
    home = os.path.join(folder, "cargo-home")
    os.makedirs(home, exist_ok=True)
    lines = ["[net]", "retry = 0", ""]
    for name in sorted({*names} - {CRATES_IO}):
        lines += [f"[registries.{name}]", f'index = "{registry.named_index_url}"', 'token = "loopback"', ""]
    with open(os.path.join(home, "config.toml"), "w", encoding="utf-8") as file:
        file.write("\n".join(lines))
    kept = {
        name: value for name, value in os.environ.items() if name not in LOCAL_NAMES and not name.startswith(_DROPPED)
    }
    # nothing but loopback is reached: what is asked of any other host ends at a proxy that is none
    closed = dict.fromkeys(("https_proxy", "HTTPS_PROXY"), registry.url)
    target = {"CARGO_HOME": home, "CARGO_TARGET_DIR": os.path.join(folder, "target"), "NO_PROXY": "127.0.0.1"}
    return {**kept, **PLAIN_CARGO, **closed, **target, **registry.cargo_variables()}
