import type { Reading } from '../src/ledger/access/reading-log.ts'
import type { Standing } from '../src/ledger/access/reading.ts'
import type { Piece } from '../src/ledger/copy/piece.ts'
import { readStored } from '../src/ledger/entry-facts.ts'
import { type EntryFacts, entryFacts, type NamedReader, type Reader } from '../src/ledger/rights.ts'
import type { ServerContext } from './context.ts'

/*
 * What is written into the log of readings before it is shown (docs/design/access-rights.md). Each rejects with `readings-failed` where it cannot be written:
 * then nothing may be shown.
 */

/** Writes what is to be shown of entries that are sealed. Rejects with `quota-exceeded` where the reader has had as many lines as it may. */
export async function recordReading(
  { ledger: { rights, readings }, limits }: ServerContext,
  reader: Reader,
  entries: readonly Pick<EntryFacts, 'index' | 'about'>[],
  shown: 'claims' | 'found',
): Promise<void> {
  if (reader.kind === 'anonymous') return
  const read = entries.flatMap((entry): Reading[] => {
    const seals = rights.sealsOver(reader, entry)
    return seals.length === 0 ? [] : [{ reader: reader.id, index: entry.index, shown, seals }]
  })
  if (read.length === 0) return
  limits.requireReading(reader.id, readings.linesDue(read))
  await readings.record(read)
}

/** Entries that are looked at in one turn of the event loop. */
const entriesPerTurn = 16

/**
 * Writes that a copy is to be given a piece in which claims are sealed: one line, of the whole piece. No limit counts it, for the operator named who copies.
 * `standing`: as of the entries that the copy is given, published or not.
 */
export async function recordCopy(
  { ledger: { rights, readings } }: ServerContext,
  reader: NamedReader,
  { from, entries }: Pick<Piece, 'from' | 'entries'>,
  standing: Standing,
): Promise<void> {
  if (standing.access.rules.size === 0) return
  const seals = new Map<number, Reading['seals'][number]>()
  for (let at = 0; at < entries.length; at += entriesPerTurn) {
    for (const [i, { bytes, disclosures }] of entries.slice(at, at + entriesPerTurn).entries()) {
      if (disclosures.length === 0) continue
      const index = from + at + i
      const facts = entryFacts({ index, statement: readStored(bytes, index).statement })
      for (const seal of rights.sealsOver({ ...reader, standing }, facts)) seals.set(seal.entry, seal)
    }
    await new Promise((resolve) => setImmediate(resolve))
  }
  if (seals.size === 0) return
  const to = from + entries.length - 1
  await readings.record([{ reader: reader.id, index: from, to, shown: 'copied', seals: [...seals.values()] }])
}
