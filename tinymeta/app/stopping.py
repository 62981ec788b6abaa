"""How a run is asked to end: Ctrl-C, and the signals of a closed terminal or a shutdown."""

import errno
import os
import signal
import sys
import threading
import time

SIGNALS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP")
           if hasattr(signal, name)]


class Ended(KeyboardInterrupt):
    """A signal other than Ctrl-C has asked to end: what is half written is cleared up as then."""

    def __init__(self, number):
        super().__init__(number)
        self.code = 128 + number


asked = []  # all signals that have asked to end: the exit code tells the first
raised = []  # when `end` has raised one, in seconds: where it is swallowed, it tells as well
over = []  # not empty where nothing is left to interrupt
GRACE = 0.03  # seconds in which a second one waits for the first, which is being cleared up after


def end(number, frame):
    """Handle a signal outside of training."""
    asked.append(number)
    now = time.monotonic()
    if over or (raised and now - raised[-1] < GRACE):
        return
    raised.append(now)
    raise Ended(number)


def come_again(unraisable):
    """Send a signal again that came where Python raises nothing, as in a weak reference's callback.

    It is a sys.unraisablehook.
    """
    if not isinstance(unraisable.exc_value, KeyboardInterrupt):
        sys.__unraisablehook__(unraisable)
        return
    number = exit_code(unraisable.exc_value) - 128
    if hasattr(signal, "pthread_kill"):  # a main thread that sleeps is woken
        send, to = signal.pthread_kill, [threading.main_thread().ident, number]
    else:  # Windows
        send, to = signal.raise_signal, [number]
    again = threading.Timer(0.05, send, to)
    again.daemon = True
    again.start()


def ignore():
    """Let `end` raise nothing any more: nothing is left to interrupt."""
    over.append(True)


def tell(text):
    """Print to standard error, if anybody is there to read it."""
    try:
        print(text, file=sys.stderr, flush=True)
    except OSError:  # a closed terminal, a pipe whose reader has gone
        sys.stderr = open(os.devnull, "w")


def nobody_reads(error):
    """Whether an error says that the reader of our output has gone, or that its terminal has."""
    closed = asked and getattr(error, "errno", None) == errno.EIO and error.filename is None
    return bool(closed) or isinstance(error, BrokenPipeError)


def exit_code(error=None):
    """The exit code of the first signal, or of a KeyboardInterrupt; 130 for Ctrl-C."""
    return 128 + asked[0] if asked else getattr(error, "code", 130)


class Stop:
    """`with Stop() as stop:` collects the signals that ask to end, in stop.received.

    `for step in stop.steps(steps)` ends between two steps after the first signal, and breaks off in
    the middle of a step at the second.  patience: how many signals a step may go on after.  Signals
    that were ignored before, as under nohup, stay so.  Afterwards all is as it was before.
    """

    def __init__(self, patience=1):
        self.received, self.patience, self.stepping, self.before = [], patience, False, {}

    def __enter__(self):
        if threading.current_thread() is threading.main_thread():  # others get no signals
            for number in SIGNALS:
                if signal.getsignal(number) not in (signal.SIG_IGN, None):
                    self.before[number] = signal.signal(number, self._note)
        return self

    def __exit__(self, *_):
        for number, handler in self.before.items():
            signal.signal(number, handler)

    def _note(self, number, frame):
        asked.append(number)
        self.received.append(number)
        if self.stepping and len(self.received) > self.patience:
            self.stepping = False
            raise KeyboardInterrupt

    def steps(self, steps):
        """Yield the steps, up to one that is broken off, which is lost."""
        steps = iter(steps)
        try:
            while not self.received:
                self.stepping = True
                step = next(steps, None)
                self.stepping = False
                if step is None:
                    return
                yield step
        except KeyboardInterrupt:
            return
        finally:
            self.stepping = False

    @property
    def code(self):
        """The exit code that says which signal it was: 130 for Ctrl-C."""
        return 128 + self.received[0]
