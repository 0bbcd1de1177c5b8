import type { LedgerSigningKey } from '../src/node/index.ts'
import { readKeyFile } from '../src/node/index.ts'
import { readPassphrase } from './options.ts'

/** A key that signs checkpoints, open. */
export interface OpenLedgerKey {
  readonly key: LedgerSigningKey
  /** The file that holds it. */
  readonly file?: string
  readonly close: () => Promise<void>
}

/** Opens a key file. Throws the codes of readKeyFile. */
export function openLedgerKey(name: string, passphraseFile: string | undefined): Promise<OpenLedgerKey> {
  const key = readKeyFile(name, readPassphrase(passphraseFile))
  return Promise.resolve({ key, file: name, close: () => Promise.resolve() })
}
