/** One character as it is drawn. */
export interface Atom {
  readonly text: string
  readonly width: number
  /** A box, drawn where the font has no such character; its code point follows. */
  readonly isBox: boolean
}
/** What is known of a font at one size. */
export interface Metrics {
  readonly has: (code: number) => boolean
  readonly widthOf: (character: string) => number
  readonly size: number
}
/** A code point by its number: `U+4DAE`. */
export declare function codePointText(code: number): string
/**
 * A text as it is drawn: controls and hidden characters written out as `visible` does, and for each character that the font lacks a
 * box with its code point.
 */
export declare function atomsOf(text: string, { has, widthOf, size }: Metrics): Atom[]
/** Lines of at most a width; what has no place to break is broken anywhere. */
export declare function linesOf(atoms: readonly Atom[], width: number): Atom[][]
export declare function widthOfLine(line: readonly Atom[]): number
