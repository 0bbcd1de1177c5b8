/** What a batch of so many bytes holds in memory: its lines are copied once, and its answer has a proof for each. */
export function batchWeight(bodyBytes: number): number {
  return 2 * bodyBytes + 4 * 1024 * 1024
}
