import { expect } from 'vitest'
import { drawAuditKey } from '../../src/ledger/audit-hash.ts'
import { LookupAudit } from '../../src/ledger/lookup-audit.ts'
import { LookupCodec } from '../../src/ledger/lookup-codec.ts'
import { tallyOf } from '../../src/ledger/lookup-tally.ts'
import { fullTileRoots } from '../../src/core/merkle/tile.ts'
import { emptyRegistry, type Registry } from '../../src/statements/registry.ts'
import { appraise } from '../../src/verify/appraise.ts'
import type { Appraiser } from '../../src/verify/appraiser.ts'
import type { EntryObserver } from '../../src/verify/judge-entry.ts'
import { rehash } from '../../src/verify/rehash.ts'
import { FindingList } from '../../src/verify/report.ts'
import { walk, type WalkReport } from '../../src/verify/walk.ts'
import { EntryWalk } from '../../src/verify/walk-entries.ts'
import { WalkHistory } from '../../src/verify/walk-history.ts'
import { readCheckpoint, walkTree } from '../../src/verify/walk-tree.ts'
import { origin, policy, type TestChain } from './chain.ts'

const codec = new LookupCodec(new Uint8Array(32).fill(7))
const auditKey = drawAuditKey()

/** Threads that are none, with the tallies of an audit. */
const appraiser: Appraiser = {
  appraise: async (chunk, registry, context) =>
    appraise(chunk, registry, context, (entry) => tallyOf(entry, codec, auditKey)),
  rehash: async (...args) => rehash(...args),
  tileRoots: async (tiles) => fullTileRoots(tiles),
}

/** What a walk is asked about an earlier entry, and who signed it, or within it. */
function factsIn(history: WalkHistory, size: number): unknown[] {
  return Array.from({ length: size }, (_, index) => {
    const { said: _said, leafHash, ...facts } = history.target(index)
    const signers: string[] = []
    for (const [i] of [...history.matching((...by) => signers.push(by.join(' ')) < 0)].entries()) signers.push(`${i}`)
    return {
      ...facts,
      leafHash: leafHash && Buffer.from(leafHash).toString('hex'),
      within: history['within'].get(index),
    }
  })
}

/** What a walk leaves. */
export interface Walked {
  readonly report: Omit<WalkReport, 'notChecked'>
  readonly registry: Registry
  readonly history: unknown
  readonly audited: unknown
  /** Entries that the walk judged itself. */
  readonly here: readonly number[]
  /** Entries that are judged again at start, and that it took as they were recognised. */
  readonly taken: readonly number[]
}

async function walked(chain: TestChain, by: { readonly appraiser?: Appraiser }): Promise<Walked> {
  const audit = new LookupAudit(codec, 0, auditKey)
  const here: number[] = []
  const taken: number[] = []
  const observer: EntryObserver = {
    entry: (entry) => {
      here.push(entry.index)
      audit.entry(entry)
    },
    tally: (index, tally, replayed) => {
      if (replayed !== undefined) taken.push(index)
      audit.tally(index, tally, replayed)
    },
  }
  const [faults, unjudged] = [new FindingList(), new FindingList()]
  const signed = await readCheckpoint(chain, faults)
  if (signed === undefined) throw new Error('no checkpoint')
  const { checkpoint } = signed
  const history = new WalkHistory()
  const tree = await walkTree(chain, checkpoint, history, faults)
  const registry = emptyRegistry(origin)
  const context = { origin, ledgerKeys: [] }
  const size = checkpoint.size
  const parts = { source: chain, size, trustedSize: 0, tree, history, context, registry, faults, unjudged, observer }
  const entryWalk = new EntryWalk({ ...parts, ...by })
  await entryWalk.run()
  const { notChecked: _, ...report } = await walk({ source: chain, policy, ...by })
  const ids = [...history['ids']['issuers']]
  return {
    report,
    registry: entryWalk.judge.registry,
    history: [factsIn(history, size), ids, history['ids']['count']],
    audited: [audit['sums'], audit['checksum'], audit['last'], audit['unreadable']],
    here,
    taken,
  }
}

/** Walks with and without what recognises; they must leave the same. Gives what was found, and the entries that the walk judged itself. */
export async function compared(chain: TestChain): Promise<Walked> {
  const [alone, byThreads] = [await walked(chain, {}), await walked(chain, { appraiser })]
  const { here: all, taken: none, ...left } = alone
  const { here, taken, ...found } = byThreads
  expect(found).toEqual(left)
  expect(none).toEqual([])
  expect(all).toEqual(expect.arrayContaining([...here, ...taken]))
  return byThreads
}
