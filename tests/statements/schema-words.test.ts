import { describe, expect, it } from 'vitest'
import { makeDisclosure } from '../../src/core/disclosure.ts'
import { EvidenceError } from '../../src/core/errors.ts'
import { requireDisclosures } from '../../src/statements/disclosures.ts'
import type { Kind, StatementBody } from '../../src/statements/kinds.ts'
import { bodyOf, full } from './bodies.ts'

/* No text of the schema library reaches a user, and a refusal names the member or the claim. */

const ofTheLibrary = /Invalid|Too (?:small|big)|Unrecognized|expected [a-z]+, received|Required|\bundefined\b/

function messageOf(judge: () => unknown): string | undefined {
  try {
    judge()
    return undefined
  } catch (error) {
    if (error instanceof EvidenceError) return error.message
    throw error
  }
}

const wrong: readonly unknown[] = [
  undefined,
  null,
  7,
  -1,
  1.5,
  '',
  'x',
  'x'.repeat(70_000),
  true,
  [],
  [7],
  {},
  { extra: 1 },
]

/** A value with one place within it, at any depth, replaced by another. */
function* replaced(value: unknown): Generator<unknown> {
  yield* wrong
  if (value === null || typeof value !== 'object') return
  for (const name of Object.keys(value)) {
    for (const inner of replaced((value as Record<string, unknown>)[name])) {
      const copy = structuredClone(value) as Record<string, unknown>
      if (inner === undefined) delete copy[name]
      else copy[name] = inner
      yield copy
    }
  }
}

describe('F-N19: what a schema refuses', () => {
  it.each(Object.keys(full) as Kind[])('F-N19: is said in our words for %s', (kind) => {
    const messages = [...replaced(full[kind])].map((members) =>
      members === null || typeof members !== 'object' || Array.isArray(members)
        ? undefined
        : messageOf(() => bodyOf(kind, members)),
    )
    const said = messages.filter((message) => message !== undefined)
    expect(said.length).toBeGreaterThan(0)
    expect(said.filter((message) => ofTheLibrary.test(message))).toEqual([])
  })

  it.each<[string, unknown, string]>([
    ['names', 'photo.jpg', '"names" is not a list'],
    ['case', [{ number: 7 }], '"case[0].number" is not a text'],
    ['case', [{}], '"case[0].number" is missing; it must be a text'],
    ['collection', { tool: '' }, '"collection.tool" is empty'],
    ['collection', { colour: 'red' }, '"collection" has the member "colour", which is none of its members'],
    ['collection', { writeBlock: 'yes' }, '"collection.writeBlock" is not true or false'],
    ['note', 5, '"note" is not a text'],
    ['ext', [], '"ext" is not an object'],
  ])('F-N19: names the sealed claim %s, and the place within it', (claim, value, says) => {
    const { digest, text } = makeDisclosure(new Uint8Array(16), claim, value as never)
    const members = { ...full['evidence.deposit'], _sd: [digest], _sd_alg: 'sha-256' }
    const body = bodyOf('evidence.deposit', members) as StatementBody
    expect(messageOf(() => requireDisclosures(body, [text]))).toBe(says)
  })
})
