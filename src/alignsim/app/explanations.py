"""The page Weigh the explanations: rival forecasts beside history, scores, verdict and limits."""

from dataclasses import dataclass
from functools import partial

from htmltools import Tag, TagChild, TagList, tags
from starlette.requests import Request

from alignsim.app import charts, drawing, forecasting, forms, rivals, verdict, wording
from alignsim.app import page as frame
from alignsim.app.drawing import Course
from alignsim.app.page import rich
from alignsim.app.rivals import Case, Floats, Weighed
from alignsim.app.setting import PageSetting
from alignsim.app.texts import t
from alignsim.decision import JOINED
from alignsim.evaluation import MODEL
from alignsim.hypotheses import ALLY_DECISIONS
from alignsim.plots import years

NAME = "explanations"
OWN = ("episode", "state", "decision", "sort")
"""Parts of the address that are the page's own."""
SCORES = ("rps", "log_score", "p_documented_side", "share_exact")
MEAN = "mean_"
"""Before a column that is a mean over all allies and episodes."""
COLUMNS = (*SCORES, *(f"{MEAN}{name}" for name in SCORES))
BACKWARD = "-"
"""Before a column that is sorted worst first."""


@dataclass(frozen=True)
class State:
    """All that the page shows: one case, and how the scores are sorted."""

    setting: PageSetting
    case: Case
    sort: str = COLUMNS[0]

    def address(self, sort: str) -> str:
        """The same page sorted otherwise."""
        return frame.address(NAME, self.setting, **self.case._asdict(), sort=sort) + "#scores"


def page(request: Request) -> Tag:
    """The page; it reads the case from the address and needs no script."""
    setting, fault = frame.given(request, *OWN)
    state, faults = _state(setting, dict(request.query_params))
    weighed = rivals.weighed(rivals.RUNS)
    return frame.document(
        NAME,
        setting,
        forms.style(),
        fault,
        *(frame.alert(one) for one in faults),
        _lead(),
        _choices(state),
        None if setting.is_documented else tags.p(t(f"{NAME}.documented_only"), class_="note"),
        _beside_history(state, weighed),
        _scores(state, weighed),
        verdict.section(setting),
        verdict.limits(weighed),
        verdict.unseen(),
    )


def _state(setting: PageSetting, given: dict[str, str]) -> tuple[State, list[str]]:
    """What the address asks for, and a sentence on each part that there is not."""
    faults: list[str] = []
    known = partial(forms.known, NAME, given, faults)
    episode = known("episode", rivals.episodes(), setting.episode)
    allies = rivals.episodes()[episode].allies
    state = known("state", allies, allies[0])
    decision = known("decision", ALLY_DECISIONS, ALLY_DECISIONS[0])
    sort = known("sort", [*COLUMNS, *(BACKWARD + one for one in COLUMNS)], COLUMNS[0])
    return State(setting, Case(episode, state, decision), sort), faults


def _lead() -> TagList:
    counts = rivals.decisions()
    return TagList(
        tags.p(rich(t(f"{NAME}.lead", runs=f"{rivals.RUNS:,}")), class_="lead"),
        tags.p(rich(t(f"{NAME}.read"))),
        tags.p(tags.strong(t(f"{NAME}.weak", **counts._asdict()))),
        tags.nav(
            tags.ul(
                *(
                    tags.li(tags.a(t(f"{NAME}.{part}.short"), href=f"#{part}"))
                    for part in ("history", "scores", "verdict", "limits", "unseen")
                )
            ),
            aria_label=t(f"{NAME}.on_this_page"),
            class_="no-print",
        ),
    )


def _choices(state: State) -> Tag:
    episodes = rivals.episodes()
    allies = {
        ally: scenario.label(ally) for scenario in episodes.values() for ally in scenario.allies
    }
    options = {
        "episode": {name: scenario.title for name, scenario in episodes.items()},
        "state": allies,
        "decision": {name: t(f"decisions.{name}") for name in ALLY_DECISIONS},
    }
    return tags.form(
        *(
            forms.choice(name, t(f"{NAME}.choose.{name}"), named, getattr(state.case, name))
            for name, named in options.items()
        ),
        forms.carried(state.setting, sort=state.sort),
        tags.button(t(f"{NAME}.choose.show"), class_="main"),
        method="get",
        action=frame.HERE,
        class_="row controls",
    )


def case_name(case: Case) -> str:
    """A case in words: South Korea, 2022, sanctions level."""
    scenario = rivals.episodes()[case.episode]
    return t(
        f"{NAME}.case",
        state=scenario.label(case.state),
        years=years(scenario.calendar),
        decision=t(f"decisions.{case.decision}"),
    )


# --- forecasts ----------------------------------------------------------------------------------


def _beside_history(state: State, weighed: Weighed) -> Tag:
    case = state.case
    names = weighed.forecasters(case)
    groups = {
        "theories": [name for name in names if name in rivals.THEORIES],
        "rules": [name for name in names if name in rivals.RULES],
    }
    parts: list[TagChild] = []
    for group, members in groups.items():
        parts += [
            tags.h3(t(f"{NAME}.{group}.title")),
            tags.p(rich(t(f"{NAME}.{group}.about")), class_="note"),
            tags.div(*(_card(state, weighed, name) for name in members), class_="cards"),
        ]
    return tags.section(
        tags.h2(t(f"{NAME}.beside", case=case_name(case))),
        charts.legend(),
        *parts,
        tags.details(tags.summary(t(f"{NAME}.numbers")), _numbers(case, weighed)),
        id="history",
    )


def _card(state: State, weighed: Weighed, forecaster: str) -> Tag:
    case = state.case
    return tags.article(
        tags.h4(verdict.title(forecaster)),
        _chart(case, weighed.of(case, forecaster), verdict.title(forecaster)),
        tags.p(rich(_close(case, weighed, forecaster))),
        verdict.about(forecaster, state.setting),
        class_="card",
        id=verdict.anchor(forecaster),
    )


def _chart(case: Case, chances: Floats, title: str) -> TagChild:
    scenario = rivals.episodes()[case.episode]
    records = rivals.of_case(case)
    return drawing.panel(
        scenario.calendar,
        wording.ordered_options(case.decision),
        t(f"{NAME}.chart", title=title, case=case_name(case)),
        drawing.bands(forecasting.bands(chances)),
        [
            Course(rivals.modal(chances), "modal"),
            Course(charts.course(records, scenario.calendar.steps), "documented"),
        ],
        forecasting.coding_ranges(records),
        events=[step for step, _, _ in charts.events(scenario)],
        line_at=JOINED - 0.5 if case.decision == "level" else None,
        narrow=True,
    )


def _close(case: Case, weighed: Weighed, forecaster: str) -> str:
    """How a forecast ends beside history, in one sentence."""
    chances, last = weighed.of(case, forecaster)[-1], rivals.of_case(case)[-1].value
    score = weighed.scores(case)[forecaster]
    if case.decision == "level":
        side = "joined" if last >= JOINED else "not_joined"
        return t(
            f"{NAME}.close.level",
            chance=_score("p_documented_side", float(sum(chances[JOINED:]))),
            documented=t(f"{NAME}.close.{side}"),
            rps=_score("rps", score["rps"]),
        )
    return t(
        f"{NAME}.close.engagement",
        chance=_score("p_documented_side", float(chances[last])),
        documented=t(f"engagements.{last}.name"),
        rps=_score("rps", score["rps"]),
    )


def _numbers(case: Case, weighed: Weighed) -> Tag:
    """The most probable option of every explanation at every step, for those who do not see."""
    scenario = rivals.episodes()[case.episode]
    names = weighed.forecasters(case)
    courses = [rivals.modal(weighed.of(case, name)) for name in names]
    known = charts.course(rivals.of_case(case), scenario.calendar.steps)
    rows: list[list[TagChild]] = [
        [
            wording.date(scenario, step),
            *(_option(course[step]) for course in (known, *courses)),
        ]
        for step in range(scenario.calendar.steps)
    ]
    head: list[TagChild] = [t(f"{NAME}.step"), t(f"{NAME}.history.head")]
    caption = t(f"{NAME}.numbers_caption", case=case_name(case))
    return frame.table([*head, *(verdict.title(name) for name in names)], rows, caption)


def _option(value: float | None) -> str:
    return t(f"{NAME}.none") if value is None else str(int(value))


# --- scores -------------------------------------------------------------------------------------


def _scores(state: State, weighed: Weighed) -> Tag:
    here, means = weighed.scores(state.case), weighed.means(state.case.decision)
    table = {
        name: {
            **{column: here[name][column] for column in SCORES},
            **{f"{MEAN}{column}": means.get(name, {}).get(column) for column in SCORES},
        }
        for name in weighed.forecasters(state.case)
    }
    rows = [_score_row(name, table[name]) for name in _ordered(table, state.sort)]
    groups = [(case_name(state.case), len(SCORES)), (t(f"{NAME}.over_all"), len(SCORES))]
    caption = t(f"{NAME}.scores.caption", case=case_name(state.case))
    return tags.section(
        tags.h2(t(f"{NAME}.scores.title")),
        tags.p(rich(t(f"{NAME}.scores.about"))),
        tags.div(
            tags.table(
                tags.caption(caption),
                tags.thead(
                    tags.tr(
                        tags.th(t(f"{NAME}.explanation"), scope="col", rowspan="2"),
                        *(
                            tags.th(text, scope="colgroup", colspan=str(width), class_="group")
                            for text, width in groups
                        ),
                    ),
                    tags.tr(*(_sorter(state, column) for column in COLUMNS)),
                ),
                tags.tbody(*rows),
                class_="scores",
            ),
            class_="wide",
            tabindex="0",
            role="region",
            aria_label=caption,
        ),
        tags.p(t(f"{NAME}.scores.command"), class_="note"),
        id="scores",
    )


def _ordered(table: dict[str, dict[str, float | None]], sort: str) -> list[str]:
    """Names by a column, best first unless backward; those without a score last."""
    column = sort.removeprefix(BACKWARD)
    # The ranked probability score is a distance, the others are better the higher.
    sign = 1.0 if column.removeprefix(MEAN) == "rps" else -1.0
    if sort.startswith(BACKWARD):
        sign = -sign

    def place(name: str) -> tuple[bool, float]:
        value = table[name][column]
        return value is None, sign * (value or 0.0)

    return sorted(table, key=place)


def _sorter(state: State, column: str) -> Tag:
    """The head of a column, with a link that sorts by it, or the other way round."""
    best_first = state.sort == column
    chosen = state.sort.removeprefix(BACKWARD) == column
    rises = (column.removeprefix(MEAN) == "rps") == best_first
    text = t(f"{NAME}.column.{column.removeprefix(MEAN)}")
    return tags.th(
        tags.a(
            text,
            tags.span(" ▲" if rises else " ▼", aria_hidden="true") if chosen else None,
            href=state.address(BACKWARD + column if best_first else column),
            title=t(f"{NAME}.column.sort"),
        ),
        scope="col",
        class_="number",
        aria_sort=("ascending" if rises else "descending") if chosen else None,
    )


def _score_row(forecaster: str, scores: dict[str, float | None]) -> Tag:
    return tags.tr(
        tags.th(
            tags.a(verdict.title(forecaster), href=f"#{verdict.anchor(forecaster)}"), scope="row"
        ),
        *(
            tags.td(_score(column.removeprefix(MEAN), scores[column]), class_="number")
            for column in COLUMNS
        ),
        class_="marked" if forecaster == MODEL else None,
    )


def _score(column: str, value: float | None) -> str:
    if value is None:
        return t(f"{NAME}.none")
    return f"{value:.3f}" if column in ("rps", "log_score") else f"{value:.2f}"
