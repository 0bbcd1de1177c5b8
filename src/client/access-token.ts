import { type Signer, signJws } from '../statements/compose.ts'
import { accessTyp } from '../statements/vocabulary.ts'

/** Life of a token, in seconds: the longest that a server accepts. */
const tokenSeconds = 300

/** A token by which a participant reads (docs/spec/11-access.md); `audience` is the server's base URL. */
export function accessToken(id: string, signer: Signer, audience: string, nowMs: number): string {
  const iat = Math.floor(nowMs / 1000)
  return signJws(accessTyp, { iss: id, aud: audience.replace(/\/$/, ''), iat, exp: iat + tokenSeconds }, signer)
}
