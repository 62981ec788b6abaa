"""Files that are written whole or not at all, and claims, so that no two runs write the same one.

A claim on `run.npz` is a lock on `run.npz.lock`, held by the system as long as the process lives:
after a crash the file may be left, but nobody holds it, and the next claim takes it over.
"""

import os
import re
import secrets
import shutil
import stat
import time
from contextlib import suppress
from pathlib import Path

from ..core import arguments

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None
    import msvcrt

LEFT_OVER = 10.0  # seconds after which a temporary file that nobody holds is a killed process's


class ClaimError(OSError):
    """A file that another process is at work on, or has taken over."""


def write_whole(path, write):
    """Call write(file), then put the file in the place of `path` in one step: whole or not at all.

    Raises OSError, which names `path`, when that fails or what is there is no regular file; the old
    file is then as it was.
    """
    if arguments.path("path", path).endswith(("/", os.sep)):
        raise OSError(f"{path} is the name of a folder; expected that of a file")
    try:
        target = os.path.realpath(path)
    except OSError as error:  # the working folder is no longer there
        raise OSError(error.errno, error.strerror, str(path)) from error
    if os.path.lexists(target) and not os.path.isfile(target):
        raise OSError(f"{path} is no regular file; expected one, or none yet")
    if os.path.exists(target) and not os.access(target, os.W_OK):
        raise PermissionError(f"{path} is write-protected; expected a file that may be written")
    temporary = temporary_name(target)
    try:
        with open(temporary, "xb") as file:
            _hold(file)
            write(file)
            file.flush()
            os.fsync(file.fileno())
        if os.path.exists(target):
            os.chmod(temporary, os.stat(target).st_mode & 0o7777)
        os.replace(temporary, target)
    except OSError as error:
        if error.errno is None:
            raise
        raise OSError(error.errno, error.strerror, str(path)) from error
    finally:
        with suppress(OSError):  # such as a name that is too long
            os.unlink(temporary)
    clear_left_over(target, LEFT_OVER)


def temporary_name(path):
    """A name beside `path` for what is half written; clear_left_over knows it again."""
    return f"{path}.{secrets.token_hex(4)}.tmp"


def clear_left_over(path, seconds=0.0):
    """Remove what killed processes have left of writing `path`.

    seconds: where there is no claim on it, only what is so old, and held by nobody who writes.
    """
    path = Path(os.path.realpath(os.fspath(path)))
    ours = re.compile(re.escape(path.name) + r"\.[0-9a-f]{8}\.tmp")
    for other in path.parent.iterdir() if path.parent.is_dir() else ():
        if ours.fullmatch(other.name):
            try:
                age = abs(time.time() - other.stat().st_mtime)  # the clock may have been set back
                if age >= seconds and not (seconds and _is_held(other)):
                    shutil.rmtree(other) if other.is_dir() else other.unlink()
            except OSError:  # another process has done so, or may not let us
                pass


def files_of(folder):
    """The names in a folder, but for hidden ones, claims, and what killed processes have left."""
    others = re.compile(r"\..*|.*\.lock|.*\.[0-9a-f]{8}\.tmp", re.DOTALL)
    return {name for name in os.listdir(folder) if not others.fullmatch(name)}


def _hold(file):
    """Lock a file that is being written, against clear_left_over."""
    if fcntl is not None:
        with suppress(OSError):  # some network's disks know no locks
            fcntl.flock(file, fcntl.LOCK_SH)


def _is_held(path):
    """Whether a process that lives may be writing the file, or in the folder."""
    if path.is_dir():
        return True
    if fcntl is None:  # then nobody can remove it while it is open
        return False
    with open(path, "rb") as file:
        return not _is_ours(file)


class Claim:
    """The claim of this process on the file `path`: `with Claim(path) as claim: ...`.

    patience: seconds to wait for a process that is about to end.  Raises ClaimError when another
    one holds it, OSError where no file can be made beside `path`.
    """

    def __init__(self, path, patience=3.0):
        self.path = arguments.path("path", path)
        self.lock = os.path.realpath(self.path) + ".lock"
        until, self.file = time.monotonic() + patience, None
        try:
            while not self._take():
                if time.monotonic() > until:
                    raise ClaimError(f"{self.path} is another run's that is still going on; wait "
                                     f"for it, or choose another folder")
                time.sleep(0.05)
            self.folder = os.stat(os.path.dirname(self.lock))
        except KeyboardInterrupt:
            if self.file and not self.file.closed and _is_ours(self.file):
                self.__exit__()
            raise

    def _take(self):
        if os.path.lexists(self.lock) and not _is_lock(self.lock):
            raise OSError(f"{self.lock} is no lock of ours; expected an empty file, or none yet")
        self.file = open(self.lock, "ab")
        if not _is_ours(self.file):
            self.file.close()
            return False
        if self.holds():
            return True
        self.file.close()  # the one who held it before has just removed it
        return False

    def holds(self):
        """Whether the claim still stands: nobody has removed or replaced the folder or the lock."""
        try:
            return os.path.samestat(os.fstat(self.file.fileno()), os.stat(self.lock))
        except OSError:
            return False

    def check(self):
        """Raise ClaimError unless the claim still stands, or can be made again."""
        if not self.holds() and not self._again():
            raise ClaimError(f"{self.path} is no longer this run's: its folder was removed, or "
                             f"taken over by another run; nothing was written")

    def _again(self):
        """Take a lock that was removed once more, in the same folder, unless another run has it."""
        before = self.file
        try:
            here = os.path.samestat(self.folder, os.stat(os.path.dirname(self.lock)))
        except OSError:  # the folder is gone
            here = False
        if here and self._take():
            before.close()
            return True
        self.file = before
        return False

    def __enter__(self):
        return self

    def __exit__(self, *_):
        remove = self.holds()
        if fcntl is None:  # Windows removes no open file
            self.file.close()
        if remove:
            try:
                os.unlink(self.lock)
            except OSError:  # on Windows, another process has it open already
                pass
        self.file.close()


def _is_lock(path):
    """Whether it is an empty regular file: no pipe, which would be waited for, nor another's."""
    found = os.lstat(path)
    return stat.S_ISREG(found.st_mode) and found.st_size == 0


def _is_ours(file):
    """Lock an open file for this process, at once; return whether it could be."""
    try:
        if fcntl is None:
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:  # another has it
        return False
    return True
