"""What the explanations are, and what the committed studies say of them, as parts of a page."""

from htmltools import HTML, Tag, TagChild, TagList, tags

from alignsim import evidence
from alignsim.app import page as frame
from alignsim.app import rivals
from alignsim.app.page import rich
from alignsim.app.rivals import Verdict, Weighed
from alignsim.app.setting import PageSetting
from alignsim.app.texts import t
from alignsim.decision import JOINED
from alignsim.evaluation import NEUTRAL
from alignsim.plots import years

NAME = "explanations"
STANDINGS = {
    "cannot be told apart from": "same",
    "better than": "better",
    "clearly better than": "better",
    "worse than": "worse",
    "clearly worse than": "clearly_worse",
}
"""Texts of what :func:`alignsim.model_comparison.standing` says."""
LOW, HIGH, WIDTH, HEIGHT = -30.0, 4.0, 260, 22
"""Log Bayes factors that a bar shows, and its size in pixels."""
CLEAR = -3.0
"""From here down one speaks of strong evidence against an explanation."""


def title(forecaster: str) -> str:
    """Name of a forecaster for people."""
    known = rivals.hypothesis_of(forecaster)
    if known is not None:
        return rivals.hypotheses()[known].title
    return t(f"{NAME}.titles.{forecaster.replace(', ', ' ')}")


def anchor(forecaster: str) -> str:
    """Id of a forecaster's card."""
    return f"rival-{forecaster.replace(', ', ' ').replace(' ', '-')}"


def about(forecaster: str, setting: PageSetting) -> Tag:
    """What a forecaster holds: terms and claims of a theory, a rule in words."""
    known = rivals.hypothesis_of(forecaster)
    if known is None:
        text = t(f"{NAME}.meanings.{forecaster.replace(', ', ' ')}")
        return tags.p(rich(text), class_="note")
    return tags.details(tags.summary(t(f"{NAME}.holds")), _holds(known, setting))


def _holds(hypothesis: str, setting: PageSetting) -> TagList:
    """Terms and claims of a hypothesis."""
    one = rivals.hypotheses()[hypothesis]
    terms = rivals.terms_of(hypothesis)
    every = rivals.terms_of("full")
    parts: list[TagChild] = []
    if one.rule is not None:
        parts.append(tags.p(t(f"{NAME}.rule.{one.rule}")))
    elif terms == every:
        parts.append(tags.p(rich(t(f"{NAME}.all_terms"))))
    elif one.terms == "all":
        left = ", ".join(t(f"terms.{term}.name") for term in every if term not in terms)
        parts.append(tags.p(rich(t(f"{NAME}.all_but", terms=left))))
    else:
        parts.append(tags.p(rich(t(f"{NAME}.terms"))))
        parts.append(
            tags.ul(
                *(
                    tags.li(f"{t(f'terms.{term}.name')}: {t(f'terms.{term}.meaning')}")
                    for term in terms
                )
            )
        )
    parts += [tags.p(t(f"{NAME}.held.{path}", value=value)) for path, value in one.hold.items()]
    return TagList(*parts, _claims(one.claims, setting))


def _claims(claims: tuple[str, ...], setting: PageSetting) -> Tag | None:
    if not claims:
        return None
    known = evidence.load().claims
    return tags.div(
        tags.p(rich(t(f"{NAME}.claims"))),
        tags.ul(
            *(
                tags.li(
                    tags.a(one, href=frame.address("evidence", setting, q=one)),
                    f" {known[one].claim}",
                )
                for one in claims
            )
        ),
    )


# --- the verdict --------------------------------------------------------------------------------


def section(setting: PageSetting) -> Tag:
    """How the documented decisions judge every explanation."""
    found = rivals.verdicts()
    best = found[0].title
    near = [one.title for one in found if _standing(one) == "same" and not one.is_full]
    worse = [one.title for one in found if _standing(one) == "clearly_worse"]
    return tags.section(
        tags.h2(t(f"{NAME}.verdict.title")),
        tags.p(rich(t(f"{NAME}.verdict.about"))),
        tags.ul(
            tags.li(t(f"{NAME}.verdict.near", titles="; ".join(near), best=best)),
            tags.li(t(f"{NAME}.verdict.worse", titles="; ".join(worse))),
            tags.li(t(f"{NAME}.verdict.reading")),
            class_="points",
        ),
        _table(found),
        tags.details(
            tags.summary(t(f"{NAME}.verdict.holds")),
            tags.p(rich(t(f"{NAME}.always", terms=_always()))),
            *(TagList(tags.h3(one.title), _holds(one.name, setting)) for one in found),
        ),
        id="verdict",
    )


def _always() -> str:
    return ", ".join(t(f"terms.{term}.name") for term in rivals.kept_by_all())


def _standing(one: Verdict) -> str:
    return STANDINGS[one.standing]


def _table(found: tuple[Verdict, ...]) -> Tag:
    words = ("explanation", "bar", "factor", "range", "standing", "evidence", "numbers")
    head: list[TagChild] = [t(f"{NAME}.verdict.{word}") for word in words]
    head[1] = TagList(head[1], _scale())
    rows: list[list[TagChild]] = []
    for one in found:
        standing = "full" if one.is_full else _standing(one)
        rows.append(
            [
                one.title,
                _bar(one),
                "0" if one.is_full else f"{one.factor:+.1f} ± {one.factor_error:.1f}",
                t(f"{NAME}.none") if one.is_full else f"{one.low:+z.1f} … {one.high:+z.1f}",
                t(f"{NAME}.standing.{standing}"),
                f"{one.evidence:.1f} ± {one.error:.1f}",
                str(one.numbers),
            ]
        )
    return frame.table(head, rows, t(f"{NAME}.verdict.caption"), class_="verdict")


def _x(factor: float) -> float:
    return (min(max(factor, LOW), HIGH) - LOW) / (HIGH - LOW) * WIDTH


def _svg(*parts: str) -> HTML:
    # The numbers stand beside each bar, so that nothing is lost to those who do not see it.
    return HTML(
        f'<svg class="factor" aria-hidden="true" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" '
        f'height="{HEIGHT}">{"".join(parts)}</svg>'
    )


def _scale() -> HTML:
    return _svg(
        *(
            f'<text x="{_x(at):.1f}" y="{HEIGHT - 6}" text-anchor="middle">{at:g}</text>'
            for at in (-20, -10, -3, 0)
        )
    )


def _bar(one: Verdict) -> HTML:
    """A dot at the log Bayes factor, twice its error, and the range over priors and inputs."""
    middle = HEIGHT / 2
    lines = [
        f'<line class="axis" x1="{_x(0):.1f}" x2="{_x(0):.1f}" y1="0" y2="{HEIGHT}"/>',
        f'<line class="threshold" x1="{_x(CLEAR):.1f}" x2="{_x(CLEAR):.1f}" y1="0" y2="{HEIGHT}"/>',
    ]
    if one.factor < LOW:
        arrow = f'<path class="beyond" d="M10 {middle - 5}L2 {middle}L10 {middle + 5}Z"/>'
        return _svg(*lines, arrow)
    low, high = _x(one.low), _x(one.high)
    error = 2.0 * one.factor_error
    near, far = _x(one.factor - error), _x(one.factor + error)
    return _svg(
        *lines,
        f'<line class="over" x1="{low:.1f}" x2="{high:.1f}" y1="{middle}" y2="{middle}"/>',
        f'<line class="sure" x1="{near:.1f}" x2="{far:.1f}" y1="{middle}" y2="{middle}"/>',
        f'<circle cx="{_x(one.factor):.1f}" cy="{middle}" r="4"/>',
    )


# --- its limits ---------------------------------------------------------------------------------


def limits(weighed: Weighed) -> Tag:
    """What the verdict cannot tell, in plain words."""
    counts = rivals.decisions()
    rows = [
        row
        for row in weighed.rows
        if row["forecaster"] == NEUTRAL
        and row["decision"] == "level"
        and row["state"] in rivals.allies()
    ]
    right = sum(row["p_documented_side"] > 0.5 for row in rows)
    texts = [
        t(f"{NAME}.limits.few", **counts._asdict(), same=counts.judged - counts.changes),
        t(f"{NAME}.limits.apart"),
        t(f"{NAME}.limits.priors"),
        t(f"{NAME}.limits.low_bar", right=right, all=len(rows)),
        t(f"{NAME}.limits.seen"),
        t(f"{NAME}.limits.coded"),
        t(f"{NAME}.limits.two"),
    ]
    return tags.section(
        tags.h2(t(f"{NAME}.limits.title")),
        tags.ul(*(tags.li(rich(text)) for text in texts), class_="points"),
        id="limits",
    )


def unseen() -> Tag:
    """What weights that had not seen the decisions got right and wrong."""
    found = rivals.sides()
    right = sum(one.right for one in found)
    levels, engagement = rivals.ahead_of_rules("level"), rivals.ahead_of_rules("engagement")
    rows: list[list[TagChild]] = []
    for one in found:
        scenario = rivals.episodes()[one.episode]
        rows.append(
            [
                t(f"{NAME}.forecasts.{one.forecast}"),
                f"{scenario.label(one.state)}, {years(scenario.calendar)}",
                t(f"{NAME}.close.{_documented_side(one.episode, one.state)}"),
                f"{one.probability:.2f}",
                tags.strong(t(f"{NAME}.unseen.wrong")) if not one.right else t(f"{NAME}.unseen.ok"),
            ]
        )
    words = ("fitted", "forecast", "documented", "chance", "verdict")
    head: list[TagChild] = [t(f"{NAME}.unseen.{word}") for word in words]
    return tags.section(
        tags.h2(t(f"{NAME}.unseen.title")),
        tags.p(rich(t(f"{NAME}.unseen.about"))),
        tags.ul(
            tags.li(rich(t(f"{NAME}.unseen.sides", right=right, all=len(found)))),
            tags.li(t(f"{NAME}.unseen.levels", ahead=levels[0], all=levels[1])),
            tags.li(t(f"{NAME}.unseen.engagement", ahead=engagement[0], all=engagement[1])),
            tags.li(t(f"{NAME}.unseen.failed")),
            class_="points",
        ),
        frame.table(head, rows, t(f"{NAME}.unseen.caption"), class_="unwrapped"),
        id="unseen",
    )


def _documented_side(episode: str, state: str) -> str:
    last = rivals.of_case(rivals.Case(episode, state, "level"))[-1].value
    return "joined" if last >= JOINED else "not_joined"
