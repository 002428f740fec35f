"""Gathers the licences of everything that is in the bundle.

Which packages those are is found out by their files, so that nothing is named that is not there and
nothing is there that is not named.
"""

import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterable
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Final

_TEXTS: Final = re.compile(r"(?:licen[cs]e|copying|copyright|notice)s?\b.*", re.IGNORECASE)
_MIT: Final = """\
{name} {version}
Copyright (c) {authors}

This package brings no text of its licence; it says that this is the MIT licence:

Permission is hereby granted, free of charge, to any person obtaining a copy of this software and
associated documentation files (the "Software"), to deal in the Software without restriction,
including without limitation the rights to use, copy, modify, merge, publish, distribute,
sublicense, and/or sell copies of the Software, and to permit persons to whom the Software is
furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all copies or substantial
portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT
NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND
NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES
OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM, OUT OF OR IN
CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.
"""
_ALSO: Final = {
    "flask-openapi3-swagger": "It carries Swagger UI, Copyright SmartBear Software, under the "
    "Apache License 2.0 (apache-2.0.txt beside the index).",
    "flask-openapi3-redoc": "It carries ReDoc, Copyright Rebilly, Inc., under the licence above.",
    "psycopg-binary": "It carries libpq (PostgreSQL licence), OpenSSL (Apache-2.0), MIT Kerberos "
    "(MIT), OpenLDAP (OLDAP-2.8), Cyrus SASL (BSD-4-Clause), keyutils and e2fsprogs' libcom_err "
    "(LGPL-2.1-or-later, MIT), as libraries in files of their own (psycopg_binary.libs).",
}
"""What is within a package and under another name."""
_APACHE_FROM: Final = ("cryptography", "structlog", "packaging")
"""Packages that bring the text of the Apache License 2.0."""


class NoLicence(Exception):
    """A package of the bundle says nothing of its licence, so it cannot be given to anybody."""


@dataclass(frozen=True, slots=True)
class Part:
    """A package of the bundle.

    Attributes:
        name: as it calls itself.
        version: as it calls it.
        terms: its licence in a word.
    """

    name: str
    version: str
    terms: str


def packages_of(files: Iterable[Path]) -> list[metadata.Distribution]:
    """Return the installed packages to which *files* belong, sorted by name."""
    wanted = {str(path) for path in files}
    found = {}
    for package in metadata.distributions():
        for file in package.files or ():
            if str(package.locate_file(file)) in wanted and not file.name.endswith(".pth"):
                found[package.metadata["Name"].lower()] = package
                break
    return [found[name] for name in sorted(found)]


def terms_of(package: metadata.Distribution) -> str:
    """Return a package's licence in a word.

    Raises:
        NoLicence: it says none.
    """
    told = package.metadata
    short = told.get("License-Expression") or ""
    classes = [
        one.rpartition(" :: ")[2]
        for one in told.get_all("Classifier") or []
        if one.startswith("License :: ") and one.count(" :: ") > 1
    ]
    free = (told.get("License") or "").strip().splitlines()
    found = short or ", ".join(classes) or (free[0] if free else "")
    if not found:
        raise NoLicence(f"{told['Name']} {package.version} names no licence")
    return str(found)


def gather(files: Iterable[Path], into: Path) -> list[Part]:
    """Write the licences of all packages to which *files* belong into a folder, with an index.

    Raises:
        NoLicence: a package says none, or only one whose text it does not bring.
    """
    shutil.rmtree(into, ignore_errors=True)
    into.mkdir(parents=True)
    parts = []
    for package in packages_of(files):
        if package.metadata["Name"] == "zoomsync-agent":
            continue
        parts.append(_copy(package, into))
    parts.append(_python(into))
    parts.append(_loader(into))
    parts += _libraries(files, into)
    lines = [f"{part.name} {part.version}: {part.terms}" for part in parts]
    head = "Packages in this bundle and their licences; the texts are in the folders beside.\n\n"
    (into / "INDEX.txt").write_text(head + "\n".join(lines) + "\n", "utf-8")
    return parts


def _copy(package: metadata.Distribution, into: Path) -> Part:
    name, version, terms = package.metadata["Name"], package.version, terms_of(package)
    place = into / f"{name}-{version}"
    place.mkdir()
    for file in package.files or ():
        source = Path(str(package.locate_file(file)))
        is_told = ".dist-info" in str(file) and _TEXTS.match(file.name)
        if is_told and source.is_file():
            kept = place / file.name
            if kept.exists():
                kept = place / f"{source.parent.name}-{file.name}"
            shutil.copyfile(source, kept)
            if name in _APACHE_FROM and "APACHE" in file.name.upper():
                shutil.copyfile(source, into / "apache-2.0.txt")
    if not any(place.iterdir()):
        if terms not in ("MIT", "MIT License"):
            raise NoLicence(f"{name} {version} is under {terms} and brings no text of it")
        authors = package.metadata.get("Author") or package.metadata.get("Author-email") or name
        text = _MIT.format(name=name, version=version, authors=authors)
        (place / "LICENSE.txt").write_text(text, "utf-8")
    if name in _ALSO:
        (place / "ALSO.txt").write_text(f"{_ALSO[name]}\n", "utf-8")
    return Part(name, version, terms)


def _python(into: Path) -> Part:
    """Add Python's own licence, which tells of the libraries within it too."""
    version = sys.version.partition(" ")[0]
    home = Path(sysconfig.get_path("stdlib"))
    candidates = [
        home / "LICENSE.txt",
        home.parent / "LICENSE.txt",
        Path(sys.base_prefix) / "LICENSE",
    ]
    candidates.append(Path(f"/usr/share/doc/python3.{sys.version_info.minor}/copyright"))
    candidates.append(Path(sys.base_prefix) / "LICENSE.txt")
    source = next((path for path in candidates if path.is_file()), None)
    if source is None:
        raise NoLicence(f"the licence of Python {version} is not where it usually is")
    place = into / f"Python-{version}"
    place.mkdir()
    shutil.copyfile(source, place / "LICENSE.txt")
    return Part("Python", version, "PSF-2.0")


def _loader(into: Path) -> Part:
    """Add the licence of the program that starts the bundle: free for bundles of any kind."""
    package = metadata.distribution("pyinstaller")
    return Part(*(_copy(package, into).name, package.version, "GPL-2.0-or-later with an exception"))


def _libraries(files: Iterable[Path], into: Path) -> list[Part]:
    """Add the licences of libraries that come from the system, where its packages tell of them."""
    query = shutil.which("dpkg-query")
    own = [str(path) for path in files if str(path).startswith(("/usr/lib", "/lib"))]
    if query is None or not own:
        return []
    done = subprocess.run(
        [query, "--search", *_spellings(own)], capture_output=True, text=True, check=False
    )
    names = sorted({line.partition(":")[0] for line in done.stdout.splitlines()})
    parts = []
    for name in names:
        source = Path("/usr/share/doc") / name / "copyright"
        if not source.is_file():
            continue
        place = into / name
        place.mkdir(exist_ok=True)
        shutil.copyfile(source, place / "copyright")
        shown = subprocess.run(
            [query, "--show", "--showformat=${Version}\n", name],
            capture_output=True,
            text=True,
            check=False,
        )
        version = (shown.stdout.splitlines() or [""])[0]
        parts.append(Part(name, version, "see its copyright file"))
    return parts


def _spellings(paths: Iterable[str]) -> list[str]:
    """Return paths as packages may have them: `/lib` is `/usr/lib`, and links lead on."""
    found = set()
    for path in paths:
        for one in (path, str(Path(path).resolve())):
            found.add(one)
            found.add(one.removeprefix("/usr") if one.startswith("/usr/lib") else f"/usr{one}")
    return sorted(found)
