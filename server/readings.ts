import type { Reading } from '../src/ledger/access/reading-log.ts'
import type { Piece } from '../src/ledger/copy/piece.ts'
import type { CopyReader } from '../src/ledger/copy/replication.ts'
import { readStored } from '../src/ledger/entry-facts.ts'
import { type ClaimFacts, claimFacts, type NamedReader, type Reader, renewed } from '../src/ledger/rights.ts'
import type { ServerContext } from './context.ts'

/*
 * What is written into the log of readings before it is shown (docs/design/access-rights.md). Each rejects with `readings-failed` where it cannot be written:
 * then nothing may be shown.
 */

/** Something that is to be shown, and whether a reader may be shown it. */
export interface Shown {
  readonly facts: ClaimFacts
  readonly may: (reader: Reader) => boolean
}

/**
 * Gives what of these a reader may be shown at the moment when this resolves, each written into the log under every seal that stands on it then:
 * a seal may be set while what it closes is read, or while a line is written. Rejects with `quota-exceeded` where the reader has had as many lines as it may.
 */
export async function recordShown<One extends Shown>(
  context: ServerContext,
  reader: Reader,
  found: readonly One[],
  shown: 'claims' | 'found',
): Promise<One[]> {
  const { ledger, limits } = context
  const { rights, readings } = ledger
  const written = new Set<string>()
  for (;;) {
    const now = renewed(reader, ledger.standing)
    const left = found.filter(({ may }) => may(now))
    const due = left.flatMap(({ facts }) => {
      const { index } = facts
      const seals = rights.sealsOver(now, facts)
      return seals.some(({ entry }) => !written.has(`${index} ${entry}`)) ? [{ index, seals }] : []
    })
    if (due.length === 0 || now.kind === 'anonymous') return left
    const lines = due.map(({ index, seals }): Reading => ({ reader: now.id, index, shown, seals }))
    limits.requireReading(now.id, readings.linesDue(lines))
    await readings.record(lines)
    for (const { index, seals } of due) for (const { entry } of seals) written.add(`${index} ${entry}`)
  }
}

/** Entries that are looked at in one turn of the event loop. */
const entriesPerTurn = 16

/**
 * Writes that a copy is to be given a piece in which claims are sealed: one line, of the whole piece. No limit counts it, for the operator named who copies.
 * `role`: which entries the copy is given, published ones or all.
 */
export async function recordCopy(
  { ledger }: ServerContext,
  reader: NamedReader,
  { from, entries }: Pick<Piece, 'from' | 'entries'>,
  role: CopyReader,
): Promise<void> {
  const { rights, readings, replication } = ledger
  if (ledger.standingOf(role).access.rules.size === 0) return
  const sealing: ClaimFacts[] = []
  for (let at = 0; at < entries.length; at += entriesPerTurn) {
    for (const [i, { bytes, disclosures }] of entries.slice(at, at + entriesPerTurn).entries()) {
      if (disclosures.length === 0) continue
      const index = from + at + i
      const { statement } = readStored(bytes, index)
      const subjects = await replication.subjects({ index, statement }, role)
      sealing.push(claimFacts({ index, statement }, subjects))
    }
    await new Promise((resolve) => setImmediate(resolve))
  }
  const written = new Set<number>()
  for (;;) {
    // A seal may be set meanwhile.
    const now = { ...reader, standing: ledger.standingOf(role) }
    const all = new Map(sealing.flatMap((facts) => rights.sealsOver(now, facts)).map((seal) => [seal.entry, seal]))
    const seals = [...all.values()].filter(({ entry }) => !written.has(entry))
    if (seals.length === 0) return
    await readings.record([{ reader: reader.id, index: from, to: from + entries.length - 1, shown: 'copied', seals }])
    for (const { entry } of seals) written.add(entry)
  }
}
