package evidence

import (
	"encoding/base64"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
)

type input map[string]any

func (i input) text(name string) string {
	text, _ := i[name].(string)
	return text
}

// octets are those of nameBase64, or of the text name.
func (i input) octets(name string) []byte {
	if encoded, ok := i[name+"Base64"].(string); ok {
		data, _ := base64.StdEncoding.DecodeString(encoded)
		return data
	}
	return []byte(i.text(name))
}

func (i input) number(name string) int64 { return int64(i[name].(float64)) }

func (i input) proof() (hashes [][]byte) {
	for _, one := range i["proofBase64"].([]any) {
		data, _ := base64.StdEncoding.DecodeString(one.(string))
		hashes = append(hashes, data)
	}
	return hashes
}

// The conformance vectors of what this package reads: each is accepted, or refused, as docs/spec has it.
func TestVectors(t *testing.T) {
	laterAlg := func(alg string) { require(knownAlg(alg), "not-judged", "the algorithm is unknown") }
	formats := map[string]func(input){
		"jws": func(i input) {
			said, _ := readEnvelope(i.text("text"))
			laterAlg(said.alg)
		},
		"jws-header": func(i input) {
			alg, _ := readHeader(b64url(i.octets("header")), i.text("typ"))
			laterAlg(alg)
		},
		"base64":     func(i input) { readB64(i.text("text"), "base64-malformed") },
		"base64url":  func(i input) { readB64url(i.text("text"), "base64-malformed") },
		"json":       func(i input) { readJSON(i.octets("json")) },
		"time":       func(i input) { readTime(i.text("text"), "time-malformed") },
		"disclosure": func(i input) { readDisclosure(i.text("text")) },
		"vkey":       func(i input) { readVkey(i.text("text")) },
		"checkpoint": func(i input) { readCheckpoint(string(i.octets("note"))) },
		"policy":     func(i input) { parsePolicy(i.octets("policy")) },
		"ed25519": func(i input) {
			valid := signatureIsValid(i.octets("publicKey"), i.octets("message"), i.octets("signature"))
			require(valid, "signature-invalid", "it does not verify")
		},
		"inclusion": func(i input) {
			holds := inclusionHolds(i.number("index"), i.number("size"), i.octets("leafHash"), i.proof(), i.octets("root"))
			require(holds, "inclusion-invalid", "it does not hold")
		},
		"consistency": func(i input) {
			holds := consistencyHolds(i.number("size1"), i.octets("root1"), i.number("size2"), i.octets("root2"), i.proof())
			require(holds, "consistency-invalid", "it does not hold")
		},
		"statement": func(i input) {
			said := readStatement(i.text("jws"))
			laterAlg(said.alg)
			checkKind(said.payload)
		},
	}
	for format, read := range formats {
		files, _ := filepath.Glob("../../fixtures/vectors/" + format + "/*.json")
		if len(files) == 0 {
			t.Errorf("there is no vector of the format %s", format)
		}
		for _, file := range files {
			data, err := os.ReadFile(file)
			var vector struct {
				Input  input
				Expect struct{ Valid bool }
			}
			if err != nil || json.Unmarshal(data, &vector) != nil {
				t.Fatalf("%s cannot be read", file)
			}
			var found error
			func() {
				defer catch(&found)
				read(vector.Input)
			}()
			// Kinds that are left to the full verifier are never called sound.
			if (found == nil) != vector.Expect.Valid && (found == nil || AsError(found).Code != "not-judged") {
				t.Errorf("%s: found %v", file, found)
			}
		}
	}
}
