"""``python -m alignsim``: the commands."""

from alignsim.cli import main

if __name__ == "__main__":
    main()
