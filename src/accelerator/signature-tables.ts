import { randomFillSync } from 'node:crypto'
import { equalBytes, latin1 } from '../core/bytes.ts'
import {
  combinationOf,
  isAcceptablePublicKey,
  type SignatureBatch,
  type SignatureJob,
  verifyEd25519,
} from '../core/ed25519.ts'
import { EvidenceError } from '../core/errors.ts'
import { Recent } from '../core/recent.ts'
import { Arithmetic, readModule, startModule, type Windows } from './arithmetic.ts'

/*
 * Which keys have a table, and what is done so that a wrong table is found out: docs/design/accelerator.md. The only answers are "valid"
 * and "not known".
 */

/** Signatures of a key that are left to others before it may have a table. */
export const untabled = 32
/** Most tables; the least recently used one makes room. */
export const mostTables = 64
/** What a table costs, in signatures that were offered: four times its price in time, so that building takes a fifth of the time at most. */
export const tablePrice = 260
/** Tables that may be built before any signature has paid for one. */
export const freeTables = 8
/** One in so many accepted signatures is verified again. */
export const verifiedAgain = 256
/** Keys whose signatures are counted. */
const countedKeys = 8192

const order = 2n ** 252n + 27742317777372353535851937790883648493n

/** What may be other than it is, for tests. */
export interface SignatureTablesOptions {
  readonly arithmetic?: Pick<Arithmetic, 'tableBytes' | 'allocate' | 'buildKey' | 'combination' | 'add' | 'verify'>
  readonly windows?: Windows
  /** Fills an array with bytes that nobody can foresee. */
  readonly random?: (bytes: Uint8Array) => Uint8Array
  /** The rule, by other arithmetic than that of the tables. */
  readonly verifies?: (publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array) => boolean
}

/** Where a job that is under way stands in its batch. */
interface Waiting {
  readonly job: SignatureJob
  readonly place: number
}

/** Ed25519 by a table for each key that signs often. It may only say yes sooner. */
export class SignatureTables {
  private readonly arithmetic: Required<SignatureTablesOptions>['arithmetic']
  private readonly random: (bytes: Uint8Array) => Uint8Array
  private readonly verifies: Required<SignatureTablesOptions>['verifies']
  /** Tables by key, the least recently used first. */
  private readonly tables = new Map<string, number>()
  private readonly counts = new Recent<{ seen: number }>(countedKeys)
  private credit = freeTables * tablePrice
  private readonly drawn = new Uint8Array(4096)
  private drawnAt = 4096
  private isOff = false
  /** Tables that were built, and signatures that were verified again; for tests and benchmarks. */
  readonly figures = { built: 0, accepted: 0, again: 0 }

  /** Throws what reading the module throws; `WebAssembly` with vectors must be there: see {@link openSignatureTables}. */
  constructor(arithmetic: Required<SignatureTablesOptions>['arithmetic'], options: SignatureTablesOptions = {}) {
    this.arithmetic = arithmetic
    this.random = options.random ?? ((bytes) => randomFillSync(bytes))
    this.verifies = options.verifies ?? verifyEd25519
  }

  /**
   * A byte for each job: 1 where it is valid by the whole rule, 0 where nothing is known. Throws `signatures-disagree` where a table turns
   * out to be wrong; after that nothing is ever known.
   */
  readonly accepts: SignatureBatch = (jobs) => {
    const verdicts = new Uint8Array(jobs.length)
    if (this.isOff) return verdicts
    const waiting: Waiting[] = []
    const flush = (): void => {
      const answers = this.arithmetic.verify()
      waiting.forEach(({ job, place }, i) => {
        if (answers[i] !== true) return
        this.verifySomeAgain(job)
        verdicts[place] = 1
      })
      waiting.length = 0
    }
    // A key is named once a batch: naming it takes a fiftieth of a verification.
    const names = new Map<Uint8Array, string>()
    jobs.forEach((job, place) => {
      const { publicKey, message, signature } = job
      this.credit++
      if (publicKey.length !== 32 || signature.length !== 64) return
      let name = names.get(publicKey)
      if (name === undefined) names.set(publicKey, (name = latin1(publicKey)))
      const table = this.tableOf(name, publicKey, flush)
      if (table === undefined) return
      if (!this.arithmetic.add(table, publicKey, message, signature)) {
        flush()
        if (!this.arithmetic.add(table, publicKey, message, signature)) return
      }
      waiting.push({ job, place })
    })
    flush()
    return verdicts
  }

  /** The table of a key; undefined where it has none yet. `flush` is called before a table that jobs may wait for is given up. */
  private tableOf(name: string, publicKey: Uint8Array, flush: () => void): number | undefined {
    const held = this.tables.get(name)
    if (held !== undefined) {
      this.tables.delete(name)
      this.tables.set(name, held)
      return held
    }
    let count = this.counts.get(name)
    if (count === undefined) this.counts.set(name, (count = { seen: 0 }))
    count.seen++
    if (count.seen <= untabled || this.credit < tablePrice) return undefined
    // Where its table is given up one day, it begins anew; so does what is no key, of which to find that out takes long.
    count.seen = 0
    if (!isAcceptablePublicKey(publicKey)) return undefined
    this.credit -= tablePrice
    const table = this.room(flush)
    if (table === undefined) return undefined
    this.arithmetic.buildKey(table, publicKey)
    this.figures.built++
    this.tryTable(table, publicKey)
    this.tables.set(name, table)
    return table
  }

  /** Room for a table: new, or that of the least recently used one, where there are enough or the machine has no more; else undefined. */
  private room(flush: () => void): number | undefined {
    if (this.tables.size < mostTables) {
      const table = withinMemory(() => this.arithmetic.allocate(this.arithmetic.tableBytes))
      if (table !== undefined) return table
    }
    flush()
    for (const [name, table] of this.tables) {
      this.tables.delete(name)
      return table
    }
    return undefined
  }

  /** Compares a table with noble, for two pairs of scalars that nobody could foresee. */
  private tryTable(table: number, publicKey: Uint8Array): void {
    for (let i = 0; i < 2; i++) {
      const [s, h] = [this.scalar(), this.scalar()]
      if (!equalBytes(this.arithmetic.combination(table, s, h), combinationOf(publicKey, s, h)))
        throw this.disagreement('the table of a key does not give what the key gives')
    }
  }

  /** From 1 to L - 1. */
  private scalar(): bigint {
    const wide = this.random(new Uint8Array(64)).reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n)
    return (wide % (order - 1n)) + 1n
  }

  /** One accepted signature of 256, which nobody can foresee, is verified as if there were no tables. */
  private verifySomeAgain({ publicKey, message, signature }: SignatureJob): void {
    this.figures.accepted++
    if (this.drawnAt === this.drawn.length) {
      this.random(this.drawn)
      this.drawnAt = 0
    }
    if ((this.drawn[this.drawnAt++] as number) % verifiedAgain !== 0) return
    this.figures.again++
    if (!this.verifies(publicKey, message, signature))
      throw this.disagreement('a signature that the tables accept is not valid')
  }

  private disagreement(what: string): EvidenceError {
    this.isOff = true
    return new EvidenceError('signatures-disagree', `fast verification of signatures has gone wrong: ${what}`)
  }
}

/** What needs memory of a module; undefined where the machine gives no more, which is a RangeError. */
function withinMemory<T>(work: () => T): T | undefined {
  try {
    return work()
  } catch (error) {
    if (error instanceof RangeError) return undefined
    throw error
  }
}

/**
 * Tables in a module of their own; undefined where this runtime cannot run it, or has no memory for it. Throws where the module was not
 * built.
 */
export function openSignatureTables(options: SignatureTablesOptions = {}): SignatureTables | undefined {
  if (options.arithmetic !== undefined) return new SignatureTables(options.arithmetic, options)
  const bytes = readModule()
  return withinMemory(() => {
    const wasm = startModule(bytes)
    return wasm && new SignatureTables(new Arithmetic(wasm, options.windows), options)
  })
}
