"""What goes out beside what is out already: editions, issues, frozen years, late lines, releases."""
