#!/usr/bin/env python3
"""A second verifier of the evidence ledger, independent of the first.

It was written from the specification (docs/spec, version 1) and its test vectors alone, by reading no line of the
ledger's own code, and shares nothing with it: another language, another library for signatures, other parsers. What
both say alike is therefore not the mistake of one program.

    python3 evidence_verify.py check FILE --receipt FILE.tlog-proof --policy court.policy
    python3 evidence_verify.py check PACKAGE --policy court.policy
    python3 evidence_verify.py verify EXPORT_FOLDER --policy court.policy

The file is meant to be read from top to bottom beside the specification. Its sections follow the pages and bear their
numbers; each function names the rule it carries out, by page and heading. It needs Python 3.9 or newer and the package
`cryptography`, which is asked for three things: the equation of an Ed25519 signature (OpenSSL), the digest SM3, and,
from version 47 on, the verification of ML-DSA-44 cosignatures. Without the last all else is judged, and they are named.

It never writes, never uses the network, and trusts nothing but the policy that it is given.
"""

from __future__ import annotations

import argparse
import base64
import binascii
import datetime
import errno
import hashlib
import io
import json
import os
import re
import stat
import struct
import sys
import unicodedata
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, BinaryIO, Callable, NamedTuple, Optional

try:
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
except ImportError:
    sys.stderr.write(
        'The Python package "cryptography" is missing: "apt-get install python3-cryptography", or '
        '"pip install cryptography".\n'
    )
    sys.exit(3)
try:
    from cryptography.hazmat.primitives.asymmetric import mldsa
except ImportError:
    mldsa = None  # before version 47: cosignatures with ML-DSA-44 cannot be verified, and are said not to be


class Refused(Exception):
    """An input breaks a rule. `code` is the name that the specification gives to the breach."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


# =====================================================================================================================
# Page 01: Primitives
# =====================================================================================================================

MAX_INTEGER = 2**53 - 1
MOST_SECONDS = 253402300799  # 9999-12-31T23:59:59Z: no time in seconds is later (page 01, "Time")


def read_utf8(data: bytes) -> str:
    """Page 01, "Bytes, text, lines". Python's decoder refuses overlong forms and surrogates, and skips no mark."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Refused("utf8-malformed", f"byte {error.start} begins no UTF-8 character") from None


def read_decimal(text: str, code: str) -> int:
    """Page 01, `decimal`: no sign, no leading zero, at most 2^53-1."""
    if re.fullmatch(r"0|[1-9][0-9]{0,15}", text) is None or int(text) > MAX_INTEGER:
        raise Refused(code, f"{shown(text)} is no decimal number from 0 to {MAX_INTEGER}")
    return int(text)


# ---- Binary in text -------------------------------------------------------------------------------------------------


def read_base64(text: str, code: str = "base64-malformed") -> bytes:
    """Page 01, "Binary in text": padded base64, in the one spelling that its encoder writes."""
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        data = None
    if data is None or base64.b64encode(data).decode() != text:
        raise Refused(code, f"{shown(text)} is no canonical base64")
    return data


def write_base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def read_base64url(text: str, code: str = "base64-malformed") -> bytes:
    """Page 01, "Binary in text": base64url without padding, in its one spelling."""
    data = None
    if re.fullmatch(r"[A-Za-z0-9_-]*", text) is not None and len(text) % 4 != 1:
        data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    if data is None or write_base64url(data) != text:
        raise Refused(code, f"{shown(text)} is no canonical base64url")
    return data


def write_base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def read_hex(text: str, code: str = "hex-malformed") -> bytes:
    """Page 01, "Binary in text": lower case, two digits a byte."""
    if re.fullmatch(r"(?:[0-9a-f]{2})*", text) is None:
        raise Refused(code, f"{shown(text)} is no lower-case hex")
    return bytes.fromhex(text)


def read_hash(text: str, code: str) -> bytes:
    """A hash as 44 characters of base64."""
    data = read_base64(text, code)
    if len(data) != 32:
        raise Refused(code, f"{shown(text)} is base64 of {len(data)} bytes, where a hash has 32")
    return data


# ---- Hash and tree --------------------------------------------------------------------------------------------------


def sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def leaf_hash(leaf: bytes) -> bytes:
    return sha256(b"\x00" + leaf)


def node_hash(left: bytes, right: bytes) -> bytes:
    return sha256(b"\x01" + left + right)


def tree_root(leaf_hashes: Sequence[bytes]) -> bytes:
    """Page 01, "Hash and tree": the root over leaf hashes.

    Computed level by level: neighbours are hashed together, and one without a neighbour rises as it is. That is the
    tree of RFC 6962, whose left part is the largest power of two smaller than the whole.
    """
    if not leaf_hashes:
        return sha256(b"")
    level = list(leaf_hashes)
    while len(level) > 1:
        odd_one = level[-1:] if len(level) % 2 else []
        level = [node_hash(level[i], level[i + 1]) for i in range(0, len(level) - 1, 2)] + odd_one
    return level[0]


def inclusion_holds(index: int, size: int, leaf: bytes, proof: Sequence[bytes], root: bytes) -> bool:
    """Page 01, "Verifying an inclusion proof". `leaf` is the leaf's hash."""
    if not 0 <= index < size or any(len(part) != 32 for part in [leaf, root, *proof]):
        return False
    fn, sn, running = index, size - 1, leaf
    for sibling in proof:
        if sn == 0:
            return False
        if fn % 2 == 1 or fn == sn:
            running = node_hash(sibling, running)
            while fn % 2 == 0 and fn != 0:
                fn, sn = fn // 2, sn // 2
        else:
            running = node_hash(running, sibling)
        fn, sn = fn // 2, sn // 2
    return sn == 0 and running == root


def consistency_holds(size1: int, root1: bytes, size2: int, root2: bytes, proof: Sequence[bytes]) -> bool:
    """Page 01, "Verifying a consistency proof". A re-walk has all leaves and needs none."""
    if not 0 < size1 <= size2 or any(len(part) != 32 for part in [root1, root2, *proof]):
        return False
    if size1 == size2:
        return not proof and root1 == root2
    is_power_of_two = size1 & (size1 - 1) == 0
    path = [root1, *proof] if is_power_of_two else list(proof)
    if len(path) < 2:
        return False
    fn, sn = size1 - 1, size2 - 1
    while fn % 2 == 1:
        fn, sn = fn // 2, sn // 2
    running1 = running2 = path[0]
    for part in path[1:]:
        if sn == 0:
            return False
        if fn % 2 == 1 or fn == sn:
            running1, running2 = node_hash(part, running1), node_hash(part, running2)
            while fn % 2 == 0 and fn != 0:
                fn, sn = fn // 2, sn // 2
        else:
            running2 = node_hash(running2, part)
        fn, sn = fn // 2, sn // 2
    return sn == 0 and running1 == root1 and running2 == root2


# ---- Ed25519, one rule everywhere -----------------------------------------------------------------------------------

FIELD = 2**255 - 19
GROUP_ORDER = 2**252 + 27742317777372353535851937790883648493
CURVE_D = -121665 * pow(121666, FIELD - 2, FIELD) % FIELD
SQUARE_ROOT_OF_MINUS_1 = pow(2, (FIELD - 1) // 4, FIELD)

# Extended coordinates X, Y, Z, T of RFC 8032 section 5.1.4: x = X/Z, y = Y/Z, T = XY/Z.
Point = tuple[int, int, int, int]
IDENTITY: Point = (0, 1, 1, 0)


def decode_point(data: bytes) -> Optional[Point]:
    """Page 01, Ed25519, item 1: the point that 32 bytes encode canonically, else None (RFC 8032 section 5.1.3)."""
    number = int.from_bytes(data, "little")
    sign, y = number >> 255, number & (2**255 - 1)
    if y >= FIELD:
        return None
    u, v = (y * y - 1) % FIELD, (CURVE_D * y * y + 1) % FIELD
    x = u * pow(v, 3, FIELD) * pow(u * pow(v, 7, FIELD), (FIELD - 5) // 8, FIELD) % FIELD
    if (v * x * x + u) % FIELD == 0:
        x = x * SQUARE_ROOT_OF_MINUS_1 % FIELD
    if (v * x * x - u) % FIELD != 0:
        return None
    if x == 0 and sign == 1:
        return None
    if x % 2 != sign:
        x = FIELD - x
    return (x, y, 1, x * y % FIELD)


def add_points(p: Point, q: Point) -> Point:
    """The complete addition of RFC 8032 section 5.1.4; it doubles, too."""
    a = (p[1] - p[0]) * (q[1] - q[0]) % FIELD
    b = (p[1] + p[0]) * (q[1] + q[0]) % FIELD
    c = 2 * p[3] * q[3] * CURVE_D % FIELD
    d = 2 * p[2] * q[2] % FIELD
    e, f, g, h = b - a, d - c, d + c, b + a
    return (e * f % FIELD, g * h % FIELD, f * g % FIELD, e * h % FIELD)


def multiply_point(factor: int, point: Point) -> Point:
    result = IDENTITY
    while factor > 0:
        if factor % 2 == 1:
            result = add_points(result, point)
        point = add_points(point, point)
        factor //= 2
    return result


def is_identity(point: Point) -> bool:
    return point[0] == 0 and point[1] == point[2]


def is_of_small_order(point: Point) -> bool:
    """Page 01, Ed25519, item 2: eight times the point is the identity."""
    return is_identity(multiply_point(8, point))


@lru_cache(maxsize=65536)
def public_key_is_sound(key: bytes) -> bool:
    """Page 01, Ed25519, items 1 to 3 about A. Multiplying by L takes milliseconds, so each key is examined once."""
    point = decode_point(key) if len(key) == 32 else None
    return point is not None and not is_of_small_order(point) and is_identity(multiply_point(GROUP_ORDER, point))


@lru_cache(maxsize=4096)
def openssl_key(key: bytes) -> Ed25519PublicKey:
    return Ed25519PublicKey.from_public_bytes(key)


def signature_is_valid(key: bytes, message: bytes, signature: bytes) -> bool:
    """Page 01, Ed25519, items 1 to 5.

    OpenSSL computes S·B - h·A and compares its encoding with R. That is the cofactorless equation of item 5; items 1
    to 4 are examined here.
    """
    if len(signature) != 64 or not public_key_is_sound(key):
        return False
    if int.from_bytes(signature[32:], "little") >= GROUP_ORDER:
        return False
    r = decode_point(signature[:32])
    if r is None or is_of_small_order(r):
        return False
    try:
        openssl_key(key).verify(signature, message)
    except InvalidSignature:
        return False
    return True


# ---- Public keys ----------------------------------------------------------------------------------------------------


def canonical_jwk(x: str) -> str:
    """Page 01, "Public keys": the RFC 7638 form."""
    return '{"crv":"Ed25519","kty":"OKP","x":"' + x + '"}'


def thumbprint_of(public_key: bytes) -> str:
    """Page 01, "Public keys": base64url of SHA-256 of the RFC 7638 form."""
    return write_base64url(sha256(canonical_jwk(write_base64url(public_key)).encode()))


def read_jwk_line(line: str) -> bytes:
    """Page 01, "Public keys", last paragraph: the key of a line in RFC 7638 form."""
    match = re.fullmatch(r'\{"crv":"Ed25519","kty":"OKP","x":"([A-Za-z0-9_-]{43})"\}', line)
    if match is None:
        raise Refused("key-malformed", "the key is not in the form of RFC 7638")
    public_key = read_base64url(match.group(1))
    if not public_key_is_sound(public_key):
        raise Refused("key-weak", "the key is no canonical point of prime order")
    return public_key


# ---- JSON -----------------------------------------------------------------------------------------------------------

JSON_SPACE = re.compile(r"[ \t\n\r]*")
JSON_NUMBER_RUN = re.compile(r"[-+.0123456789eE]+")
JSON_NUMBER = re.compile(r"0|-?[1-9][0-9]{0,15}")
JSON_PLAIN = re.compile(r'[^"\\\x00-\x1f]*')
JSON_ESCAPES = {'"': '"', "\\": "\\", "/": "/", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
JSON_SURROGATE = re.compile("[\ud800-\udfff]")
JSON_FORBIDDEN = re.compile(
    "[\x00\ufdd0-\ufdef"
    + "".join(chr(plane * 0x10000 + last) for plane in range(17) for last in (0xFFFE, 0xFFFF))
    + "]"
)
JSON_LITERALS = (("true", True), ("false", False), ("null", None))
JSON_DEPTH = 16


class JsonReader:
    """Page 01, "JSON": one text, read once from left to right. Objects become dicts, in which any name can stand."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def whole(self) -> Any:
        value = self.value(0)
        self.skip_space()
        if self.at != len(self.text):
            raise self.malformed("something follows the value")
        return value

    def malformed(self, message: str) -> Refused:
        return Refused("json-malformed", f"character {self.at}: {message}")

    def skip_space(self) -> None:
        self.at = JSON_SPACE.match(self.text, self.at).end()

    def next_is(self, character: str) -> bool:
        """Skips white space, and the character if it comes next."""
        self.skip_space()
        if not self.text.startswith(character, self.at):
            return False
        self.at += len(character)
        return True

    def value(self, depth: int) -> Any:
        self.skip_space()
        for literal, meaning in JSON_LITERALS:
            if self.text.startswith(literal, self.at):
                self.at += len(literal)
                return meaning
        if self.next_is("{"):
            return self.object(self.deeper(depth))
        if self.next_is("["):
            return self.array(self.deeper(depth))
        if self.next_is('"'):
            return self.string()
        run = JSON_NUMBER_RUN.match(self.text, self.at)
        if run is None:
            raise self.malformed("no value begins here")
        return self.number(run.group())

    def deeper(self, depth: int) -> int:
        if depth == JSON_DEPTH:
            raise Refused("json-depth", f"character {self.at}: nested more than {JSON_DEPTH} deep")
        return depth + 1

    def object(self, depth: int) -> dict[str, Any]:
        members: dict[str, Any] = {}
        if self.next_is("}"):
            return members
        while True:
            if not self.next_is('"'):
                raise self.malformed("a member's name has to stand here")
            name = self.string()
            if name in members:
                raise Refused("json-duplicate-member", f"the member {shown(name)} stands twice")
            if not self.next_is(":"):
                raise self.malformed("a colon has to stand here")
            members[name] = self.value(depth)
            if self.next_is("}"):
                return members
            if not self.next_is(","):
                raise self.malformed("a comma or the end of the object has to stand here")

    def array(self, depth: int) -> list[Any]:
        elements: list[Any] = []
        if self.next_is("]"):
            return elements
        while True:
            elements.append(self.value(depth))
            if self.next_is("]"):
                return elements
            if not self.next_is(","):
                raise self.malformed("a comma or the end of the array has to stand here")

    def number(self, run: str) -> int:
        if JSON_NUMBER.fullmatch(run) is None or abs(int(run)) > MAX_INTEGER:
            raise Refused("json-number", f"character {self.at}: {shown(run)} is no integer within ±(2^53-1)")
        self.at += len(run)
        return int(run)

    def string(self) -> str:
        """The string whose opening quotation mark was read."""
        parts: list[str] = []
        while True:
            run = JSON_PLAIN.match(self.text, self.at)
            parts.append(run.group())
            self.at = run.end()
            if self.text.startswith('"', self.at):
                self.at += 1
                return self.without_forbidden("".join(parts))
            if not self.text.startswith("\\", self.at):
                raise self.malformed("a string ends early, or holds a control character")
            parts.append(self.escape())

    def escape(self) -> str:
        letter = self.text[self.at + 1 : self.at + 2]
        if letter in JSON_ESCAPES:
            self.at += 2
            return JSON_ESCAPES[letter]
        digits = self.text[self.at + 2 : self.at + 6]
        if letter != "u" or re.fullmatch(r"[0-9A-Fa-f]{4}", digits) is None:
            raise self.malformed("no escape of RFC 8259")
        self.at += 6
        return chr(int(digits, 16))

    def without_forbidden(self, string: str) -> str:
        """Joins escaped surrogates to characters; refuses unpaired ones, U+0000 and noncharacters."""
        if JSON_SURROGATE.search(string) is not None:
            try:
                string = string.encode("utf-16-le", "surrogatepass").decode("utf-16-le")
            except UnicodeDecodeError:
                raise Refused("json-string", "a string holds an unpaired surrogate") from None
        if JSON_FORBIDDEN.search(string) is not None:
            raise Refused("json-string", "a string holds U+0000 or a noncharacter")
        return string


def read_json(data: bytes) -> Any:
    """Page 01, "JSON"."""
    if data.startswith(b"\xef\xbb\xbf"):
        raise Refused("utf8-malformed", "the JSON begins with a byte order mark")
    return JsonReader(read_utf8(data)).whole()


def read_json_object(data: bytes) -> dict[str, Any]:
    value = read_json(data)
    if not isinstance(value, dict):
        raise Refused("json-malformed", "the JSON is no object")
    return value


# ---- Time, names ----------------------------------------------------------------------------------------------------


def read_time(text: str, code: str = "time-malformed") -> int:
    """Page 01, "Time": milliseconds since 1970 of a time of exactly 24 characters."""
    match = re.fullmatch(r"([0-9]{4})-([0-9]{2})-([0-9]{2})T([0-9]{2}):([0-9]{2}):([0-9]{2})\.([0-9]{3})Z", text)
    try:
        year, month, day, hour, minute, second, millisecond = (int(part) for part in match.groups())
        at = datetime.datetime(year, month, day, hour, minute, second)
    except (AttributeError, ValueError):
        raise Refused(code, f"{shown(text)} is no time YYYY-MM-DDTHH:MM:SS.mmmZ") from None
    since = at - datetime.datetime(1970, 1, 1)
    return (since.days * 86400 + since.seconds) * 1000 + millisecond


def is_origin(text: str) -> bool:
    return re.fullmatch(r"[\x21-\x2a\x2c-\x7e]{1,255}", text) is not None


def is_participant_id(text: str) -> bool:
    return re.fullmatch(r"[a-z0-9._-]{1,64}", text) is not None


def is_uuid(text: str) -> bool:
    return re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", text) is not None


def shown(value: Any) -> str:
    """For reports: a text from outside, in quotation marks, short, without anything that a terminal would act on."""
    text = json.dumps(value, ensure_ascii=False)
    return visible(text if len(text) <= 200 else text[:200] + "…")


# Default_Ignorable_Code_Point, as far as `isprintable` lets it pass: characters that nobody sees.
IGNORED = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]")


def is_visible(character: str) -> bool:
    """No control, bidirectional, invisible or unassigned character; U+3000, the space of Chinese text, is seen."""
    return (character.isprintable() and IGNORED.match(character) is None) or character == "\u3000"


def visible(text: str) -> str:
    """One line for people, whatever the text holds: what a terminal would act on, or nobody sees, as `\\u{hex}`."""
    return "".join(c if is_visible(c) else f"\\u{{{ord(c):x}}}" for c in text)


def json_text(document: Any) -> str:
    """JSON that a terminal can show: the same document, with the same characters escaped as JSON has it."""

    def escaped(character: str) -> str:
        units = character.encode("utf-16-be", "surrogatepass")
        return "".join(f"\\u{units[at]:02x}{units[at + 1]:02x}" for at in range(0, len(units), 2))

    text = json.dumps(document, ensure_ascii=False, indent=2)
    return "".join(c if c == "\n" or is_visible(c) else escaped(c) for c in text)


# =====================================================================================================================
# Page 02: Statement
# =====================================================================================================================

STATEMENT_TYPE = "evidence-statement+sd-jwt"
POSSESSION_TYPE = "evidence-key-possession+jwt"
KNOWN_ALGORITHMS = ("Ed25519", "EdDSA")
LONGEST_HEADER = 1024  # bytes; 1,366 characters of base64url
SEALED_CLAIMS = (
    "names",
    "case",
    "collection",
    "note",
    "ext",
    "offer",
    "acceptance",
    "details",
    "ground",
    "reasons",
    "terms",
    "basis",
)


class Jws(NamedTuple):
    """A compact JWS whose envelope and header are in order."""

    signing_input: bytes
    alg: str
    kid: str
    payload: bytes
    signature: bytes

    @property
    def known_algorithm(self) -> bool:
        return self.alg in KNOWN_ALGORITHMS

    @property
    def header(self) -> bytes:
        return read_base64url(self.signing_input.split(b".")[0].decode())

    def verifies(self, public_key: bytes) -> bool:
        return signature_is_valid(public_key, self.signing_input, self.signature)


def split_presentation(text: str) -> tuple[str, list[str]]:
    """Page 02, "Envelope": the JWS, and the disclosures that came with it."""
    jws, *rest = text.split("~")
    if not rest:
        return jws, []
    if rest[-1] != "":
        raise Refused("key-binding-refused", "something follows the last tilde")
    disclosures = rest[:-1]
    if len(disclosures) > 5 or "" in disclosures:
        raise Refused("disclosure-malformed", "there are more than five disclosures, or an empty one")
    return jws, disclosures


def read_jws(text: str, typ: str) -> Jws:
    """Page 02, "Envelope" and "Header", in the order that the end of "Header" gives. The payload is not looked at."""
    parts = text.split(".")
    if len(parts) != 3 or parts[0] == "" or parts[2] == "":
        raise Refused("jws-malformed", "the statement is not header, payload and signature with dots between")
    if len(parts[0]) > LONGEST_HEADER * 4 // 3 + 1:
        raise header_too_long()
    header, payload, signature = (read_base64url(part) for part in parts)
    alg, kid = read_jws_header(header, typ)
    if alg in KNOWN_ALGORITHMS and len(signature) != 64:
        raise Refused("jws-malformed", f"the signature has {len(signature)} bytes and not 64")
    return Jws((parts[0] + "." + parts[1]).encode(), alg, kid, payload, signature)


def header_too_long() -> Refused:
    return Refused("jws-header", f"the header has more than {LONGEST_HEADER} bytes")


def read_jws_header(data: bytes, typ: str) -> tuple[str, str]:
    """Page 02, "Header"."""
    if len(data) > LONGEST_HEADER:
        raise header_too_long()
    header = read_json_object(data)
    for name in header:
        if name not in ("alg", "typ", "kid"):
            raise Refused("jws-header", f"the header has the member {shown(name)}")
    alg, kid = header.get("alg"), header.get("kid")
    if not isinstance(alg, str):
        raise Refused("jws-alg", "alg is no string")
    if header.get("typ") != typ:
        raise Refused("jws-typ", f"typ is not {typ}")
    if not isinstance(kid, str) or len(read_base64url(kid, "jws-kid")) != 32:
        raise Refused("jws-kid", "kid is no thumbprint")
    return alg, kid


# ---- Types ----------------------------------------------------------------------------------------------------------

# A check of one value. `where` is its name in messages. It refuses with a code, or says nothing.
Check = Callable[[Any, str], None]


def member_refused(where: str, wanted: str, code: str = "statement-member") -> Refused:
    return Refused(code, f"{where} is not {wanted}")


def is_integer(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def string_that(holds: Callable[[str], bool], wanted: str, code: str = "statement-member") -> Check:
    def check(value: Any, where: str) -> None:
        if not isinstance(value, str) or not holds(value):
            raise member_refused(where, wanted, code)

    return check


def reads(reader: Callable[[str], Any]) -> Callable[[str], bool]:
    """Whether a reader of page 01 accepts a text."""

    def holds(text: str) -> bool:
        try:
            reader(text)
        except Refused:
            return False
        return True

    return holds


def text_of(limit: int) -> Check:
    return string_that(lambda text: 1 <= len(text.encode()) <= limit, f"a string of 1 to {limit} bytes")


def code_of(*codes: str) -> Check:
    return string_that(lambda text: text in codes, "one of " + ", ".join(codes))


def count_from(least: int, most: int = MAX_INTEGER) -> Check:
    def check(value: Any, where: str) -> None:
        if not is_integer(value) or not least <= value <= most:
            raise member_refused(where, f"an integer from {least}")

    return check


def is_thumbprint(text: str) -> bool:
    return len(text) == 43 and reads(read_base64url)(text)


a_code = string_that(lambda text: re.fullmatch(r"[a-z][a-z0-9-]{0,63}", text) is not None, "a code")
a_count = count_from(0)
a_time_in_seconds = count_from(0, MOST_SECONDS)
an_id = string_that(is_participant_id, "a participant id")
an_origin = string_that(is_origin, "an origin")
a_uuid = string_that(is_uuid, "a UUID in lower case")
a_time = string_that(reads(read_time), "a time")
a_thumbprint = string_that(is_thumbprint, "a thumbprint")
a_hash = string_that(reads(lambda text: read_hash(text, "statement-member")), "base64 of 32 bytes")
a_hex_root = string_that(lambda text: re.fullmatch(r"[0-9a-f]{64}", text) is not None, "64 digits of hex")
a_text = string_that(lambda text: text != "", "a string that is not empty")
MEDIA_TYPE = re.compile(r"[A-Za-z0-9][A-Za-z0-9!#$&\-^_.+]*/[A-Za-z0-9][A-Za-z0-9!#$&\-^_.+]*")
a_media_type = string_that(
    lambda text: len(text) <= 127 and MEDIA_TYPE.fullmatch(text) is not None, "a media type without parameters"
)


def array_of(
    check_element: Check,
    least: int = 1,
    most: Optional[int] = None,
    code: str = "statement-member",
    unique: bool = False,
) -> Check:
    def check(value: Any, where: str) -> None:
        if not isinstance(value, list):
            raise member_refused(where, "an array")
        if len(value) < least or (most is not None and len(value) > most):
            raise member_refused(where, f"of {least} to {most or 'any number of'} elements", code)
        for number, element in enumerate(value):
            check_element(element, f"{where}[{number}]")
        if unique and len(set(value)) != len(value):
            raise member_refused(where, "free of repetition")

    return check


def object_of(required: dict[str, Check], optional: Optional[dict[str, Check]] = None) -> Check:
    """Page 02, "Types used below": exactly the members listed."""
    known = {**required, **(optional or {})}

    def check(value: Any, where: str) -> None:
        if not isinstance(value, dict):
            raise member_refused(where, "an object")
        for name in value:
            if name in SEALED_CLAIMS and name not in known:
                raise Refused("claim-in-clear", f"{where} has {shown(name)} in clear, where it has to be sealed")
            if name not in known:
                raise Refused("statement-member-unknown", f"{where} has the member {shown(name)}")
        for name, check_member in known.items():
            if name in value:
                check_member(value[name], f"{where}.{name}")
            elif name in required:
                raise member_refused(f"{where}.{name}", "there")

    return check


# Page 01, "Public keys", as it stands in a statement. Whether the key is sound is for the rulebook to say.
a_jwk = object_of({"crv": code_of("Ed25519"), "kty": code_of("OKP"), "x": a_thumbprint})


# ---- Common members -------------------------------------------------------------------------------------------------

COMMON_MEMBERS: dict[str, Check] = {
    "iss": an_id,
    "aud": string_that(is_origin, "an origin", "audience-wrong"),
    "jti": a_uuid,
    "iat": a_time_in_seconds,
    "kind": text_of(256),
}


@dataclass(frozen=True)
class Statement:
    """A statement whose envelope, header, payload and common members are in order; its signature was not looked at."""

    jws: Jws
    payload: dict[str, Any]
    iss: str
    aud: str
    jti: str
    iat: int
    kind: str

    @property
    def kid(self) -> str:
        return self.jws.kid

    @property
    def sealed(self) -> list[str]:
        """Digests of the sealed claims. Of a `ledger.change` they are its proposal's (page 14)."""
        return meant_payload(self.payload).get("_sd", [])


def read_statement(text: str) -> Statement:
    """Page 02, end of "Header": envelope, header, payload, common members, in this order."""
    jws = read_jws(text, STATEMENT_TYPE)
    payload = read_json_object(jws.payload)
    for name, check in COMMON_MEMBERS.items():
        check(payload.get(name), name)
    return Statement(jws, payload, *(payload[name] for name in COMMON_MEMBERS))


# ---- Kinds ----------------------------------------------------------------------------------------------------------

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
WEAK_DIGESTS = ("md5", "sha1")
KNOWN_ROLES = ("administrator", "depositor", "attestor", "auditor", "recovery", "authority", "operator")


def digest_object(weak_suffice: bool) -> Check:
    """Page 02, "evidence.deposit": algorithm names and lower-case hex of the exact length."""

    def check(value: Any, where: str) -> None:
        if not isinstance(value, dict) or not all(isinstance(digest, str) for digest in value.values()):
            raise member_refused(where, "an object of strings")
        for name, digest in value.items():
            if name not in DIGEST_BYTES or re.fullmatch(r"[0-9a-f]{%d}" % (2 * DIGEST_BYTES[name]), digest) is None:
                raise member_refused(f"{where}.{shown(name)}", "a digest in lower-case hex", "digest-malformed")
        if not value:
            raise member_refused(where, "of at least one digest", "digest-malformed")
        if not weak_suffice and all(name in WEAK_DIGESTS for name in value):
            raise member_refused(where, "of a strong digest", "digest-weak-only")

    return check


SEALED = {
    "_sd": array_of(a_thumbprint, 1, 5, unique=True),
    "_sd_alg": code_of("sha-256"),
}
REFERENCE = {"index": a_count, "leafHash": a_hash}
PART = {"item": a_count, "line": a_count}

an_administrator = object_of({"id": an_id, "keys": array_of(a_jwk, 1, 1)}, {"name": text_of(256)})
a_participant = object_of(
    {
        "id": an_id,
        "type": code_of(
            "police", "procuratorate", "court", "arbitration", "regulator", "notary", "forensic-institution",
            "platform", "law-firm", "lawyer", "organisation", "person",
        ),
        "roles": array_of(text_of(256), 1, unique=True),
        "keys": array_of(a_jwk, 1, 1),
    },
    {"name": text_of(256)},
)  # fmt: skip
an_item = object_of(
    {"size": a_count, "digest": digest_object(weak_suffice=False)},
    {
        "mediaType": a_media_type,
        "category": a_code,
        "acquired": object_of(
            {
                "size": a_count,
                "digest": digest_object(weak_suffice=True),
                "source": a_code,
            }
        ),
        "tree": object_of({"root": a_hex_root, "size": count_from(1)}),
    },
)
a_relation = object_of(
    {"rel": a_code, **REFERENCE},
    {**PART, "origin": an_origin},
)

# Page 02, "Kinds": members that are required, and members that may be there. Any other kind is not judged.
KINDS: dict[str, tuple[dict[str, Check], dict[str, Check]]] = {
    "ledger.genesis": (
        {
            "origin": an_origin,
            "environment": code_of("trial", "production"),
            "ledgerKeys": array_of(text_of(1024), unique=True),
            "administrators": array_of(an_administrator),
        },
        {"continues": object_of({"origin": an_origin, "checkpoint": a_text})},
    ),
    "participant.admit": ({"participant": a_participant}, {"identifiedBy": a_code, **SEALED}),
    "participant.revoke": (
        {"reason": a_code},
        {"participant": an_id, "key": a_thumbprint, "compromisedSince": a_time},
    ),
    "participant.rotate-key": ({"newKey": a_jwk, "possession": text_of(4096)}, {}),
    "evidence.deposit": (
        {"items": array_of(an_item, 1, 64, "items-count")},
        {"relates": array_of(a_relation, 1, 64), **SEALED},
    ),
    "evidence.attest": (
        {
            "of": object_of(REFERENCE, PART),
            "as": a_code,
        },
        {},
    ),
    "evidence.retract": (
        {
            "of": object_of(REFERENCE, PART),
            "reason": a_code,
        },
        {},
    ),
}


def has_member_deep(value: Any, names: Sequence[str]) -> bool:
    """Whether an object at any depth has a member of one of these names."""
    if isinstance(value, dict):
        return any(name in value for name in names) or any(has_member_deep(part, names) for part in value.values())
    return isinstance(value, list) and any(has_member_deep(part, names) for part in value)


class UnknownKind(Exception):
    """The kind is not of this version: what the statement says is not judged."""

    def __init__(self, kind: str) -> None:
        super().__init__(f"the kind {shown(kind)} is not of this version")


def check_members(payload: dict[str, Any]) -> None:
    """Page 02, "Types used below" and "Kinds": the members of a kind of this version, in the order that is stated."""
    if payload["kind"] not in KINDS:
        raise UnknownKind(payload["kind"])
    check_kind(payload, COMMON_MEMBERS, "the statement")
    if payload["kind"] == "ledger.change":
        check_proposal(payload["proposal"])


def check_kind(payload: dict[str, Any], common: dict[str, Check], where: str) -> None:
    """Exactly the members of a known kind, beside those that are common."""
    required, optional = KINDS[payload["kind"]]
    if has_member_deep(payload, ["__proto__"]):
        raise Refused("statement-member-unknown", f"{where} has a member __proto__")
    for name in payload:
        if name in SEALED_CLAIMS:
            raise Refused("claim-in-clear", f"{where} has {shown(name)} in clear, where it has to be sealed")
    object_of({**common, **required}, optional)(payload, where)
    if ("_sd" in payload) != ("_sd_alg" in payload):
        raise Refused("statement-member", "of _sd and _sd_alg only one is there")
    if payload["kind"] == "participant.revoke" and ("participant" in payload) == ("key" in payload):
        raise Refused("statement-member", "a revocation names exactly one participant or one key")
    if payload["kind"] == "evidence.event":
        check_event(payload)
    check_custody_members(payload)


# ---- Sealed claims --------------------------------------------------------------------------------------------------


class Disclosure(NamedTuple):
    digest: str
    claim: str
    value: Any


def read_disclosure(text: str) -> Disclosure:
    """Page 02, "Sealed claims"."""
    code = "disclosure-malformed"
    if not 1 <= len(text.encode()) <= 16384:
        raise Refused(code, "a disclosure has 1 to 16,384 characters")
    parts = read_json(read_base64url(text, code))
    if not isinstance(parts, list) or len(parts) != 3:
        raise Refused(code, "a disclosure is an array of salt, claim and value")
    salt, claim, value = parts
    if not isinstance(salt, str) or len(salt) < 22 or not reads(read_base64url)(salt):
        raise Refused(code, "the salt is no base64url of 128 bits or more")
    if not isinstance(claim, str):
        raise Refused(code, "the claim's name is no string")
    if has_member_deep(value, ["_sd", "..."]):
        raise Refused(code, "the value has a member _sd or ...")
    return Disclosure(write_base64url(sha256(text.encode())), claim, value)


# =====================================================================================================================
# Page 03: Entry
# =====================================================================================================================

ENTRY_BYTES = 65535


class Entry(NamedTuple):
    version: str  # the first line
    index: int
    time: str
    link: bytes
    statement: Optional[str]  # None in a version that is not of this specification


def later_version(line: str) -> Optional[int]:
    """Page 03, "Reading an entry", step 2: the number of an entry version; None where the line names none."""
    version = re.fullmatch(r"evidence-ledger/entry/v([1-9][0-9]{0,8})", line)
    return None if version is None else int(version.group(1))


def read_entry(data: bytes) -> Entry:
    """Page 03, "Reading an entry", steps 1 to 5."""
    code = "entry-malformed"
    if len(data) > ENTRY_BYTES:
        raise Refused("entry-too-large", f"the entry has {len(data)} bytes, and {ENTRY_BYTES} is the most")
    text = read_utf8(data)
    if not text.endswith("\n"):
        raise Refused(code, "the entry does not end in LF")
    lines = text[:-1].split("\n")
    version = later_version(lines[0])
    if version is None or len(lines) < 4:
        raise Refused(code, "the entry lacks its first four lines")
    index, link = read_decimal(lines[1], code), read_hash(lines[3], code)
    read_time(lines[2], code)
    if version != 1:
        return Entry(lines[0], index, lines[2], link, None)
    if len(lines) != 5 or lines[4] == "":
        raise Refused(code, "the entry has not exactly five lines")
    return Entry(lines[0], index, lines[2], link, lines[4])


# =====================================================================================================================
# Page 04: Rulebook
# =====================================================================================================================

ACTIVE, ROTATED, REVOKED = "active", "rotated", "revoked"


@dataclass
class Participant:
    roles: list[str]
    revoked_by: Optional[int] = None
    compromised_since: Optional[str] = None


@dataclass
class Key:
    public_key: bytes
    owner: str
    status: str = ACTIVE
    compromised_since: Optional[str] = None


@dataclass
class LedgerKey:
    """Page 14, "Rules": a key that signs checkpoints, the entry that brought it, and the one that retired it."""

    text: str
    public_key: bytes
    brought_by: int
    retired_by: Optional[int] = None

    def signs_at(self, size: int) -> bool:
        return self.brought_by < size and (self.retired_by is None or size <= self.retired_by + 1)


class Approvals(NamedTuple):
    """Page 14, "Setting approvals": how many have to approve a change together. None: there is no recovery."""

    administrators: int
    recovery: Optional[int]


class Meant(NamedTuple):
    """Page 22, "Rules": what an entry means, by itself or as the change that it carries."""

    kind: str
    is_change: bool
    is_order: bool
    digests: Sequence[str]


class Target(NamedTuple):
    """What later entries may point at. `kind` is None where it is not known what the entry says."""

    leaf_hash: Optional[bytes]
    kind: Optional[str] = None
    iss: Optional[str] = None
    items: int = 0
    lines: dict[int, int] = {}  # of each item that is a manifest
    meant: Optional[Meant] = None  # page 22; None where it is not known what the entry means
    soundness: Optional[str] = None  # page 19: whether the entry broke a rule, or is not judged in full


class KnownTargets(dict[int, Target]):
    """Targets of a partial state: what is not at hand may be anything."""

    def __missing__(self, index: int) -> Target:
        return Target(None)


class Saying(NamedTuple):
    """Who signed which entry when: for the flags at the end of a walk."""

    index: int
    time: str
    kid: str
    iss: str


VIOLATED, OPEN = "violated", "open"


class Custody(NamedTuple):
    """Page 19, "State": who holds a unit, and through which entry."""

    holder: str
    since: int
    ended: bool = False
    ordered_by: int = -1  # the last transfer in lieu
    open_since: int = -1  # the last entry about it that is not judged


@dataclass
class State:
    """Page 04, "State": the registry, and the history. Page 14, "Rules", adds what it says of keys and approvals."""

    origin: str
    checkpoint_vkeys: list[str]
    sealed: Optional[Sequence[bytes]] = None  # all leaf hashes, if the tree is authentic
    partial: bool = False  # page 18: entries before may be unknown, and what does not stand here may be all the same
    environment: Optional[str] = None
    continues: Optional[str] = None  # origin of the ledger that this one continues
    ledger_keys: list[LedgerKey] = field(default_factory=list)
    closed_by: Optional[int] = None
    intake_ended_by: Optional[int] = None
    approvals: Optional[Approvals] = None
    used_proposals: set[str] = field(default_factory=set)
    announced_versions: set[int] = field(default_factory=set)
    participants: dict[str, Participant] = field(default_factory=dict)
    keys: dict[str, Key] = field(default_factory=dict)
    uncertain_since: Optional[int] = None
    used_ids: dict[tuple[str, str], int] = field(default_factory=dict)
    targets: list[Target] | KnownTargets = field(default_factory=list)
    sayings: list[Saying] = field(default_factory=list)
    remarks: list[tuple[int, str]] = field(default_factory=list)  # page 19, "Flags"
    units: dict[tuple[int, int], Custody] = field(default_factory=dict)  # by deposit and item
    used_releases: dict[tuple[str, str], tuple[int, bool]] = field(default_factory=dict)  # by which entry; whether that is judged
    doubted_by: int = -1  # the last entry after which no custody is known

    def becomes_uncertain(self, index: int) -> None:
        """Always means: unless it was uncertain before (page 10, end of "Entries")."""
        self.doubted_by = index
        if self.uncertain_since is None:
            self.uncertain_since = index

    def active(self, role: str, revoked_participant: Optional[str] = None, revoked_key: Optional[str] = None) -> int:
        """How many active participants have a role; with a revocation applied, if one is given."""
        with_active_key = {key.owner for kid, key in self.keys.items() if key.status == ACTIVE and kid != revoked_key}
        return sum(
            participant.revoked_by is None and role in participant.roles and id in with_active_key
            for id, participant in self.participants.items()
            if id != revoked_participant
        )

    def flagged(self) -> list[int]:
        """Page 04, "Compromised keys"."""
        compromised_keys = {kid: key.compromised_since for kid, key in self.keys.items()}
        compromised_ids = {id: participant.compromised_since for id, participant in self.participants.items()}

        def later(saying: Saying, since: Optional[str]) -> bool:
            return since is not None and saying.time >= since

        flagged = [
            saying.index
            for saying in self.sayings
            if later(saying, compromised_keys.get(saying.kid)) or later(saying, compromised_ids.get(saying.iss))
        ]
        return list(dict.fromkeys(flagged))


ROLES_NEEDED = {
    "participant.admit": ("administrator",),
    "participant.revoke": ("administrator",),
    "participant.rotate-key": (),
    "evidence.deposit": ("depositor",),
    "evidence.retract": ("depositor",),
    "evidence.attest": ("attestor", "depositor"),
}

# Page 04, "The uncertain registry": these rest on what the registry lacks.
RESTS_ON_THE_REGISTRY = (
    "key-unknown", "key-not-issuers", "participant-revoked", "key-revoked", "key-rotated", "role-missing",
    "participant-unknown", "already-revoked", "last-administrator", "release-key", "in-lieu-authority",
    "disposal-order",
)  # fmt: skip
# Page 14, "Uncertain registry": these too; and what they leave open changes nothing.
LEAVES_OPEN = (
    "ledger-key-retired",
    "approvals-needed",
    "approval-unknown",
    "approvals-missing",
    "threshold-impossible",
)

# Page 18, "The admission of a key": an entry that is not at hand may explain these. The first four leave open who was entitled.
OPEN_AUTHORITY = ("key-unknown", "approvals-needed", "approval-unknown", "approvals-missing")
MAY_BE_UNSHOWN = (
    *OPEN_AUTHORITY, "participant-unknown", "last-administrator", "threshold-impossible", "ledger-key-retired",
    "release-key", "in-lieu-authority", "disposal-order", "custody-not-holder", "custody-ended", "custody-held",
    "custody-stale",
)  # fmt: skip


def read_key_of(jwk: dict[str, str]) -> tuple[str, bytes]:
    """Thumbprint and bytes of a JWK whose form was checked."""
    public_key = read_base64url(jwk["x"])
    return thumbprint_of(public_key), public_key


class Judgement:
    """Page 04, "Judging one entry": one statement against the state before it."""

    def __init__(self, state: State, index: int, time: str, statement: Statement) -> None:
        self.state = state
        self.index = index
        self.time = time
        self.statement = statement
        self.violations: list[Refused] = []
        self.not_judged: list[str] = []
        self.kind_known = True
        self.members_in_order = False
        self.unshown = False  # of a partial state: whether the signer was entitled is not shown
        self.left_open = False  # step 10: whether a finding of step 3, or of `LEAVES_OPEN`, was not judged
        self.signatures_judged = statement.jws.known_algorithm  # a rotation's possession proof included

    def found(self, code: str, message: str, rests_on_absence: bool = True) -> None:
        if self.state.partial and rests_on_absence and code in MAY_BE_UNSHOWN:
            self.unshown = self.unshown or code in OPEN_AUTHORITY
        elif code in (*RESTS_ON_THE_REGISTRY, *LEAVES_OPEN) and self.state.uncertain_since is not None:
            self.not_judged.append(f"{message}; entry {self.state.uncertain_since} may have changed that")
            self.left_open = self.left_open or code in LEAVES_OPEN
        else:
            self.violations.append(Refused(code, message))

    def judge(self, altered: bool) -> None:
        """Steps 2 to 10. Step 1, reading, was done. An altered entry is judged, and changes nothing."""
        if self.state.closed_by is not None:
            self.found("ledger-closed", f"entry {self.state.closed_by} closed the ledger")
        if not self.statement.jws.known_algorithm:
            self.not_judged.append(f"the signature’s algorithm {shown(self.statement.jws.alg)} is not of this version")
        if self.statement.kind != "ledger.genesis":
            before = len(self.not_judged)
            self.judge_authority()
            self.left_open = len(self.not_judged) > before
        self.judge_id_audience_and_times()
        change = self.judge_kind()
        if not altered:
            self.conclude(change)

    def judge_authority(self) -> None:
        """Step 3."""
        said = self.statement
        key = self.state.keys.get(said.kid)
        if key is None:
            return self.found("key-unknown", f"the key {said.kid} was not admitted before this entry")
        if said.jws.known_algorithm and not said.jws.verifies(key.public_key):
            self.found("signature-invalid", "the statement’s signature does not verify")
        if key.owner != said.iss:
            return self.found("key-not-issuers", f"the key {said.kid} belongs to {key.owner}, and not to {said.iss}")
        participant = self.state.participants.get(said.iss)
        if participant is not None and participant.revoked_by is not None:
            self.found("participant-revoked", f"{said.iss} was revoked by entry {participant.revoked_by}")
        if key.status == REVOKED:
            self.found("key-revoked", f"the key {said.kid} was revoked")
        if key.status == ROTATED:
            self.found("key-rotated", f"the key {said.kid} was replaced")
        needed = ROLES_NEEDED.get(said.kind, ())
        roles = participant.roles if participant is not None else []
        if needed and not any(role in roles for role in needed):
            self.found("role-missing", f"{said.iss} is no {' or '.join(needed)}")

    def judge_id_audience_and_times(self) -> None:
        """Steps 4 to 7."""
        said = self.statement
        used = self.state.used_ids.get((said.iss, said.jti))
        if used is not None:
            self.found("jti-reused", f"entry {used} has the same iss and jti")
        if said.aud != self.state.origin:
            self.found("audience-wrong", f"the statement is for {shown(said.aud)}")
        if said.iat * 1000 > read_time(self.time) + 300000:
            self.found("issued-in-future", "the statement was signed more than 300 seconds after the entry’s time")
        if said.kind == "ledger.genesis" and self.index != 0:
            self.found("genesis-misplaced", "a genesis can only be entry 0")
        if said.kind != "ledger.genesis" and self.index == 0:
            self.found("genesis-missing", "entry 0 is no genesis")

    def judge_kind(self) -> Callable[[], None]:
        """Steps 8 and 9. Gives what the entry changes in the registry, to be done if nothing is violated."""
        said = self.statement
        try:
            check_members(said.payload)
        except UnknownKind as unknown:
            self.not_judged.append(str(unknown))
            self.kind_known = False
            return no_change
        except Refused as breach:
            self.found(breach.code, breach.message)
            return no_change
        self.members_in_order = True
        if approvals_are_needed(self.state, said.payload):
            self.found("approvals-needed", "so many administrators have to approve this that a ledger.change is needed")
            if not self.state.partial:  # else an entry that is not here may say that none are needed
                return no_change
        return RULES[said.kind](self, said.payload)

    def conclude(self, change: Callable[[], None]) -> None:
        """Step 10."""
        said, state = self.statement, self.state
        if not self.violations:
            state.used_ids[(said.iss, said.jti)] = self.index
            if state.partial and (self.unshown or self.left_open):
                pass  # nor does one leave anything open where nothing rests on what is not shown
            elif said.kind.startswith(CUSTODY) and (not self.kind_known or self.not_judged):
                leave_custody_open(self)
            elif self.left_open or self.unshown:
                pass  # an entry whose authority is open changes nothing
            elif self.kind_known and self.signatures_judged:
                change()
            elif said.kind.startswith(("ledger.", "participant.")):
                state.becomes_uncertain(self.index)
        state.sayings.append(Saying(self.index, self.time, said.kid, said.iss))
        if self.members_in_order and said.kind == "custody.transfer":
            self.note_release()

    def note_release(self) -> None:
        """Page 19, "Flags": a transfer is flagged by the giver's key too, and where it is by order, or of what differs."""
        try:
            release = read_release(self.statement.payload["release"])
        except Refused:
            return
        payload, stands = self.statement.payload, not self.violations and not self.not_judged
        self.state.sayings.append(Saying(self.index, self.time, release.jws.kid, release.payload["iss"]))
        if stands and payload["outcome"] == "accepted" and "inLieu" in release.payload:
            self.state.remarks.append((self.index, "moved by order, without the holder’s signature"))
        if stands and payload["outcome"] == "accepted" and "differs" in payload["checked"]:
            self.state.remarks.append((self.index, "accepted although something differs"))

    # ---- New keys ----

    def new_key(self, jwk: dict[str, str]) -> Optional[tuple[str, Key]]:
        """Page 04, "New keys": the first rule that the key breaks is reported. If it breaks none, the key is given."""
        thumbprint, public_key = read_key_of(jwk)
        if not public_key_is_sound(public_key):
            self.found("key-weak", f"the new key {thumbprint} is no canonical point of prime order")
        elif thumbprint in self.state.keys:
            self.found("key-exists", f"the key {thumbprint} stood in the registry before")
        elif any(public_key == known.public_key for known in self.state.ledger_keys):
            self.found("key-is-ledgers", f"the key {thumbprint} is one of the ledger’s own")
        else:
            return thumbprint, Key(public_key, owner="")
        return None

    # ---- Genesis ----

    def genesis(self, payload: dict[str, Any]) -> Callable[[], None]:
        """Page 04, "Genesis". At an index above 0 none of its rules is asked."""
        if self.index != 0:
            return no_change
        if payload["origin"] != self.state.origin:
            self.found("genesis-origin", f"the genesis is of {shown(payload['origin'])}")
        self.genesis_issuer(payload["administrators"][0])
        administrators = self.genesis_administrators(payload["administrators"])
        ledger_keys = self.genesis_ledger_keys(payload, [key.public_key for _, _, key in administrators])

        def change() -> None:
            self.state.environment = payload["environment"]
            self.state.continues = payload.get("continues", {}).get("origin")
            self.state.ledger_keys = ledger_keys
            for id, thumbprint, key in administrators:
                self.state.participants[id] = Participant(["administrator"])
                self.state.keys[thumbprint] = key

        return change

    def genesis_issuer(self, first: dict[str, Any]) -> None:
        thumbprint, public_key = read_key_of(first["keys"][0])
        jws = self.statement.jws
        if self.statement.iss != first["id"]:
            self.found("genesis-issuer", "the genesis is not in the name of its first administrator")
        if jws.kid != thumbprint:
            self.found("genesis-issuer", "the genesis is not signed by its first administrator’s key")
        elif jws.known_algorithm and public_key_is_sound(public_key) and not jws.verifies(public_key):
            self.found("signature-invalid", "the statement’s signature does not verify")

    def genesis_administrators(self, listed: list[dict[str, Any]]) -> list[tuple[str, str, Key]]:
        """Of one administrator, the first of `key-weak`, `participant-exists` and `key-exists` is reported."""
        sound: list[tuple[str, str, Key]] = []
        ids, thumbprints = set(), set()
        for administrator in listed:
            id, (thumbprint, public_key) = administrator["id"], read_key_of(administrator["keys"][0])
            if not public_key_is_sound(public_key):
                self.found("key-weak", f"the key of {id} is no canonical point of prime order")
            elif id in ids:
                self.found("participant-exists", f"two administrators are called {id}")
            elif thumbprint in thumbprints:
                self.found("key-exists", f"two administrators have the key {thumbprint}")
            else:
                sound.append((id, thumbprint, Key(public_key, id)))
                ids.add(id)
                thumbprints.add(thumbprint)
        return sound

    def genesis_ledger_keys(self, payload: dict[str, Any], administrators: list[bytes]) -> list[LedgerKey]:
        code, ledger_keys = "genesis-ledger-keys", []
        for text in payload["ledgerKeys"]:
            try:
                vkey = read_vkey(text)
            except Refused as breach:
                self.found(code, breach.message)
                continue
            if vkey.type != LEDGER_KEY_TYPE or vkey.name != payload["origin"]:
                self.found(code, f"{shown(text)} is no key of type 1 under the ledger’s name")
            if vkey.public_key in administrators:
                self.found(code, f"{shown(text)} is an administrator’s key")
            ledger_keys.append(LedgerKey(text, vkey.public_key, brought_by=0))
        return ledger_keys

    # ---- Participants ----

    def admission(self, payload: dict[str, Any]) -> Callable[[], None]:
        """Page 04, "Admission"."""
        participant = payload["participant"]
        id, roles = participant["id"], participant["roles"]
        if id in self.state.participants:
            self.found("participant-exists", f"{id} was admitted before")
        if participant["type"] in ("person", "lawyer") and re.fullmatch(r"p-[0-9a-f]{16}", id) is None:
            self.found("id-of-person", f"the id of a {participant['type']} is not p- and 16 digits of hex")
        if participant["type"] in ("person", "lawyer") and "name" in participant:
            self.found("name-of-person", f"the name of a {participant['type']} stands in clear")
        new = self.new_key(participant["keys"][0])
        for role in roles:
            if role not in KNOWN_ROLES:
                self.not_judged.append(f"the role {shown(role)} is not of this version")

        def change() -> None:
            thumbprint, key = new
            key.owner = id
            self.state.participants[id] = Participant(roles)
            self.state.keys[thumbprint] = key

        return change

    def revocation(self, payload: dict[str, Any]) -> Callable[[], None]:
        """Page 04, "Revocation"; page 14, "Change", step 4, of how many administrators and officers have to remain."""
        id, kid, since = payload.get("participant"), payload.get("key"), payload.get("compromisedSince")
        participant, key = self.state.participants.get(id), self.state.keys.get(kid)
        if since is not None and since > self.time:
            self.found("compromised-since-late", "compromisedSince is later than the entry’s time")
        if participant is None and key is None:
            self.found("participant-unknown", f"{id or kid} was not admitted before this entry")
            return no_change
        if (participant is not None and participant.revoked_by is not None) or (
            key is not None and key.status == REVOKED
        ):
            self.found("already-revoked", f"{id or kid} was revoked before")
            return no_change
        least = self.state.approvals.administrators if self.state.approvals is not None else 1
        if self.state.active("administrator", revoked_participant=id, revoked_key=kid) < least:
            self.found("last-administrator", f"fewer active administrators than {least} would remain")
        officers = (self.state.approvals.recovery or 0) if self.state.approvals is not None else 0
        if (
            "recovery" in roles_of_revoked(self.state, payload)
            and self.state.active("recovery", revoked_participant=id, revoked_key=kid) < officers
        ):
            self.found("threshold-impossible", f"fewer active recovery officers than {officers} would remain")

        def change() -> None:
            if participant is not None:
                participant.revoked_by, participant.compromised_since = self.index, since
            if key is not None:
                key.status, key.compromised_since = REVOKED, since

        return change

    def rotation(self, payload: dict[str, Any]) -> Callable[[], None]:
        """Page 04, "Rotation"."""
        said = self.statement
        new = self.new_key(payload["newKey"])
        if new is None:
            return no_change
        try:
            possession = read_possession(said, new[0])
            if not possession.known_algorithm:
                self.signatures_judged = False
                self.not_judged.append(
                    f"the possession proof’s algorithm {shown(possession.alg)} is not of this version"
                )
            elif not possession.verifies(new[1].public_key):
                raise Refused("possession-invalid", "the possession proof’s signature does not verify")
        except Refused as breach:
            self.found(breach.code, breach.message)

        def change() -> None:
            thumbprint, key = new
            key.owner = said.iss
            self.state.keys[said.kid].status = ROTATED
            self.state.keys[thumbprint] = key

        return change

    # ---- Deposit, attestation, retraction ----

    def referred(self, reference: dict[str, Any]) -> Optional[Target]:
        """Page 04, "References", steps 1 and 2. Gives the entry that is pointed at, if it is known what it says."""
        at, hash = reference["index"], read_hash(reference["leafHash"], "reference-hash")
        if at >= self.index:
            self.found("reference-not-found", f"entry {at} is not earlier than this one")
            return None
        target = self.state.targets[at]
        if target.leaf_hash is not None and target.leaf_hash != hash:
            self.found("reference-hash", f"the leaf hash is not that of entry {at}")
            return None
        if target.leaf_hash is None and self.state.partial:
            return None
        if target.leaf_hash is None or target.kind is None:
            self.not_judged.append(f"what entry {at} says is not known, and it is referred to")
            return None
        return target

    def reference(self, reference: dict[str, Any]) -> Optional[Target]:
        """Page 04, "References". Gives what is pointed at, if it is known to be what the kind of the statement may point at."""
        target, at = self.referred(reference), reference["index"]
        if target is None:
            return None
        if target.kind not in POINTS_AT.get(self.statement.kind, ("evidence.deposit",)):
            self.found("reference-kind", f"entry {at} is no deposit")
            return None
        if target.kind != "evidence.deposit":
            if "item" in reference or "line" in reference:
                self.found("reference-item", f"entry {at} deposits nothing, and has no items")
            return target
        if reference.get("item", -1) >= target.items:
            self.found("reference-item", f"entry {at} has {target.items} items")
        elif "line" in reference and reference["line"] >= target.lines.get(reference.get("item", -1), 0):
            self.found("reference-item", f"entry {at} has no such line in a manifest that is its item")
        return target

    def deposit(self, payload: dict[str, Any]) -> Callable[[], None]:
        if self.state.intake_ended_by is not None:  # page 14, "Ending the intake"
            self.found("intake-ended", f"entry {self.state.intake_ended_by} ended the intake of deposits")
        for relation in payload.get("relates", []):
            if "origin" not in relation:
                self.reference(relation)
            elif relation["origin"] == self.state.origin:
                self.found("reference-origin", "a relation names this ledger as another")
        return no_change

    def attestation(self, payload: dict[str, Any]) -> Callable[[], None]:
        self.reference(payload["of"])
        return no_change

    def retraction(self, payload: dict[str, Any]) -> Callable[[], None]:
        target = self.reference(payload["of"])
        if target is not None and target.iss != self.statement.iss:
            self.found("retract-not-own", f"the deposit is {target.iss}’s")
        return no_change


# Page 04, "Rules of each kind". A rule says what it finds, and gives what the entry changes in the registry.
Rule = Callable[[Judgement, dict[str, Any]], Callable[[], None]]
RULES: dict[str, Rule] = {
    "ledger.genesis": Judgement.genesis,
    "participant.admit": Judgement.admission,
    "participant.revoke": Judgement.revocation,
    "participant.rotate-key": Judgement.rotation,
    "evidence.deposit": Judgement.deposit,
    "evidence.attest": Judgement.attestation,
    "evidence.retract": Judgement.retraction,
}


def no_change() -> None:
    """Of an entry that changes nothing in the registry."""


def read_possession(said: Statement, thumbprint: str) -> Jws:
    """Page 02, "participant.rotate-key": everything of the possession proof but its signature."""
    code = "possession-invalid"
    try:
        jws = read_jws(said.payload["possession"], POSSESSION_TYPE)
        payload = read_json_object(jws.payload)
    except Refused as breach:
        raise Refused(code, f"the possession proof cannot be read: {breach.message}") from None
    if jws.kid != thumbprint:
        raise Refused(code, "the possession proof does not name the new key")
    if payload != {"aud": said.aud, "iss": said.iss, "jti": said.jti, "old": said.kid}:
        raise Refused(code, "the possession proof is for another statement")
    return jws


def soundness_of(judgement: Judgement) -> Optional[str]:
    """Page 19, "Units": None where the entry is known to have broken no rule."""
    return VIOLATED if judgement.violations else OPEN if judgement.not_judged else None


def target_of(leaf: Optional[bytes], statement: Optional[Statement], soundness: Optional[str] = None) -> Target:
    """Page 04, "Judging one entry", end of step 10."""
    if statement is None:
        return Target(leaf)
    items = statement.payload.get("items")
    items = items if isinstance(items, list) else []
    # Of a kind that is not known here it is not known what it deposits.
    kind = statement.kind if statement.kind in KINDS else None
    return Target(leaf, kind, statement.iss, len(items), manifest_lines(items), meaning_of(statement), soundness)


def meaning_of(statement: Statement) -> Optional[Meant]:
    """Page 22, "Rules". One whose members are not in order seals nothing."""
    try:
        check_members(statement.payload)
    except UnknownKind:
        return None
    except Refused:
        return Meant(statement.kind, False, False, [])
    meant = meant_payload(statement.payload)
    is_order = meant["kind"] == "erasure.order"
    return Meant(meant["kind"], meant is not statement.payload, is_order, meant.get("_sd", []))


def manifest_lines(items: list[Any]) -> dict[int, int]:
    """How many lines each item has that is a manifest, whatever else is wrong with the items."""
    trees = {n: item["tree"] for n, item in enumerate(items) if isinstance(item, dict) and isinstance(item.get("tree"), dict)}
    sizes = {n: tree.get("size") for n, tree in trees.items()}
    return {n: size for n, size in sizes.items() if is_integer(size) and abs(size) <= MAX_INTEGER}


# =====================================================================================================================
# Page 05: Checkpoint
# =====================================================================================================================

NOTE_BYTES = 262144
LEDGER_KEY_TYPE, WITNESS_KEY_TYPE, ML_DSA_KEY_TYPE = 0x01, 0x04, 0x06
ML_DSA_KEY_BYTES, ML_DSA_SIGNATURE_BYTES = 1312, 2420
# Unicode's White_Space, U+180E and U+FEFF.
WHITE_SPACE = re.compile("[\t-\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\u180e\ufeff]")
CONTROL = re.compile("[\x00-\x09\x0b-\x1f]")


class Vkey(NamedTuple):
    name: str
    key_id: bytes
    type: int
    public_key: bytes
    text: str


class SignatureLine(NamedTuple):
    name: str
    key_id: bytes
    signature: bytes


class Note(NamedTuple):
    text: str
    signatures: list[SignatureLine]


class Checkpoint(NamedTuple):
    origin: str
    size: int
    root: bytes
    note: Note


class Signed(NamedTuple):
    """A key whose signature under a note was verified; a witness also says when."""

    vkey: Vkey
    timestamp: Optional[int]


def is_key_name(text: str) -> bool:
    return text != "" and "+" not in text and WHITE_SPACE.search(text) is None


def read_note(data: bytes) -> Note:
    """Page 05, "Signed note"."""
    code = "note-malformed"
    if len(data) > NOTE_BYTES:
        raise Refused(code, f"the note has more than {NOTE_BYTES} bytes")
    whole = read_utf8(data)
    divider = whole.rfind("\n\n")
    if CONTROL.search(whole) is not None or divider < 0 or not whole.endswith("\n"):
        raise Refused(code, "the note has a control character, or no empty line before its signatures, or no final LF")
    lines = whole[divider + 2 :].split("\n")[:-1]
    if not 1 <= len(lines) <= 64:
        raise Refused(code, "a note has 1 to 64 signature lines")
    return Note(whole[: divider + 1], [read_signature_line(line) for line in lines])


def read_signature_line(line: str) -> SignatureLine:
    code = "note-malformed"
    parts = line.split(" ")
    if len(parts) != 3 or parts[0] != "\u2014" or not is_key_name(parts[1]):
        raise Refused(code, f"{shown(line)} is no signature line")
    data = read_base64(parts[2], code)
    if len(data) < 5:
        raise Refused(code, f"{shown(line)} has no signature")
    return SignatureLine(parts[1], data[:4], data[4:])


def read_vkey(text: str) -> Vkey:
    """Page 05, "Verifier keys"."""
    code = "vkey-malformed"
    parts = text.split("+", 2)
    if len(parts) != 3 or not is_key_name(parts[0]) or len(parts[1]) != 8:
        raise Refused(code, f"{shown(text)} is not name, key id and key with plus signs between")
    name, key_id, data = parts[0], read_hex(parts[1], code), read_base64(parts[2], code)
    if len(data) < 2:
        raise Refused(code, f"{shown(text)} holds no key")
    if data[0] in (LEDGER_KEY_TYPE, WITNESS_KEY_TYPE):
        if not public_key_is_sound(data[1:]):
            raise Refused(code, f"the key of {shown(text)} is no canonical point of prime order")
    elif data[0] == ML_DSA_KEY_TYPE and len(data) != 1 + ML_DSA_KEY_BYTES:
        raise Refused(code, f"the key of {shown(text)} has not {ML_DSA_KEY_BYTES} bytes")
    if data[0] in (LEDGER_KEY_TYPE, WITNESS_KEY_TYPE, ML_DSA_KEY_TYPE):
        if key_id != sha256(name.encode() + b"\n" + data)[:4]:
            raise Refused(code, f"the key id of {shown(text)} is not its own")
    return Vkey(name, key_id, data[0], data[1:], text)


def read_checkpoint(data: bytes) -> Checkpoint:
    """Page 05, "Checkpoint"."""
    note = read_note(data)
    return Checkpoint(*read_checkpoint_text(note.text), note)


def read_checkpoint_text(text: str) -> tuple[str, int, bytes]:
    code = "checkpoint-malformed"
    lines = text[:-1].split("\n")
    if len(lines) != 3 or not is_origin(lines[0]):
        raise Refused(code, "the checkpoint is not origin, size and root on three lines")
    return lines[0], read_decimal(lines[1], code), read_hash(lines[2], code)


def verify_note(note: Note, known: Sequence[Vkey]) -> list[Signed]:
    """Page 05, "Verifying signatures": keys whose signatures verified, each once, in the order of the note."""
    by_name: dict[tuple[str, bytes], Vkey] = {}
    for vkey in known:
        by_name.setdefault((vkey.name, vkey.key_id), vkey)
    verified: dict[tuple[str, bytes], Signed] = {}
    for line in note.signatures:
        vkey = by_name.get((line.name, line.key_id))
        if vkey is None or not can_verify(vkey):
            continue
        signed = verify_line(note.text.encode(), line, vkey)
        if signed is None:
            raise Refused("signature-invalid", f"the signature of {shown(vkey.name)} under the note does not verify")
        verified.setdefault((line.name, line.key_id), signed)
    return list(verified.values())


@lru_cache(maxsize=256)
def ml_dsa_key(key: bytes) -> Any:
    """The key, or None where the installed `cryptography`, or the OpenSSL in it, has no ML-DSA-44."""
    try:
        return None if mldsa is None else mldsa.MLDSA44PublicKey.from_public_bytes(key)
    except UnsupportedAlgorithm:
        return None


def can_verify(vkey: Vkey) -> bool:
    """Whether this key signs in a way that is verified here. Page 05, "Verifying signatures", step 2."""
    if vkey.type == ML_DSA_KEY_TYPE:
        return ml_dsa_key(vkey.public_key) is not None
    return vkey.type in (LEDGER_KEY_TYPE, WITNESS_KEY_TYPE)


def verify_line(text: bytes, line: SignatureLine, vkey: Vkey) -> Optional[Signed]:
    """Page 05, "Checkpoint" and "Cosignature"."""
    if vkey.type == LEDGER_KEY_TYPE:
        return Signed(vkey, None) if signature_is_valid(vkey.public_key, text, line.signature) else None
    timestamp = int.from_bytes(line.signature[:8], "big")
    if timestamp > MOST_SECONDS:
        return None
    if vkey.type == ML_DSA_KEY_TYPE:
        return Signed(vkey, timestamp) if ml_dsa_cosignature_is_valid(text, line, vkey) else None
    if len(line.signature) != 72:
        return None
    message = b"cosignature/v1\ntime " + str(timestamp).encode() + b"\n" + text
    return Signed(vkey, timestamp) if signature_is_valid(vkey.public_key, message, line.signature[8:]) else None


def ml_dsa_cosignature_is_valid(text: bytes, line: SignatureLine, vkey: Vkey) -> bool:
    """Page 05, "Cosignature", type 0x06."""
    try:
        origin, size, root = read_checkpoint_text(text.decode())
    except Refused:
        return False
    name = vkey.name.encode()
    if len(line.signature) != 8 + ML_DSA_SIGNATURE_BYTES or not 1 <= len(name) <= 255:
        return False
    message = (
        b"subtree/v1\n\0"
        + bytes([len(name)]) + name
        + line.signature[:8]
        + bytes([len(origin)]) + origin.encode()
        + bytes(8) + size.to_bytes(8, "big")
        + root
    )  # fmt: skip
    try:
        ml_dsa_key(vkey.public_key).verify(line.signature[8:], message)
    except InvalidSignature:
        return False
    return True


# =====================================================================================================================
# Page 06: Receipt
# =====================================================================================================================

RECEIPT_BYTES = 1048576
MOST_HASHES = 63
NOT_JUDGED_CODES = ("not-judged", "policy-unsupported", "digest-not-computable")
NEEDS_NEWER = "not judged: needs a newer verifier"
FILE_DIFFERS = (
    "This file is not byte-identical to the one deposited; "
    "this does not say which is genuine, who changed it, or whether the content differs."
)


@dataclass
class Finding:
    code: str
    message: str
    index: Optional[int] = None
    expected: Optional[str] = None
    found: Optional[str] = None

    def as_json(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if value is not None}


@dataclass
class Findings:
    """Faults, and what could not be judged."""

    faults: list[Finding] = field(default_factory=list)
    not_judged: list[Finding] = field(default_factory=list)

    def add(self, code: str, message: str, **more: Any) -> None:
        (self.not_judged if code in NOT_JUDGED_CODES else self.faults).append(Finding(code, message, **more))

    def extend(self, other: Findings) -> None:
        self.faults += other.faults
        self.not_judged += other.not_judged

    @property
    def exit_code(self) -> int:
        """Page 10, "Exit codes": a fault comes before the rest."""
        return 1 if self.faults else 4 if self.not_judged else 0


class TlogProof(NamedTuple):
    """A receipt's outer form, which is C2SP's tlog-proof."""

    extra: Optional[bytes]
    index: int
    hashes: list[bytes]
    checkpoint: Checkpoint


class Receipt(NamedTuple):
    proof: TlogProof
    entry_bytes: bytes
    entry: Entry
    public_key: bytes
    disclosures: list[Disclosure]


def read_tlog_proof(data: bytes) -> TlogProof:
    """Page 06, "Bytes"."""
    code = "receipt-malformed"
    if len(data) > RECEIPT_BYTES:
        raise Refused(code, f"the receipt has more than {RECEIPT_BYTES} bytes")
    head, empty_line, checkpoint = read_utf8(data).partition("\n\n")
    lines = head.split("\n")
    if empty_line == "" or lines.pop(0) != "c2sp.org/tlog-proof@v1":
        raise Refused(code, "the receipt does not begin as c2sp.org/tlog-proof@v1, or has no empty line")
    extra = None
    if lines and lines[0].startswith("extra "):
        extra = read_base64(lines.pop(0)[len("extra ") :], code)
        if extra == b"":
            raise Refused(code, "the extra line is empty")
    if not lines or not lines[0].startswith("index "):
        raise Refused(code, "the receipt has no index line where it has to stand")
    index = read_decimal(lines.pop(0)[len("index ") :], code)
    if len(lines) > MOST_HASHES:
        raise Refused(code, f"the inclusion proof has more than {MOST_HASHES} hashes")
    hashes = [read_hash(line, code) for line in lines]
    return TlogProof(extra, index, hashes, read_checkpoint(checkpoint.encode()))


def read_receipt(data: bytes) -> Receipt:
    """Page 06, "Bytes": the outer form, and the lines of `extra`."""
    code = "receipt-malformed"
    proof = read_tlog_proof(data)
    if proof.extra is None:
        raise Refused(code, "the receipt has no extra line")
    text = read_utf8(proof.extra)
    if not text.endswith("\n"):
        raise Refused(code, "the last line of extra is not ended by LF")
    lines = text[:-1].split("\n")
    at = entry_lines(lines)
    if at is None or len(lines) <= at:
        raise Refused(code, "extra does not hold an entry and a key")
    if len(lines) > at + 6:
        raise Refused(code, "the receipt holds more than five disclosures")
    entry_bytes = "".join(line + "\n" for line in lines[:at]).encode()
    entry = read_entry(entry_bytes)
    public_key = read_jwk_line(lines[at])
    return Receipt(proof, entry_bytes, entry, public_key, [read_disclosure(line) for line in lines[at + 1 :]])


def entry_lines(lines: list[str]) -> Optional[int]:
    """Of how many lines the entry in `extra` consists."""
    if lines[0] == "evidence-ledger/entry/v1":
        return 5
    return next((at for at in range(5, len(lines)) if lines[at].startswith('{"crv":')), None)


@dataclass
class ReceiptCheck:
    """What the check of a receipt found. What could not be read is None."""

    findings: Findings = field(default_factory=Findings)
    receipt: Optional[Receipt] = None
    statement: Optional[Statement] = None
    members_in_order: bool = False
    is_signed: bool = False  # the statement's signature verifies: else it names a signer, and nobody is shown to have signed
    logs: list[Vkey] = field(default_factory=list)
    witnesses: list[tuple[str, int]] = field(default_factory=list)
    unverified_witnesses: list[str] = field(default_factory=list)
    claims: list[Disclosure] = field(default_factory=list)
    withheld: int = 0
    anchored_in: list[ReceiptCheck] = field(default_factory=list)  # page 16: of upper ledgers, the next one first

    @property
    def anchors_shown(self) -> list[ReceiptCheck]:
        """Those of `anchored_in`, where all of them are sound and nothing of them is unjudged; else none."""
        sound = not self.findings.faults and all(upper.findings.exit_code == 0 for upper in self.anchored_in)
        return self.anchored_in if sound else []


def check_receipt(data: bytes, policy: Policy, transition: Optional[Transition] = None) -> ReceiptCheck:
    """Page 06, "Checking a receipt", steps 1 to 9. With a key transition (page 14) step 2 is another."""
    check = ReceiptCheck()
    try:
        receipt = check.receipt = read_receipt(data)
    except Refused as breach:
        check.findings.add(breach.code, breach.message)
        return check
    try:
        if transition is None:
            check_receipt_ledger(check, receipt, policy)
        else:
            check_transition(check, receipt, policy, transition)
    except Refused as breach:
        check.findings.add(breach.code, breach.message)
    check_receipt_proof(check, receipt)
    if receipt.entry.statement is None:
        check.findings.add("not-judged", f"the entry is of version {shown(receipt.entry.version)}; {NEEDS_NEWER}")
        return check
    try:
        check.statement = read_statement(receipt.entry.statement)
        check_receipt_statement(check, receipt, check.statement)
    except Refused as breach:
        check.findings.add(breach.code, breach.message)
    return check


def check_receipt_ledger(check: ReceiptCheck, receipt: Receipt, policy: Policy) -> None:
    """Step 2."""
    origin, _, _, note = receipt.proof.checkpoint
    check_origin(policy, origin)
    check_signers(check, receipt, policy, note)


def check_signers(check: ReceiptCheck, receipt: Receipt, policy: Policy, note: Note) -> None:
    """Step 2, of the checkpoint that the policy is applied to: who signed it, not before the entry, and the quorum."""
    signers = read_signers(policy, note, receipt.proof.checkpoint.origin)
    for name, timestamp in signers.cosigned.items():
        says_nothing = timestamp == 0 and policy.witnesses[name].type == ML_DSA_KEY_TYPE  # page 05, "Cosignature"
        if not says_nothing and is_before_entry(timestamp * 1000, receipt.entry.time):
            message = (
                f"witness {shown(printable(name))} cosigned before the entry’s time, and signed a tree that holds it"
            )
            check.findings.add("cosignature-early", message)
    check.unverified_witnesses = [printable(name) for name in signers.unverified]
    require_quorum(policy, signers)
    check.logs, check.witnesses = signers.logs, signers.witnesses


def check_origin(policy: Policy, origin: str) -> None:
    if not any(log.name == origin for log in policy.logs):
        raise Refused("receipt-other-ledger", f"the receipt is of {shown(origin)}, which is no ledger of the policy")


def is_before_entry(milliseconds: int, time: str) -> bool:
    """Whether something is more than 60 seconds, by which two clocks may differ, older than an entry."""
    return milliseconds < read_time(time) - 60000


def check_receipt_proof(check: ReceiptCheck, receipt: Receipt) -> None:
    """Steps 3 and 4: index, inclusion."""
    findings, proof = check.findings, receipt.proof
    _, size, root, _ = proof.checkpoint
    if proof.index != receipt.entry.index:
        findings.add("receipt-index", f"the receipt says entry {proof.index}, and the entry {receipt.entry.index}")
    elif not inclusion_holds(proof.index, size, leaf_hash(receipt.entry_bytes), proof.hashes, root):
        findings.add("inclusion-invalid", "the proof does not lead from the entry to the checkpoint’s root")


def check_receipt_statement(check: ReceiptCheck, receipt: Receipt, said: Statement) -> None:
    """Steps 6 to 9: signer, audience, members, disclosures."""
    findings = check.findings
    if thumbprint_of(receipt.public_key) != said.kid:
        findings.add("key-not-issuers", "the key in the receipt is not the one that the statement names")
    elif not said.jws.known_algorithm:
        findings.add("not-judged", f"the signature’s algorithm is {shown(said.jws.alg)}; {NEEDS_NEWER}")
    elif not said.jws.verifies(receipt.public_key):
        findings.add("signature-invalid", "the statement’s signature does not verify")
    else:
        check.is_signed = True
    if said.aud != receipt.proof.checkpoint.origin:
        findings.add("audience-wrong", f"the statement is for {shown(said.aud)}")
    try:
        check_members(said.payload)
    except UnknownKind as unknown:
        findings.add("not-judged", f"{unknown}; {NEEDS_NEWER}")
        return
    check.members_in_order = True
    check_receipt_disclosures(check, receipt, said)


def check_receipt_disclosures(check: ReceiptCheck, receipt: Receipt, said: Statement) -> None:
    """Step 9. After a fault of it no disclosure of the receipt is used."""
    findings, before = check.findings, len(check.findings.faults)
    seen, claims = set(), set()
    for disclosure in receipt.disclosures:
        if disclosure.digest not in said.sealed:
            findings.add(
                "disclosure-foreign", f"the claim {shown(disclosure.claim)} was not sealed with this statement"
            )
        elif disclosure.digest in seen or disclosure.claim in claims:
            findings.add("disclosure-repeated", f"the claim {shown(disclosure.claim)} stands twice")
        else:
            seen.add(disclosure.digest)
            claims.add(disclosure.claim)
    if len(findings.faults) == before:
        check.claims, check.withheld = list(receipt.disclosures), len(said.sealed) - len(seen)


# ---- Checking a file against a receipt ------------------------------------------------------------------------------


class FileAtHand:
    """A file that is checked. It is read as often as needed, in pieces, and never held whole."""

    def __init__(self, name: bytes, open_file: Callable[[], BinaryIO]) -> None:
        self.name = name
        self.open_file = open_file
        self.size = -1
        self.digests: dict[str, Optional[str]] = {}

    def measure(self, algorithms: Iterable[str]) -> None:
        """Size, and each digest in hex; None for an algorithm that this verifier cannot compute."""
        running = {name: start_digest(name) for name in algorithms if name not in self.digests}
        if self.size >= 0 and not running:
            return
        self.size = 0
        with self.open_file() as stream:
            while True:
                piece = stream.read(1 << 20)
                if not piece:
                    break
                self.size += len(piece)
                for digest in running.values():
                    if digest is not None:
                        digest.update(piece)
        for name, digest in running.items():
            self.digests[name] = None if digest is None else finish_digest(digest)

    def sha256(self) -> Optional[str]:
        self.measure(["sha256"])
        return self.digests["sha256"]

    def content(self) -> bytes:
        with self.open_file() as stream:
            return stream.read()


def start_digest(name: str) -> Any:
    """An algorithm of page 02 from Python's standard library, SM3 from `cryptography`; BLAKE3 is in neither."""
    if name == "sm3":
        try:
            return hashes.Hash(hashes.SM3())
        except (AttributeError, UnsupportedAlgorithm):
            return None
    if name not in DIGEST_BYTES or name == "blake3":
        return None
    return hashlib.new(name.replace("-", "_"))


def finish_digest(digest: Any) -> str:
    return digest.hexdigest() if hasattr(digest, "hexdigest") else digest.finalize().hex()


def compare_with_item(file: FileAtHand, item: dict[str, Any]) -> Findings:
    """Page 06, "Checking a file against a receipt": size and every digest."""
    findings = Findings()
    file.measure(item["digest"])
    if file.size != item["size"]:
        findings.add("file-differs", FILE_DIFFERS, expected=f"{item['size']} bytes", found=f"{file.size} bytes")
        return findings
    for name, digest in item["digest"].items():
        if file.digests[name] is None:
            findings.add("digest-not-computable", f"the file’s {name} cannot be computed here; {NEEDS_NEWER}")
        elif file.digests[name] != digest:
            findings.add(
                "file-differs", FILE_DIFFERS, expected=f"{name} {digest}", found=f"{name} {file.digests[name]}"
            )
            return findings
    return findings


def check_as_manifest(file: FileAtHand, item: dict[str, Any], findings: Findings) -> Findings:
    """Page 06: for an item with a tree, which the file was found to be, page 08 is added."""
    if "tree" in item and not findings.faults:
        try:
            check_manifest_tree(file.content(), item["tree"])
        except Refused as breach:
            findings.add(breach.code, breach.message)
    return findings


@dataclass
class FileCheck:
    findings: Findings = field(default_factory=Findings)
    item: Optional[int] = None


def check_file(check: ReceiptCheck, file: FileAtHand, named: Optional[int] = None) -> FileCheck:
    """Page 06, "Checking a file against a receipt": which item, and whether the file is that item's."""
    result = FileCheck()
    if check.statement is None or not check.members_in_order:
        return result
    if check.statement.kind != "evidence.deposit":
        result.findings.add("reference-kind", "the receipt is for no deposit")
        return result
    items = check.statement.payload["items"]
    if named is None:
        named = item_by_name(check, file.name, len(items))
    if named is not None:
        if named >= len(items):
            result.findings.add("file-not-in-deposit", f"the deposit has {len(items)} items, numbered from 0")
            return result
        return FileCheck(check_as_manifest(file, items[named], compare_with_item(file, items[named])), named)
    compared = [compare_with_item(file, item) for item in items]
    for number, findings in enumerate(compared):
        if not findings.faults:
            return FileCheck(check_as_manifest(file, items[number], findings), number)
    if len(items) == 1:
        return FileCheck(compared[0], 0)
    result.findings.add("file-not-in-deposit", "This file is none of the deposit’s items. " + FILE_DIFFERS)
    return result


def item_by_name(check: ReceiptCheck, name: bytes, items: int) -> Optional[int]:
    """The item whose entry in the disclosed `names` is the file's name, if exactly one is."""
    found = [
        number
        for claim in check.claims
        if claim.claim == "names" and isinstance(claim.value, list)
        for number, listed in enumerate(claim.value[:items])
        if isinstance(listed, str) and listed.encode() == name
    ]
    return found[0] if len(found) == 1 else None


# =====================================================================================================================
# Page 07: Policy
# =====================================================================================================================

POLICY_BYTES = 262144
MOST_DEFINITIONS = 512


class Group(NamedTuple):
    name: bytes
    threshold: int
    members: list[bytes]


@dataclass
class Policy:
    """Names are octets, and are compared octet by octet."""

    logs: list[Vkey] = field(default_factory=list)
    witnesses: dict[bytes, Vkey] = field(default_factory=dict)
    groups: dict[bytes, Group] = field(default_factory=dict)
    quorum: Optional[bytes] = None

    def quorum_holds(self, cosigned: Iterable[bytes]) -> bool:
        """Page 07, "Applying it to a checkpoint", step 3. Groups refer upward only, so that one pass suffices."""
        satisfied = {b"none", *cosigned}
        for group in self.groups.values():
            if sum(member in satisfied for member in group.members) >= group.threshold:
                satisfied.add(group.name)
        return self.quorum in satisfied


def policy_refused(line: bytes, message: str) -> Refused:
    return Refused("policy-malformed", f"{message}: {shown(printable(line))}")


def printable(octets: bytes) -> str:
    return octets.decode("utf-8", "backslashreplace")


def read_policy(data: bytes) -> Policy:
    """Page 07, "Grammar"."""
    if len(data) > POLICY_BYTES or re.search(rb"[^\t\n\x20-\x7e\x80-\xff]", data) or not data.endswith(b"\n"):
        raise Refused(
            "policy-malformed", "the policy is empty or too large, holds a control character, or lacks a final LF"
        )
    policy = Policy()
    readers = {b"log": read_log, b"witness": read_witness, b"group": read_group, b"quorum": read_quorum}
    for line in data[:-1].split(b"\n"):
        words = line.split()
        if not words or words[0].startswith(b"#"):
            continue
        if words[0] not in readers:
            raise policy_refused(line, "no definition")
        readers[words[0]](policy, line, words[1:])
        if len(policy.logs) + len(policy.witnesses) + len(policy.groups) > MOST_DEFINITIONS:
            raise policy_refused(line, f"more than {MOST_DEFINITIONS} definitions")
    if policy.quorum is None:
        raise Refused("policy-malformed", "the policy has no quorum")
    return policy


def read_policy_vkey(line: bytes, word: bytes) -> Vkey:
    try:
        return read_vkey(read_utf8(word))
    except Refused as breach:
        raise policy_refused(line, breach.message) from None


def read_log(policy: Policy, line: bytes, words: list[bytes]) -> None:
    if not 1 <= len(words) <= 2:
        raise policy_refused(line, "a log has a key and perhaps a URL")
    vkey = read_policy_vkey(line, words[0])
    if vkey.type != LEDGER_KEY_TYPE or any(vkey.public_key == log.public_key for log in policy.logs):
        raise policy_refused(line, "the log’s key is not of type 1, or stands twice")
    policy.logs.append(vkey)


def new_name(policy: Policy, line: bytes, name: bytes) -> bytes:
    if name == b"none" or name in policy.witnesses or name in policy.groups:
        raise policy_refused(line, "the name is defined already")
    return name


def read_witness(policy: Policy, line: bytes, words: list[bytes]) -> None:
    if not 2 <= len(words) <= 3:
        raise policy_refused(line, "a witness has a name, a key and perhaps a URL")
    vkey = read_policy_vkey(line, words[1])
    if any(vkey.public_key == witness.public_key for witness in policy.witnesses.values()):
        raise policy_refused(line, "the witness’s key stands twice")
    policy.witnesses[new_name(policy, line, words[0])] = vkey


def read_group(policy: Policy, line: bytes, words: list[bytes]) -> None:
    if len(words) < 3:
        raise policy_refused(line, "a group has a name, a number and members")
    name, number, *members = words
    new_name(policy, line, name)
    taken = {member for group in policy.groups.values() for member in group.members}
    for member in members:
        if member in taken or (member not in policy.witnesses and member not in policy.groups):
            raise policy_refused(line, "a member is not defined above, or is a member already")
        taken.add(member)
    if number in (b"any", b"all"):
        threshold = 1 if number == b"any" else len(members)
    else:
        threshold = read_decimal(number.decode("latin-1"), "policy-malformed")
    if not 1 <= threshold <= len(members):
        raise policy_refused(line, "the group’s number is not 1 to the number of its members")
    policy.groups[name] = Group(name, threshold, members)


def read_quorum(policy: Policy, line: bytes, words: list[bytes]) -> None:
    if len(words) != 1 or policy.quorum is not None:
        raise policy_refused(line, "a policy has one quorum of one name")
    if words[0] != b"none" and words[0] not in policy.witnesses and words[0] not in policy.groups:
        raise policy_refused(line, "the quorum is not defined above")
    policy.quorum = words[0]


class Signers(NamedTuple):
    """Who signed a checkpoint: logs, witnesses with their times, and witnesses that cannot be verified here."""

    logs: list[Vkey]
    cosigned: dict[bytes, int]
    unverified: list[bytes]

    @property
    def witnesses(self) -> list[tuple[str, int]]:
        return [(printable(name), timestamp) for name, timestamp in self.cosigned.items()]


def apply_policy(policy: Policy, note: Note, origin: str) -> Signers:
    """Page 07, "Applying it to a checkpoint", steps 1 to 4."""
    signers = read_signers(policy, note, origin)
    require_quorum(policy, signers)
    return signers


def read_signers(policy: Policy, note: Note, origin: str) -> Signers:
    """Steps 1 and 2, and of step 3 who cosigned."""
    verified = verify_note(note, [*policy.logs, *policy.witnesses.values()])
    logs = [log for log in policy.logs if log.name == origin and any(signed.vkey is log for signed in verified)]
    if not logs:
        raise Refused("checkpoint-untrusted", f"no ledger of the policy called {shown(origin)} signed the checkpoint")
    cosigned: dict[bytes, int] = {}
    unverified: list[bytes] = []
    lines = {(line.name, line.key_id) for line in note.signatures}
    for name, vkey in policy.witnesses.items():
        counts = vkey.type in (WITNESS_KEY_TYPE, ML_DSA_KEY_TYPE) and can_verify(vkey)
        for signed in verified:
            if counts and signed.vkey is vkey:
                cosigned[name] = signed.timestamp
        if not counts and (vkey.name, vkey.key_id) in lines:
            unverified.append(name)
    return Signers(logs, cosigned, unverified)


def require_quorum(policy: Policy, signers: Signers) -> None:
    """Steps 3 and 4."""
    if policy.quorum_holds(signers.cosigned):
        return
    if policy.quorum_holds([*signers.cosigned, *signers.unverified]):
        names = ", ".join(shown(printable(name)) for name in signers.unverified)
        raise Refused("policy-unsupported", f"{names}: needed, and with a type of key not verified here; {NEEDS_NEWER}")
    raise Refused("policy-unmet", "the witnesses that the policy asks for did not cosign")


# =====================================================================================================================
# Page 08: Manifest
# =====================================================================================================================

MANIFEST_LINE = re.compile(rb"(\\?)([0-9a-f]{64})  ([^\x00\n\r]+)", re.DOTALL)
MANIFEST_ESCAPES = {b"\\\\": b"\\", b"\\n": b"\n", b"\\r": b"\r"}


class ManifestLine(NamedTuple):
    line: bytes
    sha256: str
    path: bytes


def read_manifest_line(line: bytes) -> ManifestLine:
    """Page 08, "Bytes": one line, without its LF."""
    code = "manifest-malformed"
    match = MANIFEST_LINE.fullmatch(line)
    if match is None:
        raise Refused(code, f"{shown(printable(line))} is no line of a manifest")
    escaped, digest, written = match.groups()
    pieces = re.split(rb"(\\.?)", written)
    if any(piece not in MANIFEST_ESCAPES for piece in pieces[1::2]) or (len(pieces) > 1) != (escaped != b""):
        raise Refused(code, f"{shown(printable(line))} is not escaped as it has to be")
    path = b"".join(MANIFEST_ESCAPES.get(piece, piece) for piece in pieces)
    if any(component in (b"", b".", b"..") for component in path.split(b"/")):
        raise Refused(code, f"{shown(printable(path))} is no relative path, or has a component that is empty, . or ..")
    return ManifestLine(line, digest.decode(), path)


def read_manifest(data: bytes) -> list[ManifestLine]:
    """Page 08, "Bytes"."""
    code = "manifest-malformed"
    if not data.endswith(b"\n"):
        raise Refused(code, "the manifest is empty, or does not end in LF")
    lines = [read_manifest_line(line) for line in data[:-1].split(b"\n")]
    for before, after in zip(lines, lines[1:]):
        if before.path >= after.path:
            raise Refused(code, f"{shown(printable(after.path))} does not follow in ascending order")
    return lines


def manifest_tree(lines: Sequence[ManifestLine]) -> dict[str, Any]:
    """Page 08, "The item"."""
    return {"root": tree_root([leaf_hash(line.line) for line in lines]).hex(), "size": len(lines)}


def check_manifest_tree(data: bytes, tree: dict[str, Any]) -> list[ManifestLine]:
    """Page 08, "Checking", steps 2 and 3."""
    lines = read_manifest(data)
    if manifest_tree(lines) != tree:
        raise Refused("manifest-malformed", "the root over the manifest’s lines, or their number, is not the deposit’s")
    return lines


def check_listed_file(listed: dict[bytes, ManifestLine], path: bytes, file: Optional[FileAtHand]) -> Findings:
    """Page 08, "Checking": one file that should be in a manifest, whose lines are given by path. None: it is absent."""
    findings = Findings()
    name, line = shown(printable(path)), listed.get(path)
    if line is None:
        findings.add("file-not-in-deposit", f"{name} stands in no line of the manifest. {FILE_DIFFERS}")
    elif file is None:
        findings.add("file-not-in-deposit", f"{name} is listed in the manifest, and is no file of the folder.")
    else:
        if file.sha256() != line.sha256:
            found = f"sha256 {file.sha256()}"
            findings.add("file-differs", f"{name}: {FILE_DIFFERS}", expected=f"sha256 {line.sha256}", found=found)
    return findings


def files_below(folder: bytes) -> Iterator[bytes]:
    """Paths of the regular files below a folder, relative, with / between. Links are not followed."""
    for directory, _, names in os.walk(folder, onerror=cannot_read):
        for name in names:
            path = os.path.join(directory, name)
            if stat.S_ISREG(os.lstat(path).st_mode):
                yield os.path.relpath(path, folder).replace(os.fsencode(os.sep), b"/")


def cannot_read(error: OSError) -> None:
    raise error


# =====================================================================================================================
# Page 09: File proof
# =====================================================================================================================

FILE_PROOF_BYTES = 1114112
FILE_PROOF_BEGINS = b"evidence-ledger/file-proof/"


class FileProof(NamedTuple):
    item: int
    line_index: int
    line: ManifestLine
    hashes: list[bytes]
    receipt: bytes


def read_file_proof(data: bytes) -> FileProof:
    """Page 09, "Bytes"."""
    code = "file-proof-malformed"
    if len(data) > FILE_PROOF_BYTES:
        raise Refused(code, f"the file proof has more than {FILE_PROOF_BYTES} bytes")
    *first_lines, rest = data.split(b"\n", 4)
    if len(first_lines) < 4 or first_lines[0] != FILE_PROOF_BEGINS + b"v1":
        raise Refused(code, "the file proof lacks its first four lines")
    item, line_index = (read_decimal(line.decode("latin-1"), code) for line in first_lines[1:3])
    line = read_manifest_line(first_lines[3])
    # A manifest of one line needs no hash: then the empty line follows at once.
    head, empty_line, receipt = (b"\n" + rest).partition(b"\n\n")
    hashes = [read_hash(line.decode("latin-1"), code) for line in head.split(b"\n")[1:]]
    if empty_line == b"" or len(hashes) > MOST_HASHES:
        raise Refused(code, f"there is no empty line before the receipt, or more than {MOST_HASHES} hashes")
    return FileProof(item, line_index, line, hashes, receipt)


def check_file_proof(proof: FileProof, check: ReceiptCheck, file: Optional[FileAtHand]) -> Findings:
    """Page 09, "Checking", steps 3 to 5. The receipt was checked, and is reported, before."""
    findings = Findings()
    if check.statement is None or not check.members_in_order:
        return findings
    if check.statement.kind != "evidence.deposit":
        findings.add("reference-kind", "the receipt is for no deposit")
        return findings
    items = check.statement.payload["items"]
    if proof.item >= len(items) or "tree" not in items[proof.item]:
        findings.add("file-not-in-deposit", f"the deposit has no manifest as item {proof.item}")
        return findings
    tree = items[proof.item]["tree"]
    leaf, root = leaf_hash(proof.line.line), bytes.fromhex(tree["root"])
    if not inclusion_holds(proof.line_index, tree["size"], leaf, proof.hashes, root):
        findings.add("inclusion-invalid", "the proof does not lead from the line to the manifest’s root")
    if file is not None:
        file.measure(["sha256"])
        if file.digests["sha256"] != proof.line.sha256:
            found = f"sha256 {file.digests['sha256']}"
            findings.add("file-differs", FILE_DIFFERS, expected=f"sha256 {proof.line.sha256}", found=found)
    return findings


# =====================================================================================================================
# Page 10: Verification. A re-walk of a whole ledger
# =====================================================================================================================

TILE_WIDTH = 256


class Source:
    """Where a ledger is read from. Nothing that it says is trusted."""

    name = ""

    def checkpoint(self) -> Optional[bytes]:
        raise NotImplementedError

    def tile(self, level: int, number: int, width: int) -> Optional[bytes]:
        raise NotImplementedError

    def entries(self, number: int, width: int) -> list[Optional[bytes]]:
        """Entries of a bundle, None for one that cannot be had."""
        raise NotImplementedError

    keeps_disclosures = False

    def disclosures(self, index: int) -> list[str]:
        """What is kept for an entry, where disclosures are kept."""
        return []


@dataclass
class Tree:
    """Leaf hashes from index 0 on, as far as they are known, and whether they are what was sequenced."""

    known: list[bytes]
    authentic: bool


@dataclass
class WalkReport:
    """Page 10, "The report"."""

    findings: Findings = field(default_factory=Findings)
    origin: Optional[str] = None
    environment: Optional[str] = None
    size: Optional[int] = None
    root: Optional[bytes] = None
    trusted: bool = False
    witnesses: list[tuple[str, int]] = field(default_factory=list)
    unverified_witnesses: list[str] = field(default_factory=list)
    closed_by: Optional[int] = None
    intake_ended_by: Optional[int] = None
    compromised: list[int] = field(default_factory=list)
    not_erased: list[int] = field(default_factory=list)  # page 22: what is kept though its erasure was ordered
    ordered: list[tuple[int, int]] = field(default_factory=list)  # page 22: withheld, and ordered by which entry
    remarks: list[tuple[int, str]] = field(default_factory=list)  # page 19, "Flags"
    participants: int = 0
    first_time: str = ""
    last_time: str = ""
    disclosures: Optional[dict[str, int]] = None

    @property
    def flagged(self) -> list[int]:
        return [*self.compromised, *self.not_erased]


def walk(source: Source, policy: Policy, earlier: Sequence[Checkpoint] = ()) -> WalkReport:
    """Page 10, from "Checkpoint" to "Entries". It does not stop at a fault."""
    report = WalkReport()
    data = source.checkpoint()
    if data is None:
        report.findings.add("checkpoint-missing", "there are entries and no checkpoint")
        return report
    try:
        checkpoint = read_checkpoint(data)
    except Refused as breach:
        report.findings.add(breach.code, breach.message)
        return report
    report.origin, report.size, report.root = checkpoint.origin, checkpoint.size, checkpoint.root
    if source.keeps_disclosures:
        report.disclosures = {"present": 0, "withheld": 0, "foreign": 0}
    trust = judge_checkpoint(checkpoint, policy, report)
    state = State(trust.origin, trust.vkeys)
    tree = walk_tree(source, checkpoint.size, checkpoint.root, report.findings)
    state.sealed = tree.known if tree.authentic else None
    entries = EntryWalk(source, tree, state, report)
    entries.run(checkpoint.size)
    entries.tell_orders()
    judge_ledger_keys(checkpoint, state, report.findings)
    walk_earlier(checkpoint, tree, policy, state, earlier, report.findings)
    report.environment, report.participants = state.environment, len(state.participants)
    report.compromised, report.remarks, report.closed_by = state.flagged(), state.remarks, state.closed_by
    report.intake_ended_by = state.intake_ended_by
    return report


class Trust(NamedTuple):
    """The origin under which entries are judged; and the vkeys of the policy that verified the checkpoint."""

    origin: str
    vkeys: list[str]


def judge_checkpoint(checkpoint: Checkpoint, policy: Policy, report: WalkReport) -> Trust:
    """Page 10, "Checkpoint", steps 2 and 3."""
    vkeys: list[str] = []
    if checkpoint.size == 0:
        report.findings.add("genesis-missing", "the ledger has no entry, and so no genesis")
    try:
        signers = read_signers(policy, checkpoint.note, checkpoint.origin)
        vkeys = [log.text for log in signers.logs]
        report.unverified_witnesses = [printable(name) for name in signers.unverified]
        require_quorum(policy, signers)
    except Refused as breach:
        report.findings.add(breach.code, breach.message)
        return Trust(policy.logs[0].name if len(policy.logs) == 1 else checkpoint.origin, vkeys)
    report.trusted, report.witnesses = True, signers.witnesses
    return Trust(checkpoint.origin, vkeys)


# ---- Tree -----------------------------------------------------------------------------------------------------------


def walk_tree(source: Source, size: int, root: bytes, findings: Findings) -> Tree:
    """Page 10, "Tree", steps 1 to 6."""
    known = read_leaf_hashes(source, size, findings)
    compare_higher_levels(source, size, known, findings)
    all_read = len(known) == size
    if all_read and tree_root(known) == root:
        return Tree(known, authentic=True)
    hashed = hash_all_entries(source, size)
    if hashed is not None and tree_root(hashed) == root:
        for index, (stored, own) in enumerate(zip(known, hashed)):
            if stored != own:
                message = f"A stored tile does not hold the leaf hash of entry {index}."
                findings.add("tile-altered", message, index=index, **expected_and_found(own, stored))
        return Tree(hashed, authentic=True)
    if all_read:
        message = "Neither the tiles nor the entries make the root that the checkpoint signs."
        findings.add("root-mismatch", message, **expected_and_found(root, tree_root(known)))
    return Tree(known, authentic=False)


def expected_and_found(expected: bytes, found: bytes) -> dict[str, str]:
    return {"expected": write_base64(expected), "found": write_base64(found)}


def read_leaf_hashes(source: Source, size: int, findings: Findings) -> list[bytes]:
    """Step 1: level 0, up to the first tile that is missing or malformed."""
    known: list[bytes] = []
    while len(known) < size:
        width = min(TILE_WIDTH, size - len(known))
        tile = read_tile(source, 0, len(known) // TILE_WIDTH, width, findings)
        if tile is None:
            break
        known += tile
    return known


def read_tile(source: Source, level: int, number: int, width: int, findings: Findings) -> Optional[list[bytes]]:
    data = source.tile(level, number, width)
    name = tile_path(level, number, width)
    if data is None:
        findings.add("tile-missing", f"{name} is not there")
        return None
    if len(data) % 32 != 0 or not 32 * width <= len(data) <= 32 * TILE_WIDTH:
        findings.add("tile-malformed", f"{name} has {len(data)} bytes")
        return None
    return [data[at : at + 32] for at in range(0, 32 * width, 32)]


def compare_higher_levels(source: Source, size: int, known: list[bytes], findings: Findings) -> None:
    """Steps 2 and 3: each level above is computed from the one below, and the stored tiles are compared with it."""
    all_read, level, below = len(known) == size, 0, known
    while size // TILE_WIDTH > 0:
        size, level = size // TILE_WIDTH, level + 1
        computed = [tree_root(below[at : at + TILE_WIDTH]) for at in range(0, len(below) - TILE_WIDTH + 1, TILE_WIDTH)]
        for at in range(0, len(computed), TILE_WIDTH):
            part = computed[at : at + TILE_WIDTH]
            if not all_read and len(part) < TILE_WIDTH:
                break
            stored = read_tile(source, level, at // TILE_WIDTH, len(part), findings)
            if stored is not None and stored != part:
                name = tile_path(level, at // TILE_WIDTH, len(part))
                findings.add("tile-altered", f"{name} does not hold what the tiles below it make.")
        below = computed


def hash_all_entries(source: Source, size: int) -> Optional[list[bytes]]:
    """Step 5: the leaf hashes of the entries, if the bytes of every one are at hand."""
    hashed: list[bytes] = []
    while len(hashed) < size:
        entries = source.entries(len(hashed) // TILE_WIDTH, min(TILE_WIDTH, size - len(hashed)))
        if None in entries:
            return None
        hashed += [leaf_hash(entry) for entry in entries]
    return hashed


def walk_earlier(
    checkpoint: Checkpoint,
    tree: Tree,
    policy: Policy,
    state: State,
    earlier: Sequence[Checkpoint],
    findings: Findings,
) -> None:
    """Page 10, "Entries", end: checkpoints that were kept; and page 14, "The walk", of those before a rotation."""
    for kept in earlier:
        follows = kept.origin == checkpoint.origin and kept.size <= min(checkpoint.size, len(tree.known))
        follows = follows and tree_root(tree.known[: kept.size]) == kept.root
        if not follows:
            findings.add(
                "consistency-invalid", f"the ledger does not go on from the checkpoint kept at size {kept.size}"
            )
        try:
            apply_policy(policy, kept.note, kept.origin)
        except Refused as breach:
            code = breach.code
            if code == "checkpoint-untrusted" and follows:
                if signed_by_a_ledger_key(kept, state):
                    continue
                code = code if state.uncertain_since is None else "not-judged"
            findings.add(code, f"the checkpoint kept at size {kept.size}: {breach.message}")


# ---- Entries --------------------------------------------------------------------------------------------------------


class EntryWalk:
    """Page 10, "Entries": the state of a walk between one entry and the next."""

    def __init__(self, source: Source, tree: Tree, state: State, report: WalkReport) -> None:
        self.source = source
        self.tree = tree
        self.state = state
        self.report = report
        self.expected_link: Optional[bytes] = bytes(32)  # None: unknown
        self.latest_time = ""
        self.ordered: dict[int, dict[str, int]] = {}  # page 22: digests of a target, and the order that named each first
        self.soundness: Optional[str] = None  # of the entry that was judged last

    def found(self, code: str, index: int, message: str, **more: Any) -> None:
        self.report.findings.add(code, message, index=index, **more)

    def run(self, size: int) -> None:
        """Each index in turn, up to the first bundle past the known leaf hashes of which nothing can be had."""
        for first in range(0, size, TILE_WIDTH):
            width = min(TILE_WIDTH, size - first)
            entries = self.source.entries(first // TILE_WIDTH, width)
            if first >= len(self.tree.known) and all(data is None for data in entries):
                self.found("entry-missing", first, f"The entries {first} to {size - 1} cannot be had.")
                self.state.becomes_uncertain(first)
                return
            for index, data in enumerate(entries, first):
                self.entry(index, data)

    def entry(self, index: int, data: Optional[bytes]) -> None:
        """Steps 1 to 3 and 7, and what the entry leaves for those that follow."""
        known = self.tree.known[index] if index < len(self.tree.known) else None
        if data is None:
            return self.missing(index, known)
        computed = leaf_hash(data)
        altered = known is not None and known != computed
        if altered:
            held_by = "that were sequenced" if self.tree.authentic else "that the stored tree holds"
            message = f"The stored bytes of entry {index} are not those {held_by}."
            self.found("entry-altered", index, message, **expected_and_found(known, computed))
        sealed = known if self.tree.authentic else computed
        statement = self.judge(index, data, altered)
        self.expected_link = sealed
        self.state.targets.append(target_of(sealed, None if altered else statement, self.soundness))
        # Where the sequenced bytes were read, it is certain what was sequenced, even if they say nothing.
        if altered or (statement is None and not self.tree.authentic):
            self.state.becomes_uncertain(index)

    def missing(self, index: int, known: Optional[bytes]) -> None:
        """Step 1."""
        self.found("entry-missing", index, f"Entry {index} cannot be had.")
        self.expected_link = known if self.tree.authentic else None
        self.state.targets.append(Target(known))
        self.state.becomes_uncertain(index)

    def judge(self, index: int, data: bytes, altered: bool) -> Optional[Statement]:
        """Steps 3 to 9. Gives the statement, if it could be read."""
        try:
            entry = read_entry(data)
        except Refused as breach:
            self.found(breach.code, index, f"entry {index}: {breach.message}")
            return None
        self.judge_lines(index, entry, altered)
        if entry.statement is None:
            self.later_version(index, later_version(entry.version))
            return None
        try:
            statement = read_statement(entry.statement)
        except Refused as breach:
            self.found(breach.code, index, f"entry {index}: {breach.message}")
            return None
        judgement = Judgement(self.state, index, entry.time, statement)
        judgement.judge(altered)
        self.soundness = soundness_of(judgement)
        for violation in judgement.violations:
            self.found(violation.code, index, f"entry {index}: {violation.message}")
        if judgement.violations and not self.tree.authentic:
            self.state.becomes_uncertain(index)  # nothing says that these bytes were sequenced
        for message in judgement.not_judged:
            self.found("not-judged", index, f"entry {index}: {message}; {NEEDS_NEWER}")
        if judgement.members_in_order and not altered:
            self.judge_disclosures(index, statement)
            if not judgement.violations and not judgement.not_judged:
                self.take_order(index, meant_payload(statement.payload))
        return statement

    def take_order(self, index: int, payload: dict[str, Any]) -> None:
        """Page 22, "The walk": an order that holds, of entries of this ledger."""
        if payload["kind"] != "erasure.order" or "origin" in payload:
            return
        for target in payload["of"]:
            named = self.ordered.setdefault(target["index"], {})
            for digest in target["digests"]:
                named.setdefault(digest, index)

    def tell_orders(self) -> None:
        """Page 22, "The walk": after the last entry, where the source keeps disclosures."""
        if self.report.disclosures is None:
            return
        for target, named in sorted(self.ordered.items()):
            kept = {write_base64url(sha256(text.encode())) for text in self.source.disclosures(target)}
            gone = sorted({order for digest, order in named.items() if digest not in kept})
            self.report.ordered += [(target, order) for order in gone]
            if kept & named.keys():
                self.report.not_erased.append(target)

    def later_version(self, index: int, version: int) -> None:
        """Step 7. A version that nobody announced says nothing, as a malformed entry does."""
        if version in self.state.announced_versions or self.state.uncertain_since is not None:
            self.found("not-judged", index, f"entry {index} is of version {version}; {NEEDS_NEWER}")
            self.state.becomes_uncertain(index)
        else:
            message = f"entry {index} is of version {version}, which no entry before it announced"
            self.found("version-unannounced", index, message)

    def judge_lines(self, index: int, entry: Entry, altered: bool) -> None:
        """Steps 4 to 6: index, time, link."""
        if entry.index != index:
            self.found("index-wrong", index, f"entry {index} says that it is entry {entry.index}")
        if entry.time < self.latest_time:
            self.found("time-reversed", index, f"entry {index} has an earlier time than one before it")
        elif not altered:
            self.report.first_time = self.report.first_time or entry.time
            self.latest_time = self.report.last_time = entry.time
        if self.expected_link is not None and entry.link != self.expected_link:
            message = f"entry {index} does not name the entry before it"
            self.found("link-broken", index, message, **expected_and_found(self.expected_link, entry.link))

    def judge_disclosures(self, index: int, statement: Statement) -> None:
        """Step 9."""
        counts = self.report.disclosures
        if counts is None:
            return
        seen = set()
        for text in self.source.disclosures(index):
            try:
                digest = read_disclosure(text).digest
            except Refused:
                digest = None
            if digest not in statement.sealed or digest in seen:
                counts["foreign"] += 1
                message = f"What is kept for entry {index} is not what was sealed with it."
                self.found("stored-disclosure-altered", index, message)
            else:
                seen.add(digest)
        counts["present"] += len(seen)
        counts["withheld"] += len(statement.sealed) - len(seen)


# =====================================================================================================================
# Page 12: Tiles
# =====================================================================================================================


def tile_path(level: Optional[int], number: int, width: int) -> str:
    """Page 12, "Paths": of a hash tile, or of a bundle, which has no level."""
    groups = [f"{number % 1000:03}"]
    while number >= 1000:
        number //= 1000
        groups.insert(0, f"x{number % 1000:03}")
    folder = "entries" if level is None else str(level)
    return f"tile/{folder}/{'/'.join(groups)}" + ("" if width == TILE_WIDTH else f".p/{width}")


def read_tile_path(path: str) -> Optional[tuple[Optional[int], int, int]]:
    """The level (None: a bundle), number and width that a path names, if it is the one spelling of them."""
    match = re.fullmatch(r"tile/(entries|[0-9]{1,2})/((?:x[0-9]{3}/)*[0-9]{3})(?:\.p/([0-9]{1,3}))?", path)
    if match is None:
        return None
    level = None if match.group(1) == "entries" else int(match.group(1))
    number = int(match.group(2).replace("x", "").replace("/", ""))
    width = TILE_WIDTH if match.group(3) is None else int(match.group(3))
    if number > MAX_INTEGER or not 1 <= width <= TILE_WIDTH or (level or 0) > 63 or tile_path(level, number, width) != path:
        return None
    return level, number, width


def read_bundle(data: bytes, width: int) -> list[bytes]:
    """Page 12, "Entry bundles"."""
    entries: list[bytes] = []
    at = 0
    while at < len(data) and len(entries) < width:
        length = int.from_bytes(data[at : at + 2], "big")
        if at + 2 + length > len(data):
            break
        entries.append(data[at + 2 : at + 2 + length])
        at += 2 + length
    if at != len(data) or len(entries) != width:
        raise Refused("bundle-malformed", f"the bundle does not hold exactly {width} entries")
    return entries


LEADS_NOWHERE = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP)


class FolderSource(Source):
    """Page 12, "Export folder": static files on a disk. A partial tile may be gone once the full one exists."""

    def __init__(self, folder: str) -> None:
        self.name = folder

    def read(self, path: str, limit: int) -> Optional[bytes]:
        """A regular file, links followed; what is anything else is not there. One that may not be read is an `OSError`."""
        whole = os.path.join(self.name, *path.split("/"))
        try:
            is_file = stat.S_ISREG(os.stat(whole).st_mode)
        except OSError as error:
            if error.errno not in LEADS_NOWHERE:
                raise
            is_file = False
        return read_bounded(whole, limit) if is_file else None

    def checkpoint(self) -> Optional[bytes]:
        return self.read("checkpoint", NOTE_BYTES)

    def read_partial_or_full(
        self, level: Optional[int], number: int, width: int, limit: int
    ) -> tuple[Optional[bytes], int]:
        for present in sorted({width, TILE_WIDTH}):
            data = self.read(tile_path(level, number, present), limit)
            if data is not None:
                return data, present
        return None, 0

    def tile(self, level: int, number: int, width: int) -> Optional[bytes]:
        return self.read_partial_or_full(level, number, width, 32 * TILE_WIDTH)[0]

    def entries(self, number: int, width: int) -> list[Optional[bytes]]:
        data, present = self.read_partial_or_full(None, number, width, (ENTRY_BYTES + 2) * TILE_WIDTH)
        try:
            return list(read_bundle(data, present)[:width]) if data is not None else [None] * width
        except Refused:
            return [None] * width


def read_bounded(path: str, limit: int) -> bytes:
    """A whole file; of one that is too large only as much as shows that."""
    with open(path, "rb") as stream:
        return stream.read(limit + 1)


# =====================================================================================================================
# Page 13: Time stamps. What tokens, certificates and CRLs say is not judged: that is ASN.1, which needs more than this one file.
# =====================================================================================================================

TIME_PROOF_NOT_JUDGED = (
    "a time stamp is not judged by this program: use the openssl commands of docs/spec/13-time-stamps.md, "
    "“Checking without this software”"
)
TIME_PROOF_BYTES, RECORD_BYTES = (8 << 20) + 4096, 8 << 20
MOST_LAYERS, MOST_TOKENS, MOST_LAYER_TOKENS, MOST_MATERIAL = 32, 64, 8, 64
MOST_DER = {"token": 64 << 10, "certificate": 16 << 10, "crl": 1 << 20}
DER_DEPTH = 32


class TimeProof(NamedTuple):
    """The path of an entry to a checkpoint that was stamped."""

    index: int
    hashes: list[bytes]
    note: bytes
    ders: list[tuple[bytes, str]]  # and what each is


def read_time_proof(data: bytes) -> TimeProof:
    """Page 13, "Time proof": its form, and that of its record; of the DER in it no more than its length."""
    code = "time-proof-malformed"
    end = data[:4096].find(b"\n\n")
    lines = data[: max(end, 0)].decode("latin-1").split("\n")
    if len(data) > TIME_PROOF_BYTES or lines.pop(0) != "evidence-ledger/time-proof/v1":
        raise Refused(code, "the time proof is too large, or does not begin as evidence-ledger/time-proof/v1")
    if not lines or not lines[0].startswith("index ") or len(lines) > 1 + MOST_HASHES:
        raise Refused(code, f"the time proof has no index, or more than {MOST_HASHES} hashes")
    index = read_decimal(lines.pop(0)[len("index ") :], code)
    hashes = [read_hash(line, code) for line in lines]
    return TimeProof(index, hashes, *read_time_record(data[end + 2 :]))


def read_time_record(data: bytes) -> tuple[bytes, list[tuple[bytes, str]]]:
    """Page 13, "Time-stamp record". Gives the stamped bytes, a checkpoint, and all DER, with what each is."""
    code = "time-stamp-malformed"
    lines = data.decode("latin-1").split("\n")
    if len(data) > RECORD_BYTES or lines.pop() != "" or lines[:1] != ["evidence-ledger/time-stamps/v1"] or len(lines) < 2:
        raise Refused(code, "the record is too large, does not begin as evidence-ledger/time-stamps/v1, or ends without LF")
    note = read_record_value(lines[1], "checkpoint", NOTE_BYTES)
    layers: list[list[str]] = []  # of each layer the words of its lines
    ders: list[tuple[bytes, str]] = []
    for line in lines[2:]:
        word = line.split(" ")[0]
        if word == "hash":
            if line not in ("hash sha256", "hash sha384", "hash sha512") or len(layers) == MOST_LAYERS:
                raise Refused(code, "the record has an unknown hash, or too many layers")
            layers.append([])
            continue
        if not layers or word not in MOST_DER:
            raise Refused(code, f"{shown(word)} begins no line that may stand here")
        layers[-1].append(word)
        ders.append((read_record_value(line, word, MOST_DER[word]), word))
    for words in layers:
        tokens = words.count("token")
        in_order = words[:tokens] == ["token"] * tokens
        if not in_order or not 1 <= tokens <= MOST_LAYER_TOKENS or len(words) - tokens > MOST_MATERIAL:
            raise Refused(code, "a layer has no token, too many, one after a certificate, or too much that it is judged with")
    if not layers or sum(words.count("token") for words in layers) > MOST_TOKENS:
        raise Refused(code, "the record has no token, or too many")
    return note, ders


def read_record_value(line: str, word: str, limit: int) -> bytes:
    code = "time-stamp-malformed"
    if not line.startswith(word + " "):
        raise Refused(code, f"the record has no {word} where one has to be")
    value = read_base64(line[len(word) + 1 :], code)
    if not 1 <= len(value) <= limit:
        raise Refused(code, f"the record has a {word} of {len(value)} bytes, where {limit} are the most")
    return value


def require_der(data: bytes, what: str) -> None:
    """One element from the first byte to the last, of definite lengths in as few bytes as they need; tags and lengths alone."""
    at, ends = 0, [len(data)]
    while at < len(data):
        malformed = at > 0 and len(ends) == 1  # something follows the element
        tag, first = data[at], data[at + 1 : at + 2]
        at += 2
        length = first[0] if first else 0x80
        malformed = malformed or tag & 0x1F == 0x1F or length == 0x80 or length > 0x84
        if length > 0x80 and not malformed:
            count = length & 0x7F
            length = int.from_bytes(data[at : at + count].ljust(count, b"\0"), "big")
            malformed = length < 0x80 or length >> (8 * (count - 1)) == 0
            at += count
        if malformed or at + length > ends[-1] or (tag & 0x20 and len(ends) == DER_DEPTH):
            raise Refused("time-stamp-malformed", f"a {what} is no DER of definite lengths, or is nested too deep")
        if tag & 0x20:
            ends.append(at + length)
        else:
            at += length
        while len(ends) > 1 and ends[-1] == at:
            ends.pop()
    if len(ends) > 1:
        raise Refused("time-stamp-malformed", f"a {what} ends too early")


def check_time_proof(data: bytes, receipt: Receipt, policy: Optional[Policy]) -> Findings:
    """Page 13, "Time proof", steps 1 and 2; the record is _not judged_. No policy: the receipt has a key transition."""
    findings = Findings()
    proof: Optional[TimeProof] = None
    try:
        proof = read_time_proof(data)
        stamped, own = read_checkpoint(proof.note), receipt.proof.checkpoint
        if (stamped.origin, proof.index) != (own.origin, receipt.entry.index):
            raise Refused("time-proof-foreign", f"the time proof is of entry {proof.index} of {shown(stamped.origin)}")
        if policy is not None:
            read_signers(policy, stamped.note, stamped.origin)
        leaf = leaf_hash(receipt.entry_bytes)
        if not inclusion_holds(proof.index, stamped.size, leaf, proof.hashes, stamped.root):
            raise Refused("inclusion-invalid", "the time proof does not lead to the checkpoint that was stamped")
        if stamped.size == own.size and stamped.root != own.root:
            raise Refused("consistency-invalid", "the stamped checkpoint and the receipt’s have one size and two roots")
    except Refused as breach:
        findings.add(breach.code, breach.message)
    else:
        findings.add("not-judged", TIME_PROOF_NOT_JUDGED)
    try:
        for value, what in [] if proof is None else proof.ders:
            require_der(value, what)
    except Refused as breach:
        findings.add(breach.code, breach.message)
    return findings


# =====================================================================================================================
# Page 14: Ledger keys and approvals
# =====================================================================================================================

PROPOSAL_TYPE = "evidence-proposal+jwt"
MOST_SECONDS_TO_END = 7776000  # of a proposal: 90 days


# ---- Kinds ----------------------------------------------------------------------------------------------------------


def b64url_of(limit: int) -> Check:
    return string_that(
        lambda text: 1 <= len(text) <= limit and reads(read_base64url)(text), f"base64url of 1 to {limit} characters"
    )


a_proposal = b64url_of(32768)
a_successor = object_of({"origin": an_origin, "checkpoint": text_of(4096)})
KINDS.update(
    {
        "ledger.rotate-key": (
            {
                "oldKey": text_of(1024),
                "newKey": text_of(1024),
                "reason": a_code,
                "possession": text_of(4096),
            },
            {},
        ),
        "ledger.close": ({"reason": a_code}, {"successor": a_successor}),
        "ledger.end-intake": ({"reason": a_code}, {"successor": a_successor}),
        "ledger.set-approvals": ({"administrators": count_from(1, 16)}, {"recovery": count_from(1, 16)}),
        "ledger.set-format": ({"version": count_from(2, 999999999)}, {}),
        "ledger.change": (
            {
                "proposal": a_proposal,
                "approvals": array_of(object_of({"protected": b64url_of(512), "signature": b64url_of(512)}), 1, 16),
            },
            {},
        ),
    }
)
ROLES_NEEDED.update(
    dict.fromkeys(
        ("ledger.rotate-key", "ledger.close", "ledger.end-intake", "ledger.set-approvals", "ledger.set-format"),
        ("administrator",),
    )
)

# What several administrators approve together: these kinds, and no other of this version.
PROPOSED_KINDS = (
    "participant.admit", "participant.revoke", "ledger.set-approvals", "ledger.set-format", "ledger.rotate-key",
    "ledger.close", "ledger.end-intake", "erasure.order",
)  # fmt: skip
PROPOSAL_MEMBERS: dict[str, Check] = {
    "aud": string_that(is_origin, "an origin", "proposal-malformed"),
    "jti": string_that(is_uuid, "a UUID in lower case", "proposal-malformed"),
    "exp": a_time_in_seconds,
    "kind": text_of(256),
}


def read_proposal(text: str) -> dict[str, Any]:
    """ "ledger.change": the proposal as an object whose common members are in order."""
    code = "proposal-malformed"
    try:
        proposal = read_json_object(read_base64url(text))
        for name, check in PROPOSAL_MEMBERS.items():
            check(proposal.get(name), f"the proposal’s {name}")
    except Refused as breach:
        raise Refused(code, breach.message) from None
    return proposal


def check_proposal(text: str) -> None:
    """ "ledger.change": what its member `proposal` holds, and in it exactly the members of its kind."""
    proposal = read_proposal(text)
    if proposal["kind"] not in KINDS:
        raise UnknownKind(proposal["kind"])
    if proposal["kind"] not in PROPOSED_KINDS:
        raise Refused("proposal-malformed", f"a {proposal['kind']} needs no approvals")
    check_kind(proposal, PROPOSAL_MEMBERS, "the proposal")


def meant_payload(payload: dict[str, Any]) -> dict[str, Any]:
    """What a payload whose members are in order is about: the proposal of a `ledger.change`, of others itself."""
    return read_proposal(payload["proposal"]) if payload.get("kind") == "ledger.change" else payload


# ---- Rules ----------------------------------------------------------------------------------------------------------


def touches_recovery(state: State, payload: dict[str, Any]) -> bool:
    """ "When approvals are needed"."""
    if payload["kind"] == "participant.admit":
        return "recovery" in payload["participant"]["roles"]
    if payload["kind"] == "participant.revoke":
        return "recovery" in roles_of_revoked(state, payload)
    return payload["kind"] == "ledger.set-approvals"


def roles_of_revoked(state: State, revocation: dict[str, Any]) -> list[str]:
    """Roles of the participant that a revocation names, or whose key it names; none where it is not known."""
    key = state.keys.get(revocation.get("key"))
    participant = state.participants.get(revocation.get("participant") if key is None else key.owner)
    return [] if participant is None else participant.roles


def approvals_are_needed(state: State, payload: dict[str, Any]) -> bool:
    """ "When approvals are needed": whether such a statement by itself is a violation."""
    if state.approvals is None or payload["kind"] not in PROPOSED_KINDS or payload["kind"] == "erasure.order":
        return False
    recovery = state.approvals.recovery is not None and touches_recovery(state, payload)
    return state.approvals.administrators > 1 or recovery


def ledger_rotation(judgement: Judgement, payload: dict[str, Any]) -> Callable[[], None]:
    """ "Rotation of the ledger's key"."""
    state, index = judgement.state, judgement.index
    old = next((key for key in state.ledger_keys if key.text == payload["oldKey"] and key.retired_by is None), None)
    if old is None:
        unknown = all(key.text != payload["oldKey"] for key in state.ledger_keys)
        judgement.found(
            "ledger-key-retired", f"{shown(payload['oldKey'])} is no key that signs for the ledger now", unknown
        )
    try:
        new = read_new_ledger_key(state, payload["newKey"])
        check_ledger_possession(state, index, new, payload["possession"])
    except Refused as breach:
        judgement.found(breach.code, breach.message)

    def change() -> None:
        if old is None:
            return
        old.retired_by = index
        state.ledger_keys.append(LedgerKey(new.text, new.public_key, brought_by=index))

    return change


def read_new_ledger_key(state: State, text: str) -> Vkey:
    code = "ledger-key-invalid"
    try:
        new = read_vkey(text)
    except Refused as breach:
        raise Refused(code, breach.message) from None
    if new.type != LEDGER_KEY_TYPE or new.name != state.origin:
        raise Refused(code, f"{shown(text)} is no key of type 1 under the ledger’s name")
    if any(new.public_key == key.public_key for key in [*state.ledger_keys, *state.keys.values()]):
        raise Refused(code, f"{shown(text)} is a key of the ledger, or of a participant, already")
    return new


def check_ledger_possession(state: State, index: int, new: Vkey, text: str) -> None:
    code = "ledger-possession"
    try:
        shown_by = read_checkpoint(text.encode())
        signed = verify_note(shown_by.note, [new])
    except Refused as breach:
        raise Refused(code, f"the possession proof: {breach.message}") from None
    if shown_by.origin != state.origin or not 1 <= shown_by.size <= index or not signed:
        raise Refused(
            code, f"the possession proof is no checkpoint of 1 to {index} entries of this ledger by the new key"
        )
    if state.sealed is not None and tree_root(state.sealed[: shown_by.size]) != shown_by.root:
        raise Refused(code, f"the possession proof’s root is not that of the first {shown_by.size} entries")


def closing(judgement: Judgement, payload: dict[str, Any]) -> Callable[[], None]:
    """ "Closing"."""
    judge_successor(judgement, payload.get("successor"))

    def change() -> None:
        judgement.state.closed_by = judgement.index

    return change


def ending_intake(judgement: Judgement, payload: dict[str, Any]) -> Callable[[], None]:
    """ "Ending the intake"."""
    state = judgement.state
    judge_successor(judgement, payload.get("successor"))

    def change() -> None:
        if state.intake_ended_by is None:
            state.intake_ended_by = judgement.index

    return change


def judge_successor(judgement: Judgement, successor: Optional[dict[str, str]]) -> None:
    state = judgement.state
    if successor is not None:
        try:
            first = read_checkpoint(successor["checkpoint"].encode())
            if first.size != 1 or first.origin != successor["origin"] or first.origin == state.origin:
                raise Refused("", "it is no checkpoint of one entry of the ledger that it names, or that is this one")
        except Refused as breach:
            judgement.found("successor-invalid", f"the successor’s checkpoint: {breach.message}")


def setting_approvals(judgement: Judgement, payload: dict[str, Any]) -> Callable[[], None]:
    """ "Setting approvals"."""
    state, wanted = judgement.state, Approvals(payload["administrators"], payload.get("recovery"))
    if wanted.administrators > state.active("administrator") or (wanted.recovery or 0) > state.active("recovery"):
        judgement.found("threshold-impossible", "more approvals are asked for than there are active participants")

    def change() -> None:
        state.approvals = wanted

    return change


def announcing_version(judgement: Judgement, payload: dict[str, Any]) -> Callable[[], None]:
    """ "Announcing an entry version"."""
    state, version = judgement.state, payload["version"]

    def change() -> None:
        state.announced_versions.add(version)

    return change


def proposed_change(judgement: Judgement, payload: dict[str, Any]) -> Callable[[], None]:
    """ "Change", steps 1 to 4. The approvers give a proposal its authority, no matter who sends it."""
    proposal, state = read_proposal(payload["proposal"]), judgement.state
    before = len(judgement.violations)
    judge_proposal(judgement, proposal)
    if len(judgement.violations) > before:
        return no_change
    settled = len(judgement.violations) + len(judgement.not_judged)
    approvers = judge_approvals(judgement, payload)
    carried = approvers is not None and is_carried(state, proposal, approvers)
    if approvers is not None and not carried:
        judgement.found("approvals-missing", f"{len(approvers)} approvals do not carry this change")
    # Of a partial state entries that are not here may carry it: what it proposes is judged, and changes nothing.
    may_be_carried = state.partial and len(judgement.violations) + len(judgement.not_judged) == settled
    if not carried and not may_be_carried:
        return no_change
    change = RULES[proposal["kind"]](judgement, proposal)

    def change_and_use_up() -> None:
        change()
        state.used_proposals.add(proposal["jti"])

    return change_and_use_up


def judge_proposal(judgement: Judgement, proposal: dict[str, Any]) -> None:
    """Step 1."""
    now, end = read_time(judgement.time), proposal["exp"] * 1000
    if proposal["aud"] != judgement.state.origin:
        judgement.found("audience-wrong", f"the proposal is for {shown(proposal['aud'])}")
    if not now <= end <= now + MOST_SECONDS_TO_END * 1000:
        judgement.found("proposal-expired", "the proposal ended before this entry, or more than 90 days after it")
    if proposal["jti"] in judgement.state.used_proposals:
        judgement.found("proposal-repeated", "the proposal took effect before")


def judge_approvals(judgement: Judgement, payload: dict[str, Any]) -> Optional[list[list[str]]]:
    """Step 2. The roles of each approver; None where an approval is not in order, or cannot be judged."""
    in_order, owners, roles = True, set(), []
    for approval in payload["approvals"]:
        key = None
        try:
            jws = read_approval(approval, payload["proposal"])
            key = judgement.state.keys.get(jws.kid)
            owner = None if key is None or key.status != ACTIVE else judgement.state.participants.get(key.owner)
            if owner is None or owner.revoked_by is not None or not {"administrator", "recovery"} & {*owner.roles}:
                raise Refused("approval-unknown", f"{jws.kid} is no key of an administrator or recovery officer now")
            if key.owner in owners:
                raise Refused("approval-invalid", f"{key.owner} approves twice")
            owners.add(key.owner)
            if not jws.known_algorithm:
                judgement.not_judged.append(f"an approval’s algorithm {shown(jws.alg)} is not of this version")
                judgement.signatures_judged = in_order = False
                continue
            if not jws.verifies(key.public_key):
                raise Refused("approval-invalid", f"the signature of {key.owner} under the proposal does not verify")
        except Refused as breach:
            judgement.found(breach.code, breach.message, key is None)
            in_order = False
            continue
        roles.append(owner.roles)
    return roles if in_order else None


def read_approval(approval: dict[str, str], proposal: str) -> Jws:
    """An approval and its proposal are a JWS in the general JSON serialization (RFC 7515 section 7.2.1)."""
    try:
        alg, kid = read_jws_header(read_base64url(approval["protected"]), PROPOSAL_TYPE)
    except Refused as breach:
        raise Refused("approval-invalid", f"the header of an approval: {breach.message}") from None
    signing_input = f"{approval['protected']}.{proposal}".encode()
    return Jws(signing_input, alg, kid, read_base64url(proposal), read_base64url(approval["signature"]))


def is_carried(state: State, proposal: dict[str, Any], approvers: list[list[str]]) -> bool:
    """Step 3."""
    needed = state.approvals or Approvals(1, None)
    administrators = sum("administrator" in roles for roles in approvers)
    if proposal["kind"] == "erasure.order" and administrators < 2:  # page 22, "Rules"
        return False
    recovered = needed.recovery is not None and sum("recovery" in roles for roles in approvers) >= needed.recovery
    if administrators >= needed.administrators and (
        needed.recovery is None or recovered or not touches_recovery(state, proposal)
    ):
        return True
    return recovered and replaces_administrators(state, proposal)


def replaces_administrators(state: State, proposal: dict[str, Any]) -> bool:
    if proposal["kind"] == "participant.admit":
        return proposal["participant"]["roles"] == ["administrator"]
    roles = roles_of_revoked(state, proposal) if proposal["kind"] == "participant.revoke" else []
    return "administrator" in roles and "recovery" not in roles


RULES.update(
    {
        "ledger.rotate-key": ledger_rotation,
        "ledger.close": closing,
        "ledger.end-intake": ending_intake,
        "ledger.set-approvals": setting_approvals,
        "ledger.set-format": announcing_version,
        "ledger.change": proposed_change,
    }
)


# ---- The walk -------------------------------------------------------------------------------------------------------


def judge_ledger_keys(checkpoint: Checkpoint, state: State, findings: Findings) -> None:
    """After the last entry: each vkey that verified the checkpoint was brought, and signs at its size. Not asked without
    a genesis; not judged where an entry that could not be read may have been a rotation."""
    for text in state.checkpoint_vkeys if state.ledger_keys else []:
        if any(key.text == text and key.signs_at(checkpoint.size) for key in state.ledger_keys):
            continue
        brought = any(key.text == text for key in state.ledger_keys)
        message = f"{shown(text)} signed the checkpoint, and is no key of the ledger at size {checkpoint.size}"
        if state.uncertain_since is not None:
            findings.add("not-judged", f"{message}; entry {state.uncertain_since} may have changed that")
        elif brought:
            findings.add("ledger-key-retired", message)
        else:
            findings.add("genesis-ledger-keys", message, index=0)


def signed_by_a_ledger_key(kept: Checkpoint, state: State) -> bool:
    """Whether a key that signs at a kept checkpoint's size verifies it."""
    try:
        keys = [read_vkey(key.text) for key in state.ledger_keys if key.signs_at(kept.size)]
        return any(signed.vkey.name == kept.origin for signed in verify_note(kept.note, keys))
    except Refused:
        return False


# ---- For holders of receipts ----------------------------------------------------------------------------------------

TRANSITION_BYTES = 270336
MOST_TRANSITION_HASHES = 126


class Transition(NamedTuple):
    """The tree of size `start` is a beginning of the tree that the checkpoint signs."""

    start: int
    hashes: list[bytes]
    checkpoint: Checkpoint


def read_transition(data: bytes) -> Transition:
    """ "Key transition"."""
    code = "transition-malformed"
    if len(data) > TRANSITION_BYTES:
        raise Refused(code, f"the key transition has more than {TRANSITION_BYTES} bytes")
    head, empty_line, checkpoint = read_utf8(data).partition("\n\n")
    lines = head.split("\n")
    if empty_line == "" or lines.pop(0) != "evidence-ledger/key-transition/v1":
        raise Refused(code, "this does not begin as evidence-ledger/key-transition/v1, or has no empty line")
    if not lines or not lines[0].startswith("from ") or len(lines) > 1 + MOST_TRANSITION_HASHES:
        raise Refused(code, f"the key transition has no line from, or more than {MOST_TRANSITION_HASHES} hashes")
    start = read_decimal(lines.pop(0)[len("from ") :], code)
    return Transition(start, [read_hash(line, code) for line in lines], read_checkpoint(checkpoint.encode()))


def check_transition(check: ReceiptCheck, receipt: Receipt, policy: Policy, transition: Transition) -> None:
    """ "Key transition": step 2 of page 06 for its checkpoint; no signature of the receipt's own checkpoint counts."""
    origin, size, root, _ = receipt.proof.checkpoint
    check_origin(policy, origin)
    later = transition.checkpoint
    if later.origin != origin:
        raise Refused("receipt-other-ledger", f"the key transition is of {shown(later.origin)}")
    if transition.start != size or not consistency_holds(size, root, later.size, later.root, transition.hashes):
        check.findings.add(
            "consistency-invalid", "the key transition does not lead from the receipt’s checkpoint to its own"
        )
    check_signers(check, receipt, policy, later.note)


def bring_forward(policy: Policy, data: bytes) -> Findings:
    """ "Receipt of a rotation": the policy then has the new key in the place of the old, or the first finding says why not."""
    check = check_receipt(data, policy)
    if check.findings.exit_code != 0:
        faults, not_judged = check.findings.faults[:1], check.findings.not_judged[:1]
        return Findings(faults, not_judged if not faults else [])
    code, payload = "ledger-key-invalid", meant_payload(check.statement.payload)
    try:
        if payload["kind"] != "ledger.rotate-key":
            raise Refused(code, f"entry {check.receipt.entry.index} is no rotation of a ledger’s key")
        old = next((log for log in check.logs if log.text == payload["oldKey"]), None)
        if old is None:
            raise Refused(code, "the key that is replaced is in no line of the policy, or did not sign the checkpoint")
        new = read_new_ledger_key(State(old.name, []), payload["newKey"])
        if any(new.public_key == log.public_key for log in policy.logs):
            raise Refused(code, "the new key is in the policy already")
        require_rules(check.receipt, check.statement)
        policy.logs[policy.logs.index(old)] = new
    except Refused as breach:
        check.findings.add(breach.code, breach.message)
    return check.findings


def require_rules(receipt: Receipt, said: Statement) -> None:
    """The rules that the entry breaks by itself, whatever other entries say: who may sign it they do not show."""
    state = State(receipt.proof.checkpoint.origin, [], partial=True, targets=KnownTargets())
    judgement = Judgement(state, receipt.entry.index, receipt.entry.time, said)
    judgement.judge(altered=False)
    for breach in judgement.violations:
        raise breach
    for message in judgement.not_judged:
        raise Refused("not-judged", message)


# =====================================================================================================================
# Page 19: Custody
# =====================================================================================================================

CUSTODY = "custody."
RELEASE_TYPE = "evidence-custody-release+jwt"
RELEASE_BYTES = 12288
MOST_UNITS = 32  # of a statement that ends or resumes custody
# Page 17: of what is wrong with a statement about custody, an entry by itself, or two, can show these.
SHOWN_OF_CUSTODY = (
    "audience-wrong", "issued-in-future", "reference-not-found", "reference-hash", "reference-kind", "reference-item",
)  # fmt: skip

a_unit_reference = object_of(REFERENCE, {"item": a_count})
a_release_payload = object_of(
    {
        "aud": an_origin,
        "iss": an_id,
        "jti": a_uuid,
        "iat": a_time_in_seconds,
        "exp": a_time_in_seconds,
        "since": a_count,
        "to": an_id,
        "exhibits": array_of(a_unit_reference, 1, 64),
    },
    {"inLieu": a_code, "_sd": array_of(a_thumbprint, 1, 1), "_sd_alg": code_of("sha-256")},
)
KINDS.update(
    {
        "custody.transfer": (
            {"release": text_of(RELEASE_BYTES), "outcome": code_of("accepted", "rejected", "withdrawn")},
            {"reason": a_code, "checked": array_of(code_of("match", "differs", "not-checked"), 1, 64), **SEALED},
        ),
        "custody.end": (
            {"of": array_of(a_unit_reference, 1, MOST_UNITS), "how": code_of("returned", "disposed", "lost")},
            {"order": object_of(REFERENCE), **SEALED},
        ),
        "custody.resume": ({"of": array_of(a_unit_reference, 1, MOST_UNITS), "reason": a_code}, SEALED),
    }
)
ROLES_NEEDED.update(
    dict.fromkeys(("custody.transfer", "custody.end", "custody.resume"), ("depositor", "attestor", "authority"))
)


def check_custody_members(payload: dict[str, Any]) -> None:
    """ "Members": what of one member depends on another."""
    kind, outcome = payload["kind"], payload.get("outcome")
    if kind == "custody.transfer" and "reason" in payload and outcome != "rejected":
        raise Refused("statement-member", "a reason stands beside another outcome than a rejection")
    if kind == "custody.transfer" and ("checked" in payload) == (outcome == "withdrawn"):
        raise Refused("statement-member", "what was checked is missing, or stands beside a withdrawal")
    if kind == "custody.end" and payload["how"] == "disposed" and "order" not in payload:
        raise Refused("statement-member", "a disposal names no order")


# ---- The release ----------------------------------------------------------------------------------------------------


def custody_named_by(payload: dict[str, Any]) -> list[dict[str, Any]]:
    """The references of a statement about custody to what it is about; none of a transfer whose release cannot be read."""
    if payload["kind"] != "custody.transfer":
        return payload["of"]
    try:
        return read_release(payload["release"]).payload["exhibits"]
    except Refused:
        return []


class Release(NamedTuple):
    jws: Jws
    payload: dict[str, Any]


@lru_cache(maxsize=1024)
def read_release(text: str) -> Release:
    """ "The release": its form, all but what is compared with the statement around it."""
    try:
        jws = read_jws(text, RELEASE_TYPE)
        payload = read_json_object(jws.payload)
        a_release_payload(payload, "the release")
        if ("_sd" in payload) != ("_sd_alg" in payload):
            raise Refused("", "of _sd and _sd_alg only one is there")
    except Refused as breach:
        raise Refused("release-malformed", f"the release cannot be read: {breach.message}") from None
    return Release(jws, payload)


def release_holds(judgement: Judgement, release: Release) -> bool:
    """ "Judging a transfer", steps 1 to 6. The first that is broken is reported, and no other."""
    said, told, state, now = judgement.statement, release.payload, judgement.state, read_time(judgement.time)
    payload, giver = said.payload, told["iss"]

    def refuse(code: str, message: str) -> bool:
        judgement.found(code, message)
        return False

    if not set(told.get("_sd", [])) <= set(payload.get("_sd", [])):
        return refuse("release-malformed", "what the release seals the statement does not")
    if len(payload.get("checked", told["exhibits"])) != len(told["exhibits"]):
        return refuse("statement-member", "checked has not one value for each exhibit")
    if told["aud"] != state.origin:
        return refuse("audience-wrong", f"the release is for {shown(told['aud'])}")
    signs = giver if payload["outcome"] == "withdrawn" else told["to"]
    if giver == told["to"] or said.iss != signs:
        return refuse("release-party", f"the release is by {giver} to {told['to']}, and {said.iss} signs")
    issued, end = told["iat"] * 1000, told["exp"] * 1000
    if issued > end:
        return refuse("release-expired", "the release ends before it was issued")
    if issued > now + 300000:
        return refuse("issued-in-future", "the release was issued more than 300 seconds after the entry’s time")
    if not now <= end <= now + MOST_SECONDS_TO_END * 1000:
        return refuse("release-expired", "the release ended before this entry, or ends more than 90 days after it")
    key = state.keys.get(release.jws.kid)
    wrong = wrong_with_giver(state, key, told)
    if wrong is not None:
        judgement.found(*wrong, rests_on_absence=key is None)
        # What an unknown entry, or one that is not here, may explain ends nothing.
        if state.uncertain_since is None and not (state.partial and key is None):
            return False
    if not release.jws.known_algorithm:
        judgement.not_judged.append(f"the release’s algorithm {shown(release.jws.alg)} is not of this version")
    elif key is not None and not release.jws.verifies(key.public_key):
        return refuse("release-signature", "the release’s signature does not verify")
    return True


def wrong_with_giver(state: State, key: Optional[Key], told: dict[str, Any]) -> Optional[tuple[str, str]]:
    """Step 5."""
    giver = state.participants.get(told["iss"])
    if key is None or key.owner != told["iss"] or key.status != ACTIVE or (giver and giver.revoked_by is not None):
        return "release-key", f"the release is by no key of {told['iss']} that is in use"
    if "inLieu" in told and (giver is None or "authority" not in giver.roles):
        return "in-lieu-authority", f"{told['iss']} is no authority, and releases in lieu of the holder"
    return None


def giver_of(said: Statement) -> set[tuple[str, str]]:
    """ "Flags": key and id of who signed the release of a transfer whose members are in order."""
    try:
        release = read_release(said.payload["release"]) if said.kind == "custody.transfer" else None
    except Refused:
        release = None
    return set() if release is None else {("kid", release.jws.kid), ("iss", release.payload["iss"])}


# ---- Units ----------------------------------------------------------------------------------------------------------

Unit = tuple[int, int]  # deposit, item


def custody_of(state: State, unit: Unit) -> Custody:
    """ "State": at first its depositor holds it."""
    return state.units.get(unit) or Custody(state.targets[unit[0]].iss, unit[0])


def is_uncertain(state: State, custody: Custody) -> bool:
    """ "What is not known"."""
    return max(state.doubted_by, custody.open_since) > custody.ordered_by


def units_named(judgement: Judgement, references: list[dict[str, Any]]) -> list[Unit]:
    """ "Units": those of each reference that is in order."""
    units: list[Unit] = []
    for reference in references:
        at, before = reference["index"], len(judgement.violations)
        target = judgement.reference(reference)
        if target is None or len(judgement.violations) > before:
            continue
        if target.soundness == VIOLATED:
            judgement.found("reference-unsound", f"entry {at} broke a rule, and so has no units")
        elif target.soundness == OPEN:
            judgement.not_judged.append(f"whether entry {at} broke a rule is not known")
        else:
            items = [reference["item"]] if "item" in reference else range(target.items)
            units += [(at, item) for item in items]
    return units


def named_twice(judgement: Judgement, references: list[dict[str, Any]]) -> bool:
    """Of deposits that need not be at hand: two references may name one unit whatever their deposit is."""
    if not judgement.state.partial:
        return False
    for at, one in enumerate(references):
        for other in references[:at]:
            same = "item" not in one or "item" not in other or one["item"] == other["item"]
            if one["index"] == other["index"] and same:
                judgement.found("exhibit-repeated", "a unit is named twice")
                return True
    return False


def are_distinct(judgement: Judgement, units: list[Unit]) -> bool:
    if len(set(units)) == len(units):
        return True
    judgement.found("exhibit-repeated", "a unit is named twice")
    return False


def judge_custody(
    judgement: Judgement, units: list[Unit], holder: str, ended: bool = False, since: Optional[int] = None
) -> None:
    """ "Judging a transfer", step 10, and the rules of the other two kinds: the first unit that is not where it must be."""
    state, is_open = judgement.state, False
    for unit in units:
        custody = custody_of(state, unit)
        name = f"item {unit[1]} of entry {unit[0]}"
        if is_uncertain(state, custody):
            is_open = True
        elif custody.holder != holder:
            return judgement.found("custody-not-holder", f"{name} is held by {custody.holder}, and not by {holder}")
        elif custody.ended and not ended:
            return judgement.found("custody-ended", f"custody of {name} has ended")
        elif ended and not custody.ended:
            return judgement.found("custody-held", f"custody of {name} did not end")
        elif since is not None and not custody.since <= since < judgement.index:
            return judgement.found("custody-stale", f"{name} is held through entry {custody.since}")
    if is_open:
        judgement.not_judged.append("who holds the units is not known")


# ---- Rules ----------------------------------------------------------------------------------------------------------


def transfer(judgement: Judgement, payload: dict[str, Any]) -> Callable[[], None]:
    """ "Judging a transfer"."""
    state, index = judgement.state, judgement.index
    try:
        release = read_release(payload["release"])
    except Refused as breach:
        judgement.found(breach.code, breach.message)
        return no_change
    told = release.payload
    if not release_holds(judgement, release):
        return no_change
    # The use of the release is judged before its exhibits; whether it can be, they say.
    exhibits = Judgement(state, index, judgement.time, judgement.statement)
    units = units_named(exhibits, told["exhibits"])
    name = (told["iss"], told["jti"])
    if name in state.used_releases:
        by, is_judged = state.used_releases[name]
        uncertain = any(is_uncertain(state, custody_of(state, unit)) for unit in units)
        if is_judged and not exhibits.not_judged and not uncertain:
            judgement.found("release-used", f"entry {by} used the release up")
            return no_change
        judgement.not_judged.append(f"whether entry {by} used the release up is not known")
    judgement.violations += exhibits.violations
    judgement.not_judged += exhibits.not_judged
    if named_twice(judgement, told["exhibits"]) or exhibits.violations or not are_distinct(judgement, units):
        return no_change
    if "inLieu" not in told:
        judge_custody(judgement, units, told["iss"], since=told["since"])
    if release.jws.kid not in state.keys:
        return no_change  # of a partial state: a release whose key is not here uses up nothing

    def change() -> None:
        if state.used_releases.get(name, (0, False))[1] is False:
            state.used_releases[name] = (index, True)
        for unit in units if payload["outcome"] == "accepted" else []:
            ordered = index if "inLieu" in told else custody_of(state, unit).ordered_by
            state.units[unit] = Custody(told["to"], index, ordered_by=ordered)

    return change


def ending_custody(judgement: Judgement, payload: dict[str, Any]) -> Callable[[], None]:
    """ "Ending custody"."""
    state, before = judgement.state, len(judgement.violations)
    units = units_named(judgement, payload["of"])
    if "order" in payload:
        judge_order(judgement, payload["order"])
    if named_twice(judgement, payload["of"]) or len(judgement.violations) > before or not are_distinct(judgement, units):
        return no_change
    judge_custody(judgement, units, judgement.statement.iss)

    def change() -> None:
        for unit in units:
            state.units[unit] = custody_of(state, unit)._replace(ended=True)

    return change


def judge_order(judgement: Judgement, order: dict[str, Any]) -> None:
    """ "Ending custody": the entry of an authority."""
    at, state = order["index"], judgement.state
    target = state.targets[at] if at < judgement.index else None
    if target is None:
        return judgement.found("reference-not-found", f"entry {at} is not earlier than this one")
    if target.leaf_hash is not None and target.leaf_hash != read_hash(order["leafHash"], "reference-hash"):
        return judgement.found("reference-hash", f"the leaf hash is not that of entry {at}")
    if target.leaf_hash is None and state.partial:
        return None
    if target.kind is None or target.soundness == OPEN:
        judgement.not_judged.append(f"what entry {at} is, is not known")
        return None
    if target.soundness == VIOLATED:
        judgement.violations.append(Refused("disposal-order", f"entry {at} broke a rule"))
        return None
    author = state.participants.get(target.iss)
    if author is None or "authority" not in author.roles:
        judgement.found("disposal-order", f"entry {at} is by {target.iss}, which is no authority", author is None)


def resuming_custody(judgement: Judgement, payload: dict[str, Any]) -> Callable[[], None]:
    """ "Resuming custody"."""
    state, before = judgement.state, len(judgement.violations)
    units = units_named(judgement, payload["of"])
    if named_twice(judgement, payload["of"]) or len(judgement.violations) > before or not are_distinct(judgement, units):
        return no_change
    judge_custody(judgement, units, judgement.statement.iss, ended=True)

    def change() -> None:
        for unit in units:
            state.units[unit] = custody_of(state, unit)._replace(ended=False, since=judgement.index)

    return change


def leave_custody_open(judgement: Judgement) -> None:
    """ "What is not known": after an unknown kind no custody is; after another entry that is not judged, that of its units."""
    state, payload, index = judgement.state, judgement.statement.payload, judgement.index
    if not judgement.kind_known:
        state.doubted_by = index
        return
    references = payload.get("of", [])
    if judgement.statement.kind == "custody.transfer":
        told = read_release(payload["release"]).payload
        references, name = told["exhibits"], (told["iss"], told["jti"])
        if name not in state.used_releases or not state.used_releases[name][1]:
            state.used_releases[name] = (index, False)
    for unit in units_named(Judgement(state, index, judgement.time, judgement.statement), references):
        state.units[unit] = custody_of(state, unit)._replace(open_since=index)


RULES.update(
    {
        "custody.transfer": transfer,
        "custody.end": ending_custody,
        "custody.resume": resuming_custody,
    }
)


# =====================================================================================================================
# Page 16: Anchors
# =====================================================================================================================

ANCHOR_BYTES, MOST_ANCHORS = 2097152, 16


class Anchor(NamedTuple):
    """A lower ledger's checkpoint that was deposited in an upper one."""

    note: bytes
    lower: Checkpoint
    start: Optional[int]  # of the consistency proof, if there is one
    hashes: list[bytes]
    receipt: bytes  # was read


def read_anchor(data: bytes) -> Anchor:
    """Page 16, "Bytes"."""
    code = "anchor-malformed"
    if len(data) > ANCHOR_BYTES:
        raise Refused(code, f"the anchor has more than {ANCHOR_BYTES} bytes")
    try:
        head, empty_line, receipt = read_utf8(data).partition("\n\n")
    except Refused as breach:
        raise Refused(code, breach.message) from None
    lines = head.split("\n")
    if (
        empty_line == ""
        or lines.pop(0) != "evidence-ledger/anchor/v1"
        or not lines
        or not lines[0].startswith("lower ")
    ):
        raise Refused(
            code, "the anchor does not begin as evidence-ledger/anchor/v1, or has no lower line, or no empty one"
        )
    note = read_base64(lines.pop(0)[len("lower ") :], code)
    if note == b"":
        raise Refused(code, "the lower checkpoint is empty")
    lower, start = read_checkpoint(note), None
    if lines:
        if not lines[0].startswith("from ") or len(lines) > 1 + MOST_HASHES:
            raise Refused(code, f"what follows the lower line is no consistency proof of at most {MOST_HASHES} hashes")
        start = read_decimal(lines.pop(0)[len("from ") :], code)
        if not 1 <= start <= lower.size:
            raise Refused(code, "from is not 1 to the lower checkpoint’s size")
    anchor = Anchor(note, lower, start, read_hash_lines(lines, code), receipt.encode())
    read_receipt(anchor.receipt)
    return anchor


def read_hash_lines(lines: list[str], code: str) -> list[bytes]:
    """Lines `hash`, of pages 16 and 17."""
    if not all(line.startswith("hash ") for line in lines):
        raise Refused(code, "a line that has to be a hash is none")
    return [read_hash(line[len("hash ") :], code) for line in lines]


def check_by_anchors(data: bytes, policy: Policy, anchors: Iterable[bytes]) -> ReceiptCheck:
    """Page 16, "Checking". Every anchor is read first; the first that cannot be read is the one fault."""
    try:
        return check_anchored(data, policy, [read_anchor(anchor) for anchor in anchors])
    except Refused as breach:
        unread = ReceiptCheck()
        unread.findings.add(breach.code, breach.message)
        return unread


def check_anchored(data: bytes, policy: Policy, anchors: Sequence[Anchor]) -> ReceiptCheck:
    """Steps 1 to 6: the check of the lowest receipt, with all that is found on the way up."""
    lowest = running = check_at_some_ledger(data, policy)
    left = list(anchors)
    for _ in range(MOST_ANCHORS + 1):
        if lowest.findings.faults:
            return lowest
        if any(log.name == running.receipt.proof.checkpoint.origin for log in policy.logs):
            return lowest
        checkpoint = running.receipt.proof.checkpoint
        of_origin = [anchor for anchor in left if anchor.lower.origin == checkpoint.origin]
        if not of_origin or len(anchors) - len(left) == MOST_ANCHORS:
            break
        anchor = next((one for one in of_origin if is_connected(checkpoint, one)), None)
        if anchor is None:
            lowest.findings.add(
                "anchor-unconnected", f"no anchor leads on from size {checkpoint.size} of {shown(checkpoint.origin)}"
            )
            return lowest
        left.remove(anchor)
        running = check_at_some_ledger(anchor.receipt, policy)
        file = FileAtHand(b"", lambda anchor=anchor: io.BytesIO(anchor.note))
        running.findings.extend(check_file(running, file).findings)
        lowest.findings.extend(running.findings)
        lowest.anchored_in.append(running)
    origin = running.receipt.proof.checkpoint.origin
    lowest.findings.add("anchor-missing", f"no anchor leads from {shown(origin)} to a ledger of the policy")
    return lowest


def check_at_some_ledger(data: bytes, policy: Policy) -> ReceiptCheck:
    """Steps 1 and 2: page 06, but for the signatures on the checkpoint of a ledger that the policy does not name."""
    check = check_receipt(data, policy)
    check.findings.faults = [fault for fault in check.findings.faults if fault.code != "receipt-other-ledger"]
    return check


def is_connected(checkpoint: Checkpoint, anchor: Anchor) -> bool:
    """Step 4."""
    size, root, lower = checkpoint.size, checkpoint.root, anchor.lower
    if (size, root) == (lower.size, lower.root):
        return True
    return anchor.start == size and consistency_holds(size, root, lower.size, lower.root, anchor.hashes)


# =====================================================================================================================
# Page 17: Proof of misbehaviour
# =====================================================================================================================

MISBEHAVIOUR_BYTES = 1048576
MISBEHAVIOUR_BEGINS = b"evidence-ledger/misbehaviour/"


class SealedEntry(NamedTuple):
    index: int
    data: bytes
    hashes: list[bytes]
    signer: Optional[bytes]


class Misbehaviour(NamedTuple):
    kind: str
    checkpoints: list[Checkpoint]
    hashes: list[bytes]
    entries: list[SealedEntry]


def read_misbehaviour(data: bytes) -> Misbehaviour:
    """Page 17, "Bytes"."""
    code = "misbehaviour-malformed"
    if len(data) > MISBEHAVIOUR_BYTES:
        raise Refused(code, f"the file has more than {MISBEHAVIOUR_BYTES} bytes")
    lines = read_utf8(data).split("\n")
    if lines.pop() != "" or lines[:1] != ["evidence-ledger/misbehaviour/v1"] or len(lines) < 3:
        raise Refused(code, "the file does not begin as evidence-ledger/misbehaviour/v1, or does not end in LF")
    kind, rest = lines[1], lines[2:]
    wanted = {"split-view": 2, "inconsistent": 2, "entry": 1}.get(kind, 0)
    if wanted == 0 or len(rest) < wanted or not all(line.startswith("checkpoint ") for line in rest[:wanted]):
        raise Refused(code, f"{shown(kind)} is no kind of misbehaviour, or lacks its checkpoints")
    notes = [read_base64(line[len("checkpoint ") :], code) for line in rest[:wanted]]
    if b"" in notes:
        raise Refused(code, "a checkpoint is empty")
    entries = read_sealed_entries(rest[wanted:], code) if kind == "entry" else []
    hashes = [] if kind == "entry" else read_hash_lines(rest[wanted:], code)
    if len(hashes) > 127 or (kind == "inconsistent") != (len(hashes) > 0):
        raise Refused(code, "the file has too few or too many hashes")
    checkpoints = [read_checkpoint(note) for note in notes]
    keys = [(checkpoint.size, checkpoint.root) for checkpoint in checkpoints]
    indices = [entry.index for entry in entries]
    if sorted(keys) != keys or sorted(set(indices)) != indices:
        raise Refused(code, "the smaller of two does not come first")
    return Misbehaviour(kind, checkpoints, hashes, entries)


def read_sealed_entries(lines: list[str], code: str) -> list[SealedEntry]:
    entries: list[SealedEntry] = []
    while lines:
        words = lines.pop(0).split(" ")
        if len(words) != 3 or words[0] != "entry" or len(entries) == 2:
            raise Refused(code, "the file does not hold one or two entries")
        count = next((n for n, line in enumerate(lines) if not line.startswith("hash ")), len(lines))
        index, data = read_decimal(words[1], code), read_base64(words[2], code)
        hashes = read_hash_lines(lines[:count], code)
        if data == b"" or len(hashes) > MOST_HASHES:
            raise Refused(code, f"an entry is empty, or its inclusion proof has more than {MOST_HASHES} hashes")
        del lines[:count]
        signer = read_jwk_line(lines.pop(0)[len("signer ") :]) if lines and lines[0].startswith("signer ") else None
        entries.append(SealedEntry(index, data, hashes, signer))
    if not entries:
        raise Refused(code, "the file holds no entry")
    return entries


def check_misbehaviour(data: bytes, policy: Policy) -> tuple[Findings, Optional[Misbehaviour], list[str]]:
    """Page 17, "Checking". The codes of the rules that the ledger broke; without fault the file proves it."""
    findings, broken, proof = Findings(), [], None
    code = "misbehaviour-unproven"
    try:
        proof = read_misbehaviour(data)
        check_one_key_signed(proof, policy)
        if proof.kind == "split-view":
            one, other = proof.checkpoints
            broken = ["split-view"] if one.size == other.size and one.root != other.root else []
        elif proof.kind == "inconsistent":
            broken = ["inconsistent"] if is_inconsistent(*proof.checkpoints, proof.hashes) else []
        else:
            broken = broken_rules(proof)
        if not broken:
            raise Refused(code, "what the file holds breaks no promise")
    except Refused as breach:
        findings.add(breach.code, breach.message)
    return findings, proof, broken


def check_one_key_signed(proof: Misbehaviour, policy: Policy) -> None:
    """Step 1. Neither witnesses nor quorum are asked for. A key is tried until a checkpoint is not signed by it."""
    origins = {checkpoint.origin for checkpoint in proof.checkpoints}
    logs = [log for log in policy.logs if log.name in origins and len(origins) == 1]
    for log in logs:
        if all(verify_note(checkpoint.note, [log]) for checkpoint in proof.checkpoints):
            return
    raise Refused("misbehaviour-unproven", "no log of the policy signed all that the file holds")


def is_inconsistent(one: Checkpoint, other: Checkpoint, hashes: list[bytes]) -> bool:
    """Step 2, `inconsistent`: the parts make the second root, and those left of the first size not the first."""
    if not 0 < one.size < other.size:
        return False
    unused = list(hashes)
    made = root_of_parts(0, other.size, one.size, unused)
    return made is not None and not unused and made[0] == other.root and fold_parts(made[1]) != one.root


def root_of_parts(first: int, end: int, border: int, hashes: list[bytes]) -> Optional[tuple[bytes, list[bytes]]]:
    """Root over leaves `first` to `end`, taken apart as far as needed; and the parts left of the border."""
    if end <= border or first >= border:
        if not hashes:
            return None
        part = hashes.pop(0)
        return part, [part] if end <= border else []
    split = first + (1 << ((end - first - 1).bit_length() - 1))
    left = root_of_parts(first, split, border, hashes)
    right = None if left is None else root_of_parts(split, end, border, hashes)
    return None if right is None else (node_hash(left[0], right[0]), left[1] + right[1])


def fold_parts(parts: list[bytes]) -> bytes:
    """Root over full subtrees of falling size, from the right."""
    root = parts[-1]
    for part in reversed(parts[:-1]):
        root = node_hash(part, root)
    return root


def broken_rules(proof: Misbehaviour) -> list[str]:
    """Step 2, `entry`: the table of rules that one entry, or two, can be shown to break."""
    checkpoint, first, second = proof.checkpoints[0], proof.entries[0], proof.entries[-1]
    for entry in proof.entries:
        if not inclusion_holds(entry.index, checkpoint.size, leaf_hash(entry.data), entry.hashes, checkpoint.root):
            raise Refused("misbehaviour-unproven", f"entry {entry.index} is not shown to stand in the tree")
    for entry in proof.entries:
        if broken := rules_broken_by_one(checkpoint.origin, entry):
            return broken
    if len(proof.entries) == 1:
        return []
    return rules_broken_by_two(first, second, read_entry(first.data), read_entry(second.data))


def rules_broken_by_one(origin: str, sealed: SealedEntry) -> list[str]:
    broken: list[str] = []
    try:
        entry = read_entry(sealed.data)
        if entry.index != sealed.index:
            return ["index-wrong"]
        if entry.statement is None:
            return []
        said = read_statement(entry.statement)
        judgement = Judgement(State(origin, []), sealed.index, entry.time, said)
        judgement.judge_id_audience_and_times()
        broken = [violation.code for violation in judgement.violations]
        check_members(said.payload)
        if said.kind == "ledger.change" and read_proposal(said.payload["proposal"])["aud"] != origin:
            broken.append("audience-wrong")
        broken += custody_rules_broken(State(origin, [], partial=True, targets=KnownTargets()), sealed.index, entry, said)
        own = [reference for reference in references_of(said, entry.time) if "origin" not in reference]
        broken += ["reference-not-found" for reference in own if reference["index"] >= sealed.index][:1]
        if said.kind == "evidence.event":
            broken += [breach.code for breach in broken_times(said.payload, entry.time)]
    except UnknownKind:
        pass
    except Refused as breach:
        return [*broken, breach.code]
    if sealed.signer is not None and thumbprint_of(sealed.signer) == said.kid and said.jws.known_algorithm:
        broken += [] if said.jws.verifies(sealed.signer) else ["signature-invalid"]
    return broken


def references_of(said: Statement, time: str) -> list[dict[str, Any]]:
    """References to entries of its own ledger that the rulebook judges, of a statement whose members are in order."""
    if said.kind.startswith(CUSTODY):
        return []
    payload = meant_payload(said.payload)
    if payload is not said.payload:  # of a change only if nothing but what is not at hand may be wrong with it
        judgement = Judgement(State(payload["aud"], [], partial=True), 0, time, said)
        judge_proposal(judgement, payload)
        judge_approvals(judgement, said.payload)
        if judgement.violations or judgement.not_judged:
            return []
    if payload["kind"] == "erasure.order":
        return [] if "origin" in payload else payload["of"]
    listed = [payload["of"]] if "of" in payload else payload.get("relates", [])
    return [reference for reference in listed if "origin" not in reference]


def custody_rules_broken(state: State, index: int, entry: Entry, said: Statement) -> list[str]:
    """Of a statement about custody whose members are in order: what it breaks of the rules that an entry can be shown to."""
    if not said.kind.startswith(CUSTODY):
        return []
    judgement = Judgement(state, index, entry.time, said)
    RULES[said.kind](judgement, said.payload)
    return [violation.code for violation in judgement.violations if violation.code in SHOWN_OF_CUSTODY]


def rules_broken_by_two(first: SealedEntry, second: SealedEntry, one: Entry, two: Entry) -> list[str]:
    broken = []
    if second.index == first.index + 1 and two.link != leaf_hash(first.data):
        broken.append("link-broken")
    if two.time < one.time:
        broken.append("time-reversed")
    if one.statement is None or two.statement is None:
        return broken
    try:
        earlier, later = read_statement(one.statement), read_statement(two.statement)
        if (earlier.iss, earlier.jti) == (later.iss, later.jti):
            broken.append("jti-reused")
        check_members(later.payload)
    except (Refused, UnknownKind):
        return broken
    leaf = leaf_hash(first.data)
    known = KnownTargets({first.index: target_of(leaf, earlier)})
    broken += custody_rules_broken(State(later.aud, [], partial=True, targets=known), second.index, two, later)
    state = State("", [])
    for reference in references_of(later, two.time):
        if reference["index"] == first.index:
            judgement = Judgement(state, 1, two.time, later)
            state.targets = [target_of(leaf, earlier)]
            refer = {"erasure.order": Judgement.referred, "erasure.report": reported_order}
            judge = refer.get(meant_payload(later.payload)["kind"], Judgement.reference)
            target = judge(judgement, {**reference, "index": 0})
            if later.kind == "evidence.retract" and target is not None and target.iss != later.iss:
                broken.append("retract-not-own")
            broken += [violation.code for violation in judgement.violations]
    return broken


# =====================================================================================================================
# Page 22: Erasure
# =====================================================================================================================

PROTECTED_KINDS = ("access.", "erasure.", "watch.")
a_target = object_of({**REFERENCE, "digests": SEALED["_sd"]})


def distinct_targets(value: Any, where: str) -> None:
    array_of(a_target, 1, 64)(value, where)
    if len({target["index"] for target in value}) != len(value):
        raise member_refused(where, "free of repetition")


KINDS.update(
    {
        "erasure.order": ({"of": distinct_targets, **SEALED}, {"origin": an_origin}),
        "erasure.report": (
            {"of": object_of(REFERENCE), "where": a_code, "outcome": a_code},
            {"until": a_time},
        ),
    }
)
ROLES_NEEDED.update({"erasure.order": ("authority",), "erasure.report": ("operator", "auditor", "attestor")})


def erasure_order(judgement: Judgement, payload: dict[str, Any]) -> Callable[[], None]:
    """ "Rules": each target, or the ledger that all of them are of."""
    state, is_change = judgement.state, judgement.statement.kind != "erasure.order"
    if "origin" not in payload:
        for target in payload["of"]:
            judge_erased(judgement, target, is_change)
    elif state.environment is None:
        judgement.not_judged.append("which ledger this one continues is not known")
    elif state.continues != payload["origin"]:
        judgement.found("erasure-origin", f"the genesis does not continue {shown(payload['origin'])}")
    elif is_change:
        judgement.found("erasure-held", "who holds units of another ledger is not known here")
    return no_change


def judge_erased(judgement: Judgement, named: dict[str, Any], is_change: bool) -> None:
    target, at = judgement.referred(named), named["index"]
    if target is None:
        return
    if target.meant is None:
        judgement.not_judged.append(f"what entry {at} means is not known, and claims of it are to be erased")
        return
    kind, by_change, _, sealed = target.meant
    own = target.iss == judgement.statement.iss or (is_change and by_change)
    if kind.startswith(PROTECTED_KINDS) and own:
        judgement.found("erasure-own", f"entry {at} is the orderer’s own {kind}")
    elif not set(named["digests"]) <= set(sealed):
        judgement.found("erasure-digest", f"entry {at} does not seal each of the digests")
    elif is_change and target.kind == "evidence.deposit":
        judge_held(judgement, at, target)


def judge_held(judgement: Judgement, at: int, target: Target) -> None:
    """Administrators have erased only what nobody but its depositor holds."""
    state = judgement.state
    units = [custody_of(state, (at, item)) for item in range(target.items)]
    certain = [custody for custody in units if not is_uncertain(state, custody)]
    if any(custody.ended or custody.holder != target.iss for custody in certain):
        judgement.found("erasure-held", f"units of entry {at} are no longer held by {target.iss}")
    elif len(certain) < len(units):
        judgement.not_judged.append(f"who holds the units of entry {at} is not known")


def reported_order(judgement: Judgement, named: dict[str, Any]) -> Optional[Target]:
    target, at = judgement.referred(named), named["index"]
    if target is not None and target.meant is None:
        judgement.not_judged.append(f"what entry {at} means is not known, and it is reported of")
    elif target is not None and not target.meant.is_order:
        judgement.found("reference-kind", f"entry {at} is no erasure.order")
    return target


def erasure_report(judgement: Judgement, payload: dict[str, Any]) -> Callable[[], None]:
    reported_order(judgement, payload["of"])
    return no_change


RULES.update({"erasure.order": erasure_order, "erasure.report": erasure_report})


# =====================================================================================================================
# Page 18: Evidence package
# =====================================================================================================================

MOST_FILES, MOST_RECEIPT_BYTES, TAG_FILE_BYTES, MANIFEST_BYTES = 100000, 512 << 20, 32 << 20, 256 << 20
FORBIDDEN_IN_PATHS = set('"*:<>?\\|%')
RESERVED_NAMES = {"con", "prn", "aux", "nul", *(port + n for port in ("com", "lpt") for n in "0123456789¹²³")}
SPACES_BEFORE_A_DOT = " \xa0\u1680\u202f\u205f\u3000\ufeff" + "".join(map(chr, range(0x2000, 0x200B)))


# ---- Paths and bounds -----------------------------------------------------------------------------------------------


def check_package_path(path: str) -> str:
    """ "Paths and bounds": a path that means the same file on every disk."""
    parts = path.split("/")
    sound = len(path.encode("utf-8", "surrogateescape")) <= 1024 and all(map(is_package_component, parts))
    if not sound:
        raise Refused("package-path", f"{shown(path)} is no path that a package allows")
    return path


def is_package_component(part: str) -> bool:
    return (
        1 <= len(part.encode("utf-8", "surrogateescape")) <= 255
        and part not in (".", "..")
        and part[-1] not in " ."
        and not any(c in FORBIDDEN_IN_PATHS or unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp") for c in part)
        and "\ufffd" not in part
        and part.split(".")[0].rstrip(SPACES_BEFORE_A_DOT).lower() not in RESERVED_NAMES
    )


def folded(path: str) -> str:
    """Paths that are equal so would be one file on some disk."""
    once = unicodedata.normalize("NFKC", path).casefold()
    return unicodedata.normalize("NFKC", once).casefold()


def has_unknown_character(path: str) -> bool:
    """One that Unicode gained after the version of this Python, so that `folded` does not know what it is equal to."""
    return any(
        unicodedata.category(c) == "Cn" and ord(c) & 0xFFFE != 0xFFFE and not 0xFDD0 <= ord(c) <= 0xFDEF for c in path
    )


class PackageFile(NamedTuple):
    size: int
    open: Callable[[], BinaryIO]


class Package(NamedTuple):
    """The files of a package, whose paths and sizes are within bounds. What is in them is not yet looked at."""

    name: str
    files: dict[str, PackageFile]

    def read(self, path: str) -> bytes:
        with self.files[path].open() as stream:
            return stream.read()


def check_bounds(files: dict[str, PackageFile], folders: Iterable[str]) -> None:
    """ "Paths and bounds", of all files together, before any is opened."""
    if len(files) > MOST_FILES:
        raise Refused("package-too-large", f"the package has more than {MOST_FILES} files")
    seen: dict[str, str] = {}
    for path in files:
        other = seen.setdefault(folded(check_package_path(path)), path)
        if other != path:
            raise Refused("package-path", f"{shown(path)} and {shown(other)} would be one file on some disk")
    for path, as_folded in [(path, as_folded) for as_folded, path in seen.items()]:
        parts = as_folded.split("/")
        if any("/".join(parts[:count]) in seen for count in range(1, len(parts))):
            raise Refused("package-path", f"{shown(path)} lies in what is a file, on some disk")
    for path in folders:
        parts = folded(path).split("/")
        if any("/".join(parts[:count]) in seen for count in range(1, len(parts) + 1)):
            raise Refused("package-path", f"the folder {shown(path)} is, or lies in, what is a file, on some disk")
    receipts = 0
    for path, file in files.items():
        is_proof = path.endswith((".tlog-proof", ".file-proof", ".time-proof", ".key-transition"))
        receipts += file.size if is_proof and "/files/" not in path else 0
        if file.size > most_bytes(path):
            raise Refused("package-too-large", f"{shown(path)} has more than {most_bytes(path)} bytes")
    if receipts > MOST_RECEIPT_BYTES:
        raise Refused("package-too-large", f"receipts and file proofs have more than {MOST_RECEIPT_BYTES} bytes")


def most_bytes(path: str) -> int:
    """Of a file below `files/` any number: it is hashed in pieces."""
    if not path.startswith("data/"):
        return POLICY_BYTES if path == "policy" else TAG_FILE_BYTES
    if re.match(r"data/deposits/[0-9]+/files/", path) is not None:
        return MAX_INTEGER
    limits = {".tlog-proof": RECEIPT_BYTES, ".file-proof": FILE_PROOF_BYTES,
              ".time-proof": TIME_PROOF_BYTES, ".key-transition": TRANSITION_BYTES}  # fmt: skip
    return next((limit for ending, limit in limits.items() if path.endswith(ending)), MANIFEST_BYTES)


def read_package(path: str) -> Package:
    files, folders = read_folder_package(path) if os.path.isdir(path) else read_zip_package(path)
    check_bounds(files, folders)
    return Package(path, files)


def read_folder_package(top: str) -> tuple[dict[str, PackageFile], list[str]]:
    """Only folders and regular files. A name that is no UTF-8 is no path that a package allows."""
    files: dict[str, PackageFile] = {}
    folders, all_folders, seen = [""], [], 0
    while folders:
        folder = folders.pop()
        with os.scandir(os.path.join(top, folder)) as listed:
            for found in listed:
                path, seen = folder + found.name, seen + 1
                mode = found.stat(follow_symlinks=False)
                if stat.S_ISDIR(mode.st_mode):
                    folders.append(check_package_path(path) + "/")
                    all_folders.append(path)
                elif stat.S_ISREG(mode.st_mode):
                    whole = os.path.join(top, path)
                    files[path] = PackageFile(mode.st_size, lambda whole=whole: open(whole, "rb"))
                else:
                    raise Refused("package-path", f"{shown(path)} is neither a folder nor a regular file")
                if len(files) > MOST_FILES or seen > 2 * MOST_FILES:
                    raise Refused("package-too-large", f"the package has more than {MOST_FILES} files")
    return files, all_folders


# ---- A package as a zip ---------------------------------------------------------------------------------------------
#
# Python's zipfile takes what this page refuses: zips that readers from either end see differently. So the headers are
# read here, every one, by the grammar of the page, before anything is unpacked; and only zlib is left to the library.

ZIP_LIMIT_RATIO, ZIP_LIMIT_MORE = 200, 1 << 20
ZIP_FLAGS = 0b0000_1000_0000_1110  # options of deflate, data descriptor, UTF-8
ZIP_DEFERRED = 0x0008
ZIP64, UNICODE_PATH, EXTRAS_IGNORED = 0x0001, 0x7075, (0x000A, 0x5455, 0x5855, 0x7855, 0x7875)
DOS_LABEL, DOS_FOLDER = 0x08, 0x10
ALL_16, ALL_32 = 0xFFFF, 0xFFFFFFFF


class ZipEntry(NamedTuple):
    name: bytes
    flags: int
    method: int
    crc: int
    packed: int
    size: int
    offset: int


def zip_refused(message: str) -> Refused:
    return Refused("package-zip", f"the zip is not as a package’s has to be: {message}")


def read_zip_package(path: str) -> tuple[dict[str, PackageFile], list[str]]:
    """Every header, from the end and then from the beginning; both have to tell the same."""
    try:
        with open(path, "rb") as stream:
            entries, end = read_central_directory(stream)
            starts = [check_local_header(stream, *pair) for pair in zip_spans(entries, end)]
    except struct.error:
        raise zip_refused("it ends inside a header") from None
    files: dict[str, PackageFile] = {}
    tops, folders = set(), []
    for entry, start in zip(sorted(entries, key=lambda entry: entry.offset), starts):
        top, slash, inner = entry.name.decode().partition("/")
        tops.add(top)
        if slash == "" or len(tops) > 1:
            raise zip_refused("it has not exactly one folder at the top")
        check_package_path(entry.name.decode().removesuffix("/"))
        if not entry.name.endswith(b"/"):
            files[inner] = PackageFile(entry.size, lambda entry=entry, start=start: ZipStream(path, entry, start))
        elif inner != "":
            folders.append(inner[:-1])
    if not files:
        raise zip_refused("it holds no file")
    return files, folders


def read_central_directory(stream: BinaryIO) -> tuple[list[ZipEntry], int]:
    """The entries, and where the central directory begins."""
    length = stream.seek(0, os.SEEK_END)
    end = length - 22
    if end < 0:
        raise zip_refused("it is too short")
    record = struct.unpack("<4s4H2LH", read_at(stream, end, 22))
    signature, *disks, on_disk, count, size, start, comment = record
    if signature != b"PK\5\6" or comment != 0 or any(disks):
        raise zip_refused("it does not end with its directory, or has a comment, or parts")
    has_large = end >= 76 and read_at(stream, end - 20, 4) == b"PK\6\7"
    if has_large:
        end, large = read_zip64_end(stream, end)
        stated = zip((on_disk, count, size, start), (ALL_16, ALL_16, ALL_32, ALL_32), large)
        if not all(small in (ones, value) for small, ones, value in stated):
            raise zip_refused("its two ends do not tell the same")
        on_disk, count, size, start = large
    elif ALL_16 in (on_disk, count) or ALL_32 in (size, start):
        raise zip_refused("it lacks the directory’s end of a large zip")
    if on_disk != count or start + size != end:
        raise zip_refused("its directory does not reach up to its end")
    if count > 2 * MOST_FILES or size > count * (46 + 2048):
        raise Refused("package-too-large", "the zip has too many entries, or too large a directory")
    directory, at, entries, names = read_at(stream, start, size), 0, [], set()
    for _ in range(count):
        entry, at = read_central_header(directory, at)
        if entry.name in names:
            raise zip_refused(f"the name {shown(printable(entry.name))} stands twice")
        names.add(entry.name)
        entries.append(entry)
    if at != size:
        raise zip_refused("something follows the last entry of its directory")
    return entries, start


def read_zip64_end(stream: BinaryIO, end: int) -> tuple[int, tuple[int, int, int, int]]:
    signature, disk, at, disks = struct.unpack("<4sLQL", read_at(stream, end - 20, 20))
    record = struct.unpack("<4sQ2H2L4Q", read_at(stream, end - 76, 56))
    if signature != b"PK\6\7" or disk != 0 or disks > 1 or at != end - 76 or record[:2] != (b"PK\6\6", 44):
        raise zip_refused("the directory’s end of a large zip is not in order")
    if record[4] != 0 or record[5] != 0:
        raise zip_refused("it is in parts")
    return end - 76, record[6:]


def read_central_header(directory: bytes, at: int) -> tuple[ZipEntry, int]:
    fields = struct.unpack("<4s6H3L5H2L", directory[at : at + 46])
    signature, _, _, flags, method, _, _, crc, packed, size = fields[:10]
    name_length, extra_length, comment_length, disk, _, attributes, offset = fields[10:]
    at += 46
    name, extra = directory[at : at + name_length], directory[at + name_length : at + name_length + extra_length]
    at += name_length + extra_length
    if signature != b"PK\1\2" or comment_length != 0 or disk != 0 or at > len(directory):
        raise zip_refused("an entry of its directory is not in order")
    try:
        text = name.decode()
    except UnicodeDecodeError:
        raise Refused("package-path", f"the name {shown(printable(name))} in the zip is not UTF-8") from None
    if text == "" or "\0" in text:
        raise zip_refused("a name is empty, or ends within")
    if flags & ~ZIP_FLAGS or method not in (0, 8):
        raise zip_refused("an entry is encrypted, or neither stored nor deflated")
    size, packed, offset = with_zip64([size, packed, offset], read_extra(extra, name))
    is_folder = name.endswith(b"/")
    kind, wanted = stat.S_IFMT(attributes >> 16), stat.S_IFDIR if is_folder else stat.S_IFREG
    if kind not in (0, wanted) or attributes & DOS_LABEL or (attributes & DOS_FOLDER and not is_folder):
        raise Refused("package-path", f"{shown(text)} is neither a folder nor a regular file, or not what its name says")
    if is_folder and (size or packed):
        raise zip_refused(f"the folder {shown(text)} has content")
    if (method == 0 and size != packed) or size > ZIP_LIMIT_RATIO * packed + ZIP_LIMIT_MORE:
        raise zip_refused(f"{shown(text)} would unpack to more than its size allows")
    return ZipEntry(name, flags, method, crc, packed, size, offset), at


def read_extra(extra: bytes, name: bytes) -> Optional[bytes]:
    """Extra fields, each of a known id, whole and once. Gives the one with 64-bit sizes. A second name is the first."""
    at, found = 0, {}
    while at < len(extra):
        id, length = struct.unpack("<2H", extra[at : at + 4])
        data, at = extra[at + 4 : at + 4 + length], at + 4 + length
        if at > len(extra) or id in found or id not in (ZIP64, UNICODE_PATH, *EXTRAS_IGNORED):
            raise zip_refused("an extra field is not in order, or not known")
        found[id] = data
    second = found.get(UNICODE_PATH)
    if second is not None and (len(second) < 5 or second[0] != 1 or second[5:] != name):
        raise zip_refused(f"an extra field gives another name to {shown(printable(name))}")
    return found.get(ZIP64)


def with_zip64(values: list[int], large: Optional[bytes]) -> list[int]:
    """The extra field holds those values that a header has no room for, and no more."""
    wanted = [n for n, value in enumerate(values) if value == ALL_32]
    if len(large or b"") != 8 * len(wanted):
        raise zip_refused("sizes of a large zip are not in order")
    for n, value in zip(wanted, struct.unpack(f"<{len(wanted)}Q", large or b"")):
        values[n] = value
    return values


def zip_spans(entries: list[ZipEntry], end: int) -> Iterator[tuple[ZipEntry, int]]:
    """Each entry in the order of the zip, and where what follows it begins."""
    ordered = sorted(entries, key=lambda entry: entry.offset)
    if not ordered or ordered[0].offset != 0:
        raise zip_refused("it does not begin with its first entry")
    yield from zip(ordered, [*(entry.offset for entry in ordered[1:]), end])


def check_local_header(stream: BinaryIO, entry: ZipEntry, following: int) -> int:
    """The local header says what the central one says, and a data descriptor follows where one is due. Gives where data are."""
    header = struct.unpack("<4s5H3L2H", read_at(stream, entry.offset, 30))
    signature, _, flags, method, _, _, crc, packed, size, name_length, extra_length = header
    name_and_extra = read_at(stream, entry.offset + 30, name_length + extra_length)
    large = read_extra(name_and_extra[name_length:], entry.name)
    size, packed = with_zip64([size, packed], large)
    deferred = flags & ZIP_DEFERRED
    stated = zip((crc, packed, size), (entry.crc, entry.packed, entry.size))
    agree = all(local == central or (deferred and local == 0) for local, central in stated)
    same = (signature, name_and_extra[:name_length], flags, method) == (b"PK\3\4", *entry[:3])
    if not same or not agree or len(name_and_extra) != name_length + extra_length:
        raise zip_refused(f"the two headers of {shown(printable(entry.name))} differ")
    start = entry.offset + 30 + name_length + extra_length
    gap = following - start - entry.packed
    if gap not in ((0,) if not deferred else (12, 16) if large is None else (20, 24)):
        raise zip_refused(f"{shown(printable(entry.name))} overlaps what follows, or something lies between")
    if deferred:
        check_data_descriptor(read_at(stream, start + entry.packed, gap), entry)
    return start


def check_data_descriptor(data: bytes, entry: ZipEntry) -> None:
    mark = len(data) in (16, 24)
    values = struct.unpack("<3L" if len(data) in (12, 16) else "<L2Q", data[4:] if mark else data)
    if (mark and data[:4] != b"PK\7\x08") or values != (entry.crc, entry.packed, entry.size):
        raise zip_refused(f"the data descriptor of {shown(printable(entry.name))} is not in order")


def read_at(stream: BinaryIO, at: int, length: int) -> bytes:
    stream.seek(at)
    return stream.read(length)


class ZipStream:
    """One entry, unpacked while it is read. It has exactly the size and the CRC-32 that its headers state."""

    def __init__(self, path: str, entry: ZipEntry, start: int) -> None:
        self.entry, self.left = entry, entry.packed
        self.stream = open(path, "rb")
        self.stream.seek(start)
        self.inflate = zlib.decompressobj(-15) if entry.method == 8 else None
        self.pending, self.size, self.crc = b"", 0, 0

    def __enter__(self) -> ZipStream:
        return self

    def __exit__(self, *_: object) -> None:
        self.stream.close()

    def read(self, length: int = -1) -> bytes:
        """A piece, or with -1 all that is left. Never more than the stated size is unpacked."""
        if length < 0:
            return b"".join(iter(lambda: self.read(1 << 20), b""))
        piece = self.piece(min(length, 1 << 20)) if length else b""
        self.size, self.crc = self.size + len(piece), zlib.crc32(piece, self.crc)
        if self.size > self.entry.size or (piece == b"" and length and not self.ended()):
            raise zip_refused(f"{shown(printable(self.entry.name))} does not unpack to what its headers state")
        return piece

    def piece(self, length: int) -> bytes:
        while True:
            if self.pending == b"" and self.left > 0:
                self.pending = self.stream.read(min(self.left, 1 << 16))
                if self.pending == b"":
                    return b""
                self.left -= len(self.pending)
            if self.inflate is None:
                piece, self.pending = self.pending[:length], self.pending[length:]
                return piece
            try:
                piece = self.inflate.decompress(self.pending, length)
            except zlib.error:
                raise zip_refused(f"{shown(printable(self.entry.name))} cannot be unpacked") from None
            self.pending = self.inflate.unconsumed_tail + self.inflate.unused_data
            if piece != b"" or self.inflate.eof or (self.pending == b"" and self.left == 0):
                return piece

    def ended(self) -> bool:
        whole = self.left == 0 and self.pending == b"" and (self.inflate is None or self.inflate.eof)
        return whole and (self.size, self.crc) == (self.entry.size, self.entry.crc)


# ---- Bag ------------------------------------------------------------------------------------------------------------

BAGIT = b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"
BAG_DIGESTS = {"sha256": 64, "sha512": 128}
# "Texts of the bag": a line of bag-info.txt, and what stands in a list after the digest.
INFO_LINE = re.compile(r"([A-Za-z][A-Za-z0-9-]{0,63}): ((?! )[^\x00-\x1f\x7f-\x9f\u2028\u2029]+(?<! ))")
LISTED_PATH = r"  ([^\x00-\x1f\x7f-\x9f\u2028\u2029]+)"


def is_day(text: str) -> bool:
    """A day of the calendar, from 1970 to 9999."""
    match = re.fullmatch(r"((?:19[7-9]|[2-9][0-9]{2})[0-9])-([0-9]{2})-([0-9]{2})", text)
    try:
        return match is not None and datetime.date(*map(int, match.groups())) is not None
    except ValueError:
        return False


def is_asked(text: str) -> bool:
    """Origin, space, size."""
    origin, space, size = text.partition(" ")
    return is_origin(origin) and re.fullmatch(r"0|[1-9][0-9]{0,14}", size) is not None


LABELS: dict[str, Callable[[str], bool]] = {  # of bag-info.txt, with the form of each value
    "Evidence-Package-Version": lambda text: re.fullmatch(r"[1-9][0-9]{0,3}", text) is not None,
    "External-Identifier": lambda text: True,
    "Payload-Oxum": lambda text: re.fullmatch(r"(?:0|[1-9][0-9]{0,15})\.(?:0|[1-9][0-9]{0,5})", text) is not None,
    "Bagging-Date": is_day,
    "Evidence-Later-Events": is_asked,
    "Evidence-Events-Not-Shown": lambda text: re.fullmatch(r"[1-9][0-9]{0,8}", text) is not None,
}
SPELLED = {label.lower(): label for label in LABELS}
# "VERIFY.md": the text of version 1, to the byte.
GUIDE_SHA256 = "c09547723d0323d5129003893015fce293ae0d55540a63ddad5467834c2cea4a"
CHECKED_TAGS = {
    "bagit.txt", "policy", "VERIFY.md", "withheld-sha256.txt",
    *(f"{kind}-{name}.txt" for kind in ("manifest", "tagmanifest") for name in BAG_DIGESTS),
}  # fmt: skip


class UnknownPackage(Exception):
    """The package, or the bag, is of a version that is not of this specification."""


def check_bag(package: Package, findings: Findings) -> dict[str, str]:
    """ "Checking a package", step 1. Gives the labels. Raises `UnknownPackage` where the rest is not to be judged."""
    files = package.files
    if "bagit.txt" not in files:
        raise Refused("package-malformed", "there is no bagit.txt: this is no bag")
    bagit = package.read("bagit.txt")
    if bagit != BAGIT:
        if re.match(rb"BagIt-Version: (?!1\.0\n)(?:0|[1-9][0-9]{0,3})\.(?:0|[1-9][0-9]{0,3})\n", bagit):
            check_bagit_listed(package, bagit)
            raise UnknownPackage("the bag is of another version of BagIt")
        raise Refused("package-malformed", "bagit.txt is not the two lines of BagIt 1.0")
    if "fetch.txt" in files:
        raise Refused("package-malformed", "the package has a fetch.txt, and nothing is fetched while checking")
    info = read_bag_info(read_bag_text(package, "bag-info.txt"))
    tag_manifests = {f"tagmanifest-{name}.txt" for name in BAG_DIGESTS}
    payload = {path for path in files if path.startswith("data/")}
    lists = []
    for name in BAG_DIGESTS:
        for path, wanted in (
            (f"manifest-{name}.txt", payload),
            (f"tagmanifest-{name}.txt", set(files) - payload - tag_manifests),
        ):
            if path in files or name == "sha256":
                lists.append((name, path, wanted, read_bag_list(read_bag_text(package, path), path, BAG_DIGESTS[name])))
    for name, path, wanted, listed in lists:
        check_bag_list(package, path, name, wanted, listed, findings)
    named = {path for *_, wanted, listed in lists for path in wanted & set(listed)}
    for path in sorted(set(files) - named):
        file_of_package(package, path).measure([])  # a zip's data are what its headers state, of files in no list as well
    total = f"{sum(files[path].size for path in payload)}.{len(payload)}"
    stated = info.get("Payload-Oxum", total)
    if not LABELS["Payload-Oxum"](stated):
        findings.add("package-malformed", "the label Payload-Oxum in bag-info.txt has no such value")
    elif stated != total:
        findings.add("package-incomplete", "the package has other files below data/ than its Payload-Oxum says",
                     expected=stated, found=total)  # fmt: skip
    version = info.get("Evidence-Package-Version", "")
    if not LABELS["Evidence-Package-Version"](version):
        raise Refused("package-malformed", "bag-info.txt has no Evidence-Package-Version")
    if version != "1":
        raise UnknownPackage(f"the package is of version {version}")
    return info


def check_bagit_listed(package: Package, bagit: bytes) -> None:
    """Of another version of BagIt: each tag manifest that is there and can be read has to list this `bagit.txt`, or none."""
    for name, digits in BAG_DIGESTS.items():
        path = f"tagmanifest-{name}.txt"
        if path not in package.files:
            continue
        data = package.read(path)
        try:
            expected = read_bag_list(data, path, digits).get("bagit.txt")
        except Refused:
            continue
        found = hashlib.new(name, bagit).hexdigest()
        if expected is not None and expected != found:
            raise Refused("package-altered", f"bagit.txt is not what {path} lists, {expected}: it has the digest {found}")


def read_bag_text(package: Package, path: str) -> bytes:
    if path not in package.files:
        raise Refused("package-incomplete", f"the package has no {path}")
    return package.read(path)


def read_bag_lines(data: bytes, name: str) -> list[str]:
    """ "Texts of the bag": lines, each ended by LF and by nothing else."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        raise Refused("package-malformed", f"{name} is not UTF-8") from None
    if not text.endswith("\n"):
        raise Refused("package-malformed", f"{name} is empty, or does not end in LF")
    return text[:-1].split("\n")


def read_bag_info(data: bytes) -> dict[str, str]:
    """Lines `Label: value`."""
    info: dict[str, str] = {}
    seen: set[str] = set()
    for line in read_bag_lines(data, "bag-info.txt"):
        match = INFO_LINE.fullmatch(line)
        if match is None:
            raise Refused("package-malformed", f"{shown(line)} in bag-info.txt is no label with a value")
        label, value = match.groups()
        if label.lower() in seen or SPELLED.get(label.lower(), label) != label:
            raise Refused("package-malformed", f"bag-info.txt has {label} twice, or in another case")
        seen.add(label.lower())
        info[label] = value
    return info


def read_bag_list(data: bytes, name: str, digits: int) -> dict[str, str]:
    """A list of files, of the payload, the tags or what is withheld: digest by path."""
    listed: dict[str, str] = {}
    pattern = re.compile(f"([0-9a-f]{{{digits}}}){LISTED_PATH}")
    for line in read_bag_lines(data, name):
        match = pattern.fullmatch(line)
        if match is None:
            raise Refused("package-malformed", f"{shown(line)} in {name} is no digest, two spaces and a path")
        path = check_package_path(match.group(2))
        if path in listed:
            raise Refused("package-malformed", f"{shown(path)} stands twice in {name}")
        listed[path] = match.group(1)
    return listed


def check_bag_list(
    package: Package, path: str, name: str, wanted: set[str], listed: dict[str, str], findings: Findings
) -> None:
    for missing in sorted(set(listed) - wanted):
        findings.add("package-incomplete", f"{path} lists {shown(missing)}, which is not there, or not for it to list")
    for unlisted in sorted(wanted - set(listed)):
        findings.add("package-incomplete", f"{shown(unlisted)} is not listed in {path}")
    for listed_path in sorted(wanted & set(listed)):
        file = file_of_package(package, listed_path)
        file.measure([name])
        if file.digests[name] != listed[listed_path]:
            findings.add("package-altered", f"{shown(listed_path)} is not what {path} lists",
                         expected=f"{name} {listed[listed_path]}", found=f"{name} {file.digests[name]}")  # fmt: skip


def file_of_package(package: Package, path: str) -> FileAtHand:
    return FileAtHand(path.rsplit("/", 1)[-1].encode(), package.files[path].open)


# ---- Layout ---------------------------------------------------------------------------------------------------------

IN_DEPOSIT = re.compile(
    r"data/deposits/([0-9]{3,6})/(receipt\.tlog-proof|latest\.tlog-proof"
    r"|manifests/(?:0|[1-9][0-9]?)\.evidence-manifest|proofs/[^/]+\.file-proof|files/.+)",
    re.S,
)
BESIDE_DEPOSITS = re.compile(r"data/(?:admissions|related)/[^/]+\.tlog-proof", re.S)
SIDECAR = re.compile(r"(data/.+)(\.time-proof|\.key-transition)", re.S)


@dataclass
class DepositInPackage:
    """One deposit: its receipts, and what of its files the package holds."""

    number: str
    paths: list[str] = field(default_factory=list)  # relative to the deposit's folder
    receipt: Optional[ReceiptCheck] = None
    latest: Optional[ReceiptCheck] = None
    files: int = 0
    known_digests: set[str] = field(default_factory=set)
    is_known: bool = True  # what the entry says: else nothing can be compared with it
    is_open: bool = False  # a manifest is not judged: no file is compared with it
    deposited: int = 0  # how many files were
    missing: list[str] = field(default_factory=list)  # by name
    unnamed: int = 0  # how many more are missing, whose names the package does not hold
    asked: Optional[int] = None  # size as of which the packer says to have asked for later events
    is_retracted: bool = False

    @property
    def folder(self) -> str:
        return f"data/deposits/{self.number}"

    @property
    def newest(self) -> Optional[ReceiptCheck]:
        is_read = self.latest is not None and self.latest.receipt is not None
        return self.latest if is_read else self.receipt


@dataclass
class PackageCheck:
    """What the check of a package found."""

    name: str
    findings: Findings = field(default_factory=Findings)
    deposits: dict[str, DepositInPackage] = field(default_factory=dict)
    info: dict[str, str] = field(default_factory=dict)  # labels of bag-info.txt: the packer's words
    not_checked: list[str] = field(default_factory=list)  # files of the packer's words
    receipts: dict[str, ReceiptCheck] = field(default_factory=dict)  # every receipt, by its path
    transitions: dict[str, Transition] = field(default_factory=dict)  # those beside receipts, by the receipt's path
    events: dict[str, list[tuple[DepositInPackage, str]]] = field(default_factory=dict)  # by path: about which, and what
    retracted: list[str] = field(default_factory=list)
    part_retracted: list[str] = field(default_factory=list)  # one item, or one file of a folder
    retractions_not_judged: list[str] = field(default_factory=list)  # of either, where something of them is not judged
    admissions: dict[str, str] = field(default_factory=dict)  # of each receipt, what is shown of its signer's admission
    admissions_not_judged: set[str] = field(default_factory=set)  # those by receipts of which something is not judged
    refused: set[str] = field(default_factory=set)  # receipts whose entry, or its signer, the rulebook refuses
    flagged: list[str] = field(default_factory=list)
    flagged_not_judged: list[str] = field(default_factory=list)  # by entries of which something is not judged
    withheld: int = 0
    is_known: bool = True  # its version, and that of the bag
    one_tree: bool = True

    @property
    def standing(self) -> Optional[str]:
        """ "Standing", of the package."""
        asked = self.deposits and all(deposit.asked is not None for deposit in self.deposits.values())
        is_open = any(self.is_open(deposit) for deposit in self.deposits.values())
        return self.worst_of(bool(self.retracted), bool(self.flagged), bool(asked), is_open)

    def standing_of(self, deposit: DepositInPackage) -> Optional[str]:
        """ "Standing", of one deposit."""
        flagged = any(path.startswith(f"{deposit.folder}/") for path in self.flagged)
        return self.worst_of(deposit.is_retracted, flagged, deposit.asked is not None, self.is_open(deposit))

    def worst_of(self, retracted: bool, flagged: bool, asked: bool, is_open: bool) -> Optional[str]:
        if self.findings.faults or not self.is_known:
            return None
        if retracted or flagged:
            return "retracted" if retracted else "key-compromised"
        return None if is_open else "sound" if asked else "not-asked"

    def is_open(self, deposit: DepositInPackage) -> bool:
        """Whether what is not judged could make its standing worse."""
        own = f"{deposit.folder}/"
        return any(path.startswith(own) for path in self.flagged_not_judged) or any(
            receipt.findings.not_judged for path, receipt in self.receipts.items() if path.startswith((own, "data/related/"))
        )

    def newest_checkpoint(self, path: str) -> Checkpoint:
        """Of the tree that a receipt is shown to be of: a key transition leads to a later one."""
        transition = self.transitions.get(path)
        return self.receipts[path].receipt.proof.checkpoint if transition is None else transition.checkpoint

    def extend(self, where: str, findings: Findings) -> None:
        for finding in [*findings.faults, *findings.not_judged]:
            finding.message = f"{where}: {finding.message}"
        self.findings.extend(findings)

    def found(self, where: str, code: str, message: str) -> None:
        self.findings.add(code, f"{where}: {message}")


def read_layout(package: Package, check: PackageCheck) -> None:
    """Step 2."""
    for path in sorted(package.files):
        if not path.startswith("data/"):
            continue
        match, beside = IN_DEPOSIT.fullmatch(path), SIDECAR.fullmatch(path)
        if match is not None:
            deposit = check.deposits.setdefault(match.group(1), DepositInPackage(match.group(1)))
            deposit.paths.append(match.group(2))
        elif beside is not None and is_receipt_path(beside.group(1) + ".tlog-proof", package.files):
            pass
        elif BESIDE_DEPOSITS.fullmatch(path) is None:
            check.found(path, "package-malformed", "has no place in a package")
    if not check.deposits:
        check.found("data/deposits", "package-malformed", "the package has no deposit")
    width = max(3, len(str(len(check.deposits))))
    if sorted(check.deposits) != [str(number + 1).zfill(width) for number in range(len(check.deposits))]:
        check.found("data/deposits", "package-malformed", "the deposits are not numbered from 1, in one width")
    for deposit in check.deposits.values():
        if "receipt.tlog-proof" not in deposit.paths:
            check.found(f"data/deposits/{deposit.number}", "package-malformed", "the deposit has no receipt.tlog-proof")


def is_receipt_path(path: str, files: Iterable[str]) -> bool:
    inner = IN_DEPOSIT.fullmatch(path)
    is_deposits = inner is not None and inner.group(2) in ("receipt.tlog-proof", "latest.tlog-proof")
    return path in files and (is_deposits or BESIDE_DEPOSITS.fullmatch(path) is not None)


# ---- Receipts and files ---------------------------------------------------------------------------------------------


def check_package(package: Package, policy: Policy) -> PackageCheck:
    """ "Checking a package", steps 1 to 6."""
    check = PackageCheck(package.name)
    strange = next(filter(has_unknown_character, package.files), None)
    if strange is not None:
        check.found(strange, "not-judged", f"whether it is another path on some disk, by its characters; {NEEDS_NEWER}")
    try:
        check.info = check_bag(package, check.findings)
    except Refused as breach:
        if breach.code == "package-zip":
            check.findings = Findings()
        check.findings.add(breach.code, breach.message)
        return check
    except UnknownPackage as unknown:
        check.findings.add("not-judged", f"{unknown}; {NEEDS_NEWER}")
        check.is_known = False
        return check
    check_words(package, check)
    read_layout(package, check)
    for path in sorted(path for path in package.files if is_receipt_path(path, package.files)):
        receipt = check.receipts[path] = check_receipt(package.read(path), policy, read_sidecar(package, check, path))
        check.extend(path, receipt.findings)
        beside = path[: -len(".tlog-proof")] + ".time-proof"
        if beside in package.files and receipt.receipt is not None:
            by = None if path in check.transitions else policy
            check.extend(beside, check_time_proof(package.read(beside), receipt.receipt, by))
    for deposit in check.deposits.values():
        check_deposit_of_package(package, check, deposit)
    check_withheld(package, check)
    check_admissions(check)
    check_events(check)
    check_asked(check)
    return check


def check_words(package: Package, check: PackageCheck) -> None:
    """ "What the packer says": labels, VERIFY.md, and what nobody checks."""
    for label, is_of_form in LABELS.items():
        if label != "Payload-Oxum" and label in check.info and not is_of_form(check.info[label]):
            check.found("bag-info.txt", "package-malformed", f"the label {label} has no such value")
    guide = package.read("VERIFY.md") if "VERIFY.md" in package.files else b""
    if hashlib.sha256(guide).hexdigest() != GUIDE_SHA256:
        check.found("VERIFY.md", "package-malformed", "this is not the text of this version: do not follow it")
    check.not_checked = sorted(p for p in package.files if not p.startswith("data/") and p not in CHECKED_TAGS)


def read_sidecar(package: Package, check: PackageCheck, path: str) -> Optional[Transition]:
    """The key transition beside a receipt."""
    beside = path[: -len(".tlog-proof")] + ".key-transition"
    if beside not in package.files:
        return None
    try:
        transition = check.transitions[path] = read_transition(package.read(beside))
        return transition
    except Refused as breach:
        check.found(beside, breach.code, breach.message)
        return None


def same_entry(one: ReceiptCheck, other: ReceiptCheck) -> bool:
    """Step 3: asked where both receipts can be read."""
    return one.receipt is None or other.receipt is None or one.receipt.entry_bytes == other.receipt.entry_bytes


def check_deposit_of_package(package: Package, check: PackageCheck, deposit: DepositInPackage) -> None:
    """Steps 3 and 4 of one deposit."""
    folder = f"data/deposits/{deposit.number}/"
    deposit.receipt = check.receipts.get(folder + "receipt.tlog-proof")
    deposit.latest = check.receipts.get(folder + "latest.tlog-proof")
    if deposit.receipt is None:
        return
    if deposit.latest is not None and not same_entry(deposit.latest, deposit.receipt):
        check.found(folder + "latest.tlog-proof", "package-malformed", "holds another entry than the receipt beside it")
    said = deposit.receipt.statement
    if said is None or not deposit.receipt.members_in_order:
        deposit.is_known = deposit.receipt.receipt is None
        return
    if said.kind != "evidence.deposit":
        check.found(folder + "receipt.tlog-proof", "reference-kind", "the receipt is for no deposit")
    items, lines = said.payload["items"] if said.kind == "evidence.deposit" else [], set()
    for path in deposit.paths:
        if path.startswith("manifests/"):
            shown_lines, is_judged = check_manifest_of_package(package, check, folder + path, items)
            lines |= shown_lines
            deposit.is_open |= not is_judged or len(deposit.receipt.findings.not_judged) > 0
        elif path.startswith("proofs/"):
            lines |= check_proof_of_package(package, check, folder + path, deposit.receipt)
    listed = {digest for _, _, digest in lines}
    deposit.known_digests = listed | {item["digest"]["sha256"] for item in items if "sha256" in item["digest"]}
    present: list[tuple[str, str, list[int]]] = []
    for path in deposit.paths:
        if path.startswith("files/"):
            deposit.files += 1
            file = file_of_package(package, folder + path)
            findings, same = check_file_of_package(file, items, listed)
            if not (deposit.is_open and findings.faults):  # page 08
                check.extend(folder + path, findings)
            present.append((path[len("files/") :], file.digests["sha256"], same))
    account_for_files(deposit, items, lines, present)


def account_for_files(
    deposit: DepositInPackage,
    items: list[dict[str, Any]],
    lines: set[tuple[int, bytes, str]],
    present: list[tuple[str, str, list[int]]],
) -> None:
    """ "Files that are not here": each file of the package stands for one that was deposited, of its name if there is one."""
    names = next((claim.value for claim in deposit.receipt.claims if claim.claim == "names"), [])
    plain = {}
    for number, item in enumerate(items):
        if "tree" not in item:
            given = names[number] if isinstance(names, list) and number < len(names) else ""
            plain[number] = given if isinstance(given, str) and given != "" else f"item {number}"
    free: dict[str, dict[tuple[int, bytes], None]] = {}
    for number, name, digest in sorted(lines):
        free.setdefault(digest, {})[number, name] = None
    deposit.deposited = sum(item["tree"]["size"] if "tree" in item else 1 for item in items)
    deposit.unnamed = deposit.deposited - len(lines) - len(plain)
    left = present
    for by_name in (True, False):
        present, left = left, []
        for path, digest, same in present:
            own = free.get(digest, {})
            line = next((line for line in own if not by_name or line[1] == path.encode()), None)
            number = next((n for n in same if n in plain and (not by_name or plain[n] == path)), None)
            if line is not None:
                del own[line]
            elif number is not None:
                del plain[number]
            else:
                left.append((path, digest, same))
    deposit.missing = [printable(name) for own in free.values() for _, name in own] + list(plain.values())


def check_manifest_of_package(
    package: Package, check: PackageCheck, path: str, items: list[dict[str, Any]]
) -> tuple[set[tuple[int, bytes, str]], bool]:
    """A manifest is the item that it is named by. Gives its lines (item, name, digest), and whether all of it is judged."""
    number = int(path.rsplit("/", 1)[1].split(".")[0])
    if number >= len(items) or "tree" not in items[number]:
        check.found(path, "file-not-in-deposit", f"item {number} of the deposit is no manifest")
        return set(), True
    file, item = file_of_package(package, path), items[number]
    findings = check_as_manifest(file, item, compare_with_item(file, item))
    check.extend(path, findings)
    if findings.faults:
        return set(), True
    lines = {(number, line.path, line.sha256) for line in read_manifest(package.read(path))}
    return lines, not findings.not_judged


def check_proof_of_package(
    package: Package, check: PackageCheck, path: str, receipt: ReceiptCheck
) -> set[tuple[int, bytes, str]]:
    """A file proof holds the receipt of its deposit, to the byte. Gives its line."""
    try:
        proof = read_file_proof(package.read(path))
    except Refused as breach:
        check.found(path, breach.code, breach.message)
        return set()
    if proof.receipt != package.read(path.split("/proofs/")[0] + "/receipt.tlog-proof"):
        check.found(path, "package-malformed", "holds another receipt than its deposit")
        return set()
    if receipt.statement.kind != "evidence.deposit":
        check.found(path, "file-not-in-deposit", "the receipt is for no deposit")
        return set()
    findings = check_file_proof(proof, receipt, None)
    check.extend(path, findings)
    return set() if findings.faults else {(proof.item, proof.line.path, proof.line.sha256)}


def check_file_of_package(
    file: FileAtHand, items: list[dict[str, Any]], listed: set[str]
) -> tuple[Findings, list[int]]:
    """Step 4 of one file: a line of a manifest or file proof, or an item. Gives the items that it may be."""
    file.measure(["sha256", *(name for item in items for name in item["digest"])])
    if file.digests["sha256"] in listed:
        return Findings(), []
    judged = [compare_with_item(file, item) for item in items]
    same = [number for number, findings in enumerate(judged) if not findings.faults]
    whole = [number for number in same if not judged[number].not_judged]
    if same:
        return judged[(whole or same)[0]], whole or same
    findings = Findings()
    findings.add("file-not-in-deposit", f"This file is none of the deposit’s. {FILE_DIFFERS}")
    return findings, []


def check_withheld(package: Package, check: PackageCheck) -> None:
    """Step 4, last sentence."""
    if "withheld-sha256.txt" not in package.files:
        return
    name = "withheld-sha256.txt"
    try:
        listed = read_bag_list(package.read(name), name, BAG_DIGESTS["sha256"])
    except Refused as breach:
        return check.found(name, breach.code, breach.message)
    check.withheld = len(listed)
    for path, digest in listed.items():
        match = IN_DEPOSIT.fullmatch(path)
        deposit = None if match is None else check.deposits.get(match.group(1))
        if deposit is None or not match.group(2).startswith("files/"):
            check.found(name, "file-not-in-deposit", f"{shown(path)} is of no deposit in the package")
        elif deposit.is_known and not deposit.is_open and digest not in deposit.known_digests:
            check.found(name, "file-not-in-deposit", f"{shown(path)} is of no deposit in the package")


# ---- The admission of a key -----------------------------------------------------------------------------------------


@dataclass
class ShownKey:
    """A key whose admission the package shows back to the genesis."""

    owner: str
    roles: list[str]
    index: int
    entries: list[int]  # that brought it: its own, then that of its signer, to the genesis
    vouched: str  # by whom, and under which name
    judged: bool  # whether nothing of the receipts of these entries is not judged


class Judged(NamedTuple):
    """The rulebook's word on one entry."""

    data: bytes
    violations: list[Refused]
    not_judged: list[str]
    unshown: bool  # whether its signer was entitled


class Chain:
    """ "The admission of a key": the entries of one ledger that the package shows, each judged by the rulebook, in order.

    What an entry without a fault of its own brings or ends counts even if its signer's admission is not shown: a ledger
    that seals what contradicts it broke its rules there or here.
    """

    def __init__(self, origin: str) -> None:
        self.state = State(origin, [], partial=True, targets=KnownTargets())
        self.keys: dict[str, ShownKey] = {}
        self.judged: dict[int, Judged] = {}
        self.brought: dict[tuple[str, str], int] = {}
        self.ended: dict[tuple[str, str], list[tuple[int, str]]] = {}
        self.compromised: list[tuple[str, str, str, bool]] = []  # "kid" or "iss", which one, since when, whether all is judged

    def take(self, receipt: ReceiptCheck) -> None:
        """Judges the next entry."""
        entry, said, state = receipt.receipt.entry, receipt.statement, self.state
        used = state.used_ids.get((said.iss, said.jti))
        judgement = Judgement(state, entry.index, entry.time, said)
        judgement.judge(altered=False)
        if used is not None:
            state.used_ids[(said.iss, said.jti)] = used
        state.targets[entry.index] = target_of(leaf_hash(receipt.receipt.entry_bytes), said, soundness_of(judgement))
        violations = judgement.violations
        unshown = judgement.unshown or judgement.left_open
        if judgement.members_in_order:
            payload = meant_payload(said.payload)
            codes = {violation.code for violation in violations}
            violations += [breach for breach in self.bring(entry.index, payload) if breach.code not in codes]
            self.take_keys(receipt, payload)
            if not violations:
                self.end(entry.index, payload, said, not receipt.findings.not_judged)
        self.judged[entry.index] = Judged(receipt.receipt.entry_bytes, violations, judgement.not_judged, unshown)

    def bring(self, index: int, payload: dict[str, Any]) -> Iterator[Refused]:
        """Keys and ids are brought once, and revoked once."""
        keys, ids = brought_by(payload)
        revoked = (payload.get("key"), payload.get("participant")) if payload["kind"] == "participant.revoke" else None
        names = [("kid", kid, "key-exists") for kid in keys] + [("iss", id, "participant-exists") for id in ids]
        names += [("revocation", repr(revoked), "already-revoked")] if revoked else []
        for which, name, code in names:
            earlier = self.brought.setdefault((which, name), index)
            if earlier != index:
                yield Refused(code, f"entry {earlier} had brought {name}")

    def take_keys(self, receipt: ReceiptCheck, payload: dict[str, Any]) -> None:
        """Where keys that took effect lead back to."""
        index, said = receipt.receipt.entry.index, receipt.statement
        for kid in brought_by(payload)[0]:
            key = self.state.keys.get(kid)
            if key is None or kid in self.keys:
                continue
            signers = [said.kid, *(approvers_of(said.payload) if said.kind == "ledger.change" else [])]
            behind = {entry for signer in signers if signer in self.keys for entry in self.keys[signer].entries}
            entries = [index, *sorted(behind, reverse=True)]
            roles = self.state.participants[key.owner].roles
            if payload["kind"] == "participant.rotate-key":
                vouched = self.keys[said.kid].vouched if said.kid in self.keys else ""
            elif index == 0:
                vouched = "in the genesis"
            else:
                claimed = next((claim.value for claim in receipt.claims if claim.claim == "names"), "")
                named = payload["participant"].get("name") or (claimed if isinstance(claimed, str) else "")
                vouched = f"by entry {index} of {said.iss}" + (f", named {shown(named)}" if named else "")
            before = [self.keys[signer].judged for signer in signers if signer in self.keys]
            judged = not receipt.findings.not_judged and all(before)
            self.keys[kid] = ShownKey(key.owner, roles, index, entries, vouched, judged)

    def end(self, index: int, payload: dict[str, Any], said: Statement, is_judged: bool) -> None:
        kind, id, kid = payload["kind"], payload.get("participant"), payload.get("key")
        if kind == "participant.rotate-key":
            self.ended.setdefault(("kid", said.kid), []).append((index, "key-rotated"))
        elif kind == "ledger.close":
            self.ended.setdefault(("ledger", ""), []).append((index, "ledger-closed"))
        elif kind == "ledger.end-intake":
            self.ended.setdefault(("intake", ""), []).append((index, "intake-ended"))
        elif kind == "participant.revoke":
            what = ("iss", id) if id is not None else ("kid", kid)
            code = "participant-revoked" if id is not None else "key-revoked"
            self.ended.setdefault(what, []).append((index, code))
            if "compromisedSince" in payload:
                self.compromised.append((*what, payload["compromisedSince"], is_judged))

    def verdict(self, receipt: ReceiptCheck) -> Optional[list[Refused]]:
        """What is wrong with an entry or its signer; None where the signer's admission is not shown."""
        index, said = receipt.receipt.entry.index, receipt.statement
        judged = self.judged[index]
        if judged.data != receipt.receipt.entry_bytes:
            return None
        if judged.violations:
            return judged.violations
        if judged.unshown and self.brought.get(("kid", said.kid), -1) >= index:
            return [Refused("admission-invalid", f"the key came with entry {self.brought[('kid', said.kid)]}")]
        intake = [("intake", "")] if said.kind == "evidence.deposit" else []
        ended = [
            Refused(code, f"entry {by} ended that before")
            for name in (("ledger", ""), *intake, ("kid", said.kid), ("iss", said.iss))
            for by, code in self.ended.get(name, [])
            if by < index
        ]
        if ended:
            return ended
        return None if judged.unshown or said.kid not in self.keys else []


def brought_by(payload: dict[str, Any]) -> tuple[list[str], list[str]]:
    """Keys and ids of participants that a statement brings."""
    kind = payload["kind"]
    if kind == "participant.rotate-key":
        return [read_key_of(payload["newKey"])[0]], []
    brought = {"participant.admit": [payload.get("participant")], "ledger.genesis": payload.get("administrators")}
    new = brought.get(kind) or []
    return [read_key_of(one["keys"][0])[0] for one in new], [one["id"] for one in new]


def approvers_of(payload: dict[str, Any]) -> list[str]:
    return [read_approval(approval, payload["proposal"]).kid for approval in payload["approvals"]]


def check_admissions(check: PackageCheck) -> None:
    """Step 5, over each ledger's receipts without fault, by index."""
    origins: dict[str, dict[str, ReceiptCheck]] = {}
    for path, receipt in check.receipts.items():
        if receipt.receipt is not None and not receipt.findings.faults:
            origins.setdefault(receipt.receipt.proof.checkpoint.origin, {})[path] = receipt
    check_strange_admissions(check)
    for origin, receipts in origins.items():
        check_one_history(check, receipts)
        chain = Chain(origin)
        read = {path: receipt for path, receipt in receipts.items() if receipt.statement is not None}
        for receipt in sorted(read.values(), key=lambda receipt: receipt.receipt.entry.index):
            if receipt.receipt.entry.index not in chain.judged:
                chain.take(receipt)
        for path, receipt in read.items():
            report_signer(check, chain, path, receipt)
    check.one_tree = are_of_one_tree(check)


def check_strange_admissions(check: PackageCheck) -> None:
    """Step 7: of each receipt that could be read, faulty or not, the ledger and the kind of what lies in data/admissions/."""
    read = {path: receipt for path, receipt in check.receipts.items() if receipt.receipt is not None}
    brought = {path: receipt for path, receipt in read.items() if path.startswith("data/admissions/")}
    evidence = {receipt.receipt.proof.checkpoint.origin for path, receipt in read.items() if path not in brought}
    for path, receipt in brought.items():
        is_evidence = receipt.members_in_order and not receipt.statement.kind.startswith(("ledger.", "participant."))
        if receipt.receipt.proof.checkpoint.origin not in evidence or is_evidence:
            check.found(path, "package-malformed", "is about no key of the ledger of a deposit in this package")


def report_signer(check: PackageCheck, chain: Chain, path: str, receipt: ReceiptCheck) -> None:
    said, entry = receipt.statement, receipt.receipt.entry
    found, key = chain.verdict(receipt), chain.keys.get(said.kid)
    if found:
        check.refused.add(path)
    for breach in found or []:
        code = "admission-invalid" if breach.code in ("key-not-issuers", "role-missing") else breach.code
        check.found(path, code, breach.message)
    if found == [] and key is not None:
        entries = ", ".join(str(index) for index in key.entries)
        if not key.judged:
            check.admissions_not_judged.add(path)
        check.admissions[path] = (
            f"{'' if key.judged else 'NOT JUDGED: that it was '}admitted as {key.owner}, {key.vouched}; "
            f"key admitted as {', '.join(key.roles)}; back to the genesis by entries {entries}"
        )
    if said.kind.startswith(("ledger.", "participant.", CUSTODY)) and receipt.members_in_order and said.jws.known_algorithm:
        for message in chain.judged[entry.index].not_judged:
            check.found(path, "not-judged", message)
    if path.startswith("data/admissions/"):
        return
    signers = {("kid", said.kid), ("iss", said.iss)} | (giver_of(said) if receipt.members_in_order else set())
    flags = {judged for which, name, since, judged in chain.compromised if (which, name) in signers and entry.time >= since}
    if True in flags:
        check.flagged.append(path)
    if False in flags:
        check.flagged_not_judged.append(path)


# ---- What happened later --------------------------------------------------------------------------------------------


def check_events(check: PackageCheck) -> None:
    """ "Related entries": each is about a deposit of the package, or a challenge of one, by index and leaf hash."""
    related = {
        path: receipt
        for path, receipt in check.receipts.items()
        if path.startswith("data/related/") and receipt.statement is not None and receipt.members_in_order
    }
    for path, receipt in related.items():
        check.events[path] = [
            (deposit, what) for deposit in check.deposits.values() for what in events_of(receipt, deposit.receipt)
        ]
    challenges = {
        (receipt.receipt.proof.checkpoint.origin, receipt.receipt.entry.index): (receipt, check.events[path])
        for path, receipt in related.items()
        if receipt.statement.kind == "evidence.challenge"
    }
    answers = {path: answers_of(receipt, challenges) for path, receipt in related.items()}
    for path, receipt in related.items():
        check.events[path] += answers[path]
        index, time, said = receipt.receipt.entry.index, receipt.receipt.entry.time, receipt.statement
        if not check.events[path]:
            check.found(path, "package-malformed", f"entry {index} is about no deposit of this package")
        if said.kind != "evidence.retract":
            continue
        for deposit, _ in check.events[path]:
            of = deposit.receipt.receipt.entry.index
            if deposit.receipt.statement.iss != said.iss:
                check.found(path, "retract-not-own", f"entry {index} retracts what another participant deposited")
            elif not receipt.findings.faults and path not in check.refused:
                part = part_of(said.payload["of"])
                which = check.retracted if part == "" else check.part_retracted
                if receipt.findings.not_judged or deposit.receipt.findings.not_judged:
                    which = check.retractions_not_judged
                deposit.is_retracted = deposit.is_retracted or which is check.retracted
                which.append(
                    f"entry {of} ({deposit.folder}){part} was retracted by its depositor, by entry {index} at {time}: "
                    + said.payload["reason"]
                )


def part_of(reference: dict[str, Any]) -> str:
    """The item and the line that a reference names, for people."""
    return "".join(f", {name} {reference[name]}" for name in ("item", "line") if name in reference)


# What a kind says of the deposit in `of`, and the member that holds its code.
SAID_OF_DEPOSITS: dict[str, tuple[str, Optional[str]]] = {
    "evidence.attest": ("attests", "as"),
    "evidence.retract": ("retracts", "reason"),
    "evidence.event": ("records an event of", "event"),
    "evidence.challenge": ("challenges", None),
    "evidence.finding": ("decides of", "finding"),
}
# What a kind of page 19 says of the deposits that it names, and the member that holds its code.
SAID_OF_CUSTODY: dict[str, tuple[str, str]] = {
    "custody.transfer": ("is a hand-over of", "outcome"),
    "custody.end": ("ends custody of", "how"),
    "custody.resume": ("resumes custody of", "reason"),
}


def passed_on(payload: dict[str, Any], place: int) -> str:
    """Of one exhibit of a transfer: who passes it on to whom, and what is said for ever beside it (page 19, "Flags")."""
    if payload["kind"] != "custody.transfer":
        return ""
    release = read_release(payload["release"]).payload
    text = f", from {release['iss']} to {release['to']}"
    if payload["outcome"] != "accepted":
        return text
    if "inLieu" in release:
        text += f"; moved by order, without the holder’s signature ({release['inLieu']})"
    return text + ("; accepted although something differs" if payload["checked"][place : place + 1] == ["differs"] else "")


def answers_of(
    related: ReceiptCheck, challenges: dict[tuple[str, int], tuple[ReceiptCheck, list[tuple[DepositInPackage, str]]]]
) -> list[tuple[DepositInPackage, str]]:
    """What an entry finds on a challenge that is here too, of each deposit that this one is about."""
    said, receipt = related.statement, related.receipt
    if said.kind != "evidence.finding":
        return []
    on = said.payload["of"]
    challenge, about = challenges.get((receipt.proof.checkpoint.origin, on["index"]), (None, []))
    if challenge is None or on["index"] >= receipt.entry.index:
        return []
    if write_base64(leaf_hash(challenge.receipt.entry_bytes)) != on["leafHash"]:
        return []
    part = f"{part_of(challenge.statement.payload['of'])}, on the challenge in entry {on['index']}"
    found = said.payload["finding"]
    return [(deposit, f"decides of entry {deposit.receipt.receipt.entry.index}{part}: {found}") for deposit, _ in about]


def events_of(related: ReceiptCheck, deposit: Optional[ReceiptCheck]) -> list[str]:
    """What an entry says of a deposit of the same ledger: page 15, "Answer", without what is said of keys."""
    if deposit is None or deposit.receipt is None:
        return []
    earlier, later = deposit.receipt, related.receipt
    is_later = earlier.entry.index < later.entry.index
    if earlier.proof.checkpoint.origin != later.proof.checkpoint.origin or not is_later:
        return []
    name = (earlier.entry.index, write_base64(leaf_hash(earlier.entry_bytes)))
    kind, payload = related.statement.kind, related.statement.payload
    ordered = meant_payload(payload)
    if ordered["kind"] == "erasure.order":
        named = [] if "origin" in ordered else [(target["index"], target["leafHash"]) for target in ordered["of"]]
        return [f"orders sealed claims of entry {name[0]} to be erased"] if name in named else []
    if kind in SAID_OF_CUSTODY:
        said, code = SAID_OF_CUSTODY[kind]
        return [
            f"{said} entry {name[0]}{part_of(unit)}: {payload[code]}{passed_on(payload, place)}"
            for place, unit in enumerate(custody_named_by(payload))
            if (unit["index"], unit["leafHash"]) == name
        ]
    said, code = SAID_OF_DEPOSITS.get(kind, (None, None))
    if said is not None and (payload["of"]["index"], payload["of"]["leafHash"]) == name:
        part = part_of(payload["of"])
        return [f"{said} entry {name[0]}{part}" + (f": {payload[code]}" if code is not None else "")]
    relations = payload.get("relates", []) if kind == "evidence.deposit" else []
    return [
        f"is a deposit that calls itself {shown(relation['rel'])[1:-1]} of entry {name[0]}"
        for relation in relations
        if "origin" not in relation and (relation["index"], relation["leafHash"]) == name
    ]


def check_asked(check: PackageCheck) -> None:
    """ "Later events": the size as of which the packer says to have asked is one that the package shows the deposit in."""
    origin, _, size = check.info.get("Evidence-Later-Events", "").rpartition(" ")
    for deposit in check.deposits.values():
        if deposit.receipt is None or deposit.receipt.receipt is None or origin == "":
            continue
        path = f"{deposit.folder}/{'receipt' if deposit.newest is deposit.receipt else 'latest'}.tlog-proof"
        newest = check.newest_checkpoint(path)
        if newest.origin != origin:
            continue
        if str(newest.size) == size:
            deposit.asked = newest.size
        else:
            check.found("bag-info.txt", "package-malformed", f"{path} is not under the size as of which was asked")


def check_one_history(check: PackageCheck, receipts: dict[str, ReceiptCheck]) -> None:
    """Two entries at one index, or two roots at one size, are two histories."""
    entries: dict[int, bytes] = {}
    roots: dict[int, bytes] = {}
    for path, receipt in receipts.items():
        index, data = receipt.receipt.entry.index, receipt.receipt.entry_bytes
        if entries.setdefault(index, data) != data:
            check.found(path, "consistency-invalid", f"another receipt shows another entry {index} of this ledger")
        for _, size, root, _ in (receipt.receipt.proof.checkpoint, check.newest_checkpoint(path)):
            if roots.setdefault(size, root) != root:
                message = f"another receipt shows another tree of {size} entries of this ledger"
                check.found(path, "consistency-invalid", message)


def are_of_one_tree(check: PackageCheck) -> bool:
    """Whether the newest receipts of the deposits and those of the admissions have one checkpoint, ledger by ledger."""
    trees: dict[str, set[tuple[int, bytes]]] = {}
    for path, receipt in check.receipts.items():
        latest = check.receipts.get(path.replace("receipt.tlog-proof", "latest.tlog-proof"))
        is_older = latest is not None and latest is not receipt and latest.receipt is not None
        if receipt.receipt is not None and not (is_older and path.startswith("data/deposits/")):
            origin, size, root, _ = check.newest_checkpoint(path)
            trees.setdefault(origin, set()).add((size, root))
    return all(len(tree) == 1 for tree in trees.values())


# =====================================================================================================================
# Page 20: Records
# =====================================================================================================================


CASE_ROLES = ("depositor", "attestor", "authority")
KINDS.update(
    {
        "evidence.event": (
            {"of": object_of(REFERENCE, PART), "event": a_code},
            {
                "from": a_time,
                "to": a_time,
                "outcome": a_code,
                "release": object_of({"digest": a_thumbprint, "exp": a_time_in_seconds}),
                **SEALED,
            },
        ),
        "evidence.challenge": ({"of": object_of(REFERENCE, PART), **SEALED}, {}),
        "evidence.finding": ({"of": object_of(REFERENCE, PART), "finding": a_code}, SEALED),
    }
)
ROLES_NEEDED.update(
    {"evidence.event": CASE_ROLES, "evidence.challenge": CASE_ROLES, "evidence.finding": ("authority",)}
)
# "Rules": of which kinds the entries are that a reference may point at; deposits alone where nothing is said here.
POINTS_AT = {"evidence.finding": ("evidence.deposit", "evidence.challenge")}


def check_event(payload: dict[str, Any]) -> None:
    """ "evidence.event": which members stand beside which event."""
    if "outcome" in payload and payload["event"] != "verified":
        raise Refused("statement-member", "only an event verified has an outcome")
    if ("release" in payload) != (payload["event"] == "offered"):
        raise Refused("statement-member", "an event offered, and no other, has a release")


def broken_times(payload: dict[str, Any], time: str) -> list[Refused]:
    """ "Rules": what is wrong with the times of an event, in an entry with this time."""
    given = [read_time(payload[name]) for name in ("from", "to") if name in payload]
    broken = []
    if given != sorted(given):
        broken.append(Refused("event-times", "the event ends before it begins"))
    if any(one > read_time(time) + 300000 for one in given):
        broken.append(Refused("event-in-future", "the event lies more than 300 seconds after the entry’s time"))
    return broken


def record(judgement: Judgement, payload: dict[str, Any]) -> Callable[[], None]:
    judgement.reference(payload["of"])
    if judgement.statement.kind == "evidence.event":
        for breach in broken_times(payload, judgement.time):
            judgement.found(breach.code, breach.message)
    return no_change


RULES.update(dict.fromkeys(("evidence.event", "evidence.challenge", "evidence.finding"), record))


# =====================================================================================================================
# Page 21: Access rules. Who may read what is decided by servers, from sealed terms: no verifier needs them
# =====================================================================================================================

KINDS["access.rule"] = ({"_sd": array_of(a_thumbprint, 1, 1), "_sd_alg": code_of("sha-256")}, {})
ROLES_NEEDED["access.rule"] = CASE_ROLES
RULES["access.rule"] = lambda _judgement, _payload: no_change


# =====================================================================================================================
# The command line: what may be said of a result (page 10, "What may be said"), and exit codes
# =====================================================================================================================

COMPROMISED = "was signed by a key that was later said to have been compromised at that time."
UNCHANGED = "unchanged since deposit, signed by this key, at this time by this ledger’s clock:"
NOT_SHOWN_BY_ANCHORS = (
    "That a lower ledger’s key signed its checkpoint: it is vouched for by the upper entry’s digest alone, and so by "
    "who deposited it.",
    "The time in a lower entry: that is the lower ledger’s clock. It existed by the time of the upper entry.",
    "That a lower ledger kept one history: it may have anchored one of two.",
)
NOT_SHOWN_BY_A_RECEIPT = (
    "That the signer’s key was admitted to the ledger, and not revoked, when it signed: re-walk the ledger, or ask it.",
    "Who stands behind the key: the ledger’s administrators admitted it under the name that they vouch for.",
    "That what was deposited is true, or was untouched before it was deposited.",
)
MOST_SHOWN = 100  # findings of one list in the text report; all are counted, and --json has them all


class CouldNotRun(Exception):
    """Exit code 3: nothing to read, or a policy that cannot be read."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def read_input(path: str, limit: int) -> bytes:
    try:
        return read_bounded(path, limit)
    except OSError as error:
        raise CouldNotRun("file-unreadable", f"{shown(path)} cannot be read: {error.strerror}") from None


def load_policy(path: str) -> Policy:
    try:
        return read_policy(read_input(path, POLICY_BYTES))
    except Refused as breach:
        raise CouldNotRun(breach.code, breach.message) from None


def file_at(path: str) -> FileAtHand:
    if not os.path.isfile(path):
        raise CouldNotRun("file-unreadable", f"{shown(path)} is no file that can be read")
    return FileAtHand(os.path.basename(os.fsencode(path)), lambda: open(path, "rb"))


def findings_as_json(findings: Findings) -> dict[str, Any]:
    return {
        "ok": findings.exit_code == 0,
        "exit": findings.exit_code,
        "faults": [fault.as_json() for fault in findings.faults],
        "notJudged": [finding.as_json() for finding in findings.not_judged],
    }


def findings_as_text(findings: Findings) -> Iterator[str]:
    for label, listed in (("FAULT", findings.faults), ("NOT JUDGED", findings.not_judged)):
        for finding in listed[:MOST_SHOWN]:
            code = f"{finding.code}: " if finding.code != "not-judged" else ""
            yield f"{label} {code}{finding.message}"
            for name in ("expected", "found"):
                if getattr(finding, name) is not None:
                    yield f"       {name:8} {getattr(finding, name)}"
        if len(listed) > MOST_SHOWN:
            yield f"{label} and {len(listed) - MOST_SHOWN} more"


def conclusion(findings: Findings) -> str:
    count = len(findings.faults)
    if count > 0:
        return f"{count} fault{'' if count == 1 else 's'} found"
    left = len(findings.not_judged)
    if left > 0:
        needs = "finding needs" if left == 1 else "findings need"
        return f"not judged in part: {left} {needs} a newer verifier; no fault found in the rest"
    return "no fault found"


def seconds_as_time(timestamp: int) -> str:
    try:
        return datetime.datetime.fromtimestamp(timestamp, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    except (OverflowError, ValueError, OSError):
        return f"{timestamp} seconds after 1970-01-01T00:00:00Z"


def cosigned_as_text(witnesses: Sequence[tuple[str, int]], unverified: Sequence[str]) -> Iterator[str]:
    for name, timestamp in witnesses:
        at = f"at {seconds_as_time(timestamp)}" if timestamp != 0 else "without a time"
        yield f"cosigned by witness {shown(name)[1:-1]} {at}"
    for name in unverified:
        yield f"NOT VERIFIED HERE: a line by witness {shown(name)[1:-1]}, of a type of key that cannot be verified here"
        yield "  (ML-DSA-44 needs the package cryptography 47 or newer)"


# ---- check ----------------------------------------------------------------------------------------------------------


@dataclass
class CheckReport:
    """What "check" found, and of what."""

    path: Optional[str]
    receipt: ReceiptCheck
    item: Optional[int] = None
    listed_as: Optional[bytes] = None  # path of the file in the manifest
    listed_files: Optional[int] = None  # of a folder
    unlisted: list[bytes] = field(default_factory=list)
    # Listed paths, and the files that have them in another spelling.
    respelled: dict[bytes, bytes] = field(default_factory=dict)
    by_anchors: bool = False  # the policy does not name the receipt's ledger, and anchors were given

    @property
    def findings(self) -> Findings:
        return self.receipt.findings


def run_check_misbehaviour(path: str, policy: Policy) -> tuple[Findings, dict[str, Any], list[str]]:
    """Page 17. Exit code 0 says that the file proves what it says."""
    findings, proof, broken = check_misbehaviour(read_input(path, MISBEHAVIOUR_BYTES), policy)
    document = {**findings_as_json(findings), "path": path, "proves": broken}
    lines = [f"{shown(path)[1:-1]}: proof of misbehaviour" + ("" if proof is None else f", {proof.kind}")]
    if proof is not None and findings.exit_code == 0:
        document["origin"] = proof.checkpoints[0].origin
        lines.append(
            f"proves that a key of {proof.checkpoints[0].origin} signed what it promised not to: {', '.join(broken)}"
        )
        lines.append("not shown: who did it, or why; which of two histories is the right one")
    return findings, document, [*lines, *findings_as_text(findings), conclusion(findings)]


def is_package(path: str) -> bool:
    """A bag or a zip of somebody else's is no package that fails: it is a file or folder like any other."""
    if os.path.isdir(path):
        info = os.path.join(path, "bag-info.txt")
        says_so = os.path.isfile(info) and PACKAGE_LABEL in read_bounded(info, TAG_FILE_BYTES)
        return os.path.isfile(os.path.join(path, "bagit.txt")) and (
            says_so or os.path.exists(os.path.join(path, "data", "deposits"))
        )
    with open(path, "rb") as stream:
        head = stream.read(65536)
        if head[:4] not in (b"PK\3\4", b"PK\5\6"):
            return False
        names = names_in_directory(stream)
    tops = [name.split(b"/")[0] for name in names if re.fullmatch(rb"[^/]+/bagit\.txt", name)]
    if not tops:
        return not names and PACKAGE_LABEL in head and b"/bagit.txt" in head
    return any(name.startswith(tops[0] + b"/data/deposits/") for name in names) or PACKAGE_LABEL in head


def names_in_directory(stream: BinaryIO) -> list[bytes]:
    """Names that a zip's directory holds, as far as it can be read: only to know what to check."""
    length = stream.seek(0, os.SEEK_END)
    tail = read_at(stream, max(0, length - 65557), 65557)
    end = tail.rfind(b"PK\5\6")
    if end < 0 or end + 22 > len(tail):
        return []
    at = max(0, length - 65557) + end
    size = min(struct.unpack("<L", tail[end + 12 : end + 16])[0], at, 64 << 20)
    directory, names, here = read_at(stream, at - size, size), [], 0
    while here + 46 <= len(directory) and directory[here : here + 4] == b"PK\1\2":
        name, extra, comment = struct.unpack("<3H", directory[here + 28 : here + 34])
        names.append(directory[here + 46 : here + 46 + name])
        here += 46 + name + extra + comment
    return names


def is_misbehaviour(path: str) -> bool:
    return os.path.isfile(path) and read_bounded(path, 64).startswith(MISBEHAVIOUR_BEGINS)


def run_check(args: argparse.Namespace) -> tuple[Findings, dict[str, Any], list[str]]:
    """Chooses the check by what is given: file proof, manifest with file or folder, file, or the receipt alone."""
    if args.receipt is None and args.policy is not None and is_misbehaviour(args.path):
        return run_check_misbehaviour(args.path, load_policy(args.policy))
    if args.receipt is None and os.path.exists(args.path) and not is_package(args.path):
        raise CouldNotRun("receipt-not-found", f"{shown(args.path)} is no package: name its receipt with --receipt")
    if args.receipt is None:
        return run_check_package(args)
    policy = load_policy(args.policy)
    proof_bytes = read_input(args.receipt, FILE_PROOF_BYTES)
    if args.path is not None and not os.path.exists(args.path):
        raise CouldNotRun("file-unreadable", f"{shown(args.path)} is not there")
    key_change, transition = read_key_changes(policy, args.rotation, args.transition)
    if key_change.exit_code != 0:
        report = CheckReport(args.path, ReceiptCheck(key_change))
    elif proof_bytes.startswith(FILE_PROOF_BEGINS):
        report = check_by_file_proof(proof_bytes, policy, args.path, args.anchor, transition)
    else:
        report = CheckReport(args.path, check_with(proof_bytes, policy, args.anchor, transition))
        if args.manifest is not None:
            check_by_manifest(report, args.manifest, args.folder, args.item)
        elif args.path is not None:
            if os.path.isdir(args.path):
                raise CouldNotRun(
                    "manifest-missing", f"{shown(args.path)} is a folder: name its manifest with --manifest"
                )
            checked = check_file(report.receipt, file_at(args.path), args.item)
            report.findings.extend(checked.findings)
            report.item = checked.item
    report.by_anchors = len(args.anchor) > 0 and not is_named(policy, report.receipt)
    if args.time_proof is not None and report.receipt.receipt is not None:
        by = policy if transition is None else None
        data = read_input(args.time_proof, TIME_PROOF_BYTES)
        report.findings.extend(check_time_proof(data, report.receipt.receipt, by))
    return report.findings, check_as_json(report), list(check_as_text(report))


def is_named(policy: Policy, check: ReceiptCheck) -> bool:
    """Whether the policy has a log of the receipt's origin."""
    origin = None if check.receipt is None else check.receipt.proof.checkpoint.origin
    return any(log.name == origin for log in policy.logs)


def read_key_changes(
    policy: Policy, rotations: Sequence[str], transition: Optional[str]
) -> tuple[Findings, Optional[Transition]]:
    """Page 14, "For holders of receipts": brings the policy forward, reads the transition. A fault ends the check."""
    findings = Findings()
    for path in rotations:
        findings.extend(bring_forward(policy, read_input(path, RECEIPT_BYTES)))
        if findings.exit_code != 0:
            return findings, None
    try:
        return findings, None if transition is None else read_transition(read_input(transition, TRANSITION_BYTES))
    except Refused as breach:
        findings.add(breach.code, f"{shown(transition)}: {breach.message}")
    return findings, None


def check_with(
    data: bytes, policy: Policy, anchor_paths: Sequence[str], transition: Optional[Transition]
) -> ReceiptCheck:
    if not anchor_paths:
        return check_receipt(data, policy, transition)
    return check_by_anchors(data, policy, (read_input(path, ANCHOR_BYTES) for path in anchor_paths))


def check_by_file_proof(
    data: bytes, policy: Policy, path: Optional[str], anchor_paths: Sequence[str], transition: Optional[Transition]
) -> CheckReport:
    """Page 09, "Checking"; with anchors, page 16 for the receipt within."""
    try:
        proof = read_file_proof(data)
    except Refused as breach:
        report = CheckReport(path, ReceiptCheck())
        report.findings.add(breach.code, breach.message)
        return report
    receipt = check_with(proof.receipt, policy, anchor_paths, transition)
    report = CheckReport(path, receipt, proof.item, proof.line.path)
    file = None if path is None else file_at(path)
    report.findings.extend(check_file_proof(proof, report.receipt, file))
    return report


def check_by_manifest(report: CheckReport, manifest_path: str, folder: Optional[str], item: Optional[int]) -> None:
    """Page 08, "Checking": the manifest is an item's file; then one file, or every file of a folder."""
    manifest = file_at(manifest_path)
    checked = check_file(report.receipt, manifest, item)
    report.findings.extend(checked.findings)
    report.item = checked.item
    if checked.item is None or checked.findings.faults:
        return
    if "tree" not in report.receipt.statement.payload["items"][checked.item]:
        report.findings.add("file-not-in-deposit", f"item {checked.item} of the deposit is no manifest")
        return
    if report.path is None or report.findings.exit_code != 0:
        return  # page 08: what is not shown to be the manifest deposited says nothing of files
    listed = {line.path: line for line in read_manifest(manifest.content())}
    if os.path.isdir(report.path):
        check_folder(report, listed, os.fsencode(report.path))
    else:
        top = folder if folder is not None else os.path.splitext(manifest_path)[0]
        relative = os.path.relpath(os.path.realpath(report.path), os.path.realpath(top))
        own, file = os.fsencode(relative.replace(os.sep, "/")), file_at(report.path)
        report.listed_as = own if own in listed else listed_by_bytes(listed, os.path.basename(own), file) or own
        report.findings.extend(check_listed_file(listed, report.listed_as, file))


def listed_by_bytes(listed: dict[bytes, ManifestLine], name: bytes, file: FileAtHand) -> Optional[bytes]:
    """Page 08, "Checking": the path of a file that was renamed or moved."""
    alike = [path for path, line in listed.items() if line.sha256 == file.sha256()]
    return next((path for path in alike if path.rpartition(b"/")[2] == name), alike[0] if alike else None)


def check_folder(report: CheckReport, listed: dict[bytes, ManifestLine], folder: bytes) -> None:
    """Page 08, "Checking", last paragraph but one: files that are not listed are named, and are no fault."""
    present = set(files_below(folder))
    report.listed_files = len(listed)
    spellings: dict[str, list[bytes]] = {}
    for path in sorted(present - set(listed)):
        spellings.setdefault(in_form_c(path), []).append(path)
    for path, line in listed.items():
        if path in present:
            report.findings.extend(check_listed_file(listed, path, file_below(folder, path)))
            continue
        others = spellings.get(in_form_c(path), [])
        other = next((one for one in others if file_below(folder, one).sha256() == line.sha256), None)
        if other is None:
            report.findings.extend(check_listed_file(listed, path, None))
        else:
            report.respelled[path] = other
    report.unlisted = sorted(present - set(listed) - set(report.respelled.values()))


def file_below(folder: bytes, path: bytes) -> FileAtHand:
    return file_at(os.fsdecode(os.path.join(folder, path)))


def in_form_c(path: bytes) -> str:
    return unicodedata.normalize("NFC", path.decode("utf-8", "surrogateescape"))


def check_as_json(report: CheckReport) -> dict[str, Any]:
    check, document = report.receipt, findings_as_json(report.findings)
    document["path"] = report.path
    if check.receipt is not None:
        document["index"], document["time"] = check.receipt.entry.index, check.receipt.entry.time
        document["origin"], document["size"] = check.receipt.proof.checkpoint[:2]
        document["witnesses"] = [{"name": name, "timestamp": timestamp} for name, timestamp in check.witnesses]
        document["unverifiedWitnesses"] = check.unverified_witnesses
    if check.statement is not None:
        document.update({name: getattr(check.statement, name) for name in ("kid", "iss", "kind")})
        document["disclosures"] = [{"claim": claim.claim, "value": claim.value} for claim in check.claims]
        document["withheld"] = check.withheld
    document["item"] = report.item
    if report.listed_as is not None:
        document["listedAs"] = printable(report.listed_as)
    if report.listed_files is not None:
        document["listedFiles"], document["unlisted"] = (
            report.listed_files,
            [printable(path) for path in report.unlisted],
        )
        document["respelled"] = [
            {"listed": printable(path), "now": printable(other)} for path, other in report.respelled.items()
        ]
    if report.by_anchors:
        document["anchors"] = {
            "steps": [step_as_json(upper) for upper in check.anchors_shown],
            "notShown": list(NOT_SHOWN_BY_ANCHORS),
        }
    document["notShown"] = list(NOT_SHOWN_BY_A_RECEIPT)
    return document


def step_as_json(upper: ReceiptCheck) -> dict[str, Any]:
    entry, statement = upper.receipt.entry, upper.statement
    said = {"iss": statement.iss, "kid": statement.kid}
    return {"origin": upper.receipt.proof.checkpoint.origin, "index": entry.index, "time": entry.time, **said}


def what_is_shown(report: CheckReport) -> str:
    """Of a check without fault or unjudged part: what that says of the file."""
    if not report.by_anchors:
        return UNCHANGED
    top = report.receipt.anchors_shown[-1].receipt
    return (
        f"in a tree that existed when entry {top.entry.index} of {top.proof.checkpoint.origin} was made, at "
        f"{top.entry.time} by that ledger’s clock; times, signers and rules of the ledgers below are their own word, "
        "and their keys were not asked:"
    )


def said_of_files(exit_code: int, what: str, unchanged: str) -> Iterator[str]:
    """The one place where it is said that files are unchanged: where nothing about them is a fault or not judged."""
    if exit_code == 0:
        yield unchanged
    elif exit_code == 4:
        yield f"not judged: whether {what} is as it was deposited; see below"


def check_as_text(report: CheckReport) -> Iterator[str]:
    if report.path is not None:
        yield shown(report.path)[1:-1]
    if report.path is not None:
        exit_code = report.findings.exit_code
        yield from said_of_files(exit_code, "this file", what_is_shown(report) if exit_code == 0 else "")
    for line in receipt_as_text(report.receipt, by_anchors=report.by_anchors):
        yield "  " + line
    for line in file_as_text(report):
        yield "  " + line
    yield from findings_as_text(report.findings)
    if report.by_anchors:
        yield "not shown by anchors:"
        for line in NOT_SHOWN_BY_ANCHORS:
            yield "  " + line
    yield "not shown by a receipt:"
    for line in NOT_SHOWN_BY_A_RECEIPT:
        yield "  " + line
    yield conclusion(report.findings)


def receipt_as_text(check: ReceiptCheck, is_alone: bool = True, by_anchors: bool = False) -> Iterator[str]:
    """What the receipt says; whether that is sound, the faults below it say."""
    if check.receipt is None:
        return
    entry, checkpoint = check.receipt.entry, check.receipt.proof.checkpoint
    own_word = ", which is its own word" if by_anchors else ""
    yield f"entry {entry.index} of {checkpoint.origin}, at {entry.time} by the ledger’s clock{own_word}"
    if check.statement is not None:
        signed = "signed by key" if check.is_signed else "not shown to be signed by the key that it names:"
        yield f"{signed} {check.statement.kid}, which calls itself {check.statement.iss}"
    for claim in check.claims:
        yield f"sealed claim {shown(claim.claim)[1:-1]}: {shown(claim.value)}"
    if check.withheld > 0:
        yield f"{check.withheld} sealed claim{'' if check.withheld == 1 else 's'} withheld from this receipt"
    yield from cosigned_as_text(check.witnesses, check.unverified_witnesses)
    for upper in check.anchors_shown:
        entry, origin = upper.receipt.entry, upper.receipt.proof.checkpoint.origin
        yield (
            f"anchored in entry {entry.index} of {origin}, at {entry.time} by that ledger’s clock, deposited by "
            f"{shown(upper.statement.iss)[1:-1]} with key {upper.statement.kid}"
        )
    if by_anchors and not check.anchors_shown:
        yield "not shown: that any ledger of the policy vouches for this tree"
    if is_alone:
        yield f"as of size {checkpoint.size}; later events not checked"


def file_as_text(report: CheckReport) -> Iterator[str]:
    if report.listed_as is not None:
        yield f"listed as {shown(printable(report.listed_as))}, as the depositor called it"
    if report.listed_files is not None:
        yield f"{report.listed_files} files listed in the manifest"
    for path, other in report.respelled.items():
        yield f"listed as {shown(printable(path))}, and spelt otherwise: {shown(printable(other))}"
    for path in report.unlisted[:MOST_SHOWN]:
        yield f"not listed, and so not checked: {shown(printable(path))}"
    if len(report.unlisted) > MOST_SHOWN:
        yield f"not listed, and so not checked: {len(report.unlisted) - MOST_SHOWN} more"
    if report.item is not None and report.receipt.members_in_order:
        items = report.receipt.statement.payload.get("items", [])
        for name, digest in (
            (items[report.item] if report.item < len(items) else {}).get("acquired", {}).get("digest", {}).items()
        ):
            yield f"acquired {name} {digest}: reported, not checked"


# ---- check, of a package --------------------------------------------------------------------------------------------

PACKAGE_LABEL = b"Evidence-Package-Version:"
NOT_SHOWN_BY_A_PACKAGE = (
    "That no revocation, retraction or attestation followed, or preceded, beyond what it holds: re-walk the ledger.",
    *NOT_SHOWN_BY_A_RECEIPT[1:],
)


def run_check_package(args: argparse.Namespace) -> tuple[Findings, dict[str, Any], list[str]]:
    """A folder or a zip. Refused before anything in it is verified where it is out of bounds."""
    if not os.path.exists(args.path):
        raise CouldNotRun("file-unreadable", f"{shown(args.path)} is not there")
    policy = None if args.policy is None else load_policy(args.policy)
    check = PackageCheck(args.path)
    try:
        package = read_package(args.path)
        if policy is None:
            if "policy" not in package.files:
                raise Refused("package-malformed", "the package has no policy of its own")
            policy = read_policy(package.read("policy"))
        check.findings.extend(read_key_changes(policy, args.rotation, None)[0])
        if check.findings.exit_code == 0:
            check = check_package(package, policy)
    except Refused as breach:
        check.findings.add(breach.code, breach.message)
    return (
        check.findings,
        package_as_json(check, args.policy is None),
        list(package_as_text(check, args.policy is None)),
    )


def package_as_json(check: PackageCheck, own_policy: bool) -> dict[str, Any]:
    document = findings_as_json(check.findings)
    document["path"], document["policyFromPackage"] = check.name, own_policy
    document["deposits"] = [
        {
            "number": deposit.number,
            "standing": check.standing_of(deposit),
            "index": deposit.receipt.receipt.entry.index,
            "origin": deposit.receipt.receipt.proof.checkpoint.origin,
            "time": deposit.receipt.receipt.entry.time,
            "size": newest_size(check, deposit),
            "kid": deposit.receipt.statement.kid if deposit.receipt.statement is not None else None,
            "iss": deposit.receipt.statement.iss if deposit.receipt.statement is not None else None,
            "files": deposit.files,
            "deposited": deposit.deposited,
            "notHere": deposit.missing,
            "notHereUnnamed": deposit.unnamed,
            "askedAt": deposit.asked,
            "admission": check.admissions.get(f"data/deposits/{deposit.number}/receipt.tlog-proof"),
        }
        for deposit in check.deposits.values()
        if deposit.receipt is not None and deposit.receipt.receipt is not None and deposit.newest.receipt is not None
    ]
    document["receipts"], document["admissionsShown"] = len(check.receipts), len(check.admissions) - len(check.admissions_not_judged)
    document["standing"], document["retracted"] = check.standing, check.retracted
    document["partRetracted"] = check.part_retracted
    document["retractionsNotJudged"], document["flaggedNotJudged"] = check.retractions_not_judged, check.flagged_not_judged
    document["related"] = {path: [what for _, what in events] for path, events in check.events.items()}
    document["packed"], document["notChecked"] = check.info.get("Bagging-Date"), check.not_checked
    document["checker"] = checker()
    document["withheldFiles"], document["flagged"], document["oneTree"] = check.withheld, check.flagged, check.one_tree
    document["notShown"] = list(NOT_SHOWN_BY_A_PACKAGE)
    return document


def newest_size(check: PackageCheck, deposit: DepositInPackage) -> int:
    latest = f"{deposit.folder}/latest.tlog-proof"
    held = check.receipts.get(latest)
    return check.newest_checkpoint(
        latest if held is not None and held.receipt is not None else f"{deposit.folder}/receipt.tlog-proof"
    ).size


def checker() -> dict[str, str]:
    """What checked, and when: a report is worth as much as the program that made it."""
    with open(os.path.abspath(__file__), "rb") as program:
        digest = hashlib.sha256(program.read()).hexdigest()
    now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {"program": os.path.basename(__file__), "sha256": digest, "python": sys.version.split()[0], "at": now}


def verdicts_of_deposits(check: PackageCheck) -> Callable[[str], int]:
    """Of a deposit's folder the exit code, by all findings but those of other deposits."""
    worst: dict[str, int] = {}
    for code, findings in ((4, check.findings.not_judged), (1, check.findings.faults)):
        for finding in findings:
            match = re.match(r"data/deposits/([0-9]{3,6})[/:]", finding.message)
            folder = "" if match is None else f"data/deposits/{match.group(1)}"
            worst[folder] = code
    return lambda folder: 1 if 1 in (worst.get(""), worst.get(folder)) else worst.get("", worst.get(folder, 0))


def compromised_as_text(check: PackageCheck, flagged: list[str], head: str) -> Iterator[str]:
    """What a compromised key may have signed, each entry once."""
    for path in flagged:
        deposit = IN_DEPOSIT.fullmatch(path)
        if deposit is not None and deposit.group(2) != "receipt.tlog-proof":
            continue
        where = path if deposit is None else f"data/deposits/{deposit.group(1)}"
        yield (
            f"{head} entry {check.receipts[path].receipt.entry.index} ({where}) was signed by a key that is "
            "said to have been compromised at that time; see below"
        )


def not_here_as_text(check: PackageCheck) -> Iterator[str]:
    """ "Files that are not here"."""
    names = [name for deposit in check.deposits.values() for name in deposit.missing]
    unnamed = sum(deposit.unnamed for deposit in check.deposits.values())
    count, total = len(names) + unnamed, sum(deposit.deposited for deposit in check.deposits.values())
    if count == 1 and names:
        yield f"1 of {total} file{'' if total == 1 else 's'} deposited is NOT HERE: {shown(names[0])[1:-1]}"
    elif count > 0:
        yield f"{count} of {total} file{'' if total == 1 else 's'} deposited {'is' if count == 1 else 'are'} NOT HERE:"
        for name in names[:MOST_SHOWN]:
            yield f"  {shown(name)[1:-1]}"
        if len(names) > MOST_SHOWN:
            yield f"  and {len(names) - MOST_SHOWN} more: --json names them all"
        if unnamed > 0:
            yield f"  {unnamed} whose names are in a manifest that is not here either"


def package_as_text(check: PackageCheck, own_policy: bool) -> Iterator[str]:
    for line in check.retracted:
        yield f"RETRACTED: {line}"
    yield from compromised_as_text(check, check.flagged, "KEY COMPROMISED:")
    for line in check.part_retracted:
        yield f"PART RETRACTED: {line}"
    for line in check.retractions_not_judged:
        yield f"NOT JUDGED: that {line}"
    yield from compromised_as_text(check, check.flagged_not_judged, "NOT JUDGED: that")
    yield from not_here_as_text(check)
    packed = f", packed on {check.info['Bagging-Date']} (the packer’s word)" if "Bagging-Date" in check.info else ""
    yield (
        f"{shown(check.name)[1:-1]}: evidence package, {len(check.deposits)} deposits, "
        f"{len(check.receipts)} receipts{packed}"
    )
    if own_policy:
        yield "THE POLICY IS THE PACKAGE’S OWN WORD: a person who can replace the receipts can replace it too"
    verdict_of = verdicts_of_deposits(check)
    for deposit in check.deposits.values():
        yield deposit.folder
        if deposit.receipt is not None and deposit.receipt.receipt is not None:
            yield from receipt_of_package_as_text(check, f"{deposit.folder}/receipt.tlog-proof")
            yield (
                f"  later events: the packer says to have asked the ledger as of size {deposit.asked}"
                if deposit.asked is not None
                else f"  as of size {newest_size(check, deposit)}; the ledger was NOT ASKED when this was packed"
            )
        files = f"{deposit.files} file{'' if deposit.files == 1 else 's'} in the package"
        if deposit.files == 0 or verdict_of(deposit.folder) == 1:
            yield f"  {files}"
            continue
        what, unchanged = f"what is here ({files})", f"{files}, unchanged since deposit"
        yield from ("  " + line for line in said_of_files(verdict_of(deposit.folder), what, unchanged))
    for path, events in check.events.items():
        yield f"{shown(path)[1:-1]}: {shown(check.receipts[path].statement.kind)[1:-1]}"
        for deposit, what in events:
            yield f"  {'not judged: ' if check.receipts[path].findings.not_judged else ''}{what} ({deposit.folder})"
        yield from receipt_of_package_as_text(check, path)
    if check.withheld > 0:
        yield f"listed as withheld: {check.withheld}"
    hidden = check.info.get("Evidence-Events-Not-Shown", "0")
    if hidden != "0":
        yield f"{shown(hidden)[1:-1]} later events not shown: the packer was told of them, and may not read them"
    for path in check.flagged:
        yield f"FLAGGED {path} {COMPROMISED}"
    if not check.one_tree:
        yield "receipts of several checkpoints: whether their trees are one history, the package does not show"
    yield from findings_as_text(check.findings)
    for path in check.not_checked:
        yield f"not checked: {shown(path)[1:-1]}: the packer’s words"
    yield "not shown by this package:"
    for line in NOT_SHOWN_BY_A_PACKAGE:
        yield "  " + line
    program = checker()
    yield f"checked by {program['program']}, SHA-256 {program['sha256']}, Python {program['python']}, at {program['at']}"
    yield conclusion(check.findings)


def receipt_of_package_as_text(check: PackageCheck, path: str) -> Iterator[str]:
    for line in receipt_as_text(check.receipts[path], False):
        yield "  " + line
    yield "  " + check.admissions.get(path, "admission of the key: NOT SHOWN in this package")


# ---- verify ---------------------------------------------------------------------------------------------------------


def read_kept(data: bytes) -> Checkpoint:
    """A checkpoint that was kept; every receipt, and so every file proof, holds one."""
    if data.startswith(FILE_PROOF_BEGINS):
        data = read_file_proof(data).receipt
    return read_tlog_proof(data).checkpoint if data.startswith(b"c2sp.org/tlog-proof@") else read_checkpoint(data)


def run_verify(args: argparse.Namespace) -> tuple[Findings, dict[str, Any], list[str]]:
    policy = load_policy(args.policy)
    unreadable, earlier = Findings(), []
    for path in args.checkpoint:
        try:
            earlier.append(read_kept(read_input(path, FILE_PROOF_BYTES)))
        except Refused as breach:
            unreadable.add(breach.code, f"{shown(path)}: {breach.message}")
    source = FolderSource(args.folder)
    if os.path.lexists(os.path.join(args.folder, "unfinished.json")):
        raise CouldNotRun("folder-unfinished", f"{shown(args.folder)} is not whole: what fills it has not finished")
    if source.checkpoint() is None and not os.path.isdir(os.path.join(args.folder, "tile")):
        raise CouldNotRun("file-unreadable", f"{shown(args.folder)} holds no ledger: neither checkpoint nor tiles")
    report = walk(source, policy, earlier)
    report.findings.extend(unreadable)
    return report.findings, walk_as_json(report, source, policy), list(walk_as_text(report, source, policy))


def not_checked(report: WalkReport, policy: Policy) -> Iterator[str]:
    """Page 10, "The report"."""
    if report.size is not None:
        yield f"Later events: this is the ledger as of size {report.size}."
    yield "Whether what was deposited is true, or was untouched before it was deposited."
    if report.disclosures is None:
        yield "Disclosures: this source keeps none."
    yield "Look-up keys: that a search, or an answer about later events, leaves nothing out is the ledger’s word."
    if policy.quorum == b"none":
        yield "Whether others were shown the same history: the policy asks for no witness."


def walk_as_json(report: WalkReport, source: Source, policy: Policy) -> dict[str, Any]:
    return {
        **findings_as_json(report.findings),
        "source": source.name,
        "origin": report.origin,
        "environment": report.environment,
        "size": report.size,
        "root": None if report.root is None else write_base64(report.root),
        "trusted": report.trusted,
        "witnesses": [{"name": name, "timestamp": timestamp} for name, timestamp in report.witnesses],
        "unverifiedWitnesses": report.unverified_witnesses,
        "closedBy": report.closed_by,
        "intakeEndedBy": report.intake_ended_by,
        "participants": report.participants,
        "flagged": sorted({*report.flagged, *(index for index, _ in report.remarks)}),
        "disclosures": report.disclosures,
        "erasuresOrdered": [{"index": index, "by": by} for index, by in report.ordered],
        "notChecked": list(not_checked(report, policy)),
    }


def walk_as_text(report: WalkReport, source: Source, policy: Policy) -> Iterator[str]:
    origin = "a ledger" if report.origin is None else report.origin
    yield f"{origin}{f' ({report.environment})' if report.environment else ''}, read from {shown(source.name)[1:-1]}"
    if report.size is not None:
        yield f"size {report.size}"
        yield f"root {write_base64(report.root)}"
    if report.trusted:
        yield "checkpoint signed as the policy asks"
    yield from cosigned_as_text(report.witnesses, report.unverified_witnesses)
    if report.closed_by is not None:
        yield f"closed by entry {report.closed_by}"
    if report.intake_ended_by is not None:
        yield f"intake of deposits ended by entry {report.intake_ended_by}"
    if report.first_time != "":
        yield f"from {report.first_time} to {report.last_time}, {report.participants} participants"
    yield from findings_as_text(report.findings)
    for index, by in report.ordered[:MOST_SHOWN]:
        yield f"WITHHELD claims of entry {index}: erasure ordered by entry {by}"
    flags = [f"{index} {COMPROMISED}" for index in report.compromised]
    flags += [f"{index} has claims whose erasure was ordered, and which are still here." for index in report.not_erased]
    for flag in flags[:MOST_SHOWN]:
        yield f"FLAGGED Entry {flag}"
    if len(report.flagged) > MOST_SHOWN:
        yield f"FLAGGED and {len(report.flagged) - MOST_SHOWN} more"
    for index, remark in report.remarks[:MOST_SHOWN]:
        yield f"FLAGGED Entry {index}: {remark}."
    if len(report.remarks) > MOST_SHOWN:
        yield f"FLAGGED and {len(report.remarks) - MOST_SHOWN} more"
    yield "not checked:"
    for line in not_checked(report, policy):
        yield "  " + line
    yield conclusion(report.findings)


# ---- Arguments ------------------------------------------------------------------------------------------------------

EXIT_CODES = """
exit codes:
  0  no fault, and everything was judged
  1  evidence or chain does not verify
  2  wrong command line
  3  could not run: nothing to read, malformed policy
  4  not judged in part: something needs a newer verifier; no fault found in the rest
"""


def parse_arguments(argv: Sequence[str]) -> argparse.Namespace:
    raw = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(
        prog="evidence_verify.py", description="A second, independent verifier of the evidence ledger, offline.",
        epilog="example:\n  evidence_verify.py check photo.jpg --receipt photo.jpg.tlog-proof --policy court.policy\n"
        "  evidence_verify.py verify ./export --policy court.policy\n" + EXIT_CODES, formatter_class=raw,
    )  # fmt: skip
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    check = commands.add_parser(
        "check", help="check a receipt, and with it a file or a folder; or a package", formatter_class=raw,
        description="Check a receipt or file proof, and with it a file, or a manifest with its folder; or a package;\n"
        "or a proof of misbehaviour.",
        epilog="example:\n  evidence_verify.py check photo.jpg --receipt photo.jpg.tlog-proof --policy court.policy\n"
        "  evidence_verify.py check chat.json --receipt chat.json.file-proof --policy court.policy\n"
        "  evidence_verify.py check ./phone --manifest phone.evidence-manifest --receipt phone.tlog-proof \\\n"
        "    --policy court.policy\n"
        "  evidence_verify.py check package.zip --policy court.policy\n"
        "  evidence_verify.py check fork.misbehaviour --policy court.policy\n"
        + EXIT_CODES,
    )  # fmt: skip
    check.add_argument("path", nargs="?", help="file or folder; without it the receipt alone is checked")
    check.add_argument(
        "--receipt", help="receipt (.tlog-proof) or file proof (.file-proof); without it PATH is a package"
    )
    check.add_argument("--policy-from-package", action="store_true",
                       help="of a package: take its own word for the ledger’s key")  # fmt: skip
    check.add_argument("--anchor", action="append", default=[], metavar="FILE",
                       help="anchor, once for each: from the receipt’s ledger to one of the policy")  # fmt: skip
    check.add_argument("--time-proof", metavar="FILE", help="time proof: not judged here, but not passed over")
    check.add_argument("--transition", help="key transition: the receipt’s ledger has another key since")
    check.add_argument("--rotation", action="append", default=[], metavar="RECEIPT",
                       help="receipt of a rotation, once for each, in order: for a policy of before")  # fmt: skip
    check.add_argument("--manifest", help="manifest that lists the file, or the files of the folder")
    check.add_argument("--folder", help="folder that the manifest’s paths are relative to, where PATH is a file "
                       "(default: the manifest’s path without its extension)")  # fmt: skip
    check.add_argument("--item", type=int, help="which item of the deposit the file (or manifest) is, from 0")
    verify = commands.add_parser(
        "verify", help="re-walk an exported ledger", formatter_class=raw,
        description="Re-walk a whole ledger from a folder of static files, and report every fault.",
        epilog="example:\n  evidence_verify.py verify ./export --policy court.policy\n"
        "  evidence_verify.py verify ./export --policy court.policy --checkpoint photo.jpg.tlog-proof --json\n"
        + EXIT_CODES,
    )  # fmt: skip
    verify.add_argument("folder", help="folder with checkpoint and tile/")
    verify.add_argument("--checkpoint", action="append", default=[], metavar="FILE",
                        help="checkpoint or receipt that was kept: the ledger must go on from it")  # fmt: skip
    for command in (check, verify):
        command.add_argument("--policy", required=command is verify, help="the ledger’s policy")
        command.add_argument("--json", action="store_true", help="print one JSON document instead of text")
    args = parser.parse_args(argv)
    if args.command != "check":
        return args
    if args.item is not None and args.item < 0:
        parser.error("--item is a number from 0")
    if args.path is None and args.receipt is None:
        parser.error("name a receipt with --receipt, or a package")
    with_receipt = (args.manifest, args.folder, args.transition, args.time_proof, *args.anchor)
    if args.receipt is None and (args.item is not None or any(with_receipt)):
        parser.error("--manifest, --folder, --item, --transition, --time-proof and --anchor go with a --receipt")
    if args.folder and not args.manifest:
        parser.error("--folder says where the paths of a --manifest begin: name that too")
    if args.anchor and args.transition:
        parser.error("--anchor and --transition are not taken together")
    if (args.policy is None) != args.policy_from_package or (args.policy_from_package and args.receipt):
        parser.error("name the ledger’s policy with --policy; only of a package there is --policy-from-package instead")
    return args


def main(argv: Sequence[str]) -> int:
    # A stream that is closed is None. What would be said there is lost, and no verdict is: without an output a sound one cannot be given.
    is_closed = sys.stdout is None
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w")
    if is_closed:
        sys.stdout = open(os.devnull, "w")
    sys.stdout.reconfigure(encoding="utf-8", errors="backslashreplace")
    sys.stderr.reconfigure(encoding="utf-8", errors="backslashreplace")
    args = parse_arguments(argv)
    try:
        findings, document, lines = run_check(args) if args.command == "check" else run_verify(args)
    except (CouldNotRun, OSError) as error:
        code = error.code if isinstance(error, CouldNotRun) else "file-unreadable"
        # What is no package needs a receipt to be named: the command line is wrong, and nothing is said of the file.
        exit_code = 2 if code == "receipt-not-found" else 3
        if args.json:
            print(json_text({"ok": False, "exit": exit_code, "error": {"code": code, "message": str(error)}}))
        else:
            sys.stderr.write(visible(f"{code}: {error}") + "\n")
        return exit_code
    try:
        print(json_text(document) if args.json else "\n".join(map(visible, lines)), flush=True)
    except BrokenPipeError:
        # The reader closed the pipe, having read enough: the verdict stands. Python must not try to write the rest at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except OSError as error:
        sys.stderr.write(f"standard output cannot be written: {error.strerror}\n")
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return findings.exit_code or 3
    if is_closed:
        sys.stderr.write("standard output cannot be written: it is closed\n")
        return findings.exit_code or 3
    return findings.exit_code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
