// Deposits by a client that oapi-codegen made. Argument: base URL; statements on standard input.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"os"
	"strings"
)

func must(err error) {
	if err != nil {
		panic(err)
	}
}

func main() {
	client, err := NewClientWithResponses(os.Args[1])
	must(err)
	ledger, err := client.GetLedgerWithResponse(context.Background())
	must(err)
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		statement := strings.Fields(lines.Text())[0]
		made, err := client.DepositWithResponse(context.Background(), &DepositParams{}, StatementDocument{Statement: statement})
		must(err)
		var receipt string
		if made.JSON201 != nil && made.JSON201.Receipt != nil {
			receipt = *made.JSON201.Receipt
		}
		must(json.NewEncoder(os.Stdout).Encode(map[string]any{
			"origin": ledger.JSON200.Origin, "status": made.StatusCode(), "receipt": receipt,
		}))
	}
}
