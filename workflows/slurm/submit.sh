#!/usr/bin/env bash
# An archive on a Slurm cluster: an array with a task for each share, then one job that puts them together.
#
#   workflows/slurm/submit.sh INPUT OUT SHARDS [further arguments of uptake run]
#
# OUT has to lie where all nodes see it. Prints the number of the last job.
set -euo pipefail
if [ $# -lt 3 ]; then
    sed -n '2,7s/^# \{0,1\}//p' "$0" >&2
    exit 2
fi
here=$(cd "$(dirname "$0")" && pwd)
export INPUT=$1 OUT=$2 SHARDS=$3
shift 3
export ARGS="$*"
mkdir -p "$OUT-shards"
array=$(sbatch --parsable --array="1-$SHARDS" --output="$OUT-shards/%a.jsonl" "$here/shard.sbatch")
sbatch --parsable --dependency="afterok:$array" --output="$OUT-shards/merge.log" "$here/merge.sbatch"
