import { describe, expect, it } from 'vitest'
import { toBase64, toBase64url, tryBase64, tryBase64url } from '../../src/core/base64.ts'
import type { SignatureJob } from '../../src/core/ed25519.ts'
import { EvidenceError } from '../../src/core/errors.ts'
import { installNativePrimitives } from '../../src/node/native.ts'
import { releaseIn } from '../../src/statements/custody-release.ts'
import { partsOfEntry } from '../../src/statements/open.ts'
import { decodeInto, standardValues, urlValues } from '../../src/statements/plain/base64.ts'
import { type Recognised, Recogniser } from '../../src/statements/plain/recognise.ts'
import { isCopiedAlike, type Registry } from '../../src/statements/registry.ts'
import { judge } from '../../src/statements/rulebook.ts'
import {
  flagsOf,
  itemsOf,
  manifestLines,
  referencesOf,
  sealedDigestsOf,
  kindSaid,
  searchFactsOf,
} from '../../src/statements/said.ts'
import type { Statement } from '../../src/statements/statement.ts'
import { origin } from '../support/chain.ts'
import { figures, option } from '../support/fault-server.ts'
import { sizeOf } from '../support/long.ts'
import { mutated } from '../support/mutator.ts'
import { bytesOf, entryOf, handOverKind, registryOfSigners, withPayload } from '../support/plain-entries.ts'
import { Random } from '../support/random.ts'

/*
 * The recogniser against its twin, the parsers and the rulebook, on generated and mutated entries: where it says yes, they find nothing, and
 * the same facts. `npm run faults -- recogniser --inputs 1000000 --seed 1` is the long form.
 */
const inputs = option('inputs', sizeOf('tests/faults/recogniser.test.ts', 'inputs'))
const seed = option('seed', 1)
installNativePrimitives()

const jobOf = ({ message, signature, publicKey }: SignatureJob): object => ({
  message: toBase64(message),
  signature: toBase64(signature),
  publicKey: toBase64(publicKey),
})

function factsOf(found: Recognised): object {
  const { references, link, message, signature, publicKey, digests, lines, carried, ...rest } = found
  return {
    ...rest,
    digests: [...digests],
    lines: [...(lines ?? [])],
    references: references?.list.map(({ leafHash, ...one }) => ({ ...one, leafHash: toBase64(leafHash) })) ?? [],
    link: toBase64(link),
    ...jobOf({ message, signature, publicKey }),
    carried: carried && { release: carried.release, kid: carried.kid, ...jobOf(carried.job) },
  }
}

/** What the parsers say of the release that a statement carries. */
function carriedIn(statement: Statement, registry: Registry): object | undefined {
  const release = releaseIn(statement)
  if (release === undefined) return undefined
  const { iss, jti, to, since, header, jws } = release
  const publicKey = registry.keys.get(header.kid)?.publicKey as Uint8Array
  return {
    release: { iss, jti, to, since, outcome: statement.payload['outcome'] },
    kid: header.kid,
    ...jobOf({ message: jws.signingInput, signature: jws.signature, publicKey }),
  }
}

/** Faults of what references point at, of the use of a release and of who holds what: they are not known to the recogniser. */
const notKnown = /^(?:reference-|custody-|release-used$|exhibit-repeated$)/

/** What the parsers and the rulebook make of an entry that was recognised; throws where they find anything in it. */
function twinOf(bytes: Uint8Array, index: number, registry: Registry): object {
  const { entry, statement } = partsOfEntry(bytes)
  if (entry instanceof EvidenceError) throw entry
  if (!entry.known || entry.index !== index || statement === undefined) throw new Error('another entry')
  if (statement instanceof EvidenceError) throw statement
  const target = { leafHash: undefined, kind: kindSaid(statement), iss: statement.common.iss, items: 1 }
  const verified: object[] = []
  const judgement = judge(
    registry,
    { index, time: entry.time, timeMs: entry.timeMs, statement },
    { findStatement: () => undefined, target: () => target },
    {
      origin,
      ledgerKeys: [],
      verifies: (publicKey, message, signature) => verified.push(jobOf({ publicKey, message, signature })) > 0,
    },
  )
  const [violation] = judgement.violations.filter(({ code }) => !notKnown.test(code))
  if (violation !== undefined) throw violation
  const { body, unjudged, next } = judgement
  if (unjudged.length > 0 || !isCopiedAlike(next, registry) || body === undefined) throw new Error('not in order')
  if (flagsOf(body).length > 0) throw new Error('it is flagged')
  const { iss, kind, jti, digests, recordsOf } = searchFactsOf(statement, body)
  const carried = carriedIn(statement, registry)
  const facts = {
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
    toReaders: recordsOf.length > 0,
    carried,
    link: toBase64(entry.previous),
    message: toBase64(statement.jws.signingInput),
    signature: toBase64(statement.jws.signature),
    publicKey: toBase64(registry.keys.get(statement.header.kid)?.publicKey as Uint8Array),
  }
  // The signatures that the rulebook asks for are those that a thread verifies.
  expect([facts, ...(carried === undefined ? [] : [carried])]).toMatchObject(verified)
  return facts
}

describe('the recogniser', () => {
  const registry = registryOfSigners()

  it('says yes only where the rulebook finds nothing, with the same facts', () => {
    const recogniser = new Recogniser(registry, origin)
    const random = new Random(seed)
    const counts = { recognised: 0, left: 0, 'unchanged and recognised': 0, 'hand-overs': 0 }
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
      if (found.kind === handOverKind) counts['hand-overs']++
      // With the input, so that a case that fails can be run alone.
      const input = Buffer.from(bytes).toString('latin1')
      expect({ n, input, ...factsOf(found) }).toEqual({ n, input, ...twinOf(bytes, index, registry) })
    }
    // Else it would say nothing of anything.
    expect(counts['unchanged and recognised']).toBeGreaterThan(inputs / 25)
    expect(counts['hand-overs']).toBeGreaterThan(inputs / 40)
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
