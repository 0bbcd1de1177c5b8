import type { Disclosure } from '../../src/core/disclosure.ts'
import { makeDisclosure } from '../../src/core/disclosure.ts'
import { toBase64url } from '../../src/core/base64.ts'
import { utf8 } from '../../src/core/bytes.ts'
import { sha256 } from '../../src/core/hash.ts'
import type { JsonValue } from '../../src/core/json.ts'
import { thumbprint } from '../../src/core/jwk.ts'
import { encodeSigningInput, joinJws } from '../../src/core/jws.ts'
import { defined } from '../../src/core/objects.ts'
import type { AccessTerms } from '../../src/statements/access-terms.ts'
import { signedStatement, unsignedStatement } from '../../src/statements/compose.ts'
import type { Release, ReleasePayload } from '../../src/statements/custody-release.ts'
import type { Kind } from '../../src/statements/kinds.ts'
import { type OpenedRelease, releaseFileText } from '../../src/statements/release-file.ts'
import { releaseTyp, type SealedClaim } from '../../src/statements/vocabulary.ts'
import { type BrowserKey, signText } from '../ui/key.ts'

/* What the pages of cases sign with the key of this browser. */

type Sealed = Partial<Record<SealedClaim, JsonValue>>

async function signed(
  key: BrowserKey,
  origin: string,
  kind: Kind,
  members: object,
  sealed: Sealed,
  given: readonly Disclosure[] = [],
): Promise<string> {
  const context = { iss: key.id, aud: origin, jti: crypto.randomUUID(), iat: nowSeconds(), kind }
  const unsigned = unsignedStatement(context, members, sealed, key.jwk, randomBytes, given)
  return signedStatement(unsigned, await signText(key, unsigned.input)).presentation
}

function nowSeconds(): number {
  return Math.floor(Date.now() / 1000)
}

function randomBytes(count: number): Uint8Array {
  return crypto.getRandomValues(new Uint8Array(count))
}

/** Signs a rule of access: all that it says is sealed. Gives what is sent. */
export function signRule(key: BrowserKey, origin: string, terms: AccessTerms): Promise<string> {
  return signed(key, origin, 'access.rule', {}, { terms: terms as unknown as JsonValue })
}

/** What a giver says in a release, besides who signs it, when and for which ledger. */
export interface Offered {
  readonly to: string
  readonly exhibits: ReleasePayload['exhibits']
  readonly since: number
  readonly days: number
  readonly inLieu: string | undefined
  /** The sealed claim `offer`; undefined where nothing is said. */
  readonly offer: JsonValue | undefined
  /** Receipts of the exhibits, without sealed claims: the receiver compares by them what it gets. */
  readonly receipts: readonly string[]
}

/** A release as it was signed here. */
export interface SignedRelease {
  /** What the file holds that the receiver is given. */
  readonly file: string
  readonly jws: string
  readonly exp: number
}

/** Longest time that a release holds, in seconds: ten minutes short of 90 days, for a receiver's clock may lag. */
const longest = 90 * 86_400 - 600

/** Signs a release (docs/spec/19-custody.md). */
export async function signRelease(
  key: BrowserKey,
  origin: string,
  { to, exhibits, since, days, inLieu, offer, receipts }: Offered,
): Promise<SignedRelease> {
  const disclosure = offer === undefined ? undefined : makeDisclosure(randomBytes(16), 'offer', offer)
  const iat = nowSeconds()
  const exp = iat + Math.min(days * 86_400, longest)
  const seal = disclosure === undefined ? {} : { _sd: [disclosure.digest], _sd_alg: 'sha-256' }
  const payload = {
    aud: origin,
    iss: key.id,
    jti: crypto.randomUUID(),
    iat,
    exp,
    since,
    to,
    exhibits,
    ...defined({ inLieu }),
    ...seal,
  }
  const input = encodeSigningInput(releaseTyp, thumbprint(key.jwk), payload)
  const jws = joinJws(input, await signText(key, input))
  return { file: releaseFileText({ release: jws, offer: disclosure?.text, receipts }), jws, exp }
}

/** Signs the record that something was offered by a release. Gives what is sent. */
export function signOffered(
  key: BrowserKey,
  origin: string,
  of: Release['exhibits'][number],
  { jws, exp }: SignedRelease,
): Promise<string> {
  const release = { digest: toBase64url(sha256(utf8(jws))), exp }
  return signed(key, origin, 'evidence.event', { of, event: 'offered', release }, {})
}

/** What a receiver, or a giver that takes its release back, says. */
export interface Answer {
  readonly outcome: 'accepted' | 'rejected' | 'withdrawn'
  readonly reason: string | undefined
  readonly checked: readonly string[]
  readonly sealed: Sealed
}

/** Signs the transfer of a release: its offer is sealed with it, as the giver wrote it. Gives what is sent. */
export function signTransfer(
  key: BrowserKey,
  origin: string,
  { release, offered }: OpenedRelease,
  { outcome, reason, checked, sealed }: Answer,
): Promise<string> {
  const members = {
    release,
    outcome,
    ...(outcome === 'rejected' ? defined({ reason }) : {}),
    ...(outcome === 'withdrawn' ? {} : { checked }),
  }
  return signed(key, origin, 'custody.transfer', members, sealed, offered === undefined ? [] : [offered])
}
