import type { SignedBy } from '../statements/kind.ts'
import type { History, KindSaid, SaidFacts, Soundness, TargetFacts, TargetSort } from '../statements/rules.ts'
import { saidFactsOf, targetFactsOf } from '../statements/said.ts'
import type { Statement } from '../statements/statement.ts'
import { defined } from '../core/objects.ts'
import { StatementIds } from './statement-ids.ts'

/** Bytes that grow by doubling. */
class Column<T extends Uint8Array | Uint16Array | Uint32Array | Float64Array> {
  data: T
  private readonly make: (length: number) => T
  constructor(make: (length: number) => T) {
    this.make = make
    this.data = make(1024)
  }
  reserve(length: number): void {
    if (length <= this.data.length) return
    const grown = this.make(Math.max(length, this.data.length * 2))
    grown.set(this.data as never)
    this.data = grown
  }
}

const depositsItems = 1
const depositsNothing = 2
const isOfUnknownKind = 3
/** What from here on says which sort of entry it is that deposits nothing and may be pointed at, in the order of {@link sorts}. */
const firstSort = 4
const sorts: readonly TargetSort[] = ['challenge']
/** The bits of a fact that say what it is. Those above say that the entry broke a rule, or that something of it is not judged. */
const whatMask = 7
const isViolated = 8
const isOpen = 16

/** How many items an entry deposits, or its sort where it deposits nothing and may be pointed at; `unknown` where its kind is. */
export type Deposits = number | 'nothing' | 'unknown' | TargetSort

function factOf(deposits: Deposits): number {
  if (typeof deposits === 'number') return depositsItems
  if (deposits === 'nothing') return depositsNothing
  return deposits === 'unknown' ? isOfUnknownKind : firstSort + sorts.indexOf(deposits)
}

/**
 * What the rulebook asks of earlier entries, some 50 bytes an entry: leaf hash, whether it is a deposit and of how many
 * items, issuer, key and time.
 */
export class WalkHistory implements History {
  readonly ids: StatementIds = new StatementIds()
  /** Root over the first leaf hashes: given once the tree is known to be the checkpoint's. */
  rootAt?: (size: number) => Uint8Array
  private readonly hashes = new Column((length) => new Uint8Array(length))
  private readonly facts = new Column((length) => new Uint8Array(length))
  private readonly items = new Column((length) => new Uint16Array(length))
  /** Lines of the manifests of an entry, by item: of the few entries that deposit a manifest. */
  private readonly lines = new Map<number, ReadonlyMap<number, number>>()
  /** What entries say: of the few whose referrers ask. */
  private readonly said = new Map<number, SaidFacts | undefined>()
  /** Entries of which nothing is to be had, not even a leaf hash. */
  private readonly lost = new Set<number>()
  private readonly within = new Map<number, readonly SignedBy[]>()
  private readonly signers = new Column((length) => new Uint32Array(length))
  private readonly times = new Column((length) => new Float64Array(length))
  private readonly signerNumbers = new Map<string, number>()
  private readonly signerNames: (readonly [iss: string, kid: string])[] = []
  private known = 0

  /** Notes the leaf hash of the next entry, whatever its bytes turn out to be. */
  addLeaf(index: number, leafHash: Uint8Array): void {
    this.hashes.reserve((index + 1) * 32)
    this.hashes.data.set(leafHash, index * 32)
  }

  /** Notes the leaf hashes of consecutive entries, 32 bytes each. */
  addLeaves(begin: number, hashes: Uint8Array): void {
    this.hashes.reserve(begin * 32 + hashes.length)
    this.hashes.data.set(hashes, begin * 32)
  }

  /** Notes an entry that is missing, and its tile too. */
  addLost(index: number): void {
    this.addLeaf(index, new Uint8Array(32))
    this.lost.add(index)
  }

  /** Leaf hashes of `count` entries from `begin`. */
  leaves(begin: number, count: number): Uint8Array {
    return this.hashes.data.subarray(begin * 32, (begin + count) * 32)
  }

  leaf(index: number): Uint8Array {
    return this.hashes.data.subarray(index * 32, index * 32 + 32)
  }

  /** Notes what an entry says, and whether it broke a rule. */
  addStatement(index: number, timeMs: number, statement: Statement, soundness?: Soundness): void {
    const { common, header } = statement
    const { kind, items, lines, sort } = targetFactsOf(statement, this.leaf(index))
    const deposits = kind === undefined ? 'unknown' : (items ?? sort ?? 'nothing')
    this.addFacts(index, timeMs, this.signerNumber(common.iss, header.kid), deposits, lines)
    if (soundness !== undefined)
      this.facts.data[index] = (this.facts.data[index] as number) | (soundness === 'open' ? isOpen : isViolated)
  }

  /** Notes what an entry says, beyond what it deposits, for a referrer that asks. */
  noteSaid(index: number, statement: Statement): void {
    this.said.set(index, saidFactsOf(statement))
  }

  /** True where {@link noteSaid} was called. */
  knowsSaid(index: number): boolean {
    return this.said.has(index)
  }

  /** A number for a pair of issuer and key, for {@link addFacts}. */
  signerNumber(iss: string, kid: string): number {
    const name = `${iss} ${kid}`
    let signer = this.signerNumbers.get(name)
    if (signer === undefined) {
      signer = this.signerNames.push([iss, kid]) - 1
      this.signerNumbers.set(name, signer)
    }
    return signer
  }

  /** Notes facts of an entry that was read elsewhere. `lines`: how many lines each item has that is a manifest. */
  addFacts(
    index: number,
    timeMs: number,
    signer: number,
    deposits: Deposits,
    lines: ReadonlyMap<number, number> | undefined,
  ): void {
    this.facts.reserve(index + 1)
    this.items.reserve(index + 1)
    this.signers.reserve(index + 1)
    this.times.reserve(index + 1)
    this.facts.data[index] = factOf(deposits)
    this.items.data[index] = typeof deposits === 'number' ? deposits : 0
    if (lines !== undefined) this.lines.set(index, lines)
    this.signers.data[index] = signer
    this.times.data[index] = timeMs
    this.known = Math.max(this.known, index + 1)
  }

  findStatement(iss: string, jti: string): number | undefined {
    return this.ids.get(iss, jti)
  }

  target(index: number): TargetFacts {
    const fact = index < this.known ? this.facts.data[index] : 0
    // The rulebook asks only of entries before: one without facts could not be read.
    if (fact === 0 || fact === undefined) {
      const leafHash = this.lost.has(index) ? undefined : this.leaf(index)
      return { leafHash, kind: undefined, iss: '', items: undefined }
    }
    const [iss] = this.signerNames[this.signers.data[index] as number] as readonly [string, string]
    const what = fact & whatMask
    const items = what === depositsItems ? this.items.data[index] : undefined
    // Which kind it is no rule asks, but only whether that is known.
    const kind = what === isOfUnknownKind ? undefined : ('' as KindSaid)
    const soundness: Soundness | undefined =
      (fact & isViolated) !== 0 ? 'violated' : (fact & isOpen) !== 0 ? 'open' : undefined
    const said = (): SaidFacts | undefined => this.said.get(index)
    const rest = defined({ lines: this.lines.get(index), sort: sorts[what - firstSort], soundness })
    return { leafHash: this.leaf(index), kind, iss, items, ...rest, said }
  }

  /** True where what the entry says has been noted. */
  knows(index: number): boolean {
    return index < this.known && this.facts.data[index] !== 0
  }

  /** Notes who signed within an entry, besides its signer. */
  addWithin(index: number, by: readonly SignedBy[]): void {
    if (by.length > 0) this.within.set(index, by)
  }

  /** Entries whose signer, or anybody who signed within them, and whose time satisfy a condition, ascending. */
  *matching(accepts: (iss: string, kid: string, timeMs: number) => boolean): Generator<number> {
    for (let index = 0; index < this.known; index++) {
      if (this.facts.data[index] === 0) continue
      const [iss, kid] = this.signerNames[this.signers.data[index] as number] as readonly [string, string]
      const timeMs = this.times.data[index] as number
      const within = this.within.get(index) ?? []
      if (accepts(iss, kid, timeMs) || within.some((one) => accepts(one.iss, one.kid, timeMs))) yield index
    }
  }
}
