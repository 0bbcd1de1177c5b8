import { valueOr } from '../../src/core/attempt.ts'
import { readKeyFile, type SigningKey } from '../../src/node/key-file.ts'
import { readSecretFile } from '../../src/node/private-file.ts'
import { isKeyFileEncrypted } from '../../src/node/private-key-file.ts'
import { askTerminal } from './ask-terminal.ts'

/** The option of commands that open a private key; {@link askedPassphraseFlag} says what is done without it. */
export const passphraseFlag = ['--passphrase-file <file>', 'file that holds the key’s passphrase'] as const
export const askedPassphraseFlag = [
  passphraseFlag[0],
  `${passphraseFlag[1]} (default: $EVIDENCE_PASSPHRASE_FILE, or asked for on a terminal)`,
] as const

/** An option that every command has which opens or makes a key of its own. */
export interface PassphraseOptions {
  readonly passphraseFile?: string
}

/** The file that holds the passphrase: --passphrase-file, or $EVIDENCE_PASSPHRASE_FILE. */
export function passphraseFile({ passphraseFile: given }: PassphraseOptions): string | undefined {
  const fromEnvironment = process.env['EVIDENCE_PASSPHRASE_FILE']
  return given ?? (fromEnvironment === '' ? undefined : fromEnvironment)
}

/** The passphrase in a file; undefined where no file is named. Never out of an argument. Throws the codes of readSecretFile. */
export function readPassphrase(file: string | undefined): string | undefined {
  return file === undefined ? undefined : readSecretFile(file, 'passphrase file')
}

/**
 * The passphrase that opens these key files: out of `file`, or asked for on the terminal where one of them needs it and no file is
 * named; undefined where none of them needs it, or nobody can be asked. Throws the codes of readSecretFile.
 */
export function passphraseFor(keyFiles: readonly string[], file: string | undefined): string | undefined {
  if (file !== undefined) return readPassphrase(file)
  const locked = keyFiles.find(isLocked)
  return locked === undefined ? undefined : askTerminal(`passphrase of ${locked}: `, 'hidden')
}

function isLocked(path: string): boolean {
  // What is wrong with the file is said by what opens it.
  return valueOr(() => isKeyFileEncrypted(path), false)
}

/** Opens an Ed25519 key file with its passphrase. Throws the codes of readKeyFile and {@link passphraseFor}. */
export function openKeyFile(path: string, file: string | undefined): SigningKey {
  return readKeyFile(path, passphraseFor([path], file))
}
