#!/usr/bin/env python3
"""Whole pipelines, ours and the installed peers in turn, in one run: times, memory, ratios, agreement with the truth.

    python3 benches/pipelines.py [--runs 5] [--uptake target/release/uptake] [--only P1,P3] [--out benches/results]

The peers are the scripts of PEERS (`--peers`, ../shared/peers), run by the Python of their environment on the workloads
made beside it (`--work`, $PEERS_WORK or ~/.cache/uptake-peers). Each pipeline runs once to warm up, then A B C A B C ...;
medians are reported. P1L is P1 on one large image, P1B on a folder of images; tools that take minutes run once a turn in
`--slow-runs` turns (CellProfiler, where its environment is installed). Ours does the very steps of the peers
(benches/recipes/) and, as a second line, the preset that a user would take. Labels are written in one more run that is not
timed, and scored against the truth by PEERS/eval.py. P4 is features of objects that are there; what a tool says of the
measuring alone, once all is read and warm, stands in a column of its own (ours with --profile; it has no second, warm pass).
Peers that are not installed are left out, and a line says so; without any, ours runs alone. A table and a plot are written
to --out, named by the date. Python's standard library only.
"""

import argparse
import datetime
import json
import os
import pathlib
import platform
import re
import shutil
import statistics
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent


class Tool:
    """One command: what it is called, how it runs, how it leaves labels behind to be scored, and how it says what the measuring
    alone took (a pattern, and the seconds of its unit)."""

    def __init__(self, name, command, labels=None, ours=False, slow=False, says=None):
        self.name, self.command, self.labels, self.ours, self.slow, self.says = name, command, labels, ours, slow, says
        self.runs, self.measuring, self.score = [], [], {}

    def median(self, i):
        return statistics.median(run[i] for run in self.runs)

    def listen(self, said):
        if self.says and (found := re.search(self.says[0], said)):
            self.measuring.append(float(found[1]) * self.says[1])


def pipelines(a):
    recipes, data, python = HERE / "recipes", a.work / "data", a.work / "venv" / "bin" / "python"

    def command(recipe, file):
        return [a.uptake, "run", data / file, "--recipe", recipe, "--device", "cpu", "--threads", str(a.threads), "--quiet"]

    def ours(name, recipe, file, labels):
        run = command(recipe, file)
        tables = run + ["--no-labels", "--no-overlays", "--out", "{out}"]
        with_labels = run + ["--no-overlays", "--out", "{out}"]
        return Tool(f"uptake, {name}", tables, labels and (with_labels, f"labels/{labels}"), ours=True)

    def peer(name, script, *args):
        return Tool(name, [python, a.peers / script, *args, "{out}"])

    def features(recipe, file):
        run = command(recipe, file) + ["--no-labels", "--no-overlays", "--profile", "--out", "{out}"]
        return Tool("uptake", run, ours=True, says=(r"([\d.]+) ms +\d+ x  measure (?:lesions|nuclei)", 1e-3))

    def peer_in(environment, name, script, *args, says):
        python = a.work / environment / "bin" / "python"
        return Tool(name, [python, a.peers / script, *args], says=says)

    def with_pictures(name, recipe, file):
        return Tool(f"uptake, {name}", command(recipe, file) + ["--out", "{out}"], ours=True)

    cellprofiler = []
    if (a.work / "venv_cp").exists():
        modules = [a.work / "venv_cp" / "bin" / "python", a.peers / "p1_cellprofiler.py", data / "W1.tif", "{out}"]
        cellprofiler.append(Tool("CellProfiler's modules", modules, slow=True))
    else:
        print("CellProfiler is not installed beside the peers: left out", file=sys.stderr)

    return {
        "P1": ("2048 x 2048, 2 channels, 1521 nuclei", "W1_gt.tif", "2d", [
            ours("the peers' steps", recipes / "p1.toml", "W1.tif", "W1_nuclei.ome.tif"),
            ours("preset nuclei", "nuclei", "W1.tif", "W1_nuclei.ome.tif"),
            peer("best of OpenCV, fill_voids, scikit-image, numba", "p1_best.py", data / "W1.tif"),
            peer("scikit-image", "p1_skimage.py", data / "W1.tif"),
            *cellprofiler,
        ]),
        "P1L": ("8192 x 8192, 2 channels", "W1L_gt.tif", "2d", [
            ours("the peers' steps", recipes / "p1.toml", "W1L.tif", "W1L_nuclei.ome.tif"),
            ours("preset nuclei", "nuclei", "W1L.tif", "W1L_nuclei.ome.tif"),
            peer("best of OpenCV, fill_voids, scikit-image, numba", "p1_best.py", data / "W1L.tif"),
        ]),
        "P1B": ("64 images of 1024 x 1024, 2 channels", None, "2d", [
            ours("the peers' steps", recipes / "p1.toml", "W1B/img_??.tif", None),
            ours("preset nuclei", "nuclei", "W1B/img_??.tif", None),
            Tool("best of, 2 workers", [python, a.peers / "p1_batch.py", "best", data / "W1B"]),
        ]),
        "P1U": ("as users run it: 2048 x 2048, 2 channels, labels and overlays", None, "2d", [
            ours("preset cells, tables alone", "cells", "W1.tif", None),
            with_pictures("preset cells, with labels and overlays", "cells", "W1.tif"),
        ]),
        "P2": ("128 x 512 x 512 nuclei", "W2_gt.tif", "3d", [
            ours("the peers' steps", recipes / "p2.toml", "W2.tif", "W2_nuclei.ome.tif"),
            peer("best of SimpleITK, cc3d, numba", "p2_all.py", "best", data / "W2.tif"),
            peer("scikit-image", "p2_all.py", "skimage", data / "W2.tif"),
        ]),
        "P3": ("PET 256 x 256 x 256, 20 lesions", None, "pet", [
            ours("the peers' steps", recipes / "p3.toml", "W3.nii", None),
            ours("preset pet-41", "pet-41", "W3.nii", None),
            peer("best of cc3d, SciPy, SimpleITK", "p3_pet.py", "best", data / "W3.nrrd"),
            peer("SimpleITK", "p3_pet.py", "sitk", data / "W3.nrrd"),
        ]),
        "P4L": ("features of 20 lesions, PET 256 x 256 x 256: ours 183, Pictologics 163", None, "pet", [
            features(recipes / "p4_lesions.toml", "W3.nii"),
            peer_in("venv_pic", "Pictologics, four passes in one process", "p4_pictologics.py", data / "W3.nii",
                    data / "W3_gt.nii", "2", says=(r"warm in memory ([\d.]+) s", 1)),
        ]),
        "P4N": ("features of 1521 nuclei, 2048 x 2048: ours 748, Nyxus 685", None, "2d", [
            features(recipes / "p4_nuclei.toml", "W1.tif"),
            peer_in("venv_nyx", "Nyxus", "p4_nyxus.py", "2d", "ALL", data / "W1.tif", data / "W1_gt.tif", "{out}",
                    str(a.threads), says=(r'"total": ([\d.]+)', 1)),
        ]),
    }


def run(command, out, threads):
    """Wall seconds, CPU seconds and peak MiB of a process, and what it said."""
    shutil.rmtree(out, ignore_errors=True)
    command = [str(c).replace("{out}", str(out)) for c in command]
    # A script that runs another one leaves compiled code behind that the other cannot load: each has a cache of its own.
    cache = out.parent / f"numba-{pathlib.Path(command[1]).stem}"
    env = dict(os.environ, THREADS=str(threads), NUMBA_CACHE_DIR=str(cache))
    with tempfile.TemporaryFile() as said:
        before = datetime.datetime.now()
        process = subprocess.Popen(command, stdout=said, stderr=said, env=env)
        _, status, usage = os.wait4(process.pid, 0)
        wall = (datetime.datetime.now() - before).total_seconds()
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            said.seek(0)
            sys.exit(f"failed: {' '.join(command)}\n{said.read().decode()[-2000:]}")
        said.seek(0)
        words = said.read().decode(errors="replace")
    return (wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024), words


def score(tool, a, truth, kind, out):
    """F1 at IoU 0.5 and IoU of all voxels."""
    python, data = a.work / "venv" / "bin" / "python", a.work / "data"
    if tool.labels is None or truth is None or not python.exists():
        return
    command, labels = tool.labels
    run(command, out, a.threads)
    told = subprocess.run([python, a.peers / "eval.py", kind, out / labels, data / truth], capture_output=True, text=True)
    if told.returncode == 0:
        tool.score = json.loads(told.stdout.strip().splitlines()[-1])


def machine():
    model = next((l.split(":")[1].strip() for l in open("/proc/cpuinfo") if l.startswith("model name")), platform.machine())
    return f"{model}, {os.cpu_count()} threads, {platform.system()}"


def plot(results, path):
    """Horizontal bars: wall seconds. Tools that take minutes would leave no room for the others."""
    rows = [(p, t) for p, (_, tools) in results.items() for t in tools if not t.slow]
    most = max(t.median(0) for _, t in rows)
    height, parts = 22, []
    for i, (p, t) in enumerate(rows):
        y, width = 10 + i * height, 420 * t.median(0) / most
        colour = "#1b7f5c" if t.ours else "#8a8f98"
        parts.append(f'<text x="395" y="{y + 13}" text-anchor="end">{p} {t.name}</text>')
        parts.append(f'<rect x="400" y="{y + 2}" width="{width:.1f}" height="{height - 7}" fill="{colour}"/>')
        parts.append(f'<text x="{405 + width:.1f}" y="{y + 13}">{t.median(0):.2f} s</text>')
    size = f'width="900" height="{20 + height * len(rows)}"'
    style = "<style>text{font:12px sans-serif;fill:#333}</style>"
    path.write_text(f'<svg xmlns="http://www.w3.org/2000/svg" {size}>{style}<rect {size} fill="#fff"/>{"".join(parts)}</svg>\n')


def table(results, a, version, load):
    lines = [
        f"# Pipelines, {datetime.date.today()}",
        "",
        f"{machine()}; {version}; {a.runs} runs of each in turn, {a.threads} threads, whole processes, start-up and files",
        f"included; medians. Load of the machine before: {load:.2f}.",
        "",
    ]
    for p, (about, tools) in results.items():
        ours = next(t for t in tools if t.ours)
        lines += [f"## {p}: {about}", ""]
        measures = any(t.measuring for t in tools)
        last = ["measuring s", "measuring / ours"] if measures else ["F1", "IoU"]
        lines += [f"| | wall s | CPU s | peak MiB | wall / ours | CPU / ours | memory / ours | {' | '.join(last)} |", "|---|---|---|---|---|---|---|---|---|"]
        for t in tools:
            ratios = [t.median(i) / ours.median(i) for i in range(3)]
            cells = [f"{t.median(0):.2f}", f"{t.median(1):.2f}", f"{t.median(2):.0f}", *(f"{r:.2f}" for r in ratios)]
            if measures and t.measuring and ours.measuring:
                taken, least = statistics.median(t.measuring), statistics.median(ours.measuring)
                cells += [f"{taken:.4f}", f"{taken / least:.1f}"]
            else:
                cells += [str(t.score.get("F1", "")), str(t.score.get("pix_iou", ""))]
            lines.append(f"| {t.name} | " + " | ".join(cells) + " |")
        lines.append("")
    return "\n".join(lines)


def main():
    work = pathlib.Path(os.environ.get("PEERS_WORK", pathlib.Path.home() / ".cache" / "uptake-peers"))
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("--uptake", type=pathlib.Path, default=HERE.parent / "target" / "release" / "uptake")
    p.add_argument("--peers", type=pathlib.Path, default=HERE.parent.parent / "shared" / "peers")
    p.add_argument("--work", type=pathlib.Path, default=work)
    p.add_argument("--out", type=pathlib.Path, default=HERE / "results")
    p.add_argument("--runs", type=int, default=5)
    p.add_argument("--slow-runs", type=int, default=1)
    p.add_argument("--threads", type=int, default=os.cpu_count())
    p.add_argument("--only", default="P1,P1L,P1B,P1U,P2,P3,P4L,P4N")
    a = p.parse_args()
    for needed in (a.uptake, a.work / "data"):
        if not needed.exists():
            sys.exit(f"{needed} is missing: build uptake in release, and see --work")
    version = subprocess.run([a.uptake, "--version"], capture_output=True, text=True).stdout.strip()
    load, results = os.getloadavg()[0], {}
    with tempfile.TemporaryDirectory() as scratch:
        out = pathlib.Path(scratch) / "out"
        for name, (about, truth, kind, tools) in pipelines(a).items():
            if name not in a.only.split(","):
                continue
            for tool in [t for t in tools if not t.ours and not all(path.exists() for path in t.command[:2])]:
                print(f"{name}: {tool.name} is not installed beside the peers: left out", file=sys.stderr)
                tools.remove(tool)
            for turn in range(a.runs + 1):
                for tool in tools:
                    if tool.slow and not 0 < turn <= a.slow_runs:
                        continue
                    figures, said = run(tool.command, out, a.threads)
                    if turn > 0:
                        tool.runs.append(figures)
                        tool.listen(said)
            for tool in tools:
                score(tool, a, truth, kind, out)
            results[name] = (about, tools)
    text = table(results, a, version, load)
    print(text)
    a.out.mkdir(parents=True, exist_ok=True)
    stem = f"{datetime.date.today()}-pipelines"
    (a.out / f"{stem}.md").write_text(text + "\n")
    plot(results, a.out / f"{stem}.svg")


if __name__ == "__main__":
    main()
