"""`python -m evals`: the same as `parley eval`; without arguments, the rules engine on our own gold, with a report."""

from __future__ import annotations

import sys

from evals.cli import RUNS, app

if __name__ == "__main__":
    app(args=sys.argv[1:] or ["run", "--model", "rules", "--html", str(RUNS / "report.html")], prog_name="parley eval")
