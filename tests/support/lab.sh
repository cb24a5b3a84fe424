# shellcheck shell=bash
# For tests of the programs in shell; lab.py is the same for Python. Sourced, then `lab NAME`: WORK is a folder that goes when the
# test passes, what the test started in the background ends with it. BIN is the folder of the programs.
BIN=${BIN:?the folder of the programs}

lab() {
    WORK=$(mktemp -d "/tmp/ihuriro-$1-XXXXXX")
    trap lab_finish EXIT
}

lab_finish() {
    local code=$? pid
    for pid in $(jobs -p); do
        stop "$pid"
    done
    if [ "$code" -eq 0 ]; then
        rm -rf "$WORK"
    else
        echo "failed; what was there is in $WORK" >&2
        tail -n 5 "$WORK"/*.log >&2 || true
    fi
}

# Ends a process that this test started, and waits for it. Nothing for no process.
stop() {
    [ -z "$1" ] || { kill "$1" 2>/dev/null && wait "$1" 2>/dev/null; } || true
}

step() {
    echo "- $*"
}

fail() {
    echo "FAILED: $*" >&2
    exit 1
}

# expect CODE COMMAND...: its output is in OUT.
expect() {
    local wanted=$1 code=0
    shift
    OUT=$("$@" 2>&1) || code=$?
    [ "$code" -eq "$wanted" ] || fail "exit $code instead of $wanted: $*
$OUT"
}

says() {
    grep -qF -- "$1" <<<"$OUT" || fail "it does not say \"$1\":
$OUT"
}

# until_true SECONDS COMMAND...
until_true() {
    local left=$(($1 * 10))
    shift
    while ! "$@" >/dev/null 2>&1; do
        left=$((left - 1))
        [ $left -gt 0 ] || fail "it does not come true: $*"
        sleep 0.1
    done
}

# free_ports N: as many different ports of the loopback that nobody listens on.
free_ports() {
    /usr/bin/python3 -c 'import socket, sys
sockets = [socket.socket() for _ in range(int(sys.argv[1]))]
for s in sockets:
    s.bind(("127.0.0.1", 0))
print(*[s.getsockname()[1] for s in sockets])' "$1"
}
