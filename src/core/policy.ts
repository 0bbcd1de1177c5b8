import { toHex } from './base64.ts'
import { fromUtf8, latin1, parseDecimal } from './bytes.ts'
import { isCosignatureType, signatureTypes } from './cosignature.ts'
import { EvidenceError } from './errors.ts'
import { parseVerifierKey, type SignedNote, type VerifierKey, verifyNote } from './note.ts'
import { explained } from './transit.ts'

/*
 * C2SP tlog-policy: all that a verifier must be given. Octets, one definition a line:
 *
 *     log court.example/ledger-7f3a+530d903a+AekyeR…
 *     witness notary notary.example/w+1c2d3e4f+BFxy…
 *     group both all notary institute
 *     quorum both
 */

/** Bounds on what others send; tlog-policy asks for at least 32 of each. */
export const maxPolicyBytes: number = 256 * 1024
const maxDefinitions = 512

export interface PolicyWitness {
  readonly name: string
  readonly key: VerifierKey
  readonly url?: string
}
export interface PolicyGroup {
  readonly name: string
  readonly threshold: number
  readonly members: readonly string[]
}
export interface Policy {
  readonly logs: readonly { readonly key: VerifierKey; readonly url?: string }[]
  readonly witnesses: readonly PolicyWitness[]
  readonly groups: readonly PolicyGroup[]
  /** Name of a witness or group, or `none`. */
  readonly quorum: string
}

class PolicyBuilder {
  readonly logs: { key: VerifierKey; url?: string }[] = []
  readonly witnesses: PolicyWitness[] = []
  readonly groups: PolicyGroup[] = []
  quorum: string | undefined
  private readonly names = new Set<string>()
  private readonly members = new Set<string>()
  line = 0

  bad(why: string): EvidenceError {
    return new EvidenceError('policy-malformed', `line ${this.line} of the policy ${why}`, {
      where: `line ${this.line}`,
    })
  }

  private key(text: string, others: readonly { key: VerifierKey }[]): VerifierKey {
    let key: VerifierKey
    try {
      // The file is octets; a key name is compared with notes, which are UTF-8.
      key = parseVerifierKey(
        fromUtf8(
          Uint8Array.from(text, (octet) => octet.charCodeAt(0)),
          'key name',
        ),
      )
    } catch (cause) {
      throw this.bad(`has a malformed key: ${cause instanceof Error ? cause.message : 'unreadable'}`)
    }
    if (others.some((other) => toHex(other.key.publicKey) === toHex(key.publicKey)))
      throw this.bad('repeats a public key')
    return key
  }

  private define(name: string): void {
    if (name === 'none' || this.names.has(name)) throw this.bad(`defines the name ${name} again`)
    this.names.add(name)
  }

  private require(name: string): void {
    if (!this.names.has(name)) throw this.bad(`refers to ${name}, which is not defined above`)
  }

  log(words: readonly string[]): void {
    const [vkey, url, extra] = words
    if (vkey === undefined || extra !== undefined) throw this.bad('is not "log <vkey> [<url>]"')
    const key = this.key(vkey, this.logs)
    if (key.type !== signatureTypes.ed25519) throw this.bad('names a log whose key is not of type 0x01')
    this.logs.push(url === undefined ? { key } : { key, url })
  }

  witness(words: readonly string[]): void {
    const [name, vkey, url, extra] = words
    if (name === undefined || vkey === undefined || extra !== undefined) {
      throw this.bad('is not "witness <name> <vkey> [<url>]"')
    }
    const key = this.key(vkey, this.witnesses)
    this.define(name)
    this.witnesses.push(url === undefined ? { name, key } : { name, key, url })
  }

  group(words: readonly string[]): void {
    const [name, rule, ...members] = words
    if (name === undefined || rule === undefined || members.length === 0) {
      throw this.bad('is not "group <name> <all|any|k> <name>…"')
    }
    for (const member of members) {
      this.require(member)
      if (this.members.has(member)) throw this.bad(`lists ${member}, which is a member already`)
      this.members.add(member)
    }
    const threshold = rule === 'all' ? members.length : rule === 'any' ? 1 : parseDecimal(rule)
    if (threshold === undefined || threshold < 1 || threshold > members.length)
      throw this.bad('has an impossible threshold')
    this.define(name)
    this.groups.push({ name, threshold, members })
  }

  quorumLine(words: readonly string[]): void {
    const [name, extra] = words
    if (name === undefined || extra !== undefined || this.quorum !== undefined)
      throw this.bad('is not the one "quorum <name>"')
    if (name !== 'none') this.require(name)
    this.quorum = name
  }
}

/** Reads a policy. Throws `policy-malformed`. */
export function parsePolicy(bytes: Uint8Array): Policy {
  return explained(bytes, 'policy', () => readPolicy(bytes))
}

function readPolicy(bytes: Uint8Array): Policy {
  const builder = new PolicyBuilder()
  if (bytes.length > maxPolicyBytes) throw builder.bad('comes after the largest size of a policy')
  // Octets, not UTF-8: names are opaque (tlog-policy, "Character set").
  const text = latin1(bytes)
  if (/[^\t\n\x20-\x7e\x80-\xff]/.test(text)) throw builder.bad('or a later one holds a control character')
  if (text !== '' && !text.endsWith('\n')) throw builder.bad('or a later one does not end in a line feed')
  for (const line of text.split('\n')) {
    builder.line++
    const words = line.split(/[ \t]+/).filter((word) => word !== '')
    const [keyword, ...rest] = words
    if (keyword === undefined || keyword.startsWith('#')) continue
    if (keyword === 'log') builder.log(rest)
    else if (keyword === 'witness') builder.witness(rest)
    else if (keyword === 'group') builder.group(rest)
    else if (keyword === 'quorum') builder.quorumLine(rest)
    else throw builder.bad('begins with an unknown word')
    if (builder.logs.length + builder.witnesses.length + builder.groups.length > maxDefinitions) {
      throw builder.bad(`is past the ${maxDefinitions} definitions that a policy may have`)
    }
  }
  const { logs, witnesses, groups, quorum } = builder
  if (quorum === undefined) throw new EvidenceError('policy-malformed', 'the policy has no quorum line')
  return { logs, witnesses, groups, quorum }
}

/** Writes the policy of one log; its witnesses are known, and none of them is needed. */
export function encodeLogPolicy(
  key: VerifierKey,
  comments: readonly string[] = [],
  witnesses: readonly { readonly name: string; readonly key: VerifierKey }[] = [],
): string {
  const lines = [
    ...comments.map((line) => `# ${line}`),
    `log ${key.text}`,
    ...witnesses.map((witness) => `witness ${witness.name} ${witness.key.text}`),
    'quorum none',
  ]
  return lines.map((line) => `${line}\n`).join('')
}

/** Who signed a checkpoint, of those that a policy names. */
export interface PolicySigners {
  /** Log keys under the checkpoint's origin; one at least. */
  readonly logs: readonly [VerifierKey, ...VerifierKey[]]
  /** `timestamp` in seconds; zero in an ML-DSA-44 signature states no time ({@link statesTime}). */
  readonly witnesses: readonly { readonly name: string; readonly timestamp: number | undefined }[]
}

/** What a policy says of a checkpoint that it accepts. */
export interface PolicyResult extends PolicySigners {
  readonly log: VerifierKey
}

/** Whether `name` is satisfied by the witnesses that `counts` accepts. */
function isSatisfied(policy: Policy, name: string, counts: (witness: PolicyWitness) => boolean): boolean {
  if (name === 'none') return true
  const witness = policy.witnesses.find((candidate) => candidate.name === name)
  if (witness !== undefined) return counts(witness)
  // Groups refer only to names above them, so this ends.
  const group = policy.groups.find((candidate) => candidate.name === name) as PolicyGroup
  return group.members.filter((member) => isSatisfied(policy, member, counts)).length >= group.threshold
}

/** Whether the policy's quorum is met by the witnesses that `counts` accepts. */
export function isQuorumMet(policy: Policy, counts: (witness: PolicyWitness) => boolean): boolean {
  return isSatisfied(policy, policy.quorum, counts)
}

/** Whether a witness's cosignature says when it saw the tree: with ML-DSA-44 a time of zero does not (tlog-cosignature). */
export function statesTime(policy: Policy, { name, timestamp }: PolicySigners['witnesses'][number]): boolean {
  const witness = policy.witnesses.find((candidate) => candidate.name === name)
  return timestamp !== undefined && !(timestamp === 0 && witness?.key.type === signatureTypes.mlDsa44)
}

/** A key as a reader tells it from another of the same name. */
function keyLabel({ name, id }: { readonly name: string; readonly id: Uint8Array }): string {
  return `${name}+${toHex(id)}`
}

/**
 * Verifies a checkpoint's note under the keys of a policy; the quorum is not asked for ({@link requireQuorum}). Of several lines
 * by one witness the first gives its time. Throws `checkpoint-untrusted` (no log of the origin signed) and
 * `signature-invalid` (a known signature fails).
 */
export function readSigners(policy: Policy, note: SignedNote, origin: string): PolicySigners {
  const verified = verifyNote(
    note,
    [...policy.logs, ...policy.witnesses].map(({ key }) => key),
  )
  const logs = policy.logs
    .map(({ key }) => key)
    .filter((key) => key.name === origin && verified.some((signature) => signature.key === key))
  const [log, ...others] = logs
  if (log === undefined) {
    const signed = note.signatures.filter(({ name }) => name === origin).map(keyLabel)
    throw new EvidenceError(
      'checkpoint-untrusted',
      'no log key of the policy, named by the checkpoint’s origin, signed the checkpoint',
      {
        expected: policy.logs.map(({ key }) => keyLabel(key)).join(', '),
        found: signed.length === 0 ? `no signature by ${origin}` : signed.join(', '),
      },
    )
  }
  const byKey = new Map(verified.map((signature) => [signature.key, signature]))
  const witnesses = policy.witnesses
    .filter(({ key }) => isCosignatureType(key.type) && byKey.has(key))
    .map(({ name, key }) => ({ name, timestamp: byKey.get(key)?.timestamp }))
  return { logs: [log, ...others], witnesses }
}

/**
 * Asks for the policy's quorum. Throws `policy-unmet`, and `policy-unsupported` where only witnesses that signed with a type
 * that this version cannot verify are missing.
 */
export function requireQuorum(policy: Policy, note: SignedNote, { witnesses }: PolicySigners): void {
  const cosigned = (witness: PolicyWitness): boolean => witnesses.some(({ name }) => name === witness.name)
  if (isQuorumMet(policy, cosigned)) return
  const unsupported = ({ key }: PolicyWitness): boolean =>
    !isCosignatureType(key.type) && note.signatures.some((line) => keyLabel(line) === keyLabel(key))
  if (isQuorumMet(policy, (witness) => cosigned(witness) || unsupported(witness))) {
    throw new EvidenceError(
      'policy-unsupported',
      'the quorum needs a witness whose signature type this version cannot verify',
    )
  }
  throw new EvidenceError('policy-unmet', `the witnesses that cosigned do not make the quorum ${policy.quorum}`)
}

/**
 * Judges a checkpoint's note: signed by a log of the policy whose key name is the origin, and by the quorum of witnesses.
 * Throws the codes of {@link readSigners} and {@link requireQuorum}.
 */
export function applyPolicy(policy: Policy, note: SignedNote, origin: string): PolicyResult {
  const signers = readSigners(policy, note, origin)
  requireQuorum(policy, note, signers)
  return { ...signers, log: signers.logs[0] }
}
