"""``python -m batuta_hooks.cli``: batuta-stack of this very interpreter; guards start it to refresh the cache."""

from __future__ import annotations

import sys

from batuta_hooks.cli.app import main

if __name__ == "__main__":
    sys.exit(main())
