"""The options of the commands, for argparse: name -> what add_argument takes."""

import argparse

from ..methods.meta_sgd import RATES
from .families import FAMILIES, LOSSES
from .held_out import HELD_OUT
from .protocols import PROTOCOLS
from .recipes import METHODS


def path(text):
    """A path that is not empty, for argparse."""
    if not text:
        raise argparse.ArgumentTypeError("it is ''; expected a path")
    return text


WHOLE, REAL = dict(type=int, metavar="N"), dict(type=float, metavar="X")
SEVERAL = {
    "--methods": dict(choices=METHODS, nargs="+", metavar="METHOD", help=(
        f"what to compare, of {', '.join(METHODS)} (default: the first five)")),
    "--seeds": dict(WHOLE, nargs="+", help=(
        "train each method on each of these; one number N stands for 0 ... N - 1")),
    "--jobs": dict(WHOLE, help="processes that train side by side (default: the cores there are)")}
METHOD = {"--method": dict(choices=METHODS, metavar="METHOD", help=(
    f"what to train, of {', '.join(METHODS)} (default: the protocol's own)"))}
RUN = {
    "--protocol": dict(choices=PROTOCOLS, metavar="NAME", help=(
        f"settings to start from, of {', '.join(PROTOCOLS)}; finn2017 and reptile2018 are the "
        "published ones (default: quick for compare, finn2017 for train).  The options below "
        "change single settings; in brackets what they are in finn2017")),
    "--tasks": dict(type=path, metavar="NAME", help=(
        f"the family of tasks, of {', '.join(FAMILIES)} (sinusoid), or a CSV file of measured "
        f"curves, with the columns curve, x and y; all but the first two start from the protocol "
        f"of that name")),
    "--columns": dict(nargs="+", metavar="NAME", help=(
        "names, in the first row of the file, of the columns that are curve, x and y, in this "
        "order (all, as they stand); a name that is not there is refused")),
    "--held-out": dict(WHOLE, help="curves of the file that no method learns from (a quarter)"),
    "--loss": dict(choices=LOSSES, metavar="NAME", help=(
        f"of the network, of {', '.join(LOSSES)} (squared_error)")),
    "--rates": dict(choices=RATES, metavar="NAME", help=(
        f"of Meta-SGD, of {', '.join(RATES)} (parameter)")),
    "--positive": dict(action="store_true", default=None,
                       help="Meta-SGD learns the logarithms of its rates"),
    "--context": dict(WHOLE, help="context parameters of CAVIA (4)"),
    "--strength": dict(REAL, help="of the ridge head and of implicit MAML (1)"),
    "--shots": dict(WHOLE, help="support points of a task, K (10)"),
    "--queries": dict(WHOLE, help="query points of a task, Q (10)"),
    "--inner-steps": dict(WHOLE, help="inner steps (1; Reptile 5)"),
    "--alpha": dict(REAL, help="inner step size (0.01)"),
    "--iterations": dict(WHOLE, help="outer steps (70000)"),
    "--n-tasks": dict(WHOLE, help="tasks in an outer step (25)"),
    "--learning-rate": dict(REAL, help="outer step size (0.001)"),
    "--max-norm": dict(REAL, help="clip the meta-gradient to this norm; 0 for never (0)"),
    "--seed": dict(WHOLE, help="of everything random (0)"),
    "--init": dict(choices=("he", "xavier", "truncated_normal", "uniform"),
                   help="initialisation (he)"),
    "--activation": dict(choices=("relu", "tanh"), help="of the network (relu)"),
    "--widths": dict(WHOLE, nargs="+", help="of the network (1 40 40 1)"),
    "--output": dict(type=path, metavar="DIR",
                     help="where everything goes (default: a folder in results/)"),
    "--resume": dict(type=path, metavar="PATH", help=(
        "go on with what is kept there, with its settings: a comparison's folder, a run's file"))}
TEST = {
    "files": dict(type=path, nargs="+", metavar="FILE",
                  help="checkpoints made by train or compare"),
    "--shots": dict(type=int, nargs="+", help="support points of a task (default: as in the run)"),
    "--inner-steps": dict(type=int, help="inner steps at test time (default: as in the run)"),
    "--alpha": dict(type=float, help="inner step size at test time (default: as in the run)"),
    "--seed": dict(type=int, help="of the held-out tasks (default: as in the run)")}
FILE = "where the curves that it was trained on lie now, or other curves to judge it by"
TASKS = {"--tasks": dict(type=path, default=str(HELD_OUT), metavar="N or FILE", help=(
    f"how many held-out tasks (default: %(default)s); of measured curves: {FILE}"))}
DRAWN = {
    "--tasks": dict(type=path, metavar="FILE", help=f"of measured curves: {FILE}"),
    "--format": dict(choices=("png", "pdf", "svg"), default="png",
                     help="of the figures (default: %(default)s)"),
    "--scale": dict(REAL, default=1.0, help=(
        "text, lines and markers so many times larger, as for a slide (default: %(default)s)")),
    "--task": dict(WHOLE, help=(
        "which held-out task to show (default: one of average error before adaptation)")),
    "--animate": dict(action="store_true", help="also save the adaptation as an animated GIF"),
    "--output": dict(type=path, metavar="DIR", help=(
        "where the figures go (default: figures/ beside the first FILE); a name that ends in "
        ".png gets the picture of the adaptation alone"))}
CHECK = {
    "files": dict(type=path, nargs="*", metavar="FILE", help=(
        "Python files with a model (loss, gradient, hvp), a method, or a meta_gradient, "
        "first_order_meta_gradient, reptile or adapt function of yours")),
    "--seed": dict(type=int, default=0, help="of parameters and tasks (default: %(default)s)"),
    "--alpha": dict(type=float, default=0.05, help="inner step size (default: %(default)s)"),
    "--widths": dict(type=int, nargs="+", help="of the package's own MLPs (default: 1 8 8 1)"),
    "--timeout": dict(type=float, default=120.0, metavar="S",
                      help="seconds that a FILE may take (default: %(default)g)"),
    "--json": dict(action="store_true", help="print the reports on FILEs as JSON"),
    "--verbose": dict(action="store_true", help="also print each check block by block")}
LESSONS = {
    "folder": dict(type=path, metavar="DIR", help="the folder that they are put into"),
    "--html": dict(action="store_true", help=(
        "as pages to read in a browser, made by nbconvert, a part of Jupyter; formulas need a "
        "network"))}
