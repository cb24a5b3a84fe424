#!/usr/bin/python3
"""What every command has: --help, --version, exit codes 0, 1, 2, 3, reasons on stderr, --format json. BIN is the folder of the programs;
a scenario's name, or a part of it, as argument runs that one alone."""
import json
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from lab import Agent, Institution, Reader, add_lines, expect, program, run, run_scenarios

DAY_0 = int(time.time()) // 86400 - 60
COMMANDS = {
    "mfi-hub": ["init", "run", "check-config", "status", "parties", "parties list", "parties add", "parties set", "parties revoke",
                "parties show", "parties import", "parties merge", "parties split", "parties rename", "parties close", "parties contact",
                "refusals", "backup", "restore", "clock-is-right", "test-time", "verify"],
    "mfi-agent": ["init", "check", "send", "run", "status", "receipts", "drop"],
    "mfi-feed": ["init"],
    "mfi-pull": ["init", "prove", "totals"],
    "mfi-verify": ["receipt", "pull", "consistency", "store"],
    "mfi-sim": ["sector", "loanbook", "load"],
}


def refused(code, *command):
    """Ends with the code, gives a reason on stderr and nothing on stdout."""
    done = run(program(command[0]), *command[1:], codes=(code,))
    expect(done.stderr.startswith(command[0]) and done.stderr.endswith("\n"), lambda: "%s says: %s" % (command, done.stderr))
    expect(done.stdout == "", lambda: "%s puts out: %s" % (command, done.stdout))
    return done.stderr


def every_command_has_help_and_refuses_what_it_does_not_know_with_two(lab):
    del lab
    for name, commands in COMMANDS.items():
        expect(run(program(name), "--version").stdout.startswith(name), "%s has no version" % name)
        for command in [""] + commands:
            words = command.split()
            done = run(program(name), *words, "--help")
            expect(done.stdout.startswith("Usage: " + name) and not done.stderr, lambda: "%s %s: %s" % (name, words, done.stdout))
            expect("See: %s" % name in refused(2, name, *words, "--nonsense"), "it is to say where help is")
        refused(2, name, "frobnicate", "-c", "/nowhere")


def a_configuration_that_is_not_there_is_two_and_named(lab):
    nowhere = lab.path("nowhere.conf")
    for command in (("mfi-hub", "status"), ("mfi-hub", "run"), ("mfi-hub", "check-config"), ("mfi-hub", "verify"), ("mfi-agent", "status"),
                    ("mfi-agent", "run"), ("mfi-agent", "receipts"), ("mfi-feed",), ("mfi-pull", "--period", "2020-06", "--out", "x")):
        expect(nowhere in refused(2, *command, "-c", nowhere), "%s is to name the file" % (command,))


def what_a_command_puts_out_is_json_when_asked(lab):
    hub = lab.hub().start()
    institution = Institution("MFI-1", DAY_0)
    agent = Agent(lab, hub, "agent", [institution])
    reader = Reader(lab, hub, "bnr", "regulator")
    agent.report(institution, DAY_0)
    receipt = next(iter(agent.receipts().values()))
    folder = lab.path("books", "agent", institution.id)
    conf, of = os.path.join(reader.folder, "feed.conf"), ("--hub", hub.pub, "--format", "json")
    for command in (
            ("mfi-hub", "status", "-c", hub.conf), ("mfi-hub", "verify", "-c", hub.conf), ("mfi-hub", "check-config", "-c", hub.conf),
            ("mfi-hub", "parties", "list", "-c", hub.conf), ("mfi-agent", "status", "-c", agent.conf),
            ("mfi-agent", "receipts", "-c", agent.conf), ("mfi-agent", "check", "-c", agent.conf, folder),
            ("mfi-feed", "-c", conf, "--until-head"), ("mfi-verify", "receipt", receipt.path, *of), ("mfi-verify", "store", hub.folder, *of)):
        said = run(program(command[0]), *command[1:], *(() if "--format" in command else ("--format", "json"))).stdout
        expect(said and all(json.loads(line) for line in said.splitlines()), "%s is not JSON: %s" % (command, said))


def a_hub_that_is_not_reached_is_three_and_a_refusal_is_one(lab):
    hub = lab.hub().start()
    institution = Institution("MFI-1", DAY_0)
    agent = Agent(lab, hub, "agent", [institution])
    pull = run(program("mfi-pull"), "init", lab.path("pull"), "--hub", hub.pub, "--endpoint", hub.query, "--id", "BNR", "--name", "B")
    hub.command(*add_lines(pull.stdout)[0])
    words = ("mfi-pull", "-c", lab.path("pull", "pull.conf"), "--period", "2020-06", "--out")
    refused(1, *words, lab.path("early"), "--as-known-at", "2000-01-01T00:00:00Z")
    refused(1, *words, lab.path("late"), "--at-seq", "999999")
    expect(not os.path.exists(lab.path("early")) and not os.path.exists(lab.path("late")), "nothing half done")
    hub.process.stop()
    refused(3, *words, lab.path("out"))
    expect(not os.path.exists(lab.path("out")), "nothing half done")
    refused(3, "mfi-feed", "-c", lab.path("pull", "pull.conf"), "--until-head")
    agent.report(institution, DAY_0, words=("--wait", "1"), codes=(3,))


if __name__ == "__main__":
    run_scenarios(sys.modules[__name__])
