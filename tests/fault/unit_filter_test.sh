#!/bin/bash
# The hub and the agent as their units run them: with the units' system-call filter (what is not allowed kills), without
# capabilities, without memory that is written and executed, with the units' families of sockets. Whole tests of the others
# are run so: their programs start through tests/support/as_unit.c. BIN is the folder of the programs.
set -euo pipefail

# shellcheck source=tests/support/lab.sh
. "$(dirname "$0")/../support/lab.sh"
lab unit-filter
tests=$(cd "$(dirname "$0")/.." && pwd)
real=$(cd "$BIN" && pwd)
as_unit=$real/../tests/as-unit
[ -x "$as_unit" ] || fail "there is no $as_unit; build all"

# A folder of programs of which the hub and the agent start under their units.
mkdir "$WORK/bin"
for program in "$real"/*; do
    ln -s "$program" "$WORK/bin/"
done
for unit in mfi-hub.service mfi-agent@.service; do
    program=${unit%.service}
    program=${program%@}
    "$tests/support/unit_calls" "$tests/../conf/units/$unit" >"$WORK/$program.calls"
    rm "$WORK/bin/$program"
    printf '#!/bin/bash\nexec "%s" "%s" "%s" "$@"\n' "$as_unit" "$WORK/$program.calls" "$real/$program" >"$WORK/bin/$program"
    chmod +x "$WORK/bin/$program"
done

dies_of() { # SIGNAL COMMAND...
    local signal=$1 code=0
    shift
    { "$@" >/dev/null 2>&1 || code=$?; } 2>/dev/null # nor what bash says of it
    [ "$code" -eq "$((128 + $(kill -l "$signal")))" ] || fail "exit $code, and not by SIG$signal: $*"
}

step "the filter holds: what is not allowed kills, what is restricted fails"
expect 0 "$as_unit" "$WORK/mfi-hub.calls" /bin/echo yes
dies_of SYS "$as_unit" "$WORK/mfi-hub.calls" /usr/bin/nice -n 1 true
dies_of SYS "$as_unit" "$WORK/mfi-agent.calls" /usr/bin/nice -n 1 true
expect 1 "$as_unit" "$WORK/mfi-hub.calls" /usr/bin/unshare -r true
expect 1 "$as_unit" "$WORK/mfi-agent.calls" /usr/bin/python3 -c 'import socket; socket.socket(socket.AF_NETLINK, socket.SOCK_RAW)'
says "Address family not supported"
expect 1 "$as_unit" "$WORK/mfi-hub.calls" /usr/bin/python3 -c 'import mmap; mmap.mmap(-1, 4096, prot=mmap.PROT_WRITE | mmap.PROT_EXEC)'
says "PermissionError"

# whole TEST [NAME=VALUE...] [-- WORD...]: another test, with the programs of that folder; words pick scenarios.
whole() {
    local test=$1 began=$SECONDS settings=()
    shift
    while [ "$#" -gt 0 ] && [ "$1" != -- ]; do
        settings+=("$1")
        shift
    done
    env "${settings[@]}" BIN="$WORK/bin" SOURCE="${SOURCE:-$PWD}" "$tests/$test" "${@:2}" >"$WORK/out.log" 2>&1 || {
        tail -n 40 "$WORK/out.log" >&2
        fail "$test does not pass under the units' filter"
    }
    echo "  $test ($((SECONDS - began)) s)"
}

step "an institution's and an operator's main job, and reading, pass under it"
whole integration/main_job_test.sh
whole integration/reading_test.sh
whole integration/operator_test.py
whole integration/metrics_test.py -- metrics_agree a_killed_hub slow_and_hostile

step "the oracle passes under it"
cycles=8
[ "${LONG:-0}" = 0 ] || cycles=80
whole fault/oracle_test.py CYCLES=$cycles LONG=0
echo "4 integration tests and $cycles cycles of the oracle under the system-call filter of the units"
