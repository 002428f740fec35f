"""From layers to settings, and from what pydantic says to what people can act on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from zoomsync_agent.core.errors import SettingsError
from zoomsync_agent.settings import layers
from zoomsync_agent.settings.layers import Layer, Places
from zoomsync_agent.settings.model import SPECS, Settings

DEFAULT = "default"
_SHOWN_CHARACTERS = 80


@dataclass(frozen=True, slots=True)
class Origin:
    """One setting as ``config show`` tells it: its value and where that comes from.

    `source` is ``default``, ``environment``, ``command line``, or the file.
    """

    name: str
    value: Any
    source: str
    env: str
    allowed: str
    description: str


def load(
    home: Places,
    environ: Mapping[str, str],
    *,
    cwd: Path,
    overrides: Mapping[str, Any] | None = None,
) -> Settings:
    """Return the settings that hold.

    Args:
        home: whose config.toml and .env are read.
        environ: the environment variables.
        cwd: the current folder: its .env is read, and relative paths start there.
        overrides: what was said on the command line, by setting; None stands for nothing said.

    Raises:
        SettingsError: the detail lists everything that is wrong, one per line.
    """
    return _load(home, environ, cwd, overrides)[0]


def origins(
    home: Places,
    environ: Mapping[str, str],
    *,
    cwd: Path,
    overrides: Mapping[str, Any] | None = None,
) -> tuple[Origin, ...]:
    """Return every setting with its value and where that comes from.

    Raises:
        SettingsError: as `load`.
    """
    settings, sources = _load(home, environ, cwd, overrides)
    return tuple(
        Origin(
            spec.name,
            getattr(settings, spec.name),
            sources[spec.name].source if spec.name in sources else DEFAULT,
            spec.env,
            spec.allowed,
            spec.description,
        )
        for spec in SPECS.values()
    )


def build(
    home: Places, environ: Mapping[str, str], stack: Sequence[Layer]
) -> tuple[Settings, dict[str, Layer]]:
    """Return the settings that *stack* makes, the first layer winning, and who decided which.

    Raises:
        SettingsError: the detail lists everything that is wrong, one per line.
    """
    sources: dict[str, Layer] = {}
    for layer in reversed(stack):
        sources |= dict.fromkeys(layer.values, layer)
    values: dict[str, Any] = {
        "recordings_path": home.default_recordings,
        "archive_path": home.default_archive,
    }
    for name, layer in sources.items():
        value = layer.values[name]
        if SPECS[name].is_path and isinstance(value, (str, Path)) and str(value).strip():
            value = layers.expanded(str(value), environ, layer.base)
        values[name] = value
    problems = [problem for layer in stack for problem in layer.problems]
    try:
        settings = Settings(**values)
    except ValidationError as exc:
        problems += dict.fromkeys(_sentence(error["loc"], error, sources) for error in exc.errors())
        raise SettingsError("\n".join(problems)) from None
    if problems:
        raise SettingsError("\n".join(problems))
    return settings, sources


def _load(
    home: Places, environ: Mapping[str, str], cwd: Path, overrides: Mapping[str, Any] | None
) -> tuple[Settings, dict[str, Layer]]:
    stack = [layers.arguments(overrides, cwd), layers.environment(environ, cwd)]
    unreadable = []
    readers = [(path, layers.env_file) for path in dict.fromkeys((cwd / ".env", home.env_file))]
    for path, read in [*readers, (home.config_file, layers.config_file)]:
        try:
            stack.append(read(path))
        except SettingsError as exc:
            unreadable.append(exc.detail)
    if unreadable:
        # What those files say is not known, so the rest can be right by chance only.
        problems = [problem for layer in stack for problem in layer.problems]
        raise SettingsError("\n".join([*unreadable, *problems]))
    return build(home, environ, stack)


def _sentence(loc: tuple[int | str, ...], error: Any, sources: Mapping[str, Layer]) -> str:
    """Return what is wrong, in the words in which it was written."""
    name = str(loc[0]) if loc else ""
    if name not in SPECS:
        return str(error["msg"]).removeprefix("Value error, ")
    allowed = SPECS[name].allowed
    layer = sources.get(name)
    if layer is None:
        return f"the default of {name} cannot be used; set it (allowed: {allowed})"
    where = f" in {layer.source}" if layer.source != "command line" else ""
    written = layer.names[name]
    shown = _shown(layer.values[name])
    return f"{written}{where} is {shown}, which is not allowed (allowed: {allowed})"


def _shown(value: object) -> str:
    text = str(value) if isinstance(value, (str, Path, int, float)) else f"a {_kind(value)}"
    cut = text if len(text) <= _SHOWN_CHARACTERS else text[:_SHOWN_CHARACTERS] + "…"
    return f'"{cut}"' if isinstance(value, (str, Path)) else cut


def _kind(value: object) -> str:
    if isinstance(value, dict):
        return "table"
    return "list" if isinstance(value, list) else type(value).__name__
