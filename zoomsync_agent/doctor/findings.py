"""What the doctor has to say: one thing that was looked at, and how it is."""

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How it is."""

    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at.

    Args:
        name: what it is, as in ``bucket``; the same in every run.
        level: how it is.
        sentence: what was found, for people.
        mend: what to do about it, for people; empty where nothing is to be done.
        sql: statements for the SQL editor that do it; empty where no statement can.
    """

    name: str
    level: Level
    sentence: str
    mend: str = ""
    sql: str = ""

    def as_dict(self) -> dict[str, str]:
        """Return it as scripts read it."""
        return {
            "name": self.name,
            "level": str(self.level),
            "sentence": self.sentence,
            "mend": self.mend,
            "sql": self.sql,
        }


def ok(name: str, sentence: str) -> Finding:
    """Return that something is in order."""
    return Finding(name, Level.OK, sentence)


def warning(name: str, sentence: str, mend: str = "", sql: str = "") -> Finding:
    """Return that something may be meant so, or may not."""
    return Finding(name, Level.WARNING, sentence, mend, sql)


def problem(name: str, sentence: str, mend: str = "", sql: str = "") -> Finding:
    """Return that something keeps recordings from being kept, found or private."""
    return Finding(name, Level.PROBLEM, sentence, mend, sql)
