"""Licences: of what is there, all of it, and no package without one."""

import contextlib
import re
from email.message import Message
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from installer import contents, licences


def files_of(*names):
    """Return files of installed packages."""
    found = []
    for name in names:
        package = metadata.distribution(name)
        found += [Path(package.locate_file(one)) for one in package.files if one.suffix == ".py"]
    return found


class Untold:
    """A package that says of its licence what a test wants."""

    version = "1.0"

    def __init__(self, **told):
        self.metadata = Message()
        self.metadata["Name"] = "untold"
        for name, value in told.items():
            self.metadata[name.replace("_", "-")] = value
        self.files = []


def test_the_texts_of_what_is_there_are_gathered(tmp_path):
    """With an index, Python and the loader among them; and nothing that is not there."""
    parts = licences.gather(files_of("pystray", "click", "postgrest"), tmp_path / "texts")
    names = {part.name for part in parts}
    assert {"pystray", "click", "postgrest", "Python", "pyinstaller"} <= names
    assert "Flask" not in names
    index = (tmp_path / "texts" / "INDEX.txt").read_text("utf-8")
    for part in parts:
        assert f"{part.name} {part.version}: {part.terms}" in index
        folder = next((tmp_path / "texts").glob(f"{part.name}*"))
        assert any(path.stat().st_size > 200 for path in folder.iterdir()), part.name
    (pystray,) = (tmp_path / "texts").glob("pystray-*")
    assert {path.name for path in pystray.iterdir()} >= {"COPYING", "COPYING.LGPL"}


def test_who_brings_no_text_but_says_which_gets_the_usual_one(tmp_path):
    """With the names of its authors; only of the licence that is the same for everybody."""
    licences.gather(files_of("postgrest"), tmp_path / "texts")
    (folder,) = (tmp_path / "texts").glob("postgrest-*")
    text = (folder / "LICENSE.txt").read_text("utf-8")
    assert "Permission is hereby granted" in text
    assert "Joel Lee" in text


def test_who_says_nothing_stops_the_build():
    """Nobody may hand on what nobody has allowed."""
    with pytest.raises(licences.NoLicence):
        licences.terms_of(Untold())
    assert licences.terms_of(Untold(License="BSD")) == "BSD"
    found = licences.terms_of(Untold(Classifier="License :: OSI Approved :: MIT License"))
    assert found == "MIT License"


def test_who_names_a_licence_without_its_text_stops_it_too(tmp_path):
    """The text of another one than MIT is not to be guessed."""
    with pytest.raises(licences.NoLicence):
        licences._copy(Untold(License_Expression="BSD-3-Clause"), tmp_path)


def test_every_package_under_the_lgpl_can_be_replaced():
    """Of what the program depends on; whichever comes next is noticed here."""
    names, asked = set(), ["zoomsync-agent"]
    while asked:
        name = canonicalize_name(asked.pop())
        if name in names:
            continue
        names.add(name)
        for one in map(Requirement, metadata.requires(name) or []):
            given = [{"extra": extra} for extra in ("", "binary", "redoc", "socks", "swagger")]
            # Those for other systems as well, so far as they are here.
            is_for_all = one.marker is None or "extra" not in str(one.marker)
            if is_for_all or any(one.marker.evaluate(extra) for extra in given):
                with contextlib.suppress(metadata.PackageNotFoundError):
                    metadata.distribution(one.name)
                    asked.append(one.name)
    bound = set()
    for package in map(metadata.distribution, names - {"zoomsync-agent"}):
        terms = ""
        with contextlib.suppress(licences.NoLicence):  # such a one stops the build anyhow
            terms = licences.terms_of(package)
        if re.search("LGPL|Lesser", terms):
            tops = {Path(one).parts[0] for one in package.files if one.suffix == ".py"}
            bound |= {one for one in tops if not one.endswith((".dist-info", ".libs"))}
    assert bound == set(contents.REPLACEABLE)
