"""A person with a browser, as far as signing in needs one."""

import re
from typing import Literal

import httpx


def visit(
    http: httpx.Client,
    url: str,
    decision: Literal["allow", "decline"] = "allow",
    *,
    follow: bool = True,
) -> httpx.Response:
    """Open the page of consent and press a button; return what comes of it.

    Args:
        http: the browser.
        url: the address that the app opens.
        decision: which button; where there is none, the page is what comes of it.
        follow: whether the app is called back; otherwise the answer says where.
    """
    page = http.get(url, follow_redirects=follow)
    ticket = re.search(r'name="ticket" value="([^"]+)"', page.text)
    if ticket is None:
        return page
    form = {"ticket": ticket[1], "decision": decision}
    return http.post(page.url.join("/oauth/authorize"), data=form, follow_redirects=follow)
