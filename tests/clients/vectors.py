"""Runs the conformance vectors of what clients/python reads: prints, as JSON, how many, and those that it judges otherwise."""

import base64
import json
import sys
from pathlib import Path

root = Path(__file__).parents[2]
sys.path.insert(0, str(root / "clients" / "python"))

import evidence_client as client  # noqa: E402


def octets(given, name):
    return base64.b64decode(given[name + "Base64"]) if name + "Base64" in given else given[name].encode()


def holds(code, value):
    client.require(value, code, "it does not hold")


def ed25519(given):
    holds("signature-invalid", client.signature_is_valid(*(octets(given, n) for n in ("publicKey", "message", "signature"))))


def inclusion(given):
    proof = [base64.b64decode(one) for one in given["proofBase64"]]
    leaf, above = octets(given, "leafHash"), octets(given, "root")
    holds("inclusion-invalid", client.inclusion_holds(given["index"], given["size"], leaf, proof, above))


def consistency(given):
    proof = [base64.b64decode(one) for one in given["proofBase64"]]
    trees = (given["size1"], octets(given, "root1"), given["size2"], octets(given, "root2"))
    holds("consistency-invalid", client.consistency_holds(*trees, proof))


def later_alg(alg):
    client.require(alg in ("EdDSA", "Ed25519"), "not-judged", "the algorithm is unknown")


def statement(given):
    said = client.read_statement(given["jws"])
    later_alg(said.alg)
    client.check_kind(said.payload)


def jws_header(given):
    later_alg(client.read_header(client.b64url(octets(given, "header")), given["typ"])[0])


FORMATS = {
    "jws": lambda given: later_alg(client.read_envelope(given["text"]).alg),
    "jws-header": jws_header,
    "base64": lambda given: client.read_b64(given["text"]),
    "base64url": lambda given: client.read_b64url(given["text"]),
    "json": lambda given: client.read_json(octets(given, "json")),
    "time": lambda given: client.read_time(given["text"], "time-malformed"),
    "disclosure": lambda given: client.read_disclosure(given["text"]),
    "vkey": lambda given: client.read_vkey(given["text"]),
    "checkpoint": lambda given: client.read_checkpoint(octets(given, "note")),
    "policy": lambda given: client.Policy.parse(octets(given, "policy")),
    "ed25519": ed25519,
    "inclusion": inclusion,
    "consistency": consistency,
    "statement": statement,
}

counts, wrong = {}, []
for name, read in FORMATS.items():
    for file in sorted((root / "fixtures" / "vectors" / name).glob("*.json")):
        vector = json.loads(file.read_text(encoding="utf-8"))
        counts[name] = counts.get(name, 0) + 1
        try:
            read(vector["input"])
            code = None
        except client.EvidenceError as error:
            code = error.code
        # Kinds that are left to the full verifier are never called sound.
        if (code is None) != vector["expect"]["valid"] and code != "not-judged":
            wrong.append([file.stem, code])
print(json.dumps({"formats": len(counts), "wrong": wrong}))
