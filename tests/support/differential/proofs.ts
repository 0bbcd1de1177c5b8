import { mth, path } from '../../reference/rfc6962.ts'
import type { Random } from '../random.ts'
import { base64, ledgers, type Made, type Maker, member, parts, resealed, soundLedgers, vectors } from './changes.ts'
import { type BaseLedger, partsOf, sealedCheckpoint, signedNote, signerOfHeader } from './ledgers.ts'
import { changedLines, changedWithin } from './lines.ts'

/* Anchors, key transitions and proofs of misbehaviour: those of the vectors with one change, and proofs made of ledgers that were changed and sealed anew. */

interface AnchorInput {
  readonly policy: string
  readonly receipt: string
  readonly anchorsBase64: readonly string[]
}

interface ProofInput {
  readonly policy: string
  readonly proof: string
}

const inputsOf = <T>(format: string): T[] =>
  vectors
    .filter(({ vector, text }) => vector.format === format && !text.includes('"proofBase64"'))
    .map(({ text }) => (JSON.parse(text) as { input: T }).input)
const anchorInputs = inputsOf<AnchorInput>('anchor')
const proofInputs = inputsOf<ProofInput>('misbehaviour')
const latin1 = (text: string): string => Buffer.from(text).toString('latin1')
const bytesOf = (text: string): string => Buffer.from(text, 'latin1').toString('base64')

/** A text with one change, half of the time within base64 that it holds. */
function changed(text: string, random: Random, others: readonly string[]): { text: string; what: string } {
  return (random.below(2) === 0 ? changedWithin(text, random) : undefined) ?? changedLines(text, random, others)
}

function anchorCase(random: Random): Made | undefined {
  const input = random.pick(anchorInputs)
  const anchors = [...input.anchorsBase64]
  const other = random.pick(anchorInputs)
  const made = (over: Record<string, unknown>, what: string): Made => ({
    format: 'anchor',
    input: { policy: input.policy, ...member('receipt', latin1(input.receipt)), anchorsBase64: anchors, ...over },
    broken: false,
    what,
  })
  const how = random.below(8)
  if (how === 0) {
    const { text, what } = changed(latin1(input.receipt), random, [latin1(other.receipt)])
    const { receipt: _own, ...rest } = made({}, what).input
    return { ...made({}, `receipt, ${what}`), input: { ...rest, ...member('receipt', text) } }
  }
  if (how === 1) return made({ policy: other.policy }, 'policy of another')
  if (how === 2) return made({ anchorsBase64: [...anchors, ...other.anchorsBase64] }, 'anchors of another')
  if (how === 3) return made({ anchorsBase64: anchors.toReversed() }, 'in another order')
  if (anchors.length === 0) return undefined
  const at = random.below(anchors.length)
  if (how === 4) return made({ anchorsBase64: [...anchors, anchors[at]] }, 'an anchor twice')
  const text = Buffer.from(anchors[at] as string, 'base64').toString('latin1')
  const { text: altered, what } = changed(text, random, [text])
  return made({ anchorsBase64: anchors.with(at, bytesOf(altered)) }, `anchor, ${what}`)
}

function proofCase(random: Random): Made {
  const input = random.pick(proofInputs)
  const { text, what } = changed(latin1(input.proof), random, [latin1(random.pick(proofInputs).proof)])
  return {
    format: 'misbehaviour',
    input: { policy: input.policy, ...member('proof', text) },
    broken: false,
    what,
  }
}

interface RotatedInput {
  readonly policy: string
  readonly receipt: string
  readonly transition?: string
  readonly rotations?: readonly string[]
}
const rotatedInputs = inputsOf<RotatedInput>('receipt').filter(
  ({ transition, rotations }) => transition !== undefined || rotations !== undefined,
)

/** A receipt with a key transition or with receipts of rotations, one of these with a change. */
function rotatedCase(random: Random): Made | undefined {
  const input = random.pick(rotatedInputs)
  const other = random.pick(rotatedInputs)
  const made = (over: Record<string, unknown>, what: string): Made => ({
    format: 'receipt',
    input: { ...input, ...over },
    broken: false,
    what,
  })
  const how = random.below(6)
  if (how === 0) return made({ policy: other.policy }, 'policy of another')
  if (how === 1) return made({ receipt: other.receipt }, 'receipt of another')
  if (how === 2 && input.rotations !== undefined)
    return made({ rotations: [...input.rotations, ...(other.rotations ?? [other.receipt])] }, 'rotations of another')
  const part = input.transition ?? random.pick(input.rotations ?? [])
  if (part === undefined) return undefined
  const { text, what } = changed(latin1(part), random, [latin1(other.transition ?? part)])
  if (input.transition !== undefined) {
    const { transition: _own, ...rest } = input
    return { ...made({}, `transition, ${what}`), input: { ...rest, ...member('transition', text) } }
  }
  const bytes = Buffer.from(text, 'latin1')
  // Rotations stand in a vector as text alone.
  if (!Buffer.from(bytes.toString()).equals(bytes)) return undefined
  return made(
    { rotations: input.rotations?.map((one) => (one === part ? bytes.toString() : one)) },
    `rotation, ${what}`,
  )
}

const version = 'evidence-ledger/misbehaviour/v1'
const checkpointLine = (note: string): string => `checkpoint ${base64(Buffer.from(note))}\n`
const hashLines = (hashes: readonly Uint8Array[]): string => hashes.map((hash) => `hash ${base64(hash)}\n`).join('')

/** An entry with its path and, mostly, the key that it names. */
function sealedEntry(entries: readonly Buffer[], index: number, random: Random): string {
  const entry = entries[index] as Buffer
  const signer = random.below(8) === 0 ? undefined : signerOfHeader(partsOf(entry)?.header ?? '')
  const line = signer === undefined ? '' : `signer ${signer.jwkLine}\n`
  return `entry ${index} ${base64(entry)}\n${hashLines(path(index, entries))}${line}`
}

/** A ledger with an entry that was changed and sealed: that entry as proof, alone or with another. */
const sealedBreach =
  (part: (typeof parts)[number]): Maker =>
  (random) => {
    const made = resealed(part, random)
    if (made === undefined) return undefined
    const { ledger, entries, at, what } = made
    const other = random.below(entries.length)
    const indices = random.below(2) === 0 ? [at] : [...new Set([at, other])].sort((a, b) => a - b)
    const lines = indices.map((index) => sealedEntry(entries, index, random)).join('')
    const proof = `${version}\nentry\n${checkpointLine(sealedCheckpoint(ledger, entries))}${lines}`
    return { format: 'misbehaviour', input: { policy: ledger.policy, proof }, broken: false, what }
  }

/** Roots of the parts of a tree, none of which has leaves on both sides of `border` (docs/spec/17-misbehaviour.md, step 2). */
function partsAt(border: number, entries: readonly Buffer[], first = 0): Uint8Array[] {
  if (first + entries.length <= border || first >= border) return [mth(entries)]
  let left = 1
  while (left * 2 < entries.length) left *= 2
  return [...partsAt(border, entries.slice(0, left), first), ...partsAt(border, entries.slice(left), first + left)]
}

function twoTrees(random: Random): Made | undefined {
  const ledger: BaseLedger = random.pick(soundLedgers)
  const { entries } = ledger
  const size = 1 + random.below(entries.length)
  const note = sealedCheckpoint(ledger, entries.slice(0, size))
  const { text, what } = changedLines(`${note.split('\n\n')[0]}\n`, random, [random.pick(ledgers).checkpoint])
  const other = random.below(8) === 0 ? note : signedNote(text, ledger.policy)
  const isSplit = size === entries.length || random.below(3) === 0
  const notes = isSplit ? [note, other] : [other, sealedCheckpoint(ledger, entries)]
  const ordered = random.below(2) === 0 ? notes : notes.toReversed()
  const head = `${version}\n${isSplit ? 'split-view' : 'inconsistent'}\n${ordered.map(checkpointLine).join('')}`
  const proof = isSplit ? head : head + hashLines(partsAt(size, entries))
  return { format: 'misbehaviour', input: { policy: ledger.policy, proof }, broken: false, what }
}

/** Classes of changes to anchors, to what leads from key to key, and to proofs of misbehaviour. */
export const proofClasses: Readonly<Record<string, Maker>> = {
  anchors: anchorCase,
  'receipt, what leads to the key in use': rotatedCase,
  'misbehaviour, a part': proofCase,
  'misbehaviour, two trees': twoTrees,
  ...Object.fromEntries(
    parts
      .filter((part) => part !== 'bytes')
      .map((part) => [`misbehaviour, entry ${part} changed and sealed`, sealedBreach(part)]),
  ),
}
