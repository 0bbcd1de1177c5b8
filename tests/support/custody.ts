import { randomUUID } from 'node:crypto'
import type { SigningKey } from '../../src/node/key-file.ts'
import { signJws } from '../../src/statements/compose.ts'
import { releaseTyp } from '../../src/statements/vocabulary.ts'

/** A deposit, or one item of it. */
export interface UnitReference {
  readonly index: number
  readonly leafHash: string
  readonly item?: number
}

export interface ReleaseOptions {
  readonly aud: string
  readonly iss: string
  readonly to: string
  readonly exhibits: readonly UnitReference[]
  readonly since: number
  readonly iat: number
  readonly exp?: number
  readonly jti?: string
  readonly inLieu?: string
  readonly _sd?: readonly string[]
  readonly _sd_alg?: string
}

/** Signs a release; what is not given is made up and valid. */
export function releaseBy(key: SigningKey, options: ReleaseOptions): string {
  const payload = { jti: randomUUID(), exp: options.iat + 86_400, ...options }
  return signJws(releaseTyp, payload, key)
}

/** Members of a transfer of what a release names. */
export function transferMembers(release: string, outcome: string, exhibits: number, more: object = {}): object {
  const checked = outcome === 'withdrawn' ? {} : { checked: Array.from({ length: exhibits }, () => 'match') }
  return { release, outcome, ...checked, ...more }
}
