import { append } from '../core/arrays.ts'
import { signedWithin } from '../statements/said.ts'
import { type CheckedReceipt, ledgerOf } from '../verify/check-receipt.ts'
import type { Finding } from '../verify/report.ts'
import type { PackagedReceipt } from './package-report.ts'
import { type AdmissionVerdict, type ShownEntry, ShownLedger } from './shown-ledger.ts'

/**
 * What receipts of one package show of who was entitled to sign them (docs/spec/18-package.md, "The admission of a key"): the
 * rulebook is asked of every entry in order of the indices, with a registry that knows what the entries before it say and no more.
 */
export class Admissions {
  readonly faults: Finding[] = []
  readonly unjudged: Finding[] = []
  private readonly ledgers = new Map<string, ShownLedger>()

  /** Judges all of them. Faults and what is not judged are collected of entries that say who may sign; of others a verdict is asked for. */
  constructor(receipts: readonly CheckedReceipt[]) {
    const byOrigin = new Map<string, Map<number, ShownEntry>>()
    for (const checked of receipts) {
      const entry = entryOf(checked)
      if (entry === undefined) continue
      const entries = byOrigin.get(ledgerOf(checked)) ?? new Map<number, ShownEntry>()
      byOrigin.set(ledgerOf(checked), entries.set(entry.index, entry))
    }
    for (const [origin, entries] of [...byOrigin].sort(([a], [b]) => (a < b ? -1 : 1))) {
      const ledger = new ShownLedger(
        origin,
        [...entries.values()].sort((a, b) => a.index - b.index),
      )
      this.ledgers.set(origin, ledger)
      append(this.faults, ledger.faults)
      append(this.unjudged, ledger.unjudged)
    }
  }

  /** Judges the signer of one of the receipts, and what it says, by the entries before it; `not-shown` where too few are in the package. */
  verdict(checked: CheckedReceipt): AdmissionVerdict {
    const entry = entryOf(checked)
    return (entry && this.ledgers.get(ledgerOf(checked))?.verdict(entry)) ?? { state: 'not-shown' }
  }

  /** What was said later of a key that signed at some time, where the package shows it; apart what entries say that are not judged. */
  flags(checked: CheckedReceipt): Pick<PackagedReceipt, 'flagged' | 'flaggedNotJudged'> {
    const entry = entryOf(checked)
    const ledger = this.ledgers.get(ledgerOf(checked))
    if (entry === undefined || ledger === undefined) return { flagged: [], flaggedNotJudged: [] }
    const within = signedWithin(entry.body).flatMap((signer) => ledger.endingsOfSigner(signer))
    const told = [...ledger.endingsOf(entry.statement), ...within].filter(
      ({ compromisedSince: since }) => since !== undefined && since <= entry.time,
    )
    const later = (what: string, by: number): string =>
      `${what} ${entry.index} was signed by a key that was later, by entry ${by}, said to have been compromised at that time`
    return {
      flagged: told.flatMap(({ isJudged, index }) => (isJudged ? [`${later('Entry', index)}.`] : [])),
      flaggedNotJudged: told.flatMap(({ isJudged, index }) => (isJudged ? [] : [later('entry', index)])),
    }
  }
}

function entryOf({ receipt, statement, body, disclosures, faults, unjudged }: CheckedReceipt): ShownEntry | undefined {
  if (statement === undefined || faults.length > 0) return undefined
  const { index, time, timeMs } = receipt.entry
  const sealed = disclosures.find(({ claim }) => claim === 'names')?.value
  const sealedName = typeof sealed === 'string' ? sealed : undefined
  return {
    index,
    time,
    timeMs,
    statement,
    body,
    bytes: receipt.entryBytes,
    sealedName,
    isJudged: unjudged.length === 0,
  }
}
