import { EvidenceError } from '../../src/core/errors.ts'
import { parseFileProof } from '../../src/core/file-proof.ts'
import type { Policy } from '../../src/core/policy.ts'
import { fileArgument } from './file-argument.ts'
import { withoutQuorum } from '../../src/client/deposit-answer.ts'
import { defined } from '../../src/core/objects.ts'
import type { OptionsOf } from './declare.ts'
import type { Target } from './reference.ts'
import { indexArgument } from './values.ts'
import { findEvidence, requireLine } from '../../src/check/node/evidence-files.ts'
import { checkManifestOnly, checkOne, type CheckResult } from '../../src/check/steps/receipt.ts'
import { handedFiles } from '../../src/check/node/handed-files.ts'
import { readArtefact } from '../../src/check/node/artefact.ts'

/** Options that name one item of a deposit, or one line of the manifest that an item is. */
export const partFlags = [
  ['--item <n>', 'one item of the deposit, from 0'],
  ['--line <n>', 'one file of a folder: its line of the manifest that the item is, from 0'],
  ['--file <path>', 'one file, by its name: what was deposited of it is found beside it, as "evidence check" finds it'],
] as const
export type PartOptions = OptionsOf<typeof partFlags>

/** What a reference says of a part; empty for a whole deposit. */
export interface Part {
  readonly item?: number
  readonly line?: number
}

/**
 * The part of a deposit that is named behind it, or by options: by numbers, or by a file whose evidence lies beside it. The file's own bytes
 * may have changed. Throws `usage`, `receipt-not-found`, `file-not-in-deposit`, and the first fault of the evidence.
 */
export async function partOf(
  { item, line, file }: PartOptions,
  { index, ...written }: Pick<Target, 'index' | 'item' | 'line'>,
  policy: Policy,
): Promise<Part> {
  const named = [item, line, file].some((one) => one !== undefined)
  if (written.item !== undefined) {
    if (!named) return { item: written.item, ...defined({ line: written.line }) }
    throw new EvidenceError(
      'usage',
      `item ${written.item} is named behind the entry: leave out --item, --line and --file`,
    )
  }
  if (file !== undefined) {
    if (item !== undefined || line !== undefined)
      throw new EvidenceError('usage', '--file names the item and the line by itself; leave out --item and --line')
    return partOfFile(fileArgument(file), index, withoutQuorum(policy))
  }
  if (line !== undefined && item === undefined)
    throw new EvidenceError('usage', '--line is a line of the manifest that an item is; name the item by --item')
  return {
    ...(item === undefined ? {} : { item: indexArgument(item) }),
    ...(line === undefined ? {} : { line: indexArgument(line) }),
  }
}

async function partOfFile(file: string, index: number, policy: Policy): Promise<Part> {
  const evidence = findEvidence(file)
  let result: CheckResult
  let line: number | undefined
  if (evidence.kind === 'manifest') {
    line = requireLine(evidence, file).index
    result = await checkManifestOnly(handedFiles, evidence, policy)
  } else {
    result = await checkOne(handedFiles, file, evidence, policy)
    if (evidence.kind === 'file-proof') line = parseFileProof(readArtefact(evidence.proof)).lineIndex
  }
  const [fault] = result.faults.filter(({ code }) => code !== 'file-differs')
  if (fault !== undefined) throw new EvidenceError(fault.code, fault.message, { where: file })
  const at = result.checked?.receipt.entry.index
  if (at !== index)
    throw new EvidenceError('usage', `${file} was deposited by entry ${at}, and not by entry ${index}`, { where: file })
  if (result.item === undefined)
    throw new EvidenceError('file-not-in-deposit', `which item of entry ${index} ${file} is cannot be told`, {
      where: file,
    })
  return { item: result.item, ...(line === undefined ? {} : { line }) }
}
