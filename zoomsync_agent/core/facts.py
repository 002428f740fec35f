"""Names of states that several parts of the agent know, about Zoom's cloud."""

from typing import Final

ZOOM: Final = "zoom"
"""Name of the source, and of the gate that downloads pass."""
ZOOM_ACCOUNT: Final = "zoom_account"
"""Says whose cloud was last swept; absent where nobody's is wanted."""
ZOOM_SWEPT: Final = "zoom_swept"
"""Begins the name of the state that says through which day an account has been swept."""
LAST_CLOUD_SWEEP: Final = "last_cloud_sweep"
"""Says when a sweep of this run of the agent last ended, well or not."""
ZOOM_PROBLEM: Final = "zoom_problem"
"""Says why Zoom's cloud cannot be swept."""
TRASH_PROBLEM: Final = "trash_problem"
"""Says why nothing is moved to Zoom's trash."""
ZOOM_SHUT: Final = "zoom_shut"
"""Says why nothing can be downloaded from it."""
