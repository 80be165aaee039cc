"""Writes recipe_thresholds.csv: what scikit-image 0.26 and numpy say about an image of 8, 12 and 16 bits that
tests/recipe_thresholds.rs makes as well, by the same whole numbers.

    python tests/oracle/recipe_thresholds.py > tests/oracle/recipe_thresholds.csv

Columns: bits, filter (a step before the threshold), method, threshold (empty for local ones), foreground pixels.
`multi_otsu` of 16 bits is worked out here, over every pair of cuts: 65,536 bins are beyond scikit-image's memory.
"""

import csv
import sys

import numpy as np
from scipy import ndimage
from skimage import filters

H, W = 60, 80


def image(bits):
    """Twelve blobs of different heights on a sloping ground with noise: whole numbers only."""
    state, top = 12345, (1 << bits) - 1
    out = np.zeros((H, W), np.int64)
    for y in range(H):
        for x in range(W):
            state = (state * 1103515245 + 12345) % 2**31
            noise = (state >> 16) % 1000
            per_mille = 60 + x // 4 + noise * 40 // 1000
            for k in range(12):
                cy, cx, r = 8 + 15 * (k // 4), 10 + 20 * (k % 4), 5 + k % 3
                d2 = (y - cy) ** 2 + (x - cx) ** 2
                if d2 <= r * r:
                    per_mille += (300 + 40 * k) * (2 * r * r - d2) // (2 * r * r)
            out[y, x] = per_mille * top // 1000
    return out.astype(np.uint8 if bits == 8 else np.uint16)


def robust(a):
    s = np.sort(a.ravel()).astype(float)
    cut = int(round(s.size * 0.05))
    s = s[cut : s.size - cut]
    return s.mean() + 2 * s.std()


def multi_otsu(a):
    if a.max() < 4096:
        return filters.threshold_multiotsu(a, 3)[-1]
    values, counts = np.unique(a, return_counts=True)
    n = np.concatenate([[0], np.cumsum(counts)]).astype(float)
    s = np.concatenate([[0], np.cumsum(counts * values.astype(float))])
    best, at = -1.0, 0
    for first in range(1, len(values) - 1):
        second = np.arange(first + 1, len(values))
        between = s[first] ** 2 / n[first] + (s[second] - s[first]) ** 2 / (n[second] - n[first])
        between += (s[-1] - s[second]) ** 2 / (n[-1] - n[second])
        if between.max() > best:
            best, at = between.max(), second[between.argmax()]
    return values[at - 1]


METHODS = {
    "otsu": filters.threshold_otsu,
    "li": filters.threshold_li,
    "triangle": filters.threshold_triangle,
    "yen": filters.threshold_yen,
    "multi_otsu": multi_otsu,
    "percentile": lambda a: np.percentile(a, 80.0),
    "robust_background": robust,
}
STEPS = {
    "": lambda a: a,
    "median": lambda a: ndimage.median_filter(a, 3, mode="nearest"),
    "opening": lambda a: ndimage.grey_opening(a, size=(3, 3), mode="nearest"),
}

out = csv.writer(sys.stdout, lineterminator="\n")
out.writerow(["bits", "filter", "method", "threshold", "foreground"])
for bits in (8, 12, 16):
    a = image(bits)
    for step, make in STEPS.items():
        b = make(a)
        for method, choose in METHODS.items():
            t = float(choose(b.copy()))
            out.writerow([bits, step, method, repr(t), int((b > t).sum())])
    # A pixel that equals its threshold is not above it: the margin keeps rounding from deciding.
    above = lambda t: int((a.astype(float) - t > 1e-9).sum())
    out.writerow([bits, "", "local_mean", "", above(filters.threshold_local(a, 21, "mean"))])
    out.writerow([bits, "", "local_gaussian", "", above(filters.threshold_local(a, 21, "gaussian"))])
    r = ((1 << bits) - 1) / 2
    out.writerow([bits, "", "sauvola", "", above(filters.threshold_sauvola(a, 21, k=0.2, r=r))])
    low, high = (int(v * ((1 << bits) - 1)) for v in (0.2, 0.5))
    out.writerow([bits, "", "hysteresis", "", int(filters.apply_hysteresis_threshold(a, low, high).sum())])
