import { availableParallelism } from 'node:os'
import { z } from 'zod'
import { signatureMeans } from '../src/node/signature-means.ts'
import { batchWeight } from './batch-weight.ts'

/** Largest body of one statement with its disclosures, and of a batch. */
export const maxStatementBody: number = 256 * 1024
export const maxBatchBody: number = 32 * 1024 * 1024
/** Time-stamping authorities (docs/operations/time-stamps.md); none, and there are no time stamps. */
export const timeStampingSettings = z.strictObject({
  authorities: z
    .array(
      z.strictObject({
        name: z.string().regex(/^[a-z0-9-]{1,32}$/, { error: 'is not 1 to 32 of a-z, 0-9 and -' }),
        url: z.url({ protocol: /^https?$/ }),
        anchors: z.string().min(1),
        certificates: z.string().min(1).optional(),
        crls: z.array(z.string().min(1)).max(8).default([]),
      }),
    )
    .max(8)
    .refine((all) => new Set(all.map(({ name }) => name)).size === all.length, { error: 'names an authority twice' })
    .default([]),
  /** How often a checkpoint is stamped, where the ledger grew. */
  everySeconds: z.int().min(1).default(3600),
  /** How long before the end of what a record rests on it is renewed. */
  renewDays: z.number().positive().default(30),
  hash: z.enum(['sha256', 'sha384', 'sha512']).default('sha256'),
  /** Records whose last tokens use one of these are renewed. */
  retiredHashes: z.array(z.enum(['sha256', 'sha384', 'sha512'])).default([]),
  timeoutSeconds: z.number().positive().max(120).default(20),
})
export type TimeStampingSettings = z.infer<typeof timeStampingSettings>

/** What a server is told besides its data folder; validated, with defaults. */
export const serverSettings = z.strictObject({
  host: z.string().min(1).default('127.0.0.1'),
  port: z.int().min(0).max(65535).default(8080),
  /** Names that this server goes by: the `aud` of access tokens. By default what it listens on. */
  baseUrls: z.array(z.url()).default([]),
  /** Statements a minute that one key may send. */
  statementsPerMinute: z.int().min(1).default(600_000),
  /** Statements that a participant may have sequenced in a day, and those of participants by id; none unless given. */
  statementsPerDay: z.int().min(1).optional(),
  quotas: z.record(z.string(), z.int().min(1)).default({}),
  /** Lines that the readings of one participant may add to the log of readings in a day. */
  readingsPerDay: z.int().min(1).default(100_000),
  /** Refused signatures a minute that one address may cause. */
  refusalsPerMinute: z.int().min(1).default(600),
  /** Statements that may wait to be sequenced, and bytes that they may hold. */
  maxQueue: z.int().min(1).default(8192),
  maxQueueBytes: z
    .int()
    .min(1024)
    .default(64 * 1024 * 1024),
  /** Connections that are served at once; fewer where the limit of open files asks for it. */
  maxConnections: z.int().min(1).default(4096),
  /** Bytes that all batches under way may hold together, with their answers; room for the largest one at least. */
  maxBatchBytes: z
    .int()
    .min(batchWeight(maxBatchBody))
    .default(256 * 1024 * 1024),
  /** Bytes of large answers that wait, all together, until they are read. */
  maxAnswerBytes: z
    .int()
    .min(32 * 1024 * 1024)
    .default(256 * 1024 * 1024),
  /** Threads that verify signatures when many arrive at once. */
  signatureThreads: z
    .int()
    .min(0)
    .default(() => Math.max(1, availableParallelism() - 1)),
  /** How these threads verify: by tables of keys that sign often, or by libsodium alone. */
  signatures: z.enum(signatureMeans).default('tables'),
  /** How far the clock may be ahead of the last entry at start, in days. */
  maxClockGapDays: z.number().positive().default(31),
  acceptClockGap: z.boolean().default(false),
  /** Checkpoints or receipts kept elsewhere, files or URLs: a ledger that has gone back behind one does not start. */
  knownCheckpoints: z.array(z.string().min(1)).default([]),
  /** Participant (an auditor) whose follower must hold every entry before anybody is answered; none unless given. */
  requireFollower: z.string().min(1).optional(),
  /** Participants (auditors) that copy the ledger also where deposits are sealed; the one of `requireFollower` always does. */
  followers: z.array(z.string().min(1)).default([]),
  /** How long a deposit waits for that follower, in seconds, before it is answered 503. */
  followerTimeoutSeconds: z.number().positive().max(50).default(5),
  /** How long a witness may take to answer, in seconds. */
  witnessTimeoutSeconds: z.number().positive().max(60).default(10),
  /** Longest that `POST …?wait=cosigned` waits for the quorum, in seconds. */
  cosignWaitSeconds: z.number().positive().max(50).default(15),
  /** Start although so many witnesses are silent that nobody can tell whether the folder was put back. */
  acceptUnreachableWitnesses: z.boolean().default(false),
  timeStamping: timeStampingSettings.default(() => timeStampingSettings.parse({})),
  /** Addresses of proxies whose X-Forwarded-For is believed; without it everybody behind one shares its limits. */
  trustedProxies: z.array(z.string().min(1)).default([]),
  logLevel: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'silent']).default('info'),
})
export type ServerSettings = z.infer<typeof serverSettings>

/** Most lines of a batch. */
export const maxBatchLines = 1000
