"""What a person sees while a run goes on: a progress line with rate and time left."""

import shutil
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
        self.loss, self.quarters = None, 4 * done // max(1, total)

    @property
    def width(self):
        """Columns of the line on a terminal, which would break a longer one."""
        return min(79, max(1, shutil.get_terminal_size().columns - 1))

    @property
    def seconds(self):
        """Seconds since this was made."""
        return time.perf_counter() - self.started

    def update(self, iteration, loss, seconds=None):
        """Take note of one iteration; print if it is time.  The loss shown is a running mean.

        seconds: since the start; by our own clock unless given.
        """
        self.loss = loss if self.loss is None else 0.98 * self.loss + 0.02 * loss
        now = time.perf_counter()
        if self.live:
            due = now - self.shown > 0.2  # seconds
        else:
            due = 4 * iteration // self.total > self.quarters
            self.quarters = 4 * iteration // self.total
        if due:
            self.shown = now
            self._print(iteration, self.seconds if seconds is None else seconds)

    def _print(self, iteration, seconds):
        rate = (iteration - self.done_before) / max(seconds, 1e-9)
        loss = f"{self.loss:.3f}" if self.loss < 1e6 else f"{self.loss:.1e}"
        line = (f"{self.label:<16} {iteration:>7,}/{self.total:,}  loss {loss}  "
                f"{rate:,.0f} it/s  {minutes((self.total - iteration) / rate)} left")
        self._show(line)

    def _show(self, line):
        self._write(f"\r{line[:self.width]:<{self.width}}" if self.live else line + "\n")

    def close(self):
        """Clear the line on a terminal, so that what is printed next starts fresh."""
        if self.live:
            self._write("\r" + " " * self.width + "\r")

    def _write(self, text):
        try:
            self.stream.write(text)
            self.stream.flush()
        except (OSError, AttributeError):  # nobody is listening any more; the run goes on
            self.live, self.stream = False, None


class Together(Progress):
    """One line for several runs on a terminal; in a pipe, each run's own quiet lines.

    labels: of all the runs that are to come.  stream: as for Progress.
    """

    def __init__(self, labels, stream=None):
        super().__init__("", 0, stream=stream)
        self.labels, self.lines, self.ended = labels, {}, set()

    def update(self, label, iteration, total, before, loss, seconds=None):
        """Take note of how far one run is, after so many seconds; print if it is time."""
        if label not in self.lines:
            self.lines[label] = Progress(label, total, before, self.stream)
        line = self.lines[label]
        line.reached = iteration
        if not self.live:
            if loss is not None:
                line.update(iteration, loss, seconds)
        elif (now := time.perf_counter()) - self.shown > 0.2:
            self.shown = now
            self._show(self._line())

    def _line(self):
        """How many runs are done, how far the others are, and the time left for all."""
        going = {label: line for label, line in self.lines.items() if label not in self.ended}
        parts = [f"{label} {100 * line.reached // line.total} %" for label, line in going.items()]
        work = sum(line.total for line in self.lines.values())
        done = sum(line.reached - line.done_before for line in self.lines.values())
        left = sum(line.total - line.reached for line in going.values())
        left += (len(self.labels) - len(self.lines)) * work / len(self.lines)
        time_left = f", {minutes(left * self.seconds / done)} left" if done else ""
        return f"{len(self.ended)} of {len(self.labels)} trained{time_left}: {', '.join(parts)}"

    def finished(self, label):
        """Take note of a run that is complete."""
        self.ended.add(label)
        if label in self.lines:
            self.lines[label].reached = self.lines[label].total

    clear = Progress.close


def minutes(seconds):
    """Seconds as 1:05."""
    return "{}:{:02d}".format(*divmod(int(seconds), 60))
