import { signatureTypes } from '../core/cosignature.ts'
import { parseVerifierKey, type VerifierKey, verifierKey } from '../core/note.ts'
import { writeNewFile } from '../node/durable-file.ts'
import { beginFolder } from '../node/folder-filling.ts'
import { createKeyFile, generateSigningKey } from '../node/key-file.ts'
import { createMlDsaKeyFile } from '../node/mldsa-key-file.ts'
import { makePrivateFolder } from '../node/private-folder.ts'
import { type WitnessConfig, witnessFolder } from './folder.ts'

/** Files of a new witness, relative to its folder. */
const madeFiles = /^(keys\/witness\.pem|keys\/witness-ml-dsa\.key|logs|origins|witness\.json)$/

/**
 * Makes a witness: two keys, an empty list of logs, an empty state, as a whole or not at all; gives its verifier keys, Ed25519
 * first. Throws the codes of beginFolder, `vkey-malformed` for a name that no key can have.
 */
export function createWitness(root: string, name: string, passphrase?: string): readonly [VerifierKey, VerifierKey] {
  // Before anything is made: a name that no key can have.
  parseVerifierKey(verifierKey(name, generateSigningKey().key.publicKey, signatureTypes.cosignature).text)
  const filling = beginFolder(root, { by: 'evidence witness init', writes: madeFiles })
  try {
    const folder = witnessFolder(filling.folder)
    for (const made of [folder.keys, folder.state, folder.evidence]) makePrivateFolder(made)
    const { publicKey } = createKeyFile(folder.ed25519Key, passphrase)
    const mlDsa = createMlDsaKeyFile(folder.mlDsaKey, passphrase)
    const keys = [
      verifierKey(name, publicKey, signatureTypes.cosignature),
      verifierKey(name, mlDsa.publicKey, signatureTypes.mlDsa44),
    ] as const
    const config: WitnessConfig = { format: 1, name }
    writeNewFile(folder.logs, '', 0o600)
    writeNewFile(folder.origins, '', 0o600)
    writeNewFile(folder.config, `${JSON.stringify(config, null, 2)}\n`, 0o600)
    filling.finish()
    return keys
  } catch (error) {
    filling.abandon()
    throw error
  }
}
