"""``python -m pytest_handoff`` is the ``handoff`` command."""

import os
import sys


def _forget_working_directory() -> None:
    """Import from where ``handoff`` does: Python puts the folder that ``-m`` runs in before all others, or the script's own.

    Anybody's ``click/`` may lie there. What ``PYTHONPATH`` or an installation names besides stays: that is the user's word.
    """
    # pathlib may lie in the working directory, too; what Python has imported before it runs us may not.
    own = os.path.dirname(os.path.realpath(__file__))  # noqa: PTH120
    try:
        is_ours_to_drop = os.path.realpath(sys.path[0]) in (os.path.realpath(os.curdir), own)
    except FileNotFoundError:  # the working directory is gone, and nothing lies in it
        return
    if is_ours_to_drop and not sys.flags.safe_path:
        del sys.path[0]


if __name__ == "__main__":
    _forget_working_directory()
    from pytest_handoff.cli.handoff import main

    main(prog_name="handoff")
