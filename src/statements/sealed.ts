import { z } from 'zod'
import { code } from './members.ts'

/*
 * Shapes of sealed values. Only a server judges them, when a statement is sent in; the re-walk does not, so these
 * vocabularies may grow (docs/spec/02-statement.md, "Sealed claims"). The length limit is the disclosure's.
 */

const text = z.string().min(1)

const cause = z.strictObject({ scheme: text, code: text, text: text.optional() })

export const caseClaim = z
  .array(z.strictObject({ number: text, authority: text.optional(), stage: text.optional(), cause: cause.optional() }))
  .min(1)
  .max(64)
export type CaseClaim = z.infer<typeof caseClaim>

const person = z.strictObject({ name: text, id: text.optional(), office: text.optional() })
const interval = z.strictObject({
  start: text.optional(),
  end: text.optional(),
  zone: text.optional(),
  clock: text.optional(),
})

/** How the evidence came to be collected: fields that custody rules and forensic practice ask for, all optional. */
export const collectionClaim = z.strictObject({
  exhibit: text.optional(),
  parentExhibit: text.optional(),
  description: text.optional(),
  serial: text.optional(),
  condition: text.optional(),
  seal: text.optional(),
  medium: text.optional(),
  place: text.optional(),
  notHeldBecause: text.optional(),
  account: text.optional(),
  url: text.optional(),
  authorisation: z.strictObject({ number: text, validUntil: text.optional(), authority: text.optional() }).optional(),
  time: interval.optional(),
  officers: z.array(person).max(16).optional(),
  witness: person.optional(),
  noWitnessBecause: text.optional(),
  method: text.optional(),
  tool: text.optional(),
  toolVersion: text.optional(),
  writeBlock: z.boolean().optional(),
  process: text.optional(),
  handling: code.optional(),
})

export const sealedShapes = {
  names: z.array(text),
  case: caseClaim,
  collection: collectionClaim,
  note: text,
  ext: z.record(z.string(), z.json()),
} as const

const texts = z.array(text).min(1).max(64)

/** What a holder says with a release: what for, under which seals, in which condition, and by whom it is carried. */
export const offerClaim = z.strictObject({
  purpose: text.optional(),
  seals: texts.optional(),
  condition: text.optional(),
  carrier: person.optional(),
  authority: text.optional(),
  place: text.optional(),
})

/** What a receiver says of what it took over, or did not: who was there, where, under which seals, in which condition. */
export const acceptanceClaim = z.strictObject({
  persons: z.array(person).min(1).max(16).optional(),
  place: text.optional(),
  seals: texts.optional(),
  condition: text.optional(),
})

/** Beside `participant.admit`: the one name, and a note of how the participant was identified. */
export const admissionClaims: Readonly<{ names: z.ZodType<string>; note: z.ZodType<string> }> = {
  names: text,
  note: text,
}
