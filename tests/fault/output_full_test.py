#!/usr/bin/python3 -B
"""What programs put out meets a full disk: a backup, a pull, a feed's lines, receipts. Each says so with an exit code that is not 0, nothing
half written looks whole, and with room again it goes on and is whole.

The disk is full in two ways: a file may not grow above a limit (RLIMIT_FSIZE), with any user; and a small file system, which takes root to
mount: without root that half says that it was not tested, and the test ends with 77, which is no pass."""
import json
import os
import shutil
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "support"), os.path.join(HERE, "..", "integration", "interop")]
from disk_full_test import MIB, Disk  # noqa: E402
from lab import DAY, Agent, Institution, Lab, Reader, add_lines, date_of, expect, program, run, run_scenarios  # noqa: E402

SKIPPED = 77
REPORTS = 12
KIB = 1024


class Place:
    """A running hub with a few reports, and what is put out of it into one folder."""

    def __init__(self, lab, out):
        self.lab, self.out, self.hub = lab, out, lab.hub().start()
        self.sacco = Institution("SACCO-001", int(time.time() // DAY) - 60)
        self.agent = Agent(lab, self.hub, "agent", [self.sacco])
        for day in range(REPORTS):
            self.agent.report(self.sacco, self.sacco.day + day)
        reader = Reader(lab, self.hub, "feed", "regulator")
        made = run(program("mfi-pull"), "init", lab.path("pull"), "--hub", self.hub.pub, "--endpoint", self.hub.query, "--id", "BNR",
                   "--name", "The regulator")
        self.hub.command(*add_lines(made.stdout)[0])
        day = date_of(self.sacco.day)
        os.makedirs(out, exist_ok=True)
        self.commands = {
            "backup": ("mfi-hub", "backup", self.at("backup"), "-c", self.hub.conf),
            "pull": ("mfi-pull", "-c", lab.path("pull", "pull.conf"), "--period", day, "--out", self.at("pull")),
            "feed": ("mfi-feed", "-c", os.path.join(reader.folder, "feed.conf"), "--out", self.at("feed.jsonl"), "--until-head"),
            "receipts": ("mfi-agent", "receipts", "-c", self.agent.conf, "--out", self.at("receipts")),
        }
        self.checks = {"backup": self.backup_is_whole, "pull": self.pull_is_whole, "feed": self.feed_is_whole,
                       "receipts": self.receipts_are_whole}

    def at(self, name):
        return os.path.join(self.out, name)

    def run(self, what, *before):
        command = self.commands[what]
        return subprocess.run([*before, program(command[0]), *command[1:]], capture_output=True, text=True, timeout=60, check=False)

    def clear(self):
        for name in os.listdir(self.out):
            if name != "ballast":
                path = self.at(name)
                shutil.rmtree(path) if os.path.isdir(path) else os.unlink(path)

    # ---- what has its name is whole ----

    def backup_is_whole(self):
        if os.path.exists(self.at("backup")):
            run(program("mfi-verify"), "store", self.at("backup/store"), "--hub", self.at("backup/hub.pub"))
            expect(os.path.exists(self.at("backup/acts.log")), "a backup without acts.log")

    def pull_is_whole(self):
        if os.path.exists(self.at("pull")):
            run(program("mfi-verify"), "pull", self.at("pull"), "--hub", self.hub.pub)

    def receipts_are_whole(self):
        names = os.listdir(self.at("receipts")) if os.path.exists(self.at("receipts")) else []
        for name in names:
            expect(name.endswith(".receipt"), "%s was left" % name)
            run(program("mfi-verify"), "receipt", self.at("receipts/" + name), "--hub", self.hub.pub)

    def feed_is_whole(self):
        """Lines behind the cursor are cut by the next start: nothing to say before it."""

    def fails_or_is_whole(self, what, how, *before):
        """True: there was too little room."""
        done = self.run(what, *before)
        where = "%s, %s: exit %d\n%s%s" % (what, how, done.returncode, done.stdout, done.stderr)
        expect(done.returncode in (0, 1), where)
        expect(done.returncode == 0 or any(words in done.stderr for words in ("o space", "too large", "full")), where)
        self.checks[what]()
        left = [name for name in os.listdir(self.out) if name.startswith(("backup.", "pull."))]
        expect(not left, "left beside it: %s, %s" % (left, where))
        return done.returncode != 0

    def goes_on(self, what):
        done = self.run(what)
        expect(done.returncode == 0, "%s, with room: exit %d\n%s" % (what, done.returncode, done.stderr))
        self.checks[what]()
        if what == "feed":
            with open(self.at("feed.jsonl"), encoding="utf-8") as file:
                seqs = [json.loads(line)["seq"] for line in file]
            expect(seqs == list(range(1, len(seqs) + 1)) and len(seqs) > REPORTS, "lines: %s" % seqs)
        if what == "receipts":
            expect(len(os.listdir(self.at("receipts"))) == REPORTS, "receipts are missing")


def a_file_that_may_not_grow(lab):
    place, failed = Place(lab, lab.path("out")), 0
    for what in place.commands:
        for size in (0, 1, 500, 5 * KIB, 40 * KIB):
            failed += place.fails_or_is_whole(what, "files of at most %d bytes" % size, "env", "--ignore-signal=XFSZ", "prlimit",
                                              "--fsize=%d" % size)
            place.goes_on(what)
            place.clear()
    expect(failed >= 14, "only %d commands met the limit" % failed)
    print("  %d of 20 runs met a limit" % failed, flush=True)


def a_disk_without_room(lab):
    if os.geteuid() != 0:
        return
    with Disk(lab.path("out"), 4) as disk:
        place, failed = Place(lab, disk.path), 0
        for what in place.commands:
            for room in (0, 4 * KIB, 12 * KIB, 60 * KIB):
                disk.leave(room)
                failed += place.fails_or_is_whole(what, "%d bytes of room" % room)
                disk.empty()
                place.goes_on(what)
                place.clear()
        expect(failed >= 10, "only %d commands met a full disk" % failed)
        print("  %d of 16 runs met a full disk" % failed, flush=True)
        expect(disk.free() > 3 * MIB, "something was left")


if __name__ == "__main__":
    run_scenarios(sys.modules["__main__"])
    if os.geteuid() != 0:
        print("not tested: a disk without room, which takes root to mount")
        sys.exit(SKIPPED)
