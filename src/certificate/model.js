import { z } from 'zod'
import { EvidenceError } from '../core/errors.js'
import { utf8 } from '../core/bytes.js'
import { parseJson } from '../core/json.js'
import { tryTime } from '../core/time.js'
import { laterEventNames } from '../statements/later-events.js'
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
const laterEvent = z.strictObject({
  index: count,
  what: z.enum(laterEventNames),
  /** Null where the ledger names the entry and does not show it. */
  time: time.nullable(),
  code: text.nullable(),
  compromisedSince: text.nullable(),
  item: count.nullable(),
  line: count.nullable(),
})
const later = z.strictObject({
  url: text,
  size: count,
  events: z.array(laterEvent).max(5000),
  /** The signing key is reported compromised at the entry's time. */
  flagged: z.boolean(),
  /** All pages were read, and every entry that they name was shown. */
  whole: z.boolean(),
  admission: z.strictObject({ index: count, time, name: text.nullable(), roles: z.array(text).max(16) }).nullable(),
})
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
]
/** What is known of the deposit, out of what the maker states that the ledger answered. */
export function standingOf({ stated, shown }) {
  const { events = [], flagged = false } = stated.later ?? {}
  if (events.some(({ what, time: at }) => what === 'retracted' && at !== null)) return 'retracted'
  if (events.some((event) => event.time !== null && isOfPart(event, shown.part))) return 'part-retracted'
  return flagged ? 'key-compromised' : 'sound'
}
/** Whether a retraction of a part touches what the certificate is about; one about a whole deposit is touched by any. */
export function isOfPart({ what, item, line }, part) {
  if (what !== 'part-retracted') return false
  if (part === null) return true
  return item === part.item && (line === null || part.line === null || line === part.line.number)
}
/** A certificate's fields as they are attached to it. */
export function encodeModel(model) {
  return utf8(`${JSON.stringify(model, undefined, 1)}\n`)
}
function malformed(why) {
  return new EvidenceError('certificate-malformed', `certificate.json ${why}`, { where: 'certificate.json' })
}
const outer = z.looseObject({ format: z.string(), stated: z.unknown() })
/** Reads what the maker states, out of a certificate's fields. Throws `certificate-malformed`, `certificate-other-version`, the codes of JSON. */
export function readStated(bytes) {
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
export function statedIn(value) {
  const read = stated.safeParse(value)
  if (read.success) return read.data
  throw malformed(`is not as the format asks at stated.${read.error.issues[0]?.path.join('.') ?? ''}`)
}
//# sourceMappingURL=model.js.map
