"""Reads and writes by the models that datamodel-code-generator made. Arguments: folder of models.py, base URL; statements on standard input."""
import json
import sys
import urllib.error
import urllib.request

folder, url = sys.argv[1:]
sys.path.insert(0, folder)
import models  # noqa: E402


def post(body: bytes, media_type: str) -> tuple[int, bytes]:
    request = urllib.request.Request(url + "/v1/statements", body, {"Content-Type": media_type}, method="POST")
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as refused:
        return refused.code, refused.read()


with urllib.request.urlopen(url + "/v1/ledger") as answer:
    ledger = models.Ledger.model_validate_json(answer.read())
documents = [models.StatementDocument(statement=line.split()[0]) for line in sys.stdin]
status, body = post("\n".join(one.model_dump_json() for one in documents).encode(), "application/x-ndjson")
for line in body.splitlines():
    result = models.BatchResult.model_validate_json(line)
    print(json.dumps({"origin": ledger.origin, "status": result.status, "receipt": result.receipt}))
status, body = post(b"no statement", "text/plain")
problem = models.Problem.model_validate_json(body)
assert (status, problem.status, bool(problem.action)) == (400, 400, True)
