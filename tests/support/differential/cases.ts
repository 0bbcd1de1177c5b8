import { leafHash } from '../../../src/core/entry.ts'
import { Random } from '../random.ts'
import {
  base64,
  type Case,
  changedEntry,
  latin1,
  ledgers,
  type Maker,
  member,
  parts,
  resealed,
  soundLedgers,
  soundReceipt,
  vectors,
} from './changes.ts'
import { mutatedJson } from './json.ts'
import { type BaseLedger, receiptOf, relinked, sealedCheckpoint, signedNote } from './ledgers.ts'
import { type Changed, changedBase64, changedLines } from './lines.ts'
import { packageClasses } from './packages.ts'
import { proofClasses } from './proofs.ts'

function walkInput(
  ledger: BaseLedger,
  entries: readonly (Buffer | undefined)[],
  checkpoint: string,
  leaves?: readonly Uint8Array[],
): Record<string, unknown> {
  return {
    policy: ledger.policy,
    checkpoint,
    entriesBase64: entries.map((one) => (one === undefined ? null : base64(one))),
    ...(leaves === undefined ? {} : { leafHashesBase64: leaves.map(base64) }),
    disclosures: ledger.disclosures,
    ...(ledger.earlier.length === 0 ? {} : { earlier: ledger.earlier }),
  }
}

/** Of a receipt as a byte string, in which the em dash of a signature is three characters. */
const receiptParts: readonly (readonly [string, RegExp])[] = [
  ['proof', /(?<=\nindex [0-9]+\n)[\s\S]*?(?=\n\n)/],
  ['checkpoint', /(?<=\n\n)[\s\S]*?(?=\n\n\u00e2\u0080\u0094 )/],
  ['signature', /(?<=\n\n)\u00e2\u0080\u0094 [\s\S]*$/],
  ['index', /index [0-9]+/],
]

const receiptInput = (ledger: BaseLedger, text: string): Record<string, unknown> => ({
  policy: ledger.policy,
  ...member('receipt', text),
})

/** Changes one part of the extra data of a receipt: the entry, the key, the disclosures. */
function changedExtra(
  text: string,
  change: (extra: string) => Changed | undefined,
): { text: string; what: string } | undefined {
  const found = /(?<=\nextra )\S+/.exec(text)?.[0]
  if (found === undefined) return undefined
  const changed = change(Buffer.from(found, 'base64').toString('latin1'))
  if (changed === undefined) return undefined
  return { text: text.replace(found, Buffer.from(changed.text, 'latin1').toString('base64')), what: changed.what }
}

const classes: Record<string, Maker> = { ...proofClasses }

for (const part of parts) {
  classes[`receipt, entry ${part} altered`] = (random) => {
    const { ledger, text, index } = soundReceipt(random)
    const entry = ledger.entries[index] as Buffer
    const changed = changedEntry(entry, part, false, random)
    if (changed === undefined || changed.entry.equals(entry)) return undefined
    const made = changedExtra(text, (extra) => ({
      text: changed.entry.toString('latin1') + extra.slice(entry.length),
      what: changed.what,
    }))
    return made && { format: 'receipt', input: receiptInput(ledger, made.text), broken: true, what: made.what }
  }
  classes[`ledger, entry ${part} altered`] = (random) => {
    const ledger = random.pick(soundLedgers)
    const at = random.below(ledger.entries.length)
    const changed = changedEntry(ledger.entries[at] as Buffer, part, false, random)
    if (changed === undefined || changed.entry.equals(ledger.entries[at] as Buffer)) return undefined
    const leaves = ledger.entries.map(leafHash)
    return {
      format: 'walk',
      input: walkInput(ledger, ledger.entries.with(at, changed.entry), ledger.checkpoint, leaves),
      broken: true,
      what: changed.what,
    }
  }
  if (part === 'bytes') continue
  classes[`receipt, entry ${part} changed and sealed`] = (random) => {
    const made = resealed(part, random)
    if (made === undefined) return undefined
    const { ledger, entries, at, what } = made
    const text = latin1(receiptOf(ledger, entries, at, sealedCheckpoint(ledger, entries)))
    return { format: 'receipt', input: receiptInput(ledger, text), broken: false, what }
  }
  classes[`ledger, entry ${part} changed and sealed`] = (random) => {
    const made = resealed(part, random)
    if (made === undefined) return undefined
    const { ledger, entries, what } = made
    return { format: 'walk', input: walkInput(ledger, entries, sealedCheckpoint(ledger, entries)), broken: false, what }
  }
}

for (const [name, where] of receiptParts) {
  classes[`receipt, ${name}`] = (random) => {
    const { ledger, text } = soundReceipt(random)
    const found = where.exec(text)
    if (found === null || found[0] === '') return undefined
    const { text: part, what } = changedLines(found[0], random, [found[0], latin1(random.pick(ledgers).checkpoint)])
    const changed = text.slice(0, found.index) + part + text.slice(found.index + found[0].length)
    // A signature may be repeated, or others stand beside it.
    return { format: 'receipt', input: receiptInput(ledger, changed), broken: name !== 'signature', what }
  }
}

classes['receipt, key and disclosures'] = (random) => {
  const { ledger, text, index } = soundReceipt(random)
  const { length } = ledger.entries[index] as Buffer
  const made = changedExtra(text, (extra) => {
    const { text: tail, what } = changedLines(extra.slice(length), random, [extra.slice(length), '~', extra])
    return { text: extra.slice(0, length) + tail, what }
  })
  return made && { format: 'receipt', input: receiptInput(ledger, made.text), broken: false, what: made.what }
}
classes['receipt, a disclosure changed and its digest kept'] = (random) => {
  const { ledger, text, index } = soundReceipt(random)
  const [disclosure] = ledger.disclosures[String(index)] ?? []
  if (disclosure === undefined) return undefined
  const json = mutatedJson(Buffer.from(disclosure, 'base64url').toString(), random)
  if (json === undefined) return undefined
  const made = changedExtra(text, (extra) => ({
    text: extra.replace(disclosure, Buffer.from(json.text).toString('base64url')),
    what: json.what,
  }))
  return made && { format: 'receipt', input: receiptInput(ledger, made.text), broken: true, what: made.what }
}
classes['receipt, any line'] = (random) => {
  const { ledger, text } = soundReceipt(random)
  const { text: changed, what } = changedLines(text, random, [soundReceipt(random).text])
  return { format: 'receipt', input: receiptInput(ledger, changed), broken: false, what }
}
classes['receipt, a part of another ledger'] = (random) => {
  const { ledger, text } = soundReceipt(random)
  const other = soundReceipt(random).text
  const [, where] = random.pick(receiptParts)
  const [mine, theirs] = [where.exec(text)?.[0], where.exec(other)?.[0]]
  if (mine === undefined || theirs === undefined || mine === theirs || mine === '') return undefined
  return {
    format: 'receipt',
    input: receiptInput(
      ledger,
      text.replace(mine, () => theirs),
    ),
    broken: false,
    what: 'part',
  }
}
classes['receipt, checkpoint changed and signed'] = (random) => {
  const ledger = random.pick(soundLedgers)
  const index = random.below(ledger.entries.length)
  const body = ledger.checkpoint.split('\n\n')[0] as string
  const { text, what } = changedLines(`${body}\n`, random, [random.pick(ledgers).checkpoint])
  const receipt = receiptOf(ledger, ledger.entries, index, signedNote(text, ledger.policy))
  return { format: 'receipt', input: receiptInput(ledger, latin1(receipt)), broken: false, what }
}

classes['policy'] = (random) => {
  const { ledger, text } = soundReceipt(random)
  const { text: changed, what } = changedLines(latin1(ledger.policy), random, [latin1(random.pick(ledgers).policy)])
  return { format: 'receipt', input: { ...member('policy', changed), ...member('receipt', text) }, broken: false, what }
}

classes['ledger, checkpoint changed and signed'] = (random) => {
  const ledger = random.pick(soundLedgers)
  const body = ledger.checkpoint.split('\n\n')[0] as string
  const { text, what } = changedLines(`${body}\n`, random, [random.pick(ledgers).checkpoint])
  // Past its end a verifier may say once what is missing: no checkpoint of more entries than there are.
  const size = Number(text.split('\n')[1])
  if (!(size <= ledger.entries.length)) return undefined
  return {
    format: 'walk',
    input: walkInput(ledger, ledger.entries, signedNote(text, ledger.policy), ledger.entries.map(leafHash)),
    broken: false,
    what,
  }
}
classes['ledger, entries missing, twice or in another order'] = (random) => {
  const ledger = random.pick(soundLedgers)
  const entries: (Buffer | undefined)[] = [...ledger.entries]
  const [at, other] = [random.below(entries.length), random.below(entries.length)]
  const what = random.pick(['missing', 'exchanged', 'copied'])
  if (what === 'missing') entries[at] = undefined
  else if (what === 'copied') entries[at] = entries[other]
  else [entries[at], entries[other]] = [entries[other], entries[at]]
  if (what !== 'missing' && (at === other || ledger.entries[at]?.equals(ledger.entries[other] as Buffer) === true))
    return undefined
  return {
    format: 'walk',
    input: walkInput(ledger, entries, ledger.checkpoint, ledger.entries.map(leafHash)),
    broken: true,
    what,
  }
}
classes['ledger, entries in another order and sealed'] = (random) => {
  const ledger = { ...random.pick(ledgers), earlier: [] }
  const entries = [...ledger.entries]
  const what = random.pick(['left out', 'twice', 'moved'])
  const at = random.below(entries.length)
  const [entry] = what === 'twice' ? [entries[at]] : entries.splice(at, 1)
  if (what !== 'left out') entries.splice(random.below(entries.length + 1), 0, entry as Buffer)
  const numbered = entries.map((one, i) =>
    Buffer.from(one.toString('latin1').replace(/\n[0-9]+\n/, `\n${i}\n`), 'latin1'),
  )
  const linked = relinked(numbered, 1)
  if (linked.length === 0) return undefined
  return { format: 'walk', input: walkInput(ledger, linked, sealedCheckpoint(ledger, linked)), broken: false, what }
}
classes['ledger, leaf hashes'] = (random) => {
  const ledger = random.pick(soundLedgers)
  const leaves: Uint8Array[] = ledger.entries.map(leafHash)
  const at = random.below(leaves.length)
  leaves[at] = new Uint8Array(Buffer.from(changedBase64(base64(leaves[at] as Uint8Array), random), 'base64')).slice(
    0,
    32,
  )
  if (leaves[at]?.length !== 32 || Buffer.from(leafHash(ledger.entries[at] as Buffer)).equals(leaves[at] as Uint8Array))
    return undefined
  return {
    format: 'walk',
    input: walkInput(ledger, ledger.entries, ledger.checkpoint, leaves),
    broken: true,
    what: 'hash',
  }
}
classes['ledger, disclosures'] = (random) => {
  const ledger = random.pick(soundLedgers)
  const [index, texts] = random.pick([...Object.entries(ledger.disclosures), ['0', []] as const])
  if (texts.length === 0) return undefined
  const { text, what } = changedLines(texts.join('\n'), random, [texts.join('\n')])
  const disclosures = { ...ledger.disclosures, [index]: text.split('\n') }
  return {
    format: 'walk',
    input: { ...walkInput(ledger, ledger.entries, ledger.checkpoint), disclosures },
    broken: false,
    what,
  }
}
classes['ledger, earlier checkpoint'] = (random) => {
  const ledger = random.pick(soundLedgers)
  const size = 1 + random.below(ledger.entries.length)
  const note = sealedCheckpoint(ledger, ledger.entries.slice(0, size))
  const { text, what } = changedLines(`${note.split('\n\n')[0]}\n`, random, [random.pick(ledgers).checkpoint])
  const earlier = [signedNote(text, ledger.policy)]
  return {
    format: 'walk',
    input: { ...walkInput(ledger, ledger.entries, ledger.checkpoint), earlier },
    broken: false,
    what,
  }
}

/** Formats of lines and of bytes that the vectors have samples of. */
for (const format of [
  'file-proof',
  'manifest',
  'tlog-proof',
  'policy-apply',
  'bundle',
  'note',
  'file',
  'inclusion',
  'consistency',
  'sealed',
  'statement',
]) {
  const samples = vectors
    .filter(({ vector }) => vector.format === format)
    .map(({ text }) => (JSON.parse(text) as Case).input)
  classes[`vector of ${format}`] = (random) => {
    const input = random.pick(samples)
    const names = Object.keys(input).filter(
      (name) => typeof input[name] === 'string' || typeof input[name] === 'number',
    )
    if (names.length === 0) return undefined
    const name = random.pick(names)
    const value = input[name]
    if (typeof value === 'number')
      return {
        format,
        input: { ...input, [name]: Math.max(0, value + random.pick([-1, 1, 255, 2 ** 31])) },
        broken: false,
        what: 'number',
      }
    const plain = name.replace(/Base64$/, '')
    const text = plain === name ? latin1(value as string) : Buffer.from(value as string, 'base64').toString('latin1')
    const others = samples.map((one) => one[name]).filter((one) => typeof one === 'string')
    const { text: changed, what } = changedLines(text, random, [text, latin1(random.pick(others))])
    const { [name]: _before, ...rest } = input
    const put = plain === name ? member(name, changed) : { [name]: Buffer.from(changed, 'latin1').toString('base64') }
    // A text that no bytes were meant for stays a text.
    if (
      plain === name &&
      put[name] === undefined &&
      !['note', 'policy', 'receipt', 'proof', 'manifest', 'fileProof'].includes(name)
    )
      return undefined
    return { format, input: { ...rest, ...put }, broken: false, what }
  }
}

export const classNames: readonly string[] = [...Object.keys(classes), ...Object.keys(packageClasses)]

/** The case of a seed: the same every time. `files`: those of a sound package. */
export function caseOf(seed: number, files: Readonly<Record<string, Buffer>>): Case {
  const random = new Random(Math.imul(seed, 0x9e3779b1))
  const className = classNames[seed % classNames.length] as string
  const ofPackage = packageClasses[className]
  if (ofPackage !== undefined) {
    const { zip, broken, what } = ofPackage(files, random)
    return { className, what, format: 'package', input: { zipBase64: zip.toString('base64') }, broken }
  }
  for (let tries = 0; tries < 100_000; tries++) {
    const made = classes[className]?.(random)
    if (made !== undefined) return { className, ...made }
  }
  throw new Error(`there is nothing to change of the class ${className}`)
}
