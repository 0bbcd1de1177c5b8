import { type CertificateWords, certificate as en } from './en/certificate.ts'
import { certificate as zh } from './zh/certificate.ts'

/** Languages that a document may be written in. */
export type DocumentLanguage = 'zh' | 'en'

/** What a certificate says, by language. */
export const certificateWords: Readonly<Record<DocumentLanguage, CertificateWords>> = { zh, en }
