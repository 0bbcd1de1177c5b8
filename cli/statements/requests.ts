import { attempt } from '../../src/core/attempt.ts'
import { EvidenceError } from '../../src/core/errors.ts'
import { type JsonValue, parseJson, requireObject } from '../../src/core/json.ts'
import { bodyOf } from '../../src/statements/body.ts'
import type { ComposedStatement, Signer } from '../../src/statements/compose.ts'
import { isProposable, type Kind } from '../../src/statements/kinds.ts'
import { signStatement } from './sign.ts'
import { namedAudience } from './signing-ledger.ts'
import { readArtefact } from '../../src/check/node/artefact.ts'

/** A change that is to be signed, on its way to who signs it: `{aud, kind, …members}` as JSON. */
export interface ChangeRequest {
  readonly aud: string
  readonly kind: Kind
  readonly members: object
}

/** Reads a request from a file: a change whose members are those of its kind. Throws `file-unreadable`, `usage`, the codes of parseJson. */
export function readRequest(path: string): ChangeRequest {
  const { aud, kind, ...members } = requireObject(parseJson(readArtefact(path), path), path) as Record<
    string,
    JsonValue
  >
  if (typeof aud !== 'string' || typeof kind !== 'string' || !isProposable(kind)) {
    throw new EvidenceError('usage', `${path} asks for no change that an administrator signs`, { where: path })
  }
  const body = attempt(() => bodyOf(kind, members))
  if (!(body instanceof EvidenceError)) return { aud, kind, members }
  throw new EvidenceError('usage', `${path} asks for no ${kind} that can be: ${body.message}`, { where: path })
}

/** Signs a request as one's own statement, now. */
export function signRequest({ aud, kind, members }: ChangeRequest, id: string, signer: Signer): ComposedStatement {
  return signStatement(namedAudience(aud), { id, signer }, kind, members)
}
