/** For depositors and auditors: statements, and the HTTP client. */
export { accessToken } from './access-token.ts'
export { type HttpOptions, ServerRefusal } from './http.ts'
export {
  type DepositResult,
  type EntryInfo,
  type EntryPage,
  type Identity,
  LedgerClient,
  type LedgerInfo,
  type ParticipantInfo,
} from './ledger-client.ts'
export { UrlSource } from './url-source.ts'
export { readBody } from '../statements/body.ts'
export {
  type ComposedStatement,
  composePossession,
  composeStatement,
  type Signer,
  type StatementContext,
} from '../statements/compose.ts'
export type { StatementBody } from '../statements/kinds.ts'
export { openEntry, openStatement } from '../statements/open.ts'
export { readEnvelope, readStatement, type Statement } from '../statements/statement.ts'
