"""The settings of Zoom's cloud."""

from datetime import date
from typing import Annotated, Final, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field

from zoomsync_agent.settings.values import (
    Folder,
    NoBool,
    Word,
    as_address,
    as_backfill,
    as_day,
    as_size,
    setting,
)

_LOOPBACK: Final = ("127.0.0.1", "::1", "localhost")


class ZoomSettings(BaseModel):
    """As which app of the Zoom Marketplace the agent signs in."""

    zoom_client_id: str = setting(
        "ZOOM_CLIENT_ID",
        "the app's client id; of a public client its own",
        "The app of the Zoom Marketplace by which the agent signs in to Zoom.",
        "",
        pattern=r"^[A-Za-z0-9_-]{0,100}$",
    )
    zoom_redirect_uri: str = setting(
        "ZOOM_REDIRECT_URI",
        "an address of the app's, http only for 127.0.0.1",
        "Where Zoom sends the browser after the sign-in, instead of this computer.",
        "",
    )
    zoom_url: Annotated[str, AfterValidator(as_address)] = setting(
        "ZOOM_URL",
        "an address such as https://zoom.us",
        "Where Zoom's sign-in is.",
        "https://zoom.us",
    )
    zoom_cloud: Annotated[Literal["auto", "off"], Word] = setting(
        "ZOOMSYNC_ZOOM_CLOUD",
        "auto or off",
        "Whether recordings in Zoom's cloud are brought home, once somebody has signed in to Zoom.",
        "auto",
    )
    zoom_since: Annotated[date | None, BeforeValidator(as_day)] = setting(
        "ZOOMSYNC_ZOOM_SINCE",
        "a day such as 2024-01-31",
        "The first day whose cloud recordings are brought home; if not set, backfill decides.",
        None,
    )
    zoom_poll_seconds: Annotated[float, NoBool] = setting(
        "ZOOMSYNC_ZOOM_POLL_SECONDS",
        "seconds from 30 to 86400",
        "How often Zoom is asked for new cloud recordings.",
        600.0,
        ge=30,
        le=86_400,
    )
    zoom_trash: Annotated[
        Literal["never"] | Annotated[int, NoBool, Field(ge=1, le=3650)],
        BeforeValidator(as_backfill),
    ] = setting(
        "ZOOMSYNC_ZOOM_TRASH",
        "never, or a number of days from 1 to 3650",
        "After how many days Zoom's copy of a recording that is safe is moved to Zoom's trash, "
        "from where it can be taken back for 30 days.",
        "never",
    )
    spool_path: Folder | None = setting(
        "ZOOMSYNC_SPOOL_PATH",
        "a folder",
        "Where downloads wait for their upload, instead of the data folder of the home.",
        None,
    )
    spool_size: Annotated[int, BeforeValidator(as_size)] = setting(
        "ZOOMSYNC_SPOOL_SIZE",
        "bytes from 100Mi to 100Ti, as in 20Gi",
        "How much that was downloaded may wait on this computer for its upload; a single larger "
        "file may.",
        20 << 30,
        ge=100 << 20,
        le=100 << 40,
    )

    @property
    def uses_zoom_cloud(self) -> bool:
        """Whether recordings may be brought home from Zoom's cloud."""
        return self.zoom_cloud == "auto" and bool(self.zoom_client_id)

    @property
    def zoom_problem(self) -> str:
        """Why nobody can sign in to Zoom with these settings; empty where they can."""
        if not self.zoom_client_id:
            return (
                "zoom_client_id (ZOOM_CLIENT_ID) is not set: the client id of your app in the Zoom "
                "Marketplace. README says how to make one"
            )
        if not _is_address(self.zoom_url):
            return (
                f"zoom_url (ZOOM_URL) is not an address such as https://zoom.us: {self.zoom_url} "
                "(http only for this computer)"
            )
        if self.zoom_redirect_uri and not _is_address(self.zoom_redirect_uri):
            return (
                "zoom_redirect_uri (ZOOM_REDIRECT_URI) is no address that Zoom takes: https, or "
                "http://127.0.0.1 (localhost is refused)"
            )
        return ""


def _is_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
        is_here = parts.hostname in _LOOPBACK
        is_plain = parts.port is None or parts.port > 0
    except ValueError:
        return False
    schemes = ("https", "http") if is_here else ("https",)
    return parts.scheme in schemes and bool(parts.hostname) and is_plain and not parts.username
