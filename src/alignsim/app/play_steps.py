"""What a player sees while a game goes on: the room, the brief, the choices, what was decided.

Documented decisions are nowhere in here: what stands in a table is what this game decided.
"""

from collections.abc import Sequence
from functools import lru_cache

from htmltools import HTML, Tag, TagChild, TagList, tags
from shiny import ui

from alignsim.app import asking, briefs, debrief, naming, page, wording
from alignsim.app import game as games
from alignsim.app import setting as settings
from alignsim.app.briefs import Brief, Figure
from alignsim.app.game import Offer, Position
from alignsim.app.page import rich
from alignsim.app.play_setup import Choice, heading, radios
from alignsim.app.room import Room
from alignsim.app.texts import t
from alignsim.history import Key
from alignsim.inputs import RUBRIC
from alignsim.scenario import Scenario

NAMED = 5
"""Interests that the brief shows before the rest is folded away."""


def field_name(step: int, number: int) -> str:
    """Name of the input of one decision; it holds for its step only."""
    return f"pick_{step}_{number}"


# --- the room -------------------------------------------------------------------------------------


def room_bar(room: Room, seat: str) -> Tag:
    """Who is in the room, for whom the game waits, and what can be done about it."""
    scenario = room.game.scenario
    who = [
        tags.li(
            t("play.room.seat", seat=wording.seat_name(scenario, one), who=_who(room, one, seat))
        )
        for one in games.seats(scenario)
    ]
    return tags.section(
        tags.ul(tags.li(tags.strong(t("play.room.code", code=room.code))), *who, class_="seats"),
        tags.p(
            " ".join(filter(None, (_waited(room, seat), _wish(room)))),
            role="status",
            class_="waited",
        ),
        tags.div(*_actions(room, seat), class_="row no-print"),
        class_="room",
        aria_label=t("play.room.label"),
    )


def _who(room: Room, seat: str, own: str) -> str:
    player = room.players.get(seat)
    if seat == own and player is not None:
        return t("play.room.you_named", name=player.name) if player.name else t("play.room.you")
    if seat in room.game.seats:
        if player is None:
            return t("play.room.empty")
        return player.name or t("play.room.unnamed")
    if player is not None:
        return t("play.room.away")
    return t("play.room.model") if room.begun else t("play.room.empty")


def _others(room: Room, seat: str) -> list[str]:
    """Seats that the game waits for while one's own has nothing to decide."""
    waiting = room.position.waiting
    if room.over or not room.begun or seat in waiting or seat not in room.game.seats:
        return []
    return list(waiting)


def _waited(room: Room, seat: str) -> str:
    scenario = room.game.scenario
    if seat not in room.game.seats and not room.over:
        return t("play.room.taken_from")
    others = _others(room, seat)
    if not others:
        return ""
    names = [wording.seat_name(scenario, one) for one in others]
    return t("play.room.waiting", seats=wording.listed(names))


def _wish(room: Room) -> str:
    """Who wants to end the game here."""
    wish = [seat for seat, player in room.players.items() if player.ends]
    if not wish or room.over:
        return ""
    names = [wording.seat_name(room.game.scenario, seat) for seat in wish]
    return t("play.room.wish", seats=wording.listed(names))


def _actions(room: Room, seat: str) -> list[Tag]:
    scenario = room.game.scenario
    if room.over:
        return []
    found = []
    if seat not in room.game.seats:
        found.append(ui.input_action_button("take_back", t("play.room.take_back")))
    for one in _others(room, seat):
        label = t("play.room.hand", seat=wording.seat_name(scenario, one))
        found.append(ui.input_action_button(f"hand_{one}", label))
    if room.players[seat].ends:
        found.append(ui.input_action_button("go_on", t("play.room.go_on")))
    elif seat in room.game.seats and room.begun and room.position.step:
        alone = room.game.seats == (seat,)
        found.append(asking.asks("stop", t(f"play.room.{'stop' if alone else 'stop_together'}")))
    found.append(asking.asks("leave", t("play.room.leave")))
    return found


# --- one step -------------------------------------------------------------------------------------


def deciding(room: Room, seat: str, moment: str) -> TagList:
    """The brief and the choices of a step."""
    now = room.position
    scenario = now.game.scenario
    known = briefs.brief(now.game.start, seat, now.step)
    words = {"date": wording.date(scenario, now.step), "seat": wording.seat_name(scenario, seat)}
    return TagList(
        heading(t("play.step.head", **words), moment),
        tags.div(
            situation(now, known),
            tags.div(full_brief(now.game.start, seat, now.step), class_="aside"),
            tags.section(
                tags.h3(t("play.step.decide")),
                *_form(now, seat),
                ui.input_action_button("decide", t("play.step.go"), class_="main decide"),
                class_="form",
            ),
            tags.div(so_far(now, seat), class_="aside"),
            class_="seat",
        ),
    )


def waiting(room: Room, seat: str, moment: str) -> TagList:
    """A step in which others are still to decide."""
    now = room.position
    scenario = now.game.scenario
    known = briefs.brief(now.game.start, seat, now.step)
    return TagList(
        heading(t("play.step.wait_head", date=wording.date(scenario, now.step)), moment),
        tags.p(t(f"play.step.{_why_waiting(room, seat)}")),
        tags.div(
            situation(now, known),
            tags.div(so_far(now, seat), class_="aside"),
            full_brief(now.game.start, seat, now.step),
            class_="seat",
        ),
    )


def _why_waiting(room: Room, seat: str) -> str:
    if seat not in room.game.seats:
        return "wait_model"
    made, step = room.game.made(seat), room.position.step
    if len(made) <= step:
        return "wait_turn"
    return "wait_joined" if made[step] is None else "wait_own"


def situation(now: Position, known: Brief) -> Tag:
    """What is new, and where the blocs stand."""
    scenario = now.game.scenario
    end = scenario.calendar.ends[now.step]
    is_history = debrief.has_history(now.game)
    news = [tags.li(_event(event)) for event in known.news]
    blocs = [
        t(
            "play.step.bloc",
            bloc=bloc.name,
            level=int(bloc.level.at(end)),
            name=wording.option_name("level", int(bloc.level.at(end))),
        )
        for bloc in scenario.blocs.values()
    ]
    count = t("play.step.count", step=now.step + 1, steps=scenario.calendar.steps)
    old = [tags.li(_event(event)) for event in known.events if event not in known.news]
    return tags.section(
        tags.h3(t("play.step.situation")),
        None if is_history else tags.p(t("play.step.whatif", title=settings.title(now.game.start))),
        tags.ul(*news, class_="news") if news else tags.p(t("play.step.no_news")),
        tags.p(
            rich(t("play.step.severity", value=f"{known.severity:g}")),
            " ",
            " ".join([*blocs, count]),
        ),
        tags.details(tags.summary(t("play.step.earlier")), tags.ul(*old)) if old else None,
    )


def _event(event: briefs.Event) -> str:
    return t("play.step.event", date=wording.month(event.date), label=event.label)


def _form(now: Position, seat: str) -> list[TagChild]:
    """A group of buttons for each decision, and a sentence for one that is settled."""
    scenario = now.game.scenario
    parts: list[TagChild] = []
    for number, offer in enumerate(now.offers(seat)):
        if offer.settled is not None:
            words = {
                "decision": wording.decision(scenario, offer.key),
                "option": wording.option(scenario, offer.key, offer.settled),
            }
            parts.append(tags.p(t("play.step.settled", **words)))
        else:
            parts.append(_choices(now, offer, field_name(now.step, number)))
    if seat in scenario.allies and len(scenario.allies) > 1:
        parts.append(tags.p(t("play.step.together"), class_="note"))
    return parts


def _choices(now: Position, offer: Offer, name: str) -> Tag:
    scenario, decision = now.game.scenario, offer.key[1]
    ally = offer.key[2]
    toward = "" if ally is None else wording.seat_name(scenario, ally)
    choices = [
        Choice(
            str(option),
            wording.option(scenario, offer.key, option),
            _note(scenario, offer, option),
            # The first choice is always one's own; later ones stand until they are changed.
            now.step > 0 and option == offer.before,
        )
        for option in range(len(offer.options))
    ]
    style = "options" if decision == "level" else "options short"
    return radios(name, t(f"play.step.{decision}", ally=toward), choices, style)


def _note(scenario: Scenario, offer: Offer, option: int) -> str:
    meaning = wording.option_meaning(scenario, offer.key, option)
    return f"{meaning} ({t('play.step.before')})" if option == offer.before else meaning


# --- what was decided -----------------------------------------------------------------------------


def so_far(now: Position, viewer: str) -> Tag:
    """A table of this game's decisions, newest first, with what a seat may see of this step."""
    scenario = now.game.scenario
    states = games.seats(scenario)
    last = now.step if not now.over else now.step - 1
    rows = [
        [wording.date(scenario, step), *(_cell(now, state, step, viewer) for state in states)]
        for step in range(last, -1, -1)
    ]
    start: list[TagChild] = [t("play.step.start"), *(_start(now, state) for state in states)]
    head: list[TagChild] = [t("play.step.date_column")]
    head += [wording.seat_name(scenario, state) for state in states]
    return tags.section(
        tags.h3(t("play.step.so_far")),
        page.table(head, [*rows, start], t("play.step.so_far_caption"), class_="so-far"),
        tags.p(rich(t("play.step.legend")), class_="note"),
    )


def _cell(now: Position, state: str, step: int, viewer: str) -> TagChild:
    named = games.keys(now.game.scenario, state)
    own = now.game.made(state)[step : step + 1] if state == viewer else ()
    if own and own[0] is not None:
        return _lines(now.game.scenario, list(zip(named, own[0], strict=True)))
    return _lines(now.game.scenario, [(key, now.taken.get((key, step))) for key in named])


def _start(now: Position, state: str) -> TagChild:
    named = [key for key in games.keys(now.game.scenario, state) if key[1] != "stance"]
    return _lines(now.game.scenario, [(key, games.initial(now.game, key)) for key in named])


def _lines(scenario: Scenario, options: Sequence[tuple[Key, int | None]]) -> TagChild:
    """Options of one state, a line each; dots where nothing may be seen yet."""
    if any(option is None for _, option in options):
        return t("play.step.open")
    lines: list[TagChild] = []
    for key, option in options:
        assert option is not None
        text = wording.option(scenario, key, option)
        if key[2] is not None:
            ally = wording.seat_name(scenario, key[2])
            text = t("play.step.stance_cell", ally=ally, stance=text)
        lines += [tags.br() if lines else None, text]
    return TagList(*lines)


# --- the brief ------------------------------------------------------------------------------------


@lru_cache(maxsize=games.KEPT)
def full_brief(start: str, seat: str, step: int) -> HTML:
    """What is at stake, and the figures, as markup: a whole class asks for the same."""
    return page.raw(str(_full_brief(briefs.brief(start, seat, step))))


def _full_brief(known: Brief) -> Tag:
    scenario = settings.base(known.start).scenario
    seat = wording.seat_name(scenario, known.seat)
    lead = t("play.brief.lead", seat=seat, date=wording.date(scenario, known.step))
    points = [tags.li(claim.text, " ", tags.small(claim.id)) for claim in known.interests]
    rest = points[NAMED:]
    more = tags.details(
        tags.summary(t("play.brief.more", count=len(rest))), tags.ul(*rest, class_="points")
    )
    return tags.section(
        tags.h3(t("play.brief.head")),
        tags.p(lead, class_="note"),
        tags.p(tags.strong(t("play.brief.interests"))),
        tags.ul(*points[:NAMED], class_="points"),
        more if rest else None,
        tags.details(
            tags.summary(t("play.brief.figures")),
            tags.p(_figures_lead(scenario, known), class_="note"),
            _figures(scenario, known, known.measured, t("play.brief.measured")),
            _figures(scenario, known, known.judged, t("play.brief.judged")),
        ),
        class_="brief",
    )


def _figures_lead(scenario: Scenario, known: Brief) -> str:
    is_target = known.seat == scenario.target
    return t(f"play.brief.figures_{'target' if is_target else 'lead'}")


def _figures(scenario: Scenario, known: Brief, figures: Sequence[Figure], caption: str) -> TagChild:
    if not figures:
        return None
    is_judged = figures[0].row.kind == "judged"
    words = ("figure", "value", "claims" if is_judged else "year", "source")
    rows: list[list[TagChild]] = [
        [
            _figure_name(scenario, known, figure),
            _value(figure),
            _claims(figure) if is_judged else str(figure.year or ""),
            _sources(figure),
        ]
        for figure in figures
    ]
    return page.table([t(f"play.brief.{word}") for word in words], rows, caption)


def _figure_name(scenario: Scenario, known: Brief, figure: Figure) -> str:
    name = t(f"inputs.{figure.name}")
    if figure.state != known.seat:
        name = t("play.brief.toward", name=name, state=scenario.label(figure.state))
    return f"{name} ({t('play.brief.changed')})" if figure.is_changed else name


def _value(figure: Figure) -> str:
    unit = figure.row.unit
    if naming.is_switch(figure.row):
        return naming.amount(figure.row, figure.value)
    if unit == RUBRIC:
        return briefs.shown_value(figure)
    if unit.startswith("share"):
        return f"{briefs.shown_value(figure)} {unit.removeprefix('share ')}"
    return f"{briefs.shown_value(figure)} {unit}"


def _claims(figure: Figure) -> TagChild:
    if not figure.claims:
        return ""
    return tags.ul(*(tags.li(claim.text) for claim in figure.claims), class_="points")


def _sources(figure: Figure) -> str:
    ids = [claim.id for claim in figure.claims]
    return "; ".join(
        [*figure.titles, *(t(f"play.brief.kinds.{kind}") for kind in figure.kinds), *ids]
    )
