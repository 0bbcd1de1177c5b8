import { fromBase64, fromBase64url, fromHex, toBase64, toBase64url, toHex } from '../../src/core/base64.ts'
import { encodeBundle, parseBundle } from '../../src/core/bundle.ts'
import { equalBytes, fromUtf8, utf8 } from '../../src/core/bytes.ts'
import { checkpointText } from '../../src/core/checkpoint-text.ts'
import { parseSignedCheckpoint } from '../../src/core/checkpoint.ts'
import { joinPresentation, parseDisclosure, splitPresentation } from '../../src/core/disclosure.ts'
import { verifyEd25519 } from '../../src/core/ed25519.ts'
import { encodeEntry, leafHash, parseEntry, statusHash } from '../../src/core/entry.ts'
import { parseJson } from '../../src/core/json.ts'
import { canonicalJwk, parseCanonicalJwk, publicKeyOf, thumbprint } from '../../src/core/jwk.ts'
import { isKnownAlgorithm, parseHeader } from '../../src/core/jws.ts'
import { encodeManifest, manifestTree, parseManifest } from '../../src/core/manifest.ts'
import { parseTilePath, tilePath } from '../../src/core/merkle/layout.ts'
import { Tile } from '../../src/core/merkle/tile.ts'
import { verifyConsistency, verifyInclusion } from '../../src/core/merkle/verify.ts'
import { encodeNote, parseNote, parseVerifierKey, verifyNote } from '../../src/core/note.ts'
import { requireOrigin } from '../../src/core/origin.ts'
import { applyPolicy, parsePolicy } from '../../src/core/policy.ts'
import { formatTime, parseTime } from '../../src/core/time.ts'
import { encodeTlogProof, parseTlogProof } from '../../src/core/tlog-proof.ts'
import { readBody } from '../../src/statements/body.ts'
import { requireDisclosures } from '../../src/statements/disclosures.ts'
import { readEnvelope, readStatement } from '../../src/statements/statement.ts'
import type { Input } from './input.ts'

/** What an implementation says of one input. */
export type Facts = Readonly<Record<string, unknown>>

/** Reads the input of a vector: gives facts, or throws an error with the code. */
export type Check = (input: Input) => Facts

/** What is accepted must be written again as it was. */
function requireSame(written: string | Uint8Array, read: string | Uint8Array): void {
  const bytes = (value: string | Uint8Array): Uint8Array => (typeof value === 'string' ? utf8(value) : value)
  if (!equalBytes(bytes(written), bytes(read))) throw new Error('what was accepted is written again otherwise')
}

/** A refusal that is no error of the implementation, or comes with facts: what could be read is judged all the same. */
export class Refusal extends Error {
  readonly code: string
  readonly known: Facts
  constructor(code: string, known: Facts = {}) {
    super(code)
    this.code = code
    this.known = known
  }
}

function holds(valid: boolean, code: string, facts: Facts = {}): Facts {
  if (!valid) throw new Refusal(code)
  return facts
}

const encodings: Record<string, Check> = {
  base64: (input) => {
    const bytes = fromBase64(input.text('text'))
    requireSame(toBase64(bytes), input.text('text'))
    return { hex: toHex(bytes) }
  },
  base64url: (input) => {
    const bytes = fromBase64url(input.text('text'))
    requireSame(toBase64url(bytes), input.text('text'))
    return { hex: toHex(bytes) }
  },
  hex: (input) => {
    const bytes = fromHex(input.text('text'))
    requireSame(toHex(bytes), input.text('text'))
    return { bytesBase64: toBase64(bytes) }
  },
  json: (input) => ({ value: parseJson(input.bytes('json')) }),
  time: (input) => {
    const milliseconds = parseTime(input.text('text'))
    requireSame(formatTime(milliseconds), input.text('text'))
    return { milliseconds }
  },
  origin: (input) => {
    requireOrigin(input.text('text'))
    return {}
  },
}

const signatures: Record<string, Check> = {
  ed25519: (input) =>
    holds(
      verifyEd25519(input.bytes('publicKey'), input.bytes('message'), input.bytes('signature')),
      'signature-invalid',
    ),
  jwk: (input) => {
    const jwk = parseCanonicalJwk(input.text('line'))
    requireSame(canonicalJwk(jwk), input.text('line'))
    return { thumbprint: thumbprint(jwk), publicKeyBase64: toBase64(publicKeyOf(jwk)) }
  },
  jws: (input) => {
    const { jws, knownAlgorithm } = readEnvelope(input.text('text'))
    const { header, payload, signature } = jws
    const facts = { header: fromUtf8(header), payload: fromUtf8(payload), signatureBase64: toBase64(signature) }
    if (!knownAlgorithm) throw new Refusal('not-judged', facts)
    return facts
  },
  'jws-header': (input) => {
    const { alg, kid } = parseHeader(input.bytes('header'), input.text('typ'))
    if (!isKnownAlgorithm(alg)) throw new Refusal('not-judged', { alg, kid })
    return { alg, kid }
  },
}

const statements: Record<string, Check> = {
  disclosure: (input) => {
    const { digest, claim, value } = parseDisclosure(input.text('text'))
    return { digest, claim, value }
  },
  presentation: (input) => {
    const { jws, disclosures } = splitPresentation(input.text('text'))
    const written = joinPresentation(jws, disclosures)
    if (input.text('text').includes('~')) requireSame(written, input.text('text'))
    return { jws, disclosures }
  },
  sealed: (input) => {
    const { jws, disclosures } = splitPresentation(input.text('presentation'))
    const body = readBody(readStatement(readEnvelope(jws)))
    if (body === undefined) throw new Refusal('not-judged')
    const claims = requireDisclosures(body, disclosures).map(({ claim }) => claim)
    return { claims: claims.sort() }
  },
  statement: (input) => {
    const statement = readStatement(readEnvelope(input.text('jws')))
    const body = readBody(statement)
    const { kind, iss } = statement.common
    const facts = { kind, iss, kid: statement.header.kid }
    if (body === undefined || !statement.knownAlgorithm) throw new Refusal('not-judged', facts)
    return facts
  },
}

const entries: Record<string, Check> = {
  entry: (input) => {
    const bytes = input.bytes('entry')
    const entry = parseEntry(bytes)
    const { index, time, previous } = entry
    const facts = { index, time, previousBase64: toBase64(previous), leafHashBase64: toBase64(leafHash(bytes)) }
    if (!entry.known) throw new Refusal('not-judged', { ...facts, version: entry.version })
    requireSame(encodeEntry(entry), bytes)
    return { ...facts, statement: entry.statement }
  },
  'leaf-hash': (input) => holds(equalBytes(leafHash(input.bytes('entry')), input.bytes('leafHash')), 'entry-altered'),
  'entry-hash': (input) =>
    holds(equalBytes(statusHash(input.bytes('entry')), input.bytes('entryHash')), 'entry-altered'),
  bundle: (input) => {
    const parsed = parseBundle(input.bytes('bundle'), input.number('width'))
    requireSame(encodeBundle(parsed), input.bytes('bundle'))
    return { entriesBase64: parsed.map(toBase64) }
  },
  tile: (input) => {
    const tile = Tile.parse(input.bytes('tile'))
    requireSame(tile.bytes(), input.bytes('tile'))
    return { width: tile.width }
  },
  'tile-path': (input) => {
    const address = parseTilePath(input.text('path'))
    if (address === undefined) throw new Refusal('not-found')
    requireSame(tilePath(address.level, address.n, address.width), `tile/${input.text('path')}`)
    return { ...address }
  },
  inclusion: (input) =>
    holds(
      verifyInclusion({
        index: input.number('index'),
        size: input.number('size'),
        leafHash: input.bytes('leafHash'),
        proof: input.list('proof'),
        root: input.bytes('root'),
      }),
      'inclusion-invalid',
    ),
  consistency: (input) =>
    holds(
      verifyConsistency({
        size1: input.number('size1'),
        size2: input.number('size2'),
        root1: input.bytes('root1'),
        root2: input.bytes('root2'),
        proof: input.list('proof'),
      }),
      'consistency-invalid',
    ),
}

const notes: Record<string, Check> = {
  vkey: (input) => {
    const { name, type, id, publicKey, text } = parseVerifierKey(input.text('text'))
    requireSame(text, input.text('text'))
    return { name, type, keyIdBase64: toBase64(id), publicKeyBase64: toBase64(publicKey) }
  },
  note: (input) => {
    const note = parseNote(input.bytes('note'))
    requireSame(encodeNote(note), input.bytes('note'))
    const verified = verifyNote(note, input.value<string[]>('vkeys').map(parseVerifierKey))
    return { text: note.text, signatures: note.signatures.length, verified: verified.map(({ key }) => key.text) }
  },
  checkpoint: (input) => {
    const { checkpoint, note } = parseSignedCheckpoint(input.bytes('note'))
    requireSame(checkpointText(checkpoint), note.text)
    const { origin, size, root } = checkpoint
    return { origin, size, rootBase64: toBase64(root) }
  },
  policy: (input) => {
    const { logs, witnesses, groups, quorum } = parsePolicy(input.bytes('policy'))
    return {
      logs: logs.map(({ key }) => key.text),
      witnesses: witnesses.map(({ name, key }) => ({ name, vkey: key.text })),
      groups,
      quorum,
    }
  },
  'policy-apply': (input) => {
    const { checkpoint, note } = parseSignedCheckpoint(input.bytes('note'))
    const { log, witnesses } = applyPolicy(parsePolicy(input.bytes('policy')), note, checkpoint.origin)
    return { log: log.text, witnesses }
  },
  'tlog-proof': (input) => {
    const { extra, index, hashes, checkpoint, noteText } = parseTlogProof(input.bytes('proof'))
    requireSame(encodeTlogProof(index, hashes.map(toBase64), noteText, extra), input.bytes('proof'))
    const { origin, size } = checkpoint
    const extraBase64 = extra === undefined ? null : toBase64(extra)
    return { index, extraBase64, hashesBase64: hashes.map(toBase64), origin, size }
  },
  manifest: (input) => {
    const bytes = input.bytes('manifest')
    const lines = parseManifest(bytes)
    requireSame(encodeManifest(lines), bytes)
    const { root, size } = manifestTree(bytes)
    const tree = { root: toHex(root), size }
    const expected = input.has('tree') ? input.value<typeof tree>('tree') : tree
    return holds(expected.root === tree.root && expected.size === size, 'manifest-malformed', {
      pathsBase64: lines.map(({ path }) => toBase64(path)),
      tree,
    })
  },
}

/** Formats of which one fault is found at most. */
export const formatChecks: Record<string, Check> = { ...encodings, ...signatures, ...statements, ...entries, ...notes }
