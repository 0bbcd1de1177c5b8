import { cpSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { AppraisalPool } from '../../src/check/node/appraisal-pool.ts'
import { type LookupThreads, scanLookups } from '../../src/check/node/lookup-lanes.ts'
import { RangeReader } from '../../src/check/node/range-reader.ts'
import { settled } from '../../src/core/attempt.ts'
import { utf8 } from '../../src/core/bytes.ts'
import { parseSignedCheckpoint, type SignedCheckpoint } from '../../src/core/checkpoint.ts'
import { isEvidenceError } from '../../src/core/errors.ts'
import { fullTileRoots } from '../../src/core/merkle/tile.ts'
import { readOwnKey } from '../../src/ledger/data-folder.ts'
import { FolderSource } from '../../src/ledger/folder-source.ts'
import { drawAuditKey } from '../../src/ledger/audit-hash.ts'
import { loggedKeysOf } from '../../src/ledger/leveldb/logged-keys.ts'
import { scannedLetters } from '../../src/ledger/leveldb/lookup-scan.ts'
import { LookupAudit, type ScanLookups } from '../../src/ledger/lookup-audit.ts'
import { tallyOf } from '../../src/ledger/lookup-tally.ts'
import type { DatabaseSnapshot } from '../../src/ledger/leveldb/table-snapshot.ts'
import { appraise } from '../../src/verify/appraise.ts'
import type { Appraiser, EntryRange } from '../../src/verify/appraiser.ts'
import { rehash } from '../../src/verify/rehash.ts'
import { findingOf } from '../../src/verify/report.ts'
import { walk } from '../../src/verify/walk.ts'
import {
  databaseFiles,
  editDatabase,
  type RawDatabase,
  rawDisclosuresKey,
  readRawEntry,
  writeRawEntry,
} from '../support/damage.ts'
import { policyOfFolder, temporaryFolder, type TestFolder, trialFolder } from '../support/folder.ts'
import { sampled, sizeOf } from '../support/long.ts'
import { Random } from '../support/random.ts'
import { damageFolder } from '../support/random-damage.ts'
import { addTable, nextSequence, type RawRecord, type TableLies } from '../support/table-writer.ts'

let test: TestFolder
let kept: { path: string; remove: () => void }
let halfway: SignedCheckpoint
const size = 1302

/** A ledger in several tables and a log, with an erased disclosure, and one entry that was admitted late. */
beforeAll(async () => {
  test = await trialFolder()
  const sealed = { names: ['a.txt'], case: [{ number: '(2026)沪0104刑初123号' }] }
  for (const [from, to] of [
    [0, 300],
    [300, 700],
    [700, 1100],
    [1100, size - 2],
  ] as const) {
    const ledger = await test.open()
    const presentations = Array.from(
      { length: to - from },
      (_, i) => test.deposit(`content ${from + i}`, (from + i) % 3 === 0 ? {} : { sealed }).presentation,
    )
    await Promise.all(presentations.map((presentation) => ledger.deposit(presentation)))
    if (from === 300) halfway = parseSignedCheckpoint(utf8(ledger.reads.checkpoint))
    if (from === 700) await ledger.eraseDisclosures(500)
    await ledger.close()
  }
  kept = temporaryFolder()
  cpSync(test.root, join(kept.path, 'data'), { recursive: true })
}, 120_000)
afterAll(() => {
  test.remove()
  kept.remove()
})

function restore(): void {
  rmSync(test.root, { recursive: true })
  cpSync(join(kept.path, 'data'), test.root, { recursive: true })
}

/** What a walk was asked for, and what could be read. */
interface Seen {
  readonly ranges: [begin: number, isRead: boolean][]
  chunks: number
  /** Whether the look-up keys could be read there. */
  isScanned?: boolean
}

/** The work of a thread, in this one: it reads ranges where it is given a snapshot. */
function thread(audit: LookupAudit, before: () => void): { appraiser: Appraiser; seen: Seen } {
  const seen: Seen = { ranges: [], chunks: 0 }
  const tally = (entry: Parameters<typeof tallyOf>[0]): number => tallyOf(entry, audit.codec, audit.key)
  let reader: RangeReader | undefined
  const read = <T>(snapshot: object, { begin }: EntryRange, get: (reader: RangeReader) => T): T => {
    before()
    reader ??= new RangeReader(snapshot as DatabaseSnapshot)
    const found = get(reader)
    seen.ranges.push([begin, found !== undefined])
    return found
  }
  const appraiser: Appraiser = {
    appraiseRange: async (snapshot, range, registry, context) => {
      const chunk = read(snapshot, range, (it) => it.chunk(range))
      return chunk && appraise(chunk, registry, context, tally)
    },
    rehashRange: async (snapshot, range, newIds) => {
      const entries = read(snapshot, range, (it) => it.entries(range))
      return entries && rehash(entries, newIds)
    },
    appraise: async (chunk, registry, context) => {
      seen.chunks++
      return appraise(chunk, registry, context, tally)
    },
    rehash: async (...args) => rehash(...args),
    tileRoots: async (tiles) => fullTileRoots(tiles),
  }
  return { appraiser, seen }
}

/** The scan of look-up keys, in this thread. */
function scanOf(source: FolderSource, seen: { isScanned?: boolean }, before: () => void): ScanLookups | undefined {
  const { snapshot } = source
  if (snapshot === undefined) return undefined
  const reader = new RangeReader(snapshot)
  const lanes: LookupThreads = {
    threads: 2,
    logged: async (logs) => loggedKeysOf(logs, scannedLetters),
    step: async (...of) => {
      before()
      return reader.lookups(...of)
    },
  }
  return async (...of) => {
    const sums = await scanLookups(lanes, snapshot, ...of)
    seen.isScanned = sums !== undefined
    return sums
  }
}

interface Way {
  readonly forThreads: boolean
  readonly trusted?: SignedCheckpoint
  /** Done before each range is read. */
  readonly before?: () => void
  readonly pool?: Appraiser
}

/** One for all walks of these tests, which the threads must have too. */
const auditKey = drawAuditKey()

/** All that the command says of the folder, and how it was read; where it refuses, why. */
async function verified({ forThreads, trusted, before = () => {}, pool }: Way): Promise<{ said: unknown; seen: Seen }> {
  const none: Seen = { ranges: [], chunks: 0 }
  try {
    const source = await FolderSource.open(test.root, readOwnKey(test.folder), undefined, forThreads)
    try {
      const audit = new LookupAudit(source.storage.codec, trusted?.checkpoint.size, auditKey)
      const { appraiser, seen } = thread(audit, before)
      const stated = await settled(source.checkpoint().then((bytes) => parseSignedCheckpoint(bytes).checkpoint.size))
      if (typeof stated === 'number') audit.begin(source.storage, stated, scanOf(source, seen, before))
      const report = await walk({
        source,
        policy: policyOfFolder(test),
        appraiser: pool ?? appraiser,
        observer: audit,
        ...(trusted === undefined ? {} : { trusted }),
      })
      const outside = [
        ...source.faults,
        ...(await source.outsideFaults(report.size)),
        ...(await audit.finish(source.storage, report.size)),
      ].map((error) => findingOf(error, error.facts.index))
      return { said: { report, outside }, seen }
    } finally {
      await source.close()
    }
  } catch (error) {
    if (!isEvidenceError(error)) throw error
    return { said: { code: error.code, message: error.message }, seen: none }
  }
}

/** Verifies both ways what was damaged, whole and below a trusted checkpoint: they must say the same. */
async function compare(damage: (db: RawDatabase) => Promise<void> = () => Promise.resolve()): Promise<Seen[]> {
  restore()
  await editDatabase(test.folder.database, damage)
  return compareAsItIs()
}

async function compareAsItIs(): Promise<Seen[]> {
  const all: Seen[] = []
  for (const more of [{}, { trusted: halfway }]) {
    const [alone, ranged] = [
      await verified({ forThreads: false, ...more }),
      await verified({ forThreads: true, ...more }),
    ]
    expect(ranged.said).toEqual(alone.said)
    expect(alone.seen.ranges).toEqual([])
    all.push(ranged.seen)
  }
  return all
}

const otherByte = (byte: number | undefined): number => (byte === 0x41 ? 0x42 : 0x41)

describe('a walk whose threads read ranges themselves', () => {
  it('reads every range of a sound ledger there, and nothing twice', async () => {
    restore()
    const [whole, trusted] = await compareAsItIs()
    // The first chunk changes the registry: the walk reads it, and hands out what comes after.
    expect(whole?.ranges).toEqual([
      [3, true],
      [512, true],
      [1024, true],
    ])
    expect(whole?.chunks).toBe(0)
    expect([whole?.isScanned, trusted?.isScanned]).toEqual([true, true])
    expect(trusted?.ranges.every(([, isRead]) => isRead)).toBe(true)
  })

  it('says the same of a ledger of one log, and of one that was compacted', async () => {
    await compare()
    await compare(async (db) => {
      const all = db as unknown as { compactRange(from: Buffer, to: Buffer): Promise<void> }
      await all.compactRange(Buffer.from('a'), Buffer.from('z'))
    })
  })

  it.each([3, 511, 900, size - 1])('says the same where entry %i was altered', async (index) => {
    await compare(async (db) => {
      const bytes = await readRawEntry(db, index)
      bytes[bytes.length - 200] = otherByte(bytes[bytes.length - 200])
      await writeRawEntry(db, index, bytes)
    })
  })

  it.each([10, 512, size - 1])('says the same where entry %i was removed', async (index) => {
    await compare((db) => writeRawEntry(db, index, undefined))
  })

  it('says the same where entries were swapped', async () => {
    await compare(async (db) => {
      const [a, b] = [await readRawEntry(db, 270), await readRawEntry(db, 880)]
      await writeRawEntry(db, 270, b)
      await writeRawEntry(db, 880, a)
    })
  })

  it('says the same where disclosures were removed, altered, moved or put where there are none', async () => {
    await compare(async (db) => {
      const texts = (await db.get(rawDisclosuresKey(601))) as Buffer
      await db.del(rawDisclosuresKey(604))
      await db.put(rawDisclosuresKey(607), Buffer.from(texts.map((byte, i) => (i === 40 ? otherByte(byte) : byte))))
      await db.put(rawDisclosuresKey(602), texts)
      await db.put(rawDisclosuresKey(1201), Buffer.from('not a disclosure'))
      await db.put(rawDisclosuresKey(size + 5), texts)
    })
  })

  const keysFrom = async (db: RawDatabase, letter: string): Promise<Buffer[]> =>
    db.keys({ gte: Buffer.from(letter), lt: Buffer.from([letter.charCodeAt(0) + 1]) }).all()

  const damages: readonly [string, (db: RawDatabase) => Promise<void>][] = [
    ['a look-up key is gone', async (db) => db.del((await keysFrom(db, 'l'))[1000] as Buffer)],
    ['a statement id is gone', async (db) => db.del((await keysFrom(db, 'j'))[700] as Buffer)],
    [
      'a look-up key leads to another entry',
      async (db) => {
        const key = (await keysFrom(db, 'l'))[5] as Buffer
        await db.del(key)
        await db.put(Buffer.from(key.map((byte, i) => (i === key.length - 1 ? byte ^ 1 : byte))), Buffer.alloc(0))
      },
    ],
    ['a look-up key leads past the end', (db) => db.put(Buffer.from('lp\0\0\0\0\0\0\0\x0f\x0f'), Buffer.alloc(0))],
    [
      'a look-up key leads past all numbers',
      (db) => db.put(Buffer.from(`lp${'\xff'.repeat(9)}`, 'latin1'), Buffer.alloc(0)),
    ],
    ['a key is none of ours', (db) => db.put(Buffer.from('lx'), Buffer.alloc(0))],
    ['an id is none of ours', (db) => db.put(Buffer.from('jx'), Buffer.alloc(40))],
    [
      'the value of an id was altered',
      async (db) => {
        const key = (await keysFrom(db, 'j'))[3] as Buffer
        await db.put(key, Buffer.from(((await db.get(key)) as Buffer).map((byte, i) => (i === 20 ? byte ^ 1 : byte))))
      },
    ],
    ['the value of an id is too short', async (db) => db.put((await keysFrom(db, 'j'))[9] as Buffer, Buffer.alloc(8))],
  ]

  it.each(sampled('tests/verify/walk-ranges.test.ts', 'damages', damages))(
    'says the same where %s',
    async (_what, damage) => {
      await compare(damage)
      await compare(async (db) => {
        await damage(db)
        // What was altered lies in a table then, and not in a log.
        const all = db as unknown as { compactRange(from: Buffer, to: Buffer): Promise<void> }
        await all.compactRange(Buffer.from('a'), Buffer.from('z'))
      })
    },
  )

  it('R10: says the same where a table deletes a look-up key behind an index, or a MANIFEST, that names a lower one', async () => {
    const lies: TableLies[] = []
    let records: RawRecord[] = []
    await editDatabase(test.folder.database, async (db) => {
      const keys = await keysFrom(db, 'l')
      const [before, removed, between] = [keys[500], keys[502], keys[501]] as [Buffer, Buffer, Buffer]
      records = [before, removed].map((key) => ({ key, value: undefined, sequence: 0 }))
      lies.push({ indexKey: before }, { largest: between }, { indexKey: before, largest: between })
    })
    for (const lie of lies) {
      restore()
      const from = nextSequence(test.folder.database)
      addTable(
        test.folder.database,
        records.map((record, i) => ({ ...record, sequence: from + i })),
        lie,
      )
      await compareAsItIs()
    }
  })

  it('says the same where runs overlap, and where keys are not ours', async () => {
    const [whole] = await compare(async (db) => {
      const key = Buffer.alloc(9)
      key.write('b')
      key.writeBigUInt64BE(650n, 1)
      await db.put(key, Buffer.from('not a run'))
    })
    expect(whole?.ranges).toContainEqual([512, false])
    const [none] = await compare((db) =>
      db.put(Buffer.concat([rawDisclosuresKey(1100), Buffer.from('x')]), Buffer.from('x')),
    )
    expect(none?.ranges).toEqual([])
  })

  it('says the same of files that were damaged at random', async () => {
    for (let seed = 0; seed < sizeOf('tests/verify/walk-ranges.test.ts', 'random damages'); seed++) {
      restore()
      damageFolder(test.folder.database, new Random(seed))
      await compareAsItIs()
    }
  })

  it('says the same where tables are gone once the walk has begun', async () => {
    restore()
    const { said } = await verified({ forThreads: false })
    const away = join(kept.path, 'away')
    const [table] = databaseFiles(test.folder.database, /\.ldb$/)
    let isMoved = false
    const before = (): void => {
      if (isMoved) return
      // The stand-in's LevelDB has the table open.
      renameSync(table as string, away)
      isMoved = true
    }
    const found = await verified({ forThreads: true, before })
    expect(isMoved).toBe(true)
    expect(found.seen.ranges.map(([, isRead]) => isRead)).toContain(false)
    expect((found.said as { report: object }).report).toEqual((said as { report: object }).report)
    renameSync(away, table as string)
  })
})

describe('threads that read ranges', () => {
  it('say what one thread says, and accept nothing where one dies', async () => {
    restore()
    const alone = await verified({ forThreads: false })
    const trustedAlone = await verified({ forThreads: false, trusted: halfway })
    const source = await FolderSource.open(test.root, readOwnKey(test.folder))
    const { codec } = source.storage
    await source.close()
    const pool = new AppraisalPool({ codec, key: auditKey }, 'tables', 2, 1)
    try {
      expect((await verified({ forThreads: true, pool })).said).toEqual(alone.said)
      expect((await verified({ forThreads: true, pool, trusted: halfway })).said).toEqual(trustedAlone.said)
    } finally {
      await pool.close()
    }
    const dying = new AppraisalPool({ codec, key: auditKey }, 'tables', 2, 1)
    const range: Appraiser['appraiseRange'] = (...args) => {
      const found = dying.appraiseRange(...args)
      // While the threads hold ranges.
      void dying.close()
      return found
    }
    const appraiser: Appraiser = {
      appraise: (...args) => dying.appraise(...args),
      appraiseRange: range,
      rehash: (...args) => dying.rehash(...args),
      tileRoots: (tiles) => dying.tileRoots(tiles),
    }
    await expect(verified({ forThreads: true, pool: appraiser })).rejects.toThrow('has ended')
  })
})
