import { z } from 'zod'
import { EvidenceError } from '../core/errors.ts'
import { utf8 } from '../core/bytes.ts'
import { parseJson } from '../core/json.ts'
import { tryTime } from '../core/time.ts'
import type { EventFlag, LaterEventName } from '../statements/kind.ts'
import { laterEventNames } from '../statements/later-event-names.ts'
import type { LaterName } from './attachments.ts'

/*
 * The fields of a certificate, as plain data in no language (docs/design/faces.md, "The certificate"). `stated` is the word of who made
 * it; `shown` is worked out of the attachments, by the maker and again by every reader.
 */

export const certificateFormat = 'evidence-ledger/certificate/v1'

const text = z.string().min(1).max(4096)
const time = z.string().refine((value) => tryTime(value) !== undefined, { error: 'is no time' })
const count = z.int().min(0)
const hex = z.string().regex(/^[0-9a-f]{64}$/)
const digests = z
  .array(z.tuple([z.string().regex(/^[a-z0-9-]{1,16}$/), z.string().regex(/^(?:[0-9a-f]{2}){16,64}$/)]))
  .min(1)
  .max(8)

const caseFields = z.strictObject({
  authority: text.nullable(),
  number: text.nullable(),
  stage: text.nullable(),
  cause: text.nullable(),
})
export type CaseFields = z.infer<typeof caseFields>

const laterEvent = z.strictObject({
  index: count,
  /** What a ledger may name without showing it; all else is attached, or counted. */
  what: z.enum(['attested', 'related']),
  /** Null where the ledger names the entry and does not show it. */
  time: time.nullable(),
  code: text.nullable(),
})
export type StatedEvent = z.infer<typeof laterEvent>

const later = z.strictObject({
  url: text,
  size: count,
  /** Later entries that the ledger named, and whose receipts are not attached. */
  events: z.array(laterEvent).max(100),
  /** How many more it named, by sort. */
  others: z.array(z.strictObject({ what: z.enum(laterEventNames), count })).max(laterEventNames.length),
  /** How many steps of custody it named, attached or not, for each item; null where its answer broke off. */
  steps: z.array(count).max(64).nullable(),
  /** All pages were read, and every entry that they name was shown. */
  whole: z.boolean(),
  admission: z.strictObject({ index: count, time, name: text.nullable(), roles: z.array(text).max(16) }).nullable(),
})
export type StatedLater = z.infer<typeof later>

const stated = z.strictObject({
  madeAt: time,
  program: z.strictObject({ version: text, build: hex }),
  language: z.enum(['zh', 'en', 'both']),
  applicant: text.nullable(),
  onRequestOf: text.nullable(),
  case: caseFields.nullable(),
  platform: text.nullable(),
  compared: z
    .discriminatedUnion('what', [
      z.strictObject({ what: z.literal('file'), name: text, size: count, digests }),
      z.strictObject({ what: z.literal('folder'), name: text, files: count }),
    ])
    .nullable(),
  later: later.nullable(),
  timeStamp: z.strictObject({ noLaterThan: time, authority: text, verified: z.boolean() }).nullable(),
  /** Subject of the certificate by which the document is to be sealed. */
  seal: text.nullable(),
})
/** What only the maker's word stands for. */
export type Stated = z.infer<typeof stated>

type Digests = readonly (readonly [algorithm: string, hex: string])[]

export interface ShownItem {
  readonly number: number
  /** Null where it is sealed, or there is none. */
  readonly name: string | null
  readonly category: string | null
  readonly mediaType: string | null
  readonly size: number
  readonly digests: Digests
  readonly acquired: { readonly source: string; readonly size: number; readonly digests: Digests } | null
  readonly tree: { readonly lines: number; readonly root: string } | null
}

/** How the evidence came to be collected, as the depositor sealed it and the receipt shows it. */
export type Collection = Readonly<Record<(typeof collectionFields)[number], string | null>> & {
  readonly officers: readonly string[]
  readonly witness: string | null
}

export const collectionFields = [
  'description',
  'exhibit',
  'parentExhibit',
  'serial',
  'condition',
  'seal',
  'medium',
  'notHeldBecause',
  'account',
  'url',
  'authorisation',
  'method',
  'process',
  'tool',
  'writeBlock',
  'place',
  'start',
  'end',
  'clock',
  'noWitnessBecause',
] as const

/** A later event whose entry's receipt is attached. */
export interface ShownEvent {
  readonly index: number
  readonly what: LaterEventName
  readonly time: string
  readonly code: string | null
  readonly compromisedSince: string | null
  readonly item: number | null
  readonly line: number | null
  readonly attachment: LaterName
  /** Who signed the later entry. */
  readonly by: string
  /** Who signed the release within a hand-over, and to whom it is. */
  readonly giver: string | null
  readonly receiver: string | null
  /** What is said for ever beside it. */
  readonly flags: readonly EventFlag[]
  /** On what ground an authority gave in lieu of the holder. */
  readonly inLieu: string | null
  /** The entry through which, or after which, the giver held what it gave, by its release. */
  readonly releasedSince: number | null
  /** Index of the attached challenge that a finding is on; null where it is about the deposit itself. */
  readonly on: number | null
}

/** Who holds an item by the attached entries: whether there are others they do not show. */
export interface ShownHolding {
  readonly item: number
  /** Its custodian, or the last one where custody ended; null where the chain lacks a step, or whether it does is not known. */
  readonly holder: string | null
  /** Index of the entry by which that is so; null where no custodian is stated. */
  readonly since: number | null
  /** How custody ended; null where it is held. */
  readonly ended: string | null
  /** Index of the last transfer by order, without the holder's signature. */
  readonly byOrder: number | null
  /** Entries that do not follow from those before them, by their custodian or by its end: one between them is not attached. */
  readonly gaps: readonly number[]
  /** How many steps of its custody are attached, and how many the ledger told when it was asked, by the maker's word; null where that is not known. */
  readonly steps: { readonly attached: number; readonly told: number | null }
}

/** What the attachments show. */
export interface Shown {
  readonly kind: 'receipt' | 'file-proof' | 'manifest'
  readonly policy: string
  readonly origin: string
  readonly index: number
  readonly time: string
  readonly leafHash: string
  readonly size: number
  readonly root: string
  readonly witnesses: readonly { readonly name: string; readonly time: string | null }[]
  readonly byTransition: boolean
  readonly signer: { readonly id: string; readonly key: string }
  readonly items: readonly ShownItem[]
  readonly part: {
    readonly item: number
    readonly line: { readonly number: number; readonly path: string; readonly sha256: string } | null
  } | null
  readonly cases: readonly CaseFields[]
  readonly collection: Collection | null
  readonly note: string | null
  readonly withheld: number
  readonly later: readonly ShownEvent[]
  /** Who holds each item by the attached entries. */
  readonly custody: readonly ShownHolding[]
  /** An attached later entry says that the signing key was compromised at the entry's time. */
  readonly flagged: boolean
  /** The first lines of the attached list. */
  readonly files: readonly { readonly path: string; readonly sha256: string }[]
}

export interface CertificateModel {
  readonly format: typeof certificateFormat
  /** Worked out of all the rest. */
  readonly number: string
  readonly stated: Stated
  readonly shown: Shown
}

/** What stands first, because it must be read before anything else. */
export type CertificateStanding = 'sound' | 'retracted' | 'part-retracted' | 'key-compromised'

/** How the deposit stands by the attached receipts of later entries. Nothing that is only stated counts, and nothing is shown beyond them. */
export function standingOf({ shown }: CertificateModel): CertificateStanding {
  const { later: events, flagged, part } = shown
  if (events.some(({ what }) => what === 'retracted')) return 'retracted'
  if (events.some((event) => isOfPart(event, part))) return 'part-retracted'
  return flagged ? 'key-compromised' : 'sound'
}

/** A part of a deposit, by the numbers of its item and line. */
export type PartNamed = { readonly item: number; readonly line: { readonly number: number } | null } | null

/** Whether a retraction of a part touches what the certificate is about; one about a whole deposit is touched by any. */
export function isOfPart({ what, item, line }: Pick<ShownEvent, 'what' | 'item' | 'line'>, part: PartNamed): boolean {
  if (what !== 'part-retracted') return false
  if (part === null) return true
  return item === part.item && (line === null || part.line === null || line === part.line.number)
}

/** A certificate's fields as they are attached to it. */
export function encodeModel(model: CertificateModel): Uint8Array {
  return utf8(`${JSON.stringify(model, undefined, 1)}\n`)
}

function malformed(why: string): EvidenceError {
  return new EvidenceError('certificate-malformed', `certificate.json ${why}`, { where: 'certificate.json' })
}

const outer = z.looseObject({ format: z.string(), stated: z.unknown() })

/** Reads what the maker states, out of a certificate's fields. Throws `certificate-malformed`, `certificate-other-version`, the codes of JSON. */
export function readStated(bytes: Uint8Array): Stated {
  const document = outer.safeParse(parseJson(bytes, 'certificate.json'))
  if (!document.success) throw malformed('has no format')
  if (document.data.format !== certificateFormat)
    throw new EvidenceError('certificate-other-version', 'the certificate’s fields are of another version', {
      expected: certificateFormat,
      found: document.data.format.slice(0, 80),
    })
  return statedIn(document.data.stated)
}

/** What a maker states, held to its shape, with its members in the format's order. Throws `certificate-malformed`. */
export function statedIn(value: unknown): Stated {
  const read = stated.safeParse(value)
  if (read.success) return read.data
  throw malformed(`is not as the format asks at stated.${read.error.issues[0]?.path.join('.') ?? ''}`)
}
