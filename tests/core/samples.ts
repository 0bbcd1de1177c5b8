import { concat, utf8 } from '../../src/core/bytes.ts'
import { signCheckpoint } from '../../src/core/checkpoint.ts'
import { encodeEntry, leafHash, zeroHash } from '../../src/core/entry.ts'
import { encodeFileProof } from '../../src/core/file-proof.ts'
import { encodeManifest, manifestLeaves, type ManifestLine } from '../../src/core/manifest.ts'
import { verifierKey } from '../../src/core/note.ts'
import { encodeReceipt } from '../../src/core/receipt.ts'
import { formatTime } from '../../src/core/time.ts'
import { composeStatement } from '../../src/statements/compose.ts'
import { mth, path } from '../reference/rfc6962.ts'
import { signerNamed } from '../support/signers.ts'
import { itemFor, sha256Hex } from '../support/statements.ts'

/** One valid text of each format, the same in every run. */

export const origin = 'test.example/samples'
export const ledger = signerNamed('ledger')
export const signer = signerNamed('depositor')
export const ledgerKey = verifierKey(origin, ledger.publicKey)
const startMs = Date.parse('2026-11-01T08:00:00.000Z')

let salts = 0
function nextSalt(count: number): Uint8Array {
  return new Uint8Array(count).fill(++salts)
}

export const statements = [0, 1, 2, 3, 4].map((i) =>
  composeStatement(
    {
      iss: 'depositor',
      aud: origin,
      jti: `00000000-0000-4000-8000-00000000000${i}`,
      iat: startMs / 1000,
      kind: 'evidence.deposit',
    },
    { items: [itemFor(`content ${i}`)] },
    { names: ['说明 "1".txt'], note: 'seen' },
    signer,
    nextSalt,
  ),
)

export const entries: readonly Uint8Array[] = statements.reduce<Uint8Array[]>((before, { jws }, index) => {
  const previous = index === 0 ? zeroHash : leafHash(before[index - 1] as Uint8Array)
  const entry = { index, time: formatTime(startMs + index * 1000), previous, statement: jws }
  return [...before, encodeEntry(entry)]
}, [])

export const checkpoint = { origin, size: entries.length, root: mth(entries) }
export const noteText = signCheckpoint(checkpoint, ledgerKey, ledger.sign)

export const receiptParts = {
  entryBytes: entries[3] as Uint8Array,
  signer: signer.jwk,
  disclosures: (statements[3] as (typeof statements)[number]).disclosures.map(({ text }) => text),
}
export const receiptText = encodeReceipt(receiptParts, 3, path(3, entries), noteText)

/** Paths that need every escape, that are not UTF-8, and that look like options and binary markers. */
export const manifestPaths: readonly Uint8Array[] = [
  utf8('mail/notice.eml'),
  utf8('a\\b'),
  utf8('new\nline'),
  utf8('carriage\rreturn'),
  Uint8Array.of(0xff, 0xfe, 0x2f, 0x80),
  utf8('*binary name'),
  utf8('说明 (第1份).txt'),
  utf8('...'),
]
export const manifestLines: readonly ManifestLine[] = manifestPaths.map((file) => ({
  sha256: sha256Hex(file),
  path: file,
}))
export const manifestBytes = encodeManifest(manifestLines)

const leaves = manifestLeaves(manifestBytes)
export const fileProofParts = {
  item: 0,
  lineIndex: 2,
  line: leaves[2] as Uint8Array,
  hashes: path(2, leaves),
  receipt: utf8(receiptText),
}
export const fileProofBytes = concat(encodeFileProof(fileProofParts))
