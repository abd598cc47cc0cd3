"""The page Play a seat: what a player's browser shows, and what its buttons do.

A game lives in :class:`alignsim.app.rooms.Rooms`; a page only looks at its room when rooms change,
and draws what is new. What is being filled in is drawn once and left alone. The address holds
room, seat and moves, so that a reloaded page, a lost connection or a second tab goes on where the
game is, and a game whose room is gone can be opened again.
"""

import logging
from collections.abc import Callable
from contextlib import suppress
from typing import Any
from urllib.parse import urlencode

from htmltools import Tag, TagChild, tags
from shiny import Inputs, Outputs, Session, reactive, render, ui
from starlette.requests import Request

from alignsim import __version__
from alignsim.app import asking, gate, play_setup, play_steps, signals
from alignsim.app import game as games
from alignsim.app import moves as texts_of_moves
from alignsim.app import page as frame
from alignsim.app import setting as settings
from alignsim.app.debrief import Prediction
from alignsim.app.game import GameError
from alignsim.app.lesson import PLAY, Lesson
from alignsim.app.play_address import Address, opened, said_of, said_text, unfit
from alignsim.app.play_screens import SEATED, SETUP, Screen, drawn, screen_of
from alignsim.app.room import Player, Room, RoomError
from alignsim.app.rooms import Rooms
from alignsim.app.setting import PageSetting, SettingError
from alignsim.app.texts import t
from alignsim.history import Key

MAX_OPENED = 20
"""Games that one open page may open."""
_log = logging.getLogger(__name__)

PageFunction = Callable[[Request], Tag]
ServerFunction = Callable[[Inputs, Outputs, Session], None]


# --- the page -------------------------------------------------------------------------------------


def page(lesson: Lesson, key: str = "") -> PageFunction:
    """The page function for a lesson. What there is to do follows once the connection stands."""

    def made(request: Request) -> Tag:
        address = opened(request.query_params.multi_items())
        seen = gate.lesson_for(lesson, key, request.cookies)
        return frame.document(
            "play",
            address.setting,
            tags.link(rel="stylesheet", href=f"{frame.UP}static/play.css?{__version__}"),
            frame.alert(address.fault) if address.fault else None,
            tags.p(t("play.changes_ignored"), role="note") if address.had_changes else None,
            play_setup.way_back(),
            ui.output_ui("fault"),
            ui.output_ui("room"),
            ui.output_ui("stage"),
            asking.dialog("leave", t("play.room.ask_leave"), t("play.room.ask_leave_yes"), "leave"),
            asking.dialog("stop", t("play.room.ask_stop"), t("play.room.ask_stop_yes"), "stop"),
            tags.script(src=f"{frame.UP}static/play.js?{__version__}", defer=""),
            pages=seen.pages,
        )

    return made


# --- one open page --------------------------------------------------------------------------------


class _Page:
    """One open page: where it sits, what it shows, and what its buttons do."""

    def __init__(
        self,
        rooms: Rooms,
        lesson: Lesson,
        input: Inputs,  # noqa: A002
        address: Address,
        browser: str = "",
    ) -> None:
        self.rooms, self.lesson, self.input, self.browser = rooms, lesson, input, browser
        self.setting = address.setting
        self.own = dict(address.own)
        self.seated = bool(address.part("room") and address.part("token"))
        self.openings = 0
        self.acts = reactive.value(0)
        self.fault = reactive.value("")
        self.screen = reactive.value(Screen(""))
        self.version = reactive.value(-1)
        self.joinable = reactive.value(("", -1))
        self.pages = reactive.value(lesson.pages)

    # --- looking ----------------------------------------------------------------------------------

    def here(self) -> tuple[Room | None, str | None]:
        """The room and the seat of this page, as far as they are."""
        room = self.rooms.find(self.own.get("room", ""))
        return room, None if room is None else room.seat_of(self.own.get("token", ""))

    def look(self) -> None:
        """Notice what has changed; values are set only then, so that nothing else is redrawn."""
        room, seat = self.here()
        if self.seated:
            shut = self.rooms.is_shut(self.own.get("room", ""))
            shown = room is None or self.lesson.shows(room.game.start)
            screen = screen_of(room, seat, self.own.get("seat", ""), shut, shown)
        else:
            screen = SETUP._replace(tick=len(self.lesson.starts))
        if screen.kind == "debrief":
            screen = screen._replace(tick=len(self.lesson.pages))
        signals.renew(self.pages, self.lesson.pages)
        code = self.text("code")
        signals.renew(self.screen, screen)
        signals.renew(self.version, room.version if room is not None and self.seated else -1)
        signals.renew(self.joinable, (code, self.rooms.version_of(code)))

    def address(self) -> dict[str, object]:
        """The address as it should stand now, for the message to the browser."""
        room, seat = self.here()
        if not self.seated:
            return {"query": self.setting.query(), "own": ""}
        if room is not None and seat is not None:
            self.setting = room.game.setting
            self.own |= {
                "seat": seat,
                "moves": texts_of_moves.text_of(room.game, seat),
                "said": said_text(room.players[seat].said),
                "name": room.players[seat].name,
                "lobby": "" if room.begun else "1",
            }
        return {
            "query": self.setting.query(),
            "own": f"&{urlencode({name: text for name, text in self.own.items() if text})}",
        }

    # --- what the browser sent --------------------------------------------------------------------

    def text(self, name: str) -> str:
        """A text or radio button; empty where there is none, and never a very long one."""
        value: Any = self.input[name]() if name in self.input else None
        return value[: settings.MAX_TEXT * 10] if isinstance(value, str) else ""

    def whole(self, name: str) -> int | None:
        """A whole number; None where there is none."""
        value: Any = self.input[name]() if name in self.input else None
        if isinstance(value, int) and not isinstance(value, bool):
            return value  # however large: no float holds a number of 400 digits
        return int(value) if isinstance(value, float) and value.is_integer() else None

    # --- buttons ----------------------------------------------------------------------------------

    def act(self, do: Callable[[], None]) -> None:
        """Do what a button asks for; what is refused is told in one sentence."""
        try:
            do()
        except (RoomError, GameError, SettingError) as error:
            self.fault.set(str(error))
        except Exception:
            # The session would end, and with it the page.
            _log.exception("a button of the page Play a seat failed")
            self.fault.set(t("frame.broken"))
        else:
            self.fault.set("")
        with reactive.isolate():
            self.acts.set(self.acts() + 1)

    def open(self) -> None:
        """Open a game."""
        start, seed = self.text("start"), self.text("seed").strip()
        setting = settings.from_query([("start", start), ("seed", seed)])
        self._may_play(setting.start)
        shared = self.text("who") == "shared"
        self._count()
        seat, name = self._seat("seat"), self.text("name")
        self._enter(*self.rooms.create(setting, seat, name, shared, self.browser))

    def join(self) -> None:
        """Join a game."""
        seat, name = self._seat("join_seat"), self.text("join_name")
        self._enter(*self.rooms.join(self.text("code"), seat, name, self.browser))

    def resume(self) -> None:
        """Go on with the game of the address."""
        self._count()
        own = self.own
        if self.rooms.find(own.get("room", "")) is None:
            self._may_play(self.setting.start)
        room, player = self.rooms.resume(
            own.get("room", ""),
            self.setting,
            own.get("seat", ""),
            own.get("moves", ""),
            own.get("name", ""),
            begun=not own.get("lobby"),
            browser=self.browser,
        )
        self._enter(room, player)
        said = said_of(own.get("said", ""))
        if said is not None:
            # A prediction that does not fit is asked for again.
            with suppress(RoomError):
                self.rooms.predict(room.code, player.token, said)

    def predict(self) -> None:
        """Keep a prediction."""
        room, _ = self.rooms.seated(*self._place())
        chances, levels = [], []
        for ally in room.game.scenario.allies:
            chance, level = self.whole(f"chance_{ally}"), self.text(f"final_{ally}")
            if chance is None or not level.isdecimal():
                raise RoomError(t("play.faults.prediction"))
            chances.append(chance)
            levels.append(int(level))
        self.rooms.predict(*self._place(), Prediction(tuple(chances), tuple(levels)))

    def decide(self) -> None:
        """Take the decisions of a step."""
        room, seat = self.rooms.seated(*self._place())
        now = room.position
        offers = [] if now.over else now.offers(seat)
        names = [play_steps.field_name(now.step, number) for number in range(len(offers))]
        if not any(name in self.input for name in names):
            # A click too many: the form of this step has not been shown yet.
            return
        chosen: dict[Key, int] = {}
        for offer, name in zip(offers, names, strict=True):
            option = self.text(name)
            if option.isdecimal():
                chosen[offer.key] = int(option)
        self.rooms.choose(*self._place(), now.step, chosen)

    def hand(self, seat: str) -> None:
        """Leave an absent seat to the model."""
        self.rooms.hand(*self._place(), seat)

    def leave(self) -> None:
        """Give the seat up."""
        self.rooms.leave(*self._place())
        self.own, self.seated = {}, False

    def begin(self) -> None:
        """Begin a shared game."""
        self.rooms.begin(*self._place())

    def take_back(self) -> None:
        """Play on at a seat that was left to the model."""
        self.rooms.take_back(*self._place())

    def stop(self) -> None:
        """Want to end the game before its last step."""
        self.rooms.stop(*self._place())

    def go_on(self) -> None:
        """Want to play on after all."""
        self.rooms.stop(*self._place(), wanted=False)

    def _place(self) -> tuple[str, str]:
        return self.own.get("room", ""), self.own.get("token", "")

    def _enter(self, room: Room, player: Player) -> None:
        self.own = {"room": room.code, "token": player.token}
        self.setting, self.seated = room.game.setting, True

    def _seat(self, name: str) -> str:
        seat = self.text(name)
        if not seat:
            raise RoomError(t("play.faults.seat_first"))
        return seat

    def _may_play(self, start: str) -> None:
        if not self.lesson.plays(start):
            raise RoomError(t("play.faults.held"))

    def _count(self) -> None:
        self.openings += 1
        if self.openings > MAX_OPENED:
            raise RoomError(t("play.faults.openings", most=MAX_OPENED))

    # --- drawing ----------------------------------------------------------------------------------

    def stage(self, screen: Screen) -> TagChild:
        """What the page shows below the room."""
        room, seat = self.here()
        if screen.kind == "setup":
            return play_setup.setup(self.setting, self.lesson.starts, self.own.get("room", ""))
        if screen.kind == "shut":
            return play_setup.shut(frame.address("play", self.setting))
        if screen.kind == "ended":
            return play_setup.ended(
                unfit(self.setting, self.own), frame.address("play", self.setting)
            )
        if screen.kind == "returning":
            return play_setup.returning()
        if screen.kind == "displaced" or room is None or seat is None:
            return play_setup.displaced(self.own.get("room", ""))
        return drawn(screen, room, seat, self.lesson.opened)


def server(rooms: Rooms, lesson: Lesson, key: str = "") -> ServerFunction:
    """The server function of the page, for the rooms and the lesson of one server."""
    changed = signals.of(rooms, lesson)

    def start(input: Inputs, output: Outputs, session: Session) -> None:  # noqa: A002
        cookies = gate.cookies_of(session)
        seen = gate.lesson_for(lesson, key, cookies)
        address = opened(frame.asked(session))
        here = _Page(rooms, seen, input, address, gate.browser_of(cookies))
        _look(here, session, changed)
        _listen(here, input)
        _draw(here)

    return start


def _look(here: _Page, session: Session, changed: reactive.Value[tuple[int, int]]) -> None:
    """Look at the room when rooms change and after every button; keep the address up to date."""

    @reactive.effect
    def _watch() -> None:
        changed()
        here.acts()
        here.look()

    @reactive.effect
    async def _readdress() -> None:
        if here.screen().kind == "setup" or here.screen().kind in SEATED:
            here.version()
            await session.send_custom_message("address", here.address())

    @reactive.effect
    @reactive.event(here.pages, ignore_init=True)
    async def _renavigate() -> None:
        links = frame.navigation(PLAY, here.setting, here.pages())
        await session.send_custom_message("pages", {"links": str(links)})

    @reactive.effect
    @reactive.event(here.input.start)
    async def _restart() -> None:
        start = here.text("start")
        if not here.seated and here.lesson.plays(start):
            here.setting = PageSetting(start, here.setting.seed)
            await session.send_custom_message("address", here.address())


def _listen(here: _Page, input: Inputs) -> None:  # noqa: A002
    """Tie the buttons to what they do."""

    def on(name: str, do: Callable[[], None]) -> None:
        @reactive.effect
        @reactive.event(input[name])
        def _() -> None:
            here.act(do)

    seated = ("predict", "begin", "decide", "leave", "take_back", "stop", "go_on")
    for name in ("open", "join", "resume", *seated):
        on(name, getattr(here, name))
    codes = {seat for one in settings.starts().values() for seat in games.seats(one)}
    for seat in sorted(codes):
        on(f"hand_{seat}", lambda seat=seat: here.hand(seat))  # type: ignore[misc]


def _draw(here: _Page) -> None:
    """What the player sees."""

    @render.ui
    def fault() -> TagChild:
        here.acts()  # the same fault is told again when the same button is pressed again
        text = here.fault()
        return frame.alert(text) if text else None

    @render.ui
    def room() -> TagChild:
        here.version()
        if here.screen().kind not in SEATED:
            return None
        found, seat = here.here()
        return play_steps.room_bar(found, seat) if found is not None and seat else None

    @render.ui
    def stage() -> TagChild:
        screen = here.screen()
        with reactive.isolate():
            return here.stage(screen) if screen.kind else None

    @render.ui
    def scene() -> TagChild:
        start = here.text("start")
        if not here.lesson.plays(start):
            return None
        return play_setup.scene(start, here.own.get("seat"))

    @render.ui
    def places() -> TagChild:
        code, _ = here.joinable()
        return play_setup.places(here.rooms.find(code), code)
