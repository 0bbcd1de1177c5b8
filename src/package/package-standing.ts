import { defined } from '../core/objects.ts'
import { eventFaults, type Standing } from './package-events.ts'
import type { PackagedDeposit, PackagedRelated, Retraction } from './package-report.ts'

/** What is known of one deposit of a package, or of all of them; undefined where the package has a fault. */
export function standingOf(
  faults: number,
  retractions: number,
  flagged: number,
  isAsked: boolean,
): Standing | undefined {
  if (faults > 0) return undefined
  if (retractions > 0) return 'retracted'
  return flagged > 0 ? 'key-compromised' : isAsked ? 'sound' : 'not-asked'
}

/** Whether a retraction is of a whole deposit: one of a part leaves the standing as it is. */
export function isWhole({ item }: Retraction): boolean {
  return item === undefined
}

/** Retractions that hold: nothing is wrong with the receipt, its signer, or the right to take that deposit back. */
export function retractionsOf(related: PackagedRelated, deposits: readonly PackagedDeposit[]): Retraction[] {
  const { path, checked, events, admission } = related
  const isSound = checked.faults.length === 0 && admission.state !== 'fault'
  if (!isSound || eventFaults(path, checked, events, deposits).length > 0) return []
  const { index, time } = checked.receipt.entry
  return events
    .filter(({ what }) => what === 'retracted' || what === 'part-retracted')
    .map(({ folder, of, code, item, line }) => ({
      folder,
      of,
      by: index,
      time,
      reason: code ?? '',
      ...defined({ item, line }),
    }))
}
