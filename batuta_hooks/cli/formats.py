"""How reports may be printed: the choices of `--format`, shared by the commands."""

from __future__ import annotations

from enum import StrEnum


class Format(StrEnum):
    """A report for people, or for programs."""

    TEXT = "text"
    JSON = "json"


class CheckFormat(StrEnum):
    """What `check` can print besides."""

    TEXT = "text"
    JSON = "json"
    MARKDOWN = "markdown"
    SARIF = "sarif"
    GITHUB = "github"


class ReleaseFormat(StrEnum):
    """What `release` can print."""

    TEXT = "text"
    JSON = "json"
    MARKDOWN = "markdown"
    GITHUB_MATRIX = "github-matrix"


class MetricsFormat(StrEnum):
    """What `metrics` can print."""

    TEXT = "text"
    JSON = "json"
    HTML = "html"
