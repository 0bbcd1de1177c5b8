"""Deposits by a client that openapi-python-client made. Arguments: folder of the client, base URL; a statement a line on standard input."""
import json
import sys

folder, url = sys.argv[1:]
sys.path.insert(0, folder)
from evidence_ledger_client import Client  # noqa: E402
from evidence_ledger_client.api.deposits import deposit  # noqa: E402
from evidence_ledger_client.api.entries import find_statement, get_receipts, search_entries  # noqa: E402
from evidence_ledger_client.api.ledger import get_ledger  # noqa: E402
from evidence_ledger_client.models import ReceiptsRequest, SearchRequest, StatementDocument  # noqa: E402

with Client(base_url=url) as client:
    ledger = get_ledger.sync(client=client)
    for line in sys.stdin:
        statement, jti, digest = line.split()
        made = deposit.sync_detailed(client=client, body=StatementDocument(statement=statement))
        found = search_entries.sync(client=client, body=SearchRequest(digests=[digest]))
        again = find_statement.sync(participant="depositor", jti=jti, client=client)
        assert found.results[0].entries[0].index == again.index == made.parsed.index
        receipts = get_receipts.sync_detailed(client=client, body=ReceiptsRequest(indices=[again.index]))
        assert json.loads(receipts.content)["index"] == again.index
        print(json.dumps({"origin": ledger.origin, "status": made.status_code, "receipt": made.parsed.receipt}))
