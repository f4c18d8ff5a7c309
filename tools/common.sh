# shellcheck shell=bash
# What the scripts of this folder share. Sourced, with the repository's root as the current folder.

LOG=.cache/setup.log

say() { printf '%s\n' "$*" >&2; }

# fail SENTENCE... : one sentence a line; the last one says what to do.
fail() {
    printf 'cordboard: %s\n' "$@" >&2
    exit 1
}

# logged COMMAND... : its output goes to the log alone.
logged() {
    mkdir -p "${LOG%/*}"
    printf '\n$ %s\n' "$*" >>"$LOG"
    "$@" >>"$LOG" 2>&1 </dev/null
}

# as_root COMMAND... ; 3 when there is no way to be root.
as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo "$@"
    else
        return 3
    fi
}

can_be_root() { [ "$(id -u)" = 0 ] || command -v sudo >/dev/null; }

installed() { [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }

# apt_install PACKAGE... : installs those that are missing; does nothing, and needs no root, if none is.
apt_install() {
    local missing=() package
    for package in "$@"; do
        installed "$package" || missing+=("$package")
    done
    [ ${#missing[@]} -gt 0 ] || return 0
    command -v apt-get >/dev/null ||
        fail "this is not a Debian machine: install the counterparts of these packages yourself: ${missing[*]}."
    can_be_root ||
        fail "these Debian packages are missing, and there is neither root nor sudo here: ${missing[*]}." \
            "Ask for: apt-get install ${missing[*]}"
    say "Installing Debian packages: ${missing[*]}"
    local install=(env DEBIAN_FRONTEND=noninteractive apt-get -y --no-install-recommends install "${missing[@]}")
    # The lists may be absent or too old to name files that the mirror still has.
    logged as_root "${install[@]}" || { logged as_root apt-get update && logged as_root "${install[@]}"; } ||
        fail "apt-get could not install ${missing[*]}; its words are in $LOG." \
            "Is the network up? Try: apt-get update && apt-get install ${missing[*]}"
}
