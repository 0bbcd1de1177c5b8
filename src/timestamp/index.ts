/** Time stamps of RFC 3161: asking for them, keeping, renewing and judging them. */
export * from './certificate.ts'
export * from './check-time-proof.ts'
export * from './judge-record.ts'
export * from './judge-token.ts'
export * from './record.ts'
export * from './time-proof.ts'
export { readCrl } from './crl.ts'
export { readToken } from './token.ts'
