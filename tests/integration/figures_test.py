#!/usr/bin/python3
"""The figures of `mfi-agent check` against a second implementation, written from the definitions alone.

Loan books of several seeds and dates, as the simulator exports them and shuffled to the edges of every definition. Equal
means equal: each scalar, each row, each ratio that is shown. BIN is the folder of the programs.
"""
import calendar
import csv
import datetime
import json
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict

BIN = os.environ["BIN"]
ID = "RW-US-403-01"
LEAST = datetime.date(1900, 1, 1)
DAY = datetime.timedelta(days=1)

# ---- the country's numbers, as the definitions give them ----
CURE_MONTHS = 12
EDGES = [(0, 0), (1, 29), (30, 30), (31, 59), (60, 60), (61, 89), (90, 90), (91, 179), (180, 180), (181, 359), (360, 360),
         (361, -1)]
CLASSES = [("NL", 0, 100), ("WL", 30, 300), ("SL", 90, 2000), ("DL", 180, 5000), ("LL", 360, 10000)]
TERM = [(0, 30), (31, 90), (91, 180), (181, 365), (366, -1)]
BANDS = {
    "RWF": [("LE100K", 100000), ("LE500K", 500000), ("LE1M", 1000000), ("LE5M", 5000000), ("LE20M", 20000000), ("GT20M", None)],
    "KES": [("LE10K", 1000000), ("LE50K", 5000000), ("LE100K", 10000000), ("LE500K", 50000000), ("LE2M", 200000000),
            ("GT2M", None)],
}
EXPONENT = {"RWF": 0, "KES": 2}
GENDERS = "FMEGU"
WORDS = {"f": "F", "female": "F", "femme": "F", "feminin": "F", "féminin": "F", "gore": "F", "umugore": "F", "m": "M",
         "h": "M", "male": "M", "homme": "M", "masculin": "M", "gabo": "M", "umugabo": "M", "g": "G", "group": "G",
         "groupe": "G", "e": "E", "entity": "E", "u": "U"}
SECTORS = "AGRI COMMERCE SERVICES TRANSPORT MANUF CONSTR_HOUSING EDUCATION CONSUMPTION OTHER UNK".split()
PRODUCTS = "INDIV GROUP AGRI SALARY ASSET HOUSING EMERGENCY DIGITAL OTHER UNK".split()
DISTRICTS = ([str(100 + i) for i in range(1, 4)] + [str(200 + i) for i in range(1, 9)] + [str(300 + i) for i in range(1, 8)]
             + [str(400 + i) for i in range(1, 6)] + [str(500 + i) for i in range(1, 8)])
GL = {"111": ("cash", 1), "112": ("bank_term_over_90", 1), "1121": ("bank_demand", 1), "1122": ("bank_term_30", 1),
      "1123": ("bank_term_31_90", 1), "1131": ("emoney", 1), "1141": ("govt_unencumbered", 1), "119": ("central_bank", 1),
      "1390": ("allowance", -1), "1610": ("accrued_interest_receivable", 1), "2210": ("borrowings.BANK", -1),
      "5210": ("provision_expense", 1)}
IN_PORTFOLIO = {"allowance", "accrued_interest_receivable", "provision_expense"}
FLOWS_OF_GL = {"provision_expense"}


def day(text):
    return datetime.date.fromisoformat(text) if text else None


def add_months(date, months):
    at = date.year * 12 + date.month - 1 + months
    year, month = at // 12, at % 12 + 1
    return datetime.date(year, month, min(date.day, calendar.monthrange(year, month)[1]))


def half_away(numerator, denominator):
    sign = -1 if (numerator < 0) != (denominator < 0) else 1
    numerator, denominator = abs(numerator), abs(denominator)
    return sign * ((2 * numerator + denominator) // (2 * denominator))


class Folder:
    def __init__(self, path):
        self.path = path
        with open(path + "/manifest.ini", encoding="utf-8") as file:
            self.manifest = dict((part.strip() for part in line.split("=", 1)) for line in file if "=" in line)
        self.files = {name: self.rows(name) for name in ("loans", "deposits", "flows", "gl")}
        self.as_of = day(self.manifest["as_of"])
        self.start = day(self.manifest["period_start"])
        self.frequency = self.manifest["frequency"]

    def rows(self, name):
        if not os.path.exists("%s/%s.csv" % (self.path, name)):
            return None
        with open("%s/%s.csv" % (self.path, name), encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))

    def has(self, name, column):
        return column in self.files[name][0]

    def money(self, text):
        if not text:
            return 0
        whole, _, part = text.partition(".")
        exponent = EXPONENT[self.manifest["currency"]]
        return int(whole + part.ljust(exponent, "0"))

    def in_period(self, date):
        return date is not None and self.start <= date <= self.as_of

    def write(self):
        for name, rows in self.files.items():
            if rows is not None:
                with open("%s/%s.csv" % (self.path, name), "w", encoding="utf-8", newline="") as file:
                    out = csv.DictWriter(file, rows[0].keys())
                    out.writeheader()
                    out.writerows(rows)
        total = sum(self.money(row["principal_outstanding"]) for row in self.files["loans"])
        exponent = EXPONENT[self.manifest["currency"]]
        self.manifest["rows"] = str(len(self.files["loans"]))
        self.manifest["sum_principal_outstanding"] = (
            str(total) if exponent == 0 else "%d.%0*d" % (total // 10 ** exponent, exponent, total % 10 ** exponent))
        with open(self.path + "/manifest.ini", "w", encoding="utf-8") as file:
            file.writelines("%s = %s\n" % pair for pair in self.manifest.items())


# ---- PORTFOLIO ----

class Loan:
    """D5 to D9 for one row."""

    def __init__(self, folder, row):
        self.row = row
        for name in "principal_disbursed principal_outstanding principal_overdue written_off_amount provision eligible_collateral".split():
            setattr(self, name, folder.money(row.get(name)))
        as_of = folder.as_of
        self.disbursed_on, self.written_off_on = day(row["disbursed_on"]), day(row.get("written_off_on"))
        since = day(row.get("overdue_since"))
        self.counted = (self.principal_outstanding > 0 and self.disbursed_on <= as_of
                        and not (self.written_off_on and self.written_off_on <= as_of))
        self.days = (as_of - since).days if since else int(row.get("days_overdue") or 0)
        changed, times = day(row["restructured_on"]), row["times_restructured"]
        self.was_changed = int(times) > 0 if times else changed is not None
        self.changed_on = changed if self.was_changed else None
        self.restructured = self.was_changed and (changed is None or changed <= as_of)
        self.cured_in_period = False
        if self.restructured and changed and self.days == 0:
            cured = add_months(changed, CURE_MONTHS)
            self.restructured = cured > as_of
            self.cured_in_period = folder.in_period(cured)
        self.until = day(row.get("moratorium_until"))
        self.in_moratorium = self.until is not None and self.until >= as_of
        self.class_code = row.get("class") or [code for code, first, _ in CLASSES if first <= self.days][-1]
        self.members = max(1, int(row.get("members") or 0))
        self.gender = WORDS.get(row["gender"].lower(), "U")
        self.age = self.age_at(as_of)
        district = row.get("district")
        self.codes = {
            "SECTOR": row["sector"] if row["sector"] in SECTORS else "UNK",
            "PRODUCT": row["product"] if row["product"] in PRODUCTS else "UNK",
            "DISTRICT": district if district in DISTRICTS else "XXX",
            "BRANCH": row.get("branch") or "UNK",
            "SIZE": next(code for code, most in BANDS[folder.manifest["currency"]]
                         if most is None or self.principal_disbursed <= most),
            "GENDER": self.gender,
            "AGE": self.age,
        }

    def age_at(self, as_of):
        year = self.row.get("birth_year")
        years = as_of.year - int(year) if year else -1
        return "U" if years < 0 or years > 120 else "<30" if years < 30 else "30-59" if years < 60 else "60+"


def portfolio(folder):
    loans = [Loan(folder, row) for row in folder.files["loans"]]
    counted = [loan for loan in loans if loan.counted]

    def amount(which):
        return sum(loan.principal_outstanding for loan in counted if which(loan))

    def number(which):
        return sum(1 for loan in counted if which(loan))

    body = {"glp": amount(lambda loan: True), "loans_outstanding": len(counted)}
    people = borrowers(counted)
    body["active_borrowers"] = sum(person["members"] for person in people.values())
    body["women_borrowers"] = sum(person["members"] for person in people.values() if person["gender"] == "F")
    has_overdue = folder.has("loans", "principal_overdue") and all(
        loan.row["principal_overdue"] for loan in counted if loan.days > 0)
    has_moratorium = folder.has("loans", "moratorium_until")
    body["aging"] = []
    for first, last in EDGES:
        row = [loan for loan in counted if first <= loan.days and (last == -1 or loan.days <= last)]
        body["aging"].append({"min_days": first, "max_days": last, "loans": len(row),
                              "outstanding": sum(loan.principal_outstanding for loan in row),
                              "restructured": sum(loan.principal_outstanding for loan in row if loan.restructured)})
        if has_overdue:
            body["aging"][-1]["overdue_principal"] = sum(loan.principal_overdue for loan in row)
        if has_moratorium:
            held = [loan for loan in row if loan.in_moratorium]
            body["aging"][-1]["moratorium"] = sum(loan.principal_outstanding for loan in held)
            body["aging"][-1]["moratorium_restructured"] = sum(
                loan.principal_outstanding for loan in held if loan.restructured)
    for name, plain, which in (
            ("restructured_outstanding", "restructured_loans", lambda loan: loan.restructured),
            ("restructured_in_period", "restructured_in_period_loans", lambda loan: folder.in_period(loan.changed_on)),
            ("cured_in_period", "cured_in_period_loans", lambda loan: loan.cured_in_period)):
        body[name], body[plain] = amount(which), number(which)
    if has_moratorium:
        body.update(moratoria(folder, counted))
    body["classes"] = []
    for code, _, rate in CLASSES:
        row = [loan for loan in counted if loan.class_code == code]
        uncovered = sum(max(0, loan.principal_outstanding - loan.eligible_collateral) for loan in row)
        body["classes"].append({"code": code, "outstanding": sum(loan.principal_outstanding for loan in row),
                                "required_provision": half_away(uncovered * rate, 10000)})
        if folder.has("loans", "eligible_collateral"):
            body["classes"][-1]["eligible_collateral"] = sum(loan.eligible_collateral for loan in row)
        if folder.has("loans", "provision"):
            body["classes"][-1]["held_provision"] = sum(loan.provision for loan in row)
    has_written_off = folder.has("loans", "written_off_on") and folder.has("loans", "written_off_amount")
    body["disbursed_loans"] = sum(folder.in_period(loan.disbursed_on) for loan in loans)
    if has_written_off:
        body["written_off_loans"] = sum(folder.in_period(loan.written_off_on) for loan in loans)
    if folder.files["flows"]:
        sums, _ = flow_sums(folder)
        for name, kind in (("disbursed", "DISB"), ("written_off", "WRITEOFF"), ("recovered", "RECOVERY"),
                           ("principal_collected", "REPAY_P"), ("interest_collected", "REPAY_I"), ("glp_adjustment", "GLP_ADJ")):
            body[name] = sums[kind]
    body.update({name: value for name, value in ledger(folder).items() if name in IN_PORTFOLIO})
    if "allowance" not in body and folder.has("loans", "provision"):
        body["allowance"] = sum(loan.provision for loan in counted)
    body["breakdown"] = breakdown(folder, loans, people, has_written_off)
    return body


def moratoria(folder, counted):
    held = [loan for loan in counted if loan.in_moratorium]
    left = [((loan.until - folder.as_of).days, loan.principal_outstanding) for loan in held]
    ended = [loan for loan in counted if loan.until and folder.start - DAY <= loan.until <= folder.as_of - DAY]
    body = {
        "moratorium_outstanding": sum(loan.principal_outstanding for loan in held), "moratorium_loans": len(held),
        "moratorium_ending_30": sum(amount for days, amount in left if days <= 30),
        "moratorium_ending_31_90": sum(amount for days, amount in left if 31 <= days <= 90),
        "moratorium_ending_over_90": sum(amount for days, amount in left if days > 90),
        "moratorium_ended": sum(loan.principal_outstanding for loan in ended),
        "moratorium_ended_paying": sum(loan.principal_outstanding for loan in ended if loan.days == 0),
    }
    months = ["%04d-%02d" % divmod_month(folder.as_of, i) for i in range(12)] + ["LATER"]
    of_month = defaultdict(list)
    for loan in held:
        name = loan.until.strftime("%Y-%m")
        of_month[name if name in months else "LATER"].append(loan.principal_outstanding)
    body["moratorium_by_month"] = [{"month": name, "outstanding": sum(of_month[name]), "loans": len(of_month[name])}
                                   for name in months]
    return body


def divmod_month(date, months):
    at = date.year * 12 + date.month - 1 + months
    return at // 12, at % 12 + 1


def borrowers(counted):
    """D9; the first counted row says gender and age."""
    people = {}
    for loan in counted:
        person = people.setdefault(loan.row["borrower_ref"], {
            "members": 0, "gender": loan.gender, "age": loan.age, "amount": 0, "codes": defaultdict(set)})
        person["members"] = max(person["members"], loan.members)
        person["amount"] += loan.principal_outstanding
        loan.codes["GENDER"], loan.codes["AGE"] = person["gender"], person["age"]
        for dim, code in loan.codes.items():
            person["codes"][dim].add(code)
    return people


def breakdown(folder, loans, people, has_written_off):
    rows, cells = {}, {}
    columns = {"DISTRICT": "district", "BRANCH": "branch", "AGE": "birth_year"}
    dims = [dim for dim in ("GENDER", "SECTOR", "PRODUCT", "SIZE", "DISTRICT", "BRANCH", "AGE")
            if dim not in columns or folder.has("loans", columns[dim])]

    def add(row, loan):
        if loan.counted:
            amount = loan.principal_outstanding
            row.update({"loans": 1, "outstanding": amount, "par30": amount * (loan.days > 30), "par90": amount * (loan.days > 90),
                        "restructured": amount * loan.restructured})
        row["disbursed"] += loan.principal_disbursed * folder.in_period(loan.disbursed_on)
        row["written_off"] += loan.written_off_amount * folder.in_period(loan.written_off_on)

    for loan in loans:
        for dim in dims:
            add(rows.setdefault((dim, loan.codes[dim]), Counter()), loan)
        if "DISTRICT" in dims:
            add(cells.setdefault((loan.codes["DISTRICT"], loan.codes["GENDER"]), Counter()), loan)
    for person in people.values():
        for dim in dims:
            for code in person["codes"][dim]:
                rows[dim, code]["borrowers"] += person["members"]
        for code in person["codes"]["DISTRICT"]:
            if "DISTRICT" in dims:
                cells[code, person["gender"]]["borrowers"] += person["members"]
    stocks = ("outstanding", "loans", "borrowers", "par30", "par90", "restructured")
    flows = ("disbursed",) + (("written_off",) if has_written_off else ())
    made = {}
    for (dim, code), row in rows.items():
        if row["loans"] or row["disbursed"] or row["written_off"]:
            made[dim, code] = {"dim": dim, "code": code, **{name: row[name] for name in stocks + flows}}
    for (code, gender), cell in cells.items():
        if cell["loans"]:
            made["DISTRICT", code, gender] = {"dim": "DISTRICT", "code": code, "dim2": "GENDER", "code2": gender,
                                              **{name: cell[name] for name in stocks}}
    return made


# ---- small cells (3.5) ----

def suppress(wanted, shown):
    """Takes over which cells are hidden, and says what is wrong with the choice."""
    people = {(key[1], key[2]): row["borrowers"] for key, row in wanted.items() if len(key) == 3}
    hidden = {place for place in people if shown.get(("DISTRICT",) + place, {}).get("suppressed")}
    for place in hidden:
        row = wanted[("DISTRICT",) + place]
        wanted[("DISTRICT",) + place] = {**{name: row[name] for name in ("dim", "code", "dim2", "code2")}, "suppressed": True}
    least = hide(people)
    yield from ("%s is shown, and 3.5 hides it" % (place,) for place in sorted(least - hidden))
    told = [place for place in least if is_told(place, least) and not is_told(place, set(people))]
    if hidden != least and not told:
        yield "%s are hidden without need" % sorted(hidden - least)
    yield from ("%s is hidden, and the lines tell it" % (place,) for place in sorted(hidden)
                if is_told(place, hidden) and not is_told(place, set(people)))


def is_told(place, hidden):
    """By sums and differences of lines: its district and its gender are not joined by other hidden cells."""
    reached, fresh = {place[0]}, {place[0]}
    while fresh:
        fresh = {other for cell in hidden - {place} for other in cell if reached & set(cell)} - reached
        reached |= fresh
    return place[1] not in reached


def hide(people):
    """1 to 4 people; then the next smallest of a line in which one alone is hidden, while there is such a line."""
    hidden = {place for place, count in people.items() if 1 <= count <= 4}
    lines = [[(district, gender) for gender in GENDERS] for district in DISTRICTS + ["XXX"]]
    lines += [[(district, gender) for district in DISTRICTS + ["XXX"]] for gender in GENDERS]
    while True:
        before = len(hidden)
        for line in lines:
            open_cells = [place for place in line if people.get(place, 0) > 0 and place not in hidden]
            if sum(place in hidden for place in line) == 1 and open_cells:
                hidden.add(min(open_cells, key=people.get))
        if len(hidden) == before:
            break
    return hidden


# ---- the other extracts ----

def flow_sums(folder):
    sums, counts = Counter(), Counter()
    for row in folder.files["flows"]:
        if folder.in_period(day(row["date"])):
            sums[row["kind"]] += folder.money(row["amount"])
            counts[row["kind"]] += int(row["count"] or 0)
    return sums, counts


def ledger(folder):
    if not folder.files["gl"]:
        return {}
    closing, opening = ({name: 0 for name, _ in GL.values()} for _ in range(2))
    for row in folder.files["gl"]:
        prefixes = [prefix for prefix in GL if row["gl_code"].startswith(prefix)]
        if prefixes:
            name, sign = GL[max(prefixes, key=len)]
            closing[name] += sign * (folder.money(row["debit"]) - folder.money(row["credit"]))
            opened = row["opening_balance"]
            opening[name] += sign * (-folder.money(opened[1:]) if opened.startswith("-") else folder.money(opened))
    starts_year = folder.start.month == 1 and folder.start.day == 1
    return {name: value - (0 if starts_year else opening[name]) if name in FLOWS_OF_GL else value
            for name, value in closing.items()}


def accounts(folder):
    return [{**row, "amount": folder.money(row["balance"])} for row in folder.files["deposits"]
            if not row["balance"].startswith("-") and folder.money(row["balance"]) > 0]


def liquidity(folder):
    body, open_accounts = {}, accounts(folder)
    gender = {}
    for row in open_accounts:
        gender.setdefault(row["owner_ref"], WORDS.get(row.get("gender", "").lower(), "U"))
    body["deposits"] = []
    for kind in ("DEMAND", "SAVINGS", "COMPULSORY", "TERM", "OTHER"):
        mine = [row for row in open_accounts if row["type"] == kind]
        if mine or kind != "OTHER":
            owners = {row["owner_ref"] for row in mine}
            body["deposits"].append({"type": kind, "balance": sum(row["amount"] for row in mine), "accounts": len(mine),
                                     "depositors": len(owners)})
            if folder.has("deposits", "gender"):
                body["deposits"][-1]["women_depositors"] = sum(gender[owner] == "F" for owner in owners)
    if folder.has("deposits", "matures_on"):
        left = [(max(0, (day(row["matures_on"]) - folder.as_of).days), row["amount"]) for row in open_accounts
                if row["type"] == "TERM"]
        body["maturities"] = [
            {"item": "TERM_DEPOSITS", "from_day": first, "to_day": last,
             "amount": sum(amount for days, amount in left if first <= days and (last == -1 or days <= last))}
            for first, last in TERM]
    if folder.has("deposits", "last_tx_on"):
        body["dormant_deposits"] = sum(row["amount"] for row in open_accounts if row["last_tx_on"]
                                       and add_months(day(row["last_tx_on"]), 12) < folder.as_of)
    if folder.files["flows"]:
        sums, counts = flow_sums(folder)
        body["deposit_inflow"], body["deposit_inflow_count"] = sums["DEP_IN"], counts["DEP_IN"]
        body["deposit_withdrawal"], body["deposit_withdrawal_count"] = sums["DEP_OUT"], counts["DEP_OUT"]
        body["interest_credited"] = sums["DEP_INTEREST"]
        body["deposit_adjustment"] = sums["DEP_ADJ"] - sums["DEP_FEES"]
        out = Counter()
        for row in folder.files["flows"]:
            if row["kind"] == "DEP_OUT" and folder.in_period(day(row["date"])):
                out[row["date"]] += folder.money(row["amount"])
        body["peak_day_withdrawal"] = max(out.values(), default=0)
        if body["peak_day_withdrawal"] > 0:
            body["peak_day"] = min(date for date, amount in out.items() if amount == body["peak_day_withdrawal"])
    for name, value in ledger(folder).items():
        if name.startswith("borrowings."):
            body["borrowings"] = [{"lender": name.split(".")[1], "outstanding": value}]
        elif name not in IN_PORTFOLIO:
            body[name] = value
    return body


def exposures(folder):
    counted = [loan for loan in (Loan(folder, row) for row in folder.files["loans"]) if loan.counted]
    amounts = sorted((person["amount"] for person in borrowers(counted).values()), reverse=True)
    body = {"largest_borrower": max(amounts, default=0), "top20_borrowers": sum(amounts[:20])}
    if folder.has("loans", "related_party"):
        for name, codes in (("insider", "STAFF DIR MGT".split()), ("related_party", "STAFF DIR MGT SHAREHOLDER".split())):
            body[name] = sum(loan.principal_outstanding for loan in counted if loan.row["related_party"] in codes)
    if folder.files["deposits"]:
        owners = Counter()
        for row in accounts(folder):
            owners[row["owner_ref"]] += row["amount"]
        amounts = sorted(owners.values(), reverse=True)
        body["largest_depositor"], body["top20_depositors"] = max(amounts, default=0), sum(amounts[:20])
    return body


def operations(folder):
    """O06 of flows.csv; None where it has no such row."""
    if not any(row["kind"].startswith("RENEG_") and folder.in_period(day(row["date"])) for row in folder.files["flows"] or []):
        return None
    sums, counts = flow_sums(folder)
    body = {"reneg_" + kind.lower(): counts["RENEG_" + kind] for kind in ("RECEIVED", "APPROVED", "REJECTED", "WITHDRAWN")}
    return dict(body, reneg_received_amount=sums["RENEG_RECEIVED"], reneg_approved_amount=sums["RENEG_APPROVED"])


# ---- ratios (1.7) ----

def ratios(portfolio_body, liquidity_body):
    """In basis points; None: null."""
    def share(numerator, denominator):
        return None if numerator is None or not denominator else half_away(numerator * 10000, denominator)

    aging, glp = portfolio_body["aging"], portfolio_body["glp"]
    par = {k: sum(row["outstanding"] for row in aging if row["min_days"] > k) for k in (30, 89, 90)}
    changed = sum(row["restructured"] for row in aging if row["min_days"] <= 30)
    found = {"R01": share(par[30], glp), "R02": share(par[30] + changed, glp), "R03.PAR90": share(par[90], glp),
             "R03.NPL": share(par[89], glp), "R04.RESTRUCTURED": share(portfolio_body["restructured_outstanding"], glp),
             "R07": share(portfolio_body.get("allowance"), par[30])}
    if liquidity_body:
        deposits = sum(row["balance"] for row in liquidity_body["deposits"])
        cash = [liquidity_body.get(name) for name in ("cash", "central_bank", "bank_demand", "emoney")]
        liquid = cash + [liquidity_body.get(name) for name in ("bank_term_30", "bank_term_31_90", "govt_unencumbered")]
        for name, parts in (("R11", liquid), ("R12", cash)):
            found[name] = share(None if None in parts else sum(parts), deposits)
    return found


def shown_ratios(text):
    return {match[2]: match[1] for match in re.finditer(r"(-?[0-9]+\.[0-9]) %   (R[0-9A-Z.]+) = ", text)}


# ---- comparing ----

def agent(*words):
    return subprocess.run([BIN + "/mfi-agent", *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8", check=False)


def differences(path, ours, theirs):
    if isinstance(ours, dict) and isinstance(theirs, dict):
        for key in sorted(ours.keys() | theirs.keys(), key=str):
            yield from differences("%s.%s" % (path, key), ours.get(key), theirs.get(key))
    elif isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        for i, pair in enumerate(zip(ours, theirs)):
            yield from differences("%s[%d]" % (path, i), *pair)
    elif ours != theirs:
        yield "%s: by the definitions %s, by mfi-agent %s" % (path, ours, theirs)


def key_of(row):
    return (row["dim"], row["code"]) + ((row["code2"],) if "code2" in row else ())


def compare(config, folder):
    done = agent("check", "-c", config, "--now", str(folder.as_of + 3 * DAY), "--format", "json", folder.path)
    if not done.stdout:
        return ["mfi-agent check: exit %d, %s" % (done.returncode, done.stderr)]
    reports = {report["type"]: report["report"] for report in json.loads(done.stdout)["reports"]}
    wanted = {"PORTFOLIO": portfolio(folder)}
    if folder.files["deposits"] or folder.files["gl"]:
        wanted["LIQUIDITY"] = liquidity(folder)
    if operations(folder):
        wanted["OPERATIONS"] = operations(folder)
    if folder.frequency == "M":
        wanted["EXPOSURES"] = exposures(folder)
    found = list(differences("reports", sorted(wanted), sorted(reports)))
    for kind in wanted.keys() & reports.keys():
        body = dict(reports[kind][kind.lower()])
        if "breakdown" in body:
            rows = body["breakdown"]
            body["breakdown"] = {key_of(row): row for row in rows}
            found += suppress(wanted[kind]["breakdown"], body["breakdown"])
            found += ["a row of the breakdown stands twice"] * (len(rows) != len(body["breakdown"]))
        found += differences(kind, wanted[kind], body)
    text = agent("check", "-c", config, "--now", str(folder.as_of + 3 * DAY), folder.path).stdout
    tenths = {name: half_away(value, 10) for name, value in ratios(wanted["PORTFOLIO"], wanted.get("LIQUIDITY")).items()
              if value is not None}
    found += differences("ratio", {name: "%d.%d" % divmod(value, 10) for name, value in tenths.items()}, shown_ratios(text))
    return found


# ---- books ----

def make(path, seed, as_of, frequency, loans):
    subprocess.run([BIN + "/mfi-sim", "loanbook", "-n", str(loans), "-d", as_of, "-s", str(seed), "-q", frequency, "-i", ID,
                    "-o", path], check=True, stdout=subprocess.DEVNULL)
    return Folder(path)


def shuffle_loan(folder, draw, row):
    as_of, money = folder.as_of, folder.money

    def near(*months):
        return (add_months(as_of, draw.choice(months)) + draw.randint(-2, 2) * DAY).isoformat()

    row["gender"] = draw.choice(list(WORDS) + ["UMUGORE", "Femme", "FÉMININ", "?", ""])
    row["members"] = draw.choice(["", "0", "1", "2", "7"])
    row["borrower_ref"] = "M%d" % draw.randint(1, max(2, len(folder.files["loans"]) * 2 // 3))
    row["birth_year"] = draw.choice(["", "1850", str(as_of.year + 1)] + [str(as_of.year - years) for years in (29, 30, 59, 60, 120)])
    row["district"] = draw.choice(DISTRICTS[:9] + ["", "999"])
    row["branch"] = draw.choice(["", "B1", "B2", "Kimironko"])
    row["product"], row["sector"] = draw.choice(PRODUCTS + ["LOAN"]), draw.choice(SECTORS + ["?"])
    row["disbursed_on"] = draw.choice([row["disbursed_on"], near(0), near(-1), folder.start.isoformat(), as_of.isoformat()])
    late = draw.choice([0, 0, 0] + [edge + more for edge, _ in EDGES for more in (-1, 0, 1) if edge + more > 0])
    row["overdue_since"] = (as_of - late * DAY).isoformat() if late and draw.random() < .7 else ""
    row["days_overdue"] = str(late) if not row["overdue_since"] or draw.random() < .5 else ""
    row["principal_overdue"] = str(int(money(row["principal_outstanding"]) // 10 ** EXPONENT[folder.manifest["currency"]] // 2)
                                   if late else 0)
    row["restructured_on"] = draw.choice(["", near(0), near(-12), near(-1), near(-13), "2019-02-28", "2016-02-29"])
    row["times_restructured"] = draw.choice(["", "1", "2"]) if row["restructured_on"] else draw.choice(["", "0", "1"])
    row["moratorium_until"] = draw.choice(["", "", near(0), near(-1), near(1), near(3), near(11), near(12), near(30)])
    row["written_off_on"] = draw.choice([""] * 9 + [near(0), near(-1)])
    row["written_off_amount"] = row["principal_outstanding"] if row["written_off_on"] else ""
    row["class"] = draw.choice(["", "", "NL", "WL", "SL", "DL", "LL"])
    row["related_party"] = draw.choice("NONE STAFF DIR MGT SHAREHOLDER".split() + [""])
    row["eligible_collateral"] = draw.choice(["", "0", row["principal_outstanding"], row["principal_disbursed"]])


def shuffle(folder, draw):
    """Each column to the edges of its definition."""
    for row in folder.files["loans"]:
        shuffle_loan(folder, draw, row)
    for row in folder.files["deposits"]:
        row["owner_ref"] = "M%d" % draw.randint(1, len(folder.files["deposits"]) // 2)
        row["type"] = draw.choice("DEMAND SAVINGS COMPULSORY TERM OTHER".split())
        if row["type"] == "TERM":
            row["matures_on"] = (folder.as_of + draw.choice([-9, 0, 30, 31, 90, 91, 180, 181, 365, 366]) * DAY).isoformat()
        row["gender"] = draw.choice(["F", "M", "gore", "", "?"])
        row["last_tx_on"] = draw.choice(["", (add_months(folder.as_of, -12) + draw.randint(-2, 2) * DAY).isoformat()])
        row["balance"] = draw.choice([row["balance"]] * 6 + ["0", "-500"])
    for row in folder.files["flows"]:
        row["date"] = draw.choice([row["date"]] * 5 + [(folder.start - DAY).isoformat(), (folder.as_of + DAY).isoformat()])


def in_cents(folder):
    """The same book in a currency with cents."""
    columns = {"loans": "principal_disbursed principal_outstanding principal_overdue written_off_amount provision eligible_collateral",
               "deposits": "balance", "flows": "amount", "gl": "debit credit opening_balance"}
    folder.manifest["currency"] = "KES"
    for name, names in columns.items():
        for i, row in enumerate(folder.files[name]):
            for column in names.split():
                if row[column] not in ("", "0"):
                    row[column] += (".50", ".07", ".9", "")[i % 4]
            if "currency" in row:
                row["currency"] = "KES"
    for row in folder.files["loans"]:
        if folder.money(row["principal_overdue"]) > folder.money(row["principal_outstanding"]):
            row["principal_overdue"] = row["principal_outstanding"]


def leave_out(folder, draw):
    """Optional columns and files that another system does not have."""
    optional = ("branch district birth_year members moratorium_until written_off_on written_off_amount class provision "
                "eligible_collateral related_party principal_overdue").split()
    gone = draw.sample(optional, 5)
    folder.files["loans"] = [{name: value for name, value in row.items() if name not in gone} for row in folder.files["loans"]]
    gone = draw.sample(["gender", "matures_on", "last_tx_on"], 1)
    folder.files["deposits"] = [{name: value for name, value in row.items() if name not in gone}
                                for row in folder.files["deposits"]]
    for name in draw.sample(["flows", "gl"], 1):
        os.remove("%s/%s.csv" % (folder.path, name))
        folder.files[name] = None


PERIODS = [("M", "2020-02-29"), ("M", "2021-02-28"), ("M", "2020-06-30"), ("M", "2020-01-31"), ("M", "2019-12-31"),
           ("D", "2020-03-18"), ("D", "2020-02-29"), ("W", "2020-03-01"), ("W", "2020-06-28"), ("Q", "2020-03-31")]


def books(work, rounds):
    for seed in range(1, rounds + 1):
        for frequency, as_of in PERIODS:
            draw = random.Random("%d %s %s" % (seed, frequency, as_of))
            path = "%s/%d-%s-%s" % (work, seed, frequency, as_of)
            yield make(path, seed, as_of, frequency, draw.choice([1, 30, 400, 900]))
            folder = make(path + "-shuffled", seed, as_of, frequency, draw.choice([6, 60, 600]))
            if draw.random() < .4:
                in_cents(folder)
            shuffle(folder, draw)
            if draw.random() < .5:
                leave_out(folder, draw)
            folder.write()
            yield folder


def set_up(work):
    done = agent("init", "--institution", ID, "--category", "USACCO", work + "/agent")
    if done.returncode != 0:
        sys.exit("mfi-agent init: %s" % done.stderr)
    config = work + "/agent/agent.conf"
    with open(config, "a", encoding="utf-8") as file:
        rows = ['"%s = %s%s"' % (prefix, "-" if sign < 0 else "", name) for prefix, (name, sign) in GL.items()]
        file.write("gl = [ %s ];\n" % ", ".join(rows))
    return config


def main():
    work = tempfile.mkdtemp(prefix="figures-")
    config = set_up(work)
    count = 0
    for folder in books(work, 12 if os.environ.get("LONG") == "1" else 3):
        found = compare(config, folder)
        if found:
            print("\n".join(found[:20]))
            sys.exit("FAILED: %d differences; the folder is %s" % (len(found), folder.path))
        shutil.rmtree(folder.path)
        count += 1
    shutil.rmtree(work)
    print("%d books: every figure is as the definitions say." % count)


main()
