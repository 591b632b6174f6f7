"""What becomes of one received file, from plan to outcome."""
