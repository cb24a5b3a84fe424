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
from lab import (DAY, SOURCE, Agent, Institution, Reader, add_lines, date_of, expect, program, put_file, run,  # noqa: E402
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


def two_kilobytes_a_second_bring_a_report_of_64_kib_and_seconds_of_latency_anything(lab):
    """Heartbeats, time-outs and buffers as they are shipped: no connection may end while something moves."""
    hub = lab.hub().start()
    slow, late = Way(lab, hub, "slow"), Way(lab, hub, "late")
    big, far = Institution("BIG", FIRST_DAY), Institution("FAR", FIRST_DAY)
    agent, other = Agent(lab, slow, "agent", [big]), Agent(lab, late, "other", [far])
    reader, away = Reader(lab, slow, "bnr", "regulator"), Reader(lab, late, "bnr-far", "regulator")
    puller = Puller(lab, late, date_of(FIRST_DAY), "PULL-FAR")
    people = python_clients(lab.path("python"))
    sender = people.Institution("SENDER").enrol(hub)
    envelope = longest_report(sender, FIRST_DAY)
    for line in slow.lines:
        line.set(rate=2000)
    for line in late.lines:
        line.set(latency=(1.0, 3.0))
    for process in (agent.process, other.process, reader.process, away.process):
        process.start()
    begin = time.monotonic()
    submitting = Submitting(hub, slow.lines[0].endpoint, sender, envelope)
    big_book(big.folder, big.id, big.day)
    far.write_next()
    submitting.join(600)
    took = time.monotonic() - begin
    expect(submitting.entry is not None, lambda: "the long report: %s" % submitting.failure)
    expect(len(envelope) / 2000 < took, "%d bytes came in %.0f s: the line was not slow" % (len(envelope), took))
    expect(submitting.connections == 1, "it took %d connections" % submitting.connections)
    for one in (agent, other):
        wait_until(lambda: "receipts: %s" % one.status(), 300, lambda: one.count("receipted") >= 1 and one.open_count() == 0)
    expect(slow.lines[0].accepted == 2, "the agent and the sender took %d connections" % slow.lines[0].accepted)
    wait_for_readers(hub, [reader, away], 300)
    expect(puller.pull().returncode == 0, lambda: "the pull from afar: %s" % puller.said)
    print("  64 KiB (%d bytes) at 2 kB/s: a receipt after %.0f s; one connection; at ways of 1 to 3 s an agent, a feed and a pull "
          "of %d connections" % (len(envelope), took, sum(line.accepted for line in late.lines)))
    for process in (agent.process, other.process, reader.process, away.process):
        process.stop()
    records = hub.records()
    for one in (reader, away):
        one.check(records, set())
    hub.verify()


def python_clients(folder):
    sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "integration", "interop"))
    import checks
    os.mkdir(folder)
    checks.generate(SOURCE, folder)
    import people
    return people


def longest_report(sender, day):
    """As long as a report may be, by rows of a breakdown; the hub's verdict does not matter here."""
    import checks
    import people
    made = people.portfolio(people.report(sender.id, day), 1500000)
    row = checks.messages["report"].Portfolio.DESCRIPTOR.fields_by_name["breakdown"].message_type
    text = next(f.name for f in row.fields if f.type == f.TYPE_STRING)
    for i in range(1000):
        if made.ByteSize() > 64 * 1024 - 120:
            break
        made.portfolio.breakdown.add(**filled(row, {text: "BRANCH-%050d" % i}))
    return checks.sign_report(sender.signing, made)


def filled(descriptor, values):
    """A value for each required field that has none here."""
    for field in descriptor.fields:
        if field.label == field.LABEL_REQUIRED and field.name not in values:
            values[field.name] = 1
    return values


class Submitting(threading.Thread):
    """A client that is not ours sends one report, and counts the connections that it takes."""

    def __init__(self, hub, endpoint, sender, envelope):
        super().__init__(daemon=True)
        import checks
        import client
        self.entry, self.failure, self.connections, self.envelope = None, None, 1, envelope
        self.submitter = client.Submitter(checks.HubKeys(hub.pub), endpoint, sender.transport)
        self.start()

    def run(self):
        try:
            self.submitter.hello(120)
            self.entry = self.submitter.submit(self.envelope, seconds=300)[0]
            while self.submitter.connection.monitor.poll(0):
                self.connections += self.submitter.connection.next_event() == 0x200  # disconnected
        except Exception as failure:  # told by the main thread
            self.failure = failure
        self.submitter.close()


def a_feed_and_a_pull_catch_up_at_two_kilobytes_a_second(lab):
    """More than one answer holds in the time that an answer is waited for: it comes in pieces, and none is asked for again for ever."""
    hub = lab.hub().start()
    feeding, pulling = Way(lab, hub, "slow feed"), Way(lab, hub, "slow pull")
    bureau = [Institution("BIG-%d" % i, FIRST_DAY) for i in range(12)]
    agent, reader = Agent(lab, hub, "agent", bureau), Reader(lab, feeding, "bnr", "regulator")
    for one in bureau:
        agent.send("--wait", "30", big_book(lab.path("books", one.id), one.id, FIRST_DAY))
    puller = Puller(lab, pulling, date_of(FIRST_DAY))
    expect(puller.pull().returncode == 0, lambda: "the pull over a fast line: %s" % puller.said)
    for way in (feeding, pulling):
        for line in way.lines:
            line.set(rate=2000)
    reader.process.start()
    begin = time.monotonic()
    expect(puller.pull(timeout=1200).returncode == 0, lambda: "the pull over a slow line: %s" % puller.said)
    pulled = time.monotonic() - begin
    wait_for_readers(hub, [reader], 900)
    took = time.monotonic() - begin
    reader.process.stop()
    with open(reader.process.log, encoding="utf-8") as log:
        expect("is it the hub's port" not in log.read().lower(), "a slow line is taken for a wrong port")
    reader.check(hub.records(), set())
    size = os.path.getsize(os.path.join(puller.first, "records.pb"))
    expect(size > 150000, "the pull is of %d bytes only" % size)
    print("  %d bytes of records at 2 kB/s: a pull in %.0f s, a feed in %.0f s" % (size, pulled, took))


# ---- bits turned round ----

def a_bit_that_is_turned_round_ends_the_connection_and_nothing_of_it_is_taken(lab):
    hub = lab.hub().start()
    way = Way(lab, hub, "flips")
    institution = Institution("FLIP", FIRST_DAY)
    agent = Agent(lab, way, "agent", [institution])
    line, ended, receipts = way.lines[0], 0, 0
    for direction in (chaos.TO_HUB, chaos.FROM_HUB):
        for number in range(6 if not IS_LONG else 20):
            # The newest connection is spoilt; the ones after it are whole again.
            line.set(flips=(direction, number % 5))
            agent.queue(institution, institution.day)
            institution.day += 1
            agent.process.start()
            wait_until("a connection", 30, lambda: line.last is not None and line.last.task is not None)
            pair = line.last
            line.set(flips=False)
            wait_until(lambda: "the connection ends, or all is sent: way %d, %d" % (direction, number), 60,
                       lambda: pair.is_over or agent.open_count() == 0)
            if pair.was_flipped and not is_padding(direction, number % 5):
                wait_until(lambda: "its end: way %d, %d" % (direction, number), 60, lambda: pair.is_over)
                ended += 1
            receipts += 1
            agent.wait_for(receipts, 60)
            agent.process.stop()
            line.last = None
    expect(ended >= 6, "only %d connections were spoilt" % ended)
    hub.process.stop()
    records, receipts, _ = check(hub, [agent], [], set())
    print("  %d connections with a bit turned round, all ended; %d records, %d receipts" % (ended, records, receipts))


def is_padding(direction, number):
    """CURVE's HELLO has 72 bytes that mean nothing; a bit there changes nothing."""
    return direction == chaos.TO_HUB and number == 0


# ---- what a person reads ----

def a_line_that_swallows_everything_is_told_in_words(lab):
    hub = lab.hub().start()
    way = Way(lab, hub, "hole")
    institution = Institution("HOLE", FIRST_DAY)
    agent = Agent(lab, way, "agent", [institution])
    line = way.lines[0]
    line.set(holes=[True, True])
    said = agent.report(institution, FIRST_DAY, words=("--wait", "4"), codes=(3,)).stderr
    expect("1 report is without a receipt yet. Kept safely" in said, said)
    expect("has not answered so far" in said and "firewall" in said, said)
    status = run(program("mfi-agent"), "status", "-c", agent.conf).stdout
    expect("1 queued" in status and "Last contact: never" in status, status)
    # The handshake's own patience: half a minute.
    said = agent.send("--wait", "40", codes=(3,)).stderr
    expect("does not answer" in said and "firewall" in said and "hub.pub" not in said, said)
    status = run(program("mfi-agent"), "status", "-c", agent.conf).stdout
    expect("Last error: The hub" in status and "does not answer" in status, status)
    line.set(holes=[False, False])
    line.each(chaos.Pair.reset)
    agent.send("--wait", "60")
    expect(agent.count("receipted") == 1 and agent.status()["last_error"] == "", lambda: str(agent.status()))


if __name__ == "__main__":
    if not IS_LONG:
        del a_feed_and_a_pull_catch_up_at_two_kilobytes_a_second  # it takes minutes
    run_scenarios(sys.modules[__name__])
