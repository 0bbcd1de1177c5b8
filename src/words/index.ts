import { type CertificateWords, certificate as en } from './en/certificate.ts'
import { certificate as zh } from './zh/certificate.ts'

/** Languages that people are spoken to in. */
export const languages = ['zh', 'en'] as const
export type Language = (typeof languages)[number]

/** What a certificate says, by language. */
export const certificateWords: Readonly<Record<Language, CertificateWords>> = { zh, en }
