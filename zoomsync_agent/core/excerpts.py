"""The place of a text where words stand, for people: a few words around it, and its time.

The index tells which recordings hold the words. Where in an hour of talk they stand is looked up
here, in the few texts that are shown, because SQLite's own `snippet` cuts every text of a page into
words twice to find one place.
"""

import math
import re
import unicodedata
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import islice
from typing import Final

from zoomsync_agent.core.transcript import Cue, cue_of

_AROUND: Final = 60
"""Characters before and after the first word, before whole words are made of it."""
_MOST_PLACES: Final = 100
"""So many places of the rarest word are looked at for one with all the others beside it."""
_LONGEST_PATTERN: Final = 64
_ACCENTS: Final = "[\u0300-\u036f]*"
_WORD_REST: Final = "(?:[^\\W_]|[\u0300-\u036f])*"
_LATIN: Final = range(256)
_ACCENTED: Final = (range(0x80, 0x600), range(0x1E00, 0x2000), range(0x212A, 0x212C))
"""Where letters with accents, and letters that look like others, are in Unicode."""


def excerpt(
    transcript: str, others: Sequence[str], words: Sequence[str], *, until: float = math.inf
) -> tuple[str, float | None]:
    """Return the place where *words* stand, each marked by « and », and its second.

    What was said goes before the other texts, because a title is shown anyway. Of several words
    the one that comes last decides, and of its places the first whose line has all of them. Empty
    where none of the texts has a word.

    Args:
        transcript: lines of `transcript.plain_text`.
        others: more texts, the most telling first.
        words: folded, as the index holds them; a longer word that begins with one counts.
        until: what `transcript.horizon` says of the recording.
    """
    for text in (transcript, *others):
        line = _best_line(text, words)
        if line is None:
            continue
        if text is not transcript:
            return _cut(line, words), None
        cue = cue_of(line, until=until)
        return _cut(_untimed(line, cue), words), cue.at
    return "", None


def _best_line(text: str, words: Sequence[str]) -> str | None:
    folded = _Folded(text)
    firsts = [
        (place[0], word) for word in words if (place := next(folded.places(word), None)) is not None
    ]
    if not firsts:
        return None
    last, rarest = max(firsts)
    if len(firsts) > 1:
        for start, _ in islice(folded.places(rarest), _MOST_PLACES):
            line = _Folded(_line_at(text, start))
            if all(next(line.places(word), None) for _, word in firsts):
                return line.text
    return _line_at(text, last)


def _line_at(text: str, place: int) -> str:
    end = text.find("\n", place)
    return text[text.rfind("\n", 0, place) + 1 : len(text) if end < 0 else end]


def _untimed(line: str, cue: Cue) -> str:
    """Return a line of a transcript without its time, which is shown apart."""
    has_time = cue.at is not None or cue.time_of_day is not None
    return line.partition("] ")[2] if has_time else line


def _cut(line: str, words: Sequence[str]) -> str:
    """Return a few words of *line* around the first hit, with all hits marked."""
    folded = _Folded(line)
    hits = sorted({hit for word in words for hit in folded.places(word)})
    if not hits:
        return ""
    begin = _word_start(line, hits[0][0] - _AROUND)
    end = _word_end(line, max(hits[0][1], hits[0][0] + _AROUND))
    parts = ["…"] if begin else []
    done = begin
    for start, stop in hits:
        if done <= start and stop <= end:
            parts += [line[done:start], "«", line[start:stop], "»"]
            done = stop
    parts += [line[done:end], "…" if end < len(line) else ""]
    return "".join(parts)


def _word_start(line: str, place: int) -> int:
    if place <= 0:
        return 0
    space = line.find(" ", place)
    return place if space < 0 or space - place > _AROUND // 2 else space + 1


def _word_end(line: str, place: int) -> int:
    if place >= len(line):
        return len(line)
    space = line.find(" ", place)
    if 0 <= space - place <= _AROUND // 2:
        return space
    return len(line) if space < 0 and len(line) - place <= _AROUND // 2 else place


class _Folded:
    """A text in which words are found as the index has them: in lower case and without accents.

    The letters of Western Europe are folded one by one in thirty microseconds for an hour of talk.
    Whatever else a text has is matched by a pattern, which takes ten times as long.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        try:
            letters = text.encode("latin-1")
            self._is_exact = True
        except UnicodeEncodeError:
            letters = text.encode("latin-1", "replace")
            self._is_exact = False
        self._folded = letters.translate(_table()).decode("latin-1")

    def places(self, word: str) -> Iterator[tuple[int, int]]:
        """Yield where words that begin with *word* begin and end."""
        found = self._plain(word)
        first = next(found, None)
        if first is not None:
            yield first
            yield from found
        elif not self._is_exact:
            yield from self._matched(word)

    def _plain(self, word: str) -> Iterator[tuple[int, int]]:
        start = self._folded.find(word)
        while start >= 0:
            end = start + len(word)
            while end < len(self.text) and _is_of_word(self.text[end]):
                end += 1
            if not start or not _is_of_word(self.text[start - 1]):
                yield start, end
            start = self._folded.find(word, end)

    def _matched(self, word: str) -> Iterator[tuple[int, int]]:
        for hit in _pattern(word[:_LONGEST_PATTERN]).finditer(self.text):
            if not hit.start() or not _is_of_word(self.text[hit.start() - 1]):
                yield hit.span()


def _is_of_word(char: str) -> bool:
    return char.isalnum() or unicodedata.combining(char) > 0


@lru_cache(maxsize=256)
def _pattern(word: str) -> re.Pattern[str]:
    """Return what finds *word*, which is folded, in text that is not."""
    letters = (f"[{re.escape(_written(letter))}]{_ACCENTS}" for letter in word)
    return re.compile("".join(letters) + _WORD_REST)


def _written(letter: str) -> str:
    """Return the characters that the index takes for *letter*."""
    return "".join(sorted({*letter, *letter.upper()[:1], *_variants().get(letter, "")}))


@lru_cache(maxsize=1)
def _table() -> bytes:
    """Return what each character of Latin-1 becomes."""
    folded = (_fold(bytes([number]).decode("latin-1")) for number in _LATIN)
    return bytes(
        ord(one) if len(one) == 1 and ord(one) < len(_LATIN) else number
        for number, one in enumerate(folded)
    )


def _fold(char: str) -> str:
    bare = (c for c in unicodedata.normalize("NFD", char) if not unicodedata.combining(c))
    return "".join(bare).lower()


@lru_cache(maxsize=1)
def _variants() -> dict[str, str]:
    """Return by letter the characters that become it in lower case and without accents."""
    found: dict[str, str] = {}
    for char in (chr(number) for block in _ACCENTED for number in block):
        folded = _fold(char)
        if len(folded) == 1 and folded != char:
            found[folded] = found.get(folded, "") + char
    return found
