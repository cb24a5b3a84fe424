#!/usr/bin/python3
"""Totals of a simulated sector against a second computation, from the journal's own bytes and the schema alone: as of now, as known
earlier, as of a record; for the regulator and for staff; with estimates; after a merger. Equal means equal: each row, each column.
BIN is the folder of the programs; a scenario's name, or a part of it, as argument runs that one alone."""
import csv
import datetime
import io
import json
import os
import re
import sys
import time
from collections import defaultdict

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import journal
from lab import SOURCE, Failed, add_lines, expect, program, run, run_scenarios

MEMBERS, MONTHS = (460, 18) if os.environ.get("LONG") else (44, 16)
TYPES = ["", "PORTFOLIO", "LIQUIDITY", "OPERATIONS", "CAPITAL", "EXPOSURES"]
EPOCH = datetime.date(1970, 1, 1)
LISTED = {"SECTOR": "AGRI COMMERCE SERVICES TRANSPORT MANUF CONSTR_HOUSING EDUCATION CONSUMPTION OTHER UNK".split(),
          "PRODUCT": "INDIV GROUP AGRI SALARY ASSET HOUSING EMERGENCY DIGITAL OTHER UNK".split(), "GENDER": list("FMEGU")}
BUCKETS = [(0, 0), (1, 29), (30, 30), (31, 59), (60, 60), (61, 89), (90, 90), (91, 179), (180, 180), (181, 359), (360, 360), (361, -1)]


# ---- reports, by the schema ----

class Schema:
    """What report.proto says: message -> number -> (name, type, repeated); enum -> number -> name."""

    def __init__(self, path):
        self.messages, self.enums = defaultdict(dict), defaultdict(dict)
        stack = []
        with open(path, encoding="utf-8") as file:
            for line in (line.split("//")[0].strip() for line in file):
                begun = re.match(r"(message|enum) (\w+) \{", line)
                field = re.match(r"(optional|required|repeated) (\w+) (\w+) = (\d+)", line)
                value = re.match(r"(\w+) = (\d+);", line)
                if begun:
                    stack.append(begun.group(2))
                elif line == "}":
                    stack.pop()
                elif field:
                    self.messages[stack[-1]][int(field.group(4))] = (field.group(3), field.group(2), field.group(1) == "repeated")
                elif value:
                    self.enums[".".join(stack)][int(value.group(2))] = value.group(1)

    def decode(self, name, raw):
        out, at = {}, 0
        while at < len(raw):
            key, at = journal.varint(raw, at)
            field, kind, repeated = self.messages[name][key >> 3]
            value, at = journal.varint(raw, at)
            if key & 7 == 2:
                value, at = raw[at:at + value], at + value
                value = value.decode() if kind == "string" else self.decode(kind, value) if kind in self.messages else value
            elif kind == "int64" or kind == "int32":
                value -= (value >> 63) << 64
            elif name + "." + kind in self.enums:
                value = self.enums[name + "." + kind][value]
            if repeated:
                out.setdefault(field, []).append(value)
            else:
                out[field] = value
        return out


SCHEMA = Schema(os.path.join(SOURCE, "proto", "report.proto"))


# ---- months ----

def month_end(key):
    year, month = map(int, key.split("-"))
    return (datetime.date(year + month // 12, month % 12 + 1, 1) - EPOCH).days - 1


def month_before(key, count=1):
    year, month = map(int, key.split("-"))
    at = year * 12 + month - 1 - count
    return "%04d-%02d" % (at // 12, at % 12 + 1)


def day_of(text, absent):
    return (datetime.date.fromisoformat(text) - EPOCH).days if text else absent


# ---- what is known ----

class Known:
    """Current reports, as of record `until`, as known at a time in microseconds."""

    def __init__(self, records, until, known_at):
        places = defaultdict(list)
        for record in records[:until]:
            if record.is_report and record.first_received_at <= known_at and record.verdict in (1, 2) and record.frequency == 3:
                places[record.type, record.institution, record.period_end].append(record)
        self.current = {place: min(rows, key=lambda r: (-r.vintage, r.first_received_at, r.seq)) for place, rows in places.items()}
        self.decoded = {}

    def report(self, member, kind, month):
        """None: nothing is current; a dictionary, without a body where it says nil."""
        record = self.current.get((kind, member, month_end(month)))
        if record is None:
            return None
        if record.seq not in self.decoded:
            self.decoded[record.seq] = SCHEMA.decode("Report", journal.fields(record.body)[1])
        return self.decoded[record.seq]

    def bodies(self, member, month):
        return {kind: self.report(member, kind, month) for kind in range(1, 6)}

    def assets(self, member, month, predecessors=()):
        """Of who merged in the month and has not reported since: the sum of those that it was."""
        own = self.assets_of(member, month)
        if own is None and predecessors:
            return plus(*(self.assets_of(predecessor, month_before(month)) for predecessor in predecessors))
        return own

    def assets_of(self, member, month):
        found = sorted((end, record) for (kind, who, end), record in self.current.items()
                       if kind == 4 and who == member and end <= month_end(month))
        for end, record in reversed(found):
            body = SCHEMA.decode("Report", journal.fields(record.body)[1]).get("capital", {})
            if "total_assets" in body:
                return body["total_assets"]
        return None


def body_of(reports, kind):
    report = reports.get(kind)
    return {} if report is None else report.get(TYPES[kind].lower(), {})


# ---- lines: (numerator, denominator) or None; a sum has the denominator 1 ----

def plus(*amounts):
    return None if any(amount is None for amount in amounts) else sum(amounts)


def over(numerator, denominator):
    return None if numerator is None or denominator is None else (numerator, denominator)


def par(portfolio, least):
    rows = portfolio.get("aging", [])
    return plus(*(row.get("outstanding") for row in rows if row["min_days"] >= least)) if rows else None


def rescheduled(portfolio):
    rows = portfolio.get("aging", [])
    return plus(*(row.get("restructured") for row in rows if row["min_days"] <= 30)) if rows else None


def deposits(liquidity):
    rows = plus(*(row.get("balance") for row in liquidity["deposits"])) if liquidity.get("deposits") else None
    return rows if rows is not None else liquidity.get("deposits_total")


def ratios(at, before):
    p, l, o, c, e = (body_of(at, kind) for kind in range(1, 6))
    glp, loans = p.get("glp"), p.get("loans_outstanding")
    held = before and deposits(body_of(before, 2))
    return {
        "R01": over(par(p, 31), glp),
        "R02": over(plus(par(p, 31), rescheduled(p)), glp),
        "R03.PAR90": over(par(p, 91), glp),
        "R03.NPL": over(par(p, 90), glp),
        "R04.RESTRUCTURED": over(p.get("restructured_outstanding"), glp),
        "R07": over(p.get("allowance"), par(p, 31)),
        "R09": over(p.get("principal_collected_on_due"), p.get("principal_due")),
        "R12": over(plus(*(l.get(name) for name in ("cash", "central_bank", "bank_demand", "emoney"))), deposits(l)),
        "R15.LTD": over(glp, deposits(l)),
        "R15.RES": over(glp, c.get("total_assets")),
        "R16.GROSS": over(l.get("deposit_withdrawal"), held),
        "R20": over(e.get("top20_depositors"), deposits(l)),
        "R28.WOMEN": over(p.get("women_borrowers"), p.get("active_borrowers")),
        "R28.LOAN": over(glp, loans),
        "R28.OFFICER": over(p.get("active_borrowers"), o.get("loan_officers")),
        "R29.ADOPTION": over(o.get("digital_active_30d"), o.get("digital_registered")),
        "R30.APPROVED": over(o.get("reneg_approved"), plus(o.get("reneg_approved"), o.get("reneg_rejected"))),
    }


COMPARING = ["R16.GROSS"]
RATIOS = list(ratios({}, None))
FIELDS = {"P": 1, "L": 2, "O": 3, "C": 4}
ROW_KEYS = {"deposits": "type", "borrowings": "lender", "channels": "channel", "reneg_reasons": "code"}


def amount_of(line, at):
    """A field of a report by its name: P01.glp, P05.aging.loans, P05.aging.loans.1-29, L10.deposits.balance.TERM, O09.emergency_fund.requested."""
    path = line.split(".")[1:]
    body = body_of(at, 5 if line[:3] in ("P23", "L12") else FIELDS[line[0]])
    if path == ["deposits_total"]:
        return deposits(body)
    value = body.get(path[0])
    if len(path) == 1 or value is None:
        return value
    if isinstance(value, dict):
        return value.get(path[1])
    if len(path) == 2:
        return plus(*(row.get(path[1]) for row in value))
    if path[0] == "aging":
        first, last = next(pair for pair in BUCKETS if path[2] == ("%d+" % pair[0] if pair[1] == -1 else "%d" % pair[0] if pair[0] == pair[1]
                                                                  else "%d-%d" % pair))
        return plus(*(row.get(path[1]) for row in value if (row["min_days"], row["max_days"]) == (first, last)))
    key = {"classes": "code", "moratorium_by_month": "month"}.get(path[0]) or ROW_KEYS[path[0]]
    rows = [row.get(path[1]) for row in value if row[key] == path[2]]
    return plus(*rows) if rows else None


def line_of(line, at, before):
    if line in RATIOS:
        return ratios(at, before)[line]
    amount = amount_of(line, at)
    return None if amount is None else (amount, 1)


def measures(row):
    out = {"P24.breakdown." + name: None if name not in row else (row[name], 1)
           for name in "outstanding loans borrowers par30 par90 restructured disbursed written_off".split()}
    out["R01"] = over(row.get("par30"), row.get("outstanding"))
    out["R03.PAR90"] = over(row.get("par90"), row.get("outstanding"))
    out["R04.RESTRUCTURED"] = over(row.get("restructured"), row.get("outstanding"))
    out["R28.LOAN"] = over(row.get("outstanding"), row.get("loans"))
    return out


def breakdown(at, by):
    """(code, line) -> parts; rows of one code are added up."""
    out = {}
    for row in body_of(at, 1).get("breakdown", []):
        if row["dim"] != by or "dim2" in row or row.get("suppressed"):
            continue
        code = row["code"] if row["code"] in LISTED[by] else "UNLISTED"
        for line, parts in measures(row).items():
            if parts is not None:
                old = out.get((code, line), (0, 0))
                out[code, line] = (old[0] + parts[0], old[1] + parts[1] if line[0] == "R" else 1)
    return out


# ---- totals ----

def half_away(numerator, denominator):
    sign = -1 if (numerator < 0) != (denominator < 0) else 1
    numerator, denominator = abs(numerator), abs(denominator)
    return sign * ((2 * numerator + denominator) // (2 * denominator))


def value_of(unit, parts):
    numerator, denominator = parts
    if denominator == 0:
        return None
    return half_away(numerator * 10000, denominator) if unit == "BP" else half_away(numerator, denominator)


def quartile(values, k):
    at, quarters = divmod(k * (len(values) - 1), 4)
    upper = values[at + 1] if quarters else values[at]
    return half_away(values[at] * (4 - quarters) + upper * quarters, 4)


def total(parts):
    """Σ; of sums, whose denominators are 1, the denominator stays 1."""
    ones = all(denominator == 1 for _, denominator in parts)
    return sum(numerator for numerator, _ in parts), 1 if ones else sum(denominator for _, denominator in parts)


class Sector:
    """Who there is, what is known, and what of it the reader may see."""

    def __init__(self, parties, known, month, readable=None, merged=()):
        self.parties, self.known, self.month, self.merged = parties, known, month, merged
        self.before = month_before(month)
        self.readable = readable
        self.owing = [party for party in parties if self.owes(party, month)]
        self.cache = {}

    def owes(self, party, month):
        """The registry's validity, and reporting begins with the first month after enrolment."""
        last = month_end(month)
        first = month_end(month_before(month)) + 1
        return (first >= party["reports_from"] and party["from"] <= last <= party["to"]
                and not (party["id"] in dict(self.merged) and last >= dict(self.merged)[party["id"]]))

    def may_read(self, party):
        return self.readable is None or party["id"] in self.readable

    def reports(self, party, month):
        return self.once((party["id"], month), lambda: self.known.bodies(party["id"], month))

    def filled(self, party):
        """What has not come, as it was the month before."""
        now, before = self.reports(party, self.month), self.reports(party, self.before)
        return {kind: now[kind] if now[kind] is not None else before[kind] for kind in now}

    def groups(self, by):
        out = defaultdict(list)
        sizes = defaultdict(int)
        for party in self.owing:
            sizes[party["category"]] += 1
        for party in self.owing:
            kind = "ALL-SACCOS" if "SACCO" in party["category"] else "ALL-COMPANIES"
            out[{"COUNTRY": "RW", "CATEGORY": party["category"], "DISTRICT": party["district"],
                 "PEER_GROUP": party["category"] if sizes[party["category"]] >= 5 else kind}[by]].append(party)
        return out

    def once(self, key, make):
        if key not in self.cache:
            self.cache[key] = make()
        return self.cache[key]

    def parts(self, party, by, group, line, month):
        at = self.reports(party, month)
        if by in LISTED:
            return self.once((party["id"], month, by), lambda: breakdown(at, by)).get((group, line))
        if line in RATIOS:
            return self.once((party["id"], month, "R"), lambda: ratios(at, self.reports(party, month_before(month))))[line]
        return self.once((party["id"], month, line), lambda: line_of(line, at, None))

    def estimate(self, party, by, group, line):
        if line in COMPARING:
            return None
        if by in LISTED:
            return breakdown(self.filled(party), by).get((group, line))
        return line_of(line, self.filled(party), None)

    def row(self, by, group, line, unit, has_estimates):
        members = self.owing if by in LISTED else self.groups(by)[group]
        seen = [party for party in members if self.may_read(party)]
        now = {party["id"]: self.parts(party, by, group, line, self.month) for party in seen}
        reported = [party for party in seen if now[party["id"]] is not None]
        estimates = [self.estimate(party, by, group, line) for party in seen if party not in reported] if has_estimates else []
        estimates = [parts for parts in estimates if parts is not None]
        out = {"reported": len(reported), "expected": len(members)}
        if len(seen) < len(members):
            out["not_shared"] = len(members) - len(seen)
        if estimates:
            out["estimated"] = len(estimates)
        if reported or estimates:
            parts = total([now[party["id"]] for party in reported] + estimates)
            if line[0] == "R":
                out["numerator"], out["denominator"] = parts
            if value_of(unit, parts) is not None:
                out["value"] = value_of(unit, parts)
        self.add_assets(out, seen, reported)
        if line in RATIOS or line.count(".") < (3 if not line.startswith("P24") else 0):
            self.add_quartiles(out, unit, [now[party["id"]] for party in reported])
        self.add_change(out, unit, reported, now, by, group, line)
        return out

    def add_assets(self, out, seen, reported):
        assets = {party["id"]: self.once((party["id"], "assets"), lambda: self.known.assets(
            party["id"], self.month, party.get("predecessors", ()))) for party in seen}
        known = sum(amount for amount in assets.values() if amount is not None)
        unknown = sum(amount is None for amount in assets.values())
        if known:
            out["assets_bp"] = half_away(sum(assets[party["id"]] or 0 for party in reported) * 10000, known)
        if unknown:
            out["assets_unknown"] = unknown

    def add_quartiles(self, out, unit, parts):
        values = sorted(value for value in (value_of(unit, pair) for pair in parts) if value is not None)
        if values:
            for k, name in enumerate(("quartile_1", "median", "quartile_3"), 1):
                out[name] = quartile(values, k)

    def add_change(self, out, unit, reported, now, by, group, line):
        """Of who is one unit at both ends: those that merged between are another, and are not in the sample until it reports."""
        if line in COMPARING:
            return
        pairs = [(self.parts(party, by, group, line, self.before), now[party["id"]]) for party in reported
                 if self.owes(party, self.before)]
        pairs = [pair for pair in pairs if pair[0] is not None]
        if pairs:
            out["matched_count"] = len(pairs)
            before, matched = (value_of(unit, total([pair[end] for pair in pairs])) for end in (0, 1))
            if before is not None and matched is not None:
                out["before"], out["matched"] = before, matched


KNOWN_LINES = re.compile(r"(P(?!24)|L(?!11|17.mat|18)|O(?!05|08)|C)")


def compare(sector, rows, has_estimates=False):
    """Each row that there is against the second computation. How many were compared, and how many of them had a value."""
    compared = valued = 0
    for row in rows:
        line, by = row["line"], row["by"]
        if by not in LISTED and line not in RATIOS and not KNOWN_LINES.match(line):
            continue
        want = sector.row(by, row["group"], line, row["unit"], has_estimates)
        got = {name: value for name, value in row.items()
               if name not in ("by", "group", "line", "unit", "currency", "at_seq", "known_at")}
        expect(got == want, lambda: "%s %s %s:\n  %s\nand not\n  %s" % (by, row["group"], line, got, want))
        compared, valued = compared + 1, valued + ("value" in got)
    return compared, valued


# ---- the programs ----

class Reader:
    def __init__(self, lab, hub, name, role):
        self.folder = lab.path(name)
        made = run(program("mfi-pull"), "init", self.folder, "--hub", hub.pub, "--endpoint", hub.query, "--id", name.upper(),
                   "--name", name)
        words = add_lines(made.stdout)[0]
        words[words.index("--role") + 1] = role
        hub.command(*words, *(("--category", "USACCO", "--currency", "RWF") if role == "member" else ()))

    def ask(self, *words, **more):
        return run(program("mfi-pull"), "totals", *words, "-c", os.path.join(self.folder, "pull.conf"), **more)

    def rows(self, *words):
        return json.loads(self.ask(*words, "--format", "json").stdout)


def by(*names):
    return [word for name in names for word in ("--by", name)]


def play(lab, hub):
    run(program("mfi-sim"), "sector", "--members", str(MEMBERS), "--months", str(MONTHS), "--seed", "1", "--out", lab.path("sector"),
        "--play", lab.path("bureau"), "--hub", hub.pub, "--ingest", hub.ingest, "--admin", os.path.join(hub.folder, "admin", "socket"),
        "--enrol", timeout=3000)
    with open(lab.path("sector", "parties.csv"), encoding="utf-8") as file:
        return [dict(row, **{"from": day_of(row["valid_from"], -10**6), "to": day_of(row["valid_to"], 10**6),
                             "reports_from": day_of("2019-02-01", 0)}) for row in csv.DictReader(file)]


def known_of(records, row):
    at = datetime.datetime.fromisoformat(row["known_at"].replace("Z", "+00:00"))
    since = at - datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
    return Known(records, row["at_seq"], since // datetime.timedelta(microseconds=1))


def a_simulated_sector_in_a_second_computation(lab):
    hub = lab.hub("--test", "--test-time", "2019-01-01").start()
    parties = play(lab, hub)
    shares = {party["id"] for party in parties if party["agreement"] == "yes"}
    regulator, staff = Reader(lab, hub, "bnr", "regulator"), Reader(lab, hub, "amir", "association")
    all_groups = by("COUNTRY", "CATEGORY", "DISTRICT", "PEER_GROUP", "SECTOR", "PRODUCT", "GENDER")
    month = "2020-03"
    half = hub.status()["records"] // 2
    asked = {
        "now": (month, regulator.rows(month, *all_groups), None, False),
        "a month earlier": ("2020-02", regulator.rows("2020-02"), None, False),
        "as known early": (month, regulator.rows(month, *by("COUNTRY", "CATEGORY"), "--as-known-at", "2020-04-12T12:00:00Z"), None, False),
        "as of a record": ("2019-08", regulator.rows("2019-08", "--at-seq", str(half)), None, False),
        "estimates": ("2020-04", regulator.rows("2020-04", *by("COUNTRY", "SECTOR"), "--estimates"), None, True),
        "staff": (month, staff.rows(month, *by("COUNTRY", "PEER_GROUP", "GENDER")), shares, False),
        "before anybody reported": ("2019-02", regulator.rows("2019-02", "--as-known-at", "2019-02-15"), None, False),
    }
    first, second = parties[0]["id"], parties[1]["id"]
    hub.command("parties", "add", "MERGED-1", "--role", "member", "--name", "Merged", "--category", "DSACCO", "--district", "403",
                "--currency", "RWF")
    hub.command("parties", "merge", first, second, "--into", "MERGED-1", "--from", "2020-03-01")
    asked["after a merger"] = (month, regulator.rows(month, *by("COUNTRY", "CATEGORY", "DISTRICT")), None, False)
    merged = [(first, day_of("2020-03-01", 0)), (second, day_of("2020-03-01", 0))]
    successor = {"id": "MERGED-1", "category": "DSACCO", "district": "403", "from": -10**6, "to": 10**6,
                 "reports_from": day_of("2020-03-01", 0),
                 "predecessors": (first, second)}
    expect(not any(row["line"][:3] in ("R20", "R32", "P23", "L12") for row in asked["staff"][1]), "staff see what is made of EXPOSURES")
    records = hub.records()
    for name, (of, rows, readable, has_estimates) in asked.items():
        is_merged = name == "after a merger"
        sector = Sector(parties + [successor] * is_merged, known_of(records, rows[0]), of, readable, merged if is_merged else ())
        compared, valued = compare(sector, rows, has_estimates)
        print("  %s: %s, record %d: %d rows equal, %d of them with a value" % (name, of, rows[0]["at_seq"], compared, valued))
        expect(compared > 100 and (valued > 100 or name == "before anybody reported"), "too little was compared")


def what_is_printed_and_what_is_refused(lab):
    hub = lab.hub().start()
    regulator = Reader(lab, hub, "bnr", "regulator")
    done = regulator.ask("2020-03")
    expect(done.stdout.split() == "GROUPING GROUP LINE VALUE REPORTED ASSETS QUARTILE 1 MEDIAN QUARTILE 3 SINCE THE MONTH BEFORE".split(),
           "an empty sector: %s" % done.stdout)
    expect("0 rows, as of record" in done.stderr, done.stderr)
    expect(regulator.rows("2020-03") == [], "an empty sector has rows")
    member = Reader(lab, hub, "m-1", "member")
    hub.command("parties", "add", "U-1", "--role", "member", "--name", "One", "--category", "USACCO", "--district", "403",
                "--currency", "RWF", "--reports-from", "2020-01-01")
    row, = regulator.rows("2020-03", "--line", "P01")
    expect((row["reported"], row["expected"], "value" in row) == (0, 1, False), "absent is shown as something: %s" % row)
    lines = list(csv.reader(io.StringIO(regulator.ask("2020-03", "--line", "P01", "--format", "csv").stdout)))
    expect(len(lines) == 2 and lines[1][lines[0].index("value")] == "", "absent is no empty cell: %s" % lines)
    out = lab.path("totals.csv")
    regulator.ask("2020-03", "--format", "csv", "--out", out)
    with open(out, encoding="utf-8") as file:
        expect(len(file.readlines()) > 300, "the file is short")
    for words, code, text in [
            (("2020-Q1",), 2, "PERIOD is a month"), (("2020-13",), 2, "PERIOD is a month"), (("2020-03", "--format", "xml"), 2, "--format is"),
            (("2020-03", "--at-seq", "1", "--as-known-at", "2020-01-01"), 2, "not both"),
            (("2020-03", "--by", "VILLAGE"), 1, "not by VILLAGE"), (("2020-03", "--line", "R99"), 1, "no total of a line R99"),
            (("2020-03", "--line", "R17"), 1, "no total of a line R17"), (("2150-01",), 1, "has not begun"),
            (("2020-03", "--at-seq", "999999"), 1, "lies behind it")]:
        done = regulator.ask(*words, codes=(code,))
        expect(text in done.stderr and done.stdout == "", "%s: %s" % (words, done.stderr))
    done = member.ask("2020-03", codes=(1,))
    expect("NOT_ENTITLED" in done.stderr and "for the regulator" in done.stderr, done.stderr)
    expect(hub.status()["counters"]["totals"] >= 5, "totals are not counted")


def what_was_made_is_given_again_until_a_record_concerns_it(lab):
    """And each question is written down once: an access of the act TOTALS, with its month."""
    hub = lab.hub("--test", "--test-time", "2020-07-01").start()
    regulator = Reader(lab, hub, "bnr", "regulator")
    add = ("--role", "member", "--name", "One", "--category", "USACCO", "--district", "403", "--currency", "RWF", "--reports-from", "2020-01-01")
    hub.command("parties", "add", "U-1", *add)
    first, = regulator.rows("2020-03", "--line", "P01")
    second, = regulator.rows("2020-03", "--line", "P01")
    expect(second["at_seq"] == first["at_seq"] + 1, "the access is not in the journal, or twice: %s, %s" % (first, second))
    third, = regulator.rows("2020-03", "--line", "P01")
    expect(third["at_seq"] == second["at_seq"], "an equal act is written down twice: %s" % third)
    hub.command("parties", "add", "U-2", *add)
    fourth, = regulator.rows("2020-03", "--line", "P01")
    expect((second["expected"], fourth["expected"]) == (1, 2), "who came meanwhile is not in it: %s" % fourth)
    then, = regulator.rows("2020-03", "--line", "P01", "--at-seq", str(first["at_seq"]))
    expect(then["expected"] == 1, "as of a record it is not what it was: %s" % then)
    accesses = [journal.fields(journal.fields(record.body)[field]) for record in hub.records() if not record.is_report
                for field in journal.fields(record.body) if record.kind == 30 and field >= 10]
    expect(len(accesses) >= 2, "the journal has %d accesses" % len(accesses))


if __name__ == "__main__":
    run_scenarios(sys.modules[__name__])
