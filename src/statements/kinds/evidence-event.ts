import { tryTime } from '../../core/time.ts'
import { z } from 'zod'
import type { Asked, PlacedReference, StatementKind } from '../kind.ts'
import { code, placed, reference, sealing, sealMembers, seconds, thumbprintText, time } from '../members.ts'
import { judgeReference } from '../references.ts'
import { issuedToleranceMs, violate } from '../rules.ts'
import { sealedShapes } from '../sealed.ts'
import { caseRoles } from '../vocabulary.ts'

const schema = sealing(
  z.strictObject({
    of: reference,
    event: code,
    from: time.optional(),
    to: time.optional(),
    outcome: code.optional(),
    release: z.strictObject({ digest: thumbprintText, exp: seconds }).optional(),
    ...sealMembers,
  }),
)
  .refine(({ event, outcome }) => outcome === undefined || event === 'verified', {
    error: 'stands beside another event than verified',
    path: ['outcome'],
  })
  .refine(({ event, release }) => (release !== undefined) === (event === 'offered'), {
    error: 'stands exactly where the event is offered',
    path: ['release'],
  })
export type EventMembers = z.infer<typeof schema>

function referenceOf({ of, event }: EventMembers): PlacedReference {
  return { ...placed('of', of), event: { what: 'recorded', code: event } }
}

/** Something was done with a deposit, one item or one file of it, by the signer's word (docs/spec/20-records.md). */
export const evidenceEvent: StatementKind<'evidence.event', EventMembers> = {
  name: 'evidence.event',
  schema,
  roles: caseRoles,
  seals: { note: sealedShapes.note, details: sealedShapes.ext },
  references: (members) => [referenceOf(members)],
  judge(asked) {
    judgeReference(referenceOf(asked.members), asked)
    judgeTimes(asked)
    return asked.registry
  },
}

function judgeTimes({ members: { from, to }, entry, findings }: Asked<EventMembers>): void {
  const [begin = -Infinity, end = Infinity] = [from, to].map((text) => tryTime(text ?? ''))
  if (begin > end) violate(findings, 'event-times', `the event ends at ${to}, before it begins at ${from}`, 'from')
  const late = [from, to].find((text) => (tryTime(text ?? '') ?? -Infinity) > entry.timeMs + issuedToleranceMs)
  if (late === undefined) return
  const where = late === from ? 'from' : 'to'
  violate(findings, 'event-in-future', `${late} lies more than 300 seconds after the entry’s time`, where)
}
