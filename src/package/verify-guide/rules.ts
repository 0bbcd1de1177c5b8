/** Part of the program in VERIFY.md: the rules of pages 04 and 14, over the entries of the package. */
export const guideRules = `# The rules of pages 04 and 14, over the entries that are here: what an entry brings or ends stands, even if its signer's admission is
# not shown, for a ledger that seals what contradicts it broke its rules there or here.
known, keys, ended, compromised, nobody = {}, {}, {}, [], (None, [], -1, "")
here, brought, retired, not_here = {}, {}, set(), []
roles_for = {"ledger.genesis": (), "participant.rotate-key": (), "ledger.change": (), "evidence.deposit": ("depositor",),
             "evidence.retract": ("depositor",), "evidence.attest": ("attestor", "depositor"), "evidence.finding": ("authority",),
             "erasure.order": ("authority",)}
for kind in ("evidence.event", "evidence.challenge", "access.rule", "custody.transfer", "custody.end", "custody.resume"):
    roles_for[kind] = ("depositor", "attestor", "authority")
for kind in ("participant.admit", "participant.revoke", "ledger.rotate-key", "ledger.close", "ledger.end-intake", "ledger.set-approvals",
             "ledger.set-format"):
    roles_for[kind] = ("administrator",)

def jwk(key):
    need(is_key(key), "a key of a participant is not in order")
    name = thumb(json.dumps(key, separators=(",", ":"), sort_keys=True).encode())
    keys[name] = url(key["x"])
    return name

def once(what, r, name):  # brought, used or ended by one entry alone
    need(brought.setdefault((what, r["origin"], name), r["index"]) == r["index"], r["path"], ":", what, name, "stands in an earlier entry")

def ledgers(text, origin):  # a key of this ledger
    key = vkey(text)
    need(key[0] == origin and key[2][0] == 1, text, "is no key of", origin)
    return key

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
    need(said["kind"] not in roles_for or said["kind"] == "erasure.order" or "administrator" in roles_for[said["kind"]], r["path"], ": a", said["kind"], "cannot be proposed")
    formed(said, ("aud", "jti", "exp", "kind"), r["path"])
    need(0 <= said["exp"] * 1000 - milliseconds(r["time"]) <= 7776000000, r["path"], ": the proposal ended before, or ends too late")
    for a in change["approvals"]:
        head = heading(a["protected"], "evidence-proposal+jwt", r["path"])
        kid = head["kid"]
        owner, roles = known.get((origin, kid), nobody)[:2]
        if owner is None: known_all = False
        else:
            need({"administrator", "recovery"} & set(roles) and (origin, "key", kid) not in ended and (origin, "participant", owner) not in ended
                 and owner not in owners, r["path"], ": an approval is by none who approves now")
            owners.add(owner)
            if head["alg"] not in algorithms: doubt(r["path"], "an approval")
            else: need(signed(keys[kid], (a["protected"] + "." + change["proposal"]).encode(), url(a["signature"])), "an approval is not signed")
    return said, known_all

def meant(said):  # of a change what it proposes
    return loads(url(said["proposal"])) if said["kind"] == "ledger.change" else said

def pointers(said):
    if said["kind"] == "custody.transfer": return released(said, "a transfer")[1]["exhibits"]
    if said["kind"] == "evidence.deposit": return said.get("relates", [])
    of = said["of"] if "of" in shapes.get(said["kind"], ()) and "origin" not in said else []
    return of if isinstance(of, list) else [of]

def references(r):  # what it points at, as far as that is here
    origin, said = r["origin"], meant(r["said"])
    if said["kind"].startswith("custody."):
        units = [(one["index"], one.get("item")) for one in pointers(said)]
        need(len(set(units)) == len(units) and not any((at, None) in units and item is not None for at, item in units), r["path"], "names something twice")
    for one in pointers(said):
        need(one.get("origin") != origin and ("origin" in one or one["index"] < r["index"]), r["path"], "refers to no earlier entry")
        there = None if "origin" in one else here.get((origin, one["index"]))
        if there:
            what = there["said"]
            need(there["leaf"] == one["leafHash"], r["path"], "refers to another entry than there is")
            if said["kind"] == "erasure.order":  # any entry: page 22
                whole_of = meant(what) if what and what["kind"] in roles_for else None
                need(not whole_of or set(one["digests"]) <= set(whole_of.get("_sd", []))
                     and not (whole_of["kind"].startswith(("access.", "erasure.")) and what["iss"] == r["said"]["iss"]),
                     r["path"], "orders what that entry does not seal, or its own rules and orders, to be erased")
                continue
            if not what or what["kind"] not in roles_for:
                doubt(r["path"], "that it refers to entry %d" % one["index"])
                continue
            need((said["kind"], what["kind"]) == ("evidence.finding", "evidence.challenge") and not {"item", "line"} & set(one)
                 or what["kind"] == "evidence.deposit" and one.get("item", -1) < len(what["items"])
                 and ("line" not in one or one["line"] < what["items"][one["item"]]["tree"]["size"]), r["path"], "refers to no deposit, or no item or line of it")
            need(said["kind"] != "evidence.retract" or what["iss"] == said["iss"], r["path"], "retracts what another deposited")

def transfer(r, said):  # page 19, all but who held what: that rests on entries that need not be here
    origin, path, at = r["origin"], r["path"], milliseconds(r["time"])
    head, release, text, mark = released(said, path)
    giver, kid, withdrawn = release["iss"], head["kid"], said["outcome"] == "withdrawn"
    need("reason" not in said or said["outcome"] == "rejected", path, ": a reason beside another outcome than a rejection")
    need(("checked" in said) != withdrawn and len(said.get("checked", release["exhibits"])) == len(release["exhibits"]), path, ": what was checked is not what was released")
    need(("_sd" in release) == ("_sd_alg" in release) and set(release.get("_sd", [])) <= set(said.get("_sd", [])) and len(release.get("_sd", [0])) == 1, path, ": the claim of a release is not sealed with it")
    need(release["aud"] == origin, path, ": a release was made for another ledger")
    need(release["to"] != giver and said["iss"] == (giver if withdrawn else release["to"]), path, ": signed by no party to the release")
    need(release["iat"] <= release["exp"] and release["iat"] * 1000 <= at + 300000 and at <= release["exp"] * 1000 <= at + 7776000000, path, ": the release ended before, or ends too late")
    owner, roles = known.get((origin, kid), nobody)[:2]
    if owner is None: return not_here.append(path + ": who signed the release, " + giver + ": that key's admission is not here")
    need(owner == giver and not any(ended.get((origin,) + name, r["index"]) < r["index"] for name in (("key", kid), ("participant", giver))), path, ": the release is by no key of its giver")
    need("inLieu" not in release or "authority" in roles, path, ": released in lieu of the holder by no authority")
    if head["alg"] not in algorithms: return doubt(path, "a release with " + head["alg"])
    need(signed(keys[kid], text, mark), path, ": the release is not signed")
    once("the release", r, (giver, release["jti"]))

def bring(r, key, owner, new):  # what stands behind it is shown and judged, or it is not known
    name = jwk(key)
    once("the key", r, name)
    need(strong(keys[name]), r["path"], ": a weak key")
    need(("ledger key", r["origin"], keys[name]) not in brought, r["path"], ": the ledger's own key")
    if new and r["path"] not in doubtful: known[r["origin"], name] = (owner,) + new

def genesis(r):
    origin, said = r["origin"], r["said"]
    need(said["origin"] == origin, r["path"], ": of another ledger")
    admins = said["administrators"]
    need(admins and all(len(a["keys"]) == 1 for a in admins), r["path"], ": an administrator has no one key")
    need((admins[0]["id"], jwk(admins[0]["keys"][0])) == (said["iss"], r["kid"]), r["path"], ": not signed by its first administrator")
    need(len({a["id"] for a in admins}) == len({jwk(a["keys"][0]) for a in admins}) == len(admins), r["path"], ": two administrators are one")
    for a in admins:
        once("the participant", r, a["id"])
        bring(r, a["keys"][0], a["id"], (["administrator"], -1, "in the genesis"))
    for text in said["ledgerKeys"]:
        key = ledgers(text, origin)[2][1:]
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
    if kind == "evidence.event":  # page 20
        times = [milliseconds(said[name]) for name in ("from", "to") if name in said]
        need(times == sorted(times) and all(one <= milliseconds(r["time"]) + 300000 for one in times), path, ": times of an event are not in order")
        need(said["event"] == "verified" or "outcome" not in said, path, ": an outcome of an event that has none")
        need((said["event"] == "offered") == ("release" in said), path, ": a release beside another event, or none")
    if kind == "custody.transfer": transfer(r, said)
    need(kind != "custody.end" or said["how"] != "disposed" or "order" in said, path, ": a disposal without an order")
    if kind == "ledger.change":
        said, known_all = carried(r)
        kind = said["kind"]
        if owner and known_all: once("the proposal", r, said["jti"])
        else: owner = None
    if kind not in roles_for: doubt(path, "the kind " + str(kind))
    elif kind == "participant.admit":
        who = said["participant"]
        need(len(who["keys"]) == 1, path, ": a participant has no one key")
        once("the participant", r, who["id"])
        need(who["type"] not in ("person", "lawyer") or "name" not in who and re.fullmatch("p-[0-9a-f]{16}", who["id"]),
             path, ": a person's name stands in clear, or may be its id")
        name = next((n for n in (who.get("name"), r["claims"].get("names")) if isinstance(n, str)), "")
        by = "by entry %d of %s" % (index, r["said"]["iss"]) + (", named " + name if name else "")
        bring(r, who["keys"][0], who["id"], owner and (who["roles"], index, by))
        odd = set(who["roles"]) - {"administrator", "depositor", "attestor", "auditor", "recovery", "authority", "operator"}
        if odd: doubt(path, "the roles " + ", ".join(map(str, odd)))
    elif kind == "participant.rotate-key":
        header, text, mark = said["possession"].split(".")
        head = heading(header, "evidence-key-possession+jwt", path)
        if head["alg"] not in algorithms: doubt(path, "a possession proof")
        bring(r, said["newKey"], owner, owner and (roles, index, vouched))
        need(head["kid"] == jwk(said["newKey"])
             and loads(url(text)) == dict(aud=origin, iss=said["iss"], jti=said["jti"], old=kid), path, ": the possession proof is another's")
        need(head["alg"] not in algorithms or signed(keys[head["kid"]], (header + "." + text).encode(), url(mark)), path, ": the possession proof is not signed")
        ended.setdefault((origin, "key", kid), index)
    elif kind == "participant.revoke":
        need(("key" in said) != ("participant" in said), path, ": a revocation of no one thing")
        name = ("key", said["key"]) if "key" in said else ("participant", said["participant"])
        once("the revocation of", r, name)
        ended.setdefault((origin,) + name, index)
        if "compromisedSince" in said:
            need(said["compromisedSince"] <= r["time"], path, ": compromised later than it says so")
            compromised.append((origin, name, said["compromisedSince"], index, path in doubtful))
    elif kind in ("ledger.close", "ledger.end-intake"):
        ended.setdefault((origin, "the ledger" if kind == "ledger.close" else "the intake"), index)
        if "successor" in said:
            _, next_origin, size, _, _ = note_parts(said["successor"]["checkpoint"])
            need(next_origin == said["successor"]["origin"] != origin and size == 1, path, ": the successor is none")
    elif kind == "ledger.rotate-key":
        need((origin, said["oldKey"]) not in retired, path, ": the old key was replaced before")
        key = ledgers(said["newKey"], origin)
        once("ledger key", r, key[2][1:])
        need(key[2][1:] not in keys.values() and key[2] != ledgers(said["oldKey"], origin)[2], path, ": the new key is known")
        text, of, size, _, marks = note_parts(said["possession"])
        need(of == origin and 1 <= size <= index and signs(key, text, marks, path), path, ": the new key signed no checkpoint")
        retired.add((origin, said["oldKey"]))

`
