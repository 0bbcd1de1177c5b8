#!/usr/bin/env python3
"""A small client of the evidence ledger: makes a key, signs deposits, sends them, and verifies every receipt.

    key = SigningKey.load("harbour.pem")
    policy = Policy.load("court.policy")
    client = Client("https://ledger.court.example", policy, key=key, issuer="harbour")
    statement = deposit_statement(key, "harbour", policy.origin, [item_of_file("notice.txt")], {"names": ["notice.txt"]})
    write_new_file("notice.txt.evidence-statement", statement.encode())  # before it is sent: these bytes may be sent again
    deposit = client.deposit(statement)
    write_new_file("notice.txt.tlog-proof", deposit.receipt.data)
    verify_file(verify_receipt(deposit.receipt.data, policy), "notice.txt")
    client.status(deposit.receipt).events
    client.search(digests=["sha256:…"], cases=["(2026) 1"], exhibits=["EX-12"]); client.receipt(7); client.token()

One file: copy it. It needs Python 3.9 or newer and the package `cryptography`. It was written from docs/spec, and comments name
its pages. Whatever a server answers is bounded in size and time, read strictly, and believed only as far as it is proven under
the policy that the caller gave. A statement is sent again only as the same bytes, which a ledger sequences once.
"""

from __future__ import annotations

import argparse
import base64
import binascii
import datetime
import email.utils
import hashlib
import http.client
import json
import os
import random
import re
import secrets
import ssl
import stat
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any, Callable, Dict, FrozenSet, Iterator, List, Mapping, NamedTuple, NoReturn, Optional, Sequence, Tuple, TypeVar, Union

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

VERSION = "1"
MAX_INTEGER = 2**53 - 1
MOST_SECONDS = 253402300799
RECEIPT_BYTES = ANSWER_BYTES = 1048576
NOTE_BYTES = POLICY_BYTES = 262144
ENTRY_BYTES = 65535
# Of the header part of a JWS: 1,024 bytes in base64url.
HEADER_CHARACTERS = 1366
STATEMENT_TYPE = "evidence-statement+sd-jwt"
SEALED_CLAIMS = ("names", "case", "collection", "note", "ext")
NOT_JUDGED = ("not-judged", "policy-unsupported", "digest-not-computable")
# Statuses after which the same bytes may be taken later: the server, or a proxy before it, could not serve just now.
PASSING = (408, 429, 500, 502, 503, 504)
Path = Union[str, "os.PathLike[str]"]


class EvidenceError(Exception):
    """Every failure of this client. `code` is stable (docs/errors.md); the message is for people and may change.

    `action`, `status`, `request_id` and `index` are as the server said them, where it did. `retry_after` is how many seconds the
    server asked to wait before the same bytes are sent again. `receipt` has bytes of a receipt that came and was not accepted: keep
    it. `faults` has the codes of all that a verification found; it is empty where nothing was verified.
    """

    def __init__(self, code: str, message: str, *, faults: Sequence[str] = (), receipt: Optional[bytes] = None) -> None:
        super().__init__(f"{code}: {message}")
        self.code, self.message, self.faults, self.receipt = code, message, tuple(faults), receipt
        self.action: Optional[str] = None
        self.status: Optional[int] = None
        self.request_id: Optional[str] = None
        self.retry_after: Optional[float] = None
        self.index: Optional[int] = None
        self.busy = False  # a line of a batch that was refused for the moment

    def as_json(self) -> Dict[str, Any]:
        names = ("code", "message", "action", "status", "request_id", "retry_after", "index")
        known = {**{name: getattr(self, name) for name in names}, "faults": list(self.faults) or None}
        return {name: value for name, value in known.items() if value is not None}


def shown(text: object) -> str:
    """A text from outside, for messages: short, and without what a terminal would act on."""
    cut = str(text)[:300]
    return "".join(c if c.isprintable() else f"\\u{{{ord(c):x}}}" for c in cut)


def require(holds: bool, code: str, why: str) -> None:
    if not holds:
        raise EvidenceError(code, why)


# ---- Page 01: encodings, JSON, time ----------------------------------------------------------------------------------


def utf8(data: bytes) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        raise EvidenceError("utf8-malformed", "the text is not UTF-8") from None


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def b64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def read_b64(text: str, code: str = "base64-malformed") -> bytes:
    """Padded base64 in its one spelling: what is decoded is encoded again and compared."""
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        data = None
    if data is None or b64(data) != text:
        raise EvidenceError(code, "a value is no canonical base64")
    return data


def read_b64url(text: str, code: str = "base64-malformed") -> bytes:
    if re.fullmatch(r"[A-Za-z0-9_-]*", text) is not None and len(text) % 4 != 1:
        data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        if b64url(data) == text:
            return data
    raise EvidenceError(code, "a value is no canonical base64url")


def read_hash(text: str, code: str) -> bytes:
    data = read_b64(text, code)
    require(len(data) == 32, code, "a hash has not 32 bytes")
    return data


def read_decimal(text: str, code: str) -> int:
    if re.fullmatch(r"0|[1-9][0-9]{0,15}", text) is None or int(text) > MAX_INTEGER:
        raise EvidenceError(code, "a number is no decimal of its one spelling")
    return int(text)


def read_time(text: str, code: str) -> int:
    """Milliseconds since 1970."""
    match = re.fullmatch(r"([0-9]{4})-([0-9]{2})-([0-9]{2})T([0-9]{2}):([0-9]{2}):([0-9]{2})\.([0-9]{3})Z", text)
    try:
        if match is None:
            raise ValueError
        *parts, thousandths = (int(part) for part in match.groups())
        since = datetime.datetime(*parts) - datetime.datetime(1970, 1, 1)
    except ValueError:
        raise EvidenceError(code, "a time is not YYYY-MM-DDTHH:MM:SS.mmmZ") from None
    return (since.days * 86400 + since.seconds) * 1000 + thousandths


FORBIDDEN = re.compile(
    "[\x00\ud800-\udfff\ufdd0-\ufdef"
    + "".join(chr(plane * 0x10000 + last) for plane in range(17) for last in (0xFFFE, 0xFFFF))
    + "]"
)


def read_json(data: bytes) -> Any:
    """JSON as page 01 has it: no member twice, integers alone, no character that is none, at most 16 deep."""
    text = utf8(data)
    require(not text.startswith("\ufeff"), "utf8-malformed", "the JSON begins with a byte order mark")
    hooks: Any = {"parse_int": _json_integer, "parse_float": _no_number, "parse_constant": _no_number}
    try:
        value = json.loads(text, object_pairs_hook=_json_object, **hooks)
    except RecursionError:
        raise EvidenceError("json-depth", "the JSON is nested more than 16 deep") from None
    except ValueError:
        raise EvidenceError("json-malformed", "the text is no JSON of RFC 8259") from None
    _check_json(value, 0)
    return value


def _json_object(pairs: List[Tuple[str, Any]]) -> Dict[str, Any]:
    members = dict(pairs)
    require(len(members) == len(pairs), "json-duplicate-member", "an object names a member twice")
    return members


def _json_integer(text: str) -> int:
    if re.fullmatch(r"0|-?[1-9][0-9]{0,15}", text) is None or abs(int(text)) > MAX_INTEGER:
        _no_number(text)
    return int(text)


def _no_number(_: str) -> NoReturn:
    raise EvidenceError("json-number", "a number is no plain integer within 2^53-1")


def _check_json(value: Any, above: int) -> None:
    if isinstance(value, str) and FORBIDDEN.search(value) is not None:
        raise EvidenceError("json-string", "a string has U+0000, an unpaired surrogate or a noncharacter")
    if isinstance(value, (dict, list)):
        require(above < 16, "json-depth", "the JSON is nested more than 16 deep")
        for part in value:
            _check_json(part, above + 1)
            if isinstance(value, dict):
                _check_json(value[part], above + 1)


def read_json_object(data: bytes) -> Dict[str, Any]:
    value = read_json(data)
    require(isinstance(value, dict), "json-malformed", "the JSON is no object")
    return value


def write_json(value: Any) -> bytes:
    try:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()
    except (TypeError, ValueError):
        raise EvidenceError("json-malformed", "a member cannot be written as JSON") from None


# ---- Page 01: hash, tree, Ed25519 ------------------------------------------------------------------------------------


def sha256(*parts: bytes) -> bytes:
    return hashlib.sha256(b"".join(parts)).digest()


def _climb(fn: int, sn: int, first: bytes, proof: Sequence[bytes]) -> Optional[Tuple[bytes, bytes]]:
    """Goes up a tree, from node `fn` of a level whose last is `sn`: the root of what lies left of the node and under it, and of all."""
    left = whole = first
    for sibling in proof:
        if sn == 0:
            return None
        if fn % 2 == 1 or fn == sn:
            left, whole = sha256(b"\x01", sibling, left), sha256(b"\x01", sibling, whole)
            while fn % 2 == 0 and fn != 0:
                fn, sn = fn // 2, sn // 2
        else:
            whole = sha256(b"\x01", whole, sibling)
        fn, sn = fn // 2, sn // 2
    return (left, whole) if sn == 0 else None


def inclusion_holds(index: int, size: int, leaf: bytes, proof: Sequence[bytes], root: bytes) -> bool:
    roots = _climb(index, size - 1, leaf, proof) if 0 <= index < size else None
    return roots is not None and roots[1] == root


def consistency_holds(size1: int, root1: bytes, size2: int, root2: bytes, proof: Sequence[bytes]) -> bool:
    if size1 == 0 or size1 >= size2:
        return size1 == size2 != 0 and root1 == root2 and not proof
    path = [root1, *proof] if size1 & (size1 - 1) == 0 else list(proof)
    fn, sn = size1 - 1, size2 - 1
    while fn % 2 == 1:
        fn, sn = fn // 2, sn // 2
    return len(path) >= 2 and _climb(fn, sn, path[0], path[1:]) == (root1, root2)


FIELD = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
CURVE_D = -121665 * pow(121666, FIELD - 2, FIELD) % FIELD
SMALL_ORDER = frozenset(
    bytes.fromhex(text)
    for text in (
        "0100000000000000000000000000000000000000000000000000000000000000",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0000000000000000000000000000000000000000000000000000000000000080",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
    )
)
Point = Tuple[int, int, int, int]


def _decode_point(data: bytes) -> Optional[Point]:
    number = int.from_bytes(data, "little")
    sign, y = number >> 255, number & (2**255 - 1)
    if y >= FIELD:
        return None
    u, v = (y * y - 1) % FIELD, (CURVE_D * y * y + 1) % FIELD
    x = u * pow(v, 3, FIELD) * pow(u * pow(v, 7, FIELD), (FIELD - 5) // 8, FIELD) % FIELD
    if (v * x * x + u) % FIELD == 0:
        x = x * pow(2, (FIELD - 1) // 4, FIELD) % FIELD
    if (v * x * x - u) % FIELD != 0 or (x == 0 and sign == 1):
        return None
    if x % 2 != sign:
        x = FIELD - x
    return (x, y, 1, x * y % FIELD)


def _add_points(p: Point, q: Point) -> Point:
    a, b = (p[1] - p[0]) * (q[1] - q[0]), (p[1] + p[0]) * (q[1] + q[0])
    c, d = 2 * p[3] * q[3] * CURVE_D, 2 * p[2] * q[2]
    e, f, g, h = b - a, d - c, d + c, b + a
    return (e * f % FIELD, g * h % FIELD, f * g % FIELD, e * h % FIELD)


@lru_cache(maxsize=1024)
def key_is_sound(key: bytes) -> bool:
    """Page 01, items 1 to 3 about a key: OpenSSL has no call for the last, so it is computed here."""
    point = _decode_point(key) if len(key) == 32 and key not in SMALL_ORDER else None
    if point is None:
        return False
    result, factor = (0, 1, 1, 0), ORDER
    while factor > 0:
        if factor % 2 == 1:
            result = _add_points(result, point)
        point, factor = _add_points(point, point), factor // 2
    return result[0] == 0 and result[1] == result[2]


def signature_is_valid(key: bytes, message: bytes, signature: bytes) -> bool:
    """The rule of page 01. OpenSSL decides all of it but a small-order R, which it would accept."""
    if len(signature) != 64 or signature[:32] in SMALL_ORDER or not key_is_sound(key):
        return False
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, message)
    except InvalidSignature:
        return False
    return True


# ---- Files and keys --------------------------------------------------------------------------------------------------


def read_file(path: Path, most: int, private: bool = False) -> bytes:
    """A regular file of at most so many bytes; a private one is refused where others may read it."""
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NONBLOCK", 0))
        with open(descriptor, "rb") as file:
            found = os.fstat(descriptor)
            if not stat.S_ISREG(found.st_mode) or found.st_size > most:
                raise EvidenceError("file-unreadable", f"{shown(path)} is no regular file of at most {most} bytes")
            if private and os.name == "posix" and found.st_mode & 0o077 != 0:
                raise EvidenceError("key-file-permissions", f"others may read {shown(path)}: chmod 600")
            return file.read(most)
    except OSError as error:
        raise EvidenceError("file-unreadable", f"{shown(path)}: {error.strerror}") from None


def write_new_file(path: Path, data: bytes) -> None:
    """Writes a file of mode 0600 that was not there, synced; one that is there is left as it is."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with open(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(descriptor)
    except FileExistsError:
        raise EvidenceError("file-exists", f"{shown(path)} is there already, and stays as it is") from None
    except OSError as error:
        raise EvidenceError("file-unwritable", f"{shown(path)}: {error.strerror}") from None


def jwk_line(public_key: bytes) -> str:
    return '{"crv":"Ed25519","kty":"OKP","x":"' + b64url(public_key) + '"}'


class SigningKey:
    """An Ed25519 key that signs statements. `jwk` is what an administrator admits; `thumbprint` names the key everywhere."""

    def __init__(self, private: Ed25519PrivateKey) -> None:
        self._private = private
        self.public_key = private.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
        self.jwk = json.loads(jwk_line(self.public_key))
        self.thumbprint = b64url(sha256(jwk_line(self.public_key).encode()))

    def sign(self, message: bytes) -> bytes:
        return self._private.sign(message)

    @classmethod
    def create(cls, path: Path) -> SigningKey:
        """Makes a key file (PKCS#8 in PEM, mode 0600, without a passphrase), never over another file."""
        private = Ed25519PrivateKey.generate()
        form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        write_new_file(path, private.private_bytes(*form))
        return cls(private)

    @classmethod
    def load(cls, path: Path, passphrase: Optional[bytes] = None) -> SigningKey:
        """Reads a key file; `passphrase` is needed where the file has one."""
        pem = read_file(path, 65536, private=True)
        encrypted = b"-----BEGIN ENCRYPTED PRIVATE KEY-----" in pem
        if encrypted and passphrase is None:
            raise EvidenceError("key-file-passphrase", f"the key file {shown(path)} has a passphrase; none was given")
        try:
            private = serialization.load_pem_private_key(pem, passphrase if encrypted else None)
        except (ValueError, TypeError, UnsupportedAlgorithm):
            # The library's own message is not repeated: it may quote the file.
            code = "key-file-passphrase" if encrypted else "key-file-malformed"
            why = "the passphrase does not open it" if encrypted else "it has no private key in PKCS#8 PEM"
            raise EvidenceError(code, f"the key file {shown(path)} cannot be used: {why}") from None
        if not isinstance(private, Ed25519PrivateKey):
            raise EvidenceError("key-file-malformed", f"the key file {shown(path)} has no Ed25519 key")
        return cls(private)


# ---- Page 02: members of statements ----------------------------------------------------------------------------------

# A check takes a value and raises. A table has the members of an object; "?" marks those that may be absent.
Check = Callable[[Any], object]
MEMBER = "statement-member"


def form(pattern: str, most: int = 1 << 20, code: str = MEMBER) -> Check:
    def check(value: Any) -> None:
        holds = isinstance(value, str) and len(value.encode()) <= most and re.fullmatch(pattern, value, re.DOTALL) is not None
        require(holds, code, "a text has not the form that its member asks for")

    return check


def count(least: int = 0, most: int = MAX_INTEGER) -> Check:
    return lambda value: require(_is_count(value, least, most), MEMBER, "a number is out of its range, or none")


def some(least: int, most: int, check: Check, code: str = MEMBER) -> Check:
    def check_all(value: Any) -> None:
        require(isinstance(value, list), MEMBER, "a list is no array")
        require(least <= len(value) <= most, code, f"a list has not {least} to {most} elements")
        for one in value:
            check(one)

    return check_all


def members(table: Mapping[str, Check]) -> Check:
    known = {name.rstrip("?"): (check, name.endswith("?")) for name, check in table.items()}

    def check(value: Any) -> None:
        require(isinstance(value, dict), MEMBER, "an object is none")
        for name in value:
            require(name not in SEALED_CLAIMS, "claim-in-clear", f"{shown(name)} is in clear: seal it")
        for name in value:
            require(name in known, "statement-member-unknown", f"the member {shown(name)} is unknown")
        for name, (check_member, optional) in known.items():
            require(optional or name in value, MEMBER, f"the member {name} is lacking")
            if name in value:
                check_member(value[name])

    return check


def _is_count(value: Any, least: int = 0, most: int = MAX_INTEGER) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= most


def _bytes32(read: Callable[[str, str], bytes]) -> Check:
    return lambda value: require(isinstance(value, str) and len(read(value, MEMBER)) == 32, MEMBER, "a hash has not 32 bytes")


DIGEST_BYTES = {"sha256": 32, "sha384": 48, "sha512": 64, "sha3-256": 32, "sm3": 32, "blake3": 32, "md5": 16, "sha1": 20}


def _digest(weak_suffice: bool) -> Check:
    def check(value: Any) -> None:
        holds = isinstance(value, dict) and all(isinstance(text, str) for text in value.values())
        require(holds, MEMBER, "a digest is no object of strings")
        require(len(value) > 0, "digest-malformed", "an item has no digest")
        for name, text in value.items():
            form("[0-9a-f]{%d}" % (2 * DIGEST_BYTES[name]) if name in DIGEST_BYTES else "(?!)", code="digest-malformed")(text)
        require(weak_suffice or not value.keys() <= {"md5", "sha1"}, "digest-weak-only", "md5 and sha1 do not suffice")

    return check


def _sealed(value: Any) -> None:
    some(1, 5, _bytes32(read_b64url))(value)
    require(len(set(value)) == len(value), MEMBER, "_sd has a digest twice")


NAME = r"[A-Za-z0-9][A-Za-z0-9!#$&\-^_.+]*"
CODE, ORIGIN, ID = r"[a-z][a-z0-9-]{0,63}", r"[\x21-\x2a\x2c-\x7e]{1,255}", r"[a-z0-9._-]{1,64}"
REFERENCE = {"index": count(), "leafHash": _bytes32(read_b64), "item?": count(), "line?": count()}
ACQUIRED = {"size": count(), "digest": _digest(weak_suffice=True), "source": form(CODE)}
ITEM = {
    "size": count(),
    "digest": _digest(weak_suffice=False),
    "mediaType?": form(f"{NAME}/{NAME}", 127),
    "category?": form(CODE),
    "acquired?": members(ACQUIRED),
    "tree?": members({"root": form("[0-9a-f]{64}"), "size": count(1)}),
}
COMMON: Dict[str, Check] = {
    "iss": form(ID),
    "aud": form(ORIGIN, code="audience-wrong"),
    "jti": form(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"),
    "iat": count(most=MOST_SECONDS),
    "kind": form(".+", 256),
}
KINDS: Dict[str, Dict[str, Check]] = {
    "evidence.deposit": {
        "items": some(1, 64, members(ITEM), "items-count"),
        "relates?": some(1, 64, members({"rel": form(CODE), **REFERENCE, "origin?": form(ORIGIN)})),
        "_sd?": _sealed,
        "_sd_alg?": form("sha-256"),
    },
    "evidence.attest": {"of": members(REFERENCE), "as": form(CODE)},
    "evidence.retract": {"of": members(REFERENCE), "reason": form(CODE)},
    "participant.revoke": {
        "participant?": form(ID),
        "key?": _bytes32(read_b64url),
        "reason": form(CODE),
        "compromisedSince?": lambda value: read_time(value if isinstance(value, str) else "", MEMBER),
    },
}


def has_member(value: Any, names: Sequence[str]) -> bool:
    if isinstance(value, dict):
        return any(name in value for name in names) or any(has_member(part, names) for part in value.values())
    return isinstance(value, list) and any(has_member(part, names) for part in value)


def check_kind(payload: Dict[str, Any]) -> None:
    """Exactly the members of its kind, each of its type; the code of the first breach, `not-judged` for another kind."""
    table = KINDS.get(payload["kind"])
    if table is None:
        raise EvidenceError("not-judged", f"the kind {shown(payload['kind'])} is left to the full verifier")
    require(not has_member(payload, ["__proto__"]), "statement-member-unknown", "it has a member __proto__")
    members({**COMMON, **table})(payload)
    require(("_sd" in payload) == ("_sd_alg" in payload), MEMBER, "_sd and _sd_alg are not both there")
    if payload["kind"] == "participant.revoke":
        require(("participant" in payload) != ("key" in payload), MEMBER, "it revokes not exactly one of participant and key")


class Statement(NamedTuple):
    alg: str
    kid: str
    signature: bytes
    payload: Dict[str, Any]


class Envelope(NamedTuple):
    alg: str
    kid: str
    payload: bytes
    signature: bytes


def read_header(part: str, typ: str) -> Tuple[str, str]:
    """`alg` and `kid` of a header part. One that is too long is refused before anything is decoded."""
    require(len(part) <= HEADER_CHARACTERS, "jws-header", "the header has more than 1,024 bytes")
    header = read_json_object(read_b64url(part))
    alg, kid = header.get("alg"), header.get("kid")
    require(header.keys() <= {"alg", "typ", "kid"}, "jws-header", "the header has another member than alg, typ and kid")
    if not isinstance(alg, str):
        raise EvidenceError("jws-alg", "alg is no string")
    require(header.get("typ") == typ, "jws-typ", f"typ is not {typ}")
    if not isinstance(kid, str) or len(read_b64url(kid, "jws-kid")) != 32:
        raise EvidenceError("jws-kid", "kid is no thumbprint")
    return alg, kid


def read_envelope(jws: str) -> Envelope:
    """All of a statement but its payload, in the order of page 02."""
    parts = jws.split(".")
    require(len(parts) == 3 and parts[0] != "" and parts[2] != "", "jws-malformed", "the statement is not three parts")
    require(len(parts[0]) <= HEADER_CHARACTERS, "jws-header", "the header has more than 1,024 bytes")
    _, payload, signature = (read_b64url(part) for part in parts)
    alg, kid = read_header(parts[0], STATEMENT_TYPE)
    known = alg not in ("EdDSA", "Ed25519") or len(signature) == 64
    require(known, "jws-malformed", "the signature has not 64 bytes")
    return Envelope(alg, kid, payload, signature)


def read_statement(jws: str) -> Statement:
    """Envelope, header and common members, in the order of page 02."""
    alg, kid, raw_payload, signature = read_envelope(jws)
    payload = read_json_object(raw_payload)
    for name, check in COMMON.items():
        check(payload.get(name))
    return Statement(alg, kid, signature, payload)


class Disclosure(NamedTuple):
    digest: str
    claim: str
    value: Any


def read_disclosure(text: str) -> Disclosure:
    code = "disclosure-malformed"
    require(1 <= len(text.encode()) <= 16384, code, "a disclosure has 1 to 16,384 characters")
    parts = read_json(read_b64url(text, code))
    if not isinstance(parts, list) or len(parts) != 3:
        raise EvidenceError(code, "a disclosure is not salt, claim and value")
    salt, claim, value = parts
    if not isinstance(salt, str) or len(salt) < 22 or not isinstance(claim, str) or has_member(value, ["_sd", "..."]):
        raise EvidenceError(code, "a disclosure has a short salt, a claim without a name, or a member _sd")
    read_b64url(salt, code)
    return Disclosure(b64url(sha256(text.encode())), claim, value)


# ---- Page 02: making statements --------------------------------------------------------------------------------------


def item_of_file(path: Path, algorithms: Sequence[str] = ("sha256",), **open_members: Any) -> Dict[str, Any]:
    """An item for a deposit: size and digests of a file, read in pieces. The other members are `mediaType`, `category`, …."""
    running = {name: _start_digest(name) for name in algorithms}
    size = 0
    try:
        with open(path, "rb") as file:
            for piece in iter(lambda: file.read(1 << 20), b""):
                size += len(piece)
                for digest in running.values():
                    digest.update(piece)
    except OSError as error:
        raise EvidenceError("file-unreadable", f"{shown(path)}: {error.strerror}") from None
    digests = {name: d.hexdigest() if hasattr(d, "hexdigest") else d.finalize().hex() for name, d in running.items()}
    return {"size": size, "digest": digests, **open_members}


def _start_digest(name: str) -> Any:
    """SM3 comes from `cryptography`; BLAKE3 is in neither library: a caller who has it puts the hex into `digest`."""
    try:
        if name in DIGEST_BYTES and name != "blake3":
            return hashes.Hash(hashes.SM3()) if name == "sm3" else hashlib.new(name.replace("-", "_"))
    except (ValueError, UnsupportedAlgorithm):
        pass
    raise EvidenceError("digest-not-computable", f"the digest {shown(name)} cannot be computed here")


def deposit_statement(
    key: SigningKey,
    issuer: str,
    origin: str,
    items: Sequence[Mapping[str, Any]],
    sealed: Optional[Mapping[str, Any]] = None,
    relates: Sequence[Mapping[str, Any]] = (),
) -> str:
    """A signed `evidence.deposit` with its disclosures, as it is sent. Keep the text until its receipt is at hand.

    `sealed` has claims (`names`, `case`, `collection`, `note`, `ext`), each salted and kept outside the permanent entry; `items`
    and `relates` stay readable for ever. Its `jti` is new in each call, so calling again makes another deposit: send the same
    text again instead.
    """
    disclosures = [_disclosure(claim, value, len(items)) for claim, value in (sealed or {}).items()]
    payload: Dict[str, Any] = {"items": [dict(item) for item in items]}
    if relates:
        payload["relates"] = [dict(one) for one in relates]
    if disclosures:
        # In the order of the digests, which says nothing about the claims.
        payload["_sd"] = sorted(b64url(sha256(text.encode())) for text in disclosures)
        payload["_sd_alg"] = "sha-256"
    jws = _signed(key, issuer, origin, "evidence.deposit", payload)
    return "~".join([jws, *disclosures, ""]) if disclosures else jws


def retract_statement(key: SigningKey, issuer: str, receipt: Receipt, reason: str) -> str:
    """A signed `evidence.retract` of a deposit: `mistake`, `superseded`, `withdrawn`, `ordered`, `other`. Nothing is removed."""
    return _signed(key, issuer, receipt.origin, "evidence.retract", {"of": receipt.reference, "reason": reason})


def attest_statement(key: SigningKey, issuer: str, receipt: Receipt, role: str) -> str:
    """A signed `evidence.attest` of somebody's deposit, as `witness`, `notary`, `examiner`, `recipient`, …."""
    return _signed(key, issuer, receipt.origin, "evidence.attest", {"of": receipt.reference, "as": role})


def require_same(key: SigningKey, kept: str, wanted: str) -> None:
    """Raises `deposit-differs` where a statement that was kept is not sound, or not what this key would sign now: `wanted`.

    Only `iat`, `jti` and salts may differ. A folder that was handed over may bring another signer's statement.
    """
    try:
        was, now = _content(key, kept), _content(key, wanted)
        why = ", ".join(sorted(name for name in {**was, **now} if was.get(name) != now.get(name)))
    except EvidenceError as error:
        why = str(error)
    stays = "it stays, and nothing was sent; repeat the command that made it, or move it away to sign anew"
    require(why == "", "deposit-differs", f"the statement that waits is not the one that is asked for ({shown(why)}): {stays}")


def _content(key: SigningKey, presentation: str) -> Dict[str, str]:
    """All that a statement of a key says, as JSON by name; a claim that is not disclosed is refused, as a ledger refuses it."""
    jws, *texts = presentation.split("~")
    require(not texts or texts.pop() == "", "disclosure-malformed", "it does not end with a tilde")
    said = read_statement(jws)

    def refuse(code: str, why: str) -> None:
        raise EvidenceError(code, why)

    disclosures = [read_disclosure(text) for text in texts]
    claims = _check_statement(jws, said, key.public_key, said.payload["aud"], disclosures, refuse)
    require(len(claims) == len(said.payload.get("_sd", [])), "disclosure-missing", "a sealed claim is not disclosed")
    return _by_name(said.payload, claims)


def _by_name(payload: Mapping[str, Any], claims: Mapping[str, Any]) -> Dict[str, str]:
    clear = {name: value for name, value in payload.items() if name not in ("iat", "jti", "_sd", "_sd_alg")}
    content = {**clear, **{f"sealed {claim}": value for claim, value in claims.items()}}
    return {name: json.dumps(value, sort_keys=True) for name, value in content.items()}


def _signed(key: SigningKey, issuer: str, origin: str, kind: str, payload: Mapping[str, Any]) -> str:
    common = {"iss": issuer, "aud": origin, "jti": str(uuid.uuid4()), "iat": int(time.time()), "kind": kind}
    jws = _sign_jws(key, STATEMENT_TYPE, {**common, **payload})
    # What a ledger would refuse is found here, where nothing has left yet.
    check_kind(read_statement(jws).payload)
    require(len(jws) <= ENTRY_BYTES - 128, "statement-too-large", "it does not fit into an entry: split the deposit")
    return jws


def _disclosure(claim: str, value: Any, items: int) -> str:
    require(claim in SEALED_CLAIMS, "disclosure-claim", f"{shown(claim)} is no claim that a deposit may seal")
    named = claim != "names" or (isinstance(value, (list, tuple)) and len(value) == items)
    require(named, "disclosure-claim", "names has one string for each item")
    text = b64url(write_json([b64url(secrets.token_bytes(16)), claim, value]))
    read_disclosure(text)
    return text


def _sign_jws(key: SigningKey, typ: str, payload: Mapping[str, Any]) -> str:
    header = {"alg": "EdDSA", "typ": typ, "kid": key.thumbprint}
    signed = f"{b64url(write_json(header))}.{b64url(write_json(payload))}"
    return f"{signed}.{b64url(key.sign(signed.encode()))}"


# ---- Page 05: notes and verifier keys --------------------------------------------------------------------------------

KEY_NAME = re.compile("[^+\t-\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\u180e\ufeff]+")
LEDGER, WITNESS, ML_DSA = 0x01, 0x04, 0x06


class Vkey(NamedTuple):
    name: str
    key_id: bytes
    type: int
    key: bytes


class SignatureLine(NamedTuple):
    name: str
    key_id: bytes
    signature: bytes

    @property
    def timestamp(self) -> int:
        return int.from_bytes(self.signature[:8], "big")


class Checkpoint(NamedTuple):
    origin: str
    size: int
    root: bytes
    text: str
    signatures: List[SignatureLine]


def read_vkey(text: str) -> Vkey:
    code = "vkey-malformed"
    parts = text.split("+", 2)
    if len(parts) != 3 or KEY_NAME.fullmatch(parts[0]) is None or re.fullmatch(r"[0-9a-f]{8}", parts[1]) is None:
        raise EvidenceError(code, "a vkey is not name, key id and key")
    key_id, data = bytes.fromhex(parts[1]), read_b64(parts[2], code)
    require(len(data) >= 2, code, "a vkey has no key")
    if data[0] in (LEDGER, WITNESS, ML_DSA):
        sound = len(data) == 1 + 1312 if data[0] == ML_DSA else key_is_sound(data[1:])
        require(sound, code, "the key of a vkey is none that its type allows")
        require(key_id == sha256(parts[0].encode(), b"\n", data)[:4], code, "the key id of a vkey is not its own")
    return Vkey(parts[0], key_id, data[0], data[1:])


def read_checkpoint(data: bytes) -> Checkpoint:
    code = "note-malformed"
    require(len(data) <= NOTE_BYTES, code, "the checkpoint is too large")
    whole = utf8(data)
    divider = whole.rfind("\n\n")
    if divider < 0 or not whole.endswith("\n") or re.search("[\x00-\x09\x0b-\x1f]", whole) is not None:
        raise EvidenceError(code, "the checkpoint is no signed note")
    rows = whole[divider + 2 :].split("\n")[:-1]
    require(1 <= len(rows) <= 64, code, "a note has 1 to 64 signature lines")
    signatures = []
    for row in rows:
        parts = row.split(" ")
        if len(parts) != 3 or parts[0] != "\u2014" or KEY_NAME.fullmatch(parts[1]) is None:
            raise EvidenceError(code, "a signature line is malformed")
        signature = read_b64(parts[2], code)
        require(len(signature) >= 5, code, "a signature line has no signature")
        signatures.append(SignatureLine(parts[1], signature[:4], signature[4:]))
    text, code = whole[: divider + 1], "checkpoint-malformed"
    lines = text[:-1].split("\n")
    if len(lines) != 3 or re.fullmatch(ORIGIN, lines[0]) is None:
        raise EvidenceError(code, "the checkpoint is not origin, size and root")
    return Checkpoint(lines[0], read_decimal(lines[1], code), read_hash(lines[2], code), text, signatures)


def _line_verifies(vkey: Vkey, text: bytes, line: SignatureLine) -> bool:
    if vkey.type == LEDGER:
        return signature_is_valid(vkey.key, text, line.signature)
    if len(line.signature) != 72 or line.timestamp > MOST_SECONDS:
        return False
    return signature_is_valid(vkey.key, b"cosignature/v1\ntime %d\n" % line.timestamp + text, line.signature[8:])


# ---- Page 07: policy -------------------------------------------------------------------------------------------------

Found = Callable[[str, str], None]


@dataclass(frozen=True)
class Policy:
    """What is trusted: the ledger's keys, the witnesses, and how many of them must have cosigned."""

    logs: Tuple[Vkey, ...]
    witnesses: Mapping[bytes, Vkey]
    groups: Mapping[bytes, Tuple[int, Tuple[bytes, ...]]]
    quorum: bytes

    @classmethod
    def load(cls, path: Path) -> Policy:
        """Reads a policy file."""
        return cls.parse(read_file(path, POLICY_BYTES))

    @classmethod
    def parse(cls, data: bytes) -> Policy:
        """Reads a policy as page 07 has it."""
        try:
            return _parse_policy(data)
        except EvidenceError as error:
            raise EvidenceError("policy-malformed", f"the policy cannot be used: {error.message}") from None

    @property
    def origin(self) -> str:
        """The one ledger of the policy. Raises `policy-malformed` where it has none, or several."""
        origins = {log.name for log in self.logs}
        require(len(origins) == 1, "policy-malformed", "the policy has not exactly one ledger: name the origin")
        return origins.pop()

    @property
    def asks_witnesses(self) -> bool:
        return self.quorum != b"none"

    def met(self, counted: Callable[[bytes], bool], name: Optional[bytes] = None) -> bool:
        """Whether the quorum, or a group of it, is met by the witnesses that count."""
        name = self.quorum if name is None else name
        if name == b"none":
            return True
        if name not in self.groups:
            return counted(name)
        threshold, names = self.groups[name]
        return sum(self.met(counted, one) for one in names) >= threshold

    def apply(self, point: Checkpoint, found: Found) -> Dict[bytes, int]:
        """Tells what is wrong with a checkpoint under this policy, and gives the witnesses that cosigned, with their times."""
        if not any(log.name == point.origin for log in self.logs):
            found("receipt-other-ledger", f"it is of {shown(point.origin)}, which the policy does not name")
            return {}
        known: Dict[Tuple[str, bytes], Vkey] = {}
        for vkey in (*self.logs, *self.witnesses.values()):
            known.setdefault((vkey.name, vkey.key_id), vkey)
        verified: Dict[Tuple[int, bytes], int] = {}
        for line in point.signatures:
            key = known.get((line.name, line.key_id))
            if key is None or key.type not in (LEDGER, WITNESS):
                continue
            if not _line_verifies(key, point.text.encode(), line):
                found("signature-invalid", f"the signature of {shown(key.name)} under the checkpoint does not verify")
                return {}
            # Of several lines by one key the first counts.
            verified.setdefault((key.type, key.key), line.timestamp)
        if not any(log.name == point.origin and (LEDGER, log.key) in verified for log in self.logs):
            found("checkpoint-untrusted", "no key of the policy signed the checkpoint")
            return {}
        cosigned = {name: verified[WITNESS, key.key] for name, key in self.witnesses.items() if (key.type, key.key) in verified}
        cosigned = {name: at for name, at in cosigned.items() if self.witnesses[name].type == WITNESS}
        lines = {(line.name, line.key_id) for line in point.signatures}

        def may_count(name: bytes) -> bool:
            key = self.witnesses[name]
            return name in cosigned or (key.type != WITNESS and (key.name, key.key_id) in lines)

        if not self.met(lambda name: name in cosigned):
            if self.met(may_count):
                found("policy-unsupported", "the quorum rests on keys that this client does not verify")
            else:
                found("policy-unmet", "the witnesses that the policy asks for have not cosigned")
        return cosigned


def _parse_policy(data: bytes) -> Policy:
    code = "policy-malformed"
    if len(data) > POLICY_BYTES or re.search(rb"[^\t\n\x20-\x7e\x80-\xff]", data) is not None:
        raise EvidenceError(code, "it is too large, or has control characters")
    require(not data or data.endswith(b"\n"), code, "its last line does not end in a line feed")
    logs: List[Vkey] = []
    witnesses: Dict[bytes, Vkey] = {}
    groups: Dict[bytes, Tuple[int, Tuple[bytes, ...]]] = {}
    taken, quorum = set(), None

    def new_key(text: bytes, among: Any) -> Vkey:
        vkey = read_vkey(utf8(text))
        require(all(other.key != vkey.key for other in among), code, "it has a key twice")
        return vkey

    for line in data.split(b"\n"):
        words = re.findall(rb"[^ \t]+", line)
        if not words or words[0].startswith(b"#"):
            continue
        first = words[0]
        if first in (b"witness", b"group"):
            free = len(words) > 1 and words[1] != b"none" and words[1] not in witnesses and words[1] not in groups
            require(free, code, "it defines a name twice, or none")
        if first == b"log" and len(words) in (2, 3):
            logs.append(new_key(words[1], logs))
            require(logs[-1].type == LEDGER, code, "a log has a key of another type than 1")
        elif first == b"witness" and len(words) in (3, 4):
            witnesses[words[1]] = new_key(words[2], witnesses.values())
        elif first == b"group" and len(words) >= 4:
            names = tuple(words[3:])
            for name in names:
                fits = (name in witnesses or name in groups) and name not in taken
                require(fits, code, "a group has a member that is unknown, or in a group already")
                taken.add(name)
            word = {b"any": b"1", b"all": b"%d" % len(names)}.get(words[2], words[2])
            threshold = read_decimal(word.decode("latin-1"), code)
            require(1 <= threshold <= len(names), code, "a group asks for none, or for more than it has")
            groups[words[1]] = (threshold, names)
        elif first == b"quorum" and len(words) == 2 and quorum is None:
            quorum = words[1]
            require(quorum == b"none" or quorum in witnesses or quorum in groups, code, "the quorum is not defined above it")
        else:
            raise EvidenceError(code, "a line is no definition")
    if quorum is None or len(logs) + len(witnesses) + len(groups) > 512:
        raise EvidenceError(code, "it has no quorum, or more than 512 definitions")
    return Policy(tuple(logs), witnesses, groups, quorum)


# ---- Page 06: receipts -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Receipt:
    """A receipt that verified. `data` are its bytes: what to keep."""

    data: bytes = field(repr=False)
    origin: str
    index: int
    time: str
    leaf_hash: str
    checkpoint: Checkpoint = field(repr=False)
    entry: bytes = field(repr=False)
    kid: str
    payload: Mapping[str, Any] = field(repr=False)
    # Sealed claims that the receipt discloses; how many it withholds.
    claims: Mapping[str, Any] = field(repr=False)
    withheld: int
    # Witnesses that cosigned, with the time of each in seconds.
    witnesses: Tuple[Tuple[str, int], ...]

    def replaces(self, statement: str) -> bool:
        """Whether this is the receipt of this very statement, and discloses all that it does: the statement is then not needed any more."""
        jws, *texts = statement.strip().split("~")
        return self.entry.split(b"\n")[4] == jws.encode() and _digests(texts) <= self.disclosed

    @property
    def disclosed(self) -> FrozenSet[str]:
        """Digests of the sealed claims that the receipt discloses."""
        return frozenset(one.digest for one in _parse_receipt(self.data).disclosures)

    @property
    def reference(self) -> Dict[str, Any]:
        """How statements name this entry."""
        return {"index": self.index, "leafHash": self.leaf_hash}

    @property
    def entry_hash(self) -> str:
        """Shows to the ledger that one has the entry (pages 11 and 15)."""
        return b64(sha256(b"evidence-ledger/status/v1\n", self.entry))

    def as_json(self) -> Dict[str, Any]:
        names = ("origin", "index", "time", "leaf_hash", "kid", "claims", "withheld", "witnesses")
        said = {name: getattr(self, name) for name in names}
        return {**said, "size": self.checkpoint.size, "iss": self.payload["iss"], "kind": self.payload["kind"]}


class _Parsed(NamedTuple):
    index: int
    hashes: List[bytes]
    checkpoint: Checkpoint
    entry: bytes
    entry_index: int
    time: str
    jws: Optional[str]  # None in a version that is not of this specification
    public_key: bytes
    disclosures: List[Disclosure]


def _parse_receipt(data: bytes) -> _Parsed:
    code = "receipt-malformed"
    require(len(data) <= RECEIPT_BYTES, code, "the receipt is too large")
    head, divider, note = utf8(data).partition("\n\n")
    lines = head.split("\n")
    if divider == "" or not 3 <= len(lines) <= 3 + 63 or lines[0] != "c2sp.org/tlog-proof@v1":
        raise EvidenceError(code, "the receipt is no tlog-proof")
    if not lines[1].startswith("extra ") or not lines[2].startswith("index "):
        raise EvidenceError(code, "the receipt lacks its extra or index line")
    extra = read_b64(lines[1][6:], code)
    index = read_decimal(lines[2][6:], code)
    siblings = [read_hash(line, code) for line in lines[3:]]
    checkpoint = read_checkpoint(note.encode())
    text = utf8(extra)
    rows = text[:-1].split("\n")
    at = 5
    if rows[0] != "evidence-ledger/entry/v1":
        at = next((n for n in range(5, len(rows)) if rows[n].startswith('{"crv":')), len(rows))
    if not text.endswith("\n") or len(rows) <= at or len(rows) > at + 6:
        raise EvidenceError(code, "extra is not an entry, a key and at most five disclosures")
    entry = "".join(row + "\n" for row in rows[:at]).encode()
    entry_index, at_time, jws = _read_entry(entry, rows[:at])
    key = re.fullmatch(r'\{"crv":"Ed25519","kty":"OKP","x":"([A-Za-z0-9_-]{43})"\}', rows[at])
    if key is None:
        raise EvidenceError("key-malformed", "the signer's key is not in the form of RFC 7638")
    public_key = read_b64url(key.group(1))
    require(key_is_sound(public_key), "key-weak", "the signer's key is no canonical point of prime order")
    disclosures = [read_disclosure(row) for row in rows[at + 1 :]]
    return _Parsed(index, siblings, checkpoint, entry, entry_index, at_time, jws, public_key, disclosures)


def _read_entry(entry: bytes, rows: List[str]) -> Tuple[int, str, Optional[str]]:
    """Page 03: index, time, and the statement of an entry."""
    code = "entry-malformed"
    require(len(entry) <= ENTRY_BYTES, "entry-too-large", "the entry is larger than any")
    version = re.fullmatch(r"evidence-ledger/entry/v([1-9][0-9]{0,8})", rows[0])
    if version is None:
        raise EvidenceError(code, "the entry names no version")
    index = read_decimal(rows[1], code)
    read_time(rows[2], code)
    read_hash(rows[3], code)
    if version.group(1) != "1":
        return index, rows[2], None
    require(rows[4] != "", code, "the entry has no statement")
    return index, rows[2], rows[4]


def verify_receipt(data: bytes, policy: Policy) -> Receipt:
    """Verifies a receipt, offline (page 06).

    Raises `EvidenceError` with the code of the first fault, and all of them in `faults`. Kinds that are not in KINDS, and
    cosignatures with ML-DSA-44, are left to the full verifier: `not-judged`, `policy-unsupported`.
    """
    faults: List[EvidenceError] = []

    def found(code: str, why: str) -> None:
        faults.append(EvidenceError(code, why))

    said, claims, cosigned = None, {}, {}
    try:
        read = _parse_receipt(data)
        leaf = sha256(b"\x00", read.entry)
        cosigned = policy.apply(read.checkpoint, found)
        if any(at * 1000 < read_time(read.time, "entry-malformed") - 60000 for at in cosigned.values()):
            found("cosignature-early", "a witness cosigned before the time of the entry")
        if read.index != read.entry_index:
            found("receipt-index", "the receipt names another index than its entry")
        elif not inclusion_holds(read.index, read.checkpoint.size, leaf, read.hashes, read.checkpoint.root):
            found("inclusion-invalid", "the proof does not lead from the entry to the checkpoint")
        if read.jws is None:
            raise EvidenceError("not-judged", "the entry is of a later version: needs a newer verifier")
        said = read_statement(read.jws)
        claims = _check_statement(read.jws, said, read.public_key, read.checkpoint.origin, read.disclosures, found)
    except EvidenceError as error:
        faults.append(error)
    # A fault comes before what is not judged.
    faults.sort(key=lambda error: error.code in NOT_JUDGED)
    if faults or said is None:
        first = faults[0]
        raise EvidenceError(first.code, first.message, receipt=data, faults=[fault.code for fault in faults])
    return Receipt(
        data=data,
        origin=read.checkpoint.origin,
        index=read.index,
        time=read.time,
        leaf_hash=b64(leaf),
        checkpoint=read.checkpoint,
        entry=read.entry,
        kid=said.kid,
        payload=said.payload,
        claims=claims,
        withheld=len(said.payload.get("_sd", [])) - len(claims),
        witnesses=tuple((name.decode("utf-8", "replace"), at) for name, at in cosigned.items()),
    )


def _check_statement(
    jws: str, said: Statement, public_key: bytes, origin: str, disclosures: Sequence[Disclosure], found: Found
) -> Dict[str, Any]:
    """Page 06, steps 6 to 9: signer, audience, members, disclosures. Gives the claims that are disclosed."""
    if b64url(sha256(jwk_line(public_key).encode())) != said.kid:
        found("key-not-issuers", "the key is not the one that the statement names")
    elif said.alg not in ("EdDSA", "Ed25519"):
        found("not-judged", "the signature is of a later algorithm: needs a newer verifier")
    elif not signature_is_valid(public_key, jws.rpartition(".")[0].encode(), said.signature):
        found("signature-invalid", "the statement's signature does not verify")
    if said.payload["aud"] != origin:
        found("audience-wrong", "the statement is for another ledger")
    check_kind(said.payload)
    claims: Dict[str, Any] = {}
    digests = set()
    for one in disclosures:
        sealed = one.digest in said.payload.get("_sd", [])
        require(sealed, "disclosure-foreign", "a disclosure was not sealed with this statement")
        require(one.digest not in digests and one.claim not in claims, "disclosure-repeated", "a claim is disclosed twice")
        digests.add(one.digest)
        claims[one.claim] = one.value
    return claims


def verify_file(receipt: Receipt, path: Path) -> int:
    """The number of the item that a file is, by its size and every digest. Manifests are left to the full verifier."""

    def refuse(code: str, why: str) -> NoReturn:
        raise EvidenceError(code, why, faults=[code])

    items: Sequence[Dict[str, Any]] = receipt.payload.get("items", [])
    if not items:
        refuse("reference-kind", "the receipt is of no deposit")
    computable = [name for name in DIGEST_BYTES if name != "blake3" and any(name in item["digest"] for item in items)]
    file = item_of_file(path, computable)
    for number, item in enumerate(items):
        same = [file["digest"][name] == text for name, text in item["digest"].items() if name in file["digest"]]
        if file["size"] != item["size"] or not all(same):
            continue
        if len(same) < len(item["digest"]):
            refuse("digest-not-computable", "a digest cannot be computed here")
        if "tree" in item:
            refuse("not-judged", "the file is a manifest: needs the full verifier")
        return number
    code = "file-differs" if len(items) == 1 else "file-not-in-deposit"
    refuse(code, "this file is not byte-identical to one that was deposited")


def earlier_receipt(path: Path, policy: Policy, key: SigningKey, wanted: str) -> Optional[Receipt]:
    """The receipt that is at a path already, where its statement says all that `wanted` says: then nothing need be sent.

    It may say more, be signed by an earlier key, withhold file names, and lack cosignatures. Raises `file-exists` where it does not verify or
    is of something else, `deposit-differs` where it is of the same and says otherwise. None where nothing is there.
    """
    if not os.path.lexists(path):
        return None

    def refuse(code: str, why: str) -> NoReturn:
        raise EvidenceError(code, f"{shown(path)} {why}; nothing was sent: move it away to sign anew")

    try:
        receipt = verify_receipt(read_file(path, RECEIPT_BYTES), replace(policy, quorum=b"none"))
    except EvidenceError as error:
        refuse("file-exists", f"is there, and is no receipt that verifies ({error.code})")
    was, now = _by_name(receipt.payload, receipt.claims), _content(key, wanted)
    items = json.loads(now.pop("items", "[]"))
    if any(was.get(name) != now[name] for name in ("aud", "kind")) or not _same_bytes(receipt.payload.get("items", []), items):
        refuse("file-exists", f"is the receipt of entry {receipt.index}, which is of something else")
    now = {name: text for name, text in now.items() if name != "sealed names" or name in was}
    differing = sorted(name for name, text in now.items() if was.get(name) != text)
    if any(item["digest"].keys() - one["digest"].keys() for one, item in zip(receipt.payload.get("items", []), items)):
        differing.append("digest")
    if differing:
        refuse("deposit-differs", f"is the receipt of entry {receipt.index}, which says otherwise ({shown(', '.join(differing))})")
    return receipt


def _same_bytes(items: Sequence[Mapping[str, Any]], others: Sequence[Mapping[str, Any]]) -> bool:
    """Whether items are of the same bytes, one by one, by their sizes and the digests that both have."""

    def same(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
        both = [name for name in one["digest"] if name in other["digest"]]
        return bool(both) and one["size"] == other["size"] and all(one["digest"][name] == other["digest"][name] for name in both)

    return len(items) == len(others) and all(same(*pair) for pair in zip(items, others))


def keep_receipt(path: Path, receipt: Receipt, policy: Policy) -> None:
    """Writes a receipt to a file that was not there. A receipt of the same entry that is there, verifies and discloses as much, is left as it is."""
    try:
        write_new_file(path, receipt.data)
    except EvidenceError as error:
        there = _caught(lambda: verify_receipt(read_file(path, RECEIPT_BYTES), policy))
        same = isinstance(there, Receipt) and there.entry == receipt.entry and receipt.disclosed <= there.disclosed
        if error.code != "file-exists" or not same:
            raise


# ---- Page 15: status -------------------------------------------------------------------------------------------------


class Event(NamedTuple):
    """What happened to an entry later. Where it is not `proven`, it is the ledger's word alone, without `time` and `code`."""

    index: int
    time: Optional[str]
    what: str
    code: Optional[str]
    proven: bool


class Status(NamedTuple):
    """`size` is what the answer is as of. That nothing is left out, the answer does not show."""

    size: int
    events: List[Event]
    flagged: bool


def _read_status(document: Mapping[str, Any], receipt: Receipt, policy: Policy, after: int) -> Tuple[Status, Optional[int]]:
    """Checks one page of the answer, and gives what it says and the `after` of the next."""
    code = "status-malformed"

    def broken(holds: bool, why: str = "the answer has not the shape of page 15") -> None:
        require(holds, code, why)

    def hashes_in(value: Any) -> List[bytes]:
        broken(isinstance(value, list) and len(value) <= 63 and all(isinstance(one, str) for one in value))
        return [read_hash(one, code) for one in value]

    broken(isinstance(document.get("checkpoint"), str))
    faults: List[EvidenceError] = []
    point = read_checkpoint(document["checkpoint"].encode())
    policy.apply(point, lambda fault, why: faults.append(EvidenceError(fault, why)))
    if faults:
        raise faults[0]
    before = receipt.checkpoint
    broken(point.origin == receipt.origin, "the answer names another ledger")
    # First of all: two signatures prove it, whatever the rest of the answer is.
    if point.size == before.size and point.root != before.root:
        why = "the ledger signed two trees of one size: keep receipt and answer"
        raise EvidenceError("consistency-invalid", why, faults=["consistency-invalid"], receipt=document["checkpoint"].encode())
    same = document.get("index") == receipt.index and document.get("leafHash") == receipt.leaf_hash
    broken(same and isinstance(document.get("events"), list) and document.get("size") == point.size)
    require(point.size >= before.size, "status-behind", "the ledger shows less than it signed before")
    consistent = consistency_holds(before.size, before.root, point.size, point.root, hashes_in(document.get("consistency")))
    require(consistent, "consistency-invalid", "the ledger's tree does not go on from that of the receipt")

    def included(index: int, leaf: str, proof: Any) -> None:
        holds = inclusion_holds(index, point.size, read_hash(leaf, code), hashes_in(proof), point.root)
        require(holds, "inclusion-invalid", "a proof does not lead to the checkpoint")

    included(receipt.index, receipt.leaf_hash, document.get("hashes"))
    events, flagged, last = [], False, receipt.index
    for event in document["events"]:
        broken(isinstance(event, dict) and all(isinstance(event.get(name), str) for name in ("time", "kind", "leafHash", "what")))
        broken(_is_count(event.get("index"), max(last, receipt.index + 1), point.size - 1), "the events are not in order")
        broken(isinstance(event.get("code", ""), str) and isinstance(event.get("entry", ""), str))
        read_time(event["time"], code)
        included(event["index"], event["leafHash"], event.get("hashes"))
        proven = "entry" in event and _event_is_proven(event, document["checkpoint"], receipt, policy)
        broken("entry" in event or event["what"] in ("attested", "related", "erasure-ordered"), "an event is told without its entry")
        # What was proven of a revocation only: another event's member is nobody's word.
        since = event.get("compromisedSince") if event["what"] in ("key-revoked", "participant-revoked") else None
        flagged = flagged or (proven and since is not None and since <= receipt.time)
        told = (event["time"], event["what"], event.get("code")) if proven else (None, event["what"], None)
        events.append(Event(event["index"], *told, proven))
        last = event["index"]
    following = document.get("next")
    broken(following is None or _is_count(following, max(last, after + 1)), "the next page does not follow")
    return Status(point.size, events, flagged), following


def _event_is_proven(event: Mapping[str, Any], checkpoint: str, receipt: Receipt, policy: Policy) -> bool:
    """Whether an entry that is shown says what the event says. False where the full verifier is needed to tell."""
    signer = event.get("signer")
    require(isinstance(signer, dict) and isinstance(signer.get("x"), str), "status-malformed", "an event has no signer")
    extra = read_b64(event["entry"], "status-malformed") + b'{"crv":"Ed25519","kty":"OKP","x":"%s"}\n' % signer["x"].encode()
    lines = ["c2sp.org/tlog-proof@v1", f"extra {b64(extra)}", f"index {event['index']}", *event["hashes"], "", checkpoint]
    try:
        said = verify_receipt("\n".join(lines).encode(), policy)
    except EvidenceError as error:
        if error.code in NOT_JUDGED:
            return False
        # What nobody signed is a bad answer, and no fault of the evidence.
        raise EvidenceError(error.code, error.message) from None
    payload, code = said.payload, event.get("code")
    of = payload.get("of", {})
    # An order names several entries, each of them whole.
    ordered, of = (of, {}) if isinstance(of, list) else ([], of)
    names = {name: of.get(name) for name in ("index", "leafHash")} == receipt.reference
    # An event says what the statement says, and nothing beside it.
    place = all(_says_same(name, event, of) for name in ("item", "line"))
    since = _says_same("compromisedSince", event, payload)
    revokes = payload.get("reason") == code
    holds = {
        ("evidence.retract", "retracted"): names and "item" not in of and code == payload.get("reason"),
        ("evidence.retract", "part-retracted"): names and "item" in of and code == payload.get("reason"),
        ("evidence.attest", "attested"): names and code == payload.get("as"),
        ("evidence.deposit", "related"): any(
            {**receipt.reference, "rel": code} == {name: one.get(name) for name in ("index", "leafHash", "rel")}
            for one in payload.get("relates", [])
            if "origin" not in one
        ),
        ("erasure.order", "erasure-ordered"): "origin" not in payload and code is None and any(
            receipt.reference == {name: one.get(name) for name in ("index", "leafHash")} for one in ordered
        ),
        ("participant.revoke", "key-revoked"): payload.get("key") == receipt.kid and revokes,
        ("participant.revoke", "participant-revoked"): payload.get("participant") == receipt.payload["iss"] and revokes,
    }.get((payload["kind"], event["what"]), False)
    same = (said.time, said.leaf_hash, payload["kind"]) == (event["time"], event["leafHash"], event["kind"])
    require(holds and place and since and same, "status-malformed", "an entry does not say what the ledger says of it")
    return True


def _says_same(name: str, event: Mapping[str, Any], statement: Mapping[str, Any]) -> bool:
    """Whether both have a member, and of one type and value, or neither: null and true are no numbers."""
    both = (event.get(name), statement.get(name))
    return (name in event) == (name in statement) and type(both[0]) is type(both[1]) and both[0] == both[1]


# ---- HTTP ------------------------------------------------------------------------------------------------------------


class _Verbatim(urllib.request.HTTPErrorProcessor):
    """Hands every answer over as it is. So no redirect is followed: a statement, or a token, is for one server alone."""

    def http_response(self, request: Any, response: Any) -> Any:
        return response

    https_response = http_response


class _Answer(NamedTuple):
    status: int
    body: bytes
    retry_after: Optional[float]


class Deposit(NamedTuple):
    """A statement whose receipt verified. `created` is False where the same bytes were sequenced before."""

    created: bool
    receipt: Receipt


Result = Union[Deposit, EvidenceError]
_Made = TypeVar("_Made")


class Found(NamedTuple):
    """What a search found by one thing, `by` which is `digest`, `case` or `exhibit`: its first entries, and whether there are more.

    Each entry has `index`, `time`, `leafHash`, `iss` and `kind`. That is the server's word: `Client.receipt` proves an entry, and nothing
    proves that there is none.
    """

    by: str
    value: str
    entries: List[Dict[str, Any]]
    more: bool


class Client:
    """The HTTP interface of one ledger. Proxies and certificate authorities are those of Python's own library.

    `key` and `issuer` are needed to read what is not public. `timeout` is for one try, in seconds; `tries` is how often at most
    the same request is sent; `max_wait` is the longest pause that a server may ask for between two tries.
    """

    def __init__(
        self,
        url: str,
        policy: Policy,
        *,
        key: Optional[SigningKey] = None,
        issuer: Optional[str] = None,
        timeout: float = 60.0,
        tries: int = 5,
        max_wait: float = 120.0,
        pause: float = 0.5,
    ) -> None:
        self.url = _base_url(url)
        self.policy = policy
        self._key, self._issuer = key, issuer
        self._timeout, self._tries, self._max_wait, self._pause = timeout, max(1, tries), max_wait, pause
        self._opener = urllib.request.build_opener(_Verbatim())

    def deposit(self, statement: str, shown_entries: Sequence[Receipt] = ()) -> Deposit:
        """Sends one statement, of any kind, and verifies its receipt. Where the policy asks for witnesses, they are awaited.

        `shown_entries` are receipts of entries that the statement refers to and the signer may not read otherwise (page 11).
        Raises the server's code, `server-unreachable`, `server-answer`, `policy-unmet` where the witnesses are late, or what is not
        judged here. After any of them the same text may be sent again: it is sequenced once.
        """
        _check_presentation(statement)
        path = "/v1/statements" + ("?wait=cosigned" if self.policy.asks_witnesses else "")
        headers = {"Content-Type": "application/sd-jwt", "Accept": "application/json"}
        if shown_entries:
            headers["Evidence-Shown"] = ", ".join(f"{one.index}:{one.entry_hash}" for one in shown_entries)
        for attempt in range(self._tries):
            answer = self._send("POST", path, headers, statement.encode())
            document = _document(answer.body)
            if answer.status not in (200, 201, 202):
                raise _problem(answer.status, document, answer.retry_after)
            try:
                return self._accepted(statement, answer.status, document)
            except EvidenceError as error:
                if error.code != "policy-unmet" or attempt + 1 == self._tries:
                    raise
            self._sleep(attempt)
        raise AssertionError("unreachable")

    def deposit_many(self, statements: Sequence[str]) -> List[Result]:
        """Sends statements in batches. Gives, in their order, the deposit or the error of each; one does not affect another."""
        for statement in statements:
            _check_presentation(statement)
        results: Dict[int, Result] = {}
        pending = list(range(len(statements)))
        for attempt in range(self._tries):
            for chunk in _chunks(pending, statements):
                results.update(zip(chunk, self._batch([statements[number] for number in chunk])))
            # Lines that were refused for the moment. What was said of a batch as a whole was tried often enough.
            pending = [number for number in pending if getattr(results[number], "busy", False)]
            if not pending or attempt + 1 == self._tries:
                break
            # A line has no Retry-After: the server's least is a second.
            self._sleep(attempt, 1.0)
        for number, result in results.items():
            # A batch does not wait for witnesses: the same bytes are sent alone, until they have cosigned.
            if isinstance(result, EvidenceError) and result.code == "policy-unmet":
                results[number] = _caught(lambda: self.deposit(statements[number]))
        return [results[number] for number in range(len(statements))]

    def status(self, receipt: Receipt) -> Status:
        """Asks what happened to an entry after its receipt was made, and checks the answer (page 15).

        Nobody signs such an answer: an error here says that the ledger could not be asked, unless its `faults` are not empty.
        """
        shows = urllib.parse.quote(receipt.entry_hash, safe="")
        path = f"/v1/entries/{receipt.index}/status?entryHash={shows}&from={receipt.checkpoint.size}"
        events: List[Event] = []
        flagged, after = False, receipt.index
        for _ in range(1000):
            page, following = _read_status(self._ask(f"{path}&after={after}"), receipt, self.policy, after)
            events, flagged = [*events, *page.events], flagged or page.flagged
            if following is None:
                return Status(page.size, events, flagged)
            after = following
        raise EvidenceError("server-answer", "the answer has more than 1,000 pages")

    def token(self) -> str:
        """An access token (page 11), `Authorization: Bearer …`: for this server alone, of five minutes."""
        if self._key is None or self._issuer is None:
            raise EvidenceError("usage", "an access token needs the key and the id of its owner")
        now = int(time.time())
        payload = {"iss": self._issuer, "aud": self.url, "iat": now, "exp": now + 300}
        return _sign_jws(self._key, "evidence-access+jwt", payload)

    def receipt(self, index: int) -> Receipt:
        """A receipt of an entry by its index, verified: one that was lost, or one under a newer checkpoint. Raises as `deposit` does."""
        return self._verified(self._ask(f"/v1/entries/{index}/receipt"), lambda read: read.index == index)

    def search(self, digests: Sequence[str] = (), cases: Sequence[str] = (), exhibits: Sequence[str] = ()) -> List[Found]:
        """What one may read of each digest (`sha256:<hex>`), then each case number, then each exhibit number, in this order."""
        named = (("digest", digests), ("case", cases), ("exhibit", exhibits))
        asked = [(by, value) for by, values in named for value in values]
        found: List[Found] = []
        while len(found) < len(asked):
            some = asked[len(found) : len(found) + 1000]
            body: Dict[str, List[str]] = {}
            for by, value in some:
                body.setdefault(by + "s", []).append(value)
            found += _read_found(self._ask("/v1/entries/search", write_json(body)), some)
        return found

    def _ask(self, path: str, body: Optional[bytes] = None) -> Dict[str, Any]:
        headers = {"Accept": "application/json"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        if self._key is not None and self._issuer is not None:
            headers["Authorization"] = f"Bearer {self.token()}"
        answer = self._send("GET" if body is None else "POST", path, headers, body)
        if answer.status != 200:
            raise _problem(answer.status, _document(answer.body), answer.retry_after)
        return _document(answer.body)

    def _batch(self, statements: Sequence[str]) -> Sequence[Result]:
        headers = {"Content-Type": "application/x-ndjson", "Accept": "application/x-ndjson"}
        body = "".join(statement + "\n" for statement in statements).encode()
        try:
            # Each line may be answered by a receipt.
            answer = self._send("POST", "/v1/statements", headers, body, min(64, 1 + 2 * len(statements)) * ANSWER_BYTES)
            if answer.status != 200:
                raise _problem(answer.status, _document(answer.body), answer.retry_after)
            lines = answer.body.split(b"\n")
            fits = lines.pop() == b"" and len(lines) == len(statements)
            require(fits, "server-answer", "the server answered another number of lines")
        except EvidenceError as error:
            return [error] * len(statements)
        return [_caught(lambda: self._line(*one)) for one in zip(range(1, len(lines) + 1), statements, lines)]

    def _line(self, number: int, statement: str, line: bytes) -> Deposit:
        document = _document(line)
        own = _is_count(document.get("line"), number, number)
        require(own, "server-answer", f"line {number} of the answer is not numbered as the answer to that line")
        status = document.get("status")
        require(_is_count(status, 100, 599), "server-answer", "a line of the answer has no status")
        if status not in (200, 201):
            refusal = _problem(status, document, None)
            refusal.busy = status in PASSING
            raise refusal
        return self._accepted(statement, status, document)

    def _accepted(self, statement: str, status: int, document: Mapping[str, Any]) -> Deposit:
        jws, *texts = statement.split("~")
        receipt = self._verified(document, lambda read: read.jws == jws)
        # The statement has the only copy of the salts. Where an order erased a claim, `receipt` fetches what there is now.
        if receipt.disclosed != _digests(texts):
            why = f"the receipt of entry {receipt.index} does not disclose exactly what was sent: keep the statement"
            raise EvidenceError("server-answer", why, receipt=receipt.data)
        return Deposit(status == 201, receipt)

    def _verified(self, document: Mapping[str, Any], is_asked: Callable[[_Parsed], bool]) -> Receipt:
        """The receipt of an answer, of what was asked for."""
        data = _receipt_bytes(document)
        try:
            require(is_asked(_parse_receipt(data)), "server-answer", "the receipt is of something else")
            receipt = verify_receipt(data, self.policy)
            said = (document.get("index"), document.get("time"), document.get("leafHash"))
            same = said == (receipt.index, receipt.time, receipt.leaf_hash)
            require(same, "server-answer", "the answer is not what its receipt says")
        except EvidenceError as error:
            if error.code in NOT_JUDGED:
                raise
            # What a server answers is no evidence yet: that it does not verify is a fault of the answer, and has no `faults`.
            is_unmet = bool(error.faults) and {"policy-unmet", *NOT_JUDGED}.issuperset(error.faults)
            why = f"the receipt does not verify: {error}" if error.faults and not is_unmet else error.message
            raise EvidenceError("policy-unmet" if is_unmet else "server-answer", why, receipt=data) from None
        return receipt

    def _sleep(self, attempt: int, asked: Optional[float] = None) -> None:
        """Doubles with each try; the jitter keeps clients that were refused together from coming back together."""
        backoff = min(30.0, self._pause * 2**attempt)
        time.sleep((asked or 0.0) + backoff * random.uniform(0.5, 1.0))

    def _send(
        self, method: str, path: str, headers: Mapping[str, str], body: Optional[bytes], limit: int = 4 * ANSWER_BYTES
    ) -> _Answer:
        """One request, sent again as the same bytes while the server is busy or out of reach."""
        for attempt in range(self._tries):
            last = attempt + 1 == self._tries
            try:
                answer = self._once(method, path, headers, body, limit)
            except _Broken as broken:
                if last or broken.final:
                    raise EvidenceError("server-unreachable", f"the ledger cannot be reached: {broken}") from None
                self._sleep(attempt)
                continue
            if answer.status not in PASSING or last or (answer.retry_after or 0.0) > self._max_wait:
                return answer
            self._sleep(attempt, answer.retry_after)
        raise AssertionError("unreachable")

    def _once(self, method: str, path: str, headers: Mapping[str, str], body: Optional[bytes], limit: int) -> _Answer:
        request = urllib.request.Request(self.url + path, data=body, method=method, headers=dict(headers))
        request.add_header("User-Agent", f"evidence-client-python/{VERSION}")
        results: List[Union[_Answer, Exception]] = []

        def work() -> None:
            try:
                with self._opener.open(request, timeout=self._timeout) as response:
                    results.append(_read_answer(response, limit))
            except Exception as error:
                results.append(error)

        # A socket's own time-out begins anew with each byte: a thread that takes too long as a whole is left behind.
        thread = threading.Thread(target=work, daemon=True)
        thread.start()
        thread.join(self._timeout)
        result = results[0] if results else TimeoutError()
        if isinstance(result, (OSError, http.client.HTTPException, ValueError)):
            raise _Broken(result, self._timeout)
        if isinstance(result, Exception):
            raise result
        return result


class _Broken(Exception):
    """A request without an answer. Says what kind of failure it was, and nothing of what was sent."""

    def __init__(self, error: Exception, timeout: float) -> None:
        reason = error.reason if isinstance(error, urllib.error.URLError) else error
        # A certificate that is not trusted now will not be in a second.
        self.final = isinstance(reason, ssl.SSLCertVerificationError)
        why = getattr(reason, "strerror", None) or type(reason).__name__
        if self.final:
            why = "its certificate is not trusted here"
        elif isinstance(reason, TimeoutError):
            why = f"no answer within {timeout:g} s"
        super().__init__(why)


def _base_url(text: str) -> str:
    """The base URL of a ledger, without final slashes. The refusal never repeats what may be a password."""
    try:
        parts = urllib.parse.urlsplit(text)
        fits = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        raise EvidenceError("usage", "the URL of the ledger cannot be read") from None
    plain = "@" not in parts.netloc and not parts.query and not parts.fragment and re.fullmatch(r"[\x21-\x7e]+", text)
    require(fits and bool(plain), "usage", "the URL of the ledger is not http or https, host and path alone")
    return text.rstrip("/")


def _read_answer(response: Any, limit: int) -> _Answer:
    status, headers = response.status, response.headers
    require(not 300 <= status < 400, "server-answer", "the server redirects, and redirects are not followed")
    plain = headers.get("Content-Encoding", "identity").strip().lower() == "identity"
    require(plain, "server-answer", "the answer is encoded, which was not asked for")
    # A read of a bounded length does not raise where less comes than was announced.
    body = response.read(limit) if (response.length or 0) <= limit else b""
    require((response.length or 0) <= limit and not response.read(1), "server-answer", f"it is larger than {limit} bytes")
    if response.length:
        raise http.client.IncompleteRead(body, response.length)
    return _Answer(status, body, _retry_after(headers.get("Retry-After", "")))


def _retry_after(text: str) -> Optional[float]:
    if re.fullmatch(r"[0-9]{1,9}", text) is not None:
        return float(text)
    try:
        return max(0.0, email.utils.parsedate_to_datetime(text).timestamp() - time.time())
    except (TypeError, ValueError, IndexError, OverflowError):
        return None


def _document(body: bytes) -> Dict[str, Any]:
    """Empty where the answer is no JSON: whatever is then looked for in it is missing."""
    try:
        return read_json_object(body)
    except EvidenceError:
        return {}


def _receipt_bytes(document: Mapping[str, Any]) -> bytes:
    receipt = document.get("receipt")
    if not isinstance(receipt, str):
        raise EvidenceError("server-answer", "the answer is no JSON with a receipt")
    return receipt.encode()


def _read_found(document: Mapping[str, Any], asked: Sequence[Tuple[str, str]]) -> List[Found]:
    """What an answer has of the first of these; an answer that is full has null for the others, which are to be asked for again."""

    def broken(holds: bool) -> None:
        require(holds, "server-answer", "the answer is not that of a search for these")

    results, found = document.get("results"), []
    broken(isinstance(results, list) and len(results) == len(asked))
    for (by, value), result in zip(asked, results or []):
        broken(isinstance(result, dict) and result.get(by) == value and isinstance(result.get("more"), bool))
        entries = result.get("entries")
        if entries is None:
            break
        broken(isinstance(entries, list) and all(_is_summary(one) for one in entries))
        found.append(Found(by, value, entries, result["more"]))
    broken(bool(found))
    return found


def _is_summary(one: Any) -> bool:
    texts = ("time", "leafHash", "iss", "kind")
    return isinstance(one, dict) and _is_count(one.get("index")) and all(isinstance(one.get(name), str) for name in texts)


def _problem(status: int, document: Mapping[str, Any], retry_after: Optional[float]) -> EvidenceError:
    """The error that a problem document states: its words are the server's, and are shown shortened."""
    texts = {name: text for name, text in document.items() if isinstance(text, str)}
    code, detail = texts.get("code", ""), texts.get("detail", "refused")
    if re.fullmatch(CODE, code) is None:
        code, detail = "server-answer", f"the server answered {status} with no problem document"
    error = EvidenceError(code, shown(detail), receipt=texts["receipt"].encode() if "receipt" in texts else None)
    error.status, error.retry_after = status, retry_after
    error.action = shown(texts["action"]) if "action" in texts else None
    error.request_id = shown(texts["request"]) if "request" in texts else None
    error.index = document["index"] if _is_count(document.get("index")) else None
    return error


def _caught(call: Callable[[], _Made]) -> Union[_Made, EvidenceError]:
    try:
        return call()
    except EvidenceError as error:
        return error


def _digests(disclosures: Sequence[str]) -> FrozenSet[str]:
    return frozenset(b64url(sha256(text.encode())) for text in disclosures if text != "")


def _check_presentation(statement: str) -> None:
    """Only the characters of a presentation: a line feed would be another statement of the batch."""
    fits = re.fullmatch(r"[A-Za-z0-9_.~-]{1,262144}", statement) is not None
    require(fits, "jws-malformed", "the statement is no signed statement with its disclosures")


def _chunks(numbers: Sequence[int], statements: Sequence[str]) -> Iterator[List[int]]:
    """Batches of at most 500 lines and 8 MiB, which any ledger takes."""
    chunk: List[int] = []
    length = 0
    for number in numbers:
        if chunk and (len(chunk) == 500 or length + len(statements[number]) > 8 * 1048576):
            yield chunk
            chunk, length = [], 0
        chunk.append(number)
        length += len(statements[number]) + 1
    if chunk:
        yield chunk


# ---- Command line ----------------------------------------------------------------------------------------------------


def _key_of(args: argparse.Namespace) -> Optional[SigningKey]:
    passphrase = None
    if args.passphrase_file is not None:
        # One line end is a text editor's, and no part of the passphrase.
        passphrase = re.sub(rb"\r?\n\Z", b"", read_file(args.passphrase_file, 65536, private=True))
    return None if args.key is None else SigningKey.load(args.key, passphrase)


def _kept_statement(path: str, key: SigningKey, wanted: str) -> str:
    """The statement that waits in a file since an earlier run, or the wanted one, which is kept there before it is sent."""
    if not os.path.exists(path):
        write_new_file(path, wanted.encode() + b"\n")
        return wanted
    waiting = read_file(path, RECEIPT_BYTES).decode("utf-8", "replace").rstrip("\n")
    try:
        require_same(key, waiting, wanted)
    except EvidenceError as error:
        raise EvidenceError(error.code, f"{shown(path)}: {error.message}") from None
    return waiting


def _wanted_deposit(path: str, args: argparse.Namespace, key: SigningKey, origin: str) -> str:
    items = [item_of_file(path, args.digest)]
    sealed: Dict[str, Any] = {"names": [os.path.basename(path)]}
    if args.case is not None:
        sealed["case"] = [{"number": args.case}]
    if args.note is not None:
        sealed["note"] = args.note
    return deposit_statement(key, args.id, origin, items, sealed)


def _keygen_command(args: argparse.Namespace) -> Any:
    key = SigningKey.create(args.out)
    return {"thumbprint": key.thumbprint, "jwk": key.jwk}


def _signer(args: argparse.Namespace) -> SigningKey:
    key = _key_of(args)
    if key is None or args.id is None:
        raise EvidenceError("usage", "to sign needs --key and --id")
    return key


def _client_of(args: argparse.Namespace, key: Optional[SigningKey]) -> Client:
    return Client(args.url, Policy.load(args.policy), key=key, issuer=args.id, timeout=args.timeout, tries=args.tries)


def _row(path: str, result: Result, policy: Policy) -> Dict[str, Any]:
    """Keeps the receipt beside the file, and tells of it. The statement is no more needed then."""
    if isinstance(result, EvidenceError):
        return {"file": path, "error": result.as_json(), "exit": exit_code(result)}
    keep_receipt(path + ".tlog-proof", result.receipt, policy)
    waiting = path + ".evidence-statement"
    kept = _caught(lambda: read_file(waiting, RECEIPT_BYTES))
    # Beside a receipt of an earlier run another statement may wait, or one that discloses more: it stays.
    if isinstance(kept, bytes) and result.receipt.replaces(kept.decode("utf-8", "replace")):
        os.unlink(waiting)
    return {"file": path, "created": result.created, **result.receipt.as_json()}


def _send_all(client: Client, key: SigningKey, wanted: Mapping[str, str], shows: Sequence[Receipt] = ()) -> List[Dict[str, Any]]:
    """Sends what is wanted beside each path and has no receipt there; what stands in the way of one is found before any is sent."""
    earlier = {path: earlier_receipt(path + ".tlog-proof", client.policy, key, text) for path, text in wanted.items()}
    results: Dict[str, Result] = {path: Deposit(False, receipt) for path, receipt in earlier.items() if receipt is not None}
    missing = [path for path in wanted if path not in results]
    statements = [_kept_statement(path + ".evidence-statement", key, wanted[path]) for path in missing]
    one_alone = len(statements) == 1
    sent = [_caught(lambda: client.deposit(statements[0], shows))] if one_alone else client.deposit_many(statements)
    results.update(zip(missing, sent))
    return [_row(path, results[path], client.policy) for path in wanted]


def _deposit_command(args: argparse.Namespace) -> Any:
    key = _signer(args)
    client = _client_of(args, key)
    origin = client.policy.origin
    return _send_all(client, key, {path: _wanted_deposit(path, args, key, origin) for path in args.file})


def _about_command(args: argparse.Namespace) -> Any:
    """Retracts or attests the deposit of a receipt; what is kept is named by the receipt and the command."""
    key, path = _signer(args), f"{args.receipt}.{args.command}"
    client = _client_of(args, key)
    receipt = verify_receipt(read_file(args.receipt, RECEIPT_BYTES), client.policy)
    sign = retract_statement if args.command == "retract" else attest_statement
    return _send_all(client, key, {path: sign(key, args.id, receipt, args.word)}, [receipt])


def _verify_command(args: argparse.Namespace) -> Any:
    require(args.file is not None or args.receipt is not None, "usage", "name a file, a receipt, or both")
    receipt = verify_receipt(read_file(args.receipt or args.file + ".tlog-proof", RECEIPT_BYTES), Policy.load(args.policy))
    item = None if args.file is None else verify_file(receipt, args.file)
    return {"file": args.file, "item": item, **receipt.as_json()}


def _status_command(args: argparse.Namespace) -> Any:
    client = _client_of(args, _key_of(args))
    status = client.status(verify_receipt(read_file(args.receipt, RECEIPT_BYTES), client.policy))
    events = [{name: value for name, value in event._asdict().items() if value is not None} for event in status.events]
    return {"size": status.size, "flagged": status.flagged, "events": events}


def _search_command(args: argparse.Namespace) -> Any:
    digests = ["sha256:" + item_of_file(path)["digest"]["sha256"] for path in args.file]
    found = _client_of(args, _key_of(args)).search(digests, args.case, args.exhibit)
    return {"results": [one._asdict() for one in found]}


def _receipt_command(args: argparse.Namespace) -> Any:
    client = _client_of(args, _key_of(args))
    receipt = client.receipt(args.index)
    keep_receipt(args.out, receipt, client.policy)
    return {"file": args.out, **receipt.as_json()}


def _token_command(args: argparse.Namespace) -> Any:
    return {"token": _client_of(args, _signer(args)).token()}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="A small client of the evidence ledger. Every command prints JSON.")
    commands = parser.add_subparsers(dest="command", required=True)

    def command(name: str, run: Callable[[argparse.Namespace], Any], what: str, remote: bool = False) -> argparse.ArgumentParser:
        one = commands.add_parser(name, help=what, description=what)
        one.set_defaults(run=run)
        if name != "keygen":
            one.add_argument("--policy", required=True, help="policy file: whose key is trusted")
        if remote:
            one.add_argument("--url", required=True, help="base URL of the ledger")
            one.add_argument("--key", help="key file, PKCS#8 in PEM")
            one.add_argument("--id", help="participant id of the key's owner")
            one.add_argument("--passphrase-file", help="file that has the key file's passphrase")
            one.add_argument("--timeout", type=float, default=60.0, help="seconds for one try")
            one.add_argument("--tries", type=int, default=5, help="how often the same request is sent at most")
        return one

    command("keygen", _keygen_command, "make a key file").add_argument("--out", required=True, help="the new file")
    deposit = command("deposit", _deposit_command, "deposit files, and keep each receipt beside its file", remote=True)
    deposit.add_argument("file", nargs="+")
    deposit.add_argument("--case", help="case number, sealed")
    deposit.add_argument("--note", help="note, sealed")
    deposit.add_argument("--digest", action="append", default=["sha256"], help="a further digest")
    verify = command("verify", _verify_command, "verify a file and its receipt, offline")
    verify.add_argument("file", nargs="?")
    verify.add_argument("--receipt", help="FILE.tlog-proof where none is named")
    for name, option in (("retract", "--reason"), ("attest", "--as")):
        about = command(name, _about_command, f"{name} the deposit of a receipt", remote=True)
        about.add_argument(option, dest="word", required=True, help="what docs/spec/02-statement.md lists")
        about.add_argument("receipt")
    status = command("status", _status_command, "ask what happened to a deposit since", remote=True)
    status.add_argument("receipt")
    search = command("search", _search_command, "find entries by file, case or exhibit", remote=True)
    search.add_argument("file", nargs="*")
    search.add_argument("--case", action="append", default=[], help="case number")
    search.add_argument("--exhibit", action="append", default=[], help="number of an exhibit")
    receipt = command("receipt", _receipt_command, "fetch the receipt of an entry", remote=True)
    receipt.add_argument("index", type=int)
    receipt.add_argument("--out", required=True, help="the new file")
    command("token", _token_command, "make an access token, for programs of your own", remote=True)
    return parser


def exit_code(error: EvidenceError) -> int:
    """0 fine, 1 does not verify, 2 usage, 3 could not be done, 4 not judged: needs the full verifier."""
    if error.faults:
        return 4 if error.code in NOT_JUDGED else 1
    return 2 if error.code in ("usage", "file-exists", "deposit-differs") else 3


def main(argv: Optional[Sequence[str]] = None) -> int:
    args = _parser().parse_args(argv)
    try:
        found = args.run(args)
    except EvidenceError as error:
        print(json.dumps({"error": error.as_json()}, indent=2))
        return exit_code(error)
    print(json.dumps(found, indent=2))
    return max((row.get("exit", 0) for row in found), default=0) if isinstance(found, list) else 0


if __name__ == "__main__":
    sys.exit(main())
