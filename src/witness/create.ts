import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { EvidenceError, parseVerifierKey, signatureTypes, type VerifierKey, verifierKey } from '../core/index.ts'
import { createKeyFile, createMlDsaKeyFile, syncFolder, writeNewFile } from '../node/index.ts'
import { type WitnessConfig, witnessFolder } from './folder.ts'

/**
 * Makes a witness: two keys, an empty list of logs, an empty state. The folder appears as a whole or not at all; gives its
 * verifier keys, Ed25519 first. Throws `ledger-exists`, `vkey-malformed` for a name that no key can have.
 */
export function createWitness(root: string, name: string, passphrase?: string): readonly [VerifierKey, VerifierKey] {
  if (existsSync(root) && readdirSync(root).length > 0) {
    throw new EvidenceError('ledger-exists', `the folder ${root} is not empty: no witness is made in it`, {
      where: root,
    })
  }
  const parent = dirname(resolve(root))
  mkdirSync(parent, { recursive: true })
  const staging = mkdtempSync(join(parent, `.${basename(resolve(root))}-`))
  try {
    const folder = witnessFolder(staging)
    mkdirSync(folder.keys, { mode: 0o700 })
    mkdirSync(folder.state)
    mkdirSync(folder.evidence)
    const { publicKey } = createKeyFile(folder.ed25519Key, passphrase)
    const mlDsa = createMlDsaKeyFile(folder.mlDsaKey, passphrase)
    const keys = [
      verifierKey(name, publicKey, signatureTypes.cosignature),
      verifierKey(name, mlDsa.publicKey, signatureTypes.mlDsa44),
    ] as const
    for (const { text } of keys) parseVerifierKey(text)
    const config: WitnessConfig = { format: 1, name }
    writeNewFile(folder.logs, '', 0o644)
    writeNewFile(folder.origins, '', 0o644)
    writeNewFile(folder.config, `${JSON.stringify(config, null, 2)}\n`, 0o644)
    for (const made of [folder.keys, folder.state, folder.evidence, staging]) syncFolder(made)
    renameSync(staging, root)
    syncFolder(parent)
    return keys
  } catch (error) {
    rmSync(staging, { recursive: true, force: true })
    throw error
  }
}
