#!/usr/bin/env python3
"""An image of many channels that is larger than the memory it may take: peak, time and tables with and without a limit.

    python3 benches/channels.py [--uptake target/release/uptake] [--size 9600 9000] [--channels 24] [--slices 1] [--packed]
                                [--memory 2GiB --memory none] [--folder /tmp/channels] [--keep]

Makes an OME-TIFF of 16-bit tiles (the defaults are 4.1 GB) with nuclei in the first channel and markers in the others, runs a recipe that
looks for nuclei in the first one and measures all, once for each `--memory`, and compares the tables byte by byte. Needs numpy and tifffile.
"""

import argparse
import filecmp
import pathlib
import shutil
import sys

from beside import HERE, machine, run, version

TILE, UM = 512, 0.325

RECIPE = """
modality = "fluorescence"
[channels]
DNA = [0]
{markers}
[objects.nuclei]
channel = "DNA"
scale = "8 px"
steps = [
  {{ op = "gaussian", sigma = "1 px" }},
  {{ op = "threshold", method = "otsu" }},
  {{ op = "fill_holes" }},
  {{ op = "split", by = "shape" }},
  {{ op = "keep", at_least = ["40 px", "0.385 r2", "0.18 r3"] }},
]
[objects.cells]
grow = {{ from = "nuclei", by = "4 px" }}
[measure.nuclei]
features = ["shape", "intensity"]
[measure.cells]
features = ["shape", "intensity", "probe"]
"""


def scene(path, size, channels, slices, packed):
    """A field of 1,200 x 1,200 pixels with a nucleus every 30, again and again, each time a little other in each channel."""
    import numpy
    import tifffile

    random = numpy.random.default_rng(17)
    side = 1200
    y, x = numpy.mgrid[:side, :side]
    nuclei = numpy.zeros((side, side), numpy.float32)
    for a in range(15, side, 30):
        for b in range(15, side, 30):
            cy, cx, radius = a + random.uniform(-4, 4), b + random.uniform(-4, 4), random.uniform(6, 10)
            here = numpy.s_[max(a - 15, 0) : a + 15, max(b - 15, 0) : b + 15]
            far = numpy.hypot(y[here] - cy, x[here] - cx)
            nuclei[here] += random.uniform(0.5, 1) / (1 + numpy.exp((far - radius) / 0.8))

    def plane(channel):
        fields = [
            random.poisson(120 + (3000 if channel == 0 else 400 + 90 * channel) * nuclei).astype(numpy.uint16)
            for _ in range(3)
        ]
        whole = numpy.empty(size, numpy.uint16)
        for k, top in enumerate(range(0, size[0], side)):
            for left in range(0, size[1], side):
                part = whole[top : top + side, left : left + side]
                part[:] = fields[(k + left // side) % 3][: part.shape[0], : part.shape[1]]
        return whole

    def tiles():
        for whole in (plane(c) for c in range(channels) for _ in range(slices)):
            for top in range(0, size[0], TILE):
                yield from (whole[top : top + TILE, left : left + TILE] for left in range(0, size[1], TILE))

    names = ["DNA"] + [f"m{c}" for c in range(1, channels)]
    metadata = {"axes": "CZYX", "Channel": {"Name": names}}
    metadata |= {f"PhysicalSize{axis}": UM for axis in "XYZ"}
    tifffile.imwrite(
        path,
        tiles(),
        shape=(channels, slices, *size),
        dtype=numpy.uint16,
        tile=(TILE, TILE),
        compression="zlib" if packed else None,
        ome=True,
        bigtiff=True,
        metadata=metadata,
    )


def same(a, b):
    """The tables of two runs."""
    tables = sorted(path.name for path in a.glob("*.csv"))
    return bool(tables) and all(filecmp.cmp(a / name, b / name, shallow=False) for name in tables)


def main():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("--uptake", default=HERE.parent / "target" / "release" / "uptake")
    p.add_argument("--size", type=int, nargs=2, default=[9600, 9000])
    p.add_argument("--channels", type=int, default=24)
    p.add_argument("--slices", type=int, default=1)
    p.add_argument("--packed", action="store_true")
    p.add_argument("--memory", action="append")
    p.add_argument("--threads", type=int, default=2)
    p.add_argument("--folder", type=pathlib.Path, default=pathlib.Path("/tmp/channels"))
    p.add_argument("--keep", action="store_true", help="leave the image and the results")
    p.add_argument("--more", nargs=argparse.REMAINDER, default=[], help="further arguments of the run")
    of = p.parse_args()
    of.folder.mkdir(parents=True, exist_ok=True)
    image, recipe = of.folder / f"{of.channels}-channels.ome.tif", of.folder / "recipe.toml"
    if not image.exists():
        scene(image, of.size, of.channels, of.slices, of.packed)
    recipe.write_text(RECIPE.format(markers="\n".join(f"m{c} = [{c}]" for c in range(1, of.channels))))
    print(f"{version(of.uptake)}, {machine()}, {image.stat().st_size / 1e9:.2f} GB")
    print("| --memory | wall s | CPU s | peak MiB | tables |\n|---|---|---|---|---|")
    first = None
    for memory in of.memory or ["none", "2GiB"]:
        out = of.folder / f"out-{memory}"
        shutil.rmtree(out, ignore_errors=True)
        limit = [] if memory == "none" else ["--memory", memory]
        command = [of.uptake, "run", image, "-r", recipe, "-o", out, "-d", "cpu", "-q", "--threads", of.threads]
        wall, cpu, peak = run([*command, *limit, *of.more], of.threads)
        told = "first" if first is None else "the same" if same(first, out) else "DIFFER"
        first = first or out
        print(f"| {memory} | {wall:.0f} | {cpu:.0f} | {peak:.0f} | {told} |", flush=True)
        if told == "DIFFER":
            sys.exit("the tables differ")
    if not of.keep:
        shutil.rmtree(of.folder)


if __name__ == "__main__":
    main()
