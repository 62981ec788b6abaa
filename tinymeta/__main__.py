"""python -m tinymeta: see command_line.py."""

import signal
import sys
import warnings

from .app.command_line import main
from .app.stopping import SIGNALS, come_again, end, exit_code, ignore, raised

if __name__ == "__main__":
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
        code = exit_code(error)
    sys.exit(exit_code() if raised else code)
