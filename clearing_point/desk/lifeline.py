"""The first thing that a stem imports: from here on it ends with the server that started it, however that ends.

Only a stem may import this: it binds the process that imports it to the life of the one that started it.
"""

from __future__ import annotations

import os

from clearing_point.processes import end_with_parent

SERVER = "CLEARING_POINT_DESK_SERVER"
"""Number of the process that serves pages, told to the stem: it may have been killed before the stem could say so."""

# A killed server leaves no stem, and a killed stem no job: without this they would wait for work for ever.
end_with_parent(int(os.environ[SERVER]) if SERVER in os.environ else None)
STEM = os.getpid()
