"""Checking one's own file in a process of its own: whatever it does, the verdict is ours."""

import faulthandler
import linecache
import multiprocessing
import os
import re
import shutil
import signal
import sys
import tempfile
import threading
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from ..checking.check_file import check_file
from ..checking.report import CheckReport, Finding, Ladder
from .processes import start

PATIENCE = 2.0  # seconds for a file's own end: what it has written to open files is written out
LONGEST = 500  # letters of a path in faulthandler's traces


def check_apart(path, alpha, seed, timeout, named=False, aside=False):
    """Yield (report, whether it passed, the report as data) for all in the file that is checked.

    timeout: seconds that all of it may take.  named: each report names the file.  aside: what the
    file prints goes to standard error.  Raises as check_file does.
    """
    with tempfile.TemporaryDirectory() as folder:
        trace = str(Path(folder, "trace"))
        until, reported = time.monotonic() + timeout + 5, False  # it ends itself before
        process, pipe = start(_work, path, alpha, seed, timeout, named, aside, trace,
                              daemon=False)
        try:
            while _has_more(process, pipe, until):
                kind, *what = pipe.recv()
                if kind != "ladder":
                    with suppress(OSError):  # it has ended
                        pipe.send("heard")
                    process.join(PATIENCE)
                if kind == "end" and reported:
                    return
                if kind == "error":
                    raise what[0]
                if kind != "ladder":
                    by = what[0] if kind == "broken" else "the file"
                    said = f"{by} ended it before its checks were done"
                    break
                reported = True
                yield what
            else:
                said = f"no end after {timeout:g} seconds"
        except EOFError:
            process.join()
            said = _where(trace, path, timeout) or (
                f"ended the process, {_how(process.exitcode)}, before its checks were done")
        finally:
            _end_all(process)
    report = CheckReport(f"running {Path(path).name}", False,
                         findings=[Finding("", said, cause="error")])
    ladder = Ladder(str(path), {"running the file": report}, [])
    yield str(ladder), False, ladder.as_dict()


def _has_more(process, pipe, until):
    """Wait until there is more to receive, and return True; False where time is over.

    EOFError where the process has ended: what it has started may hold the pipe open.
    """
    while not pipe.poll(0.1):
        if process.exitcode is not None and not pipe.poll():
            raise EOFError
        if time.monotonic() > until:
            return False
    return True


def _end_all(process):
    """End a process and what the file has started in it, such as a copy by os.fork()."""
    if hasattr(os, "killpg"):
        with suppress(OSError):  # all of them have ended
            os.killpg(process.pid, signal.SIGKILL)
    process.kill()
    process.join()


def _how(exit_code):
    if exit_code < 0:
        return f"signal {-exit_code} ({signal.strsignal(-exit_code)})"
    return f"exit code {exit_code}"


def _work(pipe, path, alpha, seed, timeout, named, aside, trace):
    if hasattr(os, "setpgid"):
        os.setpgid(0, 0)
    if aside:
        os.dup2(2, 1)
    multiprocessing.set_start_method(None, force=True)  # the file's processes start as elsewhere
    try:
        file = open(trace, "w")
    except FileNotFoundError:  # who started this has been ended by a signal
        return
    ender = threading.Thread(target=_end_with_parent, args=(trace,), daemon=True)
    ender.start()  # now that there is all that it clears up
    checker = os.getpid()

    def tell(*what):
        if os.getpid() != checker:  # a copy that the file has made by os.fork()
            return
        try:
            pipe.send(what)
            if what[0] != "ladder":
                faulthandler.cancel_dump_traceback_later()  # a reader of the report takes its time
                pipe.recv()  # that it was heard
        except (EOFError, OSError):  # who started this is gone
            ender.join()

    with file:
        faulthandler.dump_traceback_later(timeout, exit=True, file=file)
        sys.argv = [str(path)]
        try:
            for ladder in check_file(path, alpha, seed):
                if named:
                    ladder = replace(ladder, title=f"{path}: {ladder.title}")
                tell("ladder", str(ladder), ladder.passed, ladder.as_dict())
            tell("end")
        except (OSError, ValueError, TypeError) as error:
            tell("error", error)
        except BaseException as error:  # KeyboardInterrupt, or one that cannot even be printed
            tell("broken", type(error).__name__)
    if os.getpid() == checker:  # who started this may be gone by now
        shutil.rmtree(Path(trace).parent, ignore_errors=True)


def _end_with_parent(trace):
    """End this process, whatever the file does in it, when the one that started it is gone."""
    multiprocessing.parent_process().join()
    shutil.rmtree(Path(trace).parent, ignore_errors=True)  # nobody else is left to
    if hasattr(os, "killpg"):
        os.killpg(0, signal.SIGKILL)  # what the file has started, too
    os._exit(1)


def _where(trace, path, timeout):
    """Where a file stood when its time was over, or None if that is not how it ended."""
    text = Path(trace).read_text(encoding="utf-8", errors="replace")
    if not text:
        return None
    main = text.rpartition("\nThread ")[2]  # the last of the threads
    frames = re.findall(r'File "(.*)", line (\d+) in', main)
    full = os.path.abspath(path)
    shown = full if len(full) <= LONGEST else full[:LONGEST] + "..."
    shown = shown.encode("ascii", "backslashreplace").decode()  # as the trace has it
    own = [line for file, line in frames if file == shown]
    if not own:
        return f"no end after {timeout:g} seconds"
    source = linecache.getline(full, int(own[0])).strip()  # "" where the file has changed since
    return (f"no end after {timeout:g} seconds (--timeout), at line {own[0]}"
            + (f": `{source}`" if source else ""))
