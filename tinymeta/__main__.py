"""python -m tinymeta: see command_line.py."""

import signal
import sys
import warnings

from .app.command_line import main
from .app.stopping import SIGNALS, come_again, end, exit_code, received

if __name__ == "__main__":
    warnings.formatwarning = lambda message, *_: f"warning: {message}\n"
    sys.unraisablehook = come_again
    try:
        for number in SIGNALS:
            if signal.getsignal(number) is signal.SIG_DFL:
                signal.signal(number, end)
        code = main()
        code = 128 + received[0] if received else code
    except KeyboardInterrupt as error:
        code = exit_code(error)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # nothing is left to interrupt
    sys.exit(code)
