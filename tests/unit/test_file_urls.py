"""Addresses of files lead back to the files."""

import os
from pathlib import Path, PurePosixPath, PureWindowsPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zoomsync_agent.core.file_urls import path_of

NAMES = st.binary(min_size=1, max_size=20).filter(
    lambda name: not {b"\0"[0], b"/"[0]} & set(name) and name not in (b".", b"..")
)


@given(st.lists(NAMES, min_size=1, max_size=3))
def test_every_name_comes_back(names):
    """Also those that are no text in any encoding."""
    path = PurePosixPath("/", *map(os.fsdecode, names))
    assert path_of(path.as_uri()) == Path(path)


@pytest.mark.parametrize("url", ["", "https://example.org/a", "s3://bucket/a", "/a/b"])
def test_what_is_no_file_is_none(url):
    """It lies elsewhere, or nowhere."""
    assert path_of(url) is None


WINDOWS = ["C:\\Zoom Archive\\ä.mp4", "\\\\nas\\share\\a b.mp4", "\\\\?\\C:\\a.mp4"]


@pytest.mark.parametrize("path", WINDOWS)
def test_windows_has_drives_and_shares(path):
    """They are written with backslashes."""
    assert str(path_of(PureWindowsPath(path).as_uri(), platform="win32")) == path
