"""The page Why?: one decision, its reasons term by term, and the red line nearest to it."""

from htmltools import Tag, TagChild, TagList, tags
from shiny import Inputs, Outputs, Session, render, ui
from starlette.requests import Request

from alignsim import evidence
from alignsim.agents import Decision
from alignsim.app import charts, drawing, forecasting, forms, naming, reasons, wording, working
from alignsim.app import page as frame
from alignsim.app import setting as settings
from alignsim.app.page import rich
from alignsim.app.reasons import Reasons
from alignsim.app.setting import PageSetting, SettingError
from alignsim.app.texts import t
from alignsim.explanation import Difference, Explanation
from alignsim.history import Key
from alignsim.inputs import FLAG
from alignsim.redline_tables import RedLine, RedLines, shown
from alignsim.scenario import Scenario, decisions, options

OWN = ("state", "decision", "toward", "date", "which")
"""Parts of the address that are the page's own; ``which`` is state, decision and toward in one."""
NAMED = 2
"""Terms that a sentence names on either side."""
LINES = 3
"""Red lines shown."""
EVEN = 5e-4
"""A difference that is shown as none."""


def opened(items: list[tuple[str, str]]) -> tuple[PageSetting, Key, int, str]:
    """Setting, decision and step of an address, and the sentence on its fault."""
    fault = ""
    setting = PageSetting()
    try:
        setting = settings.from_query(items, OWN)
        own = dict(items)
        if "which" in own:
            parts = [*own["which"].split("."), "", "", ""]
            own |= dict(zip(("state", "decision", "toward"), parts, strict=False))
        scenario = setting.base.scenario
        first = scenario.calendar.dates[0]
        key, step = reasons.chosen(
            setting,
            own.get("state", scenario.allies[0]),
            own.get("decision", "level"),
            own.get("toward", ""),
            own.get("date", first),
        )
    except SettingError as error:
        fault = t("why.fault", fault=error)
        key, step = (setting.base.scenario.allies[0], "level", None), 0
    return setting, key, step, fault


def page(request: Request) -> Tag:
    """The page: everything but the red line, which takes a moment and follows."""
    setting, key, step, fault = opened(request.query_params.multi_items())
    found = reasons.reasons(setting, key, step)
    return frame.document(
        "why",
        setting,
        tags.p(rich(t("why.lead")), class_="lead"),
        frame.alert(fault) if fault else None,
        _choice(setting, key, step),
        tags.section(*_told(found)),
        *(
            against(setting, setting.base.scenario, key, found.found, other)
            for other in found.found.neighbours
        ),
        tags.section(
            tags.h2(t("why.redline.title")),
            tags.p(rich(t("why.redline.lead"))),
            ui.output_ui("redline"),
            tags.p(t("why.redline.waiting"), class_="waiting"),
        ),
    )


def server(input: Inputs, output: Outputs, session: Session) -> None:  # noqa: A002
    """Look for the red line once the page stands."""
    setting, key, _, _ = opened(frame.asked(session))

    @render.ui
    async def redline() -> TagChild:
        state, decision, _ = key
        if decision != "level":
            return tags.p(t("why.redline.none"))
        try:
            return red_lines(setting, await working.off_loop(reasons.red_lines, setting, state))
        except working.BusyError:
            return frame.alert(t("frame.busy"))


# --- which decision ---------------------------------------------------------------------------


def _choice(setting: PageSetting, key: Key, step: int) -> Tag:
    scenario = setting.base.scenario
    known = {
        ".".join(filter(None, one)): wording.named(scenario, one) for one in decisions(scenario)
    }
    dates = scenario.calendar.dates
    steps = {value: wording.date(scenario, number) for number, value in enumerate(dates)}
    return tags.form(
        forms.carried(setting),
        forms.choice("which", t("why.decision"), known, ".".join(filter(None, key))),
        forms.choice("date", t("why.step"), steps, dates[step]),
        tags.button(t("why.go"), type="submit"),
        *_neighbouring(setting, scenario, key, step),
        tags.a(t("why.back"), href=frame.address("explore", setting)),
        method="get",
        action=frame.HERE,
        class_="row controls",
        aria_label=t("why.choose"),
    )


def _neighbouring(setting: PageSetting, scenario: Scenario, key: Key, step: int) -> list[Tag]:
    links = []
    for text, other in (("before", step - 1), ("after", step + 1)):
        if 0 <= other < scenario.calendar.steps:
            href = charts.why_address(setting, scenario, key, other)
            links.append(tags.a(t(f"why.{text}"), href=href, class_="button"))
    return links


# --- what was decided ---------------------------------------------------------------------------


def _told(found: Reasons) -> list[TagChild]:
    scenario = found.setting.base.scenario
    made = found.made
    option = wording.option(scenario, found.key, found.found.option)
    head = t(
        "why.head",
        name=wording.named(scenario, found.key),
        date=wording.date(scenario, found.step),
        option=option,
    )
    documented = t("why.undocumented")
    if found.found.documented is not None:
        known = wording.option(scenario, found.key, found.found.documented)
        documented = t("why.documented", option=known)
    return [
        tags.h2(head),
        tags.p(documented, " ", _how(found)),
        chances(scenario, found.key, made),
    ]


def chances(scenario: Scenario, key: Key, made: Decision) -> Tag:
    """The probability of every option of a decision."""
    columns: list[TagChild] = [
        wording.option(scenario, key, one) for one in range(len(made.options))
    ]
    shares: list[TagChild] = [charts.percent(chance) for chance in made.probabilities]
    return frame.table(
        [t("why.option"), *columns], [[t("why.probability"), *shares]], t("why.chances")
    )


def _how(found: Reasons) -> str:
    made = found.made
    chance = charts.percent(made.probabilities[found.found.option])
    if found.run is None:
        best = made.probabilities.index(max(made.probabilities))
        scenario = found.setting.base.scenario
        return t("why.along", share=chance, best=wording.option(scenario, found.key, best))
    return t(
        "why.free",
        run=found.run,
        runs=f"{forecasting.RUNS:,}",
        share=charts.percent(found.share),
        chance=chance,
    )


# --- against a neighbour ------------------------------------------------------------------------


def against(
    setting: PageSetting, scenario: Scenario, key: Key, found: Explanation, other: int
) -> Tag:
    """One neighbouring option: a sentence, bars, and a table with the claims."""
    there = wording.option(scenario, key, other)
    here = wording.option(scenario, key, found.option)
    items = [one for one in found.neighbours[other] if one.here or one.there]
    bars = [(t(f"terms.{one.term}.name"), one.gain) for one in items]
    label = t("why.bars", option=there)
    return tags.section(
        tags.h2(t("why.against", option=there)),
        tags.p(words(items), class_="lead"),
        tags.div(drawing.bars(bars, label), class_="at-wide"),
        tags.div(drawing.bars(bars, label, narrow=True), class_="at-narrow"),
        frame.table(
            [t("why.term"), here, there, t("why.gain"), t("why.claims")],
            [_row(setting, one) for one in items],
            t("why.table", here=here, there=there),
        ),
    )


def words(items: list[Difference]) -> str:
    """What the neighbour gains and loses, in a sentence or two."""
    net = sum(one.gain for one in items)
    which = "even" if abs(net) < EVEN else "lose" if net < 0 else "gain"
    parts = [t(f"why.verdict.{which}", size=f"{abs(net):.3f}")]
    for text, sign in (("gains", 1.0), ("losses", -1.0)):
        sided = [one for one in items if one.gain * sign >= EVEN][:NAMED]
        if sided:
            names = [
                t("why.part", name=t(f"terms.{one.term}.name"), size=f"{abs(one.gain):.3f}")
                for one in sided
            ]
            parts.append(t(f"why.{text}", parts=t("words.and").join(names)))
    return " ".join(parts)


def _row(setting: PageSetting, one: Difference) -> list[TagChild]:
    known = evidence.load().claims
    texts = [
        tags.li(
            tags.a(claim, href=frame.address("evidence", setting, q=claim)),
            f" {known[claim].claim}",
        )
        for claim in one.claims
    ]
    claims: TagChild = t("why.no_claims")
    if texts:
        summary = tags.summary(t("why.claims_of", count=len(texts)))
        claims = tags.details(summary, tags.ul(*texts))
    term = TagList(
        tags.strong(t(f"terms.{one.term}.name")),
        tags.br(),
        tags.span(t(f"terms.{one.term}.meaning"), class_="note"),
    )
    return [
        term,
        drawing.signed(one.here),
        drawing.signed(one.there),
        drawing.signed(one.gain),
        claims,
    ]


# --- the red line -------------------------------------------------------------------------------


def red_lines(setting: PageSetting, found: RedLines) -> TagChild:
    """The nearest red lines as a sentence and a table."""
    side = "joined" if found.to == "not-joined" else "not_joined"
    lead = t(f"why.redline.{side}", state=found.label, share=charts.in_runs(found.joined))
    nearest = found.found[:LINES]
    if not nearest:
        return TagList(tags.p(lead), tags.p(t("why.redline.nothing")))
    columns: list[TagChild] = [
        t(f"why.redline.{one}") for one in ("what", "present", "threshold", "evidence")
    ]
    rows = [line(setting, one) for one in nearest]
    return TagList(tags.p(lead), frame.table(columns, rows, t("why.redline.table")))


def line(setting: PageSetting, found: RedLine) -> list[TagChild]:
    """One red line as cells of the table."""
    scenario = setting.base.scenario
    if found.kind in ("stance", "decision"):
        _, state, decision, *toward = found.path.split(".")
        key: Key = (state, decision, toward[0] if toward else None)
        number = options(scenario, state, decision).index(str(found.threshold))
        return [
            wording.named(scenario, key),
            shown(found.present),
            t("why.redline.taken", option=wording.option(scenario, key, number)),
            t("why.redline.decision"),
        ]
    assert found.evidence is not None
    inside = "inside" if found.within_evidence else "outside"
    low, high = (_amount(found, end) for end in found.evidence)
    words = {"low": low, "high": high, "place": t(f"why.redline.{inside}")}
    return [
        _input_name(setting, found),
        _amount(found, found.present),
        naming.with_unit(_amount(found, found.threshold, found.present), found.unit),
        t("why.redline.one" if low == high else "why.redline.allowed", **words),
    ]


def _amount(line: RedLine, value: float | str | None, present: float | str | None = None) -> str:
    """A value of a red line's input: yes or no, or a number as red lines show it."""
    if line.unit == FLAG:
        return t(f"units.{'yes' if value else 'no'}")
    return shown(value, present)


def _input_name(setting: PageSetting, line: RedLine) -> str:
    if line.kind == "event" and line.note:
        return t("why.redline.event", label=line.note)
    owner, own = naming.owner(setting.base.scenario, line.path), naming.name(line.path)
    return t("words.of", owner=owner, name=own) if owner else own
