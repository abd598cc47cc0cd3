"""The notebook that leads through the findings: committed as executed, and still running."""

from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

ROOT = Path(__file__).parents[1]
FILE = ROOT / "experiments" / "walkthrough.ipynb"


def cells(notebook: Any) -> list[Any]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def printed(cell: Any) -> str:
    """What a cell printed, without pictures and tables laid out by another pandas."""
    return "".join(
        out.text for out in cell.outputs if out.output_type == "stream" and out.name == "stdout"
    )


def test_it_is_committed_as_executed():
    notebook = nbformat.read(FILE, as_version=4)
    counts = [cell.execution_count for cell in cells(notebook)]
    assert counts == list(range(1, len(counts) + 1))
    assert all(cell.outputs for cell in cells(notebook)[1:])
    kinds = {out.output_type for cell in cells(notebook) for out in cell.outputs}
    assert "error" not in kinds


def test_its_pictures_are_the_committed_ones():
    import base64

    shown = [
        base64.b64decode(out.data["image/png"])
        for cell in cells(nbformat.read(FILE, as_version=4))
        for out in cell.outputs
        if "image/png" in out.get("data", {})
    ]
    kept = [file.read_bytes() for file in (ROOT / "experiments").glob("*/*.png")]
    assert shown
    assert all(picture in kept for picture in shown)


@pytest.mark.slow
def test_it_runs_and_prints_what_is_committed():
    notebook = nbformat.read(FILE, as_version=4)
    before = [printed(cell) for cell in cells(notebook)]
    where = {"metadata": {"path": str(FILE.parent)}}
    NotebookClient(notebook, timeout=300, kernel_name="python3", resources=where).execute()
    assert [printed(cell) for cell in cells(notebook)] == before
