"""A small laboratory for tests of the real programs: a hub, agents and readers in a temporary folder, on ephemeral ports of loopback."""
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

BIN = os.environ.get("BIN", "build/dev/bin")
SOURCE = os.environ.get("SOURCE", os.getcwd())
DAY = 86400


class Failed(Exception):
    pass


def program(name):
    return os.path.join(BIN, name)


def free_ports(count):
    sockets = [socket.socket() for _ in range(count)]
    for s in sockets:
        s.bind(("127.0.0.1", 0))
    ports = [s.getsockname()[1] for s in sockets]
    for s in sockets:
        s.close()
    return ports


def run(*command, check=True, codes=(0,), timeout=120, text=None):
    """Runs a command to its end; returns its output. Any other exit code fails the test, with all it said."""
    done = subprocess.run(command, input=text, capture_output=True, text=True, timeout=timeout)
    if check and done.returncode not in codes:
        raise Failed("%s\nexit %d\n%s%s" % (" ".join(command), done.returncode, done.stdout, done.stderr))
    return done


class Process:
    """A program that runs until it is killed or stopped; started again with the same command."""

    def __init__(self, command, log):
        self.command, self.log, self.process = command, log, None

    def start(self):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        return self

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self):
        if self.process is None or self.process.poll() is not None:
            return
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.kill()
            raise Failed("%s did not end within 20 s of SIGTERM" % self.command[0]) from None

    def is_running(self):
        return self.process is not None and self.process.poll() is None


class Lab:
    def __init__(self, name):
        self.folder = tempfile.mkdtemp(prefix="ihuriro-%s-" % name, dir=os.environ.get("TMPDIR", "/tmp"))
        self.processes = []

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        for process in self.processes:
            if process.is_running():
                process.kill()
        if kind is None:
            shutil.rmtree(self.folder, ignore_errors=True)
        else:
            print("what is left of it: %s" % self.folder, file=sys.stderr)
            for process in self.processes:
                if os.path.exists(process.log):
                    with open(process.log, encoding="utf-8", errors="replace") as log:
                        print("---- %s\n%s" % (process.log, log.read()[-3000:]), file=sys.stderr)

    def path(self, *parts):
        return os.path.join(self.folder, *parts)

    def process(self, name, *command):
        made = Process([str(word) for word in command], self.path(name + ".log"))
        self.processes.append(made)
        return made

    def hub(self, *extra):
        return Hub(self, *extra)


class Hub:
    def __init__(self, lab, *extra):
        self.lab, self.folder = lab, lab.path("hub")
        ports = free_ports(3)
        self.ingest, self.feed, self.query = ("tcp://127.0.0.1:%d" % port for port in ports)
        run(program("mfi-hub"), "init", self.folder, "--origin", "hub.test", "--ingest", self.ingest, "--feed", self.feed,
            "--query", self.query, *extra)
        self.conf = os.path.join(self.folder, "hub.conf")
        self.pub = os.path.join(self.folder, "keys", "hub.pub")
        self.store = os.path.join(self.folder, "store")
        self.process = lab.process("hub", program("mfi-hub"), "run", "-c", self.conf)

    def start(self):
        self.process.start()
        return self.wait()

    def wait(self, seconds=20):
        """Until it answers at its admin door."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if not self.process.is_running():
                raise Failed("the hub ended with %s" % self.process.process.returncode)
            done = run(program("mfi-hub"), "status", "-c", self.conf, "--format", "json", check=False)
            if done.returncode == 0 and json.loads(done.stdout)["running"]:
                return self
            time.sleep(0.05)
        raise Failed("the hub does not answer")

    def command(self, *words, **more):
        """mfi-hub WORD... -c hub.conf"""
        return run(program("mfi-hub"), *words, "-c", self.conf, **more)

    def status(self):
        return json.loads(self.command("status", "--format", "json").stdout)

    def verify(self):
        return self.command("verify")

    def log(self):
        with open(self.process.log, encoding="utf-8") as log:
            return log.read()


def add_lines(text):
    """The `mfi-hub parties add ...` lines that an init printed, as argument lists."""
    import shlex
    return [shlex.split(line.strip().lstrip("$ "))[1:] for line in text.splitlines()
            if re.search(r"mfi-hub parties add ", line)]


def wait_until(what, seconds, condition):
    """Polls a condition; fails with its description when the time is over."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.1)
    raise Failed("not within %d s: %s" % (seconds, what() if callable(what) else what))


def date_of(day):
    return time.strftime("%Y-%m-%d", time.gmtime(day * DAY))
