import { describe, expect, it } from 'vitest'
import { utf8 } from '../../src/core/bytes.ts'
import {
  encodeNote,
  maxNoteBytes,
  type NoteSignature,
  parseNote,
  parseVerifierKey,
  type VerifierKey,
  verifierKey,
  verifyNote,
} from '../../src/core/note.ts'
import { signerNamed } from '../support/signers.ts'
import { codeOf, flipBit } from './support.ts'

/** The example of signed-note. */
const vkey = 'example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k'
const signatureLine =
  '— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n'
const text = 'This is an example message.\n'
const example = `${text}\n${signatureLine}`

const signer = signerNamed('note signer')
const key = verifierKey('note.example/a', signer.publicKey)
const unknownKey = verifierKey('note.example/unknown', signer.publicKey)
function signed(by: VerifierKey = key, signedText = text): NoteSignature {
  return { name: by.name, id: by.id, signature: signer.sign(utf8(signedText)) }
}
function verify(signatures: readonly NoteSignature[], keys: readonly VerifierKey[] = [key]): string[] {
  return verifyNote({ text, signatures }, keys).map((verified) => verified.key.text)
}

describe('the example of signed-note', () => {
  it('reads, verifies and writes itself back', () => {
    const known = parseVerifierKey(vkey)
    const note = parseNote(utf8(example))
    expect(note.text).toBe(text)
    expect(verifyNote(note, [known])).toEqual([{ key: known }])
    expect(encodeNote(note)).toBe(example)
    expect(verifierKey('example.com/foo', known.publicKey).text).toBe(vkey)
  })

  it('verifies no longer after any bit of its signature is turned', () => {
    const known = parseVerifierKey(vkey)
    const note = parseNote(utf8(example))
    const [first] = note.signatures as [NoteSignature]
    for (const bit of [0, 255, 256, 400, 511]) {
      const signatures = [{ ...first, signature: flipBit(first.signature, bit) }]
      expect(codeOf(() => verifyNote({ text, signatures }, [known]))).toBe('signature-invalid')
    }
    expect(codeOf(() => verifyNote({ ...note, text: 'another\n' }, [known]))).toBe('signature-invalid')
  })
})

describe('note', () => {
  it.each<[string, string]>([
    ['text of several lines', `a\nb\n\n${signatureLine}`],
    ['empty lines in its text', `a\n\nb\n\n\n\n${signatureLine}`],
    ['two signatures', `${example}${signatureLine}`],
    ['a text that is not ASCII', `Ognuno sta solo — 说明\n\n${signatureLine}`],
    ['a signature by a name that is not ASCII', `a\n\n${signatureLine.replace('example', 'exämple')}`],
    ['a short signature of an unknown kind', 'a\n\n— b AAAAAAA=\n'],
    ['U+007F in its text', `a\u007f\n\n${signatureLine}`],
    ['a line that looks like a signature in its text', `${signatureLine}\n${signatureLine}`],
  ])('with %s reads, and writes itself back', (_, note) => {
    expect(encodeNote(parseNote(utf8(note)))).toBe(note)
  })

  it('ends its text at the last empty line', () => {
    expect(parseNote(utf8(`a\n\nb\n\n${signatureLine}`)).text).toBe('a\n\nb\n')
  })

  it.each<[string, string]>([
    ['nothing', ''],
    ['a text alone', text],
    ['no signature', `${text}\n`],
    ['no empty line', `${text}${signatureLine}`],
    ['a text that does not end in a line feed', `text${signatureLine}`],
    ['no final line feed', example.slice(0, -1)],
    ['an empty line at the end', `${example}\n`],
    ['an empty line among the signatures', `${example}\n\n`],
    ['a text after the signatures', `${example}more\n`],
    ['a carriage return', example.replace('\n', '\r\n')],
    ['a tab', example.replace('This', 'This\t')],
    ['NUL', example.replace('This', 'This\u0000')],
    ['a vertical tab', example.replace('This', 'This\u000b')],
    ['U+001F', example.replace('This', 'This\u001f')],
    ['a hyphen for the dash', example.replace('—', '-')],
    ['an en dash', example.replace('—', '–')],
    ['no dash', example.replace('— ', '')],
    ['two spaces after the dash', example.replace('— ', '—  ')],
    ['a no-break space after the dash', example.replace('— ', '—\u00a0')],
    ['two spaces before the signature', example.replace('foo ', 'foo  ')],
    ['a space after the signature', example.replace('aQM=', 'aQM= ')],
    ['a space before the dash', example.replace('—', ' —')],
    ['no key name', example.replace('example.com/foo ', '')],
    ['an empty key name', example.replace('example.com/foo', '')],
    ['a plus in the key name', example.replace('/foo', '+foo')],
    ['a Unicode space in the key name', example.replace('/foo', '/f\u2003oo')],
    ['a no-break space in the key name', example.replace('/foo', '/f\u00a0oo')],
    ['an ideographic space in the key name', example.replace('/foo', '/f\u3000oo')],
    ['U+0085 in the key name', example.replace('/foo', '/f\u0085oo')],
    ['U+2028 in the key name', example.replace('/foo', '/f\u2028oo')],
    ['no signature bytes', 'a\n\n— b UwAAAA==\n'],
    ['a signature without padding', example.replace('aQM=', 'aQM')],
    ['a signature with trailing bits', example.replace('aQM=', 'aQN=')],
    ['a signature of base64url', example.replace('Uw2QOkn8', 'Uw2QOkn_')],
    ['a second malformed line', `${example}— \n`],
  ])('with %s is malformed', (_, note) => {
    expect(codeOf(() => parseNote(utf8(note)))).toBe('note-malformed')
  })

  it('that is not UTF-8 is refused', () => {
    expect(codeOf(() => parseNote(Uint8Array.of(0xff, 0x0a, 0x0a)))).toBe('utf8-malformed')
  })

  it('may have 16 signatures and more, and has a bound', () => {
    const many = (count: number): string => `${text}\n${signatureLine.repeat(count)}`
    for (const count of [1, 16, 32, 64]) expect(parseNote(utf8(many(count))).signatures.length).toBe(count)
    expect(codeOf(() => parseNote(utf8(many(65))))).toBe('note-malformed')
    const ofLength = (bytes: number): string => example.replace('This', 'T'.repeat(bytes - utf8(example).length + 4))
    expect(codeOf(() => parseNote(utf8(ofLength(maxNoteBytes))))).toBe('accepted')
    expect(codeOf(() => parseNote(utf8(ofLength(maxNoteBytes + 1))))).toBe('note-malformed')
    // "post-quantum signatures can be up to nearly 5kB in size"
    const large = Array.from({ length: 16 }, () => ({ name: 'pq', id: key.id, signature: new Uint8Array(5000) }))
    expect(parseNote(utf8(encodeNote({ text, signatures: large }))).signatures.length).toBe(16)
  })
})

describe('signatures of a note', () => {
  it('by unknown keys are passed over, also where name or id alone is known', () => {
    expect(verify([signed(unknownKey)])).toEqual([])
    expect(verify([{ ...signed(), name: unknownKey.name }])).toEqual([])
    expect(verify([{ ...signed(), id: flipBit(key.id, 0) }])).toEqual([])
    expect(verify([{ ...signed(unknownKey), signature: new Uint8Array(3) }, signed()])).toEqual([key.text])
    expect(verify([], [key])).toEqual([])
  })

  it('count once by key, and are all verified', () => {
    expect(verify([signed(), signed(), signed()])).toEqual([key.text])
    const bad = { ...signed(), signature: flipBit(signed().signature, 9) }
    expect(codeOf(() => verify([signed(), bad]))).toBe('signature-invalid')
    expect(codeOf(() => verify([bad, signed()]))).toBe('signature-invalid')
  })

  it.each([0, 1, 63, 65, 72])('of %d bytes by a known Ed25519 key refuse the note', (length) => {
    const signatures = [signed(), { ...signed(), signature: new Uint8Array(length) }]
    expect(codeOf(() => verify(signatures))).toBe('signature-invalid')
  })

  it('that verified before hold for that key, text and signature alone', () => {
    expect(verify([signed()])).toEqual([key.text])
    const twin = { ...verifierKey(key.name, signerNamed('another').publicKey), id: key.id }
    expect(codeOf(() => verify([signed()], [twin]))).toBe('signature-invalid')
    expect(codeOf(() => verifyNote({ text: `${text}x\n`, signatures: [signed()] }, [key]))).toBe('signature-invalid')
    expect(codeOf(() => verify([{ ...signed(), signature: flipBit(signed().signature, 9) }]))).toBe('signature-invalid')
    // The key that is given is the one that is told, though its twin was told before.
    const again = { ...key }
    expect(verifyNote({ text, signatures: [signed()] }, [again])[0]?.key).toBe(again)
  })

  it('by a key of another type count as unknown', () => {
    const other = verifierKey(key.name, new Uint8Array(32).fill(9), 0x02)
    expect(verify([{ name: other.name, id: other.id, signature: new Uint8Array(70) }, signed()], [other, key])).toEqual(
      [key.text],
    )
  })
})
