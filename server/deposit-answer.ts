import { ReceiptText } from '../src/ledger/receipt-writer.ts'

/** A deposit's answer. The receipt of a new entry comes in its two parts, an earlier entry's as one text. */
export interface DepositAnswer {
  /** 202: sequenced, and not cosigned in time. */
  readonly status: 200 | 201 | 202
  readonly index: number
  /** As in the entry. */
  readonly time: string
  /** Base64. */
  readonly leafHash: string
  readonly receipt?: ReceiptText | string
}

/** JSON that waits to be sent: parts in ASCII, and then bytes that many answers share. */
export interface AnswerText {
  readonly parts: readonly string[]
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
  if (receipt === undefined) return { parts: [JSON.stringify(members)], rest: undefined }
  if (typeof receipt === 'string') return plainText({ ...members, receipt })
  const opening = `${JSON.stringify(members).slice(0, -1)},"receipt":"`
  return { parts: [opening, ...receipt.jsonHead], rest: checkpointJson(receipt.checkpoint) }
}

/** Any other JSON: a problem document has whatever its message has. */
export function plainText(value: object): AnswerText {
  return { parts: [], rest: Buffer.from(JSON.stringify(value)) }
}

/** The bytes of answers one after another, a line each. */
export function encodeLines(texts: readonly AnswerText[]): Buffer {
  let length = 0
  for (const { parts, rest } of texts) {
    for (const part of parts) length += part.length
    length += (rest?.length ?? 0) + 1
  }
  const out = Buffer.allocUnsafe(length)
  let at = 0
  for (const { parts, rest } of texts) {
    for (const part of parts) at += out.write(part, at, 'latin1')
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
  return receipt instanceof ReceiptText ? receipt.text : receipt
}
