"""What the groups of rows share: the programs of a build, raw limits, a hub with its load, and the table."""
import os
import re
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
BUILD = os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else "build/dev")
os.environ["BIN"] = os.path.join(BUILD, "bin")
from lab import program, run  # noqa: E402

SECONDS = os.environ.get("SECONDS", "5")
AGENTS = 64
DAYS = 40000  # of the past, each a place for one report of each agent
CORES = os.cpu_count()


def numbers(text):
    return {name: float(value) for name, value in re.findall(r"(\w+)=(-?[0-9.]+)", text)}


def part(name, *words):
    """A program of tests/bench, and the figures it prints."""
    return numbers(run(os.path.join(BUILD, "tests", name), *[str(word) for word in words], timeout=600).stdout)


def raw(*words):
    """A raw limit (raw.c)."""
    return part("bench-raw", *words)


def raw_append(batch, size, folder, seconds=1):
    got = raw("append", batch, size, seconds, folder)
    shutil.rmtree(os.path.join(folder, "raw-append"))
    return got


def timed(command):
    """Wall seconds of a command."""
    done = subprocess.run(["/usr/bin/env", "bash", "-c", "TIMEFORMAT=%R; time \"$@\" >/dev/null", "-", *command],
                          capture_output=True, text=True, timeout=600, check=True)
    return float(done.stderr.strip().splitlines()[-1])


class Load:
    """mfi-sim load at a hub of its own."""

    def __init__(self, lab):
        self.lab, self.hub, self.first = lab, lab.hub(name="loaded"), 0
        self.hub.set("quota_bucket", 1000000)
        self.hub.start()

    def command(self, *words):
        return [program("mfi-sim"), "load", "--hub", self.hub.pub, "--ingest", self.hub.ingest, "--feed", self.hub.feed,
                "--keys", self.lab.path("keys"), "--enrol", os.path.join(self.hub.folder, "admin", "socket"),
                *[str(word) for word in words]]

    def hub_cpu_s(self):
        with open("/proc/%d/stat" % self.hub.process.process.pid, encoding="ascii") as file:
            words = file.read().rsplit(")", 1)[1].split()
        return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")

    def measure(self, outstanding, subscribers, size, *words, agents=AGENTS, seconds=SECONDS):
        """What mfi-sim load prints, and: batch, hub_us (processor time of the hub a receipt, enrolling included)."""
        commits, spent = self.hub.status()["counters"]["commits"], self.hub_cpu_s()
        done = run(*self.command("--agents", agents, "--outstanding", outstanding, "--subscribers", subscribers, "--seconds", seconds,
                                 "--bytes", size, "--first", self.first, *words), timeout=900)
        self.first += 1000  # reports of each agent: distinct days
        got = numbers(done.stdout)
        got["batch"] = got["acked"] / max(1, self.hub.status()["counters"]["commits"] - commits)
        got["hub_us"] = (self.hub_cpu_s() - spent) * 1e6 / max(1, got["acked"])
        return got


class Bench:
    """What a group of rows is given: a laboratory, a folder on the disk that is measured, and the rows found so far."""

    def __init__(self, lab, folder):
        self.lab, self.folder, self.rows, self.shared = lab, folder, {}, {}

    def load(self):
        """The load at a hub, kept between rounds and groups; another hub when the days of the past are used up."""
        load = self.shared.get("load")
        if load is not None and load.first >= DAYS:
            load.hub.process.stop()
            shutil.rmtree(load.hub.folder)
            load = None
        if load is None:
            load = self.shared["load"] = Load(self.lab)
        return load

    def row(self, name, measured, limit, note):
        """One round of a row: measured stands beside limit; note says what the limit is and what else was seen."""
        self.rows.setdefault(name, []).append((measured, limit, note))

    def table(self):
        """Of each row the round with the median ratio, and the range of ratios."""
        yield "| figure | measured | raw limit | ratio (range) | the limit, and what else was seen |"
        yield "|---|---|---|---|---|"
        for name, values in self.rows.items():
            values = sorted(values, key=lambda value: value[0] / value[1])
            measured, limit, note = values[len(values) // 2]
            yield "| %s | %s | %s | %.2f (%.2f to %.2f) | %s |" % (
                name, format(measured, ",.4g"), format(limit, ",.4g"), measured / limit, values[0][0] / values[0][1],
                values[-1][0] / values[-1][1], note)
