import type { JsonValue } from '../../src/core/json.ts'
import type { SealedClaim } from '../../src/statements/vocabulary.ts'
import { listed } from './parts.tsx'

/** What is typed about how something was received, before anything is. */
export const emptyAcceptance = { persons: '', place: '', seals: '', condition: '', note: '' }

/** Names of the fields, in the order of the form. */
export const acceptanceFields = Object.keys(emptyAcceptance) as (keyof typeof emptyAcceptance)[]

/** What was typed, as sealed claims. */
export function sealedOf({
  persons,
  place,
  seals,
  condition,
  note,
}: typeof emptyAcceptance): Partial<Record<SealedClaim, JsonValue>> {
  const people = listed(persons).slice(0, 16)
  const numbers = listed(seals)
  const acceptance = {
    ...(people.length === 0 ? {} : { persons: people.map((name) => ({ name })) }),
    ...(place.trim() === '' ? {} : { place: place.trim() }),
    ...(numbers.length === 0 ? {} : { seals: numbers }),
    ...(condition.trim() === '' ? {} : { condition: condition.trim() }),
  }
  return {
    ...(Object.keys(acceptance).length === 0 ? {} : { acceptance }),
    ...(note.trim() === '' ? {} : { note: note.trim() }),
  }
}
