"""What the stand-in keeps and how it is set."""

import hashlib
import hmac
import secrets
import threading
from abc import abstractmethod
from collections.abc import Callable
from typing import Literal

from tests.fakes.zoom.grants import Grants
from tests.fakes.zoom.library import Library
from tests.fakes.zoom.limits import Limits, Plan
from tests.fakes.zoom.paging import Pages
from tests.fakes.zoom.recordings import RecordingFile


class State(Grants, Library):
    """Everything of Zoom but the network; more attributes are those of `Grants` and `Library`.

    Attributes:
        limits: how often it may be asked.
        pages: tokens of lists that go on.
        shuffles: lists come in any order instead of the newest first.
        omits_empty_list: a list of nothing has no key `meetings`.
        hides_processing: meetings whose files are all being processed are in no list.
        basic_list: what a Basic user's list is: empty, or a refusal with code 200.
        no_permission_status: of refusals with code 200: 200 or 400.
        gives_download_tokens: `include_fields=download_access_token` is heeded.
        storage_full: nothing comes back from the trash.
        summary_form: which fields a summary has.
        download_base: where download addresses lie, such as a vanity host; the stand-in's own if
            None.
        download_url_life: seconds after which an address from a list is stale; None is never.
        redirects: downloads lead to the CDN; False sends the bytes at once.
        cdn_host: name under which the CDN, on a port of its own, is told.
        cdn_refuses_bearer: it refuses whoever brings a token along.
        signed_url_life: seconds for which an address of the CDN holds.
        honours_range: False sends all of a file whatever was asked for.
        deleted_download: what is at the address of a file that is gone.
        refusals_as_200: refused downloads come with status 200.
        leaked: tokens that arrived at the CDN.
        served: what of which file was sent, as id, first byte and number of bytes.
        wishes: consents that somebody is asked for.
    """

    def __init__(
        self, *, clock: Callable[[], float], plan: Plan | None, guard: threading.RLock
    ) -> None:
        Grants.__init__(self, clock=clock, guard=guard)
        Library.__init__(self, clock=clock, guard=guard)
        self.limits = Limits(clock, plan)
        self.pages = Pages(clock)
        self.shuffles = False
        self.omits_empty_list = False
        self.hides_processing = False
        self.basic_list: Literal["empty", "refused"] = "empty"
        self.no_permission_status = 200
        self.gives_download_tokens = True
        self.storage_full = False
        self.summary_form: Literal["content", "deprecated", "both"] = "both"
        self.download_base: str | None = None
        self.download_url_life: float | None = None
        self.redirects = True
        self.cdn_host = "localhost"
        self.cdn_refuses_bearer = True
        self.signed_url_life = 300.0
        self.honours_range = True
        self.deleted_download: Literal["404", "page"] = "404"
        self.refusals_as_200 = False
        self.leaked: list[str] = []
        self.served: list[tuple[str, int, int]] = []
        self.wishes: dict[str, object] = {}
        self._signing = secrets.token_bytes(32)

    @property
    @abstractmethod
    def zoom_url(self) -> str:
        """Base address of Zoom."""

    @property
    @abstractmethod
    def cdn_url(self) -> str:
        """Base address of the CDN."""

    def download_url(self, file: RecordingFile) -> str:
        """Return the address that lists tell."""
        dated = f".{int(self.clock()):x}" if self.download_url_life is not None else ""
        return f"{self.download_base or self.zoom_url}{file.path}{dated}"

    def sign(self, text: str) -> str:
        """Return the CDN's signature of *text*."""
        return hmac.new(self._signing, text.encode(), hashlib.sha256).hexdigest()
