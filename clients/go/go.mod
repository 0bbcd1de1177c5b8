module evidence-ledger/clients/go

go 1.19
