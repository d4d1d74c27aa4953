"""``python -m pytest_handoff`` is the ``handoff`` command."""

from pytest_handoff.cli import main

if __name__ == "__main__":
    main(prog_name="handoff")
