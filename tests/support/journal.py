"""A second reader of the hub's store, written from proto/README.md and storage/README.md alone: nothing of it comes from the C code.

Reads the journal and the heads of a store that no hub has open (or a copy), checks every record and recomputes the tree.
"""
import base64
import hashlib
import struct

import lmdb
from nacl.exceptions import BadSignatureError
from nacl.signing import VerifyKey

KIND_REPORT, KIND_EARLIER_RECEIPT = 1, 2
KIND_RESTORED, KIND_HISTORY_LOST, KIND_BACK = 40, 41, 42
VERDICTS = {0: None, 1: "ACCEPTED", 2: "ACCEPTED_WITH_WARNINGS", 3: "REJECTED"}
HEADER = struct.Struct(">BBHQBBBBiIqq16s32s32s64sQII32s")
assert HEADER.size == 232


class Broken(Exception):
    pass


def sha256(data):
    return hashlib.sha256(data).digest()


def varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if not byte & 0x80:
            return value, at
        shift += 7


def fields(message):
    """The length-delimited fields of a protobuf message: number -> bytes (the last one wins)."""
    out, at = {}, 0
    while at < len(message):
        key, at = varint(message, at)
        if key & 7 == 0:
            out[key >> 3], at = varint(message, at)
        elif key & 7 == 2:
            size, at = varint(message, at)
            out[key >> 3] = message[at:at + size]
            at += size
        else:
            raise Broken("wire type %d" % (key & 7))
    return out


class Record:
    def __init__(self, raw):
        (self.version, self.kind, self.header_bytes, self.seq, self.type, self.frequency, self.verdict, self.status,
         self.period_end, self.vintage, self.received_at, self.first_received_at, institution, self.id, self.signer,
         self.signature, self.previous, judgement_bytes, body_bytes, self.judgement_hash) = HEADER.unpack_from(raw)
        self.institution = institution.rstrip(b"\0").decode()
        self.header = raw[:self.header_bytes]
        self.judgement = raw[self.header_bytes:self.header_bytes + judgement_bytes]
        self.body = raw[self.header_bytes + judgement_bytes:]
        if len(self.body) != body_bytes:
            raise Broken("record %d: lengths do not fit" % self.seq)

    @property
    def is_report(self):
        return self.kind in (KIND_REPORT, KIND_EARLIER_RECEIPT)

    def check(self):
        where = "record %d: " % self.seq
        if sha256(self.judgement) != self.judgement_hash:
            raise Broken(where + "judgement hash")
        if not self.is_report:
            if sha256(self.body) != self.id:
                raise Broken(where + "id of the event")
            return
        envelope = fields(self.body)
        if sha256(envelope[1]) != self.id:
            raise Broken(where + "id of the report")
        if envelope[2] != self.signer or envelope[3] != self.signature:
            raise Broken(where + "signer or signature differ from the envelope's")
        try:
            VerifyKey(self.signer).verify(b"ihuriro.v1 report\n" + self.id, self.signature)
        except BadSignatureError:
            raise Broken(where + "signature of the institution") from None


class Tree:
    """RFC 6962 by its definition, with the roots of complete subtrees on a stack."""

    def __init__(self):
        self.size, self.stack = 0, []

    def add(self, header):
        node, self.size = sha256(b"\0" + header), self.size + 1
        n = self.size
        while n % 2 == 0:
            node = sha256(b"\1" + self.stack.pop() + node)
            n //= 2
        self.stack.append(node)

    def root(self):
        if not self.stack:
            return sha256(b"")
        node = self.stack[-1]
        for left in reversed(self.stack[:-1]):
            node = sha256(b"\1" + left + node)
        return node


def check_head(text, size, root, log_keys):
    body, _, signature = text.partition(b"\n\n")
    lines = body.split(b"\n")
    if int(lines[1]) != size or base64.b64decode(lines[2]) != root:
        raise Broken("head %d: size or root" % size)
    note = signature.rstrip(b"\n").split(b" ")
    raw = base64.b64decode(note[2])
    for key in log_keys:
        if raw[:4] == sha256(lines[0] + b"\n\x01" + key)[:4]:
            try:
                VerifyKey(key).verify(body + b"\n", raw[4:])
                return
            except BadSignatureError:
                break
    raise Broken("head %d: signature of the hub" % size)


def read(store, log_keys):
    """Checks all and returns the records, in order."""
    env = lmdb.open(store, readonly=True, lock=False, max_dbs=16, map_size=1 << 38)
    records, tree, ids, last = [], Tree(), set(), {}
    with env.begin() as txn:
        heads = {struct.unpack(">Q", key)[0]: bytes(value)
                 for key, value in txn.cursor(env.open_db(b"heads", txn=txn, create=False))}
        for key, value in txn.cursor(env.open_db(b"journal", txn=txn, create=False)):
            record = Record(bytes(value))
            if record.seq != struct.unpack(">Q", key)[0] or record.seq != len(records) + 1:
                raise Broken("record %d: not contiguous" % record.seq)
            record.check()
            if record.kind == KIND_REPORT:
                if record.id in ids:
                    raise Broken("record %d: an id twice" % record.seq)
                ids.add(record.id)
                if record.previous != last.get(record.institution, 0):
                    raise Broken("record %d: link to the institution's previous report" % record.seq)
                last[record.institution] = record.seq
            tree.add(record.header)
            records.append(record)
            if tree.size in heads:
                check_head(heads.pop(tree.size), tree.size, tree.root(), log_keys)
    env.close()
    if heads:
        raise Broken("heads beyond the journal: %s" % sorted(heads))
    return records


def log_keys_of(hub_pub):
    """The pinned keys of a hub.pub file."""
    import re
    with open(hub_pub, encoding="ascii") as file:
        text = file.read()
    return [bytes.fromhex(key) for key in re.findall(r'"([0-9a-f]{64})"', text)]
