import { existsSync } from 'node:fs'
import type { LedgerClient } from '../../src/client/ledger-client.ts'
import { toBase64 } from '../../src/core/base64.ts'
import { leafHash, statusHash } from '../../src/core/entry.ts'
import { EvidenceError } from '../../src/core/errors.ts'
import { isFileProof, parseFileProof } from '../../src/core/file-proof.ts'
import type { Policy } from '../../src/core/policy.ts'
import type { ShownEntries } from '../../src/core/shown.ts'
import { fsPath } from '../../src/node/file-path.ts'
import { checkReceipt } from '../../src/verify/check-receipt.ts'
import { withoutQuorum } from '../../src/client/deposit-answer.ts'
import { exhibitIndex } from './exhibit.ts'
import { indexArgument } from './values.ts'
import { parseArtefact } from '../../src/check/node/artefact.ts'

/** An earlier entry that a statement refers to. */
export interface Target {
  readonly index: number
  /** Base64. */
  readonly leafHash: string
  /** What shows that its receipt is at hand: for a signer who may not read it. */
  readonly shown: ShownEntries
}

/**
 * Deposits that arguments name: by index, by receipt, or by the exhibit number that its collector gave; each once. Throws `usage`, the codes of
 * {@link targetOf} and {@link exhibitIndex}.
 */
export async function depositsOf(
  names: readonly string[],
  client: LedgerClient,
  policy: Policy,
): Promise<readonly Target[]> {
  const found = new Map<number, Target>()
  for (const name of names) {
    const isOther = /^[0-9]+$/.test(name) || existsSync(fsPath(name))
    const target = await targetOf(isOther ? name : String(await exhibitIndex(client, name)), client, policy)
    found.set(target.index, target)
  }
  return [...found.values()]
}

/**
 * The entry that an argument names: by its index, or by its receipt. Throws `usage`, and for a receipt the codes of
 * {@link targetOfReceipt}.
 */
export async function targetOf(argument: string, client: LedgerClient, policy: Policy): Promise<Target> {
  if (!/^[0-9]+$/.test(argument)) {
    if (existsSync(fsPath(argument))) return targetOfReceipt(argument, policy)
    throw new EvidenceError('usage', `${JSON.stringify(argument)} is neither the index of an entry nor a receipt`)
  }
  const index = indexArgument(argument)
  // The leaf hash of an entry is public in every reading mode.
  return { index, leafHash: (await client.inclusion(index)).leafHash, shown: new Map() }
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
    return { index, leafHash: toBase64(leafHash(receipt.entryBytes)), shown }
  })
}
