import type { OnlineStatus } from '../../src/check/steps/later.ts'
import type { CheckedReceipt } from '../../src/verify/check-receipt.ts'
import type { ProvenEvent } from '../../src/verify/check-status.ts'

/** The time of every made-up event, and of the deposit that they are about. */
export const eventTime = '2026-11-21T09:31:30.000Z'

/** A later event that a ledger proves. */
export function provenEvent(index: number, what: ProvenEvent['what'], more: object = {}): ProvenEvent {
  return { proven: true, index, time: eventTime, kind: 'some.kind', what, ...more }
}

/** A ledger's whole answer, with these events; the receipt of each is its index, as text. */
export function answerWith(events: readonly ProvenEvent[]): OnlineStatus {
  return {
    url: 'https://ledger.example',
    size: 10_000,
    events,
    shown: new Map(
      events.map(({ index }) => [index, { receipt: Buffer.from(String(index)), checked: {} as CheckedReceipt }]),
    ),
    flagged: false,
    faults: [],
    unjudged: [],
  }
}
