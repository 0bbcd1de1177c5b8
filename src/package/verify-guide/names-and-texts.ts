/** Part of the program in VERIFY.md: files, their places and names, and the texts of the bag. */
export const guideNamesAndTexts = `import base64, datetime, hashlib, json, os, re, subprocess, sys, tempfile, time, unicodedata
if sys.stderr is None: sys.stderr = open(os.devnull, "w")  # closed: what would be said there is lost, no verdict is
is_closed = sys.stdout is None  # the report is lost, a fault is not
if is_closed: sys.stdout = open(os.devnull, "w")
for stream in (sys.stdout, sys.stderr): stream.reconfigure(encoding="utf-8", errors="backslashreplace")

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

def integer(text):  # of JSON, in its one spelling
    need(re.fullmatch("-?[0-9]+", text) and text != "-0" and abs(int(text)) < 2**53, "a JSON number is no integer, or too large:", text)
    return int(text)

nonchar = lambda c: ord(c) & 0xfffe == 0xfffe or 0xfdd0 <= ord(c) <= 0xfdef

def plain_json(value, depth):  # characters and depth: page 01
    if isinstance(value, str):
        need(not re.search("[\\0\\ud800-\\udfff]", value) and not any(map(nonchar, value)), "a JSON string holds what is no character")
    if not isinstance(value, (list, dict)): return
    need(depth <= 16, "JSON is deeper than 16")
    for one in value if isinstance(value, list) else [*value, *value.values()]: plain_json(one, depth + 1)

def loads(data):  # strict, so that no other reader sees another value
    value = json.loads(data.decode("utf-8"), object_pairs_hook=unique, parse_int=integer, parse_float=integer, parse_constant=integer)
    plain_json(value, 1)
    return value

def b64(text):  # in its one spelling
    data = base64.b64decode(text, validate=True)
    need(base64.b64encode(data).decode() == (text if isinstance(text, str) else text.decode()), "base64 is not in its one spelling:", text)
    return data

def url(text):
    match("[A-Za-z0-9_-]*", text, "base64url")
    return b64(text.replace("-", "+").replace("_", "/") + "=" * (-len(text) % 4))

sha = lambda data: hashlib.sha256(data).digest()
read = lambda path: open(path, "rb").read()
number = lambda text: integer(match("0|[1-9][0-9]*", text, "a number")[0])
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
    return unicodedata.category(c) == "Cn" and not nonchar(c)

files, folded, within, unjudged, doubtful = set(), {}, set(), [], set()

def doubt(path, what):  # the one place: nothing that rests on what lies at this path is then told as known
    unjudged.append(path + ": " + what)
    doubtful.add(path)

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
        if any(map(unknown, path)): doubt(path, "whether it is another path on some disk")
for path in files | within:
    need(not any(fold(path)[:m.start()] in folded for m in re.finditer("/", fold(path))), path, "lies in what is a file, on some disk")
deposited = lambda path: re.match("data/deposits/[0-9]+/files/", path)  # of any size
largest = {"tlog-proof": 1 << 20, "key-transition": 270336, "file-proof": 1114112, "time-proof": (8 << 20) + 4096}
proofs = [path for path in files if path.endswith(tuple("." + ending for ending in largest)) and "/files/" not in path]
need(len(files) <= 100000 and len(within) <= 100000 and sum(map(os.path.getsize, proofs)) <= 512 << 20, "the package has too many files, or too large proofs")
for path in files:
    most = largest.get(path.rsplit(".", 1)[-1], 256 << 20) if path.startswith("data/") else 262144 if path == "policy" else 32 << 20
    need(deposited(path) or os.path.getsize(path) <= most, path, "is larger than a package allows:", most, "bytes")
next_to = lambda path, ending: path[:path.rindex(".") + 1] + ending
payload = {path for path in files if path.startswith("data/")}
beside = r"\\.(?:tlog-proof|time-proof|key-transition)"
for path in sorted(payload):
    match(r"data/(?:admissions|related)/[^/]+" + beside + r"|data/deposits/[0-9]{3,6}/(?:(?:receipt|latest)" + beside
          + r"|manifests/(?:0|[1-9][0-9]?)\\.evidence-manifest|proofs/[^/]+\\.file-proof|files/.+)", path, path)
    if "/files/" not in path and path.endswith(("time-proof", "key-transition")):
        need(next_to(path, "tlog-proof") in payload, path, "lies beside no receipt")
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
`
