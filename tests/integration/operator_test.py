#!/usr/bin/python3
"""The hub's operator: parties with and without a running hub, acts.log, refusals, a backup under load, a clock in doubt, broken
configurations. BIN is the folder of the programs; a scenario's name, or a part of it, as argument runs that one alone."""
import base64
import hashlib
import json
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from lab import Agent, Institution, Reader, expect, program, run, run_scenarios, wait_until

TODAY = int(time.time()) // 86400
DAY_0 = TODAY - 60


def acts(hub):
    """The lines of acts.log, as events; each one's checksum is recomputed."""
    events = []
    with open(os.path.join(hub.folder, "acts.log"), encoding="ascii") as lines:
        for line in lines:
            version, text, check = line.split()
            event = base64.b64decode(text)
            expect(version in ("1", "+") and hashlib.sha256(event).hexdigest()[:16] == check, "a line of acts.log is not as it says: " + line)
            events.append(event)
    return events


def parties(hub):
    listed = hub.command("parties", "list", "--format", "json").stdout
    return {row["id"]: row for row in map(json.loads, listed.splitlines())}


def each_act_of_parties_is_a_line_of_the_log_and_an_event_with_and_without_a_running_hub(lab):
    hub = lab.hub()
    words = ("--role", "member", "--name", "A", "--category", "MF", "--district", "101", "--currency", "RWF")
    hub.command("parties", "add", "MFI-A", *words)
    hub.start()
    hub.command("parties", "add", "MFI-B", *words, "--signing-key", "%064x" % 1)
    hub.command("parties", "set", "MFI-A", "--name", "The same with another name", "--valid-to", "2030-12-31")
    refused = hub.command("parties", "add", "MFI-B", *words, codes=(1,)).stderr
    expect("is a party already" in refused, refused)
    expect("no party" in hub.command("parties", "revoke", "MFI-Z", codes=(1,)).stderr, "who is not there cannot be revoked")
    hub.command("parties", "revoke", "MFI-B")
    listed = parties(hub)
    expect(listed["MFI-A"]["name"] == "The same with another name" and listed["MFI-A"]["valid_to"] == "2030-12-31", str(listed))
    logged = acts(hub)
    ids = [hashlib.sha256(event).hexdigest() for event in logged]
    journaled = [record.id.hex() for record in hub.records() if record.kind in (10, 11, 12)]
    expect(sorted(ids) == sorted(journaled) and len(ids) == len(set(ids)) >= 4,
           lambda: "in acts.log %s, in the journal %s" % (ids, journaled))
    hub.verify()


def refusals_are_listed_with_sender_rule_and_field(lab):
    hub = lab.hub().start()
    first, second = Institution("MFI-A", DAY_0), Institution("MFI-B", DAY_0)
    agent = Agent(lab, hub, "bureau", [first, second])
    expect("Nothing was refused" in hub.command("refusals").stdout, "nothing was to be refused yet")
    agent.report(second, DAY_0)
    hub.command("parties", "revoke", first.id)
    agent.report(first, DAY_0, codes=(1,))
    row = json.loads(hub.command("refusals", "--format", "json").stdout.splitlines()[-1])
    refused, = agent.status()["institutions"][0]["refused_reports"]
    expect((row["rule"], row["path"], refused["rule"]) == ("ENV-02", "institution", "ENV-02") and len(row["id"]) == 64, str(row))
    expect("ENV-02" in hub.command("refusals").stdout, "for people too")
    hub.command("refusals", "--nonsense", codes=(2,))


def a_backup_is_taken_under_load_and_is_whole(lab):
    hub = lab.hub("--test", "--test-time", "2020-01-01")
    hub.start()
    load = lab.process("load", program("mfi-sim"), "load", "--hub", hub.pub, "--ingest", hub.ingest, "--keys", lab.path("keys"),
                       "--enrol", os.path.join(hub.folder, "admin", "socket"), "--agents", 8, "--outstanding", 4, "--seconds", 60,
                       "--reports", 8000)
    load.start()

    def accepted():
        return hub.status()["counters"]["accepted"]
    wait_until("the load begins", 60, lambda: accepted() > 50)
    for name in ("one", "two"):
        before = hub.status()["records"]
        said = hub.command("backup", lab.path(name)).stdout
        expect("checked" in said and "Not in it: the keys" in said, said)
        held = json.loads(run(program("mfi-verify"), "store", lab.path(name), "--hub", hub.pub, "--format", "json").stdout)
        expect(held["valid"] and int(held["facts"]["records"]) >= before, lambda: "%s, before it %d records" % (held, before))
        keys = [f for _, _, files in os.walk(lab.path(name)) for f in files if f in ("hub.log", "hub.transport")]
        expect(not keys and os.path.exists(lab.path(name, "acts.log")), "acts.log is in a backup, and no key is")
    expect(load.is_running() or accepted() == 8000, "the load ended before its time")
    expect("is there already" in hub.command("backup", lab.path("one"), codes=(1,)).stderr, "a backup overwrites nothing")
    load.process.wait(120)
    hub.verify()


def after_91_silent_days_reports_wait_until_the_operator_says_that_the_clock_is_right(lab):
    hub = lab.hub(under=("faketime", "-f", "-91d"))
    institution = Institution("MFI-A", DAY_0)
    agent = Agent(lab, hub, "agent", [institution])
    hub.under = ()
    hub.start()
    expect("90 days" in hub.command("status").stdout, "status is to say it")
    told = agent.report(institution, DAY_0, words=("--wait", "3"), codes=(3,)).stderr
    expect("when the hub takes reports again" in told and "clock" in told and agent.count("queued") == 1, told)
    expect("takes no reports for now" in agent.status()["last_error"], lambda: str(agent.status()))
    hub.command("clock-is-right")
    agent.send("--wait", "90")
    expect(agent.count("receipted") == 1 and hub.status()["clock"] == "right", "it is to be delivered")
    expect(agent.status()["last_error"] == "", "a contact clears it")
    hub.verify()


def a_clock_behind_the_last_record_cannot_be_called_right(lab):
    hub = lab.hub()
    preload = run("faketime", "-f", "-30d", "printenv", "LD_PRELOAD").stdout.strip()
    hub.process.command = ["/usr/bin/env", "LD_PRELOAD=" + preload, "FAKETIME=-30d"] + hub.process.command
    hub.start()
    expect("behind the last record" in hub.status()["clock"], lambda: str(hub.status()))
    said = hub.command("clock-is-right", codes=(1,)).stderr
    expect("when it has caught up" in said, said)
    agent = Agent(lab, hub, "agent", [Institution("MFI-A", DAY_0 - 40)])
    agent.report(agent.institutions[0], DAY_0 - 40, words=("--wait", "3"), codes=(1, 3))
    expect(agent.count("queued") == 1 and hub.status()["counters"]["accepted"] == 0, "a report is kept until then")


def put(path, old, new):
    with open(path, encoding="utf-8") as file:
        text = file.read()
    expect(old in text, "%s is not in %s" % (old, path))
    mode = os.stat(path).st_mode
    os.chmod(path, 0o600)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text.replace(old, new, 1))
    os.chmod(path, mode)


def settings_that_would_change_an_ended_period_are_refused(lab):
    hub = lab.hub()
    settings = os.path.join(hub.folder, "settings.cfg")
    with open(settings, encoding="utf-8") as file:
        whole = file.read()

    def say(old, new):
        with open(settings, "w", encoding="utf-8") as file:
            file.write(whole)
        put(settings, old, new)

    limit = 'red = 2000; amber = 2500;\n    from = "2023-03-31";'
    say(limit, limit.replace("2000", "2100"))
    refused = hub.command("check-config", codes=(2,)).stdout
    expect("settings.cfg:" in refused and "RW-LIQ-CO" in refused and "retroactive" in refused, refused)
    expect("retroactive" in hub.command("run", codes=(2,), timeout=30).stderr, "the start is to refuse it too")
    say("limits = (", 'limits = (\n  { id = "NEW"; ratio = "R11"; dir = "MIN"; red = 2500; from = "2040-01-01"; },')
    hub.command("check-config")
    say(limit, limit.replace("2000", "2100") + ' retroactive = "misread the Gazette";')
    hub.command("check-config")
    hub.start()
    hub.process.stop()
    say(limit, limit)
    expect("RW-LIQ-CO" in hub.command("check-config", codes=(2,)).stdout, "to take it back is a change, too")


def a_broken_configuration_is_refused_with_what_to_do(lab):
    hub = lab.hub()
    whole = hub.command("check-config").stdout
    expect(all(line.endswith(" ok") for line in whole.splitlines()), whole)

    def at(*parts):
        return os.path.join(hub.folder, *parts)

    broken = [
        (lambda: put(hub.conf, "ingest =", "nonsense = 1;\ningest ="), "hub.conf:", "no key 'nonsense'"),
        (lambda: put(hub.conf, "ingest =", "ingest"), "hub.conf:", "syntax error"),
        (lambda: put(hub.conf, hub.ingest, "http://hub"), "ingest", "no endpoint"),
        (lambda: put(hub.conf, hub.ingest, "tcp://127.0.0.1:99999"), "ingest", "no endpoint"),
        (lambda: put(hub.conf, hub.ingest, hub.feed), "ingest and feed", "a port of its own"),
        (lambda: put(hub.conf, '"%s"' % hub.ingest, "5"), "hub.conf:", "text in quotes"),
        (lambda: os.unlink(at("settings.cfg")), "settings.cfg", "No such file"),
        (lambda: put(at("settings.cfg"), "country", "country_"), "settings.cfg:", "there is no key"),
        (lambda: os.unlink(at("keys", "hub.log")), "hub.log", "no key file"),
        (lambda: os.chmod(at("keys", "hub.log"), 0o440), "hub.log", "chmod 0400"),
        (lambda: os.unlink(hub.pub), "hub.pub", "no file"),
        (lambda: os.chmod(at("admin"), 0o755), "admin", "0700"),
        (lambda: os.rename(hub.store, at("elsewhere")), "store", "There is no store"),
    ]
    for number, (breaks, place, what) in enumerate(broken):
        copy = lab.path("copy-%d" % number)
        run("cp", "-a", hub.folder, copy)
        breaks()
        refused = hub.command("check-config", codes=(2,))
        said = refused.stdout + refused.stderr
        if "endpoint" in what or "port" in what:
            expect(what in hub.command("run", codes=(2,), timeout=10).stderr, "a hub that runs is to refuse it too")
        expect(place in said and what in said, lambda: "case %d says: %s" % (number, said))
        run("rm", "-rf", hub.folder)
        os.rename(copy, hub.folder)
    lines = hub.command("check-config", "--format", "json").stdout.splitlines()
    expect(len(lines) == len(whole.splitlines()) and all(json.loads(line)["ok"] for line in lines), lambda: str(lines))


def status_shows_who_follows_the_feed_how_far_it_has_come_and_how_far_behind_it_is(lab):
    hub = lab.hub().start()
    near, far = Reader(lab, hub, "near", "association"), Reader(lab, hub, "far", "regulator")
    expect("none has asked since the hub began" in hub.command("status").stdout, "there are subscribers before one asked")
    near.process.command += ["--kind", "party", "--institution", "FAR"]
    near.process.start()
    far.process.start()

    def subscriber(name):
        return {row["party"]: row for row in hub.status()["subscribers"]}.get(name)

    wait_until("both wait at the head", 20, lambda: all(
        row is not None and row["waiting"] and row["lag"] == 0 for row in (subscriber("NEAR"), subscriber("FAR"))))
    expect(subscriber("NEAR")["filter"] == {"kinds": ["party"], "institutions": ["FAR"]}, "its filter is not shown: %s" % subscriber("NEAR"))
    expect("filter" not in subscriber("FAR"), "a filter where there is none")
    far.process.kill()
    before = subscriber("FAR")
    for number in range(3):
        hub.command("parties", "add", "MFI-%d" % number, "--role", "member", "--name", "M", "--currency", "RWF")
    after = subscriber("FAR")
    expect(after["position"] <= before["position"] + 1 and after["lag"] >= 3, "a killed subscriber falls behind: %s" % after)
    expect(after["lag"] + after["position"] == hub.status()["records"], "lag and position do not come to the records there are")
    text = hub.command("status").stdout
    expect("subscriber" in text and "FAR" in text and "kinds party; institutions FAR" in text, "not in the text: " + text)
    far.process.start()
    wait_until("it has caught up", 20, lambda: subscriber("FAR")["lag"] == 0)


if __name__ == "__main__":
    run_scenarios(sys.modules[__name__])
