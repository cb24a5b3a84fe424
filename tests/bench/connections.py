"""Many connections: what they weigh, and how soon all are back after a restart."""
import os
import subprocess
import time

from measure import BUILD, numbers
from reading import long_journal

COUNTS = [int(word) for word in os.environ.get("CONNECTIONS", "1000 10000").split()]
KB_IDLE, KB_EACH = 40 * 1024, 32


class Crowd:
    """bench-crowd: opens so many connections at once as it is told."""

    def __init__(self, *words):
        self.process = subprocess.Popen([os.path.join(BUILD, "tests", "bench-crowd"), *[str(word) for word in words]],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        if self.process.stdout.readline() != "ready\n":
            raise RuntimeError("bench-crowd does not start")

    def connect(self, count):
        self.process.stdin.write("%d\n" % count)
        self.process.stdin.flush()
        got = numbers(self.process.stdout.readline())
        if got["connected"] != count:
            raise RuntimeError("only %d of %d connections came about" % (got["connected"], count))
        return got["seconds"]

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def anon_kb(hub):
    with open("/proc/%d/status" % hub.process.process.pid, encoding="ascii") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("RssAnon"))


def settled_kb(hub, seconds=5):
    """What handshakes took is given back after a while of silence."""
    peak = anon_kb(hub)
    time.sleep(seconds)
    return anon_kb(hub), peak


def restart(hub):
    hub.process.stop()
    hub.start()


def memory(bench):
    """Of a hub with a long journal, started anew for each: what was freed may stay with the process a while."""
    hub = long_journal(bench)
    restart(hub)
    bench.row("hub memory, idle, long journal, KB", anon_kb(hub), KB_IDLE, "the goal; RssAnon")
    for count in COUNTS:
        restart(hub)
        crowd = Crowd("hub", hub.pub, hub.ingest, bench.lab.path("keys-crowd"), os.path.join(hub.folder, "admin", "socket"), count)
        crowd.connect(count)
        settled, peak = settled_kb(hub)
        bench.row("hub memory, %d connected agents, KB" % count, settled, KB_IDLE + KB_EACH * count,
                  "the goal: 40 MB + 32 KB each; RssAnon, 5 s after HELLO of all; just after it %d" % peak)
        crowd.close()


def back(bench):
    """Everybody opens a connection to a hub that has just started: CURVE, ZAP, HELLO."""
    hub, count = long_journal(bench), max(COUNTS)
    crowd = Crowd("hub", hub.pub, hub.ingest, bench.lab.path("keys-crowd"), os.path.join(hub.folder, "admin", "socket"), count)
    restart(hub)
    took = crowd.connect(count)
    crowd.close()
    bare = Crowd("bare", count)
    limit = bare.connect(count)
    bare.close()
    bench.row("%d agents back after a restart, s" % count, took, limit,
              "as many bare CURVE handshakes and one message, by the same program")


GROUPS = {"memory": memory, "back": back}
