"""What a client checks, in pure functions: headers, trees, proofs, checkpoints, receipts, records.

Written from proto/README.md and the .proto files alone; nothing of it comes from the C code.
"""
import base64
import hashlib
import importlib
import os
import re
import struct
import subprocess
import sys

from nacl.exceptions import BadSignatureError
from nacl.signing import VerifyKey

HEADER = struct.Struct(">BBHQBBBBiIqq16s32s32s64sQII32s")
REPORT, EARLIER_RECEIPT = 1, 2
PARTY, KEYS, AGREEMENT, SETTINGS, ACCESS, RESTORED, HISTORY_LOST, BACK = 10, 11, 12, 20, 30, 40, 41, 42
EVENT_PARTS = {PARTY: "party", KEYS: "keys", AGREEMENT: "agreement", SETTINGS: "settings", ACCESS: "access",
               RESTORED: "restored", HISTORY_LOST: "history_lost", BACK: "back"}
ACCEPTED, ACCEPTED_WITH_WARNINGS, REJECTED = 1, 2, 3
CHECKPOINT = re.compile(
    rb"([!-*,-~]{1,64})\n(0|[1-9][0-9]*)\n([A-Za-z0-9+/]{43}=)\ntime (0|[1-9][0-9]*)\n"
    rb"\n\xe2\x80\x94 ([!-*,-~]{1,64}) ([A-Za-z0-9+/]+=*)\n")

messages = {}  # the generated modules by their name: report, record, settings, wire


class Broken(Exception):
    """Bytes of a peer that do not hold."""


def generate(source, folder):
    """protoc's modules of the four files, made in the folder."""
    proto = os.path.join(source, "proto")
    names = ("report", "record", "settings", "wire")
    subprocess.run(["protoc", "-I", proto, "--python_out", folder, *(os.path.join(proto, n + ".proto") for n in names)],
                   check=True, stderr=subprocess.PIPE)
    sys.path.insert(0, folder)
    for name in names:
        messages[name] = importlib.import_module(name + "_pb2")


def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def need(holds, what):
    if not holds:
        raise Broken(what)


def parse(message_class, data):
    message = message_class()
    try:
        message.ParseFromString(data)
    except Exception as problem:  # protobuf's DecodeError differs between its implementations
        raise Broken("not a %s: %s" % (message_class.DESCRIPTOR.name, problem)) from None
    need(message.IsInitialized(), "a %s lacks a required field" % message_class.DESCRIPTOR.name)
    return message


# ---- the header ----


class Header:
    def __init__(self, raw):
        need(len(raw) >= HEADER.size, "a header of %d bytes" % len(raw))
        (self.version, self.kind, self.size, self.seq, self.type, self.frequency, self.verdict, self.status,
         self.end_day, self.vintage, self.received_at, self.first_received_at, institution, self.id, self.signer,
         self.signature, self.previous, self.judgement_bytes, self.body_bytes, self.judgement_hash) = \
            HEADER.unpack_from(raw)
        need(self.size == len(raw) and (self.version > 1 or (self.version == 1 and len(raw) == HEADER.size)),
             "the header's version and length do not fit")
        self.raw = bytes(raw)
        self.institution = institution.rstrip(b"\0").decode("ascii")

    @property
    def is_report(self):
        return self.kind in (REPORT, EARLIER_RECEIPT)

    def check_judgement(self, judgement):
        need(len(judgement) == self.judgement_bytes and sha256(judgement) == self.judgement_hash,
             "the judgement is not the header's")

    def check_signature(self):
        check_signature(self.signer, b"ihuriro.v1 report\n" + self.id, self.signature, "the institution's signature")


def check_signature(key, text, signature, what):
    try:
        VerifyKey(key).verify(text, signature)
    except (BadSignatureError, ValueError):
        raise Broken(what) from None


def check_body(header, body):
    """The id, and that institution, type, period, vintage and status are the body's. Returns the Report or the Event."""
    need(len(body) == header.body_bytes, "the body's length")
    if not header.is_report:
        need(sha256(body) == header.id, "the id of an event")
        event = parse(messages["record"].Event, body)
        need(header.institution == event.subject and header.first_received_at == event.time_us, "an event's header")
        need(header.kind not in EVENT_PARTS or event.HasField(EVENT_PARTS[header.kind]), "an event without its part")
        return event
    envelope = parse(messages["report"].SignedReport, body)
    need(sha256(envelope.report) == header.id, "the id of a report")
    need(envelope.signer == header.signer and envelope.signature == header.signature, "signer or signature")
    report = parse(messages["report"].Report, envelope.report)
    need((report.institution, report.type, report.period.frequency, report.period.end_day, report.vintage, report.status)
         == (header.institution, header.type, header.frequency, header.end_day, header.vintage, header.status),
         "the header tells another report than the body")
    return report


# ---- the tree (RFC 6962) ----


def leaf_hash(header):
    return sha256(b"\0", header)


def node_hash(left, right):
    return sha256(b"\1", left, right)


def root_of(leaves):
    if not leaves:
        return sha256()
    if len(leaves) == 1:
        return leaves[0]
    half = 1 << (len(leaves) - 1).bit_length() - 1
    return node_hash(root_of(leaves[:half]), root_of(leaves[half:]))


class Tree:
    """Leaves in order; the root of any size up to their number."""

    def __init__(self):
        self.leaves, self.stack = [], []

    @property
    def size(self):
        return len(self.leaves)

    def add(self, header):
        self.add_leaf(leaf_hash(header))

    def cut(self, size):
        kept, self.leaves, self.stack = self.leaves[:size], [], []
        for leaf in kept:
            self.add_leaf(leaf)

    def add_leaf(self, node):
        self.leaves.append(node)
        n = len(self.leaves)
        while n % 2 == 0:
            node = node_hash(self.stack.pop(), node)
            n //= 2
        self.stack.append(node)

    def root(self, size=None):
        if size is not None and size != self.size:
            return root_of(self.leaves[:size])
        if not self.stack:
            return sha256()
        node = self.stack[-1]
        for left in reversed(self.stack[:-1]):
            node = node_hash(left, node)
        return node


def hashes(proof):
    need(len(proof) % 32 == 0 and len(proof) <= 64 * 32, "a proof of %d bytes" % len(proof))
    return [proof[at:at + 32] for at in range(0, len(proof), 32)]


def check_inclusion(leaf, index, size, proof, root):
    """RFC 9162, 2.1.3.2."""
    need(index < size, "an index outside the tree")
    fn, sn, node = index, size - 1, leaf
    for step in hashes(proof):
        need(sn != 0, "an inclusion proof that is too long")
        if fn & 1 or fn == sn:
            node = node_hash(step, node)
            while not fn & 1 and fn != 0:
                fn, sn = fn >> 1, sn >> 1
        else:
            node = node_hash(node, step)
        fn, sn = fn >> 1, sn >> 1
    need(sn == 0 and node == root, "the inclusion proof leads to another root")


def check_consistency(first, first_root, second, second_root, proof):
    """RFC 9162, 2.1.4.2."""
    path = hashes(proof)
    need(first <= second, "a consistency proof backwards")
    if first == second or first == 0:
        need(not path and (first == 0 or first_root == second_root), "a consistency proof where none is due")
        return
    if first & (first - 1) == 0:
        path.insert(0, first_root)
    need(path, "an empty consistency proof")
    fn, sn = first - 1, second - 1
    while fn & 1:
        fn, sn = fn >> 1, sn >> 1
    old = new = path[0]
    for step in path[1:]:
        need(sn != 0, "a consistency proof that is too long")
        if fn & 1 or fn == sn:
            old, new = node_hash(step, old), node_hash(step, new)
            while not fn & 1 and fn != 0:
                fn, sn = fn >> 1, sn >> 1
        else:
            new = node_hash(new, step)
        fn, sn = fn >> 1, sn >> 1
    need(sn == 0 and old == first_root and new == second_root, "the consistency proof leads to other roots")


# ---- the hub's keys, checkpoints, receipts ----


class HubKeys:
    """hub.pub."""

    def __init__(self, path):
        with open(path, encoding="utf-8") as file:
            text = re.sub(r"(?m)^\s*#.*$", "", file.read())
        self.origin = re.search(r'\borigin\s*=\s*"([^"]*)"', text).group(1)
        self.transport = re.search(r'\btransport\s*=\s*"([^"]*)"', text).group(1).encode("ascii")
        self.log = [bytes.fromhex(key) for key in
                    re.findall(r'"([0-9a-f]{64})"', re.search(r"\blog\s*=\s*\[([^\]]*)\]", text).group(1))]
        self.test = re.search(r"\btest\s*=\s*(true|false)", text).group(1) == "true"


class Checkpoint:
    """Parsed in the one form there is, and its signature verified."""

    def __init__(self, raw, hub):
        match = CHECKPOINT.fullmatch(raw)
        need(len(raw) <= 512 and match, "not a checkpoint")
        origin, size, root, time, signer, signature = match.groups()
        need(origin == signer == hub.origin.encode(), "a checkpoint of another hub")
        self.raw, self.size, self.time_us, self.root = bytes(raw), int(size), int(time), base64.b64decode(root)
        blob, text = base64.b64decode(signature), raw[:raw.index(b"\n\n") + 1]
        need(base64.b64encode(self.root) == root and base64.b64encode(blob) == signature and len(blob) == 4 + 64,
             "base64 in another form")
        for key in hub.log:
            if blob[:4] == sha256(origin + b"\n\x01" + key)[:4]:
                check_signature(key, text, blob[4:], "the hub's signature of a checkpoint")
                return
        raise Broken("a checkpoint by a key that is not pinned")


def make_checkpoint(origin, size, root, time_us, log_key):
    """What a hub signs; here for the worked example and for forgeries."""
    text = b"%s\n%d\n%s\ntime %d\n" % (origin, size, base64.b64encode(root), time_us)
    hint = sha256(origin + b"\n\x01" + log_key.verify_key.encode())[:4]
    return text + b"\n\xe2\x80\x94 %s %s\n" % (origin, base64.b64encode(hint + log_key.sign(text).signature))


def check_receipt(header_raw, proof, checkpoint, judgement, report=None):
    """Raises unless the receipt is genuine; `checkpoint` is a verified one. Returns the header."""
    header = Header(header_raw)
    need(header.seq >= 1, "seq 0")
    check_inclusion(leaf_hash(header_raw), header.seq - 1, checkpoint.size, proof, checkpoint.root)
    header.check_judgement(judgement)
    if header.is_report:
        header.check_signature()
    need(report is None or sha256(report) == header.id, "the receipt is another report's")
    return header


def receipt_bytes(header, proof, checkpoint, judgement):
    return messages["record"].Receipt(header=header, proof=proof, checkpoint=checkpoint,
                                      judgement=judgement).SerializeToString()


def open_receipt(raw, hub, report=None):
    receipt = parse(messages["record"].Receipt, raw)
    checkpoint = Checkpoint(receipt.checkpoint, hub)
    return check_receipt(receipt.header, receipt.proof, checkpoint, receipt.judgement, report), checkpoint


# ---- reports ----


def sign_report(key, report):
    """The SignedReport's bytes."""
    raw = report if isinstance(report, bytes) else report.SerializeToString()
    signature = key.sign(b"ihuriro.v1 report\n" + sha256(raw)).signature
    return messages["report"].SignedReport(report=raw, signer=key.verify_key.encode(), signature=signature).SerializeToString()


def id_of(envelope):
    return sha256(messages["report"].SignedReport.FromString(envelope).report)
