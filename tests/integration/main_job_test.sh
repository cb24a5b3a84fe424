#!/bin/bash
# The main job, end to end, as an IT person and an operator do it: init, parties add, check, send, receipts, drop, run, and
# what happens without a network. BIN is the folder of the programs.
set -euo pipefail

# shellcheck source=tests/support/lab.sh
. "$(dirname "$0")/../support/lab.sh"
lab main-job
HUB_PID=
AGENT_PID=

start_hub() {
    "$BIN/mfi-hub" run -c "$WORK/hub/hub.conf" 2>>"$WORK/hub.log" &
    HUB_PID=$!
    until_true 20 "$BIN/mfi-hub" status -c "$WORK/hub/hub.conf"
}

# loan_book FOLDER ID: two loans, one of them 45 days late, as of 2020-06-30.
loan_book() {
    mkdir -p "$1"
    cat >"$1/loans.csv" <<CSV
loan_ref,borrower_ref,product,sector,gender,currency,disbursed_on,matures_on,principal_disbursed,principal_outstanding,principal_overdue,overdue_since,times_restructured,restructured_on
L1,B1,BUSINESS,TRADE,F,RWF,2020-01-10,2021-01-10,1000000,600000,0,,0,
L2,B2,MICRO,AGRI,M,RWF,2020-01-10,2021-01-10,800000,400000,200000,2020-05-16,0,
CSV
    cat >"$1/manifest.ini" <<INI
institution_id = $2
as_of = 2020-06-30
period_start = 2020-06-01
currency = RWF
rows = 2
sum_principal_outstanding = 1000000
INI
}

INGEST=tcp://127.0.0.1:$(free_ports 1)

step "an operator makes a hub"
expect 0 "$BIN/mfi-hub" init --origin hub.example --ingest "$INGEST" \
    --feed "tcp://127.0.0.1:$(free_ports 1)" --query "tcp://127.0.0.1:$(free_ports 1)" "$WORK/hub"
start_hub

step "an IT person makes an agent, and gets the operator's line"
"$BIN/mfi-agent" init "$WORK/agent" --institution SACCO-1 --hub "$WORK/hub/keys/hub.pub" --ingest "$INGEST" \
    --name 'Sacco One' --category USACCO --district 101 --currency RWF >"$WORK/line" 2>/dev/null
[ "$(stat -c %a "$WORK/agent/keys/transport.key" "$WORK/agent/keys/SACCO-1.key" | sort -u)" = 400 ] || fail "keys are not 0400"
expect 1 "$BIN/mfi-agent" init "$WORK/agent" --institution SACCO-1
says "There is an agent"
expect 2 "$BIN/mfi-agent" init "$WORK/other" --institution sacco
[ ! -e "$WORK/other" ] || fail "something half done was left"
AGENT=("$BIN/mfi-agent")
CONF=(-c "$WORK/agent/agent.conf")

step "check gives the verdict offline, and leaves nothing"
loan_book "$WORK/book" SACCO-1
expect 0 "${AGENT[@]}" check "${CONF[@]}" "$WORK/book"
says "PORTFOLIO 2020-06 of SACCO-1, vintage 1: would be ACCEPTED"
says "the hub was not reached yet"
says "What only the hub can find"
expect 0 "${AGENT[@]}" status "${CONF[@]}"
says "SACCO-1: 0 queued"
says "mfi-hub parties add SACCO-1"

step "before the operator knows the key, the report is kept, and said so"
expect 3 "${AGENT[@]}" send "${CONF[@]}" --wait 3 "$WORK/book"
says "Kept safely"
says "key"

step "the operator runs the line; the report goes out, and its receipt comes"
sed "s|^mfi-hub parties add|'$BIN/mfi-hub' parties add -c '$WORK/hub/hub.conf'|" "$WORK/line" >"$WORK/line.sh"
expect 0 bash "$WORK/line.sh"
expect 0 "${AGENT[@]}" send "${CONF[@]}" --wait 30
says "PORTFOLIO 2020-06 of SACCO-1, vintage 1: ACCEPTED"
says "position "

step "a folder whose figures did not change is not sent again"
expect 0 "${AGENT[@]}" send "${CONF[@]}" --wait 30 "$WORK/book"
says "the figures did not change"
says "ACCEPTED"
RECORDS=$("$BIN/mfi-hub" status -c "$WORK/hub/hub.conf" --format json | /usr/bin/python3 -c 'import json, sys; print(json.load(sys.stdin)["records"])')

step "check uses the hub's settings now"
expect 0 "${AGENT[@]}" check "${CONF[@]}" --format json "$WORK/book"
grep -q '"from_hub":true' <<<"$OUT" || fail "the hub's settings are not used: $OUT"

step "a correction is a new vintage"
sed -i 's/600000/650000/' "$WORK/book/loans.csv"
sed -i 's/sum_principal_outstanding = 1000000/sum_principal_outstanding = 1050000/' "$WORK/book/manifest.ini"
expect 0 "${AGENT[@]}" send "${CONF[@]}" --wait 30 "$WORK/book"
says "PORTFOLIO 2020-06 of SACCO-1, vintage 2: ACCEPTED"

step "receipts are files that verify with public keys alone"
expect 0 "${AGENT[@]}" receipts "${CONF[@]}" --out "$WORK/receipts"
[ "$(find "$WORK/receipts" -name '*.receipt' | wc -l)" -ge 2 ] || fail "no receipt files"
if [ -x "$BIN/mfi-verify" ]; then
    for file in "$WORK"/receipts/*.receipt; do
        expect 0 "$BIN/mfi-verify" receipt "$file" --hub "$WORK/hub/keys/hub.pub"
    done
    first=$(find "$WORK/receipts" -name '*.receipt' | head -n 1)
    /usr/bin/python3 - "$first" "$WORK/bad.receipt" <<'PY'
import sys
data = bytearray(open(sys.argv[1], "rb").read())
data[len(data) // 2] ^= 1
open(sys.argv[2], "wb").write(data)
PY
    expect 1 "$BIN/mfi-verify" receipt "$WORK/bad.receipt" --hub "$WORK/hub/keys/hub.pub"
fi

expect 1 "${AGENT[@]}" receipts "${CONF[@]}" --institution SACCO-9
says "There is no institution SACCO-9"

step "bad files are refused with file, line and what to do; nothing is queued"
loan_book "$WORK/bad" SACCO-1
sed -i 's/2020-05-16/2020-13-16/' "$WORK/bad/loans.csv"
expect 1 "${AGENT[@]}" check "${CONF[@]}" "$WORK/bad"
says "loans.csv"
expect 1 "${AGENT[@]}" send "${CONF[@]}" --wait 5 "$WORK/bad"
loan_book "$WORK/foreign" SACCO-9
expect 1 "${AGENT[@]}" send "${CONF[@]}" --wait 5 "$WORK/foreign"
says "SACCO-9"
expect 2 "${AGENT[@]}" check "${CONF[@]}" --format yaml "$WORK/book"
expect 2 "${AGENT[@]}" frobnicate
expect 2 "${AGENT[@]}" status -c "$WORK/nowhere.conf"

step "keys that others can read are refused"
chmod 0444 "$WORK/agent/keys/SACCO-1.key"
expect 2 "${AGENT[@]}" send "${CONF[@]}" --wait 5 "$WORK/book"
says "SACCO-1.key"
chmod 0400 "$WORK/agent/keys/SACCO-1.key"

step "why there is no connection is said in words"
expect 0 "$BIN/mfi-hub" init --origin hub.other "$WORK/other-hub"
loan_book "$WORK/new-book" SACCO-1
sed -i 's/600000/610000/' "$WORK/new-book/loans.csv"
sed -i 's/= 1000000/= 1010000/' "$WORK/new-book/manifest.ini"
# unreachable NAME HUB_PUB ENDPOINT WORDS
unreachable() {
    "$BIN/mfi-agent" init "$WORK/$1" --institution SACCO-1 --hub "$2" --ingest "$3" >/dev/null 2>&1
    expect 3 "${AGENT[@]}" send -c "$WORK/$1/agent.conf" --wait 2 "$WORK/new-book"
    says "$4"
}
unreachable wrong-key "$WORK/other-hub/keys/hub.pub" "$INGEST" "hub.pub"
unreachable nobody "$WORK/hub/keys/hub.pub" "tcp://127.0.0.1:$(free_ports 1)" "the connection was refused"

expect 2 "$BIN/mfi-agent" init "$WORK/no-port" --institution SACCO-1 --ingest tcp://127.0.0.1
expect 2 "$BIN/mfi-agent" init "$WORK/no-country" --institution SACCO-1 --country xx
expect 2 "$BIN/mfi-agent" init "$WORK/no-category" --institution SACCO-1 --category BANK
says "USACCO"
for folder in no-port no-country no-category; do
    [ ! -e "$WORK/$folder" ] || fail "something half done was left in $folder"
done

step "a hub whose receipts do not fit hub.pub was reached, and is no hub to trust"
cp -r "$WORK/agent" "$WORK/mistrusts"
other_log=$(grep '^log' "$WORK/other-hub/keys/hub.pub")
sed -i "s/^log.*/$other_log/" "$WORK/mistrusts/hub.pub"
cp -r "$WORK/new-book" "$WORK/may-book"
sed -i 's/2020-06-30/2020-05-31/; s/2020-06-01/2020-05-01/' "$WORK/may-book/manifest.ini"
expect 1 "${AGENT[@]}" send -c "$WORK/mistrusts/agent.conf" --wait 5 "$WORK/may-book"
says "not genuine by hub.pub"
rm "$WORK/mistrusts/hub.pub"
expect 2 "${AGENT[@]}" send -c "$WORK/mistrusts/agent.conf" --wait 5 "$WORK/new-book"
says "ask the hub's operator for hub.pub"
rm "$WORK/mistrusts/store/data.mdb"
expect 1 "${AGENT[@]}" status -c "$WORK/mistrusts/agent.conf"
says "the store of a new agent"

step "without a hub everything is kept; drop takes away what has no receipt"
stop "$HUB_PID"
HUB_PID=
sed -i 's/650000/660000/' "$WORK/book/loans.csv"
sed -i 's/= 1050000/= 1060000/' "$WORK/book/manifest.ini"
expect 3 "${AGENT[@]}" send "${CONF[@]}" --wait 2 "$WORK/book"
says "Kept safely"
expect 0 "${AGENT[@]}" status "${CONF[@]}"
says "queued: PORTFOLIO 2020-06"
says "Last error"
expect 1 "${AGENT[@]}" drop "${CONF[@]}" SACCO-1 PORTFOLIO 2019-01
expect 0 "${AGENT[@]}" drop "${CONF[@]}" SACCO-1 PORTFOLIO 2020-06
expect 0 "${AGENT[@]}" drop "${CONF[@]}" SACCO-1 EXPOSURES 2020-06
expect 0 "${AGENT[@]}" status "${CONF[@]}"
says "SACCO-1: 0 queued"

step "a running agent watches its folder, and sends when the hub is back"
cat >>"$WORK/agent/agent.conf" <<'CONF'
settle_seconds = 0;
retry_first_ms = 100;
retry_max_ms = 500;
CONF
"$BIN/mfi-agent" run "${CONF[@]}" 2>>"$WORK/agent.log" &
AGENT_PID=$!
loan_book "$WORK/agent/extracts/SACCO-1/2020-06" SACCO-1
until_true 20 grep -q 'event=queued' "$WORK/agent.log"
start_hub
until_true 30 grep -q 'event=receipt.*verdict=ACCEPTED' "$WORK/agent.log"
expect 0 "${AGENT[@]}" status "${CONF[@]}" --format json
grep -q '"running":true' <<<"$OUT" || fail "the running agent is not seen: $OUT"

step "a folder that is not right is named in status until it is"
loan_book "$WORK/agent/extracts/SACCO-1/bad" SACCO-1
sed -i 's/2020-05-16/2020-13-16/' "$WORK/agent/extracts/SACCO-1/bad/loans.csv"
until_true 20 grep -q 'event=folder_not_queued' "$WORK/agent.log"
touch "$WORK/agent/extracts/SACCO-1/2020-06/manifest.ini"
until_true 20 grep -q 'event=unchanged' "$WORK/agent.log"
expect 0 "${AGENT[@]}" status "${CONF[@]}"
says "last folder not queued: $WORK/agent/extracts/SACCO-1/bad: loans.csv line 3, column overdue_since"
sed -i 's/2020-13-16/2020-05-16/' "$WORK/agent/extracts/SACCO-1/bad/loans.csv"
touch "$WORK/agent/extracts/SACCO-1/bad/manifest.ini"
is_well() {
    ! "${AGENT[@]}" status "${CONF[@]}" | grep -q "not queued"
}
until_true 20 is_well

step "beside a running agent, send queues and the running one sends"
sed -i 's/660000/670000/' "$WORK/book/loans.csv"
sed -i 's/= 1060000/= 1070000/' "$WORK/book/manifest.ini"
expect 0 "${AGENT[@]}" send "${CONF[@]}" --wait 30 "$WORK/book"
says "ACCEPTED"
expect 1 "${AGENT[@]}" run "${CONF[@]}"

step "SIGTERM ends it cleanly"
kill "$AGENT_PID"
code=0
wait "$AGENT_PID" || code=$?
AGENT_PID=
[ $code -eq 0 ] || fail "the agent ended with $code"

step "a restart sends no folder again that another one corrected since"
records() {
    "$BIN/mfi-hub" status -c "$WORK/hub/hub.conf" --format json | /usr/bin/python3 -c 'import json, sys; print(json.load(sys.stdin)["records"])'
}
before=$(records)
cp -r "$WORK/may-book" "$WORK/agent/extracts/SACCO-1/2020-05"
sed -i 's/610000/605000/; s/= 1010000/= 1005000/' "$WORK"/agent/extracts/SACCO-1/2020-05/*
"$BIN/mfi-agent" run "${CONF[@]}" 2>>"$WORK/agent-again.log" &
AGENT_PID=$!
until_true 30 grep -q 'event=receipt.*EXPOSURES 2020-05' "$WORK/agent-again.log"
kill "$AGENT_PID"
wait "$AGENT_PID" || true
AGENT_PID=
[ "$(records)" -eq $((before + 2)) ] || fail "the restart sent more than the new folder: $(cat "$WORK/agent-again.log")"

step "a test hub gives its time to a test agent; a real one does not talk to it"
TEST_INGEST=tcp://127.0.0.1:$(free_ports 1)
expect 0 "$BIN/mfi-hub" init --test --test-time 2020-07-03T08:00:00Z --origin hub.test --ingest "$TEST_INGEST" \
    --feed "tcp://127.0.0.1:$(free_ports 1)" --query "tcp://127.0.0.1:$(free_ports 1)" "$WORK/test-hub"

step "before a test agent heard the test hub, nothing is queued in another time"
"$BIN/mfi-agent" init "$WORK/early" --institution SACCO-2 --hub "$WORK/test-hub/keys/hub.pub" --ingest "$TEST_INGEST" \
    --name 'Sacco Two' --category USACCO --district 101 --currency RWF >"$WORK/early-line" 2>/dev/null
printf 'settle_seconds = 0;\nretry_first_ms = 100;\nretry_max_ms = 500;\n' >>"$WORK/early/agent.conf"
"$BIN/mfi-agent" run -c "$WORK/early/agent.conf" 2>>"$WORK/early.log" &
AGENT_PID=$!
loan_book "$WORK/early/extracts/SACCO-2/2020-06" SACCO-2
until_true 20 grep -q 'event=folders_wait' "$WORK/early.log"
loan_book "$WORK/early-book" SACCO-2
expect 3 "${AGENT[@]}" send -c "$WORK/early/agent.conf" --wait 1 "$WORK/early-book"
says "its time is not known"
"$BIN/mfi-hub" run -c "$WORK/test-hub/hub.conf" 2>>"$WORK/test-hub.log" &
until_true 20 "$BIN/mfi-hub" status -c "$WORK/test-hub/hub.conf"
"$BIN/mfi-agent" init "$WORK/test-agent" --institution SACCO-1 --hub "$WORK/test-hub/keys/hub.pub" \
    --ingest "$TEST_INGEST" --name 'Sacco One' --category USACCO --district 101 --currency RWF >"$WORK/test-line" 2>/dev/null
sed "s|^mfi-hub parties add|'$BIN/mfi-hub' parties add -c '$WORK/test-hub/hub.conf'|" "$WORK/test-line" >"$WORK/line.sh"
expect 0 bash "$WORK/line.sh"
sed "s|^mfi-hub parties add|'$BIN/mfi-hub' parties add -c '$WORK/test-hub/hub.conf'|" "$WORK/early-line" >"$WORK/line.sh"
expect 0 bash "$WORK/line.sh"
until_true 30 grep -q 'event=receipt.*verdict=ACCEPTED' "$WORK/early.log"
stop "$AGENT_PID"
AGENT_PID=
loan_book "$WORK/test-book" SACCO-1
expect 0 "${AGENT[@]}" send -c "$WORK/test-agent/agent.conf" --wait 30 "$WORK/test-book"
says "ACCEPTED at 2020-07-03T08:00:00Z"
expect 0 "${AGENT[@]}" check -c "$WORK/test-agent/agent.conf" "$WORK/test-book" --format json
grep -q '"test_data":true' <<<"$OUT" || fail "the report is not marked as test data: $OUT"
sed -i 's/^test = true;//' "$WORK/test-agent/agent.conf"
expect 2 "${AGENT[@]}" send -c "$WORK/test-agent/agent.conf" --wait 5 "$WORK/test-book"
says "is of a test hub"

step "a signing key that was revoked is refused, with the reason in status; it blocks nothing"
KEY=$(sed 's/.*--signing-key \([0-9a-f]*\).*/\1/' "$WORK/line")
expect 0 "$BIN/mfi-hub" parties revoke SACCO-1 -c "$WORK/hub/hub.conf" --signing-key "$KEY"
sed -i 's/670000/680000/' "$WORK/book/loans.csv"
sed -i 's/= 1070000/= 1080000/' "$WORK/book/manifest.ini"
expect 1 "${AGENT[@]}" send "${CONF[@]}" --wait 30 "$WORK/book"
says "REFUSED"
expect 0 "${AGENT[@]}" status "${CONF[@]}"
says "refused: PORTFOLIO 2020-06 (ENV-03)"

AFTER=$("$BIN/mfi-hub" status -c "$WORK/hub/hub.conf" --format json | /usr/bin/python3 -c 'import json, sys; print(json.load(sys.stdin)["records"])')
[ "$AFTER" -gt "$RECORDS" ] || fail "the hub's journal did not grow"
stop "$HUB_PID"
HUB_PID=
expect 0 "$BIN/mfi-hub" verify -c "$WORK/hub/hub.conf"
echo "the main job works, end to end"
