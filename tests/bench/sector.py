"""Who has reported what: the matrix of a month, and reports that keep coming while it is asked for."""
import os
import shutil
import subprocess

import measure
from lab import add_lines, program, run

INSTITUTIONS, MONTH, FIRST, MONTHS = 460, "2020-06", "2020-05", 2
MANY = int(os.environ.get("INSTITUTIONS", "100000"))
RATE = 20


def made(lab, name, institutions):
    """A hub, not running, that holds two months of so many institutions."""
    hub = lab.hub("--test", "--test-time", "2020-09-01", name=name)
    run(os.path.join(measure.BUILD, "tests", "bench-months"), hub.folder, str(institutions), FIRST, str(MONTHS), timeout=3600)
    return hub


def kept(bench):
    if "sector" not in bench.shared:
        bench.shared["sector"] = made(bench.lab, "sector", INSTITUTIONS)
    return bench.shared["sector"]


def store(bench):
    """From the store: in a fresh process, and again in the same one. The month, and the month before."""
    hub = kept(bench)
    got = measure.part("bench-matrix", hub.folder, MONTH, 31)
    size = "%d cells of %d institutions" % (got["cells"], got["institutions"])
    bench.row("matrix of a month and of the one before, 460 × 5, warm: ms", got["both_ms"], 50,
              "the goal; %s; %.1f ms of a core a month, %.1f of them wall time for the indexes" % (size, got["cpu_ms"], got["read_ms"]))
    bench.row("the matrix, one month, a fresh process: ms", got["fresh_ms"], 300, "the goal; %.1f ms of a core" % got["fresh_cpu_ms"])
    command = [program("mfi-hub"), "status", "--period", MONTH, "-c", hub.conf]
    bench.row("`mfi-hub status --period`, fresh process: ms", 1000 * measure.timed(command), 300, "the goal; with the reminder list")


def many(bench):
    """The same with a hundred thousand institutions, once."""
    hub = made(bench.lab, "matrix-of-many", MANY)
    got = measure.part("bench-matrix", hub.folder, MONTH, 1)
    bench.row("matrix of a month, %d institutions, a fresh process: s" % got["institutions"], got["fresh_ms"] / 1000, 5,
              "the goal; %d cells, %.1f s of a core" % (got["cells"], got["fresh_cpu_ms"] / 1000))
    shutil.rmtree(hub.folder)


class Asking:
    """A reader that asks for the matrix and the totals so many times a second, until it is ended."""

    def __init__(self, lab, hub, name):
        made = run(program("mfi-pull"), "init", lab.path(name), "--hub", hub.pub, "--endpoint", hub.query, "--id", name.upper(),
                   "--name", name)
        line = add_lines(made.stdout)[0]
        line[line.index("--role") + 1] = "regulator"
        hub.command(*line)
        self.conf = os.path.join(lab.path(name), "pull.conf")

    def begin(self, seconds):
        self.process = subprocess.Popen([os.path.join(measure.BUILD, "tests", "bench-asks"), self.conf, MONTH, str(RATE), str(seconds),
                                         "totals"], stdout=subprocess.PIPE, text=True)

    def end(self):
        said, _ = self.process.communicate(timeout=120)
        return measure.numbers(said)


def beside(bench):
    """Receipts a second while matrix and totals are asked for, beside the same load alone, in one run, in turns."""
    hub = kept(bench)
    if "asking" not in bench.shared:
        hub.set("quota_bucket", 1000000)
        hub.start()
        bench.shared["asking"] = Asking(bench.lab, hub, "asker")
        load = bench.shared["asked"] = object.__new__(measure.Load)
        load.lab, load.hub, load.first = bench.lab, hub, 0
    asking, load = bench.shared["asking"], bench.shared["asked"]
    alone = load.measure(1, 0, 1024)
    asking.begin(float(measure.SECONDS) + 2)
    together = load.measure(1, 0, 1024)
    asked = asking.end()
    bench.row("receipts/s, 64 × 1, beside %d matrices and totals a second" % RATE, together["acked_per_s"], alone["acked_per_s"],
              "the same load alone; %.1f of both a second, p50 %.1f ms, p99 %.1f ms, %d rows; p99 of a receipt %.0f beside %.0f ms" % (
                  asked["per_s"], asked["p50_ms"], asked["p99_ms"], asked["rows"], together["p99_ms"], alone["p99_ms"]))


GROUPS = {"sector": store, "sector-many": many, "sector-asked": beside}
ONCE = {"sector-many"}
