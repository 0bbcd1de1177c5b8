/** Part of the program in VERIFY.md: every receipt in order of the indices, every file against its deposit, and the report. */
export const guideReport = `receipts = {path: check(read(path), path, path) for path in sorted(payload) if path.endswith(".tlog-proof") and "/files/" not in path}
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

def signers(r):  # of an entry, and of a release in it
    head, release = released(r["said"], r["path"])[:2] if r["said"]["kind"] == "custody.transfer" else ({"kid": r["kid"]}, r["said"])
    return [name for kid, iss in ((r["kid"], r["said"]["iss"]), (head["kid"], release["iss"])) for name in (("key", kid), ("participant", iss))]

coded = {"evidence.attest": "as", "evidence.retract": "reason", "evidence.event": "event", "evidence.finding": "finding",
         "custody.transfer": "outcome", "custody.end": "how", "custody.resume": "reason"}
unjudgeable = {"custody.transfer": "who held it before", "custody.end": "whether who signed it held it, and what ordered it", "custody.resume": "whether it had ended",
               "erasure.order": "which claims it names, and who held what is deposited there"}

def code_in(said, of, path):  # what it says of what it names
    text = said[coded[said["kind"]]] if said["kind"] in coded else of.get("rel", "ordered" if said["kind"] == "erasure.order" else "disputed")
    if said["kind"] != "custody.transfer": return text
    release = released(said, path)[1]
    text += ", from %s to %s" % (release["iss"], release["to"])
    if said["outcome"] != "accepted": return text
    if "inLieu" in release: text += "; moved by order, without the holder's signature (%s)" % release["inLieu"]
    return text + "; accepted although something differs" * (said["checked"][release["exhibits"].index(of)] == "differs")

def tell(r):
    if not r["said"]: return out.append("%s: entry %d of %s, of a version that this program does not know" % (r["path"], r["index"], r["origin"]))
    owner, roles, _, by = signer(r)
    out.append("%s: %s, entry %d of %s, at %s" % (r["path"], r["said"]["kind"], r["index"], r["origin"], r["time"]))
    out.append("  %s %s, key %s; %s" % ("signed by" if r["signed"] else "NOT JUDGED: that it is signed by", r["said"]["iss"], r["kid"],
               "admitted as %s, %s" % (", ".join(roles), by) if owner else "ADMISSION NOT SHOWN"))
    for origin, name, since, at, is_open in compromised:
        if origin == r["origin"] and name in signers(r) and since <= r["time"]:
            first.append(("NOT JUDGED: that" if is_open else "KEY COMPROMISED:") + " entry %d was signed by a key that entry %d says was compromised then" % (r["index"], at))
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

def listed(line, what):  # (name, digest) of a line of a manifest: page 08
    mark, hexes, name = match(rb"(\\\\?)([0-9a-f]{64})  ((?:[^\\0\\n\\r\\\\]|\\\\[nr\\\\])+)", line, what).groups()
    need(bool(mark) == (b"\\\\" in name), what, "has a line with another escape")
    name = re.sub(rb"\\\\(.)", lambda m: {b"n": b"\\n", b"r": b"\\r"}.get(m[1], m[1]), name)
    need(not {b"", b".", b".."} & set(name.split(b"/")), what, "has a path that leads elsewhere")
    return name, hexes.decode()

def manifest(data, what):  # its lines as they are, and as they are read
    rows = data.split(b"\\n")
    need(rows.pop() == b"" and rows, what, "does not end in a line feed")
    read_rows = [listed(l, what) for l in rows]
    need(all(a < b for (a, _), (b, _) in zip(read_rows, read_rows[1:])), what, "is not in order of its paths")
    return rows, read_rows

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
    lines, shown_lines = set(), set()
    sure, closed = r["path"] not in doubtful, True  # whether all of its receipt, and of its manifests, is judged
    for m in (path for path in own if path.startswith(folder + "/manifests/")):
        n, data = number(m.rsplit("/", 1)[1].split(".")[0]), read(m)
        is_it = n < len(items) and "tree" in items[n] and equals(m, items[n])
        need(is_it is not False, m, "is not the manifest that is item", n, "of this deposit")
        if is_it is None: doubt(m, "a digest that cannot be computed here")
        closed = closed and sure and m not in doubtful
        rows, read_rows = manifest(data, m)
        tree = items[n]["tree"]
        need(len(rows) == tree["size"] and whole([sha(b"\\0" + l) for l in rows]).hex() == tree["root"],
             m, "does not make the tree of its item")
        lines.update((n, *one) for one in read_rows)
        if m not in doubtful: shown_lines.update(hexes for _, hexes in read_rows)
    for p in (path for path in own if path.startswith(folder + "/proofs/") and path.endswith(".file-proof")):
        head, rest = read(p).split(b"\\n\\n", 1)
        title, n, at, line, *hashes = head.split(b"\\n")
        n = number(n.decode())
        need(title == b"evidence-ledger/file-proof/v1" and n < len(items) and "tree" in items[n], p, "is for no manifest of this deposit")
        need(rest == read(r["path"]), p, "holds another receipt than its deposit")
        leaf = root(sha(b"\\0" + line), number(at.decode()), items[n]["tree"]["size"], [b64(h) for h in hashes])
        need(leaf.hex() == items[n]["tree"]["root"], p, "does not lead to the manifest")
        lines.add((n, *listed(line, p)))
        shown_lines.add(listed(line, p)[1])
    for n, name, hexes in sorted(lines): left.setdefault(hexes, {})[n, name] = True
    known_digests = set(left) | {i["digest"].get("sha256") for i in items}
    present = [path for path in own if path.startswith(folder + "/files/")]
    may_be = {path: alike(path, items) for path in present}
    for path in present:
        need(digest(path) in left or may_be[path][0] or not closed, path, "is not byte-identical to any file deposited here")
        knows = digest(path) in shown_lines or may_be[path][1]
        if not knows and may_be[path][0] and digest(path) not in left: doubt(path, "a digest that cannot be computed here")
        out.append(("  unchanged since deposit: " if knows and sure else "  not judged: ") + path)
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
    if closed: held_by[folder] = known_digests

for path, hexes in listing("withheld-sha256.txt").items() if "withheld-sha256.txt" in files else []:
    folder = match("(data/deposits/[0-9]{3,6})/files/.+", path, "withheld-sha256.txt")[1]
    there = [d for d in deposits if d["folder"] == folder]
    need(there and (folder not in held_by or hexes in held_by[folder]), "withheld-sha256.txt lists what no deposit has:", path)
def named_by(r):  # each deposit of this package that it names, and how
    for d in deposits:
        for of in pointers(meant(r["said"])):
            if d["origin"] == r["origin"] and (of["index"], of["leafHash"]) == (d["index"], d["leaf"]) and d["index"] < r["index"] and "origin" not in of: yield d, of

challenges = {(r["origin"], r["index"], r["leaf"]): list(named_by(r)) for r in part("related") if r["said"] and r["said"]["kind"] == "evidence.challenge"}
for r in part("related"):
    need(deposits, "there is no deposit")
    if not r["said"]:
        tell(r)
        continue
    said, about = meant(r["said"]), []
    not_judged = "not judged: " * (r["path"] in doubtful)
    for d, of in named_by(r):
        about.append(d)
        out.append(not_judged + "%s: %s of entry %d (%s)%s: %s" % (r["path"], said["kind"], d["index"], d["folder"], piece(of), code_in(said, of, r["path"])))
    for of in pointers(said) if said["kind"] == "evidence.finding" else []:
        for d, part_named in challenges.get((r["origin"], of["index"], of["leafHash"]), []) if of["index"] < r["index"] else []:
            about.append(d)
            out.append(not_judged + "%s: %s of entry %d (%s)%s, on the challenge in entry %d: %s" % (
                r["path"], said["kind"], d["index"], d["folder"], piece(part_named), of["index"], said["finding"]))
    need(about or said["kind"] not in roles_for, r["path"], "is about no deposit of this package")
    tell(r)
    if said["kind"] in unjudgeable: out.append("  not judged by this program: " + unjudgeable[said["kind"]])
    if said["kind"] == "evidence.retract":
        need(all(d["said"]["iss"] == said["iss"] for d in about), r["path"], "retracts what another deposited")
        first += [("NOT JUDGED: that" if {r["path"], d["path"]} & doubtful else "PART RETRACTED:" if "item" in said["of"] else "RETRACTED:")
                  + " entry %d%s was retracted by its depositor, by entry %d at %s: %s" % (d["index"], piece(said["of"]), r["index"], r["time"], said["reason"])
                  for d in about]
out += ["not judged by this program: " + line for line in not_here]
need(deposits, "the package holds no deposit")

report = sorted(first, key=lambda line: "RKPN".index(line[0]))  # RETRACTED, KEY COMPROMISED, PART RETRACTED, NOT JUDGED
if lost == 1: report.append("1 of %d file%s deposited is NOT HERE: %s" % (count, "s" * (count != 1), missing[0]))
elif lost: report += ["%d of %d files deposited are NOT HERE:" % (lost, count), *("  " + name for name in missing)]
report += out
for path in sorted(files - payload):
    if path not in ("bagit.txt", "VERIFY.md", "policy", "withheld-sha256.txt") and not re.fullmatch("(?:tag)?manifest-sha(?:256|512).txt", path):
        report.append("not checked: " + path + ": the packer's words")
report += ["time proof not checked: " + path for path in sorted(payload) if path.endswith(".time-proof") and "/files/" not in path]
report.append("not checked: what statements say beyond what is used here: a full verifier judges all of it by page 02")
report += ["judged by the key of %s, id %s: %s" % (name, mark, text) for name, mark, _, text in logs]
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
if is_closed:
    print("standard output cannot be written: it is closed", file=sys.stderr)
    code = code or 3
sys.exit(code)
`
