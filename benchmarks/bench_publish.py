"""What a whole release takes beside the time in which its cargo and git are at work, and how often it asks the index.

Every git and cargo that is started is noted with its beginning and end.  Together these times are what the release
cannot do without; the processes that only answer questions for as long as they are open do not count.

What is released are crates that cargo packages and uploads in a twentieth of a second, once as it is done by default,
with a build of each package, and once without: there is no stack for which a release has less to hide behind.

A busy machine disturbs both; so the processor time of the release itself is told beside that of its cargo and git, too.

What notes them is a shell before each of hundreds of processes, which takes longer than most of these and is no part of
a release.  So runs that are noted take turns with others that are not, and only the others tell how long the whole is.
"""

from __future__ import annotations

import os
import shutil
import statistics
import sys
import time
from collections.abc import Iterable, Mapping
from pathlib import Path

from measure import TOP, clean_up, show, temporary_folder

sys.path.insert(0, str(TOP))

RUNS = 3
COUNTED = """
import os, sys
from batuta_hooks.cli.app import main
code, spent = main(sys.argv[1:]), os.times()
print(f"took {spent.user + spent.system} {spent.children_user + spent.children_system}")
sys.exit(code)
"""
NOTE = """#!/bin/bash
trap : INT  # by which a release ends cargo once it has uploaded: that is to be noted too
began=$EPOCHREALTIME
"{real}" "$@"
code=$?
case " $* " in *" --batch"*) ;; *) echo "$began $EPOCHREALTIME" >>"{log}" ;; esac
exit $code
"""


def main() -> int:
    """Release nine crates in four waves a few times; print the medians."""
    from batuta_hooks.registry.overlay import Answer
    from tests.support.hostile import HostileRegistry
    from tests.support.kill_stack import COMMAND, KillStack

    class Counting(HostileRegistry):
        """Counts the questions to its index."""

        asked = 0

        def answer(self, path: str, headers: Mapping[str, str]) -> Answer:
            self.asked += path.startswith("/index/") and not path.endswith("config.json")
            return super().answer(path, headers)

    clean_up()
    with temporary_folder() as name, Counting() as registry:
        stack = KillStack(Path(name), registry)
        log, programs = Path(name, "log"), Path(name, "bin")
        note(programs, log)
        path = {"PATH": f"{programs}{os.pathsep}{os.environ['PATH']}"}
        without = "--no-verify-build"
        for manner in ([one for one in COMMAND if one != without], COMMAND):
            wholes, parts, asked, spent = [], [], [], []
            for number in range(RUNS + 1):
                stack.put_back()
                log.write_text("", encoding="utf-8")
                stack.release(*manner, env=path)
                stack.put_back()
                registry.asked = 0
                begun = time.perf_counter()
                said = stack.release(*manner, script=("-c", COUNTED))
                whole = time.perf_counter() - begun
                if number:
                    wholes.append(whole * 1000)
                    spent.append([float(word) for word in said.stdout.splitlines()[-1].split()[1:]])
                    parts.append(busy_s(log.read_text(encoding="utf-8").splitlines()) * 1000)
                    asked.append(registry.asked / len(registry.accepted))
            found = {"cargo and git": statistics.median(parts), "the whole release": statistics.median(wholes)}
            title = f"a release of nine crates in four waves{', ' * (without in manner)}{without * (without in manner)}"
            show(title, found, "cargo and git", "at most 1.1 x")
            own, others = (min(one[place] for one in spent) * 1000 for place in (0, 1))
            print(f"  processor, at least: {own:.0f} ms beside {others:.0f} ms of its cargo and git")
            print(f"  questions to the index, a crate, cargo's own among them: {statistics.median(asked):.1f}")
    return 0


def note(programs: Path, log: Path) -> None:
    """Make the programs that note when cargo and git were at work."""
    programs.mkdir()
    for program in ("cargo", "git"):
        file = programs / program
        file.write_text(NOTE.format(real=shutil.which(program), log=log), encoding="utf-8")
        file.chmod(0o755)


def busy_s(lines: Iterable[str]) -> float:
    """How long at least one of these was at work; a line is a beginning and an end, in seconds."""
    total, until = 0.0, 0.0
    for begun, ended in sorted(tuple(map(float, line.split())) for line in lines):
        total += max(0.0, ended - max(begun, until))
        until = max(until, ended)
    return total


if __name__ == "__main__":
    sys.exit(main())
