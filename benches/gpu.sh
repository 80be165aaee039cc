#!/usr/bin/env bash
# What a card gives, in one Markdown file:  bash benches/gpu.sh [ADAPTER]
#
# Proof of the same words on every operation, ten runs on the CPU, the card and `auto` with their tables compared, the host's work
# for a dispatch, and operations against the bandwidth of the card; other tools beside it where they are installed. It takes the
# workloads of benches/pipelines.py from $PEERS_WORK/data (~/.cache/uptake-peers); those that are missing are said so. What is not
# built is built first. A run that takes over a minute is stopped and said so, and after $MINUTES (5) nothing new is begun. The
# file goes to benches/results/, or $OUT where that is set.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
adapter="${1:-gpu}"
work="${PEERS_WORK:-$HOME/.cache/uptake-peers}"
peers="${PEERS:-../shared/peers}"
to="${OUT:-benches/results}"
uptake="${UPTAKE:-target/release/uptake}"
runs="${RUNS:-3}"
scratch="$(mktemp -d)"
trap 'rm -rf "$scratch"' EXIT

[[ -d "$work/data" ]] || { echo "no workloads in $work/data: $peers/setup.sh makes them, or set PEERS_WORK" >&2; exit 1; }
[[ -x "$uptake" ]] || cargo build --release || exit 1
cargo bench --no-run --bench gpu_host --bench ops || exit 1
name="$("$uptake" devices 2>/dev/null | sed '/^cpu:/d' | { [[ "$adapter" == gpu ]] && cat || grep -iF -- "$adapter"; } | head -1)"
file="$to/$(date +%F)-gpu.md"
mkdir -p "$to"

# Runs a command for so many seconds at most, and never longer than there is time: SECONDS COMMAND...
ends=$((SECONDS + ${MINUTES:-5} * 60))
within() {
    local left=$((ends - SECONDS))
    ((left > 0)) || return 124
    timeout "$((left < $1 ? left : $1))" "${@:2}"
}

# The least wall seconds of some whole processes: INPUT RECIPE DEVICE FOLDER
seconds() {
    local best="" spent begin
    for ((i = 0; i < runs; i++)); do
        rm -rf "$4"
        begin="$(date +%s%N)"
        # shellcheck disable=SC2086 # a pattern of files is several words
        within 60 "$uptake" run $1 --recipe "$2" --device "$3" --out "$4" --no-labels --no-overlays --quiet \
            >"$scratch/said" 2>&1
        case $? in 0) ;; 124) echo "not finished"; return ;; *) echo "failed"; return ;; esac
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
    compgen -G "$input" >/dev/null || { echo "| $work_name | | | | no file $(basename "$input") |"; return; }
    rm -rf "$scratch/cpu" "$scratch/gpu" "$scratch/auto"
    cpu="$(seconds "$input" "$recipe" cpu "$scratch/cpu")"
    gpu="$(seconds "$input" "$recipe" "$adapter" "$scratch/gpu")"
    auto="$(seconds "$input" "$recipe" auto "$scratch/auto")"
    local equal="not compared"
    [[ "$cpu$gpu" != *[a-z]* ]] && equal="$(same "$scratch/cpu" "$scratch/gpu")"
    echo "| $work_name | $cpu | $gpu | $auto | $equal |"
}

{
    echo "# GPU, $(date +%F)"
    echo
    proof="$(within 120 "$uptake" devices --verify --device "$adapter" 2>&1 | grep -E 'DIFFERS|runs give the bytes')"
    echo "Every operation against the CPU: ${proof:-not finished}"
    echo
    echo "$name; $(nproc) threads; $("$uptake" --version). Whole processes without labels and overlays, best of $runs, seconds."
    echo
    echo "| work | CPU | GPU | auto | the same tables |"
    echo "|---|---|---|---|---|"
    data="$work/data"
    row "W1 p1" "$data/W1.tif" benches/recipes/p1.toml
    row "W1 nuclei" "$data/W1.tif" nuclei
    row "W1 cells" "$data/W1.tif" cells
    row "W1B p1" "$data/W1B/img_*.tif" benches/recipes/p1.toml
    row "W1B nuclei" "$data/W1B/img_*.tif" nuclei
    row "W1L p1" "$data/W1L.tif" benches/recipes/p1.toml
    row "W1L nuclei" "$data/W1L.tif" nuclei
    row "W2 p2" "$data/W2.tif" benches/recipes/p2.toml
    row "W3 p3" "$data/W3.nii" benches/recipes/p3.toml
    row "W3 pet-41" "$data/W3.nii" pet-41
    echo
    export UPTAKE_DEVICE="$([[ "$adapter" == gpu ]] || echo "$adapter")"
    echo "## What the host does for it"
    echo
    within 60 cargo bench --quiet --bench gpu_host 2>/dev/null || echo "not finished"
    echo
    echo "## Operations"
    echo
    echo '```'
    UPTAKE_DEVICE="${UPTAKE_DEVICE:-gpu}" UPTAKE_SIZES="${SIZES:-4096}" within 120 cargo bench --quiet --bench ops 2>/dev/null \
        || echo "not finished"
    echo '```'
    for peer in p1_cucim p1_cle; do
        python="$work/venv/bin/python"
        if [[ -x "$python" ]] && "$python" -c "import $([[ $peer == p1_cucim ]] && echo cucim || echo pyclesperanto)" 2>/dev/null; then
            echo
            echo "## $peer on W1"
            echo
            echo '```'
            within 60 "$python" "$peers/$peer.py" "$data/W1.tif" "$scratch/peer" 2>&1 | tail -20
            echo '```'
        fi
    done
} >"$file"
echo "$file"
