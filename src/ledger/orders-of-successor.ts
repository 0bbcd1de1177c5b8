import { fromBase64 } from '../core/base64.ts'
import { equalBytes } from '../core/bytes.ts'
import { EvidenceError, isEvidenceError } from '../core/errors.ts'
import { readBody } from '../statements/body.ts'
import type { Erasing } from '../statements/kind.ts'
import type { Registry } from '../statements/registry.ts'
import { sealedDigestsOf } from '../statements/said.ts'
import type { Standing } from './access/reading.ts'
import { eraseDisclosures } from './erase.ts'
import { requireErasable } from './erasure-bars.ts'
import type { LedgerReads } from './reads.ts'
import type { LedgerStorage } from './storage.ts'

/*
 * Orders that stand in the ledger that goes on from this one (docs/spec/22-erasure.md): an authority that is admitted there orders claims of entries of
 * this one to be erased. Whether an order holds is judged by a walk of the whole successor; here, whether that is this ledger's successor, and whether
 * the targets are its entries.
 */

/** An order of the successor. */
export interface SuccessorOrder {
  /** Index of its entry, in the successor. */
  readonly by: number
  readonly of: readonly Erasing[]
}

/** What became of one target of an order. */
export interface OrderedTarget {
  readonly by: number
  readonly index: number
  /** `refused`: nothing of it was erased, for the reason that `code` and `message` say. */
  readonly outcome: 'erased' | 'gone-before' | 'refused'
  readonly claims: number
  readonly code?: string
  readonly message?: string
}

/**
 * The first checkpoint, of size 1, of the one ledger that goes on from a closed one, as a signed note. Throws `successor-other` where the ledger is not
 * closed, or names none, or another than `origin`.
 */
export function successorCheckpoint({ closedAt, successor, origin: own }: Registry, origin: string): string {
  const why =
    closedAt === undefined
      ? 'is not closed'
      : successor === undefined
        ? 'was closed without a successor'
        : successor.origin === origin
          ? undefined
          : `was closed for ${successor.origin}`
  if (why === undefined && successor !== undefined) return successor.checkpoint
  throw new EvidenceError('successor-other', `${own} ${why}: it takes no orders of ${origin}`, {
    expected: successor?.origin ?? 'a successor',
    found: origin,
  })
}

interface Parts {
  readonly reads: LedgerReads
  readonly storage: LedgerStorage
  /** The list of erasures. */
  readonly list: string
  readonly standing: Standing
}

/**
 * Executes orders of the successor, one target after another; gives what became of each. A target that is refused stops none of the others. Nothing else
 * may use the storage meanwhile. Throws what reading and writing throw.
 */
export async function executeSuccessorOrders(
  parts: Parts,
  orders: readonly SuccessorOrder[],
): Promise<OrderedTarget[]> {
  const done: OrderedTarget[] = []
  for (const { by, of } of orders) {
    for (const target of of) {
      const { index } = target
      try {
        await requireTarget(parts, target)
        const { length: claims } = await eraseDisclosures(parts, index, ({ digest }) => target.digests.includes(digest))
        done.push({ by, index, outcome: claims > 0 ? 'erased' : 'gone-before', claims })
      } catch (error) {
        const isRefusal = isEvidenceError(error) && refusals.has(error.code)
        if (!isRefusal) throw error
        done.push({ by, index, outcome: 'refused', claims: 0, code: error.code, message: error.message })
      }
    }
  }
  return done
}

const refusals: ReadonlySet<string> = new Set(['entry-not-found', 'reference-hash', 'erasure-digest', 'under-hold'])

/** Throws `entry-not-found`, `reference-hash`, `erasure-digest`, `under-hold`. */
async function requireTarget({ reads, standing }: Parts, { index, leafHash, digests }: Erasing): Promise<void> {
  const entry = await reads.entry(index)
  if (!equalBytes(entry.leafHash, fromBase64(leafHash)))
    throw new EvidenceError('reference-hash', `the leaf hash is not that of entry ${index}`, { index })
  const body = readBody(entry.statement)
  const sealed = body === undefined ? [] : sealedDigestsOf(body)
  const foreign = digests.find((digest) => !sealed.includes(digest))
  if (foreign !== undefined)
    throw new EvidenceError('erasure-digest', `entry ${index} seals no claim with the digest ${foreign}`, { index })
  const subjects = await reads.subjects(entry)
  requireErasable(standing, [{ index }], () => subjects)
}
