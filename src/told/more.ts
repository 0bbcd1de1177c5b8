import { count } from '../core/text.ts'
import type { Words } from '../words/index.ts'

/** A line that says how many of `all` are not listed where `most` are; none where all are. */
export function moreThan(most: number, all: number, { check }: Words): string[] {
  return all > most ? [check.folder.more(count(all - most))] : []
}
