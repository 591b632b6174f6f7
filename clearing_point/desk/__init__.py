"""Who may do what with which file, and when: the submission desk in a browser."""
