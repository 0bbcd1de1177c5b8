import type { z } from 'zod'
import { depositAnswer, participant, participantKey, participantsAnswer } from '../api/answers.ts'
import { EvidenceError } from '../core/errors.ts'

/** A client that did not ask to leave the receipt out gets one. */
export const depositResult = depositAnswer.required({ receipt: true })

/** Without what is of use to auditors alone; the keys themselves where the server gives them. */
export const participantInfo = participant
  .omit({ compromisedSince: true })
  .extend({ keys: participantKey.partial({ jwk: true }).array() })
export const participantList = participantsAnswer.extend({ participants: participantInfo.array() })

/**
 * Compares an answer with its shape: a server may be hostile, or no ledger at all, and nothing of an answer is used before. Members
 * that the shape does not name are left out. Throws `server-answer`, naming the first member that is not as it should be.
 */
export function requireShape<T>(shape: z.ZodType<T>, document: unknown, what: string): T {
  const read = shape.safeParse(document)
  if (read.success) return read.data
  const where = read.error.issues[0]?.path.join('.') ?? ''
  const member = where === '' ? '' : `: its member ${where} is missing, or not of the documented form`
  throw new EvidenceError('server-answer', `the answer to ${what} is not one of ours${member}`, { where: what })
}
