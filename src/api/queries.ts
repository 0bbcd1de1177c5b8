import { z } from 'zod'
import { digestLengths } from '../core/hash.ts'
import { shownHeader } from '../core/shown.ts'

/* What /v1 is asked. The server checks by these shapes, and its OpenAPI document is made of them. */

/** Most entries that one list answers. */
export const maxListLimit = 1000
/** Longest that a copy's request waits for a new entry, in seconds. */
export const maxReplicationWait = 25

const decimal = z
  .string()
  .regex(/^(?:0|[1-9][0-9]{0,15})$/, { error: 'is not a canonical decimal number' })
  .transform(Number)
  .refine(Number.isSafeInteger, { error: 'is beyond 2^53-1' })

const listLimit = decimal.refine((n) => n >= 1 && n <= maxListLimit, { error: `is not 1 to ${maxListLimit}` })

export const indexParams = z.object({ index: decimal })
export const inclusionQuery = z.strictObject({ index: decimal, size: decimal.optional() })
export const consistencyQuery = z.strictObject({ from: decimal, to: decimal.optional() })

export const depositQuery = z.strictObject({
  wait: z.literal('cosigned').optional().describe('Answer when the quorum of the ledger’s policy has cosigned it.'),
})

/** Other headers are left as they are. */
export const depositHeaders = z.looseObject({
  [shownHeader.toLowerCase()]: z
    .string()
    .optional()
    .describe(
      'Entries that the sender has, for references to what the signer may not read: `<index>:<base64>`, separated by commas, at most 64. The hash is SHA-256 over `evidence-ledger/status/v1`, a line feed and the entry’s bytes. Not sealed; for all lines of a batch.',
    ),
})

export const statusQuery = z.strictObject({
  entryHash: z
    .string()
    .regex(/^[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=$/, { error: 'is not 32 bytes in base64' })
    .optional()
    .describe(
      'SHA-256 over `evidence-ledger/status/v1`, a line feed and the entry’s bytes: who has the entry may ask. Not needed by those who may read it.',
    ),
  from: decimal
    .refine((size) => size >= 1, { error: 'is not at least 1' })
    .optional()
    .describe('Size of the asker’s checkpoint: the answer proves that it goes on from there.'),
  after: decimal.optional().describe('Only events of entries after this index: the `next` of the page before.'),
})

export const custodyQuery = z.strictObject({
  after: decimal.optional().describe('Only steps of entries after this index: the `next` of the page before.'),
})

export const replicationQuery = z.strictObject({
  from: decimal.describe('Index of the first entry wanted: how many the copy holds.'),
  erasures: decimal.optional().describe('How many erasures the copy knows of.'),
  wait: decimal
    .refine((seconds) => seconds <= maxReplicationWait, { error: `is more than ${maxReplicationWait}` })
    .optional()
    .describe('Seconds to wait where there is nothing yet.'),
  root: z
    .string()
    .regex(/^[A-Za-z0-9+/]{43}=$/, { error: 'is not 32 bytes in base64' })
    .optional()
    .describe('Root of the copy’s tree of `from` entries: says that it holds them durably.'),
  follow: z
    .literal('true')
    .transform(() => true)
    .optional()
    .describe('The asker is a follower, and makes each piece durable before it asks for the next.'),
})

/** `sha256:` and 64 lower-case hexadecimal digits, or another algorithm and as many as it has. */
const digestPattern = new RegExp(
  `^(?:${Object.entries(digestLengths)
    .map(([name, bytes]) => `${name}:[0-9a-f]{${2 * bytes}}`)
    .join('|')})$`,
)

const digest = z
  .string()
  .regex(digestPattern, { error: 'is not <algorithm>:<lower-case hex> of that algorithm’s length' })

/** A case or exhibit number, as sealed claims have them. */
const sealedNumber = z.string().min(1).max(512)

export const entriesQuery = z.strictObject({
  digest: digest.optional().describe('`sha256:<hex>` or another algorithm: entries with an item of that digest.'),
  case: sealedNumber.optional().describe('Case number, compared under NFKC; needs the right to read disclosures.'),
  exhibit: sealedNumber
    .optional()
    .describe(
      'Number of an exhibit (`exhibit` of the sealed claim `collection`), compared under NFKC; needs the right to read disclosures. Others may use the same number: with `case` or `participant`, those of that case or depositor.',
    ),
  participant: z.string().min(1).max(64).optional().describe('Issuer, or subject of a registry entry.'),
  kind: z.string().min(1).max(256).optional(),
  after: decimal.optional().describe('Only entries after this index: the `next` of the page before.'),
  limit: listLimit.optional(),
})

/** Most digests, case numbers, exhibits or indices that one request names, of each. */
export const maxNamedAtOnce = 1000

export const searchBody = z
  .strictObject({
    digests: z
      .array(digest)
      .min(1)
      .max(maxNamedAtOnce)
      .optional()
      .describe('Digests of items: `sha256:<hex>`, or another algorithm.'),
    cases: z
      .array(sealedNumber)
      .min(1)
      .max(maxNamedAtOnce)
      .optional()
      .describe('Case numbers, compared under NFKC; they need the right to read disclosures.'),
    exhibits: z
      .array(sealedNumber)
      .min(1)
      .max(maxNamedAtOnce)
      .optional()
      .describe(
        'Numbers of exhibits, of any case and depositor, compared under NFKC; they need the right to read disclosures.',
      ),
  })
  .refine((body) => Object.values(body).some((list) => list !== undefined), {
    error: 'names no "digests", "cases" or "exhibits"',
  })

export const statementBody = z.strictObject({
  statement: z
    .string()
    .min(200)
    .max(262_000)
    .regex(/^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]{86}(?:~(?:[A-Za-z0-9_-]+~)*)?$/)
    .describe('One signed statement: JWS, JWS~ or JWS~disclosure~…~.'),
})

export const receiptsBody = z.strictObject({
  indices: z.array(z.int().min(0)).min(1).max(maxNamedAtOnce).describe('Indices of entries.'),
})

export const statementParams = z.object({
  participant: z.string().min(1).max(64).describe('Issuer of the statement.'),
  jti: z
    .string()
    .regex(/^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/, { error: 'is not a lower-case UUID' })
    .describe('Id of the statement.'),
})

export const timeStampsQuery = z.strictObject({
  index: decimal.optional().describe('Only checkpoints that commit to this entry.'),
  after: decimal.optional().describe('Only checkpoints of a size above this: the `next` of the page before.'),
  limit: listLimit.optional(),
})

export const readingsQuery = z.strictObject({
  day: z
    .string()
    .regex(/^\d{4}-\d{2}-\d{2}$/, { error: 'is not YYYY-MM-DD' })
    .optional()
    .describe('The day, UTC; without it the days that have readings are listed.'),
  after: z
    .string()
    .regex(/^[A-Za-z0-9_-]{48}$/, { error: 'is no "next" of a page' })
    .optional()
    .describe('Only lines after this: the `next` of the page before. Good until the server starts again.'),
  limit: listLimit.optional(),
})

export const servedQuery = z.strictObject({
  after: z
    .string()
    .regex(/^\d{4}-\d{2}-\d{2}$/, { error: 'is not YYYY-MM-DD' })
    .optional()
    .describe('Only days after this: the `next` of the page before.'),
})

export const sizeParams = z.object({ size: decimal })

export const stampQuery = z.strictObject({
  renew: z.enum(['true', 'false']).optional().describe('Renews every record as well, whether it is due or not.'),
})
