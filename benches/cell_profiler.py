#!/usr/bin/env python3
"""Measures of CellProfiler on a field of 324 cells: uptake against cp-measure, in turn; time of each family, ratio, agreement.

    python3 benches/cell_profiler.py [--runs 3] [--uptake target/release/uptake] [--python VENV/bin/python] [--out benches/results]

The Python of the environment has cp-measure (pip install cp-measure==0.3.0 tifffile); this script's own needs numpy and tifffile, and runs
again as the peer with `--peer IMAGE LABELS RUNS`. Both get the same labels.

Two things are compared, and are not to be mixed up. Measuring alone: of cp-measure its functions on arrays in memory, without start-up,
files and imports; of uptake what `--profile` calls `rows`, from arrays in memory to the finished columns, positions included. cp-measure has one
thread, so uptake is timed with one (its seconds on the wall are then those of the processor), and with all. The whole process: of uptake the
command with start-up, reading, hashing and writing; cp-measure has no such thing, so its functions stand there again. All are run at the
priority of the script: `chrt -f 50 python3 benches/cell_profiler.py` keeps other work from disturbing either.
"""

import csv
import datetime
import json
import multiprocessing
import os
import pathlib
import re
import statistics
import subprocess
import tempfile
import time

from beside import arguments, machine, peer_says, run, version, write

SIDE, CELLS, APART = 1080, 18, 60
FAMILIES = {
    "granularity": ["granularity"],
    "haralick": ["haralick"],
    "radial distribution": ["radial_distribution"],
    "radial Zernike": ["radial_zernike"],
    "intensity": ["intensity", "intensity_details"],
    "size and shape": ["shape", "shape_details"],
}


def scene(folder):
    """Cells with texture, and their labels."""
    import numpy
    import tifffile

    random = numpy.random.default_rng(17)
    y, x = numpy.mgrid[:SIDE, :SIDE]
    image, labels = numpy.full((SIDE, SIDE), 300.0), numpy.zeros((SIDE, SIDE), numpy.uint16)
    for k in range(CELLS * CELLS):
        cy, cx = APART * (k // CELLS + 0.5), APART * (k % CELLS + 0.5)
        a, b, turn = random.uniform(18, 28), random.uniform(14, 24), random.uniform(0, numpy.pi)
        u = (x - cx) * numpy.cos(turn) + (y - cy) * numpy.sin(turn)
        v = (y - cy) * numpy.cos(turn) - (x - cx) * numpy.sin(turn)
        inside = (u / a) ** 2 + (v / b) ** 2 <= 1
        labels[inside] = k + 1
        waves = 1 + 0.4 * numpy.sin(u / random.uniform(1, 5)) * numpy.cos(v / random.uniform(1, 5))
        image[inside] += random.uniform(500, 3000) * waves[inside]
    noisy = random.poisson(image) + random.normal(0, 12, image.shape)
    tifffile.imwrite(folder / "field.tif", noisy.clip(0, 65535).astype(numpy.uint16))
    tifffile.imwrite(folder / "field_cells.tif", labels)


def peer(image, labels, runs):
    """Seconds of each family, on the wall and of the processor, medians of the runs, and the columns of one that is compared."""
    import warnings

    import tifffile
    from cp_measure.core import measuregranularity, measureobjectintensity, measureobjectintensitydistribution
    from cp_measure.core import measureobjectsizeshape, measuretexture

    warnings.filterwarnings("ignore")
    pixels, labels = tifffile.imread(image) / 65535.0, tifffile.imread(labels).astype("int32")
    distribution = measureobjectintensitydistribution
    work = {
        "granularity": lambda: measuregranularity.get_granularity(
            labels, pixels, subsample_size=0.25, image_sample_size=0.25, element_size=10, granular_spectrum_length=16
        ),
        "haralick": lambda: measuretexture.get_texture(labels, pixels, scale=3, gray_levels=256),
        "radial distribution": lambda: distribution.get_radial_distribution(
            labels, pixels, scaled=True, bin_count=4, maximum_radius=100
        ),
        "radial Zernike": lambda: distribution.get_radial_zernikes(labels, pixels, zernike_degree=9),
        "intensity": lambda: measureobjectintensity.get_intensity(labels, pixels, edge_measurements=True),
        "size and shape": lambda: measureobjectsizeshape.get_sizeshape(
            labels, pixels, calculate_advanced=True, new_features=True, spacing=None
        ),
    }
    seconds, found = {}, {}
    for name, do in work.items():
        times = []
        for _ in range(int(runs)):
            before = time.perf_counter(), time.process_time()
            found[name] = do()
            times.append((time.perf_counter() - before[0], time.process_time() - before[1]))
        seconds[name] = [statistics.median(one[i] for one in times) for i in range(2)]
    spectrum = [[float(v) for v in found["granularity"][f"Granularity_{k}"]] for k in range(1, 17)]
    print(json.dumps({"seconds": seconds, "granularity": spectrum}))


def recipe(path, features):
    path.write_text(
        'quality = false\n[channels]\nc = [0]\n[objects.cells]\nlabels = "{stem}_cells.tif"\n'
        + f"[measure.cells]\nfeatures = {json.dumps(features)}\n"
    )
    return path


def command(a, scratch, features, threads):
    words = [a.uptake, "run", scratch / "field.tif", "--recipe", recipe(scratch / "r.toml", features), "--device", "cpu"]
    words += ["--threads", threads, "--no-labels", "--no-overlays", "--out", scratch / "out", "--overwrite"]
    return [str(word) for word in words]


def whole(a, scratch, features):
    """Wall seconds, CPU seconds and peak MiB of a whole process."""
    return run(command(a, scratch, features, a.threads) + ["--quiet"], a.threads)


def measuring(a, scratch, features, threads):
    """Seconds from arrays in memory to columns, on the wall."""
    said = subprocess.run(command(a, scratch, features, threads) + ["--profile"], capture_output=True, text=True, check=True)
    return float(re.search(r"([\d.]+) ms +\d+ x  rows cells", said.stdout + said.stderr)[1]) / 1e3


def largest_difference(table, spectrum):
    with open(table) as file:
        rows = sorted(csv.DictReader(file), key=lambda row: int(row["label_in_file"]))
    pairs = [(float(row[f"granularity_{k}_c"]), spectrum[k - 1][i]) for i, row in enumerate(rows) for k in range(1, 17)]
    return max(abs(a - b) / max(1.0, abs(b)) for a, b in pairs)


def main():
    a = arguments(__doc__.splitlines()[0], runs=3, peer=3)
    if a.peer:
        return peer(*a.peer)
    with tempfile.TemporaryDirectory() as scratch:
        scratch, load = pathlib.Path(scratch), os.getloadavg()[0]
        # In a process of its own: the peak of a program counts what the one that starts it holds.
        drawing = multiprocessing.Process(target=scene, args=[scratch])
        drawing.start()
        drawing.join()
        all_features = [feature for features in FAMILIES.values() for feature in features]
        work = {**FAMILIES, "all": all_features, "positions alone": []}
        ours = {}
        for name, features in work.items():
            alone = [statistics.median(measuring(a, scratch, features, n) for _ in range(a.runs)) for n in (1, a.threads)]
            runs = [whole(a, scratch, features) for _ in range(a.runs)]
            ours[name] = alone + [statistics.median(one[i] for one in runs) for i in range(3)]
        whole(a, scratch, FAMILIES["granularity"])
        theirs = peer_says(a.python, __file__, scratch / "field.tif", scratch / "field_cells.tif", a.runs)
        difference = largest_difference(scratch / "out" / "cells.csv", theirs["granularity"])
    seconds = theirs["seconds"]
    seconds["all"] = [sum(one[i] for one in seconds.values()) for i in range(2)]
    lines = [
        f"# Measures of CellProfiler, {datetime.date.today()}",
        "",
        f"{SIDE} x {SIDE}, {CELLS**2} cells, one channel. {machine()}; {version(a.uptake)}, cp-measure 0.3.0 (one thread); medians of {a.runs} runs.",
        f"Load of the machine before: {load:.2f}. Largest difference of granularity, relative above 1: {difference:.1e}.",
        "",
        "Measuring alone is from arrays in memory to finished numbers, on both sides; with one thread seconds are those of the processor.",
        "The whole process of uptake starts, reads, measures and writes tables; that of cp-measure is its measuring again.",
        "",
        f"| family | cp-measure, measuring: CPU s | uptake, measuring: 1 thread s | times | {a.threads} threads s | times "
        "| uptake, whole process: wall s | CPU s | peak MiB | times on the wall |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for name in work:
        one, many, wall, cpu, peak = ours[name]
        process = f"{wall:.3f} | {cpu:.3f} | {peak:.0f}"
        if name not in seconds:
            lines.append(f"| {name} | | {one:.4f} | | {many:.4f} | | {process} | |")
            continue
        their_wall, their_cpu = seconds[name]
        alone = f"{their_cpu:.3f} | {one:.4f} | {their_cpu / one:.0f} | {many:.4f} | {their_wall / many:.0f}"
        lines.append(f"| {name} | {alone} | {process} | {their_wall / wall:.0f} |")
    write(a.out, "cell-profiler", lines)


if __name__ == "__main__":
    main()
