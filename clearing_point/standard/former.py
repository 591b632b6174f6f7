"""Texts that earlier versions of the standard wrote into workbooks that may still come back."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from clearing_point.standard.model import Standard


def former_sentences(standard: Standard) -> frozenset[str]:
    """Return the lines of ``former_sentences.txt``."""
    return _read(standard.folder, standard.sha256)


@lru_cache(maxsize=4)
def _read(folder: Path, _sha256: str) -> frozenset[str]:
    path = folder / "former_sentences.txt"
    lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else ()
    return frozenset(line for line in lines if not line.startswith("#"))
