/**
 * VERIFY.md of every package of version 1, to the byte: how an expert checks it with `sha256sum`, `openssl` and a short program in
 * Python, without this software (docs/spec/18-package.md gives its SHA-256). Tests run its commands as they stand.
 */
export const verifyGuide = `# How to check this package without the software that made it

This folder holds evidence that was deposited in an evidence ledger, or the digests of it; the ledger's receipts; and the entries by
which the signers' keys were admitted. It is a bag (RFC 8493). You need a shell, \`sha256sum\`, \`openssl\` 3 and Python 3.8 or newer. Unpack a zip
first; run everything in the folder that holds this text. Nothing is written into it.

**This text is the same in every package of version 1.** Its SHA-256 is in page 18 of the evidence ledger's \`docs/spec\`: compare it
(\`sha256sum VERIFY.md\`) before you run anything from here, because the maker of the package could have changed it. With the software, \`evidence check\` does all of this
and more: run it with a policy that you have from elsewhere.

## 1. The package is whole

\`\`\`sh
sha256sum --check --strict --quiet manifest-sha256.txt
sha256sum --check --strict --quiet tagmanifest-sha256.txt
\`\`\`

This finds accidents, not forgers: a person who can replace a file can replace these lists. Files that were deposited and are not here stand in
\`withheld-sha256.txt\`, if the packer lists them: put them, in a copy of this folder, where it says, and check them in the same way. Section 4 names all that are not here.

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

The program below checks that every file here has a place in a package and a name that every disk can hold, that the texts of the bag are in order, and, for every receipt: the ledger's signature; that the entry is in the
tree that is signed (RFC 6962); the signer's signature on the statement in the entry; that the key was admitted by an earlier entry, back to the first, the
genesis, and was not rotated out or revoked before; that no entry here breaks a rule of pages 04 and 14 which the entries here show (roles, keys and ids
that are new, references, a closed ledger, an ended intake); and that every file is one that its receipt names, by itself, or by a manifest or file proof under the item that
this manifest is. It says first what was retracted, and which files were deposited and are not here. Any fault ends it, with exit code 1. What
it does not know or cannot compute (a kind, a role, a version, an algorithm) it calls NOT JUDGED, and ends with 4. Read it first.

\`\`\`sh
sed -n '/^\`\`\`python$/,/^\`\`\`$/p' VERIFY.md | sed '1d;$d' > "$work/verify.py"
python3 -I "$work/verify.py" policy
rm -r "$work"
\`\`\`

\`\`\`python
import base64, datetime, hashlib, json, os, re, subprocess, sys, tempfile, time, unicodedata
sys.stdout.reconfigure(encoding="utf-8", errors="backslashreplace")
sys.stderr.reconfigure(encoding="utf-8", errors="backslashreplace")

def show(text):  # one line, whatever it holds
    return "".join(c if c.isprintable() else "\\\\u{%x}" % ord(c) for c in str(text))

def broke(kind, why, at):  # whatever could not be read
    what = "COULD NOT RUN:" if issubclass(kind, (OSError, KeyboardInterrupt)) else "FAULT what is here is not in order:"
    print(show("%s %s, %s, at line %d of this program" % (what, kind.__name__, why, at.tb_lineno)), file=sys.stderr)
sys.excepthook = broke

def need(holds, *why):  # not "assert": python -O leaves those out
    if not holds: sys.exit("FAULT " + show(" ".join(map(str, why))))

def match(pattern, text, what):
    found = re.fullmatch(pattern, text, re.S)
    need(found, what, "is not in order")
    return found

def unique(pairs):
    need(len({name for name, _ in pairs}) == len(pairs), "a member of a JSON object stands twice")
    return dict(pairs)

sha = lambda data: hashlib.sha256(data).digest()
read = lambda path: open(path, "rb").read()
b64 = lambda text: base64.b64decode(text, validate=True)
url = lambda text: base64.urlsafe_b64decode(match("[A-Za-z0-9_-]*", text, "base64url")[0] + "=" * (-len(text) % 4))
number = lambda text: int(match("0|[1-9][0-9]{0,15}", text, "a number")[0])
loads = lambda data: json.loads(data, object_pairs_hook=unique)
thumb = lambda jwk: base64.urlsafe_b64encode(sha(jwk)).decode().rstrip("=")
names = {"sha256": "sha256", "sha384": "sha384", "sha512": "sha512", "sha3-256": "sha3_256", "sm3": "sm3", "md5": "md5", "sha1": "sha1"}
sums = {}

def digest(path, name="sha256"):  # of a file, in pieces; None where Python cannot compute it
    if name not in names: return None
    if (path, name) not in sums:
        try: total = hashlib.new(names[name])
        except ValueError: return None
        with open(path, "rb") as file:
            for piece in iter(lambda: file.read(1 << 20), b""): total.update(piece)
        sums[path, name] = total.hexdigest()
    return sums[path, name]

# Every file, and its place. A link is no file: what it leads to is not in the package. Names are such as every disk can hold.
clear = "[^\\x00-\\x1f\\x7f-\\x9f\\u2028\\u2029\\ud800-\\udfff]"
component = (r"(?!(?i:con|prn|aux|nul|(?:com|lpt)[0-9\\u00b9\\u00b2\\u00b3])[ \\u00a0\\u1680\\u2000-\\u200a\\u202f\\u205f\\u3000\\ufeff]*(?:\\.|$))"
             + r'(?:(?!["*:<>?\\\\|%\\ufffd])' + clear + ")+(?<![ .])")

def place(path):  # a path that a package allows
    need(len(os.fsencode(path)) <= 1024, path, "is too long")
    for one in path.split("/"):
        need(re.fullmatch(component, one) and len(os.fsencode(one)) <= 255, path, "is no name that every disk can hold")

def fold(path):  # as a disk may see it that does not tell case or composition
    for _ in range(2): path = unicodedata.normalize("NFKC", path).casefold()
    return path

def unknown(c):  # newer than Python's Unicode: what it is equal to on some disk is not known
    return unicodedata.category(c) == "Cn" and ord(c) & 0xfffe != 0xfffe and not 0xfdd0 <= ord(c) <= 0xfdef

files, folded, within, unjudged = set(), {}, set(), []
for folder, folders, found in os.walk("."):
    for path in (os.path.join(folder, name) for name in folders):
        need(not os.path.islink(path), path, "is a link")
        place(path[2:].replace(os.sep, "/"))
        within.add(path[2:].replace(os.sep, "/") + "/")
    for path in (os.path.join(folder, name) for name in found):
        need(os.path.isfile(path) and not os.path.islink(path), path, "is a link, or no file")
        path = path[2:].replace(os.sep, "/")
        place(path)
        files.add(path)
        need(folded.setdefault(fold(path), path) == path, path, "and", folded[fold(path)], "would be one file on some disk")
        if any(map(unknown, path)): unjudged.append(path + ": whether it is another path on some disk")
for path in files | within:
    need(not any(fold(path)[:m.start()] in folded for m in re.finditer("/", fold(path))), path, "lies in what is a file, on some disk")
payload = {path for path in files if path.startswith("data/")}
beside = r"\\.(?:tlog-proof|time-proof|key-transition)"
for path in sorted(payload):
    match(r"data/(?:admissions|related)/[^/]+" + beside + r"|data/deposits/[0-9]{3,6}/(?:(?:receipt|latest)" + beside
          + r"|manifests/(?:0|[1-9][0-9]?)\\.evidence-manifest|proofs/[^/]+\\.file-proof|files/.+)", path, path)
    if "/files/" not in path and path.endswith(("time-proof", "key-transition")):
        need(re.sub(beside + "$", ".tlog-proof", path) in payload, path, "lies beside no receipt")
numbered = sorted({"/".join(path.split("/")[:3]) for path in payload if path.startswith("data/deposits/")})
need(numbered == ["data/deposits/%0*d" % (max(3, len(str(len(numbered)))), n + 1) for n in range(len(numbered))], "the deposits are not numbered from 1, in one width")

# The texts of the bag.
def text_lines(name):  # lines, each ended by a line feed and by nothing else
    text = read(name).decode("utf-8")
    need(text[-1:] == "\\n", name, "does not end in a line feed")
    return text[:-1].split("\\n")

def listing(name, digits=64):  # digest by path
    digests = {}
    for l in text_lines(name):
        hexes, path = match("([0-9a-f]{%d})  (%s+)" % (digits, clear), l, name).groups()
        place(path)
        need(path not in digests, path, "stands twice in", name)
        digests[path] = hexes
    return digests

def only(what):  # nothing that follows is known
    print("NOT JUDGED, needs a newer verifier: " + what)
    sys.exit(4)

need("fetch.txt" not in files, "fetch.txt names files that are not here")
bagit = read("bagit.txt")
if re.match(rb"BagIt-Version: (?!1\\.0\\n)(?:0|[1-9][0-9]{0,3})\\.(?:0|[1-9][0-9]{0,3})\\n", bagit):
    for algorithm, digits in (("sha256", 64), ("sha512", 128)):
        try: expected = listing("tagmanifest-%s.txt" % algorithm, digits).get("bagit.txt")
        except (SystemExit, ValueError, OSError): continue  # what cannot be read says nothing of it
        need(expected in (None, digest("bagit.txt", algorithm)), "bagit.txt is not what is listed")
    only("a bag of another version of BagIt")
need(bagit == b"BagIt-Version: 1.0\\nTag-File-Character-Encoding: UTF-8\\n", "bagit.txt is not in order")
for algorithm, digits in (("sha256", 64), ("sha512", 128)):
    for name, held in (("manifest-%s.txt" % algorithm, payload), ("tagmanifest-%s.txt" % algorithm, files - payload)):
        if algorithm == "sha512" and name not in files: continue
        listed_here = listing(name, digits)
        need(set(listed_here) == held - {"tagmanifest-sha256.txt", "tagmanifest-sha512.txt"}, name, "does not list the files that are here")
        for path, hexes in listed_here.items(): need(digest(path, algorithm) == hexes, path, "is not what", name, "lists")
forms = {
    "Payload-Oxum": "%d[.]%d" % (sum(map(os.path.getsize, payload)), len(payload)), "Evidence-Package-Version": "[1-9][0-9]{0,3}",
    "External-Identifier": ".*", "Bagging-Date": "(?:19[7-9]|[2-9][0-9]{2})[0-9]-[0-9]{2}-[0-9]{2}",
    "Evidence-Later-Events": "[!-*,-~]{1,255} (?:0|[1-9][0-9]{0,14})", "Evidence-Events-Not-Shown": "[1-9][0-9]{0,8}"}
info, spelled = {}, {label.lower(): label for label in forms}
for l in text_lines("bag-info.txt"):
    label, value = match("([A-Za-z][A-Za-z0-9-]{0,63}): ((?! )%s+(?<! ))" % clear, l, "bag-info.txt").groups()
    need(label not in info and spelled.setdefault(label.lower(), label) == label, label, "stands twice in bag-info.txt, or in another case")
    info[label] = value
for label in forms:
    if label in info: match(forms[label], info[label], label)
    need(label in info or label != "Evidence-Package-Version", "this is no evidence package")
    if label == "Evidence-Package-Version" and info[label] != "1": only("a package of another version")
if "Bagging-Date" in info: datetime.date(*map(int, info["Bagging-Date"].split("-")))
policy = [l.split() for l in open(sys.argv[1], encoding="utf-8")]
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

# The rules of pages 04 and 14, over the entries that are here: what an entry brings or ends stands, even if its signer's admission is
# not shown, for a ledger that seals what contradicts it broke its rules there or here.
known, keys, ended, compromised, nobody = {}, {}, {}, [], (None, [], -1, "")
here, brought, retired = {}, {}, set()
roles_for = {"ledger.genesis": (), "participant.rotate-key": (), "ledger.change": (), "evidence.deposit": ("depositor",),
             "evidence.retract": ("depositor",), "evidence.attest": ("attestor", "depositor")}
for kind in ("participant.admit", "participant.revoke", "ledger.rotate-key", "ledger.close", "ledger.end-intake", "ledger.set-approvals",
             "ledger.set-format"):
    roles_for[kind] = ("administrator",)
milliseconds = lambda text: round(datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp() * 1000)

def jwk(key):
    name = thumb(json.dumps({m: key[m] for m in ("crv", "kty", "x")}, separators=(",", ":"), sort_keys=True).encode())
    keys[name] = url(key["x"])
    return name

def once(what, r, name):  # brought, used or ended by one entry alone
    need(brought.setdefault((what, r["origin"], name), r["index"]) == r["index"], r["path"], ":", what, name, "stands in an earlier entry")

def vkey(text, origin):  # the bytes of a key of this ledger
    name, mark, key = match("([^+]+)[+]([0-9a-f]{8})[+](.+)", text, "a ledger's key").groups()
    raw = b64(key)
    need(name == origin and raw[:1] == b"\\1" and len(raw) == 33 and sha(name.encode() + b"\\n" + raw)[:4].hex() == mark, text, "is no key of", origin)
    return raw[1:]

def signer(r):  # (owner, roles, entry that brought the key, who vouched), or nobody
    origin, kid, said, index = r["origin"], r["kid"], r["said"], r["index"]
    owner = known.get((origin, kid), nobody)[0]
    need(owner in (None, said["iss"]) and (index == 0 or brought.get(("the key", origin, kid), -1) < index),
         r["path"], ": the key is another's, or came later")
    for name in (("the ledger",), ("key", kid), ("participant", said["iss"])) + (("the intake",),) * (said["kind"] == "evidence.deposit"):
        gone = ended.get((origin,) + name)
        need(gone is None or gone >= index, r["path"], ":", *name, "was ended, rotated out or revoked before, by entry", gone)
    return known.get((origin, kid), nobody)

def carried(r):  # what a change proposes, and whether all who approved are known
    change, origin, known_all, owners = r["said"], r["origin"], True, set()
    said = loads(url(change["proposal"]))
    need(said["aud"] == origin, "a proposal was made for another ledger")
    need(0 <= said["exp"] * 1000 - milliseconds(r["time"]) <= 7776000000, r["path"], ": the proposal ended before, or ends too late")
    for a in change["approvals"]:
        head = loads(url(a["protected"]))
        kid = head["kid"]
        owner, roles = known.get((origin, kid), nobody)[:2]
        if owner is None: known_all = False
        else:
            need({"administrator", "recovery"} & set(roles) and (origin, "key", kid) not in ended and (origin, "participant", owner) not in ended
                 and owner not in owners and head["typ"] == "evidence-proposal+jwt", r["path"], ": an approval is by none who approves now")
            owners.add(owner)
            if head["alg"] not in algorithms: unjudged.append(r["path"] + ": an approval")
            else: need(signed(keys[kid], (a["protected"] + "." + change["proposal"]).encode(), url(a["signature"])), "an approval is not signed")
    return said, known_all

def references(r):  # what it points at, as far as that is here
    origin, said = r["origin"], r["said"]
    of = [said["of"]] if said["kind"] in ("evidence.attest", "evidence.retract") else said.get("relates", []) if said["kind"] == "evidence.deposit" else []
    for one in of:
        need(one.get("origin") != origin and ("origin" in one or one["index"] < r["index"]), r["path"], "refers to no earlier entry")
        there = None if "origin" in one else here.get((origin, one["index"]))
        if there:
            what = there["said"]
            need(there["leaf"] == one["leafHash"], r["path"], "refers to another entry than there is")
            if not what or what["kind"] not in roles_for:
                unjudged.append("%s: that it refers to entry %d" % (r["path"], one["index"]))
                continue
            need(what["kind"] == "evidence.deposit" and one.get("item", -1) < len(what["items"])
                 and ("line" not in one or one["line"] < what["items"][one["item"]]["tree"]["size"]), r["path"], "refers to no deposit, or no item or line of it")
            need(said["kind"] != "evidence.retract" or what["iss"] == said["iss"], r["path"], "retracts what another deposited")

def strong(key):  # a point of prime order, in its one spelling (RFC 8032, 5.1.3 and 5.1.4)
    p, d = 2**255 - 19, -121665 * pow(121666, 2**255 - 21, 2**255 - 19)
    y = int.from_bytes(key, "little") & (2**255 - 1)
    u, v = (y * y - 1) % p, (d * y * y + 1) % p
    x = u * pow(v, 3, p) * pow(u * pow(v, 7, p), (p - 5) // 8, p) % p
    if (v * x * x + u) % p == 0: x = x * pow(2, (p - 1) // 4, p) % p
    if y >= p or (v * x * x - u) % p or x == 0: return False
    if x & 1 != key[31] >> 7: x = p - x
    def plus(a, b):
        e, f, g, h = a[0] * b[1] + a[1] * b[0], a[2] * b[2] - d * a[3] * b[3], a[2] * b[2] + d * a[3] * b[3], a[1] * b[1] + a[0] * b[0]
        return e * f % p, g * h % p, f * g % p, e * h % p
    def times(n, point, sum=(0, 1, 1, 0)):
        while n: sum, point, n = plus(sum, point) if n & 1 else sum, plus(point, point), n >> 1
        return sum[0] == 0 and sum[1] == sum[2]
    return len(key) == 32 and not times(8, (x, y, 1, x * y % p)) and times(2**252 + 27742317777372353535851937790883648493, (x, y, 1, x * y % p))

def bring(r, key, owner, new):  # what stands behind it is shown, or new is None
    name = jwk(key)
    once("the key", r, name)
    need(strong(keys[name]), r["path"], ": a weak key")
    need(("ledger key", r["origin"], keys[name]) not in brought, r["path"], ": the ledger's own key")
    if new: known[r["origin"], name] = (owner,) + new

def genesis(r):
    origin, said = r["origin"], r["said"]
    need(said["origin"] == origin, r["path"], ": of another ledger")
    admins = said["administrators"]
    need((admins[0]["id"], jwk(admins[0]["keys"][0])) == (said["iss"], r["kid"]), r["path"], ": not signed by its first administrator")
    need(len({a["id"] for a in admins}) == len({jwk(a["keys"][0]) for a in admins}) == len(admins), r["path"], ": two administrators are one")
    for a in admins:
        once("the participant", r, a["id"])
        bring(r, a["keys"][0], a["id"], (["administrator"], -1, "in the genesis"))
    for text in said["ledgerKeys"]:
        key = vkey(text, origin)
        need(key not in [keys[jwk(a["keys"][0])] for a in admins], r["path"], ": a ledger's key is an administrator's")
        once("ledger key", r, key)

def judge(r):
    origin, index, kid, said, path = r["origin"], r["index"], r["kid"], r["said"], r["path"]
    kind = said["kind"]
    owner, roles, _, vouched = signer(r)
    once("the jti", r, (said["iss"], said["jti"]))
    need(said["iat"] * 1000 <= milliseconds(r["time"]) + 300000, path, ": issued after its entry")
    need((kind == "ledger.genesis") == (index == 0), path, ": the genesis is entry 0, and nothing else is")
    if kind == "ledger.genesis": return genesis(r)
    needs = roles_for.get(kind, ())
    need(not (owner and needs) or set(needs) & set(roles), path, ": signed by no", " or ".join(needs))
    references(r)
    if kind == "ledger.change":
        said, known_all = carried(r)
        kind = said["kind"]
        if owner and known_all: once("the proposal", r, said["jti"])
        else: owner = None
    if kind not in roles_for: unjudged.append(path + ": the kind " + str(kind))
    elif kind == "participant.admit":
        who = said["participant"]
        once("the participant", r, who["id"])
        need(who["type"] not in ("person", "lawyer") or "name" not in who and re.fullmatch("p-[0-9a-f]{16}", who["id"]),
             path, ": a person's name stands in clear, or may be its id")
        name = next((n for n in (who.get("name"), r["claims"].get("names")) if isinstance(n, str)), "")
        by = "by entry %d of %s" % (index, r["said"]["iss"]) + (", named " + name if name else "")
        bring(r, who["keys"][0], who["id"], owner and (who["roles"], index, by))
        odd = set(who["roles"]) - {"administrator", "depositor", "attestor", "auditor", "recovery", "authority", "operator"}
        if odd: unjudged.append(path + ": the roles " + ", ".join(map(str, odd)))
    elif kind == "participant.rotate-key":
        bring(r, said["newKey"], owner, owner and (roles, index, vouched))
        header, text, mark = said["possession"].split(".")
        head = loads(url(header))
        need(head["kid"] == jwk(said["newKey"]) and head["typ"] == "evidence-key-possession+jwt"
             and loads(url(text)) == dict(aud=origin, iss=said["iss"], jti=said["jti"], old=kid), path, ": the possession proof is another's")
        if head["alg"] not in algorithms: unjudged.append(path + ": a possession proof")
        else: need(signed(keys[head["kid"]], (header + "." + text).encode(), url(mark)), path, ": the possession proof is not signed")
        ended.setdefault((origin, "key", kid), index)
    elif kind == "participant.revoke":
        name = ("key", said["key"]) if "key" in said else ("participant", said["participant"])
        once("the revocation of", r, name)
        ended.setdefault((origin,) + name, index)
        if "compromisedSince" in said:
            need(said["compromisedSince"] <= r["time"], path, ": compromised later than it says so")
            compromised.append((origin, name, said["compromisedSince"], index))
    elif kind in ("ledger.close", "ledger.end-intake"):
        ended.setdefault((origin, "the ledger" if kind == "ledger.close" else "the intake"), index)
        if "successor" in said:
            _, next_origin, size, _, _ = note_parts(said["successor"]["checkpoint"])
            need(next_origin == said["successor"]["origin"] != origin and size == 1, path, ": the successor is none")
    elif kind == "ledger.rotate-key":
        need((origin, said["oldKey"]) not in retired, path, ": the old key was replaced before")
        key = vkey(said["newKey"], origin)
        once("ledger key", r, key)
        need(key not in keys.values() and key != vkey(said["oldKey"], origin), path, ": the new key is known")
        text, of, size, _, marks = note_parts(said["possession"])
        need(of == origin and 1 <= size <= index and any(signed(key, text, m) for m in marks), path, ": the new key signed no checkpoint")
        retired.add((origin, said["oldKey"]))

receipts = {path: check(read(path), path, path) for path in sorted(payload) if path.endswith(".tlog-proof") and "/files/" not in path}
part = lambda name: [r for path, r in receipts.items() if path.startswith("data/" + name + "/")]
told = [r for r in receipts.values() if r["said"]]  # of the rest it is not known what they say
for r in part("admissions"):
    need(not r["said"] or re.match(r"ledger\\.|participant\\.", r["said"]["kind"]) or r["said"]["kind"] not in roles_for, r["path"], "is about no key")
for r in sorted(receipts.values(), key=lambda r: (r["origin"], r["index"])):
    if (r["origin"], r["index"]) not in here:
        if r["said"]: judge(r)
        here[r["origin"], r["index"]] = r
for r in told: signer(r)  # once more: a key may turn out to have come later

piece = lambda of: "".join(", %s %d" % (name, of[name]) for name in ("item", "line") if name in of)  # of a deposit, as a reference names it
first, missing, lost, count, out, deposits, held_by = [], [], 0, 0, [], [], {}

def tell(r):
    if not r["said"]: return out.append("%s: entry %d of %s, of a version that this program does not know" % (r["path"], r["index"], r["origin"]))
    owner, roles, _, by = signer(r)
    out.append("%s: %s, entry %d of %s, at %s" % (r["path"], r["said"]["kind"], r["index"], r["origin"], r["time"]))
    out.append("  signed by %s, key %s; %s" % (r["said"]["iss"], r["kid"],
               "admitted as %s, %s" % (", ".join(roles), by) if owner else "ADMISSION NOT SHOWN"))
    for origin, name, since, at in compromised:
        if origin == r["origin"] and name in (("key", r["kid"]), ("participant", r["said"]["iss"])) and since <= r["time"]:
            first.append("KEY COMPROMISED: entry %d was signed by a key that entry %d says was compromised then" % (r["index"], at))
    return roles if owner else None

def equals(path, item):  # by its size and every digest; None where nothing differs, and not all can be computed here
    if os.path.getsize(path) != item["size"]: return False
    found = {name: digest(path, name) for name in item["digest"]}
    if any(value not in (None, item["digest"][name]) for name, value in found.items()): return False
    return None if None in found.values() else True

def alike(path, items):  # numbers of the items that a file is, or else may be, and whether it is one
    judged = {n: equals(path, item) for n, item in enumerate(items)}
    same = [n for n in judged if judged[n]]
    return same or [n for n in judged if judged[n] is None], bool(same)

def listed(line, what):  # (digest, name) of a line of a manifest
    mark, hexes, name = match(rb"(\\\\?)([0-9a-f]{64})  (.+)", line, what).groups()
    if mark: name = re.sub(rb"\\\\(.)", lambda m: {b"n": b"\\n", b"r": b"\\r"}.get(m[1], m[1]), name)
    return hexes.decode(), name

for folder in numbered:
    need(folder + "/receipt.tlog-proof" in receipts, folder, "has no receipt")
    r = receipts[folder + "/receipt.tlog-proof"]
    newest = receipts.get(folder + "/latest.tlog-proof", r)
    need((newest["origin"], newest["leaf"]) == (r["origin"], r["leaf"]), folder, "has receipts of two entries")
    roles = tell(r)
    knows = r["said"] and r["said"]["kind"] in roles_for
    need(not knows or r["said"]["kind"] == "evidence.deposit", folder, "holds the receipt of no deposit")
    need(not knows or roles is None or "depositor" in roles, folder, ": signed by no depositor")
    asked = info.get("Evidence-Later-Events", "").split(" ")[0] == newest["origin"]
    need(not asked or info["Evidence-Later-Events"] == "%s %d" % (newest["origin"], newest["size"]), folder, "is not under the size as of which the packer says to have asked")
    out.append("  later events: " + ("the packer says to have asked" if asked else "the ledger was NOT ASKED") + ", as of size %d" % newest["size"])
    deposits.append(dict(r, folder=folder))
    if not knows:
        out.append("  not judged: what is here of it")
        continue
    items, given = r["said"]["items"], r["claims"].get("names")
    given = [n if isinstance(n, str) else "" for n in given] if isinstance(given, list) else []
    left = {}  # digest -> names of lines with it that no file was taken for
    plain = {n: given[n] if n < len(given) and given[n] else "item %d" % n for n, i in enumerate(items) if "tree" not in i}
    own = sorted(path for path in payload if path.startswith(folder + "/"))
    lines = set()
    for m in (path for path in own if "/manifests/" in path[len(folder):]):
        n, data = number(m.rsplit("/", 1)[1].split(".")[0]), read(m)
        is_it = n < len(items) and "tree" in items[n] and equals(m, items[n])
        need(is_it is not False, m, "is not the manifest that is item", n, "of this deposit")
        if is_it is None: unjudged.append(m + ": a digest that cannot be computed here")
        rows = data.split(b"\\n")
        tree = items[n]["tree"]
        need(rows.pop() == b"" and len(rows) == tree["size"] and whole([sha(b"\\0" + l) for l in rows]).hex() == tree["root"],
             m, "does not make the tree of its item")
        lines.update((n, *listed(l, m)) for l in rows)
    for p in (path for path in own if "/proofs/" in path[len(folder):] and path.endswith(".file-proof")):
        head, rest = read(p).split(b"\\n\\n", 1)
        title, n, at, line, *hashes = head.split(b"\\n")
        n = number(n.decode())
        need(title == b"evidence-ledger/file-proof/v1" and n < len(items) and "tree" in items[n], p, "is for no manifest of this deposit")
        need(rest == read(r["path"]), p, "holds another receipt than its deposit")
        leaf = root(sha(b"\\0" + line), number(at.decode()), items[n]["tree"]["size"], [b64(h) for h in hashes])
        need(leaf.hex() == items[n]["tree"]["root"], p, "does not lead to the manifest")
        lines.add((n, *listed(line, p)))
    for n, hexes, name in sorted(lines): left.setdefault(hexes, {})[n, name] = True
    known_digests = set(left) | {i["digest"].get("sha256") for i in items}
    present = [path for path in own if path.startswith(folder + "/files/")]
    may_be = {path: alike(path, items) for path in present}
    for path in present:
        need(digest(path) in left or may_be[path][0], path, "is not byte-identical to any file deposited here")
        knows = digest(path) in left or may_be[path][1]
        if not knows: unjudged.append(path + ": a digest that cannot be computed here")
        out.append(("  unchanged since deposit: " if knows else "  not judged: ") + path)
    for by_name in (True, False):  # of two files with the same bytes, one that was taken out is missing all the same
        for path in list(present):
            name, same_bytes = path[len(folder) + 7:].encode("utf-8", "surrogateescape"), left.get(digest(path), {})
            taken = next((l for l in same_bytes if l[1] == name), None) if by_name else next(iter(same_bytes), None)
            if taken is not None: del same_bytes[taken]
            else:
                taken = next((n for n in plain if n in may_be[path][0] and (not by_name or plain[n].encode() == name)), None)
                if taken is not None: del plain[taken]
            if taken is not None: present.remove(path)
    total = sum(i["tree"]["size"] if "tree" in i else 1 for i in items)
    gone = [l[1].decode("utf-8", "backslashreplace") for ls in left.values() for l in ls] + list(plain.values())
    hidden = total - len(lines) - sum("tree" not in i for i in items)
    missing += gone + ["%d whose names are in a manifest that is not here either" % hidden] * (hidden > 0)
    lost, count = lost + len(gone) + hidden, count + total
    held_by[folder] = known_digests

for path, hexes in listing("withheld-sha256.txt").items() if "withheld-sha256.txt" in files else []:
    folder = match("(data/deposits/[0-9]{3,6})/files/.+", path, "withheld-sha256.txt")[1]
    there = [d for d in deposits if d["folder"] == folder]
    need(there and (folder not in held_by or hexes in held_by[folder]), "withheld-sha256.txt lists what no deposit has:", path)
for r in part("related"):
    need(deposits, "there is no deposit")
    if not r["said"]:
        tell(r)
        continue
    said, about = r["said"], []
    named = [said["of"]] if said["kind"] in ("evidence.attest", "evidence.retract") else said.get("relates", []) if said["kind"] == "evidence.deposit" else []
    for d in deposits:
        for of in named:
            if d["origin"] == r["origin"] and (of["index"], of["leafHash"]) == (d["index"], d["leaf"]) and d["index"] < r["index"] and "origin" not in of:
                about.append(d)
                out.append("%s: %s of entry %d (%s)%s: %s" % (r["path"], said["kind"], d["index"], d["folder"], piece(of), of.get("rel") or said.get("as") or said.get("reason")))
    need(about or said["kind"] not in roles_for, r["path"], "is about no deposit of this package")
    tell(r)
    if said["kind"] == "evidence.retract":
        need(all(d["said"]["iss"] == said["iss"] for d in about), r["path"], "retracts what another deposited")
        first += ["%sRETRACTED: entry %d%s was retracted by its depositor, by entry %d at %s: %s" % ("PART " * ("item" in said["of"]), d["index"],
                  piece(said["of"]), r["index"], r["time"], said["reason"]) for d in about]
need(deposits, "the package holds no deposit")

report = sorted(first, reverse=True)
if lost == 1: report.append("1 of %d file%s deposited is NOT HERE: %s" % (count, "s" * (count != 1), missing[0]))
elif lost: report += ["%d of %d files deposited are NOT HERE:" % (lost, count), *("  " + name for name in missing)]
report += out
for path in sorted(files - payload):
    if path not in ("bagit.txt", "VERIFY.md", "policy", "withheld-sha256.txt") and not re.fullmatch("(?:tag)?manifest-sha(?:256|512).txt", path):
        report.append("not checked: " + path + ": the packer's words")
if "Bagging-Date" in info: report.append("packed on " + info["Bagging-Date"] + ", the packer says")
report.append("checked by the program of VERIFY.md, SHA-256 %s, Python %s, at %s" % (
    digest(sys.argv[0]), sys.version.split()[0], time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())))
report += ["NOT JUDGED, needs a newer verifier: " + line for line in unjudged] or ["no fault found"]
code = 4 if unjudged else 0
try: print(*map(show, report), sep="\\n", flush=True)
except OSError as why:  # a reader that has read enough changes no verdict
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    if not isinstance(why, BrokenPipeError):
        print("standard output cannot be written:", why.strerror, file=sys.stderr)
        code = code or 3
sys.exit(code)
\`\`\`

## What this does and does not show

It shows that the files which it calls unchanged are as they were deposited, that the deposits were signed by these keys, in this order, under this ledger's
signature, and which administrators admitted the keys, or approved that they were. The times are by the ledger's clock. It does not show that the content is true, who
stands behind a key beyond the administrators' word, that anything was untouched before its deposit, or what happened after the sizes that the
checkpoints state: a revocation or retraction may have followed. This program trusts the ledger's key alone; witnesses' cosignatures, time
stamps (\`.time-proof\`: page 13 says how \`openssl ts\` checks one), how many had to approve, members that it does not use, the rules of Ed25519 in corner cases of signatures, and BLAKE3 are for a full
verifier. \`custody.txt\` is the packer's text and is not checked. The formats are specified in the evidence ledger's \`docs/spec\`, by pages 06, 08, 09, 13, 14 and 18.
`
