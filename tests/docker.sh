#!/usr/bin/env bash
# A real container engine and a registry of images for the tests, both on this machine alone.
#
#   tests/docker.sh start FOLDER   starts both and prints what the tests read: FORGE_DOCKER, FORGE_REGISTRY
#   tests/docker.sh stop FOLDER    ends them, with every container, and removes FOLDER
#
# They are Debian's: docker.io, docker-registry, and busybox-static, of which the tests make their images. An engine needs root; root
# installs what is missing. Nothing of an engine that runs here already is touched. FOLDER is made; its path must be short, for a
# socket's path is at most 107 bytes long.
set -euo pipefail

die() { printf 'tests/docker.sh: %s\n' "$*" >&2; exit 1; }

packages() {
    local missing=()
    [ -x /usr/sbin/dockerd ] || missing+=(docker.io)
    [ -x /usr/bin/docker-registry ] || missing+=(docker-registry)
    [ -x /usr/bin/busybox ] && ! ldd /usr/bin/busybox > /dev/null 2>&1 || missing+=(busybox-static)
    [ ${#missing[@]} = 0 ] && return 0
    command -v apt-get > /dev/null || die "no ${missing[*]} here, and no apt-get"
    printf 'installing the Debian packages %s\n' "${missing[*]}" >&2
    # Debian's package would start an engine of its own.
    [ -e /usr/sbin/policy-rc.d ] || { printf '#!/bin/sh\nexit 101\n' > /usr/sbin/policy-rc.d; chmod 755 /usr/sbin/policy-rc.d
        trap 'rm -f /usr/sbin/policy-rc.d' EXIT; }
    { apt-get -qq update && DEBIAN_FRONTEND=noninteractive \
        apt-get -qq install -y --no-install-recommends "${missing[@]}"; } > /dev/null || die "cannot install ${missing[*]}"
}

# until SECONDS COMMAND...: it comes true.
until_true() {
    local end=$((SECONDS + $1))
    shift
    until "$@" > /dev/null 2>&1; do
        [ $SECONDS -lt $end ] || return 1
        sleep 0.1
    done
}

# begin FOLDER NAME COMMAND...: in the background, with its output in a file and its id in another.
begin() {
    local folder=$1 name=$2
    shift 2
    setsid "$@" < /dev/null > "$folder/$name.log" 2>&1 &
    echo $! > "$folder/$name.started"
}

answers() { curl --silent --fail --max-time 2 "$@"; }

start() {
    local folder=$1 port try
    [ "$(id -u)" = 0 ] || die 'a container engine needs root'
    packages
    mkdir -p "$folder/registry"
    begin "$folder" engine /usr/sbin/dockerd --data-root "$folder/data" --exec-root "$folder/run" \
        -H "unix://$folder/docker.sock" -p "$folder/engine.pid" --iptables=false --ip6tables=false \
        --max-download-attempts 1
    for try in 1 2 3 4 5; do
        port=$((20000 + RANDOM % 10000))
        printf 'version: 0.1\nstorage: {filesystem: {rootdirectory: %s}, delete: {enabled: true}}\nhttp: {addr: 127.0.0.1:%s}\n' \
            "$folder/registry" $port > "$folder/registry.yaml"
        begin "$folder" registry /usr/bin/docker-registry serve "$folder/registry.yaml"
        until_true 10 answers "http://127.0.0.1:$port/v2/" && break
        [ $try -lt 5 ] || die "no registry: $(tail -3 "$folder/registry.log")"
    done
    until_true 60 answers --unix-socket "$folder/docker.sock" http://engine/_ping ||
        die "no engine: $(tail -3 "$folder/engine.log")"
    printf 'FORGE_DOCKER=%s\nFORGE_REGISTRY=127.0.0.1:%s\n' "$folder/docker.sock" $port
}

stop() {
    local folder=$1 pid name
    export DOCKER_HOST=unix://$folder/docker.sock
    docker ps --quiet 2> /dev/null | xargs --no-run-if-empty docker kill > /dev/null 2>&1 || true
    for name in engine registry; do
        pid=$(cat "$folder/$name.started" 2> /dev/null) || continue
        kill "$pid" 2> /dev/null || continue
        until_true 30 test ! -e "/proc/$pid" || kill -9 "$pid" || true
    done
    # What an engine that was killed has left mounted.
    awk -v folder="$folder/" 'index($2, folder) == 1 { print $2 }' /proc/mounts | sort -r | xargs --no-run-if-empty umount -l
    rm -rf "$folder"
}

case ${1:-} in
    start | stop) [ $# = 2 ] || die "$1 which folder?"; "$@" ;;
    *) sed -n '2,${/^#/!q;s/^# \{0,1\}//p}' "$0" ;;
esac
