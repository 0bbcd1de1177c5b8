import { existsSync } from 'node:fs'
import { createHash } from 'node:crypto'
import type { DepositResult, Identity } from '../../src/client/ledger-client.ts'
import type { Disclosure } from '../../src/core/disclosure.ts'
import { EvidenceError, isEvidenceError } from '../../src/core/errors.ts'
import type { JsonValue } from '../../src/core/json.ts'
import { attempt, valueOr } from '../../src/core/attempt.ts'
import { toBase64 } from '../../src/core/base64.ts'
import { leafHash } from '../../src/core/entry.ts'
import type { Policy } from '../../src/core/policy.ts'
import { takesThePlaceOf, withoutQuorum } from '../../src/client/deposit-answer.ts'
import { readArtefact } from '../../src/check/node/artefact.ts'
import { type CheckedReceipt, checkReceipt } from '../../src/verify/check-receipt.ts'
import type { Receipt } from '../../src/core/receipt.ts'
import type { ShownEntries } from '../../src/core/shown.ts'
import { pendingPath } from '../../src/node/artefact-names.ts'
import { fsPath, removeFile } from '../../src/node/file-path.ts'
import type { Kind } from '../../src/statements/kinds.ts'
import { writeReceipt } from '../files/outputs.ts'
import type { Output } from '../render/output.ts'
import { depositSigned } from './sign.ts'
import type { SigningLedger } from './signing-ledger.ts'
import {
  canonical,
  isBusy,
  keptStatement,
  saysInClear,
  setAside,
  signWaiting,
  type WantedStatement,
  waitingStatement,
} from './waiting.ts'

/*
 * Statements about evidence that no file goes with: hand-overs, rules of access, orders, attestations. Each is kept before it is sent, as a deposit is,
 * so that an answer that never came costs nothing: the same command sends the same bytes again, and so does `evidence deposit --resend`.
 */

/** What a command is about to say. */
export interface Saying {
  readonly kind: Kind
  readonly members: object
  readonly sealed?: Readonly<Record<string, JsonValue>>
  /** Disclosures that somebody else made, and that are sealed with its own. */
  readonly given?: readonly Disclosure[]
  /** Entries whose receipts are at hand: for a signer who may not read them. */
  readonly shown?: ShownEntries
}

/** Where a command leaves what it did, and to whom it tells of it. */
export interface Place {
  /** Where the receipt goes; by default `entry-INDEX.tlog-proof`. */
  readonly receipt: string | undefined
  readonly note: (line: string) => void
}

/** The place that a command's options name, and its notes. */
export function placeOf({ receipt }: { readonly receipt?: string }, output: Output): Place {
  return { receipt, note: (line) => output.note(line) }
}

/** What came of a statement. */
export interface Kept {
  readonly result: DepositResult
  /** Path of its receipt. */
  readonly receipt: string
}

/** A statement that is to be made, and where it waits until its receipt is there. */
export interface Prepared {
  readonly wanted: WantedStatement
  readonly pending: string
  /** True where the same statement was signed before, and has no answer yet. */
  readonly isSigned: boolean
}

/** Looks whether what is to be said was signed before, and not answered; nothing is signed. */
export function prepare(
  { origin }: SigningLedger,
  { id, signer }: Identity,
  saying: Saying,
  receipt: string | undefined,
): Prepared {
  const { kind, members, sealed = {}, given = [] } = saying
  const all = { ...sealed, ...Object.fromEntries(given.map(({ claim, value }) => [claim, value])) }
  const wanted = { origin, iss: id, key: signer.jwk, kind, members, sealed: all }
  const pending = receipt === undefined ? ownPath(wanted) : pendingOf(receipt)
  return { wanted, pending, isSigned: waitingStatement(pending, wanted).is === 'same' }
}

/** A name made of what is to be said, so that the same command finds it again. */
function ownPath(wanted: WantedStatement): string {
  const digest = createHash('sha256').update(canonical(wanted)).digest('hex').slice(0, 12)
  return `${wanted.kind.replaceAll('.', '-')}-${digest}.evidence-statement`
}

/** Where a statement waits whose receipt goes to a path. */
export function pendingOf(receipt: string): string {
  return receipt.endsWith('.tlog-proof') ? pendingPath(receipt) : `${receipt}.evidence-statement`
}

/**
 * Signs a statement, or takes the one that was signed before and says this; keeps it, sends it, and writes its receipt. A statement
 * that says something else and waits in its place is kept under another name, and told of. Throws the codes of {@link depositSigned}, with the name of the kept
 * statement and how to send it again; `file-exists`, `file-unwritable`.
 */
export async function depositKept(
  ledger: SigningLedger,
  identity: Identity,
  saying: Saying,
  place: Place,
): Promise<Kept> {
  const [presentation, pending] = keep(ledger, identity, saying, place)
  const result = await sendKept(ledger, presentation, pending, saying.shown)
  const receipt = writeReceipt(result.index, result.receipt, place.receipt)
  removeFile(pending)
  return { result, receipt }
}

/** Signs and keeps a statement, or finds the one that waits. Gives what is to be sent, and its path. Throws `file-exists`, `file-unwritable`. */
export function keep(
  ledger: SigningLedger,
  identity: Identity,
  saying: Saying,
  place: Place,
): readonly [presentation: string, pending: string] {
  const { wanted, pending } = prepare(ledger, identity, saying, place.receipt)
  const waiting = waitingStatement(pending, wanted)
  if (waiting.is === 'same') {
    place.note(`${pending} was signed before, and has no answer yet: it is sent again as it is`)
    return [waiting.presentation, pending]
  }
  if (waiting.is === 'other') {
    const kept = setAside(pending, 'unanswered')
    place.note(
      `another statement was signed here before, and perhaps sent; it is kept: evidence deposit --resend ${kept}`,
    )
  }
  return [signWaiting(pending, wanted, identity, saying.shown ?? new Map(), saying.given), pending]
}

async function sendKept(
  ledger: SigningLedger,
  presentation: string,
  pending: string,
  shown: ShownEntries | undefined,
): Promise<DepositResult> {
  try {
    return await depositSigned(ledger, presentation, shown)
  } catch (error) {
    if (!isEvidenceError(error)) throw error
    const told = isBusy(error)
      ? `what was signed waits as ${pending}: the same command sends it again, and so does evidence deposit --resend ${pending}`
      : `what was signed is kept as ${setAside(pending, 'refused')}`
    throw new EvidenceError(error.code, `${error.message}; ${told}`, error.facts, { cause: error })
  }
}

/**
 * What came of a statement that was made before, where a receipt at a path shows that: it verifies, but for the policy's quorum, is by the same
 * participant, and says what is wanted as far as it shows it. A statement that still waits for that receipt is removed. Undefined where nothing is there. Throws `file-exists` for anything else.
 */
export function madeBefore(path: string, wanted: WantedStatement, policy: Policy): Kept | undefined {
  if (!existsSync(fsPath(path))) return undefined
  const found = attempt(() => checkReceipt(readArtefact(path), withoutQuorum(policy)))
  if (!(found instanceof EvidenceError) && found.receipt !== undefined && isAbout(found, wanted)) {
    const { entry, entryBytes } = found.receipt
    removeAnswered(path, found.receipt)
    const text = Buffer.from(readArtefact(path)).toString('utf8')
    const leaf = toBase64(leafHash(entryBytes))
    return {
      result: { created: false, index: entry.index, time: entry.time, leafHash: leaf, receipt: text },
      receipt: path,
    }
  }
  throw new EvidenceError('file-exists', `${path} is there, and is no receipt of this; it was left as it is`, {
    where: path,
  })
}

/** Removes the statement that waits for a receipt which is there, where that shows all that the statement seals: a run was killed between the two. */
function removeAnswered(path: string, receipt: Receipt): void {
  const pending = pendingOf(path)
  if (!existsSync(fsPath(pending))) return
  if (valueOr(() => takesThePlaceOf(receipt, keptStatement(pending).presentation), false)) removeFile(pending)
}

function isAbout({ faults, unjudged, body, statement, disclosures }: CheckedReceipt, wanted: WantedStatement): boolean {
  if (faults.length + unjudged.length > 0 || body === undefined || statement === undefined) return false
  const { iss, aud } = statement.common
  const shown = disclosures.every(({ claim, value }) => canonical(value) === canonical(wanted.sealed[claim]))
  return shown && body.kind === wanted.kind && iss === wanted.iss && aud === wanted.origin && saysInClear(body, wanted)
}
