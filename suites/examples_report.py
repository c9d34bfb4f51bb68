"""Write the example reports: one folder under reports/examples/ for each student file.

python suites/examples_report.py
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
STUDENTS = ("nnfs_style", "fish_style", "cs231n_style")


def main() -> int:
    """Check every student file from the top of the repository, as a user would."""
    for name in STUDENTS:
        folder = ROOT / "reports" / "examples" / name
        for old in folder.rglob("*.*"):
            old.unlink()
        done = subprocess.run(
            [sys.executable, "-m", "gradcheck", "check", f"suites/student/{name}.py", "--report", str(folder)],
            cwd=ROOT, capture_output=True, text=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, (ROOT, ROOT / "reference")))},
        )  # fmt: skip
        if done.returncode != 1:  # each of them holds planted bugs
            print(done.stdout, done.stderr, file=sys.stderr)
            return 1
        print(folder.relative_to(ROOT))
    return 0


if __name__ == "__main__":
    sys.exit(main())
