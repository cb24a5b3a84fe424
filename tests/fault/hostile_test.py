#!/usr/bin/python3 -B
"""Peers that do not play by the rules, at every door of a real hub, with the client of tests/integration/interop. After each of them
a good agent still gets its receipt, from the same hub process; at the end the store is well, and holds nothing that it should not."""
import os
import socket
import sys
import time

import zmq

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "..", "support"), os.path.join(HERE, "..", "integration", "interop")]
import checks  # noqa: E402
import client  # noqa: E402
import journal  # noqa: E402
import people  # noqa: E402
from checks import need, sha256  # noqa: E402
from client import Connection, Refused, Silence, frame, message  # noqa: E402
from lab import SOURCE, Failed, Lab, wait_until  # noqa: E402
from nacl.signing import SigningKey  # noqa: E402

REQUEST_BYTES = {"ingest": 98304, "feed": 16384, "query": 16384}
MEMORY_BYTES = 64 << 20  # what a hub may grow by while somebody misuses it
FAILED = (zmq.EVENT_HANDSHAKE_FAILED_AUTH, zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL, zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL,
          zmq.EVENT_DISCONNECTED)


def expect(what, got, want):
    if got != want:
        raise Failed("%s: %r instead of %r" % (what, got, want))


class Stage:
    def __init__(self, lab):
        self.lab, self.hub = lab, lab.hub().start()
        self.keys = checks.HubKeys(self.hub.pub)
        self.sacco = people.Institution("SACCO-001").enrol(self.hub, "no")
        self.mallory = people.Institution("SACCO-666").enrol(self.hub)
        self.flood = people.Institution("SACCO-667").enrol(self.hub)
        self.gone = people.Institution("SACCO-668").enrol(self.hub)
        self.bnr = people.Reader("BNR", "regulator").enrol(self.hub)
        self.amir = people.Reader("AMIR", "association").enrol(self.hub)
        self.left = people.Reader("LEFT", "regulator").enrol(self.hub)
        self.day = people.today() - 2
        self.mallorys_day = people.today() - 2
        self.good = client.Submitter(self.keys, self.hub.ingest, self.sacco.transport)
        self.watch = client.Subscriber(self.keys, self.hub.feed, self.bnr.transport, whole=True)
        self.admin = "ipc://" + os.path.join(self.hub.folder, "admin", "socket")

    def close(self):
        self.good.close()
        self.watch.close()

    def next_report(self, **changes):
        """A report of the good agent's that was not sent yet."""
        self.day -= 1
        return self.sacco.nil(self.day, **changes)

    def mallorys_report(self, **changes):
        self.mallorys_day -= 1
        return self.mallory.nil(self.mallorys_day, **changes)

    def good_agent_gets_its_receipt(self):
        before = time.monotonic()
        entry, = self.good.submit(self.next_report())
        need(entry.refused is None and entry.best[0].verdict == checks.ACCEPTED, "the good agent got: %s" % entry.refused)
        need(self.hub.process.is_running(), "the hub ended")
        return time.monotonic() - before

    def records(self):
        return self.hub.status()["records"]

    def endpoint(self, door):
        return {"ingest": self.hub.ingest, "feed": self.hub.feed, "query": self.hub.query, "admin": self.admin}[door]

    def connect(self, door, party=None, **more):
        if door == "admin":
            return Connection(self.admin)
        return Connection(self.endpoint(door), self.keys.transport, (party or (self.mallory if door == "ingest" else self.bnr))
                          .transport, **more)

    def memory(self):
        with open("/proc/%d/status" % self.hub.process.process.pid, encoding="ascii") as file:
            return next(int(line.split()[1]) * 1024 for line in file if line.startswith("VmRSS"))


def at_feed(position=(0, b""), number=1, **more):
    return message("FETCH", position={"size": position[0], "root": position[1]}, number=number, **{"wait_ms": 0, **more})


def ask(connection, raw):
    connection.send(raw)
    return connection.receive()


def refusal(connection, raw):
    """The rule of a REFUSED, or the name of another answer."""
    name, body = ask(connection, raw)
    return body.rule if name == "REFUSED" else name


# ---- who may come in ----


def an_unknown_key_never_gets_in(stage):
    for door in ("ingest", "feed", "query"):
        for server, key in ((stage.keys.transport, client.TransportKey()), (client.TransportKey().public, stage.bnr.transport),
                            (None, None)):
            connection = Connection(stage.endpoint(door), server, key)
            event = connection.next_event()
            need(event in FAILED, "event %d at the %s door" % (event, door))
            try:
                connection.send(message("GET_SETTINGS", id=b"", offset=0), 0.2)
                raise Failed("a stranger's message was taken at the %s door" % door)
            except Silence:
                connection.close()


def bytes_that_are_no_handshake(stage):
    """Sockets that say nothing, half a greeting, noise; they stay open while the good agent sends."""
    host, port = stage.hub.ingest[len("tcp://"):].split(":")
    noises = (b"", b"\xff\0\0\0\0\0\0\0\1\x7f", b"\xff\0\0\0\0\0\0\0\1\x7f\3\1CURVE" + bytes(45), b"GET / HTTP/1.1\r\n\r\n",
              bytes(range(256)) * 64)
    sockets = [socket.create_connection((host, int(port))) for _ in range(100)]
    for number, raw in enumerate(sockets):
        try:
            raw.sendall(noises[number % len(noises)])
        except OSError:
            pass  # the hub hung up first
    stage.good_agent_gets_its_receipt()
    for raw in sockets:
        raw.close()


def a_key_that_is_revoked_meanwhile(stage):
    agent = client.Submitter(stage.keys, stage.hub.ingest, stage.gone.transport)
    entry, = agent.submit(stage.gone.nil(people.today() - 2))
    expect("before", entry.best[0].verdict, checks.ACCEPTED)
    feed = client.Subscriber(stage.keys, stage.hub.feed, stage.left.transport, whole=False).to_head()
    query = stage.connect("query", stage.left)
    feed.fetch()  # parked
    for party in (stage.gone, stage.left):
        stage.hub.command("parties", "revoke", party.id)
    try:
        while True:  # what was written until then may still be served
            feed.step()
    except Refused as refused:
        expect("a parked FETCH", refused.rule, "NOT_ENTITLED")
    expect("a pull", refusal(query, message("SNAPSHOT", number=1, filter={"period": "2020-06", "kinds": [1]})), "NOT_ENTITLED")
    records = stage.records()
    late = message("SUBMIT", session=agent.session, number=99, envelope=stage.gone.nil(people.today() - 3))
    wait_until("the revoked key is shut out", 5, lambda: refusal(agent.connection, late) == "NOT_ENTITLED")
    for raw in (message("HELLO", tag=os.urandom(16), schema_version=1),
                message("OWN", session=agent.session, number=100, institution=stage.gone.id, before=0),
                message("GET_SETTINGS", id=b"", offset=0)):
        expect("the revoked key", refusal(agent.connection, raw), "NOT_ENTITLED")
    expect("records", stage.records(), records)
    for connection in (agent, feed, query):
        connection.close()


# ---- what is not one's own ----


def another_institutions_report(stage):
    mallory = client.Submitter(stage.keys, stage.hub.ingest, stage.mallory.transport)
    theirs = stage.next_report()
    records = stage.records()
    entry, = mallory.submit(theirs)
    expect("a report of another's", entry.refused.rule, "ENV-02")
    held = next(e for e in stage.good.entries.values() if e.best)
    entry, = mallory.submit(held.envelope)
    expect("a replay of another's", entry.refused.rule, "ENV-02")
    entry, = mallory.submit(checks.sign_report(stage.mallory.signing, people.report("SACCO-001", people.today() - 3, nil=True)))
    expect("another's name", entry.refused.rule, "ENV-02")
    entry, = mallory.submit(checks.sign_report(stage.sacco.signing, people.report("SACCO-666", people.today() - 3, nil=True)))
    expect("another's signature", entry.refused.rule, "ENV-03")
    expect("OWN of another's", refusal(mallory.connection, message(
        "OWN", session=mallory.session, number=50, institution="SACCO-001", before=0)), "NOT_ENTITLED")
    expect("another's session", refusal(mallory.connection, message(
        "SUBMIT", session=stage.good.session, number=51, envelope=theirs)), "HELLO_FIRST")
    expect("records", stage.records(), records)
    mallory.close()


def a_reader_asks_for_what_is_not_its_own(stage):
    for party, sees in ((stage.mallory, lambda h: h.institution == "SACCO-666" or not h.is_report),
                        (stage.amir, lambda h: True)):
        for filters in (None, {"institutions": ["SACCO-001"]}, {"kinds": [1, 2, 11, 30, 99]}):
            reader = client.Subscriber(stage.keys, stage.hub.feed, party.transport, whole=False, filters=filters).to_head()
            for row in reader.rows:
                need(sees(row.header), "%s sees record %d" % (party.id, row.header.seq))
                need(row.header.kind != checks.KEYS or row.header.institution == party.id, "keys of another")
                need(not (row.header.is_report and row.body and row.header.institution != party.id),
                     "%s sees record %d whole" % (party.id, row.header.seq))
            reader.close()
        _, rows = client.pull(stage.keys, stage.hub.query, party.transport, people.last_month()[0])
        need(all(sees(row.header) for row in rows), "a pull shows another's")
    connection = stage.connect("feed", stage.mallory)
    need(refusal(connection, at_feed((5, bytes(32)))) == "NOT_IN_HISTORY", "a made-up position")
    connection.send(message("OLDER", number=2, cursor={"size": 5, "root": bytes(32)},
                            positions=[{"size": size, "root": sha256(bytes([size]))} for size in range(32, 0, -1)]))
    expect("made-up positions", connection.expect("STANDS").position.size, 0)
    expect("a position without end", refusal(connection, at_feed((2**64 - 1, b""))), "NOT_IN_HISTORY")
    connection.close()


# ---- replays and forgeries ----


def a_replayed_envelope_is_one_record(stage):
    entry = next(e for e in stage.good.entries.values() if e.best)
    records = stage.records()
    for _ in range(3):
        replay = client.Submitter(stage.keys, stage.hub.ingest, stage.sacco.transport)
        replay.hello()
        for number in (1, 1, 7, 3, 0, 2**64 - 1):
            replay.connection.send(message("SUBMIT", session=replay.session, number=number, envelope=entry.envelope))
        got = []
        while len(got) < 6:
            got += replay.connection.expect("ANSWERS").answers
        expect("numbers", [answer.number for answer in got], [1, 1, 7, 3, 0, 2**64 - 1])
        need(all(answer.header == entry.best[0].raw for answer in got), "another receipt")
        replay.close()
    expect("records", stage.records(), records)


def forged_receipts_are_ignored(stage):
    genuine = next(e for e in stage.good.entries.values() if e.best)
    mine = SigningKey.generate()
    envelopes = [stage.next_report() for _ in range(7)]
    receipt = checks.messages["record"].Receipt.FromString(genuine.best[2])

    def forged(envelope, log_key, origin=b"hub.test"):
        """A receipt of years ago, as if the hub had accepted the report as record 1."""
        raw = bytearray(genuine.best[0].raw)
        signed = checks.messages["report"].SignedReport.FromString(envelope)
        raw[4:12], raw[32:40] = (1).to_bytes(8, "big"), (10**15).to_bytes(8, "big")
        raw[56:88], raw[88:120], raw[120:184] = checks.id_of(envelope), signed.signer, signed.signature
        checkpoint = checks.make_checkpoint(origin, 1, checks.leaf_hash(bytes(raw)), people.now_us(), log_key)
        return checks.receipt_bytes(bytes(raw), b"", checkpoint, receipt.judgement)
    mixed = checks.messages["record"].Receipt.FromString(forged(envelopes[5], mine))
    mixed.checkpoint = genuine.best[1].raw
    receipts = [b"forged", genuine.best[2], forged(envelopes[2], mine), forged(envelopes[3], stage.sacco.signing),
                forged(envelopes[4], mine, b"other.hub"), mixed.SerializeToString(), genuine.best[2][:-1]]
    start = people.now_us()
    session = client.Submitter(stage.keys, stage.hub.ingest, stage.sacco.transport)
    session.hello()
    for number, (envelope, raw) in enumerate(zip(envelopes, receipts), 1):
        session.connection.send(message("SUBMIT", session=session.session, number=number, envelope=envelope, receipt=raw))
        answer = session.connection.expect("ANSWERS").answers[0]
        if answer.HasField("refused"):
            raise Failed("forgery %d made a good report refused: %s" % (number, answer.refused))
        need(checks.Header(answer.header).first_received_at >= start - 10**6, "forgery %d gave an earlier time" % number)
    # Nor do checkpoints that nobody signed tell the hub that its history is lost.
    for checkpoint in (b"x", checks.make_checkpoint(b"hub.test", 10**9, bytes(32), people.now_us(), mine),
                       genuine.best[1].raw.replace(b"time 1", b"time 2")):
        tag = os.urandom(16)
        session.connection.send(message("HELLO", tag=tag, schema_version=1, checkpoints=[checkpoint] * 32))
        need(session.connection.expect("HELLO_ANSWER").session.startswith(tag), "the session")
    session.close()
    for entry in stage.good.submit(*envelopes):
        need(entry.best[0].first_received_at >= start - 10**6, "the first time")


# ---- frames ----


def messages_of_many_frames(stage):
    before = stage.memory()
    for door in ("ingest", "feed", "query", "admin"):
        connection = stage.connect(door)
        for frames in ([b""], [b"", b""], [b""] * 10000, [b"x"] * 10000, [b"", message("HELLO", tag=bytes(16), schema_version=1)],
                       [message("GET_STATUS")] * 3):
            connection.send(frames)
        still_answers(stage, connection, door)
        connection.close()
        stage.good_agent_gets_its_receipt()
    for kind in (zmq.REQ, zmq.ROUTER, zmq.PUB, zmq.STREAM):
        other = zmq.Context.instance().socket(kind)
        other.linger = 0
        if kind != zmq.STREAM:
            other.curve_serverkey, other.curve_publickey, other.curve_secretkey = \
                stage.keys.transport, stage.mallory.transport.public, stage.mallory.transport.secret
        other.connect(stage.hub.ingest)
        stage.good_agent_gets_its_receipt()
        if kind == zmq.REQ:
            other.send(message("HELLO", tag=bytes(16), schema_version=1))
            stage.good_agent_gets_its_receipt()
        other.close()
    need(stage.memory() - before < MEMORY_BYTES, "memory grew by %d" % (stage.memory() - before))


def still_answers(stage, connection, door):
    """Reads on to the answer of one good request. An answer that does not fit the connection is dropped: then it asks again."""
    tag = os.urandom(16)
    asked = {"ingest": message("HELLO", tag=tag, schema_version=1), "feed": at_feed(number=2**63), "admin": message("GET_STATUS"),
             "query": message("SNAPSHOT", number=2**63, filter={"period": "2020-06", "kinds": [1]})}[door]
    connection.send(asked)
    end = time.monotonic() + 20
    while time.monotonic() < end:
        try:
            name, body = connection.receive(1)
        except Silence:
            connection.send(asked)
            continue
        if (name == "HELLO_ANSWER" and body.session.startswith(tag)) or name == "STATUS" or \
                (name in ("RECORDS", "SNAPSHOT_ANSWER") and body.number == 2**63):
            return
    raise Failed("the %s door does not answer any more" % door)


def frames_at_and_over_the_limit(stage):
    before = stage.memory()
    for door, limit in REQUEST_BYTES.items():
        connection = stage.connect(door)
        expect("handshake", connection.next_event(), zmq.EVENT_HANDSHAKE_SUCCEEDED)
        for size in (limit - 1, limit):
            expect("%d bytes at the %s door" % (size, door),
                   refusal(connection, frame(client.VERBS["HELLO"][0], b"\xff" * (size - 3))), "BAD_REQUEST")
        for size in (limit + 64, 1 << 20, 16 << 20):  # the hub hangs up, and takes the next connection
            connection.send(frame(client.VERBS["HELLO"][0], bytes(size - 3)))
            expect("%d bytes at the %s door" % (size, door), connection.next_event(), zmq.EVENT_DISCONNECTED)
            expect("handshake", connection.next_event(), zmq.EVENT_HANDSHAKE_SUCCEEDED)
        still_answers(stage, connection, door)
        connection.close()
        stage.good_agent_gets_its_receipt()
    need(stage.memory() - before < MEMORY_BYTES, "memory grew by %d" % (stage.memory() - before))


def bodies():
    """What is no body of any verb, or hardly one."""
    deep = b""
    for _ in range(200):
        deep = b"\x0a" + bytes([0x80 | len(deep) & 127, len(deep) >> 7]) + deep
    return (b"", b"\0", b"\xff" * 10, bytes(1000), os.urandom(300), deep, b"\x0a\xff\xff\xff\xff\x0f", b"\x0b\x0c", b"\x0a\x02\xc3\x28" * 3,
            b"\x0a\x00\x10\x01\x10\x02\x10\x03" * 100,  # duplicate fields
            b"\x0a\x10" + bytes(16) + b"\x10\x01\xf8\x07\x01" * 50,  # a HELLO with duplicate and unknown fields
            b"\x0a\x02\x08\x01" * 2000, b"\x0a\x03\x01\x00\x30\x10\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\x18\x7f\x20\x7f")


def garbage_for_every_verb_at_every_door(stage):
    verbs = sorted({number for number, _ in client.VERBS.values()} | {0, 5, 159, 160, 191, 208, 255, 256, 65535})
    records = stage.records()
    for door in ("ingest", "feed", "query", "admin"):
        connection, count = stage.connect(door), 0
        for number in verbs:
            for body in bodies():
                if (door, number) == ("ingest", client.VERBS["SETTLED"][0]) and body[:4] == b"\x0a\x10\0\0":
                    continue  # readable, and has no answer
                name, _ = ask(connection, frame(number, body))
                need(name == "REFUSED" or body[:3] != b"\xff\xff\xff", "%s to no body of verb %d" % (name, number))
                count += 1
        for raw in (b"\1", b"\1\0", b"\0\0\x10", b"\2\0\x13", b"\xff" * 3, b"\0" * 100, os.urandom(64)):
            need(refusal(connection, raw) in ("BAD_REQUEST", "UNSUPPORTED"), "%s at the %s door" % (raw.hex(), door))
        connection.close()
        need(count > 400, "only %d were sent" % count)
        stage.good_agent_gets_its_receipt()
    for row in stage.watch.to_head().rows[records:]:
        need(row.header.kind in (checks.REPORT, checks.ACCESS), "garbage made record %d" % row.header.seq)


def texts_that_are_no_utf8(stage):
    """In reports and in requests."""
    mallory = client.Submitter(stage.keys, stage.hub.ingest, stage.mallory.transport)
    mallory.hello()
    good = people.report("SACCO-666", people.today() - 300, nil=True, note="AAAA").SerializeToString()
    records = stage.records()
    for number, text in enumerate((b"\xff\xfeAA", b"AA\xc3(", b"A\0AA", b"\xed\xa0\x80A", b"\xc0\xafAA", b"\xf5\x80\x80\x80"), 1):
        envelope = checks.sign_report(stage.mallory.signing, good.replace(b"AAAA", text))
        mallory.connection.send(message("SUBMIT", session=mallory.session, number=number, envelope=envelope))
        answer, = mallory.connection.expect("ANSWERS").answers
        expect("a note of %r" % text, answer.refused.rule, "ENV-01")
        own = message("OWN", session=mallory.session, number=number, institution="AAAA", before=0).replace(b"AAAA", text)
        need(refusal(mallory.connection, own) in ("NOT_ENTITLED", "BAD_REQUEST"), "OWN of %r" % text)
        mallory.connection.send(message("SETTLED", session=mallory.session, institutions=["AAAA"]).replace(b"AAAA", text))
        feed = stage.connect("feed")
        expect("a filter of %r" % text, refusal(feed, at_feed(filter={"institutions": ["AAAA"]}).replace(b"AAAA", text)),
               "RECORDS" if b"\0" in text else "BAD_REQUEST")  # of a request's text the hub reads what stands before a NUL
        feed.close()
    for row in stage.watch.to_head().rows[records:]:
        expect("kind of record %d" % row.header.seq, row.header.kind, checks.ACCESS)
    mallory.close()


def reports_that_are_not_canonical(stage):
    """Duplicate and unknown fields, fields in another order, at both levels; rows without end; a report that is too large."""
    report = people.report("SACCO-666", people.today() - 301, nil=True).SerializeToString()
    signed = checks.messages["report"].SignedReport.FromString(checks.sign_report(stage.mallory.signing, report))
    sign = stage.mallory.signing
    outer = signed.SerializeToString()
    rows = people.report("SACCO-666", people.today() - 301)
    rows.portfolio.classes.extend([checks.messages["report"].ClassRow(code="NL")] * 1025)
    long = people.report("SACCO-666", people.today() - 301, nil=True, note="x" * 501)
    large = people.report("SACCO-666", people.today() - 301)
    large.operations.advocacy.extend([checks.messages["report"].AdvocacyRow(code=1, text="y" * 490)] * 140)
    empty = people.report("SACCO-666", people.today() - 301).SerializeToString() + b"\xa2\x01\x04\x2a\x00\x2a\x00" * 8000
    records = stage.records()
    mallory = client.Submitter(stage.keys, stage.hub.ingest, stage.mallory.transport)
    mallory.hello()
    for number, (rules, envelope) in enumerate((
            (("ENV-01",), checks.sign_report(sign, report + report)), (("ENV-01",), checks.sign_report(sign, report[2:] + report[:2])),
            (("ENV-01",), checks.sign_report(sign, report + b"\x88\x01\x01")), (("ENV-01",), checks.sign_report(sign, report + b"\xf8\x07\x01")),
            (("ENV-01",), outer + outer), (("ENV-01",), outer + b"\xf8\x07\x01"), (("ENV-01",), outer[:-1]), (("ENV-01",), b""),
            (("ENV-01",), checks.sign_report(sign, b"")), (("ENV-01", "ENV-11"), checks.sign_report(sign, rows)),
            (("ENV-01", "ENV-11"), checks.sign_report(sign, long)), (("ENV-11",), checks.sign_report(sign, large)),
            (("ENV-01", "ENV-11"), checks.sign_report(sign, empty))), 1):
        mallory.connection.send(message("SUBMIT", session=mallory.session, number=number, envelope=envelope))
        answer, = mallory.connection.expect("ANSWERS").answers
        need(answer.refused.rule in rules, "report %d: %s instead of %s" % (number, answer.refused.rule or "taken", rules))
    expect("records", stage.records(), records)
    mallory.close()


# ---- too much ----


def one_that_sends_without_end(stage):
    """More than the quota, without waiting for answers; the good agent is served meanwhile."""
    agent = client.Submitter(stage.keys, stage.hub.ingest, stage.flood.transport)
    agent.hello()
    count, got, later = 2300, 0, 0
    envelopes = [stage.flood.nil(people.today() - 2, kind=1 + n % 4, vintage=1 + n) for n in range(count)]
    slowest = 0.0
    for number, envelope in enumerate(envelopes, 1):
        agent.connection.send(message("SUBMIT", session=agent.session, number=number, envelope=envelope))
        if number % 400 == 0:
            slowest = max(slowest, stage.good_agent_gets_its_receipt())
    while got < count:
        name, body = agent.connection.receive()
        need(name in ("ANSWERS", "RETRY_LATER"), name)
        got += len(body.answers) if name == "ANSWERS" else 1
        later += sum(answer.HasField("retry_later") for answer in body.answers) if name == "ANSWERS" else 1
    need(later >= 200, "the quota held back %d" % later)
    need(slowest < 5, "the good agent waited for %g s" % slowest)
    agent.close()


def one_that_never_reads(stage):
    """It asks from 0 again and again, and takes nothing, while ingest goes on."""
    before, connection = stage.memory(), stage.connect("feed", receive_hwm=1)
    asked, slowest = 0, 0.0
    try:
        for asked in range(2000):
            connection.send(at_feed(number=asked + 1), 0.5)
            if asked % 200 == 0:
                slowest = max(slowest, stage.good_agent_gets_its_receipt())
    except Silence:
        pass  # the hub takes no more of it
    for _ in range(50):
        slowest = max(slowest, stage.good_agent_gets_its_receipt())
    need(asked > 10, "asked %d times" % asked)
    need(slowest < 5, "an acknowledgement took %g s" % slowest)
    need(stage.memory() - before < MEMORY_BYTES, "memory grew by %d" % (stage.memory() - before))
    stage.watch.to_head()
    connection.close()


def one_that_asks_from_nothing_a_thousand_times(stage):
    before, connection = stage.memory(), stage.connect("feed")
    records = stage.records()
    for number in range(1, 1001):
        connection.send(at_feed(number=number))
        need(connection.expect("RECORDS").number == number, "another answer")
    connection.close()
    need(stage.memory() - before < MEMORY_BYTES, "memory grew by %d" % (stage.memory() - before))
    need(stage.records() - records <= 1, "a thousand equal acts wrote %d records" % (stage.records() - records))


def one_that_connects_without_end(stage):
    """The same routing id at once, and connections that come and go."""
    before = stage.memory()
    for _ in range(10):
        alike = []
        for _ in range(10):
            other = zmq.Context.instance().socket(zmq.DEALER)
            other.linger, other.immediate, other.sndtimeo = 0, 1, 5000
            other.routing_id = b"alike"
            other.curve_serverkey, other.curve_publickey, other.curve_secretkey = \
                stage.keys.transport, stage.mallory.transport.public, stage.mallory.transport.secret
            other.connect(stage.hub.ingest)
            alike.append(other)
        alike[0].send(message("HELLO", tag=bytes(16), schema_version=1))
        stage.good_agent_gets_its_receipt()
        for other in alike:
            other.close()
    need(stage.memory() - before < MEMORY_BYTES, "memory grew by %d" % (stage.memory() - before))


def the_store_is_well(stage):
    receipts = {identity: entry.best[0].raw for identity, entry in stage.good.entries.items() if entry.best}
    rows = stage.watch.to_head().rows
    stage.hub.process.stop()
    expect("exit of the hub", stage.hub.process.process.returncode, 0)
    people.well(stage.hub)
    records = journal.read(stage.hub.store, stage.keys.log)
    expect("headers", [row.header.raw for row in rows], [record.header for record in records[:len(rows)]])
    held = {record.id: record.header for record in records if record.is_report}
    for identity, header in receipts.items():
        need(held.get(identity) == header, "an acknowledged report is not in the journal")
    allowed = {"SACCO-001": stage.sacco, "SACCO-666": stage.mallory, "SACCO-667": stage.flood, "SACCO-668": stage.gone}
    for record in records:
        need(record.kind not in (checks.EARLIER_RECEIPT, checks.RESTORED, checks.HISTORY_LOST, checks.BACK),
             "somebody made the hub write record %d of kind %d" % (record.seq, record.kind))
        need(not record.is_report or allowed[record.institution].signing.verify_key.encode() == record.signer, "another's key")


SCENES = (
    an_unknown_key_never_gets_in, bytes_that_are_no_handshake, a_key_that_is_revoked_meanwhile, another_institutions_report,
    a_reader_asks_for_what_is_not_its_own, a_replayed_envelope_is_one_record, forged_receipts_are_ignored, messages_of_many_frames,
    frames_at_and_over_the_limit, garbage_for_every_verb_at_every_door, texts_that_are_no_utf8, reports_that_are_not_canonical,
    one_that_sends_without_end, one_that_never_reads, one_that_asks_from_nothing_a_thousand_times, one_that_connects_without_end)


def main():
    with Lab("hostile") as lab:
        os.mkdir(lab.path("python"))
        checks.generate(SOURCE, lab.path("python"))
        stage = Stage(lab)
        stage.good_agent_gets_its_receipt()
        process = stage.hub.process.process.pid
        for scene in SCENES:
            before = time.monotonic()
            scene(stage)
            stage.good_agent_gets_its_receipt()
            expect("the hub's process", stage.hub.process.process.pid, process)
            print("- %s (%.1f s)" % (scene.__name__.replace("_", " "), time.monotonic() - before), flush=True)
        the_store_is_well(stage)
        print("- the store is well")
        stage.close()


if __name__ == "__main__":
    main()
