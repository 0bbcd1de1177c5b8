// Package evidence is a small client of the evidence ledger: it makes a key, signs deposits, sends them, and verifies every
// receipt.
//
//	key, err := evidence.LoadKey("harbour.pem")
//	policy, err := evidence.LoadPolicy("court.policy")
//	client, err := evidence.NewClient("https://ledger.court.example", policy, evidence.Options{Key: key, Issuer: "harbour"})
//	item, err := evidence.ItemOfFile("notice.txt", "sha256")
//	sealed := map[string]any{"names": []string{"notice.txt"}}
//	statement, err := key.SignDeposit("harbour", origin, []evidence.Item{item}, sealed, nil)
//	err = evidence.WriteNewFile("notice.txt.evidence-statement", []byte(statement)) // before it is sent: these bytes may be sent again
//	result, err := client.Deposit(ctx, statement)
//	err = evidence.WriteNewFile("notice.txt.tlog-proof", result.Receipt.Data)
//	number, err := result.Receipt.VerifyFile("notice.txt")
//	found, err := client.Search(ctx, evidence.Query{Exhibits: []string{"EX-12"}})
//	receipt, err := client.Receipt(ctx, found[0].Entries[0].Index)
//
// One file, of the standard library alone: copy it. It needs Go 1.19 or newer. It was written from docs/spec, and comments name its
// pages. Whatever a server answers is bounded in size and time, read strictly, and believed only as far as it is proven under the
// policy that the caller gave. A statement is sent again only as the same bytes, which a ledger sequences once.
//
// Inside, a function that reads or checks panics with an *Error; each exported function gives it as its error.
package evidence

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/md5"
	"crypto/rand"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"math/big"
	mathrand "math/rand"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"runtime"
	"sort"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"
)

const (
	version      = "1"
	maxInteger   = 1<<53 - 1
	mostSeconds  = 253402300799
	receiptBytes = 1 << 20
	answerBytes  = 4 << 20
	noteBytes    = 262144
	policyBytes  = 262144
	entryBytes   = 65535
	// Of the header part of a JWS: 1,024 bytes in base64url.
	headerCharacters = 1366
	statementType    = "evidence-statement+sd-jwt"
)

// Error is every failure of this package. Code is stable (docs/errors.md); Message is for people and may change.
type Error struct {
	Code    string `json:"code"`
	Message string `json:"message"`
	// Action, Status and RequestID are as the server said them, where it did.
	Action    string `json:"action,omitempty"`
	Status    int    `json:"status,omitempty"`
	RequestID string `json:"request_id,omitempty"`
	// RetryAfter is how many seconds the server asked to wait before the same bytes are sent again; 0 where it did not say.
	RetryAfter float64 `json:"retry_after,omitempty"`
	// Receipt has bytes of a receipt that came and was not accepted: keep it.
	Receipt []byte `json:"-"`
	// Faults has the codes of all that a verification found; it is empty where nothing was verified.
	Faults []string `json:"faults,omitempty"`

	again bool // a line of a batch that was refused for the moment
	cause error
}

func (e *Error) Error() string { return e.Code + ": " + e.Message }

// Unwrap gives the error of the context, where it ended the work.
func (e *Error) Unwrap() error { return e.cause }

// AsError gives an error of this package as what it is.
func AsError(err error) *Error {
	var known *Error
	if err != nil && !errors.As(err, &known) {
		known = &Error{Code: "internal-error", Message: "an error of another kind", cause: err}
	}
	return known
}

func newError(code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

func require(holds bool, code, format string, args ...any) {
	if !holds {
		panic(newError(code, format, args...))
	}
}

// catch makes an error of a panic with one; any other panic goes on.
func catch(into *error) {
	switch thrown := recover().(type) {
	case nil:
	case *Error:
		*into = thrown
	default:
		panic(thrown)
	}
}

// shown is a text from outside, for messages: short, and without what a terminal would act on.
func shown(text string) string {
	var out strings.Builder
	count := 0
	for _, r := range text {
		if count++; count > 300 {
			break
		}
		if unicode.IsPrint(r) {
			out.WriteRune(r)
		} else {
			fmt.Fprintf(&out, "\\u{%x}", r)
		}
	}
	return out.String()
}

// ---- Page 01: encodings, JSON, time --------------------------------------------------------------------------------

func b64(data []byte) string    { return base64.StdEncoding.EncodeToString(data) }
func b64url(data []byte) string { return base64.RawURLEncoding.EncodeToString(data) }

// readB64 accepts padded base64 in its one spelling: Go's decoder skips line ends, so the result is encoded again.
func readB64(text, code string) []byte {
	data, err := base64.StdEncoding.DecodeString(text)
	require(err == nil && b64(data) == text, code, "a value is no canonical base64")
	return data
}

func readB64url(text, code string) []byte {
	data, err := base64.RawURLEncoding.DecodeString(text)
	require(err == nil && b64url(data) == text, code, "a value is no canonical base64url")
	return data
}

func readHash(text, code string) []byte {
	data := readB64(text, code)
	require(len(data) == 32, code, "a hash has not 32 bytes")
	return data
}

func exactly(pattern string) *regexp.Regexp { return regexp.MustCompile(`\A(?s:` + pattern + `)\z`) }

var (
	decimalForm = exactly(`0|[1-9][0-9]{0,15}`)
	numberForm  = exactly(`0|-?[1-9][0-9]{0,15}`)
	escapeForm  = regexp.MustCompile(`\\(?:u([0-9a-fA-F]{4})|.)`)
)

func readDecimal(text, code string) int64 {
	number, err := strconv.ParseInt(text, 10, 64)
	require(err == nil && decimalForm.MatchString(text) && number <= maxInteger, code, "a number is no decimal of its one spelling")
	return number
}

const timeForm = "2006-01-02T15:04:05.000Z"

func readTime(text, code string) time.Time {
	at, err := time.Parse(timeForm, text)
	require(err == nil && at.Year() >= 1 && at.Format(timeForm) == text, code, "a time is not YYYY-MM-DDTHH:MM:SS.mmmZ")
	return at
}

// readJSON reads JSON as page 01 has it, and gives map[string]any, []any, string, int64, bool or nil. Go's own decoder lets doubled
// members, fractions, unpaired surrogates and broken UTF-8 pass.
func readJSON(data []byte) any {
	require(utf8.Valid(data) && !bytes.HasPrefix(data, []byte("\xef\xbb\xbf")), "utf8-malformed", "the JSON is not UTF-8")
	require(json.Valid(data), "json-malformed", "the text is no JSON of RFC 8259")
	low := -1 // where the second half of a surrogate pair has to stand
	for _, at := range escapeForm.FindAllSubmatchIndex(data, -1) {
		unit := uint64(0)
		if at[2] >= 0 {
			unit, _ = strconv.ParseUint(string(data[at[2]:at[3]]), 16, 32)
		}
		require((unit&0xfc00 == 0xdc00) == (low >= 0) && (low < 0 || low == at[0]), "json-string", "a surrogate is unpaired")
		low = -1
		if unit&0xfc00 == 0xd800 {
			low = at[1]
		}
	}
	require(low < 0, "json-string", "a surrogate is unpaired")
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	return readValue(decoder, 0)
}

func readValue(decoder *json.Decoder, above int) any {
	token, err := decoder.Token()
	require(err == nil, "json-malformed", "the text is no JSON of RFC 8259")
	switch token := token.(type) {
	case json.Number:
		number, err := strconv.ParseInt(string(token), 10, 64)
		plain := err == nil && numberForm.MatchString(string(token)) && number <= maxInteger && number >= -maxInteger
		require(plain, "json-number", "a number is no plain integer within 2^53-1")
		return number
	case string:
		bad := strings.IndexFunc(token, func(r rune) bool { return r == 0 || r >= 0xfdd0 && r <= 0xfdef || r&0xfffe == 0xfffe })
		require(bad < 0, "json-string", "a string has U+0000 or a noncharacter")
		return token
	case json.Delim:
		require(above < 16, "json-depth", "the JSON is nested more than 16 deep")
		object, array := map[string]any{}, []any{}
		for decoder.More() {
			value := readValue(decoder, above+1)
			if token == '[' {
				array = append(array, value)
				continue
			}
			name := value.(string)
			_, twice := object[name]
			require(!twice, "json-duplicate-member", "an object names a member twice")
			object[name] = readValue(decoder, above+1)
		}
		_, _ = decoder.Token()
		if token == '[' {
			return array
		}
		return object
	}
	return token // true, false, null
}

func readObject(data []byte) map[string]any {
	object, ok := readJSON(data).(map[string]any)
	require(ok, "json-malformed", "the JSON is no object")
	return object
}

// brokenText is how Go's encoder writes bytes that are no UTF-8; a real U+FFFD it writes as it is.
var brokenText = regexp.MustCompile(`(?:\A|[^\\])(?:\\\\)*\\ufffd`)

func writeJSON(value any) []byte {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(value)
	require(err == nil && !brokenText.Match(out.Bytes()), "json-malformed", "a member cannot be written as JSON")
	return bytes.TrimSuffix(out.Bytes(), []byte("\n"))
}

// ---- Page 01: hash, tree, Ed25519 ----------------------------------------------------------------------------------

func sum(parts ...[]byte) []byte {
	digest := sha256.New()
	for _, part := range parts {
		digest.Write(part)
	}
	return digest.Sum(nil)
}

func nodeHash(left, right []byte) []byte { return sum([]byte{1}, left, right) }

// climb goes up a tree, from node fn of a level whose last is sn, and gives the root of what lies left of the node and under it, and
// that of all; false where the proof has not the length that it needs.
func climb(fn, sn int64, first []byte, proof [][]byte) (left, whole []byte, ok bool) {
	left, whole = first, first
	for _, sibling := range proof {
		if sn == 0 {
			return nil, nil, false
		}
		if fn%2 == 1 || fn == sn {
			left, whole = nodeHash(sibling, left), nodeHash(sibling, whole)
			for fn%2 == 0 && fn != 0 {
				fn, sn = fn/2, sn/2
			}
		} else {
			whole = nodeHash(whole, sibling)
		}
		fn, sn = fn/2, sn/2
	}
	return left, whole, sn == 0
}

func inclusionHolds(index, size int64, leaf []byte, proof [][]byte, root []byte) bool {
	if index < 0 || index >= size {
		return false
	}
	_, whole, ok := climb(index, size-1, leaf, proof)
	return ok && bytes.Equal(whole, root)
}

func consistencyHolds(size1 int64, root1 []byte, size2 int64, root2 []byte, proof [][]byte) bool {
	if size1 == 0 || size1 >= size2 {
		return size1 == size2 && size1 != 0 && bytes.Equal(root1, root2) && len(proof) == 0
	}
	if size1&(size1-1) == 0 {
		proof = append([][]byte{root1}, proof...)
	}
	if len(proof) < 2 {
		return false
	}
	fn, sn := size1-1, size2-1
	for fn%2 == 1 {
		fn, sn = fn/2, sn/2
	}
	left, whole, ok := climb(fn, sn, proof[0], proof[1:])
	return ok && bytes.Equal(left, root1) && bytes.Equal(whole, root2)
}

var (
	one        = big.NewInt(1)
	field      = new(big.Int).Sub(new(big.Int).Lsh(one, 255), big.NewInt(19))
	order, _   = new(big.Int).SetString("7237005577332262213973186563042994240857116359379907606001950938285454250989", 10)
	curveD     = mul(big.NewInt(-121665), new(big.Int).ModInverse(big.NewInt(121666), field))
	rootOfMin1 = new(big.Int).Exp(big.NewInt(2), new(big.Int).Rsh(field, 2), field)
	smallOrder = map[string]bool{
		"0100000000000000000000000000000000000000000000000000000000000000": true,
		"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f": true,
		"0000000000000000000000000000000000000000000000000000000000000000": true,
		"0000000000000000000000000000000000000000000000000000000000000080": true,
		"26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05": true,
		"26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85": true,
		"c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a": true,
		"c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa": true,
	}
)

func mod(x *big.Int) *big.Int    { return x.Mod(x, field) }
func mul(a, b *big.Int) *big.Int { return mod(new(big.Int).Mul(a, b)) }
func add(a, b *big.Int) *big.Int { return mod(new(big.Int).Add(a, b)) }
func sub(a, b *big.Int) *big.Int { return mod(new(big.Int).Sub(a, b)) }

// point is X, Y, Z, T of RFC 8032 section 5.1.4.
type point [4]*big.Int

func decodePoint(data []byte) (point, bool) {
	reversed := make([]byte, 32)
	for i, b := range data {
		reversed[31-i] = b
	}
	sign := uint(reversed[0] >> 7)
	reversed[0] &= 0x7f
	y := new(big.Int).SetBytes(reversed)
	if y.Cmp(field) >= 0 {
		return point{}, false
	}
	yy := mul(y, y)
	u, v := sub(yy, one), add(mul(curveD, yy), one)
	v3 := mul(mul(v, v), v)
	power := new(big.Int).Rsh(new(big.Int).Sub(field, big.NewInt(5)), 3)
	x := mul(mul(u, v3), new(big.Int).Exp(mul(u, mul(mul(v3, v3), v)), power, field))
	if add(mul(v, mul(x, x)), u).Sign() == 0 {
		x = mul(x, rootOfMin1)
	}
	if sub(mul(v, mul(x, x)), u).Sign() != 0 || x.Sign() == 0 && sign == 1 {
		return point{}, false
	}
	if x.Bit(0) != sign {
		x = new(big.Int).Sub(field, x)
	}
	return point{x, y, one, mul(x, y)}, true
}

func addPoints(p, q point) point {
	a, b := mul(sub(p[1], p[0]), sub(q[1], q[0])), mul(add(p[1], p[0]), add(q[1], q[0]))
	c, d := mul(mul(p[3], q[3]), add(curveD, curveD)), mul(add(p[2], p[2]), q[2])
	e, f, g, h := sub(b, a), sub(d, c), add(d, c), add(b, a)
	return point{mul(e, f), mul(g, h), mul(f, g), mul(e, h)}
}

var (
	soundLock sync.Mutex
	soundKeys = map[string]bool{}
)

// keyIsSound is items 1 to 3 of page 01 about a key. No call of the library says that a key is torsion-free, so it is
// computed here, once for each key.
func keyIsSound(key []byte) bool {
	if len(key) != ed25519.PublicKeySize || smallOrder[hex.EncodeToString(key)] {
		return false
	}
	soundLock.Lock()
	defer soundLock.Unlock()
	if sound, known := soundKeys[string(key)]; known {
		return sound
	}
	running, ok := decodePoint(key)
	if ok {
		result := point{new(big.Int), one, one, new(big.Int)}
		for bit := 0; bit < order.BitLen(); bit++ {
			if order.Bit(bit) == 1 {
				result = addPoints(result, running)
			}
			running = addPoints(running, running)
		}
		ok = result[0].Sign() == 0 && result[1].Cmp(result[2]) == 0
	}
	// Keys come from outside: what is remembered of them stays bounded.
	if len(soundKeys) >= 1024 {
		soundKeys = map[string]bool{}
	}
	soundKeys[string(key)] = ok
	return ok
}

// signatureIsValid is the rule of page 01. The library decides all of it but a small-order R, which it would accept.
func signatureIsValid(key, message, signature []byte) bool {
	return len(signature) == ed25519.SignatureSize && !smallOrder[hex.EncodeToString(signature[:32])] && keyIsSound(key) &&
		ed25519.Verify(key, message, signature)
}

// ---- Files and keys ------------------------------------------------------------------------------------------------

func requireFile(err error, code, path string) {
	var inner *fs.PathError
	if errors.As(err, &inner) {
		err = inner.Err
	}
	require(err == nil, code, "%s: %v", shown(path), err)
}

// ReadFile reads a regular file of at most so many bytes; a private one is refused where others may read it.
func ReadFile(path string, most int64, private bool) (data []byte, err error) {
	defer catch(&err)
	found, err := os.Stat(path)
	requireFile(err, "file-unreadable", path)
	// Before it is opened: to open a pipe would wait for its writer.
	require(found.Mode().IsRegular(), "file-unreadable", "%s is no regular file", shown(path))
	file, err := os.Open(path)
	requireFile(err, "file-unreadable", path)
	defer file.Close()
	found, err = file.Stat()
	requireFile(err, "file-unreadable", path)
	require(found.Size() <= most, "file-unreadable", "%s has more than %d bytes", shown(path), most)
	closed := !private || runtime.GOOS == "windows" || found.Mode().Perm()&0o077 == 0
	require(closed, "key-file-permissions", "others may read %s: chmod 600", shown(path))
	data, err = io.ReadAll(io.LimitReader(file, most))
	requireFile(err, "file-unreadable", path)
	return data, nil
}

// WriteNewFile writes a file of mode 0600 that was not there, synced; one that is there is left as it is.
func WriteNewFile(path string, data []byte) (err error) {
	defer catch(&err)
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	require(!errors.Is(err, fs.ErrExist), "file-exists", "%s is there already, and stays as it is", shown(path))
	requireFile(err, "file-unwritable", path)
	defer file.Close()
	if _, err = file.Write(data); err == nil {
		err = file.Sync()
	}
	requireFile(err, "file-unwritable", path)
	return nil
}

// SigningKey is an Ed25519 key that signs statements. Nothing prints its private part.
type SigningKey struct {
	private ed25519.PrivateKey
	// JWK is the public key in its RFC 7638 form, what an administrator admits; Thumbprint names the key everywhere.
	JWK, Thumbprint string
}

func jwkLine(public []byte) string {
	return `{"crv":"Ed25519","kty":"OKP","x":"` + b64url(public) + `"}`
}

func thumbprintOf(public []byte) string { return b64url(sum([]byte(jwkLine(public)))) }

func signingKey(private ed25519.PrivateKey) *SigningKey {
	public := private.Public().(ed25519.PublicKey)
	return &SigningKey{private, jwkLine(public), thumbprintOf(public)}
}

// String names the key by its thumbprint.
func (k *SigningKey) String() string { return "SigningKey " + k.Thumbprint }

// GoString names the key by its thumbprint.
func (k *SigningKey) GoString() string { return k.String() }

// CreateKey makes a key file (PKCS#8 in PEM, mode 0600, without a passphrase), never over another file.
func CreateKey(path string) (*SigningKey, error) {
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, newError("internal-error", "the system gives no random numbers")
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return nil, newError("internal-error", "the key cannot be written")
	}
	if err := WriteNewFile(path, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})); err != nil {
		return nil, err
	}
	return signingKey(private), nil
}

// LoadKey reads a key file. Go's library opens none that has a passphrase: take it off with "openssl pkcs8", into a file of mode 0600.
func LoadKey(path string) (key *SigningKey, err error) {
	defer catch(&err)
	data, err := ReadFile(path, 65536, true)
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(data)
	encrypted := block != nil && block.Type == "ENCRYPTED PRIVATE KEY"
	require(!encrypted, "key-file-passphrase", "the key file %s has a passphrase, which this client cannot use", shown(path))
	require(block != nil && block.Type == "PRIVATE KEY", "key-file-malformed", "%s has no private key in PKCS#8 PEM", shown(path))
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	private, ok := parsed.(ed25519.PrivateKey)
	require(err == nil && ok, "key-file-malformed", "the key file %s has no Ed25519 key", shown(path))
	return signingKey(private), nil
}

// ---- Page 02: members of statements --------------------------------------------------------------------------------

// A check takes a value and panics with an *Error. A table has the members of an object; "?" marks those that may be absent.
type check func(value any)

type table map[string]check

const memberCode = "statement-member"

func formOf(pattern string, most int, code string) check {
	form := exactly(pattern)
	return func(value any) {
		text, ok := value.(string)
		require(ok && len(text) <= most && form.MatchString(text), code, "a text has not the form that its member asks for")
	}
}

func text(pattern string) check { return formOf(pattern, 1<<20, memberCode) }

func isCount(value any, least, most int64) bool {
	number, ok := value.(int64)
	return ok && number >= least && number <= most
}

func count(least, most int64) check {
	return func(value any) {
		require(isCount(value, least, most), memberCode, "a number is out of its range, or none")
	}
}

func listOf(least, most int, each check, code string) check {
	return func(value any) {
		list, ok := value.([]any)
		require(ok, memberCode, "a list is no array")
		require(len(list) >= least && len(list) <= most, code, "a list has not %d to %d elements", least, most)
		for _, one := range list {
			each(one)
		}
	}
}

func members(known table) check {
	return func(value any) {
		object, ok := value.(map[string]any)
		require(ok, memberCode, "an object is none")
		for name := range object {
			require(!sealable[name], "claim-in-clear", "%s is in clear: seal it", name)
		}
		for name := range object {
			require(known[name] != nil || known[name+"?"] != nil, "statement-member-unknown", "the member %s is unknown", shown(name))
		}
		for listed, checkMember := range known {
			name := strings.TrimSuffix(listed, "?")
			member, there := object[name]
			require(there || name != listed, memberCode, "the member %s is lacking", name)
			if there {
				checkMember(member)
			}
		}
	}
}

func bytes32(read func(text, code string) []byte) check {
	return func(value any) {
		encoded, ok := value.(string)
		require(ok && len(read(encoded, memberCode)) == 32, memberCode, "a hash has not 32 bytes")
	}
}

var digestBytes = map[string]int{
	"sha256": 32, "sha384": 48, "sha512": 64, "sha3-256": 32, "sm3": 32, "blake3": 32, "md5": 16, "sha1": 20,
}

func digestOf(weakSuffice bool) check {
	return func(value any) {
		digest, ok := value.(map[string]any)
		require(ok, memberCode, "a digest is no object")
		strong := weakSuffice
		for _, value := range digest {
			_, ok := value.(string)
			require(ok, memberCode, "a digest is no string")
		}
		require(len(digest) > 0, "digest-malformed", "an item has no digest")
		for name, value := range digest {
			length := digestBytes[name]
			fits := length > 0 && len(value.(string)) == 2*length && hexForm.MatchString(value.(string))
			require(fits, "digest-malformed", "a digest is malformed")
			strong = strong || name != "md5" && name != "sha1"
		}
		require(strong, "digest-weak-only", "md5 and sha1 do not suffice")
	}
}

func sealedDigests(value any) {
	listOf(1, 5, bytes32(readB64url), memberCode)(value)
	seen := map[any]bool{}
	for _, one := range value.([]any) {
		require(!seen[one], memberCode, "_sd has a digest twice")
		seen[one] = true
	}
}

const (
	codePattern   = `[a-z][a-z0-9-]{0,63}`
	originPattern = `[\x21-\x2a\x2c-\x7e]{1,255}`
	idPattern     = `[a-z0-9._-]{1,64}`
	mediaPattern  = `[A-Za-z0-9][A-Za-z0-9!#$&\-^_.+]*/[A-Za-z0-9][A-Za-z0-9!#$&\-^_.+]*`
)

var (
	sealable   = map[string]bool{"names": true, "case": true, "collection": true, "note": true, "ext": true}
	hexForm    = exactly(`[0-9a-f]+`)
	codeForm   = exactly(codePattern)
	originForm = exactly(originPattern)
	anyCount   = count(0, maxInteger)
	item       = table{
		"size": anyCount, "digest": digestOf(false), "mediaType?": formOf(mediaPattern, 127, memberCode), "category?": text(codePattern),
		"acquired?": members(table{"size": anyCount, "digest": digestOf(true), "source": text(codePattern)}),
		"tree?":     members(table{"root": text(`[0-9a-f]{64}`), "size": count(1, maxInteger)}),
	}
	reference = table{"index": anyCount, "leafHash": bytes32(readB64), "item?": anyCount, "line?": anyCount}
	common    = []struct {
		name  string
		check check
	}{
		{"iss", text(idPattern)},
		{"aud", formOf(originPattern, 255, "audience-wrong")},
		{"jti", text(`[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}`)},
		{"iat", count(0, mostSeconds)},
		{"kind", formOf(".+", 256, memberCode)},
	}
	kinds = map[string]table{
		"evidence.deposit": {
			"items":    listOf(1, 64, members(item), "items-count"),
			"relates?": listOf(1, 64, members(with(reference, table{"rel": text(codePattern), "origin?": text(originPattern)})), memberCode),
			"_sd?":     sealedDigests, "_sd_alg?": text("sha-256"),
		},
		"evidence.attest":  {"of": members(reference), "as": text(codePattern)},
		"evidence.retract": {"of": members(reference), "reason": text(codePattern)},
		"participant.revoke": {
			"participant?": text(idPattern), "key?": bytes32(readB64url), "reason": text(codePattern),
			"compromisedSince?": func(value any) { readTime(textIn(value), memberCode) },
		},
	}
)

func with(some, more table) table {
	all := table{}
	for _, part := range []table{some, more} {
		for name, check := range part {
			all[name] = check
		}
	}
	return all
}

// textIn gives "" where the value is no string.
func textIn(value any) string {
	text, _ := value.(string)
	return text
}

func hasMember(value any, names ...string) bool {
	switch value := value.(type) {
	case map[string]any:
		for _, name := range names {
			if _, ok := value[name]; ok {
				return true
			}
		}
		for _, part := range value {
			if hasMember(part, names...) {
				return true
			}
		}
	case []any:
		for _, part := range value {
			if hasMember(part, names...) {
				return true
			}
		}
	}
	return false
}

// checkKind demands exactly the members of the kind, each of its type; not-judged for a kind that is not in the table.
func checkKind(payload map[string]any) {
	own, ok := kinds[textIn(payload["kind"])]
	require(ok, "not-judged", "the kind %s is left to the full verifier", shown(textIn(payload["kind"])))
	require(!hasMember(payload, "__proto__"), "statement-member-unknown", "it has a member __proto__")
	all := with(own, nil)
	for _, member := range common {
		all[member.name] = member.check
	}
	members(all)(payload)
	has := func(name string) bool { _, there := payload[name]; return there }
	require(has("_sd") == has("_sd_alg"), memberCode, "_sd and _sd_alg are not both there")
	one := payload["kind"] != "participant.revoke" || has("participant") != has("key")
	require(one, memberCode, "it revokes not exactly one of participant and key")
}

type statement struct {
	alg, kid  string
	signature []byte
	payload   map[string]any
}

func knownAlg(alg string) bool { return alg == "EdDSA" || alg == "Ed25519" }

// readHeader gives alg and kid of a header part. One that is too long is refused before anything is decoded.
func readHeader(part, typ string) (alg, kid string) {
	require(len(part) <= headerCharacters, "jws-header", "the header has more than 1,024 bytes")
	header := readObject(readB64url(part, "base64-malformed"))
	for name := range header {
		require(name == "alg" || name == "typ" || name == "kid", "jws-header", "the header has another member than alg, typ and kid")
	}
	alg, isText := header["alg"].(string)
	require(isText, "jws-alg", "alg is no string")
	require(header["typ"] == typ, "jws-typ", "typ is not %s", typ)
	kid = textIn(header["kid"])
	require(len(readB64url(kid, "jws-kid")) == 32, "jws-kid", "kid is no thumbprint")
	return alg, kid
}

// readEnvelope reads all of a statement but its payload, which it gives as it is, in the order of page 02.
func readEnvelope(jws string) (said statement, payload []byte) {
	parts := strings.Split(jws, ".")
	require(len(parts) == 3 && parts[0] != "" && parts[2] != "", "jws-malformed", "the statement is not three parts")
	require(len(parts[0]) <= headerCharacters, "jws-header", "the header has more than 1,024 bytes")
	var raw [3][]byte
	for i, part := range parts {
		raw[i] = readB64url(part, "base64-malformed")
	}
	said.alg, said.kid = readHeader(parts[0], statementType)
	said.signature = raw[2]
	require(!knownAlg(said.alg) || len(raw[2]) == 64, "jws-malformed", "the signature has not 64 bytes")
	return said, raw[1]
}

// readStatement reads envelope, header and common members, in the order of page 02.
func readStatement(jws string) statement {
	said, payload := readEnvelope(jws)
	said.payload = readObject(payload)
	for _, member := range common {
		member.check(said.payload[member.name])
	}
	return said
}

type disclosure struct {
	digest, claim string
	value         any
}

func readDisclosure(encoded string) disclosure {
	const code = "disclosure-malformed"
	require(len(encoded) >= 1 && len(encoded) <= 16384, code, "a disclosure has 1 to 16,384 characters")
	parts, ok := readJSON(readB64url(encoded, code)).([]any)
	require(ok && len(parts) == 3, code, "a disclosure is not salt, claim and value")
	salt, isSalt := parts[0].(string)
	claim, isClaim := parts[1].(string)
	require(isSalt && len(salt) >= 22 && isClaim, code, "a disclosure has a short salt, or a claim without a name")
	require(!hasMember(parts[2], "_sd", "..."), code, "a disclosure has a member _sd")
	readB64url(salt, code)
	return disclosure{b64url(sum([]byte(encoded))), claim, parts[2]}
}

// ---- Page 02: making statements ------------------------------------------------------------------------------------

// Item is one file of a deposit.
type Item struct {
	Size int64 `json:"size"`
	// Digest maps names of page 02, such as sha256, to lower-case hex.
	Digest    map[string]string `json:"digest"`
	MediaType string            `json:"mediaType,omitempty"`
	Category  string            `json:"category,omitempty"`
	Acquired  map[string]any    `json:"acquired,omitempty"`
	Tree      map[string]any    `json:"tree,omitempty"`
}

// computable are the digests of Go's library; a caller who has another one puts its hex into Digest.
var computable = map[string]func() hash.Hash{
	"sha256": sha256.New, "sha384": sha512.New384, "sha512": sha512.New, "md5": md5.New, "sha1": sha1.New,
}

// ItemOfFile computes size and digests of a file, read in pieces.
func ItemOfFile(path string, algorithms ...string) (made Item, err error) {
	defer catch(&err)
	running := map[string]hash.Hash{}
	var writers []io.Writer
	for _, name := range algorithms {
		require(computable[name] != nil, "digest-not-computable", "the digest %s cannot be computed here", shown(name))
		running[name] = computable[name]()
		writers = append(writers, running[name])
	}
	file, err := os.Open(path)
	requireFile(err, "file-unreadable", path)
	defer file.Close()
	made.Size, err = io.Copy(io.MultiWriter(writers...), file)
	requireFile(err, "file-unreadable", path)
	made.Digest = map[string]string{}
	for name, digest := range running {
		made.Digest[name] = hex.EncodeToString(digest.Sum(nil))
	}
	return made, nil
}

// SignDeposit gives a signed evidence.deposit with its disclosures, as it is sent. Keep the text until its receipt is at hand. Its
// jti is new in each call, so calling again makes another deposit: send the same text again instead.
//
// sealed has claims (names, case, collection, note, ext), each salted and kept outside the permanent entry; items and relates stay
// readable for ever.
func (k *SigningKey) SignDeposit(
	issuer, origin string, items []Item, sealed map[string]any, relates []map[string]any,
) (presentation string, err error) {
	defer catch(&err)
	var digests []string
	suffix := ""
	for claim, value := range sealed {
		encoded := disclose(claim, value, len(items))
		suffix += "~" + encoded
		digests = append(digests, b64url(sum([]byte(encoded))))
	}
	payload := map[string]any{"items": items}
	if len(relates) > 0 {
		payload["relates"] = relates
	}
	if len(digests) > 0 {
		// In the order of the digests, which says nothing about the claims.
		sort.Strings(digests)
		payload["_sd"], payload["_sd_alg"] = digests, "sha-256"
		suffix += "~"
	}
	return k.sign(issuer, origin, "evidence.deposit", payload) + suffix, nil
}

// RequireSame gives deposit-differs where a statement that was kept is not sound, or not what this key would sign now: wanted. Only
// iat, jti and salts may differ. A folder that was handed over may bring another signer's statement.
func (k *SigningKey) RequireSame(kept, wanted string) error {
	var differing []string
	var fault error
	func() {
		defer catch(&fault)
		was, now := k.content(kept), k.content(wanted)
		for name, text := range now {
			if was[name] == text {
				delete(was, name)
			} else {
				was[name] = text
			}
		}
		for name := range was {
			differing = append(differing, name)
		}
	}()
	sort.Strings(differing)
	why := strings.Join(differing, ", ")
	if fault != nil {
		why = fault.Error()
	}
	if why == "" {
		return nil
	}
	const stays = "it stays, and nothing was sent; repeat the command that made it, or move it away to sign anew"
	return newError("deposit-differs", "the statement that waits is not the one that is asked for (%s): %s", shown(why), stays)
}

// content is all that a statement of a key says, as JSON by name; a claim that is not disclosed is refused, as a ledger refuses it.
func (k *SigningKey) content(presentation string) map[string]string {
	parts := strings.Split(presentation, "~")
	last := len(parts) - 1
	require(last == 0 || parts[last] == "", "disclosure-malformed", "it does not end with a tilde")
	said := readStatement(parts[0])
	var disclosures []disclosure
	for i := 1; i < last; i++ {
		disclosures = append(disclosures, readDisclosure(parts[i]))
	}
	claims, found := map[string]any{}, findings{}
	checkStatement(parts[0], said, k.private.Public().(ed25519.PublicKey), textIn(said.payload["aud"]), disclosures, claims, &found)
	if len(found) > 0 {
		panic(found[0])
	}
	require(len(claims) == len(sealedIn(said)), "disclosure-missing", "a sealed claim is not disclosed")
	return byName(said.payload, claims)
}

func byName(payload, claims map[string]any) map[string]string {
	content := map[string]string{}
	for name, value := range payload {
		if name != "iat" && name != "jti" && name != "_sd" && name != "_sd_alg" {
			content[name] = string(writeJSON(value))
		}
	}
	for claim, value := range claims {
		content["sealed "+claim] = string(writeJSON(value))
	}
	return content
}

// SignRetraction gives a signed evidence.retract of a deposit: mistake, superseded, withdrawn, ordered, other. Nothing is removed.
func (k *SigningKey) SignRetraction(issuer string, of *Receipt, reason string) (jws string, err error) {
	defer catch(&err)
	return k.sign(issuer, of.Origin, "evidence.retract", map[string]any{"of": of.Reference(), "reason": reason}), nil
}

// SignAttestation gives a signed evidence.attest of somebody's deposit, as witness, notary, examiner, recipient, ….
func (k *SigningKey) SignAttestation(issuer string, of *Receipt, as string) (jws string, err error) {
	defer catch(&err)
	return k.sign(issuer, of.Origin, "evidence.attest", map[string]any{"of": of.Reference(), "as": as}), nil
}

func (k *SigningKey) sign(issuer, origin, kind string, payload map[string]any) string {
	id := random(16)
	id[6], id[8] = id[6]&0x0f|0x40, id[8]&0x3f|0x80
	payload["iss"], payload["aud"], payload["iat"], payload["kind"] = issuer, origin, time.Now().Unix(), kind
	payload["jti"] = fmt.Sprintf("%x-%x-%x-%x-%x", id[:4], id[4:6], id[6:8], id[8:10], id[10:])
	jws := k.signJWS(statementType, payload)
	// What a ledger would refuse is found here, where nothing has left yet.
	checkKind(readStatement(jws).payload)
	require(len(jws) <= entryBytes-128, "statement-too-large", "it does not fit into an entry: split the deposit")
	return jws
}

func random(length int) []byte {
	data := make([]byte, length)
	_, err := rand.Read(data)
	require(err == nil, "internal-error", "the system gives no random numbers")
	return data
}

func disclose(claim string, value any, items int) string {
	require(sealable[claim], "disclosure-claim", "%s is no claim that a deposit may seal", shown(claim))
	encoded := b64url(writeJSON([]any{b64url(random(16)), claim, value}))
	names, isList := readDisclosure(encoded).value.([]any)
	require(claim != "names" || isList && len(names) == items, "disclosure-claim", "names has one string for each item")
	return encoded
}

func (k *SigningKey) signJWS(typ string, payload map[string]any) string {
	header := writeJSON(map[string]string{"alg": "EdDSA", "typ": typ, "kid": k.Thumbprint})
	signed := b64url(header) + "." + b64url(writeJSON(payload))
	return signed + "." + b64url(ed25519.Sign(k.private, []byte(signed)))
}

// ---- Page 05: notes and verifier keys ------------------------------------------------------------------------------

const (
	ledgerType  = 0x01
	witnessType = 0x04
	mlDSAType   = 0x06
)

type vkey struct {
	name, keyID string
	kind        byte
	key         string
}

type signatureLine struct {
	name, keyID string
	signature   []byte
}

func (l signatureLine) timestamp() uint64 {
	if len(l.signature) < 8 {
		return 0
	}
	return binary.BigEndian.Uint64(l.signature)
}

type checkpoint struct {
	origin     string
	size       int64
	root       []byte
	text       string
	signatures []signatureLine
}

var keyName = exactly(`[^+\t-\r \x{85}\x{a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000}\x{180e}\x{feff}]+`)

func readVkey(text string) vkey {
	const code = "vkey-malformed"
	parts := strings.SplitN(text, "+", 3)
	split := utf8.ValidString(text) && len(parts) == 3 && keyName.MatchString(parts[0]) && len(parts[1]) == 8 && hexForm.MatchString(parts[1])
	require(split, code, "a vkey is not name, key id and key")
	id, _ := hex.DecodeString(parts[1])
	data := readB64(parts[2], code)
	require(len(data) >= 2, code, "a vkey has no key")
	if kind := data[0]; kind == ledgerType || kind == witnessType || kind == mlDSAType {
		sound := kind == mlDSAType && len(data) == 1+1312 || kind != mlDSAType && keyIsSound(data[1:])
		require(sound, code, "the key of a vkey is none that its type allows")
		own := bytes.Equal(sum([]byte(parts[0]), []byte("\n"), data)[:4], id)
		require(own, code, "the key id of a vkey is not its own")
	}
	return vkey{parts[0], string(id), data[0], string(data[1:])}
}

func readCheckpoint(note string) checkpoint {
	code := "note-malformed"
	divider := strings.LastIndex(note, "\n\n")
	control := strings.IndexFunc(note, func(r rune) bool { return r < 0x20 && r != '\n' })
	require(utf8.ValidString(note), "utf8-malformed", "the checkpoint is not UTF-8")
	whole := len(note) <= noteBytes && divider >= 0 && control < 0 && strings.HasSuffix(note, "\n")
	require(whole, code, "the checkpoint is no signed note")
	read := checkpoint{text: note[:divider+1]}
	rows := strings.Split(strings.TrimSuffix(note[divider+2:], "\n"), "\n")
	require(len(rows) <= 64, code, "a note has 1 to 64 signature lines")
	for _, row := range rows {
		parts := strings.Split(row, " ")
		require(len(parts) == 3 && parts[0] == "\u2014" && keyName.MatchString(parts[1]), code, "a signature line is malformed")
		signature := readB64(parts[2], code)
		require(len(signature) >= 5, code, "a signature line has no signature")
		read.signatures = append(read.signatures, signatureLine{parts[1], string(signature[:4]), signature[4:]})
	}
	code = "checkpoint-malformed"
	lines := strings.Split(strings.TrimSuffix(read.text, "\n"), "\n")
	require(len(lines) == 3 && originForm.MatchString(lines[0]), code, "the checkpoint is not origin, size and root")
	read.origin, read.size, read.root = lines[0], readDecimal(lines[1], code), readHash(lines[2], code)
	return read
}

func (k vkey) verifies(text string, line signatureLine) bool {
	if k.kind == ledgerType {
		return signatureIsValid([]byte(k.key), []byte(text), line.signature)
	}
	at := line.timestamp()
	message := fmt.Sprintf("cosignature/v1\ntime %d\n%s", at, text)
	return len(line.signature) == 72 && at <= mostSeconds && signatureIsValid([]byte(k.key), []byte(message), line.signature[8:])
}

// ---- Page 07: policy -----------------------------------------------------------------------------------------------

// Policy is what is trusted: the ledger's keys, the witnesses, and how many of them must have cosigned.
type Policy struct {
	logs      []vkey
	names     []string // of witnesses, in the order of the file
	witnesses map[string]vkey
	groups    map[string]group
	quorum    string
}

type group struct {
	threshold int64
	members   []string
}

// LoadPolicy reads a policy file.
func LoadPolicy(path string) (*Policy, error) {
	data, err := ReadFile(path, policyBytes, false)
	if err != nil {
		return nil, err
	}
	return ParsePolicy(data)
}

// ParsePolicy reads a policy as page 07 has it.
func ParsePolicy(data []byte) (read *Policy, err error) {
	defer func() {
		if err != nil {
			err = newError("policy-malformed", "the policy cannot be used: %s", AsError(err).Message)
		}
	}()
	defer catch(&err)
	return parsePolicy(data), nil
}

// Origin is the one ledger of the policy; policy-malformed where it has none, or several.
func (p *Policy) Origin() (origin string, err error) {
	defer catch(&err)
	for _, log := range p.logs {
		require(origin == "" || origin == log.name, "policy-malformed", "the policy has more than one ledger: name the origin")
		origin = log.name
	}
	require(origin != "", "policy-malformed", "the policy has no ledger")
	return origin, nil
}

func (p *Policy) met(name string, counted func(string) bool) bool {
	if name == "none" {
		return true
	}
	asked, isGroup := p.groups[name]
	if !isGroup {
		return counted(name)
	}
	have := int64(0)
	for _, member := range asked.members {
		if p.met(member, counted) {
			have++
		}
	}
	return have >= asked.threshold
}

func parsePolicy(data []byte) *Policy {
	const code = "policy-malformed"
	for _, octet := range data {
		require((octet >= 0x20 || octet == '\t' || octet == '\n') && octet != 0x7f, code, "it has control characters")
	}
	ended := len(data) <= policyBytes && (len(data) == 0 || data[len(data)-1] == '\n')
	require(ended, code, "it is too large, or its last line does not end in a line feed")
	read := &Policy{witnesses: map[string]vkey{}, groups: map[string]group{}}
	keys, taken := map[string]bool{}, map[string]bool{}
	newKey := func(role, text string) vkey {
		key := readVkey(text)
		require(!keys[role+key.key], code, "it has a key twice")
		keys[role+key.key] = true
		return key
	}
	defined := func(name string) bool {
		_, isWitness := read.witnesses[name]
		_, isGroup := read.groups[name]
		return isWitness || isGroup
	}
	for _, line := range strings.Split(string(data), "\n") {
		words := strings.FieldsFunc(line, func(r rune) bool { return r == ' ' || r == '\t' })
		if len(words) == 0 || words[0][0] == '#' {
			continue
		}
		first := words[0]
		if first == "witness" || first == "group" {
			require(len(words) > 1 && words[1] != "none" && !defined(words[1]), code, "it defines a name twice, or none")
		}
		switch {
		case first == "log" && (len(words) == 2 || len(words) == 3):
			log := newKey(first, words[1])
			require(log.kind == ledgerType, code, "a log has a key of another type than 1")
			read.logs = append(read.logs, log)
		case first == "witness" && (len(words) == 3 || len(words) == 4):
			read.witnesses[words[1]] = newKey(first, words[2])
			read.names = append(read.names, words[1])
		case first == "group" && len(words) >= 4:
			members := words[3:]
			for _, name := range members {
				require(defined(name) && !taken[name], code, "a group has a member that is unknown, or in a group already")
				taken[name] = true
			}
			threshold := int64(1)
			if words[2] == "all" {
				threshold = int64(len(members))
			} else if words[2] != "any" {
				threshold = readDecimal(words[2], code)
			}
			require(threshold >= 1 && threshold <= int64(len(members)), code, "a group asks for none, or for more than it has")
			read.groups[words[1]] = group{threshold, members}
		case first == "quorum" && len(words) == 2 && read.quorum == "":
			require(words[1] == "none" || defined(words[1]), code, "the quorum is not defined above it")
			read.quorum = words[1]
		default:
			require(false, code, "a line is no definition")
		}
	}
	fits := read.quorum != "" && len(read.logs)+len(read.witnesses)+len(read.groups) <= 512
	require(fits, code, "it has no quorum, or more than 512 definitions")
	return read
}

// Cosignature names a witness of the policy that cosigned, and says when, in seconds since 1970.
type Cosignature struct {
	Name      string
	Timestamp int64
}

// apply tells what is wrong with a checkpoint under the policy, and gives the witnesses that cosigned.
func (p *Policy) apply(note checkpoint, found *findings) (cosigned []Cosignature) {
	type lineID struct{ name, keyID string }
	known := map[lineID]vkey{}
	all, isNamed := append([]vkey(nil), p.logs...), false
	for _, name := range p.names {
		all = append(all, p.witnesses[name])
	}
	for _, key := range all {
		if _, twice := known[lineID{key.name, key.keyID}]; !twice {
			known[lineID{key.name, key.keyID}] = key
		}
		isNamed = isNamed || key.kind == ledgerType && key.name == note.origin
	}
	if !isNamed {
		found.add("receipt-other-ledger", "it is of %s, which the policy does not name", shown(note.origin))
		return nil
	}
	type keyID struct {
		kind byte
		key  string
	}
	verified, lines, isSigned := map[keyID]int64{}, map[lineID]bool{}, false
	for _, line := range note.signatures {
		lines[lineID{line.name, line.keyID}] = true
		key, ok := known[lineID{line.name, line.keyID}]
		if !ok || key.kind != ledgerType && key.kind != witnessType {
			continue
		}
		if !key.verifies(note.text, line) {
			found.add("signature-invalid", "the signature of %s under the checkpoint does not verify", shown(key.name))
			return nil
		}
		// Of several lines by one key the first counts.
		if _, twice := verified[keyID{key.kind, key.key}]; !twice {
			verified[keyID{key.kind, key.key}] = int64(line.timestamp())
		}
	}
	for _, log := range p.logs {
		_, ok := verified[keyID{ledgerType, log.key}]
		isSigned = isSigned || ok && log.name == note.origin
	}
	if !isSigned {
		found.add("checkpoint-untrusted", "no key of the policy signed the checkpoint")
		return nil
	}
	has, may := map[string]bool{}, map[string]bool{}
	for _, name := range p.names {
		key := p.witnesses[name]
		at, ok := verified[keyID{key.kind, key.key}]
		if key.kind == witnessType && ok {
			has[name] = true
			cosigned = append(cosigned, Cosignature{strings.ToValidUTF8(name, "\ufffd"), at})
		}
		may[name] = has[name] || key.kind != witnessType && lines[lineID{key.name, key.keyID}]
	}
	if !p.met(p.quorum, func(name string) bool { return has[name] }) {
		if p.met(p.quorum, func(name string) bool { return may[name] }) {
			found.add("policy-unsupported", "the quorum rests on keys that this client does not verify")
		} else {
			found.add("policy-unmet", "the witnesses that the policy asks for have not cosigned")
		}
	}
	return cosigned
}

// ---- Page 06: receipts ---------------------------------------------------------------------------------------------

// Receipt is a receipt that verified.
type Receipt struct {
	// Data are its bytes: what to keep.
	Data     []byte
	Origin   string
	Index    int64
	Time     string
	LeafHash string
	// Size is that of the checkpoint.
	Size    int64
	KeyID   string
	Payload map[string]any
	// Claims are the sealed claims that the receipt discloses; Withheld is how many it does not.
	Claims    map[string]any
	Withheld  int
	Witnesses []Cosignature

	entry, root []byte
	// Digests of the sealed claims that the receipt discloses.
	disclosed map[string]bool
}

// Reference is how statements name this entry.
func (r *Receipt) Reference() map[string]any {
	return map[string]any{"index": r.Index, "leafHash": r.LeafHash}
}

// EntryHash shows to the ledger that one has the entry (pages 11 and 15).
func (r *Receipt) EntryHash() string { return b64(sum([]byte("evidence-ledger/status/v1\n"), r.entry)) }

type parsedReceipt struct {
	index       int64
	hashes      [][]byte
	checkpoint  checkpoint
	entry       []byte
	entryIndex  int64
	time        string
	jws         string // empty in a version that is not of this specification
	publicKey   []byte
	disclosures []disclosure
}

var (
	entryVersion = exactly(`evidence-ledger/entry/v([1-9][0-9]{0,8})`)
	jwkForm      = exactly(`\{"crv":"Ed25519","kty":"OKP","x":"([A-Za-z0-9_-]{43})"\}`)
)

func parseReceipt(data []byte) *parsedReceipt {
	const code = "receipt-malformed"
	require(len(data) <= receiptBytes, code, "the receipt is too large")
	require(utf8.Valid(data), "utf8-malformed", "the receipt is not UTF-8")
	head, note, divided := strings.Cut(string(data), "\n\n")
	lines := strings.Split(head, "\n")
	isProof := divided && len(lines) >= 3 && len(lines) <= 3+63 && lines[0] == "c2sp.org/tlog-proof@v1"
	require(isProof, code, "the receipt is no tlog-proof")
	named := strings.HasPrefix(lines[1], "extra ") && strings.HasPrefix(lines[2], "index ")
	require(named, code, "the receipt lacks its extra or index line")
	extra := readB64(lines[1][6:], code)
	read := &parsedReceipt{index: readDecimal(lines[2][6:], code)}
	for _, line := range lines[3:] {
		read.hashes = append(read.hashes, readHash(line, code))
	}
	read.checkpoint = readCheckpoint(note)
	require(utf8.Valid(extra), "utf8-malformed", "extra is not UTF-8")
	rows := strings.Split(strings.TrimSuffix(string(extra), "\n"), "\n")
	at := 5
	for rows[0] != "evidence-ledger/entry/v1" && at < len(rows) && !strings.HasPrefix(rows[at], `{"crv":`) {
		at++
	}
	whole := bytes.HasSuffix(extra, []byte("\n")) && len(rows) > at && len(rows) <= at+6
	require(whole, code, "extra is not an entry, a key and at most five disclosures")
	read.readEntry(rows[:at])
	key := jwkForm.FindStringSubmatch(rows[at])
	require(key != nil, "key-malformed", "the signer's key is not in the form of RFC 7638")
	read.publicKey = readB64url(key[1], "base64-malformed")
	require(keyIsSound(read.publicKey), "key-weak", "the signer's key is no canonical point of prime order")
	for _, row := range rows[at+1:] {
		read.disclosures = append(read.disclosures, readDisclosure(row))
	}
	return read
}

// readEntry is page 03.
func (r *parsedReceipt) readEntry(rows []string) {
	const code = "entry-malformed"
	r.entry = []byte(strings.Join(rows, "\n") + "\n")
	require(len(r.entry) <= entryBytes, "entry-too-large", "the entry is larger than any")
	version := entryVersion.FindStringSubmatch(rows[0])
	require(version != nil, code, "the entry names no version")
	r.entryIndex, r.time = readDecimal(rows[1], code), rows[2]
	readTime(r.time, code)
	readHash(rows[3], code)
	if version[1] == "1" {
		r.jws = rows[4]
		require(r.jws != "", code, "the entry has no statement")
	}
}

// NotJudged tells codes that say that the full verifier, or a newer one, is needed.
func NotJudged(code string) bool {
	return code == "not-judged" || code == "policy-unsupported" || code == "digest-not-computable"
}

// findings collects what a verification finds; a fault comes before what is not judged.
type findings []*Error

func (f *findings) add(code, format string, args ...any) {
	*f = append(*f, newError(code, format, args...))
}

func (f findings) err(receipt []byte) error {
	if len(f) == 0 {
		return nil
	}
	sort.SliceStable(f, func(i, j int) bool { return !NotJudged(f[i].Code) && NotJudged(f[j].Code) })
	first := &Error{Code: f[0].Code, Message: f[0].Message, Receipt: receipt}
	for _, one := range f {
		first.Faults = append(first.Faults, one.Code)
	}
	return first
}

// VerifyReceipt verifies a receipt, offline (page 06).
//
// The error has the code of the first fault, and all of them in Faults. Kinds that are not in the table of kinds, and cosignatures
// with ML-DSA-44, are left to the full verifier: not-judged, policy-unsupported.
func VerifyReceipt(data []byte, policy *Policy) (*Receipt, error) {
	var found findings
	result := &Receipt{Data: data, Claims: map[string]any{}}
	var fault error
	func() {
		defer catch(&fault)
		judge(parseReceipt(data), policy, result, &found)
	}()
	if fault != nil {
		found = append(found, AsError(fault))
	}
	if err := found.err(data); err != nil {
		return nil, err
	}
	return result, nil
}

func judge(read *parsedReceipt, policy *Policy, result *Receipt, found *findings) {
	note, leaf := read.checkpoint, sum([]byte{0}, read.entry)
	result.Origin, result.Index, result.Time, result.Size = note.origin, read.index, read.time, note.size
	result.LeafHash, result.entry, result.root = b64(leaf), read.entry, note.root
	result.Witnesses = policy.apply(note, found)
	for _, witness := range result.Witnesses {
		if time.Unix(witness.Timestamp, 0).Before(readTime(read.time, "entry-malformed").Add(-time.Minute)) {
			found.add("cosignature-early", "a witness cosigned before the time of the entry")
			break
		}
	}
	if read.index != read.entryIndex {
		found.add("receipt-index", "the receipt names another index than its entry")
	} else if !inclusionHolds(read.index, note.size, leaf, read.hashes, note.root) {
		found.add("inclusion-invalid", "the proof does not lead from the entry to the checkpoint")
	}
	require(read.jws != "", "not-judged", "the entry is of a later version: needs a newer verifier")
	said := readStatement(read.jws)
	result.KeyID, result.Payload = said.kid, said.payload
	checkStatement(read.jws, said, read.publicKey, note.origin, read.disclosures, result.Claims, found)
	result.Withheld = len(sealedIn(said)) - len(read.disclosures)
	result.disclosed = map[string]bool{}
	for _, one := range read.disclosures {
		result.disclosed[one.digest] = true
	}
}

// checkStatement is page 06, steps 6 to 9: signer, audience, members, disclosures. It fills in the claims that are disclosed.
func checkStatement(
	jws string, said statement, public []byte, origin string, disclosures []disclosure, claims map[string]any, found *findings,
) {
	signed := jws[:strings.LastIndexByte(jws, '.')]
	switch {
	case thumbprintOf(public) != said.kid:
		found.add("key-not-issuers", "the key is not the one that the statement names")
	case !knownAlg(said.alg):
		found.add("not-judged", "the signature is of a later algorithm: needs a newer verifier")
	case !signatureIsValid(public, []byte(signed), said.signature):
		found.add("signature-invalid", "the statement's signature does not verify")
	}
	if said.payload["aud"] != origin {
		found.add("audience-wrong", "the statement is for another ledger")
	}
	checkKind(said.payload)
	used := map[string]bool{}
	for _, digest := range sealedIn(said) {
		used[digest.(string)] = false
	}
	for _, one := range disclosures {
		isUsed, isSealed := used[one.digest]
		require(isSealed, "disclosure-foreign", "a disclosure was not sealed with this statement")
		_, twice := claims[one.claim]
		require(!twice && !isUsed, "disclosure-repeated", "a claim is disclosed twice")
		used[one.digest] = true
		claims[one.claim] = one.value
	}
}

func sealedIn(said statement) []any {
	sealed, _ := said.payload["_sd"].([]any)
	return sealed
}

// VerifyFile gives the number of the item that a file is, by its size and every digest. Manifests, and digests that Go's library
// does not compute, are left to the full verifier.
func (r *Receipt) VerifyFile(path string) (number int, err error) {
	file, err := ItemOfFile(path, "sha256", "sha384", "sha512", "md5", "sha1")
	if err != nil {
		return -1, err
	}
	refuse := func(code, why string) (int, error) {
		return -1, &Error{Code: code, Message: why, Faults: []string{code}}
	}
	items, _ := r.Payload["items"].([]any)
	for number, value := range items {
		item := value.(map[string]any)
		differs, unknown := item["size"] != file.Size, false
		for name, text := range item["digest"].(map[string]any) {
			computed, ok := file.Digest[name]
			unknown = unknown || !ok
			differs = differs || ok && computed != text
		}
		_, isManifest := item["tree"]
		switch {
		case differs:
			continue
		case unknown:
			return refuse("digest-not-computable", "a digest cannot be computed here")
		case isManifest:
			return refuse("not-judged", "the file is a manifest: needs the full verifier")
		}
		return number, nil
	}
	switch len(items) {
	case 0:
		return refuse("reference-kind", "the receipt is of no deposit")
	case 1:
		return refuse("file-differs", "this file is not byte-identical to the one that was deposited")
	}
	return refuse("file-not-in-deposit", "this file is not byte-identical to one that was deposited")
}

// EarlierReceipt gives the receipt that is at a path already, where its statement says all that wanted says: then nothing need be
// sent. It may say more, be signed by an earlier key, withhold file names, and lack cosignatures. The error is file-exists where it
// does not verify or is of something else, deposit-differs where it is of the same and says otherwise. nil where nothing is there.
func (k *SigningKey) EarlierReceipt(path string, policy *Policy, wanted string) (receipt *Receipt, err error) {
	defer catch(&err)
	if _, err := os.Lstat(path); errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	const moved = "; nothing was sent: move it away to sign anew"
	data, err := ReadFile(path, receiptBytes, false)
	if err == nil {
		alone := *policy
		alone.quorum = "none"
		receipt, err = VerifyReceipt(data, &alone)
	}
	if err != nil {
		return nil, newError("file-exists", "%s is there, and is no receipt that verifies (%s)%s", shown(path), AsError(err).Code, moved)
	}
	jws, _, _ := strings.Cut(wanted, "~")
	was, now := byName(receipt.Payload, receipt.Claims), k.content(wanted)
	items, _ := readStatement(jws).payload["items"].([]any)
	earlier, _ := receipt.Payload["items"].([]any)
	same, lacking := sameBytes(earlier, items)
	same = same && was["aud"] == now["aud"] && was["kind"] == now["kind"]
	require(same, "file-exists", "%s is the receipt of entry %d, which is of something else%s", shown(path), receipt.Index, moved)
	var differing []string
	for name, text := range now {
		_, known := was[name]
		if name != "items" && was[name] != text && (known || name != "sealed names") {
			differing = append(differing, name)
		}
	}
	if lacking {
		differing = append(differing, "digest")
	}
	sort.Strings(differing)
	const otherwise = "%s is the receipt of entry %d, which says otherwise (%s)%s"
	require(len(differing) == 0, "deposit-differs", otherwise, shown(path), receipt.Index, shown(strings.Join(differing, ", ")), moved)
	return receipt, nil
}

// sameBytes tells whether items are of the same bytes, one by one, by their sizes and the digests that both have; and whether any of the
// earlier ones lacks a digest that is wanted.
func sameBytes(earlier, wanted []any) (same, lacking bool) {
	same = len(earlier) == len(wanted)
	for i := 0; same && i < len(wanted); i++ {
		one, other := earlier[i].(map[string]any), wanted[i].(map[string]any)
		digests, both := one["digest"].(map[string]any), 0
		same = one["size"] == other["size"]
		for name, text := range other["digest"].(map[string]any) {
			known, ok := digests[name]
			if !ok {
				lacking = true
				continue
			}
			both++
			same = same && known == text
		}
		same = same && both > 0
	}
	return same, lacking
}

// KeepReceipt writes a receipt to a file that was not there. A receipt of the same entry that is there, verifies and discloses as much,
// is left as it is.
func KeepReceipt(path string, receipt *Receipt, policy *Policy) error {
	err := WriteNewFile(path, receipt.Data)
	if err == nil || AsError(err).Code != "file-exists" {
		return err
	}
	if data, failed := ReadFile(path, receiptBytes, false); failed == nil {
		there, failed := VerifyReceipt(data, policy)
		if failed == nil && bytes.Equal(there.entry, receipt.entry) && isWithin(receipt.disclosed, there.disclosed) {
			return nil
		}
	}
	return err
}

// IsOf tells whether the entry is of this very statement, with or without its disclosures, and not only of one that says the same.
func (r *Receipt) IsOf(statement string) bool {
	jws, _, _ := strings.Cut(statement, "~")
	return strings.Split(string(r.entry), "\n")[4] == jws
}

// Replaces tells whether the receipt is of this very statement, and discloses all that it does: the statement is then not needed any
// more. One that discloses more has the only copy of the salts.
func (r *Receipt) Replaces(statement string) bool {
	return r.IsOf(statement) && isWithin(disclosedIn(statement), r.disclosed)
}

// disclosedIn gives the digests of the disclosures of a presentation.
func disclosedIn(statement string) map[string]bool {
	digests := map[string]bool{}
	for _, text := range strings.Split(statement, "~")[1:] {
		if text != "" {
			digests[b64url(sum([]byte(text)))] = true
		}
	}
	return digests
}

func isWithin(some, all map[string]bool) bool {
	for one := range some {
		if !all[one] {
			return false
		}
	}
	return true
}

// ---- Page 15: status -----------------------------------------------------------------------------------------------

// Event is what happened to an entry later. Where it is not Proven, it is the ledger's word alone, without Time and Code.
type Event struct {
	Index  int64  `json:"index"`
	Time   string `json:"time,omitempty"`
	What   string `json:"what"`
	Code   string `json:"code,omitempty"`
	Proven bool   `json:"proven"`
}

// Status has what happened as of Size. That nothing is left out, the answer does not show.
type Status struct {
	Size    int64   `json:"size"`
	Flagged bool    `json:"flagged"`
	Events  []Event `json:"events"`
}

const statusCode = "status-malformed"

func hashesIn(value any) [][]byte {
	list, ok := value.([]any)
	require(ok && len(list) <= 63, statusCode, "a proof is no list of hashes")
	var read [][]byte
	for _, one := range list {
		read = append(read, readHash(textIn(one), statusCode))
	}
	return read
}

// readPage checks one page of an answer, adds its events, and gives the "after" of the next; -1 at the end.
func (s *Status) readPage(said map[string]any, receipt *Receipt, policy *Policy, after int64) int64 {
	note := readCheckpoint(textIn(said["checkpoint"]))
	var found findings
	policy.apply(note, &found)
	if len(found) > 0 {
		panic(found[0])
	}
	require(note.origin == receipt.Origin, statusCode, "the answer names another ledger")
	// First of all: two signatures prove it, whatever the rest of the answer is.
	if note.size == receipt.Size && !bytes.Equal(note.root, receipt.root) {
		fork := newError("consistency-invalid", "the ledger signed two trees of one size: keep receipt and answer")
		fork.Faults, fork.Receipt = []string{fork.Code}, []byte(textIn(said["checkpoint"]))
		panic(fork)
	}
	same := said["index"] == receipt.Index && said["leafHash"] == receipt.LeafHash && said["size"] == note.size
	require(same, statusCode, "the answer is of another entry or tree")
	require(note.size >= receipt.Size, "status-behind", "the ledger shows less than it signed before")
	consistent := consistencyHolds(receipt.Size, receipt.root, note.size, note.root, hashesIn(said["consistency"]))
	require(consistent, "consistency-invalid", "the ledger's tree does not go on from that of the receipt")
	included := func(index int64, leaf, proof any) {
		holds := inclusionHolds(index, note.size, readHash(textIn(leaf), statusCode), hashesIn(proof), note.root)
		require(holds, "inclusion-invalid", "a proof does not lead to the checkpoint")
	}
	included(receipt.Index, receipt.LeafHash, said["hashes"])
	events, ok := said["events"].([]any)
	require(ok, statusCode, "the answer has no events")
	last := receipt.Index + 1
	for _, value := range events {
		event, _ := value.(map[string]any)
		require(isCount(event["index"], last, note.size-1), statusCode, "the events are not in order")
		last = event["index"].(int64)
		readTime(textIn(event["time"]), statusCode)
		included(last, event["leafHash"], event["hashes"])
		what := textIn(event["what"])
		_, isShown := event["entry"]
		require(isShown || what == "attested" || what == "related" || what == "erasure-ordered", statusCode, "an event is told without its entry")
		proven := isShown && eventIsProven(event, textIn(said["checkpoint"]), receipt, policy)
		// What was proven of a revocation only: another event's member is nobody's word.
		if since, ok := event["compromisedSince"].(string); ok && proven && strings.HasSuffix(what, "-revoked") {
			s.Flagged = s.Flagged || since <= receipt.Time
		}
		told := Event{Index: last, What: what, Proven: proven}
		if proven {
			told.Time, told.Code = textIn(event["time"]), textIn(event["code"])
		}
		s.Events = append(s.Events, told)
	}
	s.Size = note.size
	next := said["next"]
	if next == nil {
		return -1
	}
	least := after + 1
	if len(events) > 0 && last > least {
		least = last
	}
	require(isCount(next, least, maxInteger), statusCode, "the next page does not follow")
	return next.(int64)
}

// eventIsProven says whether an entry that is shown says what the event says. False where the full verifier is needed to tell.
func eventIsProven(event map[string]any, note string, receipt *Receipt, policy *Policy) bool {
	signer, _ := event["signer"].(map[string]any)
	extra := append(readB64(textIn(event["entry"]), statusCode), jwkLine(readB64url(textIn(signer["x"]), statusCode))+"\n"...)
	lines := []string{"c2sp.org/tlog-proof@v1", "extra " + b64(extra), fmt.Sprintf("index %d", event["index"])}
	for _, sibling := range event["hashes"].([]any) {
		lines = append(lines, sibling.(string))
	}
	later, err := VerifyReceipt([]byte(strings.Join(append(lines, "", note), "\n")), policy)
	if err != nil {
		if NotJudged(AsError(err).Code) {
			return false
		}
		// What nobody signed is a bad answer, and no fault of the evidence.
		panic(newError(AsError(err).Code, "%s", AsError(err).Message))
	}
	said, code := later.Payload, event["code"]
	of, _ := said["of"].(map[string]any)
	names := func(reference map[string]any) bool {
		return reference["index"] == receipt.Index && reference["leafHash"] == receipt.LeafHash
	}
	// An event says what the statement says, and nothing beside it.
	saysSame := func(name string, statement map[string]any) bool {
		told, isTold := event[name]
		own, isOwn := statement[name]
		return isTold == isOwn && told == own
	}
	place := saysSame("item", of) && saysSame("line", of) && saysSame("compromisedSince", said)
	reason := code == said["reason"]
	holds := false
	switch fmt.Sprint(said["kind"], " ", event["what"]) {
	case "evidence.retract retracted":
		holds = names(of) && of["item"] == nil && reason
	case "evidence.retract part-retracted":
		holds = names(of) && of["item"] != nil && reason
	case "evidence.attest attested":
		holds = names(of) && code == said["as"]
	case "evidence.deposit related":
		relates, _ := said["relates"].([]any)
		for _, value := range relates {
			relation := value.(map[string]any)
			holds = holds || names(relation) && relation["origin"] == nil && relation["rel"] == code
		}
	case "erasure.order erasure-ordered":
		ordered, _ := said["of"].([]any)
		_, isElsewhere := said["origin"]
		for _, value := range ordered {
			target := value.(map[string]any)
			holds = holds || names(target) && !isElsewhere && code == nil
		}
	case "participant.revoke key-revoked":
		holds = said["key"] == receipt.KeyID && reason
	case "participant.revoke participant-revoked":
		holds = said["participant"] == receipt.Payload["iss"] && reason
	}
	same := later.Time == event["time"] && later.LeafHash == event["leafHash"] && said["kind"] == event["kind"]
	require(holds && place && same, statusCode, "an entry does not say what the ledger says of it")
	return true
}

// ---- HTTP ----------------------------------------------------------------------------------------------------------

// Options are all optional: the zero value of each stands for what its comment says.
type Options struct {
	// Key and Issuer are needed to read what is not public.
	Key    *SigningKey
	Issuer string
	// Timeout is for one try, from the look-up of the name to the last byte: 60 s.
	Timeout time.Duration
	// Tries is how often at most the same request is sent: 5.
	Tries int
	// MaxWait is the longest pause that a server may ask for between two tries: 2 min.
	MaxWait time.Duration
	// Pause is the first pause where the server names none, about; it doubles: 500 ms.
	Pause time.Duration
	// Transport goes to the network: Go's own, with the proxies of the environment and the system's authorities.
	Transport http.RoundTripper
}

// Client is the HTTP interface of one ledger.
type Client struct {
	base    string
	policy  *Policy
	options Options
	http    *http.Client
}

// NewClient takes the base URL of a ledger, and the policy that its receipts have to satisfy.
func NewClient(base string, policy *Policy, options Options) (client *Client, err error) {
	defer catch(&err)
	parsed, err := url.Parse(base)
	// The text is not repeated: it may have a password.
	plain := err == nil && (parsed.Scheme == "http" || parsed.Scheme == "https") && parsed.Hostname() != "" && parsed.User == nil &&
		!strings.ContainsAny(base, "?#")
	require(plain, "usage", "the URL of the ledger is not http or https, host and path alone")
	if options.Timeout <= 0 {
		options.Timeout = time.Minute
	}
	if options.Tries <= 0 {
		options.Tries = 5
	}
	if options.MaxWait <= 0 {
		options.MaxWait = 2 * time.Minute
	}
	if options.Pause <= 0 {
		options.Pause = 500 * time.Millisecond
	}
	if options.Transport == nil {
		transport := http.DefaultTransport.(*http.Transport).Clone()
		// A compressed answer of a few bytes could be one of gigabytes.
		transport.DisableCompression = true
		transport.MaxResponseHeaderBytes = 64 << 10
		options.Transport = transport
	}
	// No redirect is followed: a statement, or a token, is for one server alone.
	refuse := func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &Client{strings.TrimRight(base, "/"), policy, options, &http.Client{Transport: options.Transport, CheckRedirect: refuse}}, nil
}

// Result is a statement whose receipt verified, or the error of one statement of a batch.
type Result struct {
	// Created is false where the same bytes were sequenced before.
	Created bool
	Receipt *Receipt
	Err     error
}

// Deposit sends one statement, of any kind, and verifies its receipt. Where the policy asks for witnesses, they are awaited.
// shownEntries are receipts of entries that the statement refers to and the signer may not read otherwise (page 11).
//
// The error has the server's code, server-unreachable, server-answer, policy-unmet where the witnesses are late, or what is not
// judged here. After any of them the same text may be sent again: it is sequenced once.
func (c *Client) Deposit(ctx context.Context, statement string, shownEntries ...*Receipt) (result *Result, err error) {
	defer catch(&err)
	checkPresentation(statement)
	path := "/v1/statements"
	if c.policy.quorum != "none" {
		path += "?wait=cosigned"
	}
	headers := map[string]string{"Content-Type": "application/sd-jwt", "Accept": "application/json"}
	var shows []string
	for _, one := range shownEntries {
		shows = append(shows, fmt.Sprintf("%d:%s", one.Index, one.EntryHash()))
	}
	if len(shows) > 0 {
		headers["Evidence-Shown"] = strings.Join(shows, ", ")
	}
	for attempt := 0; ; attempt++ {
		answer := c.send(ctx, http.MethodPost, path, headers, statement, answerBytes)
		if answer.status < 200 || answer.status > 202 {
			panic(problem(answer.status, document(answer.body), answer.retryAfter))
		}
		result, err = c.accepted(statement, answer.status, document(answer.body))
		if err == nil || AsError(err).Code != "policy-unmet" || attempt+1 >= c.options.Tries {
			return result, err
		}
		c.sleep(ctx, attempt, 0)
	}
}

// DepositMany sends statements in batches. It gives, in their order, the result of each; one does not affect another.
func (c *Client) DepositMany(ctx context.Context, statements []string) (results []Result, err error) {
	defer catch(&err)
	var pending []int
	for number, statement := range statements {
		checkPresentation(statement)
		pending = append(pending, number)
	}
	results = make([]Result, len(statements))
	for attempt := 0; ; attempt++ {
		for _, chunk := range chunks(pending, statements) {
			c.batch(ctx, chunk, statements, results)
		}
		// Lines that were refused for the moment. What was said of a batch as a whole was tried often enough.
		pending = pending[:0]
		for number, result := range results {
			if result.Err != nil && AsError(result.Err).again {
				pending = append(pending, number)
			}
		}
		if len(pending) == 0 || attempt+1 >= c.options.Tries || ctx.Err() != nil {
			break
		}
		// A line has no Retry-After: the server's least is a second.
		c.sleep(ctx, attempt, time.Second)
	}
	for number, statement := range statements {
		// A batch does not wait for witnesses: the same bytes are sent alone, until they have cosigned.
		if result := results[number]; result.Err != nil && AsError(result.Err).Code == "policy-unmet" {
			results[number] = AsResult(c.Deposit(ctx, statement))
		}
	}
	return results, nil
}

// Status asks what happened to an entry after its receipt was made, and checks the answer (page 15). Nobody signs such an answer: an
// error says that the ledger could not be asked, unless its Faults are not empty.
func (c *Client) Status(ctx context.Context, receipt *Receipt) (status *Status, err error) {
	defer catch(&err)
	shows := url.QueryEscape(receipt.EntryHash())
	status = &Status{Events: []Event{}}
	after := receipt.Index
	for page := 0; page < 1000; page++ {
		path := fmt.Sprintf("/v1/entries/%d/status?entryHash=%s&from=%d&after=%d", receipt.Index, shows, receipt.Size, after)
		if after = status.readPage(c.ask(ctx, path, ""), receipt, c.policy, after); after < 0 {
			return status, nil
		}
	}
	return nil, newError("server-answer", "the answer has more than 1,000 pages")
}

// Token gives an access token (page 11), `Authorization: Bearer …`: for this server alone, of five minutes.
func (c *Client) Token() (token string, err error) {
	defer catch(&err)
	named := c.options.Key != nil && c.options.Issuer != ""
	require(named, "usage", "an access token needs the key and the id of its owner")
	now := time.Now().Unix()
	payload := map[string]any{"iss": c.options.Issuer, "aud": c.base, "iat": now, "exp": now + 300}
	return c.options.Key.signJWS("evidence-access+jwt", payload), nil
}

// Receipt gives a receipt of an entry by its index, verified: one that was lost, or one under a newer checkpoint. Its errors are those of
// Deposit.
func (c *Client) Receipt(ctx context.Context, index int64) (receipt *Receipt, err error) {
	defer catch(&err)
	said := c.ask(ctx, fmt.Sprintf("/v1/entries/%d/receipt", index), "")
	return c.verified(said, func(read *parsedReceipt) bool { return read.index == index })
}

// Query is what a search names: digests (sha256:<hex>), case numbers, exhibit numbers.
type Query struct{ Digests, Cases, Exhibits []string }

// Entry is what a search tells of an entry.
type Entry struct {
	Index    int64  `json:"index"`
	Time     string `json:"time"`
	LeafHash string `json:"leafHash"`
	Issuer   string `json:"iss"`
	Kind     string `json:"kind"`
}

// Found is what a search found by one thing, By which is digest, case or exhibit: its first entries, and whether there are more. That is
// the server's word: Client.Receipt proves an entry, and nothing proves that there is none.
type Found struct {
	By      string  `json:"by"`
	Value   string  `json:"value"`
	Entries []Entry `json:"entries"`
	More    bool    `json:"more"`
}

// Search gives what one may read of each digest, then each case number, then each exhibit number, in this order.
func (c *Client) Search(ctx context.Context, query Query) (found []Found, err error) {
	defer catch(&err)
	var asked []Found
	for i, values := range [][]string{query.Digests, query.Cases, query.Exhibits} {
		for _, value := range values {
			asked = append(asked, Found{By: []string{"digest", "case", "exhibit"}[i], Value: value})
		}
	}
	for len(found) < len(asked) {
		some := asked[len(found):]
		if len(some) > 1000 {
			some = some[:1000]
		}
		body := map[string][]string{}
		for _, one := range some {
			body[one.By+"s"] = append(body[one.By+"s"], one.Value)
		}
		found = append(found, readFound(c.ask(ctx, "/v1/entries/search", string(writeJSON(body))), some)...)
	}
	return found, nil
}

// readFound gives what an answer has of the first of these; one that is full has null for the others, which are to be asked for again.
func readFound(said map[string]any, asked []Found) (found []Found) {
	broken := func(holds bool) { require(holds, "server-answer", "the answer is not that of a search for these") }
	results, _ := said["results"].([]any)
	broken(len(results) == len(asked))
	for i, one := range asked {
		result, _ := results[i].(map[string]any)
		more, isSaid := result["more"].(bool)
		broken(isSaid && result[one.By] == one.Value)
		if result["entries"] == nil {
			break
		}
		entries, isList := result["entries"].([]any)
		broken(isList)
		one.Entries, one.More = []Entry{}, more
		for _, each := range entries {
			entry, _ := each.(map[string]any)
			broken(isCount(entry["index"], 0, maxInteger))
			read := Entry{
				entry["index"].(int64), textIn(entry["time"]), textIn(entry["leafHash"]), textIn(entry["iss"]), textIn(entry["kind"]),
			}
			broken(read.Time != "" && read.LeafHash != "" && read.Issuer != "" && read.Kind != "")
			one.Entries = append(one.Entries, read)
		}
		found = append(found, one)
	}
	broken(len(found) > 0)
	return found
}

// ask gets a document; where there is a body, it posts that.
func (c *Client) ask(ctx context.Context, path, body string) map[string]any {
	headers, method := map[string]string{"Accept": "application/json"}, http.MethodGet
	if body != "" {
		headers["Content-Type"], method = "application/json", http.MethodPost
	}
	if c.options.Key != nil && c.options.Issuer != "" {
		token, _ := c.Token()
		headers["Authorization"] = "Bearer " + token
	}
	answer := c.send(ctx, method, path, headers, body, answerBytes)
	if answer.status != http.StatusOK {
		panic(problem(answer.status, document(answer.body), answer.retryAfter))
	}
	return document(answer.body)
}

// AsResult makes one of what Deposit gives.
func AsResult(result *Result, err error) Result {
	if err != nil {
		return Result{Err: err}
	}
	return *result
}

// batch sends some of the statements, and writes the result of each.
func (c *Client) batch(ctx context.Context, chunk []int, statements []string, results []Result) {
	var body strings.Builder
	for _, number := range chunk {
		body.WriteString(statements[number] + "\n")
	}
	// Each line may be answered by a receipt.
	limit := int64(1+2*len(chunk)) << 20
	if limit > 64<<20 {
		limit = 64 << 20
	}
	headers := map[string]string{"Content-Type": "application/x-ndjson", "Accept": "application/x-ndjson"}
	var lines [][]byte
	var err error
	func() {
		defer catch(&err)
		answer := c.send(ctx, http.MethodPost, "/v1/statements", headers, body.String(), limit)
		if answer.status != http.StatusOK {
			panic(problem(answer.status, document(answer.body), answer.retryAfter))
		}
		lines = bytes.Split(answer.body, []byte("\n"))
		whole := len(lines) == len(chunk)+1 && len(lines[len(chunk)]) == 0
		require(whole, "server-answer", "the server answered another number of lines")
	}()
	for i, number := range chunk {
		if err != nil {
			results[number] = Result{Err: err}
		} else {
			results[number] = AsResult(c.line(int64(i+1), statements[number], lines[i]))
		}
	}
}

func (c *Client) line(number int64, statement string, line []byte) (*Result, error) {
	said := document(line)
	if said["line"] != number {
		return nil, newError("server-answer", "line %d of the answer is not numbered as the answer to that line", number)
	}
	if !isCount(said["status"], 100, 599) {
		return nil, newError("server-answer", "a line of the answer has no status")
	}
	status := int(said["status"].(int64))
	if status != http.StatusOK && status != http.StatusCreated {
		refusal := problem(status, said, 0)
		refusal.again = isPassing(status)
		return nil, refusal
	}
	return c.accepted(statement, status, said)
}

func (c *Client) accepted(statement string, status int, said map[string]any) (*Result, error) {
	jws, _, _ := strings.Cut(statement, "~")
	receipt, err := c.verified(said, func(read *parsedReceipt) bool { return read.jws == jws })
	if err != nil {
		return nil, err
	}
	// The statement has the only copy of the salts. Where an order erased a claim, Receipt fetches what there is now.
	if sent := disclosedIn(statement); len(sent) != len(receipt.disclosed) || !isWithin(sent, receipt.disclosed) {
		bad := newError("server-answer", "the receipt of entry %d does not disclose exactly what was sent: keep the statement", receipt.Index)
		bad.Receipt = receipt.Data
		return nil, bad
	}
	return &Result{Created: status == http.StatusCreated, Receipt: receipt}, nil
}

// verified gives the receipt of an answer, of what was asked for.
func (c *Client) verified(said map[string]any, isAsked func(*parsedReceipt) bool) (receipt *Receipt, err error) {
	defer catch(&err)
	data := receiptIn(said)
	receipt, err = receiptOf(data, isAsked, c.policy)
	if err == nil && (said["index"] != receipt.Index || said["time"] != receipt.Time || said["leafHash"] != receipt.LeafHash) {
		err = newError("server-answer", "the answer is not what its receipt says")
	}
	if err == nil {
		return receipt, nil
	}
	fault := AsError(err)
	if NotJudged(fault.Code) {
		return nil, fault
	}
	// What a server answers is no evidence yet: that it does not verify is a fault of the answer, and has no Faults.
	bad := &Error{Code: "policy-unmet", Message: fault.Message, Receipt: data}
	if len(fault.Faults) == 0 {
		bad.Code = "server-answer"
	}
	for _, code := range fault.Faults {
		if code != "policy-unmet" && !NotJudged(code) {
			bad.Code, bad.Message = "server-answer", "the receipt does not verify: "+fault.Error()
		}
	}
	return nil, bad
}

func receiptOf(data []byte, isAsked func(*parsedReceipt) bool, policy *Policy) (receipt *Receipt, err error) {
	defer catch(&err)
	require(isAsked(parseReceipt(data)), "server-answer", "the receipt is of something else")
	return VerifyReceipt(data, policy)
}

// sleep doubles with each try; the jitter keeps clients that were refused together from coming back together.
func (c *Client) sleep(ctx context.Context, attempt int, asked time.Duration) {
	backoff := c.options.Pause << uint(attempt)
	if backoff > 30*time.Second || backoff <= 0 {
		backoff = 30 * time.Second
	}
	timer := time.NewTimer(asked + backoff/2 + time.Duration(mathrand.Int63n(int64(backoff/2)+1)))
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
		panic(interrupted(ctx))
	}
}

func interrupted(ctx context.Context) *Error {
	return &Error{Code: "server-unreachable", Message: "it was called off before it was done", cause: ctx.Err()}
}

type answer struct {
	status     int
	body       []byte
	retryAfter time.Duration
}

// isPassing names statuses after which the same bytes may be taken later: the server, or a proxy before it, could not serve just now.
func isPassing(status int) bool {
	switch status {
	case 408, 429, 500, 502, 503, 504:
		return true
	}
	return false
}

// send makes one request, sent again as the same bytes while the server is busy or out of reach.
func (c *Client) send(ctx context.Context, method, path string, headers map[string]string, body string, limit int64) *answer {
	for attempt := 0; ; attempt++ {
		isLast := attempt+1 >= c.options.Tries
		got, err := c.once(ctx, method, path, headers, body, limit)
		if ctx.Err() != nil {
			panic(interrupted(ctx))
		}
		pause := time.Duration(0)
		if err == nil {
			if !isPassing(got.status) || isLast || got.retryAfter > c.options.MaxWait {
				return got
			}
			pause = got.retryAfter
		} else if why, isFinal := c.why(err); isLast || isFinal {
			panic(newError("server-unreachable", "the ledger cannot be reached: %s", why))
		}
		c.sleep(ctx, attempt, pause)
	}
}

// why says what kind of failure it was, and nothing of what was sent. A certificate that is not trusted now will not be in a second.
func (c *Client) why(err error) (string, bool) {
	var authority x509.UnknownAuthorityError
	var host x509.HostnameError
	var certificate x509.CertificateInvalidError
	if errors.As(err, &authority) || errors.As(err, &host) || errors.As(err, &certificate) {
		return "its certificate is not trusted here", true
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return fmt.Sprintf("no answer within %s", c.options.Timeout), false
	}
	var asked *url.Error
	if errors.As(err, &asked) {
		err = asked.Err
	}
	return shown(err.Error()), false
}

func (c *Client) once(ctx context.Context, method, path string, headers map[string]string, body string, limit int64) (*answer, error) {
	ctx, cancel := context.WithTimeout(ctx, c.options.Timeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, method, c.base+path, strings.NewReader(body))
	require(err == nil, "usage", "the URL of the ledger cannot be used")
	for name, value := range headers {
		request.Header.Set(name, value)
	}
	request.Header.Set("User-Agent", "evidence-client-go/"+version)
	response, err := c.http.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	redirects := response.StatusCode >= 300 && response.StatusCode < 400
	require(!redirects, "server-answer", "the server redirects, and redirects are not followed")
	coding := response.Header.Get("Content-Encoding")
	require(coding == "" || strings.EqualFold(coding, "identity"), "server-answer", "the answer is encoded, which was not asked for")
	data, err := io.ReadAll(io.LimitReader(response.Body, limit+1))
	if err != nil {
		return nil, err
	}
	require(int64(len(data)) <= limit, "server-answer", "the answer is larger than %d bytes", limit)
	return &answer{response.StatusCode, data, retryAfter(response.Header.Get("Retry-After"))}, nil
}

var secondsForm = exactly(`[0-9]{1,9}`)

func retryAfter(text string) time.Duration {
	if secondsForm.MatchString(text) {
		seconds, _ := strconv.ParseInt(text, 10, 64)
		return time.Duration(seconds) * time.Second
	}
	if at, err := http.ParseTime(text); err == nil && time.Until(at) > 0 {
		return time.Until(at)
	}
	return 0
}

// document is empty where the answer is no JSON: whatever is then looked for in it is missing.
func document(body []byte) map[string]any {
	said := map[string]any{}
	var err error
	func() {
		defer catch(&err)
		said = readObject(body)
	}()
	return said
}

func receiptIn(said map[string]any) []byte {
	receipt, ok := said["receipt"].(string)
	require(ok, "server-answer", "the answer is no JSON with a receipt")
	return []byte(receipt)
}

// problem is the error that a problem document states: its words are the server's, and are shown shortened.
func problem(status int, said map[string]any, retryAfter time.Duration) *Error {
	err := newError("server-answer", "the server answered %d with no problem document", status)
	if code := textIn(said["code"]); codeForm.MatchString(code) {
		err = newError(code, "%s", shown(textIn(said["detail"])))
	}
	err.Action, err.RequestID = shown(textIn(said["action"])), shown(textIn(said["request"]))
	err.Status, err.RetryAfter = status, retryAfter.Seconds()
	if receipt, ok := said["receipt"].(string); ok {
		err.Receipt = []byte(receipt)
	}
	return err
}

var presentationForm = exactly(`[A-Za-z0-9_.~-]+`)

// checkPresentation lets only the characters of a presentation pass: a line feed would be another statement of the batch.
func checkPresentation(statement string) {
	fits := len(statement) <= 262144 && presentationForm.MatchString(statement)
	require(fits, "jws-malformed", "the statement is no signed statement with its disclosures")
}

// chunks are batches of at most 500 lines and 8 MiB, which any ledger takes.
func chunks(numbers []int, statements []string) (all [][]int) {
	length := 0
	for _, number := range numbers {
		last := len(all) - 1
		if last < 0 || len(all[last]) == 500 || length+len(statements[number]) > 8<<20 {
			all = append(all, nil)
			last, length = last+1, 0
		}
		all[last] = append(all[last], number)
		length += len(statements[number]) + 1
	}
	return all
}
