import { randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { readArtefact } from '../../src/check/node/artefact.ts'
import { withoutQuorum } from '../../src/client/deposit-answer.ts'
import type { Identity } from '../../src/client/ledger-client.ts'
import { valueOr } from '../../src/core/attempt.ts'
import { utf8 } from '../../src/core/bytes.ts'
import { parseSignedCheckpoint } from '../../src/core/checkpoint.ts'
import { makeDisclosure } from '../../src/core/disclosure.ts'
import { verifyEd25519 } from '../../src/core/ed25519.ts'
import type { JsonValue } from '../../src/core/json.ts'
import { publicKeyOf, thumbprint } from '../../src/core/jwk.ts'
import { defined } from '../../src/core/objects.ts'
import { applyPolicy } from '../../src/core/policy.ts'
import { fsPath } from '../../src/node/file-path.ts'
import { randomSalt } from '../../src/node/key-file.ts'
import { signJws } from '../../src/statements/compose.ts'
import type { Reference } from '../../src/statements/members.ts'
import { type OpenedRelease, parseReleaseFile } from '../../src/statements/release-file.ts'
import { releaseTyp } from '../../src/statements/vocabulary.ts'
import { referenceTo, type Target } from '../options/reference.ts'
import type { SigningLedger } from '../statements/signing-ledger.ts'
import { canonical } from '../statements/waiting.ts'

/** A release that a giver is about to sign. */
export interface WantedRelease {
  readonly to: string
  readonly targets: readonly Target[]
  readonly days: number
  readonly inLieu: string | undefined
  /** The claim `offer`. */
  readonly offer: JsonValue | undefined
}

/** A release that its giver signed. */
export interface SignedRelease {
  readonly release: string
  /** The disclosure of the claim `offer`. */
  readonly offer: string | undefined
  readonly exp: number
  readonly since: number
}

/** Signs a release, from now on. Throws the codes of a checkpoint. */
export function released(ledger: SigningLedger, { id, signer }: Identity, wanted: WantedRelease): SignedRelease {
  const iat = Math.floor(Date.now() / 1000)
  const exp = iat + wanted.days * daySeconds
  const since = lastEntry(ledger)
  const offer = wanted.offer === undefined ? undefined : makeDisclosure(randomSalt(16), 'offer', wanted.offer)
  const payload = {
    aud: ledger.origin,
    iss: id,
    jti: randomUUID(),
    iat,
    exp,
    since,
    to: wanted.to,
    exhibits: exhibitsOf(wanted),
    ...defined({ inLieu: wanted.inLieu }),
    ...(offer === undefined ? {} : { _sd: [offer.digest], _sd_alg: 'sha-256' }),
  }
  return { release: signJws(releaseTyp, payload, signer), offer: offer?.text, exp, since }
}

const daySeconds = 86_400

/** References to what is released. */
function exhibitsOf({ targets }: WantedRelease): Reference[] {
  return targets.map(referenceTo)
}

/** The last entry of the ledger, as its checkpoint has it. Throws the codes of a checkpoint. */
function lastEntry({ info, origin, policy }: SigningLedger): number {
  const { checkpoint, note } = parseSignedCheckpoint(utf8(info.checkpoint))
  applyPolicy(withoutQuorum(policy), note, origin)
  return checkpoint.size - 1
}

/**
 * The release in a file, where the giver signed it and it says what is wanted now, and has not ended. Undefined where there is no
 * such file: nothing is told of what is there.
 */
export function signedBefore(
  path: string,
  { origin }: SigningLedger,
  { id, signer }: Identity,
  wanted: WantedRelease,
): SignedRelease | undefined {
  if (!existsSync(fsPath(path))) return undefined
  const file = valueOr(() => parseReleaseFile(readArtefact(path)), undefined)
  if (file === undefined || !isBy(file, signer.jwk)) return undefined
  const { aud, iss, to, exp, iat, since, inLieu, exhibits } = file.opened
  const isSame =
    canonical([aud, iss, to, exp - iat, inLieu ?? null, exhibits, file.offered?.value ?? null]) ===
    canonical([
      origin,
      id,
      wanted.to,
      wanted.days * daySeconds,
      wanted.inLieu ?? null,
      exhibitsOf(wanted),
      wanted.offer ?? null,
    ])
  const isOver = exp * 1000 < Date.now()
  return isSame && !isOver ? { release: file.release, offer: file.offer, exp, since } : undefined
}

function isBy({ opened: { header, jws } }: OpenedRelease, jwk: Identity['signer']['jwk']): boolean {
  return header.kid === thumbprint(jwk) && verifyEd25519(publicKeyOf(jwk), jws.signingInput, jws.signature)
}
