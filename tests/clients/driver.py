"""Lets a test drive clients/python: a request in JSON a line, and an answer a line. Every request names a method below."""

import base64
import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "clients" / "python"))

import evidence_client as client  # noqa: E402


def policy_of(request):
    return client.Policy.parse(base64.b64decode(request["policy"]))


def client_of(request):
    key = client.SigningKey.load(request["key"]) if "key" in request else None
    return client.Client(
        request["url"],
        policy_of(request),
        key=key,
        issuer=request.get("id"),
        timeout=request.get("timeout", 60.0),
        tries=request.get("tries", 5),
        max_wait=request.get("maxWait", 120.0),
        pause=0.01,
    )


def receipt_of(receipt):
    return {
        "index": receipt.index,
        "iss": receipt.iss,
        "kid": receipt.kid,
        "leafHash": receipt.leaf_hash,
        "claims": sorted(receipt.claims),
        "withheld": receipt.withheld,
        "witnesses": [{"name": name, "timestamp": at} for name, at in receipt.witnesses],
        "receipt": base64.b64encode(receipt.data).decode(),
    }


def result_of(result):
    if isinstance(result, client.EvidenceError):
        return {"error": result.as_json()}
    return {"created": result.created, **receipt_of(result.receipt)}


def keygen(request):
    key = client.SigningKey.create(request["path"])
    return {"thumbprint": key.thumbprint, "grouped": client.grouped(key.thumbprint), "jwk": key.jwk}


def thumbprint(request):
    key = client.SigningKey.load(request["path"], request.get("passphraseFile"))
    return {"thumbprint": key.thumbprint}


def passphrase(request):
    """The passphrase comes from a function."""
    return {"thumbprint": client.SigningKey.load(request["path"], lambda: request["asked"]).thumbprint}


def statement(request):
    key = client.SigningKey.load(request["key"])
    made = client.deposit_statement(
        key, request["id"], request["origin"], request["items"], request.get("sealed"), request.get("members")
    )
    return {"presentation": made}


def item(request):
    return client.item_of_file(request["path"], request["algorithms"])


def deposit(request):
    return result_of(client_of(request).deposit(request["presentation"]))


def deposit_many(request):
    return {"results": [result_of(one) for one in client_of(request).deposit_many(request["presentations"])]}


def receipt(request):
    return receipt_of(client_of(request).receipt(request["index"]))


def verified(data, request):
    return receipt_of(client.verify_receipt(data, policy_of(request), request.get("presentation")))


def verify(request):
    return verified(base64.b64decode(request["receipt"]), request)


def verify_many(request):
    """The code of each receipt; an empty one where it holds."""
    codes = []
    for data in request["receipts"]:
        try:
            verified(base64.b64decode(data), request)
            codes.append("")
        except client.EvidenceError as error:
            codes.append(error.code)
    return {"codes": codes}


def verify_file(request):
    read = client.verify_receipt(base64.b64decode(request["receipt"]), policy_of(request))
    return {"item": client.verify_file(read, request["path"])}


METHODS = {
    "keygen": keygen,
    "thumbprint": thumbprint,
    "passphrase": passphrase,
    "statement": statement,
    "item": item,
    "deposit": deposit,
    "depositMany": deposit_many,
    "receipt": receipt,
    "verify": verify,
    "verifyMany": verify_many,
    "verifyFile": verify_file,
}

for line in sys.stdin:
    asked = json.loads(line)
    try:
        answer = METHODS[asked["method"]](asked)
    except client.EvidenceError as error:
        answer = {"error": error.as_json()}
    print(json.dumps(answer), flush=True)
