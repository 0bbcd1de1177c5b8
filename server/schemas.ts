import { z } from 'zod'
import { shownHeader } from '../src/core/shown.ts'
import { laterEventNames } from '../src/statements/later-events.ts'
import { maxListLimit, maxReplicationWait } from './settings.ts'

/* Queries and answers of /v1, from which the OpenAPI document is made too. */

const decimal = z
  .string()
  .regex(/^(?:0|[1-9][0-9]{0,15})$/, { error: 'is not a canonical decimal number' })
  .transform(Number)
  .refine(Number.isSafeInteger, { error: 'is beyond 2^53-1' })

const index = z.int().min(0).describe('Number of the entry, from 0.')
const time = z.string().describe('YYYY-MM-DDTHH:MM:SS.mmmZ, by the ledger’s clock.')
const hash = z.string().describe('32 bytes, padded base64.')

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

export const entriesQuery = z
  .strictObject({
    digest: z
      .string()
      .regex(/^[a-z0-9-]{2,16}:[0-9a-f]{32,128}$/, { error: 'is not <algorithm>:<lower-case hex>' })
      .optional()
      .describe('`sha256:<hex>` or another algorithm: entries with an item of that digest.'),
    case: z
      .string()
      .min(1)
      .max(512)
      .optional()
      .describe('Case number, compared under NFKC; needs the right to read disclosures.'),
    participant: z.string().min(1).max(64).optional().describe('Issuer, or subject of a registry entry.'),
    kind: z.string().min(1).max(256).optional(),
    after: decimal.optional().describe('Only entries after this index: the `next` of the page before.'),
    limit: decimal.refine((n) => n >= 1 && n <= maxListLimit, { error: `is not 1 to ${maxListLimit}` }).optional(),
  })
  .refine(
    (query) => [query.digest, query.case, query.participant, query.kind].filter((one) => one !== undefined).length <= 1,
    {
      error: 'name at most one of digest, case, participant and kind',
    },
  )

export const depositAnswer = z.object({
  index,
  time,
  leafHash: hash,
  receipt: z.string().optional().describe('The receipt (.tlog-proof), unless `Prefer: return=minimal`.'),
})

export const entryAnswer = z.object({
  index,
  time,
  leafHash: hash,
  previous: hash,
  iss: z.string(),
  kind: z.string(),
  jti: z.string(),
  kid: z.string(),
  statement: z.string().describe('The JWS, without disclosures.'),
  payload: z.record(z.string(), z.unknown()).describe('Its payload, decoded.'),
  sealed: z.int().describe('Claims that are sealed.'),
  claims: z.record(z.string(), z.unknown()).describe('Sealed claims that the reader may see.'),
  disclosures: z.array(z.string()),
})

const summary = z.object({
  index,
  time,
  leafHash: hash,
  iss: z.string(),
  kind: z.string(),
  items: z.int().optional().describe('Number of items, of a deposit.'),
})
export type EntrySummary = z.infer<typeof summary>

export const entriesAnswer = z.object({
  entries: z.array(summary),
  next: z.int().nullable().describe('`after` of the next page; null at the end.'),
})

export const receiptAnswer = z.object({ index, time, leafHash: hash, receipt: z.string() })

export const inclusionAnswer = z.object({ index, size: z.int(), leafHash: hash, root: hash, hashes: z.array(hash) })
export const consistencyAnswer = z.object({
  from: z.int(),
  to: z.int(),
  root1: hash,
  root2: hash,
  hashes: z.array(hash),
})

export const ledgerAnswer = z.object({
  origin: z.string(),
  environment: z.enum(['trial', 'production']),
  warning: z.string().optional(),
  reading: z.enum(['public', 'participants']),
  openDisclosures: z.boolean(),
  size: z.int(),
  root: hash,
  time: z.string().nullable(),
  checkpoint: z.string(),
  vkey: z.string(),
  policy: z.string(),
  intakeEndedAt: index.optional().describe('Entry that ended the intake: the ledger takes no deposits after it.'),
  closedAt: index.optional().describe('Entry that closed the ledger: nothing comes after it.'),
  successor: z.string().optional().describe('Origin of the ledger that goes on from this one.'),
  limits: z.object({ statementBytes: z.int(), batchBytes: z.int(), batchLines: z.int(), entryBytes: z.int() }),
})

export const participantsAnswer = z.object({
  participants: z.array(
    z.object({
      id: z.string(),
      type: z.string().optional(),
      roles: z.array(z.string()),
      name: z.string().optional(),
      identifiedBy: z.string().optional().describe('How the administrators found out who it is.'),
      active: z.boolean(),
      since: z.int(),
      revokedAt: z.int().optional(),
      compromisedSince: z.string().optional(),
      keys: z.array(
        z.object({
          thumbprint: z.string(),
          jwk: z.object({ crv: z.string(), kty: z.string(), x: z.string() }),
          status: z.enum(['active', 'rotated', 'revoked']),
          since: z.int(),
          until: z.int().optional(),
          compromisedSince: z.string().optional(),
        }),
      ),
    }),
  ),
})

export const statusAnswer = z.object({
  index,
  leafHash: hash,
  size: z.int().describe('The answer is as of this size.'),
  checkpoint: z.string().describe('The signed checkpoint that all proofs lead to.'),
  hashes: z.array(hash).describe('Inclusion proof of the entry.'),
  consistency: z.array(hash).optional().describe('Consistency proof from `from`.'),
  events: z.array(
    z.object({
      index,
      time,
      kind: z.string(),
      leafHash: hash,
      what: z.enum(laterEventNames),
      code: z.string().optional().describe('`reason`, `as` or `rel`.'),
      compromisedSince: z.string().optional(),
      item: z.int().optional().describe('The one item that an attestation or retraction is about, from 0.'),
      line: z.int().optional().describe('The line of the manifest that the item is, from 0.'),
      hashes: z.array(hash).describe('Inclusion proof of the later entry.'),
      entry: z.string().optional().describe('Its bytes, base64, where the reader may read it.'),
      signer: z.object({ crv: z.string(), kty: z.string(), x: z.string() }).optional(),
    }),
  ),
  next: z.int().nullable().describe('`after` of the next page; null at the end.'),
})
export type StatusAnswer = z.infer<typeof statusAnswer>
export const timeStampsQuery = z.strictObject({
  index: decimal.optional().describe('Only checkpoints that commit to this entry.'),
  after: decimal.optional().describe('Only checkpoints of a size above this: the `next` of the page before.'),
  limit: decimal.refine((n) => n >= 1 && n <= maxListLimit, { error: `is not 1 to ${maxListLimit}` }).optional(),
})
export const sizeParams = z.object({ size: decimal })
export const timeStampsAnswer = z.object({
  sizes: z.array(z.int()).describe('Sizes of the checkpoints that have a time-stamp record, ascending.'),
  next: z.int().nullable().describe('`after` of the next page; null at the end.'),
})
export const stampQuery = z.strictObject({
  renew: z.enum(['true', 'false']).optional().describe('Renews every record as well, whether it is due or not.'),
})
export const stampAnswer = z.object({
  size: z.int(),
  created: z.boolean().describe('False where that checkpoint had a time stamp already.'),
  tokens: z.array(z.object({ authority: z.string(), time: z.string() })),
  renewed: z.array(z.int()),
})

export const problemAnswer = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    code: z.string().describe('Stable; docs/errors.md lists them all.'),
    action: z.string(),
    where: z.string().optional(),
    expected: z.string().optional(),
    found: z.string().optional(),
    index: z.int().optional(),
    receipt: z.string().optional(),
    request: z.string().optional(),
  })
  .describe('RFC 9457 problem document.')
