import { existsSync } from 'node:fs'
import type { Identity, LedgerClient } from '../../src/client/ledger-client.ts'
import { requireReceiptOf } from '../../src/client/named-entry.ts'
import { attempt, settled } from '../../src/core/attempt.ts'
import { fromBase64, toBase64 } from '../../src/core/base64.ts'
import { utf8 } from '../../src/core/bytes.ts'
import { parseSignedCheckpoint } from '../../src/core/checkpoint.ts'
import { leafHash, statusHash } from '../../src/core/entry.ts'
import { EvidenceError } from '../../src/core/errors.ts'
import { isFileProof, parseFileProof } from '../../src/core/file-proof.ts'
import { defined } from '../../src/core/objects.ts'
import { verifyInclusion } from '../../src/core/merkle/verify.ts'
import { applyPolicy, type Policy } from '../../src/core/policy.ts'
import type { ShownEntries } from '../../src/core/shown.ts'
import { fsPath } from '../../src/node/file-path.ts'
import { type CheckedReceipt, checkReceipt } from '../../src/verify/check-receipt.ts'
import { withoutQuorum } from '../../src/client/deposit-answer.ts'
import type { Reference } from '../../src/statements/members.ts'
import type { Output } from '../render/output.ts'
import type { SigningLedger } from '../statements/signing-ledger.ts'
import { exhibitDeposit, notForAsker } from './exhibit.ts'
import {
  type Asking,
  askNamedDeposit,
  depositText,
  type NamedDeposit,
  namedDepositOf,
  requireDepositor,
} from './named-deposit.ts'
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
  /** Whose it is, where its receipt is at hand. */
  readonly deposit?: NamedDeposit | undefined
}

/** How a ledger is asked for what somebody is about to sign about. */
export function askingFor(
  { client, policy, origin }: SigningLedger,
  identity: Identity,
  { depositor }: { readonly depositor?: string },
  output: Output,
): Asking {
  return { client: client.as(identity), policy, origin, depositor, note: (line) => output.note(line) }
}

/** How a ledger is asked for a deposit that is only looked at. */
export function readingOf(
  client: LedgerClient,
  policy: Policy,
  { depositor }: { readonly depositor?: string },
  output: Output,
): Asking {
  return { client, policy, depositor, note: (line) => output.note(line) }
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
 * where one names a part, the codes of {@link targetOf} and {@link exhibitDeposit}.
 */
export async function depositsOf(names: readonly string[], asking: Asking): Promise<readonly Target[]> {
  const found = await unitsOf(names, asking)
  const part = found.find(({ item }) => item !== undefined)
  if (part === undefined) return found
  throw new EvidenceError('usage', `item ${part.item} of entry ${part.index} is a part: name the whole deposit`)
}

/**
 * Deposits, or items of them, that arguments name; each once. Whose deposit an exhibit number was found to be is told. Throws `usage` where one
 * names a line, or the deposit of another than was named, and the codes of {@link targetOf} and {@link exhibitDeposit}.
 */
export async function unitsOf(names: readonly string[], asking: Asking): Promise<readonly Target[]> {
  const found = new Map<string, Target>()
  for (const name of names) {
    const target = await depositOf(name, asking)
    if (target.line !== undefined)
      throw new EvidenceError('usage', `${name} names a line: custody and access are of deposits and items`)
    requireDepositor(target.index, target.deposit, asking.depositor)
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

async function depositOf(text: string, asking: Asking): Promise<Target> {
  const { name } = splitPart(text)
  if (/^[0-9]+$/.test(name) || existsSync(fsPath(name))) return targetOf(text, asking)
  // The number of an exhibit may itself end in ":1".
  const whole = await settled(exhibitTarget(text, asking), 'receipt-not-found')
  if (!(whole instanceof EvidenceError)) return whole
  const [, number, item] = /^(.+):([0-9]+)$/s.exec(text) ?? []
  if (number === undefined || item === undefined) throw whole
  return { ...(await exhibitTarget(number, asking)), item: indexArgument(item) }
}

/** The deposit with an exhibit number; whose it is, is told. */
async function exhibitTarget(number: string, asking: Asking): Promise<Target> {
  const { index, checked } = await exhibitDeposit(asking, number)
  const deposit = await askNamedDeposit(checked, asking)
  asking.note?.(`${number} is ${depositText(index, deposit)}`)
  return { ...targetIn(checked), deposit }
}

/**
 * The entry that an argument names, by its index or by its receipt, with the item and line behind it. Throws `usage`, and for a receipt the codes of
 * {@link targetOfReceipt}.
 */
export async function targetOf(argument: string, asking: Asking): Promise<Target> {
  const { name, part } = splitPart(argument)
  if (/^[0-9]+$/.test(name)) return { ...(await targetAt(indexArgument(name), asking)), ...part }
  if (existsSync(fsPath(name))) return { ...targetOfReceipt(name, asking.policy), ...part }
  throw new EvidenceError('usage', `${JSON.stringify(argument)} is neither the index of an entry nor a receipt`)
}

/**
 * The entry at an index. Its leaf hash is that of the entry in its receipt; where the asker may not read it, that which leads to the root
 * of a checkpoint that holds under the policy. Throws `server-answer`, and what asking throws.
 */
async function targetAt(index: number, asking: Asking): Promise<Target> {
  const { client, policy, origin } = asking
  const text = await settled(client.receipt(index), ...notForAsker, 'entry-not-found')
  if (text instanceof EvidenceError) return { index, leafHash: await provenLeafHash(index, asking), shown: new Map() }
  return targetIn(requireReceiptOf(text, policy, { index, origin }))
}

function targetIn(checked: CheckedReceipt): Target {
  const { entry, entryBytes } = checked.receipt
  const deposit = namedDepositOf(checked)
  return { index: entry.index, leafHash: toBase64(leafHash(entryBytes)), shown: new Map(), deposit }
}

/** The leaf hash of an entry, which is public in every reading mode, in base64. */
async function provenLeafHash(index: number, { client, policy, origin }: Asking): Promise<string> {
  const { checkpoint: signed } = await client.ledger()
  const { checkpoint, note } = parseSignedCheckpoint(utf8(signed))
  const { size, root } = checkpoint
  const { leafHash: text, hashes } = await client.inclusion(index, size)
  const isProven = attempt(() => {
    applyPolicy(withoutQuorum(policy), note, origin ?? checkpoint.origin)
    return verifyInclusion({
      index,
      size,
      leafHash: fromBase64(text),
      proof: hashes.map((hash) => fromBase64(hash)),
      root,
    })
  })
  if (isProven === true) return text
  const why = isProven === false ? '' : `: ${isProven.message}`
  throw new EvidenceError(
    'server-answer',
    `the server does not prove the leaf hash that it says entry ${index} has${why}`,
    {
      index,
    },
  )
}

/** The entry of a receipt, or of a file's proof, which has to hold under the policy but for its quorum. Throws its fault, and as {@link parseArtefact}. */
export function targetOfReceipt(path: string, policy: Policy): Target {
  return parseArtefact(path, (bytes) => {
    const text = isFileProof(bytes) ? parseFileProof(bytes).receipt : bytes
    const checked = checkReceipt(text, withoutQuorum(policy))
    const [fault] = [...checked.faults, ...checked.unjudged]
    if (checked.receipt === undefined || fault !== undefined)
      throw new EvidenceError(fault?.code ?? 'receipt-malformed', fault?.message ?? 'the receipt cannot be read')
    const { receipt } = checked
    const { index } = receipt.entry
    const shown = new Map([[index, statusHash(receipt.entryBytes)]])
    return {
      index,
      leafHash: toBase64(leafHash(receipt.entryBytes)),
      shown,
      file: path,
      deposit: namedDepositOf(checked),
    }
  })
}
