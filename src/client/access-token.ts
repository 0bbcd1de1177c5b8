import { utf8 } from '../core/bytes.ts'
import { type Jwk, thumbprint } from '../core/jwk.ts'
import { encodeSigningInput, joinJws } from '../core/jws.ts'
import type { Signer } from '../statements/compose.ts'
import { accessTyp } from '../statements/vocabulary.ts'

/** Life of a token, in seconds: the longest that a server accepts. */
const tokenSeconds = 300

/** What the key `jwk` signs, in UTF-8, for a token by which a participant reads; `audience` is the server's base URL. */
export function accessTokenInput(id: string, jwk: Jwk, audience: string, nowMs: number): string {
  const iat = Math.floor(nowMs / 1000)
  const payload = { iss: id, aud: audience.replace(/\/$/, ''), iat, exp: iat + tokenSeconds }
  return encodeSigningInput(accessTyp, thumbprint(jwk), payload)
}

/** A token by which a participant reads (docs/spec/11-access.md); `audience` is the server's base URL. */
export function accessToken(id: string, signer: Signer, audience: string, nowMs: number): string {
  const input = accessTokenInput(id, signer.jwk, audience, nowMs)
  return joinJws(input, signer.sign(utf8(input)))
}
