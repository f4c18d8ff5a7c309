#!/usr/bin/env bash
# Puts an Asterisk of Debian unstable into a folder of its own, beside the system, for `bench/run` to measure next to
# Cordboard. Needs root, debootstrap and about 600 MB; the first time takes some minutes, later ones nothing.
#   bench/peer/setup.sh FOLDER
set -euo pipefail
root=$(realpath -m "${1:?which folder shall it go into?}")

die() { printf '%s\n' "$*" >&2; exit 1; }

install_asterisk() {
    command -v debootstrap >/dev/null || die "debootstrap is missing: apt-get install debootstrap, or run bench/run --no-peer."
    # The mirror that this machine itself uses: a closed network may know no other.
    local mirror
    mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | grep -v security | head -n 1)
    [ -n "$mirror" ] || die "apt knows no mirror: run apt-get update, or run bench/run --no-peer."
    local log="$root.log"
    mkdir -p "$(dirname "$root")"
    # One that was broken off may have left its own /proc behind.
    rm -rf --one-file-system "$root.part"
    if ! { timeout 900 debootstrap --variant=minbase sid "$root.part" "$mirror" &&
        cp -L /etc/resolv.conf "$root.part/etc/resolv.conf" &&
        timeout 900 chroot "$root.part" env DEBIAN_FRONTEND=noninteractive \
            apt-get install -y --no-install-recommends asterisk asterisk-modules; } >"$log" 2>&1; then
        tail -n 5 "$log" >&2
        die "The peer could not be installed; all of it is in $log. Try again, or run bench/run --no-peer."
    fi
    mv "$root.part" "$root"
}

[ "$(id -u)" = 0 ] || die "The peer runs in a root of its own (chroot): run bench/run as root, or with --no-peer."
[ -x "$root/usr/sbin/asterisk" ] || install_asterisk
mkdir -p "$root"/bench/{etc,spool,run,log}
# It looks its own name up at the start, and waits long for a name server that is not there.
printf '127.0.0.1 localhost %s\n' "$(hostname)" >"$root/etc/hosts"
