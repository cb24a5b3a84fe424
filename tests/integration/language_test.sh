#!/bin/bash
# Findings and commands in the languages of those who read them. BIN is the folder of the programs.
set -euo pipefail

# shellcheck source=tests/support/lab.sh
. "$(dirname "$0")/../support/lab.sh"
lab language

# As expect; spaces that do not break are made plain, so that what is looked for can be written here.
plainly() {
    expect "$@"
    OUT=${OUT//$'\xe2\x80\xaf'/ }
    OUT=${OUT//$'\xc2\xa0'/ }
}

# loan_book FOLDER LINE: one loan, so small that POR-20 asks; LINE goes into the manifest.
loan_book() {
    mkdir -p "$1"
    cat >"$1/loans.csv" <<CSV
loan_ref,borrower_ref,product,sector,gender,currency,disbursed_on,matures_on,principal_disbursed,principal_outstanding,principal_overdue,overdue_since,times_restructured,restructured_on
L1,B1,BUSINESS,TRADE,F,RWF,2020-01-10,2021-01-10,1000000,15000,0,,0,
CSV
    cat >"$1/manifest.ini" <<INI
institution_id = SACCO-1
as_of = 2020-06-30
currency = RWF
rows = 1
sum_principal_outstanding = 15000
reports = PORTFOLIO
$2
INI
}

"$BIN/mfi-hub" init --origin hub.example --ingest tcp://127.0.0.1:7111 --feed tcp://127.0.0.1:7112 --query tcp://127.0.0.1:7113 \
    "$WORK/hub" >/dev/null 2>&1
"$BIN/mfi-agent" init "$WORK/agent" --institution SACCO-1 --hub "$WORK/hub/keys/hub.pub" --name 'Sacco One' --category USACCO \
    --district 101 --currency RWF --ingest tcp://127.0.0.1:7111 >/dev/null 2>&1
CONF=(-c "$WORK/agent/agent.conf")
AT=(--now 2020-07-03T08:00:00Z)
AGENT=("$BIN/mfi-agent")
loan_book "$WORK/small" ""
loan_book "$WORK/private" "note = call 0788 123 456"

step "the same finding in three languages, its code and values the same"
plainly 0 "${AGENT[@]}" check "${CONF[@]}" "${AT[@]}" "$WORK/small"
says "WARNING POR-20: The average loan is 15,000 RWF"
says "would be ACCEPTED WITH WARNINGS"
plainly 0 "${AGENT[@]}" check "${CONF[@]}" "${AT[@]}" --language fr "$WORK/small"
says "ALERTE  POR-20: Le prêt moyen est de 15 000 RWF"
says "serait ACCEPTÉ AVEC ALERTES"
plainly 0 "${AGENT[@]}" check "${CONF[@]}" "${AT[@]}" --language rw "$WORK/small"
says "UMUBURO POR-20: Inguzanyo yo hagati ni 15.000 RWF"

step "what obliges and nobody reviewed in Kinyarwanda has French beneath"
says "          Le prêt moyen est de 15 000 RWF"
says "serait ACCEPTÉ AVEC ALERTES"
plainly 1 "${AGENT[@]}" check "${CONF[@]}" "${AT[@]}" --language rw "$WORK/private"
says "ENV-14: Inyandiko iri muri note"
says "          Le texte de note semble contenir un numéro de téléphone"

step "the language of agent.conf, and another one for one command"
sed -i 's|^# language = .*|language = "fr";|' "$WORK/agent/agent.conf"
plainly 0 "${AGENT[@]}" check "${CONF[@]}" "${AT[@]}" "$WORK/small"
says "Le prêt moyen est de 15 000 RWF"
plainly 0 "${AGENT[@]}" check "${CONF[@]}" "${AT[@]}" --language en "$WORK/small"
says "The average loan is 15,000 RWF"
plainly 0 "${AGENT[@]}" status "${CONF[@]}"
says "Dernier contact : jamais"
says "SACCO-1 : 0 en file"

step "JSON is the same in every language but for its texts"
"${AGENT[@]}" check "${CONF[@]}" "${AT[@]}" --format json --language en "$WORK/small" >"$WORK/en.json"
"${AGENT[@]}" check "${CONF[@]}" "${AT[@]}" --format json --language rw "$WORK/small" >"$WORK/rw.json"
/usr/bin/python3 - "$WORK/en.json" "$WORK/rw.json" <<'PYTHON' || fail "the two differ in more than texts"
import json
import sys

english, kinyarwanda = (json.load(open(path, encoding="utf-8")) for path in sys.argv[1:])
english_text = english["reports"][0]["findings"][0]["text"]
texts = kinyarwanda["reports"][0]["findings"][0]["text"].split("\n")
assert english_text.startswith("The average loan is 15,000 RWF"), english_text
assert len(texts) == 2 and texts[0].startswith("Inguzanyo") and texts[1].startswith("Le prêt moyen"), texts


def without_texts(value):
    if isinstance(value, dict):
        return {key: without_texts(of) for key, of in value.items() if key not in ("text", "produced_at_us")}
    return [without_texts(of) for of in value] if isinstance(value, list) else value


assert without_texts(english) == without_texts(kinyarwanda)
PYTHON

step "what is sent, and cannot be, is told in the language"
plainly 1 "${AGENT[@]}" send "${CONF[@]}" --wait 1 "$WORK/private"
says "PORTFOLIO 2020-06 de SACCO-1 serait refusé"
says "rien de $WORK/private n'a été mis en file"
plainly 1 "${AGENT[@]}" send "${CONF[@]}" --wait 1 --language rw "$WORK/private"
says "PORTFOLIO 2020-06 ya SACCO-1 yakwangwa"
says "          PORTFOLIO 2020-06 de SACCO-1 serait refusé"
plainly 3 "${AGENT[@]}" send "${CONF[@]}" --wait 1 --anyway "$WORK/small"
says "1 rapport est encore sans récépissé"
plainly 0 "${AGENT[@]}" status "${CONF[@]}"
says "SACCO-1 : 1 en file"

step "rules are explained in the language"
plainly 0 "${AGENT[@]}" explain POR-20 --language fr
says "POR-20  ALERTE: le prêt moyen est dans la fourchette de sa catégorie."
plainly 0 "${AGENT[@]}" explain L18 --language rw
says "COLLECTIONS"
"${AGENT[@]}" explain --all --format catalogue | cmp -s - "$SOURCE/conf/catalogue/en.cfg" || fail "explain --format catalogue is not en.cfg"

step "a language that is not there, and texts that do not fit, are refused before anything is done"
plainly 2 "${AGENT[@]}" check "${CONF[@]}" --language xx "$WORK/small"
says "xx.cfg cannot be read"
plainly 2 "${AGENT[@]}" check "${CONF[@]}" --language french "$WORK/small"
says "The language is two letters"
cp -r "$SOURCE/conf/catalogue" "$WORK/catalogue"
sed -i 's|Le prêt moyen est de {got}|Le prêt moyen est|' "$WORK/catalogue/fr.cfg"
line=$(grep -n '"POR-20.sentence"' "$WORK/catalogue/fr.cfg" | cut -d : -f 1)
plainly 2 env IHURIRO_CATALOGUES="$WORK/catalogue" "${AGENT[@]}" status "${CONF[@]}"
says "fr.cfg:$((line - 1)): POR-20.sentence lacks the placeholder {got}"
plainly 2 env IHURIRO_CATALOGUES="$WORK/catalogue" "${AGENT[@]}" status "${CONF[@]}" --language rw
says "fr.cfg:$((line - 1)): POR-20.sentence lacks the placeholder {got}"

echo "one finding, three languages, the same code"
