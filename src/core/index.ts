/** Formats and mathematics of the evidence ledger: no clock, no randomness, no network; runs in a browser. */
export { fromBase64, fromBase64url, fromHex, toBase64, toBase64url, toHex } from './base64.ts'
export { encodeBundle, parseBundle } from './bundle.ts'
export { fromUtf8, utf8 } from './bytes.ts'
export type { Checkpoint } from './checkpoint-text.ts'
export { parseSignedCheckpoint, signCheckpoint, type SignedCheckpoint } from './checkpoint.ts'
export {
  type Disclosure,
  disclosureDigest,
  joinPresentation,
  makeDisclosure,
  parseDisclosure,
  splitPresentation,
} from './disclosure.ts'
export { isAcceptablePublicKey, publicKeyOfSeed, signEd25519, verifyEd25519 } from './ed25519.ts'
export { encodeEntry, type Entry, leafHash, type ParsedEntry, parseEntry, statusHash, zeroHash } from './entry.ts'
export { type ErrorCode, type ErrorFacts, errorTable, EvidenceError, isEvidenceError } from './errors.ts'
export { encodeFileProof, type FileProof, isFileProof, parseFileProof } from './file-proof.ts'
export { type DigestAlgorithm, digestLengths, isDigestAlgorithm, sha256 } from './hash.ts'
export { type JsonObject, type JsonValue, parseJson } from './json.ts'
export { type Jwk, jwkOf, publicKeyOf, thumbprint } from './jwk.ts'
export { type CompactJws, encodeSigningInput, joinJws, parseHeader, type ProtectedHeader, splitJws } from './jws.ts'
export { encodeKeyTransition, type KeyTransition, parseKeyTransition } from './key-transition.ts'
export { encodeManifest, type ManifestLine, manifestTree, parseManifest } from './manifest.ts'
export { nodeHash } from './merkle/hashing.ts'
export { parseTilePath, tilePath, tileWidth, tileWidthAt } from './merkle/layout.ts'
export { consistencyRanges, inclusionRanges } from './merkle/prove.ts'
export { CompactRange } from './merkle/range.ts'
export { verifySubtreeConsistency } from './merkle/subtree.ts'
export { Tile } from './merkle/tile.ts'
export { consistencyProof, inclusionProof, rootFromTiles, tilesNeeded } from './merkle/tiles.ts'
export { verifyConsistency, verifyInclusion } from './merkle/verify.ts'
export { encodeMisbehaviour, type Misbehaviour, parseMisbehaviour } from './misbehaviour.ts'
export { verifyMlDsa44 } from './mldsa.ts'
export {
  encodeNote,
  parseNote,
  parseVerifierKey,
  type SignedNote,
  verifierKey,
  type VerifierKey,
  verifyNote,
} from './note.ts'
export { applyPolicy, encodeLogPolicy, parsePolicy, type Policy } from './policy.ts'
export { encodeReceipt, parseReceipt, type Receipt } from './receipt.ts'
export { formatTime, parseTime, timeText } from './time.ts'
export { encodeTlogProof, parseTlogProof } from './tlog-proof.ts'
