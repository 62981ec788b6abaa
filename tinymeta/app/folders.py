"""Folders that runs are kept in: their names, how they are made, what is said of a full disk."""

import errno
import os
import re
import shlex
import sys
import zlib
from contextlib import contextmanager, suppress
from pathlib import Path

from ..training.files import ClaimError
from .stopping import nobody_reads

PLAN = "compare.json"  # in a comparison's folder
PICTURES = (".png", ".pdf", ".svg", ".gif", ".jpg", ".jpeg", ".eps", ".ps", ".tif", ".tiff",
            ".webp")
GONE = ": the folder that this was started in is no longer there"


def folder_for(start, given, *seeds):
    """A folder's name that tells runs with different settings apart, in results/."""
    parts = [start]
    for name, value in given.items():
        if name not in ("seed", "method"):
            value = "-".join(map(str, value)) if isinstance(value, list) else value
            parts.append(f"{name.replace('_', '')}{value}")
    name = "-".join([*parts, "seed" + "-".join(map(str, seeds))])
    plain = re.sub(r"[/\\]", "_", name)  # a column's, such as U/V
    texts = ["".join(map(str, value)) for value in given.values() if isinstance(value, (str, list))]
    whole = os.fsencode(plain)
    if plain != name or "-" in "".join(texts) or len(whole) > 120:  # too long for some systems
        exact = repr((start, given, seeds)).encode()
        plain = f"{whole[:100].decode(errors='ignore')}-{zlib.crc32(exact):08x}"
    return os.path.join("results", plain)


def is_picture(path):
    """Whether a path has the name of a picture, and is no folder."""
    return path.lower().endswith(PICTURES) and not os.path.isdir(path)


def checked_folder(output):
    """The folder that --output names, or None; ValueError where its name is that of a picture."""
    if output is not None and is_picture(output):
        raise ValueError(f"output is {output}; expected a folder, not the name of a picture")
    return output


@contextmanager
def made_folder(folder, name="output"):
    """Make the folder that an option names; where an error leaves it new and empty, it goes again.

    Raises OSError that says what stands in its way.
    """
    new = [path for path in (Path(folder), *Path(folder).parents) if not path.is_dir()]
    try:
        os.makedirs(folder, exist_ok=True)
    except OSError as error:
        why = "it is a file" if os.path.isfile(folder) else error.strerror
        why += GONE if _has_gone() else ""
        raise OSError(f"{name} is {folder}; expected a folder that can be made: {why}") from None
    try:
        yield
    except BaseException:
        for path in new:
            with suppress(OSError):  # it was not made, or is not empty
                path.rmdir()
        raise


def _has_gone():
    """Whether the folder that this was started in has been removed."""
    try:
        return not os.getcwd()
    except OSError:
        return True


def quoted(path):
    """A path as a command takes it: quoted for the shell, and no option where it starts with -.

    Bytes that are not UTF-8 are written as bash, zsh and others read them: $'m\\xe9sures'.
    """
    path = f"./{path}" if path.startswith("-") else path
    if path.isprintable():
        return shlex.quote(path)
    written = [chr(byte) if 32 <= byte < 127 and byte not in b"'\\" else f"\\x{byte:02x}"
               for byte in os.fsencode(path)]
    return f"$'{''.join(written)}'"


@contextmanager
def told_how_to_go_on(path, command):
    """An error of the disk says how to go on once there is room again."""
    try:
        yield
    except OSError as error:
        not_begun = isinstance(error, ClaimError) or str(error.filename).endswith(".lock")
        if not_begun or nobody_reads(error):
            raise
        kept = f"what was saved before is kept; go on with: {command}"
        kept = kept if os.path.isfile(path) else "nothing was kept"
        raise OSError(f"{error}{of_what(error)}\n{kept}") from error


def of_what(error):
    """What is full, or gone, where an error of the system does not name it."""
    number = getattr(error, "errno", None)
    if number == errno.ENOENT and _has_gone():
        return GONE
    if number != errno.ENOSPC or error.filename is not None:
        return ""
    sys.stdout = open(os.devnull, "w")  # what it holds cannot be written at the end either
    return ": of standard output, or of a temporary file"
