"""An attacker written from scratch: she reads what was published, as a stranger would, and nothing of the program.

Nothing in this package imports `clearing_point` or `pipelines` (held by tests/contract/test_outsider.py). Run it on a
release folder, with the report beside it where there is one:

    python -m tests.attack.outsider RELEASE_FOLDER [--report REPORT_FOLDER]
"""
