"""A second implementation of Ihuriro's clients: a submitter, a subscriber, a puller. Written from proto/README.md and the .proto
files alone; nothing of it comes from the C code, so that the tests that use it prove that the page is enough."""
import os
import time

import zmq
from zmq.utils.monitor import recv_monitor_message

from checks import (AGREEMENT, BACK, EARLIER_RECEIPT, HISTORY_LOST, PARTY, REJECTED, REPORT, RESTORED, SETTINGS, Broken,
                    Checkpoint, Header, Tree, check_body, check_consistency, check_inclusion, check_receipt, id_of, leaf_hash,
                    messages, need, open_receipt, parse, receipt_bytes, sha256)

VERSION = 1
SCHEMA_VERSION = 1
VERBS = {
    "REFUSED": (1, "Refused"), "RETRY_LATER": (2, "RetryLater"), "GET_SETTINGS": (3, "GetSettings"),
    "SETTINGS_PAGE": (4, "SettingsPage"), "HELLO": (16, "Hello"), "HELLO_ANSWER": (17, "HelloAnswer"),
    "HELLO_FIRST": (18, "HelloFirst"), "SUBMIT": (19, "Submit"), "ANSWERS": (20, "Answers"), "OWN": (21, "Own"),
    "OWN_ANSWER": (22, "OwnAnswer"), "SETTLED": (23, "Settled"), "FETCH": (64, "Fetch"), "RECORDS": (65, "Records"),
    "NOT_IN_HISTORY": (66, "NotInHistory"), "OLDER": (67, "Older"), "STANDS": (68, "Stands"), "SNAPSHOT": (96, "Snapshot"),
    "SNAPSHOT_ANSWER": (97, "SnapshotAnswer"), "PROVE": (98, "Prove"), "PROOF": (99, "Proof"), "ACT": (128, "Act"),
    "ACT_DONE": (129, "ActDone"), "GET_STATUS": (130, "GetStatus"), "STATUS": (131, "Status"),
    "CLOCK_IS_RIGHT": (132, "ClockIsRight"), "TEST_TIME": (133, "TestTime"), "DONE": (134, "Done")}
NAMES = {number: name for name, (number, _) in VERBS.items()}
IN_FLIGHT = 32  # SUBMITs without an answer, an institution
OFFERED = 32    # checkpoints in a HELLO, positions in an OLDER
ANSWER_BYTES = 1048576


class Silence(Exception):
    """No answer in time."""


class Refused(Exception):
    """The hub's REFUSED."""

    def __init__(self, body):
        super().__init__("%s %s %s" % (body.rule, body.path, body.text))
        self.rule, self.path, self.text, self.may_pass = body.rule, body.path, body.text, body.may_pass


class RetryLater(Exception):
    def __init__(self, body):
        super().__init__("in %d s: %s" % (body.seconds, body.text))
        self.seconds, self.scope = body.seconds, body.scope


def message(verb, **fields):
    body = getattr(messages["wire"], VERBS[verb][1])(**fields)
    return frame(VERBS[verb][0], body.SerializeToString())


def frame(number, body, version=VERSION):
    return bytes([version]) + number.to_bytes(2, "big") + body


def open_frame(raw):
    need(len(raw) >= 3 and raw[0] == VERSION, "a frame of %d bytes, version %s" % (len(raw), raw[:1].hex()))
    number = int.from_bytes(raw[1:3], "big")
    need(number in NAMES, "verb %d" % number)
    return NAMES[number], parse(getattr(messages["wire"], VERBS[NAMES[number]][1]), raw[3:])


class TransportKey:
    def __init__(self):
        self.public, self.secret = zmq.curve_keypair()

    def line(self):
        """The text of a key file."""
        return "ihuriro-transport-key %s %s\n" % (self.public.decode(), self.secret.decode())


class Connection:
    """A DEALER at one door. Without a key: the admin door, which speaks no CURVE."""

    def __init__(self, endpoint, server_key=None, key=None, receive_hwm=1000):
        self.socket = zmq.Context.instance().socket(zmq.DEALER)
        for option, value in ((zmq.IMMEDIATE, 1), (zmq.LINGER, 0), (zmq.MAXMSGSIZE, ANSWER_BYTES + 1024),
                              (zmq.HEARTBEAT_IVL, 30000), (zmq.HEARTBEAT_TIMEOUT, 90000), (zmq.HEARTBEAT_TTL, 120000),
                              (zmq.RCVHWM, receive_hwm)):
            self.socket.setsockopt(option, value)
        if key is not None:
            self.socket.curve_serverkey, self.socket.curve_publickey, self.socket.curve_secretkey = \
                server_key, key.public, key.secret
        self.monitor = self.socket.get_monitor_socket(
            zmq.EVENT_HANDSHAKE_SUCCEEDED | zmq.EVENT_HANDSHAKE_FAILED_AUTH | zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL |
            zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL | zmq.EVENT_DISCONNECTED)
        self.socket.connect(endpoint)

    def send(self, raw, seconds=20):
        """One frame, or a list of frames. Waits for the handshake, as nothing is queued without a connection."""
        self.socket.sndtimeo = int(seconds * 1000)
        try:
            if isinstance(raw, list):
                self.socket.send_multipart(raw)
            else:
                self.socket.send(raw)
        except zmq.Again:
            raise Silence("not sent in %g s" % seconds) from None

    def receive_raw(self, seconds=20):
        """The one frame of a message."""
        if not self.socket.poll(max(0, int(seconds * 1000))):
            raise Silence("no answer in %g s" % seconds)
        parts = self.socket.recv_multipart()
        need(len(parts) == 1, "an answer of %d frames" % len(parts))
        return parts[0]

    def receive(self, seconds=20):
        return open_frame(self.receive_raw(seconds))

    def expect(self, verb, seconds=20):
        """The body of an answer with this verb; REFUSED and RETRY_LATER are raised."""
        name, body = self.receive(seconds)
        if name == "REFUSED":
            raise Refused(body)
        if name == "RETRY_LATER":
            raise RetryLater(body)
        need(name == verb, "%s instead of %s" % (name, verb))
        return body

    def ask(self, verb, answer, seconds=20, **fields):
        self.send(message(verb, **fields), seconds)
        return self.expect(answer, seconds)

    def next_event(self, seconds=20):
        """What happened to the connection."""
        if not self.monitor.poll(int(seconds * 1000)):
            raise Silence("nothing happened to the connection in %g s" % seconds)
        return recv_monitor_message(self.monitor)["event"]

    def close(self):
        self.socket.disable_monitor()
        self.monitor.close()
        self.socket.close()


def settings(connection, hub, identity=b"", check=None):
    """GET_SETTINGS in pages: the Event's bytes, the header of its record, and how many pages it took."""
    whole, header, pages = b"", None, 0
    while True:
        page = connection.ask("GET_SETTINGS", "SETTINGS_PAGE", id=identity, offset=len(whole))
        header, _ = open_receipt(page.receipt, hub)
        need(header.kind == SETTINGS and page.offset == len(whole) and page.page, "a page of other settings")
        need(not identity or header.id == identity, "the record of other settings")
        identity, whole, pages = header.id, whole + page.page, pages + 1
        if len(whole) >= page.total:
            break
    need(len(whole) == page.total and sha256(whole) == header.id, "the pages are not the event")
    check_body(header, whole)
    return whole, header, pages


# ---- an agent ----


class Entry:
    """A report that is kept: its envelope; of receipts the best and the latest."""

    def __init__(self, envelope):
        report = messages["report"].Report.FromString(
            messages["report"].SignedReport.FromString(envelope).report)
        self.envelope, self.institution = envelope, report.institution
        self.place = (report.institution, report.type, report.period.end_day, report.period.frequency)
        self.best = self.latest = self.refused = None
        self.to_offer = False

    def take(self, header, checkpoint, raw):
        def rank(receipt):
            return (receipt[0].verdict == REJECTED, receipt[0].first_received_at)
        self.latest = (header, checkpoint, raw)
        if self.best is None or rank(self.latest) < rank(self.best):
            self.best = self.latest


class Submitter:
    """One transport key, any number of institutions."""

    def __init__(self, hub, endpoint, key, test=False):
        self.hub, self.key, self.test, self.endpoint = hub, key, test, endpoint
        self.entries, self.session, self.number, self.held, self.settle = {}, None, 0, {}, False
        self.connection = Connection(endpoint, hub.transport, key)

    def close(self):
        self.connection.close()

    def hello(self, seconds=20):
        """Opens a session; marks what lies above what stands."""
        tag = os.urandom(16)
        latest = sorted((e.latest[1] for e in self.entries.values() if e.latest and not e.to_offer),
                        key=lambda checkpoint: -checkpoint.size)
        shown = at_doubling_distances(latest, lambda checkpoint: checkpoint.size)
        self.connection.send(message("HELLO", tag=tag, schema_version=SCHEMA_VERSION, test=self.test,
                                     checkpoints=[checkpoint.raw for checkpoint in shown], program="interop 1"), seconds)
        while True:
            name, body = self.connection.receive(seconds)
            if name == "HELLO_ANSWER" and body.session.startswith(tag):
                break
            if name == "REFUSED":
                raise Refused(body)
            if name == "RETRY_LATER":
                raise RetryLater(body)
        need(body.stands.size == 0 or any((c.size, c.root) == (body.stands.size, body.stands.root) for c in shown),
             "what stands was never shown")
        for entry in self.entries.values():
            if entry.latest and entry.latest[1].size > body.stands.size:
                entry.to_offer = True
        self.session, self.settle = body.session, body.settle
        self.held = {row.institution: row.reports for row in body.held}
        return body

    def submit(self, *envelopes, seconds=30):
        """Many in flight, one of a place, at most 32 of an institution. Returns their entries, each with a receipt or refused."""
        if self.session is None:
            self.hello(seconds)
        entries = [self.entries.setdefault(id_of(e), Entry(e)) for e in envelopes]
        waiting, flying, end = list(entries), {}, time.monotonic() + seconds
        while waiting or flying:
            for entry in list(waiting):
                if sum(e.institution == entry.institution for e in flying.values()) < IN_FLIGHT and \
                        all(e.place != entry.place for e in flying.values()):
                    waiting.remove(entry)
                    flying[self._send(entry, seconds)] = entry
            name, body = self.connection.receive(end - time.monotonic())
            if name == "HELLO_FIRST":
                waiting, flying = [*flying.values(), *waiting], {}
                self.hello(seconds)
            elif name == "ANSWERS" and body.session == self.session:
                self._take(body, flying, waiting)
            elif name == "REFUSED":
                raise Refused(body)
            elif name == "RETRY_LATER":
                raise RetryLater(body)
        return entries

    def _send(self, entry, seconds):
        self.number += 1
        self.connection.send(message("SUBMIT", session=self.session, number=self.number, envelope=entry.envelope,
                                     receipt=entry.best[2] if entry.to_offer else None), seconds)
        return self.number

    def _take(self, body, flying, waiting):
        checkpoint = Checkpoint(body.checkpoint, self.hub) if body.HasField("checkpoint") else None
        for answer in body.answers:
            entry = flying.pop(answer.number, None)
            need(entry is not None, "an answer to nothing")
            for number in [n for n in flying if n < answer.number]:
                waiting.insert(0, flying.pop(number))  # passed over
            if answer.HasField("refused"):
                entry.refused = Refused(answer.refused)
            elif answer.HasField("retry_later"):
                raise RetryLater(answer.retry_later)
            else:
                report = messages["report"].SignedReport.FromString(entry.envelope).report
                header = check_receipt(answer.header, answer.proof, checkpoint, answer.judgement, report)
                check_body(header, entry.envelope)
                entry.take(header, checkpoint,
                           receipt_bytes(answer.header, answer.proof, checkpoint.raw, answer.judgement))
                entry.refused, entry.to_offer = None, False

    def offer(self, seconds=30):
        """What is marked, oldest first, each with its best receipt."""
        marked = sorted((e for e in self.entries.values() if e.to_offer), key=lambda entry: entry.best[0].first_received_at)
        return self.submit(*(entry.envelope for entry in marked), seconds=seconds)

    def settled(self):
        """Nothing is left to offer; there is no answer."""
        self.connection.send(message("SETTLED", session=self.session, institutions=list(self.held)))

    def own(self, institution):
        """Walks back through all that the hub holds of an institution: entries, newest first."""
        found, before = [], 0
        while True:
            self.number += 1
            body = self.connection.ask("OWN", "OWN_ANSWER", session=self.session, number=self.number, institution=institution,
                                       before=before)
            need((body.session, body.number, body.institution) == (self.session, self.number, institution), "another walk")
            checkpoint = Checkpoint(body.checkpoint, self.hub)
            for row in body.reports:
                header = check_receipt(row.header, row.proof, checkpoint, row.judgement)
                check_body(header, row.envelope)
                need(header.institution == institution and (before == 0 or header.seq < before), "a report out of the walk")
                entry = self.entries.setdefault(header.id, Entry(row.envelope))
                entry.take(header, checkpoint, receipt_bytes(row.header, row.proof, checkpoint.raw, row.judgement))
                found.append(entry)
                before = header.seq
            if body.next == 0:
                return found
            before = body.next


def at_doubling_distances(newest_first, size_of):
    """Up to 32 of a list, newest first, each at least twice as far from the newest as the one before."""
    shown, distance = [], 0
    for item in newest_first:
        if not shown or size_of(shown[0]) - size_of(item) >= distance:
            if shown and size_of(item) == size_of(shown[-1]):
                continue
            shown.append(item)
            distance = max(1, 2 * (size_of(shown[0]) - size_of(item)))
    return shown[:OFFERED]


def receipt_file(entry):
    """What `mfi-verify receipt` reads."""
    return messages["record"].ReceiptFile(envelope=entry.envelope, receipt=entry.best[2]).SerializeToString()


# ---- readers ----


class Row:
    """A record as it was served, checked."""

    def __init__(self, view):
        self.header, self.judgement, self.body = Header(view.header), None, None
        self.proof, self.content = view.proof, None
        if self.header.is_report:
            self.header.check_signature()
        if view.HasField("body"):
            need(view.HasField("judgement"), "a body without its judgement")
            self.header.check_judgement(view.judgement)
            self.content = check_body(self.header, view.body)
            self.judgement, self.body = view.judgement, view.body


class Subscriber:
    """A reader at the feed door. With `whole` it sees every record, and its cursor's root is its own tree's."""

    def __init__(self, hub, endpoint, key, whole, filters=None, max_bytes=None, wait_ms=10000):
        self.hub, self.whole, self.filter = hub, whole, filters
        self.max_bytes, self.wait_ms = max_bytes, wait_ms
        self.tree, self.rows, self.position = Tree(), [], (0, sha256())
        self.older, self.offered, self.rights, self.number, self.head, self.asked = [], [], None, 0, 0, False
        self.puts_out = []  # ("rewind", N) and ("rights",), in between
        self.connection = Connection(endpoint, hub.transport, key)

    def close(self):
        self.connection.close()

    def fetch(self, wait_ms=None):
        self.number += 1
        fields = {"position": {"size": self.position[0], "root": self.position[1]}, "number": self.number,
                  "wait_ms": self.wait_ms if wait_ms is None else wait_ms}
        if self.filter is not None:
            fields["filter"] = self.filter
        if self.max_bytes is not None:
            fields["max_bytes"] = self.max_bytes
        self.connection.send(message("FETCH", **fields))
        self.asked = True

    def step(self, seconds=20):
        """One answer; an unasked reader asks first. Returns the rows it brought."""
        if not self.asked:
            self.fetch()
        name, body = self.connection.receive(seconds)
        if name == "RECORDS":
            return self._records(body)
        if name == "NOT_IN_HISTORY":
            if body.number == self.number and position_of(body.position) == self.position:
                self._offer()
            return []
        if name == "STANDS":
            return self._stands(body)
        self.asked = False
        if name == "REFUSED":
            raise Refused(body)
        if name == "RETRY_LATER":
            raise RetryLater(body)
        raise Broken("%s at the feed door" % name)

    def _records(self, body):
        if body.number != self.number or position_of(getattr(body, "from")) != self.position:
            return []
        self.asked = False
        checkpoint, to = Checkpoint(body.checkpoint, self.hub), position_of(body.to)
        need(self.position[0] <= to[0] <= body.head, "a position that was not scanned to")
        need(checkpoint.size != to[0] or checkpoint.root == to[1], "a position that is not the checkpoint's")
        rows, last = [Row(view) for view in body.records], self.position[0]
        for row in rows:
            need(last < row.header.seq <= to[0], "a record that is out of order")
            last = row.header.seq
        if self.whole:
            for row in rows:
                self.tree.add(row.header.raw)
                need(row.header.seq == self.tree.size, "a gap before record %d" % row.header.seq)
            need((self.tree.size, self.tree.root()) == to, "the position is not the tree's")
        if self.rights is not None and self.rights != body.rights:
            self.puts_out.append(("rights",))
        if to != self.position:
            self.older.insert(0, self.position)
        self.rights, self.position, self.head = body.rights, to, body.head
        self.rows += rows
        return rows

    def _offer(self):
        self.number += 1
        self.offered = at_doubling_distances(self.older, lambda position: position[0])
        self.connection.send(message("OLDER", number=self.number, cursor={"size": self.position[0], "root": self.position[1]},
                                     positions=[{"size": size, "root": root} for size, root in self.offered]))

    def _stands(self, body):
        stands = position_of(body.position)
        if body.number != self.number or position_of(body.cursor) != self.position or \
                (stands[0] != 0 and stands not in self.offered):
            return []
        self.rows = [row for row in self.rows if row.header.seq <= stands[0]]
        self.older = [position for position in self.older if position[0] < stands[0]]
        self.tree.cut(stands[0])
        self.puts_out.append(("rewind", stands[0]))
        self.position, self.asked = (stands if stands[0] else (0, sha256())), False
        return []

    def until(self, condition, seconds=20):
        """Reads on until a condition of it holds."""
        end = time.monotonic() + seconds
        while not condition(self):
            self.step(end - time.monotonic())
        return self

    def to_head(self, seconds=20):
        """Asks without waiting until an answer ends at its own head."""
        end = time.monotonic() + seconds
        while True:
            if not self.asked:
                self.fetch(wait_ms=0)
            self.step(end - time.monotonic())
            if not self.asked and self.position[0] == self.head:
                return self


def position_of(position):
    return position.size, position.root


def pull(hub, endpoint, key, period, kinds=(REPORT, EARLIER_RECEIPT, PARTY, AGREEMENT, SETTINGS, RESTORED, HISTORY_LOST, BACK),
         types=()):
    """A whole pull: the checkpoint and the rows, each proven to lie in its tree."""
    connection = Connection(endpoint, hub.transport, key)
    try:
        chosen = {"period": period, "kinds": kinds, "types": types}
        answer = connection.ask("SNAPSHOT", "SNAPSHOT_ANSWER", number=1, filter=chosen)
        checkpoint = Checkpoint(answer.checkpoint, hub)
        need((checkpoint.size, checkpoint.root) == position_of(answer.position), "the position is not the checkpoint's")
        position, rows, number = (0, sha256()), [], 1
        while position[0] < checkpoint.size:
            number += 1
            body = connection.ask("FETCH", "RECORDS", number=number, position={"size": position[0], "root": position[1]},
                                  filter=chosen, until=checkpoint.size, proofs=True, rights=answer.rights)
            need(body.number == number and position_of(getattr(body, "from")) == position, "another answer")
            rows += [Row(view) for view in body.records]
            position = position_of(body.to)
        for row in rows:
            check_inclusion(leaf_hash(row.header.raw), row.header.seq - 1, checkpoint.size, row.proof, checkpoint.root)
        need(position == (checkpoint.size, checkpoint.root), "the pull ends elsewhere")
        need(len(rows) == answer.records and sha256(*(row.header.id for row in rows)) == answer.ids_hash, "not all, or too much")
        return checkpoint, rows
    finally:
        connection.close()


def prove(hub, endpoint, key, first):
    """How the history goes on from a checkpoint: the newest one, and the record that declares a fork, or None if there is none."""
    connection = Connection(endpoint, hub.transport, key)
    try:
        body = connection.ask("PROVE", "PROOF", number=1, checkpoint=first.raw)
        newest = Checkpoint(body.to, hub)
        need(getattr(body, "from") == first.raw and body.HasField("consistency") != body.HasField("declared"), "not what was asked")
        if body.HasField("consistency"):
            check_consistency(first.size, first.root, newest.size, newest.root, body.consistency)
            return newest, None
        row = Row(body.declared)
        need(row.header.kind in (RESTORED, HISTORY_LOST), "a record that declares nothing")
        check_inclusion(leaf_hash(row.header.raw), row.header.seq - 1, newest.size, row.proof, newest.root)
        return newest, row
    finally:
        connection.close()
