import type { OutcomeKind } from '../check/steps/outcome.ts'
import type { Said } from './said.ts'

/** A value on paper. Texts were made visible before; a writer escapes what its format asks for. */
export type Value =
  | { readonly as: 'said'; readonly said: Said }
  /** A name from outside: its direction is its own. */
  | { readonly as: 'name'; readonly text: string }
  /** A digest, key or fingerprint: in groups, in a font of one width. */
  | { readonly as: 'hash'; readonly text: string }

/** A part of a section. */
export type Block =
  | { readonly is: 'text'; readonly said: Said; readonly tone?: 'notice' }
  | { readonly is: 'heading'; readonly said: Said }
  | { readonly is: 'list'; readonly items: readonly Said[]; readonly isOrdered?: true }
  | { readonly is: 'facts'; readonly rows: readonly { readonly label: Said; readonly value: Value }[] }
  | { readonly is: 'table'; readonly head: readonly Said[]; readonly rows: readonly (readonly Value[])[] }
  /** A labelled line, or several, to be completed by hand. */
  | { readonly is: 'blank'; readonly label: Said; readonly lines: number }
  | { readonly is: 'command'; readonly label: Said; readonly line: string }

export const sectionNames = [
  'assignment',
  'material',
  'method',
  'findings',
  'people',
  'limits',
  'later',
  'selfTest',
  'again',
  'law',
  'declaration',
] as const
export type SectionName = (typeof sectionNames)[number]

export interface Section {
  readonly name: SectionName
  readonly title: Said
  /** References to articles, in the order of their texts; empty where none is answered here. */
  readonly refs: readonly Said[]
  readonly blocks: readonly Block[]
}

/** What one check came to, at the head. */
export interface Verdict {
  readonly kind: OutcomeKind
  readonly mark: string
  readonly title: Said
  readonly sentence: Said
  /** What must be read before anything else. */
  readonly notices: readonly Said[]
  readonly subject: { readonly label: Said; readonly value: Value }
  readonly exit: Said
}

/** A report as people read it, in no format: whatever writes HTML, PDF or another writes this, and nothing else. */
export interface ReportDocument {
  /** The value of `lang` of the whole. */
  readonly lang: string
  readonly subject: string
  readonly title: Said
  /** Set where the self-test failed: stands before everything else. */
  readonly alarm: { readonly title: Said; readonly text: Said } | undefined
  readonly intro: readonly Said[]
  readonly verdicts: readonly Verdict[]
  readonly refsLabel: Said
  readonly sections: readonly Section[]
}
