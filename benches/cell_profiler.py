#!/usr/bin/env python3
"""Measures of CellProfiler on a field of 324 cells: uptake against cp-measure, in turn; time of each family, ratio, agreement.

    python3 benches/cell_profiler.py [--runs 3] [--uptake target/release/uptake] [--python VENV/bin/python] [--out benches/results]

The Python of the environment has cp-measure (pip install cp-measure==0.3.0 tifffile); this script's own needs numpy and tifffile, and runs
again as the peer with `--peer IMAGE LABELS RUNS`. Of cp-measure the functions alone are timed, without start-up, files and imports; of uptake
whole processes with all of it. A family takes what its run takes above one that measures positions alone. Seconds of the processor are what
other work on the machine disturbs least. Both get the same labels.
"""

import csv
import datetime
import json
import multiprocessing
import os
import pathlib
import statistics
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


def ours(a, scratch, features):
    """Wall seconds, CPU seconds and peak MiB of a whole process."""
    command = [a.uptake, "run", scratch / "field.tif", "--recipe", recipe(scratch / "r.toml", features), "--device", "cpu"]
    command += ["--threads", a.threads, "--quiet", "--no-labels", "--no-overlays", "--out", scratch / "out", "--overwrite"]
    return run(command, a.threads)


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
        work = {**FAMILIES, "all": all_features, "none": []}
        times = {name: [] for name in work}
        for name, features in work.items():
            times[name] = [ours(a, scratch, features) for _ in range(a.runs)]
        ours(a, scratch, FAMILIES["granularity"])
        theirs = peer_says(a.python, __file__, scratch / "field.tif", scratch / "field_cells.tif", a.runs)
        difference = largest_difference(scratch / "out" / "cells.csv", theirs["granularity"])
    seconds = theirs["seconds"]
    seconds["all"] = [sum(one[i] for one in seconds.values()) for i in range(2)]
    medians = {name: [statistics.median(one[i] for one in runs) for i in range(3)] for name, runs in times.items()}
    bare = medians["none"]
    lines = [
        f"# Measures of CellProfiler, {datetime.date.today()}",
        "",
        f"{SIDE} x {SIDE}, {CELLS**2} cells, one channel. {machine()}; {version(a.uptake)} with {a.threads} threads, cp-measure 0.3.0; medians of {a.runs}",
        f"runs. Load of the machine before: {load:.2f}. Positions alone, a whole process: {bare[0]:.3f} s, CPU {bare[1]:.3f} s.",
        f"Largest difference of granularity, relative above 1: {difference:.1e}.",
        "",
        "| family | uptake CPU s | cp-measure CPU s | ratio | uptake whole process: wall s | CPU s | peak MiB | cp-measure wall s | wall ratio |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for name in [*FAMILIES, "all"]:
        (wall, cpu, peak), (their_wall, their_cpu) = medians[name], seconds[name]
        alone = max(cpu - bare[1], 1e-3)
        whole = f"{wall:.3f} | {cpu:.3f} | {peak:.0f} | {their_wall:.2f} | {their_wall / wall:.0f}"
        lines.append(f"| {name} | {alone:.3f} | {their_cpu:.2f} | {their_cpu / alone:.0f} | {whole} |")
    write(a.out, "cell-profiler", lines)


if __name__ == "__main__":
    main()
