#!/usr/bin/python3
"""Who owes what by when, by the real programs: the state of a month against the simulator's truth, as known at every earlier time,
across kills of the hub, and after a restore. BIN is the folder of the programs."""
import csv
import datetime
import io
import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))

from lab import expect, program, run, run_scenarios  # noqa: E402

MEMBERS, MONTHS, SEED = 20, 5, 3
MONTH = "2019-03"


def started(place):
    hub = place.hub("--test", "--test-time", "2019-01-01")
    hub.start()
    return hub


def play(lab, hub, *words):
    """A small sector reports from 2019-01 on: some late, some never, some rejected."""
    run(program("mfi-sim"), "sector", "--members", str(MEMBERS), "--months", str(MONTHS), "--seed", str(SEED), "--out", lab.path("sector"),
        "--play", lab.path("bureau"), "--hub", hub.pub, "--ingest", hub.ingest, "--admin", os.path.join(hub.folder, "admin", "socket"),
        *words, timeout=300)
    with open(lab.path("sector", "truth.csv"), encoding="utf-8") as file:
        return list(csv.DictReader(file))


def month(hub, *words, key=MONTH):
    return json.loads(hub.command("status", "--period", key, "--format", "json", *words).stdout)


def cells(view):
    return {(row["institution"], cell["type"], cell["period"]): cell for row in view["institutions"] for cell in row["cells"]}


def seconds(time):
    return int(datetime.datetime.strptime(time, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=datetime.timezone.utc).timestamp())


def later(hub, days):
    now = datetime.datetime.strptime(hub.status()["now"][:19], "%Y-%m-%dT%H:%M:%S")
    hub.command("test-time", (now + datetime.timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%SZ"))


def the_state_of_a_month_is_what_the_truth_says(lab):
    hub = started(lab)
    truth = play(lab, hub, "--enrol")
    later(hub, 60)
    found, compared, same = cells(month(hub)), 0, set()
    expect(len(found) == MEMBERS * 5, "%d cells" % len(found))
    for place, cell in found.items():
        accepted = [row for row in truth if (row["institution"], row["type"], row["period"]) == place and row["verdict"].startswith("ACCEPTED")]
        first = min(accepted, key=lambda row: row["sent_at"], default=None)
        late_s = max(0, seconds(first["sent_at"]) - seconds(cell["due"])) if first else 0
        want = ("LATE" if late_s else "ON_TIME") if first else "OVERDUE"
        expect(cell["timeliness"] == want, "%s is %s, and not %s" % (place, cell["timeliness"], want))
        expect(want != "LATE" or cell["late_s"] == late_s, "%s: %d s, and not %d" % (place, cell.get("late_s", 0), late_s))
        if first and first["due_at"] == cell["due"]:
            # The simulator knows the same calendar, by its own code.
            expect((first["timeliness"], int(first["late_s"])) == (want, late_s), "%s: the truth says %s" % (place, first))
            same.add(place[1])
        if first is None:
            tried = any((row["institution"], row["type"], row["period"]) == place and row["verdict"] == "REJECTED" for row in truth)
            expect(cell["progress"] == ("REJECTED" if tried else "EXPECTED"), str(cell))
        compared += 1
    expect({"PORTFOLIO", "LIQUIDITY", "CAPITAL", "EXPOSURES"} <= same, "due as the simulator has it: %s" % same)
    kinds = {cell["timeliness"] for cell in found.values()}
    expect({"ON_TIME", "LATE", "OVERDUE"} <= kinds, "the seed shows too little: %s" % kinds)
    print("%d cells compared" % compared)
    rows = list(csv.DictReader(io.StringIO(hub.command("status", "--period", MONTH, "--format", "csv").stdout)))
    expect([(row["institution"], row["type"], row["period"], row["progress"], row["timeliness"]) for row in rows] ==
           [place + (cell["progress"], cell["timeliness"]) for place, cell in found.items()], "CSV says what JSON says")
    lacking = {place[0] for place, cell in found.items() if cell["timeliness"] in ("OVERDUE", "IN_GRACE")}
    expect({row["institution"] for row in rows if row["remind"]} == lacking == {row["institution"] for row in month(hub)["reminders"]},
           "who is to be reminded")


def the_reminder_list_names_whom_to_call_of_what_since_when(lab):
    hub = started(lab)
    play(lab, hub, "--enrol")
    later(hub, 60)
    first = month(hub)["reminders"][0]
    hub.command("parties", "contact", first["institution"], "--office", "the branch", "--telephone", "+250 788 000 111", "--language", "fr")
    hub.command("parties", "set", first["institution"], "--bureau", "BUREAU-1")
    text = hub.command("status", "--period", MONTH).stdout
    line = next(line for line in text.splitlines() if "+250 788 000 111" in line)
    expect(first["institution"] in line and first["name"] in line and "the branch" in line and "bureau BUREAU-1" in text, line)
    for report in first["reports"]:
        expect(any(report["type"] in row and MONTH in row and "OVERDUE" in row and "since 2019-04-" in row for row in text.splitlines()),
               str(report))
    expect(month(hub)["reminders"][0]["contact"]["telephone"] == "+250 788 000 111", "JSON too")
    expect("+250 788 000 111" in hub.command("status", "--period", MONTH, "--format", "csv").stdout, "and CSV")


def what_was_known_then_is_what_was_said_then_also_after_kills(lab):
    hub = started(lab)
    said = []
    playing = lab.process("play", program("mfi-sim"), "sector", "--members", MEMBERS, "--months", MONTHS, "--seed", SEED, "--out",
                          lab.path("sector"), "--play", lab.path("bureau"), "--hub", hub.pub, "--ingest", hub.ingest, "--admin",
                          os.path.join(hub.folder, "admin", "socket"), "--enrol")
    playing.start()
    while playing.is_running():
        view = run(program("mfi-hub"), "status", "--period", MONTH, "--format", "json", "-c", hub.conf, check=False)
        if view.returncode == 0:  # before it begins it is refused in words
            said.append(json.loads(view.stdout))
    later(hub, 60)
    said.append(month(hub))
    hub.process.kill()  # and a test hub's clock begins again at its last record
    middle = said[len(said) // 2]
    expect(month(hub, "--at-seq", str(middle["record"]), "--known-at", middle["known_at"]) == middle, "with no hub running")
    hub.process.start()
    hub.wait()
    later(hub, 60)
    for view in said:
        again = month(hub, "--at-seq", str(view["record"]), "--known-at", view["known_at"])
        expect(again == view, "as of record %d, as known at %s" % (view["record"], view["known_at"]))
    states = {json.dumps(view["timeliness"]) for view in said}
    expect(len(states) > 2, "the month was always the same")
    print("%d views, %d different ones" % (len(said), len(states)))
    hub.verify()


def after_a_restore_it_says_how_many_of_the_lacking_are_back(lab):
    hub = started(lab)
    play(lab, hub, "--enrol")
    later(hub, 60)
    expect("back" not in month(hub), "nothing was replaced yet")
    hub.command("backup", lab.path("copy"))
    hub.process.stop()
    hub.command("restore", lab.path("copy"))
    hub.start()
    later(hub, 1)
    view = month(hub)
    expect(view["back"]["missing"] == MEMBERS and all(row.get("missing") for row in view["institutions"]), str(view["back"]))
    text = hub.command("status", "--period", MONTH).stdout
    lacking = len(view["reminders"])
    expect("0 of %d institutions are back" % MEMBERS in text and "of the %d that lack a report 0 are" % lacking in text, text[:600])


def what_cannot_be_answered_is_refused_in_words(lab):
    hub = started(lab)
    for words, sentence in (
            (("--period", "2019-13"), "month"), (("--period", "2019-W01"), "month"), (("--period", "2031-01"), "has not begun"),
            (("--period", "2019-01"), "Nobody owed"), (("--known-at", "2019-01-01"), "--period"),
            (("--period", "2019-01", "--known-at", "yesterday"), "--known-at is a time"),
            (("--period", "2019-01", "--known-at", "2030-01-01"), "a time to come"),
            (("--period", "2019-01", "--known-at", "2001-01-01"), "Nothing was known then"),
            (("--period", "2019-01", "--at-seq", "99"), "lies behind it"), (("--period", "2019-01", "--format", "xml"), "text, json or csv"),
            (("--format", "csv"), "text or json")):
        said = hub.command("status", *words, codes=(1, 2))
        expect(sentence in said.stderr and said.stdout == "", "%s: %s" % (words, said.stderr))


if __name__ == "__main__":
    run_scenarios(sys.modules[__name__])
