import type { JsonValue } from '../../src/core/json.ts'
import { type OptionsOf, repeated } from './declare.ts'

/** Options that make up the sealed claim `offer`: what a giver says with a release. */
export const offerFlags = [
  ['--purpose <text>', 'what for; sealed, as all that follows'],
  ['--seal <number>', 'number of a seal on it', repeated],
  ['--condition <text>', 'the condition that it is in'],
  ['--carrier <name>', 'who carries it'],
  ['--authority <text>', 'on whose order or commission'],
  ['--place <text>', 'where'],
] as const

/** Options that make up the sealed claim `acceptance`: what is said where something is taken over, or given away. */
export const acceptanceFlags = [
  ['--person <name>', 'who was there; sealed, as all that follows', repeated],
  ['--seal <number>', 'number of a seal on it', repeated],
  ['--condition <text>', 'the condition that it is in'],
  ['--place <text>', 'where'],
] as const

/** The claim `offer` of the options; undefined where none is given. */
export function offerOf(options: OptionsOf<typeof offerFlags>): JsonValue | undefined {
  const { purpose, seal, condition, carrier, authority, place } = options
  return claimOf({ purpose, seals: seal, condition, carrier: person(carrier), authority, place })
}

/** The claim `acceptance` of the options; undefined where none is given. */
export function acceptanceOf(options: OptionsOf<typeof acceptanceFlags>): JsonValue | undefined {
  const { person: names, seal, condition, place } = options
  return claimOf({ persons: names?.map((name) => ({ name })), seals: seal, condition, place })
}

function person(name: string | undefined): JsonValue | undefined {
  return name === undefined ? undefined : { name }
}

function claimOf(
  members: Readonly<Record<string, JsonValue | readonly JsonValue[] | undefined>>,
): JsonValue | undefined {
  const given = Object.entries(members).filter(([, value]) => value !== undefined)
  return given.length === 0 ? undefined : (Object.fromEntries(given) as JsonValue)
}

/** A sealed claim on lines, for people. */
export function claimLines(claim: string, value: JsonValue): string[] {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return [`  ${claim}: ${textOf(value)}`]
  return Object.entries(value).map(([name, part]) => `  ${claim}, ${name}: ${textOf(part)}`)
}

function textOf(value: JsonValue): string {
  if (Array.isArray(value)) return value.map(textOf).join('; ')
  if (value !== null && typeof value === 'object') return Object.values(value).map(textOf).join(', ')
  return String(value)
}
