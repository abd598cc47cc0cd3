"""The debrief of a game as tags: paths beside one another, costs by term, predictions."""

from collections.abc import Sequence

from htmltools import HTML, Tag, TagChild, TagList, tags

from alignsim.app import debrief, drawing, page, wording
from alignsim.app import game as games
from alignsim.app.debrief import Cost, Courses, Path, Prediction, Verdict
from alignsim.app.drawing import Course
from alignsim.app.game import Game
from alignsim.app.page import rich
from alignsim.app.play_held import ended_early
from alignsim.app.play_setup import heading
from alignsim.app.room import Room
from alignsim.app.texts import t
from alignsim.decision import JOINED
from alignsim.history import Key
from alignsim.scenario import Scenario

NAMED = 3
"""Terms that a sentence names."""
EVEN = 5e-4
"""A difference that is shown as none."""


def debriefing(room: Room, seat: str, moment: str, explores: bool = True) -> TagList:
    """The whole debrief of one seat; ``explores`` says that it may lead to Explore."""
    game, scenario = room.game, room.game.scenario
    own = games.keys(scenario, seat)
    return TagList(
        heading(t("play.debrief.head"), moment),
        *_notes(room),
        _predictions(game, room.players[seat].said),
        _paths(game, own, t("play.debrief.paths")),
        _costs(game, seat),
        _others(game, own),
        _links(game, explores),
    )


def _notes(room: Room) -> list[TagChild]:
    notes: list[TagChild] = [ended_early(room)]
    if not debrief.has_history(room.game):
        notes.append(tags.p(t("play.debrief.whatif")))
    return notes


def _links(game: Game, explores: bool) -> Tag:
    explore = page.address("explore", game.setting)
    return tags.div(
        tags.a(
            t("play.debrief.again"),
            href=page.address("play", game.setting),
            class_="button",
            data_forget="",
        ),
        tags.a(t("play.debrief.explore"), href=explore, class_="button") if explores else None,
        tags.button(t("play.debrief.print"), type="button", id="print"),
        class_="row no-print",
    )


# --- paths ----------------------------------------------------------------------------------------


def _paths(game: Game, own: Sequence[Key], head: str) -> Tag:
    """Charts of some decisions, where they part, and the numbers behind them."""
    found = [debrief.courses(game, key) for key in own]
    return tags.section(
        tags.h3(head),
        tags.ul(*(tags.li(_parting(game, one)) for one in found), class_="parting"),
        _legend(game),
        tags.div(*(_figure(game, one) for one in found), class_="charts"),
        tags.details(
            tags.summary(t("play.debrief.steps")), *(_numbers(game, one) for one in found)
        ),
    )


def _others(game: Game, own: Sequence[Key]) -> Tag:
    """What the other seats did in this game, folded away."""
    scenario = game.scenario
    rest = [
        key
        for seat in games.seats(scenario)
        for key in games.keys(scenario, seat)
        if key not in own
    ]
    return tags.details(
        tags.summary(t("play.debrief.others")),
        tags.p(t("play.debrief.others_lead")),
        tags.div(*(_figure(game, debrief.courses(game, key)) for key in rest), class_="charts"),
    )


def _parting(game: Game, one: Courses) -> TagList:
    """Where one's own path leaves history's and the model's, in two sentences."""
    name = _headed(wording.decision(game.scenario, one.key))
    parts: list[TagChild] = [tags.strong(t("play.debrief.headed", name=name)), " "]
    if debrief.has_history(game):
        parts += [_apart(game, one, one.documented, "history"), " "]
    parts.append(_apart(game, one, one.likely, "model"))
    return TagList(*parts)


def _headed(text: str) -> str:
    return text[:1].upper() + text[1:]


def _apart(game: Game, one: Courses, other: Path, whose: str) -> str:
    scenario = game.scenario
    steps = debrief.apart(one.played, other)
    all_ = debrief.compared(one.played, other)
    if not steps:
        return t(f"play.debrief.same_{whose}", all=all_)
    first = steps[0]
    return t(
        f"play.debrief.apart_{whose}",
        date=wording.date(scenario, first),
        mine=_option(scenario, one.key, one.played[first]),
        other=_option(scenario, one.key, other[first]),
        count=len(steps),
        all=all_,
    )


def _option(scenario: Scenario, key: Key, option: int | None) -> str:
    return "" if option is None else wording.option(scenario, key, option)


def _figure(game: Game, one: Courses) -> Tag:
    """A chart for wide windows and one for narrow ones, so that a window turned redraws nothing."""
    name = wording.named(game.scenario, one.key)
    wide = _chart(game, one, name, narrow=False)
    if one.key[1] == "stance":
        # In a narrow panel numbers stand for names, and stances have none.
        return tags.figure(tags.figcaption(name), wide)
    return tags.figure(
        tags.figcaption(name),
        tags.div(wide, class_="at-wide"),
        tags.div(_chart(game, one, name, narrow=True), class_="at-narrow"),
    )


def _chart(game: Game, one: Courses, name: str, narrow: bool) -> HTML:
    return drawing.panel(
        game.scenario.calendar,
        wording.option_list(game.scenario, one.key),
        t("play.debrief.chart", name=name),
        drawing.bands(one.bands),
        [
            Course(one.likely, "modal"),
            Course(one.played, "mine"),
            Course(one.documented, "documented"),
        ],
        one.ranges,
        line_at=JOINED - 0.5 if one.key[1] == "level" else None,
        narrow=narrow,
    )


def _legend(game: Game) -> HTML:
    entries = [("mine", "mine"), ("documented", "documented"), ("coding", "coding")]
    if not debrief.has_history(game):
        entries = entries[:1]
    rest = [
        ("modal", "likely"),
        ("band50", "band50"),
        ("band90", "band90"),
        ("threshold", "threshold"),
    ]
    return drawing.legend(
        *((style, t(f"play.debrief.{text}")) for style, text in (*entries, *rest))
    )


def _numbers(game: Game, one: Courses) -> Tag:
    scenario, is_history = game.scenario, debrief.has_history(game)
    words = ["date", "yours", *(["history"] if is_history else []), "model", "alone"]
    columns = [one.played, *([one.documented] if is_history else []), one.likely, one.alone]
    rows: list[list[TagChild]] = [
        [
            wording.date(scenario, step),
            *(_option(scenario, one.key, path[step]) for path in columns),
        ]
        for step in range(scenario.calendar.steps)
    ]
    caption = t("play.debrief.steps_caption", name=wording.named(scenario, one.key))
    return page.table([t(f"play.debrief.{word}") for word in words], rows, caption)


# --- costs ----------------------------------------------------------------------------------------


def _costs(game: Game, seat: str) -> Tag:
    found = debrief.costs(game, seat)
    keys = games.keys(game.scenario, seat)
    tables = [cost_table(game, [cost for cost in found if cost.key == key]) for key in keys]
    return tags.section(
        tags.h3(t("play.debrief.cost_head")),
        tags.p(rich(t("play.debrief.cost_lead"))),
        tags.p(told(game, found), class_="lead") if found else None,
        tags.details(tags.summary(t("play.debrief.cost_caption")), *tables) if found else None,
    )


def told(game: Game, found: Sequence[Cost]) -> str:
    """What all choices cost, and the dearest of them by its terms, in a few sentences."""
    dearest = max(found, key=lambda cost: cost.cost)
    if dearest.cost < EVEN:
        return t("play.debrief.no_cost")
    good = sum(cost.cost < EVEN for cost in found)
    total = sum(cost.cost for cost in found)
    parts = [
        t("play.debrief.cost_all", cost=f"{total:.3f}", count=good, all=len(found)),
        t(
            "play.debrief.dearest",
            date=wording.date(game.scenario, dearest.step),
            decision=wording.decision(game.scenario, dearest.key),
            mine=wording.option(game.scenario, dearest.key, dearest.chosen),
            best=wording.option(game.scenario, dearest.key, dearest.best),
            cost=f"{dearest.cost:.3f}",
        ),
        *_as_history(game, dearest),
        *_sides(dearest),
    ]
    return " ".join(parts)


def _as_history(game: Game, cost: Cost) -> list[str]:
    """That history took the same option, where it did."""
    if not cost.as_history:
        return []
    seat = wording.seat_name(game.scenario, cost.key[0])
    return [t("play.debrief.history_too", seat=seat)]


def _sides(cost: Cost) -> list[str]:
    """The terms in which a choice lost most, and those in which it was ahead."""
    parts = []
    for text, sign in (("lost", 1.0), ("gained", -1.0)):
        named = _terms(cost, sign)
        if named:
            parts.append(t(f"play.debrief.{text}", terms=wording.listed(named)))
    return parts


def _terms(cost: Cost, sign: float) -> list[str]:
    sided = [(name, size) for name, size in cost.terms if size * sign >= EVEN][:NAMED]
    return [
        t("play.debrief.term", name=t(f"terms.{name}.name"), size=f"{abs(size):.3f}")
        for name, size in sided
    ]


def cost_table(game: Game, found: Sequence[Cost]) -> TagChild:
    """The costs of one decision, step by step; nothing where there are none."""
    if not found:
        return None
    scenario = game.scenario
    is_history = debrief.has_history(game)
    words = ["date", "choice", *(["history"] if is_history else [])]
    words += ["best", "cost", "model_would", "terms"]
    rows: list[list[TagChild]] = [
        [
            wording.date(scenario, cost.step),
            wording.option(scenario, cost.key, cost.chosen),
            *([_option(scenario, cost.key, cost.documented)] if is_history else []),
            wording.option(scenario, cost.key, cost.best),
            f"{cost.cost:.3f}" if cost.cost >= EVEN else t("play.debrief.none"),
            f"{100 * cost.chance:.1f} %",
            ", ".join(_terms(cost, 1.0)) if cost.cost >= EVEN else "",
        ]
        for cost in found
    ]
    caption = t("play.debrief.costs_caption", name=wording.named(scenario, found[0].key))
    return page.table([t(f"play.debrief.{word}") for word in words], rows, caption)


# --- predictions ----------------------------------------------------------------------------------


def _predictions(game: Game, said: Prediction | None) -> Tag:
    head = tags.h3(t("play.debrief.predictions"))
    if said is None:
        return tags.section(head, tags.p(t("play.debrief.no_predictions")))
    found = debrief.verdicts(game, said)
    is_history = debrief.has_history(game)
    words = ["ally", "chance", "model_chance"]
    words += ["happened", "score", "model_score"] if is_history else []
    words += ["level", *(["happened_level"] if is_history else []), "game_level"]
    rows = [_verdict(game, one, is_history) for one in found]
    columns: list[TagChild] = [t(f"play.debrief.{word}") for word in words]
    return tags.section(
        head,
        page.table(columns, rows, t("play.debrief.predictions_caption")),
        *(
            [tags.p(_beaten(found)), tags.p(t("play.debrief.score_lead"), class_="note")]
            if is_history
            else []
        ),
    )


def _verdict(game: Game, one: Verdict, is_history: bool) -> list[TagChild]:
    scenario = game.scenario
    key: Key = (one.ally, "level", None)
    here = debrief.courses(game, key).played[-1]
    cells: list[TagChild] = [
        scenario.label(one.ally),
        f"{one.chance} %",
        f"{100 * one.model:.1f} %",
    ]
    if is_history:
        cells.append(t("play.debrief.joined" if one.joined else "play.debrief.not_joined"))
        cells += [_score(one.score), _score(one.model_score)]
    cells.append(wording.option(scenario, key, one.level))
    if is_history:
        cells.append(_option(scenario, key, one.documented))
    cells.append(t("play.debrief.not_reached") if here is None else _option(scenario, key, here))
    return cells


def _score(score: float | None) -> str:
    return "" if score is None else f"{score:.3f}"


def _beaten(found: Sequence[Verdict]) -> str:
    """Mean scores of the player and the model."""
    mine = [one.score for one in found if one.score is not None]
    model = [one.model_score for one in found if one.model_score is not None]
    if not mine:
        return ""
    return t(
        "play.debrief.beat",
        mine=f"{sum(mine) / len(mine):.3f}",
        model=f"{sum(model) / len(model):.3f}",
    )
