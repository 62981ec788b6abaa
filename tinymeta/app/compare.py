"""The command `compare`: all methods under one budget, in a folder with the plan of it."""

import json
import os
import platform
from pathlib import Path

import numpy as np

from .. import __version__
from ..core.arguments import seed_number, whole_number
from ..training.checkpoints import CheckpointError
from ..training.files import Claim, clear_left_over, write_whole
from .commands import by_hand, ended_early, is_file, overrides, protocol_of, tell_idle
from .figures import save_figures
from .folders import folder_for, made_folder, quoted, told_how_to_go_on
from .held_out import HELD_OUT, evaluate_runs, least_squares_errors, measured, remark
from .processes import cores, train_all
from .protocols import OWN, PROTOCOLS
from .recipes import COMPARED, METHODS
from .seeds import save_seeds_figures
from .settings import build, differences, settings_from
from .stopping import asked, exit_code, nobody_reads, tell
from .tables import costs_table, curves_table, seeds_table, short, summary

MOST_SEEDS = 1000
PLAN = "compare.json"
REPORT = ("results.json", "errors.png", "training.png", "adaptation.png")
ELSEWHERE = "choose another --output"


def compare(arguments):
    """Meta-train methods under one budget, evaluate them on the same 600 held-out tasks, print a
    table and save figures.  The methods are those of Finn et al. 2017 and Reptile, or --methods."""
    jobs = cores() if arguments.jobs is None else whole_number("jobs", arguments.jobs, minimum=1)
    plan, folder = _asked(arguments)
    go_on = f"python -m tinymeta --resume {quoted(folder)}"
    with made_folder(folder), Claim(os.path.join(folder, PLAN)) as claim:
        for name in REPORT:
            clear_left_over(os.path.join(folder, name))
        _keep(plan, folder)
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
    all_settings = _settings_of(plan)
    first = next(iter(all_settings.values()))
    seeds = _words(plan["seeds"]) if "seeds" in plan else first.seed
    print(f"{plan['protocol']}: {first.iterations:,} iterations of {first.n_tasks} "
          f"task{'' if first.n_tasks == 1 else 's'} with {first.shots} + {first.queries} points, "
          f"for each method; seed{'s' * ('seeds' in plan)} {seeds}", flush=True)
    names = {_label(plan, method, seed): (method, seed) for method, seed in all_settings}
    asked = {label: (all_settings[name], os.path.join(folder, _file(plan, *name)))
             for label, name in names.items()}
    width = max(16, *map(len, asked))

    def done(label, run):
        print(f"  {label:<{width}} trained in {run.checkpoint.seconds:.1f} s", flush=True)

    runs, end = train_all(asked, jobs, done)
    if end is not None:
        return ended_early(runs[end], asked[end][1], go_on)
    if "methods" in plan:
        print(costs_table({method: all_settings[method, seed] for method, seed in all_settings}))
    of_seeds = {}  # seed -> method's label -> Run
    for label, (method, seed) in names.items():
        of_seeds.setdefault(seed, {})[METHODS[method].label] = runs[label]
    _report(plan, of_seeds, folder, claim)
    return 0


def _report(plan, of_seeds, folder, claim):
    """Print and save what a comparison's trained runs are worth."""
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
              "python": platform.python_version(), "shots": {}}
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
    claim.check()
    _write_json(Path(folder, REPORT[0]), report)
    names = save_figures(runs, curves[first.seed], shots, folder)  # at the last number of shots
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


def _asked(arguments):
    """The plan that is asked for, and its folder."""
    given = overrides(arguments)
    if arguments.resume is not None:
        file = given.pop("tasks") if is_file(given.get("tasks")) else None  # where it lies now
        if given or any((arguments.protocol, arguments.methods, arguments.output, arguments.seeds)):
            raise ValueError("--resume goes on with the settings kept in its folder; give no "
                             "others beside it")
        return _read_plan(arguments.resume, f"--resume {arguments.resume}: ",
                          file=file), arguments.resume
    protocol, given = protocol_of(arguments, given, "quick")
    plan = {"protocol": protocol, "overrides": given}
    if arguments.methods or protocol in OWN:
        plan["methods"] = arguments.methods or ["maml", "fomaml", "reptile", "joint"]
    if arguments.seeds and len(seeds := _seeds(arguments)) > 1:
        plan["seeds"] = seeds  # --seeds 1 is --seed 0, which is so without it
    settings = next(iter(_settings_of(plan).values()))  # wrong settings fail now
    tell_idle(arguments, plan.get("methods", COMPARED))
    shown = by_hand(arguments, given)
    if arguments.methods:
        shown["methods"] = arguments.methods
    folder = folder_for(protocol, shown, *plan.get("seeds", [settings.seed]))
    return plan, arguments.output or folder


def _told(plan):
    """What a plan says, name -> value."""
    told = {"seed": 0, **plan, **plan["overrides"]}
    return {name: value for name, value in told.items() if name != "overrides"}


def _seeds(arguments):
    """The seeds: those that are given, or, for one number, so many from 0 on."""
    seeds = arguments.seeds
    if arguments.seed is not None:
        raise ValueError("seed is given beside seeds; expected one of them")
    if len(seeds) == 1:
        count = whole_number("seeds", seeds[0], minimum=1)
        if count > MOST_SEEDS:
            raise ValueError(f"seeds is {count}; expected at most {MOST_SEEDS}, all with a file "
                             "for each method")
        return list(range(count))
    for i, seed in enumerate(seeds):
        seed_number(f"seeds[{i}]", seed)
    if len(set(seeds)) < len(seeds):
        raise ValueError(f"seeds is {seeds}; expected each only once")
    return seeds


def _keep(plan, folder):
    """Write the plan into a new folder; raise CheckpointError where there is something else."""
    path = Path(folder, PLAN)
    clear_left_over(path)
    others = set(os.listdir(folder)) - {PLAN, f"{PLAN}.lock"}
    if path.exists() and path.stat().st_size:
        if differing := differences(_told(_read_plan(folder, check=False)), _told(plan)):
            raise CheckpointError(f"{folder} holds another comparison ({'; '.join(differing)}); "
                                  f"{ELSEWHERE}")
    elif others:
        raise CheckpointError(f"{folder} is not empty, and holds no comparison; {ELSEWHERE}")
    else:  # an empty plan is one that could not be written
        _write_json(path, plan)


def _write_json(path, content):
    write_whole(path, lambda file: file.write((json.dumps(content, indent=1) + "\n").encode()))


def _settings_of(plan):
    """(method, seed) -> Settings; TypeError or ValueError for a plan that cannot be."""
    unknown = sorted(set(plan) - {"protocol", "overrides", "methods", "seeds"})
    if unknown or "method" in plan["overrides"]:
        raise ValueError(f"it has the entries {unknown or ['method']}, which no plan has here")
    if plan.get("protocol") not in [*PROTOCOLS]:
        raise ValueError(f"protocol is {plan.get('protocol')!r}; expected one of {[*PROTOCOLS]}")
    for name in ("methods", "seeds"):
        several = plan.get(name, [None])
        if not isinstance(several, list) or len(set(map(str, several))) != max(1, len(several)):
            raise ValueError(f"{name} is {several!r}; expected a list of some, each only once")
    if unknown := [name for name in plan.get("methods", []) if name not in [*METHODS]]:
        raise ValueError(f"methods has {unknown[0]!r}; expected some of {[*METHODS]}")
    all_settings = {}
    for method in plan.get("methods", COMPARED):
        settings = settings_from({**PROTOCOLS[plan["protocol"]](method).as_dict(),
                                  **plan["overrides"]})
        for seed in plan.get("seeds", [settings.seed]):
            all_settings[method, seed] = settings_from({**settings.as_dict(), "seed": seed})
            build(all_settings[method, seed])
    return all_settings


def _label(plan, method, seed):
    return METHODS[method].label + (f", seed {seed}" if "seeds" in plan else "")


def _file(plan, method, seed):
    return f"{method}-seed{seed}.npz" if "seeds" in plan else f"{method}.npz"


def _words(numbers):
    return ", ".join(map(str, numbers))


def _read_plan(folder, asked="", check=True, file=None):
    """The plan kept in a comparison's folder.  Raises CheckpointError where there is none.

    check: the plan is one that can be carried out; its curves may lie elsewhere now, in `file`.
    """
    path = Path(folder, PLAN)
    if os.path.isfile(folder):
        of_run = f", or: python -m tinymeta train --resume {quoted(folder)}"
        raise CheckpointError(f"{asked}{folder} is a file; expected a comparison's folder"
                              + (of_run if folder.endswith(".npz") else ""))
    try:
        if path.exists() and not path.is_file():
            raise OSError("no regular file")  # a pipe would be waited for
        plan = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(plan, dict) or not isinstance(plan.get("overrides"), dict):
            raise ValueError("it has no overrides; expected the plan of a comparison")
        if file is not None:
            plan["overrides"]["file"] = file
        if check:
            _settings_of(plan)
        return plan
    except (OSError, ValueError, LookupError, TypeError, RecursionError) as error:
        raise CheckpointError(f"{asked}no comparison to go on with in {path} ({error})"
                              + ("" if asked else f"; {ELSEWHERE}, or move {folder} away")
                              ) from error
