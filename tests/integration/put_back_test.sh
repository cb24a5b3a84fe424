#!/bin/bash
# What the main job must withstand: the hub's disk put back without a word, a hub restored from a backup, an agent's disk put
# back, a copied agent. All ends whole; nobody becomes late. One agent serves two institutions over one connection.
set -euo pipefail

# shellcheck source=tests/support/lab.sh
. "$(dirname "$0")/../support/lab.sh"
lab put-back
HUB_PID=

stop_hub() {
    stop "$HUB_PID"
    HUB_PID=
}

HUB=(-c "$WORK/hub/hub.conf")
start_hub() {
    "$BIN/mfi-hub" run "${HUB[@]}" 2>>"$WORK/hub.log" &
    HUB_PID=$!
    until_true 20 "$BIN/mfi-hub" status "${HUB[@]}"
}
# book FOLDER ID MONTH OUTSTANDING
book() {
    mkdir -p "$1"
    local end
    end=$(date -u -d "$3-01 + 1 month - 1 day" +%F)
    cat >"$1/loans.csv" <<CSV
loan_ref,borrower_ref,product,sector,gender,currency,disbursed_on,matures_on,principal_disbursed,principal_outstanding,principal_overdue,overdue_since,times_restructured,restructured_on
L1,B1,BUSINESS,TRADE,F,RWF,2020-01-10,2022-01-10,1000000,$4,0,,0,
CSV
    printf 'institution_id = %s\nas_of = %s\ncurrency = RWF\nrows = 1\nreports = PORTFOLIO\nsum_principal_outstanding = %s\n' \
        "$2" "$end" "$4" >"$1/manifest.ini"
}
# send AGENT ID MONTH OUTSTANDING [CODE]: one folder, its own.
send() {
    book "$WORK/books/$2-$3-$4" "$2" "$3" "$4"
    expect "${5:-0}" "$BIN/mfi-agent" send -c "$WORK/$1/agent.conf" --wait 30 "$WORK/books/$2-$3-$4"
}
greet() {
    expect 0 "$BIN/mfi-agent" send -c "$WORK/$1/agent.conf" --wait 60
}
# receipts of an agent: lines of period, verdict and the time it was first received
receipts() {
    "$BIN/mfi-agent" receipts -c "$WORK/$1/agent.conf" --format json | /usr/bin/python3 -c '
import json, sys
for line in sys.stdin:
    r = json.loads(line)
    print(r["institution"], r["period"], r["vintage"], r["verdict"], r["first_received_at"], r["id"])' | sort
}
records() {
    "$BIN/mfi-hub" status "${HUB[@]}" --format json | /usr/bin/python3 -c 'import json, sys; print(json.load(sys.stdin)["records"])'
}
nothing_to_offer() {
    "$BIN/mfi-agent" status -c "$WORK/$1/agent.conf" --format json | /usr/bin/python3 -c '
import json, sys
sys.exit(1 if sum(i["to_offer"] for i in json.load(sys.stdin)["institutions"]) else 0)'
}

step "a hub, and one agent for two institutions"
INGEST=tcp://127.0.0.1:$(free_ports 1)
expect 0 "$BIN/mfi-hub" init --origin hub.example --ingest "$INGEST" --feed "tcp://127.0.0.1:$(free_ports 1)" \
    --query "tcp://127.0.0.1:$(free_ports 1)" "$WORK/hub"
start_hub
"$BIN/mfi-agent" init "$WORK/agent" --institution SACCO-1 --institution SACCO-2 --hub "$WORK/hub/keys/hub.pub" \
    --ingest "$INGEST" --name 'A Sacco' --category USACCO --district 101 --currency RWF >"$WORK/lines" 2>/dev/null
sed -i 's/^institutions/retry_first_ms = 50;\nretry_max_ms = 200;\ninstitutions/' "$WORK/agent/agent.conf"
sed "s|^mfi-hub parties add|'$BIN/mfi-hub' parties add -c '$WORK/hub/hub.conf'|" "$WORK/lines" >"$WORK/lines.sh"
expect 0 bash -e "$WORK/lines.sh"
send agent SACCO-1 2021-01 500000
send agent SACCO-2 2021-01 600000
expect 0 "$BIN/mfi-hub" backup "${HUB[@]}" "$WORK/backup"
stop_hub
cp -a "$WORK/hub/store" "$WORK/image"
cp -a "$WORK/agent/store" "$WORK/agent-image"
start_hub

step "more reports, then the hub's disk is put back without a word"
send agent SACCO-1 2021-02 510000
send agent SACCO-1 2021-02 511000
says "vintage 2: ACCEPTED"
send agent SACCO-2 2021-02 610000
BEFORE=$(receipts agent)
stop_hub
rm -rf "$WORK/hub/store"
cp -a "$WORK/image" "$WORK/hub/store"
start_hub
SHORT=$(records)
greet agent
until_true 20 nothing_to_offer agent
[ "$(receipts agent)" = "$BEFORE" ] || fail "receipts changed: $BEFORE
$(receipts agent)"
[ "$(records)" -ge $((SHORT + 3)) ] || fail "not all came back: $(records) records after $SHORT"

step "an agent's disk is put back: it fetches its own reports, with their receipts"
rm -rf "$WORK/agent/store"
cp -a "$WORK/agent-image" "$WORK/agent/store"
greet agent
[ "$(receipts agent | cut -d' ' -f1-5)" = "$(cut -d' ' -f1-5 <<<"$BEFORE")" ] || fail "not all were fetched:
$(receipts agent)"

step "a correction after it has the right vintage"
send agent SACCO-1 2021-02 512000
says "vintage 3: ACCEPTED"

step "a copied agent that reports the same period with other figures hears of it"
mkdir "$WORK/copy"
cp -a "$WORK/agent/." "$WORK/copy/"
send agent SACCO-2 2021-03 620000
expect 0 "$BIN/mfi-agent" status -c "$WORK/copy/agent.conf"
send copy SACCO-2 2021-03 999000 1
says "REJECTED"
says "ENV-04"
send copy SACCO-2 2021-03 998000
says "vintage 2: ACCEPTED"
greet agent
receipts agent >"$WORK/a"
receipts copy >"$WORK/b"
cmp -s "$WORK/a" "$WORK/b" || fail "the two copies do not hold the same:
$(diff "$WORK/a" "$WORK/b")"

step "the hub is restored from its backup: all is offered again, and nobody becomes late"
BEFORE=$(receipts agent)
stop_hub
expect 0 "$BIN/mfi-hub" restore "${HUB[@]}" "$WORK/backup"
start_hub
SHORT=$(records)
send agent SACCO-1 2021-03 530000
until_true 20 nothing_to_offer agent
[ "$(receipts agent | grep -v '2021-03 1 ACCEPTED' | cut -d' ' -f1-5)" = "$(grep -v '2021-03 1 ACCEPTED' <<<"$BEFORE" | cut -d' ' -f1-5)" ] ||
    fail "receipts changed: $BEFORE
$(receipts agent)"
[ "$(records)" -gt "$SHORT" ] || fail "nothing came back"

stop_hub
expect 0 "$BIN/mfi-hub" verify "${HUB[@]}"
echo "all ends whole"
