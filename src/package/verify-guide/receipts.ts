/** Part of the program in VERIFY.md: the policy, signatures, trees and receipts. */
export const guideReceipts = `def strong(key):  # a point of prime order, in its one spelling (RFC 8032, 5.1.3 and 5.1.4)
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

key_name = "[^+\\t-\\r \\x85\\xa0\\u1680\\u180e\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000\\ufeff]+"  # no "+", no white space: page 05

def vkey(text):  # (name, id, type and key, as it is written): page 05
    name, mark, key = match("(" + key_name + ")[+]([0-9a-f]{8})[+](.+)", text, "a verifier key").groups()
    raw = b64(key)
    need(raw[1:] and (raw[0] not in (1, 4, 6) or sha(name.encode() + b"\\n" + raw)[:4].hex() == mark), "the id of a verifier key is not its own:", text)
    need(strong(raw[1:]) if raw[0] in (1, 4) else raw[0] != 6 or len(raw) == 1313, "a weak or malformed verifier key:", text)
    return name, mark, raw, text

def policy_logs(octets):  # page 07, all of it: what another reader would take for a line, or pass over, is no policy
    need(len(octets) <= 262144 and re.fullmatch(rb"(?:[\\t -~\\x80-\\xff]*\\n)*", octets), "the policy has a control character, or does not end in a line feed")
    logs, public, named, members, quorum = [], [], ["none"], [], 0
    for l in octets.decode("latin-1").split("\\n"):
        kind, *words = [w for w in re.split("[\\t ]+", l) if w] or "#"
        if kind[0] == "#": continue
        name = words.pop(0) if kind in ("witness", "group") else None
        need(name not in named, "the policy defines twice:", name)
        if kind in ("log", "witness"):
            key = vkey(words[0].encode("latin-1").decode("utf-8"))
            need(len(words) < 3 and (kind == "witness" or key[2][0] == 1) and (kind, key[2][1:]) not in public, "the policy has no such line:", l)
            public.append((kind, key[2][1:]))
            logs += [key] * (kind == "log")
        elif kind == "group":
            most, part = len(words) - 1, words[1:]
            members += part
            need(set(part) <= set(named[1:]) and len(set(members)) == len(members)
                 and 1 <= ({"all": most, "any": 1}.get(words[0]) or number(words[0])) <= most, "the policy has no such line:", l)
        else:
            need(kind == "quorum" and len(words) == 1 and words[0] in named and not quorum, "the policy has no such line:", l)
            quorum = 1
        named += [name] * (name is not None)
    need(quorum and len(named) + len(logs) <= 513, "the policy has no quorum, or too many lines")
    return logs

logs = policy_logs(read(sys.argv[1]))

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
    need(0 < first <= second and (first < second) == bool(hashes), "a consistency proof is between no two sizes")
    if first == second: return old
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

def note_lines(note):  # (what is signed, name and octets of each signature), of any signed note: page 05
    c = "[^\\x00-\\x1f]"
    need(len(note.encode()) <= 262144, "a signed note has more than 262144 bytes")
    text, signatures = match("((?:%s*\\n)+)\\n((?:\\u2014 %s+\\n){1,64})" % (c, c), note, "a signed note").groups()
    marks = [match("\\u2014 (" + key_name + ") ([A-Za-z0-9+/]+=*)", l, "a signature").groups() for l in signatures[:-1].split("\\n")]
    marks = [(name, b64(mark)) for name, mark in marks]
    need(all(len(mark) > 4 for _, mark in marks), "a signature has no more than the id of its key")
    return text, marks

def note_parts(note):  # (what is signed, origin, size, root, signatures by the origin's keys): page 05
    text, marks = note_lines(note)
    origin, size, tree = match("([!-*,-~]{1,255})\\n([0-9]+)\\n(.{44})\\n", text, "a checkpoint").groups()
    need(len(b64(tree)) == 32, "a checkpoint has no root")
    return text.encode(), origin, number(size), b64(tree), [mark for name, mark in marks if name == origin]

def signs(key, text, marks, name):  # whatever goes by the id of a key has to verify
    by = [signed(key[2][1:], text, m[4:]) for m in marks if m[:4].hex() == key[1]]
    need(all(by), name, ": a signature on its checkpoint does not verify, by", key[3])
    return bool(by)

def trusted(note, name):  # whether a key of the policy signed it
    text, origin, _, _, marks = note_parts(note)
    return any([signs(key, text, marks, name) for key in logs if key[0] == origin])

algorithms, seen = ("EdDSA", "Ed25519"), {}  # one root for each size, one entry for each index

def same(kind, origin, at, value):
    need(seen.setdefault((kind, origin, at), value) == value, "two histories:", origin, "has two", kind, "at", at)

# Page 02, of what brings or ends keys, refers, or is told first: its members, and the form of each. The rest of a statement is for a full verifier.
like = lambda pattern: lambda v: type(v) is str and re.fullmatch(pattern, v) is not None
is_count = lambda v: type(v) is int and 0 <= v < 2**53
milliseconds = lambda text: round(datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp() * 1000)
is_time = lambda v: like("[0-9]{4}-[0-9]{2}-[0-9]{2}T(?:[01][0-9]|2[0-3]):[0-9]{2}:[0-9]{2}[.][0-9]{3}Z")(v) and milliseconds(v) is not None
is_id, is_code, is_print = like("[a-z0-9._-]{1,64}"), like("[a-z][a-z0-9-]{0,63}"), lambda v: like("[A-Za-z0-9_-]{43}")(v) and len(url(v)) == 32
is_text, whatever = lambda v: type(v) is str and v != "", lambda v: True
every = lambda form: lambda v: type(v) is list and v != [] and all(map(form, v))
shape = lambda forms: lambda v: (type(v) is dict and set(v) <= {n.rstrip("?") for n in forms} and {n for n in forms if n[-1] != "?"} <= set(v)
                                 and all(forms.get(n, forms.get(n + "?"))(one) for n, one in v.items()))
entry_named = {"index": is_count, "leafHash": lambda v: like(".{44}")(v) and len(b64(v)) == 32}
refers, unit = dict(entry_named, **{"item?": is_count, "line?": is_count}), dict(entry_named, **{"item?": is_count})
seals, sealed = {"_sd?": whatever, "_sd_alg?": whatever}, {"_sd": whatever, "_sd_alg": whatever}
is_key = shape({"crv": like("Ed25519"), "kty": like("OKP"), "x": is_print})
ends = {"reason": is_code, "successor?": shape({"origin": is_text, "checkpoint": is_text})}
shapes = {
    "evidence.retract": {"of": shape(refers), "reason": is_code}, "evidence.attest": {"of": shape(refers), "as": is_code},
    "evidence.event": {"of": shape(refers), "event": is_code, "from?": is_time, "to?": is_time, "outcome?": is_code,
                       "release?": shape({"digest": is_print, "exp": is_count}), **seals},
    "evidence.challenge": {"of": shape(refers), **sealed},
    "evidence.finding": {"of": shape(refers), "finding": is_code, **seals},
    "custody.transfer": {"release": is_text, "outcome": like("accepted|rejected|withdrawn"), "reason?": is_code,
                         "checked?": every(like("match|differs|not-checked")), **seals},
    "custody.end": {"of": every(shape(unit)), "how": like("returned|disposed|lost"), "order?": shape(entry_named), **seals},
    "custody.resume": {"of": every(shape(unit)), "reason": is_code, **seals},
    "erasure.order": {"of": every(shape(dict(entry_named, digests=every(is_print)))), "origin?": is_text, **sealed},
    "participant.admit": {"participant": shape({"id": is_id, "type": is_text, "roles": every(is_text), "keys": every(is_key), "name?": is_text}),
                          "identifiedBy?": is_code, **seals},
    "participant.revoke": {"participant?": is_id, "key?": is_print, "reason": is_code, "compromisedSince?": is_time},
    "participant.rotate-key": {"newKey": is_key, "possession": is_text}, "ledger.close": ends, "ledger.end-intake": ends,
    "ledger.rotate-key": {"oldKey": is_text, "newKey": is_text, "reason": is_code, "possession": is_text},
    "ledger.change": {"proposal": is_text, "approvals": every(shape({"protected": is_text, "signature": is_text}))}}

def formed(said, common, path):  # nothing of what is not is told
    members = {name: value for name, value in said.items() if name not in common}
    need(shape(shapes.get(said["kind"], dict.fromkeys(members, whatever)))(members)
         and (said["kind"] != "evidence.deposit" or "relates" not in said or every(shape(dict(refers, **{"rel": is_code, "origin?": is_text})))(said["relates"])),
         path, ": a member of a", said["kind"], "is missing, unknown, or of another form")

def heading(text, typ, path):  # of a JWS: page 02
    head = loads(url(text))
    need(shape({"alg": lambda v: type(v) is str, "typ": like(re.escape(typ)), "kid": is_print})(head) and len(url(text)) <= 1024, path, ": a header is not in order")
    return head

def released(said, path):  # what a transfer carries (header, members, and its signed text and signature): page 19
    header, text, mark = match("([A-Za-z0-9_-]+)[.]([A-Za-z0-9_-]+)[.]([A-Za-z0-9_-]+)", said["release"], path + ": a release").groups()
    head, release = heading(header, "evidence-custody-release+jwt", path), loads(url(text))
    need(len(said["release"]) <= 12288 and shape({"aud": is_text, "iss": is_id, "jti": is_text, "iat": is_count, "exp": is_count, "since": is_count, "to": is_id,
                                                  "exhibits": every(shape(unit)), "inLieu?": is_code, **seals})(release), path, ": a release is not in order")
    return head, release, (header + "." + text).encode(), url(mark)

lengths = {"sha256": 64, "sha384": 96, "sha512": 128, "sha3-256": 64, "blake3": 64, "sm3": 64, "md5": 32, "sha1": 40}

def requires(items, name):  # what is compared with files: whatever else an item says decides nothing here
    of = lambda value, digits: type(value) is str and re.fullmatch("[0-9a-f]{%d}" % digits, value)
    need(type(items) is list and items, name, ": a deposit of nothing")
    for one in items:
        need(is_count(one["size"]) and all(of(v, lengths.get(n, len(v))) for n, v in one["digest"].items()), name, ": a size or digest of no such form")
        need(set(one["digest"]) & set(lengths) - {"md5", "sha1"}, name, ": an item without a strong digest")
        need("tree" not in one or is_count(one["tree"]["size"]) and one["tree"]["size"] and of(one["tree"]["root"], 64), name, ": a tree of no such form")

def check(data, name, path):  # one receipt
    head, note = data.decode().split("\\n\\n", 1)
    lines = head.split("\\n")
    need(lines[0] == "c2sp.org/tlog-proof@v1" and lines[1].startswith("extra "), name, "is no receipt")
    extra = b64(lines[1][6:]).split(b"\\n")
    _, origin, size, tree, _ = note_parts(note)
    newest = size
    moved = next_to(path, "key-transition")  # an earlier key signed: what leads to a later checkpoint
    if moved in files:
        first, note = read(moved).decode().split("\\n\\n", 1)
        title, begin, *hashes = first.split("\\n")
        _, other, later, new, _ = note_parts(note)
        need((title, other, begin) == ("evidence-ledger/key-transition/v1", origin, "from %d" % size)
             and grown(size, tree, later, [b64(h) for h in hashes]) == new, moved, "does not lead on from its receipt")
        same("roots", origin, later, new)
        newest = later
    need(trusted(note, name), name, ": the checkpoint is not signed")
    version = match("evidence-ledger/entry/v([1-9][0-9]{0,8})", extra[0].decode(), "an entry")[1]
    end = 5 if version == "1" else next((n for n in range(5, len(extra)) if extra[n].startswith(b'{"crv":')), 0)
    need(end and extra[-1] == b"" and len(b64(extra[3])) == 32, name, "is no receipt")
    need(is_time(extra[2].decode()), name, ": a time is not in order")
    entry, index = b"\\n".join(extra[:end]) + b"\\n", number(extra[1].decode())
    need(lines[2] == "index %d" % index, name, ": another index than its entry's")
    leaf = sha(b"\\0" + entry)
    need(root(leaf, index, size, [b64(l) for l in lines[3:]]) == tree, name, ": the entry is not in the tree")
    same("roots", origin, size, tree), same("entries", origin, index, leaf)
    x = match(rb'\\{"crv":"Ed25519","kty":"OKP","x":"([A-Za-z0-9_-]{43})"\\}', extra[end], name)[1].decode()
    about = dict(index=index, origin=origin, leaf=base64.b64encode(leaf).decode(), size=newest, time=extra[2].decode(), path=path)
    if version != "1":
        doubt(path, "an entry of version " + version)
        return dict(about, said=None, kid=None, claims={})
    header, text, mark = extra[4].decode().split(".")
    head, said = heading(header, "evidence-statement+sd-jwt", name), loads(url(text))
    need(head["kid"] == thumb(extra[5]), name, ": another key signed")
    if head["alg"] not in algorithms: doubt(path, "a signature with " + head["alg"])
    else: need(signed(url(x), (header + "." + text).encode(), url(mark)), name, ": the statement is not signed")
    need(said["aud"] == origin, name, ": made for another ledger")
    need(is_id(said["iss"]) and is_text(said["kind"]), name, ": its issuer or kind is not in order")
    formed(said, ("iss", "aud", "jti", "iat", "kind"), name)
    if said["kind"] == "evidence.deposit": requires(said["items"], name)
    claims = {}
    for shown in extra[6:-1]:
        need(thumb(shown) in said.get("_sd", []), name, ": a claim that was not sealed")
        _, claim, value = loads(url(shown.decode()))
        need(claim not in claims, name, ": a claim twice")
        claims[claim] = value
    return dict(about, said=said, kid=thumb(extra[5]), claims=claims, signed=head["alg"] in algorithms)

`
