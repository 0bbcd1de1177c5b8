import { describe, expect, it } from 'vitest'
import { toBase64 } from '../../src/core/base64.ts'
import { utf8 } from '../../src/core/bytes.ts'
import { signCheckpoint } from '../../src/core/checkpoint.ts'
import { leafHash } from '../../src/core/entry.ts'
import { EvidenceError } from '../../src/core/errors.ts'
import { Tile } from '../../src/core/merkle/tile.ts'
import { rootFromTiles } from '../../src/core/merkle/tiles.ts'
import { encodeNote, parseNote, verifierKey } from '../../src/core/note.ts'
import { parsePolicy } from '../../src/core/policy.ts'
import { encodeReceipt, parseReceipt } from '../../src/core/receipt.ts'
import { formatTime } from '../../src/core/time.ts'
import { checkReceipt } from '../../src/verify/check-receipt.ts'
import { exitCodeOf } from '../../src/verify/report.ts'
import { depositor, ledgerKey, ledgerSigner, origin, policy, startMs, TestChain } from '../support/chain.ts'
import { cosignerNamed } from '../core/cosigners.ts'
import { mlDsaCosigner } from '../core/mldsa-keys.ts'
import { signerNamed } from '../support/signers.ts'

/** A receipt of a tree of one leaf, signed by any key. */
function receiptOf(
  entryBytes: Uint8Array,
  { signer = ledgerSigner, root }: { signer?: typeof ledgerSigner; root?: Uint8Array } = {},
): Uint8Array {
  const tile = new Tile()
  tile.append(leafHash(entryBytes))
  const own = rootFromTiles(1, () => tile)
  const note = signCheckpoint({ origin, size: 1, root: root ?? own }, ledgerKey, signer.sign)
  return utf8(encodeReceipt({ entryBytes, signer: depositor.jwk, disclosures: [] }, 0, [], note))
}
const future = utf8(
  `evidence-ledger/entry/v2\n0\n${formatTime(startMs)}\n${toBase64(new Uint8Array(32))}\nsomething new\n`,
)

describe('a receipt with an entry of a later version', () => {
  it('is left to a newer verifier where everything else holds', () => {
    const { faults, unjudged } = checkReceipt(receiptOf(future), policy)
    expect(faults).toEqual([])
    expect(unjudged.map(({ code }) => code)).toEqual(['not-judged'])
    expect(exitCodeOf(faults, unjudged)).toBe(4)
  })

  it('is still a fault with a forged checkpoint, or a proof that leads nowhere', () => {
    const forged = checkReceipt(receiptOf(future, { signer: signerNamed('stranger') }), policy)
    expect(forged.faults.map(({ code }) => code)).toEqual(['signature-invalid'])
    const elsewhere = checkReceipt(receiptOf(future, { root: new Uint8Array(32) }), policy)
    expect(elsewhere.faults.map(({ code }) => code)).toEqual(['inclusion-invalid'])
    expect(exitCodeOf(elsewhere.faults, elsewhere.unjudged)).toBe(1)
  })
})

describe('a cosignature', () => {
  const witness = cosignerNamed('early')
  const witnessed = parsePolicy(utf8(`log ${ledgerKey.text}\nwitness w ${witness.key.text}\nquorum w\n`))
  const codesAt = (seconds: number): string[] => {
    const chain = new TestChain().start()
    const bytes = chain.bytes[0] as Uint8Array
    const text = Buffer.from(receiptOf(bytes)).toString()
    const split = text.indexOf('\n\n') + 2
    const note = parseNote(utf8(text.slice(split)))
    const signatures = [...note.signatures, witness.cosign(note.text, BigInt(seconds))]
    const { faults } = checkReceipt(utf8(text.slice(0, split) + encodeNote({ ...note, signatures })), witnessed)
    return faults.map(({ code }) => code).filter((code) => code === 'cosignature-early')
  }
  const madeAt = (startMs + 1000) / 1000

  it.each([
    [madeAt + 10, []],
    [madeAt, []],
    [madeAt - 60, []],
    [madeAt - 61, ['cosignature-early']],
    [0, ['cosignature-early']],
  ])('at %i', (seconds, expected) => {
    expect(codesAt(seconds)).toEqual(expected)
  })

  it('with ML-DSA-44 and time zero states no time, and so none that is too early', () => {
    const pq = mlDsaCosigner('pq.example/w')
    const text = Buffer.from(receiptOf(new TestChain().start().bytes[0] as Uint8Array)).toString()
    const split = text.indexOf('\n\n') + 2
    const note = parseNote(utf8(text.slice(split)))
    const trusting = parsePolicy(utf8(`log ${ledgerKey.text}\nwitness w ${pq.key.text}\nquorum w\n`))
    const earlyAt = (seconds: number): string[] => {
      const signatures = [...note.signatures, pq.cosign(note.text, seconds)]
      const { faults } = checkReceipt(utf8(text.slice(0, split) + encodeNote({ ...note, signatures })), trusting)
      return faults
        .map(({ code }) => code)
        .filter((code) => code.startsWith('cosignature') || code.startsWith('policy'))
    }
    expect(earlyAt(0)).toEqual([])
    expect(earlyAt(1)).toEqual(['cosignature-early'])
  })
})

describe('a receipt with an alg of a later version', () => {
  it('is not a fault for having a signature of another length', () => {
    const header = Buffer.from(
      JSON.stringify({ alg: 'ML-DSA-65', typ: 'evidence-statement+sd-jwt', kid: depositor.thumbprint }),
    ).toString('base64url')
    const chain = new TestChain()
    const payload = {
      iss: 'depositor',
      aud: origin,
      jti: '11111111-2222-4333-8444-555555555555',
      iat: startMs / 1000,
      kind: 'evidence.deposit',
      items: [{ size: 1, digest: { sha256: 'ab'.repeat(32) } }],
    }
    chain.add(
      `${header}.${Buffer.from(JSON.stringify(payload)).toString('base64url')}.${Buffer.alloc(3309, 7).toString('base64url')}`,
    )
    const { faults, unjudged } = checkReceipt(receiptOf(chain.bytes[0] as Uint8Array), policy)
    expect(faults).toEqual([])
    expect(unjudged.map(({ code }) => code)).toEqual(['not-judged'])
  })
})

describe('a receipt with a cosignature', () => {
  const witness = cosignerNamed('clock')
  const cosigned = parsePolicy(utf8(`log ${ledgerKey.text}\nwitness clock ${witness.key.text}\nquorum clock\n`))
  const chain = new TestChain()
  chain.start()
  const [entryBytes] = chain.bytes as [Uint8Array]

  /** Cosigned so many seconds after the entry. */
  const codesAfter = (seconds: number): string[] => {
    const receipt = Buffer.from(receiptOf(entryBytes)).toString()
    const { note } = parseReceipt(utf8(receipt)).proof
    const cosignature = witness.cosign(note.text, BigInt(Math.floor(startMs / 1000) + seconds))
    const line = encodeNote({ text: '', signatures: [cosignature] }).slice(1)
    return checkReceipt(utf8(receipt + line), cosigned).faults.map(({ code }) => code)
  }

  it('made after the entry, or within what two clocks may differ, is none the worse', () => {
    expect([codesAfter(5), codesAfter(-50)]).not.toContainEqual(expect.arrayContaining(['cosignature-early']))
  })
  it('older than its entry is a fault', () => {
    expect(codesAfter(-70)).toContain('cosignature-early')
  })
})

describe('F-N8: what is said of a checkpoint by another key of the same name', () => {
  it('tells the two keys apart', () => {
    const other = signerNamed('next ledger key')
    const otherKey = verifierKey(origin, other.publicKey)
    const { faults } = checkReceipt(receiptOf(future), parsePolicy(utf8(`log ${otherKey.text}\nquorum none\n`)))
    const [fault] = faults
    expect(fault?.code).toBe('checkpoint-untrusted')
    expect(otherKey.text.startsWith(fault?.expected as string)).toBe(true)
    expect(ledgerKey.text.startsWith(fault?.found as string)).toBe(true)
  })

  it('never prints what was expected beside the same words as found', () => {
    const same = new EvidenceError('checkpoint-untrusted', 'x', { where: 'y', expected: 'z', found: 'z' })
    expect(same.facts).toEqual({ where: 'y' })
  })
})
