"""The icon as hosts see it. Source: freedesktop.org, *StatusNotifierItem*, with KDE's names."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from html import escape
from typing import Any

from zoomsync_agent.tray.looks import SIZES
from zoomsync_agent.tray.status_notifier.wire import (
    ITEM,
    ITEM_PATH,
    MENU_PATH,
    UNKNOWN_METHOD,
    Call,
    Properties,
    Refused,
    Reply,
    Signal,
)

Pixmap = tuple[int, int, bytes]
"""Width, height, and the pixels as ARGB32 in network order."""
Paint = Callable[[int], Any]
"""Returns the picture with so many pixels a side: a `Pixmap`, or a `PIL.Image`."""


@dataclass(frozen=True, slots=True)
class Shown:
    """What of the icon is to be seen.

    Attributes:
        title: what the icon is called.
        tip: what is said when the pointer rests on it.
        picture: anything that is another one when the picture is another one.
        is_visible: whether it is to be seen at all.
        is_urgent: whether somebody is needed.
    """

    title: str = ""
    tip: str = ""
    picture: Any = None
    is_visible: bool = False
    is_urgent: bool = False

    @property
    def status(self) -> str:
        """The word for it."""
        if not self.is_visible:
            return "Passive"
        return "NeedsAttention" if self.is_urgent else "Active"


def opens_menu_on_click(desktops: str | None = None) -> bool:
    """Whether a left click opens the menu.

    Plasma's people expect the program itself there and the menu on the other button; elsewhere a
    click that opens a browser would be a surprise, and some hosts know no other button.
    """
    named = os.environ.get("XDG_CURRENT_DESKTOP", "") if desktops is None else desktops
    return "KDE" not in named.upper().split(":")


class ItemFace:
    """Answers for the icon.

    Args:
        name: by which hosts know it again.
        activate: does what a click on the icon asks for; must return at once.
        opens_menu: whether a left click opens the menu instead.
    """

    def __init__(self, name: str, activate: Callable[[], None], *, opens_menu: bool) -> None:
        self._name = name
        self._activate = activate
        self._opens_menu = opens_menu
        self._shown = Shown()
        self._paint: Paint | None = None
        self._pixmaps: list[Pixmap] | None = None

    @property
    def shown(self) -> Shown:
        """What is to be seen now."""
        return self._shown

    def update(self, shown: Shown, paint: Paint | None) -> list[Signal]:
        """Take up what is to be seen; return what hosts must be told."""
        before, self._shown = self._shown, shown
        signals = []
        if shown.picture != before.picture or (paint is None) != (self._paint is None):
            self._pixmaps = None
            self._paint = paint
            signals.append(_signal("NewIcon"))
            if shown.is_urgent:
                signals.append(_signal("NewAttentionIcon"))
        elif shown.is_urgent and not before.is_urgent:
            signals.append(_signal("NewAttentionIcon"))
        if shown.title != before.title:
            signals.append(_signal("NewTitle"))
        if (shown.title, shown.tip) != (before.title, before.tip):
            signals.append(_signal("NewToolTip"))
        if shown.status != before.status:
            signals.append(_signal("NewStatus", "s", (shown.status,)))
        return signals

    def properties(self) -> Properties:
        """Return all properties; the pictures are made when first asked for."""
        shown, pixmaps = self._shown, self._pictures()
        return {
            "Category": ("s", "ApplicationStatus"),
            "Id": ("s", self._name),
            "Title": ("s", shown.title),
            "Status": ("s", shown.status),
            "WindowId": ("i", 0),
            "IconName": ("s", ""),
            "IconPixmap": ("a(iiay)", pixmaps),
            "OverlayIconName": ("s", ""),
            "OverlayIconPixmap": ("a(iiay)", []),
            "AttentionIconName": ("s", ""),
            "AttentionIconPixmap": ("a(iiay)", pixmaps if shown.is_urgent else []),
            "AttentionMovieName": ("s", ""),
            "IconThemePath": ("s", ""),
            # The text may contain marks of HTML, so what looks like one is none.
            "ToolTip": ("(sa(iiay)ss)", ("", [], shown.title, escape(shown.tip, quote=False))),
            "ItemIsMenu": ("b", self._opens_menu),
            "Menu": ("o", MENU_PATH),
        }

    def answer(self, call: Call) -> Reply:
        """Answer a call of this interface.

        Raises:
            Refused: there is no such method, or the arguments are others.
        """
        match call.member:
            case "Activate":
                call.expect("ii")
                self._activate()
            case "SecondaryActivate" | "ContextMenu":
                call.expect("ii")
            case "Scroll":
                call.expect("is")
            case "ProvideXdgActivationToken":
                call.expect("s")
            case _:
                raise Refused(UNKNOWN_METHOD, f"{ITEM} has no method {call.member}")
        return Reply()

    def _pictures(self) -> list[Pixmap]:
        if self._pixmaps is None:
            paint = self._paint
            self._pixmaps = [] if paint is None else [pixmap(paint(size)) for size in SIZES]
        return self._pixmaps


def pixmap(image: Any) -> Pixmap:
    """Return a picture as D-Bus carries it: a `PIL.Image` turned, a `Pixmap` as it is."""
    if isinstance(image, tuple):
        width, height, pixels = image
        return width, height, pixels
    from PIL import Image  # noqa: PLC0415  18 ms that only a tray needs

    red, green, blue, alpha = image.convert("RGBA").split()
    turned = Image.merge("RGBA", (alpha, red, green, blue))
    return image.width, image.height, turned.tobytes()


def _signal(member: str, signature: str = "", body: tuple[Any, ...] = ()) -> Signal:
    return Signal(ITEM_PATH, ITEM, member, signature, body)
