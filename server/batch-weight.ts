/** Longest receipt of the largest entry, in bytes, with what its proof may have: the first earlier one is always told. */
export const largestReceipt: number = 96 * 1024

/** What the body of a batch holds in memory: its lines are copied once. */
export function bodyWeight(bytes: number): number {
  return 2 * bytes
}

/**
 * What the answer of a batch holds: a receipt's proof, or a refusal, for each line; where receipts are asked for, the entries of the lines,
 * as they are, in base64, and joined; and receipts of earlier entries ({@link earlierReceiptBytes}), likewise.
 */
export function answerWeight(lines: number, bodyBytes: number, withReceipts: boolean): number {
  return lines * 4 * 1024 + (withReceipts ? 3 * bodyBytes : 0) + 2 * largestReceipt
}

/** Bytes of receipts of earlier entries, which stand in the way of its lines, that the answer of a batch may have. */
export function earlierReceiptBytes(lines: number): number {
  return largestReceipt + lines * 1024
}

/** What a batch of so many bytes may hold in all: 1,000 lines are the most. */
export function batchWeight(bodyBytes: number): number {
  return Math.max(bodyWeight(bodyBytes), answerWeight(1024, bodyBytes, true))
}
