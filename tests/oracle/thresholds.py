"""Writes thresholds.csv: what scikit-image 0.26 and numpy say about the shared images.

    python tests/oracle/thresholds.py ../shared/data > tests/oracle/thresholds.csv

Columns: image (under the shared data), channel (plane of the file, or colour), method, bins, value (in samples).
Bins: `unit` is the image itself (one bin an integer); `equal256` and `sqrt256` are 256 bins of numpy.histogram of the
image or of its square roots; `sqrt256edge` is the upper edge of the chosen bin, squared.
"""

import csv
import glob
import os
import sys

import numpy as np
import tifffile
from skimage import filters, io

root = sys.argv[1]
dsb = sorted(glob.glob(os.path.join(root, "dsb2018/images/*.png")))[::3]
names = [os.path.relpath(p, root) for p in dsb] + [
    "stardist/img2d.tif",
    "stardist/img3d.tif",
    "bioimage/blobs.tif",
    "bioimage/BBBC022_IXMtest_A02_s9.tif",
    "galaxy/sample.tiff",
    "galaxy/sample2.tiff",
    "galaxy/input3_uint16.tiff",
    "galaxy/input11.tiff",
    "galaxy/rgb.png",
]


def channels(name):
    path = os.path.join(root, name)
    a = tifffile.imread(path) if name.endswith(("tif", "tiff")) else io.imread(path)
    if name.startswith("dsb2018"):
        return [a[..., 0]]
    if name.startswith("bioimage/BBBC"):
        return list(a)
    if a.ndim == 3 and a.shape[-1] in (3, 4):
        return [a[..., c] for c in range(3)]
    return [a]


def robust(a):
    s = np.sort(a.ravel()).astype(float)
    cut = int(round(s.size * 0.05))
    s = s[cut : s.size - cut]
    return s.mean() + 2 * s.std()


def noise(a):
    x = a.astype(float)
    rows = np.abs(x[..., 2:] - 2 * x[..., 1:-1] + x[..., :-2])
    columns = np.abs(x[..., 2:, :] - 2 * x[..., 1:-1, :] + x[..., :-2, :])
    return max(map(of_differences, (rows, columns)))


def of_differences(d):
    moved = d[d > 0]
    if np.median(d) > 0 or moved.size == 0:
        return np.median(d) / 0.6745 / np.sqrt(6)
    # Counted photons: one in the middle of three pixels, or two.
    photon = np.sort(moved)[moved.size // 2]
    one, two = (np.mean(moved == k * photon) for k in (1, 2))
    return photon * np.sqrt(moved.size / d.size / 3) if one + two >= 0.75 and two >= 0.2 else 0.0


def rows(a):
    yield "otsu", "unit", filters.threshold_otsu(a)
    yield "li", "unit", filters.threshold_li(a.copy())
    yield "triangle", "unit", filters.threshold_triangle(a)
    yield "yen", "unit", filters.threshold_yen(a)
    yield "percentile90", "unit", np.percentile(a, 90)
    yield "robust", "unit", robust(a)
    yield "noise", "unit", noise(a)
    counts, edges = np.histogram(a, 256)
    centres = (edges[1:] + edges[:-1]) / 2
    yield "otsu", "equal256", filters.threshold_otsu(hist=(counts, centres))
    yield "yen", "equal256", filters.threshold_yen(hist=(counts, centres))
    small = int(a.max()) - int(a.min()) < 1500
    if np.unique(a).size >= 3:
        three = filters.threshold_multiotsu(a, 3) if small else filters.threshold_multiotsu(hist=(counts, centres), classes=3)
        for k, t in enumerate(three):
            yield f"multiotsu{k}", "unit" if small else "equal256", t
    roots = np.sqrt(a.astype(float))
    counts, edges = np.histogram(roots, 256)
    centres = (edges[1:] + edges[:-1]) / 2
    t = filters.threshold_otsu(hist=(counts, centres))
    yield "otsu", "sqrt256", t**2
    yield "otsu", "sqrt256edge", edges[np.searchsorted(centres, t) + 1] ** 2


out = csv.writer(sys.stdout, lineterminator="\n")
out.writerow(["image", "channel", "method", "bins", "value"])
for name in names:
    for c, a in enumerate(channels(name)):
        for method, bins, value in rows(a):
            out.writerow([name, c, method, bins, repr(float(value))])
