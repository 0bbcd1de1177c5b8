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
export { readBody } from '../evidence/body.ts'
export {
  type ComposedStatement,
  composePossession,
  composeStatement,
  type Signer,
  type StatementContext,
} from '../evidence/compose.ts'
export type { StatementBody } from '../evidence/kinds.ts'
export { openEntry, openStatement } from '../evidence/open.ts'
export { readEnvelope, readStatement, type Statement } from '../evidence/statement.ts'
