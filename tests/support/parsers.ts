import { fromBase64, fromBase64url, fromHex, toBase64, toBase64url, toHex } from '../../src/core/base64.ts'
import { encodeBundle, parseBundle } from '../../src/core/bundle.ts'
import { fromUtf8, parseDecimal, utf8 } from '../../src/core/bytes.ts'
import { checkpointText, parseTreeHead } from '../../src/core/checkpoint-text.ts'
import { parseSignedCheckpoint } from '../../src/core/checkpoint.ts'
import { joinPresentation, parseDisclosure, splitPresentation } from '../../src/core/disclosure.ts'
import { encodeEntry, leafHash, parseEntry } from '../../src/core/entry.ts'
import { EvidenceError } from '../../src/core/errors.ts'
import { encodeFileProof, parseFileProof } from '../../src/core/file-proof.ts'
import { parseJson } from '../../src/core/json.ts'
import { encodeKeyTransition, parseKeyTransition } from '../../src/core/key-transition.ts'
import { encodeManifest, encodeManifestLine, parseManifest, parseManifestLine } from '../../src/core/manifest.ts'
import { parseTilePath, tilePath } from '../../src/core/merkle/layout.ts'
import { Tile } from '../../src/core/merkle/tile.ts'
import { encodeNote, encodeSignatureLines, parseNote, parseVerifierKey } from '../../src/core/note.ts'
import { encodeLogPolicy, parsePolicy } from '../../src/core/policy.ts'
import { encodeReceipt, parseReceipt } from '../../src/core/receipt.ts'
import { formatTime, tryTime } from '../../src/core/time.ts'
import { encodeTlogProof, parseTlogProof } from '../../src/core/tlog-proof.ts'
import {
  encodeAddCheckpoint,
  parseAddCheckpoint,
  parseSignatureLines,
  parseSignSubtree,
} from '../../src/core/witness-request.ts'
import type { FastifyRequest } from 'fastify'
import { readerOf } from '../../server/access.ts'
import { approve, composeProposal, parseApprovalFile } from '../../src/statements/approval-file.ts'
import { readBody, readProposal } from '../../src/statements/body.ts'
import { requireDisclosures } from '../../src/statements/disclosures.ts'
import { standingAt } from '../../src/ledger/access/reading.ts'
import { emptyChain } from '../../src/ledger/chain-state.ts'
import { readEnvelope, readStatement } from '../../src/statements/statement.ts'
import { decodePiece, encodePiece, type Piece } from '../../src/ledger/copy/piece.ts'
import { openSubmission } from '../../src/ledger/submission.ts'
import { encodeMisbehaviour, parseMisbehaviour } from '../../src/core/misbehaviour.ts'
import { encodeAnchor, parseAnchor } from '../../src/verify/anchor.ts'
import { type CheckedReceipt, checkReceipt } from '../../src/verify/check-receipt.ts'
import { checkStatus } from '../../src/verify/check-status.ts'
import { checkRecordFile } from '../../src/ledger/leveldb/record-file.ts'
import { liveTables } from '../../src/ledger/leveldb/manifest.ts'
import { snappyDecompress } from '../../src/ledger/leveldb/snappy.ts'
import { checkTableFile } from '../../src/ledger/leveldb/table-file.ts'
import {
  entries,
  fileProofBytes,
  ledgerKey,
  manifestBytes,
  noteText,
  receiptText,
  signer as sampleSigner,
  statements,
} from '../core/samples.ts'

/** A parser under fuzz: what it accepts is written again where the format has one spelling. */
export interface FuzzedParser {
  readonly name: string
  readonly samples: readonly Uint8Array[]
  /** Parses; gives what was accepted as it is written again, or undefined where there is nothing to compare. May refuse. */
  readonly run: (bytes: Uint8Array) => Uint8Array | undefined
}

const approvalFile = approve(
  composeProposal(
    { aud: ledgerKey.name, jti: '00000000-0000-4000-8000-000000000000', exp: 9, kind: 'ledger.set-approvals' },
    { administrators: 2 },
  ),
  sampleSigner,
)

/** A parser that says undefined has refused. */
function taken<T>(value: T | undefined): T {
  if (value === undefined) throw new EvidenceError('usage', 'refused')
  return value
}

/** JSON as a client reads an answer: by the runtime's own parser. */
function plainJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString())
  } catch {
    return undefined
  }
}

const text = (bytes: Uint8Array): string => fromUtf8(bytes)
const samplesOf = (...texts: readonly string[]): Uint8Array[] => texts.map((one) => utf8(one))
const presentations = statements.map(({ presentation }) => presentation)
const jws = statements.map((one) => one.jws)
const disclosed = statements.flatMap(({ disclosures }) => disclosures.map((one) => one.text))
const payloads = jws.map((one) => fromBase64url(one.split('.')[1] as string))
const policy = encodeLogPolicy(ledgerKey)

const piece: Piece = {
  from: 0,
  size: entries.length,
  checkpoint: noteText,
  erased: [],
  erasures: 0,
  config: { reading: 'public', openDisclosures: false },
  entries: entries.map((bytes, i) => ({
    bytes,
    disclosures: (statements[i] as (typeof statements)[number]).disclosures.map((one) => one.text),
  })),
}

const anchorOf = (link?: { from: number; hashes: Uint8Array[] }): Uint8Array =>
  encodeAnchor({ lower: utf8(noteText), upper: utf8(receiptText), ...(link === undefined ? {} : { link }) })

const { proof, entryBytes, signer } = parseReceipt(utf8(receiptText))
const notes = [utf8(noteText), utf8(noteText)] as const
const sealed = { index: 3, bytes: entryBytes, proof: proof.hashes, signer }
const misbehaviours: Uint8Array[] = [
  encodeMisbehaviour({ kind: 'split-view', notes }),
  encodeMisbehaviour({ kind: 'inconsistent', notes, hashes: proof.hashes }),
  encodeMisbehaviour({ kind: 'entry', notes: [notes[0]], entries: [sealed, { ...sealed, index: 4 }] }),
]

const checkedReceipt = checkReceipt(utf8(receiptText), parsePolicy(utf8(policy))) as CheckedReceipt
const eventSample = {
  index: 4,
  time: '2026-11-21T09:30:00.000Z',
  kind: 'evidence.retract',
  what: 'retracted',
  code: 'mistake',
}
const statusText = JSON.stringify({
  index: 3,
  leafHash: toBase64(leafHash(entryBytes)),
  size: proof.checkpoint.size,
  checkpoint: noteText,
  hashes: proof.hashes.map(toBase64),
  events: [{ ...eventSample, leafHash: toBase64(new Uint8Array(32)), hashes: [], entry: toBase64(entryBytes), signer }],
  next: null,
})

function parser(name: string, samples: readonly Uint8Array[], run: FuzzedParser['run']): FuzzedParser {
  return { name, samples, run }
}

/** JSON in any spelling; its value must survive being written plainly. */
function jsonAgain(bytes: Uint8Array): undefined {
  const value = parseJson(bytes)
  const again = parseJson(utf8(JSON.stringify(value)))
  if (JSON.stringify(again) !== JSON.stringify(value)) throw new Error('read again it is another value')
}

export const parsers: readonly FuzzedParser[] = [
  parser('UTF-8', samplesOf('Ä 说明 \u{1f4f7}', 'plain'), (bytes) => utf8(text(bytes))),
  parser('entry', entries, (bytes) => {
    const entry = parseEntry(bytes)
    return entry.known ? encodeEntry(entry) : undefined
  }),
  parser('note', samplesOf(noteText), (bytes) => utf8(encodeNote(parseNote(bytes)))),
  parser('checkpoint', samplesOf(noteText), (bytes) => {
    const { checkpoint, note } = parseSignedCheckpoint(bytes)
    return utf8(encodeNote({ ...note, text: checkpointText(checkpoint) }))
  }),
  parser('tree head', samplesOf(noteText.split('\n\n')[0] + '\n'), (bytes) => {
    const { extensions, ...head } = parseTreeHead(text(bytes))
    return utf8(checkpointText(head) + extensions.map((line) => `${line}\n`).join(''))
  }),
  parser('add-checkpoint', samplesOf(encodeAddCheckpoint(7, [new Uint8Array(32).fill(3)], noteText)), (bytes) => {
    const { oldSize, proof, note } = parseAddCheckpoint(bytes)
    return utf8(encodeAddCheckpoint(oldSize, proof, encodeNote(note)))
  }),
  parser(
    'sign-subtree',
    samplesOf(`subtree 0 1\n${toBase64(new Uint8Array(32))}\n${toBase64(new Uint8Array(32))}\n\n${noteText}`),
    (bytes) => {
      const { start, end, hash, proof, note } = parseSignSubtree(bytes)
      const lines = [hash, ...proof].map((one) => `${toBase64(one)}\n`).join('')
      return utf8(`subtree ${start} ${end}\n${lines}\n${encodeNote(note)}`)
    },
  ),
  parser('signature lines', samplesOf(`${noteText.split('\n\n')[1]}`), (bytes) =>
    utf8(encodeSignatureLines(parseSignatureLines(bytes))),
  ),
  parser('tlog-proof', samplesOf(receiptText, encodeTlogProof(0, [], noteText)), (bytes) => {
    const proof = parseTlogProof(bytes)
    return utf8(encodeTlogProof(proof.index, proof.hashes.map(toBase64), proof.noteText, proof.extra))
  }),
  parser('receipt', samplesOf(receiptText), (bytes) => {
    const { entryBytes, signer, disclosures, proof } = parseReceipt(bytes)
    const parts = { entryBytes, signer, disclosures: disclosures.map((one) => one.text) }
    return utf8(encodeReceipt(parts, proof.index, proof.hashes, proof.noteText))
  }),
  parser('key transition', samplesOf(encodeKeyTransition(3, [new Uint8Array(32)], noteText)), (bytes) => {
    const { from, hashes, note } = parseKeyTransition(bytes)
    return utf8(encodeKeyTransition(from, hashes, encodeNote(note)))
  }),
  parser('approval file', samplesOf(JSON.stringify(approvalFile)), (bytes) => {
    const again = JSON.stringify(parseApprovalFile(bytes))
    if (JSON.stringify(parseApprovalFile(utf8(again))) !== again) throw new Error('read again it is another file')
    return undefined
  }),
  parser('proposal', [fromBase64url(approvalFile.payload)], (bytes) => {
    readProposal(toBase64url(bytes))
    return undefined
  }),
  parser('manifest', [manifestBytes], (bytes) => encodeManifest(parseManifest(bytes))),
  parser('manifest line', parseManifest(manifestBytes).map(encodeManifestLine), (bytes) =>
    encodeManifestLine(parseManifestLine(bytes)),
  ),
  parser('file proof', [fileProofBytes], (bytes) => encodeFileProof(parseFileProof(bytes))),
  parser('bundle', [encodeBundle(entries)], (bytes) => encodeBundle(parseBundle(bytes, entries.length))),
  parser('tile', [new Uint8Array(64).fill(1), new Uint8Array(20 * 32)], (bytes) => Tile.parse(bytes).bytes()),
  parser('policy', samplesOf(policy, `${policy}witness w ${ledgerKey.text}\ngroup g any w\nquorum g\n`), (bytes) => {
    parsePolicy(bytes)
    return undefined
  }),
  parser('verifier key', samplesOf(ledgerKey.text), (bytes) => utf8(parseVerifierKey(text(bytes)).text)),
  parser(
    'JSON',
    [...payloads, ...samplesOf('{"a":[1,-2,null,true,"\\u00e9\\ud83d\\ude00"],"b":{"c":{}}}', '[[[[1]]]]')],
    jsonAgain,
  ),
  parser('presentation', samplesOf(...presentations), (bytes) => {
    const given = text(bytes)
    const { jws: one, disclosures } = splitPresentation(given)
    return given.includes('~') ? utf8(joinPresentation(one, disclosures)) : undefined
  }),
  parser('submission', samplesOf(...presentations), (bytes) => {
    const { envelope, disclosures } = openSubmission(text(bytes))
    const statement = readStatement(envelope)
    const body = readBody(statement)
    if (body !== undefined) requireDisclosures(body, disclosures)
    return undefined
  }),
  parser('payload', payloads, (bytes) => {
    // Inside a statement, so that what is refused is the payload's and not the spelling's.
    const [head, , signature] = (jws[0] as string).split('.')
    readBody(readStatement(readEnvelope(`${head}.${toBase64url(bytes)}.${signature}`)))
    return undefined
  }),
  parser('disclosure', samplesOf(...disclosed), (bytes) => utf8(parseDisclosure(text(bytes)).text)),
  parser(
    'disclosed value',
    disclosed.map((one) => fromBase64url(one)),
    (bytes) => {
      parseDisclosure(toBase64url(bytes))
      return undefined
    },
  ),
  parser('base64', samplesOf('AAECAw==', 'AAEC', '/+8=', toBase64(new Uint8Array(100).fill(7))), (bytes) =>
    utf8(toBase64(fromBase64(text(bytes)))),
  ),
  parser('base64url', samplesOf('AAECAw', '_-8', toBase64url(new Uint8Array(99).fill(7))), (bytes) =>
    utf8(toBase64url(fromBase64url(text(bytes)))),
  ),
  parser('hexadecimal', samplesOf('00ff10', ''), (bytes) => utf8(toHex(fromHex(text(bytes))))),
  parser('time', samplesOf('2026-11-21T09:30:00.000Z', '2024-02-29T23:59:59.999Z'), (bytes) => {
    return utf8(formatTime(taken(tryTime(text(bytes)))))
  }),
  parser('decimal', samplesOf('0', '1041', '9007199254740991'), (bytes) => {
    return utf8(String(taken(parseDecimal(text(bytes)))))
  }),
  parser('tile path', samplesOf('0/x001/067', '1/000.p/3', 'entries/x123/x456/789'), (bytes) => {
    const address = taken(parseTilePath(text(bytes)))
    return utf8(tilePath(address.level, address.n, address.width).slice('tile/'.length))
  }),
  parser('piece of a copy', samplesOf(encodePiece(piece)), (bytes) => {
    // A form of transport: JSON in any spelling, which means the same when it is written again.
    const again = encodePiece(decodePiece(bytes))
    if (encodePiece(decodePiece(utf8(again))) !== again) throw new Error('read again it is another piece')
    return undefined
  }),
  parser(
    'anchor',
    [anchorOf(), anchorOf({ from: 2, hashes: [new Uint8Array(32), new Uint8Array(32).fill(9)] })],
    (bytes) => encodeAnchor(parseAnchor(bytes)),
  ),
  parser('proof of misbehaviour', misbehaviours, (bytes) => encodeMisbehaviour(parseMisbehaviour(bytes).proof)),
  parser('status', samplesOf(statusText), (bytes) => {
    // Judged, and never thrown for what it holds.
    checkStatus(taken(plainJson(bytes)), checkedReceipt, parsePolicy(utf8(policy)))
    return undefined
  }),
  parser('access token', samplesOf(jws[0] as string, (jws[1] as string).replace('.', '.e30')), (bytes) => {
    const authorization = `Bearer ${Buffer.from(bytes).toString('latin1')}`
    readerOf(
      { headers: { authorization } } as FastifyRequest,
      standingAt(emptyChain(ledgerKey.name), 0),
      ['http://a'],
      0,
    )
    return undefined
  }),
  parser('record file', [Uint8Array.of(0x8d, 0x8e, 0x2a, 0x5b, 3, 0, 1, 97, 98, 99)], (bytes) => {
    checkRecordFile(bytes)
    return undefined
  }),
  parser('database manifest', [Uint8Array.of(0, 0, 0, 0, 6, 0, 1, 2, 9, 6, 1, 5, 4)], (bytes) => {
    taken(liveTables(bytes))
    return undefined
  }),
  parser('Snappy', [Uint8Array.of(9, 0x00, 97, 0x11, 1), Uint8Array.of(6, 0x08, 97, 98, 99, 0x0a, 3, 0)], (bytes) => {
    taken(snappyDecompress(bytes, 1 << 20))
    return undefined
  }),
  parser(
    'table',
    [
      Uint8Array.from(
        { length: 100 },
        (_, i) => [...new Uint8Array(92), 0x57, 0xfb, 0x80, 0x8b, 0x24, 0x75, 0x47, 0xdb][i] as number,
      ),
    ],
    (bytes) => {
      checkTableFile(bytes)
      return undefined
    },
  ),
]
