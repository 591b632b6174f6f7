"""Where rows lie, who holds the file, what replaced what."""
