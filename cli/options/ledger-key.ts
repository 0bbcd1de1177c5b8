import { defined } from '../../src/core/objects.ts'
import { type LedgerSigningKey, readKeyFile } from '../../src/node/key-file.ts'
import { openHardwareKey } from '../../src/node/pkcs11/hardware-key.ts'
import { isPkcs11Uri, parsePkcs11Uri } from '../../src/node/pkcs11/uri.ts'
import { passphraseFor } from './passphrase.ts'

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
