/* See steady.mjs. */
export interface Point {
  readonly done: number
  readonly at: number
  readonly cpu: number
}
export function steadyOf(
  points: readonly Point[],
  from: number,
): { readonly value: number; readonly cpuPerEntry: number }
