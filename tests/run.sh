#!/usr/bin/env bash
# Runs the tests:  bash tests/run.sh [arguments of cargo test]
#
# They compare the CPU with a GPU. A Linux machine without a GPU gets a software one from its package manager first.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# A Vulkan loader, and a driver that it can find.
has_adapter() {
    local known folder loader="" driver="${VK_DRIVER_FILES:-${VK_ICD_FILENAMES:-}}"
    known="$(PATH="$PATH:/sbin:/usr/sbin" ldconfig -p 2>/dev/null || true)"
    [[ "$known" == *libvulkan.so.1* ]] && loader=yes
    for folder in /usr/lib /usr/lib64 /usr/local/lib; do
        compgen -G "$folder/libvulkan.so.1" >/dev/null && loader=yes
    done
    for folder in /usr/share /usr/local/share /etc "${XDG_DATA_HOME:-${HOME:-/root}/.local/share}"; do
        compgen -G "$folder/vulkan/icd.d/*.json" >/dev/null && driver=yes
    done
    [[ -n "$loader" && -n "$driver" ]]
}

by_hand() {
    cat >&2 <<'TEXT'
The tests need a GPU adapter; a software one will do. Install it, then run this again:
  Debian, Ubuntu   apt-get install mesa-vulkan-drivers libvulkan1
  Fedora           dnf install mesa-vulkan-drivers vulkan-loader
  Arch             pacman -S vulkan-swrast vulkan-icd-loader
  Alpine           apk add mesa-vulkan-swrast vulkan-loader
TEXT
    exit 1
}

install_adapter() {
    local root=""
    type -P apt-get >/dev/null || by_hand
    if [[ $EUID -ne 0 ]]; then
        type -P sudo >/dev/null || by_hand
        root=sudo
    fi
    echo "No Vulkan adapter is installed: installing mesa-vulkan-drivers and libvulkan1 (a software GPU) with apt-get." >&2
    $root apt-get update -qq || by_hand
    $root apt-get install -y -qq --no-install-recommends mesa-vulkan-drivers libvulkan1 >/dev/null || by_hand
}

if [[ "$OSTYPE" == linux* ]] && ! has_adapter; then
    install_adapter
fi

# The software driver asks for a folder that a login would have made.
export XDG_RUNTIME_DIR="${XDG_RUNTIME_DIR:-${TMPDIR:-/tmp}}"

type -P cargo >/dev/null || { echo "cargo is missing: install Rust from https://rustup.rs, then run this again." >&2; exit 1; }
exec cargo test "$@"
