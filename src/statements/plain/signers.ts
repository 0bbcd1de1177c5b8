import { attempt } from '../../core/attempt.ts'
import { utf8 } from '../../core/bytes.ts'
import { isKnownAlgorithm, parseHeader } from '../../core/jws.ts'
import { Recent } from '../../core/recent.ts'
import type { Registry } from '../registry.ts'
import { decodeInto, urlValues } from './base64.ts'

/** Longest header whose signer is remembered, in characters of base64url. */
export const maxRemembered = 400
const maxSigners = 8192

/** Who signs by a header: a participant that is not revoked, by an active key of it. */
export interface Signer {
  readonly kid: string
  readonly publicKey: Uint8Array
  readonly iss: string
  readonly issBytes: Uint8Array
  readonly roles: readonly string[]
}

/** Who signs by the headers of one type of JWS, as a registry has it. A signer's header never changes: each spelling is read once, by the parsers. */
export class Signers {
  private readonly registry: Registry
  private readonly typ: string
  /** By header; false where it is of nobody that may sign. */
  private readonly known = new Recent<Signer | false>(maxSigners)

  constructor(registry: Registry, typ: string) {
    this.registry = registry
    this.typ = typ
  }

  /** The signer by a header of at most {@link maxRemembered} characters; undefined where that is not plain. */
  of(header: string): Signer | undefined {
    let signer = this.known.get(header)
    if (signer === undefined) {
      signer = this.read(header)
      this.known.set(header, signer)
    }
    return signer === false ? undefined : signer
  }

  private read(text: string): Signer | false {
    const decoded = new Uint8Array(text.length)
    const encoded = utf8(text)
    const length = decodeInto(decoded, encoded, 0, encoded.length, urlValues)
    if (length < 0) return false
    const header = attempt(() => parseHeader(decoded.slice(0, length), this.typ))
    if (header instanceof Error || !isKnownAlgorithm(header.alg)) return false
    const key = this.registry.keys.get(header.kid)
    const participant = key === undefined ? undefined : this.registry.participants.get(key.participant)
    if (key?.status !== 'active' || participant === undefined || participant.revokedAt !== undefined) return false
    const iss = key.participant
    return { kid: header.kid, publicKey: key.publicKey, iss, issBytes: utf8(iss), roles: participant.roles }
  }
}
