"""The page Explore: sliders, and at once what would have happened."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlencode

from htmltools import Tag, TagChild, TagList, tags
from shiny import Inputs, Outputs, Session, reactive, render, ui
from starlette.requests import Request

from alignsim.app import charts, controls, downloads, forecasting, opening
from alignsim.app import page as frame
from alignsim.app import setting as settings
from alignsim.app.forecasting import Forecast
from alignsim.app.page import rich
from alignsim.app.setting import PageSetting, SettingError
from alignsim.app.texts import t

OWN = ("show", "kept")
"""Parts of the address that are the page's own: inputs added, and a setting kept to compare."""
MAX_SHOWN = 12
UNDO = 50
"""Settings that undo remembers."""
_log = logging.getLogger(__name__)
ONE_MOVE = 1.5
"""Seconds within which moves of one slider are undone together."""


# --- what the address says --------------------------------------------------------------------


@dataclass(frozen=True)
class State:
    """All that the page shows: the setting, one kept beside it, and inputs added to the sliders."""

    setting: PageSetting = field(default_factory=PageSetting)
    kept: PageSetting | None = None
    shown: tuple[str, ...] = ()

    def own(self) -> str:
        """The page's own part of the address."""
        parts = [("kept", self.kept.query())] if self.kept else []
        parts += [("show", ",".join(self.shown))] if self.shown else []
        return f"&{urlencode(parts)}" if parts else ""


def from_query(items: list[tuple[str, str]]) -> State:
    """The state of an address's query. Raises SettingError."""
    setting = settings.from_query(items, OWN)
    own = dict(items)
    kept = settings.from_query(parse_qsl(own["kept"])) if "kept" in own else None
    shown = tuple(filter(None, own.get("show", "").split(",")[:MAX_SHOWN]))
    for path in shown:
        settings.target(setting.start, path)
    return State(setting, kept, shown)


def opened(items: list[tuple[str, str]]) -> tuple[State, str]:
    """The state of an address, and the sentence on its fault: then the documented case."""
    try:
        return from_query(items), ""
    except SettingError as error:
        return State(), t("frame.fault", fault=error)


# --- the page ---------------------------------------------------------------------------------


def page(request: Request) -> Tag:
    """The page as it opens; charts follow as soon as the connection stands."""
    state, fault = opened(request.query_params.multi_items())
    setting = state.setting
    return frame.document(
        "explore",
        setting,
        tags.p(rich(t("explore.lead", runs=f"{forecasting.RUNS:,}")), class_="lead"),
        frame.alert(fault) if fault else None,
        ui.output_ui("fault"),
        tags.div(
            tags.section(
                tags.h2(t("explore.controls")),
                _start(setting),
                tags.details(tags.summary(t("explore.about")), ui.output_ui("about")),
                _buttons(),
                tags.p(rich(t("explore.evidence")), class_="note"),
                ui.output_ui("sliders"),
                tags.div(ui.output_ui("adder"), class_="row"),
                _more(setting),
                class_="controls",
                aria_label=t("explore.controls"),
            ),
            tags.section(
                tags.h2(t("explore.result")),
                ui.output_ui("result"),
                charts.legend(),
                tags.p(t("explore.hint"), class_="note no-print"),
                tags.details(
                    tags.summary(t("explore.numbers")),
                    ui.output_ui("numbers"),
                    data_tells="numbers_open",
                ),
                downloads.taking(),
                aria_label=t("explore.result"),
            ),
            class_="bench",
        ),
    )


def _start(setting: PageSetting) -> Tag:
    choices: dict[str, dict[str, str]] = {}
    for name, scenario in settings.starts().items():
        if name == scenario.episode:
            choices[scenario.title] = {name: scenario.title}
        else:
            title = settings.starts()[scenario.episode].title
            choices[title][name] = settings.title(name)
    return ui.input_select("start", t("explore.start"), choices, selected=setting.start)


def _buttons() -> Tag:
    return tags.div(
        *(ui.input_action_button(name, t(f"explore.{name}")) for name in ("undo", "reset", "keep")),
        class_="row",
    )


def _more(setting: PageSetting) -> Tag:
    return tags.div(
        ui.input_text("seed", t("explore.seed"), str(setting.seed), update_on="blur"),
        tags.p(t("explore.seed_help"), class_="note"),
        tags.label(t("explore.file"), for_="file"),
        tags.input(
            id="file",
            type="file",
            accept=".yaml,.yml",
            data_most=str(settings.MAX_FILE),
            data_shiny_no_bind_input="",
        ),
        class_="more",
    )


# --- what happens -----------------------------------------------------------------------------


class _Desk:
    """The state of one open page, and what it was before."""

    def __init__(self, state: State) -> None:
        self.state = reactive.value(state)
        self.drawn = reactive.value(0)
        self.fault = reactive.value("")
        self.past: list[State] = []
        self.last: tuple[float, frozenset[str]] = (0.0, frozenset())

    def move(self, make: Callable[[State], State], redraw: bool = True) -> None:
        """Go to another state, unless it has a fault: that is told."""
        with reactive.isolate():
            now = self.state()
        try:
            after = make(now)
            if after is now:
                return
            forecasting.forecast(after.setting)
        except SettingError as error:
            self.fault.set(str(error))
            return
        except Exception:
            # The session would end, and with it the page.
            _log.exception("a move of the page Explore failed")
            self.fault.set(t("frame.broken"))
            return
        self.fault.set("")
        if after == now:
            return
        self._remember(now, after)
        self.state.set(after)
        if redraw:
            self._redraw()

    def undo(self) -> None:
        """Back to the state before."""
        if self.past:
            self.state.set(self.past.pop())
            self.last = (0.0, frozenset())
            self.fault.set("")
            self._redraw()

    def _redraw(self) -> None:
        with reactive.isolate():
            self.drawn.set(self.drawn() + 1)

    def _remember(self, now: State, after: State) -> None:
        """Moves of the same slider within a moment are one."""
        different = frozenset(dict(set(now.setting.changes) ^ set(after.setting.changes)))
        clock = time.monotonic()
        if not (different and different == self.last[1] and clock - self.last[0] < ONE_MOVE):
            self.past = [*self.past[1 - UNDO :], now]
        self.last = (clock, different)


def server(input: Inputs, output: Outputs, session: Session) -> None:  # noqa: A002
    """Tie the page to the model."""
    desk = _Desk(opened(frame.asked(session))[0])
    _listen(input, desk)
    _draw(input, desk)

    @reactive.effect
    async def readdress() -> None:
        state = desk.state()
        await session.send_custom_message(
            "address", {"query": state.setting.query(), "own": state.own()}
        )

    @reactive.effect
    def select() -> None:
        desk.drawn()
        with reactive.isolate():
            setting = desk.state().setting
        ui.update_select("start", selected=setting.start)
        ui.update_text("seed", value=str(setting.seed))


def _listen(input: Inputs, desk: _Desk) -> None:  # noqa: A002
    """What the reader does."""

    @reactive.effect
    @reactive.event(input.changes)
    def change() -> None:
        desk.move(
            lambda now: changed(now, settings.from_numbers(now.setting, input.changes())),
            redraw=False,
        )

    @reactive.effect
    @reactive.event(input.start, ignore_init=True)
    def start() -> None:
        desk.move(lambda now: started(now, str(input.start())))

    @reactive.effect
    @reactive.event(input.seed, ignore_init=True)
    def seed() -> None:
        desk.move(lambda now: seeded(now, str(input.seed())), redraw=False)

    @reactive.effect
    @reactive.event(input.file)
    def file() -> None:
        sent = input.file()
        text = sent.get("text") if isinstance(sent, dict) else None
        desk.move(lambda now: State(opening.from_file(text, now.setting), now.kept))
        with reactive.isolate():
            if not desk.fault():
                desk.fault.set(opening.left_out(text, desk.state().setting))

    @reactive.effect
    @reactive.event(input.add)
    def add() -> None:
        desk.move(lambda now: added(now, str(input.add())))

    @reactive.effect
    @reactive.event(input.undo)
    def undo() -> None:
        desk.undo()

    @reactive.effect
    @reactive.event(input.reset)
    def reset() -> None:
        desk.move(lambda now: State(now.setting.documented, now.kept))

    @reactive.effect
    @reactive.event(input.keep)
    def keep() -> None:
        desk.move(lambda now: State(now.setting, now.setting, now.shown), redraw=False)

    @reactive.effect
    @reactive.event(input.drop)
    def drop() -> None:
        desk.move(lambda now: State(now.setting, None, now.shown), redraw=False)


def changed(now: State, setting: PageSetting) -> State:
    """Another setting; what is kept and shown beside it stays."""
    return State(setting, now.kept, now.shown)


def started(now: State, start: str) -> State:
    """Another start, without changes, under the same seed. Raises SettingError."""
    if start == now.setting.start:
        return now
    made = settings.checked(PageSetting(start, now.setting.seed))
    return State(made, now.kept)


def seeded(now: State, text: str) -> State:
    """The seed of the box; an empty box leaves it as it is. Raises SettingError."""
    if text.strip() in ("", str(now.setting.seed)):
        return now
    query = [*parse_qsl(now.setting.query()), ("seed", text.strip())]
    return changed(now, settings.from_query(query))


def added(now: State, path: str) -> State:
    """A further slider, unless none is chosen. Raises SettingError."""
    if not path or path in now.shown:
        return now
    settings.target(now.setting.start, path)
    return State(now.setting, now.kept, (*now.shown, path)[-MAX_SHOWN:])


def _draw(input: Inputs, desk: _Desk) -> None:  # noqa: A002
    """What the reader sees."""

    @render.ui
    def fault() -> TagChild:
        text = desk.fault()
        return frame.alert(text) if text else None

    @render.ui
    def about() -> TagChild:
        desk.drawn()
        with reactive.isolate():
            return TagList(*_about(desk.state().setting.start))

    @render.ui
    def sliders() -> TagChild:
        desk.drawn()
        with reactive.isolate():
            state = desk.state()
        return controls.panel(state.setting, state.shown)

    @render.ui
    def adder() -> TagChild:
        desk.drawn()
        with reactive.isolate():
            return controls.added(desk.state().setting)

    @render.ui
    def result() -> TagChild:
        return result_of(desk.state(), bool(input.narrow()))

    @render.ui
    def numbers() -> TagChild:
        if not input.numbers_open():
            return None
        return charts.numbers(forecasting.forecast(desk.state().setting))

    @render.ui
    def files() -> TagChild:
        return downloads.links(desk.state().setting)


def _about(start: str) -> list[TagChild]:
    """What the case or what-if is, in its own file's words."""
    scenario = settings.starts()[start]
    if start == scenario.episode:
        return [tags.p(scenario.summary)]
    return [tags.p(settings.whatif(start).why), tags.p(scenario.summary, class_="note")]


def result_of(state: State, narrow: bool) -> TagList:
    """What would have happened: in a sentence, at the end, and step by step."""
    now = forecasting.forecast(state.setting)
    before = forecasting.forecast(state.setting.documented)
    case = tags.p(tags.strong(charts.case(state.setting)), class_="print-only")
    timeline = TagList(case, charts.timeline(now.ensemble.scenario))
    if state.kept is not None:
        return TagList(charts.strip(now), timeline, _beside(state.kept, now, before, narrow))
    told = _told(now, before, "caption")
    return TagList(charts.strip(now), *told, timeline, charts.charts(now, narrow))


def _told(now: Forecast, before: Forecast, which: str) -> tuple[Tag, Tag]:
    """The sentence and the summary."""
    sentence = tags.p(charts.sentence(now, before), class_="lead", role="status")
    return sentence, charts.summary(now, before, which)


def _beside(kept: PageSetting, now: Forecast, before: Forecast, narrow: bool) -> Tag:
    """Two settings side by side."""
    other = forecasting.forecast(kept)
    return tags.div(
        tags.div(
            tags.h3(t("explore.compared")),
            *_told(other, forecasting.forecast(kept.documented), "kept"),
            ui.input_action_button("drop", t("explore.drop")),
        ),
        charts.charts(other, narrow),
        tags.div(tags.h3(t("explore.now")), *_told(now, before, "now")),
        charts.charts(now, narrow),
        class_="pair",
    )
