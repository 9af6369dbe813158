#!/usr/bin/env bash
# The real Compose, version 2, for the tests that compare how forgectl and Compose read the same file.
#
#   tests/compose.sh FOLDER   prints the path of a docker-compose in FOLDER, and fetches it once
#
# It is the docker-compose of Debian 13, which is one Go program, fetched and checked by apt with sources and lists of its own in
# FOLDER; nothing is installed, and no root is needed.
set -euo pipefail

die() { printf 'tests/compose.sh: %s\n' "$*" >&2; exit 1; }

SUITE=trixie
ARCHIVE=${FORGE_DEBIAN:-http://deb.debian.org/debian}
KEYS=/usr/share/keyrings/debian-archive-keyring.gpg

[ $# = 1 ] || die 'into which folder?'
folder=$1
program=$folder/root/usr/libexec/docker/cli-plugins/docker-compose

if [ ! -x "$program" ]; then
    for tool in apt-get dpkg-deb; do
        command -v $tool > /dev/null || die "no $tool here"
    done
    [ -e $KEYS ] || die 'no keys of the Debian archive here'
    printf 'fetching docker-compose of Debian %s into %s\n' $SUITE "$folder" >&2
    mkdir -p "$folder"/lists/partial "$folder"/cache/archives/partial "$folder"/root
    : > "$folder/status"
    printf 'deb [signed-by=%s] %s %s main\n' $KEYS "$ARCHIVE" $SUITE > "$folder/sources.list"
    own_apt() {
        apt-get -qq -o Dir::Etc::sourcelist="$folder/sources.list" -o Dir::Etc::sourceparts=- \
            -o Dir::State::lists="$folder/lists" -o Dir::State::status="$folder/status" -o Dir::Cache="$folder/cache" \
            -o APT::Sandbox::User="$(id -un)" -o Acquire::Languages=none "$@" >&2
    }
    own_apt update || die "the lists of $ARCHIVE cannot be fetched"
    (cd "$folder" && own_apt download docker-compose) || die 'docker-compose cannot be fetched'
    dpkg-deb --extract "$folder"/docker-compose_*.deb "$folder/root"
    rm -rf "$folder"/docker-compose_*.deb "$folder"/lists "$folder"/cache
fi
"$program" version --short > /dev/null 2>&1 || die "$program does not run here"
printf '%s\n' "$program"
