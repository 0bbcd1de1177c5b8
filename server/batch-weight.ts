/** What the body of a batch holds in memory: its lines are copied once. */
export function bodyWeight(bytes: number): number {
  return 2 * bytes
}

/** What the answer of a batch holds: a receipt's proof, or a refusal, for each line. */
export function answerWeight(lines: number): number {
  return lines * 4 * 1024
}

/** What a batch of so many bytes may hold in all: 1,000 lines are the most. */
export function batchWeight(bodyBytes: number): number {
  return bodyWeight(bodyBytes) + answerWeight(1024)
}
