"""Where a page may look: the user's own folders and drives."""

import os
from pathlib import Path

import pytest

from zoomsync_agent.core.errors import NotAllowed
from zoomsync_agent.desktop import opening, places


@pytest.mark.parametrize("text", ["relative/path", "", "a\0b", "~nobody-of-this-name/x"])
def test_what_is_no_place_is_none(text):
    """Without raising."""
    assert places.resolved(Path(text)) is None


def test_links_and_dots_lead_where_they_lead(tmp_path):
    """And are judged there."""
    inside, outside = tmp_path / "in", tmp_path / "out"
    inside.mkdir()
    outside.mkdir()
    (inside / "link").symlink_to(outside)
    for path in (inside / "link", inside / ".." / "out"):
        assert not places.is_within(places.resolved(path), [inside])
    assert places.is_within(places.resolved(inside / "new"), [inside])
    assert not places.is_within(places.resolved(tmp_path / "in side"), [inside])


def test_folders_are_listed_without_hidden_ones_and_links(tmp_path):
    """By name, as people read them."""
    for name in ("b", "A", ".hidden"):
        (tmp_path / name).mkdir()
    (tmp_path / "file").touch()
    (tmp_path / "link").symlink_to(tmp_path / "b")
    assert [one.name for one in places.folders_in(tmp_path)] == ["A", "b"]
    assert places.folders_in(tmp_path / "file") == ()
    assert places.folders_in(tmp_path / "nowhere") == ()


def test_the_users_folder_is_a_root():
    """Whatever else there is."""
    assert Path.home().resolve() in places.roots()


def test_each_system_opens_its_own_file_manager(monkeypatch, tmp_path):
    """The path is one argument, never a part of a command line."""
    path = Path("/a/b c/video.mp4")
    assert opening.command_for(path, platform="darwin") == ["open", "-R", "/a/b c/video.mp4"]
    monkeypatch.setenv("SYSTEMROOT", "/win")
    assert opening.command_for(path, platform="win32")[0] == "/win/explorer.exe"
    tool = tmp_path / "xdg-open"
    tool.write_text("#!/bin/sh\n")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("DISPLAY", ":7")
    assert opening.command_for(path, platform="linux") == [str(tool), "/a/b c"]
    assert opening.command_for_folder(Path("/a/b c"), platform="linux") == [str(tool), "/a/b c"]
    assert opening.command_for_folder(Path("/a"), platform="darwin") == ["open", "/a"]
    assert opening.command_for_folder(Path("/a"), platform="win32") == [
        "/win/explorer.exe",
        "/a",
    ]
    monkeypatch.delenv("DISPLAY")
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    assert opening.command_for(path, platform="linux") is None


def test_without_a_file_manager_it_is_said_where_it_lies(monkeypatch):
    """So that somebody can go there."""
    monkeypatch.setattr(os, "environ", {"PATH": ""})
    monkeypatch.setattr(opening, "command_for", lambda _path: None)
    with pytest.raises(NotAllowed, match="/a/b"):
        opening.show(Path("/a/b/video.mp4"))
