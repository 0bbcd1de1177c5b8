import { copyFileSync, existsSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { toHex } from '../core/base64.ts'
import { signatureTypes } from '../core/cosignature.ts'
import { type VerifierKey, verifierKey } from '../core/note.ts'
import { parsePolicy, type Policy } from '../core/policy.ts'
import type { LedgerKeyChange } from '../statements/kind.ts'
import { createMlDsaKeyFile, readMlDsaKeyFile } from '../node/mldsa-key-file.ts'
import { isNameFree } from '../node/bounded-file.ts'
import { syncFolder } from '../node/durable-file.ts'
import { type DataFolder, readPolicyFile } from './data-folder.ts'

/*
 * What becomes of the ledger's second key, ML-DSA-44, when the first is rotated. It lies in the same folder under the same
 * passphrase, so a thief of the one has the other, and who lost the one has lost the other: it is replaced too. In every other
 * rotation it stays, for the sake of policies that ask for it, and gets the new passphrase.
 */
export interface SecondKeyPassphrases {
  /** Opens the key that is there. */
  readonly passphrase?: string
  /** Is to open it from now on; without it the file is not encrypted. */
  readonly newPassphrase?: string
}

const nextFile = ({ ledgerMlDsaKey }: DataFolder): string => `${ledgerMlDsaKey}.next`

const isReplaced = (reason: LedgerKeyChange['reason']): boolean => reason === 'compromised' || reason === 'lost'

/** The second key that a policy names: a witness by the name of the ledger. */
export function secondKeyOf({ witnesses }: Policy, { name }: VerifierKey): VerifierKey | undefined {
  return witnesses.find(({ key }) => key.name === name && key.type === signatureTypes.mlDsa44)?.key
}

/**
 * Writes the second key beside its file as it will be after the rotation; gives its vkey, or undefined where the ledger has none.
 * What a refused rotation left is replaced. Throws the codes of readMlDsaKeyFile where the key must be opened.
 */
export function stageSecondKey(
  folder: DataFolder,
  log: VerifierKey,
  reason: LedgerKeyChange['reason'],
  { passphrase, newPassphrase }: SecondKeyPassphrases,
): string | undefined {
  dropStagedSecondKey(folder)
  const { ledgerMlDsaKey } = folder
  const isMissing = isNameFree(ledgerMlDsaKey)
  if (isMissing && !(isReplaced(reason) && secondKeyOf(readPolicyFile(folder.policy), log) !== undefined))
    return undefined
  const seed = isReplaced(reason) ? undefined : readMlDsaKeyFile(ledgerMlDsaKey, passphrase).seed
  const { publicKey } = createMlDsaKeyFile(nextFile(folder), newPassphrase, seed)
  syncFolder(folder.keys)
  return verifierKey(log.name, publicKey, signatureTypes.mlDsa44).text
}

export function dropStagedSecondKey(folder: DataFolder): void {
  rmSync(nextFile(folder), { force: true })
}

/** A policy with `vkey` in the place of the ledger's second key. */
export function policyWithSecondKey(policy: string, log: VerifierKey, vkey: string | undefined): string {
  const old = secondKeyOf(parsePolicy(Buffer.from(policy, 'latin1')), log)
  return vkey === undefined || old === undefined ? policy : policy.replace(old.text, () => vkey)
}

/** Puts the staged key in its place; one that it replaces is kept under another name. Done already, it does nothing. */
export function switchSecondKey(folder: DataFolder, from: VerifierKey, reason: LedgerKeyChange['reason']): void {
  const { ledgerMlDsaKey, keys } = folder
  const next = nextFile(folder)
  if (!existsSync(next)) return
  if (isReplaced(reason) && existsSync(ledgerMlDsaKey))
    copyFileSync(ledgerMlDsaKey, join(keys, `retired-${toHex(from.id)}.key`))
  renameSync(next, ledgerMlDsaKey)
  syncFolder(keys)
}
