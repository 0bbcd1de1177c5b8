module evidence-ledger.example/bench/peers

go 1.22
