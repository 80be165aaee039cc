#!/usr/bin/env python3
"""The preset `nuclei` on all images with a truth, in one go: F1 at an intersection over union of 0.5, by set and by image.

    python3 benches/segmentation.py [--uptake target/debug/uptake] [--shared ../shared] [--fields FOLDER]... [--more IMAGE=TRUTH]...
                                    [--images] [--set KEY=VALUE]... [--csv FILE]

`--fields` are folders of benches/segmentation_fields.py. Where images.csv has a column `segmentation_doubt`, its rank correlation
with 1 - F1 is printed as well. Needs numpy, scipy and tifffile.
"""

import argparse
import csv
import pathlib
import re
import subprocess
import tempfile

import numpy as np
import tifffile
from scipy import stats

HERE = pathlib.Path(__file__).resolve().parent


def image_sets(options):
    """Name of the set to (image, truth) pairs."""
    shared = pathlib.Path(options.shared)
    dsb = shared / "data/dsb2018"
    truth = {p.name.split(".")[0]: p for p in (dsb / "labels").iterdir()}
    sets = {"dsb2018": [(p, truth[p.name.split(".")[0]]) for p in sorted((dsb / "images").iterdir())]}
    sets["stardist"] = [(shared / "data/stardist/img2d.tif", shared / "data/stardist/mask2d.tif")]
    samples = HERE.parent / "sample-images"
    named = lambda t: next(p for p in samples.iterdir() if p.name.split(".")[0] == t.name.split("_nuclei.")[0])
    sets["samples"] = [(named(t), t) for t in sorted((samples / "truth").glob("*_nuclei.*"))]
    for folder in [shared / "failing/fluo2", *map(pathlib.Path, options.fields)]:
        truths = sorted(folder.glob("*_truth.tif"))
        sets[folder.name] = [(t.with_name(t.name.replace("_truth", "")), t) for t in truths]
    more = [tuple(map(pathlib.Path, pair.split("="))) for pair in options.more]
    return {**sets, **({"more": more} if more else {})}


def counts(labels, truth):
    """Objects that match, found, true."""
    wide = np.int64(truth.max()) + 1
    pairs, n = np.unique(labels.astype(np.int64).ravel() * wide + truth.ravel(), return_counts=True)
    i, j = pairs // wide, pairs % wide
    area_i = np.bincount(labels.ravel())[i]
    area_j = np.bincount(truth.ravel().astype(np.int64))[j]
    match = (i > 0) & (j > 0) & (2 * n > (area_i + area_j - n))
    present = lambda a: int((np.unique(a) > 0).sum())
    return int(match.sum()), present(labels), present(truth)


def f1(m, p, t):
    return 1.0 if p + t == 0 else 2 * m / (p + t)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--uptake", default=HERE.parent / "target/debug/uptake")
    parser.add_argument("--shared", default=HERE.parent.parent / "shared")
    parser.add_argument("--fields", action="append", default=[])
    parser.add_argument("--more", action="append", default=[])
    parser.add_argument("--set", action="append", default=[])
    parser.add_argument("--images", action="store_true", help="a line for each image")
    parser.add_argument("--csv", help="write set, image, F1, doubt, radius and counts here")
    options = parser.parse_args()
    rows = []
    for name, pairs in image_sets(options).items():
        with tempfile.TemporaryDirectory() as folder:
            changes = [x for s in options.set for x in ("--set", s)]
            command = [options.uptake, "run", "-q", "--recipe", "nuclei", "--device", "cpu", "--no-overlays", "-o", folder]
            subprocess.run([*command, *changes, *(p for p, _ in pairs)], check=False)
            with open(pathlib.Path(folder) / "images.csv") as file:
                about = {pathlib.Path(r["image"]).name: r for r in csv.DictReader(file)}
            found = {re.sub(r"(_nuclei)?\..*", "", p.name): p for p in pathlib.Path(folder).rglob("*_nuclei.ome.tif")}
            for image, truth in pairs:
                labels = tifffile.imread(found[image.name.split(".")[0]])
                row = about[image.name]
                score = counts(labels, np.squeeze(tifffile.imread(truth)))
                radius, doubt = row.get("radius_nuclei_px") or "nan", row.get("segmentation_doubt") or "nan"
                rows.append([name, image.name.split(".")[0], f1(*score), float(doubt), float(radius), *score])
    if options.csv:
        with open(options.csv, "w") as file:
            csv.writer(file).writerows([["set", "image", "f1", "doubt", "radius", "matched", "found", "true"], *rows])
    for name in dict.fromkeys(r[0] for r in rows):
        mine = [r for r in rows if r[0] == name]
        if options.images:
            for r in mine:
                print(f"  {r[1][:28]:28} F1 {r[2]:.3f}  r {r[4]:6.2f}  {r[6]:5d} for {r[7]:5d}  doubt {r[3]:.3f}")
        pooled = f1(*(sum(r[k] for r in mine) for k in (5, 6, 7)))
        line = f"{name:12} {len(mine):3d} images  F1 {np.mean([r[2] for r in mine]):.4f}  pooled {pooled:.4f}"
        known = [(r[3], 1 - r[2]) for r in mine if not np.isnan(r[3])]
        if len(known) > 4:
            line += f"  Spearman of doubt {stats.spearmanr(*zip(*known)).statistic:.3f}"
        print(line)


if __name__ == "__main__":
    main()
