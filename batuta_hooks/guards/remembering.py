"""Where a guard keeps what it remembers of a large repository's manifests."""

from __future__ import annotations

import os
from binascii import crc32

from batuta_hooks.gather.known_manifests import KnownManifests
from batuta_hooks.guards.about import program_version
from batuta_hooks.registry.entry import Miss
from batuta_hooks.registry.glance import cache_folder


def known_manifests() -> KnownManifests:
    """What is remembered of the repository around the current folder, in a file that this folder's path names."""
    base = cache_folder(os.environ)
    here = os.fsencode(os.getcwd())
    file = "" if isinstance(base, Miss) else f"{os.path.dirname(base)}/manifests-v1/{crc32(here):08x}{len(here):04x}"
    return KnownManifests(file, program_version())
