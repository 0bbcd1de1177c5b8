/** Part of the program in VERIFY.md: the policy, signatures, trees and receipts. */
export const guideReceipts = `policy = [l.split() for l in open(sys.argv[1], encoding="utf-8")]
logs = [tuple(l[1].split("+", 2)) for l in policy if len(l) > 1 and l[0] == "log"]

def signed(key, message, signature):  # Ed25519, by openssl
    with tempfile.TemporaryDirectory() as folder:
        paths = [os.path.join(folder, name) for name in ("key", "message", "signature")]
        for path, data in zip(paths, (bytes.fromhex("302a300506032b6570032100") + key, message, signature)):
            with open(path, "wb") as file: file.write(data)
        return subprocess.run(["openssl", "pkeyutl", "-verify", "-rawin", "-pubin", "-keyform", "DER", "-inkey", paths[0],
                               "-in", paths[1], "-sigfile", paths[2]], capture_output=True).returncode == 0

try: works = signed(*map(bytes.fromhex, (  # RFC 8032, 7.1, test 2: what openssl cannot verify is no fault of what is here
    "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
    "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00")))
except OSError: works = False
if not works:
    print("COULD NOT RUN: openssl 3, which verifies Ed25519, is needed", file=sys.stderr)
    sys.exit(3)

def root(leaf, index, size, hashes):  # RFC 9162, 2.1.3.2: of an inclusion proof
    need(0 <= index < size, "an index is beyond its tree")
    at, last = index, size - 1
    for h in hashes:
        need(last > 0 and len(h) == 32, "an inclusion proof is too long")
        leaf = sha(b"\\1" + h + leaf) if at & 1 or at == last else sha(b"\\1" + leaf + h)
        while at == last and not at & 1 and at: at, last = at >> 1, last >> 1
        at, last = at >> 1, last >> 1
    need(last == 0, "an inclusion proof is too short")
    return leaf

def whole(hashes):  # RFC 9162, 2.1.1: of all leaves
    while len(hashes) > 1:
        hashes = [sha(b"\\1" + b"".join(hashes[i:i + 2])) if i + 1 < len(hashes) else hashes[i] for i in range(0, len(hashes), 2)]
    return hashes[0] if hashes else sha(b"")

def grown(first, old, second, hashes):  # RFC 9162, 2.1.4.2: root of the larger tree
    need(0 < first < second and hashes, "a consistency proof is between no two sizes")
    at, last, hashes = first - 1, second - 1, hashes if first & (first - 1) else [old] + hashes
    while at & 1: at, last = at >> 1, last >> 1
    begin = end = hashes[0]
    for h in hashes[1:]:
        need(last > 0, "a consistency proof is too long")
        if at & 1 or at == last:
            begin, end = sha(b"\\1" + h + begin), sha(b"\\1" + h + end)
            while at and not at & 1: at, last = at >> 1, last >> 1
        else: end = sha(b"\\1" + end + h)
        at, last = at >> 1, last >> 1
    need(last == 0 and begin == old, "a consistency proof leads elsewhere")
    return end

def note_parts(note):  # (what is signed, origin, size, root, signatures by the origin's keys)
    text, signatures = note.split("\\n\\n", 1)
    origin, size, tree = match("([^\\n]+)\\n([0-9]+)\\n([^\\n]{44})", text, "a checkpoint").groups()
    marks = [b64(l.split(" ")[2])[4:] for l in signatures.split("\\n") if l.startswith("\\u2014 " + origin + " ")]
    return (text + "\\n").encode(), origin, number(size), b64(tree), [m for m in marks if len(m) == 64]

def checkpoint(note):  # (whether a key of the policy signed it, origin, size, root)
    text, origin, size, tree, marks = note_parts(note)
    keys = [b64(key) for log, _, key in logs if log == origin]
    good = any(signed(k[1:], text, m) for k in keys if k[:1] == b"\\1" and len(k) == 33 for m in marks)
    return good, origin, size, tree

algorithms, seen = ("EdDSA", "Ed25519"), {}  # one root for each size, one entry for each index

def same(kind, origin, at, value):
    need(seen.setdefault((kind, origin, at), value) == value, "two histories:", origin, "has two", kind, "at", at)

def check(data, name, path):  # one receipt
    head, note = data.decode().split("\\n\\n", 1)
    lines = head.split("\\n")
    need(lines[0] == "c2sp.org/tlog-proof@v1" and lines[1].startswith("extra "), name, "is no receipt")
    extra = b64(lines[1][6:]).split(b"\\n")
    good, origin, size, tree = checkpoint(note)
    newest = size
    moved = path.replace(".tlog-proof", ".key-transition")  # an earlier key signed: what leads to a later checkpoint
    if moved in files:
        first, note = read(moved).decode().split("\\n\\n", 1)
        title, begin, *hashes = first.split("\\n")
        good, other, later, new = checkpoint(note)
        need((title, other, begin) == ("evidence-ledger/key-transition/v1", origin, "from %d" % size)
             and grown(size, tree, later, [b64(h) for h in hashes]) == new, moved, "does not lead on from its receipt")
        same("roots", origin, later, new)
        newest = later
    need(good, name, ": the checkpoint is not signed")
    version = match("evidence-ledger/entry/v([1-9][0-9]{0,8})", extra[0].decode(), "an entry")[1]
    end = 5 if version == "1" else next((n for n in range(5, len(extra)) if extra[n].startswith(b'{"crv":')), 0)
    need(end, name, "is no receipt")
    entry, index = b"\\n".join(extra[:end]) + b"\\n", number(extra[1].decode())
    need(lines[2] == "index %d" % index, name, ": another index than its entry's")
    leaf = sha(b"\\0" + entry)
    need(root(leaf, index, size, [b64(l) for l in lines[3:]]) == tree, name, ": the entry is not in the tree")
    same("roots", origin, size, tree), same("entries", origin, index, leaf)
    x = match(rb'\\{"crv":"Ed25519","kty":"OKP","x":"([A-Za-z0-9_-]{43})"\\}', extra[end], name)[1].decode()
    about = dict(index=index, origin=origin, leaf=base64.b64encode(leaf).decode(), size=newest, time=extra[2].decode(), path=path)
    if version != "1":
        unjudged.append(name + ": an entry of version " + version)
        return dict(about, said=None, kid=None, claims={})
    header, text, mark = extra[4].decode().split(".")
    kind, said = loads(url(header)), loads(url(text))
    need(kind["typ"] == "evidence-statement+sd-jwt" and kind["kid"] == thumb(extra[5]), name, ": another key signed")
    if kind["alg"] not in algorithms: unjudged.append(name + ": a signature with " + str(kind["alg"]))
    else: need(signed(url(x), (header + "." + text).encode(), url(mark)), name, ": the statement is not signed")
    need(said["aud"] == origin, name, ": made for another ledger")
    claims = {}
    for shown in extra[6:-1]:
        need(thumb(shown) in said.get("_sd", []), name, ": a claim that was not sealed")
        _, claim, value = loads(url(shown.decode()))
        need(claim not in claims, name, ": a claim twice")
        claims[claim] = value
    return dict(about, said=said, kid=thumb(extra[5]), claims=claims)

`
