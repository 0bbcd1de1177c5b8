// Signed stands before a log that takes whatever it is sent, and lets nothing through but statements whose Ed25519 signature
// verifies: what our ledger does too, among other things. Standard library only.
//
// Each POST /add carries a compact JWS, with or without "~" and disclosures after it. Where its signature verifies under -key,
// the request goes on to -to as it came, over kept connections, and the answer comes back as it is; else the answer is 403.
package main

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
)

const largest = 64 << 10

// verifies says whether a presentation begins with a compact JWS that key signed.
func verifies(key ed25519.PublicKey, body []byte) bool {
	jws, _, _ := bytes.Cut(body, []byte("~"))
	dot := bytes.LastIndexByte(jws, '.')
	if dot < 0 {
		return false
	}
	var signature [ed25519.SignatureSize]byte
	encoded := jws[dot+1:]
	if base64.RawURLEncoding.DecodedLen(len(encoded)) != len(signature) {
		return false
	}
	if _, err := base64.RawURLEncoding.Strict().Decode(signature[:], encoded); err != nil {
		return false
	}
	return ed25519.Verify(key, jws[:dot], signature[:])
}

func main() {
	to := flag.String("to", "", "URL that what is signed goes on to")
	keyText := flag.String("key", "", "Ed25519 public key, base64url of 32 bytes")
	flag.Parse()
	raw, err := base64.RawURLEncoding.DecodeString(*keyText)
	if err != nil || len(raw) != ed25519.PublicKeySize {
		fmt.Fprintln(os.Stderr, "signed: -key is no public key")
		os.Exit(2)
	}
	key := ed25519.PublicKey(raw)
	client := &http.Client{Transport: &http.Transport{MaxIdleConns: 1024, MaxIdleConnsPerHost: 1024}}

	http.HandleFunc("POST /add", func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, largest))
		if err != nil {
			http.Error(w, "the statement cannot be read, or is too large", http.StatusBadRequest)
			return
		}
		if !verifies(key, body) {
			http.Error(w, "the signature does not verify", http.StatusForbidden)
			return
		}
		answer, err := client.Post(*to, "application/octet-stream", bytes.NewReader(body))
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		defer answer.Body.Close()
		text, err := io.ReadAll(answer.Body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		w.WriteHeader(answer.StatusCode)
		_, _ = w.Write(text)
	})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Fprintln(os.Stderr, "signed:", err)
		os.Exit(1)
	}
	fmt.Printf("listening on http://%s\n", listener.Addr())
	fmt.Fprintln(os.Stderr, "signed:", http.Serve(listener, nil))
	os.Exit(1)
}
