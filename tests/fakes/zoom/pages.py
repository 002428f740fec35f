"""Zoom's pages for people, as far as a browser or a careless downloader meets them."""

from html import escape

from tests.fakes.http_server import Answer


def page(title: str, text: str, status: int = 200, form: str = "") -> Answer:
    """Return a small page."""
    told = (
        "<!DOCTYPE html>\n"
        f'<html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title></head>\n'
        f"<body><h1>{escape(title)}</h1><p>{escape(text)}</p>{form}</body></html>\n"
    )
    headers = {"content-type": "text/html;charset=utf-8", "cache-control": "no-cache, no-store"}
    return Answer(status, told.encode(), headers)


def refusal_page(text: str, code: int = 4700, status: int = 400) -> Answer:
    """Return the page that ends an authorization; nobody is called back."""
    return page("Error - Zoom", f"{text} ({code:,})", status)


def consent_page(ticket: str, person: str, scopes: list[str]) -> Answer:
    """Return the page with "Allow" and "Decline"."""
    asked = "".join(f"<li>{escape(name)}</li>" for name in scopes)
    form = (
        f"<ul>{asked}</ul>\n"
        '<form method="post" action="/oauth/authorize">\n'
        f'<input type="hidden" name="ticket" value="{escape(ticket)}">\n'
        '<button type="submit" name="decision" value="allow">Allow</button>\n'
        '<button type="submit" name="decision" value="decline">Decline</button>\n'
        "</form>"
    )
    return page("Authorize - Zoom", f"{person}, an app would like to see:", form=form)
