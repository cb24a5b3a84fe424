#!/bin/bash
# Figures explained and approved by a second person, as two people at an institution do it. BIN is the folder of the programs.
set -euo pipefail

# shellcheck source=tests/support/lab.sh
. "$(dirname "$0")/../support/lab.sh"
lab approve

# loan_book FOLDER OUTSTANDING AS_OF: one loan not late, and a final month-end prepared by T-01.
loan_book() {
    mkdir -p "$1"
    cat >"$1/loans.csv" <<CSV
loan_ref,borrower_ref,product,sector,gender,currency,disbursed_on,matures_on,principal_disbursed,principal_outstanding,principal_overdue,overdue_since,times_restructured,restructured_on
L1,B1,BUSINESS,TRADE,F,RWF,2020-01-10,2021-01-10,1000000,$2,0,,0,
CSV
    cat >"$1/manifest.ini" <<INI
institution_id = SACCO-1
as_of = $3
currency = RWF
rows = 1
sum_principal_outstanding = $2
status = FINAL
reports = PORTFOLIO
prepared_code = T-01
INI
}

"$BIN/mfi-hub" init --origin hub.example --ingest tcp://127.0.0.1:7101 --feed tcp://127.0.0.1:7102 --query tcp://127.0.0.1:7103 \
    "$WORK/hub" >/dev/null 2>&1
"$BIN/mfi-agent" init "$WORK/agent" --institution SACCO-1 --hub "$WORK/hub/keys/hub.pub" --name 'Sacco One' --category USACCO \
    --district 101 --currency RWF >/dev/null 2>&1
CONF=(-c "$WORK/agent/agent.conf")
AT=(--now 2020-07-03T08:00:00Z)
AGENT=("$BIN/mfi-agent")

step "a final month-end needs a second person"
loan_book "$WORK/june" 600000 2020-06-30
expect 1 "${AGENT[@]}" check "${CONF[@]}" "${AT[@]}" "$WORK/june"
says "ENV-09"
expect 2 "${AGENT[@]}" approve "${CONF[@]}" "$WORK/june" --code M-02
says "add --yes"
expect 2 "${AGENT[@]}" approve "${CONF[@]}" "$WORK/june" --yes
says "--code is the staff code"

step "who prepared it cannot approve it"
# The clock of this machine is years behind the period's end in these examples; what is too old is a warning, and must be explained.
expect 1 "${AGENT[@]}" approve "${CONF[@]}" "$WORK/june" --code T-01 --yes
says "cannot be approved"

step "a warning must be explained before"
month=$(date -d "$(date +%Y-%m-01) - 1 day" +%Y-%m-%d)
loan_book "$WORK/now" 15000 "$month"
expect 1 "${AGENT[@]}" approve "${CONF[@]}" "$WORK/now" --code M-02 --yes
says "the warning POR-20 is not explained"
printf 'rule_id,code,text\nPOR-20,TIRED,\n' >"$WORK/now/explain.csv"
expect 1 "${AGENT[@]}" check "${CONF[@]}" "$WORK/now"
says "explain.csv line 2, column code"
printf 'rule_id,code,text\nPOR-20,OTHER,\n' >"$WORK/now/explain.csv"
expect 1 "${AGENT[@]}" check "${CONF[@]}" "$WORK/now"
says "OTHER says nothing by itself"
printf 'rule_id,code,text\nPOR-20,OTHER,one small loan is left\n' >"$WORK/now/explain.csv"

step "approving shows the figures and holds them"
expect 0 "${AGENT[@]}" approve "${CONF[@]}" "$WORK/now" --code M-02 --yes
says "Gross loan portfolio"
says "15000"
says "Approved by M-02"
expect 0 "${AGENT[@]}" check "${CONF[@]}" "$WORK/now"

step "a figure that changes makes the approval void"
loan_book "$WORK/now" 15001 "$month"
expect 1 "${AGENT[@]}" check "${CONF[@]}" "$WORK/now"
says "that approval is void"
says "ENV-09"

step "a list approves by the first eight digits of the hash"
expect 1 "${AGENT[@]}" approve "${CONF[@]}" "$WORK/now" --code T-01 --yes
hash=$(sed -n 's/.*hash \([0-9a-f]\{8\}\).*/\1/p' <<<"$OUT" | head -n 1)
echo "SACCO-1, PORTFOLIO, ${month%-*}, $hash, M-02" >"$WORK/list"
expect 0 "${AGENT[@]}" approve "${CONF[@]}" --list "$WORK/list"
says "1 reports are approved"
expect 0 "${AGENT[@]}" check "${CONF[@]}" "$WORK/now"
echo "SACCO-1, PORTFOLIO, ${month%-*}, $hash, T-01 " >"$WORK/list"
expect 0 "${AGENT[@]}" approve "${CONF[@]}" --list "$WORK/list"
expect 1 "${AGENT[@]}" check "${CONF[@]}" "$WORK/now"
says "ENV-09"
: >"$WORK/list"
expect 1 "${AGENT[@]}" approve "${CONF[@]}" --list "$WORK/list"
says "lists no report"
expect 1 "${AGENT[@]}" approve "${CONF[@]}" --list "$WORK"
says "cannot be read"
echo "SACCO-1, PORTFOLIO, June, $hash, M-02" >"$WORK/list"
expect 1 "${AGENT[@]}" approve "${CONF[@]}" --list "$WORK/list"
says "line 1 is not"
echo "approved, explained, void when a figure changes"
