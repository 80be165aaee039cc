"""Lesion columns by numpy, scipy and scikit-image: the oracle of tests/lesions.rs.

Reads the images of a folder (sts_pet: FDG-PET crops in SUV with the mask of the tumour; ibsi1: the digital phantom) and
writes lesions.csv: image, column, value. Spheres are the sum over a kernel of whole voxels, by convolution.

    python tests/oracle/lesions.py FOLDER_OF_SHARED_DATA > tests/oracle/lesions.csv
"""

import gzip
import struct
import sys
from pathlib import Path

import numpy as np
from scipy import ndimage
from skimage import measure

TYPES = {2: "u1", 4: "<i2", 16: "<f4"}


def nifti(path):
    """Array z, y, x and size of a voxel in mm."""
    raw = gzip.open(path).read()
    dim = struct.unpack("<8h", raw[40:56])
    kind = TYPES[struct.unpack("<h", raw[70:72])[0]]
    size = struct.unpack("<8f", raw[76:108])[1:4]
    start = int(struct.unpack("<f", raw[108:112])[0])
    n = dim[1] * dim[2] * dim[3]
    array = np.frombuffer(raw, kind, n, start).reshape(dim[3], dim[2], dim[1])
    return array.astype(float), np.array(size[::-1], float)


def sphere(radius, size):
    reach = np.ceil(radius / size).astype(int)
    axes = [np.arange(-r, r + 1) * s for r, s in zip(reach, size)]
    z, y, x = np.meshgrid(*axes, indexing="ij")
    return (z * z + y * y + x * x <= radius * radius).astype(float)


def means(image, kernel):
    """Mean over the voxels of the sphere inside the image, and how many they are."""
    around = ndimage.convolve(image, kernel, mode="constant", cval=0)
    count = np.round(ndimage.convolve(np.ones_like(image), kernel, mode="constant", cval=0))
    return around / count, count


def lesion(image, inside, size):
    values = image[inside]
    ml = sphere(10 * (3 / (4 * np.pi)) ** (1 / 3), size)
    peak, count = means(image, ml)
    lodge, _ = means(image, sphere(6.0, size))
    hottest = inside & (image == values.max())
    best = np.where(inside, peak, -np.inf).argmax()
    away = ndimage.distance_transform_edt(~inside, sampling=size)
    background = np.median(image[(away > 5) & (away <= 15)])
    padded = np.pad(inside, 1).astype(float)
    points, faces, _, _ = measure.marching_cubes(padded, 0.5, spacing=tuple(size))
    first = np.argwhere(hottest)[0]
    return {
        "suv_max": values.max(),
        "suv_mean": values.mean(),
        "suv_median": np.median(values),
        "suv_std": values.std(),
        "suv_min": values.min(),
        "suv_peak_vjga": peak[hottest].max(),
        "suv_peak_0f91": peak[inside].max(),
        "suv_peak_lodge": lodge[inside].max(),
        "peak_0f91_coverage": count.flat[best] / ml.sum(),
        "mtv_ml": inside.sum() * size.prod() / 1000,
        "tlg_g": values.mean() * inside.sum() * size.prod() / 1000,
        "suv_background": background,
        "tbr": values.mean() / background,
        "hottest_z_px": first[0],
        "hottest_y_px": first[1],
        "hottest_x_px": first[2],
        "surface_mm2": measure.mesh_surface_area(points, faces),
        "touches_edge": int(inside[[0, -1]].any() or inside[:, [0, -1]].any() or inside[:, :, [0, -1]].any()),
    }


def main(folder):
    print("image,column,value")
    for name in ["sts_pet/STS_001_PET", "sts_pet/STS_002_PET", "sts_pet/STS_003_PET", "ibsi1/digital_phantom"]:
        image, size = nifti(folder / f"{name}_image.nii.gz")
        mask, _ = nifti(folder / f"{name}_mask.nii.gz")
        for column, value in lesion(image, mask > 0, size).items():
            print(f"{name},{column},{float(value)!r}")


main(Path(sys.argv[1]))
