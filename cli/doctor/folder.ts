import { existsSync } from 'node:fs'
import { equalBytes } from '../../src/core/bytes.ts'
import { parseSignedCheckpoint } from '../../src/core/checkpoint.ts'
import { parseEntry } from '../../src/core/entry.ts'
import { rootFromTiles } from '../../src/core/merkle/tiles.ts'
import { timeText } from '../../src/core/time.ts'
import { defaultMaxGapMs } from '../../src/ledger/clock.ts'
import { lostClaims } from '../../src/ledger/copy/missing-claims.ts'
import { dataFolder, type DataFolder, readConfig, readOwnKey, readPolicyBytes } from '../../src/ledger/data-folder.ts'
import { readErasures } from '../../src/ledger/erasures.ts'
import { FolderSource } from '../../src/ledger/folder-source.ts'
import { readHead } from '../../src/ledger/head-file.ts'
import { checkDatabase, checkTable } from '../../src/ledger/leveldb/database-check.ts'
import { requireLookups } from '../../src/ledger/lookup-check.ts'
import { readOwnCheckpoint } from '../../src/ledger/recovery.ts'
import { requireNotRotating } from '../../src/ledger/rotation-marker.ts'
import { readSigningState } from '../../src/ledger/signing-state.ts'
import { LedgerTree } from '../../src/ledger/tree.ts'
import { lockHolder } from '../../src/node/lock-file.ts'
import { count } from '../../src/core/text.ts'
import { attempt, type Check, fail, failed, ok, warn } from './check.ts'
import { keyChecks } from './keys.ts'
import { folderModes } from './modes.ts'
import { policyFingerprint } from '../../src/core/policy-fingerprint.ts'

/** All about a data folder, whose keys `passphrase` opens. `now` in milliseconds since 1970. */
export async function folderChecks(root: string, now: number, passphrase?: string): Promise<Check[]> {
  const folder = dataFolder(root)
  const config = await attempt('configuration', () => {
    const { reading, awaitingGenesis } = readConfig(folder)
    if (awaitingGenesis === true) {
      return [
        fail(
          'configuration',
          'the ledger has no genesis yet',
          'Finish the key ceremony: evidence init --genesis FILE.',
        ),
      ]
    }
    return [ok('configuration', `reading is for ${reading === 'public' ? 'everybody' : 'participants'}`)]
  })
  if (config.some(({ status }) => status === 'fail')) return config
  return [
    ...config,
    ...(await attempt('standing', () => [standing(folder)])),
    ...(await attempt('rotation', () => {
      requireNotRotating(folder)
      return []
    })),
    ...(await attempt('policy', () => [
      ok('policy', `fingerprint ${policyFingerprint(readPolicyBytes(folder.policy))}`),
    ])),
    ...(await attempt('permissions', () => folderModes(folder))),
    ...(await keyChecks(folder, passphrase)),
    ...leftovers(folder),
    ...(await database(folder, now)),
  ]
}

function standing(folder: DataFolder): Check {
  const marker = readSigningState(folder)
  if (marker === undefined) return ok('standing', 'may sign')
  const { standing: why, of, since } = marker
  if (why === 'moved')
    return warn(
      'standing',
      `moved to ${of} at ${since}: does not sign`,
      'Use the ledger where it went, and remove this copy.',
    )
  const what = why === 'follows' ? `follows ${of}` : `restored from ${of}`
  return warn(
    'standing',
    `${what} since ${since}: does not sign`,
    'Nothing, unless the original is lost: then "evidence promote".',
  )
}

/** What commands that were cut off left. */
function leftovers({ database: path, root }: DataFolder): Check[] {
  if (!existsSync(`${path}.old`) && !existsSync(`${path}.new`)) return []
  return [
    warn('leftovers', '"evidence ledger reindex" was cut off', `Run "evidence ledger reindex --data ${root}" again.`),
  ]
}

async function database(folder: DataFolder, now: number): Promise<Check[]> {
  const { root, lock } = folder
  const holder = lockHolder(lock)
  if (holder !== undefined) {
    return [
      ok('lock', `held by ${holder}`),
      ok('database', 'not looked at while it is in use; with --url the server is asked'),
    ]
  }
  const free = ok('lock', existsSync(lock) ? 'left by a process that is gone: harmless' : 'free')
  const key = readOwnKey(folder)
  const { torn, faults, tables } = checkDatabase(folder.database)
  const damaged = tables.flatMap((table) => checkTable(table) ?? [])
  const all = [...faults, ...damaged]
  if (all.length > 0) return [free, ...all.map((fault) => failed('database', fault))]
  const head = await attempt('head', () => {
    const { checkpoint, otherSlotDamaged } = readHead(folder.head, key)
    const says = `the ledger has answered for ${count(checkpoint.size)} entries`
    return [
      otherSlotDamaged
        ? warn('head', `${says}; one of the two slots is damaged`, 'Nothing: it is written anew at the next start.')
        : ok('head', says),
    ]
  })
  const opened = await attempt('database', async () => {
    const source = await FolderSource.open(root, key)
    try {
      return await examined(source, key, torn, now)
    } finally {
      await source.close()
    }
  })
  return [free, ...head, ...opened]
}

async function examined(
  source: FolderSource,
  key: ReturnType<typeof readOwnKey>,
  torn: readonly string[],
  now: number,
): Promise<Check[]> {
  const note = Buffer.from(await source.checkpoint())
  const { size } = parseSignedCheckpoint(note).checkpoint
  const outside = await source.outsideFaults(size)
  if (outside.length > 0) return outside.map((fault) => failed('database', fault))
  const { root } = readOwnCheckpoint(note.toString('utf8'), key)
  const tree = await LedgerTree.rebuild(source.storage, size)
  if (!equalBytes(rootFromTiles(size, tree.read), root))
    return [
      fail(
        'database',
        'the tree is not the one that the checkpoint signs',
        'Run "evidence verify", and see docs/operations/recovery.md.',
        1,
      ),
    ]
  const cut = torn.length === 0 ? '' : `; ${torn.join(', ')} ends within a record, as a crash leaves it`
  const [last] = await source.storage.entries(size - 1, size)
  return [
    ok('database', `${count(size)} entries; checkpoint, head and right edge agree${cut} ("evidence verify" reads all)`),
    ...(await attempt('look-ups', () => lookups(source))),
    ...(await attempt('claims', () => claims(source, size))),
    ...(last === undefined ? [] : [clockOf(parseEntry(last).timeMs, now)]),
  ]
}

/** Every look-up key counted, against the checksum that stands beside them. Throws `lookups-damaged`, `storage-damaged`. */
async function lookups({ storage, lookupFault }: FolderSource): Promise<Check[]> {
  if (lookupFault !== undefined) throw lookupFault
  await requireLookups(storage)
  const { count: keys } = (await storage.lookupChecksum()) ?? { count: 0 }
  return [ok('look-ups', `${count(keys)} look-up keys and statement ids, as their checksum says`)]
}

/** Every sealed claim that was not erased is there. Throws `disclosures-missing`, `entry-missing`. */
async function claims({ storage, name }: FolderSource, size: number): Promise<Check[]> {
  const erasures = readErasures(dataFolder(name).erased)
  const fault = await lostClaims(storage, size, erasures)
  if (fault !== undefined) throw fault
  return [ok('claims', `every sealed claim is there, but for those of ${count(erasures.length)} erasures`)]
}

/** The machine's clock against the last entry: what a start would say. */
export function clockOf(lastMs: number, now: number): Check {
  const says = `the clock says ${timeText(now)}, the last entry ${timeText(lastMs)}`
  if (now < lastMs) return fail('clock', says, 'Set the clock: deposits wait until it has passed the last entry.')
  if (now - lastMs > defaultMaxGapMs)
    return warn('clock', says, 'If the clock is right, start once with --accept-clock-gap.')
  return ok('clock', says)
}
