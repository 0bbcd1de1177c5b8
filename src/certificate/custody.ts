import { custodyEventNames } from '../statements/later-event-names.ts'
import type { ShownEvent, ShownHolding } from './model.ts'

/** Whether an event is of the chain of custody. */
export function isOfCustody({ what }: Pick<ShownEvent, 'what'>): boolean {
  return custodyEventNames.some((name) => name === what)
}

/**
 * Who holds each of `count` items of a deposit, in the order of items, by the attached entries alone: at first `depositor`, by entry `index`. Takes
 * the events in the order of their entries. The custodian signs the end of custody and its resumption (docs/spec/19-custody.md).
 */
export function heldBy(
  { depositor, index, count }: { readonly depositor: string; readonly index: number; readonly count: number },
  events: readonly ShownEvent[],
): ShownHolding[] {
  return Array.from({ length: count }, (_, item) =>
    events
      .filter((event) => isOfCustody(event) && (event.item === null || event.item === item))
      .reduce(after, { item, holder: depositor, since: index, ended: null, byOrder: null, gaps: [] }),
  )
}

function after(held: ShownHolding, event: ShownEvent): ShownHolding {
  const { what, code, index, by, giver, receiver, flags } = event
  const isByOrder = flags.includes('moved-by-order')
  // In lieu of the holder an authority gives what another holds.
  const before = what === 'handed-over' ? giver : by
  const isToBeHeld = what !== 'custody-resumed'
  const isGap = event.inLieu === null && (before !== held.holder || isToBeHeld !== (held.ended === null))
  const next = isGap ? { ...held, gaps: [...held.gaps, index] } : held
  if (what === 'custody-ended') return { ...next, holder: by, since: index, ended: code ?? '' }
  if (what === 'custody-resumed') return { ...next, holder: by, since: index, ended: null }
  if (code !== 'accepted') return next
  return { ...next, holder: receiver ?? by, since: index, ended: null, byOrder: isByOrder ? index : held.byOrder }
}
