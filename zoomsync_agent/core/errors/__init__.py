"""Every error the agent reports.

AgentError
├── TransientError            tried again later, by itself
│   ├── NetworkUnavailable
│   ├── RemoteUnavailable
│   ├── SourceBusy
│   ├── SourceChanged
│   ├── SourceUnavailable
│   ├── DestinationUnavailable
│   ├── VerificationFailed
│   ├── DownloadDamaged
│   ├── DownloadRefused
│   ├── SpoolFull
│   └── ZoomParked
├── ActionNeeded              waits for the user; goes on by itself once the cause is gone
│   ├── ClockWrong
│   ├── CredentialsRefused
│   │   └── CredentialsMissing
│   ├── SourceDenied
│   ├── DestinationDenied
│   ├── DestinationFull
│   ├── ObjectTooLarge
│   ├── ProjectPaused
│   ├── RowsDenied
│   ├── ScopeMissing
│   ├── CloudOff
│   ├── CopyUnreadable
│   ├── DiskFull
│   ├── OtherAccount
│   ├── SecretsUnavailable
│   ├── SetupIncomplete
│   ├── SignInFailed
│   ├── SignInRequired
│   │   └── ZoomSignInRequired
│   ├── SpoolUnusable
│   ├── TrashUnavailable
│   └── ZoomDenied
├── PermanentError            will not succeed without a change
│   ├── SourceMissing
│   ├── SourceDamaged
│   ├── KeyTaken
│   ├── NameRefused
│   ├── RowRefused
│   ├── RecordingDeleted
│   ├── HandedInLost
│   ├── TooManyDeaths
│   └── Unexpected
└── UsageError                what was asked for cannot be done as it was asked
    ├── SettingsError
    ├── FolderInvalid
    ├── AlreadyRunning
    ├── NotFound
    ├── NotAllowed
    └── StoreDamaged

The base decides who acts next. `code` is stored and never changes meaning;
`title` and `hint` are for people and may be reworded at any time.
"""

from collections.abc import Iterator

from zoomsync_agent.core.errors.base import (
    ActionNeeded,
    AgentError,
    PermanentError,
    TransientError,
    UsageError,
)
from zoomsync_agent.core.errors.needed import (
    ClockWrong,
    CloudOff,
    CopyUnreadable,
    CredentialsMissing,
    CredentialsRefused,
    DestinationDenied,
    DestinationFull,
    DiskFull,
    ObjectTooLarge,
    OtherAccount,
    ProjectPaused,
    RowsDenied,
    ScopeMissing,
    SecretsUnavailable,
    SetupIncomplete,
    SignInFailed,
    SignInRequired,
    SourceDenied,
    SpoolUnusable,
    TrashUnavailable,
    ZoomDenied,
    ZoomSignInRequired,
)
from zoomsync_agent.core.errors.permanent import (
    HandedInLost,
    KeyTaken,
    NameRefused,
    RecordingDeleted,
    RowRefused,
    SourceDamaged,
    SourceMissing,
    TooManyDeaths,
    Unexpected,
)
from zoomsync_agent.core.errors.transient import (
    DestinationUnavailable,
    DownloadDamaged,
    DownloadRefused,
    NetworkUnavailable,
    RemoteUnavailable,
    SourceBusy,
    SourceChanged,
    SourceUnavailable,
    SpoolFull,
    VerificationFailed,
    ZoomParked,
)
from zoomsync_agent.core.errors.usage import (
    AlreadyRunning,
    FolderInvalid,
    NotAllowed,
    NotFound,
    SettingsError,
    StoreDamaged,
)

__all__ = [
    "ActionNeeded",
    "AgentError",
    "AlreadyRunning",
    "ClockWrong",
    "CloudOff",
    "CopyUnreadable",
    "CredentialsMissing",
    "CredentialsRefused",
    "DestinationDenied",
    "DestinationFull",
    "DestinationUnavailable",
    "DiskFull",
    "DownloadDamaged",
    "DownloadRefused",
    "FolderInvalid",
    "HandedInLost",
    "KeyTaken",
    "NameRefused",
    "NetworkUnavailable",
    "NotAllowed",
    "NotFound",
    "ObjectTooLarge",
    "OtherAccount",
    "PermanentError",
    "ProjectPaused",
    "RecordingDeleted",
    "RemoteUnavailable",
    "RowRefused",
    "RowsDenied",
    "ScopeMissing",
    "SecretsUnavailable",
    "SettingsError",
    "SetupIncomplete",
    "SignInFailed",
    "SignInRequired",
    "SourceBusy",
    "SourceChanged",
    "SourceDamaged",
    "SourceDenied",
    "SourceMissing",
    "SourceUnavailable",
    "SpoolFull",
    "SpoolUnusable",
    "StoreDamaged",
    "TooManyDeaths",
    "TransientError",
    "TrashUnavailable",
    "Unexpected",
    "UsageError",
    "VerificationFailed",
    "ZoomDenied",
    "ZoomParked",
    "ZoomSignInRequired",
    "by_code",
    "leaves",
]


def leaves(root: type[AgentError] = AgentError) -> Iterator[type[AgentError]]:
    """Yield *root* and every error below it."""
    yield root
    for child in root.__subclasses__():
        yield from leaves(child)


def by_code(code: str) -> type[AgentError]:
    """Return the error class that stores *code*; `Unexpected` for a code of another version."""
    return next((cls for cls in leaves() if cls.code == code), Unexpected)
