"""``python -m clearing_point`` is the command."""

from clearing_point.cli import main

if __name__ == "__main__":
    main()
