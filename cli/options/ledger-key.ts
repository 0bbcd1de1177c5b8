import { defined } from '../../src/core/objects.ts'
import { type LedgerSigningKey, readKeyFile, type SigningKey } from '../../src/node/key-file.ts'
import { openHardwareKey } from '../../src/node/pkcs11/hardware-key.ts'
import { isPkcs11Uri, parsePkcs11Uri } from '../../src/node/pkcs11/uri.ts'
import { passphraseFile, passphraseFor } from './passphrase.ts'
import type { OptionsOf } from './declare.ts'
import { readLedgerKey } from '../../src/ledger/create.ts'
import { dataFolder } from '../../src/ledger/data-folder.ts'

/** Options of commands that open the ledger's key. */
export const ledgerKeyFlags = [
  ['--ledger-key <uri>', 'pkcs11: URI of a key in hardware (default: the data folder’s key file)'],
  ['--passphrase-file <file>', 'file that holds the ledger key’s passphrase, or its PIN'],
] as const
type LedgerKeyOptions = OptionsOf<typeof ledgerKeyFlags>

/** A key that signs checkpoints, open. */
export interface OpenLedgerKey {
  readonly key: LedgerSigningKey
  /** The file that holds it; none where it lies in hardware. */
  readonly file?: string
  /** What opens that file; none where it is not encrypted. */
  readonly passphrase?: string
  readonly close: () => Promise<void>
}

/**
 * Opens a key file, or a key in hardware by its `pkcs11:` URI; `secretFile` holds passphrase or PIN. Throws the codes of
 * readKeyFile and openHardwareKey.
 */
export async function openLedgerKey(name: string, secretFile: string | undefined): Promise<OpenLedgerKey> {
  if (isPkcs11Uri(name)) return openHardwareKey(parsePkcs11Uri(name), secretFile)
  const passphrase = passphraseFor([name], secretFile)
  const key = readKeyFile(name, passphrase)
  return { key, file: name, ...defined({ passphrase }), close: () => Promise.resolve() }
}

/** The key in hardware that --ledger-key names; undefined without it. Throws as {@link openLedgerKey}. */
export async function hardwareKey(options: LedgerKeyOptions): Promise<OpenLedgerKey | undefined> {
  return options.ledgerKey === undefined ? undefined : openLedgerKey(options.ledgerKey, passphraseFile(options))
}

/** The ledger's key in its data folder. Throws the codes of readLedgerKey and {@link passphraseFor}. */
export function openFolderKey(root: string, secretFile: string | undefined): SigningKey {
  return readLedgerKey(root, passphraseFor([dataFolder(root).ledgerKey], secretFile))
}
