#!/bin/bash
# A regulator ranks the members in a crisis from pulled months: the scores are what a second program computes from the pulls'
# own tables; what was changed, or does not follow, is refused. BIN is the folder of the programs.
set -euo pipefail

# shellcheck source=tests/support/lab.sh
. "$(dirname "$0")/../support/lab.sh"
lab rank
read -r INGEST FEED QUERY <<<"$(free_ports 3)"
HUB_PUB=$WORK/hub/keys/hub.pub
MONTHS="2020-01 2020-02 2020-03 2020-04"

pull() {
    "$BIN/mfi-pull" "$@"
}
rank() { # months
    local month folders=()
    for month in "$@"; do
        folders+=("$WORK/$month")
    done
    "$BIN/mfi-pull" rank --hub "$HUB_PUB" "${folders[@]}"
}

step "a sector reports, and four months are pulled"
expect 0 "$BIN/mfi-hub" init --test --test-time 2020-01-01 --origin rank.test --ingest "tcp://127.0.0.1:$INGEST" \
    --feed "tcp://127.0.0.1:$FEED" --query "tcp://127.0.0.1:$QUERY" "$WORK/hub"
# Limits of 2023, made to hold in 2020: as the demo does.
sed -i '/^limits = (/,/^);/s/from = "2023-03-31";/& applied_back_to = "2019-01-01"; retroactive = "a test";/' "$WORK/hub/settings.cfg"
"$BIN/mfi-hub" run -c "$WORK/hub/hub.conf" 2>"$WORK/hub.log" &
until_true 20 bash -c "'$BIN/mfi-hub' status -c '$WORK/hub/hub.conf' | grep -q ', running'"
expect 0 "$BIN/mfi-pull" init "$WORK/pull" --hub "$HUB_PUB" --endpoint "tcp://127.0.0.1:$QUERY" --id BNR --name 'The regulator'
eval "$BIN/$(grep -o 'mfi-hub parties add .*' <<<"$OUT") -c '$WORK/hub/hub.conf'" >/dev/null
expect 0 "$BIN/mfi-sim" sector --members 80 --from 2020-01 --months 4 --out "$WORK/sector" --play "$WORK/bureau" --hub "$HUB_PUB" \
    --ingest "tcp://127.0.0.1:$INGEST" --admin "$WORK/hub/admin/socket" --enrol
for month in $MONTHS; do
    expect 0 pull -c "$WORK/pull/pull.conf" --period "$month" --out "$WORK/$month"
done

step "every member is there once, in order, with the scores that another program computes"
# shellcheck disable=SC2086
rank $MONTHS >"$WORK/rank.csv" || fail "it does not rank"
/usr/bin/python3 - "$WORK" <<'PY'
import csv
import sys

work = sys.argv[1]


def table(month, name):
    return {row["institution"]: row for row in csv.DictReader(open("%s/%s/%s.csv" % (work, month, name)))}


def number(rows, member, column):
    text = rows.get(member, {}).get(column, "")
    return None if text == "" else int(text)


def rounded(numerator, denominator):  # half away from zero
    sign = -1 if (numerator < 0) != (denominator < 0) else 1
    return sign * ((2 * abs(numerator) + abs(denominator)) // (2 * abs(denominator)))


KNOTS = [("liquidity", 25, 150, 80), ("horizon", 15, 180, 15), ("par30r", 20, 500, 2500), ("par30r_change", 10, 0, 800),
         ("run_off", 10, 0, 1000), ("capital", 10, 150, 100), ("uncovered", 5, 0, 5000), ("lateness", 5, 0, 20)]
now, then = table("2020-04", "ratios"), table("2020-01", "ratios")
liquidity, before = table("2020-04", "liquidity"), table("2020-03", "liquidity")
members = table("2020-04", "institutions")
ranked = list(csv.DictReader(open(work + "/rank.csv")))
assert sorted(row["institution"] for row in ranked) == sorted(members), "not every member once"
seen = []
for row in ranked:
    member = row["institution"]
    sacco = members[member]["category"].endswith("SACCO")
    ratio = lambda name: number(now, member, name)
    # In hundredths of a percent: a share is rounded once (D56), and the column is for the eye.
    percent = lambda value, least: None if value is None else rounded(value * 10000, least)
    capital = [percent(ratio("R22"), 1500)] if sacco else [percent(ratio("R21.CAR"), 1250), percent(ratio("R21.T1"), 1000)]
    capital = [value for value in capital if value is not None]
    old = number(then, member, "R02")
    opening, closing = (number(rows, member, "deposits_total") for rows in (before, liquidity))
    credited = number(liquidity, member, "interest_credited")
    values = {
        "liquidity": percent(ratio("R11"), 3000 if sacco else 2000),
        "horizon": ratio("R18.STRESS"),
        "par30r": ratio("R02"),
        "par30r_change": None if None in (ratio("R02"), old) else ratio("R02") - old,
        "run_off": None if None in (opening, closing, credited) else max(0, rounded((opening + credited - closing) * 10000, opening)),
        "capital": min(capital) if capital else None,
        "uncovered": ratio("R23"),
        "lateness": None,  # no pull says when a report was due
    }
    shares = weights = 0
    for name, weight, green, red in KNOTS:
        value = values[name]
        parts = 100 if name in ("liquidity", "capital") else 1
        shown = None if value is None else rounded(value, parts)
        got = None if row[name] == "" else int(row[name])
        assert got == shown, "%s %s: %s, not %s" % (member, name, got, shown)
        if value is not None:
            share = rounded((value - green * parts) * 10000, (red - green) * parts)
            shares += min(max(share, 0), 10000) * weight
            weights += weight
    assert int(row["weight"]) == weights, (member, weights)
    score = rounded(shares * 100, weights * 10000) if weights >= 60 else None
    assert row["score"] == ("" if score is None else str(score)), (member, row["score"], score)
    seen.append(-1 if score is None else score)
assert seen == sorted(seen, reverse=True), "not in order"
scores = [score for score in seen if score >= 0]
assert len(scores) > 40 and len(set(scores)) > 10, "too few are ranked: %d" % len(scores)
print("%d members, %d ranked, from %d to %d" % (len(seen), len(scores), scores[0], scores[-1]))
PY

step "the order in which the months are named does not matter"
rank 2020-03 2020-01 2020-04 2020-02 | cmp - "$WORK/rank.csv" || fail "the order matters"

step "without the months before, what compares with them is missing, and said to be"
rank 2020-04 >"$WORK/alone.csv"
awk -F, 'NR > 1 && ($7 > 75 || $11 != "")' "$WORK/alone.csv" | grep . && fail "a change is known without what was before"

step "a month that is missing, one that was changed, and what is no pull are refused"
expect 2 rank 2020-04 2020-02
says "2020-03"
cp -r "$WORK/2020-04" "$WORK/changed"
printf '\001' | dd of="$WORK/changed/records.pb" bs=1 seek=$(($(stat -c %s "$WORK/changed/records.pb") / 2)) conv=notrunc status=none
OUT=$(rank changed 2>&1) && fail "a changed record is ranked"
expect 2 rank hub
says "is no pull"
expect 2 "$BIN/mfi-pull" rank
