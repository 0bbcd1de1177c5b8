import type { ReceiptText } from '../src/ledger/index.ts'

/** A deposit's answer. The receipt of a new entry comes in its two parts, an earlier entry's as one text. */
export interface DepositAnswer {
  /** 202: sealed, and not cosigned in time. */
  readonly status: 200 | 201 | 202
  readonly index: number
  /** As in the entry. */
  readonly time: string
  /** Base64. */
  readonly leafHash: string
  readonly receipt?: ReceiptText | string
}

/**
 * JSON that waits to be sent: ASCII, and then bytes that many answers share. Kept apart, for a receipt joined with its
 * checkpoint is a text of two bytes a character, and copying such texts was a third of what a deposit allocated.
 */
export interface AnswerText {
  readonly ascii: string
  readonly rest: Buffer | undefined
}

/** The end of an answer from the checkpoint on; a group's answers share it. */
let lastCheckpoint = { text: '', json: Buffer.alloc(0) }

function checkpointJson(text: string): Buffer {
  if (lastCheckpoint.text !== text) {
    lastCheckpoint = { text, json: Buffer.from(`${JSON.stringify(text).slice(1)}}`) }
  }
  return lastCheckpoint.json
}

/** An answer as JSON, with its status where it is a line of a batch. */
export function answerText({ status, receipt, ...place }: DepositAnswer, withStatus: boolean): AnswerText {
  const members = withStatus ? { status, ...place } : place
  if (receipt === undefined) return { ascii: JSON.stringify(members), rest: undefined }
  if (typeof receipt === 'string') return plainText({ ...members, receipt })
  const own = JSON.stringify(receipt.own).slice(0, -1)
  return { ascii: `${JSON.stringify(members).slice(0, -1)},"receipt":${own}`, rest: checkpointJson(receipt.checkpoint) }
}

/** Any other JSON: a problem document has whatever its message has. */
export function plainText(value: object): AnswerText {
  return { ascii: '', rest: Buffer.from(JSON.stringify(value)) }
}

/** The bytes of answers one after another, a line each. */
export function encodeLines(texts: readonly AnswerText[]): Buffer {
  let length = 0
  for (const { ascii, rest } of texts) length += ascii.length + (rest?.length ?? 0) + 1
  const out = Buffer.allocUnsafe(length)
  let at = 0
  for (const { ascii, rest } of texts) {
    at += out.write(ascii, at, 'latin1')
    if (rest !== undefined) at += rest.copy(out, at)
    out[at++] = 0x0a
  }
  return out
}

/** The bytes of one answer. */
export function encodeAnswer(text: AnswerText): Buffer {
  return encodeLines([text]).subarray(0, -1)
}

/** A receipt as one text. */
export function receiptText(receipt: ReceiptText | string): string {
  return typeof receipt === 'string' ? receipt : receipt.own + receipt.checkpoint
}
