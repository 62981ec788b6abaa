"""A learner's file as a module of its own, run as Python would run it."""

import importlib.machinery
import importlib.util
import os
import sys
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def imported(path):
    """The file as a module, and a function that runs it; a module like any other, for a while.

    It may be found by its name, and what it imports, now or later, by its folder.  Afterwards the
    path is what it was, and other files' imports of the same names are their own.
    """
    name = path.stem.replace(".", "_")  # a dot would make it a part of a package
    taken = name in sys.modules or name in sys.builtin_module_names  # those are found first
    name = f"checked_{name}" if taken else name
    loader = importlib.machinery.SourceFileLoader(name, os.path.abspath(path))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(name, loader))
    modules, folders = set(sys.modules), list(sys.path)
    sys.modules[name] = module
    sys.path.insert(0, str(path.resolve().parent))

    def run():
        source = path.read_bytes()
        _decoded(source)  # a wrong byte, in a comment too
        code = loader.source_to_code(source, loader.path)  # no older one that Python has kept
        exec(code, vars(module))

    try:
        yield module, run
    finally:
        added = [Path(folder).resolve() for folder in set(sys.path) - set(folders)]
        sys.path[:] = folders
        for other in set(sys.modules) - modules:
            file = getattr(sys.modules[other], "__file__", None)
            if other == name or (file and set(added) & set(Path(file).resolve().parents)):
                del sys.modules[other]


def _decoded(source):
    """A file's text as Python reads it; SyntaxError where it cannot."""
    try:
        return importlib.util.decode_source(source)
    except (SyntaxError, UnicodeDecodeError) as error:
        try:
            source.decode()
        except UnicodeDecodeError as wrong:
            line = len((source[:wrong.start] + b".").splitlines())
            raise SyntaxError(f"{error}: line {line} has the byte {source[wrong.start]:#x}; "
                              f"expected a file in UTF-8, or one that says how it is encoded"
                              ) from None
        raise
