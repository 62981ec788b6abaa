"""The command line: python -m tinymeta [compare | train | evaluate | check | plot | lessons] ..."""

import argparse
import os
import sys

from .. import __version__
from ..training.checkpoints import CheckpointError
from .check import check
from .commands import evaluate_files, plot_files, train_one
from .compare import compare
from .folders import of_what
from .lessons import put_lessons
from .options import CHECK, DRAWN, LESSONS, METHOD, RUN, SEVERAL, TASKS, TEST
from .stopping import asked, exit_code, nobody_reads, raised, tell

DESCRIPTION = """\
Gradient-based meta-learning in NumPy, every gradient derived by hand.

With no arguments: meta-train MAML, first-order MAML, Reptile, joint training
and the oracle on sine waves under one budget, evaluate all on the same 600
held-out tasks, print a table and save the figures; about half a minute.
That is `compare` with its defaults.
"""

EXAMPLES = """\
examples:
  python -m tinymeta
      the comparison, in half a minute
  python -m tinymeta compare --protocol finn2017 --seed 1
      the same with the published settings: five minutes
  python -m tinymeta train --inner-steps 5 --max-norm 10 --iterations 5000
      MAML with five inner steps; --method chooses another
  python -m tinymeta compare --methods maml metasgd cavia ridge
      other methods under one budget; what each adapts, and what it costs
  python -m tinymeta compare --tasks moons
      classification of half-moons; also boundary and glyphs
  python -m tinymeta compare --tasks curves.csv
      your own measured curves: columns curve, x and y
  python -m tinymeta train --resume results/finn2017-maml-seed0/maml.npz
      go on after Ctrl-C; the results are bit-identical
  python -m tinymeta evaluate results/quick-seed0/*.npz --shots 3 5
  python -m tinymeta plot results/quick-seed0/*.npz --shots 5 --animate
  python -m tinymeta check
  python -m tinymeta check my_model.py
      your own loss, gradient and hvp: what is right, and what is wrong and how

`python -m tinymeta COMMAND --help` lists a command's options.

exit codes: 0 done; 1 diverged, a check failed, or a bad file; 2 wrong usage;
130 Ctrl-C, 143 SIGTERM, 129 SIGHUP, with what was reached kept in a checkpoint
"""

COMMANDS = (  # name, function, options, summary
    ("compare", compare, SEVERAL | RUN,
     "all methods under one budget: table and figures (the default)"),
    ("train", train_one, METHOD | RUN, "meta-train one method, with checkpoints"),
    ("evaluate", evaluate_files, TEST | TASKS,
     "adaptation errors of trained parameters on held-out tasks"),
    ("check", check, CHECK,
     "every derivation against numerical derivatives; or your own, in a file"),
    ("plot", plot_files, TEST | DRAWN, "figures of trained parameters"),
    ("lessons", put_lessons, LESSONS, "the lessons in a folder of yours, ready to run"))


def main(argv=None):
    """Run the command line with the arguments `argv`; return the exit code."""
    argv = sys.argv[1:] if argv is None else list(argv)
    asked.clear()
    before = len(raised)
    if not argv or (argv[0].startswith("-") and argv[0] not in ("-h", "--help", "--version")):
        argv = ["compare"] + argv
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="replace")  # a terminal without Greek letters may go on
    try:
        arguments = _parser().parse_args(argv)
        code = arguments.run(arguments)
        _flush()
        return code
    except KeyboardInterrupt as error:
        return _interrupted(error)
    except ModuleNotFoundError as error:
        tell(f"error: {error}; install it with: pip install {error.name}")
        return 1
    except MemoryError as error:
        tell(f"error: not enough memory for these settings ({error})")
        return 1
    except Exception as error:
        signal = _of_signal(error)  # what a library raises while it clears up after Ctrl-C
        if signal or len(raised) > before:  # or after it has swallowed it
            return _interrupted(signal)
        if nobody_reads(error):  # such as head
            sys.stdout = open(os.devnull, "w")
            return exit_code() if asked else 1
        if not isinstance(error, (ArithmeticError, ImportError, OSError, RuntimeError, ValueError,
                                  TypeError)):
            raise
        tell(f"error: {error}{of_what(error)}")
        failed = CheckpointError, ImportError, OSError, ArithmeticError, RuntimeError
        return 1 if isinstance(error, failed) else 2


def _flush():
    """Write what standard output still holds; after a signal, nobody need be there to read it."""
    try:
        print(end="", flush=True)
    except OSError:
        if not asked:
            raise
        sys.stdout = open(os.devnull, "w")


def _interrupted(error):
    tell("\ninterrupted")
    return exit_code(error)


def _of_signal(error):
    """The KeyboardInterrupt that was being dealt with when the error came up, or None."""
    while error is not None and not isinstance(error, KeyboardInterrupt):
        error = error.__context__
    return error


def _parser():
    parser = argparse.ArgumentParser(
        "python -m tinymeta", description=DESCRIPTION, epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--version", action="version", version=f"tinymeta {__version__}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    for name, run, options, summary in COMMANDS:
        command = commands.add_parser(name, help=summary, description=run.__doc__)
        command.set_defaults(run=run)
        for flag, option in options.items():
            command.add_argument(flag, **option)
    return parser
