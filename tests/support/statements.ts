import { createHash, randomUUID } from 'node:crypto'
import type { JsonValue } from '../../src/core/json.ts'
import { type ComposedStatement, composeStatement, type Signer } from '../../src/statements/compose.ts'
import type { SealedClaim } from '../../src/statements/vocabulary.ts'
import { randomSalt } from '../../src/node/key-file.ts'

export interface StatementOptions {
  readonly iss?: string
  readonly aud?: string
  readonly jti?: string
  readonly iat?: number
  readonly sealed?: Partial<Record<SealedClaim, JsonValue>>
}

/** Signs any statement; what is not given is made up and valid. */
export function statement(
  signer: Signer,
  origin: string,
  kind: string,
  members: object,
  options: StatementOptions = {},
): ComposedStatement {
  const {
    iss = 'depositor',
    aud = origin,
    jti = randomUUID(),
    iat = Math.floor(Date.now() / 1000),
    sealed = {},
  } = options
  return composeStatement({ iss, aud, jti, iat, kind }, members, sealed, signer, randomSalt)
}

export function sha256Hex(data: string | Uint8Array): string {
  return createHash('sha256').update(data).digest('hex')
}

/** An item for some content. */
export function itemFor(content: string): { size: number; digest: { sha256: string } } {
  return { size: Buffer.byteLength(content), digest: { sha256: sha256Hex(content) } }
}

/** A deposit of one item. */
export function deposit(
  signer: Signer,
  origin: string,
  content: string,
  options: StatementOptions = {},
): ComposedStatement {
  return statement(signer, origin, 'evidence.deposit', { items: [itemFor(content)] }, options)
}
