import PDFDocument from 'pdfkit'
import { type Attachments } from '../attachments.ts'
import { type Content } from '../content.ts'
import { type CertificateModel } from '../model.ts'
/** What a file begins with that this program made. */
export declare const certificateMark = '%evidence-ledger/certificate/v1'
/** Writes a certificate, without a seal. Throws `file-unreadable` where the font is not there. */
export declare function writeCertificate(model: CertificateModel, attachments: Attachments): Promise<Uint8Array>
/** What a document is besides what stands on it. */
export interface DocumentFrame {
  /** A comment of PDF after its first line, by which the program knows what it wrote. */
  readonly mark: string
  readonly subject: string
  readonly creator: string
  /** The one date of the document. */
  readonly date: Date
  readonly attach: (doc: PDFDocument) => void
}
/**
 * Writes a document as PDF/A-3a, tagged; the same content and frame make the same bytes. Throws `file-unreadable` where the font is not there.
 */
export declare function writeDocument(content: Content, frame: DocumentFrame): Promise<Uint8Array>
