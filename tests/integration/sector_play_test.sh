#!/bin/bash
# A small sector, played at a test hub: every verdict is what the simulator's truth says; a second time nothing is sent
# again; killed in between, it ends as if it had not been. BIN is the folder of the programs.
set -euo pipefail

# shellcheck source=tests/support/lab.sh
. "$(dirname "$0")/../support/lab.sh"
lab sector-play

start_hub() {
    read -r ingest feed query <<<"$(free_ports 3)"
    "$BIN/mfi-hub" init "$WORK/hub" --test --test-time 2019-01-01 --origin play.test --ingest "tcp://127.0.0.1:$ingest" \
        --feed "tcp://127.0.0.1:$feed" --query "tcp://127.0.0.1:$query" >"$WORK/init.log" 2>&1
    "$BIN/mfi-hub" run -c "$WORK/hub/hub.conf" >"$WORK/hub.log" 2>&1 &
    for _ in $(seq 100); do
        "$BIN/mfi-hub" status -c "$WORK/hub/hub.conf" 2>/dev/null | grep -q ', running' && return
        sleep 0.1
    done
    fail "the hub does not start"
}
play_exec=
play() {
    $play_exec "$BIN/mfi-sim" sector --members 60 --months 20 --seed 1 --out "$WORK/sector" --play "$WORK/bureau" \
        --hub "$WORK/hub/keys/hub.pub" --ingest "tcp://127.0.0.1:$ingest" --admin "$WORK/hub/admin/socket" "$@"
}
counted() {
    sed -n "s/.* $1=\([0-9]*\).*/\1/p" "$WORK/played" | tail -n 1
}

start_hub

echo "- killed at some moment, and started again"
(play_exec="exec" && play --enrol) >"$WORK/killed.log" 2>&1 &
PLAY_PID=$!
for _ in $(seq 200); do
    [ "$("$BIN/mfi-hub" status -c "$WORK/hub/hub.conf" | awk '$1 == "accepted" { print $2 }')" -gt 500 ] && break
    sleep 0.05
done
kill -9 $PLAY_PID 2>/dev/null || true
wait $PLAY_PID 2>/dev/null || true

echo "- every verdict is what the truth says"
play >"$WORK/played" 2>&1 || fail "$(cat "$WORK/played")"
[ "$(counted mismatches)" = 0 ] || fail "$(cat "$WORK/played")"

echo "- the hub holds each report once"
lines=$(($(wc -l <"$WORK/sector/truth.csv") - 1))
journaled=$(awk -F, 'NR > 1 && $7 ~ /ACCEPTED|REJECTED/' "$WORK/sector/truth.csv" | wc -l)
records=$("$BIN/mfi-hub" status -c "$WORK/hub/hub.conf" | awk '$1 == "position" { print $2 }')
[ "$records" -eq $((journaled + 1 + 60 * 3)) ] || fail "$records records, not $journaled reports, the settings and 180 acts"
[ $(($(counted accepted) + $(counted warned) + $(counted rejected) + $(counted refused) + $(counted repeated))) -eq "$lines" ] ||
    fail "not every submission has its verdict: $(cat "$WORK/played")"

echo "- a second time nothing is sent again but what goes beside the session"
play >"$WORK/played" 2>&1 || fail "$(cat "$WORK/played")"
[ "$(counted receipts)" = 0 ] || fail "$(cat "$WORK/played")"
again=$("$BIN/mfi-hub" status -c "$WORK/hub/hub.conf" | awk '$1 == "position" { print $2 }')
[ "$again" -eq "$records" ] || fail "the journal grew from $records to $again"

echo "- the store verifies"
"$BIN/mfi-hub" verify -c "$WORK/hub/hub.conf" >"$WORK/verify.log" 2>&1 || fail "$(cat "$WORK/verify.log")"
