"""What who runs the machine asks: is it well, what may be deleted, which service runs it."""
