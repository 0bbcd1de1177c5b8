import { z } from 'zod'
import { EvidenceError } from '../core/errors.ts'

/*
 * What a ledger answers, member by member. A server may be hostile, or no ledger at all: nothing of an answer is used before it has
 * been checked for its shape. Members that a later server adds are ignored.
 */

const index = z.int().min(0)
const text = z.string()

export const depositResult = z.object({
  index,
  time: text,
  /** Padded base64. */
  leafHash: text,
  receipt: text,
})

export const ledgerInfo = z.object({
  origin: text,
  environment: z.enum(['trial', 'production']),
  warning: text.optional(),
  reading: z.enum(['public', 'participants']),
  size: index,
  root: text,
  time: text.nullable(),
  checkpoint: text,
  vkey: text,
  policy: text,
  intakeEndedAt: index.optional(),
  closedAt: index.optional(),
  successor: text.optional(),
})

export const participantInfo = z.object({
  id: text,
  type: text.optional(),
  roles: z.array(text),
  name: text.optional(),
  identifiedBy: text.optional(),
  active: z.boolean(),
  since: index,
  revokedAt: index.optional(),
  keys: z.array(z.object({ thumbprint: text, status: text, since: index, until: index.optional() })),
})

export const participantList = z.object({ participants: z.array(participantInfo) })

export const entryInfo = z.object({
  index,
  time: text,
  leafHash: text,
  previous: text,
  iss: text,
  kind: text,
  jti: text,
  kid: text,
  statement: text,
  payload: z.record(text, z.unknown()),
  sealed: index,
  claims: z.record(text, z.unknown()),
  disclosures: z.array(text),
})

export const entryPage = z.object({
  entries: z.array(z.object({ index, time: text, leafHash: text, iss: text, kind: text, items: index.optional() })),
  next: index.nullable(),
})

export const receiptAnswer = z.object({ receipt: text })
export const inclusionAnswer = z.object({ leafHash: text, root: text, size: index, hashes: z.array(text) })
export const consistencyAnswer = z.object({ root1: text, root2: text, to: index, hashes: z.array(text) })
export const timeStampList = z.object({ sizes: z.array(index), next: index.nullable() })
export const timeStampAnswer = z.object({
  size: index,
  created: z.boolean(),
  tokens: z.array(z.object({ authority: text, time: text })),
  renewed: z.array(index),
})
/** A line of the answer to a batch: a result, or a problem with its status. */
export const batchLine = z.looseObject({ status: z.int() })

/** Holds an answer against its shape. Throws `server-answer`, naming the first member that is not as it should be. */
export function requireShape<T>(shape: z.ZodType<T>, document: unknown, what: string): T {
  const read = shape.safeParse(document)
  if (read.success) return read.data
  const where = read.error.issues[0]?.path.join('.') ?? ''
  const member = where === '' ? '' : `: its member ${where} is missing, or not of the documented form`
  throw new EvidenceError('server-answer', `the answer to ${what} is not one of ours${member}`, { where: what })
}
