import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { toBase64 } from '../../src/core/base64.ts'
import { encodeBundle, parseBundle } from '../../src/core/bundle.ts'
import { utf8 } from '../../src/core/bytes.ts'
import { checkpointText, parseCheckpointText } from '../../src/core/checkpoint-text.ts'
import { parseSignedCheckpoint } from '../../src/core/checkpoint.ts'
import { encodeEntry, type ParsedEntry, parseEntry } from '../../src/core/entry.ts'
import { encodeFileProof, parseFileProof } from '../../src/core/file-proof.ts'
import { encodeManifest, encodeManifestLine, parseManifest, parseManifestLine } from '../../src/core/manifest.ts'
import { Tile } from '../../src/core/merkle/tile.ts'
import { encodeNote, parseNote } from '../../src/core/note.ts'
import { encodeReceipt, parseReceipt, type Receipt } from '../../src/core/receipt.ts'
import { encodeTlogProof, parseTlogProof } from '../../src/core/tlog-proof.ts'
import { cosignerNamed } from '../core/cosigners.ts'
import { entries, fileProofBytes, manifestBytes, noteText, receiptText } from '../core/samples.ts'
import { nearlyValid, rewritten } from './mutations.ts'

const runs = { numRuns: 1200 }
const text = checkpointText(parseCheckpointText(parseNote(utf8(noteText)).text))
const cosigned = encodeNote({
  text,
  signatures: [...parseNote(utf8(noteText)).signatures, cosignerNamed('a').cosign(text, 7n)],
})

/** Lines 1 to 4 again, and the rest where this version knows it. */
function encodeKnown(bytes: Uint8Array): (entry: ParsedEntry) => Uint8Array {
  return (entry) => (entry.known ? encodeEntry(entry) : bytes)
}
function encodeParsedReceipt(receipt: Receipt): Uint8Array {
  const parts = {
    entryBytes: receipt.entryBytes,
    signer: receipt.signer,
    disclosures: receipt.disclosures.map((d) => d.text),
  }
  return utf8(encodeReceipt(parts, receipt.proof.index, receipt.proof.hashes, receipt.proof.noteText))
}

const formats: [string, readonly Uint8Array[], (bytes: Uint8Array) => Uint8Array][] = [
  ['entry', entries, (bytes) => rewritten(bytes, parseEntry, encodeKnown(bytes))],
  ['note', [utf8(noteText), utf8(cosigned)], (bytes) => rewritten(bytes, parseNote, (note) => utf8(encodeNote(note)))],
  [
    'checkpoint',
    [utf8(noteText), utf8(cosigned)],
    (bytes) =>
      rewritten(bytes, parseSignedCheckpoint, ({ checkpoint, note }) =>
        utf8(encodeNote({ ...note, text: checkpointText(checkpoint) })),
      ),
  ],
  [
    'tlog-proof',
    [utf8(receiptText), utf8(encodeTlogProof(0, [], noteText))],
    (bytes) =>
      rewritten(bytes, parseTlogProof, ({ index, hashes, noteText: note, extra }) =>
        utf8(encodeTlogProof(index, hashes.map(toBase64), note, extra)),
      ),
  ],
  ['receipt', [utf8(receiptText)], (bytes) => rewritten(bytes, parseReceipt, encodeParsedReceipt)],
  ['manifest', [manifestBytes], (bytes) => rewritten(bytes, parseManifest, encodeManifest)],
  ['manifest line', manifestLinesOf(), (bytes) => rewritten(bytes, parseManifestLine, encodeManifestLine)],
  ['file proof', [fileProofBytes], (bytes) => rewritten(bytes, parseFileProof, encodeFileProof)],
  [
    'bundle',
    [encodeBundle(entries), encodeBundle(entries.slice(0, 5).map((entry) => entry.slice(0, 3)))],
    (bytes) => rewritten(bytes, (input: Uint8Array) => parseBundle(input, entries.length), encodeBundle),
  ],
  [
    'tile',
    [new Uint8Array(64).fill(1), new Uint8Array(256 * 32)],
    (bytes) =>
      rewritten(
        bytes,
        (input: Uint8Array) => Tile.parse(input),
        (tile) => tile.bytes(),
      ),
  ],
]

function manifestLinesOf(): Uint8Array[] {
  return parseManifest(manifestBytes).map(encodeManifestLine)
}

describe.each(formats)('%s', (_, samples, again) => {
  it('is written as it was read, or refused by an error of ours', () => {
    for (const sample of samples) expect(again(sample)).toEqual(sample)
    fc.assert(
      fc.property(nearlyValid(samples), (bytes) => {
        expect(Buffer.compare(again(bytes), bytes)).toBe(0)
      }),
      runs,
    )
  })
})

describe('receipt', () => {
  it('is read in its extra data as strictly as outside', () => {
    const { extra, index, hashes, noteText: note } = parseTlogProof(utf8(receiptText))
    fc.assert(
      fc.property(nearlyValid([extra as Uint8Array]), (bytes) => {
        const receipt = utf8(encodeTlogProof(index, hashes.map(toBase64), note, bytes))
        expect(Buffer.compare(rewritten(receipt, parseReceipt, encodeParsedReceipt), receipt)).toBe(0)
      }),
      runs,
    )
  })
})
