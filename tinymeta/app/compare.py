"""The command `compare`: all methods under one budget, in a folder with the plan of it."""

import os
import platform
from pathlib import Path

import numpy as np

from .. import __version__
from ..core.arguments import whole_number
from ..training.files import Claim, clear_left_over
from .commands import ended_early
from .figures import FIGURES, save_figures
from .folders import PLAN, made_folder, quoted, told_how_to_go_on
from .held_out import HELD_OUT, evaluate_runs, least_squares_errors, measured, remark
from .plan import asked_plan, keep_plan, run_file, settings_of, write_json
from .processes import cores, train_all
from .recipes import METHODS
from .seeds import save_seeds_figures
from .stopping import asked, exit_code, nobody_reads, tell
from .tables import costs_table, curves_table, seeds_table, short, summary

RESULTS = "results.json"


def compare(arguments):
    """Meta-train methods under one budget, evaluate them on the same 600 held-out tasks, print a
    table and save figures.  The methods are those of Finn et al. 2017 and Reptile, or --methods."""
    jobs = cores() if arguments.jobs is None else whole_number("jobs", arguments.jobs, minimum=1)
    plan, folder = asked_plan(arguments)
    go_on = f"python -m tinymeta --resume {quoted(folder)}"
    with made_folder(folder), Claim(os.path.join(folder, PLAN)) as claim:
        keep_plan(plan, folder)
        try:
            with told_how_to_go_on(os.path.join(folder, PLAN), go_on):
                return _compare(plan, folder, jobs, claim, go_on)
        except (KeyboardInterrupt, OSError) as error:
            if isinstance(error, OSError) and not (asked and nobody_reads(error)):
                raise
            tell(f"\ninterrupted; all that was trained is kept in {folder}\ngo on with: {go_on}")
            return exit_code(error)
        except (ValueError, TypeError):  # at a first step: the plan is one of nothing
            if set(os.listdir(folder)) <= {PLAN, f"{PLAN}.lock"}:
                os.unlink(os.path.join(folder, PLAN))
            raise


def _compare(plan, folder, jobs, claim, go_on):
    all_settings = settings_of(plan)
    first = next(iter(all_settings.values()))
    seeds = _words(plan["seeds"]) if "seeds" in plan else first.seed
    print(f"{plan['protocol']}: {first.iterations:,} iterations of {first.n_tasks} "
          f"task{'' if first.n_tasks == 1 else 's'} with {first.shots} + {first.queries} points, "
          f"for each method; seed{'s' * ('seeds' in plan)} {seeds}", flush=True)
    names = {_label(plan, method, seed): (method, seed) for method, seed in all_settings}
    to_do = {label: (all_settings[name], os.path.join(folder, run_file(plan, *name)))
             for label, name in names.items()}
    width = max(16, *map(len, to_do))

    def done(label, run):
        if run.error:
            tell(f"error: {label}: {run.error}\nThe last good parameters are in {to_do[label][1]}.")
        else:
            print(f"  {label:<{width}} trained in {run.checkpoint.seconds:.1f} s", flush=True)

    runs, end = train_all(to_do, jobs, done)
    if end is not None:
        return ended_early(runs[end], to_do[end][1], go_on)
    errors = {label: str(run.error) for label, run in runs.items() if run.error}
    failed = {names[label][0] for label in errors}  # methods, of whatever seed
    kept = {name: settings for name, settings in all_settings.items() if name[0] not in failed}
    if "methods" in plan and kept:
        print(costs_table({method: settings for (method, _), settings in kept.items()}))
    of_seeds = {}  # seed -> method's label -> Run
    for label, (method, seed) in names.items():
        if method not in failed:
            of_seeds.setdefault(seed, {})[METHODS[method].label] = runs[label]
    if of_seeds:
        _report(plan, of_seeds, errors, folder, claim)
    if failed:
        labels = [METHODS[method].label for method, _ in all_settings if method in failed]
        tell(f"not in the table, as a training ended with an error: "
             f"{', '.join(dict.fromkeys(labels))}")
    return 1 if failed else 0


def _report(plan, of_seeds, errors, folder, claim):
    """Print and save what a comparison's trained runs are worth; errors: of those that failed."""
    runs, several = next(iter(of_seeds.values())), "seeds" in plan
    first = next(iter(runs.values())).settings
    words, seconds = measured(first), {}
    for run in (run for runs in of_seeds.values() for run in runs.values()):
        seconds.setdefault(run.settings.method, []).append(round(run.checkpoint.seconds, 2))
    report = {"protocol": plan["protocol"],
              **({"seeds": plan["seeds"]} if several else {"seed": first.seed}),
              "iterations": first.iterations,
              "seconds": seconds if several else {name: s for name, [s] in seconds.items()},
              "tinymeta": __version__, "numpy": np.__version__,
              "python": platform.python_version(), **({"errors": errors} if errors else {}),
              "shots": {}}
    for shots in first.eval_shots:
        curves = {seed: evaluate_runs(runs, shots) for seed, runs in of_seeds.items()}
        floors = _floors(of_seeds, shots) if first.tasks == "sinusoid" else {}
        by_method = {label: [of_seed[label] for of_seed in curves.values()] for label in runs}
        table = (seeds_table(by_method, shots, HELD_OUT, words) if several
                 else curves_table(curves[first.seed], shots, HELD_OUT, words))
        print(table + remark(first))
        if floors:
            together = np.concatenate(list(floors.values()))
            print(f"least squares on (sin x, cos x), no learning: mean {short(together.mean())}, "
                  f"largest {together.max():.0e}")
        kept = {seed: summary(of_seed, floors.get(seed)) for seed, of_seed in curves.items()}
        report["shots"][str(shots)] = _by_method(kept) if several else kept[first.seed]
    with Claim(os.path.join(folder, FIGURES), patience=60.0):  # a plot may be at work there
        claim.check()
        clear_left_over(os.path.join(folder, RESULTS))
        write_json(Path(folder, RESULTS), report)
        names = save_figures(runs, curves[first.seed], shots, folder)  # at the last shots
        if several:
            save_seeds_figures(of_seeds, by_method, shots, words, folder)
    best = "adaptation.png" if "adaptation.png" in names else "errors.png"
    print(f"\nFigures, numbers and trained parameters are in {folder}:\n"
          f"  {', '.join(names)}, results.json, *.npz\nOpen {os.path.join(folder, best)} first; "
          f"then run: python -m tinymeta check")


def _floors(of_seeds, shots):
    """seed -> the errors (T,) of least squares on that seed's held-out tasks."""
    return {seed: least_squares_errors(next(iter(runs.values())).settings, shots)
            for seed, runs in of_seeds.items()}


def _by_method(kept):
    """seed -> name -> summary, as name -> a list of one for each seed."""
    names = next(iter(kept.values()))
    return {name: [of_seed[name] for of_seed in kept.values()] for name in names}


def _label(plan, method, seed):
    return METHODS[method].label + (f", seed {seed}" if "seeds" in plan else "")


def _words(numbers):
    return ", ".join(map(str, numbers))
