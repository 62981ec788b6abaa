"""The command `check`: the package's own derivations, or those in files of one's own."""

import json

from ..checking.self_check import check_derivations
from ..core.arguments import number, seed_number
from .check_apart import check_apart
from .folders import of_what
from .stopping import tell

LEAST_ALPHA, MOST_ALPHA = 1e-4, 1.0  # of the check of our own derivations
MOST_PARAMETERS = 2_000  # of a network in that check, which takes minutes then
MOST_TIMEOUT = 1e6  # seconds, twelve days: systems count no longer than some years


def check(arguments):
    """Check every derivation of the package against numerical derivatives, and print a table; or,
    given Python files, check the models and meta-gradients in them, and say what is wrong.  They
    run as under python FILE, but by their own name, not as __main__, and with an empty standard
    input."""
    seed_number("seed", arguments.seed)
    number("alpha", arguments.alpha, above=0)
    number("timeout", arguments.timeout, above=0, below=MOST_TIMEOUT)
    if arguments.json and not arguments.files:
        raise ValueError("json is given without a FILE; expected one to report on")
    if arguments.files:
        for name in filter(vars(arguments).get, ("widths", "verbose")):
            tell(f"note: --{name} is without effect on a FILE; it is for the package's own "
                 f"derivations")
        return _check_files(arguments)
    return _check_own(arguments)


def _check_own(arguments):
    widths = arguments.widths or [1, 8, 8, 1]
    if len(widths) < 2 or widths[0] != 1 or widths[-1] != 1 or min(widths) < 1:
        raise ValueError(f"widths is {widths}; expected two or more numbers of at "
                         f"least 1, 1 first and last")
    if (P := sum((m + 1) * n for m, n in zip(widths, widths[1:]))) > MOST_PARAMETERS:
        raise ValueError(f"widths is {widths}, of {P} parameters; expected at most "
                         f"{MOST_PARAMETERS}, since each is moved")
    if not LEAST_ALPHA <= arguments.alpha <= MOST_ALPHA:
        raise ValueError(f"alpha is {arguments.alpha}; expected {LEAST_ALPHA} to {MOST_ALPHA}, "
                         f"where rounding and overflow hide nothing")
    row, failed = "{:<12} {:<41} {:>8} {:>8} {}", 0
    print(f"{'':<56}error by")
    print(row.format("equations", "what", "complex", "central", "verdict"))
    for line in check_derivations(arguments.seed, arguments.alpha, widths):
        errors, verdict = [f"{e:.1e}" for e in line.errors], "ok" if line.passed else "FAIL"
        print(row.format(line.equations, line.what, *[*errors, "-"][:2], verdict))
        if line.report is not None and (arguments.verbose or not line.passed):
            print(line.report)
        failed += not line.passed
    print(f"{failed} check{'' if failed == 1 else 's'} failed" if failed else "all passed")
    return 1 if failed else 0


def _check_files(arguments):
    code, reports = 0, []
    for path in arguments.files:
        for report, found, data in _reports(path, arguments):
            if report and not arguments.json:
                print(report, flush=True)
            reports.append({"file": str(path), **data})
            code = max(code, found)
    if arguments.json:
        print(json.dumps(reports, indent=1))
    return code


def _reports(path, arguments):
    """Yield (report, exit code, the report as data) for all in a file.  What it cannot be checked
    for is told, and stops no other file."""
    try:
        for report, passed, data in check_apart(path, arguments.alpha, arguments.seed,
                                                arguments.timeout, len(arguments.files) > 1,
                                                aside=arguments.json):
            yield report, 0 if passed else 1, data
    except (OSError, ValueError, TypeError) as error:
        tell(f"error: {error}{of_what(error)}")
        yield None, 1, {"passed": False, "error": str(error)}
