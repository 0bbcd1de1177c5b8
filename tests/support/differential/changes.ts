import { readVectors, type VectorFile } from '../../vectors/vector-files.ts'
import type { Random } from '../random.ts'
import { mutatedJson } from './json.ts'
import { type BaseLedger, baseLedgers, entryOf, partsOf, receiptOf, relinked, signerOfHeader } from './ledgers.ts'
import { changedLines } from './lines.ts'

/* What the classes of cases are made of: the ledgers of the vectors, one entry of them changed, sealed anew or not. */

/** An input for both verifiers, in the formats of fixtures/vectors. */
export interface Case {
  readonly className: string
  /** Which change of the class. */
  readonly what: string
  readonly format: string
  readonly input: Readonly<Record<string, unknown>>
  /** Bytes that a hash or a signature covers were changed, and neither made anew: it must be refused. */
  readonly broken: boolean
}

export type Made = Omit<Case, 'className'>
/** Undefined where there is nothing of that class to change. */
export type Maker = (random: Random) => Made | undefined

export const ledgers: readonly BaseLedger[] = baseLedgers()
/** Ledgers in which nothing is at fault as they stand: what is broken in them is broken by the change. */
export const vectors: readonly VectorFile[] = readVectors()
const sound = new Set(vectors.filter(({ vector }) => vector.expect.valid).map(({ name }) => name))
export const soundLedgers: readonly BaseLedger[] = ledgers.filter(
  ({ name, checkpoint, entries }) => sound.has(name) && Number(checkpoint.split('\n')[1]) === entries.length,
)

export const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64')
/** Text members of a vector, or their bytes where they are no UTF-8. */
export function member(name: string, latin1: string): Record<string, string> {
  const bytes = Buffer.from(latin1, 'latin1')
  const text = bytes.toString()
  return Buffer.from(text).equals(bytes) ? { [name]: text } : { [`${name}Base64`]: bytes.toString('base64') }
}
export const latin1 = (text: string): string => Buffer.from(text).toString('latin1')

/** One entry of a ledger changed, and what was changed. `isSigned`: its signer signs it anew. */
export function changedEntry(
  entry: Buffer,
  part: 'header' | 'payload' | 'lines' | 'bytes',
  isSigned: boolean,
  random: Random,
): { entry: Buffer; what: string } | undefined {
  if (part === 'bytes') {
    const at = random.below(entry.length)
    const changed = Buffer.from(entry)
    changed[at] = (changed[at] as number) ^ (1 << random.below(8))
    return { entry: changed, what: 'bit' }
  }
  const parts = partsOf(entry)
  if (parts === undefined) return undefined
  const signer = isSigned ? signerOfHeader(parts.header) : undefined
  if (isSigned && signer === undefined) return undefined
  if (part === 'lines') {
    const { text, what } = changedLines(parts.lines.join('\n'), random, [parts.lines.join('\n')])
    return {
      entry: Buffer.from(
        entry.toString('latin1').replace(parts.lines.join('\n'), () => text),
        'latin1',
      ),
      what,
    }
  }
  const changed = mutatedJson(parts[part], random)
  if (changed === undefined) return undefined
  return { entry: entryOf({ ...parts, [part]: changed.text }, signer), what: changed.what }
}

export type Part = Parameters<typeof changedEntry>[1]

/** A ledger up to an entry, the last one mostly; that entry changed, signed and sealed anew. */
export function resealed(
  part: Part,
  random: Random,
): { ledger: BaseLedger; entries: Buffer[]; at: number; what: string } | undefined {
  const ledger = random.pick(ledgers)
  const at = random.below(ledger.entries.length)
  const until = random.below(4) === 0 ? ledger.entries.length : at + 1
  const changed = changedEntry(ledger.entries[at] as Buffer, part, true, random)
  if (changed === undefined) return undefined
  const entries = ledger.entries.slice(0, until).with(at, changed.entry)
  return { ledger: { ...ledger, earlier: [] }, entries: relinked(entries, at + 1), at, what: changed.what }
}

export function soundReceipt(random: Random): { ledger: BaseLedger; text: string; index: number } {
  const ledger = random.pick(soundLedgers)
  const index = random.below(ledger.entries.length)
  return { ledger, text: latin1(receiptOf(ledger, ledger.entries, index, ledger.checkpoint)), index }
}

export const parts: readonly Part[] = ['header', 'payload', 'lines', 'bytes']
