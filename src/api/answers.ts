import { z } from 'zod'
import type { ErrorCode } from '../core/errors.ts'
import { custodyEventNames, laterEventNames } from '../statements/later-event-names.ts'
import { maxListLimit } from './queries.ts'

/*
 * What /v1 answers. The server sends by these shapes, and its OpenAPI document is made of them. A client reads by them, and passes
 * over members that a later server adds.
 */

const index = z.int().min(0).describe('Number of the entry, from 0.')
const count = z.int().min(0)
const time = z.string().describe('YYYY-MM-DDTHH:MM:SS.mmmZ, by the ledger’s clock.')
const hash = z.string().describe('32 bytes, padded base64.')
const jwk = z.object({ crv: z.string(), kty: z.string(), x: z.string() })
const next = count.nullable().describe('`after` of the next page; null at the end.')

/** Where an entry stands. */
const place = { index, time, leafHash: hash }

export const depositAnswer = z.object({
  ...place,
  receipt: z.string().optional().describe('The receipt (.tlog-proof), unless `Prefer: return=minimal`.'),
})
export type DepositAnswer = z.infer<typeof depositAnswer>

export const entryAnswer = z.object({
  ...place,
  previous: hash,
  iss: z.string(),
  kind: z.string(),
  jti: z.string(),
  kid: z.string(),
  statement: z.string().describe('The JWS, without disclosures.'),
  payload: z.record(z.string(), z.unknown()).describe('Its payload, decoded.'),
  sealed: count.describe('Claims that are sealed.'),
  claims: z.record(z.string(), z.unknown()).describe('Sealed claims that the reader may see.'),
  disclosures: z.array(z.string()),
})
export type EntryAnswer = z.infer<typeof entryAnswer>

export const entrySummary = z.object({
  ...place,
  iss: z.string(),
  kind: z.string(),
  items: count.optional().describe('Number of items, of a deposit.'),
})

/** What a list tells of an entry. */
export type EntrySummary = z.infer<typeof entrySummary>

export const entriesAnswer = z.object({ entries: z.array(entrySummary).max(maxListLimit), next })
export type EntriesAnswer = z.infer<typeof entriesAnswer>

export const searchAnswer = z.object({
  results: z
    .array(
      z.object({
        digest: z.string().optional(),
        case: z.string().optional(),
        exhibit: z.string().optional(),
        entries: z
          .array(entrySummary)
          .nullable()
          .describe('The first entries that have it; null where the answer was full: ask again.'),
        more: z.boolean().describe('Whether there are more: `GET /v1/entries` lists all.'),
      }),
    )
    .describe(
      'One for each digest, then each case, then each exhibit, in the order of the request; it has what it was asked by.',
    ),
})
export type SearchAnswer = z.infer<typeof searchAnswer>

export const receiptAnswer = z.object({ ...place, receipt: z.string() })
export type ReceiptAnswer = z.infer<typeof receiptAnswer>

export const inclusionAnswer = z.object({ index, size: count, leafHash: hash, root: hash, hashes: z.array(hash) })
export type InclusionAnswer = z.infer<typeof inclusionAnswer>
export const consistencyAnswer = z.object({
  from: count,
  to: count,
  root1: hash,
  root2: hash,
  hashes: z.array(hash),
})
export type ConsistencyAnswer = z.infer<typeof consistencyAnswer>

export const ledgerAnswer = z.object({
  origin: z.string(),
  environment: z.enum(['trial', 'production']),
  warning: z.string().optional(),
  reading: z.enum(['public', 'participants']),
  openDisclosures: z.boolean(),
  size: count,
  root: hash,
  time: z.string().nullable(),
  checkpoint: z.string(),
  vkey: z.string(),
  policy: z.string(),
  version: z.string().optional().describe('Version of the software.'),
  baseUrls: z.array(z.string()).optional().describe('URLs that access tokens may name as `aud`.'),
  intakeEndedAt: index.optional().describe('Entry that ended the intake: the ledger takes no deposits after it.'),
  closedAt: index.optional().describe('Entry that closed the ledger: nothing comes after it.'),
  successor: z.string().optional().describe('Origin of the ledger that goes on from this one.'),
  limits: z.object({ statementBytes: count, batchBytes: count, batchLines: count, entryBytes: count }),
})
export type LedgerAnswer = z.infer<typeof ledgerAnswer>

export const participantKey = z.object({
  thumbprint: z.string(),
  jwk,
  status: z.enum(['active', 'rotated', 'revoked']),
  since: count,
  until: count.optional(),
  compromisedSince: z.string().optional(),
})

export const participant = z.object({
  id: z.string(),
  type: z.string().optional(),
  roles: z.array(z.string()),
  name: z.string().optional(),
  identifiedBy: z.string().optional().describe('How the administrators found out who it is.'),
  active: z.boolean(),
  since: count,
  revokedAt: count.optional(),
  compromisedSince: z.string().optional(),
  keys: z.array(participantKey),
})

export const participantsAnswer = z.object({ participants: z.array(participant) })
export type ParticipantsAnswer = z.infer<typeof participantsAnswer>

export const statusEvent = z.object({
  index,
  time,
  kind: z.string(),
  leafHash: hash,
  what: z.enum(laterEventNames),
  code: z.string().optional().describe('`reason`, `as`, `rel`, `outcome` or `how`.'),
  compromisedSince: z.string().optional(),
  item: count.optional().describe('The one item that an attestation or retraction is about, from 0.'),
  line: count.optional().describe('The line of the manifest that the item is, from 0.'),
  hashes: z.array(hash).describe('Inclusion proof of the later entry.'),
  entry: z.string().optional().describe('Its bytes, base64, where the reader may read it.'),
  signer: jwk.optional(),
})

export const statusAnswer = z.object({
  index,
  leafHash: hash,
  size: count.describe('The answer is as of this size.'),
  checkpoint: z.string().describe('The signed checkpoint that all proofs lead to.'),
  hashes: z.array(hash).describe('Inclusion proof of the entry.'),
  consistency: z.array(hash).optional().describe('Consistency proof from `from`.'),
  events: z.array(statusEvent),
  next,
})
export type StatusAnswer = z.infer<typeof statusAnswer>

export const timeStampsAnswer = z.object({
  sizes: z.array(count).describe('Sizes of the checkpoints that have a time-stamp record, ascending.'),
  next,
})

const seal = z.object({
  entry: count.describe('Index of the entry that set the seal; of a deposit that sealed itself, its own.'),
  by: z.string().describe('Participant that set it.'),
})

const shown = z
  .enum(['claims', 'found', 'copied'])
  .describe('Its sealed claims were shown, a search found it, or it was part of a copy of the ledger.')

export const readingsAnswer = z.object({
  days: z
    .array(
      z.object({ day: z.string(), size: count.optional().describe('Bytes of the day’s file; for operators alone.') }),
    )
    .optional()
    .describe('Days that have readings, ascending; absent where a day was named.'),
  day: z.string().optional(),
  size: count.optional().describe('Bytes of the day’s file; for operators alone.'),
  sha256: z.string().optional().describe('Lower-case hex SHA-256 of the file of a day that has ended.'),
  ended: z.boolean().optional().describe('Whether the day has ended, so that its file does not change any more.'),
  lines: z
    .array(
      z.object({
        time: z.string(),
        reader: z.string(),
        index: count,
        to: count.optional().describe('Of a copy, the index of the last entry that was copied.'),
        shown,
        times: count
          .optional()
          .describe(
            'Readings that the line stands for: itself, and those alike since the line before that says the same. Absent: 1.',
          ),
        seals: z.array(seal).describe('Those that the asker set.'),
      }),
    )
    .optional()
    .describe('Readings under seals that the asker set.'),
  next: z.string().nullable().describe('The `after` of the next page; null after the last.'),
})
export type ReadingsAnswer = z.infer<typeof readingsAnswer>

export const servedAnswer = z.object({
  index: count.describe('Index of the order.'),
  of: z.array(count).describe('Indices of the entries that it erases claims of.'),
  day: z.string().optional().describe('The day whose readings these are, UTC; absent where no day is left.'),
  served: z
    .array(
      z.object({
        index: count.describe('Index of the entry that was read.'),
        reader: z.string(),
        shown,
        first: z.string().describe('Time of the first reading of that day.'),
        last: z.string().describe('Time of the last reading of that day.'),
        times: count.describe('Readings of that day at least, and less than twice as many.'),
      }),
    )
    .describe('Participants that were shown an entry under a seal, by the log of readings.'),
  copies: z.array(z.string()).describe('Participants whose copies of the ledger hold sealed claims, by its settings.'),
  notKnown: z
    .array(z.enum(['unsealed', 'anybody', 'copies', 'passed-on']))
    .describe(
      'What no list can name: readings while no seal stood (`unsealed`), readings by anybody, where claims are open (`anybody`), what copies of the ledger gave on (`copies`), receipts and packages that were handed on (`passed-on`).',
    ),
  next: z.string().nullable().describe('The `after` of the next day; null where there is none.'),
})
export type ServedAnswer = z.infer<typeof servedAnswer>

export const accessAnswer = z.object({
  index: count,
  rules: z.array(
    z.object({
      rule: z.enum(['grant', 'seal', 'hold']),
      entry: count.describe('Index of the entry that set it; of a deposit that sealed itself, its own.'),
      by: z.string(),
      as: z.enum(['issuer', 'custodian', 'authority']).describe('By what right it was set.'),
      to: z.array(z.string()).describe('Whom a grant is for.'),
      until: z.string().optional().describe('When it ends by itself.'),
    }),
  ),
})
export type AccessAnswer = z.infer<typeof accessAnswer>

export const custodyAnswer = z.object({
  index: count,
  units: z
    .array(
      z.object({
        item: count.describe('Number of the item, from 0.'),
        holder: z.string().describe('Its custodian; where custody ended, the last one.'),
        since: count.describe('Index of the entry through which it is held.'),
        state: z.enum(['held', 'ended', 'not-judged']),
        movedByOrder: count.optional().describe('Transfer by order, without the holder’s signature.'),
      }),
    )
    .describe('The items of the deposit, and who holds them now; empty for an entry that deposits nothing.'),
  steps: z
    .array(
      z.object({
        index,
        time,
        what: z.enum(custodyEventNames),
        code: z.string().optional().describe('`outcome`, `how` or `reason`.'),
        item: count.optional().describe('The one item that it is about.'),
        by: z.string().describe('Who signed the statement.'),
        from: z.string().optional().describe('Who signed the release in it.'),
      }),
    )
    .describe('What statements said of its custody, in order.'),
  next,
})
export type CustodyAnswer = z.infer<typeof custodyAnswer>

export const stampAnswer = z.object({
  size: count,
  created: z.boolean().describe('False where that checkpoint had a time stamp already.'),
  tokens: z.array(z.object({ authority: z.string(), time: z.string() })),
  renewed: z.array(count),
})

/** A line of the answer to a batch: a {@link depositAnswer} or a {@link problemAnswer}, with its status and the number of its line. */
export const batchLine = z.looseObject({ line: z.int(), status: z.int() })

export const problemAnswer = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    code: z.string().describe('Stable; docs/errors.md lists them all.'),
    action: z.string(),
    help: z.string().optional().describe('Address of the code’s line in the page /errors, below the server’s.'),
    where: z.string().optional(),
    expected: z.string().optional(),
    found: z.string().optional(),
    index: z.int().optional(),
    receipt: z.string().optional(),
    request: z.string().optional().describe('Number of the request, which the operator finds in the log as `reqId`.'),
  })
  .describe('RFC 9457 problem document.')

/** What a program may read of each line of a batch's answer: where the statement is, or why it is not. */
export const batchResult = z.object({
  ...depositAnswer.partial().shape,
  ...problemAnswer.partial().shape,
  line: z.int().min(1).describe('Number of the line in the request, from 1.'),
  status: z.int(),
  busy: z.boolean().optional().describe('Refused for the moment: the same bytes are taken later.'),
})

/** Each line of the answer to a request for many receipts. */
export const receiptLine = z.object({
  index,
  status: z.int(),
  ...receiptAnswer.omit({ index: true }).partial().shape,
  ...problemAnswer.partial().omit({ index: true, status: true }).shape,
})

/** A problem document of ours. */
export interface Problem extends z.infer<typeof problemAnswer> {
  readonly code: ErrorCode
}
