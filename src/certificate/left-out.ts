import type { OnlineStatus } from '../check/steps/later.ts'
import { toReadersOnly } from '../statements/later-event-names.ts'
import type { CheckedEvent, ProvenEvent } from '../verify/check-status.ts'
import type { Finding } from '../verify/report.ts'
import { attachedOfSort } from './attachments.ts'
import { bySort, type CarriedAbout, decisiveAmong, toldSteps } from './carried.ts'
import type { ShownEvent, StatedLater } from './model.ts'

/* What a certificate says nothing of, and the ledger proves to have had when the certificate's maker says that it was asked. */

/** Events that the ledger proves to have had when the certificate's maker says that it was asked, and that the certificate neither shows nor names. */
function unnamed(stated: StatedLater, shown: readonly ShownEvent[], online: OnlineStatus): CheckedEvent[] {
  const known = new Set([...shown, ...stated.events].map(({ index, what }) => `${index} ${what}`))
  return online.events.filter(
    ({ index, what, proven }) => proven && index < stated.size && !known.has(`${index} ${what}`),
  )
}

/**
 * Entries of which readers of the deposit alone are told, and that a certificate says nothing of: none where it says something of any such, for its
 * maker was a reader then, and was told of all.
 */
export function untoldIn(stated: StatedLater, shown: readonly ShownEvent[], online: OnlineStatus): number[] {
  if ([...shown, ...stated.others].some(({ what }) => toReadersOnly.has(what))) return []
  const untold = unnamed(stated, shown, online).filter(({ what }) => toReadersOnly.has(what))
  return [...new Set(untold.map(({ index }) => index))]
}

/** What a certificate shows and states of later entries, and what it is about. */
export interface SaidLater extends CarriedAbout {
  readonly stated: StatedLater
  readonly shown: readonly ShownEvent[]
}

/**
 * What the ledger proves to have had when the certificate's maker says that it was asked, and the certificate neither shows nor names nor
 * counts: one finding for each sort; what decides is to be shown as long as there is room for it, and counting it is not enough. Then steps of
 * custody that the maker does not state. What its maker may not have been told is none of it ({@link untoldIn}).
 */
export function leftOut(said: SaidLater, online: OnlineStatus): Finding[] {
  const { stated, shown } = said
  const untold = new Set(untoldIn(stated, shown, online))
  const proven = online.events.filter((event): event is ProvenEvent => event.proven && event.index < stated.size)
  const decisive: ReadonlySet<CheckedEvent> = decisiveAmong(proven, said)
  const then = unnamed(stated, shown, online).filter(({ index }) => !untold.has(index))
  const ofSorts = [...bySort(then)].flatMap(([what, events]): Finding[] => {
    const counted = stated.others.find((one) => one.what === what)?.count ?? 0
    const attached = new Set(shown.filter((one) => one.what === what).map(({ index }) => index))
    const isFull = attached.size >= attachedOfSort
    const due = isFull ? [] : events.filter((event) => decisive.has(event) && hasGround(event, shown))
    if (events.length <= counted && due.length === 0) return []
    const missing = events.length > counted ? events : due
    const indices = missing.map(({ index }) => index)
    const message = `The certificate states that the ledger was asked as of size ${stated.size}, and leaves out what the ledger had then: ${what}, entry ${indices.slice(-3).join(', ')}.`
    return [leftOutBy(message, `${missing.length}`, `${events.length > counted ? counted : 0}`)]
  })
  return [...ofSorts, ...(untold.size > 0 ? [] : stepsLeftOut(said, proven))]
}

/** A finding on a challenge that is not attached is not attached either. */
function hasGround(event: CheckedEvent, shown: readonly ShownEvent[]): boolean {
  if (!event.proven || event.on === undefined) return true
  return shown.some(({ what, index }) => what === 'challenged' && index === event.on)
}

/** Items of which the certificate's maker states fewer steps of custody than the ledger had then. */
function stepsLeftOut({ stated, items }: SaidLater, proven: readonly ProvenEvent[]): Finding[] {
  return toldSteps(proven, items).flatMap((had, item): Finding[] => {
    const told = stated.steps?.[item] ?? had
    if (told >= had) return []
    const message = `The certificate states that the ledger was asked as of size ${stated.size}, and states fewer steps of custody of item ${item} than the ledger had then.`
    return [leftOutBy(message, `${had}`, `${told}`)]
  })
}

function leftOutBy(message: string, found: string, expected: string): Finding {
  return { code: 'certificate-left-out', message, where: 'certificate.json', found, expected }
}
