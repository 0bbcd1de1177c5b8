/**
 * VERIFY.md of every package: how an expert checks it with `sha256sum`, `openssl` and a short program in Python, without this
 * software (docs/spec/18-package.md). A test runs its commands as they stand.
 */
export const verifyGuide = `# How to check this package without the software that made it

This folder holds evidence that was deposited in an evidence ledger, or the digests of it; the ledger's receipts; and the entries by
which the signers' keys were admitted. It is a bag (RFC 8493). You need a shell, \`sha256sum\`, \`openssl\` 3 and Python 3.8 or newer. Unpack a zip
first; run everything in the folder that holds this text. Nothing is written into it.

With the software, \`evidence check\` does all of this and more: run it with a policy that you have from elsewhere.

## 1. The package is whole

\`\`\`sh
sha256sum --check --strict --quiet manifest-sha256.txt
sha256sum --check --strict --quiet tagmanifest-sha256.txt
\`\`\`

This finds accidents, not forgers: whoever can replace a file can replace these lists. Files that were deposited and are not here stand in
\`withheld-sha256.txt\`, if there are any: put them, in a copy of this
folder, where it says, and check them in the same way.

## 2. The key of the ledger is the right one

Everything below rests on the ledger's public key in the file \`policy\`. It lies in this package, so it proves nothing by itself: compare its
\`log\` line, character by character, with what the ledger publishes, or with one that a party you trust has kept.

\`\`\`sh
grep '^log ' policy
\`\`\`

## 3. One signature by hand

A receipt (\`.tlog-proof\`, C2SP tlog-proof) ends with a checkpoint: the ledger's name, its size, the root of its Merkle tree, an empty line, and
signatures, each with the number of its key. The ledger signs the first three lines. (A receipt may be older than the ledger's present key, and then has a \`.key-transition\`
beside it; the newest receipt of the same entry, if there is one, is \`latest.tlog-proof\`.)

\`\`\`sh
work=$(mktemp -d)
receipt=$(ls data/deposits/001/*.tlog-proof | head -n 1)
sed '1,/^$/d' "$receipt" > "$work/checkpoint"
sed '/^$/,$d' "$work/checkpoint" > "$work/signed"
name=$(head -n 1 "$work/signed")
id=$(grep -F -m 1 -- "log $name+" policy | cut -d + -f 2)
grep -F -- "— $name " "$work/checkpoint" | sed 's/.* //' | while read -r mark; do
  if [ "$(echo "$mark" | base64 -d | head -c 4 | od -An -tx1 | tr -d ' ')" = "$id" ]; then echo "$mark"; fi
done | base64 -d | tail -c 64 > "$work/signature"
printf '\\060\\052\\060\\005\\006\\003\\053\\145\\160\\003\\041\\000' > "$work/key"
grep -F -m 1 -- "log $name+" policy | cut -d ' ' -f 2 | sed 's/^[^+]*+[^+]*+//' | base64 -d | tail -c 32 >> "$work/key"
openssl pkeyutl -verify -pubin -keyform DER -inkey "$work/key" -rawin -in "$work/signed" -sigfile "$work/signature"
\`\`\`

## 4. Everything else

The program below checks, for every receipt: the ledger's signature; that the entry is in the tree that is signed (RFC 6962); the signer's
signature on the statement in the entry; that the key was admitted by an earlier entry, back to the first, the genesis; and that every
file here is one that its receipt, or the manifest or file proof under it, names by SHA-256. Read it first: it is short so that you can.

\`\`\`sh
sed -n '/^\`\`\`python$/,/^\`\`\`$/p' VERIFY.md | sed '1d;$d' > "$work/verify.py"
python3 "$work/verify.py" policy
rm -r "$work"
\`\`\`

\`\`\`python
import base64, glob, hashlib, json, os, subprocess, sys, tempfile
sha = lambda data: hashlib.sha256(data).digest()
b64 = base64.b64decode
url = lambda text: base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
thumb = lambda jwk: base64.urlsafe_b64encode(sha(jwk)).decode().rstrip("=")
logs = [l.split()[1].split("+", 2) for l in open(sys.argv[1], encoding="utf-8") if l.startswith("log ")]

def signed(key, message, signature):  # Ed25519, by openssl
    with tempfile.TemporaryDirectory() as folder:
        paths = [os.path.join(folder, name) for name in ("key", "message", "signature")]
        for path, data in zip(paths, (bytes.fromhex("302a300506032b6570032100") + key, message, signature)):
            with open(path, "wb") as file: file.write(data)
        return subprocess.run(["openssl", "pkeyutl", "-verify", "-rawin", "-pubin", "-keyform", "DER", "-inkey", paths[0],
                               "-in", paths[1], "-sigfile", paths[2]], capture_output=True).returncode == 0

def root(leaf, index, size, hashes):  # RFC 9162, 2.1.3.2
    at, last = index, size - 1
    for h in hashes:
        assert last > 0, "the inclusion proof is too long"
        leaf = sha(b"\\1" + h + leaf) if at & 1 or at == last else sha(b"\\1" + leaf + h)
        while at == last and not at & 1 and at: at, last = at >> 1, last >> 1
        at, last = at >> 1, last >> 1
    assert last == 0, "the inclusion proof is too short"
    return leaf

def grown(first, old, second, hashes):  # RFC 9162, 2.1.4.2: root of the larger tree
    at, last, hashes = first - 1, second - 1, hashes if first & (first - 1) else [old] + hashes
    while at & 1: at, last = at >> 1, last >> 1
    begin = whole = hashes[0]
    for h in hashes[1:]:
        assert last > 0, "the consistency proof is too long"
        if at & 1 or at == last:
            begin, whole = sha(b"\\1" + h + begin), sha(b"\\1" + h + whole)
            while at and not at & 1: at, last = at >> 1, last >> 1
        else: whole = sha(b"\\1" + whole + h)
        at, last = at >> 1, last >> 1
    assert last == 0 and begin == old, "the consistency proof leads elsewhere"
    return whole

def checkpoint(note):  # (whether a key of the policy signed it, origin, size, root)
    text, signatures = note.split("\\n\\n", 1)
    origin, size, tree = text.split("\\n")
    keys = [b64(key)[1:] for log, _, key in logs if log == origin]
    marks = [b64(l.split(" ")[2])[4:] for l in signatures.split("\\n") if l.startswith("\\u2014 " + origin + " ")]
    return any(signed(k, (text + "\\n").encode(), m) for k in keys for m in marks), origin, int(size), b64(tree)

def check(data, name, beside):  # one receipt: (index, kid, statement, ledger)
    head, note = data.decode().split("\\n\\n", 1)
    lines = head.split("\\n")
    extra = b64(lines[1][6:]).split(b"\\n")
    good, origin, size, tree = checkpoint(note)
    moved = beside.replace(".tlog-proof", ".key-transition")  # an earlier key signed: what leads to a later checkpoint
    if not good and os.path.exists(moved):
        first, note = read(moved).decode().split("\\n\\n", 1)
        _, begin, *hashes = first.split("\\n")
        good, other, later, new = checkpoint(note)
        good = good and (other, begin) == (origin, "from " + str(size)) and grown(size, tree, later, [b64(h) for h in hashes]) == new
    assert good, name + ": the checkpoint is not signed"
    entry, index = b"\\n".join(extra[:5]) + b"\\n", int(extra[1])
    leaf = root(sha(b"\\0" + entry), index, size, [b64(l) for l in lines[3:]])
    assert extra[0] == b"evidence-ledger/entry/v1" and leaf == tree, name + ": the entry is not in the tree"
    header, payload, mark = extra[4].decode().split(".")
    assert thumb(extra[5]) == json.loads(url(header))["kid"], name + ": another key signed"
    assert signed(url(json.loads(extra[5])["x"]), (header + "." + payload).encode(), url(mark)), name + ": not signed"
    statement = json.loads(url(payload))
    assert statement["aud"] == origin, name + ": made for another ledger"
    return index, thumb(extra[5]), statement, origin

read = lambda path: open(path, "rb").read()
known, keys, nobody = {}, {}, (None, [], -1)  # (ledger, key) -> (owner, roles, entry), in order of entries

def jwk(key):
    name = thumb(json.dumps({m: key[m] for m in ("crv", "kty", "x")}, separators=(",", ":")).encode())
    keys[name] = url(key["x"])
    return name

def carried(change, origin):  # what a change proposes, and whether all who approved are known and may approve
    known_all = True
    for a in change["approvals"]:
        kid = json.loads(url(a["protected"]))["kid"]
        roles = known.get((origin, kid), nobody)[1]
        if "administrator" not in roles and "recovery" not in roles: known_all = False
        else: assert signed(keys[kid], (a["protected"] + "." + change["proposal"]).encode(), url(a["signature"])), "an approval is not signed"
    said = json.loads(url(change["proposal"]))
    assert said["aud"] == origin, "a proposal was made for another ledger"
    return said, known_all

for index, kid, said, origin in sorted((check(read(p), p, p) for p in glob.glob("data/admissions/*.tlog-proof")), key=lambda r: r[0]):
    owner, roles, _ = known.get((origin, kid), nobody)
    vouched = owner == said["iss"] and "administrator" in roles
    if said["kind"] == "ledger.change" and owner == said["iss"]: said, vouched = carried(said, origin)
    if said["kind"] == "ledger.genesis" and index == 0:
        for a in said["administrators"]: known[origin, jwk(a["keys"][0])] = (a["id"], ["administrator"], 0)
    elif said["kind"] == "participant.admit" and vouched:
        who = said["participant"]
        known.setdefault((origin, jwk(who["keys"][0])), (who["id"], who["roles"], index))
    elif said["kind"] == "participant.rotate-key" and owner == said["iss"]:
        known.setdefault((origin, jwk(said["newKey"])), (owner, roles, index))
for folder in glob.glob("data/deposits/*"): assert os.path.exists(folder + "/receipt.tlog-proof"), folder + ": no receipt"
for path in sorted(glob.glob("data/related/*.tlog-proof") + glob.glob("data/deposits/*/*.tlog-proof")):
    index, kid, said, origin = check(read(path), path, path)
    owner, roles, since = known.get((origin, kid), nobody)
    assert owner in (None, said["iss"]) and since < index, path + ": the key is another's, or came later"
    assert owner is None or said["kind"] != "evidence.deposit" or "depositor" in roles, path + ": no depositor"
    by = "admitted as " + ", ".join(roles) if owner else "ADMISSION NOT SHOWN"
    print(path, said["kind"], "entry", index, "of", origin, "by", said["iss"], "key", kid, by)
    folder = os.path.dirname(path)
    items, digests = said.get("items", []), set()
    for item in items: digests.add(item["digest"].get("sha256"))
    for m in glob.glob(folder + "/manifests/*"):
        assert hashlib.sha256(read(m)).hexdigest() in digests, m + ": not the manifest that was deposited"
    lines = [l for m in glob.glob(folder + "/manifests/*") for l in read(m).split(b"\\n") if l]
    for p in glob.glob(folder + "/proofs/*.file-proof"):
        first, rest = read(p).split(b"\\n\\n", 1)
        _, number, at, line, *hashes = first.split(b"\\n")
        check(rest, p, folder + "/receipt.tlog-proof")
        leaf = root(sha(b"\\0" + line), int(at), items[int(number)]["tree"]["size"], [b64(h) for h in hashes])
        assert leaf.hex() == items[int(number)]["tree"]["root"], p + ": does not lead to the manifest"
        lines.append(line)
    digests.update(l.lstrip(b"\\\\")[:64].decode() for l in lines)
    for file in (os.path.join(d, f) for d, _, found in os.walk(folder + "/files") for f in found):
        assert hashlib.sha256(read(file)).hexdigest() in digests, file + ": not byte-identical to any file deposited here"
        print("  unchanged since deposit:", file)
print("no fault found")
\`\`\`

## What this does and does not show

It shows that these files are unchanged since they were deposited, that the deposits were signed by these keys, in this order, under this ledger's
signature, and which administrators admitted the keys, or approved that they were. The times are by the ledger's clock. It does not show that the content is true, who
stands behind a key beyond the administrators' word, that anything was untouched before its deposit, or what happened after the sizes that the
checkpoints state: a revocation or retraction may have followed. This program trusts the ledger's key alone; witnesses' cosignatures, time
stamps (\`.time-proof\`: page 13 says how \`openssl ts\` checks one), how many had to approve, the rules of Ed25519 in corner cases, and digests other than SHA-256 are for a full verifier. The formats are specified in
the evidence ledger's \`docs/spec\`, by pages 06, 08, 09, 13, 14 and 18.
`
