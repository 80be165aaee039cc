#!/usr/bin/env bash
# Runs every fuzz target for SECONDS (60 if not said), one after the other: fuzz/run.sh [SECONDS] [TARGET...]
# SEEDS names a folder of further inputs, with a folder for each target; SANITIZER=none builds and runs several times as fast.
set -euo pipefail
cd "$(dirname "$0")"
seconds=${1:-60}
shift || true
targets=("$@")
[ ${#targets[@]} -gt 0 ] || mapfile -t targets < <(cargo +nightly fuzz list)

# The versions that the program is built with.
cp ../Cargo.lock Cargo.lock
[ -d corpus ] || ./corpus.sh
# Memory of libFuzzer itself and of the instruments comes on top of the image's 16 MiB.
for target in "${targets[@]}"; do
    dictionary=dictionaries/$target.dict
    more=${SEEDS:+$SEEDS/$target}
    [ -d "$more" ] || more=
    mkdir -p "corpus/$target"
    echo "== $target"
    RAYON_NUM_THREADS=1 cargo +nightly fuzz run ${SANITIZER:+-s "$SANITIZER"} "$target" "corpus/$target" $more -- \
        -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -malloc_limit_mb=512 -max_len=40000 \
        -print_final_stats=1 ${dictionary:+$([ -f "$dictionary" ] && echo "-dict=$dictionary")}
done
