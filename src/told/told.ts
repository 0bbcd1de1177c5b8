import type { Outcome } from '../check/steps/outcome.ts'
import type { PathNode } from './path.ts'
import type { Step } from './steps.ts'

/** A labelled line. */
export interface Fact {
  readonly label: string
  readonly value: string
  /** Set where the value is a hash or a key: to be shown in groups, in a font of one width. */
  readonly isHash?: true
}

/** One thing that does not hold, or is not judged: a sentence in the reader's language, and the program's own words in English. */
export interface ToldFinding {
  readonly code: string
  readonly sentence: string
  readonly message: string
  readonly file?: string | undefined
  readonly where?: string | undefined
  readonly expected?: string | undefined
  readonly found?: string | undefined
}

/** What one check says to people, in one language and without markup. All texts are safe to show on one line. */
export interface Told {
  readonly outcome: Outcome
  readonly title: string
  readonly sentence: string
  /** What must be read before anything else: what was taken back, and keys that are reported compromised. */
  readonly notices: readonly string[]
  /** What was checked. */
  readonly subject: Fact
  readonly who: readonly Fact[]
  readonly when: readonly Fact[]
  readonly word: readonly Fact[]
  /** What it does not show. */
  readonly limits: readonly string[]
  readonly later: readonly string[]
  readonly steps: readonly Step[]
  readonly path: readonly PathNode[]
  readonly faults: readonly ToldFinding[]
  readonly unjudged: readonly ToldFinding[]
  /** Files of a folder or package with what became of each: those that are not unchanged first. */
  readonly files: readonly { readonly name: string; readonly state: string; readonly isFine: boolean }[]
  readonly summary: readonly string[]
}

/** What a report says, but for its steps and findings. */
export type ToldPart = Pick<Told, 'who' | 'when' | 'word' | 'files' | 'summary' | 'later'>

/** What is told where nothing was read. */
export const nothing: ToldPart = { who: [], when: [], word: [], files: [], summary: [], later: [] }
