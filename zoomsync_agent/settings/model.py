"""The settings themselves: names, types, limits, and what they are for."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Annotated, Final, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, model_validator

from zoomsync_agent.settings.bucket import BucketSettings
from zoomsync_agent.settings.surroundings import SurroundingsSettings
from zoomsync_agent.settings.updates import UpdateSettings
from zoomsync_agent.settings.values import (
    MAX_NAME,
    Folder,
    Name,
    NoBool,
    Word,
    as_address,
    as_backfill,
    as_origins,
    as_rate,
    as_size,
    setting,
    this_device,
)
from zoomsync_agent.settings.zoom import ZoomSettings

_LOOPBACK: Final = ("127.0.0.1", "::1", "localhost")
_NO_PATH: Final = ("", "/")


def _no_address(text: str) -> str:
    shown = "SUPABASE_URL" if "@" in text else f"SUPABASE_URL ({text})"
    return (
        f"{shown} is not an address such as https://abcdefghijklmnopqrst.supabase.co "
        "(http only for this computer)"
    )


class Settings(SurroundingsSettings, UpdateSettings, BucketSettings, ZoomSettings):
    """What the user chose, checked. Only what is handed in counts; `load` reads the places."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        str_strip_whitespace=True,
        allow_inf_nan=False,
        validate_default=True,
    )

    recordings_path: Folder = setting(
        "ZOOM_RECORDINGS_PATH", "a folder", "The folder into which Zoom records."
    )
    destination: Annotated[Literal["folder", "supabase", "s3"], Word] = setting(
        "ZOOMSYNC_DESTINATION",
        "folder, supabase or s3",
        "Where recordings are kept.",
        "folder",
    )
    archive_path: Folder = setting(
        "ZOOMSYNC_ARCHIVE_PATH",
        "a folder outside of the recordings folder",
        "The folder that keeps the recordings when the destination is folder.",
    )
    catalog: Annotated[Literal["auto", "local", "supabase"], Word] = setting(
        "ZOOMSYNC_CATALOG",
        "auto, local or supabase",
        "Where rows are kept beside the catalog on this computer; auto: in the Supabase project "
        "if recordings go there.",
        "auto",
    )
    supabase_url: Annotated[str, AfterValidator(as_address)] = setting(
        "SUPABASE_URL",
        "an address such as https://abcdefghijklmnopqrst.supabase.co",
        "The Supabase project.",
        "",
    )
    supabase_key: str = setting(
        "SUPABASE_ANON_KEY",
        "the project's publishable key, or its legacy anon key",
        "The Supabase project's key for programs in the hands of users.",
        "",
        alias="SUPABASE_PUBLISHABLE_KEY",
    )
    supabase_bucket: str = setting(
        "ZOOMSYNC_SUPABASE_BUCKET",
        "1 to 100 of the characters A-Z a-z 0-9 _ . -",
        "The private bucket that keeps the recordings.",
        "recordings",
        pattern=r"^[A-Za-z0-9_.-]{1,100}$",
    )
    supabase_s3: Annotated[Literal["auto", "off"], Word] = setting(
        "ZOOMSYNC_SUPABASE_S3",
        "auto or off",
        "Whether large uploads to Supabase go through its S3 endpoint, where that is on: several "
        "parts at a time, twice as fast.",
        "auto",
    )
    chunk_size: Annotated[int, BeforeValidator(as_size)] = setting(
        "ZOOMSYNC_CHUNK_SIZE",
        "bytes from 256Ki to 512Mi, as in 6Mi",
        "How much of a large upload is sent and made durable at a time.",
        6 << 20,
        ge=256 << 10,
        le=512 << 20,
    )
    verify: Annotated[Literal["content", "size"], Word] = setting(
        "ZOOMSYNC_VERIFY",
        "content or size",
        "How what has arrived in Supabase or S3 is proven: by its content where the store tells "
        "enough of it, or by its size alone, which may save 1.4 s of processor time per GB.",
        "content",
    )
    bandwidth_limit: Annotated[int, BeforeValidator(as_rate)] = setting(
        "ZOOMSYNC_BANDWIDTH_LIMIT",
        "0 for no limit, or bytes per second from 1K to 1000G, as in 500K, 5M, 2 MB/s, 1MiB",
        "How many bytes per second all uploads and downloads together may use.",
        0,
    )
    workers: Annotated[int, NoBool] = setting(
        "ZOOMSYNC_WORKERS", "a number from 1 to 8", "Uploads at the same time.", 2, ge=1, le=8
    )
    quiet_seconds: Annotated[float, NoBool] = setting(
        "ZOOMSYNC_QUIET_SECONDS",
        "seconds from 1 to 3600",
        "How long a file must stay unchanged before it counts as complete.",
        30.0,
        ge=1,
        le=3600,
    )
    reconcile_seconds: Annotated[float, NoBool] = setting(
        "ZOOMSYNC_RECONCILE_SECONDS",
        "seconds from 5 to 86400",
        "How often the whole recordings folder is compared with what is known of it.",
        60.0,
        ge=5,
        le=86_400,
    )
    poll: Annotated[Literal["auto", "always", "never"], Word] = setting(
        "ZOOMSYNC_POLL",
        "auto, always or never",
        "Whether to look by the clock instead of waiting for file events; auto does so on "
        "network drives.",
        "auto",
    )
    backfill: Annotated[
        Literal["all", "none"] | Annotated[int, NoBool, Field(ge=1, le=36_500)],
        BeforeValidator(as_backfill),
    ] = setting(
        "ZOOMSYNC_BACKFILL",
        "all, none, or a number of days from 1 to 36500",
        "Which recordings from before the first start are uploaded too.",
        "all",
    )
    free_space_after_days: Annotated[
        Literal["never"] | Annotated[int, NoBool, Field(ge=1, le=3650)],
        BeforeValidator(as_backfill),
    ] = setting(
        "ZOOMSYNC_FREE_SPACE_AFTER_DAYS",
        "never, or a number of days from 1 to 3650",
        "After how many days originals that are safe in the archive are moved to the trash of this "
        "computer, from where they can be taken back.",
        "never",
    )
    port: Annotated[int, NoBool] = setting(
        "ZOOMSYNC_PORT",
        "a number from 0 to 65535",
        "The port of the status page on this computer; 0 takes any that is free.",
        47_823,
        ge=0,
        le=65_535,
    )
    page_origins: Annotated[str, AfterValidator(as_origins)] = setting(
        "ZOOMSYNC_PAGE_ORIGINS",
        "web origins such as https://dashboard.example.org, with blanks between them",
        "Web sites whose pages may use the agent's API from a browser, with its token; none by "
        "default.",
        "",
    )
    user_id: Name = setting(
        "ZOOMSYNC_USER_ID",
        "1 to 200 printable characters",
        "Whose recordings these are, as the catalog says it.",
        "local",
        min_length=1,
        max_length=MAX_NAME,
    )
    device: Name = setting(
        "ZOOMSYNC_DEVICE",
        "1 to 200 printable characters",
        "The name of this computer in the catalog.",
        this_device,
        min_length=1,
        max_length=MAX_NAME,
    )
    log_file: Folder | None = setting(
        "LOG_FILE",
        "a file",
        "Where the log is written, instead of the log folder of the home.",
        None,
    )
    log_level: Annotated[Literal["debug", "info", "warning", "error"], Word] = setting(
        "ZOOMSYNC_LOG_LEVEL",
        "debug, info, warning or error",
        "How much is logged.",
        "info",
    )

    @property
    def has_remote_rows(self) -> bool:
        """Whether rows are kept in the Supabase project too."""
        return self.catalog == "supabase" or (
            self.catalog == "auto" and self.destination == "supabase"
        )

    @property
    def uses_supabase(self) -> bool:
        """Whether anything goes to the Supabase project."""
        return self.destination == "supabase" or self.has_remote_rows

    @property
    def project_problem(self) -> str:
        """Why the address of the project is none; empty where it is one."""
        if not self.supabase_url:
            return (
                "supabase_url (SUPABASE_URL) is not set: the address of the Supabase project, "
                "from its dashboard under Connect"
            )
        try:
            parts = urlsplit(self.supabase_url)
            is_local = parts.hostname in _LOOPBACK
            is_plain = parts.port is None or parts.port > 0
        except ValueError:
            return _no_address(self.supabase_url)
        schemes = ("https", "http") if is_local else ("https",)
        is_bare = parts.path in _NO_PATH and not parts.query and not parts.username
        if parts.scheme in schemes and parts.hostname and is_bare and is_plain:
            return ""
        return _no_address(self.supabase_url)

    @model_validator(mode="after")
    def _project_known(self) -> Self:
        """Refuse to use a project whose address is none.

        What nobody uses is not judged: these names stand in the files of other programs too.
        """
        if self.uses_supabase and self.project_problem:
            raise ValueError(self.project_problem)
        return self

    @model_validator(mode="after")
    def _bucket_known(self) -> Self:
        """Refuse to use a bucket that cannot be one; what nobody uses is not judged."""
        if self.destination == "s3" and self.bucket_problem:
            raise ValueError(self.bucket_problem)
        return self

    @model_validator(mode="after")
    def _zoom_known(self) -> Self:
        """Refuse an address of Zoom's that is none; what nobody uses is not judged."""
        if self.zoom_client_id and self.zoom_problem:
            raise ValueError(self.zoom_problem)
        return self

    @model_validator(mode="after")
    def _spool_apart(self) -> Self:
        """Refuse a spool that would be taken for recordings, or for what is archived."""
        others = {"recordings_path": self.recordings_path}
        if self.destination == "folder":
            others["archive_path"] = self.archive_path
        spool = self.spool_path
        for name, other in others.items() if spool is not None else ():
            if spool is not None and (spool.is_relative_to(other) or other.is_relative_to(spool)):
                raise ValueError(
                    f"spool_path ({spool}) and {name} ({other}) lie within each other; choose two "
                    "separate folders"
                )
        return self

    @model_validator(mode="after")
    def _archive_apart(self) -> Self:
        """Refuse an archive in which the agent would find, and archive, its own copies."""
        if self.destination == "folder":
            archive, recordings = self.archive_path, self.recordings_path
            if archive.is_relative_to(recordings) or recordings.is_relative_to(archive):
                raise ValueError(
                    f"archive_path ({archive}) and recordings_path ({recordings}) lie within "
                    "each other; choose two separate folders"
                )
        return self


@dataclass(frozen=True, slots=True)
class Spec:
    """What is to be known about one setting without its value."""

    name: str
    env: str
    allowed: str
    description: str
    is_path: bool
    alias: str = ""
    """Another variable that means the same."""


def _specs() -> Mapping[str, Spec]:
    specs = {}
    for name, info in Settings.model_fields.items():
        extra = info.json_schema_extra
        if not isinstance(extra, dict):
            raise TypeError(f"{name} was not made with setting()")
        is_path = name.endswith(("_path", "_file"))
        specs[name] = Spec(
            name,
            str(extra["env"]),
            str(extra["allowed"]),
            info.description or "",
            is_path,
            str(extra["alias"]),
        )
    return MappingProxyType(specs)


SPECS: Final = _specs()
"""Every setting, by name, in the order in which people are shown them."""
BY_ENV: Final[Mapping[str, Spec]] = MappingProxyType(
    {name: s for s in SPECS.values() for name in (s.alias, s.env) if name}
)
