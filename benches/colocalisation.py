#!/usr/bin/env python3
"""Costes' thresholds in 324 cells of two channels: uptake against cp-measure, in turn; time of each search, ratio, agreement.

    python3 benches/colocalisation.py [--runs 5] [--uptake target/release/uptake] [--python VENV/bin/python] [--out benches/results]

The Python of the environment has cp-measure (pip install cp-measure==0.3.0 tifffile); this script's own needs numpy and tifffile, and runs
again as the peer with `--peer IMAGE LABELS RUNS`. Of cp-measure the function alone is timed, without start-up, files and imports; of uptake
whole processes with all of it, and with all other columns of the family. A search takes what its run takes above one that measures
positions alone. Both get the same labels.
"""

import csv
import datetime
import json
import math
import os
import pathlib
import statistics
import tempfile
import time

from beside import arguments, machine, peer_says, run, version, write

SIDE, CELLS, APART = 1080, 18, 60
SEARCHES = {"bisection": "Faster", "jumps": "Fast", "exhaustive": "Accurate"}


def scene(folder):
    """Cells with vesicles, of which a share is in both channels, and their labels."""
    import numpy
    import tifffile

    random = numpy.random.default_rng(23)
    y, x = numpy.mgrid[:SIDE, :SIDE]
    channels, labels = numpy.full((2, SIDE, SIDE), 400.0), numpy.zeros((SIDE, SIDE), numpy.uint16)
    for k in range(CELLS * CELLS):
        cy, cx = APART * (k // CELLS + 0.5), APART * (k % CELLS + 0.5)
        d = numpy.hypot(y - cy, x - cx)
        near = numpy.s_[int(cy) - 29 : int(cy) + 30, int(cx) - 29 : int(cx) + 30]
        labels[d <= random.uniform(18, 26)] = k + 1
        share = random.uniform(0.3, 1)
        for _ in range(30):
            at, r = random.uniform(0, 20), random.uniform(0, 2 * numpy.pi)
            vesicle = numpy.exp(-(((y[near] - cy - at * numpy.sin(r)) ** 2 + (x[near] - cx - at * numpy.cos(r)) ** 2) / 6))
            both = random.uniform() < share
            for c in (0, 1) if both else (random.integers(2),):
                channels[c][near] += random.uniform(500, 4000) * vesicle
    noisy = random.poisson(channels) + random.normal(0, 12, channels.shape)
    tifffile.imwrite(folder / "field.tif", noisy.clip(0, 65535).astype(numpy.uint16), metadata={"axes": "CYX"}, ome=True)
    tifffile.imwrite(folder / "field_cells.tif", labels)


def peer(image, labels, runs):
    """Seconds of each search, on the wall and of the processor, medians of the runs, and what it found."""
    import warnings

    import tifffile
    from cp_measure.core.measurecolocalization import get_correlation_costes

    warnings.filterwarnings("ignore")
    (a, b), labels = tifffile.imread(image), tifffile.imread(labels).astype("int32")
    seconds, found = {}, {}
    for name, mode in SEARCHES.items():
        times = []
        for _ in range(int(runs)):
            before = time.perf_counter(), time.process_time()
            columns = get_correlation_costes(a, b, labels, fast_costes=mode)
            times.append((time.perf_counter() - before[0], time.process_time() - before[1]))
        seconds[name] = [statistics.median(one[i] for one in times) for i in range(2)]
        found[name] = [[float(v) for v in column] for column in columns.values()]
    print(json.dumps({"seconds": seconds, "found": found}))


def ours(a, scratch, search):
    """Wall seconds, CPU seconds and peak MiB of a whole process."""
    family = 'features = ["colocalisation"]\nchannels = ["a", "b"]\ncolocalisation.costes = "' + search + '"\n' if search else "features = []\n"
    (scratch / "r.toml").write_text(
        'quality = false\n[channels]\na = [0]\nb = [1]\n[objects.cells]\nlabels = "{stem}_cells.tif"\n[measure.cells]\n' + family
    )
    command = [a.uptake, "run", scratch / "field.tif", "--recipe", scratch / "r.toml", "--device", "cpu", "--threads", a.threads]
    command += ["--quiet", "--no-labels", "--no-overlays", "--out", scratch / "out", "--overwrite"]
    return run(command, a.threads)


def largest_difference(table, found):
    """Relative, where both have a value, and how many cells only one of them has."""
    with open(table) as file:
        rows = sorted(csv.DictReader(file), key=lambda row: int(row["label_in_file"]))
    most, one_sided = 0.0, 0
    for side in range(2):
        for row, theirs in zip(rows, found[side]):
            cell = row[f"coloc_costes_{side + 1}_a_b"]
            if (cell == "") != math.isnan(theirs):
                one_sided += 1
            elif cell:
                most = max(most, abs(float(cell) - theirs) / max(abs(theirs), 1e-12))
    return most, one_sided


def main():
    a = arguments(__doc__.splitlines()[0], runs=5, peer=3)
    if a.peer:
        return peer(*a.peer)
    with tempfile.TemporaryDirectory() as scratch:
        scratch, load = pathlib.Path(scratch), os.getloadavg()[0]
        scene(scratch)
        theirs = peer_says(a.python, __file__, scratch / "field.tif", scratch / "field_cells.tif", a.runs)
        medians, differences = {}, {}
        for search in ["", *SEARCHES]:
            times = [ours(a, scratch, search) for _ in range(a.runs)]
            medians[search] = [statistics.median(one[i] for one in times) for i in range(3)]
            if search:
                differences[search] = largest_difference(scratch / "out" / "cells.csv", theirs["found"][search])
    bare = medians[""]
    lines = [
        f"# Costes' thresholds, {datetime.date.today()}",
        "",
        f"{SIDE} x {SIDE}, {CELLS**2} cells, two channels of 16 bits. {machine()}; {version(a.uptake)} with {a.threads} threads, cp-measure 0.3.0; medians",
        f"of {a.runs} runs. Load of the machine before: {load:.2f}. Positions alone, a whole process: {bare[0]:.3f} s, CPU {bare[1]:.3f} s.",
        "uptake's time has all columns of the family; cp-measure's those of Costes alone.",
        "",
        "| search | uptake CPU s | cp-measure CPU s | ratio | uptake whole process: wall s | CPU s | peak MiB | cp-measure wall s | largest relative difference | in one alone |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for search in SEARCHES:
        (wall, cpu, peak), (their_wall, their_cpu) = medians[search], theirs["seconds"][search]
        alone, (difference, one_sided) = max(cpu - bare[1], 1e-3), differences[search]
        whole = f"{wall:.3f} | {cpu:.3f} | {peak:.0f} | {their_wall:.2f} | {difference:.1e} | {one_sided}"
        lines.append(f"| {search} | {alone:.3f} | {their_cpu:.2f} | {their_cpu / alone:.0f} | {whole} |")
    write(a.out, "colocalisation", lines)


if __name__ == "__main__":
    main()
