"""What a person sees while a run goes on, and at its end: progress lines and tables."""

import sys
import time

import numpy as np


class Progress:
    """A progress line with rate and time left: rewritten in place on a terminal, four quiet lines in a pipe.

    label: what is running.  total: how many iterations there are.  done: how many were done before.
    """

    def __init__(self, label, total, done=0, stream=None):
        self.label, self.total, self.done_before = label, total, done
        self.stream = sys.stderr if stream is None else stream
        self.live = self.stream is not None and self.stream.isatty()
        self.started = self.shown = time.perf_counter()
        self.loss = None

    def update(self, iteration, loss):
        """Take note of one iteration; print if it is time to.  The loss shown is a running mean."""
        self.loss = loss if self.loss is None else 0.98 * self.loss + 0.02 * loss
        now = time.perf_counter()
        quarter = max(1, self.total // 4)
        if (self.live and now - self.shown > 0.2) or (not self.live and iteration % quarter == 0):
            self.shown = now
            self._print(iteration, now)

    def _print(self, iteration, now):
        rate = (iteration - self.done_before) / max(now - self.started, 1e-9)
        left = (self.total - iteration) / rate
        line = (f"{self.label:<16} {iteration:>7,}/{self.total:,}  loss {self.loss:.3f}  "
                f"{rate:,.0f} it/s  {int(left) // 60}:{int(left) % 60:02d} left")
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

    @property
    def seconds(self):
        """Seconds since this was made."""
        return time.perf_counter() - self.started


def curves_table(curves, steps):
    """Errors after the inner steps asked for: a table of lines, 78 columns wide for five steps.

    curves: name -> AdaptationCurve.  Cells are mean ± half the 95 % interval; the median and the
    number of diverged tasks are those after the last step.  A curve of no steps, such as the oracle's,
    leaves the other cells empty.
    """
    header = f"{'inner steps':<16}" + "".join(f"{k:>10}" for k in steps) + f"{'median':>7}{'div.':>5}"
    lines = [header, "-" * len(header)]
    for name, curve in curves.items():
        cells = [f"{short(curve.mean[k])}±{short(curve.ci95[k])}" if k < len(curve.mean) else "-" for k in steps]
        lines.append(f"{name[-30:]:<16}" + "".join(f" {cell:>9}" for cell in cells)
                     + f"{short(curve.median[-1]):>7}{curve.n_diverged[-1]:>5}")
    return "\n".join(lines)


def short(value):
    """A number in at most five characters: 0.54, 12.3, 5e+06, inf."""
    if not np.isfinite(value):
        return "inf" if np.isinf(value) else "nan"
    if value >= 999.5:
        return f"{value:.0e}".replace("e+0", "e+")
    return f"{value:.2f}" if value < 9.995 else f"{value:.1f}" if value < 99.95 else f"{value:.0f}"


def shown_steps(last):
    """The inner steps that tables and figures show: 0, 1, 2, 5, 10 and the last."""
    return sorted({k for k in (0, 1, 2, 5, 10) if k < last} | {last} if last <= 10 else {0, 1, 5, 10, last})
