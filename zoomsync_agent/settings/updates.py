"""The settings of the question whether there is a newer version."""

from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator

from zoomsync_agent.settings.values import as_yes_or_no, setting


class UpdateSettings(BaseModel):
    """Whether and where it is asked for newer versions."""

    update_check: Annotated[Literal["no", "yes"], BeforeValidator(as_yes_or_no)] = setting(
        "ZOOMSYNC_UPDATE_CHECK",
        "yes or no",
        "Whether it is asked, once a day at most, if there is a newer version. You are told of it; "
        "nothing is installed.",
        "yes",
    )
    update_feed: str = setting(
        "ZOOMSYNC_UPDATE_FEED",
        "an https address that answers with JSON, as GitHub's “latest release” does",
        "Where it is asked, instead of where this program was released; if unset and the program "
        "came from no release, nobody is asked.",
        "",
    )
