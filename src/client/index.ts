/** HTTP client for depositors and auditors. */
export * from './access-token.ts'
export { asUnanswered, type HttpOptions, problemError, problemFrom, ServerRefusal } from './http.ts'
export * from './ledger-client.ts'
export * from './server-url.ts'
export * from './url-source.ts'
export { composePossession, composeStatement, type ComposedStatement, type Signer } from '../evidence/compose.ts'
