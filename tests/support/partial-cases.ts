import { utf8 } from '../../src/core/bytes.ts'
import { signCheckpoint } from '../../src/core/checkpoint.ts'
import { leafHash } from '../../src/core/entry.ts'
import { isEvidenceError } from '../../src/core/errors.ts'
import { jwkOf, publicKeyOf, thumbprint, type Jwk } from '../../src/core/jwk.ts'
import { verifierKey } from '../../src/core/note.ts'
import { parsePolicy, type Policy } from '../../src/core/policy.ts'
import { encodeReceipt } from '../../src/core/receipt.ts'
import type { LogSource } from '../../src/log/log.ts'
import { approve, changeMembers, composeProposal } from '../../src/statements/approval-file.ts'
import type { Kind } from '../../src/statements/kinds.ts'
import { mth, path } from '../reference/rfc6962.ts'
import { administrator, ledgerKey, ledgerSigner, origin, startMs, TestChain } from './chain.ts'
import { ledgers, type Part, resealed } from './differential/changes.ts'
import { mutatedJson } from './differential/json.ts'
import { entryOf, partsOf, relinked, sealedCheckpoint, signerOfHeader } from './differential/ledgers.ts'
import { changedLines } from './differential/lines.ts'
import { Random } from './random.ts'
import { RandomLedger } from './random-ledger.ts'
import { signerNamed } from './signers.ts'
import { statement } from './statements.ts'

/** A ledger whose tree holds its entries as they are, signed by its key: what is wrong is in the entries alone. */
export interface SealedLedger {
  readonly what: string
  readonly policy: Policy
  readonly note: string
  readonly entries: readonly Buffer[]
  /** The receipt of each entry; undefined of one whose signer's key is nowhere. */
  readonly receipts: () => readonly (Uint8Array | undefined)[]
}

/** Only the key lines: no witness cosigned what was sealed anew. */
function logsOnly(policy: string): string {
  return `${policy.match(/^log .*\n/gm)?.join('') ?? ''}quorum none\n`
}

function sealed(what: string, policyText: string, entries: readonly Buffer[], note: string): SealedLedger {
  let made: readonly (Uint8Array | undefined)[] | undefined
  return {
    what,
    policy: parsePolicy(utf8(policyText)),
    entries,
    note,
    receipts: () => (made ??= receiptsOf(entries, note)),
  }
}

type Base = (typeof ledgers)[number]

function ofVector(what: string, base: Base, entries: readonly Buffer[]): SealedLedger {
  const policy = logsOnly(base.policy)
  return sealed(`${base.name}, ${what}`, policy, entries, sealedCheckpoint({ ...base, policy }, entries))
}

/** Every ledger of the vectors, whatever is wrong with it, under a checkpoint of its own. */
export function fixtureLedgers(): SealedLedger[] {
  return ledgers.flatMap((base) => unlessBroken(() => ofVector('as it is', base, base.entries)) ?? [])
}

/** Of a vector whose policy or keys cannot be read, nothing can be sealed. */
function unlessBroken<T>(make: () => T): T | undefined {
  try {
    return make()
  } catch (error) {
    if (isEvidenceError(error)) return undefined
    throw error
  }
}

function entryChanged(part: Part) {
  return (random: Random): SealedLedger | undefined => {
    const made = resealed(part, random)
    return made && ofVector(`${part} of entry ${made.at}: ${made.what}`, made.ledger, made.entries)
  }
}

function reordered(random: Random): SealedLedger | undefined {
  const base = random.pick(ledgers)
  const entries = [...base.entries]
  const what = random.pick(['left out', 'twice', 'moved'])
  const at = random.below(entries.length)
  const [entry] = what === 'twice' ? [entries[at]] : entries.splice(at, 1)
  if (what !== 'left out') entries.splice(random.below(entries.length + 1), 0, entry as Buffer)
  const numbered = entries.map((one, i) =>
    Buffer.from(one.toString('latin1').replace(/\n[0-9]+\n/, `\n${i}\n`), 'latin1'),
  )
  return numbered.length === 0 ? undefined : ofVector(`entry ${at} ${what}`, base, relinked(numbered, 1))
}

const fromUrl = (text: string): string => Buffer.from(text, 'base64url').toString()
const toUrl = (text: string): string => Buffer.from(text).toString('base64url')

/** A change with its proposal changed, approved anew by the same keys, and some approvals left out. */
function proposalChanged(random: Random): SealedLedger | undefined {
  const base = random.pick(ledgers.filter(({ entries }) => entries.some((one) => kindOf(one) === 'ledger.change')))
  const places = [...base.entries.keys()].filter((i) => kindOf(base.entries[i] as Buffer) === 'ledger.change')
  const at = random.pick(places)
  const parts = partsOf(base.entries[at] as Buffer)
  const signer = signerOfHeader(parts?.header ?? '')
  if (parts === undefined || signer === undefined) return undefined
  const payload = JSON.parse(parts.payload) as {
    proposal: string
    approvals: { protected: string; signature: string }[]
  }
  const json = mutatedJson(fromUrl(payload.proposal), random)
  if (json === undefined) return undefined
  const proposal = toUrl(json.text)
  const approvals = payload.approvals.flatMap((one) => {
    const by = signerOfHeader(fromUrl(one.protected))
    const signature = by?.sign(Buffer.from(`${one.protected}.${proposal}`)).toString('base64url') ?? one.signature
    return random.below(6) === 0 ? [] : [{ ...one, signature }]
  })
  const entry = entryOf({ ...parts, payload: JSON.stringify({ ...payload, proposal, approvals }) }, signer)
  return ofVector(`proposal of entry ${at}: ${json.what}`, base, relinked(base.entries.with(at, entry), at + 1))
}

/** A text within a statement, such as a possession proof, with a line of it changed; the statement signed anew. */
function textChanged(random: Random): SealedLedger | undefined {
  const base = random.pick(ledgers)
  const at = random.below(base.entries.length)
  const parts = partsOf(base.entries[at] as Buffer)
  const signer = signerOfHeader(parts?.header ?? '')
  if (parts === undefined || signer === undefined) return undefined
  const names = [...parts.payload.matchAll(/"(possession|checkpoint|newKey|oldKey|proposal)":"((?:[^"\\]|\\.)*)"/g)]
  if (names.length === 0) return undefined
  const [, name, text] = random.pick(names) as unknown as [string, string, string]
  const before = JSON.parse(`"${text}"`) as string
  const changed = changedLines(before, random, [before, base.checkpoint])
  const payload = parts.payload.replace(`"${text}"`, () => JSON.stringify(changed.text))
  const entry = entryOf({ ...parts, payload }, signer)
  return ofVector(`${name} of entry ${at}: ${changed.what}`, base, relinked(base.entries.with(at, entry), at + 1))
}

/** What no server would make: any signer signs any kind. */
function anyStatements(random: Random): SealedLedger | undefined {
  const input = new RandomLedger(random).input() as { entriesBase64: (string | null)[]; leafHashesBase64: string[] }
  const entries = input.entriesBase64.flatMap((one) => (one === null ? [] : [Buffer.from(one, 'base64')]))
  const leaves = entries.map((one) => Buffer.from(leafHash(one)).toString('base64'))
  if (JSON.stringify(leaves) !== JSON.stringify(input.leafHashesBase64)) return undefined
  const checkpoint = { origin, size: entries.length, root: mth(entries) }
  const note = signCheckpoint(checkpoint, ledgerKey, ledgerSigner.sign)
  return sealed('any statements', `log ${ledgerKey.text}\nquorum none\n`, entries, note)
}

/** Changes of every kind that is proposed, approved by some of two administrators, with possession proofs of any key. */
function proposedChanges(random: Random): SealedLedger {
  const chain = new TestChain().start()
  const iat = startMs / 1000
  const [second, next] = [signerNamed('second administrator'), signerNamed('the next ledger key')]
  const nextKey = verifierKey(origin, next.publicKey)
  chain.admit('second', ['administrator'], second)
  const jti = (): string => `00000000-0000-4000-8000-${String(chain.bytes.length).padStart(12, '0')}`
  const say = (kind: string, members: object): unknown =>
    chain.add(statement(administrator, origin, kind, members, { iss: 'administrator', iat, jti: jti() }).jws)
  if (random.below(2) === 0) say('ledger.set-approvals', { administrators: 1 + random.below(2) })
  const proposals: readonly (() => [Kind, object])[] = [
    () => {
      const size = random.below(4) === 0 ? chain.bytes.length + 1 : 1 + random.below(chain.bytes.length)
      const [key, by] = random.below(3) === 0 ? ([ledgerKey, ledgerSigner] as const) : ([nextKey, next] as const)
      const root = mth(random.below(8) === 0 ? [] : chain.bytes.slice(0, size))
      const possession = signCheckpoint({ origin, size, root }, key, by.sign)
      return ['ledger.rotate-key', { oldKey: ledgerKey.text, newKey: nextKey.text, reason: 'routine', possession }]
    },
    () => {
      const type = random.pick(['court', 'person'])
      const id = random.pick(['other', 'second', 'p-00000000000000ee'])
      const key = random.pick([signerNamed('other'), second, ledgerSigner])
      const names = random.below(3) === 0 ? { name: 'N' } : {}
      return ['participant.admit', { participant: { id, type, roles: ['depositor'], keys: [key.jwk], ...names } }]
    },
    () => ['participant.revoke', { participant: random.pick(['depositor', 'second', 'nobody']), reason: 'other' }],
    () => {
      const named = random.pick([origin, 'other.example/ledger'])
      const checkpoint = signCheckpoint(
        { origin: named, size: 1 + random.below(2), root: mth([]) },
        { ...ledgerKey, name: named },
        ledgerSigner.sign,
      )
      return ['ledger.end-intake', { reason: 'other', successor: { origin: 'other.example/ledger', checkpoint } }]
    },
  ]
  for (let i = 1 + random.below(4); i > 0; i--) {
    const [kind, members] = random.pick(proposals)()
    if (random.below(4) === 0) say(kind, members)
    else {
      const approvers = [administrator, second, signerNamed('nobody')].filter((_, n) => random.below(4) > n)
      const proposal = composeProposal({ aud: origin, jti: jti(), exp: iat + 3600, kind }, members)
      say('ledger.change', changeMembers((approvers.length === 0 ? [second] : approvers).reduce(approve, proposal)))
    }
    chain.deposits(random.below(2))
  }
  return sealed(
    'changes',
    `log ${ledgerKey.text}\nquorum none\n`,
    chain.bytes.map((bytes) => Buffer.from(bytes)),
    chain.seal().note,
  )
}

const makers: Readonly<Record<string, (random: Random) => SealedLedger | undefined>> = {
  'payload changed': entryChanged('payload'),
  'header changed': entryChanged('header'),
  'lines changed': entryChanged('lines'),
  'entries in another order': reordered,
  'proposal changed': proposalChanged,
  'text within changed': textChanged,
  'any statements': anyStatements,
  'proposed changes': proposedChanges,
}
export const classNames: readonly string[] = Object.keys(makers)

/** The ledger of a seed: the same every time. */
export function ledgerOf(seed: number): SealedLedger {
  const random = new Random(Math.imul(seed, 0x9e3779b1))
  const name = classNames[seed % classNames.length] as string
  for (let tries = 0; tries < 100_000; tries++) {
    const made = unlessBroken(() => makers[name]?.(random))
    if (made !== undefined) return made
  }
  throw new Error(`there is nothing to change of the class ${name}`)
}

/** The kind that an entry says it is. */
function kindOf(entry: Buffer): string | undefined {
  return /"kind":"([^"]+)"/.exec(partsOf(entry)?.payload ?? '')?.[1]
}

/** A ledger as it is walked. */
export function sourceOf({ entries, note }: SealedLedger): LogSource {
  const leaves = Buffer.concat(entries.map(leafHash))
  return {
    name: 'memory',
    checkpoint: () => Promise.resolve(utf8(note)),
    tile: (_level, _n, width) => Promise.resolve(new Uint8Array(leaves.subarray(0, 32 * width))),
    entries: (_n, width) => Promise.resolve(entries.slice(0, width)),
  }
}

/** Every key that stands somewhere in the statements, by its thumbprint. */
function keysIn(entries: readonly Buffer[]): Map<string, Jwk> {
  const texts = entries.flatMap((one) => {
    const payload = partsOf(one)?.payload ?? ''
    return [payload, fromUrl(/"proposal":"([^"]+)"/.exec(payload)?.[1] ?? '')]
  })
  const keys = texts.flatMap((text) => [...text.matchAll(/"x":"([A-Za-z0-9_-]{43})"/g)])
  return new Map(
    keys.flatMap(([, x]) => {
      const key = unlessBroken(() => jwkOf(publicKeyOf({ crv: 'Ed25519', kty: 'OKP', x: x as string })))
      return key === undefined ? [] : [[thumbprint(key), key]]
    }),
  )
}

function receiptsOf(entries: readonly Buffer[], note: string): (Uint8Array | undefined)[] {
  const keys = keysIn(entries)
  return entries.map((entryBytes, index) => {
    const header = partsOf(entryBytes)?.header ?? ''
    const line = signerOfHeader(header)?.jwkLine
    const signer = line === undefined ? keys.get(/"kid":"([^"]+)"/.exec(header)?.[1] ?? '') : (JSON.parse(line) as Jwk)
    if (signer === undefined) return undefined
    return utf8(encodeReceipt({ entryBytes, signer, disclosures: [] }, index, path(index, entries), note))
  })
}
