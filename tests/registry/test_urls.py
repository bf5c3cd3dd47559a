"""URLs of registries are read and compared as cargo's URL library does."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from batuta_hooks.registry.urls import InvalidUrl, parse_url


@pytest.mark.parametrize(
    ("text", "read", "canonical"),
    [
        ("https://h", "https://h/", "https://h/"),
        ("https://h/", "https://h/", "https://h/"),
        ("HTTP://Host.Example:80/A/", "http://host.example/A/", "http://host.example/A"),
        ("http://h:80", "http://h/", "http://h/"),
        ("http://h:080/a", "http://h/a", "http://h/a"),
        ("http://h:", "http://h/", "http://h/"),
        ("https://h:80/", "https://h:80/", "https://h:80/"),
        ("sparse+http://Host:80/a/", "sparse+http://Host:80/a/", "sparse+http://Host:80/a"),
        ("sparse+https://h", "sparse+https://h", "sparse+https://h"),
        ("sparse+file:///a", "sparse+file:///a", "sparse+file:///a"),
        (" https://h/a ", "https://h/a", "https://h/a"),
        ("https://h/a//", "https://h/a//", "https://h/a/"),
        ("https://h/a/../b/./c/..", "https://h/b/", "https://h/b"),
        ("https://h/../../a", "https://h/a", "https://h/a"),
        ("https://h/%2E%2e/a/%2e", "https://h/a/", "https://h/a"),
        ('https://h/a b"<>`{}^|', "https://h/a%20b%22%3C%3E%60%7B%7D%5E%7C", "https://h/a%20b%22%3C%3E%60%7B%7D%5E%7C"),
        ("https://h/a?b=/c#d", "https://h/a?b=/c#d", "https://h/a?b=/c#d"),
        ("https://h?b", "https://h/?b", "https://h/?b"),
        ("https://h#b?c", "https://h/#b?c", "https://h/#b?c"),
        ("https://u:p@h/a", "https://u:p@h/a", "https://u:p@h/a"),
        ("https://u@v@h/a", "https://u@v@h/a", "https://u@v@h/a"),
        ("http://[::1]:8080/", "http://[::1]:8080/", "http://[::1]:8080/"),
        ("http://[2001:DB8::1]/", "http://[2001:db8::1]/", "http://[2001:db8::1]/"),
        ("file:///a/b", "file:///a/b", "file:///a/b"),
        ("file:/a", "file:///a", "file:///a"),
        ("file://localhost/a", "file:///a", "file:///a"),
        ("ssh://git@h/a.git", "ssh://git@h/a.git", "ssh://git@h/a"),
        ("https://h/a.git/", "https://h/a.git/", "https://h/a"),
        ("git://github.com/A/B.git", "git://github.com/A/B.git", "https://github.com/a/b"),
        ("http://GitHub.com/A", "http://github.com/A", "https://github.com/a"),
    ],
)
def test_urls(text: str, read: str, canonical: str) -> None:
    """The text in the library's spelling, and the one by which cargo compares."""
    url = parse_url(text)
    assert str(url) == read
    assert url.canonical == canonical


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "relative URL"),
        ("crates", "relative URL"),
        ("/a/b", "relative URL"),
        ("1a://h", "relative URL"),
        ("a_b://h", "relative URL"),
        (":", "relative URL"),
        ("git@github.com:a/b", "relative URL"),
        ("mailto:a", "cannot-be-a-base"),
        ("https:h", "cannot-be-a-base"),
        ("file:a", "cannot-be-a-base"),
        ("https://", "empty host"),
        ("https://:80/", "empty host"),
        ("https://u@/", "empty host"),
        ("https://h:x/", "invalid port"),
        ("https://h:65536/", "invalid port"),
        ("https://h:" + "9" * 5000, "invalid port"),
        ("https://h:-1/", "invalid port"),
        ("https://a%b/", "invalid host"),
        ("https://a b/", "invalid host"),
        ("https://[::1/", "invalid host"),
        ("https://[::1]x/", "invalid host"),
        ("https://[a:b:z]/", "invalid host"),
        ("https://höst/", "not supported"),
        ("https://h/é", "not supported"),
        ("https://h/\n", "not supported"),
        ("https://h\\a", "not supported"),
        ("https://h/" + "a" * 9000, "not supported"),
    ],
    ids=range(27),
)
def test_what_is_no_url(text: str, why: str) -> None:
    """The reason is given, never the text, which may hold a password."""
    with pytest.raises(InvalidUrl, match=why):
        parse_url(text)


letters = st.sampled_from("aA0.:/@?#[]%2e -+\\é")


@given(
    st.text(letters, max_size=30)
    | st.builds("{}://{}".format, st.sampled_from(["http", "sparse+http", "file", "x"]), st.text(letters))
)
@example("http://a/b/..//../c")
def test_reading_a_url_again_changes_nothing(text: str) -> None:
    """Any text is a URL or refused; one in the library's spelling or canonical is read as it is."""
    try:
        url = parse_url(text)
    except InvalidUrl:
        return
    assert parse_url(str(url)) == url
    assert str(parse_url(url.canonical)) == url.canonical
