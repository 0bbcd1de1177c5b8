import { type AsnType, BaseBlock, fromBER } from 'asn1js'
import { EvidenceError, isEvidenceError } from '../core/errors.ts'

/* asn1js reads BER; what is looked at before it makes that DER, in bounds. */

/** Deepest nesting, and most elements for each KiB that may be read. */
const maxDepth = 32
const nodesPerKib = 200

/** The error `time-stamp-malformed` about bytes that are not as RFC 3161, RFC 5652 or RFC 5280 has them; `what` names them. */
export function malformed(what: string, why: string, cause?: unknown): EvidenceError {
  return new EvidenceError('time-stamp-malformed', `the ${what} ${why}`, {}, { cause })
}

/** Runs a step that reads a structure; whatever a library throws becomes `time-stamp-malformed`. */
export function reading<T>(what: string, step: () => T): T {
  try {
    return step()
  } catch (cause) {
    throw asMalformed(what, cause)
  }
}

/** Runs a step that reads a structure and waits; as {@link reading}. */
export async function readingAsync<T>(what: string, step: () => Promise<T>): Promise<T> {
  try {
    return await step()
  } catch (cause) {
    throw asMalformed(what, cause)
  }
}

function asMalformed(what: string, cause: unknown): EvidenceError {
  return isEvidenceError(cause) ? cause : malformed(what, 'is not of the form that its standard gives', cause)
}

/**
 * Looks at tags and lengths alone, without recursion: definite and minimal lengths (X.690, section 10.1), nested at most 32
 * deep, and one element from the first byte to the last. Throws `time-stamp-malformed`.
 */
function requireBounded(bytes: Uint8Array, what: string): void {
  const maxNodes = 1000 + (bytes.length >> 10) * nodesPerKib
  const ends: number[] = [bytes.length]
  let at = 0
  for (let nodes = 0; at < bytes.length; nodes++) {
    if (nodes > maxNodes) throw malformed(what, 'has more elements than any of its size')
    if (nodes > 0 && ends.length === 1) throw malformed(what, 'goes on after its end')
    const tag = bytes[at++] as number
    if ((tag & 0x1f) === 0x1f) throw malformed(what, 'has a tag that nothing here has')
    const first = bytes[at++]
    if (first === undefined || first === 0x80 || first > 0x84) throw malformed(what, 'has no definite length')
    let length = first
    if (first > 0x80) {
      length = 0
      for (let i = first & 0x7f; i > 0; i--) length = length * 256 + (bytes[at++] ?? 0)
      if (length < 0x80 || length < 2 ** (8 * ((first & 0x7f) - 1)))
        throw malformed(what, 'has a length in more bytes than it needs')
    }
    const end = at + length
    if (end > (ends.at(-1) as number)) throw malformed(what, 'has an element that is longer than what holds it')
    if ((tag & 0x20) !== 0) {
      ends.push(end)
      if (ends.length > maxDepth) throw malformed(what, `is nested more than ${maxDepth - 1} deep`)
    } else at = end
    while (ends.length > 1 && ends.at(-1) === at) ends.pop()
  }
  if (ends.length > 1 || bytes.length === 0) throw malformed(what, 'ends too early')
}

/** Reads one DER element, at most `maxBytes` long. Throws `time-stamp-malformed`. */
export function parseDer(bytes: Uint8Array, what: string, maxBytes: number): AsnType {
  if (bytes.length > maxBytes) throw malformed(what, `is longer than ${maxBytes} bytes`)
  requireBounded(bytes, what)
  return reading(what, () => {
    // Embedded structures are not looked for: what is inside an octet string is read where it is wanted, through here.
    const { offset, result } = fromBER(bytes, { maxDepth, maxNodes: 1_000_000, parseEmbedded: false })
    if (offset !== bytes.length) throw malformed(what, 'cannot be read to its end')
    return result
  })
}

/** Fields of a constructed element; none for another. */
export function fields(element: AsnType | undefined): AsnType[] {
  const value: unknown = (element as (AsnType & { valueBlock: { value?: unknown } }) | undefined)?.valueBlock.value
  return Array.isArray(value) ? value.filter((one) => one instanceof BaseBlock) : []
}

/** The bytes of an element as it was read. */
export function bytesOf(element: AsnType): Uint8Array {
  return element.valueBeforeDecodeView
}
