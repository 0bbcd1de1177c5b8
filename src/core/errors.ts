import { defined } from './objects.ts'
/**
 * Every refusal and every fault of the project: a closed union of codes, in one table.
 *
 * `status` is the HTTP status where a server answers with the code, `exit` the exit code of the command line
 * (1 evidence or chain does not verify, 2 usage, 3 could not run, 4 a newer verifier is needed), `action` what the
 * reader should do. `docs/errors.md` is generated from this table and a test holds the two equal.
 */
export interface ErrorKind {
  readonly status: number
  readonly exit: 1 | 2 | 3 | 4
  readonly action: string
}

const resend = 'Mend the statement, sign it again and send it as a new one.'
const refetch = 'Get the file again from its source; do not edit it.'
const releaseAnew = 'Let the giver sign a new release; docs/spec/19-custody.md says how.'
const askOperator = 'Tell the operator of the ledger; keep your receipts.'
const restore =
  'Do not start a server on this folder. Keep it as it is, and restore the folder from a copy; docs/operations/recovery.md says how.'
const investigate = 'Keep the data as it is and find out what changed it; docs/operations/recovery.md says how.'

export const errorTable = {
  // Encodings
  'utf8-malformed': { status: 400, exit: 1, action: 'Send UTF-8 without a byte order mark.' },
  'base64-malformed': {
    status: 400,
    exit: 1,
    action: 'Use canonical base64 (padded) or base64url (unpadded) as the format asks, trailing bits zero.',
  },
  'hex-malformed': { status: 400, exit: 1, action: 'Use lower-case hexadecimal of the exact length.' },
  'json-malformed': { status: 400, exit: 1, action: 'Send one JSON text as RFC 8259 has it.' },
  'json-duplicate-member': { status: 400, exit: 1, action: 'Name each member of an object once.' },
  'json-number': { status: 400, exit: 1, action: 'Write numbers as plain integers within ±(2^53-1).' },
  'json-string': {
    status: 400,
    exit: 1,
    action: 'Leave out U+0000, noncharacters and unpaired surrogates.',
  },
  'json-depth': { status: 400, exit: 1, action: 'Nest at most 16 deep.' },
  'time-malformed': { status: 400, exit: 1, action: 'Write the time as YYYY-MM-DDTHH:MM:SS.mmmZ, a real date.' },
  'origin-malformed': {
    status: 400,
    exit: 2,
    action: 'Name the ledger by 1 to 255 printable ASCII characters without space or plus sign.',
  },
  // Keys and signatures
  'key-malformed': {
    status: 400,
    exit: 1,
    action: 'Give an Ed25519 public key as a JWK with exactly crv, kty and x.',
  },
  'key-weak': { status: 400, exit: 1, action: 'Make a new key: this one is not a canonical point of prime order.' },
  'signature-invalid': {
    status: 400,
    exit: 1,
    action: 'Sign exactly these bytes with the key that kid names, then send again.',
  },
  'jws-malformed': { status: 400, exit: 1, action: 'Send a compact JWS: three base64url parts joined by dots.' },
  'jws-header': {
    status: 400,
    exit: 1,
    action: 'Use a protected header of exactly alg, typ and kid, in at most 1,024 bytes.',
  },
  'jws-alg': { status: 400, exit: 1, action: 'Sign with alg "Ed25519" or "EdDSA".' },
  'jws-typ': { status: 400, exit: 1, action: 'Set typ to the exact value that the format names.' },
  'jws-kid': { status: 400, exit: 1, action: 'Set kid to the RFC 7638 SHA-256 thumbprint of the signing key.' },
  // Sealed claims
  'disclosure-malformed': {
    status: 400,
    exit: 1,
    action: 'Send each disclosure as base64url of a JSON array [salt, claim, value], salt of 128 bits or more.',
  },
  'disclosure-foreign': { status: 400, exit: 1, action: 'Send only disclosures whose digest stands in _sd.' },
  'disclosure-repeated': { status: 400, exit: 1, action: 'Send each disclosure, and each claim, once.' },
  'disclosure-missing': { status: 400, exit: 1, action: 'Send one disclosure for each digest in _sd.' },
  'disclosure-claim': {
    status: 400,
    exit: 1,
    action: 'Seal only the claims that the kind may seal, in the shape that the specification gives.',
  },
  'disclosure-reused': {
    status: 409,
    exit: 1,
    action: 'Seal the claim anew, with a new random salt: each disclosure belongs to one entry.',
  },
  'key-binding-refused': {
    status: 400,
    exit: 1,
    action: 'Leave out the key-binding JWT: end the statement with a tilde after the last disclosure.',
  },
  // Statement
  'statement-too-large': { status: 413, exit: 1, action: 'Split the deposit: an entry holds at most 65,535 bytes.' },
  'statement-member': { status: 400, exit: 1, action: resend },
  'statement-member-unknown': {
    status: 400,
    exit: 1,
    action: 'Leave the member out, or seal it: a kind has exactly the members that the specification names.',
  },
  'claim-in-clear': {
    status: 400,
    exit: 1,
    action: 'Seal the claim as a disclosure: what may be personal never stands in an entry.',
  },
  'kind-unknown': { status: 400, exit: 1, action: 'Use one of the kinds of version 1.' },
  'items-count': { status: 400, exit: 1, action: 'Deposit 1 to 64 items, or a manifest for more.' },
  'digest-malformed': {
    status: 400,
    exit: 1,
    action: 'Name each digest by its algorithm, in lower-case hexadecimal of that algorithm’s length.',
  },
  'digest-weak-only': {
    status: 400,
    exit: 1,
    action: 'Add one of sha256, sha384, sha512, sha3-256, sm3 or blake3; md5 and sha1 do not suffice.',
  },
  // Entry and containers
  'entry-malformed': { status: 400, exit: 1, action: investigate },
  'entry-too-large': { status: 413, exit: 1, action: 'Split the deposit: an entry holds at most 65,535 bytes.' },
  'bundle-malformed': { status: 400, exit: 1, action: refetch },
  'tile-malformed': { status: 400, exit: 1, action: refetch },
  'note-malformed': { status: 400, exit: 1, action: refetch },
  'checkpoint-malformed': { status: 400, exit: 1, action: refetch },
  'vkey-malformed': { status: 400, exit: 2, action: 'Copy the verifier key again, whole and on one line.' },
  'policy-malformed': { status: 400, exit: 3, action: 'Mend the policy file; docs/spec/07-policy.md has its grammar.' },
  'receipt-malformed': { status: 400, exit: 1, action: refetch },
  'file-proof-malformed': { status: 400, exit: 1, action: refetch },
  'manifest-malformed': {
    status: 400,
    exit: 1,
    action: 'Make the manifest again with "evidence deposit", or sort and write it as the specification says.',
  },
  // Rulebook
  'genesis-missing': { status: 409, exit: 1, action: investigate },
  'genesis-misplaced': { status: 409, exit: 1, action: 'A ledger has one genesis, made by "evidence init".' },
  'genesis-issuer': { status: 400, exit: 1, action: 'Let the first administrator in the list sign the genesis.' },
  'genesis-differs': {
    status: 400,
    exit: 3,
    action:
      'Sign the genesis.json that "evidence init --production" wrote, unchanged. If it is what should be sealed, find out who changed the other; if not, prepare the ledger anew.',
  },
  'genesis-origin': { status: 400, exit: 1, action: 'Use the ledger’s own origin in aud and origin.' },
  'genesis-ledger-keys': {
    status: 400,
    exit: 1,
    action: 'List every key that signs this ledger’s checkpoints, named by its origin, and no participant’s.',
  },
  'audience-wrong': { status: 400, exit: 1, action: 'Set aud to this ledger’s origin, one string.' },
  'issued-in-future': { status: 400, exit: 1, action: 'Set your clock right, then sign again.' },
  'key-unknown': { status: 403, exit: 1, action: 'Ask an administrator to admit you with this key first.' },
  'key-not-issuers': { status: 403, exit: 1, action: 'Sign with the key that was admitted for iss.' },
  'key-rotated': { status: 403, exit: 1, action: 'Sign with the key that replaced this one.' },
  'key-revoked': { status: 403, exit: 1, action: 'Ask an administrator to admit you anew, with a new key and id.' },
  'participant-revoked': { status: 403, exit: 1, action: 'Ask an administrator to admit you anew.' },
  'role-missing': { status: 403, exit: 1, action: 'Ask an administrator for the role that this kind needs.' },
  'jti-reused': { status: 409, exit: 1, action: 'Use a new jti; the earlier statement stands at the index given.' },
  'participant-exists': { status: 409, exit: 1, action: 'Choose another participant id: ids are never used again.' },
  'participant-unknown': { status: 409, exit: 1, action: 'Name a participant, or a key, that was admitted.' },
  'key-exists': { status: 409, exit: 1, action: 'Make a new key: a key belongs to one participant for ever.' },
  'key-is-ledgers': { status: 409, exit: 1, action: 'Make a new key: the ledger’s key signs checkpoints alone.' },
  'last-administrator': { status: 409, exit: 1, action: 'Admit another administrator first.' },
  'already-revoked': { status: 409, exit: 1, action: 'Nothing to do: it is revoked already.' },
  'compromised-since-late': { status: 400, exit: 1, action: 'Give a compromisedSince not later than now.' },
  'possession-invalid': {
    status: 400,
    exit: 1,
    action: 'Let the new key sign {aud, iss, jti, old} equal to this very statement’s.',
  },
  'id-of-person': {
    status: 400,
    exit: 1,
    action:
      'Give a person or lawyer a random id, p- and 16 hexadecimal digits; "evidence participants admit" makes one.',
  },
  'name-of-person': {
    status: 400,
    exit: 1,
    action: 'Seal the name of a person or lawyer in the claim names; only organisations are named in clear.',
  },
  'reference-not-found': {
    status: 409,
    exit: 1,
    action:
      'Copy index, leafHash and item from the receipt of an earlier deposit; for one that the signer may not read, show its receipt too (Evidence-Shown; evidence attest RECEIPT).',
  },
  'reference-hash': { status: 409, exit: 1, action: 'Copy index and leafHash from the receipt of the entry.' },
  'reference-kind': {
    status: 409,
    exit: 1,
    action: 'Refer to an entry of the kind that the rule asks for: as a rule an evidence.deposit.',
  },
  'reference-item': { status: 409, exit: 1, action: 'Number the item from 0, within the deposit’s items.' },
  'reference-origin': { status: 400, exit: 1, action: 'Leave origin out for this ledger’s own entries.' },
  'erasure-digest': {
    status: 409,
    exit: 1,
    action: 'Name digests that stand in _sd of the entry, or of the change that it carries.',
  },
  'erasure-held': {
    status: 403,
    exit: 1,
    action: 'Let an authority order it: administrators order only while the depositor holds all that it deposited.',
  },
  'erasure-origin': {
    status: 400,
    exit: 1,
    action: 'Leave origin out for this ledger’s own entries; else name the ledger that its genesis continues.',
  },
  'erasure-own': {
    status: 403,
    exit: 1,
    action: 'Let another authority order it: nobody has its own rights, orders and watches erased.',
  },
  'under-hold': {
    status: 409,
    exit: 1,
    action: 'Order it again when the hold, or the seal, has ended.',
  },
  'ledger-closed': { status: 410, exit: 1, action: 'Deposit in the ledger that continues this one.' },
  'intake-ended': {
    status: 410,
    exit: 1,
    action: 'Deposit in the ledger that takes new deposits; everything but deposits goes on in this one.',
  },
  'ledger-key-retired': {
    status: 409,
    exit: 1,
    action: 'Use the key that signs now, and the policy that names it; docs/operations/key-compromise.md says how.',
  },
  'ledger-key-invalid': {
    status: 400,
    exit: 1,
    action: 'Make a new ledger key: an Ed25519 vkey named by the origin, whose key nobody had before.',
  },
  'ledger-possession': {
    status: 400,
    exit: 1,
    action: 'Let the new key sign this ledger’s own checkpoint, with "evidence ledger rotate-key --out".',
  },
  'successor-invalid': {
    status: 400,
    exit: 1,
    action: 'Give the successor’s own first checkpoint, of size 1, and its origin.',
  },
  'successor-other': {
    status: 409,
    exit: 3,
    action: 'Name the ledger that the "ledger close" of this one names; nothing was erased.',
  },
  'approvals-needed': {
    status: 403,
    exit: 1,
    action: 'Propose the change, let others approve it, and submit it: "evidence approvals --help".',
  },
  'approvals-missing': { status: 403, exit: 1, action: 'Let more administrators, or recovery officers, approve it.' },
  'approval-invalid': { status: 400, exit: 1, action: 'Let each officer approve these very bytes, once.' },
  'approval-unknown': {
    status: 403,
    exit: 1,
    action: 'Let active administrators or recovery officers approve, with keys in use.',
  },
  'proposal-malformed': { status: 400, exit: 1, action: 'Propose again; docs/spec/14-ledger-keys.md has the form.' },
  'proposal-expired': { status: 400, exit: 1, action: 'Propose again, with an end within 90 days.' },
  'proposal-repeated': { status: 409, exit: 1, action: 'Nothing to do: this proposal has taken effect already.' },
  'threshold-impossible': {
    status: 409,
    exit: 1,
    action: 'Admit enough administrators or recovery officers first.',
  },
  'access-not-yours': {
    status: 403,
    exit: 3,
    action: 'Ask who deposited the exhibit, who holds it, or the authority, to set the rule.',
  },
  'access-nothing-stands': {
    status: 409,
    exit: 3,
    action: 'Look at what stands on the deposit (evidence access list); a rule is ended by who set it.',
  },
  'access-too-many': {
    status: 409,
    exit: 3,
    action: 'End rules that are not needed any more.',
  },
  'readings-failed': {
    status: 503,
    exit: 3,
    action: 'Nothing was shown. The operator looks at the disk of the data folder and at the folder readings in it.',
  },
  'readings-missing': {
    status: 404,
    exit: 3,
    action: 'Name a day of which there are readings; without --day they are listed.',
  },
  'access-until': { status: 400, exit: 3, action: 'Name a time that is still to come, or none.' },
  'retract-not-own': { status: 403, exit: 1, action: 'Let the depositor of the entry retract it.' },
  'event-times': { status: 400, exit: 1, action: 'Give a "from" that is not later than "to".' },
  'event-in-future': {
    status: 400,
    exit: 1,
    action: 'Give times of what was done already, and set your clock right.',
  },
  // Custody
  'reference-unsound': { status: 409, exit: 1, action: 'Refer to a deposit that broke no rule.' },
  'release-malformed': { status: 400, exit: 1, action: releaseAnew },
  'release-party': {
    status: 400,
    exit: 1,
    action: 'Let the receiver sign, or the giver withdraw it.',
  },
  'release-expired': { status: 400, exit: 1, action: releaseAnew },
  'release-key': { status: 403, exit: 1, action: releaseAnew },
  'release-signature': { status: 400, exit: 1, action: releaseAnew },
  'release-used': { status: 409, exit: 1, action: releaseAnew },
  'in-lieu-authority': { status: 403, exit: 1, action: 'Let an authority release it in lieu.' },
  'exhibit-repeated': { status: 400, exit: 1, action: 'Name each item once.' },
  'custody-not-holder': { status: 409, exit: 1, action: 'Let its holder sign.' },
  'custody-ended': {
    status: 409,
    exit: 1,
    action: 'Let its custodian resume it.',
  },
  'custody-held': { status: 409, exit: 1, action: 'Nothing to do: custody did not end.' },
  'custody-stale': { status: 409, exit: 1, action: releaseAnew },
  'disposal-order': { status: 409, exit: 1, action: 'Name an earlier entry by an authority.' },
  'not-judged': { status: 400, exit: 4, action: 'Check again with a newer version of the verifier.' },
  // Chain, tree, checkpoint
  'version-unannounced': { status: 500, exit: 1, action: investigate },
  'index-wrong': { status: 500, exit: 1, action: investigate },
  'link-broken': { status: 500, exit: 1, action: investigate },
  'time-reversed': { status: 500, exit: 1, action: investigate },
  'entry-altered': { status: 503, exit: 1, action: investigate },
  'entry-missing': { status: 503, exit: 1, action: investigate },
  'entry-unexpected': { status: 503, exit: 1, action: investigate },
  'tile-altered': { status: 503, exit: 1, action: investigate },
  'tile-missing': { status: 503, exit: 1, action: investigate },
  'root-mismatch': { status: 503, exit: 1, action: investigate },
  'checkpoint-untrusted': {
    status: 400,
    exit: 1,
    action:
      'Compare the policy with the ledger’s published key; do not trust this checkpoint. If that key was replaced, docs/operations/key-compromise.md says how to go on.',
  },
  'checkpoint-missing': { status: 503, exit: 1, action: investigate },
  'policy-unmet': { status: 400, exit: 1, action: 'Wait for the witnesses’ cosignatures, or ask the operator.' },
  'policy-unsupported': { status: 400, exit: 4, action: 'Check again with a newer version of the verifier.' },
  'inclusion-invalid': { status: 400, exit: 1, action: 'Ask the ledger for the receipt again; keep this one.' },
  'consistency-invalid': { status: 400, exit: 1, action: 'Keep both checkpoints: together they prove two histories.' },
  'lookup-missing': { status: 503, exit: 1, action: 'Rebuild the look-up keys from the entries.' },
  'lookup-foreign': { status: 503, exit: 1, action: 'Rebuild the look-up keys from the entries.' },
  'lookups-damaged': {
    status: 503,
    exit: 1,
    action:
      'Stop the server and run "evidence ledger reindex". Until then no search says what there is; receipts hold.',
  },
  'lookups-unverified': {
    status: 503,
    exit: 3,
    action: 'Ask again after the time in Retry-After: the look-up keys are compared after each start.',
  },
  'stored-disclosure-altered': { status: 503, exit: 1, action: investigate },
  'disclosures-missing': {
    status: 503,
    exit: 1,
    action:
      'Keep this copy, and find another that holds the claims: an older backup, a follower. Where there is none, --accept-missing-claims of restore, backup and follow goes on without them.',
  },
  // Status
  'status-malformed': { status: 502, exit: 1, action: 'Keep the answer, ask again, and tell the operator.' },
  'status-behind': {
    status: 400,
    exit: 1,
    action: 'Keep receipt and answer: the ledger now shows less than it signed before. Ask again, and ask a mirror.',
  },
  // Anchors
  'anchor-malformed': { status: 400, exit: 1, action: refetch },
  'anchor-missing': {
    status: 400,
    exit: 1,
    action: 'Name the anchors that lead from the receipt’s ledger to that of the policy by --anchor.',
  },
  'anchor-unconnected': {
    status: 400,
    exit: 1,
    action: 'Make the anchor for this receipt with "evidence anchor-for", from the lower ledger or a mirror of it.',
  },
  // Monitoring
  'misbehaviour-malformed': { status: 400, exit: 1, action: refetch },
  'misbehaviour-unproven': {
    status: 400,
    exit: 1,
    action: 'Do not rely on the file: what it says is not shown by what it holds.',
  },
  'copy-lost': {
    status: 500,
    exit: 3,
    action:
      'Put the newest copy of that folder back. Where there is none, begin anew in another folder: what was seen before can be compared no more.',
  },
  'webhook-refused': {
    status: 502,
    exit: 3,
    action: 'Name the final public URL of the webhook; --allow-private allows one on your own network.',
  },
  'alarm-undelivered': {
    status: 502,
    exit: 3,
    action:
      'Repair the hook or webhook: kept events are delivered as soon as it accepts them. Events that are not kept are on the terminal alone.',
  },
  'cosignature-early': {
    status: 400,
    exit: 1,
    action: 'Do not rely on this cosignature: ask the ledger for the receipt again, and tell the witness.',
  },
  // Receipt and file checks
  'transition-malformed': { status: 400, exit: 1, action: refetch },
  'receipt-other-ledger': { status: 400, exit: 1, action: 'Check it against the policy of the ledger that it names.' },
  'receipt-index': { status: 400, exit: 1, action: refetch },
  'file-differs': {
    status: 400,
    exit: 1,
    action: 'Compare with other copies; the receipt does not say which copy is genuine.',
  },
  'file-not-in-deposit': {
    status: 400,
    exit: 1,
    action: 'Look for the receipt of this file, or for the copy that was deposited.',
  },
  'digest-not-computable': { status: 400, exit: 4, action: 'Check again with a build that computes the algorithm.' },
  // Time stamps
  'time-stamp-malformed': { status: 400, exit: 1, action: refetch },
  'time-stamp-imprint': { status: 400, exit: 1, action: 'Look for the token of these bytes: this one is of others.' },
  'time-stamp-signature': { status: 400, exit: 1, action: refetch },
  'time-stamp-key-usage': {
    status: 400,
    exit: 1,
    action: 'Do not rely on it: no authority signs time stamps with such a key.',
  },
  'time-stamp-untrusted': {
    status: 400,
    exit: 1,
    action: 'Name the authority’s root by --timestamp-anchors, if you trust it; else do not rely on this token.',
  },
  'time-stamp-expired': {
    status: 400,
    exit: 1,
    action: 'Get the time proof again with "evidence timestamp --for": a renewed one carries further.',
  },
  'time-stamp-revoked': {
    status: 400,
    exit: 1,
    action: 'Do not rely on this token; a token of another authority, or of a later checkpoint, may still stand.',
  },
  'time-stamp-order': {
    status: 400,
    exit: 1,
    action: 'Set your clock right, then check again; else do not rely on it.',
  },
  'time-stamp-before-entry': {
    status: 400,
    exit: 1,
    action: 'Ask the operator and the authority whose clock was wrong: one of the two times is.',
  },
  // Certificates
  'certificate-malformed': {
    status: 400,
    exit: 1,
    action: 'Get the certificate again from its source, as the file that it was; do not print, convert or edit it.',
  },
  'certificate-attachment-twice': {
    status: 400,
    exit: 1,
    action:
      'Do not use this document: no program of ours attaches two files of one name. Ask its source for the certificate itself.',
  },
  'certificate-altered': {
    status: 400,
    exit: 1,
    action:
      'Do not go by what the document shows; go by what its attachments say, and get the certificate again from its source.',
  },
  'certificate-differs': {
    status: 400,
    exit: 1,
    action: 'Do not go by the certificate’s fields: its attachments say otherwise. Have another made of the evidence.',
  },
  'certificate-left-out': {
    status: 400,
    exit: 1,
    action:
      'Do not go by the certificate’s word on later events: the ledger proves one that it leaves out. Have another made, and ask its maker why.',
  },
  'certificate-other-version': {
    status: 400,
    exit: 4,
    action:
      'Check the certificate with the version of the program that it names; what its attachments prove was judged.',
  },
  'certificate-seal-invalid': {
    status: 400,
    exit: 1,
    action:
      'Do not go by the seal; the attachments prove what they prove without one. Ask who is said to have sealed it.',
  },
  'seal-key-unfit': {
    status: 400,
    exit: 3,
    action:
      'Give a certificate (PEM) and its own private key: ECDSA on P-256, P-384 or P-521, or RSA of 2048 bits or more.',
  },
  'time-proof-malformed': { status: 400, exit: 1, action: refetch },
  'time-proof-foreign': { status: 400, exit: 1, action: 'Name the time proof of this very receipt by --time-proof.' },
  'anchors-malformed': { status: 500, exit: 3, action: 'Give certificates in PEM, and nothing else.' },
  'time-stamp-missing': {
    status: 404,
    exit: 3,
    action: 'Ask again after the ledger’s next time stamp, or let an administrator run "evidence timestamp".',
  },
  'time-stamping-off': {
    status: 409,
    exit: 3,
    action: 'Name authorities in the setting timeStamping; docs/operations/time-stamps.md says how.',
  },
  'time-stamp-answer': { status: 502, exit: 3, action: 'Ask the authority; look at the setting timeStamping.' },
  'time-stamp-clock': {
    status: 502,
    exit: 3,
    action: 'Find out which clock is wrong, this machine’s or the authority’s.',
  },
  'time-stamp-authority': {
    status: 502,
    exit: 3,
    action: 'Check the network and the URL in the setting timeStamping.',
  },
  // Evidence packages
  'package-malformed': { status: 400, exit: 1, action: refetch },
  'package-path': {
    status: 400,
    exit: 1,
    action: 'Do not unpack it. Get the package again from its source.',
  },
  'package-zip': {
    status: 400,
    exit: 1,
    action: 'Do not unpack it. Ask for the package as a folder, or made again by "evidence package".',
  },
  'package-too-large': {
    status: 413,
    exit: 1,
    action: 'Ask for several smaller packages; docs/spec/18-package.md gives the bounds.',
  },
  'package-incomplete': { status: 400, exit: 1, action: refetch },
  'package-altered': { status: 400, exit: 1, action: refetch },
  'admission-invalid': {
    status: 400,
    exit: 1,
    action: 'Ask the ledger which participant the key was admitted for, and with which roles.',
  },
  // Ledger engine
  'queue-full': { status: 503, exit: 3, action: 'Send the same bytes again after the time in Retry-After.' },
  'queue-share-full': {
    status: 429,
    exit: 3,
    action: 'Send the same bytes again after the time in Retry-After; send fewer at once.',
  },
  'server-busy': { status: 503, exit: 3, action: 'Send the same request again after the time in Retry-After.' },
  'clock-unsafe': { status: 503, exit: 3, action: 'Send the same bytes again later; the operator sets the clock.' },
  'writer-stopped': { status: 503, exit: 3, action: `Send the same bytes again later. ${askOperator}` },
  'shutting-down': { status: 503, exit: 3, action: 'Send the same bytes again in a moment.' },
  'storage-conflict': { status: 503, exit: 3, action: 'Let one writer alone use this ledger.' },
  'storage-damaged': { status: 503, exit: 1, action: askOperator },
  'ledger-exists': { status: 409, exit: 2, action: 'Choose another folder, or use the ledger that is there.' },
  'folder-unfinished': {
    status: 409,
    exit: 3,
    action: 'Run that command again: it removes what it had written, and begins anew.',
  },
  'ledger-missing': {
    status: 404,
    exit: 3,
    action: 'Make a ledger with "evidence init", or name its folder by --data.',
  },
  'ledger-in-use': {
    status: 409,
    exit: 3,
    action:
      'Stop the process that uses the folder, also where it runs in another container, or ask the server (--url).',
  },
  'not-a-lock': {
    status: 409,
    exit: 3,
    action:
      'Nothing was written. See what has the name of the lock, and move it away: it is a file of another purpose, a link, or of another user.',
  },
  'ledger-moved': {
    status: 503,
    exit: 3,
    action:
      'Use the ledger where it went. If the move was called off, and nothing was restored from it, run "evidence promote --take-over".',
  },
  'ledger-standby': {
    status: 503,
    exit: 3,
    action: 'If the original will never sign again, run "evidence promote --take-over"; else leave this copy as it is.',
  },
  'claims-shut': {
    status: 503,
    exit: 3,
    action:
      'Send in again every order to erase that the original took since, stop the server, and run "evidence ledger open-claims --orders-sent".',
  },
  'ledger-behind-follower': {
    status: 409,
    exit: 1,
    action:
      'Stop the ledger: it has lost, or changed, what it answered for. Keep both folders; docs/operations/recovery.md says how to go on.',
  },
  'follower-unconfirmed': {
    status: 503,
    exit: 3,
    action: 'Send the same bytes again after the time in Retry-After; they are sequenced once, whatever was answered.',
  },
  'backup-missing': { status: 404, exit: 3, action: 'Name a folder that "evidence backup" has written to its end.' },
  'restore-behind': {
    status: 409,
    exit: 1,
    action: 'Restore a newer backup, or a follower: this one lacks entries that the ledger has answered for.',
  },
  'take-over-needed': {
    status: 409,
    exit: 2,
    action: 'Make sure that the original will never sign again, then say --take-over.',
  },
  'pkcs11-uri': {
    status: 500,
    exit: 2,
    action: 'Name key and library as docs/operations/hardware-keys.md says, and the PIN’s file apart.',
  },
  'pkcs11-failed': {
    status: 503,
    exit: 3,
    action: 'Look after the token and its library, then start again; docs/operations/hardware-keys.md says how.',
  },
  'rotation-unfinished': {
    status: 409,
    exit: 3,
    action: 'Run "evidence ledger rotate-key --resume" on the stopped ledger; it goes on where it was cut off.',
  },
  'rotation-offline': {
    status: 409,
    exit: 3,
    action: 'Stop the server and run "evidence ledger rotate-key" where the new key is.',
  },
  'ledger-unfinished': { status: 409, exit: 3, action: 'Finish the key ceremony with "evidence init --genesis FILE".' },
  'database-missing': { status: 503, exit: 1, action: restore },
  'database-log-damaged': { status: 503, exit: 1, action: restore },
  'database-table-damaged': { status: 503, exit: 1, action: restore },
  'database-behind-head': { status: 503, exit: 1, action: restore },
  'database-not-extension': { status: 503, exit: 1, action: restore },
  'database-thinned': { status: 503, exit: 1, action: restore },
  'head-missing': { status: 503, exit: 1, action: restore },
  'head-invalid': { status: 503, exit: 1, action: restore },
  'format-version': {
    status: 503,
    exit: 4,
    action: 'Use the version of the software that made the folder, or a newer.',
  },
  // Witnesses
  'witness-missing': {
    status: 404,
    exit: 3,
    action: 'Make a witness with "evidence witness init", or name its --data.',
  },
  'witness-request-malformed': {
    status: 400,
    exit: 3,
    action: 'Send the body that C2SP tlog-witness describes: old size, proof, empty line, checkpoint.',
  },
  'witness-log-unknown': {
    status: 404,
    exit: 3,
    action: 'Ask the operator of the witness to add the log: "evidence witness add-log".',
  },
  'witness-signature': { status: 403, exit: 3, action: 'Sign the checkpoint with a key that the witness knows.' },
  'witness-old-size': { status: 400, exit: 3, action: 'Name an old size that is not above the checkpoint’s.' },
  'witness-conflict': { status: 409, exit: 3, action: 'Send a proof from the size that the answer names.' },
  'witness-inconsistent': {
    status: 422,
    exit: 1,
    action: 'Send a proof that leads from the last cosigned tree to this one; where there is none, the log has forked.',
  },
  'witness-state-damaged': {
    status: 500,
    exit: 3,
    action:
      'Restore the witness’s folder from its newest copy. Where there is none, make a new witness with a new key: this one must not sign again.',
  },
  'witness-state-lost': {
    status: 500,
    exit: 3,
    action:
      'Put the newest copy of that file back. Where there is none, run "evidence witness remove-log ORIGIN", and give that ledger another witness: this one must not cosign it again.',
  },
  'witness-unreachable': {
    status: 503,
    exit: 3,
    action:
      'Look at the network and the witness. To start without asking it: "evidence serve --accept-unreachable-witnesses".',
  },
  'witness-answer': { status: 502, exit: 3, action: 'Tell the operator of the witness.' },
  'witness-refused': {
    status: 502,
    exit: 3,
    action: 'See what the status says (C2SP tlog-witness), and tell the operator of the witness.',
  },
  'witness-ahead': {
    status: 503,
    exit: 1,
    action:
      'Somebody signs with this ledger’s key, or the data folder was put back. Stop the ledger; docs/operations/witnesses.md says how to go on.',
  },
  'checkpoint-uncosigned': { status: 503, exit: 3, action: 'Ask again after the time in Retry-After.' },
  // HTTP
  'not-found': { status: 404, exit: 3, action: 'Check the address against /openapi.json.' },
  'entry-not-found': { status: 404, exit: 3, action: 'Ask for an index below the ledger’s size.' },
  'size-unknown': { status: 404, exit: 3, action: 'Ask for sizes from 1 to the ledger’s own, the smaller one first.' },
  'host-unknown': {
    status: 421,
    exit: 3,
    action: 'Use a name that the server goes by; its operator adds one by baseUrls (docs/operations/configuration.md).',
  },
  'request-malformed': { status: 400, exit: 3, action: 'Send an HTTP/1.1 request as RFC 9112 has it.' },
  'request-slow': { status: 408, exit: 3, action: 'Send the same request again, faster, or with less at once.' },
  'head-too-large': { status: 431, exit: 3, action: 'Send fewer or shorter headers, and a shorter query.' },
  'method-unknown': { status: 501, exit: 3, action: 'Use the method that /openapi.json gives.' },
  'method-not-allowed': { status: 405, exit: 3, action: 'Use the method that /openapi.json gives.' },
  'body-too-large': { status: 413, exit: 3, action: 'Send less at once; /openapi.json gives the limits.' },
  'body-malformed': { status: 400, exit: 3, action: 'Send the body that /openapi.json describes.' },
  'media-type': {
    status: 415,
    exit: 3,
    action: 'Send a media type that the message names, as it is or by gzip; /openapi.json says what each route takes.',
  },
  'query-invalid': { status: 400, exit: 2, action: 'Mend the query; /openapi.json gives its parameters.' },
  'not-authenticated': { status: 401, exit: 3, action: 'Send a bearer token signed by an admitted key.' },
  'token-invalid': { status: 401, exit: 3, action: 'Sign a new token for this server, valid at most 300 seconds.' },
  'not-permitted': { status: 403, exit: 3, action: 'Ask the depositor, an auditor or an administrator.' },
  'quota-exceeded': {
    status: 429,
    exit: 3,
    action:
      'Send the same bytes again after the time in Retry-After; ask the operator for a larger quota if this recurs.',
  },
  'rate-limited': { status: 429, exit: 3, action: 'Send the same bytes again after the time in Retry-After.' },
  'internal-error': { status: 500, exit: 3, action: 'Send the same bytes again; report the request id.' },
  'signatures-disagree': {
    status: 500,
    exit: 3,
    action:
      'Verify with --signatures libsodium, and on another machine; report this: two implementations of Ed25519 disagree, by a fault of ours or of this machine.',
  },
  // Command line and machine
  usage: { status: 400, exit: 2, action: 'See --help.' },
  'self-test-failed': {
    status: 500,
    exit: 3,
    action:
      'Rely on nothing that this copy of the program says: get it again from its source, compare its SHA-256, and run the check again.',
  },
  'config-invalid': {
    status: 500,
    exit: 3,
    action: 'Mend the setting where it was set; "evidence serve --print-config" shows what holds.',
  },
  'file-unreadable': { status: 500, exit: 3, action: 'Check the path and the permissions.' },
  'file-exists': { status: 409, exit: 2, action: 'Choose another path, or move the file that is there.' },
  'deposit-differs': {
    status: 409,
    exit: 2,
    action: 'A deposit is never changed: deposit with --again to make a new one, which says this.',
  },
  'file-unwritable': {
    status: 500,
    exit: 3,
    action: 'Name another place (--out, or --receipts DIR for a deposit), or change the permissions of this one.',
  },
  'file-changed': {
    status: 500,
    exit: 3,
    action: 'Wait until nothing writes to it any more, or copy it first, then try again.',
  },
  'output-failed': {
    status: 500,
    exit: 3,
    action: 'Make room, or send the output elsewhere, then run the command again.',
  },
  'public-key-malformed': {
    status: 400,
    exit: 2,
    action:
      'Give an Ed25519 public key: a JWK, as "evidence keygen" writes it, a PEM public key, or a line of OpenSSH (ssh-ed25519 …).',
  },
  'key-file-malformed': {
    status: 500,
    exit: 3,
    action: 'Give a private key in PKCS#8 PEM, as "evidence keygen" writes it.',
  },
  'key-file-permissions': { status: 500, exit: 3, action: 'Run "chmod 600" on the file that is named here.' },
  'key-file-passphrase': {
    status: 500,
    exit: 3,
    action: 'Give the right passphrase in the file that --passphrase-file names, or type it where there is a terminal.',
  },
  'key-file-weak': {
    status: 500,
    exit: 3,
    action:
      'Encrypt it anew: "openssl pkcs8 -topk8 -in KEY.pem -out NEW.pem -v2 aes-256-cbc -v2prf hmacWithSHA256 -iter 600000".',
  },
  'port-in-use': { status: 500, exit: 3, action: 'Choose another --port, or stop the program that has it.' },
  'descriptors-few': {
    status: 500,
    exit: 3,
    action: 'Raise the limit of open files (ulimit -n, or LimitNOFILE of the service), and start again.',
  },
  'disk-failed': {
    status: 503,
    exit: 3,
    action: 'Look at the disk, then start again: opening examines everything. Nothing that was acknowledged is lost.',
  },
  'disk-full': { status: 503, exit: 3, action: 'Free space on the disk; nothing that was acknowledged is lost.' },
  'server-unreachable': {
    status: 503,
    exit: 3,
    action: 'Check --url and the network, then run the same command again.',
  },
  'server-answer': { status: 502, exit: 3, action: 'Check that --url is an evidence ledger; report it if so.' },
  'server-not-all-asked': {
    status: 413,
    exit: 3,
    action:
      'All that is told holds. Read an entry that is not told by "evidence show INDEX"; "evidence verify" reads all of them.',
  },
  'server-other-ledger': {
    status: 409,
    exit: 3,
    action:
      'Name, by --url or --profile, the server of the ledger that you mean, and by --policy that ledger’s own policy; docs/design/client.md says why.',
  },
  'answer-full': { status: 413, exit: 3, action: 'Ask for the rest in another request.' },
  'receipt-not-found': { status: 404, exit: 2, action: 'Name the receipt by --receipt FILE.' },
  'number-not-shown': {
    status: 403,
    exit: 3,
    action:
      'Name the deposit by its index or its receipt: who is not shown the number cannot tell which deposit has it.',
  },
  'profile-missing': { status: 404, exit: 2, action: 'Set the ledger up by "evidence setup URL --profile NAME".' },
  'profile-malformed': { status: 500, exit: 3, action: 'Set the ledger up again: evidence setup URL.' },
  'fingerprint-differs': {
    status: 409,
    exit: 3,
    action:
      'Do not use this policy. Ask the ledger’s operator, on a way of your own, for the policy or its fingerprint.',
  },
} as const satisfies Record<string, ErrorKind>

/** A stable code: what a program may match on. Messages are for people and may change. */
export type ErrorCode = keyof typeof errorTable

/** Extra facts of one error; never secrets, never sealed claims. */
export interface ErrorFacts {
  /** Where in the input: a member path, a line, a byte offset. */
  readonly where?: string
  readonly expected?: string
  readonly found?: string
  readonly index?: number
  readonly retryAfterSeconds?: number
  /** The message for those who may not read entry `index`, of a finding that says more of it. */
  readonly discreet?: string
}

/** Facts without an `expected` that reads as what was `found`: side by side the two would only puzzle. */
function telling({ expected, found, ...others }: ErrorFacts): ErrorFacts {
  if (expected !== undefined && expected === found) return others
  return { ...others, ...defined({ expected, found }) }
}

/** The one error class: what was wrong, where, and (through its code) what to do. */
export class EvidenceError extends Error {
  readonly code: ErrorCode
  readonly facts: ErrorFacts
  constructor(code: ErrorCode, message: string, facts: ErrorFacts = {}, options?: { cause?: unknown }) {
    super(message, options)
    this.name = 'EvidenceError'
    this.code = code
    this.facts = telling(facts)
  }
  get kind(): ErrorKind {
    return errorTable[this.code]
  }
}

/** True for an error of ours; with a code, for that code only. */
export function isEvidenceError(error: unknown, code?: ErrorCode): error is EvidenceError {
  return error instanceof EvidenceError && (code === undefined || error.code === code)
}
