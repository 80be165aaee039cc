"""Cellular neighbourhoods of a synthetic tissue, by numpy alone: writes neighbourhoods.csv.

All pairs of distances, windows of the 10 nearest cells with the cell itself, those that are equally far sharing the last places;
Lloyd's iterations from two sets of starts as src/measure/kmeans.rs describes them. Run: python3 tests/oracle/neighbourhoods.py
"""

import csv
from fractions import Fraction
from pathlib import Path

import numpy as np

NAMES = ["B cell", "stroma", "tumour"]
SIDE, CELLS, NEAREST, CLUSTERS = 300, 500, 10, 4


def tissue():
    """Whole coordinates, so that many cells are equally far; three zones; a few cells of no class."""
    state = 2020

    def below(n):
        nonlocal state
        state = (state * 1_103_515_245 + 12_345) % (1 << 31)
        return (state >> 8) % n

    taken, cells = set(), []
    while len(cells) < CELLS:
        y, x = below(SIDE), below(SIDE)
        likely = 2 if x < 110 else 1 if x < 190 else 0
        kind = likely if below(10) < 8 else below(4)
        if (y, x) not in taken:
            taken.add((y, x))
            cells.append((y, x, kind))
    return cells


def compositions(cells):
    at = np.array([c[:2] for c in cells], dtype=np.int64)
    kinds = np.array([c[2] for c in cells])
    rows = []
    for place in at:
        d = ((at - place) ** 2).sum(axis=1)
        last = np.sort(d)[NEAREST - 1]
        nearer, equal = d < last, d == last
        share = Fraction(int(NEAREST - nearer.sum()), int(equal.sum()))
        rows.append(
            [float((int((nearer & (kinds == k)).sum()) + share * int((equal & (kinds == k)).sum())) / NEAREST) for k in range(3)]
        )
    return np.array(rows)


def lloyd(rows, counts, centres):
    before = None
    for _ in range(300):
        far = ((rows[:, None, :] - centres[None]) ** 2).sum(axis=2)
        now = far.argmin(axis=1)
        if before is not None and (now == before).all():
            break
        least = far.min(axis=1)
        for k in range(len(centres)):
            mine = now == k
            if mine.any():
                centres[k] = (rows[mine] * counts[mine, None]).sum(axis=0) / counts[mine].sum()
            else:
                centres[k] = rows[least.argmax()]
                least[least.argmax()] = 0.0
        before = now
    far = ((rows[:, None, :] - centres[None]) ** 2).sum(axis=2)
    return (far.min(axis=1) * counts).sum(), centres


def kmeans(all_rows, k):
    rows, counts = np.unique(all_rows, axis=0, return_counts=True)
    weight = np.cumsum(counts)
    quantiles = [rows[np.argmax(weight >= (2 * i + 1) / (2 * k) * counts.sum())] for i in range(k)]
    mean = (rows * counts[:, None]).sum(axis=0) / counts.sum()
    far, starts = ((rows - mean) ** 2).sum(axis=1), []
    for i in range(k):
        starts.append(rows[far.argmax()])
        d = ((rows - starts[-1]) ** 2).sum(axis=1)
        far = d if i == 0 else np.minimum(far, d)
    first, second = (lloyd(rows, counts, np.array(s, dtype=float)) for s in (quantiles, starts))
    print("sums of squares", first[0], second[0])
    centres = second[1] if second[0] < first[0] else first[1]
    return centres[np.lexsort(centres.T[::-1])]


cells = tissue()
rows = compositions(cells)
centres = kmeans(rows, CLUSTERS)
number = ((rows[:, None, :] - centres[None]) ** 2).sum(axis=2).argmin(axis=1) + 1
print(centres, np.bincount(number))
with open(Path(__file__).with_suffix(".csv"), "w", newline="") as file:
    out = csv.writer(file, lineterminator="\n")
    out.writerow(["x_px", "y_px", "class", *NAMES, "neighbourhood"])
    for (y, x, kind), row, n in zip(cells, rows, number):
        out.writerow([x, y, NAMES[kind] if kind < 3 else "other", *(repr(float(v)) for v in row), n])
