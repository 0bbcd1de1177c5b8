import type { EventFlag } from './kind.ts'

/** What is said for ever beside an entry that stands, in English (docs/spec/19-custody.md, "Flags"). */
export const flagTexts: Readonly<Record<EventFlag, string>> = {
  'moved-by-order': 'moved by order, without the holder’s signature',
  'accepted-differs': 'accepted although something differs',
}

/** What is said for ever beside an event, a text each, with the ground of an order: `moved by order, … (court-order)`. */
export function flagLines({
  flags = [],
  inLieu,
}: {
  readonly flags?: readonly EventFlag[]
  readonly inLieu?: string
}): string[] {
  return flags.map(
    (flag) => `${flagTexts[flag]}${flag === 'moved-by-order' && inLieu !== undefined ? ` (${inLieu})` : ''}`,
  )
}
