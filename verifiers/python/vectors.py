#!/usr/bin/env python3
"""Runs the conformance vectors (fixtures/vectors) against the verifier beside this file.

    python3 vectors.py ../../fixtures/vectors
    python3 vectors.py CASES.jsonl

With --json it prints what it finds of each vector too. Of a file of vectors without expectations, one a line, it prints
what it finds of each, one a line. Both are for comparison with another implementation.

Exit code 0: every vector was judged as it expects; those that rest on ML-DSA-44, where the installed `cryptography` has
none, are named and left apart. 1: at least one was not, and is named. 3: there are no vectors.
"""

from __future__ import annotations

import argparse
import base64
import io
import json
import sys
from pathlib import Path
from typing import Any, Callable, Optional, Sequence

import evidence_verify as verifier
from evidence_verify import Refused, write_base64

Facts = dict[str, Any]


class Input:
    """The input of a vector. Bytes stand in base64 under `nameBase64`, or as text under `name`."""

    def __init__(self, members: dict[str, Any]) -> None:
        self.members = members

    def __getitem__(self, name: str) -> Any:
        return self.members[name]

    def __contains__(self, name: str) -> bool:
        return name in self.members

    def bytes(self, name: str) -> bytes:
        if name + "Base64" in self.members:
            return base64.b64decode(self.members[name + "Base64"])
        return self.members[name].encode()

    def list(self, name: str) -> list[bytes]:
        return [base64.b64decode(text) for text in self.members[name + "Base64"]]


def holds(valid: bool, code: str) -> Facts:
    if not valid:
        raise Refused(code, code)
    return {}


def not_judged(facts: Facts) -> Facts:
    return {"valid": False, "code": "not-judged", **facts}


# ---- Formats of which one fault is found at most ---------------------------------------------------------------------


def jws(given: Input) -> Facts:
    read = verifier.read_jws(given["text"], verifier.STATEMENT_TYPE)
    facts = {
        "header": read.header.decode(),
        "payload": read.payload.decode("utf-8", "replace"),
        "signatureBase64": write_base64(read.signature),
    }
    return facts if read.known_algorithm else not_judged(facts)


def jws_header(given: Input) -> Facts:
    alg, kid = verifier.read_jws_header(given.bytes("header"), given["typ"])
    facts = {"alg": alg, "kid": kid}
    return facts if alg in verifier.KNOWN_ALGORITHMS else not_judged(facts)


def jwk(given: Input) -> Facts:
    public_key = verifier.read_jwk_line(given["line"])
    return {"thumbprint": verifier.thumbprint_of(public_key), "publicKeyBase64": write_base64(public_key)}


def statement(given: Input) -> Facts:
    said = verifier.read_statement(given["jws"])
    facts = {"kind": said.kind, "iss": said.iss, "kid": said.kid}
    try:
        verifier.check_members(said.payload)
    except verifier.UnknownKind:
        return not_judged(facts)
    return facts if said.jws.known_algorithm else not_judged(facts)


def presentation(given: Input) -> Facts:
    text, disclosures = verifier.split_presentation(given["text"])
    return {"jws": text, "disclosures": disclosures}


def disclosure(given: Input) -> Facts:
    return verifier.read_disclosure(given["text"])._asdict()


def entry(given: Input) -> Facts:
    data = given.bytes("entry")
    read = verifier.read_entry(data)
    facts = {
        "index": read.index,
        "time": read.time,
        "previousBase64": write_base64(read.link),
        "leafHashBase64": write_base64(verifier.leaf_hash(data)),
    }
    if read.statement is None:
        return not_judged({**facts, "version": read.version})
    return {**facts, "statement": read.statement}


def inclusion(given: Input) -> Facts:
    proved = verifier.inclusion_holds(
        given["index"], given["size"], given.bytes("leafHash"), given.list("proof"), given.bytes("root")
    )
    return holds(proved, "inclusion-invalid")


def consistency(given: Input) -> Facts:
    proved = verifier.consistency_holds(
        given["size1"], given.bytes("root1"), given["size2"], given.bytes("root2"), given.list("proof")
    )
    return holds(proved, "consistency-invalid")


def tile(given: Input) -> Facts:
    source = VectorSource({})
    source.tile = lambda *_: given.bytes("tile")
    findings = verifier.Findings()
    read = verifier.read_tile(source, 0, 0, max(1, len(given.bytes("tile")) // 32), findings)
    return holds(read is not None, "tile-malformed") or {"width": len(read)}


def tile_path(given: Input) -> Facts:
    named = verifier.read_tile_path("tile/" + given["path"])
    holds(named is not None, "not-found")
    level, number, width = named
    return {"level": "entries" if level is None else level, "n": number, "width": width}


def vkey(given: Input) -> Facts:
    read = verifier.read_vkey(given["text"])
    return {
        "name": read.name,
        "type": read.type,
        "keyIdBase64": write_base64(read.key_id),
        "publicKeyBase64": write_base64(read.public_key),
    }


def note(given: Input) -> Facts:
    read = verifier.read_note(given.bytes("note"))
    verified = verifier.verify_note(read, [verifier.read_vkey(text) for text in given["vkeys"]])
    return {
        "text": read.text,
        "signatures": len(read.signatures),
        "verified": [signed.vkey.text for signed in verified],
    }


def checkpoint(given: Input) -> Facts:
    origin, size, root, _ = verifier.read_checkpoint(given.bytes("note"))
    return {"origin": origin, "size": size, "rootBase64": write_base64(root)}


def policy(given: Input) -> Facts:
    read = verifier.read_policy(given.bytes("policy"))
    return {
        "logs": [log.text for log in read.logs],
        "witnesses": [{"name": name.decode(), "vkey": key.text} for name, key in read.witnesses.items()],
        "groups": [
            {"name": group.name.decode(), "threshold": group.threshold, "members": [m.decode() for m in group.members]}
            for group in read.groups.values()
        ],
        "quorum": read.quorum.decode(),
    }


def witnesses_of(pairs: Any) -> list[Facts]:
    return [{"name": name, "timestamp": timestamp} for name, timestamp in pairs]


def policy_apply(given: Input) -> Facts:
    read = verifier.read_checkpoint(given.bytes("note"))
    accepted = verifier.apply_policy(verifier.read_policy(given.bytes("policy")), read.note, read.origin)
    return {"log": accepted.logs[0].text, "witnesses": witnesses_of(accepted.witnesses)}


def tlog_proof(given: Input) -> Facts:
    read = verifier.read_tlog_proof(given.bytes("proof"))
    return {
        "index": read.index,
        "extraBase64": None if read.extra is None else write_base64(read.extra),
        "hashesBase64": [write_base64(hash) for hash in read.hashes],
        "origin": read.checkpoint.origin,
        "size": read.checkpoint.size,
    }


def manifest(given: Input) -> Facts:
    lines = verifier.read_manifest(given.bytes("manifest"))
    tree = verifier.manifest_tree(lines)
    if "tree" in given:
        verifier.check_manifest_tree(given.bytes("manifest"), given["tree"])
    return {"pathsBase64": [write_base64(line.path) for line in lines], "tree": tree}


# ---- Sealed claims as they are judged when a statement is handed in (page 02), which no verifier of a ledger does ----

Shape = Callable[[Any], bool]


def string(value: Any) -> bool:
    return isinstance(value, str) and value != ""


def list_of(element: Shape, least: int = 0, most: float = float("inf")) -> Shape:
    return lambda value: isinstance(value, list) and least <= len(value) <= most and all(map(element, value))


def object_with(required: dict[str, Shape], optional: dict[str, Shape]) -> Shape:
    members = {**required, **optional}
    return lambda value: (
        isinstance(value, dict)
        and all(name in value for name in required)
        and all(name in members and members[name](part) for name, part in value.items())
    )


PERSON = object_with({"name": string}, {"id": string, "office": string})
STRINGS_OF_COLLECTION = (
    "exhibit",
    "parentExhibit",
    "description",
    "serial",
    "condition",
    "seal",
    "medium",
    "place",
    "notHeldBecause",
) + ("account", "url", "noWitnessBecause", "method", "tool", "toolVersion", "process")
CAUSE = object_with({"scheme": string, "code": string}, {"text": string})
CASE = object_with({"number": string}, {"authority": string, "stage": string, "cause": CAUSE})
CLAIM_SHAPES: dict[str, Shape] = {
    "case": list_of(CASE, 1, 64),
    "collection": object_with(
        {},
        {
            **dict.fromkeys(STRINGS_OF_COLLECTION, string),
            "authorisation": object_with({"number": string}, {"validUntil": string, "authority": string}),
            "time": object_with({}, {"start": string, "end": string, "zone": string, "clock": string}),
            "officers": list_of(PERSON, 0, 16),
            "witness": PERSON,
            "writeBlock": lambda value: isinstance(value, bool),
        },
    ),
    "note": string,
    "ext": lambda value: isinstance(value, dict),
}


def passes(check: verifier.Check) -> Shape:
    """Whether a check of the verifier accepts a value."""

    def shape(value: Any) -> bool:
        try:
            check(value, "")
        except Refused:
            return False
        return True

    return shape


a_code = passes(verifier.a_code)


def terms(value: Any) -> bool:
    """Page 21, "The claim `terms`"."""
    references = list_of(object_with({"index": passes(verifier.a_count), "leafHash": passes(verifier.a_hash)}, {}), 1, 64)
    shape = object_with(
        {"rule": lambda rule: rule in ("grant", "end", "seal", "unseal", "hold", "unhold"), "of": references, "basis": string},
        {"to": list_of(passes(verifier.an_id), 1, 64), "until": passes(verifier.a_time), "grade": a_code},
    )
    if not shape(value) or ("to" in value) != (value["rule"] in ("grant", "end")):
        return False
    if "until" in value and value["rule"] not in ("grant", "seal", "hold"):
        return False
    named = [reference["index"] for reference in value["of"]], value.get("to", [])
    return all(len(set(names)) == len(names) for names in named)


CLAIMS_BESIDE: dict[str, dict[str, Shape]] = {
    "evidence.event": {"note": string, "details": lambda value: isinstance(value, dict)},
    "evidence.challenge": {"ground": list_of(a_code, 1, 16), "reasons": string},
    "evidence.finding": {"reasons": string},
    "access.rule": {"terms": terms},
}


def sealed(given: Input) -> Facts:
    text, texts = verifier.split_presentation(given["presentation"])
    said = verifier.read_statement(text)
    try:
        verifier.check_members(said.payload)
    except verifier.UnknownKind:
        return not_judged({})
    disclosures = [verifier.read_disclosure(disclosed) for disclosed in texts]
    digests, claims = [d.digest for d in disclosures], [d.claim for d in disclosures]
    holds(all(digest in said.sealed for digest in digests), "disclosure-foreign")
    holds(len(set(digests)) == len(digests) and len(set(claims)) == len(claims), "disclosure-repeated")
    for disclosed in disclosures:
        holds(claim_has_its_shape(said, disclosed), "disclosure-claim")
    holds(len(digests) == len(said.sealed), "disclosure-missing")
    return {"claims": sorted(claims)}


def claim_has_its_shape(said: verifier.Statement, disclosed: verifier.Disclosure) -> bool:
    if disclosed.claim == "names" and said.kind == "evidence.deposit":
        return list_of(string)(disclosed.value) and len(disclosed.value) == len(said.payload["items"])
    beside = CLAIMS_BESIDE.get(said.kind)
    if beside is not None:
        return disclosed.claim in beside and beside[disclosed.claim](disclosed.value)
    admits = said.kind in ("participant.admit", "ledger.change")
    if disclosed.claim == "names" or (disclosed.claim == "note" and admits):
        return string(disclosed.value)
    shape = CLAIM_SHAPES.get(disclosed.claim) if said.kind == "evidence.deposit" else None
    return shape is not None and shape(disclosed.value)


# ---- Formats of which several faults may be found --------------------------------------------------------------------


def codes(findings: list[verifier.Finding]) -> list[str]:
    return [finding.code for finding in findings]


def reported(findings: verifier.Findings) -> Facts:
    return {"faults": codes(findings.faults), "unjudged": codes(findings.not_judged)}


def checked_receipt(data: bytes, given: Input) -> verifier.ReceiptCheck:
    """What is wrong with a rotation, or with a key transition, is the one fault."""
    policy, transition = verifier.read_policy(given.bytes("policy")), None
    for rotation in given.members.get("rotations", []):
        findings = verifier.bring_forward(policy, rotation.encode())
        if findings.exit_code != 0:
            return verifier.ReceiptCheck(findings)
    try:
        transition = verifier.read_transition(given.bytes("transition")) if "transition" in given else None
    except Refused as breach:
        check = verifier.ReceiptCheck()
        check.findings.add(breach.code, breach.message)
        return check
    return verifier.check_receipt(data, policy, transition)


def receipt(given: Input) -> Facts:
    check = checked_receipt(given.bytes("receipt"), given)
    said = check.statement
    facts = {"iss": said.iss, "kid": said.kid, "kind": said.kind} if said is not None else {}
    return {
        **reported(check.findings),
        **facts,
        "index": check.receipt.entry.index if check.receipt is not None else None,
        "disclosures": [claim.claim for claim in check.claims],
        "withheld": check.withheld,
        "witnesses": witnesses_of(check.witnesses),
    }


def file_of(given: Input) -> Optional[verifier.FileAtHand]:
    if "fileBase64" not in given:
        return None
    return verifier.FileAtHand(b"", lambda: io.BytesIO(given.bytes("file")))


def file(given: Input) -> Facts:
    check = checked_receipt(given.bytes("receipt"), given)
    result = verifier.check_file(check, file_of(given))
    check.findings.extend(result.findings)
    return {**reported(check.findings), "item": result.item}


def file_proof(given: Input) -> Facts:
    try:
        proof = verifier.read_file_proof(given.bytes("fileProof"))
    except Refused as breach:
        return {"faults": [breach.code], "unjudged": []}
    check = checked_receipt(proof.receipt, given)
    check.findings.extend(verifier.check_file_proof(proof, check, file_of(given)))
    return {
        **reported(check.findings),
        "item": proof.item,
        "lineIndex": proof.line_index,
        "pathBase64": write_base64(proof.line.path),
    }


def anchor(given: Input) -> Facts:
    policy = verifier.read_policy(given.bytes("policy"))
    check = verifier.check_by_anchors(given.bytes("receipt"), policy, given.list("anchors"))
    steps = [upper.receipt for upper in check.anchored_in]
    return {
        **reported(check.findings),
        "steps": [{"origin": read.proof.checkpoint.origin, "index": read.proof.index} for read in steps],
    }


def misbehaviour(given: Input) -> Facts:
    policy = verifier.read_policy(given.bytes("policy"))
    findings, proof, broken = verifier.check_misbehaviour(given.bytes("proof"), policy)
    if proof is None:
        return reported(findings)
    rule = broken[0] if proof.kind == "entry" and broken else None
    return {**reported(findings), "kind": proof.kind, "broken": rule}


class VectorSource(verifier.Source):
    """A ledger of at most one tile, out of a vector."""

    def __init__(self, members: dict[str, Any]) -> None:
        self.members = members
        self.keeps_disclosures = "disclosures" in members
        self.stored = [None if text is None else base64.b64decode(text) for text in members.get("entriesBase64", [])]

    def checkpoint(self) -> Optional[bytes]:
        return Input(self.members).bytes("checkpoint")

    def tile(self, level: int, number: int, width: int) -> Optional[bytes]:
        if "leafHashesBase64" in self.members:
            hashes = Input(self.members).list("leafHashes")
        else:
            hashes = [verifier.leaf_hash(data) for data in self.stored]
        return b"".join(hashes[:width]) if len(hashes) >= width else None

    def entries(self, number: int, width: int) -> list[Optional[bytes]]:
        first = number * verifier.TILE_WIDTH
        return (self.stored[first:] + [None] * width)[:width]

    def disclosures(self, index: int) -> list[str]:
        return self.members.get("disclosures", {}).get(str(index), [])


def walk(given: Input) -> Facts:
    earlier = [verifier.read_checkpoint(text.encode()) for text in given.members.get("earlier", [])]
    report = verifier.walk(VectorSource(given.members), verifier.read_policy(given.bytes("policy")), earlier)
    return {
        "faults": [[finding.index, finding.code] for finding in report.findings.faults],
        "unjudged": [finding.index for finding in report.findings.not_judged],
        "flagged": [*report.flagged, *(index for index, _ in report.remarks)],
        "trusted": report.trusted,
        "size": report.size,
        "participants": report.participants,
        "disclosures": report.disclosures,
        "ordered": [list(pair) for pair in report.ordered],
    }


CHECKS: dict[str, Callable[[Input], Facts]] = {
    "base64": lambda given: {"hex": verifier.read_base64(given["text"]).hex()},
    "base64url": lambda given: {"hex": verifier.read_base64url(given["text"]).hex()},
    "hex": lambda given: {"bytesBase64": write_base64(verifier.read_hex(given["text"]))},
    "json": lambda given: {"value": verifier.read_json(given.bytes("json"))},
    "time": lambda given: {"milliseconds": verifier.read_time(given["text"])},
    "origin": lambda given: holds(verifier.is_origin(given["text"]), "origin-malformed"),
    "ed25519": lambda given: holds(
        verifier.signature_is_valid(given.bytes("publicKey"), given.bytes("message"), given.bytes("signature")),
        "signature-invalid",
    ),
    "leaf-hash": lambda given: holds(
        verifier.leaf_hash(given.bytes("entry")) == given.bytes("leafHash"), "entry-altered"
    ),
    "entry-hash": lambda given: holds(
        verifier.sha256(b"evidence-ledger/status/v1\n" + given.bytes("entry")) == given.bytes("entryHash"),
        "entry-altered",
    ),
    "bundle": lambda given: {
        "entriesBase64": [write_base64(data) for data in verifier.read_bundle(given.bytes("bundle"), given["width"])]
    },
    "jwk": jwk,
    "jws": jws,
    "jws-header": jws_header,
    "disclosure": disclosure,
    "presentation": presentation,
    "sealed": sealed,
    "statement": statement,
    "entry": entry,
    "inclusion": inclusion,
    "consistency": consistency,
    "tile": tile,
    "tile-path": tile_path,
    "vkey": vkey,
    "note": note,
    "checkpoint": checkpoint,
    "policy": policy,
    "policy-apply": policy_apply,
    "tlog-proof": tlog_proof,
    "manifest": manifest,
    "receipt": receipt,
    "file": file,
    "file-proof": file_proof,
    "anchor": anchor,
    "misbehaviour": misbehaviour,
    "walk": walk,
}


# ---- Comparison ------------------------------------------------------------------------------------------------------


def verdict_of(vector: dict[str, Any]) -> Facts:
    try:
        found = CHECKS[vector["format"]](Input(vector["input"]))
    except Refused as breach:
        return {"valid": False, "code": breach.code}
    if "faults" not in found:
        return {"valid": True, **found}
    # Where a whole report is expected, its lists say everything: the code is that of one of them.
    valid = not found["faults"] and not found["unjudged"]
    return {"valid": valid, **({} if valid else {"code": vector.get("expect", {}).get("code")}), **found}


def same(name: str, expected: Any, found: Any) -> bool:
    """`faults`, `unjudged` and `flagged` are compared without regard to order, each element once."""
    if name in ("faults", "unjudged", "flagged"):
        return {json.dumps(element) for element in expected} == {json.dumps(element) for element in found}
    return type(expected) is type(found) and expected == found


def differences(vector: dict[str, Any], found: Facts) -> list[str]:
    return [
        f"{name}: expected {json.dumps(value)}, found {json.dumps(found.get(name))}"
        for name, value in vector["expect"].items()
        if not same(name, value, found.get(name))
    ]


def rests_on_ml_dsa(found: Facts) -> bool:
    """Whether it was left open, and that is because the installed `cryptography` has no ML-DSA-44."""
    left_open = found.get("code") == "policy-unsupported"
    return left_open and verifier.ml_dsa_key(bytes(verifier.ML_DSA_KEY_BYTES)) is None


def main(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(
        description="Run the conformance vectors.", epilog="example: python3 vectors.py ../../fixtures/vectors"
    )
    parser.add_argument("path", help="the folder fixtures/vectors, or a file of vectors, one a line")
    parser.add_argument(
        "--json", action="store_true", help="print one JSON document instead of text, with the answer to each vector"
    )
    args = parser.parse_args(argv)
    if Path(args.path).is_file():
        for line in Path(args.path).read_text(encoding="utf-8").rstrip("\n").split("\n"):
            print(json.dumps(verdict_of(json.loads(line))))
        return 0
    paths = sorted(Path(args.path).glob("*/*.json"))
    failed: dict[str, list[str]] = {}
    lacking: list[str] = []
    answers: dict[str, Facts] = {}
    for path in paths:
        vector, name = json.loads(path.read_text(encoding="utf-8")), f"{path.parent.name}/{path.stem}"
        answers[name] = verdict_of(vector)
        differing = differences(vector, answers[name])
        if differing and rests_on_ml_dsa(answers[name]):
            lacking.append(name)
        elif differing:
            failed[name] = differing
    if args.json:
        document = {"vectors": len(paths), "failed": failed, "lacking": lacking, "answers": answers}
        print(json.dumps(document, indent=2))
    else:
        for name, differing in failed.items():
            print(f"{name}: {'; '.join(differing)}")
        for name in lacking:
            print(f"{name}: NOT JUDGED, for the installed cryptography has no ML-DSA-44")
        judged = len(paths) - len(failed) - len(lacking)
        print(f"{judged} of {len(paths)} vectors judged as they expect")
    return 3 if not paths else 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
