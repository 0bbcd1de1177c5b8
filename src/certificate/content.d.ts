import { type DocumentLanguage as Language } from '../words/certificate.ts'
import { type AttachmentName } from './attachments.ts'
import { type CertificateModel } from './model.ts'
/** A text, and the language that it is in; none for names, numbers, digests. */
export interface Piece {
  readonly lang: Language | undefined
  readonly text: string
}
/** One thing, said in each language of the document. */
export type Said = readonly Piece[]
export type Block =
  | {
      readonly is: 'title'
      readonly said: Said
    }
  | {
      readonly is: 'heading'
      readonly number: number
      readonly said: Said
    }
  | {
      readonly is: 'subheading'
      readonly said: Said
    }
  /** `notice` must be read before anything else. */
  | {
      readonly is: 'paragraph'
      readonly said: Said
      readonly tone: 'plain' | 'verdict' | 'notice'
    }
  | {
      readonly is: 'list'
      readonly items: readonly Said[]
    }
  | {
      readonly is: 'row'
      readonly label: Said
      readonly value: readonly Said[]
    }
  | {
      readonly is: 'commands'
      readonly lines: readonly string[]
    }
  | {
      readonly is: 'code'
      readonly data: string
      readonly said: Said
    }
export interface Content {
  readonly languages: readonly Language[]
  /** The title alone, for the document's own properties. */
  readonly title: string
  readonly blocks: readonly Block[]
  readonly footer: (page: number, pages: number) => Said
}
/** Languages of a document, in their order on it. */
export declare function languagesOf({ stated }: CertificateModel): readonly Language[]
/** A time in UTC as formats write it, and in China's, so that nobody need reckon: never in the zone of a machine. */
export declare function timeShown(time: string): string
/** Hexadecimal digits in groups of eight, to be read aloud and compared. */
export declare function grouped(hex: string): string
/** What the QR code holds: what finds the entry again wherever the ledger is, and no address. */
export declare function codeOf({ shown }: CertificateModel): string
/** What a certificate says. `attached` are the names of its attachments. */
export declare function contentOf(model: CertificateModel, attached: readonly AttachmentName[]): Content
