"""Write one setting down, and leave everything else in the file as it was."""

import contextlib
import os
import threading
from collections.abc import Collection, Mapping
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zoomsync_agent.core.errors import SettingsError
from zoomsync_agent.durable import flush_folder, replace_file
from zoomsync_agent.settings import layers
from zoomsync_agent.settings.layers import Layer, Places
from zoomsync_agent.settings.loading import build
from zoomsync_agent.settings.model import SPECS, Settings

if TYPE_CHECKING:
    from tomlkit import TOMLDocument

_writing = threading.Lock()


def save(
    home: Places,
    key: str,
    value: Any,
    *,
    environ: Mapping[str, str] | None = None,
    cwd: Path | None = None,
) -> None:
    """Write *key* = *value* into config.toml, which is created on the first write.

    A file in which other settings are wrong can still be mended setting by setting. Comments and
    order are kept; a crash leaves the old file or the new one.

    Args:
        home: whose config.toml it is.
        key: the name of a setting.
        value: as typed or as text; relative paths start at *cwd*.
        environ: for ``~`` and variables in paths; the process's own if None.
        cwd: the current folder if None.

    Raises:
        SettingsError: there is no such setting, it cannot have this value, or the file cannot be
            read or written.
    """
    save_all(home, {key: value}, environ=environ, cwd=cwd)


def save_all(
    home: Places,
    values: Mapping[str, Any],
    *,
    environ: Mapping[str, str] | None = None,
    cwd: Path | None = None,
) -> None:
    """Write several settings into config.toml, all or none; see `save`.

    Args:
        home: whose config.toml it is.
        values: by name of the setting.
        environ: for ``~`` and variables in paths; the process's own if None.
        cwd: the current folder if None.

    Raises:
        SettingsError: see `save`.
    """
    environ = os.environ if environ is None else environ
    for key in values:
        if key not in SPECS:
            raise SettingsError(layers.unknown_key(key, ""))
    here = Path.cwd() if cwd is None else cwd
    chosen = Layer("command line", here, dict(values), {key: key for key in values})
    settings, _ = build(home, environ, [chosen, *_compatible(home, environ, values)])
    # A link stays a link: settings may be kept elsewhere and linked here.
    path = Path(os.path.realpath(home.config_file))
    with _writing:
        document = _document(path)
        for key, value in values.items():
            if getattr(settings, key) is None:
                document.pop(key, None)  # which is how a file says nothing
            else:
                document[key] = _written(key, value, settings)
        _replace(path, document.as_string())


def _compatible(home: Places, environ: Mapping[str, str], replaced: Collection[str]) -> list[Layer]:
    """Return the settings of the file that are right in themselves and none of *replaced*."""
    layer = layers.config_file(home.config_file)
    kept = []
    for name, value in layer.values.items():
        alone = Layer(layer.source, layer.base, {name: value}, {name: name})
        if name not in replaced and _is_right(home, environ, alone):
            kept.append(alone)
    return kept


def _is_right(home: Places, environ: Mapping[str, str], layer: Layer) -> bool:
    # Two folders are judged together, with the new value; here each one only for itself.
    apart = Layer(
        "", layer.base, {"destination": "s3", "s3_bucket": "any", "s3_encryption": "aws:kms"}
    )
    try:
        build(home, environ, [layer, apart])
    except SettingsError:
        return False
    return True


def _written(key: str, value: Any, settings: Settings) -> str | int | float:
    """Return what stands in the file: what the user wrote where that says more than the result."""
    result = getattr(settings, key)
    if SPECS[key].is_path:
        text = str(value).strip()
        return text if text.startswith(("~", "$")) else str(result)
    if key.endswith("bandwidth_limit") and isinstance(value, str) and not value.strip().isdigit():
        return value.strip()
    if isinstance(result, date):
        return result.isoformat()
    if isinstance(result, (str, int, float)):
        return result
    raise SettingsError(f"{key} cannot be written as {value!r}")


def _document(path: Path) -> "TOMLDocument":
    import tomlkit  # noqa: PLC0415  a megabyte that only who writes needs
    from tomlkit.exceptions import TOMLKitError  # noqa: PLC0415  the same

    try:
        return tomlkit.parse(path.read_bytes().decode("utf-8-sig"))
    except FileNotFoundError:
        return tomlkit.parse(_first_file())
    except OSError as exc:
        raise SettingsError(f"{path} cannot be read: {exc.strerror or exc}") from exc
    except (TOMLKitError, UnicodeDecodeError) as exc:
        raise SettingsError(f"{path} is not valid TOML: {exc}") from exc


def _first_file() -> str:
    lines = [
        "# What you chose. Environment variables and .env files take precedence over this file.",
        '# "zoomsync config show" tells every setting and where its value comes from.',
        "",
    ]
    for spec in SPECS.values():
        lines += [f"# {spec.name}: {spec.description}", f"#   {spec.allowed}"]
    return "\n".join([*lines, "", ""])


def _replace(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        replace_file(path, text.encode("utf-8"))
    except OSError as exc:
        raise SettingsError(f"{path} cannot be written: {exc.strerror or exc}") from exc
    with contextlib.suppress(OSError):  # it is written; where its name cannot be flushed, so be it
        flush_folder(path.parent)
