"""Writes local.csv: foreground pixels in each row of the local masks that scikit-image 0.26 makes of shared images.

    python tests/oracle/local.py ../shared/data > tests/oracle/local.csv

A pixel that equals its threshold is not above it: a margin of 1e-9 keeps the rounding of floating point from deciding
such ties, which are frequent in 8-bit images (1537 of 65536 pixels in one).
"""

import csv
import glob
import os
import sys

import numpy as np
import tifffile
from skimage import filters, io

root = sys.argv[1]
names = [os.path.relpath(p, root) for p in sorted(glob.glob(os.path.join(root, "dsb2018/images/*.png")))[::9]]
names += ["stardist/img2d.tif", "bioimage/blobs.tif", "bioimage/BBBC022_IXMtest_A02_s9.tif", "galaxy/sample.tiff"]

def above(a, t):
    return a.astype(float) - t > 1e-9


out = csv.writer(sys.stdout, lineterminator="\n")
out.writerow(["image", "statistic", "window", "r", "foreground by row"])
for name in names:
    path = os.path.join(root, name)
    a = tifffile.imread(path) if name.endswith(("tif", "tiff")) else io.imread(path)[..., 0]
    a = a[0] if a.ndim == 3 else a
    r = np.iinfo(a.dtype).max / 2
    for window in (15, 51):
        masks = {
            "mean": above(a, filters.threshold_local(a, window, "mean")),
            "gaussian": above(a, filters.threshold_local(a, window, "gaussian")),
            "sauvola": above(a, filters.threshold_sauvola(a, window)),
        }
        for statistic, mask in masks.items():
            out.writerow([name, statistic, window, r, " ".join(map(str, mask.sum(axis=1)))])
