import { verifyEd25519 } from '../core/ed25519.ts'
import type { OpenedEntry } from '../statements/open.ts'
import { emptyRegistry } from '../statements/registry.ts'
import { judge, type Judgement } from '../statements/rulebook.ts'
import type { EntryUnderJudgement, History } from '../statements/rules.ts'
import { targetFactsOf } from '../statements/said.ts'

/**
 * The rulebook's word on one entry of a ledger of which nothing else is known but perhaps one earlier entry: what another entry might
 * explain is no violation.
 */
export function judgeAlone(entry: EntryUnderJudgement, origin: string, lower?: OpenedEntry): Judgement {
  const unknown = { leafHash: undefined, kind: undefined, iss: '', items: undefined }
  const isLower = (iss: string, jti: string): boolean =>
    lower?.statement.common.iss === iss && lower.statement.common.jti === jti
  const history: History = {
    findStatement: (iss, jti) => (isLower(iss, jti) ? lower?.entry.index : undefined),
    target: (at) => (lower?.entry.index === at ? targetFactsOf(lower.statement, lower.hash) : unknown),
  }
  const registry = { ...emptyRegistry(origin), isPartial: true }
  return judge(registry, entry, history, { origin, ledgerKeys: [], verifies: verifyEd25519 })
}
