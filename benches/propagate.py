#!/usr/bin/env python3
"""Cells grown from seeds through a mask of 2048 x 2048: uptake's step `propagate` against centrosome and scikit-image, in turn.

    python3 benches/propagate.py [--runs 3] [--uptake target/release/uptake] [--python VENV/bin/python] [--out benches/results]

The Python of the environment has centrosome (CellProfiler's own propagation) and scikit-image (its watershed); this script's own needs
numpy, scipy and tifffile, and runs again as the peer with `--peer IMAGE SEEDS RUNS`. Of the peers the functions alone are timed; of uptake what a
process with the step takes above one without it. Seconds are those of the processor.
"""

import datetime
import json
import os
import pathlib
import statistics
import tempfile
import time

from beside import arguments, machine, peer_says, run, version, write

SIDE, APART, ABOVE = 2048, 44, 200


def scene(folder):
    """Cells that touch, and a seed in each."""
    import numpy
    import tifffile
    from scipy import ndimage

    random = numpy.random.default_rng(5)
    y, x = numpy.mgrid[:SIDE, :SIDE]
    image, seeds = numpy.full((SIDE, SIDE), 60.0), numpy.zeros((SIDE, SIDE), numpy.uint16)
    places = [(a, b) for a in range(20, SIDE - 20, APART) for b in range(20, SIDE - 20, APART)]
    for k, (a, b) in enumerate(places):
        cy, cx = a + random.uniform(-10, 10), b + random.uniform(-10, 10)
        here = numpy.s_[max(int(cy) - 45, 0) : int(cy) + 46, max(int(cx) - 45, 0) : int(cx) + 46]
        far = numpy.hypot(y[here] - cy, x[here] - cx)
        image[here] += random.uniform(300, 900) / (1 + numpy.exp((far - random.uniform(18, 26)) / 3))
        seeds[here][far <= 7] = k + 1
    image = ndimage.gaussian_filter(random.poisson(image).astype(float), 1)
    tifffile.imwrite(folder / "field.tif", image.clip(0, 65535).astype(numpy.uint16))
    tifffile.imwrite(folder / "field_seeds.tif", seeds)
    return len(places)


def peer(image, seeds, runs):
    import tifffile
    from centrosome.propagate import propagate
    from skimage.segmentation import watershed

    image, seeds = tifffile.imread(image), tifffile.imread(seeds).astype(int)
    mask = (image > ABOVE) | (seeds > 0)
    work = {
        "centrosome, propagate": lambda: propagate(image / 65535.0, seeds, mask, 0.05),
        "scikit-image, watershed": lambda: watershed(-image.astype(float), seeds, mask=mask),
    }
    seconds = {name: [] for name in work}
    for _ in range(int(runs)):
        for name, do in work.items():
            before = time.process_time()
            do()
            seconds[name].append(time.process_time() - before)
    print(json.dumps(seconds))


def ours(a, scratch, method):
    """CPU seconds of a process with a way to grow cells, or with none."""
    grow = f', {{ op = "propagate", from = "nuclei"{method} }}' if method is not None else ', { op = "label" }'
    (scratch / "r.toml").write_text(
        'quality = false\n[channels]\nc = [0]\n[objects.nuclei]\nlabels = "{stem}_seeds.tif"\n[objects.cells]\nchannel = "c"\n'
        f'start = "nuclei"\nsteps = [{{ op = "threshold", method = "fixed", value = {ABOVE} }}{grow}]\n'
    )
    command = [a.uptake, "run", scratch / "field.tif", "--recipe", scratch / "r.toml", "--device", "cpu", "--quiet"]
    command += ["--threads", a.threads, "--no-labels", "--no-overlays", "--out", scratch / "out", "--overwrite"]
    return run(command, a.threads)[1]


def main():
    a = arguments(__doc__.splitlines()[0], runs=3, peer=3)
    if a.peer:
        return peer(*a.peer)
    with tempfile.TemporaryDirectory() as scratch:
        scratch, load = pathlib.Path(scratch), os.getloadavg()[0]
        cells = scene(scratch)
        ways = {"uptake, propagation": "", "uptake, watershed": ', method = "watershed", boundary = "dark"'}
        without = statistics.median(ours(a, scratch, None) for _ in range(a.runs))
        seconds = {name: [ours(a, scratch, way) - without for _ in range(a.runs)] for name, way in ways.items()}
        seconds.update(peer_says(a.python, __file__, scratch / "field.tif", scratch / "field_seeds.tif", a.runs))
    first = statistics.median(seconds["uptake, propagation"])
    lines = [
        f"# Cells from seeds, {datetime.date.today()}",
        "",
        f"{SIDE} x {SIDE}, {cells} cells. {machine()}; {version(a.uptake)} with {a.threads} threads; medians of {a.runs} runs. Load of the machine before:",
        f"{load:.2f}.",
        "",
        "| | CPU s | / uptake, propagation |",
        "|---|---|---|",
    ]
    for name, all_runs in seconds.items():
        lines.append(f"| {name} | {statistics.median(all_runs):.2f} | {statistics.median(all_runs) / first:.1f} |")
    write(a.out, "propagate", lines)


if __name__ == "__main__":
    main()
