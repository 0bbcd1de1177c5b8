// Package evidence is a small client of the evidence ledger: it makes a key, signs deposits, sends them, and verifies every
// receipt.
//
// One file, of the standard library alone: copy it. It was written from docs/spec (pages 01, 02, 03, 05, 06, 07 and 11), and
// comments name those pages.
//
// Whatever a server answers is bounded in size and time, read strictly, and believed only as far as its receipt verifies under
// the policy that the caller gave. Statements are sent again only as the same bytes, which a ledger sequences once.
package evidence

import (
	"bytes"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/md5"
	"crypto/rand"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
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
	"net"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"runtime"
	"sort"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
	"unicode"
	"unicode/utf8"
)

const (
	version      = "1"
	maxInteger   = 1<<53 - 1
	mostSeconds  = 253402300799
	receiptBytes = 1 << 20
	noteBytes    = 262144
	policyBytes  = 262144
	entryBytes   = 65535
	answerBytes  = 4 << 20
)

// Error is every failure of this package. Code is stable (docs/errors.md); Message is for people and may change.
type Error struct {
	Code    string
	Message string
	// Status, RequestID and Index are as the server said them, where it did; 0, "" and -1 elsewhere.
	Status    int
	RequestID string
	Index     int64
	// RetryAfter is how long the server asked to wait before the same bytes are sent again; 0 where it did not say.
	RetryAfter time.Duration
	// Receipt has bytes of a receipt that came and was not accepted: keep it.
	Receipt []byte
	// Faults has the codes of all that a verification found.
	Faults []string

	again bool // a line of a batch that was refused for the moment
	cause error
}

func (e *Error) Error() string { return e.Code + ": " + e.Message }

// Unwrap gives the error of the context, where it ended the work.
func (e *Error) Unwrap() error { return e.cause }

// CodeOf gives the stable code of an error of this package, and "" for any other.
func CodeOf(err error) string {
	var known *Error
	if errors.As(err, &known) {
		return known.Code
	}
	return ""
}

func fail(code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...), Index: -1}
}

func asError(err error) *Error {
	var known *Error
	if errors.As(err, &known) {
		return known
	}
	return fail("internal-error", "an error of another kind")
}

// shown is a text from outside, for messages: short, and without what a terminal would act on.
func shown(text string) string {
	var out strings.Builder
	count := 0
	for _, r := range text {
		if count++; count > 300 {
			return out.String() + "…"
		}
		if unicode.IsPrint(r) {
			out.WriteRune(r)
		} else {
			fmt.Fprintf(&out, "\\u{%x}", r)
		}
	}
	return out.String()
}

func fileError(code, path string, err error) *Error {
	var inner *fs.PathError
	why := "it cannot be used"
	if errors.As(err, &inner) {
		why = inner.Err.Error()
	}
	return fail(code, "%s: %s", shown(path), why)
}

// ---- Page 01: encodings, JSON, time --------------------------------------------------------------------------------

func b64(data []byte) string    { return base64.StdEncoding.EncodeToString(data) }
func b64url(data []byte) string { return base64.RawURLEncoding.EncodeToString(data) }

// readB64 accepts padded base64 in its one spelling: Go's decoder skips line ends, so the result is encoded again.
func readB64(text, code string) ([]byte, error) {
	data, err := base64.StdEncoding.DecodeString(text)
	if err != nil || b64(data) != text {
		return nil, fail(code, "a value is no canonical base64")
	}
	return data, nil
}

func readB64url(text, code string) ([]byte, error) {
	data, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || b64url(data) != text {
		return nil, fail(code, "a value is no canonical base64url")
	}
	return data, nil
}

func readHash(text, code string) ([]byte, error) {
	data, err := readB64(text, code)
	if err == nil && len(data) != 32 {
		err = fail(code, "a hash has not 32 bytes")
	}
	return data, err
}

var decimal = regexp.MustCompile(`\A(?:0|[1-9][0-9]{0,15})\z`)

func readDecimal(text, code string) (int64, error) {
	if decimal.MatchString(text) {
		if number, err := strconv.ParseInt(text, 10, 64); err == nil && number <= maxInteger {
			return number, nil
		}
	}
	return 0, fail(code, "a number is no decimal of its one spelling")
}

const timeForm = "2006-01-02T15:04:05.000Z"

func readTime(text, code string) (time.Time, error) {
	at, err := time.Parse(timeForm, text)
	if err != nil || at.Year() < 1 || at.Format(timeForm) != text {
		return at, fail(code, "a time is not YYYY-MM-DDTHH:MM:SS.mmmZ")
	}
	return at, nil
}

// jsonReader reads JSON as page 01 has it; Go's own decoder lets doubled members, fractions and broken UTF-8 pass.
type jsonReader struct {
	text string
	at   int
}

// readJSON gives map[string]any, []any, string, int64, bool or nil.
func readJSON(data []byte) (any, error) {
	if !utf8.Valid(data) || bytes.HasPrefix(data, []byte("\xef\xbb\xbf")) {
		return nil, fail("utf8-malformed", "the JSON is not UTF-8, or begins with a byte order mark")
	}
	reader := &jsonReader{text: string(data)}
	value, err := reader.value(0)
	if err != nil {
		return nil, err
	}
	reader.skip()
	if reader.at != len(reader.text) {
		return nil, reader.malformed()
	}
	return value, nil
}

func readJSONObject(data []byte) (map[string]any, error) {
	value, err := readJSON(data)
	if err != nil {
		return nil, err
	}
	object, ok := value.(map[string]any)
	if !ok {
		return nil, fail("json-malformed", "the JSON is no object")
	}
	return object, nil
}

func (r *jsonReader) malformed() error { return fail("json-malformed", "the text is no JSON of RFC 8259") }

func (r *jsonReader) skip() {
	for r.at < len(r.text) && strings.IndexByte(" \t\n\r", r.text[r.at]) >= 0 {
		r.at++
	}
}

func (r *jsonReader) next(token string) bool {
	r.skip()
	if !strings.HasPrefix(r.text[r.at:], token) {
		return false
	}
	r.at += len(token)
	return true
}

func (r *jsonReader) value(depth int) (any, error) {
	switch {
	case r.next("true"):
		return true, nil
	case r.next("false"):
		return false, nil
	case r.next("null"):
		return nil, nil
	case r.next(`"`):
		return r.str()
	case r.next("{"):
		return r.object(depth + 1)
	case r.next("["):
		return r.array(depth + 1)
	}
	return r.number()
}

var jsonNumber = regexp.MustCompile(`\A(?:0|-?[1-9][0-9]{0,15})\z`)

func (r *jsonReader) number() (any, error) {
	end := r.at
	for end < len(r.text) && strings.IndexByte("-+.0123456789eE", r.text[end]) >= 0 {
		end++
	}
	run := r.text[r.at:end]
	if run == "" {
		return nil, r.malformed()
	}
	number, err := strconv.ParseInt(run, 10, 64)
	if err != nil || !jsonNumber.MatchString(run) || number > maxInteger || number < -maxInteger {
		return nil, fail("json-number", "a number is no plain integer within 2^53-1")
	}
	r.at = end
	return number, nil
}

func tooDeep(depth int) error {
	if depth > 16 {
		return fail("json-depth", "the JSON is nested more than 16 deep")
	}
	return nil
}

func (r *jsonReader) object(depth int) (any, error) {
	if err := tooDeep(depth); err != nil {
		return nil, err
	}
	members := map[string]any{}
	if r.next("}") {
		return members, nil
	}
	for {
		if !r.next(`"`) {
			return nil, r.malformed()
		}
		name, err := r.str()
		if err != nil {
			return nil, err
		}
		if _, twice := members[name]; twice {
			return nil, fail("json-duplicate-member", "an object names a member twice")
		}
		if !r.next(":") {
			return nil, r.malformed()
		}
		if members[name], err = r.value(depth); err != nil {
			return nil, err
		}
		if r.next("}") {
			return members, nil
		}
		if !r.next(",") {
			return nil, r.malformed()
		}
	}
}

func (r *jsonReader) array(depth int) (any, error) {
	if err := tooDeep(depth); err != nil {
		return nil, err
	}
	elements := []any{}
	if r.next("]") {
		return elements, nil
	}
	for {
		element, err := r.value(depth)
		if err != nil {
			return nil, err
		}
		elements = append(elements, element)
		if r.next("]") {
			return elements, nil
		}
		if !r.next(",") {
			return nil, r.malformed()
		}
	}
}

var jsonEscapes = map[byte]byte{'"': '"', '\\': '\\', '/': '/', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t'}

// str reads the string whose opening quotation mark was read.
func (r *jsonReader) str() (string, error) {
	var out strings.Builder
	for r.at < len(r.text) {
		c := r.text[r.at]
		switch {
		case c == '"':
			r.at++
			return out.String(), nil
		case c < 0x20:
			return "", r.malformed()
		case c != '\\':
			char, width := utf8.DecodeRuneInString(r.text[r.at:])
			if err := allowed(char); err != nil {
				return "", err
			}
			out.WriteRune(char)
			r.at += width
		default:
			char, err := r.escape()
			if err == nil {
				err = allowed(char)
			}
			if err != nil {
				return "", err
			}
			out.WriteRune(char)
		}
	}
	return "", r.malformed()
}

func (r *jsonReader) escape() (rune, error) {
	if r.at+1 >= len(r.text) {
		return 0, r.malformed()
	}
	if plain, ok := jsonEscapes[r.text[r.at+1]]; ok {
		r.at += 2
		return rune(plain), nil
	}
	unit, err := r.unit()
	if err != nil || unit < 0xd800 || unit > 0xdfff {
		return unit, err
	}
	// The second half of a pair has to follow; what allowed then refuses is a half alone.
	at := r.at
	if low, err := r.unit(); err == nil && unit < 0xdc00 && low >= 0xdc00 && low <= 0xdfff {
		return 0x10000 + (unit-0xd800)<<10 + (low - 0xdc00), nil
	}
	r.at = at
	return unit, nil
}

// unit reads one escape of four digits.
func (r *jsonReader) unit() (rune, error) {
	if r.at+6 > len(r.text) || r.text[r.at:r.at+2] != `\u` {
		return 0, r.malformed()
	}
	digits, err := hex.DecodeString(r.text[r.at+2 : r.at+6])
	if err != nil {
		return 0, r.malformed()
	}
	r.at += 6
	return rune(binary.BigEndian.Uint16(digits)), nil
}

func allowed(char rune) error {
	if char == 0 || char >= 0xd800 && char <= 0xdfff || char >= 0xfdd0 && char <= 0xfdef || char&0xfffe == 0xfffe {
		return fail("json-string", "a string has U+0000, an unpaired surrogate or a noncharacter")
	}
	return nil
}

// brokenText is how Go's encoder writes bytes that are no UTF-8, where this package refuses them.
var brokenText = regexp.MustCompile(`(?:\A|[^\\])(?:\\\\)*\\ufffd`)

func writeJSON(value any) ([]byte, error) {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil || brokenText.Match(out.Bytes()) {
		return nil, fail("json-malformed", "a member cannot be written as JSON")
	}
	return bytes.TrimSuffix(out.Bytes(), []byte("\n")), nil
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

func inclusionHolds(index, size int64, leaf []byte, proof [][]byte, root []byte) bool {
	if index < 0 || index >= size || len(root) != 32 {
		return false
	}
	fn, sn, running := index, size-1, leaf
	for _, sibling := range proof {
		if sn == 0 || len(sibling) != 32 {
			return false
		}
		if fn%2 == 1 || fn == sn {
			running = nodeHash(sibling, running)
			for fn%2 == 0 && fn != 0 {
				fn, sn = fn/2, sn/2
			}
		} else {
			running = nodeHash(running, sibling)
		}
		fn, sn = fn/2, sn/2
	}
	return sn == 0 && bytes.Equal(running, root)
}

var (
	one        = big.NewInt(1)
	field      = new(big.Int).Sub(new(big.Int).Lsh(one, 255), big.NewInt(19))
	order, _   = new(big.Int).SetString("7237005577332262213973186563042994240857116359379907606001950938285454250989", 10)
	curveD     = mod(new(big.Int).Mul(big.NewInt(-121665), new(big.Int).ModInverse(big.NewInt(121666), field)))
	rootOfMin1 = new(big.Int).Exp(big.NewInt(2), new(big.Int).Rsh(new(big.Int).Sub(field, one), 2), field)
	smallOrder = map[string]bool{}
)

func init() {
	for _, text := range []string{
		"0100000000000000000000000000000000000000000000000000000000000000",
		"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"0000000000000000000000000000000000000000000000000000000000000000",
		"0000000000000000000000000000000000000000000000000000000000000080",
		"26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
		"26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
		"c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
		"c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
	} {
		encoding, _ := hex.DecodeString(text)
		smallOrder[string(encoding)] = true
	}
}

func mod(x *big.Int) *big.Int    { return x.Mod(x, field) }
func mul(a, b *big.Int) *big.Int { return mod(new(big.Int).Mul(a, b)) }
func add(a, b *big.Int) *big.Int { return new(big.Int).Add(a, b) }
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
	u, v := sub(yy, one), mod(add(mul(curveD, yy), one))
	v3 := mul(mul(v, v), v)
	power := new(big.Int).Rsh(new(big.Int).Sub(field, big.NewInt(5)), 3)
	x := mul(mul(u, v3), new(big.Int).Exp(mul(u, mul(mul(v3, v3), v)), power, field))
	if mod(add(mul(v, mul(x, x)), u)).Sign() == 0 {
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
	if len(key) != ed25519.PublicKeySize || smallOrder[string(key)] {
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
	return len(signature) == ed25519.SignatureSize && !smallOrder[string(signature[:32])] && keyIsSound(key) &&
		ed25519.Verify(key, message, signature)
}

// ---- Keys ----------------------------------------------------------------------------------------------------------

// SigningKey is an Ed25519 key that signs statements. Nothing prints its private part.
type SigningKey struct {
	private ed25519.PrivateKey
	// PublicKey has 32 bytes.
	PublicKey []byte
	// Thumbprint names the key everywhere (RFC 7638).
	Thumbprint string
}

// Passphrase gives the passphrase of a key file, when it is needed.
type Passphrase func(context.Context) ([]byte, error)

// PassphraseFile takes the passphrase from a file that nobody else may read; one line end is no part of it.
func PassphraseFile(path string) Passphrase {
	return func(context.Context) ([]byte, error) {
		data, err := readPrivateFile(path)
		return bytes.TrimSuffix(bytes.TrimSuffix(data, []byte("\n")), []byte("\r")), err
	}
}

func signingKey(private ed25519.PrivateKey) *SigningKey {
	public := []byte(private.Public().(ed25519.PublicKey))
	return &SigningKey{private: private, PublicKey: public, Thumbprint: thumbprintOf(public)}
}

func jwkLine(public []byte) string {
	return `{"crv":"Ed25519","kty":"OKP","x":"` + b64url(public) + `"}`
}

func thumbprintOf(public []byte) string { return b64url(sum([]byte(jwkLine(public)))) }

// String names the key by its thumbprint.
func (k *SigningKey) String() string { return "SigningKey " + k.Thumbprint }

// GoString names the key by its thumbprint.
func (k *SigningKey) GoString() string { return k.String() }

// JWK is the public key in its RFC 7638 form: what an administrator admits.
func (k *SigningKey) JWK() string { return jwkLine(k.PublicKey) }

// Grouped shows a thumbprint in groups of four characters, to be read aloud or compared by eye.
func Grouped(thumbprint string) string {
	var groups []string
	for at := 0; at < len(thumbprint); at += 4 {
		end := at + 4
		if end > len(thumbprint) {
			end = len(thumbprint)
		}
		groups = append(groups, thumbprint[at:end])
	}
	return strings.Join(groups, " ")
}

// CreateKey makes a key file (PKCS#8 in PEM, mode 0600, without a passphrase), never over another file.
func CreateKey(path string) (*SigningKey, error) {
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, fail("internal-error", "the system gives no random numbers")
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return nil, fail("internal-error", "the key cannot be written")
	}
	if err := WriteNewFile(path, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})); err != nil {
		return nil, err
	}
	return signingKey(private), nil
}

// LoadKey reads a key file. The passphrase is asked for where the file has one; nil where there is none to ask for.
func LoadKey(ctx context.Context, path string, passphrase Passphrase) (*SigningKey, error) {
	data, err := readPrivateFile(path)
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(data)
	if block == nil || block.Type != "PRIVATE KEY" && block.Type != "ENCRYPTED PRIVATE KEY" {
		return nil, fail("key-file-malformed", "the key file %s has no private key in PKCS#8 PEM", shown(path))
	}
	der, encrypted := block.Bytes, block.Type == "ENCRYPTED PRIVATE KEY"
	if encrypted {
		if passphrase == nil {
			return nil, fail("key-file-passphrase", "the key file %s has a passphrase; none was given", shown(path))
		}
		secret, err := passphrase(ctx)
		if err != nil {
			var known *Error
			if errors.As(err, &known) {
				return nil, known
			}
			return nil, fail("key-file-passphrase", "no passphrase was given for %s", shown(path))
		}
		if der, err = decryptPKCS8(der, secret); err != nil {
			known := asError(err)
			return nil, fail(known.Code, "the key file %s cannot be used: %s", shown(path), known.Message)
		}
	}
	parsed, err := x509.ParsePKCS8PrivateKey(der)
	private, ok := parsed.(ed25519.PrivateKey)
	if err != nil && encrypted {
		// One wrong passphrase of 256 leaves a padding that looks right.
		return nil, fail("key-file-passphrase", "the passphrase does not open the key file %s", shown(path))
	}
	if err != nil || !ok {
		return nil, fail("key-file-malformed", "the key file %s has no Ed25519 key", shown(path))
	}
	return signingKey(private), nil
}

var (
	oidPBES2      = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 5, 13}
	oidPBKDF2     = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 5, 12}
	oidHMACSHA256 = asn1.ObjectIdentifier{1, 2, 840, 113549, 2, 9}
	oidAES256CBC  = asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 1, 42}
)

// decryptPKCS8 opens PBES2 with PBKDF2, HMAC-SHA256 and AES-256-CBC: what "evidence keygen" writes, and OpenSSL when asked.
func decryptPKCS8(der, passphrase []byte) ([]byte, error) {
	var outer struct {
		Algorithm pkix.AlgorithmIdentifier
		Data      []byte
	}
	var scheme struct{ KDF, Cipher pkix.AlgorithmIdentifier }
	var kdf struct {
		Salt       []byte
		Iterations int
		KeyLength  int                      `asn1:"optional"`
		PRF        pkix.AlgorithmIdentifier `asn1:"optional"`
	}
	var iv []byte
	read := func(data []byte, into any) bool {
		rest, err := asn1.Unmarshal(data, into)
		return err == nil && len(rest) == 0
	}
	if !read(der, &outer) {
		return nil, fail("key-file-malformed", "it is no encrypted PKCS#8")
	}
	known := outer.Algorithm.Algorithm.Equal(oidPBES2) && read(outer.Algorithm.Parameters.FullBytes, &scheme) &&
		scheme.KDF.Algorithm.Equal(oidPBKDF2) && read(scheme.KDF.Parameters.FullBytes, &kdf) &&
		kdf.PRF.Algorithm.Equal(oidHMACSHA256) && scheme.Cipher.Algorithm.Equal(oidAES256CBC) &&
		read(scheme.Cipher.Parameters.FullBytes, &iv)
	if !known || kdf.Iterations < 1 || kdf.Iterations > 10_000_000 {
		return nil, fail("key-file-weak", "it is not under PBES2 with PBKDF2-HMAC-SHA256 and AES-256-CBC")
	}
	if len(iv) != aes.BlockSize || len(outer.Data) == 0 || len(outer.Data)%aes.BlockSize != 0 {
		return nil, fail("key-file-malformed", "it is no encrypted PKCS#8")
	}
	block, err := aes.NewCipher(pbkdf2(passphrase, kdf.Salt, kdf.Iterations))
	if err != nil {
		return nil, fail("internal-error", "there is no AES")
	}
	plain := make([]byte, len(outer.Data))
	cipher.NewCBCDecrypter(block, iv).CryptBlocks(plain, outer.Data)
	padding := int(plain[len(plain)-1])
	if padding < 1 || padding > aes.BlockSize ||
		!bytes.Equal(plain[len(plain)-padding:], bytes.Repeat([]byte{byte(padding)}, padding)) {
		return nil, fail("key-file-passphrase", "the passphrase does not open it")
	}
	return plain[:len(plain)-padding], nil
}

// pbkdf2 gives the one block of 32 bytes that HMAC-SHA256 makes (RFC 8018); the library has it from Go 1.24 on only.
func pbkdf2(passphrase, salt []byte, rounds int) []byte {
	mac := hmac.New(sha256.New, passphrase)
	mac.Write(salt)
	mac.Write([]byte{0, 0, 0, 1})
	last := mac.Sum(nil)
	out := append([]byte(nil), last...)
	for round := 1; round < rounds; round++ {
		mac.Reset()
		mac.Write(last)
		last = mac.Sum(last[:0])
		for i := range out {
			out[i] ^= last[i]
		}
	}
	return out
}

// readPrivateFile reads a short regular file that nobody else may read; a pipe is not waited for.
func readPrivateFile(path string) ([]byte, error) {
	file, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, fileError("file-unreadable", path, err)
	}
	defer file.Close()
	found, err := file.Stat()
	if err != nil || !found.Mode().IsRegular() || found.Size() > 65536 {
		return nil, fail("file-unreadable", "%s is no short regular file", shown(path))
	}
	if runtime.GOOS != "windows" && found.Mode().Perm()&0o077 != 0 {
		return nil, fail("key-file-permissions", "others may read %s: chmod 600", shown(path))
	}
	data, err := io.ReadAll(io.LimitReader(file, 65536))
	if err != nil {
		return nil, fileError("file-unreadable", path, err)
	}
	return data, nil
}

// WriteNewFile writes a file of mode 0600 that was not there, synced; one that is there is left as it is.
func WriteNewFile(path string, data []byte) error {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return fail("file-exists", "%s is there already, and stays as it is", shown(path))
	}
	if err != nil {
		return fileError("file-unwritable", path, err)
	}
	_, err = file.Write(data)
	err = errors.Join(err, file.Sync(), file.Close())
	if err != nil {
		return fileError("file-unwritable", path, err)
	}
	return nil
}

// ---- Page 02: statements -------------------------------------------------------------------------------------------

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

var digestBytes = map[string]int{
	"sha256": 32, "sha384": 48, "sha512": 64, "sha3-256": 32, "sm3": 32, "blake3": 32, "md5": 16, "sha1": 20,
}

// computable are the digests of Go's library; a caller who has another one puts its hex into Digest.
var computable = map[string]func() hash.Hash{
	"sha256": sha256.New, "sha384": sha512.New384, "sha512": sha512.New, "md5": md5.New, "sha1": sha1.New,
}

// ItemOfFile computes size and digests of a file, read in pieces; SHA-256 where no algorithm is named.
func ItemOfFile(ctx context.Context, path string, algorithms ...string) (Item, error) {
	if len(algorithms) == 0 {
		algorithms = []string{"sha256"}
	}
	running := map[string]hash.Hash{}
	for _, name := range algorithms {
		begin, ok := computable[name]
		if !ok {
			return Item{}, fail("digest-not-computable", "the digest %s cannot be computed here", shown(name))
		}
		running[name] = begin()
	}
	file, err := os.Open(path)
	if err != nil {
		return Item{}, fileError("file-unreadable", path, err)
	}
	defer file.Close()
	item := Item{Digest: map[string]string{}}
	piece := make([]byte, 1<<20)
	for {
		if err := ctx.Err(); err != nil {
			return Item{}, interrupted(err)
		}
		length, err := file.Read(piece)
		item.Size += int64(length)
		for _, digest := range running {
			digest.Write(piece[:length])
		}
		if err == io.EOF {
			break
		}
		if err != nil {
			return Item{}, fileError("file-unreadable", path, err)
		}
	}
	for name, digest := range running {
		item.Digest[name] = hex.EncodeToString(digest.Sum(nil))
	}
	return item, nil
}

// Deposit says what a statement of kind evidence.deposit is to say.
type Deposit struct {
	Issuer string
	Origin string
	Items  []Item
	// Sealed has claims (names, case, collection, note, ext), each salted and kept outside the permanent entry.
	Sealed map[string]any
	// Members are open members, such as relates; they stay readable for ever.
	Members map[string]any
}

var sealedClaims = map[string]bool{"names": true, "case": true, "collection": true, "note": true, "ext": true}

// Sign gives the signed statement with its disclosures, as it is sent. Keep the text until its receipt is at hand. Its jti is
// new in each call, so calling again makes another deposit: send the same text again instead.
func (k *SigningKey) Sign(deposit Deposit) (string, error) {
	var id [16]byte
	if _, err := rand.Read(id[:]); err != nil {
		return "", fail("internal-error", "the system gives no random numbers")
	}
	id[6], id[8] = id[6]&0x0f|0x40, id[8]&0x3f|0x80
	payload := map[string]any{
		"iss": deposit.Issuer, "aud": deposit.Origin, "iat": time.Now().Unix(), "kind": "evidence.deposit", "items": deposit.Items,
		"jti": fmt.Sprintf("%x-%x-%x-%x-%x", id[:4], id[4:6], id[6:8], id[8:10], id[10:]),
	}
	for name, value := range deposit.Members {
		payload[name] = value
	}
	var disclosures, digests []string
	for claim, value := range deposit.Sealed {
		text, err := disclose(claim, value, len(deposit.Items))
		if err != nil {
			return "", err
		}
		disclosures = append(disclosures, text)
		digests = append(digests, b64url(sum([]byte(text))))
	}
	if len(disclosures) > 0 {
		// In the order of the digests, which says nothing about the claims.
		sort.Strings(digests)
		payload["_sd"], payload["_sd_alg"] = digests, "sha-256"
	}
	jws, err := k.signJWS("evidence-statement+sd-jwt", payload)
	if err != nil {
		return "", err
	}
	// What a ledger would refuse is found here, where nothing has left yet.
	said, err := readStatement(jws)
	if err == nil {
		err = checkDeposit(said.payload)
	}
	if err != nil {
		return "", err
	}
	if len(jws) > entryBytes-128 {
		return "", fail("statement-too-large", "the statement does not fit into an entry: split the deposit")
	}
	if len(disclosures) == 0 {
		return jws, nil
	}
	return jws + "~" + strings.Join(disclosures, "~") + "~", nil
}

func disclose(claim string, value any, items int) (string, error) {
	if !sealedClaims[claim] {
		return "", fail("disclosure-claim", "%s is no claim that a deposit may seal", shown(claim))
	}
	salt := make([]byte, 16)
	if _, err := rand.Read(salt); err != nil {
		return "", fail("internal-error", "the system gives no random numbers")
	}
	data, err := writeJSON([]any{b64url(salt), claim, value})
	if err != nil {
		return "", err
	}
	text := b64url(data)
	made, err := readDisclosure(text)
	if err != nil {
		return "", err
	}
	if names, ok := made.value.([]any); claim == "names" && (!ok || len(names) != items) {
		return "", fail("disclosure-claim", "names has one string for each item")
	}
	return text, nil
}

func (k *SigningKey) signJWS(typ string, payload map[string]any) (string, error) {
	header, err := writeJSON(map[string]string{"alg": "EdDSA", "typ": typ, "kid": k.Thumbprint})
	if err != nil {
		return "", err
	}
	body, err := writeJSON(payload)
	if err != nil {
		return "", err
	}
	signed := b64url(header) + "." + b64url(body)
	return signed + "." + b64url(ed25519.Sign(k.private, []byte(signed))), nil
}

type statement struct {
	jws, alg, kid string
	signature     []byte
	payload       map[string]any
}

// readStatement reads envelope, header and common members, in the order of page 02.
func readStatement(jws string) (*statement, error) {
	parts := strings.Split(jws, ".")
	if len(parts) != 3 || parts[0] == "" || parts[2] == "" {
		return nil, fail("jws-malformed", "the statement is not three parts with dots between")
	}
	var raw [3][]byte
	for i, part := range parts {
		data, err := readB64url(part, "base64-malformed")
		if err != nil {
			return nil, err
		}
		raw[i] = data
	}
	header, err := readJSONObject(raw[0])
	if err != nil {
		return nil, err
	}
	for name := range header {
		if name != "alg" && name != "typ" && name != "kid" {
			return nil, fail("jws-header", "the header has another member than alg, typ and kid")
		}
	}
	alg, ok := header["alg"].(string)
	if !ok {
		return nil, fail("jws-alg", "alg is no string")
	}
	if header["typ"] != "evidence-statement+sd-jwt" {
		return nil, fail("jws-typ", "typ is not evidence-statement+sd-jwt")
	}
	kid, _ := header["kid"].(string)
	if data, err := readB64url(kid, "jws-kid"); err != nil || len(data) != 32 {
		return nil, fail("jws-kid", "kid is no thumbprint")
	}
	if knownAlg(alg) && len(raw[2]) != ed25519.SignatureSize {
		return nil, fail("jws-malformed", "the signature has not 64 bytes")
	}
	payload, err := readJSONObject(raw[1])
	if err != nil {
		return nil, err
	}
	if err := firstOf(
		require(matches(payload["iss"], idForm), "iss is no participant id"),
		requireCode(matches(payload["aud"], originForm), "audience-wrong", "aud is no origin"),
		require(matches(payload["jti"], uuidForm), "jti is no UUID"),
		require(isCount(payload["iat"], 0, mostSeconds), "iat is no time in seconds"),
		require(isText(payload["kind"], 256), "kind is no text"),
	); err != nil {
		return nil, err
	}
	return &statement{jws, alg, kid, raw[2], payload}, nil
}

func knownAlg(alg string) bool { return alg == "EdDSA" || alg == "Ed25519" }

var (
	idForm     = regexp.MustCompile(`\A[a-z0-9._-]{1,64}\z`)
	originForm = regexp.MustCompile(`\A[\x21-\x2a\x2c-\x7e]{1,255}\z`)
	uuidForm   = regexp.MustCompile(`\A[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\z`)
	codeForm   = regexp.MustCompile(`\A[a-z][a-z0-9-]{0,63}\z`)
	hexForm    = regexp.MustCompile(`\A[0-9a-f]+\z`)
	mediaForm  = regexp.MustCompile(`\A[A-Za-z0-9][A-Za-z0-9!#$&\-^_.+]*/[A-Za-z0-9][A-Za-z0-9!#$&\-^_.+]*\z`)
)

func firstOf(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func require(holds bool, why string) error { return requireCode(holds, "statement-member", why) }

func requireCode(holds bool, code, why string) error {
	if holds {
		return nil
	}
	return fail(code, "%s", why)
}

func matches(value any, form *regexp.Regexp) bool {
	text, ok := value.(string)
	return ok && form.MatchString(text)
}

func isText(value any, most int) bool {
	text, ok := value.(string)
	return ok && len(text) >= 1 && len(text) <= most
}

func isCount(value any, least, most int64) bool {
	number, ok := value.(int64)
	return ok && number >= least && number <= most
}

func isHash(value any, read func(text, code string) ([]byte, error)) bool {
	text, ok := value.(string)
	if !ok {
		return false
	}
	data, err := read(text, "")
	return err == nil && len(data) == 32
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

// members gives an object that has exactly these members; those that may be absent end in a question mark.
func members(value any, where string, listed ...string) (map[string]any, error) {
	object, ok := value.(map[string]any)
	if !ok {
		return nil, fail("statement-member", "%s is no object", where)
	}
	known := map[string]bool{}
	var lacking error
	for _, name := range listed {
		plain := strings.TrimSuffix(name, "?")
		known[plain] = true
		if _, ok := object[plain]; !ok && plain == name && lacking == nil {
			lacking = fail("statement-member", "%s lacks %s", where, plain)
		}
	}
	unknown := error(nil)
	for name := range object {
		if sealedClaims[name] {
			return nil, fail("claim-in-clear", "%s has %s in clear: seal it", where, name)
		}
		if !known[name] {
			unknown = fail("statement-member-unknown", "%s has the unknown member %s", where, shown(name))
		}
	}
	return object, firstOf(unknown, lacking)
}

// checkDeposit is page 02, evidence.deposit: exactly its members, each of its type.
func checkDeposit(payload map[string]any) error {
	if hasMember(payload, "__proto__") {
		return fail("statement-member-unknown", "it has a member __proto__")
	}
	if _, err := members(payload, "the statement",
		"iss", "aud", "jti", "iat", "kind", "items", "relates?", "_sd?", "_sd_alg?"); err != nil {
		return err
	}
	items, ok := payload["items"].([]any)
	if !ok {
		return fail("statement-member", "items is no array")
	}
	if len(items) < 1 || len(items) > 64 {
		return fail("items-count", "a deposit has 1 to 64 items")
	}
	for _, item := range items {
		if err := checkItem(item); err != nil {
			return err
		}
	}
	if value, there := payload["relates"]; there {
		relates, ok := value.([]any)
		if !ok || len(relates) < 1 || len(relates) > 64 {
			return fail("statement-member", "relates is not 1 to 64 relations")
		}
		for _, relation := range relates {
			if err := checkRelation(relation); err != nil {
				return err
			}
		}
	}
	_, hasSealed := payload["_sd"]
	if _, hasAlg := payload["_sd_alg"]; !hasSealed && !hasAlg {
		return nil
	}
	sealed, ok := payload["_sd"].([]any)
	if !ok || len(sealed) < 1 || len(sealed) > 5 || payload["_sd_alg"] != "sha-256" {
		return fail("statement-member", "_sd and _sd_alg are not 1 to 5 digests of sha-256")
	}
	seen := map[any]bool{}
	for _, one := range sealed {
		if !isHash(one, readB64url) || seen[one] {
			return fail("statement-member", "_sd has what is no digest, or one twice")
		}
		seen[one] = true
	}
	return nil
}

func checkItem(value any) error {
	item, err := members(value, "an item", "size", "digest", "mediaType?", "category?", "acquired?", "tree?")
	if err != nil {
		return err
	}
	if err := firstOf(require(isCount(item["size"], 0, maxInteger), "size is no count"), checkDigest(item["digest"], false)); err != nil {
		return err
	}
	if kind, there := item["mediaType"]; there && !(isText(kind, 127) && matches(kind, mediaForm)) {
		return fail("statement-member", "mediaType is no media type")
	}
	if category, there := item["category"]; there && !matches(category, codeForm) {
		return fail("statement-member", "category is no code")
	}
	if value, there := item["acquired"]; there {
		acquired, err := members(value, "acquired", "size", "digest", "source")
		if err != nil {
			return err
		}
		if err := firstOf(
			require(isCount(acquired["size"], 0, maxInteger), "acquired.size is no count"),
			checkDigest(acquired["digest"], true),
			require(matches(acquired["source"], codeForm), "acquired.source is no code"),
		); err != nil {
			return err
		}
	}
	if value, there := item["tree"]; there {
		tree, err := members(value, "tree", "root", "size")
		if err != nil {
			return err
		}
		return firstOf(
			require(isText(tree["root"], 64) && len(tree["root"].(string)) == 64 && matches(tree["root"], hexForm), "tree.root is no hash in hex"),
			require(isCount(tree["size"], 1, maxInteger), "tree.size is no count from 1"),
		)
	}
	return nil
}

func checkDigest(value any, weakSuffice bool) error {
	digest, ok := value.(map[string]any)
	if !ok {
		return fail("statement-member", "a digest is no object")
	}
	strong := false
	for _, text := range digest {
		if _, ok := text.(string); !ok {
			return fail("statement-member", "a digest is no string")
		}
	}
	for name, text := range digest {
		if length := digestBytes[name]; length == 0 || len(text.(string)) != 2*length || !matches(text, hexForm) {
			return fail("digest-malformed", "a digest is malformed")
		}
		strong = strong || name != "md5" && name != "sha1"
	}
	if len(digest) == 0 {
		return fail("digest-malformed", "an item has no digest")
	}
	return requireCode(strong || weakSuffice, "digest-weak-only", "md5 and sha1 do not suffice")
}

func checkRelation(value any) error {
	relation, err := members(value, "a relation", "rel", "index", "leafHash", "item?", "line?", "origin?")
	if err != nil {
		return err
	}
	for _, name := range []string{"index", "item", "line"} {
		if number, there := relation[name]; there && !isCount(number, 0, maxInteger) {
			return fail("statement-member", "%s is no count", name)
		}
	}
	if origin, there := relation["origin"]; there && !matches(origin, originForm) {
		return fail("statement-member", "origin is none")
	}
	return firstOf(
		require(matches(relation["rel"], codeForm), "rel is no code"),
		require(isHash(relation["leafHash"], readB64), "leafHash is no hash"),
	)
}

type disclosure struct {
	digest, claim string
	value         any
}

func readDisclosure(text string) (disclosure, error) {
	const code = "disclosure-malformed"
	if len(text) < 1 || len(text) > 16384 {
		return disclosure{}, fail(code, "a disclosure has 1 to 16,384 characters")
	}
	data, err := readB64url(text, code)
	if err != nil {
		return disclosure{}, err
	}
	value, err := readJSON(data)
	if err != nil {
		return disclosure{}, err
	}
	parts, ok := value.([]any)
	if !ok || len(parts) != 3 {
		return disclosure{}, fail(code, "a disclosure is not salt, claim and value")
	}
	salt, isSalt := parts[0].(string)
	claim, isClaim := parts[1].(string)
	if !isSalt || len(salt) < 22 || !isClaim || hasMember(parts[2], "_sd", "...") {
		return disclosure{}, fail(code, "a disclosure has a short salt, a nameless claim, or a member _sd")
	}
	if _, err := readB64url(salt, code); err != nil {
		return disclosure{}, err
	}
	return disclosure{b64url(sum([]byte(text))), claim, parts[2]}, nil
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
	key         []byte
}

type signatureLine struct {
	name, keyID string
	signature   []byte
}

type checkpoint struct {
	origin     string
	size       int64
	root       []byte
	text       string
	signatures []signatureLine
}

var keyName = regexp.MustCompile(`\A[^+\t-\r \x{85}\x{a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000}\x{180e}\x{feff}]+\z`)

func readVkey(text string) (vkey, error) {
	const code = "vkey-malformed"
	parts := strings.SplitN(text, "+", 3)
	if !utf8.ValidString(text) || len(parts) != 3 || !keyName.MatchString(parts[0]) || len(parts[1]) != 8 || !hexForm.MatchString(parts[1]) {
		return vkey{}, fail(code, "a vkey is not name, key id and key")
	}
	id, _ := hex.DecodeString(parts[1])
	data, err := readB64(parts[2], code)
	if err != nil {
		return vkey{}, err
	}
	if len(data) < 2 {
		return vkey{}, fail(code, "a vkey has no key")
	}
	read := vkey{parts[0], string(id), data[0], data[1:]}
	switch read.kind {
	case ledgerType, witnessType:
		if !keyIsSound(read.key) {
			return vkey{}, fail(code, "the key of a vkey is no canonical point of prime order")
		}
	case mlDSAType:
		if len(read.key) != 1312 {
			return vkey{}, fail(code, "the key of a vkey has not 1,312 bytes")
		}
	default:
		return read, nil
	}
	if string(sum([]byte(read.name), []byte("\n"), data)[:4]) != read.keyID {
		return vkey{}, fail(code, "the key id of a vkey is not its own")
	}
	return read, nil
}

func readCheckpoint(note string) (*checkpoint, error) {
	code := "note-malformed"
	divider := strings.LastIndex(note, "\n\n")
	control := strings.IndexFunc(note, func(r rune) bool { return r < 0x20 && r != '\n' })
	if len(note) > noteBytes || divider < 0 || control >= 0 || !strings.HasSuffix(note, "\n") {
		return nil, fail(code, "the checkpoint is no signed note")
	}
	read := &checkpoint{text: note[:divider+1]}
	rows := strings.Split(strings.TrimSuffix(note[divider+2:], "\n"), "\n")
	if len(rows) > 64 {
		return nil, fail(code, "a note has 1 to 64 signature lines")
	}
	for _, row := range rows {
		parts := strings.Split(row, " ")
		if len(parts) != 3 || parts[0] != "\u2014" || !keyName.MatchString(parts[1]) {
			return nil, fail(code, "a signature line is malformed")
		}
		signature, err := readB64(parts[2], code)
		if err != nil {
			return nil, err
		}
		if len(signature) < 5 {
			return nil, fail(code, "a signature line has no signature")
		}
		read.signatures = append(read.signatures, signatureLine{parts[1], string(signature[:4]), signature[4:]})
	}
	code = "checkpoint-malformed"
	lines := strings.Split(strings.TrimSuffix(read.text, "\n"), "\n")
	if len(lines) != 3 || !originForm.MatchString(lines[0]) {
		return nil, fail(code, "the checkpoint is not origin, size and root")
	}
	var err error
	read.origin = lines[0]
	if read.size, err = readDecimal(lines[1], code); err != nil {
		return nil, err
	}
	read.root, err = readHash(lines[2], code)
	return read, err
}

func cosignedAt(signature []byte) (uint64, bool) {
	if len(signature) != 72 {
		return 0, false
	}
	at := binary.BigEndian.Uint64(signature)
	return at, at <= mostSeconds
}

func (k vkey) verifies(text string, signature []byte) bool {
	if k.kind == ledgerType {
		return signatureIsValid(k.key, []byte(text), signature)
	}
	at, ok := cosignedAt(signature)
	return ok && signatureIsValid(k.key, []byte(fmt.Sprintf("cosignature/v1\ntime %d\n%s", at, text)), signature[8:])
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
	threshold int
	members   []string
}

// LoadPolicy reads a policy file.
func LoadPolicy(path string) (*Policy, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fileError("file-unreadable", path, err)
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, policyBytes+1))
	if err != nil {
		return nil, fileError("file-unreadable", path, err)
	}
	return ParsePolicy(data)
}

// ParsePolicy reads a policy as page 07 has it.
func ParsePolicy(data []byte) (*Policy, error) {
	read, err := parsePolicy(data)
	if err != nil {
		return nil, fail("policy-malformed", "the policy cannot be used: %s", asError(err).Message)
	}
	return read, nil
}

// Origin is the one ledger of the policy; policy-malformed where it has none, or several.
func (p *Policy) Origin() (string, error) {
	origins := map[string]bool{}
	for _, log := range p.logs {
		origins[log.name] = true
	}
	if len(origins) != 1 {
		return "", fail("policy-malformed", "the policy has not exactly one ledger: name the origin")
	}
	return p.logs[0].name, nil
}

func (p *Policy) asksWitnesses() bool { return p.quorum != "none" }

func (p *Policy) met(name string, counted func(string) bool) bool {
	if name == "none" {
		return true
	}
	asked, isGroup := p.groups[name]
	if !isGroup {
		return counted(name)
	}
	have := 0
	for _, member := range asked.members {
		if p.met(member, counted) {
			have++
		}
	}
	return have >= asked.threshold
}

func newKey(text string, among []vkey) (vkey, error) {
	read, err := readVkey(text)
	for _, other := range among {
		if err == nil && bytes.Equal(other.key, read.key) {
			err = fail("policy-malformed", "it has a key twice")
		}
	}
	return read, err
}

func parsePolicy(data []byte) (*Policy, error) {
	const code = "policy-malformed"
	for _, octet := range data {
		if octet < 0x20 && octet != '\t' && octet != '\n' || octet == 0x7f {
			return nil, fail(code, "it has control characters")
		}
	}
	if len(data) > policyBytes || len(data) > 0 && data[len(data)-1] != '\n' {
		return nil, fail(code, "it is too large, or its last line does not end in a line feed")
	}
	read := &Policy{witnesses: map[string]vkey{}, groups: map[string]group{}}
	var witnessKeys []vkey
	member := map[string]bool{}
	defined := func(name string) bool {
		_, isWitness := read.witnesses[name]
		_, isGroup := read.groups[name]
		return isWitness || isGroup
	}
	for _, line := range strings.Split(string(data), "\n") {
		words := strings.FieldsFunc(line, func(r rune) bool { return r == ' ' || r == '\t' })
		if len(words) == 0 || strings.HasPrefix(words[0], "#") {
			continue
		}
		first := words[0]
		if (first == "witness" || first == "group") && (len(words) < 2 || words[1] == "none" || defined(words[1])) {
			return nil, fail(code, "it defines a name twice, or none")
		}
		switch {
		case first == "log" && (len(words) == 2 || len(words) == 3):
			log, err := newKey(words[1], read.logs)
			if err != nil {
				return nil, err
			}
			if log.kind != ledgerType {
				return nil, fail(code, "a log has a key of another type than 1")
			}
			read.logs = append(read.logs, log)
		case first == "witness" && (len(words) == 3 || len(words) == 4):
			witness, err := newKey(words[2], witnessKeys)
			if err != nil {
				return nil, err
			}
			witnessKeys = append(witnessKeys, witness)
			read.names = append(read.names, words[1])
			read.witnesses[words[1]] = witness
		case first == "group" && len(words) >= 4:
			members := words[3:]
			for _, name := range members {
				if !defined(name) || member[name] {
					return nil, fail(code, "a group has a member that is unknown, or in a group already")
				}
				member[name] = true
			}
			threshold := int64(1)
			var err error
			switch words[2] {
			case "any":
			case "all":
				threshold = int64(len(members))
			default:
				threshold, err = readDecimal(words[2], code)
			}
			if err != nil || threshold < 1 || threshold > int64(len(members)) {
				return nil, fail(code, "a group asks for none, or for more than it has")
			}
			read.groups[words[1]] = group{int(threshold), members}
		case first == "quorum" && len(words) == 2 && read.quorum == "":
			if words[1] != "none" && !defined(words[1]) {
				return nil, fail(code, "the quorum is not defined above it")
			}
			read.quorum = words[1]
		default:
			return nil, fail(code, "a line is no definition")
		}
	}
	if read.quorum == "" || len(read.logs)+len(read.witnesses)+len(read.groups) > 512 {
		return nil, fail(code, "it has no quorum, or more than 512 definitions")
	}
	return read, nil
}

// ---- Page 06: receipts ---------------------------------------------------------------------------------------------

// Cosignature names a witness of the policy that cosigned, and says when.
type Cosignature struct {
	Name      string
	Timestamp int64
}

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
	Issuer  string
	KeyID   string
	JTI     string
	JWS     string
	Payload map[string]any
	// Claims are the sealed claims that the receipt discloses; Withheld is how many it does not.
	Claims    map[string]any
	Withheld  int
	Witnesses []Cosignature
}

type parsedReceipt struct {
	index       int64
	hashes      [][]byte
	checkpoint  *checkpoint
	entry       []byte
	entryIndex  int64
	time        string
	jws         string // empty in a version that is not of this specification
	publicKey   []byte
	disclosures []disclosure
}

var (
	entryVersion = regexp.MustCompile(`\Aevidence-ledger/entry/v([1-9][0-9]{0,8})\z`)
	jwkForm      = regexp.MustCompile(`\A\{"crv":"Ed25519","kty":"OKP","x":"([A-Za-z0-9_-]{43})"\}\z`)
)

func parseReceipt(data []byte) (*parsedReceipt, error) {
	const code = "receipt-malformed"
	if len(data) > receiptBytes {
		return nil, fail(code, "the receipt is too large")
	}
	if !utf8.Valid(data) {
		return nil, fail("utf8-malformed", "the receipt is not UTF-8")
	}
	head, note, divided := strings.Cut(string(data), "\n\n")
	lines := strings.Split(head, "\n")
	if !divided || len(lines) < 3 || len(lines) > 3+63 || lines[0] != "c2sp.org/tlog-proof@v1" {
		return nil, fail(code, "the receipt is no tlog-proof")
	}
	extraText, hasExtra := strings.CutPrefix(lines[1], "extra ")
	indexText, hasIndex := strings.CutPrefix(lines[2], "index ")
	if !hasExtra || !hasIndex {
		return nil, fail(code, "the receipt lacks its extra or index line")
	}
	extra, err := readB64(extraText, code)
	if err != nil {
		return nil, err
	}
	read := &parsedReceipt{}
	if read.index, err = readDecimal(indexText, code); err != nil {
		return nil, err
	}
	for _, line := range lines[3:] {
		sibling, err := readHash(line, code)
		if err != nil {
			return nil, err
		}
		read.hashes = append(read.hashes, sibling)
	}
	if read.checkpoint, err = readCheckpoint(note); err != nil {
		return nil, err
	}
	if !utf8.Valid(extra) {
		return nil, fail("utf8-malformed", "extra is not UTF-8")
	}
	rows := strings.Split(strings.TrimSuffix(string(extra), "\n"), "\n")
	at := 5
	if rows[0] != "evidence-ledger/entry/v1" {
		for at < len(rows) && !strings.HasPrefix(rows[at], `{"crv":`) {
			at++
		}
	}
	if !bytes.HasSuffix(extra, []byte("\n")) || len(rows) <= at || len(rows) > at+6 {
		return nil, fail(code, "extra is not an entry, a key and at most five disclosures")
	}
	if err := read.readEntry(rows[:at]); err != nil {
		return nil, err
	}
	key := jwkForm.FindStringSubmatch(rows[at])
	if key == nil {
		return nil, fail("key-malformed", "the signer's key is not in the form of RFC 7638")
	}
	if read.publicKey, err = readB64url(key[1], "base64-malformed"); err != nil {
		return nil, err
	}
	if !keyIsSound(read.publicKey) {
		return nil, fail("key-weak", "the signer's key is no canonical point of prime order")
	}
	for _, row := range rows[at+1:] {
		one, err := readDisclosure(row)
		if err != nil {
			return nil, err
		}
		read.disclosures = append(read.disclosures, one)
	}
	return read, nil
}

// readEntry is page 03.
func (r *parsedReceipt) readEntry(rows []string) error {
	const code = "entry-malformed"
	r.entry = []byte(strings.Join(rows, "\n") + "\n")
	if len(r.entry) > entryBytes {
		return fail("entry-too-large", "the entry is larger than any")
	}
	version := entryVersion.FindStringSubmatch(rows[0])
	if version == nil {
		return fail(code, "the entry names no version")
	}
	var err error
	if r.entryIndex, err = readDecimal(rows[1], code); err != nil {
		return err
	}
	if _, err = readTime(rows[2], code); err != nil {
		return err
	}
	if _, err = readHash(rows[3], code); err != nil {
		return err
	}
	r.time = rows[2]
	if version[1] == "1" {
		r.jws = rows[4]
		return requireCode(r.jws != "", code, "the entry has no statement")
	}
	return nil
}

func notJudged(code string) bool {
	return code == "not-judged" || code == "policy-unsupported" || code == "digest-not-computable"
}

// findings collects what a verification finds; a fault comes before what is not judged.
type findings struct{ faults, unjudged []*Error }

func (f *findings) add(code, format string, args ...any) { f.put(fail(code, format, args...)) }

func (f *findings) put(err *Error) {
	if notJudged(err.Code) {
		f.unjudged = append(f.unjudged, err)
	} else {
		f.faults = append(f.faults, err)
	}
}

func (f *findings) err(receipt []byte) error {
	all := append(append([]*Error(nil), f.faults...), f.unjudged...)
	if len(all) == 0 {
		return nil
	}
	first := fail(all[0].Code, "%s", all[0].Message)
	first.Receipt = receipt
	for _, one := range all {
		first.Faults = append(first.Faults, one.Code)
	}
	return first
}

// VerifyReceipt verifies a receipt of a deposit, offline (page 06); where a statement is given, also that the receipt is for
// that statement, byte for byte.
//
// The error has the code of the first fault, and all of them in Faults. Receipts of other kinds than evidence.deposit, and
// cosignatures with ML-DSA-44, are left to the full verifier: not-judged, policy-unsupported.
func VerifyReceipt(data []byte, policy *Policy, statement string) (*Receipt, error) {
	var found findings
	read, err := parseReceipt(data)
	if err != nil {
		found.put(asError(err))
		return nil, found.err(data)
	}
	result := &Receipt{
		Data: data, Origin: read.checkpoint.origin, Index: read.index, Time: read.time, Size: read.checkpoint.size,
		Claims: map[string]any{},
	}
	result.Witnesses = checkCheckpoint(read, policy, &found)
	leaf := sum([]byte{0}, read.entry)
	result.LeafHash = b64(leaf)
	if read.index != read.entryIndex {
		found.add("receipt-index", "the receipt names another index than its entry")
	} else if !inclusionHolds(read.index, read.checkpoint.size, leaf, read.hashes, read.checkpoint.root) {
		found.add("inclusion-invalid", "the proof does not lead from the entry to the checkpoint")
	}
	if read.jws == "" {
		found.add("not-judged", "the entry is of a later version: needs a newer verifier")
	} else if said, err := readStatement(read.jws); err != nil {
		found.put(asError(err))
	} else {
		result.JWS, result.KeyID, result.Payload = said.jws, said.kid, said.payload
		result.Issuer, result.JTI = said.payload["iss"].(string), said.payload["jti"].(string)
		if err := checkStatement(read, said, result, &found); err != nil {
			found.put(asError(err))
		}
	}
	if sent, _, _ := strings.Cut(statement, "~"); statement != "" && sent != read.jws {
		found.add("server-answer", "the receipt is for another statement")
	}
	if err := found.err(data); err != nil {
		return nil, err
	}
	return result, nil
}

// checkCheckpoint is page 06, step 2: the ledger, the policy of page 07, and the times of the witnesses.
func checkCheckpoint(read *parsedReceipt, policy *Policy, found *findings) []Cosignature {
	note := read.checkpoint
	isNamed := false
	known := map[[2]string]vkey{}
	keep := func(key vkey) {
		if _, twice := known[[2]string{key.name, key.keyID}]; !twice {
			known[[2]string{key.name, key.keyID}] = key
		}
	}
	for _, log := range policy.logs {
		isNamed = isNamed || log.name == note.origin
		keep(log)
	}
	if !isNamed {
		found.add("receipt-other-ledger", "the receipt is of %s, which the policy does not name", shown(note.origin))
		return nil
	}
	for _, name := range policy.names {
		keep(policy.witnesses[name])
	}
	// By type and key: a log and a witness may have the same key.
	verified := map[string]int64{}
	identity := func(key vkey) string { return string(key.kind) + string(key.key) }
	lines := map[[2]string]bool{}
	for _, line := range note.signatures {
		lines[[2]string{line.name, line.keyID}] = true
		key, ok := known[[2]string{line.name, line.keyID}]
		if !ok || key.kind != ledgerType && key.kind != witnessType {
			continue
		}
		if !key.verifies(note.text, line.signature) {
			found.add("signature-invalid", "the signature of %s under the checkpoint does not verify", shown(key.name))
			return nil
		}
		// Of several lines by one key the first counts.
		if _, twice := verified[identity(key)]; !twice {
			at, _ := cosignedAt(line.signature)
			verified[identity(key)] = int64(at)
		}
	}
	isSigned := false
	for _, log := range policy.logs {
		_, ok := verified[identity(log)]
		isSigned = isSigned || ok && log.name == note.origin
	}
	if !isSigned {
		found.add("checkpoint-untrusted", "no key of the policy signed the checkpoint")
		return nil
	}
	var cosigned []Cosignature
	has := map[string]bool{}
	entryTime, _ := readTime(read.time, "")
	for _, name := range policy.names {
		key := policy.witnesses[name]
		at, ok := verified[identity(key)]
		if key.kind != witnessType || !ok {
			continue
		}
		has[name] = true
		cosigned = append(cosigned, Cosignature{strings.ToValidUTF8(name, "\ufffd"), at})
		if time.Unix(at, 0).Before(entryTime.Add(-time.Minute)) {
			found.add("cosignature-early", "a witness cosigned before the time of the entry")
		}
	}
	counted := func(name string) bool { return has[name] }
	mayCount := func(name string) bool {
		key := policy.witnesses[name]
		return has[name] || key.kind != witnessType && lines[[2]string{key.name, key.keyID}]
	}
	if !policy.met(policy.quorum, counted) {
		if policy.met(policy.quorum, mayCount) {
			found.add("policy-unsupported", "the quorum rests on keys that this client does not verify")
		} else {
			found.add("policy-unmet", "the witnesses that the policy asks for have not cosigned")
		}
	}
	return cosigned
}

// checkStatement is page 06, steps 6 to 9: signer, audience, members, disclosures.
func checkStatement(read *parsedReceipt, said *statement, result *Receipt, found *findings) error {
	signed := said.jws[:strings.LastIndexByte(said.jws, '.')]
	switch {
	case thumbprintOf(read.publicKey) != said.kid:
		found.add("key-not-issuers", "the key in the receipt is not the one that the statement names")
	case !knownAlg(said.alg):
		found.add("not-judged", "the signature is of a later algorithm: needs a newer verifier")
	case !signatureIsValid(read.publicKey, []byte(signed), said.signature):
		found.add("signature-invalid", "the statement's signature does not verify")
	}
	if said.payload["aud"] != read.checkpoint.origin {
		found.add("audience-wrong", "the statement is for another ledger")
	}
	if said.payload["kind"] != "evidence.deposit" {
		return fail("not-judged", "the statement is no deposit: needs the full verifier")
	}
	if err := checkDeposit(said.payload); err != nil {
		return err
	}
	sealed, _ := said.payload["_sd"].([]any)
	left := map[string]bool{}
	for _, digest := range sealed {
		left[digest.(string)] = true
	}
	for _, one := range read.disclosures {
		isNew, isSealed := left[one.digest]
		if !isSealed {
			return fail("disclosure-foreign", "a disclosure was not sealed with this statement")
		}
		if _, twice := result.Claims[one.claim]; twice || !isNew {
			return fail("disclosure-repeated", "a claim is disclosed twice")
		}
		left[one.digest] = false
		result.Claims[one.claim] = one.value
	}
	result.Withheld = len(sealed) - len(read.disclosures)
	return nil
}

// VerifyFile gives the number of the item that a file is, by its size and every digest. Manifests, and digests that Go's library
// does not compute, are left to the full verifier.
func (r *Receipt) VerifyFile(ctx context.Context, path string) (int, error) {
	file, err := ItemOfFile(ctx, path, "sha256", "sha384", "sha512", "md5", "sha1")
	if err != nil {
		return -1, err
	}
	found := func(code, why string) (int, error) {
		err := fail(code, "%s", why)
		err.Faults = []string{code}
		return -1, err
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
		if differs {
			continue
		}
		if unknown {
			return found("digest-not-computable", "a digest cannot be computed here")
		}
		if _, isManifest := item["tree"]; isManifest {
			return found("not-judged", "the file is a manifest: needs the full verifier")
		}
		return number, nil
	}
	if len(items) == 1 {
		return found("file-differs", "this file is not byte-identical to the one that was deposited")
	}
	return found("file-not-in-deposit", "this file is not byte-identical to one that was deposited")
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
	// Pause is the first pause without such a request, about; it doubles: 500 ms.
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
func NewClient(base string, policy *Policy, options Options) (*Client, error) {
	parsed, err := url.Parse(base)
	if err != nil || parsed.Scheme != "http" && parsed.Scheme != "https" || parsed.Hostname() == "" {
		// The text is not repeated: it may have a password.
		return nil, fail("usage", "the URL of the ledger is no http or https URL")
	}
	if parsed.User != nil || parsed.RawQuery != "" || parsed.ForceQuery || parsed.Fragment != "" {
		return nil, fail("usage", "the URL of the ledger has a user name, a query or a fragment")
	}
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
	client := &http.Client{Transport: options.Transport, CheckRedirect: refuse}
	return &Client{strings.TrimRight(base, "/"), policy, options, client}, nil
}

// Result is a deposit whose receipt verified, or the error of one statement of a batch.
type Result struct {
	// Created is false where the same bytes were deposited before.
	Created bool
	Receipt *Receipt
	Err     error
}

// Deposit sends one statement and verifies its receipt. Where the policy asks for witnesses, their cosignatures are awaited.
//
// The error has the server's code, server-unreachable, server-answer, or the code of what does not verify. After any of them
// the same text may be sent again: it is sequenced once.
func (c *Client) Deposit(ctx context.Context, statement string) (*Result, error) {
	if err := checkPresentation(statement); err != nil {
		return nil, err
	}
	path := "/v1/statements"
	if c.policy.asksWitnesses() {
		path += "?wait=cosigned"
	}
	headers := map[string]string{"Content-Type": "application/sd-jwt", "Accept": "application/json"}
	var unmet error
	for attempt := 0; attempt < c.options.Tries; attempt++ {
		if unmet != nil {
			if err := c.sleep(ctx, attempt, 0); err != nil {
				return nil, err
			}
		}
		answer, err := c.send(ctx, http.MethodPost, path, headers, statement, answerBytes)
		if err != nil {
			return nil, err
		}
		if answer.status < 200 || answer.status > 202 {
			return nil, problem(answer.status, document(answer.body), answer.retryAfter)
		}
		result, err := c.accepted(statement, answer.status, document(answer.body))
		if err == nil || CodeOf(err) != "policy-unmet" {
			return result, err
		}
		unmet = err
	}
	return nil, unmet
}

// DepositMany sends statements in batches. It gives, in their order, the result of each; one does not affect another.
func (c *Client) DepositMany(ctx context.Context, statements []string) ([]Result, error) {
	for _, statement := range statements {
		if err := checkPresentation(statement); err != nil {
			return nil, err
		}
	}
	results := make([]Result, len(statements))
	pending := make([]int, len(statements))
	for number := range pending {
		pending[number] = number
	}
	for attempt := 0; len(pending) > 0; attempt++ {
		var busy []int
		for _, chunk := range chunks(pending, statements) {
			for i, result := range c.batch(ctx, chunk, statements) {
				results[chunk[i]] = result
				var known *Error
				if errors.As(result.Err, &known) && known.again {
					busy = append(busy, chunk[i])
				}
			}
		}
		pending = busy
		// A line has no Retry-After: the server's least is a second.
		if len(pending) == 0 || attempt+1 >= c.options.Tries || c.sleep(ctx, attempt, time.Second) != nil {
			break
		}
	}
	for number, statement := range statements {
		// A batch does not wait for witnesses: each statement is asked for again, as the same bytes, until they have cosigned.
		if CodeOf(results[number].Err) != "policy-unmet" {
			continue
		}
		if result, err := c.Deposit(ctx, statement); err != nil {
			results[number] = Result{Err: err}
		} else {
			results[number] = *result
		}
	}
	return results, nil
}

// Receipt fetches the receipt of an entry, with the disclosures that this reader may see, and verifies it.
func (c *Client) Receipt(ctx context.Context, index int64) (*Receipt, error) {
	if index < 0 || index > maxInteger {
		return nil, fail("usage", "an index is a count from 0")
	}
	headers, err := c.authorization()
	if err != nil {
		return nil, err
	}
	headers["Accept"] = "application/json"
	answer, err := c.send(ctx, http.MethodGet, fmt.Sprintf("/v1/entries/%d/receipt", index), headers, "", answerBytes)
	if err != nil {
		return nil, err
	}
	said := document(answer.body)
	if answer.status != http.StatusOK {
		return nil, problem(answer.status, said, answer.retryAfter)
	}
	data, err := receiptIn(said)
	if err != nil {
		return nil, err
	}
	receipt, err := VerifyReceipt(data, c.policy, "")
	if err == nil && receipt.Index != index {
		return nil, withReceipt(fail("server-answer", "the receipt is of another entry"), data)
	}
	return receipt, err
}

// authorization is page 11: a token for this server alone, of five minutes.
func (c *Client) authorization() (map[string]string, error) {
	headers := map[string]string{}
	if c.options.Key == nil || c.options.Issuer == "" {
		return headers, nil
	}
	now := time.Now().Unix()
	payload := map[string]any{"iss": c.options.Issuer, "aud": c.base, "iat": now, "exp": now + 300}
	token, err := c.options.Key.signJWS("evidence-access+jwt", payload)
	headers["Authorization"] = "Bearer " + token
	return headers, err
}

func (c *Client) batch(ctx context.Context, chunk []int, statements []string) []Result {
	results := make([]Result, len(chunk))
	var body strings.Builder
	for _, number := range chunk {
		body.WriteString(statements[number] + "\n")
	}
	// Each line may be answered by a receipt, which has at most 1 MiB.
	limit := int64(1+2*len(chunk)) << 20
	if limit > 64<<20 {
		limit = 64 << 20
	}
	headers := map[string]string{"Content-Type": "application/x-ndjson", "Accept": "application/x-ndjson"}
	answer, err := c.send(ctx, http.MethodPost, "/v1/statements", headers, body.String(), limit)
	var lines [][]byte
	if err == nil && answer.status != http.StatusOK {
		err = problem(answer.status, document(answer.body), answer.retryAfter)
	} else if err == nil {
		lines = bytes.Split(answer.body, []byte("\n"))
		if len(lines) != len(chunk)+1 || len(lines[len(chunk)]) != 0 {
			err = fail("server-answer", "the server answered another number of lines")
		}
	}
	for i, number := range chunk {
		if err != nil {
			// The request as a whole was tried as often as it may be.
			results[i] = Result{Err: err}
		} else if result, err := c.line(statements[number], lines[i]); err != nil {
			results[i] = Result{Err: err}
		} else {
			results[i] = *result
		}
	}
	return results
}

func (c *Client) line(statement string, line []byte) (*Result, error) {
	said := document(line)
	status, ok := said["status"].(int64)
	if !ok || status < 100 || status > 599 {
		return nil, fail("server-answer", "a line of the answer has no status")
	}
	if status != http.StatusOK && status != http.StatusCreated {
		refusal := problem(int(status), said, 0)
		refusal.again = isPassing(int(status))
		return nil, refusal
	}
	return c.accepted(statement, int(status), said)
}

func (c *Client) accepted(statement string, status int, said map[string]any) (*Result, error) {
	data, err := receiptIn(said)
	if err != nil {
		return nil, err
	}
	receipt, err := VerifyReceipt(data, c.policy, statement)
	if err != nil {
		return nil, err
	}
	if said["index"] != receipt.Index || said["time"] != receipt.Time || said["leafHash"] != receipt.LeafHash {
		return nil, withReceipt(fail("server-answer", "the answer is not what its receipt says"), data)
	}
	return &Result{Created: status == http.StatusCreated, Receipt: receipt}, nil
}

func withReceipt(err *Error, receipt []byte) *Error {
	err.Receipt = receipt
	return err
}

func interrupted(cause error) *Error {
	err := fail("server-unreachable", "it was called off before it was done")
	err.cause = cause
	return err
}

// sleep doubles with each try; the jitter keeps clients that were refused together from coming back together.
func (c *Client) sleep(ctx context.Context, attempt int, asked time.Duration) error {
	backoff := c.options.Pause << uint(attempt)
	if backoff > 30*time.Second || backoff <= 0 {
		backoff = 30 * time.Second
	}
	timer := time.NewTimer(asked + backoff/2 + time.Duration(mathrand.Int63n(int64(backoff/2)+1)))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return interrupted(ctx.Err())
	}
}

type answer struct {
	status     int
	body       []byte
	retryAfter time.Duration
}

// isPassing names statuses after which the same bytes may be taken: the server, or a proxy before it, could not serve just now.
func isPassing(status int) bool {
	switch status {
	case 408, 429, 500, 502, 503, 504:
		return true
	}
	return false
}

// send makes one request, sent again as the same bytes while the server is busy or out of reach.
func (c *Client) send(ctx context.Context, method, path string, headers map[string]string, body string, limit int64) (*answer, error) {
	for attempt := 0; ; attempt++ {
		isLast := attempt+1 >= c.options.Tries
		got, err := c.once(ctx, method, path, headers, body, limit)
		if ctx.Err() != nil {
			return nil, interrupted(ctx.Err())
		}
		var pause time.Duration
		if err != nil {
			var known *Error
			if errors.As(err, &known) {
				return nil, known
			}
			// A certificate that is not trusted now will not be in a second.
			var untrusted *tls.CertificateVerificationError
			if isLast || errors.As(err, &untrusted) {
				return nil, fail("server-unreachable", "the ledger cannot be reached: %s", c.why(err))
			}
		} else {
			if !isPassing(got.status) || isLast || got.retryAfter > c.options.MaxWait {
				return got, nil
			}
			pause = got.retryAfter
		}
		if err := c.sleep(ctx, attempt, pause); err != nil {
			return nil, err
		}
	}
}

// why says what kind of failure it was, and nothing of what was sent.
func (c *Client) why(err error) string {
	var untrusted *tls.CertificateVerificationError
	var timeout net.Error
	var system syscall.Errno
	var lookup *net.DNSError
	switch {
	case errors.As(err, &untrusted):
		return "its certificate is not trusted here"
	case errors.As(err, &timeout) && timeout.Timeout():
		return fmt.Sprintf("no answer within %s", c.options.Timeout)
	case errors.As(err, &lookup):
		return "its name is not known"
	case errors.As(err, &system):
		return system.Error()
	}
	return "the connection broke off"
}

func (c *Client) once(ctx context.Context, method, path string, headers map[string]string, body string, limit int64) (*answer, error) {
	ctx, cancel := context.WithTimeout(ctx, c.options.Timeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, method, c.base+path, strings.NewReader(body))
	if err != nil {
		return nil, fail("usage", "the URL of the ledger cannot be used")
	}
	for name, value := range headers {
		request.Header.Set(name, value)
	}
	request.Header.Set("User-Agent", "evidence-client-go/"+version)
	response, err := c.http.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	refuse := func(why string, args ...any) (*answer, error) {
		err := fail("server-answer", why, args...)
		err.Status = response.StatusCode
		return nil, err
	}
	if response.StatusCode >= 300 && response.StatusCode < 400 {
		return refuse("the server redirects, and redirects are not followed")
	}
	if coding := response.Header.Get("Content-Encoding"); coding != "" && !strings.EqualFold(coding, "identity") {
		return refuse("the answer is encoded, which was not asked for")
	}
	if response.ContentLength > limit {
		return refuse("the answer is larger than %d bytes", limit)
	}
	data, err := io.ReadAll(io.LimitReader(response.Body, limit+1))
	if err != nil {
		return nil, err
	}
	if int64(len(data)) > limit {
		return refuse("the answer is larger than %d bytes", limit)
	}
	return &answer{response.StatusCode, data, retryAfter(response.Header.Get("Retry-After"))}, nil
}

var secondsForm = regexp.MustCompile(`\A[0-9]{1,9}\z`)

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
	said, err := readJSONObject(body)
	if err != nil {
		return map[string]any{}
	}
	return said
}

func receiptIn(said map[string]any) ([]byte, error) {
	receipt, ok := said["receipt"].(string)
	if !ok {
		return nil, fail("server-answer", "the answer is no JSON with a receipt")
	}
	return []byte(receipt), nil
}

// problem is the error that a problem document states: its words are the server's, and are shown shortened.
func problem(status int, said map[string]any, retryAfter time.Duration) *Error {
	err := fail("server-answer", "the server answered %d with no problem document", status)
	if code, ok := said["code"].(string); ok && codeForm.MatchString(code) {
		detail, _ := said["detail"].(string)
		err = fail(code, "%s", shown(detail))
	}
	request, _ := said["request"].(string)
	err.Status, err.RequestID, err.RetryAfter = status, shown(request), retryAfter
	if isCount(said["index"], 0, maxInteger) {
		err.Index = said["index"].(int64)
	}
	if receipt, ok := said["receipt"].(string); ok {
		err.Receipt = []byte(receipt)
	}
	return err
}

var presentationForm = regexp.MustCompile(`\A[A-Za-z0-9_.~-]+\z`)

// checkPresentation lets only the characters of a presentation pass: a line feed would be another statement of the batch.
func checkPresentation(statement string) error {
	if len(statement) > 262144 || !presentationForm.MatchString(statement) {
		return fail("jws-malformed", "the statement is no signed statement with its disclosures")
	}
	return nil
}

// chunks are batches of at most 500 lines and 8 MiB, which any ledger takes.
func chunks(numbers []int, statements []string) [][]int {
	var all [][]int
	var chunk []int
	length := 0
	for _, number := range numbers {
		if len(chunk) > 0 && (len(chunk) == 500 || length+len(statements[number]) > 8<<20) {
			all = append(all, chunk)
			chunk, length = nil, 0
		}
		chunk = append(chunk, number)
		length += len(statements[number]) + 1
	}
	if len(chunk) > 0 {
		all = append(all, chunk)
	}
	return all
}
