import { createHash } from 'node:crypto'
import { LedgerClient } from '../client/ledger-client.ts'
import type { VantagePoint } from './monitor.ts'

/** A witness's latest checkpoint of a ledger, by C2SP tlog-witness: `<monitoring prefix>/<sha256 of origin>/checkpoint`. */
export function witnessPoint(prefix: string, origin: string): VantagePoint {
  const client = new LedgerClient(prefix, undefined, { retries: 1, timeoutMs: 20_000 })
  const hash = createHash('sha256').update(origin).digest('hex')
  return { where: `witness ${client.url}`, checkpoint: () => client.fetchBytes(`/${hash}/checkpoint`) }
}
