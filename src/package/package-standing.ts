import { defined } from '../core/objects.ts'
import { eventFaults, type Standing } from './package-events.ts'
import type { PackagedDeposit, PackagedRelated, Retraction } from './package-report.ts'

/**
 * What is known of one deposit of a package, or of all of them; undefined where the package has a fault, and where what nobody judged could
 * make it worse (`isOpen`).
 */
export function standingOf(
  faults: number,
  retractions: number,
  flagged: number,
  isAsked: boolean,
  isOpen: boolean,
): Standing | undefined {
  if (faults > 0) return undefined
  if (retractions > 0) return 'retracted'
  if (flagged > 0) return 'key-compromised'
  if (isOpen) return undefined
  return isAsked ? 'sound' : 'not-asked'
}

/** Whether nothing of the receipt is unjudged. */
export function isJudged({ checked }: Pick<PackagedDeposit, 'checked'>): boolean {
  return checked.unjudged.length === 0
}

/** Whether a retraction is of a whole deposit: one of a part leaves the standing as it is. */
export function isWhole({ item }: Retraction): boolean {
  return item === undefined
}

/** Whether nothing of the receipts that a retraction rests on is unjudged: its own, and that of the deposit. */
export interface JudgedRetraction extends Retraction {
  readonly isJudged: boolean
}

/** Retractions that nothing is wrong with: the receipt, its signer, or the right to take that deposit back. Those hold that are judged. */
export function retractionsOf(related: PackagedRelated, deposits: readonly PackagedDeposit[]): JudgedRetraction[] {
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
      isJudged: checked.unjudged.length === 0 && deposits.every((one) => one.folder !== folder || isJudged(one)),
      ...defined({ item, line }),
    }))
}
