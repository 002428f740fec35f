"""The words of Zoom's languages in a saved chat: from, to, everybody, private.

A recipient that is not in `EVERYBODY` is a person or a group: a missing word hides a public
message from the merged text, it never shows a private one.
"""

import re
from typing import Final


def _to(*words: str) -> re.Pattern[str]:
    return re.compile(rf" (?:{'|'.join(words)}) ", re.IGNORECASE)


FROM_TO: Final = {
    "from": _to("to"),
    "от": _to("кому", "для"),
    "від": _to("кому", "до"),
    "von": _to("an"),
    "de": _to("à", "a", "para", "pour", "către"),
    "da": _to("a"),
    "van": _to("aan", "naar"),
    "od": _to("do", "komu"),
    "från": _to("till"),
    "fra": _to("til"),
    "dari": _to("ke", "kepada"),
    "từ": _to("đến", "tới"),
    "gönderen": _to("alıcı", "kime"),
    "开始": _to("收件人", "到", "至"),
    "来自": _to("收件人", "到", "至"),
    "來自": _to("收件人", "到", "至"),
    "開始": _to("終了", "宛先", "から"),
}
"""The word before the sender, in lower case, and what finds the words before the recipient."""

EVERYBODY: Final = frozenset(
    {
        "everyone",
        "everyone in meeting",
        "everyone (in meeting)",
        "everyone in the meeting",
        "meeting group chat",
        "all panelists and attendees",
        "все",
        "всем",
        "всем участникам",
        "все участники",
        "всі",
        "усі",
        "всім",
        "усім",
        "alle",
        "allen",
        "jeder",
        "tout le monde",
        "todos",
        "todo el mundo",
        "tutti",
        "iedereen",
        "wszyscy",
        "wszystkich",
        "wszystkim",
        "všichni",
        "všem",
        "alla",
        "semua",
        "semua orang",
        "mọi người",
        "tất cả mọi người",
        "herkes",
        "toată lumea",
        "所有人",
        "大家",
        "每个人",
        "每個人",
        "全員",
        "皆様",
        "모두",
        "모든 사람",
    }
)
"""Recipients that are everybody, as `str.casefold` leaves them."""

_PRIVATE: Final = re.compile(
    r"[(（](?:"
    r"(?:direct|direkt|diret|privat|privé|person)[^()（）]{0,24}"
    r"|(?:message|mensaje|mensagem|messaggio|pesan|tin nhắn|wiadomość)[ ][^()（）]{0,24}"
    r"|(?:личн|прям|приват|особист|пряме)[^()（）]{0,24}"
    r"|(?:私|直接|ダイレクト|プライベート|다이렉트|비공개)[^()（）]{0,24}"
    r")[)）][ \t]*[:：]",
    re.IGNORECASE,
)


def is_marked_private(line: str) -> bool:
    """Whether *line* holds a header that Zoom marks, as in `to Bob(Direct Message):`.

    It is looked for in the whole line, so that no name with a colon in it can hide the mark.
    """
    return _PRIVATE.search(line) is not None
