"""Where Windows keeps its own programs.

By its bare name a program is looked for in the current folder first, and that may be one into which
others put files, such as Downloads.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

_USUAL: Final = "C:\\Windows"


def explorer(environ: Mapping[str, str] | None = None) -> str:
    """Return the file manager."""
    return str(_root(environ) / "explorer.exe")


def powershell(environ: Mapping[str, str] | None = None) -> str:
    """Return the PowerShell that every Windows brings."""
    return str(_root(environ) / "System32" / "WindowsPowerShell" / "v1.0" / "powershell.exe")


def _root(environ: Mapping[str, str] | None) -> Path:
    told = (os.environ if environ is None else environ).get("SYSTEMROOT", "")
    return Path(told) if Path(told).is_absolute() else Path(_USUAL)
