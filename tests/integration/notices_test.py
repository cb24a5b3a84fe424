#!/usr/bin/python3
"""Notices, by the real programs: each is put out once, whatever is killed in between; who may see which; and after a restore the
reader forgets what is not so any more. BIN is the folder of the programs."""
import datetime
import json
import os
import random
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))

from lab import Reader, expect, program, run, run_scenarios, wait_until  # noqa: E402

MEMBERS, MONTHS, SEED = 20, 5, 7
PAR_MAX_BP = 1100
LONG = os.environ.get("LONG") == "1"
ROUNDS = 30 if LONG else 8


def started(place):
    hub = place.hub("--test", "--test-time", "2019-01-01")
    hub.start()
    return hub


def player(lab, hub, members=MEMBERS, months=MONTHS):
    """A small sector, which reports from 2019-01 on: some late, some never."""
    return lab.process("play", program("mfi-sim"), "sector", "--members", members, "--months", months, "--seed", SEED,
                       "--out", lab.path("sector"), "--play", lab.path("bureau"), "--hub", hub.pub, "--ingest", hub.ingest,
                       "--admin", os.path.join(hub.folder, "admin", "socket"), "--enrol")


def noticing(lab, hub, name, role, *words):
    """A mfi-feed --notices into a file; not started."""
    reader = Reader(lab, hub, name, role)
    reader.process = lab.process(name, program("mfi-feed"), "-c", os.path.join(reader.folder, "feed.conf"), "--notices", "--out",
                                 reader.out, *words)
    return reader


def walk(reader, *words):
    """All notices there are, by one walk from the beginning."""
    said = run(program("mfi-feed"), "-c", os.path.join(reader.folder, "feed.conf"), "--notices", "--until-head", *words)
    return [json.loads(line) for line in said.stdout.splitlines()]


def held(reader):
    """What its file says, rewinds applied."""
    seen = []
    for line in reader.lines():
        if line["kind"] == "rewind":
            seen = [old for old in seen if old["time"] <= line["time"] and old.get("seq", 0) <= line["to"]]
        elif line["kind"] == "notice":
            seen.append(line)
    return seen


def months_on(hub, days):
    """The hub's test clock, so many days on."""
    now = datetime.datetime.strptime(hub.status()["now"][:19], "%Y-%m-%dT%H:%M:%S")
    hub.command("test-time", (now + datetime.timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%SZ"))


def same(reader):
    """Nothing is missing, nothing is there twice, and the order is that of one walk."""
    def is_same():
        return [line["id"] for line in held(reader)] == [line["id"] for line in walk(reader)]
    wait_until(lambda: "%d notices put out, %d by one walk" % (len(held(reader)), len(walk(reader))), 60, is_same)
    ids = [line["id"] for line in held(reader)]
    expect(len(ids) == len(set(ids)), "a notice is there twice")


def each_notice_is_put_out_once_across_kills_and_restarts(lab):
    chance = random.Random(SEED)
    hub = started(lab)
    reader = noticing(lab, hub, "bnr", "regulator")
    reader.process.start()
    play = player(lab, hub).start()
    feed_kills = hub_kills = 0
    while play.is_running():
        known = len(reader.lines())
        wait_until("the play goes on", 120, lambda: not play.is_running() or len(reader.lines()) > known + 20)
        reader.process.kill()
        reader.process.start()
        feed_kills += 1
    expect(play.process.returncode == 0, "the play failed")
    for _ in range(ROUNDS):
        months_on(hub, chance.randrange(1, 25))
        for process in chance.choice(((hub.process,), (reader.process,), (hub.process, reader.process))):
            process.kill()
            process.start()
            hub_kills += process is hub.process
            feed_kills += process is reader.process
        hub.wait()
    months_on(hub, 30)
    same(reader)
    kinds = {line["notice"] for line in held(reader)}
    expect({"due_soon", "overdue", "late", "escalated"} <= kinds, str(kinds))
    print("%d notices, %d kills of the reader, %d of the hub" % (len(held(reader)), feed_kills, hub_kills))


def filters_and_rights_are_as_for_records(lab):
    hub = started(lab)
    play = player(lab, hub).start()
    play.process.wait(300)
    months_on(hub, 40)
    regulator, staff = noticing(lab, hub, "bnr", "regulator"), noticing(lab, hub, "amir", "association")
    everything = walk(regulator)
    name = everything[0]["institution"]

    def ids(lines):
        return [line["id"] for line in lines]

    expect(ids(walk(staff)) == ids(line for line in everything if line["type"] != "EXPOSURES" and line["notice"] != "escalated"),
           "staff: as of headers, so nothing of EXPOSURES; what is told of to the regulator is the regulator's")
    expect(ids(walk(regulator, "--institution", name)) == ids(line for line in everything if line["institution"] == name), name)
    expect(ids(walk(regulator, "--type", "CAPITAL")) == ids(line for line in everything if line["type"] == "CAPITAL"), "CAPITAL")
    expect(ids(walk(regulator, "--kind", "late", "--kind", "overdue")) ==
           ids(line for line in everything if line["notice"] in ("late", "overdue")), "late and overdue")
    category = walk(regulator, "--category", "MFBANK")
    expect(category and {line["institution"] for line in category} < {line["institution"] for line in everything}, "MFBANK")
    seq = next(line["seq"] for line in everything if line["notice"] == "late")
    behind = walk(regulator, "--from", str(seq))
    expect(ids(behind) == ids(everything)[-len(behind):] and seq not in [line.get("seq") for line in behind], "behind a record")
    expect(walk(regulator, "--new") == [], "--new begins at the end")

    def refused(words, sentence):
        said = run(program("mfi-feed"), "-c", os.path.join(staff.folder, "feed.conf"), "--notices", "--until-head", *words, codes=(1, 2))
        expect(sentence in said.stderr, said.stderr)
    refused(("--kind", "report"), "With --notices, --kind is due_soon")
    refused(("--type", "EXPOSURES"), "EXPOSURES")


def a_limit_that_is_crossed_is_told_of_as_the_reports_say(lab):
    hub = lab.hub("--test", "--test-time", "2019-01-01")
    settings = os.path.join(hub.folder, "settings.cfg")
    with open(settings, encoding="utf-8") as file:
        text = file.read()
    expect(text.count("\nlimits = (\n") == 1, "the settings have other limits than this test knows")
    row = '{ id = "T-PAR"; ratio = "R01"; dir = "MAX"; red = %d; from = "2019-01-01"; certainty = "S"; confirmed = "the board, 2019-01-02, letter 1"; },'
    with open(settings, "w", encoding="utf-8") as file:
        file.write(text.replace("\nlimits = (\n", "\nlimits = (\n" + row % PAR_MAX_BP + "\n"))
    hub.start()
    play = player(lab, hub, 12, 20).start()
    play.process.wait(300)
    expect(play.process.returncode == 0, "the play failed")
    reader = noticing(lab, hub, "bnr", "regulator")
    said = [line for line in walk(reader, "--kind", "breach", "--kind", "cleared") if line["limit"] == "T-PAR"]
    records = run(program("mfi-feed"), "-c", os.path.join(reader.folder, "feed.conf"), "--until-head", "--type", "PORTFOLIO").stdout
    want, values = [], {}
    for record in map(json.loads, records.splitlines()):
        known = values.setdefault(record["institution"], {})
        if record["verdict"] == "REJECTED" or len(record["period"]) != len("2019-01") or "W" in record["period"]:
            continue
        portfolio = record["report"]["portfolio"]
        over = sum(row["outstanding"] for row in portfolio["aging"] if row["min_days"] > 30)
        value = (2 * 10000 * over + portfolio["glp"]) // (2 * portfolio["glp"])
        before = known.get(record["period"], known[max(known)] if known and max(known) < record["period"] else 0)
        if not known or record["period"] >= max(known):
            if (before > PAR_MAX_BP) != (value > PAR_MAX_BP):
                want.append((record["seq"], "breach" if value > PAR_MAX_BP else "cleared", value))
        known[record["period"]] = value
    expect([(line["seq"], line["notice"], line["value"]) for line in said] == want, "%s\nand not\n%s" % (said[:3], want[:3]))
    expect({line["notice"] for line in said} == {"breach", "cleared"} and all(line["bound"] == PAR_MAX_BP for line in said), "both kinds")
    print("%d times a limit was crossed or kept again" % len(said))


def what_an_operator_does_is_told_as_it_happens(lab):
    hub = started(lab)
    reader = noticing(lab, hub, "amir", "association")
    play = player(lab, hub).start()
    play.process.wait(300)
    name = next(line["institution"] for line in walk(reader))
    reader.process.start()
    hub.command("waive", "2019-06", name, "--type", "CAPITAL", "--reason", "the bridge is gone")
    waiver = wait_until("the waiver is told", 30, lambda: [line for line in held(reader) if line["notice"] == "waiver"])[0]
    expect((waiver["institution"], waiver["type"], waiver["period"], waiver["text"]) == (name, "CAPITAL", "2019-06", "the bridge is gone"),
           str(waiver))
    months_on(hub, 90)
    wait_until("June is overdue", 30, lambda: any(line["notice"] == "overdue" and line["period"] == "2019-06" for line in held(reader)))
    same(reader)
    of_name = [(line["notice"], line["type"]) for line in held(reader) if line["institution"] == name and line["period"] == "2019-06"]
    expect(("overdue", "PORTFOLIO") in of_name and ("overdue", "CAPITAL") not in of_name, "what is waived is not overdue: %s" % of_name)


def after_a_restore_the_reader_forgets_what_is_not_so_any_more(lab):
    hub = started(lab)
    reader = noticing(lab, hub, "bnr", "regulator")
    reader.process.start()
    play = player(lab, hub).start()
    play.process.wait(300)
    hub.command("backup", lab.path("copy"))
    before = hub.status()["records"]
    first = next(line["institution"] for line in walk(reader))
    for _ in range(3):
        hub.command("parties", "set", first, "--agreement", "yes" if _ % 2 == 0 else "no")
        months_on(hub, 20)
    same(reader)
    wait_until("the reader is behind the backup", 30, lambda: cursor(reader)["position"]["size"] > before)
    hub.process.stop()
    hub.command("restore", lab.path("copy"))
    hub.start()
    months_on(hub, 150)
    wait_until(lambda: "a rewind line: %s" % reader.lines()[-1], 60, lambda: any(line["kind"] == "rewind" for line in reader.lines()))
    same(reader)
    rewind, = (line for line in reader.lines() if line["kind"] == "rewind")
    expect(rewind["to"] <= before and "time" in rewind, str(rewind))
    later = [line for line in held(reader) if line["time"] > rewind["time"] and line["notice"] == "overdue"]
    expect(later == [], "nobody is overdue who is not back yet: %s" % later[:1])


def cursor(reader):
    with open(reader.out + ".cursor", encoding="utf-8") as file:
        return json.load(file)


if __name__ == "__main__":
    run_scenarios(sys.modules[__name__])
