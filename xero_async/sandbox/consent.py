"""The page on which a user lets an app in, and the page that says why it cannot be shown.

It is plain HTML with a form and no script. Every word that comes from outside is escaped. The policy that goes with
it allows its own style sheet by hash and nothing else; forms may go to the sandbox and on to the app's own address,
since Chromium holds a redirect that answers a form to the same rule.
"""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections.abc import Sequence
from html import escape
from typing import NamedTuple
from urllib.parse import urlsplit

from .answers import Answer

__all__ = ["Choice", "ask_user", "refuse_user"]

HTML = "text/html; charset=utf-8"

MEANINGS = {
    "openid": "know who you are",
    "profile": "know your name",
    "email": "know your email address",
    "offline_access": "stay connected while you are away",
    "accounting.transactions": "view and manage your transactions",
    "accounting.reports": "view your reports",
    "accounting.settings": "view and manage your settings",
    "accounting.contacts": "view and manage your contacts",
    "accounting.attachments": "view and manage your attachments",
    "accounting.invoices": "view and manage your invoices, quotes, orders and credit notes",
    "accounting.payments": "view and manage your payments",
    "accounting.banktransactions": "view and manage your bank transactions",
    "accounting.manualjournals": "view and manage your manual journals",
    "accounting.classicexpenses": "view and manage your expense claims",
    "accounting.budgets": "view your budgets",
    "accounting.journals": "view your general ledger",
    "paymentservices": "manage your payment services",
}
"""What the scopes mean to a user, by their names without `.read`."""

STYLE = """
body{margin:0;background:#eef2f5;color:#1d2733;font:16px/1.5 system-ui,sans-serif}
main{max-width:30rem;margin:4rem auto;padding:2rem;background:#fff;border-radius:8px;box-shadow:0 1px 4px #0002}
.banner{margin:0;padding:.6rem 1rem;background:#ffd866;text-align:center;font-weight:600}
h1{margin:0 0 1rem;font-size:1.35rem}
h2{margin:1.5rem 0 .5rem;font-size:1rem}
ul{margin:0;padding-left:1.2rem}
code{color:#5b6b7b;font-size:.8rem}
label{display:block;padding:.35rem 0}
.wrong{padding:.5rem .75rem;background:#fde8e8;border-radius:4px}
.buttons{display:flex;gap:.75rem;margin-top:1.75rem}
button{flex:1;padding:.7rem;border:1px solid #1278ab;border-radius:4px;background:#fff;color:#1278ab;font:inherit}
button[value=allow]{background:#1278ab;color:#fff}
small{color:#5b6b7b}
"""
_STYLE_HASH = b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()

BANNER = "A simulation of Xero by xero_async: invented data, connected to nothing"


class Choice(NamedTuple):
    """An organisation that can be chosen."""

    tenant_id: str
    name: str
    chosen: bool


def ask_user(
    request: str, app: str, scopes: Sequence[str], choices: Sequence[Choice], redirect_uri: str, *, wrong: str = ""
) -> Answer:
    """The page for one request; `choices` is empty where no organisation is asked for, `wrong` what to say of a try.

    The form posts to the page's own address: `request`, `tenant` for each choice, and `decision`, allow or cancel.
    """
    boxes = "".join(
        f'<label><input type="checkbox" name="tenant" value="{escape(each.tenant_id)}"'
        f"{' checked' if each.chosen else ''}> {escape(each.name)}</label>"
        for each in choices
    )
    organisations = f"<h2>For these organisations</h2>{boxes}" if choices else ""
    body = (
        f"<h1>{escape(app)} wants to</h1><ul>{''.join(map(_told, scopes))}</ul>"
        f"{f'<p class=wrong role=alert>{escape(wrong)}</p>' if wrong else ''}"
        '<form method="post">'
        f'<input type="hidden" name="request" value="{escape(request)}">{organisations}'
        '<div class="buttons"><button name="decision" value="cancel">Cancel</button>'
        '<button name="decision" value="allow">Allow access</button></div></form>'
        f"<p><small>You will be sent back to {escape(redirect_uri)}</small></p>"
    )
    address = urlsplit(redirect_uri)
    return _page(
        f"Allow {app}?", body, forms=f"'self' {address.scheme}://{address.netloc}", status=400 if wrong else 200
    )


def refuse_user(why: str) -> Answer:
    """The page where there is no address to which the user could safely be sent back."""
    return _page(
        "Not possible", f"<h1>The app cannot be connected</h1><p>{escape(why)}</p>", forms="'none'", status=400
    )


def _told(scope: str) -> str:
    plain = scope.removesuffix(".read")
    family = "accounting.reports" if plain.startswith("accounting.reports") else plain
    meaning = MEANINGS.get(family, "use what this scope opens")
    if scope.endswith(".read"):
        meaning = meaning.replace("view and manage", "view")
    return f"<li>{escape(meaning)} <code>{escape(scope)}</code></li>"


def _page(title: str, body: str, *, forms: str, status: int) -> Answer:
    policy = (
        f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; form-action {forms}; "
        "base-uri 'none'; frame-ancestors 'none'"
    )
    page = (
        f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{STYLE}</style></head>'
        f'<body><p class="banner">{BANNER}</p><main>{body}</main></body></html>\n'
    )
    headers = {
        "Content-Security-Policy": policy,
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "Referrer-Policy": "no-referrer",
    }
    return Answer(status, page.encode(), HTML, headers)
