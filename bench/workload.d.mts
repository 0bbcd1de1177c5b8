/* See workload.mjs. */
export interface Step {
  readonly what: 'admit' | 'rotate' | 'revoke' | 'deposit' | 'attest' | 'hand-over' | 'transfer' | 'record'
  readonly signer: number
  readonly giver?: number
  readonly of?: number
}
export interface Parameters {
  readonly workload: string
  readonly entries?: number
  readonly keys?: number
  readonly seed?: number
}
export const referenceLag: number
export const setUpEntries: number
export const churnSignatures: number
export const custodians: number
export const historyEvents: number
export const shares: { readonly relates: number; readonly attestations: number; readonly registry: number }
export function randomOf(seed: number): () => number
export function zipf(count: number, random: () => number, exponent?: number): () => number
export function churnEntries(keys: number): number
export function plan(parameters: Parameters): Iterable<Step>
