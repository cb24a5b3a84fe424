#!/usr/bin/python3 -B
"""A hub and an agent whose disk is full: nothing is acknowledged that is not kept, and with room again everything goes on by itself.
The store's file system is a small tmpfs, which takes root to mount; without it nothing is tested, it says so, and ends with 77, which
is no pass."""
import os
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
from lab import DAY, SOURCE, Lab, Agent, Failed, Institution, expect, run, run_scenarios, wait_until  # noqa: E402

MIB = 1 << 20


class Disk:
    """A file system of its own, that can be filled and emptied."""

    def __init__(self, path, mebibytes):
        self.path, self.ballast = path, os.path.join(path, "ballast")
        os.makedirs(path, exist_ok=True)
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=%dm,mode=0700" % mebibytes, "tmpfs", path], check=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        subprocess.run(["umount", "-l", self.path], check=False)

    def free(self):
        about = os.statvfs(self.path)
        return about.f_bavail * about.f_frsize

    def leave(self, free):
        """Fills it but for so many bytes."""
        self.empty()
        with open(self.ballast, "wb", buffering=0) as file:
            left = self.free() - free
            try:
                while left > 0:
                    left -= file.write(bytes(min(left, MIB)))
            except OSError:
                pass  # full to the last page

    def empty(self):
        if os.path.exists(self.ballast):
            os.unlink(self.ballast)


def small_hub(lab, floor_mb):
    hub = lab.hub()
    with open(hub.conf, encoding="ascii") as conf:
        text = conf.read().replace("disk_floor_mb = 256;", "disk_floor_mb = %d;" % floor_mb)
    expect("disk_floor_mb = %d;" % floor_mb in text, "init writes the disk floor")
    with open(hub.conf, "w", encoding="ascii") as conf:
        conf.write(text)
    return hub


def is_told_to_come_later(call, what):
    try:
        call()
    except RetryLater:
        return
    raise Failed("%s was taken" % what)


def of_everything_acknowledged(hub, keys, sacco, envelopes, receipts):
    """Each receipt that was given is the one that is given again; the store is well."""
    sender = client.Submitter(keys, hub.ingest, sacco.transport)
    for entry in sender.submit(*envelopes):
        need = receipts.get(entry.envelope)
        expect(need is None or entry.best[0].seq == need, "a receipt of record %s is now one of %d" % (need, entry.best[0].seq))
    sender.close()
    hub.verify()


def near_the_floor_the_hub_says_come_later(lab):
    with Disk(lab.path("hub"), 32) as disk:
        hub = small_hub(lab, 8).start()
        keys, sacco = checks.HubKeys(hub.pub), people.Institution("SACCO-001").enrol(hub)
        bnr = people.Reader("BNR", "regulator").enrol(hub)
        sender = client.Submitter(keys, hub.ingest, sacco.transport)
        first, = sender.submit(sacco.nil(people.today() - 2))
        disk.leave(4 * MIB)
        before = hub.status()["records"]
        late = sacco.nil(people.today() - 3)
        is_told_to_come_later(lambda: sender.submit(late), "a report near the floor")
        other = client.Submitter(keys, hub.ingest, sacco.transport)
        is_told_to_come_later(other.hello, "a session near the floor")
        feed = client.Connection(hub.feed, keys.transport, bnr.transport)
        feed.send(client.message("FETCH", position={"size": 0, "root": b""}, number=1, wait_ms=0))
        expect(feed.receive()[0] == "RETRY_LATER", "a reading that cannot be written down does not begin")
        expect(hub.status()["records"] == before, "nothing was written near the floor")
        disk.empty()
        again, = sender.submit(late)
        expect(again.best is not None, "with room again the report is taken, by the same process")
        feed.send(client.message("FETCH", position={"size": 0, "root": b""}, number=2, wait_ms=0))
        expect(feed.receive()[0] == "RECORDS", "and readers read")
        for connection in (sender, other, feed):
            connection.close()
        of_everything_acknowledged(hub, keys, sacco, [first.envelope, late], {first.envelope: first.best[0].seq})


def a_disk_that_fills_within_a_turn_takes_no_acknowledgement_along(lab):
    """The floor was not reached when the turn began, and its commit finds no room: the hub ends, and nobody gets a receipt of it."""
    with Disk(lab.path("hub"), 32) as disk:
        hub = small_hub(lab, 1).start()
        keys = checks.HubKeys(hub.pub)
        members = [people.Institution("SACCO-%03d" % n).enrol(hub) for n in range(8)]
        senders = [client.Submitter(keys, hub.ingest, sacco.transport) for sacco in members]
        text = [{"rule": "POR-01", "code": "OTHER", "text": "x" * 490}] * 60
        kept, sent = {}, [[] for _ in members]
        for sacco, sender, envelopes in zip(members, senders, sent):
            entry, = sender.submit(sacco.nil(people.today() - 2))
            kept[entry.envelope] = entry.best[0].seq
            envelopes.append(entry.envelope)
            envelopes += [sacco.nil(people.today() - day, explanations=text) for day in range(3, 23)]
        disk.leave(MIB + MIB // 8)
        hub.process.process.send_signal(signal.SIGSTOP)  # so that all of it comes in one turn
        flying = [{sender._send(client.Entry(envelope), 5): envelope for envelope in envelopes[1:]}
                  for sender, envelopes in zip(senders, sent)]
        time.sleep(0.5)
        hub.process.process.send_signal(signal.SIGCONT)
        told = [hear(sender, numbers, kept) for sender, numbers in zip(senders, flying)]
        # A slow machine makes more turns of it, and one of them begins below the floor.
        wait_until("the hub ends where its commit found no room", 20, lambda: not hub.process.is_running() or any(told))
        if not hub.process.is_running():
            expect(hub.process.process.returncode == 1, "the hub ended with %s" % hub.process.process.returncode)
            expect("make room" in hub.log(), "and says what to do")
        for sender in senders:
            sender.close()
        disk.empty()
        if not hub.process.is_running():
            hub.start()
        for sacco, envelopes in zip(members, sent):
            of_everything_acknowledged(hub, keys, sacco, envelopes, kept)


def hear(sender, numbers, kept):
    """What comes after the burst: receipts are kept in mind. Was something told to come later?"""
    is_later = False
    try:
        while True:
            name, body = sender.connection.receive(1)
            for answer in body.answers if name == "ANSWERS" else ():
                is_later |= answer.HasField("retry_later")
                if answer.HasField("header"):
                    kept[numbers[answer.number]] = int.from_bytes(answer.header[4:12], "big")
    except Silence:
        return is_later


def acts_on_a_full_disk_are_refused_or_kept(lab):
    with Disk(lab.path("hub"), 32) as disk:
        hub = small_hub(lab, 1).start()
        people.Institution("SACCO-001").enrol(hub)
        disk.leave(0)
        done, refused = [], 0
        for number in range(60):
            name = "Name %d %s" % (number, "x" * 400)
            if not hub.process.is_running():
                expect(hub.process.process.returncode == 1, "the hub ended with %s" % hub.process.process.returncode)
                break
            said = hub.command("parties", "set", "SACCO-001", "--name", name, check=False)
            expect(said.returncode in (0, 1, 3), "exit %d: %s" % (said.returncode, said.stderr))
            done += [name] if said.returncode == 0 else []
            refused += said.returncode != 0
        expect(refused > 0, "the disk never was full")
        disk.empty()
        if not hub.process.is_running():
            hub.start()
        hub.verify()
        names = b"".join(record.body for record in hub.records())
        expect(all(name.encode() in names for name in done), "an act that was said to be done is not in the journal")
        hub.start().command("parties", "set", "SACCO-001", "--name", "with room again")


def an_agent_on_a_full_disk_queues_nothing_and_loses_nothing(lab):
    hub = lab.hub().start()
    with Disk(lab.path("agent"), 24) as disk:
        sacco = Institution("SACCO-001", int(time.time() // DAY) - 30)
        agent = Agent(lab, hub, "agent", [sacco])
        agent.process.start()
        agent.report(sacco, sacco.day - 1)
        agent.wait_for(1)
        hub.process.stop()
        agent.queue(sacco, sacco.day - 2)
        disk.leave(0)
        said = agent.report(sacco, sacco.day - 3, words=("--wait", "0", "--anyway"), codes=range(0, 256))
        queued = said.returncode in (0, 3)
        expect(queued or said.stderr.strip(), "an agent that cannot queue says why")
        expect(agent.process.is_running() or agent.process.process.returncode == 1, "how the agent ended")
        hub.start()  # the receipt comes; there may be no room for it
        time.sleep(1)
        disk.empty()
        if agent.process.is_running():
            agent.process.stop()
        agent.process.start()
        agent.wait_for(3 if queued else 2, seconds=90)
        agent.report(sacco, sacco.day - 4)
        agent.wait_for(4 if queued else 3)
        agent.process.stop()
        reports = [record for record in hub.records() if record.is_report]
        expect({record.id.hex() for record in reports} == set(agent.receipts()), "each report has its receipt")


if __name__ == "__main__":
    probe = os.path.join(os.environ.get("TMPDIR", "/tmp"), "ihuriro-mount-%d" % os.getpid())
    try:
        with Disk(probe, 1):
            pass
    except (OSError, subprocess.CalledProcessError):
        print("skipped: this takes root, to mount a small file system")
        sys.exit(77)  # no pass: tests/run says what was not tested
    finally:
        os.path.isdir(probe) and os.rmdir(probe)
    with Lab("schema") as schema:
        checks.generate(SOURCE, schema.folder)
        run_scenarios(sys.modules["__main__"])
