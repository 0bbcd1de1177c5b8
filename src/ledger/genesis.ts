import { existsSync, renameSync } from 'node:fs'
import { isDeepStrictEqual } from 'node:util'
import { parseEntry } from '../core/entry.ts'
import { EvidenceError } from '../core/errors.ts'
import { type VerifierKey, verifierKey } from '../core/note.ts'
import { readBody } from '../statements/body.ts'
import { openStatement } from '../statements/open.ts'
import { readEnvelope } from '../statements/statement.ts'
import type { LedgerSigningKey } from '../node/key-file.ts'
import { syncFolder } from '../node/durable-file.ts'
import { removeTree } from '../node/remove-tree.ts'
import { emptyChain } from './chain-state.ts'
import { type Clock, ClockGuard, systemClock } from './clock.ts'
import { type GenesisRequest, readGenesisRequest, writeConfig } from './create.ts'
import { FolderSource } from './folder-source.ts'
import { GatedStorage } from './gated-storage.ts'
import { HeadFile } from './head-file.ts'
import { type HeldFolder, whileHeld } from './held-folder.ts'
import { LevelStorage } from './leveldb/level-storage.ts'
import { createLookupCodec } from './lookup-secret.ts'
import { Rights } from './rights.ts'
import { Sequencer } from './sequencer.ts'
import { submissionOf } from './submission.ts'
import { LedgerTree } from './tree.ts'

/**
 * Second step of making a ledger: sequences the signed genesis as entry 0. Until it ends the folder says that it awaits its genesis; cut off, it
 * is repeated: it starts afresh, or, where the genesis was sequenced already, finishes. Throws the rulebook's codes, the codes of holdFolder
 * (`ledger-exists` where there is a genesis, or a database of other making), `genesis-ledger-keys`, `genesis-differs` where it says other than
 * what was prepared, `file-unreadable`.
 */
export function sealGenesis(
  root: string,
  jws: string,
  signer: LedgerSigningKey,
  clock: Clock = systemClock,
): Promise<void> {
  return whileHeld(root, 'genesis', async (held) => {
    const { folder, config, key: listed } = held
    const key = verifierKey(listed.name, signer.publicKey)
    if (key.text !== listed.text) {
      throw new EvidenceError('genesis-ledger-keys', 'the ledger’s private key is not the one that its policy names', {
        expected: listed.text,
      })
    }
    const building = { database: `${folder.database}.new`, head: `${folder.head}.new` }
    if (existsSync(folder.database)) {
      // Cut off between the two names, or after them. What has its name is never removed.
      if (!existsSync(folder.head) && existsSync(building.head)) renameSync(building.head, folder.head)
      await FolderSource.reading(held, (source) => requireGenesisSequenced(held, source, jws))
    } else {
      if (existsSync(folder.head)) throw foreign(held)
      await sequence(held, building, key, jws, signer, clock)
      // Names that are free, as was seen under the lock.
      renameSync(building.database, folder.database)
      renameSync(building.head, folder.head)
    }
    syncFolder(root)
    const { awaitingGenesis: _done, ...finished } = config
    writeConfig(folder, finished)
  })
}

/** Makes database and head of the genesis, under names of their own. */
async function sequence(
  { folder, config }: HeldFolder,
  building: { readonly database: string; readonly head: string },
  key: VerifierKey,
  jws: string,
  signer: LedgerSigningKey,
  clock: Clock,
): Promise<void> {
  for (const leftover of [building.database, building.head]) removeTree(leftover)
  const storage = new GatedStorage(
    await LevelStorage.open(building.database, createLookupCodec(folder), { create: true }),
  )
  const head = await HeadFile.create(building.head)
  try {
    const sequencer = new Sequencer({
      storage,
      epoch: await storage.claimWriter(),
      tree: new LedgerTree(storage),
      head,
      clock: new ClockGuard(clock, undefined),
      key,
      sign: signer.sign,
      published: { state: emptyChain(key.name), note: '' },
      rights: new Rights(config),
    })
    const submission = submissionOf(readEnvelope(jws.trim()), [])
    const request = readGenesisRequest(folder.genesisRequest)
    await sequencer.submit({ ...submission, permit: () => differenceOf(submission.statement.payload, request) })
    await sequencer.drain()
  } finally {
    await head.close()
    await storage.close()
  }
}

/** The refusal of a signed genesis that does not say, member by member, what was prepared; `jti` and `iat` come with the signature. */
function differenceOf(payload: object, prepared: GenesisRequest): EvidenceError | undefined {
  const { jti: _id, iat: _at, ...signed } = payload as Readonly<Record<string, unknown>>
  const expected: Readonly<Record<string, unknown>> = prepared
  const names = [...new Set([...Object.keys(expected), ...Object.keys(signed)])]
  const differing = names.filter((name) => !isDeepStrictEqual(signed[name], expected[name]))
  if (differing.length === 0) return undefined
  const shown = (of: Readonly<Record<string, unknown>>): string =>
    JSON.stringify(Object.fromEntries(differing.map((name) => [name, of[name]])))
  const why = `the signed genesis differs from the one that was prepared, in ${differing.join(', ')}; nothing was sealed`
  return new EvidenceError('genesis-differs', why, {
    where: differing.join(' '),
    expected: shown(expected),
    found: shown(signed),
  })
}

/** What a genesis says, and who: not when it was signed, and under which id. A trial signs anew what it finishes. */
function saidBy(jws: string): unknown {
  const statement = openStatement(jws)
  return [statement.common.iss, statement.common.aud, readBody(statement)]
}

/** That database and head hold this genesis and nothing more. Throws `ledger-exists`, and the faults of the folder. */
async function requireGenesisSequenced(held: HeldFolder, source: FolderSource, jws: string): Promise<void> {
  const [fault] = source.faults
  if (fault !== undefined) throw fault
  const [bytes, more] = await source.storage.entries(0, 2)
  if (bytes === undefined || more !== undefined || source.head?.checkpoint.size !== 1) throw foreign(held)
  const entry = parseEntry(bytes)
  if (!entry.known || !isDeepStrictEqual(saidBy(entry.statement), saidBy(jws.trim()))) throw foreign(held)
}

function foreign({ folder }: HeldFolder): EvidenceError {
  return new EvidenceError(
    'ledger-exists',
    `${folder.root} awaits its genesis, and holds a database or head that is not of this genesis alone; nothing was changed`,
    { where: folder.root },
  )
}
