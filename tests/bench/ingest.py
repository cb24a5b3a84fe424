"""Receipts: how many a second and how soon, beside the bound that their parts set.

The bound: cores ÷ (processor time a message of a bare CURVE echo, both ends, with answers as long as the hub's + of one
verification + of one signature a batch + of one bare LMDB append at the batch seen), each measured alone, in the same round.
"""
import datetime
import itertools
import os
import shutil
import subprocess
import sys
import threading

from lab import add_lines, program, run
from measure import AGENTS, BUILD, CORES, numbers, part, raw, raw_append

RECORD_MORE = 500  # bytes of a record beside the report: header, judgement, envelope
FRAME_MORE = 200   # bytes of a SUBMIT beside the report
CATCH_UP = int(os.environ.get("CATCH_UP", "500"))  # reports queued at each institution


def bound_of(bench, got, clients, window, size):
    """(receipts a second, what it is made of); got: what the load printed, with its batch."""
    batch = max(1, round(got["batch"]))
    echo = raw("echo", clients, window, size + FRAME_MORE, round(got["answer_bytes"]), 2)
    verify, sign = raw("verify", 1), raw("sign", 0.5)
    append = raw_append(batch, size + RECORD_MORE, bench.folder)
    cost = echo["cpu_us"] + verify["cpu_us"] + sign["cpu_us"] / batch + append["cpu_us"]
    return CORES * 1e6 / cost, (
        "bound: %d cores ÷ (CURVE echo %.0f + verify %.0f + sign %.1f + append %.1f µs); spent: hub %.0f + load %.0f µs, so %.2f by "
        "processor time; batch %.0f; p50 %.1f p99 %.1f ms" % (
            CORES, echo["cpu_us"], verify["cpu_us"], sign["cpu_us"] / batch, append["cpu_us"], got["hub_us"], got["cpu_us"],
            cost / (got["hub_us"] + got["cpu_us"]), batch, got["p50_ms"], got["p99_ms"]))


def receipts_with(bench, outstanding, subscribers, size):
    got = bench.load().measure(outstanding, subscribers, size)
    bound, note = bound_of(bench, got, AGENTS, outstanding, size)
    name = "receipts/s, %d × %d, %d KB" % (AGENTS, outstanding, size // 1024)
    if subscribers:
        name += ", %d subscriber%s" % (subscribers, "s" if subscribers > 1 else "")
        note += "; %.0f deliveries/s" % got["delivered_per_s"]
    bench.row(name, got["acked_per_s"], bound, note)


def receipts(bench):
    for outstanding in (1, 16):
        for size in (1024, 4096):
            receipts_with(bench, outstanding, 0, size)


def followed(bench):
    """The same with subscribers that receive all; the bound is that without them."""
    for subscribers in (1, 8):
        for outstanding in (1, 16):
            for size in (1024, 4096):
                receipts_with(bench, outstanding, subscribers, size)


def turn(bench):
    for batch in (1, 64):
        got, verify = part("bench-turn", batch, 6000), raw("verify", 1)
        append = raw_append(batch, 800, bench.folder)
        bench.row("ingest turn without sockets, batch %d, µs of a core a report" % batch, got["cpu_us"],
                  verify["cpu_us"] + append["cpu_us"], "verify %.0f + append %.0f µs" % (verify["cpu_us"], append["cpu_us"]))


def latency(bench):
    load = bench.load()
    done = run(*load.command("--agents", 1, "--seconds", 2, "--reports", 5000, "--first", load.first), timeout=300)
    load.first += 5000
    sync = raw("sync", 1, bench.folder)
    os.remove(os.path.join(bench.folder, "raw-sync"))
    got = numbers(done.stdout)
    bench.row("receipt latency p50, one agent, µs", got["p50_ms"] * 1000, sync["p50_us"],
              "one write + fdatasync of 4 KiB at a file's end, p50; the receipt's p99 %.1f ms" % got["p99_ms"])


def catch_up(bench):
    """Everybody comes back with what was queued: through one bureau's connection, and each by itself."""
    for connections, name in ((460, "460 agents"), (1, "one bureau agent")):
        got = bench.load().measure(16, 0, 1024, "--connections", connections, "--reports", 460 * (CATCH_UP - 1), agents=460,
                                   seconds=300)
        bound, note = bound_of(bench, got, connections, 16 if connections > 1 else 1000, 1024)
        bench.row("catch-up, 460 × %d reports through %s, receipts/s" % (CATCH_UP, name), got["acked_per_s"], bound, note)


class Crowd:
    """8 subscribers that replay the journal and 4 pulls of one month, again and again until it is left."""

    def __init__(self, load):
        self.load, self.is_over, self.running, self.done = load, False, set(), {"replays": 0, "pulls": 0}
        self.conf = os.path.join(load.hub.folder, "puller", "pull.conf")
        if not os.path.exists(self.conf):
            made = run(program("mfi-pull"), "init", os.path.dirname(self.conf), "--hub", load.hub.pub, "--endpoint", load.hub.query,
                       "--id", "PULLER", "--name", "puller")
            line = add_lines(made.stdout)[0]
            line[line.index("--role") + 1] = "regulator"
            load.hub.command(*line)
        month = datetime.date.today() - datetime.timedelta(days=60)  # the first load filled it
        self.threads = [threading.Thread(target=self.repeat, args=(
            "pulls", [program("mfi-pull"), "-c", self.conf, "--period", month.strftime("%Y-%m"), "--out"], load.lab.path("pull-%d" % i)))
            for i in range(4)]
        self.threads.append(threading.Thread(target=self.repeat, args=("replays", [
            os.path.join(BUILD, "tests", "bench-readers"), load.hub.pub, load.hub.feed, load.lab.path("keys"),
            os.path.join(load.hub.folder, "admin", "socket"), "8", "3600", str(512 * 1024)], None)))

    def repeat(self, what, command, out):
        for number in itertools.count():
            if self.is_over:
                return
            folder = [] if out is None else ["%s-%d" % (out, number)]
            process = subprocess.Popen([*command, *folder], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
            self.running.add(process)
            said = process.communicate()[1]
            self.running.discard(process)
            if process.returncode != 0 and not self.is_over:
                print("%s: exit %d: %s" % (command[0], process.returncode, said), file=sys.stderr)
                return
            self.done[what] += process.returncode == 0
            for made in folder:
                shutil.rmtree(made, ignore_errors=True)

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *problem):
        self.is_over = True
        for process in list(self.running):
            process.terminate()
        for thread in self.threads:
            thread.join()


def beside(bench):
    for outstanding in (1, 16):
        load = bench.load()
        alone = load.measure(outstanding, 0, 1024)
        with Crowd(load) as crowd:
            got = load.measure(outstanding, 0, 1024)
        name = "%d × %d, 1 KB, beside 8 replays and 4 pulls" % (AGENTS, outstanding)
        bench.row("receipts/s, " + name, got["acked_per_s"], alone["acked_per_s"], "alone; %d pulls and %d times 8 replays were done" % (
            crowd.done["pulls"], crowd.done["replays"]))
        bench.row("p99 ms, " + name, got["p99_ms"], alone["p99_ms"], "alone; p50 %.1f beside, %.1f alone" % (
            got["p50_ms"], alone["p50_ms"]))


GROUPS = {"receipts": receipts, "followed": followed, "turn": turn, "latency": latency, "catch_up": catch_up, "beside": beside}
ONCE = ("catch_up",)
