"""What a person sees while a run goes on: a progress line with rate and time left."""

import sys
import time


class Progress:
    """A progress line: rewritten in place on a terminal, four quiet lines in a pipe.

    label: what is running.  total: how many iterations there are.  done: how many were done
    before.  stream: where to; the standard error unless given.
    """

    def __init__(self, label, total, done=0, stream=None):
        self.label, self.total, self.done_before = label, total, done
        self.stream = sys.stderr if stream is None else stream
        self.live = self.stream is not None and self.stream.isatty()
        self.started = self.shown = time.perf_counter()
        self.loss = None

    @property
    def seconds(self):
        """Seconds since this was made."""
        return time.perf_counter() - self.started

    def update(self, iteration, loss):
        """Take note of one iteration; print if it is time.  The loss shown is a running mean."""
        self.loss = loss if self.loss is None else 0.98 * self.loss + 0.02 * loss
        now = time.perf_counter()
        if self.live:
            due = now - self.shown > 0.2  # seconds
        else:
            due = iteration % max(1, self.total // 4) == 0
        if due:
            self.shown = now
            self._print(iteration, now)

    def _print(self, iteration, now):
        rate = (iteration - self.done_before) / max(now - self.started, 1e-9)
        minutes, seconds = divmod(int((self.total - iteration) / rate), 60)
        line = (f"{self.label:<16} {iteration:>7,}/{self.total:,}  loss {self.loss:.3f}  "
                f"{rate:,.0f} it/s  {minutes}:{seconds:02d} left")
        self._write(f"\r{line[:79]:<79}" if self.live else line + "\n")

    def close(self):
        """Clear the line on a terminal, so that what is printed next starts fresh."""
        if self.live:
            self._write("\r" + " " * 79 + "\r")

    def _write(self, text):
        try:
            self.stream.write(text)
            self.stream.flush()
        except (OSError, AttributeError):  # nobody is listening any more; the run goes on
            self.live, self.stream = False, None
