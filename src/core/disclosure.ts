import { toBase64url, tryBase64url } from './base64.ts'
import { utf8 } from './bytes.ts'
import { EvidenceError } from './errors.ts'
import { sha256 } from './hash.ts'
import { type JsonValue, parseJson } from './json.ts'

/** Longest disclosure, in characters of base64url. */
export const maxDisclosureLength = 16 * 1024
/** Most disclosures beside one statement: one a sealed claim. */
export const maxDisclosures = 5

/** A sealed claim laid open (RFC 9901, section 4.2): who holds this text can show the claim, and nobody else can. */
export interface Disclosure {
  /** base64url, as received: its ASCII is what the digest covers. */
  readonly text: string
  /** base64url of SHA-256 of `text`, 43 characters. */
  readonly digest: string
  readonly claim: string
  readonly value: JsonValue
}

/** What `_sd` holds for a disclosure. */
export function disclosureDigest(text: string): string {
  return toBase64url(sha256(utf8(text)))
}

function hasReservedMember(value: JsonValue): boolean {
  if (value === null || typeof value !== 'object') return false
  if (Array.isArray(value)) return value.some(hasReservedMember)
  return Object.entries(value).some(([name, inner]) => name === '_sd' || name === '...' || hasReservedMember(inner))
}

/**
 * Reads one disclosure: base64url of a JSON array of exactly `[salt, claim, value]`; the salt base64url of 22 characters or
 * more; no `_sd` or `...` member at any depth of the value. Throws `disclosure-malformed` and the codes of parseJson.
 */
export function parseDisclosure(text: string): Disclosure {
  if (text.length > maxDisclosureLength) {
    throw new EvidenceError('disclosure-malformed', `a disclosure is longer than ${maxDisclosureLength} characters`)
  }
  const bytes = tryBase64url(text)
  if (bytes === undefined || bytes.length === 0) {
    throw new EvidenceError('disclosure-malformed', 'a disclosure is not canonical unpadded base64url')
  }
  const array = parseJson(bytes, 'disclosure')
  if (!Array.isArray(array) || array.length !== 3) {
    throw new EvidenceError('disclosure-malformed', 'a disclosure is not an array of salt, claim and value')
  }
  const [salt, claim, value] = array as [JsonValue, JsonValue, JsonValue]
  if (typeof salt !== 'string' || salt.length < 22 || tryBase64url(salt) === undefined) {
    throw new EvidenceError('disclosure-malformed', 'the salt of a disclosure is not base64url of at least 128 bits')
  }
  if (typeof claim !== 'string')
    throw new EvidenceError('disclosure-malformed', 'the claim of a disclosure is not a string')
  if (hasReservedMember(value)) {
    throw new EvidenceError(
      'disclosure-malformed',
      `the value of the claim "${claim.slice(0, 40)}" has a member _sd or ...`,
    )
  }
  return { text, digest: disclosureDigest(text), claim, value }
}

/** Makes a disclosure; `salt` is at least 16 random bytes. */
export function makeDisclosure(salt: Uint8Array, claim: string, value: JsonValue): Disclosure {
  return parseDisclosure(toBase64url(utf8(JSON.stringify([toBase64url(salt), claim, value]))))
}

/** A statement as it travels: `JWS`, `JWS~` or `JWS~disclosure~…~`. */
export interface Presentation {
  readonly jws: string
  readonly disclosures: readonly string[]
}

/** Splits a presentation, without reading its disclosures. Throws `key-binding-refused`, `disclosure-malformed`. */
export function splitPresentation(text: string): Presentation {
  const first = text.indexOf('~')
  if (first < 0) return { jws: text, disclosures: [] }
  const parts = text.split('~', maxDisclosures + 3)
  if (parts.length > maxDisclosures + 2) {
    throw new EvidenceError(
      'disclosure-malformed',
      `more than ${maxDisclosures} disclosures stand beside the statement`,
    )
  }
  if (parts.pop() !== '') {
    throw new EvidenceError(
      'key-binding-refused',
      'something follows the last tilde, where a key-binding JWT would stand',
    )
  }
  if (parts.slice(1).some((part) => part === '')) {
    throw new EvidenceError('disclosure-malformed', 'a disclosure is empty')
  }
  return { jws: parts[0] as string, disclosures: parts.slice(1) }
}

/** Writes a presentation; a statement without disclosures ends in one tilde, as RFC 9901 has it. */
export function joinPresentation(jws: string, disclosures: readonly string[]): string {
  return `${[jws, ...disclosures].join('~')}~`
}
