import { existsSync, renameSync } from 'node:fs'
import { dirname } from 'node:path'
import { valueOr } from '../../src/core/attempt.ts'
import { type Disclosure, splitPresentation } from '../../src/core/disclosure.ts'
import { verifyEd25519 } from '../../src/core/ed25519.ts'
import { EvidenceError, isEvidenceError } from '../../src/core/errors.ts'
import type { JsonValue } from '../../src/core/json.ts'
import { type Jwk, publicKeyOf, thumbprint } from '../../src/core/jwk.ts'
import { encodeShown, parseShown, type ShownEntries, shownHeader } from '../../src/core/shown.ts'
import type { Identity } from '../../src/client/ledger-client.ts'
import { type AsidePaths, asidePaths, pendingManifestPath } from '../../src/node/artefact-names.ts'
import { syncFolder } from '../../src/node/durable-file.ts'
import { fsPath } from '../../src/node/file-path.ts'
import { readArtefact } from '../../src/check/node/artefact.ts'
import { readBody } from '../../src/statements/body.ts'
import { requireDisclosures } from '../../src/statements/disclosures.ts'
import type { Kind, StatementBody } from '../../src/statements/kinds.ts'
import { readEnvelope, readStatement } from '../../src/statements/statement.ts'
import { firstFree, outputKinds, writeOutput } from '../files/outputs.ts'
import { signStatement } from './sign.ts'
import type { Audience } from './signing-ledger.ts'

/*
 * Statements that wait for an answer. A statement is on the disk before it is sent, and stays there until its receipt is: what was
 * signed once is sent again as it is, and the ledger gives the first answer to the same bytes.
 */

/** A statement that is to be made. */
export interface WantedStatement {
  readonly origin: Audience
  readonly iss: string
  /** The public key that signs. */
  readonly key: Jwk
  readonly kind: Kind
  /** What it says in clear, without `_sd` and `_sd_alg`. */
  readonly members: object
  /** What it seals, by claim; with what somebody else sealed. */
  readonly sealed: Readonly<Record<string, JsonValue>>
}

/** A statement that waits for its receipt: signed before, and perhaps never sent, or sent and never answered. */
export type Waiting =
  | { readonly is: 'none' }
  /** A statement that says what is wanted, by the same key: to be sent again, byte for byte. */
  | { readonly is: 'same'; readonly presentation: string }
  | { readonly is: 'other' }

/**
 * Looks at the statement that waits at a path. It may have come with the folder: one whose signature by the wanted key, or one of whose
 * disclosures, does not verify counts as another, as does one that was cut off while it was written, or is none.
 */
export function waitingStatement(path: string, wanted: WantedStatement): Waiting {
  if (!existsSync(fsPath(path))) return { is: 'none' }
  const { presentation } = keptStatement(path)
  const isSame = valueOr(() => saysTheSame(readWaiting(presentation, wanted.key), wanted), false)
  return isSame ? { is: 'same', presentation } : { is: 'other' }
}

/** What a statement that was signed before says, with what it sealed. */
export interface SaidBefore {
  readonly aud: string
  readonly iss: string
  readonly body: StatementBody
  readonly sealed: Readonly<Record<string, JsonValue>>
}

function saysTheSame({ aud, iss, body, sealed }: SaidBefore, wanted: WantedStatement): boolean {
  return (
    aud === wanted.origin &&
    iss === wanted.iss &&
    saysInClear(body, wanted) &&
    canonical(sealed) === canonical(wanted.sealed)
  )
}

/** True where a statement says in clear what is wanted, by anybody, and with any claims. */
export function saysInClear({ kind, members }: StatementBody, wanted: WantedStatement): boolean {
  const { _sd, _sd_alg, ...clear } = members as { readonly _sd?: unknown; readonly _sd_alg?: unknown }
  return kind === wanted.kind && canonical(clear) === canonical(wanted.members)
}

/** JSON with members in order, so that equal values have equal text. */
export function canonical(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) =>
    typeof part === 'object' && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  )
}

/**
 * Reads a statement that waits. Throws `signature-invalid` where the key did not sign it, `kind-unknown`, and the codes of its disclosures
 * where it does not bring all that it sealed.
 */
export function readWaiting(presentation: string, key: Jwk): SaidBefore {
  const { jws, disclosures } = splitPresentation(presentation)
  const envelope = readEnvelope(jws)
  const { signingInput, signature } = envelope.jws
  const isOurs = envelope.knownAlgorithm && envelope.header.kid === thumbprint(key)
  if (!isOurs || !verifyEd25519(publicKeyOf(key), signingInput, signature))
    throw new EvidenceError('signature-invalid', 'the statement that waits is not signed by the key that is to sign it')
  const statement = readStatement(envelope)
  const body = readBody(statement)
  if (body === undefined)
    throw new EvidenceError('kind-unknown', 'the statement that waits is of a kind that this version does not know')
  const { iss, aud } = statement.common
  const opened = requireDisclosures(body, disclosures)
  const sealed = Object.fromEntries(opened.map(({ claim, value }) => [claim, value]))
  return { aud, iss, body, sealed }
}

/** A statement in a file, and entries whose receipts its sender had at hand. */
export interface KeptStatement {
  readonly presentation: string
  readonly shown: ShownEntries
}

const shownLine = `${shownHeader}: `

/**
 * The statement in a file: its presentation on one line, then perhaps the header that goes with it. A line end at the end is a text editor's, or another
 * client's. Throws `file-unreadable`, `request-malformed`.
 */
export function keptStatement(path: string): KeptStatement {
  const text = Buffer.from(readArtefact(path)).toString('latin1').trimEnd()
  const end = text.indexOf('\n')
  const rest = end < 0 ? '' : text.slice(end + 1)
  if (!rest.startsWith(shownLine)) return { presentation: text, shown: new Map() }
  return { presentation: text.slice(0, end).trimEnd(), shown: parseShown(rest.slice(shownLine.length)) }
}

function keptText(presentation: string, shown: ShownEntries): string {
  const header = encodeShown(shown)
  return header === undefined ? presentation : `${presentation}\n${shownLine}${header}\n`
}

/**
 * Signs a statement and writes it down; where another run of the command was faster, its statement is taken. `given` are disclosures that
 * somebody else made, and that are sealed with its own. Throws `file-exists` where a statement that says something else came between.
 */
export function signWaiting(
  path: string,
  wanted: WantedStatement,
  identity: Identity,
  shown: ShownEntries,
  given: readonly Disclosure[] = [],
): string {
  const { origin, kind, members, sealed } = wanted
  const own = Object.fromEntries(Object.entries(sealed).filter(([claim]) => !given.some((one) => one.claim === claim)))
  const { presentation } = signStatement(origin, identity, kind, members, own, given)
  try {
    writeOutput(outputKinds.statement, path, keptText(presentation, shown))
    return presentation
  } catch (error) {
    const other = isEvidenceError(error, 'file-exists') ? waitingStatement(path, wanted) : undefined
    if (other?.is !== 'same') throw error
    return other.presentation
  }
}

/**
 * Moves a statement that waits, with the manifest of its deposit where it has one, out of the way of another: it may have been sequenced, also where it
 * was refused, and is sent again by `evidence deposit --resend`. Gives its new path.
 */
export function setAside(pending: string, why: 'unanswered' | 'refused', manifest?: string): string {
  const places = (n: number): AsidePaths => asidePaths(pending, why, n)
  const kept = places(firstFree((n) => Object.values(places(n))))
  const waiting = manifest === undefined ? undefined : pendingManifestPath(manifest)
  if (waiting !== undefined && existsSync(fsPath(waiting))) renameSync(fsPath(waiting), fsPath(kept.manifest))
  renameSync(fsPath(pending), fsPath(kept.statement))
  syncFolder(dirname(pending))
  return kept.statement
}

/** True where the ledger says that the same bytes may be sent again. */
export function isBusy({ kind: { status } }: EvidenceError): boolean {
  return status >= 500 || status === 408 || status === 429
}
