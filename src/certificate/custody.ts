import { custodyEventNames } from '../statements/later-event-names.ts'
import type { LaterEvent } from '../statements/later-events.ts'
import type { ShownEvent, ShownHolding } from './model.ts'

/** What is asked of an event of custody: out of an attachment, or of the ledger's answer. */
type CustodyEvent = Pick<ShownEvent, 'what' | 'index'> & {
  readonly code?: string | null
  readonly item?: LaterEvent['item'] | null
}

/** Whether an event is of the chain of custody. */
export function isOfCustody({ what }: Pick<ShownEvent, 'what'>): boolean {
  return custodyEventNames.some((name) => name === what)
}

/** Whether an event is a step of custody: an accepted hand-over, an end, a resumption. What was rejected or withdrawn moves nothing. */
export function isCustodyStep(event: Pick<CustodyEvent, 'what' | 'code'>): boolean {
  return isOfCustody(event) && (event.what !== 'handed-over' || event.code === 'accepted')
}

/** Whether an event is about one item of a deposit, by that item's number: one that names none is about all. */
export function isAbout({ item = null }: Pick<CustodyEvent, 'item'>, number: number): boolean {
  return item === null || item === number
}

/** The entries that are steps of custody of one item, each once, in the order of the events. */
export function stepsOf(events: readonly CustodyEvent[], item: number): number[] {
  return [...new Set(events.filter((event) => isCustodyStep(event) && isAbout(event, item)).map(({ index }) => index))]
}

/**
 * Who holds each item of a deposit, in the order of items, by the attached entries alone: at first `depositor`, by entry `index`. Takes
 * the events in the order of their entries, and of each item how many steps of custody the ledger told; none where that is not known. An item whose
 * chain lacks a step has no custodian here. The custodian signs the end of custody and its resumption (docs/spec/19-custody.md).
 */
export function heldBy(
  {
    depositor,
    index,
    count,
    told,
  }: {
    readonly depositor: string
    readonly index: number
    readonly count: number
    readonly told: readonly number[] | null
  },
  events: readonly ShownEvent[],
): ShownHolding[] {
  return Array.from({ length: count }, (_, item) => {
    const own = events.filter((event) => isOfCustody(event) && isAbout(event, item))
    const first: Chain = { holder: depositor, since: index, ended: null, byOrder: null, gaps: [] }
    const { holder, since, ended, byOrder, gaps } = own.reduce(after, first)
    const steps = { attached: stepsOf(own, item).length, told: told?.[item] ?? null }
    const rest = { byOrder, gaps, steps }
    const isWhole = gaps.length === 0 && steps.attached === steps.told
    return isWhole ? { item, holder, since, ended, ...rest } : { item, holder: null, since: null, ended: null, ...rest }
  })
}

/** Why a certificate states no custodian of an item; undefined where it states one. */
export function doubtOf({ holder, steps }: ShownHolding): 'not-told' | 'not-all' | 'gap' | undefined {
  if (holder !== null) return undefined
  if (steps.told === null) return 'not-told'
  return steps.attached === steps.told ? 'gap' : 'not-all'
}

interface Chain {
  readonly holder: string
  readonly since: number
  readonly ended: string | null
  readonly byOrder: number | null
  readonly gaps: readonly number[]
}

function after(held: Chain, event: ShownEvent): Chain {
  const { code, index, by, receiver, flags, what } = event
  const isByOrder = flags.includes('moved-by-order')
  const next = follows(held, event) ? held : { ...held, gaps: [...held.gaps, index] }
  if (what === 'custody-ended') return { ...next, holder: by, since: index, ended: code ?? '' }
  if (what === 'custody-resumed') return { ...next, holder: by, since: index, ended: null }
  if (code !== 'accepted') return next
  return { ...next, holder: receiver ?? by, since: index, ended: null, byOrder: isByOrder ? index : held.byOrder }
}

/**
 * Whether an event follows from the attached ones before it: its giver held the item, through an entry no later than the release says. In lieu of the
 * holder an authority gives what another holds, so that such a one follows from anything.
 */
function follows({ holder, since, ended }: Chain, { what, giver, by, inLieu, releasedSince }: ShownEvent): boolean {
  if (inLieu !== null) return true
  const before = what === 'handed-over' ? giver : by
  const isToBeHeld = what !== 'custody-resumed'
  return before === holder && isToBeHeld === (ended === null) && (releasedSince === null || since <= releasedSince)
}
