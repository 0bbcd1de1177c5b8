import { verifyEd25519 } from '../../src/core/ed25519.ts'
import { EvidenceError } from '../../src/core/errors.ts'
import { publicKeyOf } from '../../src/core/jwk.ts'
import { defined } from '../../src/core/objects.ts'
import { releaseIn } from '../../src/statements/custody-release.ts'
import type { Owners } from '../../src/check/steps/owners.ts'

/** What the release in a transfer says, and whether its signature was verified here. */
export interface HandOver {
  readonly giver: string
  readonly receiver: string
  readonly kid: string
  readonly isVerified: boolean
  readonly inLieu?: string
  readonly checked?: readonly string[]
}

/**
 * The hand-over that a transfer's payload is about; undefined where its release cannot be read. Throws `server-answer` where the release
 * is not by the key that it names.
 */
export async function handOverIn(
  payload: Readonly<Record<string, unknown>>,
  owners: Owners,
): Promise<HandOver | undefined> {
  const { checked } = payload
  const release = releaseIn({ payload })
  if (release === undefined) return undefined
  const { iss, to, inLieu, header, jws } = release
  const key = await owners.key(header.kid)
  const isTheirs = key?.owner === iss && verifyEd25519(publicKeyOf(key.jwk), jws.signingInput, jws.signature)
  if (key !== undefined && !isTheirs)
    throw new EvidenceError('server-answer', `the release of ${iss} to ${to} is not signed by its key ${header.kid}`)
  const list = Array.isArray(checked) ? checked.map(String) : undefined
  return { giver: iss, receiver: to, kid: header.kid, isVerified: isTheirs, ...defined({ inLieu, checked: list }) }
}
