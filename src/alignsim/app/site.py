"""The whole site: a Shiny app a page, files, and the limits that hold for all of them."""

from collections.abc import Awaitable, Callable
from typing import Any

from shiny import App
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from alignsim.app import (
    downloads,
    evidence_page,
    explanations,
    explore,
    play,
    teacher,
    why,
    world_page,
)
from alignsim.app.isolation import forget_isolated_readings
from alignsim.app.page import STATIC
from alignsim.app.rooms import Rooms

MAX_SESSIONS = 300
"""Pages open at once."""
MAX_QUERY = 8 * 1024
"""Bytes of a query: an address with every change allowed is shorter."""
OWN_HOSTS = ["localhost", "127.0.0.1"]

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]


class Limits:
    """Refuses what no page sends: uploads, long addresses, and more sessions than can be served."""

    def __init__(self, app: Any) -> None:
        """Stand before an app."""
        self.app = app
        self.sessions = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] == "websocket":
            await self._session(scope, receive, send)
            return
        refusal = _refused(scope) if scope["type"] == "http" else None
        await (refusal or self.app)(scope, receive, send)

    async def _session(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self.sessions >= MAX_SESSIONS:
            await send({"type": "websocket.close", "code": 1013})
            return
        self.sessions += 1
        try:
            await self.app(scope, receive, send)
        finally:
            self.sessions -= 1


def _refused(scope: Scope) -> Response | None:
    if scope["method"] not in ("GET", "HEAD"):
        return PlainTextResponse("only reading is allowed", 405)
    if len(scope["query_string"]) > MAX_QUERY:
        return PlainTextResponse("the address is too long", 414)
    return None


def site(key: str = "", in_class: bool = False) -> Starlette:
    """The site. ``key`` opens the teacher's page; in class it is served to other machines too."""
    forget_isolated_readings()
    rooms = Rooms()
    pages = {
        "explore": App(explore.page, explore.server),
        "why": App(why.page, why.server),
        "play": App(play.page, play.server(rooms)),
        "explanations": App(explanations.page, None),
        "world": App(world_page.page, world_page.server),
        "evidence": App(evidence_page.page, None),
    }
    if in_class:
        pages["teacher"] = App(teacher.page(key), teacher.server(rooms, key))
    for app in pages.values():
        app.sanitize_errors = True
    routes: list[BaseRoute] = [
        Route("/", lambda request: RedirectResponse("/explore/")),
        Route("/favicon.ico", lambda request: RedirectResponse("/static/icon.svg")),
        *downloads.routes(),
        Mount("/static", StaticFiles(directory=STATIC)),
        *(Mount(f"/{name}", app) for name, app in pages.items()),
    ]
    middleware = [Middleware(Limits)]
    if not in_class:
        middleware.append(Middleware(TrustedHostMiddleware, allowed_hosts=OWN_HOSTS))
    return Starlette(routes=routes, middleware=middleware)
