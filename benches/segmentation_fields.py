#!/usr/bin/env python3
"""Made-up fields of nuclei with their truth, for benches/segmentation.py: `segmentation_fields.py OUT SEED`.

Each kind is a difficulty that real images have: noise, crowds, mixed sizes, long nuclei, bright chromocentres, one bright
artefact, haze. Needs numpy, scipy and tifffile.
"""

import pathlib
import sys
import zlib

import numpy as np
import tifffile
from scipy import ndimage as ndi


class Field:
    """Nuclei placed one after the other, at least `gap` pixels apart (below 0: they may overlap)."""

    def __init__(self, size, rng):
        self.size, self.rng = size, rng
        self.light, self.truth, self.n = np.zeros((size, size)), np.zeros((size, size), np.uint16), 0

    def place(self, radius, height, aspect=1.0, gap=2, spots=0, contrast=4.0, bow=0.0):
        """One nucleus of the area of a disk of `radius`; False where no place was found."""
        y, x = np.mgrid[: self.size, : self.size]
        for _ in range(60):
            cy, cx = self.rng.uniform(0, self.size, 2)
            angle, long = self.rng.uniform(0, np.pi), radius * np.sqrt(aspect)
            u = (x - cx) * np.cos(angle) + (y - cy) * np.sin(angle)
            v = (y - cy) * np.cos(angle) - (x - cx) * np.sin(angle) - bow * u * u / long
            wobble = 1 + 0.06 * np.cos(3 * np.arctan2(v, u) + angle * 5)
            reach = np.hypot(u / long, v * np.sqrt(aspect) / radius) / wobble
            inside = reach <= 1
            near = ndi.binary_dilation(inside, iterations=gap) if gap > 0 else reach <= 1 + gap / radius
            if not inside.any() or (self.truth[near] > 0).any():
                continue
            self.n += 1
            self.truth[inside & (self.truth == 0)] = self.n
            body = height * np.sqrt(np.clip(1.25 - reach**2, 0, 1)) * inside
            for _ in range(spots):
                k = self.rng.uniform(0.2, 0.75)
                turn, s = self.rng.uniform(0, 2 * np.pi), radius * self.rng.uniform(0.13, 0.2)
                py, px = cy + k * radius * np.sin(turn), cx + k * radius * np.cos(turn)
                body += (contrast - 1) * height * np.exp(-((x - px) ** 2 + (y - py) ** 2) / (2 * s * s)) * inside
            self.light = np.maximum(self.light, body)
            return True
        return False

    def many(self, count, radius, height, spread=0.12, vary=0.25, **more):
        for _ in range(count):
            r, h = radius * self.rng.normal(1, spread), height * np.exp(self.rng.normal(0, vary))
            self.place(max(r, 2.0), h, **more)
        return self

    def seen(self, blur=1.2, ground=200.0, photons=None, noise=0.0, correlated=0.0, slope=0.0):
        """As a camera has it: blurred, on a ground with a slope, with noise."""
        tilt = slope * np.linspace(0, 1, self.size)[None, :]
        image = ndi.gaussian_filter(self.light, blur) + ground + tilt
        if photons:
            image = self.rng.poisson(np.clip(image, 0, None) * photons) / photons
        grain = self.rng.normal(0, 1, image.shape)
        if correlated:
            grain = ndi.gaussian_filter(grain, correlated)
            grain /= grain.std()
        return image + noise * grain


def kinds(rng):
    """Name, field, how it is seen."""
    f = lambda size=256: Field(size, rng)
    yield "plain", f().many(32, 9.4, 4000), dict(noise=150)
    yield "crowded", f().many(110, 9.4, 4000, gap=-1.5), dict(noise=150)
    yield "crowded_dim", f().many(110, 9.4, 1500, gap=-2.0, vary=0.5), dict(noise=150, slope=800)
    yield "snr2", f().many(32, 9.4, 4000, vary=0.1), dict(noise=2000, ground=9000)
    yield "snr1", f().many(32, 9.4, 4000, vary=0.1), dict(noise=3500, ground=9000)
    yield "photons", f().many(32, 9.4, 100, vary=0.1), dict(photons=0.1, ground=40)
    yield "correlated", f().many(32, 9.4, 4000, vary=0.1), dict(noise=1000, ground=9000, correlated=1.2)
    yield "mixed_5_20", f(384).many(9, 21, 3500, spread=0.08).many(50, 5, 4000), dict(noise=120)
    yield "mixed_few_big", f(384).many(4, 24, 3000, spread=0.08).many(140, 7, 4500), dict(noise=120)
    yield "big_and_small_dim", f(384).many(14, 19, 1500).many(40, 8, 5000), dict(noise=120)
    yield "aspect3", f().many(30, 9.4, 4000, aspect=3.0), dict(noise=150)
    yield "aspect4", f().many(30, 9.4, 4000, aspect=4.2), dict(noise=150)
    yield "bowed", f().many(30, 10.0, 4000, aspect=3.0, bow=0.3), dict(noise=150)
    yield "aspect_crowded", f().many(70, 9.4, 4000, aspect=2.5, gap=-1.0), dict(noise=150)
    yield "chromocentres2", f().many(30, 11, 3000, spots=7, contrast=2.0), dict(noise=120)
    yield "chromocentres4", f().many(30, 11, 3000, spots=7, contrast=4.0), dict(noise=120)
    yield "chromocentres_large", f(384).many(24, 19, 3000, spots=10, contrast=3.0), dict(noise=120)
    blob = f(384).many(60, 9.4, 4000)
    blob.place(38, 45000, gap=4)
    blob.truth[blob.truth == blob.n] = 0
    yield "one_bright_blob", blob, dict(noise=120)
    specks = f(384).many(60, 9.4, 4000)
    for _ in range(10):
        specks.place(3.0, 40000)
        specks.truth[specks.truth == specks.n] = 0
    yield "bright_specks", specks, dict(noise=120)
    yield "bright_and_dim", f().many(16, 9.4, 14000).many(16, 9.4, 1400), dict(noise=120)
    yield "tiny", f().many(120, 3.6, 4000), dict(noise=150, blur=0.8)
    yield "large", f(512).many(26, 33, 4000), dict(noise=150)
    yield "large_textured", f(512).many(26, 30, 3000, spots=25, contrast=1.8), dict(noise=200)
    yield "blurred", f().many(60, 9.4, 4000, gap=0), dict(noise=60, blur=4.0)
    yield "fragments", f().many(28, 10, 4000).many(25, 2.6, 9000, vary=0.4), dict(noise=150)
    yield "empty", f(), dict(noise=150)


def make(folder, seed):
    """Writes NAME.tif and NAME_truth.tif of every kind."""
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed)
    for name, field, seen in kinds(rng):
        field.rng = np.random.default_rng([seed, zlib.crc32(name.encode())])
        image = np.clip(np.rint(field.seen(**seen)), 0, 65535).astype(np.uint16)
        tifffile.imwrite(folder / f"{name}.tif", image)
        tifffile.imwrite(folder / f"{name}_truth.tif", field.truth)


if __name__ == "__main__":
    make(sys.argv[1], int(sys.argv[2]))
