"""What the commands train, evaluate and plot do; options.py has their options.

Each takes the parsed arguments and returns the exit code.  Wrong values raise ValueError or
TypeError, files that are not what they should be CheckpointError or OSError.
"""

import os
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np

from ..core.arguments import seed_number, whole_number
from ..training.files import Claim
from .figures import FIGURES, checked_task, save_figures
from .families import FAMILIES
from .folders import (PLAN, checked_folder, folder_for, is_picture, made_folder, quoted,
                      told_how_to_go_on)
from .held_out import HELD_OUT, evaluate_runs, measured, remark, tasks_at_test
from .measured import settings_of_file
from .protocols import OWN, PROTOCOLS
from .recipes import METHODS
from .runs import expanded, load_run, load_runs, train
from .settings import MOST_STEPS, Settings, build, changed
from .stopping import tell
from .tables import curves_table

MOST_TASKS, MOST_SHOTS = 1_000_000, 10_000  # at test time
LEAST_SCALE, MOST_SCALE = 0.1, 4  # smaller text is no text; larger leaves no room for panels


def overrides(arguments):
    """The settings that were given on the command line, name -> value."""
    return {name: value for name, value in vars(arguments).items()
            if name in asdict(Settings()) and value is not None}


def is_file(tasks):
    """Whether --tasks names a file of curves rather than a family."""
    return tasks is not None and tasks not in FAMILIES


def protocol_of(arguments, given, usual):
    """The protocol's name, and the overrides: --tasks alone takes the protocol of that name."""
    if is_file(given.get("tasks")):
        return arguments.protocol or "measured", settings_of_file(given["tasks"], given)
    for name in sorted({"columns", "held_out"} & set(given)):
        raise ValueError(f"{name} is {given[name]} without a file; expected --tasks FILE.csv")
    if arguments.protocol is None and given.get("tasks") in OWN:
        return given["tasks"], {name: v for name, v in given.items() if name != "tasks"}
    return arguments.protocol or usual, given


def tell_idle(arguments, methods):
    """Say so where an option is given that some method reads, but none of these."""
    for name, value in overrides(arguments).items():
        _tell_without_effect(name, value, methods, readers_of(name))


def readers_of(name):
    """The methods to which a setting matters, of those that not all methods read."""
    return [method for method, recipe in METHODS.items() if name in recipe.reads]


def _tell_without_effect(name, value, methods, readers):
    if readers and not set(readers) & set(methods):
        tell(f"note: {name} is {value}, without effect on {', '.join(methods)}; it is for "
             f"{', '.join(readers)}")


def train_one(arguments):
    """Meta-train one method, keep a checkpoint, and evaluate it on 600 held-out tasks."""
    resuming = arguments.resume is not None
    settings, path = _to_resume(arguments) if resuming else _to_begin(arguments)
    go_on = f"python -m tinymeta train --resume {quoted(path)}"
    with made_folder(os.path.dirname(path) or "."), told_how_to_go_on(path, go_on):
        run, label = train(settings, path, more=resuming), METHODS[settings.method].label
    if run.stopped or run.error:
        return ended_early(run, path, go_on)
    print(f"{label}: {settings.iterations:,} iterations in {run.checkpoint.seconds:.1f} s, "
          f"seed {settings.seed}, kept in {path}", flush=True)
    for shots in settings.eval_shots:
        print(curves_table(evaluate_runs({label: run}, shots), shots, HELD_OUT,
                           measured(settings)) + remark(settings))
    print(f"\nSee it adapt: python -m tinymeta plot {quoted(path)}")
    return 0


def _to_begin(arguments):
    """The settings of a new run, and the file it is kept in."""
    protocol, given = protocol_of(arguments, overrides(arguments), "finn2017")
    make = PROTOCOLS[protocol]
    settings = make(arguments.method) if arguments.method else make()
    settings = changed(settings, given)
    build(settings)  # wrong settings fail now, before anything is made
    tell_idle(arguments, [settings.method])
    folder = checked_folder(arguments.output) or folder_for(
        f"{protocol}-{settings.method}", by_hand(arguments, given), settings.seed)
    return settings, os.path.join(folder, f"{settings.method}.npz")


def by_hand(arguments, given):
    """Those of the overrides that stood on the command line, for a folder's name."""
    shown = {name: value for name, value in overrides(arguments).items() if name in given}
    if "file" in given:  # with its folder: files of one name are others
        path = str(Path(given["file"]))
        short = path.removesuffix(".csv")
        shown["tasks"] = f"./{path}" if short == path or short in FAMILIES else short
    return shown


def _to_resume(arguments):
    """The settings of a run to resume, and its file; only a constant rate may be extended."""
    file = arguments.tasks if is_file(arguments.tasks) else None
    settings = load_run(arguments.resume, file).settings
    kept = {**settings.as_dict(), "tasks": file or settings.tasks}
    given = {name: value for name, value in overrides(arguments).items() if value != kept[name]}
    if settings.tasks == "measured" and not settings.held_out:
        raise ValueError(f"--tasks {file} holds other curves than {arguments.resume} was trained "
                         f"on; expected the same")
    fits = not given or (given.keys() == {"iterations"} and not settings.decay)
    if not fits or arguments.protocol or arguments.output:
        why = (", and not here: the learning rate depends on it" if settings.decay else "")
        raise ValueError(
            f"--resume goes on with the settings kept in its file; beside it only --iterations may "
            f"be given{why}, and, of measured curves, --tasks FILE")
    if given and os.path.exists(os.path.join(os.path.dirname(arguments.resume), PLAN)):
        raise ValueError(f"iterations is {arguments.iterations} for {arguments.resume}, which is "
                         f"part of a comparison; expected a copy of it in another folder")
    return replace(settings, **given), arguments.resume


def ended_early(run, path, command):
    """Say how far a run came, where it is kept and how to resume; return the exit code."""
    if run.error:
        tell(f"error: {run.error}\nThe last good parameters are in {path}.")
        return 1
    tell(f"interrupted after {run.checkpoint.iteration:,} iterations, kept in {path}\n"
         f"go on with: {command}")
    return run.stopped


def evaluate_files(arguments):
    """Adaptation errors of trained parameters on held-out tasks, one table for each --shots."""
    n_tasks, file = _tasks_at_test(arguments)
    runs = _runs_at_test(arguments.files, file)
    first = next(iter(runs.values())).settings
    for shots in _shots_at_test(runs, arguments):
        curves = evaluate_runs(runs, shots, arguments.alpha, arguments.inner_steps,
                               arguments.seed, n_tasks)
        print(curves_table(curves, shots, n_tasks, measured(first)) + remark(first))
    return 0


def _runs_at_test(files, curves):
    """name -> Run of each file; those that are not at their end are told."""
    runs = load_runs(files, curves)
    for name, run in runs.items():
        done, all_of_them = run.checkpoint.iteration, run.settings.iterations
        if done < all_of_them:
            tell(f"note: {name} has been trained for {done:,} of {all_of_them:,} iterations")
        s = run.settings
        if s.names and (here := tasks_at_test(s).columns) != tuple(s.names):
            tell(f"note: {s.file} has the columns {', '.join(here)}; {name} was trained on "
                 f"{', '.join(s.names)}")
    return runs


def _tasks_at_test(arguments):
    """How many held-out tasks, and the file of curves that they are from, or None."""
    digits = arguments.tasks.removeprefix("-")
    if digits.isdecimal() and len(digits) < 100:
        return whole_number("tasks", int(arguments.tasks), minimum=1, most=MOST_TASKS), None
    if _is_number(digits) and not os.path.exists(arguments.tasks):
        raise ValueError(f"tasks is {arguments.tasks}; expected a whole number, or a file")
    return HELD_OUT, arguments.tasks


def _is_number(text):
    try:
        float(text)
    except ValueError:
        return False
    return True


def plot_files(arguments):
    """Figures of trained parameters: one task's adaptation, held-out errors, training curves."""
    if not LEAST_SCALE <= arguments.scale <= MOST_SCALE:
        raise ValueError(f"scale is {arguments.scale}; expected {LEAST_SCALE} to {MOST_SCALE}")
    folder = arguments.output or os.path.join(os.path.dirname(expanded(arguments.files)[0]),
                                              "figures")
    one = folder.endswith(".png") and is_picture(folder)  # that of the adaptation alone
    if one and arguments.format != "png":
        raise ValueError(f"format is {arguments.format}; expected png, as output is {folder}")
    if one and arguments.animate:
        raise ValueError(f"animate is given beside output {folder}; expected a folder")
    if not one and is_picture(folder):
        raise ValueError(f"output is {folder}; expected a folder, or a name that ends in .png")
    if arguments.task is not None:
        checked_task(arguments.task)  # before a folder is made
    runs = _runs_at_test(arguments.files, arguments.tasks)
    *others, shots = _shots_at_test(runs, arguments)
    if others and arguments.shots:
        tell(f"note: the figures are of {shots} shots, the last of {len(others) + 1} numbers")
    curves = evaluate_runs(runs, shots, arguments.alpha, arguments.inner_steps, arguments.seed)
    place = os.path.dirname(folder) or "." if one else folder
    with made_folder(place), Claim(folder if one else os.path.join(folder, FIGURES)):
        names = save_figures(runs, curves, shots, folder, arguments.alpha, arguments.seed,
                             arguments.task, arguments.animate, arguments.format, arguments.scale)
    logarithmic = any((curve.errors > 0).any() for curve in curves.values())
    for name, curve in curves.items():
        if not np.isfinite(curve.errors).any():
            tell(f"note: {name} has no line: all its errors are infinite")
        elif logarithmic and not curve.errors.any():
            tell(f"note: {name} has no line on the logarithmic axes: all its errors are 0")
    print(f"saved {folder}" if one else f"in {folder}: {', '.join(names)}")
    given = {"animate": arguments.animate, "task": arguments.task is not None}
    asked = [name for name in given if given[name]]
    if asked and not one and not any("adaptation" in name for name in names):
        tell(f"note: --{' and --'.join(asked)} changed nothing: these runs have no curves or "
             f"regions to draw")
    return 0


def _shots_at_test(runs, arguments):
    """The numbers of shots asked for, or the first file's own; the other options are checked."""
    if arguments.seed is not None:
        seed_number("seed", arguments.seed)
    if arguments.inner_steps is not None:
        whole_number("inner_steps", arguments.inner_steps, minimum=0)
    if (arguments.inner_steps or 0) > MOST_STEPS:
        raise ValueError(f"inner_steps is {arguments.inner_steps}; expected at most {MOST_STEPS}, "
                         f"since every step's errors are kept")
    methods = [run.settings.method for run in runs.values()]
    if arguments.alpha is not None:
        readers = [name for name in readers_of("alpha") if name != "metasgd"]  # which learned it
        _tell_without_effect("alpha", arguments.alpha, methods, readers)
    first = next(iter(runs.values())).settings
    most = first.grid or MOST_SHOTS
    return [whole_number("shots", n, minimum=1, most=most)
            for n in arguments.shots or first.eval_shots]
