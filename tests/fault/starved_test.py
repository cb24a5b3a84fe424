#!/usr/bin/python3 -B
"""The n-th allocation of a program fails. It may refuse, with words and an exit code that is not 0, or do without; it does not crash in our
code, nothing that it said to be done is missing, and its next start finds all whole. libzmq and libconfig end the process where they
have no memory (see ENDS): that is counted, and allowed from there alone.

The hub's start and a turn, without sockets: every n. The programs: RUNS=n over all of them (240; LONG=1: 2,400),
spread evenly over the n of each."""
import itertools
import os
import shutil
import signal
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "..", "support"), os.path.join(HERE, "..", "integration", "interop")]
import checks  # noqa: E402
import client  # noqa: E402
import people  # noqa: E402
from client import RetryLater, Silence  # noqa: E402
from lab import (BIN, DAY, SOURCE, Agent, Lab, Institution, Reader, add_lines, date_of, expect, program, run,  # noqa: E402
                 run_scenarios, wait_until)

TESTS = os.path.join(BIN, "..", "tests")
STARVE = os.path.join(TESTS, "starve.so")
LONG = os.environ.get("LONG", "0") == "1"
RUNS = int(os.environ.get("RUNS", "2400" if LONG else "240"))
# What our code had called when the allocation failed, where that library ends the process: libzmq aborts by design (and lets C++'s
# bad_alloc end it; where it begins it calls libpgm, and that the C library's name service), libconfig 1.5 does not look whether it got
# memory; it reads the configuration before anything is opened.
ENDS = {"libzmq.so": (signal.SIGABRT,), "libpgm": (signal.SIGABRT, signal.SIGSEGV), "libstdc++.so": (signal.SIGABRT,), "libconfig.so": (signal.SIGSEGV, signal.SIGABRT)}


class Tally:
    def __init__(self, name):
        self.name, self.runs, self.refused, self.ended, self.went_on, self.total = name, 0, 0, 0, 0, 0

    def tell(self):
        print("  %s: %d allocations; %d runs: %d refused, %d ended by a library, %d did without" % (
            self.name, self.total, self.runs, self.refused, self.ended, self.went_on), flush=True)


class Starved:
    """A command, run once for each n."""

    def __init__(self, lab, name, *command):
        self.lab, self.command, self.log, self.tally = lab, command, lab.path(name + ".starve"), Tally(name)

    def words(self, at):
        if os.path.exists(self.log):
            os.unlink(self.log)
        return ["env", "LD_PRELOAD=" + STARVE, "STARVE_AT=%d" % at, "STARVE_LOG=" + self.log, *self.command]

    def run(self, at):
        return subprocess.run(self.words(at), capture_output=True, text=True, timeout=60, errors="replace", check=False)

    def noted(self):
        if not os.path.exists(self.log):
            return []
        with open(self.log, encoding="ascii") as log:
            return log.read().splitlines()

    def count(self):
        """Of a run in which none fails."""
        done = self.run(0)
        lines = [line for line in self.noted() if line.startswith("counted ")]
        expect(done.returncode == 0 and lines, "%s, with enough memory: exit %d\n%s%s" % (
            self.tally.name, done.returncode, done.stdout, done.stderr))
        self.tally.total = int(lines[-1].split()[1])
        return done

    def places(self, share):
        """Which n: spread evenly."""
        stride = max(1, self.tally.total // max(1, int(RUNS * share)))
        return range(1, self.tally.total + 1, stride)

    def judge(self, at, code, error):
        """True: the program says that it did what it was told."""
        self.tally.runs += 1
        failed = [line for line in self.noted() if line.startswith("failed ")]
        nearest = [name for name in failed[-1].split(":", 1)[1].split() if name != "starve.so"] if failed else []
        where = "%s, allocation %d (%s): exit %d\n%s" % (self.tally.name, at, " ".join(nearest), code, error[-1500:])
        if code < 0 or code >= 128:
            number = -code if code < 0 else code - 128
            called = list(itertools.takewhile(lambda name: not name.startswith("mfi-"), nearest))
            expect(any(name.startswith(library) and number in ends for name in called for library, ends in ENDS.items()), where)
            self.tally.ended += 1
            return False
        if code == 0:
            self.tally.went_on += 1
            return True
        expect(error.strip(), where + "nothing is said")
        self.tally.refused += 1
        return False

    def each(self, share, after):
        """Runs it for each n; after(at, whether it said that it is done, its output)."""
        self.count()
        for at in self.places(share):
            done = self.run(at)
            after(at, self.judge(at, done.returncode, done.stderr), done)
        self.tally.tell()


def in_process(what):
    done = subprocess.run([os.path.join(TESTS, "starved"), what, "1"], env={**os.environ, "LD_PRELOAD": STARVE}, capture_output=True,
                          text=True, timeout=600, check=False)
    print("  " + done.stdout.strip().replace("\n", "\n  "), flush=True)
    expect(done.returncode == 0, done.stderr[-2000:])


def every_allocation_of_the_hubs_start_and_of_a_turn(lab):
    in_process("start")
    in_process("turn")


class Place:
    """A running hub, an agent with two receipts, and both readers."""

    def __init__(self, lab):
        self.lab, self.hub = lab, lab.hub().start()
        self.sacco = Institution("SACCO-001", int(time.time() // DAY) - (900 if LONG else 60))
        self.agent = Agent(lab, self.hub, "agent", [self.sacco])
        for day in (0, 1):
            self.agent.report(self.sacco, self.sacco.day + day)
        self.books = self.sacco.write(lab.path("fresh"), self.sacco.day + 2, lines="reports = PORTFOLIO\n")
        self.feed = Reader(lab, self.hub, "feed", "regulator")
        made = run(program("mfi-pull"), "init", lab.path("pull"), "--hub", self.hub.pub, "--endpoint", self.hub.query, "--id", "BNR",
                   "--name", "The regulator")
        self.hub.command(*add_lines(made.stdout)[0])
        self.pull = [program("mfi-pull"), "-c", lab.path("pull", "pull.conf"), "--period", date_of(self.sacco.day), "--out"]


def the_commands_of_an_agent(lab):
    place = Place(lab)
    agent, hub = place.agent, place.hub
    kept = lab.path("kept")
    shutil.copytree(agent.folder, kept)

    def again():
        shutil.rmtree(agent.folder)
        shutil.copytree(kept, agent.folder)

    check = Starved(lab, "check", program("mfi-agent"), "check", place.books, "-c", agent.conf)
    check.each(0.2, lambda at, is_done, done: agent.status())
    hub.process.stop()
    queue = Starved(lab, "send-without-a-hub", program("mfi-agent"), "send", "--wait", "0", place.books, "-c", agent.conf)

    def queued(at, is_done, done):
        status = agent.status()  # opens, and is whole
        expect(agent.count("receipted") == 2, "allocation %d: a receipt is gone: %s" % (at, status))
        expect(not is_done or agent.count("queued") == 1, "allocation %d: what was queued is not there: %s" % (at, status))
        again()

    queue_codes(queue, 0.2, queued)
    hub.start()
    send = Starved(lab, "send", program("mfi-agent"), "send", "--wait", "5", place.books, "-c", agent.conf)

    days = iter(range(place.sacco.day + 2, place.sacco.day + 1000))  # each run has figures of its own
    receipts = 2

    def next_books():
        place.sacco.write(place.books, next(days), lines="reports = PORTFOLIO\n")

    def sent(at, is_done, done):
        nonlocal receipts
        agent.send(place.books)  # whatever came of it: now it is there, once
        receipts += 1
        expect(agent.count("receipted") == receipts, "allocation %d: %s" % (at, agent.status()))
        next_books()

    next_books()
    send.count()
    sent(0, True, None)
    for at in send.places(0.15):
        done = send.run(at)
        sent(at, send.judge(at, done.returncode, done.stderr), done)
    send.tally.tell()
    reports = [record for record in hub.records() if record.is_report]
    expect(len(reports) == receipts, "%d reports with a receipt, %d in the journal" % (receipts, len(reports)))


def queue_codes(starved, share, after):
    """`send` without a hub ends with 3 where all is queued."""
    done = starved.run(0)
    expect(done.returncode == 3, "exit %d: %s" % (done.returncode, done.stderr))
    starved.tally.total = int([line for line in starved.noted() if line.startswith("counted ")][-1].split()[1])
    after(0, True, done)
    for at in starved.places(share):
        done = starved.run(at)
        if done.returncode == 3 and "queued" in done.stdout:  # it is kept; that the hub is not there is no fault
            starved.tally.runs += 1
            starved.tally.went_on += 1
            after(at, True, done)
        else:
            after(at, starved.judge(at, done.returncode, done.stderr), done)
    starved.tally.tell()


def readers_and_verifiers(lab):
    place = Place(lab)
    whole = lab.path("whole")
    run(*place.pull, whole)
    pull = Starved(lab, "pull", *place.pull, lab.path("pulled"))

    def pulled(at, is_done, done):
        there = os.path.isdir(lab.path("pulled"))
        expect(there or not is_done, "allocation %d: no pull" % at)
        if there:
            run(program("mfi-verify"), "pull", lab.path("pulled"), "--hub", place.hub.pub)
            shutil.rmtree(lab.path("pulled"))
        left = [name for name in os.listdir(lab.folder) if name.startswith("pulled.tmp")]
        for name in left:  # of one that libzmq ended
            shutil.rmtree(lab.path(name))

    pull.each(0.1, pulled)
    feed = Starved(lab, "feed", *place.feed.process.command, "--until-head")
    place.feed.process.command.append("--until-head")
    want = None

    def fed(at, is_done, done):
        nonlocal want
        before = place.feed.lines()
        run(*place.feed.process.command)  # goes on where it was, or begins
        lines = [line["seq"] for line in place.feed.rewound()]
        expect(lines == sorted(set(lines)), "allocation %d: a line twice, or out of order" % at)
        want = lines if want is None else want
        expect(lines[:len(want)] == want, "allocation %d: %d lines, and %d before" % (at, len(lines), len(want)))
        expect(not is_done or len(before) == len(place.feed.lines()), "allocation %d: it said that it was at the head" % at)
        for name in (place.feed.out, place.feed.out + ".cursor"):
            if os.path.exists(name):
                os.unlink(name)
        remove_cursor(place.feed)

    remove_cursor(place.feed)
    feed.each(0.1, fed)
    place.agent.receipts()
    receipts = place.lab.path("receipts", "agent-1")
    receipt = os.path.join(receipts, sorted(os.listdir(receipts))[0])
    # Each allocation of the first, in the push lane too: only one of them once led to a verdict on what had not been read.
    for name, share, words in (("verify-receipt", 0.5, ("receipt", receipt)), ("verify-pull", 0.1, ("pull", whole))):
        verify = Starved(lab, name, program("mfi-verify"), *words, "--hub", place.hub.pub)
        clean = verify.count().stdout

        def verified(at, is_done, done, clean=clean):
            expect(not is_done or done.stdout == clean, "allocation %d: it says something else:\n%s" % (at, done.stdout))

        verify.each(share, verified)


def remove_cursor(reader):
    for name in os.listdir(reader.folder):
        if "cursor" in name and name != "feed.conf":
            os.unlink(os.path.join(reader.folder, name))
    if os.path.exists(reader.out):
        os.unlink(reader.out)


def the_operators_commands(lab):
    hub = lab.hub().start()
    people.Institution("SACCO-001").enrol(hub)
    hub.process.stop()
    verify = Starved(lab, "hub-verify", program("mfi-hub"), "verify", "-c", hub.conf)
    verify.each(0.08, lambda at, is_done, done: None)
    kept = lab.path("kept")
    shutil.copytree(hub.folder, kept, ignore=shutil.ignore_patterns("socket"))
    act = Starved(lab, "parties-set", program("mfi-hub"), "parties", "set", "SACCO-001", "--name", "Another", "-c", hub.conf)

    def acted(at, is_done, done):
        hub.verify()
        listed = hub.command("parties", "list", "--format", "json").stdout
        expect(not is_done or "Another" in listed, "allocation %d: an act that was done is not there" % at)
        shutil.rmtree(hub.folder)
        shutil.copytree(kept, hub.folder)

    act.each(0.1, acted)


def act(hub, name):
    """An act that need not be done: a command whose hub ended is ended, too, and not waited for."""
    with subprocess.Popen([program("mfi-hub"), "parties", "set", "SACCO-001", "--name", name, "-c", hub.conf],
                          stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as command:
        wait_until("the act, or the hub's end", 30, lambda: command.poll() is not None or not hub.process.is_running())
        command.kill()


def a_running_hub(lab):
    """From its start, through a session, reports and acts, to its end."""
    hub = lab.hub().start()
    keys, sacco = checks.HubKeys(hub.pub), people.Institution("SACCO-001").enrol(hub)
    hub.process.stop()
    starved = Starved(lab, "hub", program("mfi-hub"), "run", "-c", hub.conf)
    kept, day = {}, 2

    def scenario(at):
        nonlocal day
        if os.path.exists(socket_of(hub)):
            os.unlink(socket_of(hub))  # of the one before; it is there again when the doors are open
        hub.process = lab.process("hub-starved", *starved.words(at))
        hub.process.start()
        wait_until("it runs or ended", 20, lambda: not hub.process.is_running() or os.path.exists(socket_of(hub)))
        sender = client.Submitter(keys, hub.ingest, sacco.transport)
        try:
            for _ in range(2):
                if not hub.process.is_running():
                    break
                entry, = sender.submit(sacco.nil(people.today() - day), seconds=1)
                day += 1
                kept[entry.envelope] = entry.best[0].seq
                act(hub, "Name %d" % day)
        except (Silence, RetryLater, client.Refused):
            day += 1
        sender.close()
        if hub.process.is_running():
            hub.process.process.send_signal(signal.SIGTERM)
        code = hub.process.process.wait(20)
        starved.judge(at, code, hub.log()) if at > 0 else expect(code == 0, "the hub ended with %d" % code)

    def socket_of(hub):
        return os.path.join(hub.folder, "admin", "socket")

    scenario(0)
    starved.tally.total = int([line for line in starved.noted() if line.startswith("counted ")][-1].split()[1])
    last = starved.tally.total  # most allocations are made at the start: the session gets a share of its own
    for at in [*starved.places(0.03), *range(max(1, last - 300), last + 1, 2 if LONG else 20)]:
        scenario(at)
    starved.tally.tell()
    hub.process = lab.process("hub-after", program("mfi-hub"), "run", "-c", hub.conf)
    hub.start().verify()
    sender = client.Submitter(keys, hub.ingest, sacco.transport)
    for entry in sender.submit(*kept):
        expect(entry.best[0].seq == kept[entry.envelope], "record %d was acknowledged, and is now %d" % (
            kept[entry.envelope], entry.best[0].seq))
    sender.close()
    hub.verify()


if __name__ == "__main__":
    with Lab("schema") as schema:
        checks.generate(SOURCE, schema.folder)
        run_scenarios(sys.modules["__main__"])
