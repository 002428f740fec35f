"""The address of a bucket.

Source: Amazon S3 User Guide, "Methods for accessing a general purpose bucket" (virtual-hosted and
path-style requests); which characters of a key stay as they are: AWS "Create a signed request".
"""

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, urlsplit

DEFAULT_REGION: Final = "us-east-1"
_CHINA: Final = "cn-"
_AMAZON: Final = re.compile(r"(?:^|\.)s3[.-](?:[a-z0-9-]+\.)*amazonaws\.com(?:\.cn)?$")
"""Not every host of Amazon's is its store: there are gateways and computers of customers."""


@dataclass(frozen=True, slots=True)
class Bucket:
    """One bucket of one store.

    Args:
        name: of the bucket.
        region: in which it lies, or what the store wants to be told.
        endpoint: base address of a store of one's own, without a slash at the end; empty for AWS.
        is_path_style: the bucket's name stands in the path and not in the host.
        prefix: begins all keys; empty or with a slash at the end.
    """

    name: str
    region: str = DEFAULT_REGION
    endpoint: str = ""
    is_path_style: bool = False
    prefix: str = ""

    @property
    def is_aws(self) -> bool:
        """Whether it is Amazon's own store."""
        return not self.endpoint or _AMAZON.search(self.host) is not None

    @property
    def host(self) -> str:
        """The name of the server."""
        return urlsplit(self.base).hostname or ""

    @property
    def address(self) -> str:
        """The server and its port, as people are told."""
        return urlsplit(self.base).netloc

    @property
    def base(self) -> str:
        """Address of the store, without the bucket."""
        if self.endpoint:
            return self.endpoint
        suffix = ".cn" if self.region.startswith(_CHINA) else ""
        return f"https://s3.{self.region}.amazonaws.com{suffix}"

    @property
    def url(self) -> str:
        """Address of the bucket, without a slash at the end."""
        if self.is_path_style:
            return f"{self.base}/{self.name}"
        scheme, _, rest = self.base.partition("://")
        return f"{scheme}://{self.name}.{rest}"

    def object_url(self, key: str) -> str:
        """Return the address of an object that never changes; *key* is without the prefix."""
        return f"{self.url}/{escaped(self.prefix + key, safe='/')}"

    @property
    def place(self) -> str:
        """What tells this bucket from every other place."""
        return f"{self.url}/{self.prefix}"


def escaped(text: str, *, safe: str = "") -> str:
    """Return *text* as it stands in an address that is signed: all but unreserved is escaped."""
    return quote(text, safe=f"-._~{safe}")
