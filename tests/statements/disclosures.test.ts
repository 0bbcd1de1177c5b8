import { describe, expect, it } from 'vitest'
import { makeDisclosure, parseDisclosure } from '../../src/core/disclosure.ts'
import type { JsonValue } from '../../src/core/json.ts'
import { readBody } from '../../src/statements/body.ts'
import type { ComposedStatement } from '../../src/statements/compose.ts'
import { caseNumbersOf, exhibitNumbersOf, lookupForm, requireDisclosures } from '../../src/statements/disclosures.ts'
import type { Kind, StatementBody } from '../../src/statements/kinds.ts'
import type { SealedClaim } from '../../src/statements/vocabulary.ts'
import { randomSalt } from '../../src/node/key-file.ts'
import { codeOf } from '../core/support.ts'
import { origin } from '../support/chain.ts'
import { signerNamed } from '../support/signers.ts'
import { statement } from '../support/statements.ts'
import { statementOf } from './bench.ts'
import { minimal } from './bodies.ts'

const signer = signerNamed('depositor')

function sealing(sealed: Partial<Record<SealedClaim, JsonValue>>, kind: Kind = 'evidence.deposit'): ComposedStatement {
  return statement(signer, origin, kind, minimal[kind], { sealed })
}
function bodyOf({ jws }: ComposedStatement): StatementBody {
  return readBody(statementOf(jws)) as StatementBody
}
function judge(
  composed: ComposedStatement,
  texts: readonly string[] = composed.disclosures.map(({ text }) => text),
): string {
  return codeOf(() => requireDisclosures(bodyOf(composed), texts))
}
/** A statement that seals the digests of any disclosures, which a composing tool would not. */
function sealingTexts(texts: readonly string[], kind: Kind = 'evidence.deposit'): string {
  const _sd = texts.map((text) => parseDisclosure(text).digest)
  const composed = statement(signer, origin, kind, { ...minimal[kind], _sd, _sd_alg: 'sha-256' })
  return judge(composed, texts)
}
const disclose = (claim: string, value: JsonValue): string => makeDisclosure(randomSalt(16), claim, value).text

describe('disclosures handed in with a statement', () => {
  const all = { names: ['a.txt'], case: [{ number: '1' }], collection: {}, note: 'n', ext: { a: 1 } }

  it('are all there, once each, in any order', () => {
    const composed = sealing(all)
    const texts = composed.disclosures.map(({ text }) => text)
    expect(requireDisclosures(bodyOf(composed), texts)).toEqual(composed.disclosures)
    expect(requireDisclosures(bodyOf(composed), [...texts].reverse())).toEqual([...composed.disclosures].reverse())
    expect(judge(statement(signer, origin, 'evidence.deposit', minimal['evidence.deposit']), [])).toBe('accepted')
  })

  it('may not be missing', () => {
    const composed = sealing(all)
    const texts = composed.disclosures.map(({ text }) => text)
    for (const i of texts.keys()) expect(judge(composed, texts.toSpliced(i, 1))).toBe('disclosure-missing')
    expect(judge(composed, [])).toBe('disclosure-missing')
  })

  it('may not be foreign', () => {
    const composed = sealing({ note: 'n' })
    const [text] = composed.disclosures.map((disclosure) => disclosure.text) as [string]
    expect(judge(composed, [disclose('note', 'n')])).toBe('disclosure-foreign')
    expect(judge(composed, [text, disclose('names', ['x'])])).toBe('disclosure-foreign')
    // The same claim, value and salt in another spelling is another text, and so has another digest.
    const respelt = Buffer.from(` ${Buffer.from(text, 'base64url').toString()}`).toString('base64url')
    expect(parseDisclosure(respelt)).toMatchObject({ claim: 'note', value: 'n' })
    expect(judge(composed, [respelt])).toBe('disclosure-foreign')
    expect(judge(statement(signer, origin, 'evidence.deposit', minimal['evidence.deposit']), [text])).toBe(
      'disclosure-foreign',
    )
  })

  it('may not repeat a digest or a claim, so that nobody shows each party another name', () => {
    const composed = sealing({ note: 'n' })
    const [text] = composed.disclosures.map((disclosure) => disclosure.text) as [string]
    expect(judge(composed, [text, text])).toBe('disclosure-repeated')
    expect(sealingTexts([disclose('note', 'one'), disclose('note', 'other')])).toBe('disclosure-repeated')
    expect(sealingTexts([disclose('note', 'same'), disclose('note', 'same')])).toBe('disclosure-repeated')
  })

  it('are well formed', () => {
    expect(judge(sealing({ note: 'n' }), ['WyJh'])).toBe('json-malformed')
    expect(judge(sealing({ note: 'n' }), ['~'])).toBe('disclosure-malformed')
  })

  it.each(['iss', 'items', 'name', 'Names', 'cause', '_sd', '...', '', '__proto__'])(
    'of the claim %j are refused',
    (claim) => {
      expect(sealingTexts([disclose(claim, 'x')])).toBe('disclosure-claim')
    },
  )

  it('beside an admission may hold the name and a note, a string each', () => {
    expect(judge(sealing({ names: '李伟' }, 'participant.admit'))).toBe('accepted')
    expect(judge(sealing({ names: '李伟', note: 'passport' }, 'participant.admit'))).toBe('accepted')
    for (const value of [['李伟'], '', 7, null, {}]) {
      expect(judge(sealing({ names: value }, 'participant.admit'))).toBe('disclosure-claim')
      expect(judge(sealing({ note: value }, 'participant.admit'))).toBe('disclosure-claim')
    }
    for (const claim of ['case', 'collection', 'ext']) {
      expect(sealingTexts([disclose(claim, 'x')], 'participant.admit')).toBe('disclosure-claim')
    }
  })

  it.each<Kind>([
    'ledger.genesis',
    'participant.revoke',
    'participant.rotate-key',
    'evidence.attest',
    'evidence.retract',
  ])('beside %s are refused', (kind) => {
    const composed = statement(signer, origin, kind, minimal[kind])
    expect(judge(composed, [])).toBe('accepted')
    expect(judge(composed, [disclose('note', 'n')])).toBe('disclosure-foreign')
  })

  it('have one name for each item', () => {
    const items = [1, 2].map(() => (minimal['evidence.deposit'] as { items: object[] }).items[0])
    const two = (names: JsonValue): string =>
      judge(statement(signer, origin, 'evidence.deposit', { items }, { sealed: { names } }))
    expect(two(['a', 'b'])).toBe('accepted')
    expect(two(['a', 'a'])).toBe('accepted')
    for (const names of [['a'], ['a', 'b', 'c'], [], 'ab', ['a', ''], ['a', 1], ['a', null]]) {
      expect(two(names)).toBe('disclosure-claim')
    }
  })
})

describe('sealed values', () => {
  const cause = { scheme: 's', code: '1', text: 't' }
  const person = { name: 'n', id: '1', office: 'o' }
  it.each<[string, SealedClaim, JsonValue]>([
    ['accepted', 'case', [{ number: '(2026)沪0104刑初123号', authority: 'a', stage: 's', cause }]],
    ['accepted', 'case', Array.from({ length: 64 }, () => ({ number: '1' }))],
    ['disclosure-claim', 'case', []],
    ['disclosure-claim', 'case', Array.from({ length: 65 }, () => ({ number: '1' }))],
    ['disclosure-claim', 'case', { number: '1' }],
    ['disclosure-claim', 'case', [{ authority: 'a' }]],
    ['disclosure-claim', 'case', [{ number: '' }]],
    ['disclosure-claim', 'case', [{ number: 1 }]],
    ['disclosure-claim', 'case', [{ number: '1', judge: 'j' }]],
    ['disclosure-claim', 'case', [{ number: '1', cause: { scheme: 's' } }]],
    ['disclosure-claim', 'case', [{ number: '1', cause: { ...cause, more: 1 } }]],
    ['accepted', 'collection', {}],
    [
      'accepted',
      'collection',
      { exhibit: 'e', parentExhibit: 'p', writeBlock: true, officers: [person], witness: person },
    ],
    [
      'accepted',
      'collection',
      {
        authorisation: { number: '1', validUntil: 'v', authority: 'a' },
        time: { start: 's', end: 'e', zone: 'z', clock: 'c' },
      },
    ],
    ['accepted', 'collection', { officers: Array.from({ length: 16 }, () => person) }],
    ['disclosure-claim', 'collection', { officers: Array.from({ length: 17 }, () => person) }],
    ['disclosure-claim', 'collection', { officers: [{ id: '1' }] }],
    ['disclosure-claim', 'collection', { witness: { ...person, age: 1 } }],
    ['disclosure-claim', 'collection', { writeBlock: 'yes' }],
    ['disclosure-claim', 'collection', { place: '' }],
    ['disclosure-claim', 'collection', { time: 'noon' }],
    ['disclosure-claim', 'collection', { authorisation: {} }],
    ['disclosure-claim', 'collection', { Exhibit: 'e' }],
    ['disclosure-claim', 'collection', []],
    ['accepted', 'note', 'n'],
    ['disclosure-claim', 'note', ''],
    ['disclosure-claim', 'note', ['n']],
    ['accepted', 'ext', {}],
    ['accepted', 'ext', { a: { b: [null, 1, true, 'x'] } }],
    ['disclosure-claim', 'ext', []],
    ['disclosure-claim', 'ext', 'x'],
    ['disclosure-claim', 'ext', null],
  ])('give %s for %s %j', (code, claim, value) => {
    expect(judge(sealing({ [claim]: value }))).toBe(code)
  })
})

describe('case numbers', () => {
  it('are looked up under NFKC, without space at the ends', () => {
    expect(lookupForm(' （２０２６）沪0104刑初123号\n')).toBe('(2026)沪0104刑初123号')
    expect(lookupForm('(2026)沪0104刑初123号')).toBe('(2026)沪0104刑初123号')
  })

  it('are each named once, whatever else is disclosed', () => {
    const { disclosures } = sealing({ case: [{ number: '（1）' }, { number: '(1) ' }, { number: '2' }], note: 'n' })
    expect(caseNumbersOf(disclosures)).toEqual(['(1)', '2'])
    const odd = parseDisclosure(disclose('case', 'of another shape'))
    expect(caseNumbersOf([odd, ...disclosures])).toEqual(['(1)', '2'])
  })
})

describe('R8: exhibit numbers', () => {
  it('are those of the collection, as case numbers are looked up; none where it has none or is of another shape', () => {
    const numbersOf = (collection: JsonValue): string[] =>
      exhibitNumbersOf([disclose('note', 'n'), disclose('collection', collection)].map(parseDisclosure))
    expect(numbersOf({ exhibit: ' ＥＸ－12 ', parentExhibit: 'EX-1' })).toEqual(['EX-12'])
    for (const none of [
      { parentExhibit: 'EX-1' },
      {},
      'EX-12',
      { exhibit: '' },
      { exhibit: 12 },
      { exhibit: 'EX-12', more: 1 },
    ])
      expect(numbersOf(none)).toEqual([])
  })
})
