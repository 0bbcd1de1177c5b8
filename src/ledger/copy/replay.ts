import { attempt } from '../../core/attempt.ts'
import { equalBytes } from '../../core/bytes.ts'
import { parseDisclosure } from '../../core/disclosure.ts'
import { verifyEd25519 } from '../../core/ed25519.ts'
import { EvidenceError } from '../../core/errors.ts'
import { rootFromTiles } from '../../core/merkle/tiles.ts'
import type { VerifierKey } from '../../core/note.ts'
import { formatTime } from '../../core/time.ts'
import { readBody } from '../../statements/body.ts'
import { openEntry } from '../../statements/open.ts'
import { judge } from '../../statements/rulebook.ts'
import type { History, RuleContext, TargetFacts } from '../../statements/rules.ts'
import { sealedDigestsOf, targetFactsOf } from '../../statements/said.ts'
import type { Statement } from '../../statements/statement.ts'
import { chainAfter, type ChainState } from '../chain-state.ts'
import { EarlierEntry, referencedIndices } from '../entry-facts.ts'
import { storedEntry } from '../group.ts'
import { orderIn, type StandingOrder, withoutAllOrdered } from '../orders.ts'
import { statementName, usedIds } from '../prefetch.ts'
import { readOwnCheckpoint } from '../recovery.ts'
import type { LedgerStorage, StoredEntry, StoredGroup } from '../storage.ts'
import type { LedgerTree } from '../tree.ts'
import { checkNext, requireKept } from './chain-check.ts'
import { MissingClaims } from './missing-claims.ts'
import type { CopiedEntry } from './piece.ts'

/** What a run of entries adds to a database, all but the checkpoint. */
export type ReplayedGroup = Pick<StoredGroup, 'entries' | 'tiles'> &
  Pick<Partial<StoredGroup>, 'registryChecksum'> & {
    /** Orders to erase among the entries, each judged; what they take from entries of the run is not in it. */
    readonly orders: readonly StandingOrder[]
  }

/**
 * Takes entries that another ledger sequenced, judges each by the chain and by the whole rulebook as the verifier does, and
 * gives what a database stores for it. After a throw it has gone part of the way and must be thrown away.
 */
export class Replay {
  state: ChainState
  readonly tree: LedgerTree
  /** What the entries taken seal and did not bring. */
  readonly missing: MissingClaims = new MissingClaims()
  private readonly storage: Pick<LedgerStorage, 'entries' | 'findStatements'>
  private readonly context: RuleContext

  /** `storage` holds what came before; `state` and `tree` stand where it ends. */
  constructor(
    state: ChainState,
    tree: LedgerTree,
    storage: Pick<LedgerStorage, 'entries' | 'findStatements'>,
    key: VerifierKey,
  ) {
    this.state = state
    this.tree = tree
    this.storage = storage
    // The checkpoint is verified by the key; the genesis need not name it, for a rotation may have brought it.
    this.context = { origin: key.name, ledgerKeys: [], verifies: verifyEd25519 }
  }

  /** Throws the codes of checkNext, and those of the rulebook with the entry's index. */
  async take(copied: readonly CopiedEntry[]): Promise<ReplayedGroup> {
    const before = this.state
    const statements = copied.map(({ bytes }, i) => statementOf(bytes, before.size + i))
    const earlier = await this.prefetch(statements)
    const targets = new Map<number, TargetFacts>()
    const history: History = {
      findStatement: (iss, jti) => earlier.ids.get(statementName(iss, jti)),
      target: (index) => targets.get(index) ?? earlier.entries.get(index)?.facts,
    }
    const entries = copied.map((entry, i) => {
      const statement = statements[i] as Statement
      const stored = this.place(entry, statement, history)
      earlier.ids.set(statementName(stored.iss, stored.jti), stored.index)
      targets.set(stored.index, targetFactsOf(statement, stored.leafHash))
      return stored
    })
    const tiles = this.tree.tilesToStore()
    const { checksum } = this.state
    const orders = statements.flatMap((statement, i) => orderIn(before.size + i, readBody(statement)) ?? [])
    const kept = orders.length === 0 ? entries : withoutAllOrdered(entries, orders)
    return { entries: kept, tiles, orders, ...(checksum === before.checksum ? {} : { registryChecksum: checksum }) }
  }

  private place(copied: CopiedEntry, statement: Statement, history: History): StoredEntry {
    const { size: index, leafHash: link, timeMs: before, registry } = this.state
    const { bytes, disclosures } = copied
    const end = checkNext({ size: index, link, timeMs: before ?? 0 }, bytes)
    const time = formatTime(end.timeMs)
    const judgement = judge(registry, { index, time, timeMs: end.timeMs, statement }, history, this.context)
    const [fault] = [...judgement.violations, ...judgement.unjudged]
    const { body, next } = judgement
    if (fault !== undefined || body === undefined) {
      const message = `entry ${index}: ${fault?.message ?? 'its kind is not known'}`
      throw new EvidenceError(fault?.code ?? 'not-judged', message, { ...fault?.facts, index }, { cause: fault })
    }
    const sealed = sealedDigestsOf(body)
    requireKept(index, disclosures, sealed)
    this.missing.note(index, sealed, disclosures)
    this.tree.append(end.link)
    const { kind } = statement.common
    this.state = chainAfter(this.state, { kind, timeMs: end.timeMs, leafHash: end.link }, next)
    const opened = disclosures.map(parseDisclosure)
    return storedEntry({ index, bytes, leafHash: end.link, statement, body, disclosures, opened })
  }

  private async prefetch(
    statements: readonly Statement[],
  ): Promise<{ ids: Map<string, number>; entries: Map<number, EarlierEntry> }> {
    const ids = await usedIds(statements, this.storage)
    const entries = new Map<number, EarlierEntry>()
    const wanted = new Set(statements.flatMap(referencedIndices).filter((index) => index < this.state.size))
    for (const index of wanted) {
      const [bytes] = await this.storage.entries(index, index + 1)
      if (bytes !== undefined) entries.set(index, new EarlierEntry(bytes, index))
    }
    return { ids, entries }
  }
}

/** The statement of a copied entry. Throws `not-judged`, and the codes of its parts with the entry's index. */
function statementOf(bytes: Uint8Array, index: number): Statement {
  const opened = attempt(() => openEntry(bytes))
  if (!(opened instanceof EvidenceError)) return opened.statement
  const { code, message, facts } = opened
  throw new EvidenceError(code, `entry ${index}: ${message}`, { ...facts, index }, { cause: opened })
}

/** The note is this ledger's, and its size and root are the tree's. Throws `root-mismatch`, `checkpoint-untrusted`. */
export function requireSignedTree(note: string, key: VerifierKey, tree: LedgerTree): void {
  const { size, root } = readOwnCheckpoint(note, key)
  if (size === tree.size && equalBytes(rootFromTiles(size, tree.read), root)) return
  throw new EvidenceError(
    'root-mismatch',
    `the ${tree.size} entries do not make the root that the checkpoint of ${size} signs`,
    { expected: `size ${size}`, found: `size ${tree.size}` },
  )
}
