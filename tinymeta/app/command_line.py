"""The command line: python -m tinymeta [compare | train | evaluate | check | plot] [options].

Exit codes: 0 done; 1 diverged, a check failed, or a file is not what it should be; 2 wrong usage;
130 interrupted by Ctrl-C, with what was reached kept in a checkpoint.
"""

import argparse
import os
import sys

from .. import __version__
from ..training.checkpoints import CheckpointError
from .commands import check, compare, evaluate_files, plot_files, train_one
from .protocols import METHODS, PROTOCOLS
from .runs import HELD_OUT

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
  python -m tinymeta train --resume results/finn2017-maml-seed0/maml.npz
      go on after Ctrl-C, to the same bits as without it
  python -m tinymeta evaluate results/quick-seed0/*.npz --shots 3 5
  python -m tinymeta plot results/quick-seed0/*.npz --shots 5 --animate
  python -m tinymeta check
  python -m tinymeta check my_model.py
      your own loss, gradient and hvp: what is right, and what is wrong and how

`python -m tinymeta COMMAND --help` lists a command's options.

exit codes: 0 done; 1 diverged, a check failed, or a bad file; 2 wrong usage;
130 Ctrl-C, with what was reached kept in a checkpoint
"""


def main(argv=None):
    """Run the command line with the arguments `argv`; return the exit code."""
    argv = sys.argv[1:] if argv is None else list(argv)
    if not argv or (argv[0].startswith("-") and argv[0] not in ("-h", "--help", "--version")):
        argv = ["compare"] + argv
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # a terminal without Greek letters is no reason to stop
    try:
        arguments = _parser().parse_args(argv)
        return arguments.run(arguments)
    except KeyboardInterrupt:
        print("\ninterrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:  # the reader of our output, such as head, has gone
        sys.stdout = open(os.devnull, "w")
        return 1
    except MemoryError as error:
        print(f"error: not enough memory for these settings ({error})", file=sys.stderr)
        return 1
    except (CheckpointError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except (ValueError, TypeError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2


def _parser():
    parser = argparse.ArgumentParser("python -m tinymeta", description=DESCRIPTION, epilog=EXAMPLES,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--version", action="version", version=f"tinymeta {__version__}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)

    def command(name, run, summary):
        sub = commands.add_parser(name, help=summary, description=run.__doc__)
        sub.set_defaults(run=run)
        return sub

    sub = command("compare", compare, "all methods under one budget: table and figures (the default)")
    _add_run_options(sub)
    sub.add_argument("--resume", metavar="DIR", help="go on with the comparison kept in DIR, with its settings")

    sub = command("train", train_one, "meta-train one method, with checkpoints")
    sub.add_argument("--method", choices=METHODS, help="what to train (default: the protocol's own)")
    _add_run_options(sub)
    sub.add_argument("--resume", metavar="FILE", help="go on with the run kept in FILE, with its settings")

    sub = command("evaluate", evaluate_files, "adaptation errors of trained parameters on held-out tasks")
    sub.add_argument("files", nargs="+", metavar="FILE", help="checkpoints made by train or compare")
    _add_test_options(sub)
    sub.add_argument("--tasks", type=int, default=HELD_OUT, help="held-out tasks (default: %(default)s)")

    sub = command("check", check, "every derivation against numerical derivatives; or your own, in a file")
    sub.add_argument("files", nargs="*", metavar="FILE", help="Python files with a model (loss, gradient, hvp), a "
                     "meta_gradient, first_order_meta_gradient, reptile or adapt function of yours")
    sub.add_argument("--seed", type=int, default=0, help="of parameters and tasks (default: %(default)s)")
    sub.add_argument("--alpha", type=float, default=0.05, help="inner step size (default: %(default)s)")
    sub.add_argument("--widths", type=int, nargs="+", default=[1, 8, 8, 1], help="of the MLPs (default: 1 8 8 1)")
    sub.add_argument("--verbose", action="store_true", help="also print each check block by block")

    sub = command("plot", plot_files, "figures of trained parameters")
    sub.add_argument("files", nargs="+", metavar="FILE", help="checkpoints made by train or compare")
    _add_test_options(sub)
    sub.add_argument("--task", type=int, metavar="N",
                     help="which held-out task to show (default: one of average error before adaptation)")
    sub.add_argument("--animate", action="store_true", help="also save the adaptation as an animated GIF")
    sub.add_argument("--output", metavar="DIR", help="where the figures go (default: figures/ beside the first FILE)")
    return parser


def _add_run_options(sub):
    sub.add_argument("--protocol", choices=PROTOCOLS,
                     help="settings to start from; finn2017 and reptile2018 are the published ones (default: "
                          "quick for compare, finn2017 for train).  The options below change single settings; "
                          "in brackets what they are in finn2017")
    for flag, kind, text in (
            ("--shots", int, "support points a task, K (10)"), ("--queries", int, "query points a task, Q (10)"),
            ("--inner-steps", int, "inner steps (1; Reptile 5)"), ("--alpha", float, "inner step size (0.01)"),
            ("--iterations", int, "outer steps (70000)"), ("--n-tasks", int, "tasks an outer step (25)"),
            ("--learning-rate", float, "outer step size (0.001)"),
            ("--max-norm", float, "clip the meta-gradient to this norm; 0 for never (0)"),
            ("--seed", int, "of everything random (0)")):
        sub.add_argument(flag, type=kind, metavar="N" if kind is int else "X", help=text)
    sub.add_argument("--init", choices=("he", "xavier", "truncated_normal", "uniform"), help="initialisation (he)")
    sub.add_argument("--activation", choices=("relu", "tanh"), help="of the network (relu)")
    sub.add_argument("--widths", type=int, nargs="+", metavar="N", help="of the network (1 40 40 1)")
    sub.add_argument("--output", metavar="DIR", help="where everything goes (default: a folder in results/)")


def _add_test_options(sub):
    sub.add_argument("--shots", type=int, nargs="+", help="support points of a task (default: as in the run)")
    sub.add_argument("--inner-steps", type=int, help="inner steps at test time (default: as in the run)")
    sub.add_argument("--alpha", type=float, help="inner step size at test time (default: as in the run)")
    sub.add_argument("--seed", type=int, help="of the held-out tasks (default: as in the run)")
