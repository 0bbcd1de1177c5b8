import { answersTo, judgedFormats } from '../../vectors/answers.ts'

/* The judges of the conformance vectors as a script of a page, given to what drives the page. */

/** What the script leaves in a page. */
export interface Judges {
  readonly answersTo: typeof answersTo
  readonly judgedFormats: typeof judgedFormats
}

Object.assign(globalThis, { judges: { answersTo, judgedFormats } satisfies Judges })
