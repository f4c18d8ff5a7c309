"""The page of a call's card, for a browser: plain HTML without scripts, everything that came from outside escaped."""

from collections.abc import Mapping
from html import escape
from typing import Annotated, Protocol

from fastapi import APIRouter, Depends, Header, HTTPException, Query
from starlette.requests import Request
from starlette.responses import HTMLResponse

from cordboard.api.access import Access, address_of, session_of
from cordboard.api.languages import first_of
from cordboard.office.cards import Card, CardKeys
from cordboard.office.roles import for_others
from cordboard.office.tokens import ApiToken

OWN = "own"
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'none'; base-uri 'none'",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
WORDS: Mapping[str, Mapping[str, str]] = {
    "en": {
        "card": "Call", "number": "Number", "line": "Line", "name": "Name", "segment": "Segment", "debt": "Debt",
        "link": "Open in the CRM", "nothing": "Nothing more is known.", "hidden": "hidden",
    },
    "ru": {
        "card": "Звонок", "number": "Номер", "line": "Линия", "name": "Имя", "segment": "Сегмент", "debt": "Долг",
        "link": "Открыть в CRM", "nothing": "Больше ничего не известно.", "hidden": "скрыт",
    },
    "uk": {
        "card": "Дзвінок", "number": "Номер", "line": "Лінія", "name": "Ім’я", "segment": "Сегмент", "debt": "Борг",
        "link": "Відкрити в CRM", "nothing": "Більше нічого не відомо.", "hidden": "прихований",
    },
}  # fmt: skip
_STYLE = (
    "body{font:16px/1.4 system-ui,sans-serif;margin:1.5rem;max-width:40rem}"
    "h1{font-size:1.2rem}dt{color:#666;font-size:.85rem}dd{margin:0 0 .7rem;overflow-wrap:anywhere}"
)


class Cards(Protocol):
    """What is asked of the office's cards."""

    @property
    def keys(self) -> CardKeys:
        """What opens single cards."""

    async def of(self, chain: str) -> Card | None:
        """The card of a call; None if there was no such call."""


def routes(cards: Cards, language: str, access: Access) -> APIRouter:
    """The page /card/{call}. `language` is that of the office, for browsers that want none of ours.

    It opens by the address that the event `card` gives, or by a token: of a user for his own calls, or of who leads.
    """
    router = APIRouter(tags=["card"])

    async def holder(
        request: Request,
        call: str,
        key: Annotated[str, Query(max_length=100)] = "",
        authorization: Annotated[str, Header()] = "",
    ) -> ApiToken | None:
        if key and cards.keys.right(call, key):
            return None
        kind, _, plain = authorization.partition(" ")
        plain = plain.strip() if kind.lower() == "bearer" else ""
        return await access.holder(plain or session_of(request), OWN, address=address_of(request))

    holder.scope = OWN  # type: ignore[attr-defined]  # as those of `Access.to` tell what is asked for

    @router.get("/card/{call}", response_class=HTMLResponse)
    async def page(
        call: str,
        token: Annotated[ApiToken | None, Depends(holder)],
        lang: Annotated[str, Query(pattern="^(en|ru|uk)?$")] = "",
        accept_language: Annotated[str, Header()] = "",
    ) -> HTMLResponse:
        card = await cards.of(call)
        if card is None:
            raise HTTPException(404, "there is no such call")
        if token is not None and not for_others(token) and token.login not in card.logins:
            raise HTTPException(403, "this call is not yours")
        return HTMLResponse(html(card, lang or first_of(accept_language) or language), headers=_HEADERS)

    return router


def html(card: Card, language: str) -> str:
    """The page."""
    words = WORDS.get(language, WORDS["en"])
    rows = [(words["number"], card.number or words["hidden"]), (words["line"], card.line)]
    rows += [(words.get(name, name), text) for name, text in card.fields.items()]
    listed = "".join(f"<dt>{escape(label)}</dt><dd>{escape(text)}</dd>" for label, text in rows if text)
    more = "" if card.fields or card.link else f"<p>{words['nothing']}</p>"
    link = ""
    if card.link:
        link = f'<p><a href="{escape(card.link)}" target="_blank" rel="noopener noreferrer">{words["link"]}</a></p>'
    title = f"{words['card']} {escape(card.number or words['hidden'])}"
    return (
        f'<!doctype html><html lang="{escape(language)}"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width"><title>{title}</title><style>{_STYLE}</style></head>'
        f"<body><h1>{title}</h1><dl>{listed}</dl>{more}{link}</body></html>"
    )
