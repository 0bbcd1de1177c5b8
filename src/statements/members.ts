import { tryBase64, tryBase64url } from '../core/base64.ts'
import { utf8Length } from '../core/bytes.ts'
import type { ErrorCode } from '../core/errors.ts'
import { digestLengths, isDigestAlgorithm, strongDigests } from '../core/hash.ts'
import type { JsonValue } from '../core/json.ts'
import { defined } from '../core/objects.ts'
import { isOrigin } from '../core/origin.ts'
import { maxSeconds, tryTime } from '../core/time.ts'
import { z } from 'zod'
import { codePattern } from './vocabulary.ts'

/* Members that several kinds share, as zod schemas (docs/spec/02-statement.md). */

/** An issue that carries one of our codes. */
function refuse(ctx: z.RefinementCtx, code: ErrorCode, message: string): void {
  ctx.addIssue({ code: 'custom', message, params: { code } })
}

/** A string in clear, limited in UTF-8 bytes. */
export function clearText(maxBytes: number): z.ZodType<string> {
  return z
    .string()
    .min(1)
    .refine((text) => utf8Length(text) <= maxBytes, { error: `is longer than ${maxBytes} bytes` })
}

export const participantId: z.ZodType<string> = z
  .string()
  .regex(/^[a-z0-9._-]{1,64}$/, { error: 'is not 1 to 64 of a-z 0-9 . _ -' })

/** A code of an open list: an unknown one has no effect (docs/spec/02-statement.md, "Types used below"). */
export const code: z.ZodType<string> = z
  .string()
  .regex(codePattern, { error: 'is no code: a letter a to z, then at most 63 of a-z 0-9 -' })

export const origin: z.ZodType<string> = z.string().refine(isOrigin, { error: 'is not an origin' })

export const safeSize: z.ZodType<number> = z.int().min(0)

export const seconds: z.ZodType<number> = z.int().min(0).max(maxSeconds)

export const time: z.ZodType<string> = z
  .string()
  .refine((text) => tryTime(text) !== undefined, { error: 'is not a time of the form YYYY-MM-DDTHH:MM:SS.mmmZ' })

const leafHashText: z.ZodType<string> = z
  .string()
  .refine((text) => tryBase64(text)?.length === 32, { error: 'is not 32 bytes of padded base64' })

export const thumbprintText: z.ZodType<string> = z
  .string()
  .refine((text) => tryBase64url(text)?.length === 32, { error: 'is not 32 bytes of base64url' })

export const jwk = z
  .strictObject({
    crv: z.literal('Ed25519'),
    kty: z.literal('OKP'),
    x: thumbprintText,
  })
  .readonly()

/** The one key that a participant is admitted with. */
export const oneKey = z.array(jwk).length(1)

/** RFC 6838 grammar, without parameters. */
const mediaType = clearText(127).refine(
  (text) => /^[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]*\/[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]*$/.test(text),
  { error: 'is not a media type of RFC 6838 without parameters' },
)

/**
 * Digests by algorithm; `needStrong` asks for one that suffices alone. One check over the object as it is: a record schema would
 * copy it first, which took half of the time of a deposit's schema.
 */
function digests(needStrong: boolean): z.ZodType<Record<string, string>> {
  return z
    .custom<Record<string, string>>(isTextRecord, { error: 'is no object of strings', abort: true })
    .superRefine((value, ctx) => {
      const names = Object.keys(value)
      if (names.length === 0) refuse(ctx, 'digest-malformed', 'names no digest')
      for (const name of names) {
        if (!isDigestAlgorithm(name))
          return refuse(ctx, 'digest-malformed', `names the unknown algorithm ${name.slice(0, 40)}`)
        const length = digestLengths[name]
        const text = value[name] as string
        if (text.length !== 2 * length || !/^[0-9a-f]*$/.test(text)) {
          return refuse(
            ctx,
            'digest-malformed',
            `has a ${name} that is not ${2 * length} lower-case hexadecimal digits`,
          )
        }
      }
      if (needStrong && !strongDigests.some((name) => Object.hasOwn(value, name))) {
        refuse(ctx, 'digest-weak-only', `has only ${names.join(' and ')}, which does not suffice`)
      }
    })
}

function isTextRecord(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  return Object.values(value).every((text) => typeof text === 'string')
}

/** What a forensic tool reports of the data inside an image file: shown as reported, never checked. */
const acquired = z.strictObject({ size: safeSize, digest: digests(false), source: code })

const manifestTree = z.strictObject({
  root: z.string().regex(/^[0-9a-f]{64}$/, { error: 'is not 64 lower-case hexadecimal digits' }),
  size: z.int().min(1),
})

export const item = z.strictObject({
  size: safeSize,
  digest: digests(true),
  mediaType: mediaType.optional(),
  category: code.optional(),
  acquired: acquired.optional(),
  tree: manifestTree.optional(),
})
export type Item = z.infer<typeof item>

const referenceMembers = {
  index: safeSize,
  leafHash: leafHashText,
  item: safeSize.optional(),
  line: safeSize.optional(),
}

/** An entry of this ledger, one item of it, or one line of the manifest that an item is. */
export const reference = z.strictObject(referenceMembers)
export type Reference = z.infer<typeof reference>

/** A deposit or one item of it: what custody is of (docs/spec/19-custody.md). */
export const unitReference = z.strictObject({ index: safeSize, leafHash: leafHashText, item: safeSize.optional() })
export type UnitReference = z.infer<typeof unitReference>

/** An entry of this ledger, whatever it says. */
export const entryReference = z.strictObject({ index: safeSize, leafHash: leafHashText })

/** A reference to an entry of this ledger, to one item of it or to one line of a manifest, and where in the statement it stands. */
export interface Placed {
  /** Path of the member, as findings name it: `of`, `relates[2]`. */
  readonly where: string
  readonly index: number
  /** Padded base64 of 32 bytes. */
  readonly leafHash: string
  readonly item?: number
  /** Line of the manifest, from 0. */
  readonly line?: number
}

/** A reference with where it stands, without what else stands beside it. */
export function placed(where: string, { index, leafHash, item: number, line }: Reference): Placed {
  return { where, index, leafHash, ...defined({ item: number, line }) }
}

/** An entry of this or, with `origin`, of another ledger, and what it is to this one. */
export const relation = z.strictObject({ rel: code, ...referenceMembers, origin: origin.optional() })
export type Relation = z.infer<typeof relation>

/** An entry of this ledger as a whole. */
export const wholeEntry = z.strictObject({ index: safeSize, leafHash: leafHashText })

/** Digests of sealed claims (RFC 9901): 1 to 5 distinct ones, in any order. */
export const sealedDigests = z
  .array(thumbprintText)
  .min(1)
  .max(5)
  .refine((digestList) => new Set(digestList).size === digestList.length, { error: 'repeats a digest' })

export const sealMembers = { _sd: sealedDigests.optional(), _sd_alg: z.literal('sha-256').optional() }

/** Canonical base64url of at most `max` characters. */
export function base64urlText(max: number): z.ZodType<string> {
  return z
    .string()
    .min(1)
    .max(max)
    .refine((text) => tryBase64url(text) !== undefined, { error: 'is not canonical base64url' })
}

/** An object that may seal claims: `_sd` and `_sd_alg` come together. */
export function sealing<T extends z.ZodType<{ _sd?: unknown; _sd_alg?: unknown }>>(schema: T): T {
  return schema.refine(({ _sd, _sd_alg }) => (_sd === undefined) === (_sd_alg === undefined), {
    error: 'has one of _sd and _sd_alg without the other',
    path: ['_sd'],
  })
}

/** Whether a value has an own member named __proto__ anywhere: no kind has one, and a schema library may pass over it. */
export function hasProtoMember(value: JsonValue): boolean {
  if (value === null || typeof value !== 'object') return false
  if (Array.isArray(value)) return value.some(hasProtoMember)
  for (const name of Object.keys(value)) {
    if (name === '__proto__' || hasProtoMember(value[name] as JsonValue)) return true
  }
  return false
}
