import { describe, expect, it } from 'vitest'
import { utf8 } from '../../src/core/bytes.ts'
import { checkpointText, parseCheckpointText } from '../../src/core/checkpoint-text.ts'
import { parseSignedCheckpoint, signCheckpoint } from '../../src/core/checkpoint.ts'
import { encodeNote, parseNote, verifyNote } from '../../src/core/note.ts'
import { cosignerNamed } from './cosigners.ts'
import { checkpoint, ledger, ledgerKey, noteText } from './samples.ts'
import { codeOf, flipBit } from './support.ts'

const root = 'CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I='
const text = `example.com/behind-the-sofa\n20852163\n${root}\n`

describe('checkpoint', () => {
  it('of tlog-checkpoint reads and is written', () => {
    const parsed = parseCheckpointText(text)
    expect([parsed.origin, parsed.size]).toEqual(['example.com/behind-the-sofa', 20_852_163])
    expect(Buffer.from(parsed.root).toString('base64')).toBe(root)
    expect(checkpointText(parsed)).toBe(text)
  })

  it.each<[string, string]>([
    ['nothing', ''],
    ['no line feed at the end', text.slice(0, -1)],
    ['two lines', text.replace(`${root}\n`, '')],
    ['an extension line', `${text}extension\n`],
    ['an empty line at the end', `${text}\n`],
    ['no origin', text.replace('example.com/behind-the-sofa', '')],
    ['a space in the origin', text.replace('-the-', ' the ')],
    ['a plus in the origin', text.replace('-the-', '+the+')],
    ['an origin that is not ASCII', text.replace('sofa', 'söfa')],
    ['an origin of 256 characters', text.replace('example.com/behind-the-sofa', 'o'.repeat(256))],
    ['no size', text.replace('20852163', '')],
    ['a leading zero', text.replace('20852163', '020852163')],
    ['a sign', text.replace('20852163', '+1')],
    ['a negative size', text.replace('20852163', '-1')],
    ['a fraction', text.replace('20852163', '1.0')],
    ['a size beyond 2^53-1', text.replace('20852163', '9007199254740992')],
    ['a space after the size', text.replace('20852163', '20852163 ')],
    ['no padding', text.replace('=', '')],
    ['trailing bits', text.replace('2I=', '2J=')],
    ['base64url', text.replace(root, root.replace('/', '_'))],
    ['a root of 31 bytes', text.replace(root, `${root.slice(0, 41)}A==`)],
    ['a root of 33 bytes', text.replace(root, 'A'.repeat(44))],
    ['a carriage return', text.replaceAll('\n', '\r\n')],
    ['a byte order mark', `\ufeff${text}`],
  ])('with %s is malformed', (_, changed) => {
    expect(codeOf(() => parseCheckpointText(changed))).toBe('checkpoint-malformed')
  })

  it('of size 0 is written like any other', () => {
    const empty = { origin: 'a', size: 0, root: new Uint8Array(32) }
    expect(parseCheckpointText(checkpointText(empty))).toEqual(empty)
  })
})

describe('signed checkpoint', () => {
  it('is signed by the ledger’s key and reads back', () => {
    const signed = parseSignedCheckpoint(utf8(noteText))
    expect(signed.checkpoint).toEqual(checkpoint)
    expect(verifyNote(signed.note, [ledgerKey])).toEqual([{ key: ledgerKey }])
    expect(noteText).toBe(signCheckpoint(checkpoint, ledgerKey, ledger.sign))
  })

  it.each<[string, string]>([
    ['note-malformed', checkpointText(checkpoint)],
    ['note-malformed', noteText.slice(0, -1)],
    ['checkpoint-malformed', noteText.replace('\n', '\n\n')],
    ['checkpoint-malformed', noteText.replace('\n\n', '\nextension\n\n')],
  ])('gives %s where it is malformed', (code, changed) => {
    expect(codeOf(() => parseSignedCheckpoint(utf8(changed)))).toBe(code)
  })

  it('verifies no longer after any line of its text is changed', () => {
    const changes: [string, string][] = [
      ['/samples\n', '/sample\n'],
      ['\n5\n', '\n6\n'],
      ['\n5\n', '\n55\n'],
    ]
    for (const [from, to] of changes) {
      const { note } = parseSignedCheckpoint(utf8(noteText.replace(from, to)))
      expect(codeOf(() => verifyNote(note, [ledgerKey]))).toBe('signature-invalid')
    }
  })
})

describe('cosignature/v1', () => {
  const witness = cosignerNamed('one')
  const text = checkpointText(checkpoint)

  it('gives the witness’s time', () => {
    for (const seconds of [0n, 1n, 1_679_315_147n, 253_402_300_799n]) {
      const note = { text, signatures: [witness.cosign(text, seconds)] }
      const read = parseNote(utf8(encodeNote(note)))
      expect(verifyNote(read, [witness.key])).toEqual([{ key: witness.key, timestamp: Number(seconds) }])
    }
  })

  it('F-H9: states no time after the year 9999', () => {
    for (const seconds of [253_402_300_800n, BigInt(Number.MAX_SAFE_INTEGER), 2n ** 53n, 2n ** 64n - 1n]) {
      const note = { text, signatures: [witness.cosign(text, seconds)] }
      expect(codeOf(() => verifyNote(note, [witness.key]))).toBe('signature-invalid')
    }
  })

  it('covers its time and the text', () => {
    const { signature, ...line } = witness.cosign(text, 1_679_315_147n)
    for (const bit of [0, 7, 56, 63, 64, 300, 575]) {
      const signatures = [{ ...line, signature: flipBit(signature, bit) }]
      expect(codeOf(() => verifyNote({ text, signatures }, [witness.key]))).toBe('signature-invalid')
    }
    const other = { text: text.replace('\n5\n', '\n6\n'), signatures: [{ ...line, signature }] }
    expect(codeOf(() => verifyNote(other, [witness.key]))).toBe('signature-invalid')
  })

  it.each([0, 64, 71, 73])('of %d bytes does not verify', (length) => {
    const line = witness.cosign(text, 1n)
    const signature = new Uint8Array(length)
    signature.set(line.signature.subarray(0, length))
    expect(codeOf(() => verifyNote({ text, signatures: [{ ...line, signature }] }, [witness.key]))).toBe(
      'signature-invalid',
    )
  })

  it('is no plain signature, nor the other way round', () => {
    const plain = { ...witness.cosign(text, 1n), signature: ledger.sign(utf8(text)) }
    expect(codeOf(() => verifyNote({ text, signatures: [plain] }, [witness.key]))).toBe('signature-invalid')
    const cosigned = { name: ledgerKey.name, id: ledgerKey.id, signature: witness.cosign(text, 1n).signature }
    expect(codeOf(() => verifyNote({ text, signatures: [cosigned] }, [ledgerKey]))).toBe('signature-invalid')
  })
})
