"""A game that is over while its history is still hidden: what was played and said, nothing else."""

from htmltools import Tag, TagChild, TagList, tags

from alignsim.app import page, play_steps, wording
from alignsim.app.debrief import Prediction
from alignsim.app.play_setup import heading
from alignsim.app.room import Room
from alignsim.app.texts import t
from alignsim.history import Key
from alignsim.scenario import Scenario


def held(room: Room, seat: str, moment: str) -> TagList:
    """What a player sees until the teacher reveals history: decisions and own predictions."""
    scenario = room.game.scenario
    said = room.players[seat].said
    return TagList(
        heading(t("play.held.head"), moment),
        tags.p(t("play.held.lead"), class_="lead", role="status"),
        ended_early(room),
        _predicted(scenario, said) if said is not None else None,
        play_steps.so_far(room.position, seat),
    )


def ended_early(room: Room) -> Tag | None:
    """The sentence on a game that was ended before its last step."""
    now, steps = room.position, room.game.scenario.calendar.steps
    return None if now.over else tags.p(t("play.debrief.stopped", steps=now.step, all=steps))


def _predicted(scenario: Scenario, said: Prediction) -> Tag:
    rows: list[list[TagChild]] = []
    for ally, chance, level in zip(scenario.allies, said.chances, said.levels, strict=True):
        key: Key = (ally, "level", None)
        rows.append([scenario.label(ally), f"{chance} %", wording.option(scenario, key, level)])
    head: list[TagChild] = [t(f"play.debrief.{word}") for word in ("ally", "chance", "level")]
    date = wording.date(scenario, scenario.calendar.steps - 1)
    return tags.section(
        tags.h3(t("play.held.predictions")),
        page.table(head, rows, t("play.held.caption", date=date)),
    )
