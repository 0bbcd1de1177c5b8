import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { toBase64url } from '../../src/core/base64.ts'
import { fromUtf8, utf8 } from '../../src/core/bytes.ts'
import {
  disclosureDigest,
  joinPresentation,
  makeDisclosure,
  parseDisclosure,
  splitPresentation,
} from '../../src/core/disclosure.ts'
import { encodeSigningInput, isKnownAlgorithm, joinJws, parseHeader, splitJws } from '../../src/core/jws.ts'
import { effectiveBody, readBody } from '../../src/statements/body.ts'
import { requireDisclosures } from '../../src/statements/disclosures.ts'
import { kinds } from '../../src/statements/kinds.ts'
import { readEnvelope, readStatement } from '../../src/statements/statement.ts'
import { statementTyp } from '../../src/statements/vocabulary.ts'
import { signer, statements } from '../core/samples.ts'
import { full } from '../statements/bodies.ts'
import { accepted, nearlyValid, nearlyValidText, rewritten } from './mutations.ts'

const [sample] = statements as [(typeof statements)[number]]
const runs = { numRuns: 1500 }

describe('JWS', () => {
  it('reads what it writes', () => {
    const part = fc.uint8Array({ maxLength: 40 })
    fc.assert(
      fc.property(fc.jsonValue(), part, (payload, signature) => {
        const input = encodeSigningInput('typ', signer.thumbprint, { payload })
        const jws = splitJws(joinJws(input, Uint8Array.of(1, ...signature)))
        expect(fromUtf8(jws.signingInput)).toBe(input)
        expect(jws.signature).toEqual(Uint8Array.of(1, ...signature))
        expect(parseHeader(jws.header, 'typ')).toMatchObject({ typ: 'typ', kid: signer.thumbprint })
        expect(JSON.parse(fromUtf8(jws.payload))).toEqual(JSON.parse(JSON.stringify({ payload })))
      }),
    )
  })

  it('writes what it reads, and refuses all else', () => {
    fc.assert(
      fc.property(nearlyValidText([sample.jws, 'a.b.c', 'YQ.YQ.YQ']), (text) => {
        const again = rewritten(text, splitJws, ({ header, payload, signature }) => {
          return joinJws(`${toBase64url(header)}.${toBase64url(payload)}`, signature)
        })
        expect(again).toBe(text)
      }),
      runs,
    )
  })

  it('has a header of exactly three members, or none', () => {
    const header = splitJws(sample.jws).header
    fc.assert(
      fc.property(nearlyValid([header]), (bytes) => {
        const parsed = accepted(() => parseHeader(bytes, statementTyp))
        const members = parsed === undefined ? {} : (JSON.parse(fromUtf8(bytes)) as object)
        expect(members).toEqual(parsed ?? {})
        expect(parsed === undefined || typeof isKnownAlgorithm(parsed.alg) === 'boolean').toBe(true)
      }),
      runs,
    )
  })
})

describe('disclosure and presentation', () => {
  it('read what they write', () => {
    const ours = fc.oneof(fc.string({ unit: 'grapheme-composite' }), fc.constant(null), fc.array(fc.nat()))
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 16, maxLength: 32 }),
        fc.string({ unit: 'grapheme' }),
        ours,
        (salt, claim, value) => {
          const made = makeDisclosure(salt, claim, value)
          expect(parseDisclosure(made.text)).toEqual(made)
          expect([made.claim, made.value, made.digest]).toEqual([claim, value, disclosureDigest(made.text)])
        },
      ),
    )
    fc.assert(
      fc.property(fc.array(fc.stringMatching(/^[A-Za-z0-9_-]{1,9}$/), { maxLength: 5 }), (disclosures) => {
        expect(splitPresentation(joinPresentation('a.b.c', disclosures))).toEqual({ jws: 'a.b.c', disclosures })
      }),
    )
  })

  it('write what they read, and refuse all else', () => {
    const texts = sample.disclosures.map(({ text }) => text)
    fc.assert(
      fc.property(nearlyValidText(texts), (text) => {
        const again = rewritten(text, parseDisclosure, (parsed) => parsed.text)
        expect(again).toBe(text)
      }),
      runs,
    )
    fc.assert(
      fc.property(nearlyValidText([sample.presentation, 'a.b.c~', 'a.b.c~x~']), (text) => {
        const again = rewritten(text, splitPresentation, ({ jws, disclosures }) => joinPresentation(jws, disclosures))
        // A bare JWS is a presentation too: the one case of two spellings.
        expect(again).toBe(text.includes('~') || again === text ? text : `${text}~`)
      }),
      runs,
    )
  })
})

describe('statement', () => {
  const payloads = kinds.map((kind) => {
    const common = { iss: 'a', aud: 'o', jti: '0f8fad5b-d9cb-469f-a165-70867728950e', iat: 1, kind }
    return utf8(JSON.stringify({ ...common, ...full[kind] }))
  })
  const [header] = sample.jws.split('.') as [string]

  it('is refused by an error of ours, or judged', () => {
    let judged = 0
    fc.assert(
      fc.property(nearlyValid(payloads), (bytes) => {
        const jws = joinJws(`${header}.${toBase64url(bytes)}`, new Uint8Array(64))
        const body = accepted(() => readBody(readStatement(readEnvelope(jws))))
        if (body === undefined) return
        judged++
        // What the schema gives is what the payload says, member for member.
        const {
          iss: _i,
          aud: _a,
          jti: _j,
          iat: _t,
          kind,
          ...own
        } = JSON.parse(fromUtf8(bytes)) as Record<string, unknown>
        expect(body).toMatchObject({ kind, members: own })
        // An approved change seals what the statement that it carries seals.
        const said = effectiveBody(body).members as object
        expect(accepted(() => requireDisclosures(body, [])) === undefined).toBe('_sd' in said)
      }),
      { numRuns: 2500 },
    )
    expect(judged).toBeGreaterThan(200)
  })
})
