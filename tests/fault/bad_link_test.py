#!/usr/bin/python3 -B
"""Real agents, feeds and pulls over lines that go wrong (tests/support/chaos.py), and the real hub behind them.

SEED repeats what is drawn; STORM is the storm's length in seconds (40; LONG=1: 400, with stalls and holes longer than any
heartbeat). A word on the command line picks scenarios by their names.
"""
import filecmp
import os
import random
import shutil
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import chaos  # noqa: E402
import journal  # noqa: E402
from lab import (DAY, Agent, Institution, Reader, add_lines, date_of, expect, program, put_file, run,  # noqa: E402
                 run_scenarios, wait_until)

IS_LONG = os.environ.get("LONG", "0") != "0"
SEED = int(os.environ.get("SEED", str(int(time.time()))))
STORM = float(os.environ.get("STORM", "400" if IS_LONG else "40"))
SPANS = {"late": (20, 60), "stalled": (1, 150), "refused": (1, 40), "black_hole": (1, 150), "slow": (10, 60),
         "bits_flipped": (2, 10), "forgets": False} if IS_LONG else \
        {"late": (7, 11), "stalled": (0.5, 6), "refused": (0.2, 3), "black_hole": (0.5, 5), "slow": (3, 7),
         "bits_flipped": (1, 4), "forgets": True}
QUIET = 60  # seconds after the last fault within which all outboxes are empty
# A line that swallows without a word is noticed by the two minutes' silence, and not before.
PATIENCE = QUIET + 180 if IS_LONG else QUIET
FIRST_DAY = int(time.time()) // DAY - 380


class Way:
    """The hub as it is seen through lines: its endpoints are theirs."""

    def __init__(self, lab, hub, name):
        self.hub, self.pub, self.command = hub, hub.pub, hub.command
        self.lines = [chaos.Line(lab, endpoint, SEED, "%s %s" % (name, door)) for door, endpoint in
                      (("ingest", hub.ingest), ("feed", hub.feed), ("query", hub.query))]
        self.ingest, self.feed, self.query = (line.endpoint for line in self.lines)


class Puller:
    """A regulator's mfi-pull of one period, again and again into a new folder; each pull has the same bytes, or leaves nothing."""

    def __init__(self, lab, way, period, identity="PULL"):
        self.lab, self.period, self.folder, self.count, self.whole = lab, period, lab.path(identity), 0, 0
        made = run(program("mfi-pull"), "init", self.folder, "--hub", way.pub, "--endpoint", way.query, "--id", identity,
                   "--name", identity)
        line = add_lines(made.stdout)[0]
        line[line.index("--role") + 1] = "regulator"
        way.command(*line)
        self.said, self.first = [], None

    def pull(self, timeout=300):
        self.count += 1
        out = self.lab.path("pulled-%s-%d" % (os.path.basename(self.folder), self.count))
        done = run(program("mfi-pull"), "-c", os.path.join(self.folder, "pull.conf"), "--period", self.period, "--out", out,
                   codes=(0, 1, 3), timeout=timeout)
        left = [name for name in os.listdir(self.lab.folder) if name.startswith(os.path.basename(out))]
        if done.returncode:
            expect(not left, "a pull that failed left %s: %s" % (left, done.stderr))
            self.said.append(done.stderr.strip())
        else:
            expect(left == [os.path.basename(out)], "beside the pull there is %s" % left)
            self.whole += 1
            if self.first is None:
                self.first = out
            else:
                same_folder(self.first, out)
                shutil.rmtree(out)
        return done

    def until(self, is_over):
        while not is_over.is_set():
            self.pull()
            is_over.wait(0.2)


def same_folder(one, other):
    names = sorted(os.listdir(one))
    expect(names == sorted(os.listdir(other)) and len(names) > 2, "other files: %s" % sorted(os.listdir(other)))
    _, different, failed = filecmp.cmpfiles(one, other, names, shallow=False)
    expect(not different and not failed, "a pull with other bytes: %s" % different)


def check(hub, agents, readers, shares):
    """The invariants of the oracle. The hub is stopped."""
    records = hub.records()
    expect(not any(r.kind in (journal.KIND_HISTORY_LOST, journal.KIND_RESTORED) for r in records), "history was lost")
    by_id = {record.id.hex(): record for record in records if record.is_report}
    receipts = 0
    for agent in agents:
        for identity, receipt in agent.receipts().items():
            record = by_id.get(identity)
            expect(record is not None, "an acknowledged report is not in the journal: %s" % identity)
            expect((record.header, record.body) == (receipt.header, receipt.envelope), "record %d is not the receipt's" % record.seq)
            receipts += 1
    expect(receipts == len(by_id), "%d receipts, %d reports in the journal" % (receipts, len(by_id)))
    seen = [reader.check(records, shares) for reader in readers]
    hub.verify()
    return len(records), receipts, seen


def wait_for_readers(hub, readers, seconds):
    idle = journal.read(hub.store, journal.log_keys_of(hub.pub))
    wait_until("subscribers have all that is theirs", seconds, lambda: all(
        reader.last_seq() >= max(r.seq for r in idle if reader.may_see(r)) for reader in readers))


# ---- all at once ----

def a_storm_of_faults_on_every_line_loses_nothing_and_repeats_nothing(lab):
    hub = lab.hub()
    hub.set("quota_bucket", 1000000)
    hub.start()
    ways = [Way(lab, hub, "line%d" % i) for i in range(5)]
    institutions = [[Institution("BAD-%d-%d" % (a, i), FIRST_DAY + 3 * i) for i in range(4)] for a in range(2)]
    agents = [Agent(lab, ways[a], "agent%d" % a, institutions[a], shares=institutions[a][1::2]) for a in range(2)]
    readers = [Reader(lab, ways[2], "amir", "association"), Reader(lab, ways[3], "bnr", "regulator")]
    early = Institution("EARLY", FIRST_DAY - 40)
    first = Agent(lab, hub, "first", [early])
    for day in range(3):
        first.report(early, FIRST_DAY - 40 + day)
    puller = Puller(lab, ways[4], date_of(FIRST_DAY - 40))
    expect(puller.pull().returncode == 0, lambda: "the pull before the storm: %s" % puller.said)
    for program_ in agents + readers:
        program_.process.start()
    wait_until("the readers read", 30, lambda: all(reader.last_seq() for reader in readers))
    lines = [ways[0].lines[0], ways[1].lines[0], ways[2].lines[1], ways[3].lines[1], ways[4].lines[2]]
    kinds = chaos.Line.KINDS
    storms = [line.storm(STORM, SPANS, kinds[2 * i:2 * i + 2]) for i, line in enumerate(lines)]  # none is left out
    is_over = threading.Event()
    pulling = threading.Thread(target=lambda: failures.extend(caught(lambda: puller.until(is_over))), daemon=True)
    failures = []
    pulling.start()
    rng, written = random.Random(SEED), 0
    while not all(storm.done() for storm in storms):
        rng.choice(rng.choice(institutions)).write_next()
        written += 1
        time.sleep(rng.uniform(0.1, 0.6))
    for storm in storms:
        storm.result()
    is_over.set()
    wait_until(lambda: "outboxes are empty: %s" % [a.status() for a in agents], PATIENCE,
               lambda: all(agent.open_count() == 0 for agent in agents))
    pulling.join(330)
    expect(not failures and not pulling.is_alive(), lambda: "the pulls: %s" % failures)
    expect(puller.pull().returncode == 0, lambda: "the pull after the storm: %s" % puller.said[-1:])
    wait_for_readers(hub, readers, PATIENCE + 60)
    for process in [p.process for p in agents + readers]:
        expect(process.is_running(), "%s ended by itself" % process.command)
        process.stop()
    shares = {i.id for of in institutions for i in of[1::2]}
    records, receipts, seen = check(hub, agents + [first], readers, shares)
    counts = {}
    for line in lines:
        for kind, count in line.count.items():
            counts[kind] = counts.get(kind, 0) + count
    expect(all(kind in counts for kind in chaos.Line.KINDS), "a kind of fault did not occur: %s" % counts)
    expect(receipts > 20, "%d receipts only" % receipts)
    print("  seed %d, storm of %g s on %d lines, %d connections: %s; %d books, %d records, %d receipts, lines of readers %s, "
          "pulls whole %d of %d" % (SEED, STORM, len(lines), sum(line.accepted for line in lines),
                                   ", ".join("%s %d" % row for row in sorted(counts.items())), written, records, receipts, seen,
                                   puller.whole, puller.count))


def caught(act):
    try:
        act()
        return []
    except Exception as failure:  # told by the main thread
        return [failure]


# ---- slow, and late ----

def big_book(folder, identity, day):
    """A portfolio of so many branches that its report is as long as one can be."""
    loans = ["L%d,B%d,INDIV,AGRI,%s,RWF,%s,2030-12-31,200000,%d,,0,,BRANCH-OF-THE-TOWN-NUMBER-%03d\n" % (
        i, i, "FM"[i % 2], date_of(day - 30), 100000 + i, i % 250) for i in range(1500)]
    os.makedirs(folder, exist_ok=True)
    put_file(folder, "loans.csv", "loan_ref,borrower_ref,product,sector,gender,currency,disbursed_on,matures_on,principal_disbursed,"
             "principal_outstanding,overdue_since,times_restructured,restructured_on,branch\n" + "".join(loans))
    put_file(folder, "manifest.ini", "institution_id = %s\nas_of = %s\nperiod_start = %s\nfrequency = D\ncurrency = RWF\n"
             "rows = %d\nsum_principal_outstanding = %d\nreports = PORTFOLIO\n" % (
                 identity, date_of(day), date_of(day), len(loans), sum(100000 + i for i in range(len(loans)))))
    return folder


if __name__ == "__main__":
    run_scenarios(sys.modules[__name__])
