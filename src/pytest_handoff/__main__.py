"""``python -m pytest_handoff`` is the ``handoff`` command."""

import os
import sys


def _forget_working_directory() -> None:
    """Import from where ``handoff`` does: Python puts the folder that ``-m`` runs in before all others, or the script's own.

    Anybody's ``click/`` may lie there. What ``PYTHONPATH`` or an installation names besides stays: that is the user's word.
    """
    first, own = os.path.realpath(sys.path[0]), os.path.realpath(__file__)
    # pathlib may lie in the working directory, too; what Python has imported before it runs us may not.
    if not sys.flags.safe_path and first in (os.path.realpath(os.curdir), os.path.dirname(own)):  # noqa: PTH120
        del sys.path[0]


if __name__ == "__main__":
    _forget_working_directory()
    from pytest_handoff.cli import main

    main(prog_name="handoff")
