import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import {
  type Jwk,
  encodeLogPolicy,
  EvidenceError,
  requireOrigin,
  signatureTypes,
  type VerifierKey,
  verifierKey,
} from '../core/index.ts'
import { emptyRegistry, type GenesisBody, readEnvelope } from '../evidence/index.ts'
import {
  createKeyFile,
  createMlDsaKeyFile,
  type LedgerSigningKey,
  MlDsaSigner,
  readKeyFile,
  readMlDsaKeyFile,
  type SigningKey,
  writeNewFile,
} from '../node/index.ts'
import { type Clock, ClockGuard, systemClock } from './clock.ts'
import { type DataFolder, dataFolder, type FolderConfig, folderFormat, readConfig, readOwnKey } from './data-folder.ts'
import { emptySeal } from './entry-facts.ts'
import { emptyChain } from './group.ts'
import { HeadFile, syncFolder } from './head-file.ts'
import { LevelStorage } from './leveldb/level-storage.ts'
import { createLookupCodec } from './lookup-secret.ts'
import { Rights } from './rights.ts'
import { Sequencer } from './sequencer.ts'
import { submissionOf } from './submission.ts'
import { LedgerTree } from './tree.ts'

export interface Administrator {
  readonly id: string
  readonly name?: string
  readonly jwk: Jwk
}

export interface PrepareOptions {
  readonly origin: string
  readonly environment: 'trial' | 'production'
  readonly reading: FolderConfig['reading']
  readonly openDisclosures: boolean
  /** The first one signs the genesis. A trial makes their keys in the folder itself. */
  readonly administrators: readonly Administrator[] | ((folder: DataFolder) => readonly Administrator[])
  readonly passphrase?: string
  /** The ledger that this one continues: its origin, and its signed checkpoint. */
  readonly continues?: GenesisBody['continues']
  /** A key that lies elsewhere, in hardware; without it one is made here. */
  readonly ledgerKey?: { readonly publicKey: Uint8Array }
}

/** The name that a policy gives the ledger's second key: any other will do. */
const ownWitnessName = 'ledger-ml-dsa'

/** What the genesis says, to be signed by the first administrator. */
export type GenesisRequest = {
  readonly iss: string
  readonly aud: string
  readonly kind: 'ledger.genesis'
} & GenesisBody

/**
 * First step: makes the folder with the ledger's key, policy, configuration and the unsigned genesis; the folder appears as
 * a whole or not at all. Throws `ledger-exists`, `origin-malformed`.
 */
export function prepareLedger(
  root: string,
  options: PrepareOptions,
  fill?: (folder: DataFolder) => void,
): GenesisRequest {
  requireOrigin(options.origin)
  if (existsSync(root) && readdirSync(root).length > 0) {
    throw new EvidenceError('ledger-exists', `the folder ${root} exists and is not empty`, { where: root })
  }
  mkdirSync(dirname(resolve(root)), { recursive: true })
  const staging = mkdtempSync(join(dirname(resolve(root)), `.${basename(resolve(root))}-`))
  try {
    const folder = dataFolder(staging)
    mkdirSync(folder.keys, { mode: 0o700 })
    const key = options.ledgerKey ?? createKeyFile(folder.ledgerKey, options.passphrase)
    const vkey = verifierKey(options.origin, key.publicKey)
    const mlDsa = createMlDsaKeyFile(folder.ledgerMlDsaKey, options.passphrase)
    const second = verifierKey(options.origin, mlDsa.publicKey, signatureTypes.mlDsa44)
    const { administrators } = options
    const request = genesisRequest(
      options,
      vkey,
      typeof administrators === 'function' ? administrators(folder) : administrators,
    )
    const note =
      options.environment === 'trial'
        ? 'A trial ledger: not for evidence that matters.'
        : 'Give this file to whoever must check receipts.'
    writeNewFile(folder.policy, encodeLogPolicy(vkey, [note], [{ name: ownWitnessName, key: second }]), 0o644)
    writeNewFile(folder.genesisRequest, `${JSON.stringify(request, null, 2)}\n`, 0o644)
    writeConfig(folder, {
      format: folderFormat,
      reading: options.reading,
      openDisclosures: options.openDisclosures,
      awaitingGenesis: true,
    })
    fill?.(folder)
    renameSync(staging, root)
    syncFolder(dirname(resolve(root)))
    return request
  } catch (error) {
    rmSync(staging, { recursive: true, force: true })
    throw error
  }
}

function genesisRequest(
  options: PrepareOptions,
  vkey: VerifierKey,
  administrators: readonly Administrator[],
): GenesisRequest {
  const [first] = administrators
  if (first === undefined) throw new EvidenceError('usage', 'a ledger needs an administrator')
  return {
    iss: first.id,
    aud: options.origin,
    kind: 'ledger.genesis',
    origin: options.origin,
    environment: options.environment,
    ledgerKeys: [vkey.text],
    administrators: administrators.map(({ id, name, jwk }) => ({
      id,
      ...(name === undefined ? {} : { name }),
      keys: [jwk],
    })),
    ...(options.continues === undefined ? {} : { continues: options.continues }),
  }
}

function writeConfig(folder: DataFolder, config: FolderConfig): void {
  const path = `${folder.config}.new`
  rmSync(path, { force: true })
  writeNewFile(path, `${JSON.stringify(config, null, 2)}\n`, 0o644)
  renameSync(path, folder.config)
  syncFolder(folder.root)
}

/** Reads the unsigned genesis of a prepared folder. Throws `file-unreadable`. */
export function readGenesisRequest(path: string): GenesisRequest {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as GenesisRequest
  } catch (cause) {
    throw new EvidenceError('file-unreadable', `${path} cannot be read as a genesis`, { where: path }, { cause })
  }
}

/**
 * Second step: seals the signed genesis as entry 0. Begun again after a crash, it starts afresh; until it ends the folder
 * says that it awaits its genesis. Throws the rulebook's codes, `ledger-exists`.
 */
export async function sealGenesis(
  root: string,
  jws: string,
  signer: LedgerSigningKey,
  clock: Clock = systemClock,
): Promise<void> {
  const folder = dataFolder(root)
  const config = readConfig(folder)
  if (config.awaitingGenesis !== true)
    throw new EvidenceError('ledger-exists', `the ledger in ${root} has its genesis`, { where: root })
  const listed = readOwnKey(folder)
  const key = verifierKey(listed.name, signer.publicKey)
  if (key.text !== listed.text) {
    throw new EvidenceError('genesis-ledger-keys', 'the ledger’s private key is not the one that its policy names', {
      expected: listed.text,
    })
  }
  const building = { database: `${folder.database}.new`, head: `${folder.head}.new` }
  for (const leftover of [building.database, building.head, folder.database, folder.head]) {
    rmSync(leftover, { recursive: true, force: true })
  }
  const storage = await LevelStorage.open(building.database, createLookupCodec(folder), { create: true })
  const head = await HeadFile.create(building.head)
  try {
    const epoch = await storage.claimWriter()
    const chain = emptyChain(emptyRegistry(key.name), emptySeal)
    const published = { state: chain, note: '' }
    const tree = new LedgerTree(storage)
    const guard = new ClockGuard(clock, undefined)
    const sequencer = new Sequencer({
      storage,
      epoch,
      tree,
      head,
      clock: guard,
      key,
      sign: signer.sign,
      published,
      rights: new Rights(config),
    })
    await sequencer.submit(submissionOf(readEnvelope(jws.trim()), []))
    await sequencer.drain()
  } finally {
    await head.close()
    await storage.close()
  }
  renameSync(building.database, folder.database)
  renameSync(building.head, folder.head)
  syncFolder(root)
  const { awaitingGenesis: _done, ...finished } = config
  writeConfig(folder, finished)
}

/** Opens the ledger's own key file. Throws the codes of readConfig (`ledger-missing` where there is none) and readKeyFile. */
export function readLedgerKey(root: string, passphrase?: string): SigningKey {
  const folder = dataFolder(root)
  readConfig(folder)
  return readKeyFile(folder.ledgerKey, passphrase)
}

/** The ledger's second key, ready to sign on a thread of its own; undefined where the folder has none. Throws the codes of readMlDsaKeyFile. */
export function readLedgerMlDsaKey(root: string, passphrase?: string): MlDsaSigner | undefined {
  const { ledgerMlDsaKey } = dataFolder(root)
  return existsSync(ledgerMlDsaKey) ? new MlDsaSigner(readMlDsaKeyFile(ledgerMlDsaKey, passphrase)) : undefined
}
