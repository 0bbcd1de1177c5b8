import { attempt } from '../core/attempt.ts'
import { signatureTypes } from '../core/cosignature.ts'
import { EvidenceError } from '../core/errors.ts'
import { parseJson, requireObject } from '../core/json.ts'
import type { Jwk } from '../core/jwk.ts'
import { parseVerifierKey, type VerifierKey, verifierKey } from '../core/note.ts'
import { defined } from '../core/objects.ts'
import { requireOrigin } from '../core/origin.ts'
import { encodeLogPolicy } from '../core/policy.ts'
import { bodyOf } from '../statements/body.ts'
import type { MembersOf } from '../statements/kinds.ts'
import { fileBounds, isNameFree, readNamed } from '../node/bounded-file.ts'
import { writeDurably, writeNewFile } from '../node/durable-file.ts'
import { beginFolder } from '../node/folder-filling.ts'
import { createKeyFile, readKeyFile, type SigningKey } from '../node/key-file.ts'
import { createMlDsaKeyFile, readMlDsaKeyFile } from '../node/mldsa-key-file.ts'
import { MlDsaSigner } from '../node/mldsa-signer.ts'
import { makePrivateFolder } from '../node/private-folder.ts'
import {
  type CopiedConfig,
  dataFolder,
  type DataFolder,
  type FolderConfig,
  folderFiles,
  folderFormat,
  readConfig,
} from './data-folder.ts'

export interface Administrator {
  readonly id: string
  readonly name?: string
  readonly jwk: Jwk
}

export interface PrepareOptions extends CopiedConfig {
  readonly origin: string
  readonly environment: GenesisMembers['environment']
  /** The first one signs the genesis. A trial makes their keys in the folder itself. */
  readonly administrators: readonly Administrator[] | ((folder: DataFolder) => readonly Administrator[])
  readonly passphrase?: string
  /** The ledger that this one continues: its origin, and its signed checkpoint. */
  readonly continues?: GenesisMembers['continues']
  /** A key that lies elsewhere, in hardware; without it one is made here. */
  readonly ledgerKey?: { readonly publicKey: Uint8Array }
}

type GenesisMembers = MembersOf<'ledger.genesis'>

/** The name that a policy gives the ledger's second key: any other will do. */
const ownWitnessName = 'ledger-ml-dsa'

/** What the genesis says, to be signed by the first administrator. */
export type GenesisRequest = {
  readonly iss: string
  readonly aud: string
  readonly kind: 'ledger.genesis'
} & GenesisMembers

/**
 * First step: fills the folder with the ledger's key, policy, configuration and the unsigned genesis, as a whole or not at all.
 * Throws `origin-malformed`, the codes of beginFolder.
 */
export function prepareLedger(
  root: string,
  options: PrepareOptions,
  fill?: (folder: DataFolder) => void,
): GenesisRequest {
  requireOrigin(options.origin)
  const filling = beginFolder(root, { by: 'evidence init', writes: folderFiles.made })
  try {
    const folder = dataFolder(filling.folder)
    makePrivateFolder(folder.keys)
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
        : 'Give this file to everybody who checks receipts.'
    writeNewFile(folder.policy, encodeLogPolicy(vkey, [note], [{ name: ownWitnessName, key: second }]), 0o600)
    writeNewFile(folder.genesisRequest, `${JSON.stringify(request, null, 2)}\n`, 0o600)
    writeConfig(folder, {
      format: folderFormat,
      reading: options.reading,
      openDisclosures: options.openDisclosures,
      awaitingGenesis: true,
    })
    fill?.(folder)
    filling.finish()
    return request
  } catch (error) {
    filling.abandon()
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
      ...defined({ name }),
      keys: [jwk],
    })),
    ...defined({ continues: options.continues }),
  }
}

/** Writes config.json, durable when this returns. */
export function writeConfig(folder: DataFolder, config: FolderConfig): void {
  writeDurably(folder.config, `${JSON.stringify(config, null, 2)}\n`)
}

/**
 * Reads an unsigned genesis: what the kind asks for, and that its first administrator issues it for its own origin. Throws `file-unreadable`, with
 * what is wrong with it.
 */
export function readGenesisRequest(path: string): GenesisRequest {
  const bad = (why: string, cause?: unknown): EvidenceError =>
    new EvidenceError('file-unreadable', `${path} cannot be read as a genesis: ${why}`, { where: path }, { cause })
  const read = attempt(() => genesisIn(readNamed(path, fileBounds.small), bad))
  if (!(read instanceof EvidenceError)) return read
  throw read.code === 'file-unreadable' ? read : bad(read.message, read)
}

function genesisIn(bytes: Uint8Array, bad: (why: string) => EvidenceError): GenesisRequest {
  const { iss, aud, kind, ...own } = requireObject(parseJson(bytes, 'genesis'), 'genesis')
  const body = typeof kind === 'string' ? bodyOf(kind, own) : undefined
  if (body?.kind !== 'ledger.genesis') throw bad('its kind is another, or none')
  const { origin, administrators, ledgerKeys } = body.members
  const [first] = administrators
  if (first === undefined || iss !== first.id) throw bad('"iss" is not its first administrator')
  if (aud !== origin) throw bad('"aud" is not its origin')
  if (new Set(administrators.map(({ id }) => id)).size < administrators.length)
    throw bad('two administrators have one id')
  for (const text of ledgerKeys)
    if (parseVerifierKey(text).name !== origin) throw bad('a key of the ledger bears another name than its origin')
  return { iss: first.id, aud: origin, kind: body.kind, ...body.members }
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
  return isNameFree(ledgerMlDsaKey) ? undefined : new MlDsaSigner(readMlDsaKeyFile(ledgerMlDsaKey, passphrase))
}
