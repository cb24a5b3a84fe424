#!/usr/bin/python3 -B
"""The hub's disk answers a write or a sync with an error, at each of a few places: no acknowledgement leaves after it, the hub ends with
an exit code that is not 0, and at the next start the store is well and holds what was acknowledged."""
import os
import shutil
import signal
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "..", "support"), os.path.join(HERE, "..", "integration", "interop")]
import checks  # noqa: E402
import client  # noqa: E402
import people  # noqa: E402
from client import Silence  # noqa: E402
from lab import SOURCE, Lab, Process, expect, program, run_scenarios, wait_until  # noqa: E402

REPORTS = 12


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
        self.send(signal.SIGKILL)
        self.process.wait()

    def stop(self):
        self.send(signal.SIGTERM)
        expect(self.process.wait(20) == 0, "the hub stops")


def trace_it(lab, hub, path, call, at):
    """The hub's next process: a call on that file fails once, in each of its threads, at its at-th time."""
    hub.process = Traced(lab, hub, "-P", path, "-e", "trace=" + call, "-e", "inject=%s:error=EIO:when=%d" % (call, at))
    lab.processes.append(hub.process)


def under_fault(lab, call, at):
    """Sends one report after the other to a hub whose store fails it."""
    hub = lab.hub().start()
    keys, sacco = checks.HubKeys(hub.pub), people.Institution("SACCO-001").enrol(hub)
    hub.process.stop()
    trace_it(lab, hub, os.path.join(hub.store, "data.mdb"), call, at)
    hub.start()
    envelopes = [sacco.nil(people.today() - day) for day in range(2, 2 + REPORTS)]
    sender, kept = client.Submitter(keys, hub.ingest, sacco.transport), {}
    for envelope in envelopes:
        try:
            entry, = sender.submit(envelope, seconds=2)
        except Silence:
            break
        kept[envelope] = entry.best[0].seq
    sender.close()
    with open(lab.path("strace"), encoding="ascii", errors="replace") as trace:
        failed = sum("INJECTED" in line for line in trace)
    expect(failed > 0, "%s was called fewer than %d times" % (call, at))
    expect(len(kept) < REPORTS, "all was acknowledged, though %s failed" % call)
    wait_until("the hub ends", 10, lambda: not hub.process.is_running())
    expect(hub.process.process.returncode == 1, "the hub ended with %s" % hub.process.process.returncode)
    hub.process = lab.process("hub-again-%s-%d" % (call, at), program("mfi-hub"), "run", "-c", hub.conf)
    hub.start().verify()
    sender = client.Submitter(keys, hub.ingest, sacco.transport)
    for entry in sender.submit(*envelopes):
        want = kept.get(entry.envelope)
        expect(want in (None, entry.best[0].seq), "record %s was acknowledged, and is now %d" % (want, entry.best[0].seq))
    sender.close()
    hub.verify()
    hub.process.stop()
    shutil.rmtree(hub.folder)


def a_sync_that_fails(lab):
    for at in (1, 2, 5):
        under_fault(lab, "fdatasync", at)


def a_page_that_cannot_be_written(lab):
    """Of a commit: its pages, or, at every other call, the meta page that makes them count."""
    for at in (1, 2, 3, 4):
        under_fault(lab, "pwrite64", at)


def a_sync_of_acts_log_that_fails(lab):
    """The act is refused and gone, or the hub ends; in both cases the log and the journal agree afterwards."""
    hub = lab.hub().start()
    people.Institution("SACCO-001").enrol(hub)
    hub.process.stop()
    trace_it(lab, hub, os.path.join(hub.folder, "acts.log"), "fdatasync", 1)
    hub.start()
    lost = hub.command("parties", "set", "SACCO-001", "--name", "never said to be done", check=False)
    expect(lost.returncode == 1 and "acts.log" in lost.stderr, "exit %d: %s" % (lost.returncode, lost.stderr))
    hub.command("parties", "set", "SACCO-001", "--name", "said to be done")
    bodies = b"".join(record.body for record in hub.records())
    expect(b"never said to be done" not in bodies and b"said to be done" in bodies, "what was journaled")
    hub.process = lab.process("hub-after", program("mfi-hub"), "run", "-c", hub.conf)
    hub.start().verify()


if __name__ == "__main__":
    if shutil.which("strace") is None or subprocess.run(["strace", "-o", "/dev/null", "true"], check=False).returncode != 0:
        print("skipped: this takes strace, and leave to trace")
        sys.exit(0)
    with Lab("schema") as schema:
        checks.generate(SOURCE, schema.folder)
        run_scenarios(sys.modules["__main__"])
