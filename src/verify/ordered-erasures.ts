import { disclosureDigest } from '../core/disclosure.ts'
import { counted } from '../core/text.ts'
import type { Body, ErasingBefore } from '../statements/kind.ts'
import { erasedBefore, erasedBy } from '../statements/said.ts'
import type { Finding } from './report.ts'

/** Most that is told of one sort. */
const mostTold = 10_000

/** An order for the ledger that this one continues, in which nothing was found. */
export interface OrderBefore extends ErasingBefore {
  /** Index of the order. */
  readonly by: number
}

/** Sealed claims of an entry that are not there, since another entry ordered their erasure. */
export interface OrderedErasure {
  readonly index: number
  /** Index of the order. */
  readonly by: number
  readonly claims: number
  readonly message: string
}

/** An entry of which something must be told that is no fault. */
export interface Flag {
  readonly index: number
  /** Missing where its key was later said to have been compromised. */
  readonly what?: 'erasure-not-done'
  readonly message: string
}

/** What a walk finds of orders to erase, which is known after the last entry only (docs/spec/22-erasure.md). */
export class OrderedErasures {
  /** By index of the target: each digest, and the first order that names it. */
  private readonly orders = new Map<number, Map<string, number>>()
  /** Digests of claims that are neither there nor erased, as far as was known at their entry. */
  private readonly missing = new Map<number, readonly string[]>()
  /** What is gone by order, of targets that were compared. */
  readonly ordered: OrderedErasure[] = []
  /** Targets with claims that are still there, of those that were compared. */
  readonly flags: Flag[] = []

  /** Orders for the ledger that this one continues, ascending. */
  readonly before: OrderBefore[] = []

  /** Takes what the entry `by` says, if it orders anything; it must be one in which nothing was found. */
  take(by: number, body: Body | undefined): void {
    const before = erasedBefore(body)
    if (before !== undefined) this.before.push({ by, ...before })
    for (const { index, digests } of erasedBy(body)) {
      const named = this.orders.get(index) ?? new Map<string, number>()
      this.orders.set(index, named)
      for (const digest of digests) if (!named.has(digest)) named.set(digest, by)
    }
  }

  /** Notes claims of an entry that are lost unless their erasure was ordered. */
  lacks(index: number, digests: readonly string[]): void {
    this.missing.set(index, digests)
  }

  /** Entries whose claims were ordered to be erased, ascending. */
  get targets(): readonly number[] {
    return [...this.orders.keys()].sort((a, b) => a - b)
  }

  /** Compares what a source keeps for a target with what was ordered: disclosures, unparsed. */
  compare(target: number, kept: readonly string[]): void {
    const digests = new Set(kept.map(disclosureDigest))
    const gone = new Map<number, number>()
    let still: number | undefined
    for (const [digest, by] of this.orders.get(target) ?? []) {
      if (digests.has(digest)) still ??= by
      else gone.set(by, (gone.get(by) ?? 0) + 1)
    }
    for (const [by, claims] of [...gone].sort(([a], [b]) => a - b)) {
      const message = `Entry ${target}: ${counted(claims, 'sealed claim')} withheld, erasure ordered by entry ${by}.`
      if (this.ordered.length < mostTold) this.ordered.push({ index: target, by, claims, message })
    }
    if (still === undefined || this.flags.length >= mostTold) return
    const message = `Entry ${target} has sealed claims here whose erasure was ordered by entry ${still}.`
    this.flags.push({ index: target, what: 'erasure-not-done', message })
  }

  /** A finding for each entry with claims that are gone without an order. */
  lost(): Finding[] {
    return [...this.missing].flatMap(([index, digests]) => {
      const named = this.orders.get(index)
      const lost = digests.filter((digest) => named?.has(digest) !== true).length
      if (lost === 0) return []
      const message = `${lost} claims sealed in entry ${index} are not there, and were not erased.`
      return [{ code: 'disclosures-missing', index, message }]
    })
  }
}
