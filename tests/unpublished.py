"""A copied data folder that is to publish anew: what its archive remembers of publications is taken out."""

from __future__ import annotations

import hashlib
import json

from clearing_point.project import Project
from clearing_point.publication.lost_ledger import head_file
from clearing_point.warehouse.receipts import read_receipts


def forget_what_is_out(place: Project) -> None:
    """Take the ledger's newest link out of the archive, as nobody should who has published."""
    head_file(place).unlink(missing_ok=True)
    document = {
        name: told for name, told in read_receipts(place.receipts).items() if name != "publication.head"
    }
    body = json.dumps(document)
    place.receipts.write_text(f"{hashlib.sha256(body.encode()).hexdigest()}\n{body}\n", encoding="utf-8")
