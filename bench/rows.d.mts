/* See rows.mjs. */
import type { KnownRow, Row, Sample } from './stats.mjs'
export const rows: readonly KnownRow[]
export class Results {
  readonly rows: readonly Row[]
  add(name: string, samples: readonly Sample[]): Row
  document(machine: object, asked?: readonly string[]): { readonly machine: object; readonly results: readonly Row[] }
}
export function asked(only?: string): readonly string[]
