"""The places that settings come from, each read into a layer that remembers where it was read.

Nothing here looks at the process's own environment: what counts is handed in.
"""

import difflib
import io
import os
import re
import sys
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Protocol

from dotenv.parser import parse_stream

from zoomsync_agent.core.errors import SettingsError
from zoomsync_agent.settings.model import BY_ENV, SPECS

PREFIX: Final = "ZOOMSYNC_"
OTHER_VARIABLES: Final = frozenset({"ZOOMSYNC_HOME", "ZOOMSYNC_PROFILE", "ZOOMSYNC_SECRETS_DIR"})
"""Known names that are not settings: they select the home, and where its secrets are."""
OPTIONS: Final = frozenset({"backfill"})
"""Settings that are options of a command too."""
OTHER_PREFIXES: Final = ("ZOOMSYNC_TESTS_",)

_VARIABLE: Final = re.compile(r"\$\{(\w+)\}|\$(\w+)|%(\w+)%", re.ASCII)


class Places(Protocol):
    """The part of a home that settings are about."""

    @property
    def config_file(self) -> Path:
        """config.toml."""

    @property
    def env_file(self) -> Path:
        """The home's own .env."""

    @property
    def default_recordings(self) -> Path:
        """Where Zoom records unless told otherwise."""

    @property
    def default_archive(self) -> Path:
        """Where recordings are kept unless told otherwise."""


@dataclass(frozen=True, slots=True)
class Layer:
    """What one place says.

    `names` gives each setting the name that the user wrote; `base` is what relative paths are
    relative to: the folder of the file they stand in, else the current one.
    """

    source: str
    base: Path
    values: dict[str, Any] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    problems: tuple[str, ...] = ()


def arguments(overrides: Mapping[str, Any] | None, cwd: Path) -> Layer:
    """Return what was said on the command line; None means that nothing was."""
    values = {name: value for name, value in (overrides or {}).items() if value is not None}
    known, problems = {}, []
    for name, value in values.items():
        if name in SPECS:
            known[name] = value
        else:
            problems.append(unknown_key(name, " on the command line"))
    names = {name: f"--{name}" if name in OPTIONS else name for name in known}
    return Layer("command line", cwd, known, names, tuple(problems))


def environment(environ: Mapping[str, str], cwd: Path) -> Layer:
    """Return what *environ* says."""
    return _variables(environ.items(), "environment", "in the environment", cwd)


def env_file(path: Path) -> Layer:
    """Return what the ``.env`` at *path* says; nothing if there is none.

    Lines that cannot be read matter only if they are about us: a program that is started in some
    project's folder meets that project's file.

    Raises:
        SettingsError: the file is there and cannot be read.
    """
    text = read_text(path)
    if text is None:
        return Layer(str(path), path.parent)
    found: list[tuple[str, str]] = []
    problems = []
    for line in parse_stream(io.StringIO(text)):
        if line.error and re.search(r"ZOOMSYNC_|ZOOM_RECORDINGS|LOG_FILE", line.original.string):
            problems.append(f"{path}, line {line.original.line}: not in the form NAME=value")
        elif line.key is not None:
            found.append((line.key, line.value or ""))
    layer = _variables(found, str(path), f"in {path}", path.parent)
    return Layer(layer.source, layer.base, layer.values, layer.names, (*problems, *layer.problems))


def config_file(path: Path) -> Layer:
    """Return what the ``config.toml`` at *path* says; nothing if there is none.

    Raises:
        SettingsError: the file is there and cannot be read or is not TOML.
    """
    text = read_text(path)
    if text is None:
        return Layer(str(path), path.parent)
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as exc:
        raise SettingsError(f"{path} is not valid TOML: {exc}") from exc
    problems = tuple(unknown_key(key, f" in {path}") for key in values if key not in SPECS)
    known = {key: value for key, value in values.items() if key in SPECS}
    return Layer(str(path), path.parent, known, {key: key for key in known}, problems)


def unknown_key(key: str, where: str) -> str:
    """Return the sentence about a *key* that no setting has; *where* begins with a space."""
    return f'unknown setting "{key}"{where}{_suggestion(key.lower(), SPECS)}'


def expanded(text: str, environ: Mapping[str, str], base: Path) -> Path:
    """Return the absolute path that *text* means, with ``~`` and variables of *environ* expanded.

    A variable that does not exist stays as it is written, for a folder may be called that.
    """
    text = _VARIABLE.sub(lambda match: _value_of(match, environ), text.strip())
    if text == "~" or text.startswith(("~/", "~\\")):
        user = environ.get("USERPROFILE" if sys.platform == "win32" else "HOME")
        text = str((Path(user) if user else Path.home()) / text[2:])
    # abspath and not resolve(): a link stays the name that the user chose, ".." goes.
    return Path(os.path.abspath(base / text))  # noqa: PTH100 - Path.absolute() keeps ".."


def _value_of(match: re.Match[str], environ: Mapping[str, str]) -> str:
    if match[3] is not None and sys.platform != "win32":
        return match[0]
    return environ.get(match[1] or match[2] or match[3], match[0])


def _variables(items: Iterable[tuple[str, str]], source: str, where: str, base: Path) -> Layer:
    layer, problems = Layer(source, base), []
    given = dict(items)
    for variable, value in given.items():
        spec = BY_ENV.get(variable)
        if spec is not None and variable == spec.alias and given.get(spec.env, "").strip():
            continue  # its own name says it; the other one may be meant for other programs
        if spec is not None:
            if value.strip():  # an empty variable is one that was taken back
                layer.values[spec.name] = value
                layer.names[spec.name] = variable
        elif _is_a_mistake(variable):
            problems.append(
                f"unknown variable {variable} {where}{_suggestion(variable.upper(), BY_ENV)}"
            )
    return Layer(source, base, layer.values, layer.names, tuple(problems))


def _is_a_mistake(variable: str) -> bool:
    upper = variable.upper()
    if upper.startswith(PREFIX):
        return variable not in OTHER_VARIABLES and not upper.startswith(OTHER_PREFIXES)
    return upper.startswith("ZOOM_RECORDING")


def _suggestion(wrong: str, known: Iterable[str]) -> str:
    known = list(known)
    near = difflib.get_close_matches(wrong, known, n=1, cutoff=0.6)
    guess = f"; did you mean {near[0]}?" if near else ""
    return f"{guess} (known: {', '.join(sorted(known))})"


def read_text(path: Path) -> str | None:
    """Return what the file at *path* says; None if there is none.

    Raises:
        SettingsError: the file is there and cannot be read.
    """
    try:
        return path.read_text(encoding="utf-8-sig")
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as exc:
        raise SettingsError(f"{path} cannot be read: {exc.strerror or exc}") from exc
    except UnicodeDecodeError as exc:
        raise SettingsError(f"{path} cannot be read: it is not UTF-8 text") from exc
