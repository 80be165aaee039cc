#!/usr/bin/env python3
"""Spots in an image of 2048 x 2048: uptake against big-fish, each as a process, in turn; times, memory, ratio and agreement with the truth.

    python3 benches/spots.py [--runs 5] [--uptake target/release/uptake] [--python VENV/bin/python] [--out benches/results]

The Python of the environment has big-fish (pip install big-fish); this script's own needs numpy and tifffile, and runs again as
the peer with `--peer IMAGE TABLE`. The peer is big-fish's pipeline: Laplacian of Gaussian, local maxima, the threshold from the elbow
of the curve of counts; then a table of places in whole pixels. uptake's is the preset `spots`, which fits each spot and measures its
place, width, light and signal to noise as well. Spots of 1.4 px and of 3 to 60 times the noise lie on uneven ground.
"""

import csv
import datetime
import os
import pathlib
import statistics
import tempfile

from beside import arguments, machine, run, version, write

SIDE, SPOTS, SIGMA, NOISE = 2048, 4000, 1.4, 12.0


def scene(path):
    """The image, and the places y, x of its spots."""
    import numpy
    import tifffile

    random = numpy.random.default_rng(17)
    y, x = numpy.mgrid[:SIDE, :SIDE]
    image = 300 + 60 * numpy.sin(x / 170) * numpy.cos(y / 230)
    places = random.uniform(8, SIDE - 9, (SPOTS, 2))
    for (py, px), height in zip(places, NOISE * numpy.exp(random.normal(numpy.log(13), 0.5, SPOTS)).clip(3, 60)):
        a, b = int(py) - 8, int(px) - 8
        dy, dx = numpy.mgrid[a : a + 17, b : b + 17]
        image[a : a + 17, b : b + 17] += height * numpy.exp(-((dy - py) ** 2 + (dx - px) ** 2) / (2 * SIGMA**2))
    noisy = random.poisson(image).astype(float) + random.normal(0, NOISE, image.shape)
    tifffile.imwrite(path, noisy.clip(0, 65535).astype(numpy.uint16))
    return places


def peer(image, table):
    import numpy
    import tifffile
    from bigfish import detection

    pixels = tifffile.imread(image)
    spots = detection.detect_spots(pixels, voxel_size=(100, 100), spot_radius=(100 * SIGMA, 100 * SIGMA))
    numpy.savetxt(table, spots, delimiter=",", header="y_px,x_px", comments="")


def f1(found, truth, within=2.0):
    """Pairs one to one, the nearest first."""
    cells = {}
    for i, (y, x) in enumerate(truth):
        cells.setdefault((int(y // 4), int(x // 4)), []).append(i)
    pairs = []
    for k, (y, x) in enumerate(found):
        near = [i for a in (-1, 0, 1) for b in (-1, 0, 1) for i in cells.get((int(y // 4) + a, int(x // 4) + b), [])]
        pairs += [((truth[i][0] - y) ** 2 + (truth[i][1] - x) ** 2, k, i) for i in near]
    left, right = set(), set()
    for distance, k, i in sorted(pairs):
        if distance <= within**2 and k not in left and i not in right:
            left.add(k)
            right.add(i)
    return 2 * len(left) / (len(found) + len(truth))


def places(path, y, x):
    with open(path) as file:
        return [(float(row[y]), float(row[x])) for row in csv.DictReader(file)]


def main():
    a = arguments(__doc__.splitlines()[0], runs=5, peer=2)
    if a.peer:
        return peer(*a.peer)
    with tempfile.TemporaryDirectory() as scratch:
        scratch = pathlib.Path(scratch)
        image, out, table = scratch / "spots.tif", scratch / "out", scratch / "peer.csv"
        truth = scene(image)
        ours = [a.uptake, "run", image, "--recipe", "spots", "--device", "cpu", "--threads", a.threads, "--quiet"]
        ours += ["--no-labels", "--no-overlays", "--out", out]
        commands = {"uptake, preset spots": ours, "big-fish": [a.python, __file__, "--peer", image, table]}
        load, runs = os.getloadavg()[0], {name: [] for name in commands}
        for turn in range(a.runs + 1):
            for name, command in commands.items():
                figures = run(command, a.threads)
                if turn > 0:
                    runs[name].append(figures)
        scores = [places(out / "spots.csv", "point_y_px", "point_x_px"), places(table, "y_px", "x_px")]
    medians = {name: [statistics.median(one[i] for one in all_runs) for i in range(3)] for name, all_runs in runs.items()}
    first = medians["uptake, preset spots"]
    lines = [
        f"# Spots, {datetime.date.today()}",
        "",
        f"{SIDE} x {SIDE}, {SPOTS} spots. {machine()}; {version(a.uptake)}; {a.runs} runs of each in turn, {a.threads} threads, whole processes,",
        f"start-up and files included; medians. Load of the machine before: {load:.2f}. F1 within 2 px, one to one.",
        "",
        "| | wall s | CPU s | peak MiB | wall / ours | CPU / ours | memory / ours | spots | F1 |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for (name, m), found in zip(medians.items(), scores):
        ratios = " | ".join(f"{m[i] / first[i]:.2f}" for i in range(3))
        lines.append(f"| {name} | {m[0]:.2f} | {m[1]:.2f} | {m[2]:.0f} | {ratios} | {len(found)} | {f1(found, truth):.3f} |")
    write(a.out, "spots", lines)


if __name__ == "__main__":
    main()
