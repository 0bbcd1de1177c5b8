import { toBase64, toHex, tryBase64 } from './base64.ts'
import { concat, equalBytes, fromUtf8, utf8 } from './bytes.ts'
import { isCosignatureType, signatureTypes, verifyCosignature } from './cosignature.ts'
import { isAcceptablePublicKey, verifyEd25519 } from './ed25519.ts'
import { EvidenceError } from './errors.ts'
import { sha256 } from './hash.ts'
import { mlDsa44PublicKeyBytes } from './mldsa.ts'
import { Recent } from './recent.ts'

/*
 * C2SP signed-note, as docs/spec/05-checkpoint.md has it:
 *
 *     text, any number of lines
 *
 *     — key.name base64(key id, 4 bytes || signature)
 */

/** Largest note, in bytes, and most signatures: room for post-quantum ones, and a bound for what others send. */
export const maxNoteBytes = 256 * 1024
export const maxNoteSignatures = 64

/** A verifier key: `name+hex(id)+base64(type || key)`. */
export interface VerifierKey {
  readonly name: string
  /** 4 bytes. */
  readonly id: Uint8Array
  readonly type: number
  readonly publicKey: Uint8Array
  /** The vkey as text. */
  readonly text: string
}

export interface NoteSignature {
  readonly name: string
  /** 4 bytes. */
  readonly id: Uint8Array
  readonly signature: Uint8Array
}

/** A note whose signatures have not been verified. */
export interface SignedNote {
  /** Ends in a line feed; what is signed. */
  readonly text: string
  readonly signatures: readonly NoteSignature[]
}

/** The 25 code points of Unicode's White_Space, U+180E and U+FEFF: listed, since `\s` is what the engine's Unicode says. */
const unicodeSpace = /[\t-\r \u0085\u00a0\u1680\u180e\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff]/u

function isKeyName(name: string): boolean {
  return name !== '' && !unicodeSpace.test(name) && !name.includes('+')
}

/** Key id of signed-note: the first 4 bytes of SHA-256(name || LF || type || key). */
export function keyId(name: string, type: number, publicKey: Uint8Array): Uint8Array {
  return sha256(concat(utf8(name), new Uint8Array([0x0a, type]), publicKey)).slice(0, 4)
}

/** Makes the vkey of a public key (Ed25519 of type 0x01 unless said otherwise). */
export function verifierKey(name: string, publicKey: Uint8Array, type: number = signatureTypes.ed25519): VerifierKey {
  const id = keyId(name, type, publicKey)
  const text = `${name}+${toHex(id)}+${toBase64(concat(new Uint8Array([type]), publicKey))}`
  return { name, id, type, publicKey, text }
}

function badVkey(why: string): EvidenceError {
  return new EvidenceError('vkey-malformed', `the verifier key ${why}`)
}

/** Why the bytes are no public key of a known type; undefined where they are, or where the type is not known. */
function faultOfKey(type: number, publicKey: Uint8Array): string | undefined {
  if (type === signatureTypes.mlDsa44) {
    return publicKey.length === mlDsa44PublicKeyBytes ? undefined : 'holds no ML-DSA-44 key of 1,312 bytes'
  }
  if (type !== signatureTypes.ed25519 && type !== signatureTypes.cosignature) return undefined
  return isAcceptablePublicKey(publicKey) ? undefined : 'holds no canonical Ed25519 point of prime order'
}

function isKnownType(type: number): boolean {
  return type === signatureTypes.ed25519 || isCosignatureType(type)
}

/**
 * Reads a vkey. Of the types that this version knows, length, point and key id are checked; of others only the spelling.
 * Throws `vkey-malformed`.
 */
export function parseVerifierKey(text: string): VerifierKey {
  const match = /^([^+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/=]+)$/.exec(text)
  if (match === null || !isKeyName(match[1] as string)) throw badVkey('is not name+id+key')
  const [, name, hexId, base64] = match as unknown as [string, string, string, string]
  const key = tryBase64(base64)
  if (key === undefined || key.length < 2) throw badVkey('holds no canonical base64 of type and key')
  const type = key[0] as number
  const publicKey = key.slice(1)
  const fault = faultOfKey(type, publicKey)
  if (fault !== undefined) throw badVkey(fault)
  if (isKnownType(type) && toHex(keyId(name, type, publicKey)) !== hexId)
    throw badVkey('has a key id that is not its own')
  return {
    name,
    id: Uint8Array.from(hexId.match(/../g) as string[], (pair) => Number.parseInt(pair, 16)),
    type,
    publicKey,
    text,
  }
}

function badNote(why: string): EvidenceError {
  return new EvidenceError('note-malformed', `the note ${why}`)
}

/** Reads a note without verifying it. Throws `note-malformed`, `utf8-malformed`. */
export function parseNote(bytes: Uint8Array): SignedNote {
  if (bytes.length > maxNoteBytes) throw badNote(`is longer than ${maxNoteBytes} bytes`)
  const note = fromUtf8(bytes, 'note')
  if (bytes.some((byte) => byte < 0x20 && byte !== 0x0a)) throw badNote('holds a control character')
  const split = note.lastIndexOf('\n\n')
  if (split < 0) throw badNote('has no empty line before its signatures')
  const text = note.slice(0, split + 1)
  const block = note.slice(split + 2)
  if (!block.endsWith('\n')) throw badNote('does not end in a line feed')
  const lines = block.slice(0, -1).split('\n')
  if (lines.length > maxNoteSignatures) throw badNote(`has more than ${maxNoteSignatures} signatures`)
  return { text, signatures: lines.map(parseSignatureLine) }
}

/** Reads one signature line, without its line feed. Throws `note-malformed`. */
export function parseSignatureLine(line: string): NoteSignature {
  const parts = line.split(' ')
  const [dash, name, base64] = parts as [string, string, string]
  if (parts.length !== 3 || dash !== '—' || !isKeyName(name)) throw badNote('has a malformed signature line')
  const bytes = tryBase64(base64)
  if (bytes === undefined || bytes.length < 5) throw badNote('has a signature line without a canonical signature')
  return { name, id: bytes.slice(0, 4), signature: bytes.slice(4) }
}

/** Writes signature lines. */
export function encodeSignatureLines(signatures: readonly NoteSignature[]): string {
  return signatures.map(({ name, id, signature }) => `— ${name} ${toBase64(concat(id, signature))}\n`).join('')
}

/** Writes a note. */
export function encodeNote(note: SignedNote): string {
  return `${note.text}\n${encodeSignatureLines(note.signatures)}`
}

/** What a signature of `key` says, verified: for a cosignature also the witness's time, in seconds. */
export interface VerifiedSignature {
  readonly key: VerifierKey
  readonly timestamp?: number
}

/** Signatures that verified, by key, text and signature: one checkpoint stands in the receipts of hundreds of entries. */
const verifiedBefore = new Recent<VerifiedSignature>(64)
/** Longest text that is remembered, in characters: a checkpoint's has some hundred. */
const maxRemembered = 2000

function verifyOne(key: VerifierKey, text: string, signature: Uint8Array): VerifiedSignature | undefined {
  if (text.length > maxRemembered) return verifyAnew(key, text, signature)
  const name = `${key.text}\n${toBase64(signature)}\n${text}`
  const before = verifiedBefore.get(name)
  if (before !== undefined) return { ...before, key }
  const verified = verifyAnew(key, text, signature)
  if (verified !== undefined) verifiedBefore.set(name, verified)
  return verified
}

function verifyAnew(key: VerifierKey, text: string, signature: Uint8Array): VerifiedSignature | undefined {
  const { name, type, publicKey } = key
  if (!isCosignatureType(type)) return verifyEd25519(publicKey, utf8(text), signature) ? { key } : undefined
  const timestamp = verifyCosignature({ name, type, publicKey }, text, signature)
  return timestamp === undefined ? undefined : { key, timestamp }
}

/**
 * Verifies every signature by a known key, repeats included; a key counts once. Unknown keys are passed over. A failing
 * signature of a known key refuses the note: throws `signature-invalid`. A key of a type that this version cannot verify
 * counts as unknown.
 */
export function verifyNote(note: SignedNote, keys: readonly VerifierKey[]): VerifiedSignature[] {
  const verified = new Map<VerifierKey, VerifiedSignature>()
  for (const { name, id, signature } of note.signatures) {
    const key = keys.find((candidate) => candidate.name === name && equalBytes(candidate.id, id))
    if (key === undefined || !isKnownType(key.type)) continue
    const result = verifyOne(key, note.text, signature)
    if (result === undefined) {
      throw new EvidenceError('signature-invalid', `the note's signature by the key ${key.name} does not verify`, {
        where: key.text,
      })
    }
    if (!verified.has(key)) verified.set(key, result)
  }
  return [...verified.values()]
}
