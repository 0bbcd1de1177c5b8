import { errorTable } from '../../src/core/errors.ts'
import { type Facts, formatChecks } from './check-formats.ts'
import { reportChecks } from './check-reports.ts'
import { Input, type Vector } from './input.ts'
import { comparable, stated, verdictOf } from './verdict.ts'

/* What the code of the page and of the command line answers to the conformance vectors, in any runtime: it runs in Node and in a browser. */

/** The formats that are judged. */
export const judgedFormats: readonly string[] = Object.keys({ ...formatChecks, ...reportChecks })

/** What is answered of one vector: its verdict with all facts, and the exit code that a command would end with; or how judging it broke. */
export type Answer = Facts

/** The exit code that belongs to a verdict, by the codes in it. */
export function exitOf({ valid, code, faults, unjudged }: Facts): number | undefined {
  if (valid === true) return 0
  if (Array.isArray(faults) && Array.isArray(unjudged)) return faults.length > 0 ? 1 : 4
  return Object.entries(errorTable).find(([name]) => name === code)?.[1].exit
}

/** Answers one vector, given as the text of its file. What the vector expects is not looked at. */
export async function answerTo(text: string): Promise<Answer> {
  const { format, input } = JSON.parse(text) as { format: string; input: Record<string, unknown> }
  try {
    const found = await verdictOf({ format, input: new Input(input), expect: { valid: false } })
    return { exit: exitOf(found), ...found }
  } catch (error) {
    return { broke: error instanceof Error ? (error.stack ?? error.message) : String(error) }
  }
}

/** Answers to many vectors, as JSON: what a page hands out. */
export async function answersTo(texts: readonly string[]): Promise<string> {
  const answers: Answer[] = []
  for (const text of texts) answers.push(await answerTo(text))
  return JSON.stringify(answers)
}

/** What makes up a verdict, whether a vector states it or not. */
const verdict = ['valid', 'code', 'faults', 'unjudged', 'flagged']

/** What is compared of an answer: verdict, exit code and what the vector states. The lists of a report say all; its one code is the first of them. */
export function compared({ vector }: { readonly vector: Pick<Vector, 'expect'> }, answer: Facts): Facts {
  const names = [...new Set([...verdict, ...Object.keys(vector.expect)])]
  const found = stated(comparable(answer), names)
  const { code, ...lists } = found
  const facts = 'faults' in found ? lists : { code, ...lists }
  return JSON.parse(JSON.stringify({ ...facts, exit: exitOf(answer) })) as Facts
}

/** JSON with the members of each object in one order, and each element of a list in no order once. */
export function canonical(facts: Facts): string {
  const once = (name: string, value: unknown): unknown =>
    verdict.includes(name) && Array.isArray(value) ? [...new Set(value)] : value
  return JSON.stringify(
    Object.fromEntries(Object.entries(facts).map(([name, value]) => [name, once(name, value)])),
    (_, value: unknown) =>
      value !== null && typeof value === 'object' && !Array.isArray(value)
        ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
        : value,
  )
}
