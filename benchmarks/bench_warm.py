"""How long a cold cache takes to fill from a registry with latency, over what the latency alone would take."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tarfile
import time
from pathlib import Path

from measure import TOP, run, temporary_folder

LATENCY_S = 0.02
RUNS = 7
REAL_DATA = Path(os.environ.get("BATUTA_REAL_DATA") or TOP.parent / "shared" / "data")

SERVER = """
import sys, time
from batuta_hooks.registry.overlay import Answer, Handler, Overlay, folder_upstream

class Late(Handler):
    def send(self, answer):
        time.sleep(float(sys.argv[2]))
        super().send(answer)

with Overlay(folder_upstream(sys.argv[1]), Late) as overlay:
    print(overlay.index_url, flush=True)
    sys.stdin.read()
"""

WARM = """
import sys, time
from batuta_hooks.registry.cache import Cache
from batuta_hooks.registry.cargo_config import read_cargo_config
from batuta_hooks.registry.refresh import Manners, Refresher

folder, path, crates = sys.argv[1], sys.argv[2], sys.argv[3].split(",")
start = time.perf_counter()
with Cache(path) as cache, Refresher(read_cargo_config(folder), cache, path) as refresher:
    outcomes, totals = refresher.indexes(crates, 0)
took_s = time.perf_counter() - start
states = {outcome.state for outcome in outcomes}
print(took_s, totals.requests, totals.bytes, Manners().connections, *states)
"""


def main() -> None:
    """Print medians for the real index, and beside cargo for the same names without their dependencies."""
    archive = REAL_DATA / "index" / "index.tar.xz"
    if not archive.is_file():
        print(f"(c) left out: {archive} is not here")
        return
    with temporary_folder() as name:
        real, bare = Path(name, "real"), Path(name, "bare")
        crates = unpack(archive, real / "index")
        strip(real / "index", bare / "index")
        measure(
            Path(name, "a"), real, crates, f"(c) {len(crates)} real index files, {LATENCY_S * 1000:.0f} ms of latency"
        )
        measure(Path(name, "b"), bare, crates, "    the same names without their dependencies", with_cargo=True)


def unpack(archive: Path, folder: Path) -> list[str]:
    """Unpack the real index; the names of its crates."""
    with tarfile.open(archive) as tar:
        tar.extractall(folder, filter="data")
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


def strip(index: Path, bare: Path) -> None:
    """Write each index file anew, without what could keep cargo from resolving these crates and no others."""
    for path in index.rglob("*"):
        if path.is_file():
            lines = [json.loads(line) for line in path.read_bytes().splitlines()]
            kept = [{**line, "deps": [], "features": {}, "features2": None, "links": None, "v": 1} for line in lines]
            target = bare / path.relative_to(index)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text("".join(f"{json.dumps(line)}\n" for line in kept), encoding="utf-8")


def measure(folder: Path, registry: Path, crates: list[str], title: str, *, with_cargo: bool = False) -> None:
    """Let the rivals take turns at one registry, and print what they took."""
    folder.mkdir()
    command = [sys.executable, "-c", SERVER, str(registry), str(LATENCY_S)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        write_project(folder, registry / "index", server.stdout.readline().strip())
        times: dict[str, list[float]] = {}
        said: dict[str, list[str]] = {}
        for number in range(RUNS + 1):
            env = {**os.environ, "CARGO_HOME": str(folder / f"home-{number}"), "CARGO_NET_OFFLINE": "false"}
            path = str(folder / f"cache-{number}" / "registry-v1")
            for rival in ("cold", "again, nothing changed"):
                warm = [sys.executable, "-c", WARM, str(folder), path, ",".join(crates)]
                start = time.perf_counter()
                said[rival] = subprocess.run(warm, env=env, check=True, capture_output=True, text=True).stdout.split()
                whole_s = time.perf_counter() - start
                if number:
                    times.setdefault(rival, []).append(float(said[rival][0]))
                    times.setdefault(f"{rival}, whole process", []).append(whole_s)
            if with_cargo:
                start = time.perf_counter()
                run("cargo", "generate-lockfile", "--quiet", cwd=folder, env=env)
                if number:
                    times.setdefault("cargo generate-lockfile, cold", []).append(time.perf_counter() - start)
                (folder / "Cargo.lock").unlink()
        server.communicate()
    connections = int(said["cold"][3])
    limit_s = LATENCY_S * len(crates) / connections
    print(f"{title}  (goal: cold at most 1.5 x the limit)")
    print(f"  {'limit: latency x crates / connections':44} {limit_s * 1000:9.1f} ms   {connections} connections")
    for rival, values in times.items():
        median_s = statistics.median(values)
        _, requests, size, _, *states = said.get(rival, [""] * 4)
        extra = f"   {requests} requests, {size} bytes, {' '.join(states)}" if states else ""
        print(f"  {rival:44} {median_s * 1000:9.1f} ms   {median_s / limit_s:5.2f} x{extra}")


def write_project(folder: Path, index: Path, url: str) -> None:
    """A package that names all crates, each at an unyanked version, with the registry in the place of crates.io."""
    (folder / ".cargo").mkdir()
    text = f'[source.crates-io]\nreplace-with = "m"\n[registries.m]\nindex = "{url}"\n'
    (folder / ".cargo" / "config.toml").write_text(text, encoding="utf-8")
    (folder / "src").mkdir()
    (folder / "src" / "lib.rs").touch()
    lines = ['[package]\nname = "asker"\nversion = "0.1.0"\nedition = "2021"\n[dependencies]']
    for path in sorted(index.rglob("*")):
        if path.is_file():
            release = next(line for line in map(json.loads, path.read_bytes().splitlines()) if not line["yanked"])
            lines.append(f'{release["name"]} = "={release["vers"]}"')
    (folder / "Cargo.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
