import type { CertificateForm } from './attachments.ts'
import { readHtmlCertificate, isHtmlCertificate, htmlHead } from './html/read.ts'
import { certificateHead, isCertificate, type ReadCertificate, readCertificate } from './pdf/read.ts'

/** A certificate as it was read, in whatever form; of HTML there is no seal. */
export interface AnyCertificate extends ReadCertificate {
  readonly form: CertificateForm
}

/** Bytes of a file that tell whether it is a certificate. */
export const certificateBeginning: number = Math.max(certificateHead.length, htmlHead.length)

/** The form of a certificate, by its first bytes; undefined for what is none. */
export function certificateForm(beginning: Uint8Array): CertificateForm | undefined {
  if (isCertificate(beginning)) return 'pdf'
  return isHtmlCertificate(beginning) ? 'html' : undefined
}

/** Reads a certificate in either form. Throws `certificate-malformed`, `certificate-attachment-twice`. */
export function readAnyCertificate(bytes: Uint8Array): AnyCertificate {
  if (!isHtmlCertificate(bytes)) return { form: 'pdf', ...readCertificate(bytes) }
  return { form: 'html', ...readHtmlCertificate(bytes), unsealed: bytes, seal: undefined }
}
