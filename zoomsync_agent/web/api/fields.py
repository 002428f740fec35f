"""Kinds of fields that several bodies, queries and answers share."""

from collections.abc import Callable
from typing import Annotated, Any, Final

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from zoomsync_agent.core import rows

_MOMENT: Final = (
    r"^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
    r"(T([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9](\.[0-9]{1,6})?)?"
    r"(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])?)?$"
)


class Asked(BaseModel):
    """What somebody sends: exactly what is described, and nothing else."""

    model_config = ConfigDict(extra="forbid")


class Told(BaseModel):
    """What is answered."""

    model_config = ConfigDict(extra="forbid")


def _seconds(text: str) -> float:
    """Return a moment as epoch seconds; the pattern lets through days that no month has."""
    try:
        moment = rows.epoch(text)
    except ValueError:
        moment = None
    if moment is None:
        raise ValueError("there is no such day")
    return moment


GivenMoment = Annotated[
    str,
    Field(
        pattern=_MOMENT, description="ISO 8601; a time without a zone is UTC, a day begins at 0:00."
    ),
    AfterValidator(_seconds),
]
"""A moment that is sent as ISO 8601 and arrives as epoch seconds."""

Moment = Annotated[str, Field(json_schema_extra={"format": "date-time"})]
"""A moment that is told, ISO 8601 in UTC."""


def may_be_absent(example: Any = None) -> Callable[[dict[str, Any]], None]:
    """Describe a parameter that need not be there; its absence is nothing that one could send."""

    def describe(schema: dict[str, Any]) -> None:
        schema.pop("default", None)
        if example is not None:
            schema["example"] = example

    return describe


def shown(example: Any) -> ConfigDict:
    """Describe a body or an answer by an example of all of it."""
    return ConfigDict(json_schema_extra={"example": example})
