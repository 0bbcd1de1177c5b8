import { describe, expect, it } from 'vitest'
import { toBase64, toHex } from '../../src/core/base64.ts'
import { concat, utf8 } from '../../src/core/bytes.ts'
import { checkpointText } from '../../src/core/checkpoint-text.ts'
import { errorTable, type EvidenceError } from '../../src/core/errors.ts'
import { type NoteSignature, verifierKey } from '../../src/core/note.ts'
import { applyPolicy, parsePolicy, type PolicyResult } from '../../src/core/policy.ts'
import { signerNamed } from '../support/signers.ts'
import { cosignerNamed } from './cosigners.ts'
import { checkpoint, ledger, ledgerKey, origin } from './samples.ts'
import { codeOf, flipBit } from './support.ts'

const text = checkpointText(checkpoint)
const log = `log ${ledgerKey.text}\n`
const byLog: NoteSignature = { name: ledgerKey.name, id: ledgerKey.id, signature: ledger.sign(utf8(text)) }
const names = ['x1', 'x2', 'x3', 'y1', 'y2', 'y3'] as const
const cosigners = new Map(names.map((name) => [name, cosignerNamed(name)]))
const witnesses = names.map((name) => `witness ${name} ${cosigners.get(name)?.key.text}\n`).join('')

function by(...cosigning: readonly string[]): NoteSignature[] {
  return cosigning.map((name) => cosigners.get(name as 'x1')?.cosign(text, 1_793_520_000n) as NoteSignature)
}
function apply(policy: string, signatures: readonly NoteSignature[], name = origin): PolicyResult {
  return applyPolicy(parsePolicy(utf8(policy)), { text, signatures }, name)
}
function code(policy: string, ...signatures: readonly NoteSignature[]): string {
  return codeOf(() => apply(policy, signatures))
}

describe('the log of a policy', () => {
  it('must have signed, and be named by the origin', () => {
    expect(apply(`${log}quorum none\n`, [byLog])).toEqual({ log: ledgerKey, logs: [ledgerKey], witnesses: [] })
    expect(code(`${log}quorum none\n`)).toBe('checkpoint-untrusted')
    expect(code('quorum none\n', byLog)).toBe('checkpoint-untrusted')
    expect(codeOf(() => apply(`${log}quorum none\n`, [byLog], 'other.example'))).toBe('checkpoint-untrusted')
    const renamed = verifierKey('other.example', ledger.publicKey)
    const line = { ...byLog, name: renamed.name, id: renamed.id }
    expect(code(`log ${renamed.text}\nquorum none\n`, line)).toBe('checkpoint-untrusted')
  })

  it('F-N8: an unknown signer is named by its key, for after a rotation the names are equal', () => {
    const other = signerNamed('a later key of the ledger')
    const key = verifierKey(origin, other.publicKey)
    const facts = (policy: string): unknown => {
      try {
        return apply(policy, [byLog])
      } catch (error) {
        return (error as EvidenceError).facts
      }
    }
    expect(facts(`log ${key.text}\nquorum none\n`)).toEqual({
      expected: `${origin}+${toHex(key.id)}`,
      found: `${origin}+${toHex(ledgerKey.id)}`,
    })
  })

  it('may be any of several, and all that signed are named', () => {
    const second = signerNamed('second ledger key')
    const key = verifierKey(origin, second.publicKey)
    const line = { name: key.name, id: key.id, signature: second.sign(utf8(text)) }
    const policy = `${log}log ${key.text}\nquorum none\n`
    expect(apply(policy, [line]).logs).toEqual([key])
    expect(apply(policy, [line, byLog]).logs).toEqual([ledgerKey, key])
  })

  it('that failed refuses the checkpoint, also beside a good signature', () => {
    const bad = { ...byLog, signature: flipBit(byLog.signature, 1) }
    expect(code(`${log}quorum none\n`, bad)).toBe('signature-invalid')
    expect(code(`${log}quorum none\n`, byLog, bad)).toBe('signature-invalid')
  })

  it('is no witness of itself', () => {
    const asWitness = verifierKey('w.example', ledger.publicKey, 4)
    expect(code(`${log}witness w ${asWitness.text}\nquorum w\n`, byLog)).toBe('policy-unmet')
  })
})

describe('a quorum', () => {
  const both = `${log}${witnesses}group X 2 x1 x2 x3\ngroup Y any y1 y2 y3\ngroup both all X Y\nquorum both\n`

  it.each<[string, string[]]>([
    ['two of X and one of Y', ['x1', 'x2', 'y1']],
    ['others of them', ['x2', 'x3', 'y3']],
    ['all', [...names]],
  ])('of nested groups is met by %s', (_, cosigning) => {
    const result = apply(both, [byLog, ...by(...cosigning)])
    expect(result.witnesses).toEqual(cosigning.map((name) => ({ name, timestamp: 1_793_520_000 })))
  })

  it.each<[string, string[]]>([
    ['nobody', []],
    ['X alone', ['x1', 'x2', 'x3']],
    ['Y alone', ['y1', 'y2', 'y3']],
    ['one of X and all of Y', ['x1', 'y1', 'y2', 'y3']],
    ['one of X three times', ['x1', 'x1', 'x1', 'y1']],
  ])('of nested groups is not met by %s', (_, cosigning) => {
    expect(code(both, byLog, ...by(...cosigning))).toBe('policy-unmet')
  })

  it('counts thresholds as every subset of witnesses has it', () => {
    for (let subset = 0; subset < 1 << names.length; subset++) {
      const cosigning = names.filter((_, i) => ((subset >> i) & 1) === 1)
      const [x, y] = ['x', 'y'].map((first) => cosigning.filter((name) => name.startsWith(first)).length) as [
        number,
        number,
      ]
      const expected = x >= 2 && y >= 1 ? 'accepted' : 'policy-unmet'
      expect(code(both, byLog, ...by(...cosigning))).toBe(expected)
    }
  })

  it('of one witness needs that one', () => {
    const policy = `${log}${witnesses}quorum y2\n`
    expect(code(policy, byLog, ...by('y2'))).toBe('accepted')
    expect(code(policy, byLog, ...by('x1', 'x2', 'x3', 'y1', 'y3'))).toBe('policy-unmet')
    expect(code(policy, ...by('y2'))).toBe('checkpoint-untrusted')
  })

  it('of none needs nobody, and names who cosigned', () => {
    expect(apply(`${log}${witnesses}quorum none\n`, [byLog, ...by('x3')]).witnesses.map(({ name }) => name)).toEqual([
      'x3',
    ])
  })

  it('does not count a witness that the policy does not know', () => {
    const stranger = cosignerNamed('stranger').cosign(text, 1n)
    expect(code(`${log}${witnesses}quorum x1\n`, byLog, stranger)).toBe('policy-unmet')
  })

  it('is refused where a witness’s cosignature fails, needed or not', () => {
    const [good] = by('x1') as [NoteSignature]
    const bad = { ...good, signature: flipBit(good.signature, 100) }
    expect(code(`${log}${witnesses}quorum none\n`, byLog, bad)).toBe('signature-invalid')
    expect(code(`${log}${witnesses}quorum x2\n`, byLog, bad, ...by('x2'))).toBe('signature-invalid')
  })
})

describe('a witness of a type that this version cannot verify', () => {
  const vkey = `pq.example+0a0b0c0d+${toBase64(concat(Uint8Array.of(0xff), new Uint8Array(1312)))}`
  const signature = { name: 'pq.example', id: Uint8Array.of(10, 11, 12, 13), signature: new Uint8Array(2420) }
  const pq = `${log}${witnesses}witness pq ${vkey}\n`

  it('never counts; a quorum unmet only because of it needs a newer verifier', () => {
    expect(code(`${pq}quorum pq\n`, byLog, signature)).toBe('policy-unsupported')
    expect(code(`${pq}group g all pq x1\nquorum g\n`, byLog, signature, ...by('x1'))).toBe('policy-unsupported')
    expect([errorTable['policy-unsupported'].exit, errorTable['policy-unmet'].exit]).toEqual([4, 1])
  })

  it('leaves the quorum unmet where another is missing too, or where it did not sign', () => {
    expect(code(`${pq}group g all pq x1\nquorum g\n`, byLog, signature)).toBe('policy-unmet')
    expect(code(`${pq}quorum pq\n`, byLog)).toBe('policy-unmet')
    expect(code(`${pq}quorum pq\n`, byLog, { ...signature, id: Uint8Array.of(10, 11, 12, 14) })).toBe('policy-unmet')
  })

  it('does not matter where the quorum is met without it', () => {
    expect(code(`${pq}group g any pq x1\nquorum g\n`, byLog, signature, ...by('x1'))).toBe('accepted')
    expect(code(`${pq}quorum none\n`, byLog, signature)).toBe('accepted')
  })

  it('may be one of type 0x01, which is for logs', () => {
    const key = verifierKey('plain.example', signerNamed('plain').publicKey)
    const plain = { name: key.name, id: key.id, signature: signerNamed('plain').sign(utf8(text)) }
    expect(code(`${log}witness p ${key.text}\nquorum p\n`, byLog, plain)).toBe('policy-unsupported')
  })
})
