"""What users do first, with what pip installs for them; run by the Python that it is installed for.

In an empty folder: the report of ``reproduce`` goes there.
"""

import pickle
import subprocess
import sys
from pathlib import Path

import mesa
import pandas as pd

from alignsim import AlignmentModel

PROGRAM = (str(Path(sys.executable).with_name("alignsim")),)
COMMANDS = (
    (*PROGRAM, "run", "crimea-2014"),
    (*PROGRAM, "run", "crimea-2014", "--runs", "1"),
    (*PROGRAM, "explain", "crimea-2014", "--state", "KOR", "--date", "2014-07"),
    (*PROGRAM, "whatif", "crimea-2014", "seoul-isolated"),
    (*PROGRAM, "redlines", "crimea-2014", "--state", "JPN", "--to", "not-joined", "--draws", "1"),
    (*PROGRAM, "reproduce", "--runs", "100"),
    (sys.executable, "-m", "alignsim", "validate", "--help"),
    (sys.executable, "-m", "alignsim.cli", "schema"),
)


def commands() -> None:
    for command in COMMANDS:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, (command, done.stderr)
        assert done.stdout, command
        assert "Traceback" not in done.stderr, (command, done.stderr)
        print(" ".join(("alignsim", *command[1:])), len(done.stdout), "characters")
    assert Path("report", "index.html").stat().st_size


def model() -> None:
    whole = AlignmentModel("crimea-2014", rng=1).run_all()
    begun = AlignmentModel("crimea-2014", rng=1)
    begun.step()
    assert pickle.loads(pickle.dumps(begun)).run_all().decisions == whole.decisions
    assert pickle.loads(pickle.dumps(whole)).decisions == whole.decisions
    print("Mesa", mesa.__version__, len(whole.decisions), "decisions")


def batch() -> None:
    whole = AlignmentModel("crimea-2014", rng=1).run_all()
    parameters = {"scenario": "crimea-2014", "rng": [1]}
    rows = pd.DataFrame(mesa.batch_run(AlignmentModel, parameters, display_progress=False))
    last = rows.set_index("state").loc[list(whole.ally_codes)]
    assert set(last["date"]) == {"2014-12"}
    assert last["level"].tolist() == [ally.level for ally in whole.allies]
    assert last["engagement"].tolist() == [ally.engagement for ally in whole.allies]
    print("mesa.batch_run", last["level"].astype(int).to_dict())


if __name__ == "__main__":
    for use in sys.argv[1:]:
        {"commands": commands, "model": model, "batch": batch}[use]()
