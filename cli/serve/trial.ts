import { existsSync } from 'node:fs'
import { isEvidenceError } from '../../src/core/errors.ts'
import type { Jwk } from '../../src/core/jwk.ts'
import { type GenesisRequest, prepareLedger, readGenesisRequest, readLedgerKey } from '../../src/ledger/create.ts'
import { type DataFolder, dataFolder, readConfig, readOwnKey } from '../../src/ledger/data-folder.ts'
import { sealGenesis } from '../../src/ledger/genesis.ts'
import { readHead } from '../../src/ledger/head-file.ts'
import { Ledger } from '../../src/ledger/ledger.ts'
import { readUnfinished } from '../../src/node/folder-marker.ts'
import { createKeyFile, readKeyFile, type SigningKey } from '../../src/node/key-file.ts'
import { signStatement } from '../statements/sign.ts'
import { namedAudience } from '../statements/signing-ledger.ts'
import { admitKind } from '../commands/participants.ts'

/* A trial ledger: its administrator and its first depositor have their keys in the folder itself. */

export interface TrialOptions {
  readonly origin: string
  readonly reading: 'public' | 'participants'
  readonly openDisclosures: boolean
  readonly passphrase?: string
  readonly continues?: { readonly origin: string; readonly checkpoint: string }
}

/** The unsigned genesis as a signed statement. */
export function signGenesis(request: GenesisRequest, key: SigningKey): string {
  const { iss, aud, kind, ...members } = request
  return signStatement(namedAudience(aud), { id: iss, signer: key }, kind, members).jws
}

/**
 * Makes a whole trial ledger: administrator, first depositor, genesis, admission. Throws the codes of prepareLedger, sealGenesis and
 * Ledger.open.
 */
export async function initTrial(root: string, options: TrialOptions): Promise<void> {
  const { passphrase } = options
  const fill = (folder: DataFolder): void => void createKeyFile(folder.depositorKey, passphrase)
  const administrator = (folder: DataFolder): Jwk => createKeyFile(folder.administratorKey, passphrase).jwk
  prepareLedger(
    root,
    {
      ...options,
      environment: 'trial',
      administrators: (folder) => [{ id: 'administrator', jwk: administrator(folder) }],
    },
    fill,
  )
  await finishTrial(root, passphrase)
}

/**
 * Makes a trial ledger where there is none, and finishes one whose making was cut off; says what was done. Where another process
 * does so at the same moment, one of the two goes on with what the other has made, and the other is refused. Throws the codes of
 * {@link initTrial}.
 */
export async function provideTrial(root: string, options: TrialOptions): Promise<'made' | 'finished' | 'there'> {
  if (!isPrepared(root)) {
    try {
      await initTrial(root, options)
      return 'made'
    } catch (error) {
      if (!isEvidenceError(error, 'ledger-exists') || !isPrepared(root)) throw error
    }
  }
  if (!isHalfMade(dataFolder(root))) return 'there'
  await finishTrial(root, options.passphrase)
  return 'finished'
}

function isPrepared(root: string): boolean {
  return readUnfinished(root) === undefined && existsSync(dataFolder(root).config)
}

/** Whether a trial lacks its genesis, or the depositor's admission after it. */
function isHalfMade(folder: DataFolder): boolean {
  if (!existsSync(folder.depositorKey)) return false
  if (readConfig(folder).awaitingGenesis === true) return true
  return existsSync(folder.head) && readHead(folder.head, readOwnKey(folder)).checkpoint.size === 1
}

async function finishTrial(root: string, passphrase: string | undefined): Promise<void> {
  const folder = dataFolder(root)
  const request = readGenesisRequest(folder.genesisRequest)
  const administrator = readKeyFile(folder.administratorKey, passphrase)
  const ledgerKey = readLedgerKey(root, passphrase)
  try {
    await sealGenesis(root, signGenesis(request, administrator), ledgerKey)
  } catch (error) {
    // Sequenced already, by the run that was cut off or by one at the same moment.
    if (!isEvidenceError(error, 'ledger-exists') || readConfig(folder).awaitingGenesis === true) throw error
  }
  const ledger = await Ledger.open(root, ledgerKey)
  try {
    if (ledger.registry.participants.has('depositor')) return
    const { iss, aud } = request
    const { jwk } = readKeyFile(folder.depositorKey, passphrase)
    const participant = { id: 'depositor', type: 'organisation', roles: ['depositor'], keys: [jwk] }
    const admission = signStatement(namedAudience(aud), { id: iss, signer: administrator }, admitKind, { participant })
    await ledger.deposit(admission.presentation)
  } finally {
    await ledger.close()
  }
}
