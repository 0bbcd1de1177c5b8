import { toBase64, toBase64url } from '../../src/core/base64.ts'
import { utf8 } from '../../src/core/bytes.ts'
import { encodeEntry } from '../../src/core/entry.ts'
import { digestLengths } from '../../src/core/hash.ts'
import { jwkOf } from '../../src/core/jwk.ts'
import { emptyRegistry, type Registry, withKeyRecord, withParticipant } from '../../src/statements/registry.ts'
import { origin, startMs } from './chain.ts'
import { mutated } from './mutator.ts'
import type { Random } from './random.ts'
import { signerNamed } from './signers.ts'

/* Entries as our programs write them, with what is at the limits of the rules, and sometimes past them: for the recogniser and its twin. */

const signers = ['depositor', 'attestor', 'both', 'court', 'nobody', 'gone', 'rotated'] as const
const roles: Readonly<Record<(typeof signers)[number], readonly string[]>> = {
  depositor: ['depositor'],
  attestor: ['attestor'],
  both: ['depositor', 'attestor'],
  court: ['authority'],
  nobody: [],
  gone: ['depositor'],
  rotated: ['depositor'],
}

const thumbprints = new Map<string, string>(signers.map((id) => [id, signerNamed(id).thumbprint]))

/** Who signs the entries: with roles and without, one that was revoked, one whose key was rotated out. */
export function registryOfSigners(): Registry {
  let registry = emptyRegistry(origin)
  for (const [since, id] of signers.entries()) {
    const revoked = id === 'gone' ? { revokedAt: 9 } : {}
    const record = { id, type: 'organisation' as const, roles: roles[id], since, ...revoked }
    registry = withParticipant(registry, record, jwkOf(signerNamed(id).publicKey))
  }
  const key = registry.keys.get(signerNamed('rotated').thumbprint)
  if (key === undefined) throw new Error('no key')
  return withKeyRecord(registry, { ...key, status: 'rotated', until: 9 })
}

export const bytesOf = (random: Random, length: number): Uint8Array =>
  Uint8Array.from({ length }, () => random.below(256))
const hex = (random: Random, length: number): string =>
  Array.from({ length }, () => '0123456789abcdef'[random.below(16)]).join('')
const maybe = <T>(random: Random, value: () => T): T | undefined => (random.below(3) === 0 ? value() : undefined)
const seldom = (random: Random): boolean => random.below(40) === 0
const uuid = (random: Random): string =>
  `${hex(random, 8)}-${hex(random, 4)}-4${hex(random, 3)}-8${hex(random, 3)}-${hex(random, 12)}`
const digest = (random: Random): string => toBase64url(bytesOf(random, 32))

function itemOf(random: Random): object {
  const digests: Record<string, string> = {}
  for (const [name, length] of Object.entries(digestLengths))
    if (name === 'sha256' ? random.below(8) > 0 : random.below(8) === 0) digests[name] = hex(random, 2 * length)
  return {
    size: random.pick([0, 1, 4096, random.below(2 ** 31), 2 ** 40, Number.MAX_SAFE_INTEGER]),
    digest: digests,
    mediaType: maybe(random, () => random.pick(['image/jpeg', 'a/b', 'application/vnd.x+json', 'x', 'a/b;c', 'é/b'])),
    category: maybe(random, () => random.pick(['file', 'a', 'a-1', 'A', '', 'ä', 'x'.repeat(64), 'x'.repeat(65)])),
    tree: maybe(random, () => ({ root: hex(random, 64), size: random.below(5) })),
    acquired: random.below(20) === 0 ? { size: 1, digest: { md5: hex(random, 32) }, source: 'tool' } : undefined,
  }
}

function referenceOf(random: Random): object {
  return {
    index: random.below(300),
    leafHash: toBase64(bytesOf(random, random.below(20) === 0 ? 31 : 32)),
    item: maybe(random, () => random.below(3)),
    line: maybe(random, () => random.below(3)),
  }
}

function depositOf(random: Random): object {
  const sealed = maybe(random, () => Array.from({ length: 1 + random.below(6) }, () => digest(random)))
  return {
    items: Array.from({ length: random.below(20) === 0 ? random.below(67) : 1 + random.below(3) }, () =>
      itemOf(random),
    ),
    relates: maybe(random, () =>
      Array.from({ length: 1 + random.below(2) }, () => ({
        rel: random.pick(['derived-from', 'part-of', 'UPPER']),
        ...referenceOf(random),
        origin: random.below(10) === 0 ? 'other.example/log' : undefined,
      })),
    ),
    _sd: sealed,
    _sd_alg: random.below(20) === 0 ? 'sha-512' : sealed && 'sha-256',
  }
}

/** Members that stand in another order now and then, or with one too many. */
function arranged(random: Random, members: object): object {
  const order = Object.entries(members)
  if (random.below(4) === 0) order.sort(() => random.below(3) - 1)
  if (random.below(20) === 0) order.push(['more', 1])
  return Object.fromEntries(order)
}

/** A JWS whose signature is made up; `change` is done to the bytes of its payload. */
function jwsOf(
  random: Random,
  { typ, by, payload }: { readonly typ: string; readonly by: string; readonly payload: object },
  change: (payload: Uint8Array) => Uint8Array = (given) => given,
): string {
  const alg = random.pick(['EdDSA', 'EdDSA', 'Ed25519', random.below(9) === 0 ? 'none' : 'EdDSA'])
  const header = utf8(JSON.stringify({ alg, typ, kid: thumbprints.get(by) }))
  const parts = [header, change(utf8(JSON.stringify(payload))), bytesOf(random, seldom(random) ? 63 : 64)]
  const [first, second, third] = parts.map(toBase64url)
  return `${first}.${second}${seldom(random) ? random.pick(['', 'A', '..']) : '.'}${third}`
}

const giversOf = ['both', 'depositor', 'court', 'attestor'] as const

/** A hand-over at a time: who signs it, and its members. */
function handOverOf(random: Random, index: number, timeMs: number): { readonly by: string; readonly members: object } {
  const giver = seldom(random) ? random.pick(signers) : random.pick(giversOf)
  const to = seldom(random) ? random.pick(signers) : random.pick(giversOf.filter((id) => id !== giver))
  const outcome = random.pick(['accepted', 'accepted', 'rejected', 'withdrawn', seldom(random) ? 'lost' : 'accepted'])
  const isWithdrawn = (outcome === 'withdrawn') !== seldom(random)
  const at = Math.floor(timeMs / 1000)
  const count = seldom(random) ? random.pick([0, 64, 65]) : 1 + random.below(3)
  const offer = maybe(random, () => [digest(random), ...(seldom(random) ? [digest(random)] : [])])
  const iat = at + (seldom(random) ? random.pick([301, 400]) : random.pick([-9000, 0, 300]))
  const payload = {
    aud: seldom(random) ? `${origin}x` : origin,
    iss: seldom(random) ? random.pick(signers) : giver,
    jti: seldom(random) ? 'none' : uuid(random),
    iat,
    exp: at + random.pick([iat - at, 1, 86_400, 7_776_000, seldom(random) ? random.pick([-1, 0, 7_776_001]) : 3600]),
    since: random.pick([0, index - 1, index, random.below(300), Number.MAX_SAFE_INTEGER]),
    to: seldom(random) ? random.pick(['', 'Ä', 'x'.repeat(64), 'x'.repeat(65), 'a b', giver]) : to,
    exhibits: Array.from({ length: count }, () => ({
      ...referenceOf(random),
      ...(seldom(random) ? {} : { line: undefined }),
    })),
    inLieu: seldom(random) ? 'key-lost' : undefined,
    _sd: offer,
    _sd_alg: seldom(random) ? 'sha-512' : offer && 'sha-256',
  }
  const typ = seldom(random) ? 'evidence-statement+sd-jwt' : 'evidence-custody-release+jwt'
  const release = jwsOf(random, { typ, by: giver, payload: arranged(random, payload) }, (given) =>
    random.below(4) === 0 ? mutated([given], random) : given,
  )
  const sealed = [
    ...(offer === undefined || seldom(random) ? [] : offer),
    ...(maybe(random, () => [digest(random)]) ?? []),
  ]
  const checked = Array.from({ length: count + (seldom(random) ? 1 : 0) }, () =>
    seldom(random) ? 'differs' : random.pick(['match', 'not-checked']),
  )
  const members = {
    release: seldom(random) ? Buffer.from(mutated([utf8(release)], random)).toString('latin1') : release,
    outcome,
    reason: random.below(outcome === 'rejected' ? 2 : 12) === 0 ? 'seal-broken' : undefined,
    checked: isWithdrawn !== (random.below(12) === 0) ? undefined : checked,
    _sd: sealed.length === 0 ? undefined : sealed,
    _sd_alg: sealed.length === 0 ? undefined : 'sha-256',
  }
  return { by: isWithdrawn ? giver : to, members }
}

function membersOf(random: Random, kind: string): object {
  if (kind === 'evidence.deposit') return depositOf(random)
  const reason = random.pick(['notary', 'mistake', 'x', 'X'])
  return { of: referenceOf(random), [kind === 'evidence.attest' ? 'as' : 'reason']: reason }
}

export const handOverKind = 'custody.transfer'
const kinds = ['evidence.deposit', 'evidence.deposit', 'evidence.attest', 'evidence.retract', 'evidence.x']

/** An entry, most often as our programs write it, sometimes with members in another order or one too many. */
export function entryOf(random: Random, index: number): Uint8Array {
  const timeMs = startMs + random.below(3) * 86_400_000 + random.pick([0, random.below(1000)])
  const isHandOver = random.below(2) === 0
  const kind = isHandOver ? handOverKind : random.pick(kinds)
  const said = isHandOver
    ? handOverOf(random, index, timeMs)
    : {
        by: random.pick(random.below(4) === 0 ? signers : (['depositor', 'both'] as const)),
        members: membersOf(random, kind),
      }
  const payload = {
    iss: random.below(20) === 0 ? random.pick(signers) : said.by,
    aud: random.below(20) === 0 ? `${origin}x` : origin,
    jti: uuid(random),
    iat: Math.floor(timeMs / 1000) + (random.below(20) === 0 ? 301 : random.pick([-1000, 0, 300])),
    kind,
    ...said.members,
  }
  const statement = jwsOf(random, {
    typ: 'evidence-statement+sd-jwt',
    by: said.by,
    payload: arranged(random, payload),
  })
  return encodeEntry({ index, time: new Date(timeMs).toISOString(), previous: bytesOf(random, 32), statement })
}

/** The payload changed, and the entry put together again: changes of the text itself would seldom reach what it says. */
export function withPayload(entry: Uint8Array, random: Random): Uint8Array {
  const text = Buffer.from(entry).toString('latin1')
  const [header, payload, signature] = text.slice(text.lastIndexOf('\n', text.length - 2) + 1).split('.') as [
    string,
    string,
    string,
  ]
  const changed = toBase64url(mutated([Buffer.from(payload, 'base64url')], random))
  return utf8(text.replace(`${header}.${payload}.${signature}`, () => `${header}.${changed}.${signature}`))
}
