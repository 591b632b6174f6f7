"""Imported by the stem of the desk alone: the flows, the libraries and the standard, before jobs are forked."""

from __future__ import annotations

import gc
import sys

from clearing_point.desk.stem import strange_threads
from pipelines.desk import warm

warm()
# What is there now is looked at by no collection of a job: pages stay shared with the stem.
gc.collect()
gc.freeze()
if strange := strange_threads():
    print(f"desk: threads in the stem that nobody expects: {', '.join(strange)}", file=sys.stderr)
