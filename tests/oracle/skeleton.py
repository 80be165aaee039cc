"""Skeletons of tubes by scikit-image (Lee 1994), for the unit tests of src/measure/skeleton.

    python3 tests/oracle/skeleton.py > tests/oracle/skeleton.csv        # scikit-image 0.26.0, scipy 1.17.1

A row is a scene: its size, the radius of the tubes, the ends of their middle lines (z y x z y x), and what scikit-image finds:
voxels of the skeleton, voxels with one neighbour, pieces, and the Euler number of the object.
"""

import numpy as np
from scipy import ndimage
from skimage import measure, morphology

SCENES = {
    "straight": ((1, 20, 60), 2, [(0, 10, 6, 0, 10, 53)]),
    "diagonal": ((1, 60, 60), 2, [(0, 6, 6, 0, 53, 53)]),
    "tilted": ((1, 40, 80), 3, [(0, 8, 8, 0, 30, 70)]),
    "y": ((1, 70, 70), 2, [(0, 35, 35, 0, 62, 35), (0, 35, 35, 0, 12, 12), (0, 35, 35, 0, 12, 58)]),
    "t": ((1, 60, 60), 3, [(0, 10, 8, 0, 10, 52), (0, 10, 30, 0, 52, 30)]),
    "x": ((1, 60, 60), 2, [(0, 8, 8, 0, 51, 51), (0, 8, 51, 0, 51, 8)]),
    "cross": ((1, 60, 60), 2, [(0, 8, 30, 0, 52, 30), (0, 30, 8, 0, 30, 52)]),
    "window": ((1, 60, 60), 2, [(0, 10, 10, 0, 10, 50), (0, 50, 10, 0, 50, 50), (0, 10, 10, 0, 50, 10), (0, 10, 50, 0, 50, 50),
                                (0, 30, 10, 0, 30, 50)]),
    "rod": ((16, 16, 50), 3, [(8, 8, 6, 8, 8, 43)]),
    "slanting": ((30, 30, 60), 2, [(5, 6, 6, 24, 20, 52)]),
    "tripod": ((40, 40, 40), 2, [(20, 20, 20, 5, 20, 20), (20, 20, 20, 32, 6, 20), (20, 20, 20, 32, 32, 34)]),
    "frame": ((12, 40, 40), 2, [(6, 8, 8, 6, 8, 31), (6, 31, 8, 6, 31, 31), (6, 8, 8, 6, 31, 8), (6, 8, 31, 6, 31, 31)]),
}


def draw(shape, radius, tubes):
    image = np.zeros(shape, bool)
    z, y, x = np.indices(shape)
    for a in tubes:
        n = max(abs(a[k + 3] - a[k]) for k in range(3))
        for t in range(n + 1):
            p = [a[k] + (a[k + 3] - a[k]) * t // n for k in range(3)]
            image |= (z - p[0]) ** 2 + (y - p[1]) ** 2 + (x - p[2]) ** 2 <= radius**2
    return image


def main():
    print("scene,size,radius,tubes,voxels,ends,pieces,euler")
    for name, (shape, radius, tubes) in SCENES.items():
        image = draw(shape, radius, tubes)
        flat = shape[0] == 1
        thin = morphology.skeletonize(image[0] if flat else image, method="lee")
        around = ndimage.convolve(thin.astype(int), np.ones((3,) * thin.ndim, int), mode="constant") - 1
        pieces = ndimage.label(thin, np.ones((3,) * thin.ndim))[1]
        euler = measure.euler_number(image[0] if flat else image, thin.ndim)
        text = [" ".join(str(v) for v in tube) for tube in tubes]
        size = " ".join(str(v) for v in shape)
        print(f"{name},{size},{radius},{'/'.join(text)},{thin.sum()},{(thin & (around == 1)).sum()},{pieces},{euler}")


if __name__ == "__main__":
    main()
