#!/usr/bin/python3
"""Waivers, closing and reopening a month, orders of the authority: a real hub that is killed (-9) after each act, real agents, a real
pull. BIN is the folder of the programs; a scenario's name, or a part of it, as argument runs that one alone."""
import filecmp
import json
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from lab import SOURCE, Agent, Failed, Institution, add_lines, expect, program, put_file, run, run_scenarios

JUNE_30 = 18443
PORTFOLIO_A_MONTH = """obligations = (
  { id = "PORTFOLIO-M"; type = "PORTFOLIO"; frequency = "M"; wants = "ANY"; due_days = 10; due_time = "17:00"; certainty = "M"; }
);
"""


class Member(Institution):
    """Its book of a month, whole."""

    def write(self, folder, number, more=0, lines="", currency="RWF"):
        super().write(folder, number, more, "", currency)
        with open(os.path.join(folder, "manifest.ini"), encoding="ascii") as file:
            text = re.sub(r"period_start = .*\nfrequency = D\n", "frequency = M\n", file.read())
        put_file(folder, "manifest.ini", text + lines)
        return folder


class Sector:
    """A test hub that asks for one report a month, in its own time; members enrolled in May 2020, who owe from June on."""

    def __init__(self, lab, names="ABC"):
        os.makedirs(lab.path("countries"))
        os.environ["IHURIRO_COUNTRIES"] = lab.path("countries")
        with open(os.path.join(SOURCE, "conf", "countries", "rw.cfg"), encoding="utf-8") as file:
            text, count = re.subn(r"(?ms)^obligations = \(.*?^\);\n", PORTFOLIO_A_MONTH, file.read())
        expect(count == 1, "rw.cfg has no obligations")
        with open(lab.path("countries", "rw.cfg"), "w", encoding="utf-8") as file:
            file.write(text)
        self.lab, self.hub = lab, lab.hub("--test", "--test-time", "2020-05-20T08:00:00Z").start()
        self.time = "2020-05-20T08:00:00Z"
        self.settings = os.path.join(self.hub.folder, "settings.cfg")
        self.members = {name: Member("MFI-" + name, JUNE_30) for name in names}
        self.agents = {name: Agent(lab, self.hub, "agent-" + name.lower(), [member]) for name, member in self.members.items()}

    def change_settings(self, change):
        with open(self.settings, encoding="utf-8") as file:
            text = file.read()
        changed = change(text)
        expect(changed != text, "the settings are as they were")
        with open(self.settings, "w", encoding="utf-8") as file:
            file.write(changed)

    def at(self, time):
        self.time = time
        self.hub.command("test-time", time)

    def killed(self):
        """As by a power cut, and back; a test hub's clock is that of its last record then."""
        self.hub.process.kill()
        self.hub.start()
        self.at(self.time)

    def act(self, *words, codes=(0,)):
        """A command, then kill -9: what it said holds."""
        done = self.hub.command(*words, codes=codes)
        self.killed()
        return done

    def refused(self, words, *command):
        """Refused with these words, and nothing is journaled."""
        before = self.hub.status()["records"]
        done = self.hub.command(*command, codes=(1,))
        expect(words in done.stderr, "\"%s\" is not in: %s" % (words, done.stderr))
        expect(self.hub.status()["records"] == before, "what was refused left a record")

    def june(self, name, more=0, lines=""):
        """Its portfolio of June; the verdict."""
        agent = self.agents[name]
        before = set(agent.receipts())
        folder = self.members[name].write(self.lab.path("books", name), JUNE_30, more, "reports = PORTFOLIO\n" + lines)
        agent.send("--anyway", folder, codes=(0, 1))
        receipts = [receipt for identity, receipt in agent.receipts().items() if identity not in before]
        expect(len(receipts) == 1, "%d receipts came" % len(receipts))
        return receipts[0].verdict

    def period(self, key="2020-06"):
        return json.loads(self.hub.command("status", "--period", key, "--format", "json").stdout)

    def cell(self, name, key="2020-06"):
        """The member's one cell of a month."""
        rows = [row for row in self.period(key)["institutions"] if row["institution"] == "MFI-" + name]
        expect(len(rows) == 1 and len(rows[0]["cells"]) == 1, lambda: json.dumps(rows))
        return rows[0]["cells"][0]


class Regulator:
    def __init__(self, sector):
        self.lab, self.hub, self.folder, self.pulls = sector.lab, sector.hub, sector.lab.path("bnr"), 0
        made = run(program("mfi-pull"), "init", self.folder, "--hub", self.hub.pub, "--endpoint", self.hub.query, "--id", "BNR", "--name",
                   "The regulator")
        line = add_lines(made.stdout)[0]
        self.hub.command(*line)
        self.key = os.path.join(self.folder, "authority.key")
        self.line = run(program("mfi-pull"), "order", "key", "--key", self.key).stdout.splitlines()[-1]

    def pull(self, period, *words):
        self.pulls += 1
        out = self.lab.path("pull-%d" % self.pulls)
        run(program("mfi-pull"), "-c", os.path.join(self.folder, "pull.conf"), "--period", period, "--out", out, *words)
        run(program("mfi-verify"), "pull", out, "--hub", self.hub.pub)
        return out

    def order(self, name, text, codes=(0,)):
        """Signs; the file, or what was said against it."""
        path = self.lab.path(name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        done = run(program("mfi-pull"), "order", "sign", path, "--key", self.key, codes=codes)
        return path + ".signed" if codes == (0,) else done.stderr


def pinned(sector, line):
    """The hub with the authority's key in hub.conf."""
    with open(sector.hub.conf, encoding="utf-8") as file:
        text, count = re.subn(r"(?m)^authority = .*$", line, file.read())
    expect(count == 1, "hub.conf has no line for authority")
    with open(sector.hub.conf, "w", encoding="utf-8") as file:
        file.write(text)
    sector.killed()


def same_data(first, second):
    """The figures of two pulls."""
    names = [name for name in sorted(os.listdir(first)) if name.endswith(".csv")]
    expect(names and names == [name for name in sorted(os.listdir(second)) if name.endswith(".csv")], "the pulls hold other files")
    return all(filecmp.cmp(os.path.join(first, name), os.path.join(second, name), shallow=False) for name in names)


CORRECTION = "reason = ERROR\nnote = an entry was missing\n"


def a_month_is_closed_when_nothing_is_lacking_and_what_comes_later_changes_no_figure_as_closed(lab):
    sector = Sector(lab)
    regulator = Regulator(sector)
    sector.refused("2020-06 is not over", "close", "2020-06")
    sector.at("2020-07-05T08:00:00Z")
    expect(sector.june("A") == 1 and sector.june("B") == 1, "the reports of June are not accepted")
    refused = sector.hub.command("close", "2020-06", "--format", "json", codes=(1,))
    expect("1 thing is lacking" in refused.stderr, refused.stderr)
    checklist = json.loads(refused.stdout)
    lacking = [(row["institution"], row["type"], row["lacks"]) for row in checklist["lacking"]]
    expect(lacking == [("MFI-C", "PORTFOLIO", "REPORT")] and not checklist["closed"] and checklist["count"] == 2, lambda: str(checklist))
    expect("no report came" in sector.hub.command("close", "2020-06", "--dry-run", codes=(1,)).stdout, "the checklist says nothing")
    # a waiver; a waiver of nothing, of nobody, and a second one
    sector.refused("is no member", "waive", "2020-06", "MFI-Z", "--reason", "fire")
    sector.refused("owes no report for 2020-05", "waive", "2020-05", "MFI-C", "--reason", "fire")
    sector.refused("owes no CAPITAL for 2020-06", "waive", "2020-06", "MFI-C", "--type", "CAPITAL", "--reason", "fire")
    sector.refused("owes no report for 2020-W20", "waive", "2020-W20", "MFI-A", "MFI-C", "--reason", "fire")
    expect("2020-6" in sector.hub.command("waive", "2020-6", "MFI-C", "--reason", "fire", codes=(2,)).stderr, "a period that is none")
    sector.act("waive", "2020-06", "MFI-C", "--reason", "its office burnt down", "--by", "AMIR-3")
    sector.at("2020-07-05T08:01:00Z")
    sector.refused("waived already", "waive", "2020-06", "MFI-C", "--reason", "fire")
    expect(sector.cell("C")["timeliness"] == "EXCUSED" and sector.cell("C")["waiver"] == "its office burnt down", lambda: sector.cell("C"))
    expect("nothing is lacking" in sector.hub.command("close", "2020-06", "--dry-run").stdout, "something is lacking")
    # closed; not again; and no period that never was
    sector.act("close", "2020-06", "--by", "AMIR-3")
    sector.refused("closed already", "close", "2020-06")
    sector.refused("Nobody owes a report for 2019-06", "close", "2019-06")
    sector.refused("is closed", "waive", "2020-06", "MFI-B", "--reason", "fire")
    expect(sector.period()["state"] == "closed", "the period is not shown as closed")
    closed_at = sector.period()["closed_known_at"]
    as_closed = regulator.pull("2020-06", "--as-known-at", closed_at)
    # corrections: a small one is taken, a large one is not; a late first report is taken and marked
    sector.at("2020-07-20T08:00:00Z")
    expect(sector.june("A", more=30, lines=CORRECTION) in (1, 2), "a correction below materiality is not taken")
    expect(sector.june("B", more=5000, lines=CORRECTION) == 3, "a correction above materiality is taken")
    expect(sector.june("C") in (1, 2), "a late first report is not taken")
    sector.killed()
    expect(sector.cell("A").get("corrections") == 1 and not sector.cell("A").get("after_close"), lambda: sector.cell("A"))
    expect(sector.cell("B").get("rejected_attempt") is True and "corrections" not in sector.cell("B"), lambda: sector.cell("B"))
    expect(sector.cell("C").get("after_close") is True, lambda: sector.cell("C"))
    expect(not same_data(as_closed, regulator.pull("2020-06")), "the correction changed nothing at all")
    expect(same_data(as_closed, regulator.pull("2020-06", "--as-known-at", closed_at)), "the figures as closed have changed")
    # a reason opens it again, for corrections of any size
    expect("--reason" in sector.hub.command("reopen", "2020-06", codes=(2,)).stderr, "it was opened without a reason")
    sector.refused("2020-07 is not closed", "reopen", "2020-07", "--reason", "an error at B")
    sector.act("reopen", "2020-06", "--reason", "an error at B")
    expect(sector.period()["state"] == "reopened" and sector.period()["reason"] == "an error at B", lambda: sector.period())
    sector.at("2020-07-21T08:00:00Z")
    expect(sector.june("B", more=5000, lines=CORRECTION) in (1, 2), "the month is open, and the correction is not taken")
    sector.act("close", "2020-06")
    expect(sector.period()["state"] == "closed" and sector.cell("B").get("corrections") is None, lambda: sector.cell("B"))
    sector.hub.process.stop()
    sector.hub.verify()
    kinds = [record.kind for record in sector.hub.records() if record.kind in (13, 14, 15)]
    expect(kinds == [13, 14, 15, 14], "the journal's acts are %s" % kinds)


def a_month_is_closed_all_the_same_for_a_reason_and_as_of_a_record(lab):
    sector = Sector(lab)
    sector.at("2020-07-05T08:00:00Z")
    expect(sector.june("A") == 1, "the report of June is not accepted")
    earlier = sector.hub.status()["records"]
    expect(sector.june("B") == 1, "the report of June is not accepted")
    listed = sector.act("close", "2020-06", "--despite", "the ministry waits", "--at-seq", str(earlier), "--format", "json")
    told = json.loads(listed.stdout)
    expect(told["closed"] and told["count"] == 1 and told["at_seq"] == earlier and len(told["lacking"]) == 2, lambda: str(told))
    period = sector.period()
    expect(period["state"] == "closed" and period["despite"] == "the ministry waits", lambda: str(period))


def acts_need_no_running_hub_and_a_restore_forgets_none(lab):
    sector = Sector(lab, "AB")
    sector.at("2020-07-05T08:00:00Z")
    expect(sector.june("A") == 1, "the report of June is not accepted")
    sector.hub.command("parties", "set", "MFI-A", "--bureau", "B-1")
    sector.hub.command("parties", "set", "MFI-B", "--bureau", "B-1")
    backup = lab.path("backup")
    sector.hub.command("backup", backup)
    sector.at("2020-07-06T08:00:00Z")
    sector.hub.process.stop()
    waived = sector.hub.command("waive", "2020-06", "--bureau", "B-1", "--reason", "its line was cut")
    expect("for 2 institutions" in waived.stdout, waived.stdout)
    sector.hub.command("waive", "2020-06", "--bureau", "B-2", "--reason", "its line was cut", codes=(1,))
    sector.hub.start()
    sector.at("2020-07-07T08:00:00Z")
    sector.act("waive", "2020-06", "MFI-A", "--withdraw", "--reason", "it came after all")
    sector.act("close", "2020-06")
    sector.hub.process.stop()
    sector.hub.command("restore", backup)
    sector.hub.start()
    sector.at("2020-07-08T08:00:00Z")
    period = sector.period()
    expect(period["state"] == "closed", "the restore forgot that the month was closed")
    expect(sector.cell("B")["timeliness"] == "EXCUSED" and sector.cell("A")["timeliness"] == "ON_TIME", lambda: str(period))
    sector.hub.process.stop()
    sector.hub.verify()


ORDER = """id = "BNR-2020-03";
authority = "BNR";
from = "2020-08-01";
until = "2020-09-30";
reason = "The pandemic: liquidity each week";
add = ( { type = "LIQUIDITY"; frequency = "W"; wants = "ANY"; due_days = 1; due_time = "12:00"; } );
suspend = ( { types = [ "PORTFOLIO" ]; } );
"""


def duties(sector, month):
    period = sector.period(month)
    return sorted({(cell["type"], len(cell["period"]), cell["timeliness"] == "EXCUSED", cell.get("order"))
                   for row in period["institutions"] for cell in row["cells"]})


def an_order_of_the_authority_changes_for_a_time_what_is_owed(lab):
    sector = Sector(lab, "A")
    regulator = Regulator(sector)
    sector.at("2020-07-15T08:00:00Z")
    signed = regulator.order("order", ORDER)
    sector.refused("No authority's key is pinned", "order", signed)
    pinned(sector, "authority = [ \"%064x\" ];" % 1)
    sector.refused("does not pin", "order", signed)
    pinned(sector, regulator.line)
    # what is no order, was changed on its way, is over, contradicts itself, or is of nobody
    sector.refused("is no signed order", "order", lab.path("order"))
    sector.refused("cannot be read", "order", lab.path("nothing"))
    with open(signed, "rb") as file:
        whole = file.read()
    for at in range(0, len(whole), 7):
        with open(lab.path("changed"), "wb") as file:
            file.write(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1:])
        sector.hub.command("order", lab.path("changed"), codes=(1,))
    over = regulator.order("over", ORDER.replace("08-01", "06-01").replace("09-30", "07-14"))
    sector.refused("ended on 2020-07-14", "order", over)
    sector.refused("no regulator", "order", regulator.order("other", ORDER.replace("= \"BNR\"", "= \"MFI-A\"")))
    said = regulator.order("bad", ORDER.replace("\"W\"", "\"Y\""), codes=(2,))
    expect("bad:6: add[0].frequency must be" in said, said)
    said = regulator.order("worse", ORDER.replace("2020-08-01", "2020-12-01"), codes=(1,))
    expect("worse: The order would end before it begins" in said, said)
    said = regulator.order("order", ORDER, codes=(1,))
    expect("order.signed" in said and "exists" in said, said)  # never overwritten
    # taken, once; it stands after kill -9; it reverts by itself
    taken = sector.act("order", signed)
    expect("adds LIQUIDITY each week" in taken.stdout and "Taken with record" in taken.stdout, taken.stdout)
    sector.at("2020-07-16T08:00:00Z")
    sector.refused("stands already", "order", signed)
    sector.refused("no order BNR-2020-09", "order",
                   regulator.order("lost", ORDER.replace("-03\";", "-04\"; replaces = \"BNR-2020-09\";")))
    sector.at("2020-11-15T08:00:00Z")
    listed = json.loads(sector.hub.command("order", "--format", "json").stdout)
    expect(listed["id"] == "BNR-2020-03" and listed["state"] == "over", str(listed))
    expect(duties(sector, "2020-07") == [("PORTFOLIO", 7, False, None)], lambda: str(duties(sector, "2020-07")))
    expect(duties(sector, "2020-08") == [("LIQUIDITY", 8, False, "BNR-2020-03"), ("PORTFOLIO", 7, True, "BNR-2020-03")],
           lambda: str(duties(sector, "2020-08")))
    expect(duties(sector, "2020-10") == [("PORTFOLIO", 7, False, None)], lambda: str(duties(sector, "2020-10")))


def settings_that_look_back_into_a_closed_month_are_refused_until_it_is_reopened(lab):
    sector = Sector(lab, "A")
    sector.at("2020-07-05T08:00:00Z")
    expect(sector.june("A") == 1, "the report of June is not accepted")
    sector.act("close", "2020-06")
    sector.at("2020-07-06T08:00:00Z")
    sector.hub.command("parties", "set", "MFI-A", "--name", "Another")  # takes the time along: without a running hub it is this record's
    sector.hub.process.stop()
    sector.change_settings(lambda text: text.replace("due_days = 10;", "due_days = 20; retroactive = \"the Gazette came late\";"))
    said = sector.hub.command("check-config", codes=(2,)).stdout
    expect("obligations: the row PORTFOLIO-M looks back into 2020-06, which is closed" in said, said)
    ended = subprocess.run([program("mfi-hub"), "run", "-c", sector.hub.conf], capture_output=True, text=True, timeout=60, check=False)
    expect(ended.returncode == 2 and "mfi-hub reopen 2020-06" in ended.stderr, ended.stderr)
    sector.hub.command("reopen", "2020-06", "--reason", "the Gazette came late")
    sector.hub.command("check-config")
    sector.hub.start()
    expect(sector.cell("A")["due"].startswith("2020-07-20"), lambda: sector.cell("A"))


def main():
    run_scenarios(sys.modules[__name__])
    print("A month closes when nothing lacks, and stays as it was; orders and waivers outlive kill -9.")


if __name__ == "__main__":
    try:
        main()
    except Failed as failure:
        sys.exit("FAILED: %s" % failure)
