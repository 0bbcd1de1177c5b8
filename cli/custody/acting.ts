import { existsSync } from 'node:fs'
import type { Identity } from '../../src/client/ledger-client.ts'
import { settled } from '../../src/core/attempt.ts'
import { EvidenceError, isEvidenceError } from '../../src/core/errors.ts'
import type { JsonValue } from '../../src/core/json.ts'
import { fsPath } from '../../src/node/file-path.ts'
import { requireNewFile } from '../../src/node/output-file.ts'
import type { Kind } from '../../src/statements/kinds.ts'
import { type ClientOptions, outputOf, signedClient } from '../options/client.ts'
import { fileArgument } from '../options/file-argument.ts'
import type { Output } from '../render/output.ts'
import { when } from '../render/when.ts'
import { depositKept, madeBefore, pendingOf, prepare, type Saying } from '../statements/kept.ts'
import { type SigningLedger, signingLedger } from '../statements/signing-ledger.ts'
import { exhibitText } from './exhibit-text.ts'
import { judgeOffered, type Offered, readOffered } from './offered.ts'

/* What a receiver and a giver do alike when they say what becomes of a release. */

/** The kind of statement that says what became of a release. */
const kind: Kind = 'custody.transfer'

/** Somebody who is about to say what becomes of a release. */
export interface Acting {
  readonly as: 'receiver' | 'giver'
  /** The release's file. */
  readonly path: string
  /** Where the receipt goes. */
  readonly receipt: string
  readonly ledger: SigningLedger
  readonly identity: Identity
  readonly offered: Offered
}

/** Reads a release for its receiver or its giver, who is asked for a key. Throws the codes of readOffered and of a client. */
export async function act(
  argument: string,
  as: Acting['as'],
  options: ClientOptions & { readonly receipt?: string },
): Promise<Acting> {
  const path = fileArgument(argument)
  const { client, identity } = await signedClient(options, outputOf(options))
  const ledger = await signingLedger(options, client, outputOf(options))
  const receipt = options.receipt ?? `${path}.tlog-proof`
  return { as, path, receipt, ledger, identity, offered: readOffered(path, ledger) }
}

/** True where a receipt or a signed statement is where those of the release would go: nothing is judged before they are looked at. */
export function isAnything({ receipt }: Acting): boolean {
  return [receipt, pendingOf(receipt)].some((path) => existsSync(fsPath(path)))
}

/** What is said of the release, with the giver's offer beside it where it is at hand. */
export function sayingOf({ offered }: Acting, members: object, sealed: Readonly<Record<string, JsonValue>>): Saying {
  return { kind, members, sealed, given: offered.offered === undefined ? [] : [offered.offered], shown: offered.shown }
}

/**
 * True where the very same was signed before: it waits for its answer, or its receipt is there. Throws `file-exists` where something
 * else is at the place of the receipt.
 */
export function isSaid({ ledger, identity, receipt }: Acting, saying: Saying): boolean {
  const { wanted, isSigned } = prepare(ledger, identity, saying, receipt)
  return madeBefore(receipt, wanted, ledger.policy) !== undefined || isSigned
}

/**
 * Judges a release before anything is signed about it, and that its receipt could be written. Gives the giver's name, as the ledger's
 * server says, where it says one. Throws the codes of {@link judgeOffered}, `file-exists`, `file-unwritable`.
 */
export async function judge({
  as,
  offered,
  ledger,
  identity,
  receipt,
}: Acting): Promise<{ readonly name: string | undefined }> {
  const giver = await judgeOffered(offered, identity.id, as, ledger.client.as(identity))
  requireNewFile(receipt)
  return { name: giver?.name }
}

/** The exhibits of a release in words. */
export function exhibitsText({ offered }: Acting): string {
  return offered.opened.exhibits.map(exhibitText).join(', ')
}

/** Signs and sends what is said of the release, or finds that it was made before, and tells of it. Throws the codes of {@link depositKept}. */
export async function finish(
  output: Output,
  acting: Acting,
  saying: Saying,
  document: object,
  said: string,
): Promise<void> {
  const { ledger, identity, path, receipt } = acting
  const { wanted } = prepare(ledger, identity, saying, receipt)
  const place = { receipt, note: (line: string) => output.note(line) }
  const made = madeBefore(receipt, wanted, ledger.policy)
  const { result } =
    made ?? (await depositKept(ledger, identity, saying, place).catch((error) => explain(error, acting)))
  output.result({ ...result, ...document, release: path, receipt }, [
    said,
    `  entry ${result.index}, ${when(result.time)}`,
    `  receipt  ${receipt}`,
  ])
}

/** Throws why something is refused; of a release that was used, who holds what it names by the ledger's word: custody may have passed by an answer that was lost. */
async function explain(error: unknown, { ledger, identity, offered }: Acting): Promise<never> {
  if (!isEvidenceError(error, 'release-used')) throw error
  const own = ledger.client.as(identity)
  for (const { index, item } of offered.opened.exhibits) {
    const answer = await settled(own.custody(index))
    if (answer instanceof EvidenceError) throw error
    const units = answer.units.filter((unit) => item === undefined || unit.item === item)
    if (!units.every(({ holder, state }) => holder === identity.id && state === 'held')) throw error
  }
  const message = `${error.message}; by the ledger’s word you hold what it names: where you took it over there is nothing to do, and "evidence history" shows the entry`
  throw new EvidenceError(error.code, message, error.facts, { cause: error })
}
