import type { UnitReference } from '../../src/statements/members.ts'

/** A deposit, or an item of one, in words. */
export function exhibitText({ index, item }: UnitReference): string {
  return item === undefined ? `entry ${index}` : `item ${item} of entry ${index}`
}
