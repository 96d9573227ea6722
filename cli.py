"""The command line: `python cli.py COMMAND …`.

What it does is in `commands.py` and `runs.py`: Python keeps what it imports compiled, and compiles the file it is started with
each time.
"""

import gc
import sys
from typing import TYPE_CHECKING

gc.set_threshold(200_000)  # a short run makes many small objects and few cycles: looking for those costs more than it frees

if TYPE_CHECKING or not __package__:
    from commands import main
else:
    from .commands import main


def start() -> int:
    """Run the command of this process, which ends with it."""
    code = main()
    gc.freeze()  # all is freed with the process: nothing is looked through once more before
    return code


if __name__ == "__main__":
    sys.exit(start())
