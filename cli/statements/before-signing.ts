import { EvidenceError } from '../../src/core/errors.ts'
import type { JsonValue } from '../../src/core/json.ts'
import { type Jwk, thumbprint } from '../../src/core/jwk.ts'
import { readPolicyFile } from '../../src/ledger/data-folder.ts'
import { findPolicy, type PolicyOptions } from '../options/policy.ts'
import { inGroups } from '../render/command-line.ts'
import type { Output } from '../render/output.ts'
import { whenSeconds } from '../render/when.ts'

/*
 * What is signed offline comes in a file, which others may have written or changed: its signer is shown what it says before the key is opened,
 * and what cannot be meant is not signed.
 */

/** A statement that is about to be signed. */
export interface ToSign {
  /** The file that it came in. */
  readonly path: string
  readonly kind: string
  readonly aud: string
  readonly members: object
  /** Seconds since 1970 after which it takes no effect; undefined of what has no end. */
  readonly exp?: number
}

/** Most members that are shown, a line each, and most characters of one. */
const maxLines = 200
const maxCharacters = 400

/** Shows what is about to be signed: kind, ledger, end, and every member. */
export function showBefore(output: Output, { path, kind, aud, members, exp }: ToSign): void {
  const until = exp === undefined ? '' : `, until ${whenSeconds(exp)}`
  output.note(`to be signed: ${kind} for the ledger ${aud}${until}`)
  const lines = [...linesOf(members as JsonValue, '')]
  for (const line of lines.slice(0, maxLines)) output.note(`  ${line}`)
  if (lines.length > maxLines) output.note(`  … and ${lines.length - maxLines} more: look at ${path} before you sign`)
}

/** A value as lines of its members; a key as its thumbprint, which is what people compare. */
function* linesOf(value: JsonValue, name: string): Generator<string> {
  if (value === null || typeof value !== 'object' || Object.keys(value).length === 0) {
    const text = JSON.stringify(value)
    const rest = text.length - maxCharacters
    yield `${name}: ${rest > 0 ? `${text.slice(0, maxCharacters)}… (${rest} more characters)` : text}`
  } else if (Array.isArray(value)) {
    for (const [i, one] of value.entries()) yield* linesOf(one, `${name}[${i}]`)
  } else if (isKey(value)) yield `${name}: key ${inGroups(thumbprint(value))}`
  else {
    for (const [member, one] of Object.entries(value))
      yield* linesOf(one, name === '' ? member.slice(0, 80) : `${name}.${member.slice(0, 80)}`)
  }
}

function isKey(value: object): value is Jwk {
  const { crv, kty, x, ...more } = value as Partial<Jwk>
  return crv === 'Ed25519' && kty === 'OKP' && typeof x === 'string' && Object.keys(more).length === 0
}

/** Refuses to sign for another ledger than that of the user's policy, where they have one, and what has ended. Throws `server-other-ledger`, `proposal-expired`. */
export function requireMeant({ path, aud, exp }: ToSign, options: PolicyOptions): void {
  const found = findPolicy(options)
  const names = found === undefined ? [aud] : readPolicyFile(found.path).logs.map(({ key }) => key.name)
  if (found !== undefined && !names.includes(aud)) {
    throw new EvidenceError(
      'server-other-ledger',
      `${path} is for the ledger ${aud}, and ${found.path} names ${names.join(', ')}; nothing was signed`,
      { where: path, expected: names.join(', '), found: aud },
    )
  }
  if (exp !== undefined && exp * 1000 < Date.now())
    throw new EvidenceError(
      'proposal-expired',
      `${path} could be submitted until ${whenSeconds(exp)}; nothing was signed`,
      {
        where: path,
      },
    )
}
