"""What an approval is bound to, in one hash: nothing else than what was seen may be loaded."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping


def hash_of_bound(bound: Mapping[str, str | None]) -> str:
    """Return one hash of the hashes of file, answers, standard and profile."""
    return hashlib.sha256(json.dumps(dict(bound), sort_keys=True).encode()).hexdigest()
