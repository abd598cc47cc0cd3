"""The tables of the teacher's page: games, and predictions beside what happened."""

from collections.abc import Callable

from htmltools import TagChild, TagList, tags

from alignsim.app import game as games
from alignsim.app import page as frame
from alignsim.app import setting as settings
from alignsim.app import wording
from alignsim.app.asking import order
from alignsim.app.classbook import Said, Sheet
from alignsim.app.page import rich
from alignsim.app.room import Room
from alignsim.app.texts import t
from alignsim.decision import JOINED

# --- games ----------------------------------------------------------------------------------------


def room_table(found: list[Room]) -> TagChild:
    """All games: who plays, how far they are, and for whom they wait."""
    if not found:
        return tags.p(t("teacher.no_rooms"))
    states = list(dict.fromkeys(s for room in found for s in games.seats(room.game.scenario)))
    scenario = found[0].game.scenario
    head: list[TagChild] = [t(f"teacher.{word}") for word in ("room", "scenario", "step")]
    head += [wording.seat_name(scenario, state) for state in states]
    rows = [_room_row(room, states) for room in found]
    head += [t("teacher.waiting"), t("teacher.close_head")]
    return frame.table(head, rows, t("teacher.rooms_caption"))


def _room_row(room: Room, states: list[str]) -> list[TagChild]:
    scenario = room.game.scenario
    waiting = [wording.seat_name(scenario, seat) for seat in room.position.waiting]
    return [
        room.code,
        settings.title(room.game.start),
        _progress(room),
        *(_who(room, state) for state in states),
        ", ".join(waiting) if room.begun and not room.over else "",
        _closing(room),
    ]


def _closing(room: Room) -> TagChild:
    """Buttons to end a game with the debrief so far, and to close its room."""
    end, shut = (
        order(
            f"{verb} {room.code}",
            t(f"teacher.{verb}"),
            t(f"teacher.{verb}_of", room=room.code),
            f"{verb}-{room.code}",
            ask=verb,
        )
        for verb in ("end", "shut")
    )
    return tags.div(None if room.over else end, shut, class_="row")


def _progress(room: Room) -> str:
    steps = room.game.scenario.calendar.steps
    if room.over:
        played = room.position.step
        if played < steps:
            return t("teacher.stopped", step=played, steps=steps)
        return t("teacher.done")
    if not room.begun:
        return t("teacher.gathering")
    return t("teacher.step_of", step=room.position.step + 1, steps=steps)


def _who(room: Room, seat: str) -> str:
    player = room.players.get(seat)
    if seat in room.game.seats:
        return t("teacher.empty") if player is None else player.name or t("teacher.unnamed")
    return t("teacher.model" if room.begun else "teacher.empty")


# --- predictions ----------------------------------------------------------------------------------


def prediction_tables(sheets: list[Sheet], revealed: Callable[[str], bool]) -> TagChild:
    """A table for each scenario; what happened only where it is revealed."""
    if not sheets:
        return tags.p(t("teacher.no_predictions"))
    return TagList(*(_prediction_table(sheet, revealed(sheet.start)) for sheet in sheets))


def _prediction_table(sheet: Sheet, revealed: bool) -> TagList:
    scenario = settings.base(sheet.start).scenario
    head: list[TagChild] = [t("teacher.who")]
    for ally in scenario.allies:
        head += [t(f"teacher.{word}", state=scenario.label(ally)) for word in ("chance", "level")]
    scored = revealed and sheet.history is not None
    rows: list[list[TagChild]] = [_said_row(sheet, one, scored) for one in sheet.entries]
    rows.append(_mean_row(sheet, scored))
    if revealed:
        rows += _revealed(sheet)
    caption = t(
        "teacher.predictions_caption",
        title=settings.title(sheet.start),
        date=wording.date(scenario, scenario.calendar.steps - 1),
    )
    notes = [t("teacher.again_note")] if len(sheet.counted) < len(sheet.entries) else []
    if revealed:
        notes.append(t("teacher.score_note" if scored else "teacher.whatif_note"))
    return TagList(
        frame.table([*head, *([t("teacher.score")] if scored else [])], rows, caption),
        *(tags.p(rich(note), class_="note") for note in notes),
    )


def _said_row(sheet: Sheet, one: Said, scored: bool) -> list[TagChild]:
    scenario = settings.base(sheet.start).scenario
    who = t(
        "teacher.player",
        name=one.name or t("teacher.unnamed"),
        seat=wording.seat_name(scenario, one.seat),
        room=one.room,
    )
    pairs = zip(one.said.chances, one.said.levels, strict=True)
    cells: list[TagChild] = [str(number) for pair in pairs for number in pair]
    if one.again:
        who = t("teacher.again", player=who)
    return [who, *cells, *([_number(sheet.score(one.said))] if scored else [])]


def _mean_row(sheet: Sheet, scored: bool) -> list[TagChild]:
    pairs = zip(sheet.chances, sheet.levels, strict=True)
    cells: list[TagChild] = [f"{number:.1f}" for pair in pairs for number in pair]
    name = tags.strong(t("teacher.mean", count=len(sheet.counted)))
    return [name, *cells, *([_number(sheet.mean_score)] if scored else [])]


def _revealed(sheet: Sheet) -> list[list[TagChild]]:
    """The rows of the model and, where there is one, of history."""
    shares: list[TagChild] = [cell for share in sheet.model for cell in (f"{100 * share:.1f}", "")]
    if sheet.history is None:
        return [[t("teacher.model_row"), *shares]]
    happened: list[TagChild] = []
    for level in sheet.history:
        happened += [t("teacher.joined" if level >= JOINED else "teacher.not_joined"), str(level)]
    return [
        [t("teacher.model_row"), *shares, _number(sheet.model_score)],
        [tags.strong(t("teacher.history")), *happened, ""],
    ]


def _number(score: float | None) -> str:
    return "" if score is None else f"{score:.3f}"
