"""The whole site: a Shiny app a page, files, and the limits that hold for all of them."""

from collections.abc import Awaitable, Callable
from typing import Any

from shiny import App
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
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
from alignsim.app.gate import Gate
from alignsim.app.isolation import forget_isolated_readings
from alignsim.app.lesson import PLAY, Lesson
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


def site(key: str = "", in_class: bool = False, behind_proxy: bool = False) -> Starlette:
    """The site. ``key`` opens the teacher's page; in class it is served to other machines too.

    A class is held: students see what the teacher has opened. Behind a proxy the site answers to
    the proxy's name, whichever it is; else to names of this machine only.
    """
    forget_isolated_readings()
    rooms, lesson = Rooms(), Lesson(held=in_class)
    pages = {
        "explore": App(explore.page, explore.server),
        "why": App(why.page, why.server),
        "play": App(play.page(lesson, key), play.server(rooms, lesson, key)),
        "explanations": App(explanations.page, None),
        "world": App(world_page.page, world_page.server),
        "evidence": App(evidence_page.page, None),
    }
    if in_class:
        pages["teacher"] = App(teacher.page(key), teacher.server(rooms, lesson, key))
    for app in pages.values():
        app.sanitize_errors = True
    routes: list[BaseRoute] = [
        _moved("/", f"{PLAY if in_class else 'explore'}/"),
        _moved("/favicon.ico", "static/icon.svg"),
        *(_moved(f"/{name}", f"{name}/") for name in pages),
        *downloads.routes(),
        Mount("/static", StaticFiles(directory=STATIC)),
        *(Mount(f"/{name}", app) for name, app in pages.items()),
    ]
    middleware = [Middleware(Limits)]
    if not in_class and not behind_proxy:
        middleware.append(Middleware(TrustedHostMiddleware, allowed_hosts=OWN_HOSTS))
    if in_class:
        middleware.append(Middleware(Gate, lesson=lesson, key=key))
    return Starlette(routes=routes, middleware=middleware)


def _moved(path: str, to: str) -> Route:
    """A way to another address, relative to this one, so that it holds below any path."""

    def answer(request: Request) -> Response:
        query = f"?{request.url.query}" if request.url.query else ""
        return Response(status_code=307, headers={"location": f"{to}{query}"})

    return Route(path, answer)
