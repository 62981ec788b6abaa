"""Training in processes of their own, so that all cores work, and what is shown of it.

Every run has its own process, its own checkpoint and one core, so the results are those of one
process, bit for bit.  A process ends by itself, and keeps what it has reached, when it is told to
or when the one that started it is gone.
"""

import multiprocessing
import os
import signal
import time
from contextlib import contextmanager
from importlib import import_module
from multiprocessing import connection, resource_tracker

from .progress import Together
from .runs import train
from .stopping import Ended, Stop

SPAWN = multiprocessing.get_context("spawn")  # as on every system: nothing is inherited
TELL_EVERY = 0.2  # seconds


def start(target, *arguments, daemon=True):
    """Call target(pipe, *arguments) in a process of its own; return the process and our end.

    A signal that comes meanwhile is obeyed once the process is there to be ended.
    """
    ours, theirs = SPAWN.Pipe()
    process = SPAWN.Process(target=target, args=(theirs, *arguments), daemon=daemon)
    with Stop() as stop, _ctrl_c_blocked():
        process.start()
    theirs.close()
    try:
        for number in stop.received[:1]:
            signal.raise_signal(number)
    except KeyboardInterrupt:
        process.kill()
        process.join()
        raise
    return process, ours


@contextmanager
def _ctrl_c_blocked():
    """A process that is started now never gets a terminal's Ctrl-C: it is ours to tell it."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    resource_tracker.ensure_running()  # or it is started now, and lifts the block
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def train_all(runs, jobs, done):
    """Train runs, label -> (settings, path), `jobs` at a time; return label -> Run, and the end.

    done: called with each label and Run that is complete, or diverged.  The end is None, or the
    label of the run that was stopped first: then the others have been stopped and kept as well.
    Raises as `train` does.
    """
    if min(jobs, len(runs)) > 1:
        return _Pool(runs, done).train(min(jobs, len(runs)))
    found = {}
    for label, (settings, path) in runs.items():
        found[label] = train(settings, path)
        if found[label].stopped:
            return found, label
        done(label, found[label])
    return found, None


class _Pool:
    """The runs of one comparison, those that wait and those that processes train."""

    def __init__(self, runs, done):
        self.waiting = sorted(runs.items(), key=lambda run: -run[1][0].inner_steps)  # long first
        self.done, self.found, self.end, self.error = done, {}, None, None
        self.going = {}  # our end of the pipe -> label, process
        self.shown = Together(list(runs))

    def train(self, jobs):
        """Train all in so many processes, as train_all does."""
        processes, told = [start(_work) for _ in range(jobs)], 0
        with Stop() as stop:
            try:
                for process, pipe in processes:
                    self._next(process, pipe)
                while self.going:
                    for pipe in connection.wait(list(self.going), TELL_EVERY):
                        self._hear(pipe, stop)
                    if stop.received or self.end or self.error:
                        told = self._tell(told, stop.received or [signal.SIGTERM])
                    elif not self.waiting and len(self.going) < jobs:  # a core has nothing to do
                        import_module("..plotting", __package__)  # and Matplotlib takes a while
            finally:
                self.shown.close()
                for process, pipe in processes:
                    pipe.close()  # it ends when nobody listens
        for process, _ in processes:
            process.join()
        if self.error:
            raise self.error
        if stop.received and self.end and (run := self.found[self.end]).stopped:
            self.found[self.end] = run._replace(stopped=stop.code)  # not that of its process
        if self.end is None and stop.received:
            raise Ended(stop.received[0])  # which came between two runs, or ended their processes
        return self.found, self.end

    def _next(self, process, pipe):
        label, task = self.waiting.pop(0)
        self.going[pipe] = label, process
        pipe.send(task)

    def _tell(self, told, signals):
        """Tell the processes to end; at a second signal, at once; return how often that was."""
        for pipe, (_, process) in self.going.items():
            if told == 0:
                try:
                    pipe.send(signals[0])
                except OSError:  # it has just ended
                    pass
            elif told < len(signals):
                process.terminate()  # it saves its last whole step, where signals can be caught
        return 1 if told == 0 else max(told, len(signals))

    def _hear(self, pipe, stop):
        """Take what a process says: how far it is, or how its run ended."""
        label, process = self.going[pipe]
        try:
            kind, *what = pipe.recv()
        except (EOFError, OSError):
            process.join()
            kind, what = "end" if stop.received else "error", [OSError(
                f"the process that trained {label} was ended from outside (exit code "
                f"{process.exitcode})")]
        if kind == "progress":
            self.shown.update(label, *what)
            return
        del self.going[pipe]
        self.shown.clear()
        if kind == "end":  # by the signal that we have received as well
            return
        if kind == "error":
            self.error = self.error or what[0]
            return
        self.found[label] = run = what[0]
        if run.stopped:
            self.end = self.end or label
            return
        self.shown.finished(label)
        self.done(label, run)
        if self.waiting and not (stop.received or self.end or self.error):
            self._next(process, pipe)


def _work(pipe):
    """Train what comes through the pipe; tell how far it is, and how it ended."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        while not isinstance(task := pipe.recv(), int):
            try:
                told = "run", train(*task, progress=_Told(pipe).begin, patience=0)
            except (OSError, ValueError, TypeError, MemoryError) as error:
                told = "error", error
            pipe.send(told)
    except (EOFError, OSError):  # nobody is there any more
        pass


class _Told:
    """A run's progress, told through a pipe; and the stop that comes back, or the silence."""

    def __init__(self, pipe):
        self.pipe, self.started, self.told = pipe, time.perf_counter(), 0.0

    def begin(self, stop, label, total, done):
        """Tell how much there is to do."""
        self.stop, self.total, self.before = stop, total, done
        self.update(done, None)
        return self

    @property
    def seconds(self):
        """Seconds since this was made."""
        return time.perf_counter() - self.started

    def update(self, iteration, loss):
        """Tell how far the run is, now and then; listen."""
        now = time.perf_counter()
        if now - self.told < TELL_EVERY:
            return
        self.told = now
        try:
            self.pipe.send(("progress", iteration, self.total, self.before, loss, self.seconds))
            told_to_stop = self.pipe.recv() if self.pipe.poll() else None
        except (OSError, EOFError):
            told_to_stop = signal.SIGTERM
        if told_to_stop:
            self.stop.received.append(told_to_stop)

    def close(self):
        """Nothing is left to tell."""


def cores():
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
