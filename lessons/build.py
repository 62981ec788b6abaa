"""Makes the lessons: fills in the exercises, runs every cell in a fresh kernel, writes README.md.

    python lessons/build.py             run all lessons, write their outputs and lessons/README.md
    python lessons/build.py 2 3b        only these
    python lessons/build.py --check     run all, write nothing, fail where an output has changed

Stubs, hints and solutions come from tinymeta/exercises, minutes from pace.py, the index of
equations from the source.  Sliders need a reader: cells with the tag skip-execution are not run.
Where a processor has AVX-512 it is not used: it adds in another order, and a long training, which
amplifies the last digits, ends at other numbers.
"""

import argparse
import base64
import io
import os
import re
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import nbclient
import nbformat
from PIL import Image  # comes with Matplotlib

WIDGET = "application/vnd.jupyter.widget-view+json"
WITHOUT_AVX512 = {  # NumPy's names of its parts, and a processor that OpenBLAS takes ours for
    "NPY_DISABLE_CPU_FEATURES": "X86_V4 AVX512F AVX512CD AVX512_SKX AVX512_CLX AVX512_CNL "
                                "AVX512_ICL AVX512_SPR", "OPENBLAS_CORETYPE": "Zen"}
PROCESSOR = Path("/proc/cpuinfo")  # Linux's
LONGEST = 600  # seconds for a cell; the longest lesson takes 130 on two slow cores
LESSONS = Path(__file__).resolve().parent
sys.path.insert(0, str(LESSONS.parent))
import contents  # noqa: E402  beside this file
import exercise_cells  # noqa: E402
import pace  # noqa: E402
from contents import label, notebooks  # noqa: E402


def main():
    options = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    options.add_argument("labels", nargs="*", help="the lessons, as 2 or 3b; all by default")
    options.add_argument("--check", action="store_true",
                         help="compare with the committed outputs, write nothing")
    options.add_argument("--jobs", type=int, default=1,
                         help="how many lessons run at a time (default 1)")
    arguments = options.parse_args()
    wanted = arguments.labels or [label(path) for path in notebooks()]
    paths = [path for path in notebooks() if label(path) in wanted]
    if PROCESSOR.exists() and "avx512f" in PROCESSOR.read_text():
        os.environ.update(WITHOUT_AVX512)
    with ThreadPoolExecutor(arguments.jobs) as pool:
        problems = sum(pool.map(lambda path: build(path, arguments.check), paths), [])
    if not arguments.check:
        contents.write()
    print("\n".join(problems))
    return 1 if problems else 0


def build(path, check):
    """Run one lesson; write it, or return what differs from what is committed, as sentences."""
    committed = nbformat.read(path, as_version=4)
    notebook = exercise_cells.filled(committed)
    start = time.perf_counter()
    try:
        run(notebook, path)
    except nbclient.exceptions.CellExecutionError as error:
        return [f"{path.name}: a cell raised an error\n{error}"]
    except nbclient.exceptions.CellTimeoutError as error:
        return [f"{path.name}: a cell had no end, twice\n{error}"]
    print(f"{path.name}: {time.perf_counter() - start:.0f} s", flush=True)
    tidy(notebook)
    pace.timed(contents.linked(notebook))
    if check:
        return [f"{path.name}: {difference}" for difference in differences(committed, notebook)]
    nbformat.write(notebook, path)
    size = path.stat().st_size / 1024
    return [f"{path.name}: {size:.0f} KB; at most 300"] if size > 300 else []


def run(notebook, path, again=True):
    """Run all cells; once more where one has no end, since a kernel's answer can get lost."""
    client = nbclient.NotebookClient(notebook, timeout=LONGEST, startup_timeout=300,
                                     kernel_name="python3", record_timing=False,
                                     extra_arguments=["--IPKernelApp.log_level=ERROR"],
                                     resources={"metadata": {"path": str(LESSONS)}})
    try:
        client.execute()
    except nbclient.exceptions.CellTimeoutError:
        if not again:
            raise
        print(f"{path.name}: a cell had no end in {LONGEST} s; all of it once more", flush=True)
        run(notebook, path, again=False)


def tidy(notebook):
    """Leave out what changes from run to run, or shows nothing without a kernel, as widgets do."""
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    notebook.metadata = {"kernelspec": kernel, "language_info": {"name": "python"}}
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.metadata.pop("execution", None)
            join_streams(cell)
            cell.outputs = [output for output in cell.outputs
                            if WIDGET not in output.get("data", {})]
            for output in cell.outputs:
                if "image/png" in output.get("data", {}):
                    output["data"]["image/png"] = smaller(output["data"]["image/png"])


def smaller(png):
    """The same picture with a palette of 128 colours: enough for lines, and a third of its size."""
    picture = Image.open(io.BytesIO(base64.b64decode(png))).convert("RGB")
    file = io.BytesIO()
    picture.quantize(128, dither=Image.Dither.NONE).save(file, "PNG", optimize=True)
    return base64.b64encode(file.getvalue()).decode()


def join_streams(cell):
    """Adjacent pieces of one stream become one: how they are cut depends on timing."""
    joined = []
    for output in cell.outputs:
        last = joined[-1] if joined else {}
        is_stream = output.output_type == "stream" == last.get("output_type")
        if is_stream and output.name == last.name:
            last.text += output.text
        else:
            joined.append(output)
    cell.outputs = joined


def differences(committed, made):
    """What differs: the source of a cell, or a text that it prints.  Pictures are not compared."""
    if len(committed.cells) != len(made.cells):
        return [f"{len(committed.cells)} cells; {len(made.cells)} expected"]
    found = []
    for i, (old, new) in enumerate(zip(committed.cells, made.cells)):
        if old.source != new.source:
            found.append(f"cell {i} is not what the exercises' source gives: run lessons/build.py")
        elif old.cell_type == "code" and "varies" not in old.metadata.get("tags", []) \
                and not same_text(texts(old), texts(new)):
            found.append(f"cell {i} prints\n{texts(new)}\n"
                         f"where the committed output is\n{texts(old)}")
    return found


def texts(cell):
    """All that a cell prints or shows as text; what has no text counts by its type."""
    parts = []
    for output in cell.outputs:
        data = output.get("data", {})
        shown = "<picture>" if "image/png" in data else data.get("text/plain", "")
        parts.append(output.get("text") or shown)
    return re.sub(r"0x[0-9a-f]+", "0x…", "\n".join(parts))


NUMBER = r"[-+]?\d[\d,]*\.?\d*(?:e[-+]?\d+)?"


def same_text(old, new, tolerance=0.02):
    """Equal but for the last digits of numbers, where another processor rounds otherwise.

    Numbers below 1e-9 are rounding errors themselves: only that both are so small counts.
    """
    if re.sub(NUMBER, "#", old) != re.sub(NUMBER, "#", new):
        return False
    pairs = zip(re.findall(NUMBER, old), re.findall(NUMBER, new))
    values = ((float(a.replace(",", "")), float(b.replace(",", ""))) for a, b in pairs)
    return all(abs(a - b) <= tolerance * max(abs(a), abs(b)) + 1e-9 for a, b in values)


if __name__ == "__main__":
    sys.exit(main())
