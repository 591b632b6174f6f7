"""Fuzzing by coverage: ``pip install atheris``, then ``python -m tests.faults.fuzz_coverage TARGET [-runs=N] ...``.

atheris is no dependency: it is wanted only here, and there is no wheel of it for every Python. The targets are those of
:mod:`tests.faults.targets`; what is instrumented are this package's modules that read, and PyYAML's and sqlglot's.
"""

from __future__ import annotations

import sys
import time


def main() -> None:
    """Fuzz one target; further words go to libFuzzer."""
    import atheris

    name = sys.argv.pop(1)
    with atheris.instrument_imports(
        include=["clearing_point.intake", "clearing_point.standard", "yaml", "sqlglot"]
    ):
        from tests.faults import targets
    target = targets.TARGETS[name]
    targets.standard()

    def one(data: bytes) -> None:
        begun = time.process_time()
        target(data)
        seconds = time.process_time() - begun
        if seconds > targets.LONGEST:
            raise TimeoutError(f"{seconds:.1f} s")

    atheris.Setup(sys.argv, one)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
