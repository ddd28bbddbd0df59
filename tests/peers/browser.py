"""A user with a browser: opens the page on which an app asks to be let in, ticks the boxes, and presses a button."""

from __future__ import annotations

from email.message import Message
from html.parser import HTMLParser
from typing import IO
from urllib.parse import urlencode
from urllib.request import HTTPRedirectHandler, Request, build_opener

__all__ = ["consent"]


class Form(HTMLParser):
    """The fields of the page's form, with all boxes ticked."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.fields: list[tuple[str, str]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take note of a field."""
        field = dict(attrs)
        if tag == "input":
            self.fields.append((field.get("name") or "", field.get("value") or ""))


class Redirected(Exception):
    """Where the browser would go next."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.url = url


class NoFurther(HTTPRedirectHandler):
    """Goes nowhere by itself."""

    def redirect_request(
        self, req: Request, fp: IO[bytes], code: int, msg: str, headers: Message, newurl: str
    ) -> Request | None:
        """Tell where it would go."""
        raise Redirected(newurl)


def consent(url: str, decision: str = "allow") -> str:
    """Open an app's authorise URL, press the button, and return the address to which the user is sent back."""
    opener = build_opener(NoFurther)
    page = opener.open(url).read().decode()
    fields = [*Form(page).fields, ("decision", decision)]
    try:
        opener.open(Request(url, urlencode(fields).encode()))
    except Redirected as redirected:
        return redirected.url
    raise AssertionError("the button leads nowhere")
