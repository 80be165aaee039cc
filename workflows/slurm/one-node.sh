#!/usr/bin/env bash
# A Slurm of one node, this machine, for tests: starts it, runs a command in it, and ends it.
#
#   workflows/slurm/one-node.sh COMMAND [ARGUMENTS]
#
# Needs root and Debian's or Ubuntu's package slurm-wlm (with munge). Everything lies in a folder of its own; a Slurm that is
# set up on the machine is not touched. Tried with Slurm 22.05 on Debian 12.
set -euo pipefail
for program in slurmctld slurmd munged sbatch; do
    command -v "$program" >/dev/null || { echo "$program is missing: apt-get install slurm-wlm" >&2; exit 2; }
done
[ "$(id -u)" = 0 ] || { echo "slurmd needs root" >&2; exit 2; }
home=$(mktemp -d /tmp/one-node-slurm.XXXXXX)
chmod 755 "$home"
mkdir -p "$home"/{state,spool,munge}
pids=()
end() {
    for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
    wait 2>/dev/null || true
    rm -rf "$home"
}
trap end EXIT

# Messages are signed by a munge of our own.
head -c 1024 /dev/urandom >"$home/munge/key"
chmod 600 "$home/munge/key"
munged --foreground --force --key-file="$home/munge/key" --socket="$home/munge/socket" --pid-file="$home/munge/pid" \
    --log-file="$home/munge/log" --seed-file="$home/munge/seed" 2>/dev/null &
pids+=($!)

host=$(hostname -s)
export SLURM_CONF=$home/slurm.conf
cat >"$SLURM_CONF" <<CONF
ClusterName=one
SlurmctldHost=$host(127.0.0.1)
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket=$home/munge/socket
CredType=cred/munge
SlurmctldPort=16817
SlurmdPort=16818
StateSaveLocation=$home/state
SlurmdSpoolDir=$home/spool
SlurmctldPidFile=$home/slurmctld.pid
SlurmdPidFile=$home/slurmd.pid
SlurmctldLogFile=$home/slurmctld.log
SlurmdLogFile=$home/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
ReturnToService=2
NodeName=$host NodeAddr=127.0.0.1 CPUs=$(nproc) RealMemory=$(awk '/MemTotal/ {print int($2 / 1024)}' /proc/meminfo) State=UNKNOWN
PartitionName=all Nodes=$host Default=YES MaxTime=INFINITE State=UP
CONF
slurmctld -D >/dev/null 2>&1 &
pids+=($!)
slurmd -D -N "$host" >/dev/null 2>&1 &
pids+=($!)

for _ in $(seq 60); do
    if [ "$(sinfo --noheader --format=%T 2>/dev/null)" = idle ]; then
        "$@"
        exit
    fi
    sleep 0.5
done
echo "Slurm did not start:" >&2
tail -n 5 "$home"/*.log >&2
exit 1
