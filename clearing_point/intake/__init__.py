"""From a received file to typed rows: receive, read, guard, normalise."""
