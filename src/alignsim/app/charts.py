"""Decision paths of a forecast as the pages show them: charts, summary, numbers, words."""

from collections.abc import Iterator, Sequence

from htmltools import HTML, Tag, TagChild, TagList, tags

from alignsim.app import controls, drawing, forecasting, naming, page, wording
from alignsim.app import setting as settings
from alignsim.app.drawing import Course, Mark
from alignsim.app.forecasting import Forecast
from alignsim.app.setting import PageSetting
from alignsim.app.texts import t
from alignsim.decision import JOINED
from alignsim.history import Documented, Key
from alignsim.scenario import Scenario
from alignsim.scores import modal
from alignsim.variants import InputTarget

CAUSES = 3
"""Changes that the sentence names one by one."""
NOTICED = 0.005
"""A change of P(joined) below this is told as none."""


# --- charts ---------------------------------------------------------------------------------------


def shown_decisions(scenario: Scenario) -> list[Key]:
    """The decisions that have a chart: every level, and every ally's engagement."""
    allies: list[Key] = [
        (ally, decision, None) for decision in ("level", "engagement") for ally in scenario.allies
    ]
    return [*allies, (scenario.leader, "level", None)]


def charts(forecast: Forecast, narrow: bool = False) -> Tag:
    """A chart a decision, with a link behind each step."""
    scenario = forecast.ensemble.scenario
    drawn = [
        tags.figure(tags.figcaption(wording.named(scenario, key)), chart(forecast, key, narrow))
        for key in shown_decisions(scenario)
    ]
    return tags.div(*drawn, class_="charts")


def chart(forecast: Forecast, key: Key, narrow: bool = False) -> HTML:
    """One decision: bands of the runs, most probable option, documented course."""
    scenario = forecast.ensemble.scenario
    chances = forecast.chances(key)
    records = forecast.documented.get(key, [])
    return drawing.panel(
        scenario.calendar,
        wording.ordered_options(key[1]),
        wording.named(scenario, key),
        drawing.bands(forecasting.bands(chances)),
        [
            Course(modal(chances).tolist(), "modal"),
            Course(course(records, scenario.calendar.steps), "documented"),
        ],
        forecasting.coding_ranges(records),
        _marks(forecast, key),
        [step for step, _, _ in events(scenario)],
        JOINED - 0.5 if key[1] == "level" else None,
        narrow,
    )


def course(records: Sequence[Documented], steps: int) -> list[float | None]:
    """Documented options at each step, None where there is none."""
    known = {record.step: float(record.value) for record in records}
    return [known.get(step) for step in range(steps)]


def _marks(forecast: Forecast, key: Key) -> list[Mark]:
    scenario = forecast.ensemble.scenario
    chances = forecast.chances(key)
    options = modal(chances)
    known = course(forecast.documented.get(key, []), scenario.calendar.steps)
    marks = []
    for step, option in enumerate(options):
        told = known[step]
        label = t(
            "explore.mark",
            state=scenario.label(key[0]),
            date=wording.date(scenario, step),
            decision=t(f"decisions.{key[1]}"),
            level=int(option),
            share=in_runs(float(chances[step, option])),
            documented=t("explore.not_documented") if told is None else int(told),
        )
        marks.append(Mark(why_address(forecast.setting, scenario, key, step), label))
    return marks


def why_address(setting: PageSetting, scenario: Scenario, key: Key, step: int) -> str:
    """Address of the explanation of one decision at one step."""
    toward = {"toward": key[2]} if key[2] else {}
    own = {"state": key[0], "decision": key[1], **toward, "date": scenario.calendar.dates[step]}
    return page.address("why", setting, **own)


def events(scenario: Scenario) -> list[tuple[int, str, str]]:
    """What happened: step, month and label of every labelled change within the episode."""
    found = []
    quantities = [scenario.world["severity"], *(bloc.level for bloc in scenario.blocs.values())]
    for quantity in quantities:
        for change in quantity.changes:
            step = scenario.calendar.step_of(change.date)
            if change.label and step is not None:
                found.append((step, change.date, change.label))
    return sorted(found, key=lambda one: one[1])


def timeline(scenario: Scenario) -> Tag:
    """The events in their order."""
    items = [
        tags.li(tags.strong(wording.month(when)), f" {label}")
        for _, when, label in events(scenario)
    ]
    return tags.ol(*items, class_="timeline")


def case(setting: PageSetting) -> str:
    """The case or what-if and its time, in words."""
    calendar = setting.base.scenario.calendar
    return t(
        "explore.case",
        title=settings.title(setting.start),
        first=wording.month(calendar.start),
        last=wording.month(calendar.ends[-1]),
    )


def legend() -> HTML:
    """What lines and shades mean."""
    styles = ("documented", "coding", "modal", "band50", "band90", "threshold", "event")
    return drawing.legend(*((style, t(f"explore.legend.{style}")) for style in styles))


# --- numbers --------------------------------------------------------------------------------------


def percent(share: float) -> str:
    """A share of the runs, to a tenth of a per cent; none and all only where it is none or all."""
    text = f"{100 * share:.1f}"
    if text == "0.0" and share > 0.0:
        text = t("runs.less")
    elif text == "100.0" and share < 1.0:
        text = t("runs.more")
    return f"{text}\N{NO-BREAK SPACE}%"


def in_runs(share: float) -> str:
    """In how many runs: in none, in every one, or in a share of them."""
    if share in (0.0, 1.0):
        return t("runs.every" if share else "runs.none")
    return t("runs.some", share=percent(share))


def summary(now: Forecast, before: Forecast, which: str = "caption") -> Tag:
    """Where each ally ends, beside the documented case and history, and how well that agrees.

    ``which`` is the text of the caption.
    """
    scenario = now.ensemble.scenario
    rows = [_summary_row(now, before, ally) for ally in scenario.allies]
    words = ("state", "joined", "before", "level", "documented", "exact", "within")
    head: list[TagChild] = [t(f"explore.table.{word}") for word in words]
    return page.table([*head, page.gloss("rps")], rows, t(f"explore.table.{which}"))


def _summary_row(now: Forecast, before: Forecast, ally: str) -> list[TagChild]:
    key: Key = (ally, "level", None)
    records = now.documented.get(key, [])
    score = now.agreement(key)
    cells: list[TagChild] = [
        now.ensemble.scenario.label(ally),
        tags.strong(percent(now.joined(ally)), data_joined=ally, data_value=now.joined(ally)),
        percent(before.joined(ally)),
        level_name(now.modal(key)),
        level_name(records[-1].value) if records else t("explore.not_documented"),
    ]
    if score is None:
        return [*cells, "", "", ""]
    count = len(records)
    right, near = (
        round((score.share_exact or 0.0) * count),
        round((score.share_within_one or 0.0) * count),
    )
    steps = [t("explore.table.steps", count=one, all=count) for one in (right, near)]
    return [*cells, *steps, f"{score.rps:.3f}"]


def strip(now: Forecast) -> Tag:
    """Who joins, in a line that stays in sight of a phone while a slider is moved."""
    scenario = now.ensemble.scenario
    parts = [
        t("explore.strip_part", state=scenario.label(ally), share=percent(now.joined(ally)))
        for ally in scenario.allies
    ]
    text = " · ".join(parts)
    return tags.a(text, href="#result", class_="strip at-narrow", title=t("explore.strip"))


def level_name(level: int) -> str:
    """A level by number and name."""
    return t("words.option", number=level, name=wording.option_name("level", level))


def numbers(forecast: Forecast) -> TagList:
    """Every number behind the charts, with a link to why at each step."""
    scenario = forecast.ensemble.scenario
    return TagList(*(_numbers(forecast, key) for key in shown_decisions(scenario)))


def _numbers(forecast: Forecast, key: Key) -> Tag:
    scenario = forecast.ensemble.scenario
    chances = forecast.chances(key)
    options = modal(chances)
    known = course(forecast.documented.get(key, []), scenario.calendar.steps)
    names = wording.ordered_options(key[1])
    rows: list[list[TagChild]] = []
    for step in range(scenario.calendar.steps):
        told = known[step]
        rows.append(
            [
                wording.date(scenario, step),
                "" if told is None else str(int(told)),
                str(int(options[step])),
                *(f"{chance:.4f}" for chance in chances[step].tolist()),
                tags.a(t("explore.why"), href=why_address(forecast.setting, scenario, key, step)),
            ]
        )
    head: list[TagChild] = [t("explore.date"), t("explore.table.documented"), t("explore.most")]
    columns = [f"{name} {number}" for number, name in enumerate(names)]
    caption = t(
        "explore.numbers_caption", state=scenario.label(key[0]), decision=t(f"decisions.{key[1]}")
    )
    return page.table([*head, *columns, t("explore.why")], rows, caption)


# --- words ----------------------------------------------------------------------------------------


def sentence(now: Forecast, before: Forecast) -> str:
    """What changed against the documented case, in one sentence."""
    if now.setting == before.setting:
        return t("explore.sentence.none")
    effects = ". ".join(_effects(now, before))
    return t("explore.sentence.all", causes=causes(now.setting), effects=effects)


def causes(setting: PageSetting) -> str:
    """The changes of a setting in words, the first few by name."""
    named = list(_causes(setting))
    if len(named) > CAUSES + 1:
        named = [*named[:CAUSES], t("explore.sentence.more", count=len(named) - CAUSES)]
    return wording.listed(named)


def _causes(setting: PageSetting) -> Iterator[str]:
    if setting.start != setting.episode:
        title = settings.title(setting.start)
        yield t("explore.sentence.whatif", title=title)
    for path, value in setting.changes:
        yield _cause(setting, path, value)
    if setting.seed:
        yield t("explore.sentence.seed", seed=setting.seed)


def _cause(setting: PageSetting, path: str, value: float) -> str:
    stated, _ = settings.stated(setting.start, path)
    shown, before = naming.number(value), naming.number(stated)
    numbers_ = {"value": naming.exact(value) if shown == before else shown, "before": before}
    named = settings.target(setting.start, path)
    if not isinstance(named, InputTarget):
        return t("explore.sentence.weight", name=naming.name(path), **numbers_)
    if named.month:
        return t("explore.sentence.event", label=controls.label(setting, path), **numbers_)
    who = naming.owner(setting.base.scenario, path)
    owner = t("explore.sentence.owner", state=who) if who else ""
    which = "cause"
    if naming.is_switch(named.row):
        which = "switch"
        numbers_ = {
            "value": naming.amount(named.row, value), "before": naming.amount(named.row, stated),
        }  # fmt: skip
    return t(f"explore.sentence.{which}", owner=owner, name=naming.name(path), **numbers_)


def _effects(now: Forecast, before: Forecast) -> Iterator[str]:
    scenario = now.ensemble.scenario
    for ally in scenario.allies:
        key: Key = (ally, "level", None)
        here, there = now.joined(ally), before.joined(ally)
        level, level_before = now.modal(key), before.modal(key)
        moved = ""
        if level != level_before:
            moved = t("explore.sentence.level", level=level, before=level_before)
        which = "up"
        if abs(here - there) < NOTICED:
            which = "same" if here == there and not moved else "near"
        yield t(
            f"explore.sentence.{which}",
            state=scenario.label(ally),
            share=in_runs(here),
            before=in_runs(there),
            level=moved,
        )
