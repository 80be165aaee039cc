#!/usr/bin/env python3
"""Spots in an image of 2048 x 2048: uptake against big-fish, each as a process, in turn; times, memory, ratio and agreement with the truth.

    python3 benches/spots.py [--runs 5] [--uptake target/release/uptake] [--python VENV/bin/python] [--out benches/results]

The Python of the environment has big-fish (pip install big-fish); this script's own needs numpy and tifffile, and runs again as
the peer with `--peer IMAGE TABLE`. The peer is big-fish's pipeline: Laplacian of Gaussian, local maxima, the threshold from the elbow
of the curve of counts; then a table of places in whole pixels. uptake's is the preset `spots`, which fits each spot and measures its
place, width, light and signal to noise as well. Spots of 1.4 px and of 3 to 60 times the noise lie on uneven ground.
"""

import argparse
import csv
import datetime
import os
import pathlib
import platform
import statistics
import subprocess
import sys
import tempfile

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


def run(command, threads):
    """Wall seconds, CPU seconds and peak MiB of a process."""
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")
    env = dict(os.environ, **{name: str(threads) for name in names})
    with tempfile.TemporaryFile() as said:
        before = datetime.datetime.now()
        process = subprocess.Popen([str(c) for c in command], stdout=said, stderr=said, env=env)
        _, status, usage = os.wait4(process.pid, 0)
        wall = (datetime.datetime.now() - before).total_seconds()
        if os.waitstatus_to_exitcode(status) != 0:
            said.seek(0)
            sys.exit(f"failed: {command}\n{said.read().decode()[-2000:]}")
    return wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


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


def machine():
    model = next((l.split(":")[1].strip() for l in open("/proc/cpuinfo") if l.startswith("model name")), platform.machine())
    return f"{model}, {os.cpu_count()} threads, {platform.system()}"


def main():
    here = pathlib.Path(__file__).resolve().parent
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("--uptake", default=here.parent / "target" / "release" / "uptake")
    p.add_argument("--python", default=sys.executable)
    p.add_argument("--runs", type=int, default=5)
    p.add_argument("--threads", type=int, default=2)
    p.add_argument("--out", type=pathlib.Path, default=here / "results")
    p.add_argument("--peer", nargs=2)
    a = p.parse_args()
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
    version = subprocess.run([a.uptake, "--version"], capture_output=True, text=True).stdout.strip()
    lines = [
        f"# Spots, {datetime.date.today()}",
        "",
        f"{SIDE} x {SIDE}, {SPOTS} spots. {machine()}; {version}; {a.runs} runs of each in turn, {a.threads} threads, whole processes,",
        f"start-up and files included; medians. Load of the machine before: {load:.2f}. F1 within 2 px, one to one.",
        "",
        "| | wall s | CPU s | peak MiB | wall / ours | CPU / ours | memory / ours | spots | F1 |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for (name, m), found in zip(medians.items(), scores):
        ratios = " | ".join(f"{m[i] / first[i]:.2f}" for i in range(3))
        lines.append(f"| {name} | {m[0]:.2f} | {m[1]:.2f} | {m[2]:.0f} | {ratios} | {len(found)} | {f1(found, truth):.3f} |")
    text = "\n".join(lines)
    print(text)
    a.out.mkdir(parents=True, exist_ok=True)
    (a.out / f"{datetime.date.today()}-spots.md").write_text(text + "\n")


if __name__ == "__main__":
    main()
