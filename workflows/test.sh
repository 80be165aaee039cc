#!/usr/bin/env bash
# Runs the workflows on the sample images and compares their tables, byte for byte, with those of one process.
#
#   workflows/test.sh [snakemake] [slurm] [cwl]     all three if none is named
#
# Snakemake and cwltool are installed with pip into a folder of its own (WORKFLOW_TOOLS, /tmp/uptake-workflow-tools if it is
# not set), Slurm comes from the package slurm-wlm and needs root. UPTAKE is the program; built here if it is not set.
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD
tools=${WORKFLOW_TOOLS:-/tmp/uptake-workflow-tools}
if [ -z "${UPTAKE:-}" ]; then
    cargo build --release --quiet
    UPTAKE=$root/target/release/uptake
fi
export UPTAKE
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# A file that is broken: its row has to come through as well.
cp -r sample-images "$work/in"
printf 'II*\0' >"$work/in/broken.tif"
"$UPTAKE" run "$work/in" --device cpu --out "$work/one" --format csv,parquet --quiet 2>/dev/null || [ $? -eq 1 ]

# The tables of a folder are those of one process, and so are label images and overlays.
same() {
    local file count=0
    while IFS= read -r -d '' file; do
        cmp "$work/one/$file" "$2/$file"
        count=$((count + 1))
    done < <(cd "$work/one" && find . -name .uptake -prune -o -type f ! -name run.json -print0)
    [ "$count" -gt 10 ]
    echo "$1: $count files, the same as from one process"
}

python_tool() {
    [ -x "$tools/bin/python" ] || python3 -m venv "$tools"
    [ -x "$tools/bin/$1" ] || "$tools/bin/pip" install --quiet "$1"
}

snakemake() {
    python_tool snakemake
    (cd "$work" && "$tools/bin/snakemake" --snakefile "$root/workflows/snakemake/Snakefile" --cores 2 --quiet all \
        --config "input=$work/in" shards=3 "out=$work/snakemake" "uptake=$UPTAKE" "more=--device cpu --format csv,parquet")
    same snakemake "$work/snakemake"
}

slurm() {
    command -v sbatch >/dev/null || { apt-get update -qq && apt-get install -y -qq slurm-wlm >/dev/null; }
    workflows/slurm/one-node.sh bash -c '
        set -euo pipefail
        job=$(workflows/slurm/submit.sh "$1/in" "$1/slurm" 3 --device cpu --format csv,parquet)
        for _ in $(seq 600); do
            [ -n "$(squeue --noheader --jobs "$job" 2>/dev/null)" ] || exit 0
            sleep 0.5
        done
        squeue >&2
        exit 1' slurm "$work"
    same slurm "$work/slurm"
}

cwl() {
    python_tool cwltool
    mkdir -p "$work/bin" "$work/cwl"
    ln -sf "$UPTAKE" "$work/bin/uptake"
    printf 'images: { class: Directory, path: %s }\nshards: [1/3, 2/3, 3/3]\nformat: [csv, parquet]\ndevice: cpu\n' \
        "$work/in" >"$work/cwl.yml"
    PATH=$work/bin:$PATH "$tools/bin/cwltool" --quiet --outdir "$work/cwl" workflows/cwl/archive.cwl "$work/cwl.yml" >/dev/null
    same cwl "$work/cwl/merged"
}

for engine in "${@:-snakemake slurm cwl}"; do
    for name in $engine; do
        case $name in
            snakemake | slurm | cwl) "$name" ;;
            *) echo "$name is no workflow here: snakemake, slurm, cwl" >&2; exit 2 ;;
        esac
    done
done
