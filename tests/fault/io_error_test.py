#!/usr/bin/python3 -B
"""A disk answers a write or a sync with an error: at the first such call of a scenario, the second, … until none is left. No acknowledgement
leaves after it, the program ends with an exit code that is not 0 (or refuses what it was told), and at the next start the store is well and
holds what was acknowledged.

In every push each call of a scenario with two reports and an act; LONG=1: of one with twelve reports and four acts. Needs strace and leave
to trace; without them nothing is tested, it says so, and ends with 77, which is no pass."""
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
from client import Silence  # noqa: E402
from lab import DAY, SOURCE, Agent, Failed, Institution, Lab, Process, expect, program, run_scenarios, wait_until  # noqa: E402

SKIPPED = 77
LONG = os.environ.get("LONG", "0") == "1"
REPORTS, ACTS = (12, 4) if LONG else (2, 1)
CALLS_MAX = 400  # no scenario makes so many; one that does would never end


class Traced(Process):
    """strace lets signals pass by: they go to the hub itself, whose process its lock names."""

    def __init__(self, lab, hub, *strace):
        super().__init__(["strace", "-f", "-o", lab.path("strace"), *strace, program("mfi-hub"), "run", "-c", hub.conf],
                         lab.path("hub-traced.log"))
        self.lock = os.path.join(hub.store, "lock")

    def send(self, number):
        with open(self.lock, encoding="ascii") as lock:
            os.kill(int(lock.read()), number)

    def kill(self):
        if self.is_running():
            self.send(signal.SIGKILL)
        self.process.wait()

    def stop(self):
        if not self.is_running():
            return
        self.send(signal.SIGTERM)
        expect(self.process.wait(20) == 0, "the hub stops")


def injection(path, call, error, at):
    """A call on that file fails once, in each thread, at its at-th time."""
    return ["-P", path, "-e", "trace=" + call, "-e", "inject=%s:error=%s:when=%d" % (call, error, at)]


def fired(lab, name="strace"):
    with open(lab.path(name), encoding="ascii", errors="replace") as trace:
        return sum("INJECTED" in line for line in trace)


# ---- a hub ----


class Stage:
    """A hub that stands still, and is put back as it was before each fault."""

    def __init__(self, lab):
        self.lab, self.hub = lab, lab.hub().start()
        self.keys, self.sacco = checks.HubKeys(self.hub.pub), people.Institution("SACCO-001").enrol(self.hub)
        self.hub.process.stop()
        self.kept, self.runs = lab.path("kept"), 0
        shutil.copytree(self.hub.folder, self.kept, ignore=shutil.ignore_patterns("socket"))

    def plain(self):
        self.hub.process = self.lab.process("hub-plain", program("mfi-hub"), "run", "-c", self.hub.conf)

    def again(self):
        self.hub.process.stop()
        shutil.rmtree(self.hub.folder)
        shutil.copytree(self.kept, self.hub.folder)

    def act(self, name):
        """None: the hub ended under it."""
        command = subprocess.Popen([program("mfi-hub"), "parties", "set", "SACCO-001", "--name", name, "-c", self.hub.conf],
                                   stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        wait_until("the act, or the hub's end", 30, lambda: command.poll() is not None or not self.hub.process.is_running())
        code = command.poll()
        command.kill()
        return code, command.communicate()[1]

    def under(self, path, call, error, at):
        """One fault. False: the scenario makes no such call so often."""
        self.hub.process = Traced(self.lab, self.hub, *injection(os.path.join(self.hub.folder, path), call, error, at))
        self.lab.processes.append(self.hub.process)
        kept, acts, envelopes = {}, [], [self.sacco.nil(people.today() - day) for day in range(2, 2 + REPORTS)]
        try:
            self.hub.start()
        except Failed:
            expect(not self.hub.process.is_running(), "a hub that does not answer")
        sender = client.Submitter(self.keys, self.hub.ingest, self.sacco.transport)
        for number, envelope in enumerate(envelopes):
            if number % 3 == 0 and self.hub.process.is_running():
                acts.append(("act %d at %d" % (number, at), *self.act("act %d at %d" % (number, at))))
            if not self.hub.process.is_running():
                break
            try:
                entry, = sender.submit(envelope, seconds=1.5)
                kept[envelope] = entry.best[0].seq
            except Silence:
                break
        sender.close()
        self.judge(call, at, kept, acts, fired(self.lab), is_of_acts=path == "acts.log")
        return fired(self.lab) > 0

    def judge(self, call, at, kept, acts, faults, is_of_acts):
        where = "%s, time %d: " % (call, at)
        refused = [act for act in acts if act[1] not in (None, 0)]
        if faults > 0 and is_of_acts:
            expect(refused and all("acts.log" in act[2] for act in refused), where + "the act was not refused: %s" % acts)
        elif faults > 0:
            wait_until(where + "the hub ends", 20, lambda: not self.hub.process.is_running())
            expect(len(kept) < REPORTS, where + "all was acknowledged")
        if not self.hub.process.is_running():
            code = self.hub.process.process.returncode
            expect(faults > 0 and code == 1, where + "the hub ended with %s" % code)
        self.hub.process.stop()
        self.plain()
        self.hub.start().verify()
        sender = client.Submitter(self.keys, self.hub.ingest, self.sacco.transport)
        for entry in sender.submit(*kept) if kept else ():
            expect(entry.best[0].seq == kept[entry.envelope], where + "record %d was acknowledged" % kept[entry.envelope])
        sender.submit(self.sacco.nil(people.today() - 40))
        sender.close()
        bodies = b"".join(record.body for record in self.hub.records())
        for name, code, _ in acts:
            expect(code != 0 or name.encode() in bodies, where + "an act that was done is not in the journal")
            expect(code in (None, 0) or not is_of_acts or name.encode() not in bodies, where + "an act that was refused is in the journal")

    def sweep(self, path, call, error="EIO", first=1, last=CALLS_MAX):
        for at in range(first, last + 1):
            goes_on = self.under(path, call, error, at)
            self.again()
            if not goes_on:
                return at - 1
        expect(last < CALLS_MAX, "%s is called %d times and more" % (call, last))
        return last


def a_hub_whose_disk_fails_at_any_write_or_sync(lab):
    stage = Stage(lab)
    done = [(call, stage.sweep("store/data.mdb", call)) for call in ("fdatasync", "pwrite64", "writev", "pwritev")]
    expect(all(count > 1 for call, count in done if call in ("fdatasync", "pwrite64")), "what was called: %s" % done)
    print("  data.mdb: " + ", ".join("%s 1 to %d" % row for row in done), flush=True)


def a_hub_whose_acts_log_cannot_be_written_or_synced(lab):
    """The act is refused and gone, or the hub ends; in both cases the log and the journal agree afterwards."""
    stage = Stage(lab)
    done = [(call, stage.sweep("acts.log", call)) for call in ("pwrite64", "fdatasync")]
    expect(all(count > 0 for _, count in done), "what was called: %s" % done)
    print("  acts.log: " + ", ".join("%s 1 to %d" % row for row in done), flush=True)


def a_hub_over_its_quota_says_what_to_do(lab):
    stage = Stage(lab)
    for error in ("EDQUOT", "ENOSPC"):
        stage.sweep("store/data.mdb", "pwrite64", error, first=2, last=2)
        with open(lab.path("hub-traced.log"), encoding="utf-8") as log:
            expect("make room" in log.read(), "the hub says to make room")


# ---- an agent ----


class AgentStage:
    def __init__(self, lab):
        self.lab, self.hub = lab, lab.hub().start()
        self.sacco = Institution("SACCO-001", int(time.time() // DAY) - 60)
        self.agent = Agent(lab, self.hub, "agent", [self.sacco])
        self.agent.report(self.sacco, self.sacco.day)
        self.data = os.path.join(self.agent.folder, "store", "data.mdb")
        self.receipts, self.days = 1, iter(range(self.sacco.day + 1, self.sacco.day + 1000))

    def under(self, words, call, at):
        """`send` of new figures with a fault. False: it makes no such call so often."""
        folder = self.sacco.write(self.lab.path("books", "next"), next(self.days), lines="reports = PORTFOLIO\n")
        done = subprocess.run(["strace", "-f", "-o", self.lab.path("strace"), *injection(self.data, call, "EIO", at),
                               program("mfi-agent"), "send", *words, folder, "-c", self.agent.conf], capture_output=True, text=True,
                              timeout=60, check=False)
        faults, where = fired(self.lab), "%s, time %d: exit %d\n%s%s" % (call, at, done.returncode, done.stdout, done.stderr)
        counts = {name: self.agent.count(name) for name in ("receipted", "queued")}
        expect(counts["receipted"] >= self.receipts, "a receipt is gone, " + where)
        is_there = counts["receipted"] + counts["queued"] == self.receipts + 1
        if done.returncode == 0:
            expect(counts["receipted"] == self.receipts + 1, "said to be receipted, " + where)
        elif done.returncode == 3:
            expect(is_there, "said to be queued, " + where)
        else:
            expect(faults > 0 and done.returncode == 1 and done.stderr.strip(), where)
        self.finish(folder)
        return faults > 0

    def finish(self, folder):
        """Without a fault it goes, once, whatever came before."""
        self.agent.send(folder)
        self.receipts += 1
        expect(self.agent.count("receipted") == self.receipts, "receipts: %s" % self.agent.status())

    def sweep(self, words, call):
        for at in range(1, CALLS_MAX):
            if not self.under(words, call, at):
                return at - 1
        raise Failed("%s is called %d times and more" % (call, CALLS_MAX))


def an_agent_whose_disk_fails_at_any_write_or_sync(lab):
    stage = AgentStage(lab)
    done = [(call, stage.sweep(("--wait", "5"), call)) for call in ("fdatasync", "pwrite64", "writev")]
    expect(all(count > 1 for call, count in done if call in ("fdatasync", "pwrite64")), "what was called: %s" % done)
    print("  the agent's data.mdb: " + ", ".join("%s 1 to %d" % row for row in done), flush=True)
    reports = [record for record in stage.hub.records() if record.is_report]
    expect(len(reports) == stage.receipts, "%d receipts, %d reports in the journal" % (stage.receipts, len(reports)))


if __name__ == "__main__":
    if shutil.which("strace") is None or subprocess.run(["strace", "-o", "/dev/null", "true"], check=False).returncode != 0:
        print("skipped: this takes strace, and leave to trace")
        sys.exit(SKIPPED)
    with Lab("schema") as schema:
        checks.generate(SOURCE, schema.folder)
        run_scenarios(sys.modules["__main__"])
