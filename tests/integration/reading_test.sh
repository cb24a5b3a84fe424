#!/bin/bash
# The reading half, end to end, as association staff and a regulator's engineer do it: init, parties add, feed, pull,
# prove; a feed killed again and again while a sector reports; a hub put back by a restore. BIN is the folder of the
# programs.
set -euo pipefail

# shellcheck source=tests/support/lab.sh
. "$(dirname "$0")/../support/lab.sh"
lab reading
HUB_PID=
FEED_PID=
PLAY_PID=

start_hub() {
    "$BIN/mfi-hub" run -c "$WORK/hub/hub.conf" 2>>"$WORK/hub.log" &
    HUB_PID=$!
    until_true 20 "$BIN/mfi-hub" status -c "$WORK/hub/hub.conf"
}
stop_hub() {
    stop "$HUB_PID"
    HUB_PID=
}
enrol() { # the line that init printed last
    local line
    line=$(grep 'mfi-hub parties add' "$1" | sed "s|mfi-hub parties add|'$BIN/mfi-hub' parties add -c '$WORK/hub/hub.conf'|")
    bash -c "$line" >/dev/null
}
# What stands in a feed's output once its rewinds are applied, as "seq id" lines.
standing() {
    /usr/bin/python3 - "$1" <<'PY'
import json
import sys
seen = []
for line in open(sys.argv[1]):
    record = json.loads(line)
    if record["kind"] == "rewind":
        seen = [(n, i) for n, i in seen if n <= record["to"]]
    elif record["kind"] != "rights":
        seen.append((record["seq"], record["id"]))
assert [n for n, _ in seen] == sorted({n for n, _ in seen}), "not in order, or twice"
for n, i in seen:
    print(n, i)
PY
}
feed() {
    "$BIN/mfi-feed" -c "$WORK/feed/feed.conf" "$@"
}
pull() {
    "$BIN/mfi-pull" -c "$WORK/pull/pull.conf" "$@"
}

read -r INGEST FEED QUERY <<<"$(free_ports 3)"
expect 0 "$BIN/mfi-hub" init --test --test-time 2019-01-01 --origin hub.test --ingest "tcp://127.0.0.1:$INGEST" \
    --feed "tcp://127.0.0.1:$FEED" --query "tcp://127.0.0.1:$QUERY" "$WORK/hub"
HUB_PUB=$WORK/hub/keys/hub.pub

step "init makes keys and a configuration, never twice, and what is missing is said"
expect 0 "$BIN/mfi-feed" init "$WORK/feed" --hub "$HUB_PUB" --endpoint "tcp://127.0.0.1:$FEED" --id AMIR --name 'The association'
says "mfi-hub parties add AMIR --role association"
echo "$OUT" >"$WORK/feed.line"
expect 0 "$BIN/mfi-pull" init "$WORK/pull" --hub "$HUB_PUB" --endpoint "tcp://127.0.0.1:$QUERY" --id BNR --name 'The regulator'
says "mfi-hub parties add BNR --role regulator"
echo "$OUT" >"$WORK/pull.line"
[ "$(stat -c %a "$WORK/feed/feed.key" "$WORK/pull/pull.key" | sort -u)" = 400 ] || fail "keys are not 0400"
expect 1 "$BIN/mfi-feed" init "$WORK/feed"
says "never overwrites"
expect 2 "$BIN/mfi-feed" init "$WORK/other" --id 'no id'
[ ! -e "$WORK/other" ] || fail "something half done was left"
expect 2 "$BIN/mfi-feed" -c "$WORK/nothing.conf"
expect 2 feed --type LOANS
says "PORTFOLIO"
expect 2 pull --period 2020-13 --out "$WORK/x"
says "2020-Q2"

step "why there is no connection is said in words"
expect 3 feed --until-head
says "refuses connections"
start_hub
expect 3 feed --until-head
says "does not know this program's transport key"
expect 3 pull --period 2019-03 --out "$WORK/x"
says "does not know this program's transport key"
expect 0 "$BIN/mfi-hub" init --test --origin other.test "$WORK/another"
sed "s|^hub = .*|hub = \"$WORK/another/keys/hub.pub\";|" "$WORK/feed/feed.conf" >"$WORK/feed/wrong.conf"
expect 3 "$BIN/mfi-feed" -c "$WORK/feed/wrong.conf" --until-head
says "hub.pub"
sed 's|^endpoint = .*|endpoint = "tcp://no-such-host.invalid:5702";|' "$WORK/feed/feed.conf" >"$WORK/feed/nowhere.conf"
expect 3 "$BIN/mfi-feed" -c "$WORK/feed/nowhere.conf" --until-head
says "cannot be resolved"
[ ! -e "$WORK/x" ] || fail "a pull that failed left something"
enrol "$WORK/feed.line"
enrol "$WORK/pull.line"
expect 0 feed --until-head --format text

step "a feed that is killed again and again while a sector reports misses nothing and repeats nothing"
"$BIN/mfi-sim" sector -m 6 -f 2019-01 -n 40 -o "$WORK/sector" --play "$WORK/agents" --hub "$HUB_PUB" --ingest "tcp://127.0.0.1:$INGEST" \
    --admin "$WORK/hub/admin/socket" --enrol >"$WORK/play.log" 2>&1 &
PLAY_PID=$!
kills=0
for _ in $(seq 200); do
    "$BIN/mfi-feed" -c "$WORK/feed/feed.conf" --out "$WORK/killed.jsonl" 2>>"$WORK/feed.log" &
    FEED_PID=$!
    sleep "0.0$((RANDOM % 90 + 10))"
    kill -9 "$FEED_PID" && kills=$((kills + 1))
    wait "$FEED_PID" 2>/dev/null || true
    FEED_PID=
    kill -0 "$PLAY_PID" 2>/dev/null || break
done
wait "$PLAY_PID" || fail "the sector was not played"
PLAY_PID=
expect 0 feed --out "$WORK/killed.jsonl" --until-head
expect 0 feed --out "$WORK/whole.jsonl" --until-head
standing "$WORK/killed.jsonl" >"$WORK/killed.ids"
standing "$WORK/whole.jsonl" >"$WORK/whole.ids"
[ "$(grep -c '"rewind"' "$WORK/killed.jsonl" || true)" -eq 0 ] || fail "there is a rewind without a restore"
# Rights widen while institutions give their agreement, so only what was always seen is compared whole: both see headers.
cmp "$WORK/killed.ids" "$WORK/whole.ids" || fail "the killed feed differs"
echo "  $kills kills, $(wc -l <"$WORK/whole.ids") records"

step "a live feed outlives the hub"
feed_live() {
    grep -q "party AMIR" <(tail -n 1 "$WORK/live.txt")
}
"$BIN/mfi-feed" -c "$WORK/feed/feed.conf" --new --format text --out "$WORK/live.txt" 2>"$WORK/live.log" &
FEED_PID=$!
until_true 20 test -s "$WORK/live.txt.cursor"
kill -9 "$HUB_PID"
wait "$HUB_PID" 2>/dev/null || true
start_hub
expect 0 "$BIN/mfi-hub" parties set AMIR -c "$WORK/hub/hub.conf" --name 'The association'
until_true 60 feed_live
kill "$FEED_PID"
wait "$FEED_PID" || fail "a feed that is told to stop does not end well"
FEED_PID=
expect 0 feed --out "$WORK/whole.jsonl" --until-head
standing "$WORK/whole.jsonl" >"$WORK/whole.ids"

step "filters, beginnings and forms"
feed --until-head --type PORTFOLIO >"$WORK/portfolio.jsonl"
[ "$(jq -r '.kind + .type' "$WORK/portfolio.jsonl" | sort -u)" = reportPORTFOLIO ] || fail "other records than asked for"
read -r category district < <(jq -r 'select(.event.party.role == "MEMBER") | .event.party | .category + " " + .district' "$WORK/whole.jsonl" | tail -n 1)
jq -r --arg c "$category" --arg d "$district" 'select(.event.party.category == $c and .event.party.district == $d) | .institution' \
    "$WORK/whole.jsonl" | sort -u >"$WORK/group.members"
feed --until-head --kind report --category "$category" --district "$district" | jq -r .id >"$WORK/group.ids"
jq -r --rawfile m "$WORK/group.members" '($m | split("\n")) as $ids | select(.kind == "report" and (.institution | IN($ids[]))) | .id' \
    "$WORK/whole.jsonl" >"$WORK/group.wanted"
[ -s "$WORK/group.wanted" ] || fail "no reports of the category $category in $district"
diff "$WORK/group.ids" "$WORK/group.wanted" >/dev/null || fail "other records than those of the category $category in $district"
expect 1 feed --until-head --category NONESUCH
says "of which there is no member. There are: "
expect 1 feed --until-head --institution NONESUCH
says "no party of this hub has that id"
expect 1 feed --until-head --type EXPOSURES
says "not for your role (association)"
last=$(tail -n 1 "$WORK/whole.ids" | cut -d' ' -f1)
[ "$(feed --until-head --from "$((last - 1))" | jq .seq)" = "$last" ] || fail "--from does not begin behind N"
[ -z "$(feed --until-head --new)" ] || fail "--new shows old records"
expect 1 feed --until-head --from 99999999
says "ends before record"
expect 2 feed --until-head --out "$WORK/whole.jsonl" --from 3
says "Leave --from"
expect 2 feed --until-head --out "$WORK/whole.jsonl" --type CAPITAL
says "another filter"

step "a pull is the same bytes again, verifies offline, and its access is in the journal"
expect 0 pull --period 2019-03 --out "$WORK/march"
says "written"
cp -r "$WORK/march" "$WORK/march.before"
expect 0 pull --period 2019-03 --out "$WORK/march"
says "unchanged, byte for byte"
rm -r "$WORK/march"
expect 0 pull --period 2019-03 --out "$WORK/march"
diff -r "$WORK/march" "$WORK/march.before" >/dev/null || fail "the bytes are others"
expect 0 pull --period 2019-03 --format json --out "$WORK/march-json/"
for dir in march march-json; do
    expect 0 "$BIN/mfi-verify" pull "$WORK/$dir" --hub "$HUB_PUB"
done
jq -e . "$WORK"/march-json/*.json >/dev/null || fail "no JSON"
(cd "$WORK/march" && jq -r '.files[] | .sha256 + "  " + .name' manifest.json | sha256sum --quiet -c) || fail "the hashes are wrong"
[ "$(jq '.members' "$WORK/march/manifest.json")" -eq 40 ] || fail "N is not the number of members"
[ "$(jq '.coverage[0].reporting' "$WORK/march/manifest.json")" -eq "$(($(wc -l <"$WORK/march/portfolio.csv") - 1))" ] || fail "n is not the number of rows"
cp "$WORK/feed/feed.conf" "$WORK/pull/feed.conf"
sed -i 's|feed.key|pull.key|' "$WORK/pull/feed.conf"
"$BIN/mfi-feed" -c "$WORK/pull/feed.conf" --until-head --kind access >"$WORK/accesses.jsonl"
ids=$(jq -r .ids_sha256 "$WORK/march/manifest.json")
jq -e "select(.event.access.ids_hash == \"$ids\" and .event.access.act == \"PULL\")" "$WORK/accesses.jsonl" >/dev/null || fail "no access of this pull"

step "older vintages: as known at, and at a record"
expect 0 pull --period 2019-03 --as-known-at 2019-04-06 --out "$WORK/known"
[ "$(jq '.records' "$WORK/known/manifest.json")" -lt "$(jq '.records' "$WORK/march/manifest.json")" ] || fail "nothing came later"
expect 1 pull --period 2019-03 --as-known-at 2018-01-01 --out "$WORK/x"
says "first settings"
at=$(jq .position.size "$WORK/known/manifest.json")
expect 0 pull --period 2019-03 --at-seq "$at" --out "$WORK/at"
expect 1 pull --period 2019-03 --at-seq 99999999 --out "$WORK/x"
says "ends at record"

step "what is in the folder is not destroyed"
expect 1 pull --period 2019-04 --out "$WORK/march"
says "another question"
mkdir "$WORK/mine" && echo mine >"$WORK/mine/notes"
expect 1 pull --period 2019-03 --out "$WORK/mine"
says "holds no pull"
echo >>"$WORK/march.before/ratios.csv"
expect 1 pull --period 2019-03 --out "$WORK/march.before"
says "somebody changed it"

step "staff see headers of whom shares nothing, and pull from the query door with the same key"
sed "s|^endpoint = .*|endpoint = \"tcp://127.0.0.1:$QUERY\";|" "$WORK/feed/feed.conf" >"$WORK/feed/pull.conf"
expect 0 "$BIN/mfi-pull" -c "$WORK/feed/pull.conf" --period 2019-03 --out "$WORK/staff"
expect 0 "$BIN/mfi-verify" pull "$WORK/staff" --hub "$HUB_PUB"
[ "$(wc -l <"$WORK/staff/exposures.csv")" -eq 1 ] || fail "staff see exposures"
[ "$(jq -c '.coverage[] | select(.type == "EXPOSURES") | [.reporting, .not_seen]' "$WORK/staff/manifest.json")" = "[0,40]" ] || fail "what staff may not see is called silence"

step "a checkpoint that was kept is proven"
expect 0 pull prove "$WORK/march" --out "$WORK/proof"
says "Consistent"
jq -j .checkpoint "$WORK/march/manifest.json" >"$WORK/checkpoint"
expect 0 "$BIN/mfi-verify" consistency "$WORK/checkpoint" "$WORK/proof" --hub "$HUB_PUB"

step "after a restore the feed rewinds and goes on, and the fork is declared"
expect 0 "$BIN/mfi-hub" backup -c "$WORK/hub/hub.conf" "$WORK/backup"
"$BIN/mfi-hub" parties set AMIR -c "$WORK/hub/hub.conf" --name 'The association of today' >/dev/null
expect 0 "$BIN/mfi-feed" -c "$WORK/pull/feed.conf" --out "$WORK/regulator.jsonl" --until-head
jq -e . "$WORK/regulator.jsonl" >/dev/null
expect 0 pull --period 2019-03 --at-seq "$(tail -n 1 "$WORK/regulator.jsonl" | jq .seq)" --out "$WORK/lost"
stop_hub
expect 0 "$BIN/mfi-hub" restore -c "$WORK/hub/hub.conf" "$WORK/backup"
start_hub
expect 0 "$BIN/mfi-feed" -c "$WORK/pull/feed.conf" --out "$WORK/regulator.jsonl" --until-head
says "history was replaced"
grep -q '"kind":"rewind"' "$WORK/regulator.jsonl" || fail "no rewind line"
grep -q '"kind":"restored"' "$WORK/regulator.jsonl" || fail "RESTORED was not put out"
expect 0 "$BIN/mfi-feed" -c "$WORK/pull/feed.conf" --out "$WORK/after.jsonl" --until-head
standing "$WORK/regulator.jsonl" >"$WORK/regulator.ids"
standing "$WORK/after.jsonl" >"$WORK/all.ids" # not into a pipe to head, which ends before what writes into it
head -n "$(wc -l <"$WORK/regulator.ids")" "$WORK/all.ids" >"$WORK/after.ids"
cmp "$WORK/regulator.ids" "$WORK/after.ids" || fail "what stands is not the hub's history"
expect 0 pull prove "$WORK/lost" --out "$WORK/fork"
says "declared fork"
jq -j .checkpoint "$WORK/lost/manifest.json" >"$WORK/lost.checkpoint"
expect 0 "$BIN/mfi-verify" consistency "$WORK/lost.checkpoint" "$WORK/fork" --hub "$HUB_PUB"

step "a revoked reader is told so"
key=$(sed -n "s/.*--transport-key '\(.*\)'.*/\1/p" "$WORK/feed.line")
expect 0 "$BIN/mfi-hub" parties revoke AMIR -c "$WORK/hub/hub.conf" --transport-key "$key"
expect 3 feed --until-head
says "revoked"
echo "passed"
