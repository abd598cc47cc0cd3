"""What a digest covers: the source that a module rests on, as its imports tell."""

import ast
import contextlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from alignsim import compiler, jobs, kernel, recovery, sources, sweeps
from alignsim.panel import fits, registering

PACKAGE = Path(sources.__file__).parent
STARTS = {
    "the engine": "alignsim.kernel",
    "the sampler": "alignsim.refresh",
    "a sweep": "alignsim.sweeps",
    "a sample": "alignsim.jobs",
    "a sample of the panel": "alignsim.panel.fits",
    "a planted truth": "alignsim.recovery",
    "forecasts": "alignsim.forecasts",
    "registered forecasts": "alignsim.panel.registering",
}
EVERY = sorted(
    "alignsim." + ".".join(file.relative_to(PACKAGE).with_suffix("").parts)
    for file in PACKAGE.rglob("*.py")
    if file.name != "__init__.py"
)


def package(folder, **texts):
    """A package of this name, of modules with these texts."""
    for name, text in {"__init__": "", **texts}.items():
        file = folder.joinpath(*name.split("__in__")[::-1]).with_suffix(".py")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return folder


@pytest.fixture(scope="module")
def copied(tmp_path_factory):
    """A copy of the whole package, to be changed."""
    skipped = shutil.ignore_patterns("__pycache__", "texts", "static", "templates", "data")
    return Path(
        shutil.copytree(PACKAGE, tmp_path_factory.mktemp("copied") / "alignsim", ignore=skipped)
    )


# --- the rule -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("import alignsim.one", {"one"}),
        ("from alignsim import one, two as other", {"one", "two"}),
        ("from alignsim.one import anything", {"one"}),
        ("from alignsim.one import *", {"one"}),
        ("def late():\n    from alignsim import one", {"one"}),
        ("if True:\n    try:\n        import alignsim.two\n    except ImportError: pass", {"two"}),
        ("from alignsim.below import deep", {"below.deep"}),
        ("import alignsim.below.deep", {"below.deep"}),
        ("from alignsim import below", {"below", "two"}),
        ("from alignsim.below import held", {"below", "two"}),
        ("import math, numpy\nfrom os import path", set()),
        ("TYPE_CHECKING = 1\nif TYPE_CHECKING:\n    from alignsim import one", set()),
        ("import typing\nif typing.TYPE_CHECKING:\n    from alignsim import one", set()),
        ("from typing import TYPE_CHECKING as T\nif T:\n    from alignsim import one", {"one"}),
        ("if TYPE_CHECKING:\n    import numpy\nelse:\n    from alignsim import one", {"one"}),
        ("text = 'from alignsim import one'", set()),
    ],
)
def test_every_import_counts_but_for_those_of_type_checkers(tmp_path, text, names):
    root = package(tmp_path, start=text, one="", two="", deep__in__below="", __init____in__below="")
    (tmp_path / "below" / "__init__.py").write_text("from alignsim.two import x as held")
    found = sources.modules("alignsim.start", root=root)
    assert set(found) == {f"alignsim.{name}" for name in names | {"start"}}


def test_imports_are_followed_to_the_end_and_round(tmp_path):
    texts = {
        "start": "import alignsim.one",
        "one": "def f():\n    import alignsim.two",
        "two": "import alignsim.start, alignsim.three",
    }
    root = package(tmp_path, **texts, three="", four="import alignsim.start")
    found = sources.modules("alignsim.start", root=root)
    assert found == tuple(f"alignsim.{name}" for name in ("one", "start", "three", "two"))
    assert sources.modules("alignsim.three", "alignsim.four", root=root)[0] == "alignsim.four"


def test_what_is_no_module_of_the_package_is_refused(tmp_path):
    for name in ("alignsim.nothing", "alignsim.panel.nothing"):
        with pytest.raises(ValueError, match=f"{name} is no module of alignsim"):
            sources.modules(name)
    root = package(tmp_path, start="from . import one", one="")
    with pytest.raises(ValueError, match=r"alignsim\.start: imports are absolute"):
        sources.modules("alignsim.start", root=root)


def test_the_libraries_that_count_are_those_imported():
    assert set(sources.versions("alignsim.kernel")) == {"numba", "numpy"}
    assert set(sources.versions("alignsim.sweeps")) >= {"numba", "numpy", "pyarrow", "scipy"}
    assert set(sources.versions("alignsim.jobs")) >= {"dynesty", "numba", "numpy", "scipy"}
    for start in STARTS.values():
        found = sources.versions(start)
        assert not set(found) & sources.NO_NUMBERS
        assert sources.ABSENT not in found.values()


def test_a_library_is_found_under_the_name_it_is_installed_by():
    assert sources.version("sklearn") == sources.version("scikit-learn") != sources.ABSENT
    assert sources.version("no_such_library") == sources.ABSENT


# --- in this package ----------------------------------------------------------------------------


@contextlib.contextmanager
def changed(folder, *names):
    """Modules of a copy of the package, with a line added to each."""
    files = [folder.joinpath(*name.split(".")[1:]).with_suffix(".py") for name in names]
    originals = [file.read_text("utf-8") for file in files]
    for file, text in zip(files, originals, strict=True):
        file.write_text(f"{text}# changed\n", "utf-8")
    yield
    for file, text in zip(files, originals, strict=True):
        file.write_text(text, "utf-8")


@pytest.mark.parametrize("start", STARTS.values(), ids=STARTS)
def test_c20_a_changed_source_changes_the_digest_if_and_only_if_it_is_imported(start, copied):
    counted = sources.modules(start)
    assert sources.modules(start, root=copied) == counted
    before = sources.digest(start, root=copied)
    assert before == sources.digest(start)
    with changed(copied, *(set(EVERY) - set(counted))):
        assert sources.digest(start, root=copied) == before
    seen = {before}
    for name in counted:
        with changed(copied, name):
            seen.add(sources.digest(start, root=copied))
    assert len(seen) == len(counted) + 1


def test_c20_all_that_is_loaded_with_a_module_counts():
    """The program itself as a witness: what Python loads was found by reading."""
    code = f"""
import importlib, json, sys
def loaded(start):
    importlib.import_module(start)
    return [name for name in sys.modules if name.startswith("alignsim.")]
print(json.dumps([loaded(start) for start in {[*STARTS.values()]}]))
"""
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    found = {"alignsim.panel"}  # a package
    for start, loaded in zip(STARTS.values(), json.loads(ran.stdout), strict=True):
        found.update(sources.modules(start))
        assert set(loaded) <= found, start


def test_c20_what_was_missing_from_the_lists_counts():
    sample = set(sources.modules("alignsim.jobs"))
    for name in ("designs", "variants", "variant_paths", "timeline", "indices", "weights"):
        assert f"alignsim.{name}" in sample
    registered = set(sources.modules("alignsim.panel.registering"))
    for name in ("calibrate", "scores", "designs", "variants", "variant_paths", "panel.fits"):
        assert f"alignsim.{name}" in registered


@pytest.mark.parametrize("start", STARTS.values(), ids=STARTS)
def test_figures_reports_commands_and_the_app_make_no_number(start):
    parts = {part for name in sources.modules(start) for part in name.split(".")}
    assert not [part for part in parts if part.startswith(("plots", "report", "cli", "app"))]


def test_the_files_of_packages_hold_no_code_that_computes():
    """The rule leaves them out, so that a new version is no new result."""
    for name in ("alignsim", "alignsim.panel"):
        for node in ast.parse(sources.text(name)).body:
            plain = isinstance(node, ast.Expr | ast.Assign | ast.ImportFrom)
            lazy = isinstance(node, ast.FunctionDef) and node.name == "__getattr__"
            checked = isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
            assert plain or lazy or checked, ast.unparse(node)


def test_no_module_is_imported_by_a_name_that_is_made_up_at_run_time():
    """Such an import cannot be read from the source; libraries alone are imported so."""
    for name in [name for name in EVERY if "import_module" in sources.text(name)]:
        for node in ast.walk(ast.parse(sources.text(name))):
            if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("import_module"):
                assert name in ("alignsim.extras", "alignsim.sweep_workers")
                assert "alignsim" not in ast.unparse(node)


# --- who asks -----------------------------------------------------------------------------------


def asked(monkeypatch, action):
    """Modules whose source a digest is asked for."""
    found = set()
    own = sources.digest
    monkeypatch.setattr(sources, "digest", lambda *starts: found.update(starts) or own(*starts))
    action()
    return found


def test_c20_each_digest_starts_at_the_module_that_computes(monkeypatch):
    episodes = ("crimea-2014",)
    found = asked(monkeypatch, lambda: sweeps.engine.__wrapped__())
    assert found == {"alignsim.kernel", "alignsim.sweeps"}
    found = asked(monkeypatch, lambda: recovery.source.__wrapped__())
    assert "alignsim.recovery" in found
    found = asked(monkeypatch, registering.code)
    assert "alignsim.panel.registering" in found
    for module in (jobs.__name__, fits.__name__):
        wanted = lambda name=module: jobs.foundations.__wrapped__(episodes, "neutral", name)  # noqa: E731
        assert module in asked(monkeypatch, wanted)


def test_c20_the_options_of_the_compiler_are_part_of_each_digest(monkeypatch):
    before = kernel.digest(), sweeps.engine.__wrapped__()["source"]
    monkeypatch.setitem(compiler.OPTIONS, "error_model", "python")
    after = kernel.digest(), sweeps.engine.__wrapped__()["source"]
    assert before[0] != after[0]
    assert before[1] != after[1]


@pytest.mark.parametrize("library", ["numba", "llvmlite"])
def test_the_version_of_the_compiler_is_part_of_each_digest(monkeypatch, library):
    before, own = kernel.digest(), sources.version
    monkeypatch.setattr(sources, "version", lambda name: "0" if name == library else own(name))
    assert kernel.digest() != before


def test_c20_a_sample_of_another_library_is_not_found(monkeypatch):
    """numpy and scipy draw and transform, and were in no digest."""
    before = jobs.foundations.__wrapped__(("crimea-2014",), "neutral", "alignsim.jobs")
    own = sources.version
    monkeypatch.setattr(sources, "version", lambda name: "0" if name == "scipy" else own(name))
    assert jobs.foundations.__wrapped__(("crimea-2014",), "neutral", "alignsim.jobs") != before


def test_a_digest_is_the_same_in_every_process():
    code = "from alignsim import sources; print(sources.digest('alignsim.jobs'))"
    environment = {**os.environ, "PYTHONHASHSEED": "5"}
    ran = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment
    )
    assert ran.stdout.strip() == sources.digest("alignsim.jobs")
