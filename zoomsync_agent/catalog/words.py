"""The words of a question, cut and folded by the very tokenizer that made the index."""

import sqlite3
from contextlib import closing
from functools import lru_cache
from typing import Final

from zoomsync_agent.catalog.table import typed

MOST_WORDS: Final = 32
"""So many different words of a question count; nobody types more, whoever pastes a page does."""
_MOST_CHARS: Final = 2_000


@lru_cache(maxsize=256)
def words_of(text: str) -> tuple[str, ...]:
    """Return the different words of *text* in their order, in lower case and without accents.

    There is none where *text* holds only signs. Whatever characters SQLite takes for letters, a
    word that comes back is one word to it: an index without positions refuses anything else.
    """
    with closing(sqlite3.connect(":memory:")) as conn:
        conn.execute("CREATE VIRTUAL TABLE question USING fts5 (text)")
        conn.execute("CREATE VIRTUAL TABLE words USING fts5vocab (question, instance)")
        conn.execute("INSERT INTO question VALUES (?)", (typed(text[:_MOST_CHARS]),))
        found = conn.execute("SELECT term FROM words ORDER BY offset").fetchall()
    return tuple(dict.fromkeys(term for (term,) in found))[:MOST_WORDS]


def all_of(words: tuple[str, ...]) -> str:
    """Return the expression for rows that hold every one of *words*, or a longer one."""
    return " ".join(f'"{word}"*' for word in words)
