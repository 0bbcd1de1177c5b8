#!/usr/bin/env python3
"""A small client of the evidence ledger: makes a key, signs deposits, sends them, and verifies every receipt.

    key = SigningKey.load("harbour.pem")
    policy = Policy.load("court.policy")
    statement = deposit_statement(key, "harbour", policy.origin, [item_of_file("notice.txt")], {"note": "Counter 2."})
    open("notice.txt.evidence-statement", "x").write(statement)  # before it is sent: the same bytes may be sent again
    deposit = Client("https://ledger.court.example", policy).deposit(statement)
    open("notice.txt.tlog-proof", "xb").write(deposit.receipt.data)

One file: copy it. It needs Python 3.9 or newer and the package `cryptography`. It was written from docs/spec (pages 01, 02, 03,
05, 06, 07 and 11), and names in "Page NN" comments are those pages.

Whatever a server answers is bounded in size and time, read strictly, and believed only as far as its receipt verifies under the
policy that the caller gave. Statements are sent again only as the same bytes, which a ledger sequences once.
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
import socket
import ssl
import stat
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Callable, Dict, Iterator, List, Mapping, NamedTuple, NoReturn, Optional, Sequence, Tuple, Union

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

__all__ = [
    "Client",
    "Deposit",
    "EvidenceError",
    "Policy",
    "Receipt",
    "SigningKey",
    "deposit_statement",
    "grouped",
    "item_of_file",
    "verify_file",
    "verify_receipt",
]

VERSION = "1"
MAX_INTEGER = 2**53 - 1
MOST_SECONDS = 253402300799
RECEIPT_BYTES = 1048576
NOTE_BYTES = POLICY_BYTES = 262144
ENTRY_BYTES = 65535
SEALED_CLAIMS = ("names", "case", "collection", "note", "ext")
NOT_JUDGED = ("not-judged", "policy-unsupported", "digest-not-computable")
# Statuses after which the same bytes may be taken: the server, or a proxy before it, could not serve just now.
PASSING = (408, 429, 500, 502, 503, 504)


class EvidenceError(Exception):
    """Every failure of this client. `code` is stable (docs/errors.md); the message is for people and may change.

    `status`, `request_id` and `index` are as the server said them, where it did. `retry_after` is how many seconds to wait before
    the same bytes are sent again; None where that would not help, or nobody knows. `receipt` has bytes of a receipt that came and
    was not accepted: keep it. `faults` has the codes of all that a verification found.
    """

    def __init__(
        self,
        code: str,
        message: str,
        *,
        status: Optional[int] = None,
        request_id: Optional[str] = None,
        retry_after: Optional[float] = None,
        index: Optional[int] = None,
        receipt: Optional[bytes] = None,
        faults: Sequence[str] = (),
    ) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status
        self.request_id = request_id
        self.retry_after = retry_after
        self.index = index
        self.receipt = receipt
        self.faults = tuple(faults)
        self._again = False  # a line of a batch that was refused for the moment

    def as_json(self) -> Dict[str, Any]:
        known = {
            "code": self.code,
            "message": self.message,
            "status": self.status,
            "requestId": self.request_id,
            "retryAfter": self.retry_after,
            "index": self.index,
            "faults": list(self.faults) or None,
        }
        return {name: value for name, value in known.items() if value is not None}


def shown(text: str) -> str:
    """A text from outside, for messages: short, and without what a terminal would act on."""
    cut = text if len(text) <= 300 else text[:300] + "…"
    return "".join(c if c.isprintable() else f"\\u{{{ord(c):x}}}" for c in cut)


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
    if len(data) != 32:
        raise EvidenceError(code, "a hash has not 32 bytes")
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
BRACKETS = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|[\[{]|[\]}]', re.DOTALL)


def read_json(data: bytes) -> Any:
    """JSON as page 01 has it: no member twice, integers alone, no character that is none, at most 16 deep."""
    text = utf8(data)
    if text.startswith("\ufeff"):
        raise EvidenceError("utf8-malformed", "the JSON begins with a byte order mark")
    depth = 0
    for match in BRACKETS.finditer(text):
        depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(match.group(), 0)
        if depth > 16:
            raise EvidenceError("json-depth", "the JSON is nested more than 16 deep")
    try:
        value = json.loads(
            text,
            object_pairs_hook=_json_object,
            parse_int=_json_integer,
            parse_float=_no_number,
            parse_constant=_no_number,
        )
    except ValueError:
        raise EvidenceError("json-malformed", "the text is no JSON of RFC 8259") from None
    _check_strings(value)
    return value


def _json_object(pairs: List[Tuple[str, Any]]) -> Dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise EvidenceError("json-duplicate-member", "an object names a member twice")
    return members


def _json_integer(text: str) -> int:
    if re.fullmatch(r"0|-?[1-9][0-9]{0,15}", text) is None or abs(int(text)) > MAX_INTEGER:
        _no_number(text)
    return int(text)


def _no_number(_: str) -> NoReturn:
    raise EvidenceError("json-number", "a number is no plain integer within 2^53-1")


def _check_strings(value: Any) -> None:
    if isinstance(value, str) and FORBIDDEN.search(value) is not None:
        raise EvidenceError("json-string", "a string has U+0000, an unpaired surrogate or a noncharacter")
    if isinstance(value, (dict, list)):
        for part in value:
            _check_strings(part)
            if isinstance(value, dict):
                _check_strings(value[part])


def read_json_object(data: bytes) -> Dict[str, Any]:
    value = read_json(data)
    if not isinstance(value, dict):
        raise EvidenceError("json-malformed", "the JSON is no object")
    return value


def write_json(value: Any) -> bytes:
    try:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()
    except (TypeError, ValueError):
        raise EvidenceError("json-malformed", "a member cannot be written as JSON") from None


# ---- Page 01: hash, tree, Ed25519 ------------------------------------------------------------------------------------


def sha256(*parts: bytes) -> bytes:
    return hashlib.sha256(b"".join(parts)).digest()


def inclusion_holds(index: int, size: int, leaf: bytes, proof: Sequence[bytes], root: bytes) -> bool:
    if not 0 <= index < size:
        return False
    fn, sn, running = index, size - 1, leaf
    for sibling in proof:
        if sn == 0:
            return False
        if fn % 2 == 1 or fn == sn:
            running = sha256(b"\x01", sibling, running)
            while fn % 2 == 0 and fn != 0:
                fn, sn = fn // 2, sn // 2
        else:
            running = sha256(b"\x01", running, sibling)
        fn, sn = fn // 2, sn // 2
    return sn == 0 and running == root


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


# ---- Keys ------------------------------------------------------------------------------------------------------------

Passphrase = Union[None, str, "os.PathLike[str]", Callable[[], Union[str, bytes]]]


def jwk_line(public_key: bytes) -> str:
    return '{"crv":"Ed25519","kty":"OKP","x":"' + b64url(public_key) + '"}'


def grouped(thumbprint: str) -> str:
    """A thumbprint in groups of four characters, to be read aloud or compared by eye."""
    return " ".join(thumbprint[at : at + 4] for at in range(0, len(thumbprint), 4))


class SigningKey:
    """An Ed25519 key that signs statements. Nothing prints its private part."""

    def __init__(self, private: Ed25519PrivateKey) -> None:
        self._private = private
        self.public_key = private.public_key().public_bytes(
            serialization.Encoding.Raw, serialization.PublicFormat.Raw
        )
        self.jwk = json.loads(jwk_line(self.public_key))
        self.thumbprint = b64url(sha256(jwk_line(self.public_key).encode()))

    def __repr__(self) -> str:
        return f"<SigningKey {self.thumbprint}>"

    def sign(self, message: bytes) -> bytes:
        return self._private.sign(message)

    @classmethod
    def create(cls, path: Union[str, "os.PathLike[str]"]) -> SigningKey:
        """Makes a key file (PKCS#8 in PEM, mode 0600, without a passphrase), never over another file."""
        private = Ed25519PrivateKey.generate()
        pem = private.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        write_new_file(path, pem)
        return cls(private)

    @classmethod
    def load(cls, path: Union[str, "os.PathLike[str]"], passphrase: Passphrase = None) -> SigningKey:
        """Reads a key file. `passphrase` is the path of a file that has it, or a function that gives it; never itself."""
        pem = read_private_file(path)
        encrypted = b"-----BEGIN ENCRYPTED PRIVATE KEY-----" in pem
        if encrypted and passphrase is None:
            raise EvidenceError("key-file-passphrase", f"the key file {shown(str(path))} has a passphrase; none was given")
        secret: Optional[bytes] = None
        if encrypted and callable(passphrase):
            given = passphrase()
            secret = given if isinstance(given, bytes) else given.encode()
        elif encrypted:
            # One line end is a text editor's, and no part of the passphrase.
            secret = re.sub(rb"\r?\n\Z", b"", read_private_file(passphrase))
        try:
            private = serialization.load_pem_private_key(pem, secret)
        except (ValueError, TypeError, UnsupportedAlgorithm):
            # The library's own message is not repeated: it may quote the file.
            code, why = (
                ("key-file-passphrase", "the passphrase does not open it")
                if encrypted
                else ("key-file-malformed", "it has no private key in PKCS#8 PEM")
            )
            raise EvidenceError(code, f"the key file {shown(str(path))} cannot be used: {why}") from None
        if not isinstance(private, Ed25519PrivateKey):
            raise EvidenceError("key-file-malformed", f"the key file {shown(str(path))} has no Ed25519 key")
        return cls(private)


def read_private_file(path: Any) -> bytes:
    """A short regular file that nobody else may read."""
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NONBLOCK", 0))
        with open(descriptor, "rb") as file:
            found = os.fstat(descriptor)
            if not stat.S_ISREG(found.st_mode) or found.st_size > 65536:
                raise EvidenceError("file-unreadable", f"{shown(str(path))} is no short regular file")
            if os.name == "posix" and found.st_mode & 0o077 != 0:
                raise EvidenceError("key-file-permissions", f"others may read {shown(str(path))}: chmod 600")
            return file.read(65536)
    except OSError as error:
        raise EvidenceError("file-unreadable", f"{shown(str(path))}: {error.strerror}") from None


def write_new_file(path: Any, data: bytes, mode: int = 0o600) -> None:
    """Writes a file that was not there, synced; one that is there is left as it is."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        with open(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(descriptor)
    except FileExistsError:
        raise EvidenceError("file-exists", f"{shown(str(path))} is there already, and stays as it is") from None
    except OSError as error:
        raise EvidenceError("file-unwritable", f"{shown(str(path))}: {error.strerror}") from None


# ---- Page 02: statements ---------------------------------------------------------------------------------------------

DIGEST_BYTES = {
    "sha256": 32,
    "sha384": 48,
    "sha512": 64,
    "sha3-256": 32,
    "sm3": 32,
    "blake3": 32,
    "md5": 16,
    "sha1": 20,
}
MEDIA_TYPE = re.compile(r"[A-Za-z0-9][A-Za-z0-9!#$&\-^_.+]*/[A-Za-z0-9][A-Za-z0-9!#$&\-^_.+]*")


def item_of_file(
    path: Union[str, "os.PathLike[str]"], algorithms: Sequence[str] = ("sha256",), **members: Any
) -> Dict[str, Any]:
    """An item for a deposit: size and digests of a file, read in pieces; `members` are `mediaType`, `category`, …."""
    size, digests = measure(path, algorithms)
    return {"size": size, "digest": digests, **members}


def measure(path: Union[str, "os.PathLike[str]"], algorithms: Sequence[str]) -> Tuple[int, Dict[str, str]]:
    running = {name: _start_digest(name) for name in algorithms}
    size = 0
    try:
        with open(path, "rb") as file:
            for piece in iter(lambda: file.read(1 << 20), b""):
                size += len(piece)
                for digest in running.values():
                    digest.update(piece)
    except OSError as error:
        raise EvidenceError("file-unreadable", f"{shown(str(path))}: {error.strerror}") from None
    finished = {name: d.hexdigest() if hasattr(d, "hexdigest") else d.finalize().hex() for name, d in running.items()}
    return size, finished


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
    members: Optional[Mapping[str, Any]] = None,
) -> str:
    """A signed `evidence.deposit` with its disclosures, as it is sent. Keep the text until its receipt is at hand.

    `sealed` has claims (`names`, `case`, `collection`, `note`, `ext`), each salted and kept outside the permanent entry.
    `members` are open members, such as `relates`; they stay readable for ever. Its `jti` is new in each call, so calling again
    makes another deposit: send the same text again instead.
    """
    disclosures = [_disclosure(claim, value, items) for claim, value in (sealed or {}).items()]
    payload: Dict[str, Any] = {
        "iss": issuer,
        "aud": origin,
        "jti": str(uuid.uuid4()),
        "iat": int(time.time()),
        "kind": "evidence.deposit",
        "items": [dict(item) for item in items],
        **(members or {}),
    }
    if disclosures:
        # In the order of the digests, which says nothing about the claims.
        payload["_sd"] = sorted(b64url(sha256(text.encode())) for text in disclosures)
        payload["_sd_alg"] = "sha-256"
    jws = _sign_jws(key, "evidence-statement+sd-jwt", payload)
    # What a ledger would refuse is found here, where nothing has left yet.
    check_deposit(read_statement(jws).payload)
    if len(jws) > ENTRY_BYTES - 128:
        raise EvidenceError("statement-too-large", "the statement does not fit into an entry: split the deposit")
    return "~".join([jws, *disclosures, ""]) if disclosures else jws


def _disclosure(claim: str, value: Any, items: Sequence[Any]) -> str:
    if claim not in SEALED_CLAIMS:
        raise EvidenceError("disclosure-claim", f"{shown(claim)} is no claim that a deposit may seal")
    if claim == "names" and (not isinstance(value, (list, tuple)) or len(value) != len(items)):
        raise EvidenceError("disclosure-claim", "names has one string for each item")
    text = b64url(write_json([b64url(secrets.token_bytes(16)), claim, value]))
    read_disclosure(text)
    return text


def _sign_jws(key: SigningKey, typ: str, payload: Mapping[str, Any]) -> str:
    header = {"alg": "EdDSA", "typ": typ, "kid": key.thumbprint}
    signed = f"{b64url(write_json(header))}.{b64url(write_json(payload))}"
    return f"{signed}.{b64url(key.sign(signed.encode()))}"


class Statement(NamedTuple):
    jws: str
    alg: str
    kid: str
    signature: bytes
    payload: Dict[str, Any]


def read_statement(jws: str) -> Statement:
    """Envelope, header and common members, in the order of page 02."""
    parts = jws.split(".")
    if len(parts) != 3 or parts[0] == "" or parts[2] == "":
        raise EvidenceError("jws-malformed", "the statement is not three parts with dots between")
    raw_header, raw_payload, signature = (read_b64url(part) for part in parts)
    header = read_json_object(raw_header)
    if not header.keys() <= {"alg", "typ", "kid"}:
        raise EvidenceError("jws-header", "the header has another member than alg, typ and kid")
    alg, kid = header.get("alg"), header.get("kid")
    if not isinstance(alg, str):
        raise EvidenceError("jws-alg", "alg is no string")
    if header.get("typ") != "evidence-statement+sd-jwt":
        raise EvidenceError("jws-typ", "typ is not evidence-statement+sd-jwt")
    if not isinstance(kid, str) or len(read_b64url(kid, "jws-kid")) != 32:
        raise EvidenceError("jws-kid", "kid is no thumbprint")
    if alg in ("EdDSA", "Ed25519") and len(signature) != 64:
        raise EvidenceError("jws-malformed", "the signature has not 64 bytes")
    payload = read_json_object(raw_payload)
    _require(_matches(payload.get("iss"), r"[a-z0-9._-]{1,64}"), "iss is no participant id")
    _require(_matches(payload.get("aud"), ORIGIN), "aud is no origin", "audience-wrong")
    _require(_matches(payload.get("jti"), r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"), "jti is no UUID")
    _require(_is_count(payload.get("iat"), most=MOST_SECONDS), "iat is no time in seconds")
    _require(_is_text(payload.get("kind"), 256), "kind is no text")
    return Statement(jws, alg, kid, signature, payload)


ORIGIN = r"[\x21-\x2a\x2c-\x7e]{1,255}"


def _require(holds: bool, why: str, code: str = "statement-member") -> None:
    if not holds:
        raise EvidenceError(code, why)


def _matches(value: Any, pattern: str) -> bool:
    return isinstance(value, str) and re.fullmatch(pattern, value) is not None


def _is_text(value: Any, most: int) -> bool:
    return isinstance(value, str) and 1 <= len(value.encode()) <= most


def _is_count(value: Any, least: int = 0, most: int = MAX_INTEGER) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= most


def _is_hash_text(value: Any, read: Callable[[str], bytes]) -> bool:
    try:
        return isinstance(value, str) and len(read(value)) == 32
    except EvidenceError:
        return False


def _has_member(value: Any, names: Sequence[str]) -> bool:
    if isinstance(value, dict):
        return any(name in value for name in names) or any(_has_member(part, names) for part in value.values())
    return isinstance(value, list) and any(_has_member(part, names) for part in value)


def _members(value: Any, where: str, required: Sequence[str], optional: Sequence[str] = ()) -> None:
    _require(isinstance(value, dict), f"{where} is no object")
    for name in value:
        _require(name not in SEALED_CLAIMS, f"{where} has {shown(name)} in clear: seal it", "claim-in-clear")
    for name in value:
        known = name in required or name in optional
        _require(known, f"{where} has the unknown member {shown(name)}", "statement-member-unknown")
    for name in required:
        _require(name in value, f"{where} lacks {name}")


CODE = r"[a-z][a-z0-9-]{0,63}"


def check_deposit(payload: Dict[str, Any]) -> None:
    """Page 02, `evidence.deposit`: exactly its members, each of its type."""
    _require(not _has_member(payload, ["__proto__"]), "it has a member __proto__", "statement-member-unknown")
    common = ("iss", "aud", "jti", "iat", "kind")
    _members(payload, "the statement", (*common, "items"), ("relates", "_sd", "_sd_alg"))
    items = payload["items"]
    _require(isinstance(items, list), "items is no array")
    _require(1 <= len(items) <= 64, "a deposit has 1 to 64 items", "items-count")
    for item in items:
        _check_item(item)
    if "relates" in payload:
        relates = payload["relates"]
        _require(isinstance(relates, list) and 1 <= len(relates) <= 64, "relates is not 1 to 64 relations")
        for relation in relates:
            _check_relation(relation)
    if "_sd" in payload or "_sd_alg" in payload:
        sealed = payload.get("_sd")
        _require(isinstance(sealed, list) and 1 <= len(sealed) <= 5, "_sd is not 1 to 5 digests")
        _require(all(_is_hash_text(one, read_b64url) for one in sealed), "_sd has what is no digest")
        _require(len(set(sealed)) == len(sealed), "_sd has a digest twice")
        _require(payload.get("_sd_alg") == "sha-256", "_sd_alg is not sha-256")


def _check_item(item: Any) -> None:
    _members(item, "an item", ("size", "digest"), ("mediaType", "category", "acquired", "tree"))
    _require(_is_count(item["size"]), "size is no count")
    _check_digest(item["digest"])
    if "mediaType" in item:
        kind = item["mediaType"]
        _require(_is_text(kind, 127) and MEDIA_TYPE.fullmatch(kind) is not None, "mediaType is no media type")
    if "category" in item:
        _require(_matches(item["category"], CODE), "category is no code")
    if "acquired" in item:
        acquired = item["acquired"]
        _members(acquired, "acquired", ("size", "digest", "source"))
        _require(_is_count(acquired["size"]), "acquired.size is no count")
        _check_digest(acquired["digest"], weak_suffice=True)
        _require(_matches(acquired["source"], CODE), "acquired.source is no code")
    if "tree" in item:
        _members(item["tree"], "tree", ("root", "size"))
        _require(_matches(item["tree"]["root"], r"[0-9a-f]{64}"), "tree.root is no hash in hex")
        _require(_is_count(item["tree"]["size"], 1), "tree.size is no count from 1")


def _check_digest(digest: Any, weak_suffice: bool = False) -> None:
    _require(isinstance(digest, dict), "a digest is no object")
    _require(all(isinstance(text, str) for text in digest.values()), "a digest is no string")
    for name, text in digest.items():
        length = 2 * DIGEST_BYTES.get(name, 0)
        _require(length > 0 and _matches(text, r"[0-9a-f]{%d}" % length), "a digest is malformed", "digest-malformed")
    _require(len(digest) > 0, "an item has no digest", "digest-malformed")
    _require(weak_suffice or not digest.keys() <= {"md5", "sha1"}, "md5 and sha1 do not suffice", "digest-weak-only")


def _check_relation(relation: Any) -> None:
    _members(relation, "a relation", ("rel", "index", "leafHash"), ("item", "line", "origin"))
    _require(_matches(relation["rel"], CODE), "rel is no code")
    _require(_is_hash_text(relation["leafHash"], read_b64), "leafHash is no hash")
    for name in ("index", "item", "line"):
        _require(name not in relation or _is_count(relation[name]), f"{name} is no count")
    _require("origin" not in relation or _matches(relation["origin"], ORIGIN), "origin is none")


class Disclosure(NamedTuple):
    digest: str
    claim: str
    value: Any


def read_disclosure(text: str) -> Disclosure:
    code = "disclosure-malformed"
    if not 1 <= len(text.encode()) <= 16384:
        raise EvidenceError(code, "a disclosure has 1 to 16,384 characters")
    parts = read_json(read_b64url(text, code))
    if not isinstance(parts, list) or len(parts) != 3:
        raise EvidenceError(code, "a disclosure is not salt, claim and value")
    salt, claim, value = parts
    if not isinstance(salt, str) or len(salt) < 22 or not isinstance(claim, str) or _has_member(value, ["_sd", "..."]):
        raise EvidenceError(code, "a disclosure has a short salt, a nameless claim, or a member _sd")
    read_b64url(salt, code)
    return Disclosure(b64url(sha256(text.encode())), claim, value)


# ---- Page 05: notes and verifier keys --------------------------------------------------------------------------------

KEY_NAME = re.compile("[^+\t-\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\u180e\ufeff]+")


class Vkey(NamedTuple):
    name: str
    key_id: bytes
    type: int
    key: bytes


class SignatureLine(NamedTuple):
    name: str
    key_id: bytes
    signature: bytes


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
    if len(data) < 2:
        raise EvidenceError(code, "a vkey has no key")
    if data[0] in (0x01, 0x04) and not key_is_sound(data[1:]):
        raise EvidenceError(code, "the key of a vkey is no canonical point of prime order")
    if data[0] == 0x06 and len(data) != 1 + 1312:
        raise EvidenceError(code, "the key of a vkey has not 1,312 bytes")
    if data[0] in (0x01, 0x04, 0x06) and key_id != sha256(parts[0].encode(), b"\n", data)[:4]:
        raise EvidenceError(code, "the key id of a vkey is not its own")
    return Vkey(parts[0], key_id, data[0], data[1:])


def read_checkpoint(data: bytes) -> Checkpoint:
    code = "note-malformed"
    if len(data) > NOTE_BYTES:
        raise EvidenceError(code, "the checkpoint is too large")
    whole = utf8(data)
    divider = whole.rfind("\n\n")
    if divider < 0 or not whole.endswith("\n") or re.search("[\x00-\x09\x0b-\x1f]", whole) is not None:
        raise EvidenceError(code, "the checkpoint is no signed note")
    rows = whole[divider + 2 :].split("\n")[:-1]
    if not 1 <= len(rows) <= 64:
        raise EvidenceError(code, "a note has 1 to 64 signature lines")
    signatures = []
    for row in rows:
        parts = row.split(" ")
        if len(parts) != 3 or parts[0] != "\u2014" or KEY_NAME.fullmatch(parts[1]) is None:
            raise EvidenceError(code, "a signature line is malformed")
        signature = read_b64(parts[2], code)
        if len(signature) < 5:
            raise EvidenceError(code, "a signature line has no signature")
        signatures.append(SignatureLine(parts[1], signature[:4], signature[4:]))
    text, code = whole[: divider + 1], "checkpoint-malformed"
    lines = text[:-1].split("\n")
    if len(lines) != 3 or re.fullmatch(ORIGIN, lines[0]) is None:
        raise EvidenceError(code, "the checkpoint is not origin, size and root")
    return Checkpoint(lines[0], read_decimal(lines[1], code), read_hash(lines[2], code), text, signatures)


def _line_verifies(vkey: Vkey, text: bytes, signature: bytes) -> bool:
    if vkey.type == 0x01:
        return signature_is_valid(vkey.key, text, signature)
    at = int.from_bytes(signature[:8], "big")
    if len(signature) != 72 or at > MOST_SECONDS:
        return False
    return signature_is_valid(vkey.key, b"cosignature/v1\ntime %d\n" % at + text, signature[8:])


# ---- Page 07: policy -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Policy:
    """What is trusted: the ledger's keys, the witnesses, and how many of them must have cosigned."""

    logs: Tuple[Vkey, ...]
    witnesses: Mapping[bytes, Vkey]
    groups: Mapping[bytes, Tuple[int, Tuple[bytes, ...]]]
    quorum: bytes

    @classmethod
    def load(cls, path: Union[str, "os.PathLike[str]"]) -> Policy:
        """Reads a policy file."""
        try:
            with open(path, "rb") as file:
                return cls.parse(file.read(POLICY_BYTES + 1))
        except OSError as error:
            raise EvidenceError("file-unreadable", f"{shown(str(path))}: {error.strerror}") from None

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
        if len(origins) != 1:
            raise EvidenceError("policy-malformed", "the policy has not exactly one ledger: name the origin")
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
        threshold, members = self.groups[name]
        return sum(self.met(counted, member) for member in members) >= threshold


def _parse_policy(data: bytes) -> Policy:
    code = "policy-malformed"
    if len(data) > POLICY_BYTES or re.search(rb"[^\t\n\x20-\x7e\x80-\xff]", data) is not None:
        raise EvidenceError(code, "it is too large, or has control characters")
    if data and not data.endswith(b"\n"):
        raise EvidenceError(code, "its last line does not end in a line feed")
    logs: List[Vkey] = []
    witnesses: Dict[bytes, Vkey] = {}
    groups: Dict[bytes, Tuple[int, Tuple[bytes, ...]]] = {}
    grouped_names, quorum = set(), None

    def new_key(text: bytes, among: Any) -> Vkey:
        vkey = read_vkey(utf8(text))
        if any(other.key == vkey.key for other in among):
            raise EvidenceError(code, "it has a key twice")
        return vkey

    for line in data.split(b"\n"):
        words = re.findall(rb"[^ \t]+", line)
        if not words or words[0].startswith(b"#"):
            continue
        first = words[0]
        if first in (b"witness", b"group"):
            name = words[1] if len(words) > 1 else b"none"
            if name == b"none" or name in witnesses or name in groups:
                raise EvidenceError(code, "it defines a name twice, or none")
        if first == b"log" and len(words) in (2, 3):
            logs.append(new_key(words[1], logs))
            if logs[-1].type != 0x01:
                raise EvidenceError(code, "a log has a key of another type than 1")
        elif first == b"witness" and len(words) in (3, 4):
            witnesses[words[1]] = new_key(words[2], witnesses.values())
        elif first == b"group" and len(words) >= 4:
            members = tuple(words[3:])
            for member in members:
                if (member not in witnesses and member not in groups) or member in grouped_names:
                    raise EvidenceError(code, "a group has a member that is unknown, or in a group already")
                grouped_names.add(member)
            named = {b"any": 1, b"all": len(members)}
            threshold = named.get(words[2]) or read_decimal(words[2].decode("latin-1"), code)
            if not 1 <= threshold <= len(members):
                raise EvidenceError(code, "a group asks for none, or for more than it has")
            groups[words[1]] = (threshold, members)
        elif first == b"quorum" and len(words) == 2 and quorum is None:
            quorum = words[1]
            if quorum != b"none" and quorum not in witnesses and quorum not in groups:
                raise EvidenceError(code, "the quorum is not defined above it")
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
    size: int
    iss: str
    kid: str
    jti: str
    jws: str = field(repr=False)
    payload: Mapping[str, Any] = field(repr=False)
    # Sealed claims that the receipt discloses; how many it withholds.
    claims: Mapping[str, Any] = field(repr=False)
    withheld: int
    # Witnesses that cosigned, with the time of each in seconds.
    witnesses: Tuple[Tuple[str, int], ...]


class _Parsed(NamedTuple):
    index: int
    hashes: List[bytes]
    checkpoint: Checkpoint
    entry: bytes
    entry_index: int
    time: str
    jws: Optional[str]
    public_key: bytes
    disclosures: List[Disclosure]


def _parse_receipt(data: bytes) -> _Parsed:
    code = "receipt-malformed"
    if len(data) > RECEIPT_BYTES:
        raise EvidenceError(code, "the receipt is too large")
    head, divider, note = utf8(data).partition("\n\n")
    lines = head.split("\n")
    if divider == "" or len(lines) < 3 or lines[0] != "c2sp.org/tlog-proof@v1" or len(lines) > 3 + 63:
        raise EvidenceError(code, "the receipt is no tlog-proof")
    if not lines[1].startswith("extra ") or not lines[2].startswith("index "):
        raise EvidenceError(code, "the receipt lacks its extra or index line")
    extra = read_b64(lines[1][6:], code)
    index = read_decimal(lines[2][6:], code)
    hashes_read = [read_hash(line, code) for line in lines[3:]]
    checkpoint = read_checkpoint(note.encode())
    text = utf8(extra)
    rows = text[:-1].split("\n")
    at = 5
    if rows[0] != "evidence-ledger/entry/v1":
        at = next((n for n in range(5, len(rows)) if rows[n].startswith('{"crv":')), len(rows))
    if not text.endswith("\n") or len(rows) <= at or len(rows) > at + 6:
        raise EvidenceError(code, "extra is not an entry, a key and at most five disclosures")
    entry_index, at_time, jws = _read_entry(rows[:at])
    entry = "".join(row + "\n" for row in rows[:at]).encode()
    if len(entry) > ENTRY_BYTES:
        raise EvidenceError("entry-too-large", "the entry is larger than any")
    key = re.fullmatch(r'\{"crv":"Ed25519","kty":"OKP","x":"([A-Za-z0-9_-]{43})"\}', rows[at])
    if key is None:
        raise EvidenceError("key-malformed", "the signer's key is not in the form of RFC 7638")
    public_key = read_b64url(key.group(1))
    if not key_is_sound(public_key):
        raise EvidenceError("key-weak", "the signer's key is no canonical point of prime order")
    disclosures = [read_disclosure(row) for row in rows[at + 1 :]]
    return _Parsed(index, hashes_read, checkpoint, entry, entry_index, at_time, jws, public_key, disclosures)


def _read_entry(rows: List[str]) -> Tuple[int, str, Optional[str]]:
    """Page 03. The statement is None in a version that is not of this specification."""
    code = "entry-malformed"
    version = re.fullmatch(r"evidence-ledger/entry/v([1-9][0-9]{0,8})", rows[0])
    if version is None:
        raise EvidenceError(code, "the entry names no version")
    index = read_decimal(rows[1], code)
    read_time(rows[2], code)
    read_hash(rows[3], code)
    if version.group(1) != "1":
        return index, rows[2], None
    if rows[4] == "":
        raise EvidenceError(code, "the entry has no statement")
    return index, rows[2], rows[4]


def verify_receipt(data: bytes, policy: Policy, statement: Optional[str] = None) -> Receipt:
    """Verifies a receipt of a deposit, offline (page 06); with `statement`, that it is for that statement, byte for byte.

    Raises `EvidenceError` with the code of the first fault, and all of them in `faults`. Receipts of other kinds than
    `evidence.deposit`, and cosignatures with ML-DSA-44, are left to the full verifier: `not-judged`, `policy-unsupported`.
    """
    faults: List[EvidenceError] = []

    def found(code: str, why: str) -> None:
        faults.append(EvidenceError(code, why))

    try:
        read = _parse_receipt(data)
    except EvidenceError as error:
        raise EvidenceError(error.code, error.message, receipt=data, faults=[error.code]) from None
    cosigned = _check_checkpoint(read, policy, found)
    if read.index != read.entry_index:
        found("receipt-index", "the receipt names another index than its entry")
    else:
        point = read.checkpoint
        leaf = sha256(b"\x00", read.entry)
        if not inclusion_holds(read.index, point.size, leaf, read.hashes, point.root):
            found("inclusion-invalid", "the proof does not lead from the entry to the checkpoint")
    said = None
    claims: Dict[str, Any] = {}
    withheld = 0
    if read.jws is None:
        found("not-judged", "the entry is of a later version: needs a newer verifier")
    else:
        try:
            said = read_statement(read.jws)
            claims, withheld = _check_statement(read, said, found)
        except EvidenceError as error:
            faults.append(error)
    if statement is not None and read.jws != statement.split("~", 1)[0]:
        found("server-answer", "the receipt is for another statement")
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
        leaf_hash=b64(sha256(b"\x00", read.entry)),
        size=read.checkpoint.size,
        iss=said.payload["iss"],
        kid=said.kid,
        jti=said.payload["jti"],
        jws=said.jws,
        payload=said.payload,
        claims=claims,
        withheld=withheld,
        witnesses=cosigned,
    )


def _check_checkpoint(read: _Parsed, policy: Policy, found: Callable[[str, str], None]) -> Tuple[Tuple[str, int], ...]:
    """Page 06, step 2: the ledger, the policy of page 07, and the times of the witnesses."""
    point, text = read.checkpoint, read.checkpoint.text.encode()
    if not any(log.name == point.origin for log in policy.logs):
        found("receipt-other-ledger", f"the receipt is of {shown(point.origin)}, which the policy does not name")
        return ()
    known: Dict[Tuple[str, bytes], Vkey] = {}
    for vkey in (*policy.logs, *policy.witnesses.values()):
        known.setdefault((vkey.name, vkey.key_id), vkey)
    verified: Dict[bytes, int] = {}
    for line in point.signatures:
        vkey = known.get((line.name, line.key_id))
        if vkey is None or vkey.type not in (0x01, 0x04):
            continue
        if not _line_verifies(vkey, text, line.signature):
            found("signature-invalid", f"the signature of {shown(vkey.name)} under the checkpoint does not verify")
            return ()
        # Of several lines by one key the first counts.
        verified.setdefault(bytes([vkey.type]) + vkey.key, int.from_bytes(line.signature[:8], "big"))
    if not any(log.name == point.origin and b"\x01" + log.key in verified for log in policy.logs):
        found("checkpoint-untrusted", "no key of the policy signed the checkpoint")
        return ()
    cosigned = {
        name: verified[b"\x04" + vkey.key]
        for name, vkey in policy.witnesses.items()
        if vkey.type == 0x04 and b"\x04" + vkey.key in verified
    }
    for at in cosigned.values():
        if at * 1000 < read_time(read.time, "entry-malformed") - 60000:
            found("cosignature-early", "a witness cosigned before the time of the entry")
    lines = {(line.name, line.key_id) for line in point.signatures}

    def may_count(name: bytes) -> bool:
        vkey = policy.witnesses[name]
        return name in cosigned or (vkey.type != 0x04 and (vkey.name, vkey.key_id) in lines)

    if not policy.met(lambda name: name in cosigned):
        if policy.met(may_count):
            found("policy-unsupported", "the quorum rests on keys that this client does not verify")
        else:
            found("policy-unmet", "the witnesses that the policy asks for have not cosigned")
    return tuple((name.decode("utf-8", "replace"), at) for name, at in cosigned.items())


def _check_statement(
    read: _Parsed, said: Statement, found: Callable[[str, str], None]
) -> Tuple[Dict[str, Any], int]:
    """Page 06, steps 6 to 9: signer, audience, members, disclosures."""
    signed = said.jws.rpartition(".")[0].encode()
    if b64url(sha256(jwk_line(read.public_key).encode())) != said.kid:
        found("key-not-issuers", "the key in the receipt is not the one that the statement names")
    elif said.alg not in ("EdDSA", "Ed25519"):
        found("not-judged", "the signature is of a later algorithm: needs a newer verifier")
    elif not signature_is_valid(read.public_key, signed, said.signature):
        found("signature-invalid", "the statement's signature does not verify")
    if said.payload["aud"] != read.checkpoint.origin:
        found("audience-wrong", "the statement is for another ledger")
    if said.payload["kind"] != "evidence.deposit":
        found("not-judged", "the statement is no deposit: needs the full verifier")
        return {}, 0
    check_deposit(said.payload)
    sealed = said.payload.get("_sd", [])
    claims: Dict[str, Any] = {}
    digests = set()
    for one in read.disclosures:
        if one.digest not in sealed:
            raise EvidenceError("disclosure-foreign", "a disclosure was not sealed with this statement")
        if one.digest in digests or one.claim in claims:
            raise EvidenceError("disclosure-repeated", "a claim is disclosed twice")
        digests.add(one.digest)
        claims[one.claim] = one.value
    return claims, len(sealed) - len(digests)


def verify_file(receipt: Receipt, path: Union[str, "os.PathLike[str]"]) -> int:
    """The number of the item that a file is, by its size and every digest. Manifests are left to the full verifier."""
    items: List[Dict[str, Any]] = receipt.payload["items"]
    computable = [name for name in DIGEST_BYTES if name != "blake3" and any(name in item["digest"] for item in items)]
    size, digests = measure(path, computable)
    for number, item in enumerate(items):
        same = [digests[name] == text for name, text in item["digest"].items() if name in digests]
        if size != item["size"] or not all(same):
            continue
        if len(same) < len(item["digest"]):
            raise EvidenceError("digest-not-computable", "a digest cannot be computed here", faults=["digest-not-computable"])
        if "tree" in item:
            raise EvidenceError("not-judged", "the file is a manifest: needs the full verifier", faults=["not-judged"])
        return number
    code = "file-differs" if len(items) == 1 else "file-not-in-deposit"
    raise EvidenceError(code, "this file is not byte-identical to one that was deposited", faults=[code])


# ---- HTTP ------------------------------------------------------------------------------------------------------------


class _Watch:
    """Ends a request at its deadline, whatever it waits for then: a socket's own time-out begins anew with each byte."""

    def __init__(self, seconds: float) -> None:
        self.expired = False
        self.connection: Optional[http.client.HTTPConnection] = None
        self._kept: Optional[socket.socket] = None
        self._timer = threading.Timer(seconds, self._end)
        self._timer.daemon = True
        self._timer.start()

    def keep(self, sock: socket.socket) -> None:
        # A duplicate: TLS takes the descriptor out of the socket that it is given.
        self._kept = sock.dup()

    def _end(self) -> None:
        self.expired = True
        for sock in (self._kept, getattr(self.connection, "sock", None)):
            try:
                if sock is not None:
                    socket.socket.shutdown(sock, socket.SHUT_RDWR)
            except OSError:
                pass

    def close(self) -> None:
        self._timer.cancel()
        if self._kept is not None:
            self._kept.close()


class _Http(http.client.HTTPConnection):
    def __init__(self, *args: Any, watch: _Watch, **more: Any) -> None:
        super().__init__(*args, **more)
        self.watch = watch

    def connect(self) -> None:
        self.watch.connection = self
        super().connect()
        self.watch.keep(self.sock)


class _Https(http.client.HTTPSConnection):
    def __init__(self, *args: Any, watch: _Watch, context: ssl.SSLContext, **more: Any) -> None:
        super().__init__(*args, context=context, **more)
        self.watch, self.trust, self.named = watch, context, self.host

    def set_tunnel(self, host: str, port: Optional[int] = None, headers: Any = None) -> None:
        self.named = urllib.parse.urlsplit(f"//{host}").hostname or host
        super().set_tunnel(host, port, headers)

    def connect(self) -> None:
        self.watch.connection = self
        # TCP, and CONNECT where there is a proxy; then TLS, with the socket at hand for the watch.
        http.client.HTTPConnection.connect(self)
        self.watch.keep(self.sock)
        self.sock = self.trust.wrap_socket(self.sock, server_hostname=self.named)


class _HttpHandler(urllib.request.HTTPHandler):
    def http_open(self, req: Any) -> Any:
        return self.do_open(_Http, req, watch=req.watch)


class _HttpsHandler(urllib.request.HTTPSHandler):
    def __init__(self) -> None:
        self.trust = ssl.create_default_context()
        super().__init__(context=self.trust)

    def https_open(self, req: Any) -> Any:
        return self.do_open(_Https, req, context=self.trust, watch=req.watch)


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
    """A deposit whose receipt verified. `created` is False where the same bytes were deposited before."""

    created: bool
    receipt: Receipt


def base_url(text: str) -> str:
    """The base URL of a ledger, without final slashes. Raises `usage`, and never repeats what may be a password."""
    try:
        parts = urllib.parse.urlsplit(text)
        parts.port  # a port that is none is told by reading it
    except ValueError:
        raise EvidenceError("usage", "the URL of the ledger cannot be read") from None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise EvidenceError("usage", "the URL of the ledger is no http or https URL")
    if "@" in parts.netloc or parts.query or parts.fragment or not text.isascii() or not text.isprintable() or " " in text:
        raise EvidenceError("usage", "the URL of the ledger has a user name, a query, a fragment or a strange character")
    return text.rstrip("/")


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
        self.url = base_url(url)
        self.policy = policy
        self._key, self._issuer = key, issuer
        self._timeout, self._tries, self._max_wait, self._pause = timeout, max(1, tries), max_wait, pause
        self._opener = urllib.request.build_opener(_HttpHandler(), _HttpsHandler(), _Verbatim())

    # -- What it does --

    def deposit(self, statement: str) -> Deposit:
        """Sends one statement and verifies its receipt. Where the policy asks for witnesses, their cosignatures are awaited.

        Raises the server's code, `server-unreachable`, `server-answer`, or the code of what does not verify. After any of them
        the same text may be sent again: it is sequenced once.
        """
        _check_presentation(statement)
        path = "/v1/statements" + ("?wait=cosigned" if self.policy.asks_witnesses else "")
        headers = {"Content-Type": "application/sd-jwt", "Accept": "application/json"}
        unmet: Optional[EvidenceError] = None
        for attempt in range(self._tries):
            if unmet is not None:
                self._sleep(attempt, None)
            answer = self._send("POST", path, headers, statement.encode())
            if answer.status not in (200, 201, 202):
                raise _problem(answer.status, _document(answer.body), answer.retry_after)
            try:
                return self._accepted(statement, answer.status, _document(answer.body))
            except EvidenceError as error:
                if error.code != "policy-unmet" or not self.policy.asks_witnesses:
                    raise
                unmet = error
        assert unmet is not None
        raise unmet

    def deposit_many(self, statements: Sequence[str]) -> List[Union[Deposit, EvidenceError]]:
        """Sends statements in batches. Gives, in their order, the deposit or the error of each; one does not affect another."""
        for statement in statements:
            _check_presentation(statement)
        results: Dict[int, Union[Deposit, EvidenceError]] = {}
        pending = list(range(len(statements)))
        for attempt in range(self._tries):
            busy: List[int] = []
            for chunk in _chunks(pending, statements):
                for number, result in zip(chunk, self._batch([statements[number] for number in chunk])):
                    results[number] = result
                    if isinstance(result, EvidenceError) and result._again:
                        busy.append(number)
            pending = busy
            if not pending or attempt + 1 == self._tries:
                break
            # A line has no Retry-After: the server's least is a second.
            self._sleep(attempt, 1.0)
        if self.policy.asks_witnesses:
            # A batch does not wait for witnesses: each statement is asked for again, as the same bytes, until they have cosigned.
            for number, result in results.items():
                if isinstance(result, EvidenceError) and result.code == "policy-unmet":
                    results[number] = _caught(lambda: self.deposit(statements[number]))
        return [results[number] for number in range(len(statements))]

    def receipt(self, index: int, statement: Optional[str] = None) -> Receipt:
        """Fetches the receipt of an entry, with the disclosures that this reader may see, and verifies it."""
        if not _is_count(index):
            raise EvidenceError("usage", "an index is a count from 0")
        headers = {"Accept": "application/json", **self._authorization()}
        answer = self._send("GET", f"/v1/entries/{index}/receipt", headers, None)
        document = _document(answer.body)
        if answer.status != 200:
            raise _problem(answer.status, document, answer.retry_after)
        receipt = verify_receipt(_receipt_bytes(document), self.policy, statement)
        if receipt.index != index:
            raise EvidenceError("server-answer", "the receipt is of another entry", receipt=receipt.data)
        return receipt

    # -- How --

    def _authorization(self) -> Dict[str, str]:
        """Page 11: a token for this server alone, of five minutes."""
        if self._key is None or self._issuer is None:
            return {}
        now = int(time.time())
        payload = {"iss": self._issuer, "aud": self.url, "iat": now, "exp": now + 300}
        return {"Authorization": "Bearer " + _sign_jws(self._key, "evidence-access+jwt", payload)}

    def _batch(self, statements: Sequence[str]) -> Sequence[Union[Deposit, EvidenceError]]:
        headers = {"Content-Type": "application/x-ndjson", "Accept": "application/x-ndjson"}
        body = "".join(statement + "\n" for statement in statements).encode()
        # Each line may be answered by a receipt, which has at most 1 MiB.
        limit = min(64, 1 + 2 * len(statements)) * 1048576
        try:
            answer = self._send("POST", "/v1/statements", headers, body, limit)
            if answer.status != 200:
                raise _problem(answer.status, _document(answer.body), answer.retry_after)
            lines = answer.body.split(b"\n")
            if lines.pop() != b"" or len(lines) != len(statements):
                raise EvidenceError("server-answer", "the server answered another number of lines")
        except EvidenceError as error:
            # The request as a whole was tried as often as it may be.
            return [error] * len(statements)
        return [_caught(lambda: self._line(*pair)) for pair in zip(statements, lines)]

    def _line(self, statement: str, line: bytes) -> Deposit:
        document = _document(line)
        status = document.get("status")
        if not _is_count(status, 100, 599):
            raise EvidenceError("server-answer", "a line of the answer has no status")
        if status not in (200, 201):
            refusal = _problem(status, document, None)
            refusal._again = status in PASSING
            raise refusal
        return self._accepted(statement, status, document)

    def _accepted(self, statement: str, status: int, document: Mapping[str, Any]) -> Deposit:
        receipt = verify_receipt(_receipt_bytes(document), self.policy, statement)
        said = (document.get("index"), document.get("time"), document.get("leafHash"))
        if said != (receipt.index, receipt.time, receipt.leaf_hash):
            raise EvidenceError("server-answer", "the answer is not what its receipt says", receipt=receipt.data)
        return Deposit(status == 201, receipt)

    def _sleep(self, attempt: int, asked: Optional[float]) -> None:
        """Doubles with each try; the jitter keeps clients that were refused together from coming back together."""
        backoff = min(30.0, self._pause * 2**attempt)
        time.sleep((asked or 0.0) + backoff * random.uniform(0.5, 1.0))

    def _send(
        self, method: str, path: str, headers: Mapping[str, str], body: Optional[bytes], limit: int = 4 * 1048576
    ) -> _Answer:
        """One request, sent again as the same bytes while the server is busy or out of reach."""
        for attempt in range(self._tries):
            last = attempt + 1 == self._tries
            try:
                answer = self._once(method, path, headers, body, limit)
            except _Broken as broken:
                if last or broken.final:
                    raise EvidenceError("server-unreachable", f"the ledger cannot be reached: {broken}") from None
                self._sleep(attempt, None)
                continue
            if answer.status not in PASSING or last or (answer.retry_after or 0.0) > self._max_wait:
                return answer
            self._sleep(attempt, answer.retry_after)
        raise AssertionError("unreachable")

    def _once(
        self, method: str, path: str, headers: Mapping[str, str], body: Optional[bytes], limit: int
    ) -> _Answer:
        request = urllib.request.Request(self.url + path, data=body, method=method, headers=dict(headers))
        request.add_header("User-Agent", f"evidence-client-python/{VERSION}")
        watch = _Watch(self._timeout)
        request.watch = watch  # type: ignore[attr-defined]
        try:
            with self._opener.open(request, timeout=self._timeout) as response:
                return _read_answer(response, limit)
        except EvidenceError:
            raise
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise _Broken(error, watch.expired, self._timeout) from None
        finally:
            watch.close()


class _Broken(Exception):
    """A request without an answer. Says what kind of failure it was, and nothing of what was sent."""

    def __init__(self, error: Exception, expired: bool, timeout: float) -> None:
        reason = error.reason if isinstance(error, urllib.error.URLError) else error
        # A certificate that is not trusted now will not be in a second.
        self.final = isinstance(reason, ssl.SSLCertVerificationError)
        if expired or isinstance(reason, (TimeoutError, socket.timeout)):
            super().__init__(f"no answer within {timeout:g} s")
        elif self.final:
            super().__init__("its certificate is not trusted here")
        else:
            name = getattr(reason, "strerror", None)
            super().__init__(name if isinstance(name, str) else type(reason).__name__)


def _read_answer(response: Any, limit: int) -> _Answer:
    status, headers = response.status, response.headers
    if 300 <= status < 400:
        raise EvidenceError("server-answer", "the server redirects, and redirects are not followed", status=status)
    if headers.get("Content-Encoding", "identity").strip().lower() != "identity":
        raise EvidenceError("server-answer", "the answer is encoded, which was not asked for", status=status)
    length = headers.get("Content-Length", "")
    expected = int(length) if re.fullmatch(r"[0-9]{1,15}", length) else None
    body = bytearray()
    while expected is None or expected <= limit:
        piece = response.read1(65536)
        if not piece:
            break
        body += piece
        if len(body) > limit:
            break
    if len(body) > limit or (expected or 0) > limit:
        raise EvidenceError("server-answer", f"the answer is larger than {limit} bytes", status=status)
    if expected is not None and len(body) < expected:
        raise http.client.IncompleteRead(b"", expected - len(body))
    return _Answer(status, bytes(body), _retry_after(headers.get("Retry-After", "")))


def _retry_after(text: str) -> Optional[float]:
    if re.fullmatch(r"[0-9]{1,9}", text) is not None:
        return float(text)
    try:
        at = email.utils.parsedate_to_datetime(text)
        return max(0.0, at.timestamp() - time.time())
    except (TypeError, ValueError, IndexError, OverflowError):
        return None


def _document(body: bytes) -> Dict[str, Any]:
    try:
        return read_json_object(body)
    except EvidenceError:
        return {}


def _receipt_bytes(document: Mapping[str, Any]) -> bytes:
    receipt = document.get("receipt")
    if not isinstance(receipt, str):
        raise EvidenceError("server-answer", "the answer is no JSON with a receipt")
    return receipt.encode()


def _problem(status: int, document: Mapping[str, Any], retry_after: Optional[float]) -> EvidenceError:
    """The error that a problem document states: its words are the server's, and are shown shortened."""
    code, detail, request, index = (document.get(name) for name in ("code", "detail", "request", "index"))
    if not isinstance(code, str) or re.fullmatch(CODE, code) is None:
        code, detail = "server-answer", f"the server answered {status} with no problem document"
    receipt = document.get("receipt")
    return EvidenceError(
        code,
        shown(detail) if isinstance(detail, str) else "refused",
        status=status,
        request_id=shown(request) if isinstance(request, str) else None,
        retry_after=retry_after,
        index=index if _is_count(index) else None,
        receipt=receipt.encode() if isinstance(receipt, str) else None,
    )


def _caught(call: Callable[[], Deposit]) -> Union[Deposit, EvidenceError]:
    try:
        return call()
    except EvidenceError as error:
        return error


def _check_presentation(statement: str) -> None:
    """Only the characters of a presentation: a line feed would be another statement of the batch."""
    if re.fullmatch(r"[A-Za-z0-9_.~-]{1,262144}", statement) is None:
        raise EvidenceError("jws-malformed", "the statement is no signed statement with its disclosures")


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


def _receipt_json(receipt: Receipt) -> Dict[str, Any]:
    return {
        "origin": receipt.origin,
        "index": receipt.index,
        "time": receipt.time,
        "leafHash": receipt.leaf_hash,
        "size": receipt.size,
        "iss": receipt.iss,
        "kid": receipt.kid,
        "claims": receipt.claims,
        "withheld": receipt.withheld,
        "witnesses": [list(pair) for pair in receipt.witnesses],
    }


def _key_json(key: SigningKey) -> Dict[str, Any]:
    return {"thumbprint": key.thumbprint, "grouped": grouped(key.thumbprint), "jwk": key.jwk}


def _key_of(args: argparse.Namespace) -> SigningKey:
    return SigningKey.load(args.key, args.passphrase_file)


def _client_of(args: argparse.Namespace, key: Optional[SigningKey]) -> Client:
    policy = Policy.load(args.policy)
    return Client(args.url, policy, key=key, issuer=args.id, timeout=args.timeout, tries=args.tries)


def _statement_of(path: str, args: argparse.Namespace, key: SigningKey, origin: str) -> str:
    """The statement that waits beside a file since an earlier run, or a new one, which is kept before it is sent."""
    waiting = path + ".evidence-statement"
    item = item_of_file(path, args.digest)
    if os.path.exists(waiting):
        statement = utf8(read_private_file(waiting)).rstrip("\n")
        payload = read_statement(statement.split("~", 1)[0]).payload
        if [dict(one) for one in payload.get("items", [])] != [item]:
            raise EvidenceError("deposit-differs", f"{shown(waiting)} is for another content than that of the file")
        return statement
    sealed: Dict[str, Any] = {"names": [os.path.basename(path)]}
    if args.case is not None:
        sealed["case"] = [{"number": args.case}]
    if args.note is not None:
        sealed["note"] = args.note
    statement = deposit_statement(key, args.id, origin, [item], sealed)
    write_new_file(waiting, statement.encode() + b"\n")
    return statement


def _deposit_command(args: argparse.Namespace) -> Dict[str, Any]:
    key = _key_of(args)
    client = _client_of(args, key)
    for path in args.file:
        if os.path.exists(path + ".tlog-proof"):
            raise EvidenceError("file-exists", f"{shown(path)}.tlog-proof is there: the file was deposited")
    statements = [_statement_of(path, args, key, client.policy.origin) for path in args.file]
    if len(statements) == 1:
        results: Sequence[Union[Deposit, EvidenceError]] = [client.deposit(statements[0])]
    else:
        results = client.deposit_many(statements)
    rows: List[Dict[str, Any]] = []
    for path, result in zip(args.file, results):
        if isinstance(result, EvidenceError):
            rows.append({"file": path, "error": result.as_json()})
            continue
        write_new_file(path + ".tlog-proof", result.receipt.data)
        os.unlink(path + ".evidence-statement")
        rows.append({"file": path, "created": result.created, **_receipt_json(result.receipt)})
    return {"deposits": rows}


def _receipt_command(args: argparse.Namespace) -> Dict[str, Any]:
    key = _key_of(args) if args.key is not None else None
    receipt = _client_of(args, key).receipt(args.index)
    write_new_file(args.out, receipt.data)
    return _receipt_json(receipt)


def _verify_command(args: argparse.Namespace) -> Dict[str, Any]:
    try:
        with open(args.receipt, "rb") as file:
            data = file.read(RECEIPT_BYTES + 1)
        statement = None
        if args.statement is not None:
            with open(args.statement, "rb") as file:
                statement = utf8(file.read(RECEIPT_BYTES)).rstrip("\n")
    except OSError as error:
        raise EvidenceError("file-unreadable", f"{shown(str(error.filename))}: {error.strerror}") from None
    receipt = verify_receipt(data, Policy.load(args.policy), statement)
    found = _receipt_json(receipt)
    return found if args.file is None else {**found, "item": verify_file(receipt, args.file)}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="A small client of the evidence ledger.")
    commands = parser.add_subparsers(dest="command", required=True)

    def command(name: str, run: Callable[[argparse.Namespace], Dict[str, Any]], what: str) -> argparse.ArgumentParser:
        one = commands.add_parser(name, help=what, description=what)
        one.set_defaults(run=run)
        one.add_argument("--json", action="store_true", help="print one JSON document")
        return one

    def remote(one: argparse.ArgumentParser, key_needed: bool) -> None:
        one.add_argument("--url", required=True, help="base URL of the ledger")
        one.add_argument("--policy", required=True, help="policy file: whose key is trusted")
        one.add_argument("--key", required=key_needed, help="key file, PKCS#8 in PEM")
        one.add_argument("--id", required=key_needed, help="participant id of the key's owner")
        one.add_argument("--passphrase-file", help="file that has the key file's passphrase")
        one.add_argument("--timeout", type=float, default=60.0, help="seconds for one try")
        one.add_argument("--tries", type=int, default=5, help="how often the same request is sent at most")

    keygen = command("keygen", lambda args: _key_json(SigningKey.create(args.out)), "make a key file")
    keygen.add_argument("--out", required=True, help="the new file")
    thumb = command("thumbprint", lambda args: _key_json(_key_of(args)), "show the thumbprint of a key file")
    thumb.add_argument("key", help="key file, PKCS#8 in PEM")
    thumb.add_argument("--passphrase-file", help="file that has the key file's passphrase")
    deposit = command("deposit", _deposit_command, "deposit files, and keep each receipt beside its file")
    remote(deposit, True)
    deposit.add_argument("file", nargs="+")
    deposit.add_argument("--case", help="case number, sealed")
    deposit.add_argument("--note", help="note, sealed")
    deposit.add_argument("--digest", nargs="+", default=["sha256"], help="digests, sha256 alone where none is named")
    receipt = command("receipt", _receipt_command, "fetch and verify the receipt of an entry")
    remote(receipt, False)
    receipt.add_argument("index", type=int)
    receipt.add_argument("--out", required=True, help="the new file")
    verify = command("verify", _verify_command, "verify a receipt, and a file against it, offline")
    verify.add_argument("file", nargs="?")
    verify.add_argument("--receipt", required=True)
    verify.add_argument("--policy", required=True)
    verify.add_argument("--statement", help="file of the statement that the receipt has to be for")
    return parser


def exit_code(error: EvidenceError) -> int:
    """0 fine, 1 does not verify, 2 usage, 3 could not be done, 4 not judged: needs the full verifier."""
    if error.code in NOT_JUDGED and error.faults:
        return 4
    return 1 if error.faults else 2 if error.code in ("usage", "file-exists", "deposit-differs") else 3


def main(argv: Optional[Sequence[str]] = None) -> int:
    args = _parser().parse_args(argv)
    try:
        found = args.run(args)
    except EvidenceError as error:
        if args.json:
            print(json.dumps({"error": error.as_json()}, indent=2))
        else:
            print(error, file=sys.stderr)
        return exit_code(error)
    if args.json:
        print(json.dumps(found, indent=2))
    else:
        for row in found.get("deposits", [found]):
            print("\n".join(f"{name}: {shown(json.dumps(value, ensure_ascii=False))}" for name, value in row.items()))
    return 3 if any("error" in row for row in found.get("deposits", [])) else 0


if __name__ == "__main__":
    sys.exit(main())
