import { existsSync } from 'node:fs'
import type { LedgerClient } from '../../src/client/ledger-client.ts'
import { settled } from '../../src/core/attempt.ts'
import { toBase64 } from '../../src/core/base64.ts'
import { leafHash, statusHash } from '../../src/core/entry.ts'
import { EvidenceError } from '../../src/core/errors.ts'
import { isFileProof, parseFileProof } from '../../src/core/file-proof.ts'
import { defined } from '../../src/core/objects.ts'
import type { Policy } from '../../src/core/policy.ts'
import type { ShownEntries } from '../../src/core/shown.ts'
import { fsPath } from '../../src/node/file-path.ts'
import { checkReceipt } from '../../src/verify/check-receipt.ts'
import { withoutQuorum } from '../../src/client/deposit-answer.ts'
import type { Reference } from '../../src/statements/members.ts'
import { exhibitIndex } from './exhibit.ts'
import type { Part } from './part.ts'
import { indexArgument } from './values.ts'
import { parseArtefact } from '../../src/check/node/artefact.ts'

/** An earlier entry that a statement refers to. */
export interface Target extends Part {
  readonly index: number
  /** Base64. */
  readonly leafHash: string
  /** What shows that its receipt is at hand: for a signer who may not read it. */
  readonly shown: ShownEntries
  /** The file with its receipt, where it was named by one. */
  readonly file?: string
}

/** What a reference says of a target. */
export function referenceTo({ index, leafHash, item, line }: Target): Reference {
  return { index, leafHash, ...defined({ item, line }) }
}

/** A name and the part that stands behind it: `17:0:5` is line 5 of the manifest that item 0 of entry 17 is. A file of that very name has no part. */
export function splitPart(text: string): { readonly name: string; readonly part: Part } {
  const [, name, item, line] = /^(.*?[^:])(?::([0-9]+)(?::([0-9]+))?)$/s.exec(text) ?? []
  if (name === undefined || item === undefined || existsSync(fsPath(text))) return { name: text, part: {} }
  const number = line === undefined ? undefined : indexArgument(line)
  return { name, part: { item: indexArgument(item), ...defined({ line: number }) } }
}

/**
 * Deposits that arguments name as a whole: by index, by receipt, or by the exhibit number that its collector gave; each once. Throws `usage`
 * where one names a part, the codes of {@link targetOf} and {@link exhibitIndex}.
 */
export async function depositsOf(
  names: readonly string[],
  client: LedgerClient,
  policy: Policy,
): Promise<readonly Target[]> {
  const found = await unitsOf(names, client, policy)
  const part = found.find(({ item }) => item !== undefined)
  if (part === undefined) return found
  throw new EvidenceError('usage', `item ${part.item} of entry ${part.index} is a part: name the whole deposit`)
}

/** Deposits, or items of them, that arguments name; each once. Throws `usage` where one names a line, and the codes of {@link targetOf} and {@link exhibitIndex}. */
export async function unitsOf(
  names: readonly string[],
  client: LedgerClient,
  policy: Policy,
): Promise<readonly Target[]> {
  const found = new Map<string, Target>()
  for (const name of names) {
    const target = await depositOf(name, client, policy)
    if (target.line !== undefined)
      throw new EvidenceError('usage', `${name} names a line: custody and access are of deposits and items`)
    found.set(`${target.index}:${target.item ?? ''}`, target)
  }
  return [...found.values()]
}

/** Units with the item of the option `--item`, which is of one deposit that is named as a whole. Throws `usage`. */
export function withItem(targets: readonly Target[], text: string | undefined): readonly Target[] {
  if (text === undefined) return targets
  const [one, ...more] = targets
  if (one !== undefined && more.length === 0 && one.item === undefined) return [{ ...one, item: indexArgument(text) }]
  const why = '--item is an item of one deposit; of several name it behind each: 17:0'
  throw new EvidenceError('usage', why, { where: '--item' })
}

async function depositOf(text: string, client: LedgerClient, policy: Policy): Promise<Target> {
  const { name } = splitPart(text)
  if (/^[0-9]+$/.test(name) || existsSync(fsPath(name))) return targetOf(text, client, policy)
  // The number of an exhibit may itself end in ":1".
  const whole = await settled(exhibitIndex(client, text), 'receipt-not-found')
  if (!(whole instanceof EvidenceError)) return targetOf(String(whole), client, policy)
  const [, number, item] = /^(.+):([0-9]+)$/s.exec(text) ?? []
  if (number === undefined || item === undefined) throw whole
  return targetOf(`${await exhibitIndex(client, number)}:${item}`, client, policy)
}

/**
 * The entry that an argument names, by its index or by its receipt, with the item and line behind it. Throws `usage`, and for a receipt the codes of
 * {@link targetOfReceipt}.
 */
export async function targetOf(argument: string, client: LedgerClient, policy: Policy): Promise<Target> {
  const { name, part } = splitPart(argument)
  if (!/^[0-9]+$/.test(name)) {
    if (existsSync(fsPath(name))) return { ...targetOfReceipt(name, policy), ...part }
    throw new EvidenceError('usage', `${JSON.stringify(argument)} is neither the index of an entry nor a receipt`)
  }
  const index = indexArgument(name)
  // The leaf hash of an entry is public in every reading mode.
  return { index, leafHash: (await client.inclusion(index)).leafHash, shown: new Map(), ...part }
}

/** The entry of a receipt, or of a file's proof, which has to hold under the policy but for its quorum. Throws its fault, and as {@link parseArtefact}. */
export function targetOfReceipt(path: string, policy: Policy): Target {
  return parseArtefact(path, (bytes) => {
    const text = isFileProof(bytes) ? parseFileProof(bytes).receipt : bytes
    const { receipt, faults, unjudged } = checkReceipt(text, withoutQuorum(policy))
    const [fault] = [...faults, ...unjudged]
    if (receipt === undefined || fault !== undefined)
      throw new EvidenceError(fault?.code ?? 'receipt-malformed', fault?.message ?? 'the receipt cannot be read')
    const { index } = receipt.entry
    const shown = new Map([[index, statusHash(receipt.entryBytes)]])
    return { index, leafHash: toBase64(leafHash(receipt.entryBytes)), shown, file: path }
  })
}
