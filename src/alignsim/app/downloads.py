"""Files to take away: scenario, weights, table and figure of the setting in an address."""

import threading
from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

from htmltools import Tag, TagList, tags
from shiny import ui
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from alignsim import plots, plots_paths, runs
from alignsim.app import charts, forecasting, working
from alignsim.app import page as frame
from alignsim.app import setting as settings
from alignsim.app.setting import PageSetting, SettingError
from alignsim.app.texts import t

FIGURES_KEPT = 16

_drawing = threading.Lock()  # the style of a figure is set for the whole process while it is drawn


class File(NamedTuple):
    """A kind of file: its media type, ending, and what makes it of a setting."""

    media: str
    ending: str
    make: Callable[[PageSetting], str | bytes | None]


def scenario(setting: PageSetting) -> str:
    """The scenario file."""
    causes = charts.causes(setting)
    title = t("explore.file_title", start=setting.start)
    return settings.scenario_file(setting, title, t("explore.file_why", causes=causes))


def table(setting: PageSetting) -> str:
    """The table that ``alignsim run --out`` writes as ``paths.csv``."""
    return runs.as_csv(forecasting.forecast(setting).rows)


@lru_cache(maxsize=FIGURES_KEPT)
def figure(setting: PageSetting, form: plots.Format) -> bytes:
    """The figure of decision paths, as in the report."""
    made = forecasting.forecast(setting)
    with _drawing:
        drawn = plots_paths.decision_paths(made.ensemble, list(made.records))
        return plots.rendered(drawn, form)


FILES = {
    "scenario": File("application/yaml", "yaml", scenario),
    "weight": File("application/yaml", "weights.yaml", settings.weight_file),
    "csv": File("text/csv", "csv", table),
    "png": File("image/png", "png", lambda setting: figure(setting, "png")),
    "svg": File("image/svg+xml", "svg", lambda setting: figure(setting, "svg")),
}


def routes() -> list[Route]:
    """Where the files lie."""
    return [Route("/download/{kind}", _download)]


async def _download(request: Request) -> Response:
    kind = FILES.get(request.path_params["kind"])
    if kind is None:
        return PlainTextResponse("no such file", 404)
    try:
        setting = settings.from_query(request.query_params.multi_items())
        content = await working.off_loop(kind.make, setting)
    except SettingError as error:
        return PlainTextResponse(str(error), 400)
    except working.BusyError:
        return PlainTextResponse(t("frame.busy"), 503)
    if content is None:
        return PlainTextResponse("no such file", 404)
    name = f'attachment; filename="{setting.name}.{kind.ending}"'
    return Response(content, media_type=kind.media, headers={"Content-Disposition": name})


def taking() -> Tag:
    """The address of what is shown, and room for the files."""
    return tags.section(
        tags.h3(t("explore.take")),
        tags.div(
            tags.label(t("explore.link"), for_="link"),
            tags.input(id="link", type="text", readonly="", size="40", data_shiny_no_bind_input=""),
            tags.button(t("explore.copy"), id="copy", type="button", data_done=t("explore.copied")),
            tags.button(t("explore.print"), id="print", type="button"),
            class_="row",
        ),
        ui.output_ui("files"),
        class_="no-print",
        aria_label=t("explore.take"),
    )


def links(setting: PageSetting) -> TagList:
    """Files of a setting, and the command that makes the same numbers."""
    weights = any(path.startswith("weights.") for path, _ in setting.changes)
    buttons = [
        tags.a(
            t(f"explore.{kind}"),
            href=f"{frame.UP}download/{kind}?{setting.query()}",
            download="",
            class_="button",
        )
        for kind in FILES
        if kind != "weight" or weights
    ]
    return TagList(
        tags.div(*buttons, class_="row"),
        tags.p(t("explore.command"), ": ", tags.code(command(setting)), class_="note"),
    )


def command(setting: PageSetting) -> str:
    """The command that plays the same setting from the files."""
    inputs = any(not path.startswith("weights.") for path, _ in setting.changes)
    weights = any(path.startswith("weights.") for path, _ in setting.changes)
    parts = ["alignsim run", f"{setting.name}.yaml" if inputs else setting.start]
    parts += [f"--seed {setting.seed}"] if setting.seed else []
    parts += [f"--weights {setting.name}.weights.yaml"] if weights else []
    return " ".join(parts)
