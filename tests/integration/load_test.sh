#!/bin/bash
# A little load: every report is accepted and acknowledged once, subscribers read what was acknowledged, and a second run goes
# on behind the first. BIN is the folder of the programs.
set -euo pipefail

# shellcheck source=tests/support/lab.sh
. "$(dirname "$0")/../support/lab.sh"
lab load

status() {
    "$BIN/mfi-hub" status -c "$WORK/hub/hub.conf" 2>/dev/null | awk -v name="$1" '$1 == name { print $2 }'
}
load() {
    "$BIN/mfi-sim" load --hub "$WORK/hub/keys/hub.pub" --ingest "tcp://127.0.0.1:$ingest" --feed "tcp://127.0.0.1:$feed" \
        --keys "$WORK/keys" --agents 8 --outstanding 4 --subscribers 2 --seconds 60 --reports 2000 "$@" \
        >"$WORK/loaded" 2>"$WORK/load.log" || fail "$(cat "$WORK/load.log")"
}
counted() {
    tr ' ' '\n' <"$WORK/loaded" | sed -n "s/^$1=//p"
}

read -r ingest feed query <<<"$(free_ports 3)"
"$BIN/mfi-hub" init "$WORK/hub" --test --test-time 2020-01-01 --origin load.test --ingest "tcp://127.0.0.1:$ingest" \
    --feed "tcp://127.0.0.1:$feed" --query "tcp://127.0.0.1:$query" >"$WORK/init.log" 2>&1
"$BIN/mfi-hub" run -c "$WORK/hub/hub.conf" >"$WORK/hub.log" 2>&1 &
for _ in $(seq 100); do
    [ -n "$(status accepted)" ] && break
    sleep 0.1
done

echo "- every report is accepted, once"
load --enrol "$WORK/hub/admin/socket" --bytes 1024
acked=$(counted acked)
[ "$acked" -ge 2000 ] || fail "$(cat "$WORK/loaded" "$WORK/load.log")"
[ "$(counted rejected) $(counted refused) $(counted put_off)" = "0 0 0" ] || fail "$(cat "$WORK/loaded")"
[ "$(status accepted)" = "$acked" ] || fail "the hub accepted $(status accepted), not $acked"

echo "- subscribers read along, and nothing twice"
[ "$(counted delivered)" -gt 0 ] || fail "nothing was delivered: $(cat "$WORK/loaded")"
[ "$(counted delivered)" -le $((2 * acked)) ] || fail "more was delivered than there is: $(cat "$WORK/loaded")"

echo "- a second run goes on behind the first, with longer reports"
load --first 251 --bytes 4096
[ "$(counted rejected) $(counted refused) $(counted put_off)" = "0 0 0" ] || fail "$(cat "$WORK/loaded")"
[ "$(counted bytes)" -ge 4096 ] || fail "$(cat "$WORK/loaded")"
[ "$(status accepted)" -eq $((acked + $(counted acked))) ] || fail "the hub accepted $(status accepted)"
