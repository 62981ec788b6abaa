"""Tables and the progress line, to the letter."""

import io
import sys

import numpy as np
import pytest

from tinymeta.app import progress
from tinymeta.app.progress import Progress, Together
from tinymeta.app.tables import curves_table, seeds_table, short, shown_steps, summary
from tinymeta.training.evaluation import AdaptationCurve


def curve(*errors, diverged=None):
    """A curve of one row of task errors for each number of steps."""
    errors = np.array(errors, dtype=float)
    return AdaptationCurve(errors, np.zeros(errors.shape, bool) if diverged is None else diverged)


CURVES = {"MAML": curve([1, 2, 3, 4], [0.5, 0.5, 0.5, 9], diverged=np.tri(2, 4) > 0),
          "oracle": curve([30.0, 10.0]),
          "a/path/that/is/longer/than/thirty.npz": curve([1, 1], [1e4, 2e4])}


def test_a_table_shows_mean_and_interval_by_step_and_the_median_at_the_end():
    lines = curves_table(CURVES, 5, 70).split("\n")
    assert lines == [
        "", "5-shot, 70 held-out tasks: mean squared error ± 95 % interval by inner step,",
        "median and diverged tasks after the last step",
        "inner steps                            0         1 median div.", "-" * 62,
        "MAML                           2.50±1.10 2.62±3.61   0.50    2",
        "oracle                         20.0±13.9         -   10.0    0",
        "th/that/is/longer/than/thirty.npz"[-30:] + " 1.00±0.00 2e+4±7e+3   1e+4    0"]


def test_an_infinite_mean_stands_alone():
    assert " inf    inf    0" in curves_table({"MAML": curve([np.inf] * 2)}, 5, 2)


def test_one_task_has_no_interval():
    table = curves_table({"MAML": curve([1.0])}, 5, 1)
    assert "1.00±nan" in table and ", 1 held-out task:" in table


def test_a_table_of_seeds_shows_the_median_over_seeds_and_the_range_under_it():
    diverged = np.array([[False, False], [True, False]])
    maml = [curve([1, 3], [1, 1]), curve([2, 6], [0.5, 0.1]),
            curve([1, 1], [np.inf, 0.2], diverged=diverged)]
    lines = seeds_table({"MAML": maml, "oracle": [curve([30.0, 10.0])] * 3}, 5, 70).split("\n")
    assert lines == [
        "", "5-shot, 70 held-out tasks for each of 3 seeds: mean squared error,",
        "by inner step the median over seeds, and under it the range; of the last step the",
        "median task too, and the diverged tasks of all seeds",
        "inner steps              0         1    median div", "-" * 50,
        "MAML                  2.00      1.00      0.20   1",
        "                 1.00-4.00  0.30-inf 0.10-1.00",
        "oracle                20.0         -      10.0   0",
        "                 20.0-20.0           10.0-10.0"]


def test_large_numbers_of_diverged_tasks_stand_apart():
    lost = curve(*np.full((2, 1500), np.inf), diverged=np.ones((2, 1500), bool))
    assert "inf 3000" in seeds_table({"MAML": [lost, lost]}, 5, 1500)
    high = AdaptationCurve(np.full((1, 10**6), 1e300), np.ones((1, 10**6), bool))
    assert " 1e+300 1000000" in curves_table({"MAML": high}, 5, 10**6)


@pytest.mark.parametrize("last, shown", [
    (0, [0]), (1, [0, 1]), (2, [0, 1, 2]), (5, [0, 1, 2, 5]), (7, [0, 1, 2, 5, 7]),
    (10, [0, 1, 2, 5, 10]), (11, [0, 1, 5, 10, 11]), (32, [0, 1, 5, 10, 32])])
def test_the_steps_shown(last, shown):
    assert shown_steps(last) == shown
    wide = curves_table({"x": curve(*np.ones((last + 1, 2)))}, 1, 2).split("\n")
    assert max(map(len, wide)) <= 78 and wide[3].split()[2:-2] == [str(k) for k in shown]


@pytest.mark.parametrize("value, text", [
    (0.0, "0.00"), (2.3e-6, "2e-6"), (1e-3, "1e-3"), (4.94e-3, "5e-3"), (5.1e-3, "0.01"),
    (0.5449, "0.54"), (9.994, "9.99"), (9.996, "10.0"), (12.34, "12.3"),
    (99.94, "99.9"), (99.97, "100"), (123.4, "123"), (999.4, "999"), (999.7, "1e+3"),
    (5e6, "5e+6"), (1e30, "1e+30"), (np.inf, "inf"), (np.nan, "nan")])
def test_numbers_fit_their_column(value, text):
    assert short(value) == text and len(text) <= 5


def test_the_summary_is_rounded_and_says_infinity_in_words():
    small = summary({"MAML": curve([1.23456e-9, 1.23456e-9])})["MAML"]["mean"]
    assert small == [1.235e-9]
    kept = summary({"MAML": curve([1, 2.12345], [np.inf, 1])}, np.array([1.0, 3.0]) / 8)
    assert kept["MAML"] == {"mean": [1.5617, "inf"], "ci95": [0.7785, "nan"], "median": [1.0, 1.0],
                            "n_diverged": [0.0, 0.0]}
    assert kept["least squares"] == {"mean": [0.25], "largest": [0.375]}


# Progress.


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def clock(monkeypatch):
    """A clock that is set by hand: clock[0] is the time in seconds."""
    now = [1000.0]
    monkeypatch.setattr(progress.time, "perf_counter", lambda: now[0])
    return now


def test_in_a_pipe_progress_is_four_lines_with_this_call_s_rate_and_time_left(clock):
    pipe = io.StringIO()
    line = Progress("MAML", total=4000, done=1000, stream=pipe)
    for iteration in range(1001, 4001):
        clock[0] += 0.125
        line.update(iteration, 1.5)
    line.close()
    assert pipe.getvalue().splitlines() == [
        "MAML               2,000/4,000  loss 1.500  8 it/s  4:10 left",
        "MAML               3,000/4,000  loss 1.500  8 it/s  2:05 left",
        "MAML               4,000/4,000  loss 1.500  8 it/s  0:00 left"]
    assert line.seconds == pytest.approx(375)


@pytest.mark.parametrize("total, printed", [(3, 3), (6, 4), (9, 4)])
def test_short_runs_print_each_whole_quarter_at_once(total, printed):
    class Pipe(io.StringIO):
        flushed = 0

        def flush(self):
            self.flushed += 1

    line = Progress("MAML", total=total, stream=(pipe := Pipe()))
    for iteration in range(1, total + 1):
        line.update(iteration, 1.0)
    assert len(pipe.getvalue().splitlines()) == pipe.flushed == printed


def test_the_loss_shown_is_a_running_mean():
    pipe = io.StringIO()
    line = Progress("MAML", total=2, stream=pipe)
    line.update(1, 1.0), line.update(2, 2.0)
    assert "loss 1.000" in pipe.getvalue() and "loss 1.020" in pipe.getvalue()


def test_on_a_terminal_the_line_is_rewritten_every_fifth_of_a_second_and_cleared(clock):
    terminal = Terminal()
    line = Progress("a label of more than seventy-nine columns " * 2, total=100, stream=terminal)
    for iteration in range(1, 11):
        clock[0] += 0.11
        line.update(iteration, 1.0)
    line.close()
    text = terminal.getvalue()
    assert "\n" not in text and text.endswith("\r" + " " * 79 + "\r")
    drawn = text.split("\r")
    assert len(drawn) == 1 + 5 + 2 and {len(part) for part in drawn[1:-1]} == {79}


def test_on_a_narrow_terminal_the_line_is_cut_to_its_width(clock, monkeypatch):
    monkeypatch.setenv("COLUMNS", "40")
    line = Progress("MAML", total=10, stream=(terminal := Terminal()))
    clock[0] += 1
    line.update(1, 1.0), line.close()
    assert {len(part) for part in terminal.getvalue().split("\r")[1:-1]} == {39}


def test_nobody_listening_is_no_error(clock):
    class Closed(Terminal):
        def write(self, text):
            raise BrokenPipeError
    for stream in (Closed(), None):
        line = Progress("MAML", total=1, stream=stream)
        clock[0] += 1
        line.update(1, 1.0), line.close()
        assert stream is None or line.stream is None


def test_progress_goes_to_the_standard_error_and_there_may_be_none(monkeypatch):
    monkeypatch.setattr(sys, "stderr", pipe := io.StringIO())
    Progress("MAML", total=1).update(1, 1.0)
    assert "1/1" in pipe.getvalue()
    monkeypatch.setattr(sys, "stderr", None)  # as under pythonw
    Progress("MAML", total=1).update(1, 1.0)


def test_a_rate_is_that_of_the_run_s_own_clock():
    stream = io.StringIO()
    line = Together(["MAML"], stream)
    line.update("MAML", 0, 100, 0, None, 0.0)
    line.update("MAML", 50, 100, 0, 1.0, 25.0)
    assert "2 it/s  0:25 left" in stream.getvalue()


def test_a_loss_of_many_digits_is_short():
    stream = io.StringIO()
    Progress("MAML", 4, stream=stream).update(2, 2.3e35)
    assert "loss 2.3e+35  " in stream.getvalue()
