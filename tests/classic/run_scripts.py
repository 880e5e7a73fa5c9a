"""Runs each script that is named on the command line, as Python runs a script, all of them in this process."""

from __future__ import annotations

import runpy
import sys

for path in sys.argv[1:]:
    runpy.run_path(path, run_name="__main__")
