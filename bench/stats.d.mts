/* See stats.mjs. */
export interface Spread {
  readonly min: number
  readonly q1: number
  readonly q3: number
  readonly max: number
}
export interface Sample {
  readonly value: number
  readonly v: number
  readonly cpuPerEntry?: number
  readonly against?: number
}
export interface KnownRow {
  readonly name: string
  readonly unit: string
  readonly ratio: 'V' | 'against' | null
}
export interface Row {
  readonly name: string
  readonly value: number
  readonly unit: string
  readonly ratio: number | null
  readonly spread: { readonly value: Spread; readonly ratio: Spread | null }
  readonly cpuPerEntry: number | null
  readonly v: number
  readonly rounds: number
}
export function quantile(list: readonly number[], q: number): number
export function median(list: readonly number[]): number
export function spread(list: readonly number[]): Spread
export function rowOf(known: KnownRow, samples: readonly Sample[]): Row
export function shown(value: number): string
export function lineOf(row: Row): string
