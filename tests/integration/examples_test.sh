#!/bin/bash
# The annotated examples in conf/examples name the keys that each program's init writes, and the
# programs read them.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
failed=0

fail() {
    echo "FAILED: $*"
    failed=1
}

# The keys of a file, commented ones too, of groups as well.
keys() {
    sed -nE 's/^[[:space:]]*(# )?([a-z_]+) = .*/\2/p' "$1" | LC_ALL=C sort -u
    grep -oE '\b(id|signing_key|folder|category) = "' "$1" | cut -d ' ' -f 1 || true
}

"$BIN/mfi-hub" init --origin hub.example.org "$folder/hub" >/dev/null 2>&1
hub_pub="$folder/hub/keys/hub.pub"
"$BIN/mfi-agent" init --institution SACCO-001 --category USACCO --hub "$hub_pub" "$folder/agent" \
    >/dev/null 2>&1
for program in feed pull; do
    "$BIN/mfi-$program" init --hub "$hub_pub" --id READER --name Reader "$folder/$program" >/dev/null
done

for program in hub agent feed pull; do
    example="$SOURCE/conf/examples/$program.conf"
    missing=$(LC_ALL=C comm -23 <(keys "$folder/$program/$program.conf" | LC_ALL=C sort -u) \
        <(keys "$example" | LC_ALL=C sort -u))
    [ -z "$missing" ] || fail "conf/examples/$program.conf does not explain: $missing"
done

# With every key set, also those that are commented out.
uncommented() {
    sed -E 's/^# ([a-z_]+ = .*;)( *#.*)?$/\1/' "$1"
}

uncommented "$SOURCE/conf/examples/hub.conf" | sed "s|/var/lib/mfi-hub|$folder/hub|" \
    >"$folder/hub/example.conf"
"$BIN/mfi-hub" check-config -c "$folder/hub/example.conf" >"$folder/out" 2>&1 ||
    fail "mfi-hub check-config refuses the example: $(cat "$folder/out")"
uncommented "$SOURCE/conf/examples/agent.conf" >"$folder/agent/example.conf"
"$BIN/mfi-agent" status -c "$folder/agent/example.conf" >"$folder/out" 2>&1 ||
    fail "mfi-agent status refuses the example: $(cat "$folder/out")"
institution=$(sed -n 's/.*id = "\([A-Z0-9-]*\)".*/\1/p' "$SOURCE/conf/examples/agent.conf" | head -n 1)
"$BIN/mfi-sim" loanbook -n 20 -d 2020-06-30 -i "$institution" -o "$folder/book" >/dev/null
"$BIN/mfi-agent" check -c "$folder/agent/example.conf" "$folder/book" >"$folder/out" 2>&1 ||
    fail "mfi-agent check refuses the example: $(cat "$folder/out")"
uncommented "$folder/agent/agent.conf" >"$folder/agent/own.conf"
"$BIN/mfi-sim" loanbook -n 20 -d 2020-06-30 -i SACCO-001 -o "$folder/own" >/dev/null
"$BIN/mfi-agent" check -c "$folder/agent/own.conf" "$folder/own" >"$folder/out" 2>&1 ||
    fail "mfi-agent check refuses what init wrote, with every key set: $(cat "$folder/out")"

[ "$failed" -eq 0 ] && echo "The examples are read, and explain every key."
exit "$failed"
