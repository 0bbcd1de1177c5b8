/*
 * Lists that grow with evidence. A spread into arguments (`push(...items)`, `Math.max(...items)`) overflows the stack at some 100,000
 * items: a folder has more. Code of the project uses these instead (tests/project/spreads.test.ts).
 */

/** Adds items at the end of a list, in their order; gives the list. */
export function append<T>(list: T[], items: Iterable<T>): T[] {
  for (const item of items) list.push(item)
  return list
}

/** The largest of some numbers; -Infinity of none. */
export function largest(numbers: Iterable<number>): number {
  let found = Number.NEGATIVE_INFINITY
  for (const number of numbers) if (number > found) found = number
  return found
}

/** The smallest of some numbers; Infinity of none. */
export function smallest(numbers: Iterable<number>): number {
  let found = Number.POSITIVE_INFINITY
  for (const number of numbers) if (number < found) found = number
  return found
}
