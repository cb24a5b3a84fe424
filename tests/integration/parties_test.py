#!/usr/bin/python3
"""The registry as its operator keeps it: many parties from a file, mergers, splits, renamings, closings, contacts; what is wrong is
refused with its place, and nothing of it is done. BIN is the folder of the programs; a scenario's name, or a part of it, as argument
runs that one alone."""
import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from lab import expect, run_scenarios

DISTRICTS = [100 + n for n in (1, 2, 3)] + [400 + n for n in (1, 2, 3, 4, 5)]
LEI = "5493001KJTIIGC8Y1R12"
MEMBER = ("--role", "member", "--category", "USACCO", "--district", "403", "--currency", "RWF")


def write(lab, text, name="parties.csv"):
    path = lab.path(name)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    return path


def sector(count):
    """The first 460: 15 of them go into a district SACCO."""
    lines = ["id,name,category,district,currency,le_book,reports-from,bureau,assets,assets-on,merged-into,merged-from,office,telephone,language"]
    for n in range(count):
        merged = "D-403,2021-07-01" if n < 15 else ","
        lines.append('U-%03d,"Sacco ""%d"", Ltd",USACCO,%d,RWF,%03d,2020-01-01,%s,%d,2019-12-31,%s,manager,+250 788 %06d,rw'
                     % (n, n, DISTRICTS[n % len(DISTRICTS)], n, "Buro" if n % 3 else "", 1000000 + n, merged, n))
    lines.append("D-403,District Sacco,DSACCO,403,RWF,,2021-07-01,,,,,,,,")
    return "\n".join(lines) + "\n"


def shown(hub, party):
    return json.loads(hub.command("parties", "show", party, "--format", "json").stdout)


def summary(done):
    return json.loads(done.stdout.splitlines()[-1])


def state(hub):
    """Of the registry and of contacts, to the letter."""
    listed = hub.command("parties", "list", "--format", "json").stdout
    return listed, hub.status()["records"]


def the_first_460_come_from_a_file_after_a_dry_run_and_the_same_file_again_changes_nothing(lab):
    hub = lab.hub()
    path = write(lab, sector(459))
    for is_running in (False, True):
        if is_running:
            hub.start()
        before = state(hub)
        dry = hub.command("parties", "import", path, "--dry-run")
        expect(state(hub) == before, "a dry run changes something")
        if is_running:
            expect("0 new, 0 changed, 460 as they are" in dry.stdout, dry.stdout)
        else:
            expect("line 2: U-000 is new" in dry.stdout and "merged-into D-403" in dry.stdout, dry.stdout[:400])
            expect("460 new, 0 changed, 0 as they are (acts: 475, contacts: 459); --dry-run" in dry.stdout, dry.stdout[-300:])
            done = summary(hub.command("parties", "import", path, "--format", "json"))
            expect(done == {"new": 460, "changed": 0, "same": 0, "acts": 475, "contacts": 459, "dry_run": False}, str(done))
        after = state(hub)
        again = summary(hub.command("parties", "import", path, "--format", "json"))
        expect(again["same"] == 460 and again["acts"] == again["contacts"] == 0 and state(hub) == after, str(again))
    one, other = shown(hub, "U-003"), shown(hub, "U-020")
    expect(one["name"] == 'Sacco "3", Ltd' and one["ended"] == "2021-07-01" and one["successions"] == [
        {"from": "2021-07-01", "into": "D-403", "merged": ["U-003"]}], str(one))
    expect(other["le_book"] == "020" and other["bureau"] == "Buro" and other["assets"] == 1000020 and "ended" not in other, str(other))
    changed = write(lab, sector(459).replace(",Buro,1000020,", ",-,2000020,").replace("U-040,", "U-941,").replace(",040,", ",941,"), "again.csv")
    done = hub.command("parties", "import", changed)
    expect("line 22: U-020 changes: bureau Buro -> , assets 1000020 -> 2000020" in done.stdout and "U-941 is new" in done.stdout
           and "1 new, 1 changed, 458 as they are" in done.stdout, done.stdout)
    expect("bureau" not in shown(hub, "U-020") and shown(hub, "U-040")["status"] == "active", "who is not in the file stays")
    hub.verify()


HEAD = "id,name,category,district,currency,lei,merged-into,merged-from,valid-from,telephone,language\n"
GOOD = "N-1,One,USACCO,403,RWF,,,,,,\n"

FAULTS = (  # the file, the line that is named, what is said
    ("id,name,categroy\nN-1,One,USACCO\n", 1, 'no column "categroy"'),
    ("id,name,name\nN-1,One,Two\n", 1, "two columns"),
    ("name,category\nOne,USACCO\n", 1, "no column id"),
    (HEAD, 1, "no party in the file"),
    (HEAD + GOOD + "N-2,Two,USACCO\n", 3, "3 cells and the header 11"),
    (HEAD + GOOD + GOOD, 3, "stands in line 2 already"),
    (HEAD + GOOD + "\n# a remark\nN-1,Again,USACCO,403,RWF,,,,,,\n", 5, "stands in line 2 already"),
    (HEAD + GOOD + ",Two,USACCO,403,RWF,,,,,,\n", 3, "no id"),
    (HEAD + GOOD + "n-2,Two,USACCO,403,RWF,,,,,,\n", 3, "is no id"),
    (HEAD + GOOD + "N-2,,USACCO,403,RWF,,,,,,\n", 3, "no name"),
    (HEAD + GOOD + "N-2,Two,BANK,403,RWF,,,,,,\n", 3, 'column category "BANK" is none of the settings'),
    (HEAD + GOOD + "N-2,Two,USACCO,999,RWF,,,,,,\n", 3, 'column district "999" is none of the settings'),
    (HEAD + GOOD + "N-2,Two,USACCO,403,rwf,,,,,,\n", 3, "three capital letters"),
    (HEAD + GOOD + "N-2,Two,USACCO,403,RWF," + LEI[:-1] + "3,,,,,\n", 3, "is no LEI"),
    (HEAD + "N-1,One,USACCO,403,RWF," + LEI + ",,,,,\nN-2,Two,USACCO,403,RWF," + LEI + ",,,,,\n", 3, "is that of N-1"),
    (HEAD + GOOD + "N-2,Two,USACCO,403,RWF,,N-2,2021-07-01,,,\n", 3, "cannot take over itself"),
    (HEAD + GOOD + "N-2,Two,USACCO,403,RWF,,N-9,2021-07-01,,,\n", 3, "no party N-9"),
    (HEAD + GOOD + "N-2,Two,USACCO,403,RWF,,N-1,2021-07-02,,,\n", 3, "the first of a month"),
    (HEAD + GOOD + "N-2,Two,USACCO,403,RWF,,N-1,,,,\n", 3, "give both"),
    (HEAD + "N-1,One,USACCO,403,RWF,,N-2,2021-07-01,,,\nN-2,Two,USACCO,403,RWF,,N-1,2021-07-01,,,\n", 3, "went into N-2"),
    (HEAD + GOOD + "N-2,Two,USACCO,403,RWF,,,,2020-02-30,,\n", 3, "is a date"),
    (HEAD + GOOD + "N-2,Two,USACCO,403,RWF,,,,,0788,de\n", 3, "en, fr or rw"),
    (HEAD + GOOD + "N-2,Two,USACCO,403,RWF,,,,,,rw\n", 3, "at least one"),
    (HEAD + GOOD + 'N-2,"Two,USACCO,403,RWF,,,,,,\nN-3,Three\n', 3, "does not end"),
    (HEAD + GOOD + 'N-2,Two "two",USACCO,403,RWF,,,,,,\n', 3, "A quote stands where none may be"),
)


def each_fault_of_a_file_is_refused_with_file_line_and_reason_and_nothing_is_applied(lab):
    hub = lab.hub()
    hub.command("parties", "add", "OLD", "--name", "Old", *MEMBER)
    before = state(hub)
    for number, (text, line, what) in enumerate(FAULTS):
        path = write(lab, text, "faulty.csv")
        for words in ((), ("--dry-run",)):
            said = hub.command("parties", "import", path, *words, codes=(1,)).stderr
            expect("faulty.csv line %d: " % line in said and what in said, lambda: "case %d says: %s" % (number, said))
    with open(lab.path("latin.csv"), "wb") as file:
        file.write(HEAD.encode() + GOOD.encode() + b"N-2,Caf\xe9,USACCO,403,RWF,,,,,,\n")
    said = hub.command("parties", "import", lab.path("latin.csv"), codes=(1,)).stderr
    expect("latin.csv line 3: The line is not UTF-8" in said, said)
    expect("cannot be read" in hub.command("parties", "import", lab.path("none.csv"), codes=(1,)).stderr, "a file that is not there")
    hub.command("parties", "import", codes=(2,))
    expect(state(hub) == before, "something of a refused file was applied")
    hub.start()
    path = write(lab, HEAD + GOOD + "N-2,Two,USACCO,403,RWF,,N-1,2021-07-02,,0788,\n", "faulty.csv")
    expect("faulty.csv line 3" in hub.command("parties", "import", path, codes=(1,)).stderr, "beside a running hub too")
    expect(state(hub) == before, "something of a refused file was applied")


def the_template_of_an_import_is_a_file_that_an_import_reads(lab):
    hub = lab.hub()
    template = hub.command("parties", "import", "--template").stdout
    header = template.splitlines()[0].split(",")
    row = {"id": "N-1", "name": "One", "category": "USACCO", "currency": "RWF", "status": "suspended", "status-from": "2020-05-01"}
    path = write(lab, "\ufeff" + template + ",".join(row.get(name, "") for name in header) + "\r\n")
    expect("1 new" in hub.command("parties", "import", path).stdout, "one new party")
    one = shown(hub, "N-1")
    expect((one["status"], one["status_from"]) == ("suspended", "2020-05-01"), str(one))


def members_merge_split_are_renamed_and_closed_and_keep_their_history(lab):
    hub = lab.hub("--test", "--test-time", "2020-05-01").start()
    for party in ("A", "B", "C", "D", "E"):
        hub.command("parties", "add", party, "--name", "Sacco " + party, *MEMBER)
    hub.command("parties", "add", "BNR", "--role", "regulator", "--name", "BNR")
    hub.command("parties", "merge", "A", "B", "--into", "C", "--from", "2020-07-01")
    hub.command("parties", "split", "D", "--into", "C", "--into", "E", "--from", "2020-08-01")
    hub.command("parties", "rename", "C", "--name", "The new C", "--from", "2020-07-01")
    hub.command("parties", "close", "E", "--on", "2020-12-01")
    a, c, d, e = (shown(hub, party) for party in "ACDE")
    expect(a["ended"] == "2020-07-01" and a["name"] == "Sacco A", str(a))
    expect(c["names"] == [{"name": "Sacco C"}, {"name": "The new C", "from": "2020-07-01"}] and len(c["successions"]) == 2, str(c))
    expect(d["successions"] == [{"from": "2020-08-01", "split": "D", "into": ["C", "E"]}], str(d))
    expect((e["status"], e["status_from"]) == ("liquidated", "2020-12-01"), str(e))
    listed = hub.command("parties", "list").stdout
    expect(listed.count(" ended ") == 3 and listed.count(" liquidated ") == 1, listed)
    before = state(hub)
    refused = (
        (("merge", "C", "--into", "C", "--from", "2020-09-01"), 1, "cannot take over itself"),
        (("merge", "A", "--into", "C", "--from", "2020-09-01"), 1, "went into C on 2020-07-01"),
        (("merge", "C", "--into", "A", "--from", "2020-09-01"), 1, "has ended"),
        (("merge", "Z", "--into", "C", "--from", "2020-09-01"), 1, "no party Z"),
        (("merge", "C", "--into", "Z", "--from", "2020-09-01"), 1, "no party Z"),
        (("merge", "BNR", "--into", "C", "--from", "2020-09-01"), 1, "not a member"),
        (("merge", "C", "--into", "E", "--from", "2020-09-01"), 1, "liquidated"),
        (("merge", "C", "--into", "C", "--from", "2020-09-15"), 1, "cannot take over itself"),
        (("split", "C", "--into", "E", "--from", "2020-09-01"), 1, "names 2 to"),
        (("rename", "C", "--name", "The new C", "--from", "2020-09-01"), 1, "called that"),
        (("set", "C", "--name", "Another"), 1, "names have days"),
        (("close", "C", "--on", "2020-04-30"), 1, "That day is past"),
        (("close", "A", "--on", "2020-12-01"), 1, "has ended already"),
        (("close", "BNR", "--on", "2020-12-01"), 1, "not a member"),
        (("close", "Z", "--on", "2020-12-01"), 1, "no party"),
        (("merge", "C", "--into", "E", "--from", "1.9.2020"), 2, "is a date"),
        (("merge", "C", "--from", "2020-09-01"), 2, "--into"),
        (("rename", "C", "--from", "2020-09-01"), 2, "--name"),
        (("close", "C"), 2, "--on"),
        (("set", "C", "--district", "999"), 2, "none of the settings"),
        (("set", "C", "--assets", "100"), 1, "--assets-on"),
        (("set", "C", "--le-book", "7"), 1, "three digits"),
    )
    for words, code, what in refused:
        said = hub.command("parties", *words, codes=(code,)).stderr
        expect(what in said, lambda: "%s says: %s" % (" ".join(words), said))
    expect(state(hub) == before, "what was refused changed something")
    hub.verify()


def telephone_in(hub, number, names=("acts.log",)):
    found = False
    for name in names:
        with open(os.path.join(hub.folder, name), "rb") as file:
            found = found or number.encode() in file.read()
    return found


def a_contact_is_set_shown_and_erased_beside_the_journal_and_is_in_a_backup(lab):
    hub = lab.hub()
    hub.command("parties", "add", "A", "--name", "Sacco A", *MEMBER)
    hub.command("parties", "add", "B", "--name", "Sacco B", *MEMBER)
    hub.start()
    records = hub.status()["records"]

    def contact(party="A"):
        return json.loads(hub.command("parties", "contact", party, "--format", "json").stdout)

    expect("A has no contact" in hub.command("parties", "contact", "A").stdout, "none is there yet")
    hub.command("parties", "contact", "A", "--office", "manager", "--telephone", "+250 788 111 222", "--language", "rw")
    hub.command("parties", "contact", "A", "--address", "Musanze", "--office", "")
    expect(contact() == {"id": "A", "telephone": "+250 788 111 222", "address": "Musanze", "language": "rw"}, lambda: str(contact()))
    for words, code, what in (
        (("A", "--language", "de"), 1, "en, fr or rw"),
        (("A", "--telephone", "x" * 501), 1, "telephone number"),
        (("A", "--telephone", "", "--address", ""), 1, "at least one"),
        (("Z", "--telephone", "1"), 1, "no party"),
        (("B", "--erase"), 1, "nothing to erase"),
        (("A", "--erase", "--office", "x"), 2, "stands alone"),
    ):
        said = hub.command("parties", "contact", *words, codes=(code,)).stderr
        expect(what in said, said)
    hub.command("backup", lab.path("backup"))
    hub.command("parties", "contact", "A", "--erase")
    hub.command("parties", "contact", "B", "--telephone", "+250 788 333 444")
    expect(contact() == {"id": "A"}, "an erased contact is gone")
    expect(hub.status()["records"] == records and not telephone_in(hub, "788 111 222"), "a contact is neither journaled nor logged")
    hub.verify()
    hub.process.stop()
    said = hub.command("restore", lab.path("backup")).stdout
    expect("Contacts are those of before the restore" in said, said)
    expect(contact() == {"id": "A"} and contact("B")["telephone"] == "+250 788 333 444", "a restore forgets no erasure")
    os.rename(hub.store, lab.path("lost"))
    said = hub.command("restore", lab.path("backup")).stdout
    expect("Contacts are those of the backup" in said, said)
    expect(contact()["telephone"] == "+250 788 111 222" and contact("B") == {"id": "B"}, "a backup holds the contacts")
    hub.command("parties", "contact", "A", "--erase")
    hub.verify()


if __name__ == "__main__":
    run_scenarios(sys.modules[__name__])
