import { utf8 } from '../core/bytes.ts'
import { type Disclosure, joinPresentation, makeDisclosure } from '../core/disclosure.ts'
import type { JsonValue } from '../core/json.ts'
import { type Jwk, thumbprint } from '../core/jwk.ts'
import { encodeSigningInput, joinJws } from '../core/jws.ts'
import { possessionTyp, type SealedClaim, statementTyp } from './vocabulary.ts'

/** A key pair that signs statements, from a key file or a hardware token. */
export interface Signer {
  readonly jwk: Jwk
  /** Ed25519 signature, 64 bytes. */
  readonly sign: (message: Uint8Array) => Uint8Array
}

/** What a statement says besides what its kind asks. */
export interface StatementContext {
  readonly iss: string
  /** The ledger's origin. */
  readonly aud: string
  /** Lower-case UUID. */
  readonly jti: string
  /** Seconds since 1970. */
  readonly iat: number
  readonly kind: string
}

export interface ComposedStatement {
  readonly jws: string
  readonly disclosures: readonly Disclosure[]
  /** What is sent: `JWS~disclosure~…~`. */
  readonly presentation: string
}

/** Signs any payload as a compact JWS of a given typ. */
export function signJws(typ: string, payload: object, signer: Signer): string {
  const input = encodeSigningInput(typ, thumbprint(signer.jwk), payload)
  return joinJws(input, signer.sign(utf8(input)))
}

/** A statement that is not signed yet: `input` is what the signer of its key signs, in UTF-8. */
export interface UnsignedStatement {
  readonly input: string
  readonly disclosures: readonly Disclosure[]
}

/**
 * Writes a statement for the key `jwk` to sign. `sealed` claims become disclosures, salted from `randomBytes`, their digests sorted so that
 * the order of `_sd` says nothing. `given`: disclosures that somebody else made and that are sealed with them, as the offer of a release is.
 */
export function unsignedStatement(
  context: StatementContext,
  members: object,
  sealed: Partial<Record<SealedClaim, JsonValue>>,
  jwk: Jwk,
  randomBytes: (count: number) => Uint8Array,
  given: readonly Disclosure[] = [],
): UnsignedStatement {
  const made = Object.entries(sealed).map(([claim, value]) => makeDisclosure(randomBytes(16), claim, value))
  const disclosures = [...made, ...given]
  const { iss, aud, jti, iat, kind } = context
  const seal =
    disclosures.length === 0 ? {} : { _sd: disclosures.map(({ digest }) => digest).sort(), _sd_alg: 'sha-256' }
  const payload = { iss, aud, jti, iat, kind, ...members, ...seal }
  return { input: encodeSigningInput(statementTyp, thumbprint(jwk), payload), disclosures }
}

/** A statement with its signature, 64 bytes. */
export function signedStatement({ input, disclosures }: UnsignedStatement, signature: Uint8Array): ComposedStatement {
  const jws = joinJws(input, signature)
  return {
    jws,
    disclosures,
    presentation: joinPresentation(
      jws,
      disclosures.map(({ text }) => text),
    ),
  }
}

/** Writes and signs a statement: {@link unsignedStatement}, then {@link signedStatement}. */
export function composeStatement(
  context: StatementContext,
  members: object,
  sealed: Partial<Record<SealedClaim, JsonValue>>,
  signer: Signer,
  randomBytes: (count: number) => Uint8Array,
  given: readonly Disclosure[] = [],
): ComposedStatement {
  const unsigned = unsignedStatement(context, members, sealed, signer.jwk, randomBytes, given)
  return signedStatement(unsigned, signer.sign(utf8(unsigned.input)))
}

/** Proof of possession for a key rotation: a compact JWS by the new key over ledger, issuer, statement id and old key. */
export function composePossession(
  context: { aud: string; iss: string; jti: string; old: string },
  newKey: Signer,
): string {
  const { aud, iss, jti, old } = context
  return signJws(possessionTyp, { aud, iss, jti, old }, newKey)
}
