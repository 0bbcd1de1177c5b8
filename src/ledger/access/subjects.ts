import { valueOr } from '../../core/attempt.ts'
import { readBody } from '../../statements/body.ts'
import { kindNamed } from '../../statements/kinds.ts'
import { referencesOf } from '../../statements/said.ts'
import type { Statement } from '../../statements/statement.ts'
import type { AccessState } from './standing.ts'

/*
 * What an entry is about: the earlier entries that it says something of, those that these say something of, and so on, down to deposits, which are
 * their own subjects (docs/design/access-rights.md). A finding is about the challenge that it decides, and about the deposit that was challenged. References go back only,
 * and an entry never changes: so the way ends, and is the same for ever.
 */
export interface Subjects {
  /** Indices, each once; without the entry's own. */
  readonly of: readonly number[]
  /** Whether these are all: not where one of them cannot be read, or there are more than are looked for. */
  readonly isWhole: boolean
}

/** Most entries that are read to find out what one entry is about. */
export const maxSubjects = 256

/** Indices of the earlier entries that a statement itself says something of; none of one that deposits, which is its own subject. */
export function aboutOf(statement: Statement): readonly number[] {
  if (kindNamed(statement.common.kind)?.items !== undefined) return []
  return referencesOf(valueOr(() => readBody(statement), undefined)).map(({ index }) => index)
}

/** What a statement is about as far as itself says: all, where that is nothing. */
export function subjectsSaid(statement: Statement): Subjects {
  const of = aboutOf(statement)
  return { of, isWhole: of.length === 0 }
}

/** A way from an entry to its subjects, step by step: `next` are those to be read now, whose own references {@link Way.take} is given. */
export class Way {
  private readonly found: Set<number>
  private isCut = false
  private left: readonly number[]

  constructor(first: readonly number[]) {
    this.found = new Set(first)
    this.left = [...this.found]
    this.cut()
  }

  /** Indices of what is to be read for the next step; empty where the way has ended. */
  get next(): readonly number[] {
    return this.left
  }

  /** Goes on by what each of {@link next} is about, in order; undefined for one that cannot be read. */
  take(about: readonly (readonly number[] | undefined)[]): void {
    const more = new Set<number>()
    for (const indices of about) {
      if (indices === undefined) this.isCut = true
      for (const index of indices ?? []) if (!this.found.has(index)) more.add(index)
    }
    for (const index of more) this.found.add(index)
    this.left = [...more]
    this.cut()
  }

  private cut(): void {
    if (this.found.size <= maxSubjects) return
    this.isCut = true
    this.left = []
  }

  get subjects(): Subjects {
    return { of: [...this.found], isWhole: !this.isCut }
  }
}

/** Follows what an entry is about; `about` reads what each of some entries itself says something of, undefined for one that cannot be read. */
export async function followSubjects(
  first: readonly number[],
  about: (indices: readonly number[]) => Promise<readonly (readonly number[] | undefined)[]>,
): Promise<Subjects> {
  const way = new Way(first)
  while (way.next.length > 0) way.take(await about(way.next))
  return way.subjects
}

/** The deposits, and other entries, whose rules count for an entry: its own, its subjects', and those that terms among these are about. */
export function ruledBy(access: AccessState, index: number, subjects: Subjects): Subjects {
  let { isWhole } = subjects
  const of = new Set<number>()
  for (const at of [index, ...subjects.of]) {
    of.add(at)
    const stated = access.about.get(at)
    for (const deposit of stated?.deposits ?? []) of.add(deposit)
    // Terms that are gone were about deposits that nobody can name any more.
    if (stated === undefined && at !== index && access.about.has(at)) isWhole = false
  }
  return { of: [...of], isWhole }
}
