import { z } from 'zod'
export declare const certificateFormat = 'evidence-ledger/certificate/v1'
declare const caseFields: z.ZodObject<
  {
    authority: z.ZodNullable<z.ZodString>
    number: z.ZodNullable<z.ZodString>
    stage: z.ZodNullable<z.ZodString>
    cause: z.ZodNullable<z.ZodString>
  },
  z.core.$strict
>
export type CaseFields = z.infer<typeof caseFields>
declare const laterEvent: z.ZodObject<
  {
    index: z.ZodInt
    what: z.ZodEnum<{
      attested: 'attested'
      'key-revoked': 'key-revoked'
      'key-rotated': 'key-rotated'
      'part-retracted': 'part-retracted'
      'participant-revoked': 'participant-revoked'
      related: 'related'
      retracted: 'retracted'
    }>
    time: z.ZodNullable<z.ZodString>
    code: z.ZodNullable<z.ZodString>
    compromisedSince: z.ZodNullable<z.ZodString>
    item: z.ZodNullable<z.ZodInt>
    line: z.ZodNullable<z.ZodInt>
  },
  z.core.$strict
>
export type StatedEvent = z.infer<typeof laterEvent>
declare const later: z.ZodObject<
  {
    url: z.ZodString
    size: z.ZodInt
    events: z.ZodArray<
      z.ZodObject<
        {
          index: z.ZodInt
          what: z.ZodEnum<{
            attested: 'attested'
            'key-revoked': 'key-revoked'
            'key-rotated': 'key-rotated'
            'part-retracted': 'part-retracted'
            'participant-revoked': 'participant-revoked'
            related: 'related'
            retracted: 'retracted'
          }>
          time: z.ZodNullable<z.ZodString>
          code: z.ZodNullable<z.ZodString>
          compromisedSince: z.ZodNullable<z.ZodString>
          item: z.ZodNullable<z.ZodInt>
          line: z.ZodNullable<z.ZodInt>
        },
        z.core.$strict
      >
    >
    flagged: z.ZodBoolean
    whole: z.ZodBoolean
    admission: z.ZodNullable<
      z.ZodObject<
        {
          index: z.ZodInt
          time: z.ZodString
          name: z.ZodNullable<z.ZodString>
          roles: z.ZodArray<z.ZodString>
        },
        z.core.$strict
      >
    >
  },
  z.core.$strict
>
export type StatedLater = z.infer<typeof later>
declare const stated: z.ZodObject<
  {
    madeAt: z.ZodString
    program: z.ZodObject<
      {
        version: z.ZodString
        build: z.ZodString
      },
      z.core.$strict
    >
    language: z.ZodEnum<{
      both: 'both'
      en: 'en'
      zh: 'zh'
    }>
    applicant: z.ZodNullable<z.ZodString>
    onRequestOf: z.ZodNullable<z.ZodString>
    case: z.ZodNullable<
      z.ZodObject<
        {
          authority: z.ZodNullable<z.ZodString>
          number: z.ZodNullable<z.ZodString>
          stage: z.ZodNullable<z.ZodString>
          cause: z.ZodNullable<z.ZodString>
        },
        z.core.$strict
      >
    >
    platform: z.ZodNullable<z.ZodString>
    compared: z.ZodNullable<
      z.ZodDiscriminatedUnion<
        [
          z.ZodObject<
            {
              what: z.ZodLiteral<'file'>
              name: z.ZodString
              size: z.ZodInt
              digests: z.ZodArray<z.ZodTuple<[z.ZodString, z.ZodString], null>>
            },
            z.core.$strict
          >,
          z.ZodObject<
            {
              what: z.ZodLiteral<'folder'>
              name: z.ZodString
              files: z.ZodInt
            },
            z.core.$strict
          >,
        ],
        'what'
      >
    >
    later: z.ZodNullable<
      z.ZodObject<
        {
          url: z.ZodString
          size: z.ZodInt
          events: z.ZodArray<
            z.ZodObject<
              {
                index: z.ZodInt
                what: z.ZodEnum<{
                  attested: 'attested'
                  'key-revoked': 'key-revoked'
                  'key-rotated': 'key-rotated'
                  'part-retracted': 'part-retracted'
                  'participant-revoked': 'participant-revoked'
                  related: 'related'
                  retracted: 'retracted'
                }>
                time: z.ZodNullable<z.ZodString>
                code: z.ZodNullable<z.ZodString>
                compromisedSince: z.ZodNullable<z.ZodString>
                item: z.ZodNullable<z.ZodInt>
                line: z.ZodNullable<z.ZodInt>
              },
              z.core.$strict
            >
          >
          flagged: z.ZodBoolean
          whole: z.ZodBoolean
          admission: z.ZodNullable<
            z.ZodObject<
              {
                index: z.ZodInt
                time: z.ZodString
                name: z.ZodNullable<z.ZodString>
                roles: z.ZodArray<z.ZodString>
              },
              z.core.$strict
            >
          >
        },
        z.core.$strict
      >
    >
    timeStamp: z.ZodNullable<
      z.ZodObject<
        {
          noLaterThan: z.ZodString
          authority: z.ZodString
          verified: z.ZodBoolean
        },
        z.core.$strict
      >
    >
    seal: z.ZodNullable<z.ZodString>
  },
  z.core.$strict
>
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
  readonly acquired: {
    readonly source: string
    readonly size: number
    readonly digests: Digests
  } | null
  readonly tree: {
    readonly lines: number
    readonly root: string
  } | null
}
/** How the evidence came to be collected, as the depositor sealed it and the receipt shows it. */
export type Collection = Readonly<Record<(typeof collectionFields)[number], string | null>> & {
  readonly officers: readonly string[]
  readonly witness: string | null
}
export declare const collectionFields: readonly [
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
  readonly witnesses: readonly {
    readonly name: string
    readonly time: string | null
  }[]
  readonly byTransition: boolean
  readonly signer: {
    readonly id: string
    readonly key: string
  }
  readonly items: readonly ShownItem[]
  readonly part: {
    readonly item: number
    readonly line: {
      readonly number: number
      readonly path: string
      readonly sha256: string
    } | null
  } | null
  readonly cases: readonly CaseFields[]
  readonly collection: Collection | null
  readonly note: string | null
  readonly withheld: number
  /** The first lines of the attached list. */
  readonly files: readonly {
    readonly path: string
    readonly sha256: string
  }[]
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
/** What is known of the deposit, out of what the maker states that the ledger answered. */
export declare function standingOf({ stated, shown }: CertificateModel): CertificateStanding
/** Whether a retraction of a part touches what the certificate is about; one about a whole deposit is touched by any. */
export declare function isOfPart({ what, item, line }: StatedEvent, part: Shown['part']): boolean
/** A certificate's fields as they are attached to it. */
export declare function encodeModel(model: CertificateModel): Uint8Array
/** Reads what the maker states, out of a certificate's fields. Throws `certificate-malformed`, `certificate-other-version`, the codes of JSON. */
export declare function readStated(bytes: Uint8Array): Stated
/** What a maker states, held to its shape, with its members in the format's order. Throws `certificate-malformed`. */
export declare function statedIn(value: unknown): Stated
export {}
