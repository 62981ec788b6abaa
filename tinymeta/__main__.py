"""python -m tinymeta: see command_line.py."""

import os
import signal
import sys
import warnings

from .app.command_line import main
from .app.stopping import SIGNALS, come_again, end, exit_code, ignore, raised


def open_streams():
    """Streams that are closed, as a daemon's may be, lead nowhere: 0, 1, 2 are no other files."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            nowhere = os.open(os.devnull, os.O_RDWR)
            os.set_inheritable(nowhere, True)  # for the processes that are started
            setattr(sys, name, open(nowhere, mode, closefd=False))


if __name__ == "__main__":
    open_streams()
    warnings.formatwarning = lambda message, *_: f"warning: {message}\n"
    sys.unraisablehook = come_again
    try:
        try:
            for number in SIGNALS:
                if signal.getsignal(number) is signal.SIG_DFL:
                    signal.signal(number, end)
            code = main()
        finally:
            ignore()
    except KeyboardInterrupt as error:
        ignore()  # it may have come before the other one
        code = exit_code(error)
    sys.exit(exit_code() if raised else code)
