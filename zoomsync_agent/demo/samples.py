"""The small real recordings that ship with the project, each made unlike the others."""

import struct
from pathlib import Path
from typing import Final

_PACKAGED: Final = Path(__file__).resolve().parent.parent / "assets" / "sample"
_IN_TREE: Final = Path(__file__).resolve().parent.parent.parent / "assets" / "sample"


def sample(suffix: str, note: str) -> bytes:
    """Return a playable recording that no other *note* gives.

    The note goes into a `free` box behind the last one, which every player passes over (ISO/IEC
    14496-12, 8.1.2), so that two meetings of the demo never have the same content.

    Args:
        suffix: ".mp4" or ".m4a".
        note: what tells this recording from the others.

    Raises:
        FileNotFoundError: the samples were not installed.
    """
    for folder in (_IN_TREE, _PACKAGED):
        found = sorted(folder.glob(f"*{suffix}"))
        if found:
            text = note.encode()
            return found[0].read_bytes() + struct.pack(">I4s", 8 + len(text), b"free") + text
    raise FileNotFoundError(f"the demo's sample{suffix} is not part of this installation")
