import { valueOr } from '../../core/attempt.ts'
import { verifyEd25519 } from '../../core/ed25519.ts'
import { EvidenceError } from '../../core/errors.ts'
import { tileWidth } from '../../core/merkle/layout.ts'
import { isReplayed, kindNamed } from '../../statements/kinds.ts'
import { type OpenedEntry, openEntry } from '../../statements/open.ts'
import { emptyRegistry, type Registry } from '../../statements/registry.ts'
import { judge, type Judgement } from '../../statements/rulebook.ts'
import type { History, RuleContext, TargetFacts } from '../../statements/rules.ts'
import { targetFactsOf } from '../../statements/said.ts'
import { statementName } from '../prefetch.ts'
import { orderIn, type StandingOrder } from '../orders.ts'

/** Entries of a copy, by bundle: verified against a signed tree, and not judged. */
export interface CopiedBundles {
  readonly size: number
  /** The entries of bundle `n`. */
  readonly bundle: (n: number) => readonly Uint8Array[] | undefined
}

/**
 * Judges a copy's orders to erase by the whole rulebook, for a copy that judges nothing else: what changes the registry before them, and whether
 * their ids were used. Gives the orders from entry `from` on in which nothing was found and nothing is left open; all others are nobody's
 * orders. Throws `entry-missing` where a bundle is missing.
 */
export function judgedOrders(copy: CopiedBundles, origin: string, from: number): StandingOrder[] {
  const asked = new Set<string>()
  for (const { index, opened } of entriesOf(copy, from)) {
    const id = opened === undefined || !mayOrder(opened) ? undefined : idOf(opened)
    if (id !== undefined && index >= from) asked.add(id)
  }
  if (asked.size === 0) return []
  const context: RuleContext = { origin, ledgerKeys: [], verifies: verifyEd25519 }
  const used = new Map<string, number>()
  const history: History = {
    findStatement: (iss, jti) => used.get(statementName(iss, jti)),
    target: (index) => targetIn(copy, index),
  }
  const orders: StandingOrder[] = []
  let registry: Registry = emptyRegistry(origin)
  for (const { index, opened } of entriesOf(copy, 0)) {
    if (opened === undefined) {
      // What it said of participants is not known: no order after it is judged.
      registry = { ...registry, uncertainSince: registry.uncertainSince ?? index }
      continue
    }
    const { entry, statement } = opened
    const isJudged = isReplayed(statement.common.kind) || mayOrder(opened)
    const judgement = isJudged
      ? judge(registry, { index, time: entry.time, timeMs: entry.timeMs, statement }, history, context)
      : undefined
    registry = judgement?.next ?? registry
    const id = idOf(opened)
    // Of what is not judged it is taken that its id is used: at worst an order is not executed here.
    if (asked.has(id) && judgement?.usesStatementId !== false && !used.has(id)) used.set(id, index)
    const order =
      index >= from && judgement !== undefined && isWhole(judgement) ? orderIn(index, judgement.body) : undefined
    if (order !== undefined) orders.push(order)
  }
  return orders
}

function isWhole({ violations, unjudged, unshown, isAuthorityOpen }: Judgement): boolean {
  return violations.length + unjudged.length + unshown.length === 0 && !isAuthorityOpen
}

function mayOrder({ statement }: OpenedEntry): boolean {
  const kind = kindNamed(statement.common.kind)
  return kind?.erases !== undefined || kind?.carries !== undefined
}

function idOf({ statement: { common } }: OpenedEntry): string {
  return statementName(common.iss, common.jti)
}

/** Entries from the bundle of `from` on; undefined for one that cannot be read by this version. */
function* entriesOf(
  copy: CopiedBundles,
  from: number,
): Generator<{ readonly index: number; readonly opened: OpenedEntry | undefined }> {
  for (let n = Math.floor(from / tileWidth); n * tileWidth < copy.size; n++) {
    const entries = copy.bundle(n)
    if (entries === undefined)
      throw new EvidenceError('entry-missing', `the copy lacks the bundle ${n}`, { index: n * tileWidth })
    for (const [i, bytes] of entries.entries())
      yield { index: n * tileWidth + i, opened: valueOr(() => openEntry(bytes), undefined) }
  }
}

function targetIn(copy: CopiedBundles, index: number): TargetFacts {
  const bytes = copy.bundle(Math.floor(index / tileWidth))?.[index % tileWidth]
  const opened = bytes === undefined ? undefined : valueOr(() => openEntry(bytes), undefined)
  if (opened === undefined) return { leafHash: undefined, kind: undefined, iss: '', items: undefined }
  return targetFactsOf(opened.statement, opened.hash)
}
