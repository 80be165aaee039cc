"""What the scripts share that run uptake beside another program: arguments, a timed process, the machine, the page of figures."""

import argparse
import datetime
import json
import os
import pathlib
import platform
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent


def arguments(description, runs, peer):
    """Those of a script whose peer takes so many words."""
    p = argparse.ArgumentParser(description=description)
    p.add_argument("--uptake", default=HERE.parent / "target" / "release" / "uptake")
    p.add_argument("--python", default=sys.executable)
    p.add_argument("--runs", type=int, default=runs)
    p.add_argument("--threads", type=int, default=2)
    p.add_argument("--out", type=pathlib.Path, default=HERE / "results")
    p.add_argument("--peer", nargs=peer)
    return p.parse_args()


def run(command, threads):
    """Wall seconds, CPU seconds and peak MiB of a process."""
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")
    env = dict(os.environ, **{name: str(threads) for name in names})
    with tempfile.TemporaryFile() as said:
        before = datetime.datetime.now()
        process = subprocess.Popen([str(c) for c in command], stdout=said, stderr=said, env=env)
        _, status, usage = os.wait4(process.pid, 0)
        wall = (datetime.datetime.now() - before).total_seconds()
        if os.waitstatus_to_exitcode(status) != 0:
            said.seek(0)
            sys.exit(f"failed: {command}\n{said.read().decode()[-2000:]}")
    return wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def peer_says(python, script, *words):
    """What a script prints last when it runs again as the peer."""
    said = subprocess.run([str(w) for w in (python, script, "--peer", *words)], capture_output=True, text=True)
    if said.returncode != 0:
        sys.exit(said.stderr)
    return json.loads(said.stdout.splitlines()[-1])


def machine():
    model = next((l.split(":")[1].strip() for l in open("/proc/cpuinfo") if l.startswith("model name")), platform.machine())
    return f"{model}, {os.cpu_count()} threads, {platform.system()}"


def version(uptake):
    return subprocess.run([uptake, "--version"], capture_output=True, text=True).stdout.strip()


def write(out, name, lines):
    """Prints the page, and leaves it in a folder under the name and the day."""
    text = "\n".join(lines)
    print(text)
    out.mkdir(parents=True, exist_ok=True)
    (out / f"{datetime.date.today()}-{name}.md").write_text(text + "\n")
