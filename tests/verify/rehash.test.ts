import { randomUUID } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { toBase64url } from '../../src/core/base64.ts'
import { utf8 } from '../../src/core/bytes.ts'
import { parseSignedCheckpoint } from '../../src/core/checkpoint.ts'
import { encodeEntry, zeroHash } from '../../src/core/entry.ts'
import { replayedPrefixes } from '../../src/statements/kinds.ts'
import { rehash, statementIdOf } from '../../src/verify/rehash.ts'
import { walk } from '../../src/verify/walk.ts'
import { administrator, depositor, origin, policy, startMs, TestChain } from '../support/chain.ts'
import type { SigningKey } from '../../src/node/key-file.ts'
import { signerNamed } from '../support/signers.ts'
import { deposit } from '../support/statements.ts'

/** A statement whose payload is spelt as it is given. */
function spelt(key: SigningKey, payload: string): string {
  const header = toBase64url(
    utf8(JSON.stringify({ alg: 'EdDSA', typ: 'evidence-statement+sd-jwt', kid: key.thumbprint })),
  )
  const input = `${header}.${toBase64url(utf8(payload))}`
  return `${input}.${toBase64url(key.sign(utf8(input)))}`
}

type Payload = Readonly<Record<string, unknown>>

const escaped = (text: string): string => `\\u${text.charCodeAt(0).toString(16).padStart(4, '0')}`
/** Spellings of one payload, each of which the parser takes. */
const spellings: Readonly<Record<string, (payload: Payload) => string>> = {
  plain: (payload) => JSON.stringify(payload),
  'with spaces after colons and commas': (payload) => JSON.stringify(payload).replace(/([,:])(?=["{[0-9])/g, '$1 '),
  'on many lines': (payload) => JSON.stringify(payload, null, 2),
  'with an escape in the kind': (payload) =>
    JSON.stringify(payload).replace(/"kind":"(.)/, (_, c) => `"kind":"${escaped(c)}`),
  'with an escape in the name of the kind': (payload) =>
    JSON.stringify(payload).replace('"kind"', `"${escaped('k')}ind"`),
  'with an escape in the id': (payload) =>
    JSON.stringify(payload).replace(/"jti":"(.)/, (_, c) => `"jti":"${escaped(c)}`),
  'with an escape in the name of the id': (payload) => JSON.stringify(payload).replace('"jti"', `"jt${escaped('i')}"`),
  'with a tab before a colon': (payload) => JSON.stringify(payload).replace('"kind":', '"kind"\t:'),
  'with its own members first': ({ iss, aud, jti, iat, kind, ...own }) =>
    JSON.stringify({ ...own, kind, iat, jti, aud, iss }),
}

const common = (kind: string): Payload => ({
  iss: 'administrator',
  aud: origin,
  jti: randomUUID(),
  iat: startMs / 1000,
  kind,
})

/** Faults of a walk of all entries, and of one that trusts those that were there before `beyond` added its own. */
async function bothWays(source: TestChain, beyond: () => void): Promise<string[][]> {
  source.seal()
  const trusted = parseSignedCheckpoint(Buffer.from(source.note))
  beyond()
  source.seal()
  const reports = [await walk({ source, policy }), await walk({ source, policy, trusted })]
  return reports.map(({ faults }) => faults.map(({ code, index }) => `${code} ${index}`))
}

describe.each(Object.entries(spellings))('below a trusted checkpoint, a payload %s', (_, spell) => {
  it('that revokes a key revokes it for the entries after', async () => {
    const chain = new TestChain().start().deposits(3)
    chain.add(
      spelt(
        administrator,
        spell({ ...common('participant.revoke'), key: depositor.thumbprint, reason: 'compromised' }),
      ),
    )
    chain.admit('other', ['auditor'])
    const [whole, part] = await bothWays(chain, () => chain.deposits(2))
    expect(whole).toHaveLength(2)
    expect(part).toEqual(whole)
  })

  it('that admits a participant admits it', async () => {
    const key = signerNamed('second')
    const participant = { id: 'second', type: 'organisation', roles: ['depositor'], keys: [key.jwk] }
    const chain = new TestChain().start().deposits(1)
    chain.add(spelt(administrator, spell({ ...common('participant.admit'), participant })))
    chain.deposits(1)
    expect(await bothWays(chain, () => chain.deposits(2, { iss: 'second', key }))).toEqual([[], []])
  })

  it('uses its id up', async () => {
    const made = deposit(depositor, origin, 'x', { iat: startMs / 1000 })
    const payload = JSON.parse(Buffer.from(made.jws.split('.')[1] as string, 'base64url').toString()) as Payload
    const chain = new TestChain().start()
    chain.add(spelt(depositor, spell(payload)))
    chain.deposits(1)
    const [whole, part] = await bothWays(chain, () => void chain.add(made.jws))
    expect(whole).toEqual([expect.stringContaining('jti-reused')])
    expect(part).toEqual(whole)
  })
})

describe('an entry that is hashed again', () => {
  const packed = (statement: string): Parameters<typeof rehash>[0] => {
    const bytes = encodeEntry({ index: 1, time: '2026-11-26T00:00:00.000Z', previous: zeroHash, statement })
    return { lengths: Uint32Array.of(bytes.length), bytes, gap: 0 }
  }
  const isMarked = (statement: string, ids: readonly string[] = []): boolean =>
    rehash(packed(statement), new Set(ids)).marks[0] === 1

  it('is marked wherever it may change the registry or has an id that is looked for, however it is spelt', () => {
    const kinds = [
      ...replayedPrefixes().map((begin) => `${begin}${begin.endsWith('.') ? 'x' : ''}`),
      'evidence.deposit',
    ]
    const value = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.integer(),
      fc.constantFrom('"kind":"evidence.deposit"', '\\', ','),
    )
    fc.assert(
      fc.property(
        fc.constantFrom(...kinds),
        fc.dictionary(
          fc.string(),
          fc.oneof(value, fc.array(value), fc.dictionary(fc.constantFrom('kind', 'jti', 'x'), value)),
        ),
        fc.constantFrom(...Object.values(spellings)),
        fc.boolean(),
        (kind, own, spell, isFirst) => {
          const { jti, ...rest } = common(kind) as { readonly jti: string }
          const payload = isFirst ? { ...own, jti, ...rest } : { jti, ...rest, ...own, kind, jti_: 1 }
          const statement = spelt(administrator, spell({ ...payload, jti }))
          // What cannot be read changes nothing.
          if (statementIdOf(statement) === undefined) return
          expect(isMarked(statement, [jti])).toBe(true)
          expect(isMarked(statement) || kind === 'evidence.deposit').toBe(true)
        },
      ),
    )
  })

  it('is not marked where it is a deposit as our programs write it', () => {
    const { jws } = deposit(depositor, origin, 'x', { iat: startMs / 1000 })
    expect(isMarked(jws)).toBe(false)
    expect(isMarked(jws, [randomUUID()])).toBe(false)
  })
})
