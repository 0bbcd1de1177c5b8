import { randomBytes } from 'node:crypto'
import { Integer, Null, OctetString } from 'asn1js'
import { AlgorithmIdentifier, MessageImprint, TimeStampReq, TimeStampResp } from 'pkijs'
import { toHex } from '../../core/base64.ts'
import { EvidenceError } from '../../core/errors.ts'
import { parseDer, reading } from '../der.ts'
import { type HashAlgorithm, oidOf } from '../signature.ts'
import { maxTokenBytes, readToken, type Token } from '../token.ts'

/** Largest answer of an authority, in bytes: a token, and a few words around it. */
export const maxResponseBytes: number = maxTokenBytes + 4096

/** A question to an authority: DER, and the nonce that its answer must repeat. */
export interface TimeStampRequest {
  readonly der: Uint8Array
  readonly nonce: string
}

/** Writes a TimeStampReq (RFC 3161, section 2.4.1) with a nonce of 16 random bytes, asking for certificates. */
export function encodeRequest(algorithm: HashAlgorithm, hash: Uint8Array): TimeStampRequest {
  const nonce = Uint8Array.from(randomBytes(16))
  // Positive and minimal: the first bit is zero, the second is not.
  nonce[0] = ((nonce[0] as number) & 0x3f) | 0x40
  const request = new TimeStampReq({
    version: 1,
    messageImprint: new MessageImprint({
      hashAlgorithm: new AlgorithmIdentifier({ algorithmId: oidOf(algorithm), algorithmParams: new Null() }),
      hashedMessage: new OctetString({ valueHex: Uint8Array.from(hash).buffer }),
    }),
    nonce: new Integer({ valueHex: nonce.buffer }),
    certReq: true,
  })
  return { der: new Uint8Array(request.toSchema().toBER()), nonce: toHex(nonce) }
}

/**
 * The token of a TimeStampResp (RFC 3161, section 2.4.2) that answers `request`. Throws `time-stamp-answer` (refused, or
 * another nonce), `time-stamp-malformed`.
 */
export function readResponse(der: Uint8Array, request: TimeStampRequest, name: string): Token {
  const what = 'authority’s answer'
  const schema = parseDer(der, what, maxResponseBytes)
  const { status, statusText, token } = reading(what, () => {
    const response = new TimeStampResp({ schema })
    const texts = (response.status.statusStrings ?? []).map((one) => one.valueBlock.value)
    const content = response.timeStampToken?.toSchema().toBER()
    return {
      status: response.status.status,
      statusText: texts.join(' ').slice(0, 200),
      token: content === undefined ? undefined : new Uint8Array(content),
    }
  })
  const granted = [0, 1] as readonly number[]
  if (!granted.includes(status) || token === undefined) {
    throw new EvidenceError(
      'time-stamp-answer',
      `the authority ${name} gave no token: status ${status} ${statusText}`,
      { where: name },
    )
  }
  const read = readToken(token)
  if (read.nonce !== request.nonce) {
    throw new EvidenceError('time-stamp-answer', `the authority ${name} answered another request than ours`, {
      where: name,
    })
  }
  return read
}
