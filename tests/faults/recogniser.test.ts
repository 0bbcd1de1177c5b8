import { describe, expect, it } from 'vitest'
import { toBase64, toBase64url, tryBase64, tryBase64url } from '../../src/core/base64.ts'
import { utf8 } from '../../src/core/bytes.ts'
import { encodeEntry } from '../../src/core/entry.ts'
import { EvidenceError } from '../../src/core/errors.ts'
import { digestLengths } from '../../src/core/hash.ts'
import { jwkOf } from '../../src/core/jwk.ts'
import { installNativePrimitives } from '../../src/node/native.ts'
import { partsOfEntry } from '../../src/statements/open.ts'
import { decodeInto, standardValues, urlValues } from '../../src/statements/plain/base64.ts'
import { type Recognised, Recogniser } from '../../src/statements/plain/recognise.ts'
import { emptyRegistry, type Registry, withKeyRecord, withParticipant } from '../../src/statements/registry.ts'
import { judge } from '../../src/statements/rulebook.ts'
import { itemsOf, manifestLines, referencesOf, sealedDigestsOf, searchFactsOf } from '../../src/statements/said.ts'
import { origin, startMs } from '../support/chain.ts'
import { figures, option } from '../support/fault-server.ts'
import { sizeOf } from '../support/long.ts'
import { mutated } from '../support/mutator.ts'
import { Random } from '../support/random.ts'
import { signerNamed } from '../support/signers.ts'

/*
 * The recogniser against its twin, the parsers and the rulebook, on generated and mutated entries: where it says yes, they find nothing, and
 * the same facts. `npm run faults -- recogniser --inputs 1000000 --seed 1` is the long form.
 */
const inputs = option('inputs', sizeOf('tests/faults/recogniser.test.ts', 'inputs'))
const seed = option('seed', 1)
installNativePrimitives()

const signers = ['depositor', 'attestor', 'both', 'nobody', 'gone', 'rotated'] as const
const roles: Readonly<Record<(typeof signers)[number], readonly string[]>> = {
  depositor: ['depositor'],
  attestor: ['attestor'],
  both: ['depositor', 'attestor'],
  nobody: [],
  gone: ['depositor'],
  rotated: ['depositor'],
}

const thumbprints = new Map(signers.map((id) => [id, signerNamed(id).thumbprint]))

function registryOf(): Registry {
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

const hex = (random: Random, length: number): string =>
  Array.from({ length }, () => '0123456789abcdef'[random.below(16)]).join('')
const bytesOf = (random: Random, length: number): Uint8Array => Uint8Array.from({ length }, () => random.below(256))
const maybe = <T>(random: Random, value: () => T): T | undefined => (random.below(3) === 0 ? value() : undefined)

function itemOf(random: Random): object {
  const digest: Record<string, string> = {}
  for (const [name, length] of Object.entries(digestLengths))
    if (name === 'sha256' ? random.below(8) > 0 : random.below(8) === 0) digest[name] = hex(random, 2 * length)
  return {
    size: random.pick([0, 1, 4096, random.below(2 ** 31), 2 ** 40, Number.MAX_SAFE_INTEGER]),
    digest,
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

function membersOf(random: Random, kind: string): object {
  if (kind !== 'evidence.deposit') {
    const reason = random.pick(['notary', 'mistake', 'x', 'X'])
    return { of: referenceOf(random), [kind === 'evidence.attest' ? 'as' : 'reason']: reason }
  }
  const sealed = maybe(random, () =>
    Array.from({ length: 1 + random.below(6) }, () => toBase64url(bytesOf(random, 32))),
  )
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

/** An entry, most often as our programs write it, sometimes with members in another order or one too many. */
function entryOf(random: Random, index: number): Uint8Array {
  const id = random.pick(random.below(4) === 0 ? signers : (['depositor', 'both'] as const))
  const kind = random.pick([
    'evidence.deposit',
    'evidence.deposit',
    'evidence.attest',
    'evidence.retract',
    'evidence.x',
  ])
  const whole: Record<string, unknown> = {
    iss: random.below(20) === 0 ? random.pick(signers) : id,
    aud: random.below(20) === 0 ? `${origin}x` : origin,
    jti: `${hex(random, 8)}-${hex(random, 4)}-4${hex(random, 3)}-8${hex(random, 3)}-${hex(random, 12)}`,
    iat: startMs / 1000 + (random.below(20) === 0 ? 301 : random.pick([-1000, 0, 300])),
    kind,
    ...membersOf(random, kind),
  }
  const order = Object.entries(whole)
  if (random.below(4) === 0) order.sort(() => random.below(3) - 1)
  if (random.below(20) === 0) order.push(['more', 1])
  const header = {
    alg: random.pick(['EdDSA', 'EdDSA', 'Ed25519', random.below(9) === 0 ? 'none' : 'EdDSA']),
    typ: 'evidence-statement+sd-jwt',
    kid: thumbprints.get(id),
  }
  const part = (value: unknown): string => toBase64url(utf8(JSON.stringify(value)))
  const statement = `${part(header)}.${part(Object.fromEntries(order))}.${toBase64url(bytesOf(random, 64))}`
  const time = new Date(startMs + random.below(3) * 86_400_000 + random.below(1000)).toISOString()
  return encodeEntry({ index, time, previous: bytesOf(random, 32), statement })
}

/** The payload changed, and the entry put together again: changes of the text itself would seldom reach what it says. */
function withPayload(entry: Uint8Array, random: Random): Uint8Array {
  const text = Buffer.from(entry).toString('latin1')
  const [header, payload, signature] = text.slice(text.lastIndexOf('\n', text.length - 2) + 1).split('.') as [
    string,
    string,
    string,
  ]
  const changed = toBase64url(mutated([Buffer.from(payload, 'base64url')], random))
  return utf8(text.replace(`${header}.${payload}.${signature}`, () => `${header}.${changed}.${signature}`))
}

function factsOf(found: Recognised): object {
  const { references, link, message, signature, publicKey, digests, lines, ...rest } = found
  return {
    ...rest,
    digests: [...digests],
    lines: [...(lines ?? [])],
    references: references?.list.map(({ leafHash, ...one }) => ({ ...one, leafHash: toBase64(leafHash) })) ?? [],
    link: toBase64(link),
    message: toBase64(message),
    signature: toBase64(signature),
    publicKey: toBase64(publicKey),
  }
}

/** What the parsers and the rulebook make of an entry that was recognised; throws where they find anything in it. */
function twinOf(bytes: Uint8Array, index: number, registry: Registry): object {
  const { entry, statement } = partsOfEntry(bytes)
  if (entry instanceof EvidenceError) throw entry
  if (!entry.known || entry.index !== index || statement === undefined) throw new Error('another entry')
  if (statement instanceof EvidenceError) throw statement
  const target = { leafHash: undefined, kind: 'evidence.deposit', iss: statement.common.iss, items: 1 }
  const judgement = judge(
    registry,
    { index, time: entry.time, timeMs: entry.timeMs, statement },
    { findStatement: () => undefined, target: () => target },
    { origin, ledgerKeys: [], verifies: () => true },
  )
  // What references point at is not known to the recogniser.
  const [violation] = judgement.violations.filter(({ code }) => !code.startsWith('reference-'))
  if (violation !== undefined) throw violation
  const { body, unjudged, next } = judgement
  if (unjudged.length > 0 || next !== registry || body === undefined) throw new Error('not in order')
  const { iss, kind, jti, digests } = searchFactsOf(statement, body)
  return {
    timeMs: entry.timeMs,
    iss,
    kid: statement.header.kid,
    kind,
    jti,
    items: itemsOf(body).length,
    sealed: sealedDigestsOf(body),
    digests,
    lines: [...(manifestLines(itemsOf(body)) ?? [])],
    references: referencesOf(body).map(({ where: _where, event: _event, ...one }) => one),
    link: toBase64(entry.previous),
    message: toBase64(statement.jws.signingInput),
    signature: toBase64(statement.jws.signature),
    publicKey: toBase64(registry.keys.get(statement.header.kid)?.publicKey as Uint8Array),
  }
}

describe('the recogniser', () => {
  const registry = registryOf()

  it('says yes only where the rulebook finds nothing, with the same facts', () => {
    const recogniser = new Recogniser(registry, origin)
    const random = new Random(seed)
    const counts = { recognised: 0, left: 0, 'unchanged and recognised': 0 }
    for (let n = 0; n < inputs; n++) {
      const index = random.pick([1, 7, 250, 300_000_000])
      const given = entryOf(random, index)
      const change = random.below(3)
      const bytes = change === 0 ? given : change === 1 ? withPayload(given, random) : mutated([given], random)
      const found = recogniser.recognise(bytes, index)
      if (found === undefined) {
        counts.left++
        continue
      }
      counts.recognised++
      if (change === 0) counts['unchanged and recognised']++
      // With the input, so that a case that fails can be run alone.
      const input = Buffer.from(bytes).toString('latin1')
      expect({ n, input, ...factsOf(found) }).toEqual({ n, input, ...twinOf(bytes, index, registry) })
    }
    // Else it would say nothing of anything.
    expect(counts['unchanged and recognised']).toBeGreaterThan(inputs / 25)
    expect(counts.left).toBeGreaterThan(inputs / 4)
    figures('recogniser', { inputs, seed, ...counts, wrong: 0 })
  })

  it('says nothing on a registry that lets nothing stand', () => {
    const random = new Random(seed + 1)
    const plainEntries = Array.from({ length: 200 }, () => entryOf(random, 7))
    const count = (changed: Partial<Registry>, ledger = origin): number => {
      const recogniser = new Recogniser({ ...registry, ...changed }, ledger)
      return plainEntries.filter((bytes) => recogniser.recognise(bytes, 7) !== undefined).length
    }
    expect(count({})).toBeGreaterThan(20)
    expect(count({ closedAt: 5 })).toBe(0)
    expect(count({ uncertainSince: 5 })).toBe(0)
    expect(count({ isPartial: true })).toBe(0)
    expect(count({ keys: new Map() })).toBe(0)
    expect(count({}, 'other.example/log')).toBe(0)
    const deposits = count({ intakeEndedAt: 5 })
    expect(deposits).toBeLessThan(count({}))
    expect(deposits).toBeGreaterThan(0)
  })

  it('decodes base64 as its twin does', () => {
    const random = new Random(seed + 2)
    const alphabet = 'AQgwz09+/-_=\n \u0000é'
    const out = new Uint8Array(100)
    let canonical = 0
    for (let n = 0; n < 20_000; n++) {
      const isUrl = random.below(2) === 0
      const text =
        random.below(2) === 0
          ? Array.from({ length: random.below(12) }, () => alphabet[random.below(alphabet.length)]).join('')
          : (isUrl ? toBase64url : toBase64)(bytesOf(random, random.below(60))).replaceAll('=', '')
      const bytes = Buffer.from(`"${text}"`, 'latin1')
      const length = decodeInto(out, bytes, 1, bytes.length - 1, isUrl ? urlValues : standardValues)
      const padded = text.padEnd(Math.ceil(text.length / 4) * 4, '=')
      const twin = isUrl ? tryBase64url(text) : text.includes('=') ? undefined : tryBase64(padded)
      if (twin !== undefined) canonical++
      expect([text, length < 0 ? undefined : toBase64(out.slice(0, length))]).toEqual([text, twin && toBase64(twin)])
    }
    expect(canonical).toBeGreaterThan(5000)
  })
})
