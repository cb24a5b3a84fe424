# shellcheck shell=bash disable=SC2154
# The demo's second half, sourced by conf/demo/run: the work of a month at the association and the regulator. Its variables and its
# words `step`, `say`, `hub`, `agent` are run's.

month_whole() {
    step "The sector in June 2020, by category" totals
    show_totals
    step "Who has not reported December 2020" who_is_missing
    show_missing
    step "One of them is excused" excuse_one
    show_excused
    step "Fifteen SACCOs became one in September 2020" merger
    cat "$demo/merger.txt"
    step "A crisis order of the regulator: liquidity by week, exposures suspended" order_on
    show_owed
    step "Three weeks later it has ended by itself" order_off
    show_owed
    step "November 2020 is closed" close_month
    show_closed
    step "A correction comes after the close" correct_closed
    show_corrected
    step "It is opened again" reopen_month
    cat "$demo/reopened.txt"
    step "What the association was told meanwhile" notices
    show_notices
}

# The line of a month's state that begins with a word: `state_line FILE reports`.
state_line() {
    grep "^$2 " "$1" | sed 's/^/   /'
}

# A test hub's clock stands still; acts of one moment have no order.
later() {
    hub test-time "$1"
}

# Σ numerators over Σ denominators of those who reported both; the hub makes them, and says of how many.
totals() {
    "$bin/mfi-pull" totals 2020-06 -c "$demo/regulator/pull.conf" --by COUNTRY --by CATEGORY --line R02 --line R11 --format csv \
        --out "$demo/totals.csv"
    grep -q 'COUNTRY' "$demo/totals.csv"
}

show_totals() {
    awk -F, '
        function percent(text) { return text == "" ? "-" : sprintf("%.1f %%", text / 100) }
        NR == 1 {
            for (i = 1; i <= NF; i++) { at[$i] = i }
            printf "   %-10s %-9s %9s %11s %11s %11s %15s\n", "group", "ratio", "value", "quartiles:", "median", "", "reported"
            next
        }
        {
            printf "   %-10s %-9s %9s %11s %11s %11s %8s of %3s\n", $at["group"], $at["line"] == "R02" ? "PAR30R" : "liquidity", percent($at["value"]),
                percent($at["quartile_1"]), percent($at["median"]), percent($at["quartile_3"]), $at["reported"], $at["expected"]
        }' "$demo/totals.csv"
}

# Computed from the same history whenever it is asked for, and each put out once.
notices() {
    "$bin/mfi-feed" -c "$demo/association/feed.conf" --notices --from "$(cat "$demo/position.before")" --until-head --out "$demo/notices.jsonl"
    grep -q '"notice":"waiver"' "$demo/notices.jsonl"
    grep -q '"notice":"overdue"' "$demo/notices.jsonl"
    grep -q '"notice":"corrected_after_close"' "$demo/notices.jsonl"
}

show_notices() {
    grep -o '"notice":"[a-z_]*"' "$demo/notices.jsonl" | cut -d '"' -f 4 | sort | uniq -c | sort -rn | sed 's/^/   /'
    grep -m 1 '"notice":"corrected_after_close"' "$demo/notices.jsonl" | sed 's/^/   /'
}

who_is_missing() {
    hub status | awk '$1 == "position" { print $2 }' >"$demo/position.before"
    hub status --period 2020-12 --known-at 2021-01-12T06:00:00Z >"$demo/december.before.txt"
    hub status --period 2020-12 >"$demo/december.txt"
    hub status --period 2020-12 --format json >"$demo/december.json"
    grep -q ' overdue' "$demo/december.txt"
}

show_missing() {
    say "   as known on 12 January 2021:"
    state_line "$demo/december.before.txt" reports
    say "   and now:"
    state_line "$demo/december.txt" reports
    awk '/^To be reminded/ { found = 1 } found && shown++ < 7 { print "   " $0 }' "$demo/december.txt"
    say "   ..."
}

# The first that is to be reminded.
excuse_one() {
    awk '/^To be reminded/ { found = 1; next } found && /^  [A-Z]/ { print $1; exit }' "$demo/december.txt" >"$demo/excused.id"
    [ -s "$demo/excused.id" ]
    hub waive 2020-12 "$(cat "$demo/excused.id")" --reason "Its branch burned down in December" --by A07
    hub status --period 2020-12 >"$demo/december.excused.txt"
    grep -q "^$(cat "$demo/excused.id") .* excused" "$demo/december.excused.txt"
}

show_excused() {
    grep "^institution\|^$(cat "$demo/excused.id") " "$demo/december.excused.txt" | sed 's/^/   /'
    state_line "$demo/december.excused.txt" reports
}

merger() {
    local month
    hub parties show RW-DS-403 >"$demo/merged.txt"
    grep -q '^successions .*RW-US-403-01' "$demo/merged.txt"
    {
        say "   RW-DS-403 took over $(grep '^successions' "$demo/merged.txt" | grep -o 'RW-US-403-[0-9]*' | wc -l) SACCOs of Musanze. Who owes:"
        for month in 2020-08 2020-09; do
            hub status --period "$month" >"$demo/status.$month.txt"
            say "   $month    $(sed -n 's/^expected *//p' "$demo/status.$month.txt")"
        done
    } >"$demo/merger.txt"
}

# Signed at the regulator with the authority's own key, handed to the operator as a file.
order_on() {
    cat >"$demo/weekly.order" <<'ORDER'
id = "BNR-2021-01";
authority = "BNR";
from = "2021-02-22";
until = "2021-03-14";
reason = "Deposits are leaving: liquidity by week until it is calm, exposures may wait";
add = ( { type = "LIQUIDITY"; frequency = "W"; wants = "ANY"; due_days = 1; business_days = true; due_time = "10:00"; } );
suspend = ( { types = [ "EXPOSURES" ]; frequencies = [ "M" ]; } );
ORDER
    "$bin/mfi-pull" order sign --key "$demo/authority.key" "$demo/weekly.order"
    later 2021-02-21
    hub order "$demo/weekly.order.signed"
    later 2021-02-22
    ask_owed "on 22 February"
    grep -q 'LIQUIDITY *2021-W08 .*is not over' "$demo/owed.txt"
    grep -q 'added by order BNR-2021-01' "$demo/owed.txt"
    grep -q 'EXPOSURES *2021-02 .*suspended by order BNR-2021-01' "$demo/owed.txt"
}

show_owed() {
    grep -v ' received\| a provisional' "$demo/owed.txt" | awk 'NR <= 12'
}

order_off() {
    later 2021-03-22
    ask_owed "on 22 March"
    grep -q 'LIQUIDITY *2021-W10 ' "$demo/owed.txt"
    grep -q 'EXPOSURES *2021-03 .*is not over' "$demo/owed.txt"
    ! grep -q '2021-W1[1-9]' "$demo/owed.txt"
}

# What the agent hears, and tells whoever looks at its status.
ask_owed() { # when
    agent send >"$demo/heard.txt"
    agent status >"$demo/status.txt"
    {
        say "   mfi-agent status of RW-MF-99 $1:"
        sed -n '/ it owes/,$p' "$demo/status.txt"
    } >"$demo/owed.txt"
}

# What is lacking is listed; the association decides.
close_month() {
    local code=0
    hub close 2020-11 --dry-run >"$demo/close.txt" || code=$?
    [ "$code" -eq 1 ]
    hub close 2020-11 --despite "Reminded twice; the rest goes to the regulator" --by A07 >"$demo/closed.txt"
    grep -q 'closed by record' "$demo/closed.txt"
}

show_closed() {
    head -n 4 "$demo/close.txt" | sed 's/^/   /'
    say "   ... $(grep -c '^  ' "$demo/close.txt") things are lacking"
    tail -n 1 "$demo/closed.txt" | sed 's/^/   /'
}

# What the demo's own institution sends for November again is small: it is taken and marked, and changes no figure as closed.
correct_closed() {
    later 2021-03-23
    cp -r "$demo/extract.november" "$demo/extract.late"
    post_late "$demo/extract.late" 2020-11-27
    agent send "$demo/extract.late" | tee "$demo/late.txt"
    grep -q 'PORTFOLIO 2020-11 .* vintage 2: ACCEPTED' "$demo/late.txt"
}

show_corrected() {
    grep ' vintage 2: ACCEPTED' "$demo/late.txt" | sed 's/^/   /'
}

reopen_month() {
    later 2021-03-24
    hub reopen 2020-11 --reason "A large error was found at a member" --by A07
    hub status --period 2020-11 >"$demo/november.txt"
    state_line "$demo/november.txt" period >"$demo/reopened.txt"
    grep -q 'reopened' "$demo/reopened.txt"
}
