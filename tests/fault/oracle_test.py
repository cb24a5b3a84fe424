#!/usr/bin/python3 -B
"""kill -9 at random instants of hub, agents and subscribers under load; then one checker over what all of them hold.

CYCLES=100 (LONG=1: 1,000) kills; SEED for the same choice of victims again. Asserted at the end:

 1 every acknowledged report is in the journal, byte for byte, under the sequence number that its receipt names
 2 nothing is in the journal that was not signed by its institution's key
 3 no id twice, the sequence contiguous, each institution's links whole
 4 each subscriber's output is exactly what it is entitled to, in order, nothing missing, nothing twice
 5 the tree recomputed from the leaves equals every signed head
 6 all agents' queues drain
 7 no history was lost: the journal holds no HISTORY_LOST
"""
import json
import os
import random
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import journal  # noqa: E402
from lab import DAY, Failed, Lab, add_lines, date_of, program, run, wait_until  # noqa: E402

CYCLES = int(os.environ.get("CYCLES", "1000" if os.environ.get("LONG", "0") != "0" else "100"))
SEED = int(os.environ.get("SEED", str(int(time.time()))))
AGENTS = 2
PER_AGENT = 8
FIRST_DAY = int(time.time()) // DAY - 380


class Institution:
    """Its extract folder, which gets another day's books again and again."""

    def __init__(self, agent, number):
        self.id = "ORA-%d-%d" % (agent, number)
        self.day = FIRST_DAY + number * 3
        self.folder = None

    def write_next(self):
        day, loans = date_of(self.day), 3 + self.day % 5
        principal = [100000 + 1000 * i + self.day for i in range(loans)]
        self.file("loans.csv", "loan_ref,borrower_ref,product,sector,gender,currency,disbursed_on,matures_on,principal_disbursed,"
                  "principal_outstanding,overdue_since,times_restructured,restructured_on\n" + "".join(
                      "L%d,B%d,INDIV,AGRI,%s,RWF,%s,2030-12-31,%d,%d,,0,\n" % (
                          i, i, "FM"[i % 2], date_of(self.day - 30), 2 * p, p) for i, p in enumerate(principal)))
        self.file("deposits.csv", "account_ref,owner_ref,type,balance,matures_on,gender,branch,last_tx_on\n" + "".join(
            "A%d,B%d,SAVINGS,%d,,F,,%s\n" % (i, i, 5000 + self.day, day) for i in range(4)))
        self.file("manifest.ini", "institution_id = %s\nas_of = %s\nperiod_start = %s\nfrequency = D\ncurrency = RWF\nrows = %d\n"
                  "sum_principal_outstanding = %d\n" % (self.id, day, day, loans, sum(principal)))
        self.day += 1

    def file(self, name, text):
        path = os.path.join(self.folder, name)
        with open(path + ".part", "w", encoding="ascii") as file:
            file.write(text)
        os.rename(path + ".part", path)


class Agent:
    def __init__(self, lab, hub, number):
        self.institutions = [Institution(number, i) for i in range(PER_AGENT)]
        self.folder = lab.path("agent%d" % number)
        words = [word for i in self.institutions for word in ("--institution", i.id)]
        made = run(program("mfi-agent"), "init", self.folder, "--hub", hub.pub, "--ingest", hub.ingest, "--name", "An MFI",
                   "--category", "USACCO", "--district", "403", "--currency", "RWF", *words)
        self.conf = os.path.join(self.folder, "agent.conf")
        with open(self.conf, "a", encoding="ascii") as conf:
            conf.write("settle_seconds = 0;\nretry_first_ms = 50;\nretry_max_ms = 400;\nstay_connected = true;\n")
        for k, line in enumerate(add_lines(made.stdout)):
            hub.command(*line, "--agreement", "yes" if k % 2 else "no")
        for institution in self.institutions:
            institution.folder = os.path.join(self.folder, "extracts", institution.id)
            os.makedirs(institution.folder, exist_ok=True)
        self.process = lab.process("agent%d" % number, program("mfi-agent"), "run", "-c", self.conf)

    def status(self):
        return json.loads(run(program("mfi-agent"), "status", "-c", self.conf, "--format", "json").stdout)

    def open_count(self):
        return sum(row[name] for row in self.status()["institutions"] for name in ("queued", "drafts", "to_offer", "refused"))

    def receipts(self, folder):
        """(id, envelope, receipt header, receipt checkpoint) of each."""
        run(program("mfi-agent"), "receipts", "-c", self.conf, "--out", folder)
        for name in sorted(os.listdir(folder)):
            with open(os.path.join(folder, name), "rb") as file:
                outer = journal.fields(file.read())
            receipt = journal.fields(outer[2])
            yield name.partition(".")[0], outer[1], receipt[1], receipt[3]


class Reader:
    def __init__(self, lab, hub, name, role):
        self.id, self.role, self.folder = name.upper(), role, lab.path(name)
        made = run(program("mfi-feed"), "init", self.folder, "--hub", hub.pub, "--endpoint", hub.feed, "--id", name.upper(),
                   "--name", name)
        line = add_lines(made.stdout)[0]
        line[line.index("--role") + 1] = role
        hub.command(*line)
        self.out = lab.path(name + ".jsonl")
        self.process = lab.process(name, program("mfi-feed"), "-c", os.path.join(self.folder, "feed.conf"), "--out", self.out)

    def lines(self):
        if not os.path.exists(self.out):
            return []
        with open(self.out, encoding="utf-8") as file:
            return [json.loads(line) for line in file]

    def may_see(self, record):
        if self.role == "regulator":
            return True
        if record.is_report:
            return record.type != 5
        return record.kind in (10, 12, 20, 40, 41, 42) or (record.kind == 11 and record.institution == self.id)


def check_reader(reader, records, shares):
    """Its output, rewinds applied, against the journal."""
    seen = []
    for line in reader.lines():
        if line["kind"] == "rewind":
            seen = [old for old in seen if old["seq"] <= line["to"]]
        elif line["kind"] != "rights":
            seen.append(line)
    want = [record for record in records if reader.may_see(record)]
    got = [(line["seq"], line["id"]) for line in seen]
    if got != [(record.seq, record.id.hex()) for record in want]:
        wanted = {(record.seq, record.id.hex()) for record in want}
        raise Failed("%s has %d lines, and is entitled to %d; too much: %s, too little: %s, twice: %d" % (
            reader.role, len(got), len(want), sorted(set(got) - wanted)[:5], sorted(wanted - set(got))[:5],
            len(got) - len(set(got))))
    if reader.role == "association":
        for line, record in zip(seen, want):
            if record.is_report and ("report" in line) != (record.institution in shares):
                raise Failed("record %d is seen whole, or not, against the agreement" % record.seq)
    return len(got)


def check_receipts(agents, by_id, lab):
    count = 0
    for k, agent in enumerate(agents):
        for identity, envelope, header, checkpoint in agent.receipts(lab.path("receipts%d" % k)):
            record = by_id.get(identity)
            if record is None:
                raise Failed("an acknowledged report is not in the journal: %s" % identity)
            if record.body != envelope or record.header != header:
                raise Failed("record %d is not byte for byte what was acknowledged" % record.seq)
            count += 1
    return count


def storm(hub, agents, readers, rng):
    """CYCLES kills. The victim comes back at once, and the load goes on."""
    victims = [hub.process] * 3 + [agent.process for agent in agents] + [reader.process for reader in readers]
    institutions = [i for agent in agents for i in agent.institutions]
    for cycle in range(CYCLES):
        end = time.monotonic() + rng.uniform(0.02, 0.5)
        while time.monotonic() < end:
            rng.choice(institutions).write_next()
            time.sleep(rng.uniform(0.0, 0.05))
        victim = rng.choice(victims)
        if not victim.is_running():
            raise Failed("cycle %d: %s ended by itself" % (cycle, victim.command[0]))
        victim.kill()
        victim.start()
    for process in {id(p): p for p in victims}.values():
        if not process.is_running():
            raise Failed("%s ended by itself" % process.command[0])


def main():
    rng = random.Random(SEED)
    print("seed %d, %d cycles" % (SEED, CYCLES))
    with Lab("oracle") as lab:
        hub = lab.hub().start()
        agents = [Agent(lab, hub, n) for n in range(AGENTS)]
        readers = [Reader(lab, hub, "amir", "association"), Reader(lab, hub, "bnr", "regulator")]
        shares = {i.id for agent in agents for k, i in enumerate(agent.institutions) if k % 2}
        for process in [a.process for a in agents] + [r.process for r in readers]:
            process.start()
        storm(hub, agents, readers, rng)
        hub.wait()
        wait_until(lambda: "queues drain: %s" % [a.status() for a in agents], 90,
                   lambda: all(agent.open_count() == 0 for agent in agents))
        head = hub.status()["records"]
        wait_until("subscribers reach the head", 60, lambda: all(
            r.lines() and r.lines()[-1].get("seq", 0) >= head - 1 for r in readers[1:]))
        time.sleep(1)
        for process in [a.process for a in agents] + [r.process for r in readers] + [hub.process]:
            process.stop()
        records = journal.read(hub.store, journal.log_keys_of(hub.pub))
        if any(record.kind in (journal.KIND_HISTORY_LOST, journal.KIND_RESTORED) for record in records):
            raise Failed("history was lost: an acknowledged report was not on disk")
        by_id = {record.id.hex(): record for record in records if record.is_report}
        acknowledged = check_receipts(agents, by_id, lab)
        if acknowledged != len(by_id) or acknowledged < CYCLES / 2:
            raise Failed("%d receipts, %d reports in the journal" % (acknowledged, len(by_id)))
        seen = [check_reader(reader, records, shares) for reader in readers]
        hub.verify()
        print("%d records, %d receipts, subscribers' lines %s: all hold" % (len(records), acknowledged, seen))


if __name__ == "__main__":
    main()
