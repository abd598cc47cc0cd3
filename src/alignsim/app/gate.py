"""Who may see a page of a class: a student what the teacher has opened, the teacher all of it.

A student's browser gets a random number in a cookie, so that a student counts once in a mean; it
is forgotten when the browser closes, and says nothing of a person.
"""

import hashlib
import secrets
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from htmltools import HTMLDocument, Tag, tags
from shiny import Session
from starlette.datastructures import MutableHeaders
from starlette.requests import HTTPConnection
from starlette.responses import HTMLResponse, Response

from alignsim.app import page as frame
from alignsim.app.lesson import OPEN, PLAY, Lesson
from alignsim.app.setting import PageSetting
from alignsim.app.texts import t

Scope = dict[str, Any]
Message = Any
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

TEACHER = "teacher"
ALWAYS = ("", PLAY, TEACHER, "static", "favicon.ico")
"""First parts of the addresses that everyone reaches: the teacher's page asks for its key."""
TEACHER_COOKIE, STUDENT_COOKIE = "alignsim-teacher", "alignsim-student"
REFUSED, GOING_AWAY = 1008, 1001
"""Codes of a connection that is refused, or ended."""


def is_key(key: str, given: str) -> bool:
    """Whether a key that was given is the teacher's; nothing is where there is no key."""
    return bool(key) and secrets.compare_digest(key.encode(), given.encode("utf-8", "replace"))


def is_teacher(key: str, cookies: Mapping[str, str]) -> bool:
    """Whether a browser has opened the teacher's page with its key."""
    return bool(key) and is_key(_digest(key), cookies.get(TEACHER_COOKIE, ""))


def lesson_for(lesson: Lesson, key: str, cookies: Mapping[str, str]) -> Lesson:
    """The lesson as the owner of a browser sees it: nothing is closed to the teacher."""
    return OPEN if is_teacher(key, cookies) else lesson


def browser_of(cookies: Mapping[str, str]) -> str:
    """What tells a student's browser from others; empty where it keeps no cookies."""
    return cookies.get(STUDENT_COOKIE, "")[:40]


def cookies_of(session: Session) -> Mapping[str, str]:
    """The cookies that an open page came with."""
    connection: HTTPConnection | None = getattr(session, "http_conn", None)
    return {} if connection is None else connection.cookies


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()


class Gate:
    """Stands before the pages of a class."""

    def __init__(self, app: Any, lesson: Lesson, key: str) -> None:
        """Stand before an app; ``key`` is the teacher's."""
        self.app, self.lesson, self.key = app, lesson, key

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or answer that the page is not open yet."""
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        connection = HTTPConnection(scope)
        part = _path(scope).strip("/").partition("/")[0]
        if part in ALWAYS or is_teacher(self.key, connection.cookies):
            await self.app(scope, receive, self._with_cookie(connection, part, send))
        elif self.lesson.opened:
            await self.app(scope, self._while_open(receive), send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": REFUSED})
        else:
            await closed(_path(scope))(scope, receive, send)

    def _while_open(self, receive: Receive) -> Receive:
        """Messages of an open page, until the teacher closes it."""

        async def next_message() -> Message:
            message = await receive()
            if message["type"] == "websocket.receive" and not self.lesson.opened:
                return {"type": "websocket.disconnect", "code": GOING_AWAY}
            return message

        return next_message

    def _with_cookie(self, connection: HTTPConnection, part: str, send: Send) -> Send:
        """The answer with a cookie for whoever has none: the teacher's, or a student's."""
        given = connection.query_params.get("key", "")
        if connection.scope["type"] != "http":
            return send
        if part == TEACHER and is_key(self.key, given):
            name, text = TEACHER_COOKIE, _digest(self.key)
        elif part == PLAY and not browser_of(connection.cookies):
            name, text = STUDENT_COOKIE, secrets.token_urlsafe(12)
        else:
            return send
        made = Response()
        made.set_cookie(name, text, path=connection.scope.get("root_path") or "/", httponly=True)

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).append("set-cookie", made.headers["set-cookie"])
            await send(message)

        return answer


def _path(scope: Scope) -> str:
    return str(scope["path"]).removeprefix(scope.get("root_path", ""))


def closed(path: str) -> Response:
    """The answer to a student who asks for a page that is not open yet."""
    up = "../" * (path.count("/") - 1) or "./"
    content = HTMLDocument(_closed_page(up)).render()["html"]
    return HTMLResponse(content, 403, {"Cache-Control": "no-store"})


def _closed_page(up: str) -> Tag:
    return frame.document(
        "closed",
        PageSetting(),
        tags.p(t("closed.lead"), class_="lead"),
        tags.p(t("closed.again"), class_="note"),
        tags.p(tags.a(t("closed.play"), href=f"{up}{PLAY}/", class_="button main")),
        pages=(PLAY,),
        up=up,
        data_waits="",
    )


class Rooted:
    """Serves an app below a path, whether or not a proxy before it has taken the path away."""

    def __init__(self, app: Any, root: str) -> None:
        """Stand before an app; ``root`` begins with a slash and ends without one."""
        self.app, self.root = app, root

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on under its full path."""
        if scope["type"] in ("http", "websocket"):
            path = scope["path"]
            below = path == self.root or path.startswith(f"{self.root}/")
            scope = {**scope, "root_path": self.root, "path": path if below else self.root + path}
        await self.app(scope, receive, send)
