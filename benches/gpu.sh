#!/usr/bin/env bash
# What a card gives, in one Markdown file:  bash benches/gpu.sh [ADAPTER]
#
# Proof of the same words on every operation, the host's work for a dispatch, operations against the bandwidth of the card, other
# tools beside it, and ten runs on the CPU, the card and `auto` with their tables compared. It takes the workloads of
# benches/pipelines.py from $PEERS_WORK/data (~/.cache/uptake-peers). What is not built is built first. After that it ends within
# $MINUTES (5): each part has its share, a single run at most a minute. What is missing, failed or was not reached is said where its
# figures would be. The file goes to benches/results/, or $OUT where that is set. For a software adapter: RUNS=1 SIZES=512.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
adapter="${1:-gpu}"
work="${PEERS_WORK:-$HOME/.cache/uptake-peers}"
data="$work/data"
peers="${PEERS:-../shared/peers}"
to="${OUT:-benches/results}"
uptake="${UPTAKE:-target/release/uptake}"
runs="${RUNS:-3}"
scratch="$(mktemp -d)"
trap 'rm -rf "$scratch"' EXIT

[[ -x "$uptake" ]] || cargo build --release || exit 1
cargo bench --no-run --bench gpu_host --bench ops || exit 1
name="$("$uptake" devices 2>/dev/null | sed '/^cpu:/d' | { [[ "$adapter" == gpu ]] && cat || grep -iF -- "$adapter"; } | head -1)"
[[ -n "$name" ]] || { echo "no adapter \"$adapter\": $uptake devices lists them" >&2; exit 1; }
mkdir -p "$to" || exit 1
file="$to/$(date +%F)-gpu.md"
minutes="${MINUTES:-5}"
# What is stopped has five seconds to end.
ends=$((SECONDS + minutes * 60 - 10))

# Runs a command for so many seconds at most, and never longer than there is time: SECONDS COMMAND...
within() {
    local left=$((ends - SECONDS))
    ((left > 0)) || return 125
    timeout --kill-after=5 "$((left < $1 ? left : $1))" "${@:2}"
}

# What became of a command that did not end well: STATUS FILE, which has what it said.
fate() {
    case "$1" in
        124 | 137) echo "not finished" ;;
        125) echo "no time left" ;;
        *) echo "failed: $(grep . "$2" | tail -1 | tr '|' '/' | cut -c1-160)" ;;
    esac
}

# A part of the file, for so many seconds of a run of five minutes; with a fence around it where it is no Markdown:
# SECONDS TITLE FENCE COMMAND...
part() {
    printf '\n## %s\n\n%s' "$2" "${3:+$3$'\n'}"
    within "$(($1 * minutes / 5))" "${@:4}" 2>"$scratch/said"
    local status=$?
    [[ -z "$3" ]] || echo "$3"
    ((status == 0)) || printf '\n**%s**\n' "$(fate "$status" "$scratch/said")"
}

# Another tool on W1, if it is there: MODULE PROGRAM
peer() {
    local python="$work/venv/bin/python"
    if ! [[ -x "$python" ]] || ! "$python" -c "import $1" 2>/dev/null; then
        printf '\n## %s\n\n**not installed** (%s)\n' "$1" "$python"
    elif ! [[ -f "$data/W1.tif" && -f "$peers/$2" ]]; then
        printf '\n## %s\n\n**no file** %s or %s\n' "$1" "$data/W1.tif" "$peers/$2"
    else
        part 30 "$1 on W1" '```' "$python" "$peers/$2" "$data/W1.tif" "$scratch/peer"
    fi
}

# The least wall seconds of some whole processes: INPUT RECIPE DEVICE FOLDER
seconds() {
    local best="" spent begin status
    for ((i = 0; i < runs; i++)); do
        rm -rf "$4"
        begin="$(date +%s%N)"
        # shellcheck disable=SC2086 # a pattern of files is several words
        within 60 "$uptake" run $1 --recipe "$2" --device "$3" --out "$4" --no-labels --no-overlays --quiet \
            >"$scratch/said" 2>&1
        status=$?
        ((status == 0)) || { fate "$status" "$scratch/said"; return; }
        spent=$(($(date +%s%N) - begin))
        [[ -z "$best" || "$spent" -lt "$best" ]] && best="$spent"
    done
    awk -v ns="$best" 'BEGIN { printf "%.3f", ns / 1e9 }'
}

# Are all tables of two folders the same bytes?
same() {
    local table
    for table in "$1"/*.csv; do
        cmp -s "$table" "$2/$(basename "$table")" || { echo "**no**: $(basename "$table")"; return; }
    done
    echo yes
}

row() {
    local work_name="$1" input="$2" recipe="$3" cpu gpu auto
    compgen -G "$input" >/dev/null || { echo "| $work_name | | | | no file $input |"; return; }
    rm -rf "$scratch/cpu" "$scratch/gpu" "$scratch/auto"
    cpu="$(seconds "$input" "$recipe" cpu "$scratch/cpu")"
    gpu="$(seconds "$input" "$recipe" "$adapter" "$scratch/gpu")"
    auto="$(seconds "$input" "$recipe" auto "$scratch/auto")"
    local equal="not compared"
    [[ "$cpu$gpu" != *[a-z]* ]] && equal="$(same "$scratch/cpu" "$scratch/gpu")"
    echo "| $work_name | $cpu | $gpu | $auto | $equal |"
}

# `gpu` is the best adapter, which the benches take without a name.
benched="$([[ "$adapter" == gpu ]] || echo "$adapter")"
{
    echo "# GPU, $(date +%F)"
    echo
    echo "$name; $(nproc) threads; $("$uptake" --version)."
    part 60 "Every operation against the CPU" '```' "$uptake" devices --verify --device "$adapter" |
        grep -v 'same bytes$'
    part 40 "What the host does for it" "" env UPTAKE_DEVICE="$benched" cargo bench --quiet --bench gpu_host
    part 60 "Operations" '```' env UPTAKE_DEVICE="${benched:-gpu}" UPTAKE_SIZES="${SIZES:-4096}" \
        cargo bench --quiet --bench ops
    peer cucim p1_cucim.py
    peer pyclesperanto p1_cle.py
    printf '\n## Whole processes\n\n'
    echo "Without labels and overlays, best of $runs, seconds."
    echo
    echo "| work | CPU | GPU | auto | the same tables |"
    echo "|---|---|---|---|---|"
    row "W1 p1" "$data/W1.tif" benches/recipes/p1.toml
    row "W1 nuclei" "$data/W1.tif" nuclei
    row "W1 cells" "$data/W1.tif" cells
    row "W2 p2" "$data/W2.tif" benches/recipes/p2.toml
    row "W3 p3" "$data/W3.nii" benches/recipes/p3.toml
    row "W3 pet-41" "$data/W3.nii" pet-41
    row "W1B p1" "$data/W1B/img_??.tif" benches/recipes/p1.toml
    row "W1B nuclei" "$data/W1B/img_??.tif" nuclei
    row "W1L p1" "$data/W1L.tif" benches/recipes/p1.toml
    row "W1L nuclei" "$data/W1L.tif" nuclei
} >"$file"
echo "$file"
