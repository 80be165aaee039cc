"""Writes propagate.csv: the cells that centrosome 1.3 (CellProfiler's Propagation) grows in an image made by a formula.

    python tests/oracle/propagate.py > tests/oracle/propagate.csv

One line a regularisation: the labels of all pixels, a digit each.
"""

import numpy as np
from centrosome.propagate import propagate

HEIGHT, WIDTH = 40, 60
state = 12345
image = np.zeros((HEIGHT, WIDTH))
seeds = np.zeros((HEIGHT, WIDTH), np.int32)
mask = np.zeros((HEIGHT, WIDTH), bool)
for y in range(HEIGHT):
    for x in range(WIDTH):
        state = (state * 1103515245 + 12345) % (1 << 31)
        image[y, x] = 200 + 150 * ((y * y + 2 * x * x + x * y) // 64 % 7) + (state >> 16) % 50
        mask[y, x] = (7 * x + 13 * y) % 11 != 0
for k in range(9):
    y, x = 5 + 13 * (k // 3) + k % 3, 8 + 20 * (k % 3) + k // 3
    seeds[y : y + 3, x : x + 3] = k + 1
    mask[y : y + 3, x : x + 3] = True

print("regularisation,labels")
for regularisation in (20.0, 33.7, 200.0):
    labels, _ = propagate(image, seeds, mask, regularisation)
    print(f"{regularisation},{''.join(str(v) for v in labels.ravel())}")
