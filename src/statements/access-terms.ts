import { z } from 'zod'
import type { Disclosure } from '../core/disclosure.ts'
import { code, participantId, reference, time } from './members.ts'
import { sealedShapes } from './sealed.ts'

/** The value of the sealed claim `terms`: what a rule of access does, to which deposits, for whom, until when (docs/spec/21-access-rules.md). */
export const accessTerms = z.strictObject({
  rule: z.enum(['grant', 'end', 'seal', 'unseal', 'hold', 'unhold']),
  of: z
    .array(reference.omit({ item: true, line: true }))
    .min(1)
    .max(64),
  to: z.array(participantId).min(1).max(64).optional(),
  until: time.optional(),
  basis: sealedShapes.note,
  grade: code.optional(),
})
export type AccessTerms = z.infer<typeof accessTerms>
export type AccessRule = AccessTerms['rule']

/** The terms that disclosures show; undefined where the claim is withheld, or has another shape. */
export function termsIn(disclosures: readonly Disclosure[]): AccessTerms | undefined {
  const shown = disclosures.find(({ claim }) => claim === 'terms')
  return shown === undefined ? undefined : accessTerms.safeParse(shown.value).data
}
