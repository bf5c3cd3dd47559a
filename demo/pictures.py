"""Makes the pictures of README and the documentation: `make pictures`, or in the folder that is given.

A sample stack with the spec's names is made in a temporary folder, beside a registry on loopback that has its releases;
what `batuta-stack` prints there becomes SVG, the dashboard draws itself, and chromium takes the page.
"""

from __future__ import annotations

import asyncio
import io
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.text import Text

from batuta_hooks.cli.common import Common
from batuta_hooks.cli.dashboard.app import Dashboard
from batuta_hooks.cli.dashboard.work import work_of
from batuta_hooks.registry.names import sparse_path
from batuta_hooks.registry.overlay import Overlay

PICTURES = Path(__file__).resolve().parent.parent / "docs" / "pictures"
NOW = 1764930600  # 2025-12-05T10:30:00Z, the time of the spec's sample
WIDTH = 92

#: Crate: version here, published versions with the days since then, what it needs, coverage in percent.
CRATES: Mapping[str, tuple[str, dict[str, int], dict[str, str], int | None]] = {
    "trueno": ("1.2.0", {"1.1.0": 30, "1.2.0": 2}, {}, 95),
    "trueno-viz": ("0.4.1", {"0.4.1": 5}, {"trueno": "1.2"}, 88),
    "aprender": ("0.8.1", {"0.8.0": 9, "0.8.1": 1}, {"trueno": "1.2"}, 97),
    "trueno-db": ("0.3.2", {"0.3.2": 3}, {"trueno": "1.2"}, 89),
    "trueno-graph": ("0.2.1", {"0.2.1": 21, "0.3.0": 4}, {"trueno": "1.1"}, 85),
    "renacer": ("0.6.0", {"0.6.0": 2}, {"trueno-graph": "0.2"}, 95),
    "alimentar": ("0.3.1", {"0.3.0": 8}, {"trueno": "1.2"}, 87),
    "entrenar": ("0.2.2", {"0.2.1": 1}, {"aprender": "0.8", "alimentar": "", "renacer": "0.6"}, 81),
    "batuta": ("0.1.1", {"0.1.1": 0}, {"entrenar": "0.2.2", "trueno-viz": "0.4"}, None),
}
LAYERS = """\
[layers]
compute = ["trueno", "trueno-viz"]
ml = ["aprender"]
storage = ["trueno-db", "trueno-graph"]
intelligence = ["renacer", "alimentar"]
application = ["entrenar", "batuta"]
"""


def main() -> None:
    """Make every picture."""
    folder = Path(sys.argv[1]).absolute() if sys.argv[1:] else PICTURES
    with tempfile.TemporaryDirectory(prefix="batuta-pictures-") as name:
        home, stack = Path(name, "home"), Path(name, "stack")
        index = {f"index/{sparse_path(crate)}": index_of(crate) for crate in CRATES}
        with Overlay(index.get) as registry:
            set_environment(home, stack, registry.index_url)
            make_stack(stack)
            for file, command in (("status", ("status", "--simple")), ("tree", ("status", "--tree"))):
                (folder / f"{file}.svg").write_text(terminal(stack, *command), encoding="utf-8")
            for file, keys in (("dashboard", ()), ("crate", ("end", "up", "enter"))):
                (folder / f"{file}.svg").write_text(dashboard(stack, *keys), encoding="utf-8")
            page(stack, Path(name), folder / "page.png")
    print("\n".join(sorted(str(path) for path in folder.iterdir())))


def index_of(crate: str) -> bytes:
    """The index file of a crate."""
    _, published, needs, _ = CRATES[crate]
    keys = {"features": [], "optional": False, "default_features": True, "target": None, "kind": "normal"}
    deps = [{"name": need, "req": f"^{version}", **keys} for need, version in needs.items() if version]
    lines = []
    for version, days in published.items():
        time = datetime.fromtimestamp(NOW - days * 86400 - 60, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        line = {"name": crate, "vers": version, "deps": deps, "cksum": "0" * 64, "features": {}, "yanked": False}
        lines.append(json.dumps({**line, "pubtime": time}, separators=(",", ":")))
    return "".join(f"{line}\n" for line in lines).encode()


def set_environment(home: Path, stack: Path, index_url: str) -> None:
    """Let this process and its children know nothing but the sample."""
    (home / ".cargo").mkdir(parents=True)
    (stack / ".cargo").mkdir(parents=True)
    config = f'[source.crates-io]\nreplace-with = "mirror"\n[source.mirror]\nregistry = "{index_url}"\n'
    (stack / ".cargo" / "config.toml").write_text(config, encoding="utf-8")
    for name in list(os.environ):
        if name.startswith(("BATUTA_", "CARGO_", "GIT_")) or "proxy" in name.lower():
            del os.environ[name]
    os.environ |= {"HOME": str(home), "CARGO_HOME": str(home / ".cargo"), "BATUTA_CACHE_DIR": str(home / "cache")}
    os.environ |= {"SOURCE_DATE_EPOCH": str(NOW), "COLUMNS": str(WIDTH), "GIT_CONFIG_SYSTEM": os.devnull}
    os.environ |= {f"GIT_{who}_{what}": "sample" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}


def make_stack(stack: Path) -> None:
    """A repository a crate, with a tag for each version and a coverage file."""
    (stack / "batuta-stack.toml").write_text(LAYERS, encoding="utf-8")
    for crate, (version, published, needs, percent) in CRATES.items():
        folder = stack / crate
        (folder / "src").mkdir(parents=True)
        lines = [
            f'{need} = "{wanted}"' if wanted else f'{need} = {{ path = "../{need}" }}' for need, wanted in needs.items()
        ]
        manifest = f'[package]\nname = "{crate}"\nversion = "{version}"\nedition = "2021"\nlicense = "MIT"\n'
        manifest += f'description = "A crate of the sample stack"\n\n[dependencies]\n{chr(10).join(lines)}\n'
        (folder / "Cargo.toml").write_text(manifest, encoding="utf-8")
        (folder / "src" / "lib.rs").write_text("", encoding="utf-8")
        (folder / ".gitignore").write_text("lcov.info\n", encoding="utf-8")
        for command in (["init", "-q", "-b", "main"], ["add", "."], ["commit", "-q", "-m", "first"]):
            git(folder, *command)
        for older in published:
            git(folder, "tag", f"v{older}")
        if version not in published:
            git(folder, "commit", "-q", "--allow-empty", "-m", "more")
        if percent is not None:
            (folder / "lcov.info").write_text(f"SF:src/lib.rs\nLF:100\nLH:{percent}\n", encoding="utf-8")


def git(folder: Path, *arguments: str) -> None:
    """Run git, which must succeed."""
    subprocess.run(["git", *arguments], cwd=folder, check=True)


def terminal(stack: Path, *arguments: str) -> str:
    """What a command prints, as SVG."""
    command = [sys.executable, "-m", "batuta_hooks.cli", *arguments, "--color", "always"]
    printed = subprocess.run(command, cwd=stack, stdout=subprocess.PIPE, check=False).stdout.decode()
    console = Console(record=True, width=WIDTH, file=io.StringIO(), force_terminal=True, color_system="truecolor")
    console.print(Text.assemble(("$ batuta-stack " + " ".join(arguments), "bold"), "\n", Text.from_ansi(printed)))
    return tidy(console.export_svg(title="batuta-stack", unique_id="batuta"))


def dashboard(stack: Path, *keys: str) -> str:
    """The dashboard after these keys, as SVG."""
    os.chdir(stack)

    async def run() -> str:
        app = Dashboard(work_of(Common(workspace=".")))
        async with app.run_test(size=(WIDTH, 26)) as pilot:
            while app.job:
                await pilot.pause(0.05)
            await pilot.press(*keys)
            await pilot.pause(0.2)
            return app.export_screenshot(title="batuta-stack status")

    return tidy(asyncio.run(run()))


def tidy(svg: str) -> str:
    """Without fonts from elsewhere and trailing blanks, and with an id that does not change from run to run."""
    svg = re.sub(r"@font-face\s*\{[^}]*\}", "", svg).replace("Fira Code", "ui-monospace")
    svg = re.sub(r"terminal-\d+", "terminal-batuta", svg)
    lines = (line.rstrip() for line in svg.splitlines())
    return "".join(f"{line}\n" for line in lines if line and not line.lstrip().startswith("<!--"))


def page(stack: Path, folder: Path, picture: Path) -> None:
    """The page, as chromium paints it."""
    html = folder / "page.html"
    command = [sys.executable, "-m", "batuta_hooks.cli", "status", "--format", "html"]
    html.write_bytes(subprocess.run(command, cwd=stack, stdout=subprocess.PIPE, check=False).stdout)
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        sys.exit("chromium is not installed: tests/install-tools")
    flags = ["headless", "no-sandbox", "disable-gpu", "no-first-run", "disable-background-networking", "disable-sync"]
    flags += [
        f"user-data-dir={folder / 'profile'}",
        "hide-scrollbars",
        "window-size=1200,1500",
        f"screenshot={picture}",
    ]
    subprocess.run([chromium, *(f"--{flag}" for flag in flags), html.as_uri()], check=True, capture_output=True)


if __name__ == "__main__":
    main()
