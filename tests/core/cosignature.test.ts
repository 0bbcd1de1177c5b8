import { describe, expect, it } from 'vitest'
import { concat, utf8 } from '../../src/core/bytes.ts'
import { parseTreeHead } from '../../src/core/checkpoint-text.ts'
import {
  cosignatureMessage,
  encodeCosignature,
  isCosignatureType,
  signatureTypes,
  subtreeMessage,
  verifyCosignature,
} from '../../src/core/cosignature.ts'
import { verifyNote } from '../../src/core/note.ts'
import { applyPolicy, parsePolicy } from '../../src/core/policy.ts'
import { ledgerKey, ledgerSigner, origin } from '../support/chain.ts'
import { cosignerNamed } from './cosigners.ts'
import { mlDsaCosigner } from './mldsa-keys.ts'
import { codeOf, flipBit, hashOf } from './support.ts'

const root = Buffer.from(hashOf(5)).toString('base64')
const text = `${origin}\n9\n${root}\n`
const witness = mlDsaCosigner('w.example/pq')
const line = witness.cosign(text, 1_793_520_000)

describe('the message of an ML-DSA-44 cosignature', () => {
  it('is the struct of tlog-cosignature, byte for byte', () => {
    const expected = Buffer.concat([
      Buffer.from('subtree/v1\n\0', 'latin1'),
      Buffer.from([12]),
      Buffer.from('w.example/pq'),
      Buffer.from('000000006ae69f00', 'hex'),
      Buffer.from([Buffer.byteLength(origin)]),
      Buffer.from(origin),
      Buffer.from('0000000000000000', 'hex'),
      Buffer.from('0000000000000009', 'hex'),
      Buffer.alloc(32, 5),
    ])
    expect(cosignatureMessage(signatureTypes.mlDsa44, 'w.example/pq', 0x6ae69f00, text)).toEqual(
      new Uint8Array(expected),
    )
  })

  it('leaves extension lines out, and names of 256 bytes have none', () => {
    const extended = `${text}an extension\n`
    const [plain, more] = [text, extended].map((one) => cosignatureMessage(signatureTypes.mlDsa44, 'w', 1, one))
    expect(more).toEqual(plain)
    expect(cosignatureMessage(signatureTypes.mlDsa44, 'w'.repeat(255), 1, text)).toBeDefined()
    expect(cosignatureMessage(signatureTypes.mlDsa44, 'w'.repeat(256), 1, text)).toBeUndefined()
    expect(cosignatureMessage(signatureTypes.mlDsa44, 'w', 1, `${'o'.repeat(256)}\n9\n${root}\n`)).toBeUndefined()
    expect(cosignatureMessage(signatureTypes.mlDsa44, 'w', 1, 'no checkpoint\n')).toBeUndefined()
    const subtree = { cosigner: 'w', timestamp: 0, origin, start: 8, end: 9, hash: hashOf(1) }
    expect(subtreeMessage(subtree)?.length).toBe(12 + 2 + 8 + 1 + origin.length + 16 + 32)
  })
})

describe('a cosignature', () => {
  const key = { ...witness.key, type: signatureTypes.mlDsa44 }

  it('of ML-DSA-44 states its time', () => {
    expect(line.signature.length).toBe(2428)
    expect(verifyCosignature(key, text, line.signature)).toBe(1_793_520_000)
    expect(verifyNote({ text, signatures: [line] }, [witness.key])).toEqual([
      { key: witness.key, timestamp: 1_793_520_000 },
    ])
  })

  it.each<[string, Uint8Array]>([
    ['another time', flipBit(line.signature, 63)],
    ['another signature', flipBit(line.signature, 8 * 100)],
    ['a byte less', line.signature.slice(0, -1)],
    ['a byte more', concat(line.signature, Uint8Array.of(0))],
    ['no time', line.signature.slice(8)],
    ['a time above 2^53-1', concat(Uint8Array.of(0, 0x20, 0, 0, 0, 0, 0, 0), line.signature.slice(8))],
  ])('with %s does not verify, and refuses the note', (_, signature) => {
    expect(verifyCosignature(key, text, signature)).toBeUndefined()
    expect(codeOf(() => verifyNote({ text, signatures: [{ ...line, signature }] }, [witness.key]))).toBe(
      'signature-invalid',
    )
  })

  it('binds name, origin, size and root', () => {
    const renamed = { ...key, name: 'other.example' }
    expect(verifyCosignature(renamed, text, line.signature)).toBeUndefined()
    for (const other of [text.replace('\n9\n', '\n10\n'), `x${text}`, text.replace(root, root.replace('B', 'C'))]) {
      expect(verifyCosignature(key, other, line.signature)).toBeUndefined()
    }
  })

  it('may come from types 0x04 and 0x06 alone', () => {
    expect([1, 2, 4, 5, 6, 255].filter(isCosignatureType)).toEqual([4, 6])
    expect(encodeCosignature(1, new Uint8Array(64)).length).toBe(72)
  })
})

describe('a tree head of another log', () => {
  it('may have any origin and extension lines', () => {
    expect(parseTreeHead(`Go SUM database tree\n9\n${root}\nmore\n`)).toEqual({
      origin: 'Go SUM database tree',
      size: 9,
      root: hashOf(5),
      extensions: ['more'],
    })
  })

  it.each(['', '\n', `o\n9\n${root}`, `\n9\n${root}\n`, `o\n09\n${root}\n`, `o\n9\n${root}\n\n`, `o\n9\nAAAA\n`])(
    'is refused as %j',
    (bad) => expect(codeOf(() => parseTreeHead(bad))).toBe('checkpoint-malformed'),
  )
})

describe('a policy with ML-DSA-44 keys', () => {
  const own = mlDsaCosigner(origin)
  const log = `log ${ledgerKey.text}\n`
  const byLog = { name: ledgerKey.name, id: ledgerKey.id, signature: ledgerSigner.sign(utf8(text)) }
  const apply = (policy: string, ...signatures: (typeof byLog)[]): string =>
    codeOf(() => applyPolicy(parsePolicy(utf8(policy)), { text, signatures }, origin))

  it('counts a witness of type 0x06', () => {
    const policy = `${log}witness w ${witness.key.text}\nquorum w\n`
    expect(apply(policy, byLog, line)).toBe('accepted')
    expect(apply(policy, byLog)).toBe('policy-unmet')
    expect(apply(policy, byLog, { ...line, signature: flipBit(line.signature, 999) })).toBe('signature-invalid')
  })

  it('can require both keys of a ledger: the second is a witness whose name is the origin', () => {
    const other = cosignerNamed('other')
    const policy = `${log}witness pq ${own.key.text}\nwitness o ${other.key.text}\ngroup both all pq o\nquorum both\n`
    const ours = own.cosign(text, 5)
    expect(apply(policy, byLog, ours, other.cosign(text, 5n))).toBe('accepted')
    expect(apply(policy, byLog, ours)).toBe('policy-unmet')
    // The second key alone does not make the ledger's own signature.
    expect(apply(policy, ours, other.cosign(text, 5n))).toBe('checkpoint-untrusted')
  })

  it('has none as a log, and no witness of another length', () => {
    expect(codeOf(() => parsePolicy(utf8(`log ${own.key.text}\nquorum none\n`)))).toBe('policy-malformed')
    const short = witness.key.text.replace(/\+[^+]+$/, '+BgAA')
    expect(codeOf(() => parsePolicy(utf8(`witness w ${short}\nquorum none\n`)))).toBe('policy-malformed')
  })
})
