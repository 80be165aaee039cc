"""Writes tests/oracle/measure/: label images, intensities and the values that independent software gives for them.

Run with scikit-image 0.26, scipy and numpy:  python tests/oracle/measure.py
Images are little-endian raw files (labels and channel u16); cases.json has their shapes and the expected values.
"""

import itertools
import json
import math
import pathlib

import numpy as np
from scipy import ndimage as ndi
from scipy.spatial import ConvexHull, QhullError
from skimage import measure, segmentation

OUT = pathlib.Path(__file__).parent / "measure"
RNG = np.random.default_rng(20240607)


def flat_scene():
    """Odd shapes: dots, lines, holes, corners only, touching, cut by the border, in two pieces."""
    lab = np.zeros((96, 120), np.uint16)
    yy, xx = np.mgrid[:96, :120]
    n = 0

    def add(mask):
        nonlocal n
        n += 1
        lab[mask & (lab == 0)] = n

    def disc(y, x, r):
        return (yy - y) ** 2 + (xx - x) ** 2 <= r * r

    add(disc(0, 0, 7.5))                                   # cut by a corner
    add((yy == 3) & (xx == 20))                            # one pixel
    add((yy == 3) & (xx >= 24) & (xx < 34))                # row
    add((xx == 40) & (yy >= 2) & (yy < 9))                 # column
    add((yy - 2 == xx - 50) & (yy >= 2) & (yy < 12))       # diagonal
    add((abs(yy - 8) <= 4) & (abs(xx - 72) <= 4) & ~((abs(yy - 8) <= 2) & (abs(xx - 72) <= 2)))  # ring
    add((yy >= 3) & (yy < 5) & (xx >= 84) & (xx < 86))     # two by two
    add(disc(12, 104, 9.3) & ~disc(12, 104, 4.1))          # round ring
    add(disc(12, 104, 2.2))                                # dot inside the ring
    add(disc(34, 18, 10.4))
    add(disc(34, 35, 10.4))                                # touching
    add(((yy - 36) / 6.0) ** 2 + ((xx - 70) / 15.0) ** 2 <= 1)
    t = math.radians(33)
    u, v = (yy - 40) * math.cos(t) + (xx - 103) * math.sin(t), -(yy - 40) * math.sin(t) + (xx - 103) * math.cos(t)
    add((u / 13.0) ** 2 + (v / 5.5) ** 2 <= 1)
    add(((yy >= 56) & (yy < 76) & (xx >= 4) & (xx < 8)) | ((yy >= 72) & (yy < 76) & (xx >= 4) & (xx < 24)))  # an L
    add(((yy >= 56) & (yy < 60) & (xx >= 14) & (xx < 20)) | ((yy >= 64) & (yy < 67) & (xx >= 14) & (xx < 17)))  # two pieces
    add(((yy == 60) & (xx == 30)) | ((yy == 61) & (xx == 31)) | ((yy == 61) & (xx == 29)) | ((yy == 62) & (xx == 30)))  # hole closed at corners
    angle, dist = np.arctan2(yy - 70, xx - 56), np.hypot(yy - 70, xx - 56)
    add(dist <= 10 + 5 * np.cos(5 * angle))                # star
    noise = ndi.gaussian_filter(RNG.standard_normal((96, 120)), 1.2)
    add((yy >= 54) & (xx >= 78) & (noise > 0.06))          # rough, in pieces, with holes, at the border
    add((yy >= 92) & (xx < 60) & ((xx + yy) % 2 == 0))     # chess board at the border
    add((yy >= 84) & (yy < 90) & (xx >= 2) & (xx < 40) & (xx % 6 != 0))  # bars
    return lab


def solid_scene():
    lab = np.zeros((20, 34, 36), np.uint16)
    zz, yy, xx = np.mgrid[:20, :34, :36]
    n = 0

    def add(mask):
        nonlocal n
        n += 1
        lab[mask & (lab == 0)] = n

    def ball(z, y, x, r):
        return (zz - z) ** 2 + (yy - y) ** 2 + (xx - x) ** 2 <= r * r

    add(ball(7, 8, 8, 6.3))
    add((zz == 2) & (yy == 2) & (xx == 18))
    add((zz >= 3) & (zz < 7) & (yy >= 3) & (yy < 8) & (xx >= 20) & (xx < 26))
    add(ball(8, 24, 9, 6.2) & ~ball(8, 24, 9, 3.1))        # cavity
    add((abs(np.hypot(yy - 24, xx - 25) - 6) <= 1.8) & (abs(zz - 6) <= 2))  # tunnel
    add(((zz - 14) / 4.5) ** 2 + ((yy - 12) / 5.0) ** 2 + ((xx - 27) / 8.0) ** 2 <= 1)
    noise = ndi.gaussian_filter(RNG.standard_normal((20, 34, 36)), 1.1)
    add((zz >= 15) & (xx < 18) & (noise > 0.05))           # rough, at the border
    add(((zz == 0) & (yy == 0) & (xx >= 30)) | ((zz == 1) & (yy == 1) & (xx == 30)))
    return lab


def edge_mean(lab, image, label):
    inner = segmentation.find_boundaries(lab, mode="inner", connectivity=1) & (lab == label)
    return float(image[inner].mean()) if inner.any() else None


def ring(lab, image, label, gap, width, spacing):
    side = math.sqrt(spacing[-1] * spacing[-2])
    d = ndi.distance_transform_edt(lab != label, sampling=[s / side for s in spacing])
    return image[(lab == 0) & (d > gap) & (d <= gap + width)]


def min_feret(region):
    """Smallest width of the outline that feret_diameter_max uses."""
    points = np.vstack(measure.find_contours(np.pad(region.image_convex, 2), 0.5, fully_connected="high"))
    hull = points[ConvexHull(points).vertices]
    widths = []
    for p, q in zip(hull, np.roll(hull, -1, axis=0)):
        normal = np.array([p[1] - q[1], q[0] - p[0]]) / np.hypot(*(p - q))
        widths.append(np.ptp(hull @ normal))
    return float(min(widths))


def smallest_circle(points):
    """By search over all pairs and triples of corners."""
    found = []
    for p, q in itertools.combinations(points, 2):
        found.append(((p + q) / 2, np.hypot(*(p - q)) / 2))
    for p, q, r in itertools.combinations(points, 3):
        a = 2 * np.array([q - p, r - p])
        if abs(np.linalg.det(a)) > 1e-9:
            c = np.linalg.solve(a, [q @ q - p @ p, r @ r - p @ p])
            found.append((c, np.hypot(*(p - c))))
    inside = [f for f in found if all(np.hypot(*(p - f[0])) <= f[1] + 1e-9 for p in points)]
    return min(inside, key=lambda f: f[1])


def zernike(region):
    """Magnitudes over the area of the smallest circle, by the definition in polar coordinates."""
    coords = region.coords.astype(float)
    if len(coords) < 2:
        return {}
    try:
        corners = coords[ConvexHull(coords).vertices]
    except QhullError:
        corners = coords[[0, -1]]
    centre, radius = smallest_circle(corners)
    dy, dx = ((coords - centre) / radius).T
    rho, theta = np.hypot(dy, dx), np.arctan2(dy, dx)
    out = {}
    for n in range(10):
        for m in range(n % 2, n + 1, 2):
            radial = sum((-1) ** k * math.factorial(n - k)
                         / (math.factorial(k) * math.factorial((n + m) // 2 - k) * math.factorial((n - m) // 2 - k))
                         * rho ** (n - 2 * k) for k in range((n - m) // 2 + 1))
            out[f"zernike_{n}_{m}"] = abs((radial * np.exp(1j * m * theta)).sum()) / (math.pi * radius**2)
    return out


def radial(region, image):
    """FracAtD, MeanFrac, RadialCV in four rings with Euclidean distances."""
    inside = ndi.distance_transform_edt(np.pad(region.image, 1))
    cy, cx = np.unravel_index(inside.argmax(), inside.shape)
    yy, xx = np.nonzero(inside)
    values = image[region.slice][region.image].astype(float)
    centre = np.hypot(yy - cy, xx - cx)
    ring = np.minimum((4 * centre / (centre + inside[yy, xx])).astype(int), 3)
    wedge = (yy > cy) + 2 * (xx > cx) + 4 * (abs(yy - cy) > abs(xx - cx))
    out = {}
    for k in range(4):
        here = ring == k
        out[f"radial_fraction_{k + 1}of4_c"] = values[here].sum() / values.sum()
        if here.any():
            out[f"radial_mean_fraction_{k + 1}of4_c"] = values[here].sum() / values.sum() / here.mean()
            means = np.array([values[here & (wedge == w)].mean() for w in range(8) if (here & (wedge == w)).any()])
            out[f"radial_cv_{k + 1}of4_c"] = means.std() / means.mean()
        else:
            out[f"radial_mean_fraction_{k + 1}of4_c"] = out[f"radial_cv_{k + 1}of4_c"] = None
    return out


def describe(lab, image, spacing):
    rows = []
    dim = lab.ndim
    scaled = {r.label: r for r in measure.regionprops(lab, image, spacing=spacing)}
    for r in measure.regionprops(lab, image):
        s = scaled[r.label]
        flat = dim == 2
        values = image[lab == r.label].astype(np.float64)
        inside = ndi.distance_transform_edt(np.pad(r.image, 1))
        d = inside[inside > 0]
        row = {
            "label": r.label,
            "equivalent_diameter_px": r.equivalent_diameter_area,
            "equivalent_diameter_um": s.equivalent_diameter_area,
            "axis_major_length_px": r.axis_major_length,
            "axis_minor_length_px": r.axis_minor_length,
            "axis_major_length_um": s.axis_major_length,
            "axis_minor_length_um": s.axis_minor_length,
            "extent": r.extent,
            "euler_number": int(r.euler_number),
            "maximum_radius_px": d.max(),
            "mean_radius_px": d.mean(),
            "intensity_mean_c": r.intensity_mean,
            "intensity_median_c": r.intensity_median,
            "intensity_min_c": r.intensity_min,
            "intensity_max_c": r.intensity_max,
            "intensity_std_c": r.intensity_std,
            "intensity_mad_c": np.median(abs(values - np.median(values))),
            "intensity_quartile_lower_c": np.quantile(values, 0.25),
            "intensity_quartile_upper_c": np.quantile(values, 0.75),
            "intensity_integrated_c": values.sum(),
            "intensity_edge_mean_c": edge_mean(lab, image, r.label),
            "mass_displacement_px_c": float(np.linalg.norm(np.subtract(r.centroid_weighted, r.centroid))),
            "mass_displacement_um_c": float(np.linalg.norm(np.subtract(s.centroid_weighted, s.centroid))),
        }
        for axis, name in enumerate("zyx"[3 - dim:]):
            row[f"centroid_{name}_px"] = r.centroid[axis]
            row[f"centroid_{name}_um"] = s.centroid[axis]
            row[f"bbox_min_{name}_px"] = int(r.bbox[axis])
            row[f"bbox_max_{name}_px"] = int(r.bbox[axis + dim])
        out = ring(lab, image, r.label, 2.0, 3.0, spacing).astype(np.float64)
        if out.size:
            row["ring_mean_c"] = out.mean()
            row["ring_median_c"] = np.median(out)
            row["tbr_c"] = values.mean() / np.median(out)
            row["cnr_c"] = (values.mean() - out.mean()) / max(out.std(), 12**-0.5)
            row["specific_uptake_c"] = values.mean() - out.mean()
        row["positive_fraction_c"] = float((values > 700).mean())
        if flat:
            row |= radial(r, image)
            if spacing[0] == spacing[1]:
                row |= zernike(r)
            row |= {
                "area_px": int(r.num_pixels),
                "area_um2": s.area,
                "eccentricity": s.eccentricity,
                "orientation_rad": s.orientation,
                "perimeter_px": r.perimeter,
                "perimeter_crofton_px": r.perimeter_crofton,
                "area_convex_px": int(r.area_convex),
                "solidity": r.solidity,
                "area_filled_px": int(r.area_filled),
                "feret_diameter_max_px": r.feret_diameter_max,
                "feret_diameter_max_um": s.feret_diameter_max,
                "feret_diameter_min_px": min_feret(r),
                "compactness": r.perimeter**2 / (4 * math.pi * r.num_pixels),
                "form_factor": 4 * math.pi * r.num_pixels / r.perimeter**2 if r.perimeter > 0 else None,
            }
        else:
            padded = np.pad(r.image, 1).astype(float)
            verts, faces, _, _ = measure.marching_cubes(padded, 0.5)
            row |= {
                "volume_px": int(r.num_pixels),
                "volume_um3": s.area,
                "surface_area_px": float(measure.mesh_surface_area(verts.astype(np.float64), faces)),
            }
            verts, faces, _, _ = measure.marching_cubes(padded, 0.5, spacing=spacing)
            row["surface_area_um2"] = float(measure.mesh_surface_area(verts.astype(np.float64), faces))
        rows.append({k: v if v is None or isinstance(v, int) else float(v) for k, v in row.items()})
    return rows


def power_slope(image):
    """Slope of log power over log radius, with CellProfiler's choice of radii."""
    h, w = image.shape
    radii = np.hypot(*np.meshgrid(np.minimum(np.arange(h), h - np.arange(h)),
                                  np.minimum(np.arange(w), w - np.arange(w)), indexing="ij"))
    shell = np.floor(np.sqrt(np.round(radii**2))).astype(int) + 1
    power = abs(np.fft.fft2(image - image.mean())) ** 2
    shells = np.arange(2, int(min(h, w) / 8))
    total = ndi.sum(power, shell, shells)
    return float(np.polyfit(np.log(shells), np.log(total), 1)[0])


def quality(image):
    v = image.astype(np.float64)
    row = {
        "image_mean_c": v.mean(),
        "image_median_c": np.median(v),
        "image_min_c": v.min(),
        "image_max_c": v.max(),
        "image_std_c": v.std(),
        "image_percent_maximal_c": 100 * (v == v.max()).mean(),
        "image_focus_score_c": v.var() / v.mean(),
    }
    if image.ndim == 2:
        row["image_power_loglog_slope_c"] = power_slope(v)
    return {k: float(x) for k, x in row.items()}


def main():
    OUT.mkdir(exist_ok=True)
    cases = []
    for name, lab, spacing in [
        ("flat", flat_scene(), (0.5, 0.5)),
        ("stretched", flat_scene(), (0.7, 0.4)),
        ("solid", solid_scene(), (1.5, 0.4, 0.3)),
    ]:
        image = (ndi.gaussian_filter(RNG.standard_normal(lab.shape), 2.0) * 4000 + 500 + (lab > 0) * 300
                 + RNG.integers(0, 40, lab.shape)).clip(1, 1023).astype("<i4")
        lab.astype("<u2").tofile(OUT / f"{name}.labels.raw")
        image.astype("<u2").tofile(OUT / f"{name}.channel.raw")
        cases.append({
            "name": name,
            "shape": [1] * (3 - lab.ndim) + list(lab.shape),
            "spacing_um": [1.0] * (3 - lab.ndim) + list(spacing),
            "objects": describe(lab, image, spacing),
            "image": quality(image),
        })
    (OUT / "cases.json").write_text(json.dumps(cases, indent=0).replace(",\n\"", ", \"") + "\n")


main()
