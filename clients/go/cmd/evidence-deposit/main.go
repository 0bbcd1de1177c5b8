// Command evidence-deposit makes a key file, deposits files, verifies them, and asks what happened to a deposit since. Every command
// prints JSON. Exit codes: 0 fine, 1 does not verify, 2 usage, 3 could not be done, 4 not judged: needs the full verifier.
//
//	evidence-deposit keygen  --out KEY.pem
//	evidence-deposit deposit --url URL --key KEY.pem --id ID --policy POLICY [--case NUMBER] [--note TEXT] FILE...
//	evidence-deposit verify  --policy POLICY [--receipt RECEIPT] [FILE]
//	evidence-deposit retract --url URL --key KEY.pem --id ID --policy POLICY --reason REASON RECEIPT
//	evidence-deposit attest  --url URL --key KEY.pem --id ID --policy POLICY --as ROLE RECEIPT
//	evidence-deposit status  --url URL --policy POLICY [--key KEY.pem --id ID] RECEIPT
//	evidence-deposit search  --url URL --policy POLICY [--key KEY.pem --id ID] [--case NUMBER] [--exhibit NUMBER] [FILE...]
//	evidence-deposit receipt --url URL --policy POLICY [--key KEY.pem --id ID] --out RECEIPT INDEX
//	evidence-deposit token   --url URL --policy POLICY --key KEY.pem --id ID
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"io/fs"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	evidence "evidence-ledger/clients/go"
)

// row is what is printed of one receipt.
type row struct {
	File      string          `json:"file,omitempty"`
	Created   *bool           `json:"created,omitempty"`
	Item      *int            `json:"item,omitempty"`
	Origin    string          `json:"origin,omitempty"`
	Index     *int64          `json:"index,omitempty"`
	Time      string          `json:"time,omitempty"`
	LeafHash  string          `json:"leaf_hash,omitempty"`
	Size      int64           `json:"size,omitempty"`
	Issuer    any             `json:"iss,omitempty"`
	Kind      any             `json:"kind,omitempty"`
	KeyID     string          `json:"kid,omitempty"`
	Claims    map[string]any  `json:"claims,omitempty"`
	Withheld  *int            `json:"withheld,omitempty"`
	Witnesses [][2]any        `json:"witnesses,omitempty"`
	Error     *evidence.Error `json:"error,omitempty"`
}

func rowOf(file string, receipt *evidence.Receipt) row {
	made := row{
		File: file, Origin: receipt.Origin, Index: &receipt.Index, Time: receipt.Time, LeafHash: receipt.LeafHash, Size: receipt.Size,
		Issuer: receipt.Payload["iss"], Kind: receipt.Payload["kind"], KeyID: receipt.KeyID,
		Claims: receipt.Claims, Withheld: &receipt.Withheld,
	}
	for _, one := range receipt.Witnesses {
		made.Witnesses = append(made.Witnesses, [2]any{one.Name, one.Timestamp})
	}
	return made
}

type settings struct {
	url, key, id, policy, out, receipt, caseNumber, exhibit, note, reason, as string
	timeout                                                                   float64
	tries                                                                     int
	files                                                                     []string
}

func usage(why string) error { return &evidence.Error{Code: "usage", Message: why} }

func exists(path string) bool {
	_, err := os.Lstat(path)
	return !errors.Is(err, fs.ErrNotExist)
}

func keygen(_ context.Context, s settings) (any, error) {
	key, err := evidence.CreateKey(s.out)
	if err != nil {
		return nil, err
	}
	return map[string]any{"thumbprint": key.Thumbprint, "jwk": json.RawMessage(key.JWK)}, nil
}

// open loads what a request needs; the key where one is named.
func (s settings) open() (*evidence.Policy, *evidence.SigningKey, *evidence.Client, error) {
	policy, err := evidence.LoadPolicy(s.policy)
	if err != nil {
		return nil, nil, nil, err
	}
	var key *evidence.SigningKey
	if s.key != "" {
		if key, err = evidence.LoadKey(s.key); err != nil {
			return nil, nil, nil, err
		}
	}
	options := evidence.Options{Key: key, Issuer: s.id, Timeout: time.Duration(s.timeout * float64(time.Second)), Tries: s.tries}
	client, err := evidence.NewClient(s.url, policy, options)
	return policy, key, client, err
}

// kept gives the statement that waits in a file since an earlier run, or the wanted one, which is kept there before it is sent.
func kept(path string, key *evidence.SigningKey, wanted string) (string, error) {
	if !exists(path) {
		return wanted, evidence.WriteNewFile(path, []byte(wanted+"\n"))
	}
	data, err := evidence.ReadFile(path, 1<<20, false)
	if err != nil {
		return "", err
	}
	waiting := strings.TrimRight(string(data), "\n")
	if err := key.RequireSame(waiting, wanted); err != nil {
		known := evidence.AsError(err)
		return "", &evidence.Error{Code: known.Code, Message: path + ": " + known.Message}
	}
	return waiting, nil
}

// wantedDeposit gives the statement of a file, as it would be signed now.
func (s settings) wantedDeposit(path string, key *evidence.SigningKey, origin string) (string, error) {
	item, err := evidence.ItemOfFile(path, "sha256")
	if err != nil {
		return "", err
	}
	items := []evidence.Item{item}
	sealed := map[string]any{"names": []string{filepath.Base(path)}}
	if s.caseNumber != "" {
		sealed["case"] = []any{map[string]any{"number": s.caseNumber}}
	}
	if s.note != "" {
		sealed["note"] = s.note
	}
	return key.SignDeposit(s.id, origin, items, sealed, nil)
}

// signer is open where a signature is needed.
func (s settings) signer() (*evidence.Policy, *evidence.SigningKey, *evidence.Client, error) {
	if s.key == "" || s.id == "" {
		return nil, nil, nil, usage("to sign needs --key and --id")
	}
	return s.open()
}

// keep writes the receipt beside the file, and tells of it. The statement is no more needed then.
func keep(path string, result evidence.Result, policy *evidence.Policy) (row, error) {
	if result.Err != nil {
		return row{File: path, Error: evidence.AsError(result.Err)}, nil
	}
	if err := evidence.KeepReceipt(path+".tlog-proof", result.Receipt, policy); err != nil {
		return row{}, err
	}
	made := rowOf(path, result.Receipt)
	made.Created = &result.Created
	waiting := path + ".evidence-statement"
	// Beside a receipt of an earlier run another statement may wait, or one that discloses more: it stays.
	if data, err := evidence.ReadFile(waiting, 1<<20, false); err == nil && result.Receipt.Replaces(strings.TrimSpace(string(data))) {
		return made, os.Remove(waiting)
	}
	return made, nil
}

// want is what is to be said beside a path.
type want struct{ path, statement string }

// sendAll sends what is wanted beside each path and has no receipt there; what stands in the way of one is found before any is sent.
func sendAll(
	ctx context.Context, client *evidence.Client, policy *evidence.Policy, key *evidence.SigningKey, wanted []want, shows ...*evidence.Receipt,
) ([]row, error) {
	results := make([]evidence.Result, len(wanted))
	var missing []int
	var statements []string
	for number, one := range wanted {
		earlier, err := key.EarlierReceipt(one.path+".tlog-proof", policy, one.statement)
		if err != nil {
			return nil, err
		}
		results[number].Receipt = earlier
	}
	for number, one := range wanted {
		if results[number].Receipt != nil {
			continue
		}
		statement, err := kept(one.path+".evidence-statement", key, one.statement)
		if err != nil {
			return nil, err
		}
		missing, statements = append(missing, number), append(statements, statement)
	}
	if len(statements) == 1 {
		results[missing[0]] = evidence.AsResult(client.Deposit(ctx, statements[0], shows...))
	} else if sent, err := client.DepositMany(ctx, statements); err != nil {
		return nil, err
	} else {
		for i, number := range missing {
			results[number] = sent[i]
		}
	}
	var rows []row
	for number, one := range wanted {
		made, err := keep(one.path, results[number], policy)
		if err != nil {
			return nil, err
		}
		rows = append(rows, made)
	}
	return rows, nil
}

func deposit(ctx context.Context, s settings) (any, error) {
	policy, key, client, err := s.signer()
	if err != nil {
		return nil, err
	}
	origin, err := policy.Origin()
	if err != nil {
		return nil, err
	}
	if len(s.files) == 0 {
		return nil, usage("name a file")
	}
	var wanted []want
	seen := map[string]bool{}
	for _, path := range s.files {
		if seen[path] {
			continue
		}
		seen[path] = true
		statement, err := s.wantedDeposit(path, key, origin)
		if err != nil {
			return nil, err
		}
		wanted = append(wanted, want{path, statement})
	}
	return sendAll(ctx, client, policy, key, wanted)
}

// about retracts or attests the deposit of a receipt; what is kept is named by the receipt and the command.
func about(ctx context.Context, s settings, name string) (any, error) {
	policy, key, client, err := s.signer()
	if err != nil {
		return nil, err
	}
	if len(s.files) != 1 {
		return nil, usage("name one receipt")
	}
	receipt, err := readReceipt(s.files[0], policy)
	if err != nil {
		return nil, err
	}
	sign, word := key.SignRetraction, s.reason
	if name == "attest" {
		sign, word = key.SignAttestation, s.as
	}
	wanted, err := sign(s.id, receipt, word)
	if err != nil {
		return nil, err
	}
	return sendAll(ctx, client, policy, key, []want{{s.files[0] + "." + name, wanted}}, receipt)
}

func readReceipt(path string, policy *evidence.Policy) (*evidence.Receipt, error) {
	data, err := evidence.ReadFile(path, 1<<20, false)
	if err != nil {
		return nil, err
	}
	return evidence.VerifyReceipt(data, policy)
}

func verify(_ context.Context, s settings) (any, error) {
	policy, err := evidence.LoadPolicy(s.policy)
	if err != nil {
		return nil, err
	}
	if len(s.files) > 1 || len(s.files) == 0 && s.receipt == "" {
		return nil, usage("name a file, a receipt, or both")
	}
	path := s.receipt
	if path == "" {
		path = s.files[0] + ".tlog-proof"
	}
	receipt, err := readReceipt(path, policy)
	if err != nil {
		return nil, err
	}
	if len(s.files) == 0 {
		return rowOf("", receipt), nil
	}
	made := rowOf(s.files[0], receipt)
	item, err := receipt.VerifyFile(s.files[0])
	made.Item = &item
	return made, err
}

func status(ctx context.Context, s settings) (any, error) {
	policy, _, client, err := s.open()
	if err != nil {
		return nil, err
	}
	if len(s.files) != 1 {
		return nil, usage("name one receipt")
	}
	receipt, err := readReceipt(s.files[0], policy)
	if err != nil {
		return nil, err
	}
	return client.Status(ctx, receipt)
}

func search(ctx context.Context, s settings) (any, error) {
	_, _, client, err := s.open()
	if err != nil {
		return nil, err
	}
	var query evidence.Query
	for _, path := range s.files {
		item, err := evidence.ItemOfFile(path, "sha256")
		if err != nil {
			return nil, err
		}
		query.Digests = append(query.Digests, "sha256:"+item.Digest["sha256"])
	}
	if s.caseNumber != "" {
		query.Cases = []string{s.caseNumber}
	}
	if s.exhibit != "" {
		query.Exhibits = []string{s.exhibit}
	}
	found, err := client.Search(ctx, query)
	return map[string]any{"results": found}, err
}

func fetch(ctx context.Context, s settings) (any, error) {
	policy, _, client, err := s.open()
	if err != nil {
		return nil, err
	}
	if len(s.files) != 1 || s.out == "" {
		return nil, usage("name one index, and the new file by --out")
	}
	index, err := strconv.ParseInt(s.files[0], 10, 64)
	if err != nil {
		return nil, usage("the index is no number")
	}
	receipt, err := client.Receipt(ctx, index)
	if err != nil {
		return nil, err
	}
	return rowOf(s.out, receipt), evidence.KeepReceipt(s.out, receipt, policy)
}

func token(_ context.Context, s settings) (any, error) {
	_, _, client, err := s.signer()
	if err != nil {
		return nil, err
	}
	made, err := client.Token()
	return map[string]string{"token": made}, err
}

func exitCode(err *evidence.Error) int {
	switch {
	case len(err.Faults) > 0 && evidence.NotJudged(err.Code):
		return 4
	case len(err.Faults) > 0:
		return 1
	case err.Code == "usage" || err.Code == "file-exists" || err.Code == "deposit-differs":
		return 2
	}
	return 3
}

func run() int {
	commands := map[string]func(context.Context, settings) (any, error){
		"keygen": keygen, "deposit": deposit, "verify": verify, "status": status, "search": search, "receipt": fetch, "token": token,
		"retract": func(ctx context.Context, s settings) (any, error) { return about(ctx, s, "retract") },
		"attest":  func(ctx context.Context, s settings) (any, error) { return about(ctx, s, "attest") },
	}
	name, arguments := "", []string(nil)
	if len(os.Args) > 1 {
		name, arguments = os.Args[1], os.Args[2:]
	}
	command, ok := commands[name]
	var s settings
	flags := flag.NewFlagSet("evidence-deposit keygen | deposit | verify | retract | attest | status | search | receipt | token", flag.ContinueOnError)
	flags.StringVar(&s.url, "url", "", "base URL of the ledger")
	flags.StringVar(&s.key, "key", "", "key file, PKCS#8 in PEM")
	flags.StringVar(&s.id, "id", "", "participant id of the key's owner")
	flags.StringVar(&s.policy, "policy", "", "policy file: whose key is trusted")
	flags.StringVar(&s.out, "out", "", "the new file (keygen, receipt)")
	flags.StringVar(&s.receipt, "receipt", "", "FILE.tlog-proof where none is named (verify)")
	flags.StringVar(&s.caseNumber, "case", "", "case number, sealed (deposit, search)")
	flags.StringVar(&s.exhibit, "exhibit", "", "number of an exhibit (search)")
	flags.StringVar(&s.note, "note", "", "note, sealed (deposit)")
	flags.StringVar(&s.reason, "reason", "", "why: mistake, superseded, withdrawn, ordered, other (retract)")
	flags.StringVar(&s.as, "as", "", "in which role: witness, notary, examiner, ... (attest)")
	flags.Float64Var(&s.timeout, "timeout", 60, "seconds for one try")
	flags.IntVar(&s.tries, "tries", 5, "how often the same request is sent at most")
	if !ok {
		flags.Usage()
		return 2
	}
	if err := flags.Parse(arguments); err != nil {
		return 2
	}
	s.files = flags.Args()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	said, err := command(ctx, s)
	code := 0
	if err != nil {
		known := evidence.AsError(err)
		said, code = row{Error: known}, exitCode(known)
	}
	if rows, ok := said.([]row); ok {
		for _, one := range rows {
			if one.Error != nil && exitCode(one.Error) > code {
				code = exitCode(one.Error)
			}
		}
	}
	encoder := json.NewEncoder(os.Stdout)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(said); err != nil {
		return 3
	}
	return code
}

func main() { os.Exit(run()) }
