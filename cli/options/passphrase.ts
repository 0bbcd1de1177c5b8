import { closeSync, openSync, readSync, writeSync } from 'node:fs'
import { isatty, ReadStream } from 'node:tty'
import { valueOr } from '../../src/core/attempt.ts'
import { readKeyFile, type SigningKey } from '../../src/node/key-file.ts'
import { readSecretFile } from '../../src/node/private-file.ts'
import { isKeyFileEncrypted } from '../../src/node/private-key-file.ts'

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
  return locked === undefined ? undefined : ask(`passphrase of ${locked}: `)
}

function isLocked(path: string): boolean {
  // What is wrong with the file is said by what opens it.
  return valueOr(() => isKeyFileEncrypted(path), false)
}

/** Opens an Ed25519 key file with its passphrase. Throws the codes of readKeyFile and {@link passphraseFor}. */
export function openKeyFile(path: string, file: string | undefined): SigningKey {
  return readKeyFile(path, passphraseFor([path], file))
}

const keys = { interrupt: 3, endOfInput: 4, backspace: 8, lineFeed: 10, carriageReturn: 13, clear: 21, delete: 127 }

/** Asks on the terminal, and shows nothing of what is typed; undefined where there is no terminal, or nothing was typed. */
function ask(question: string): string | undefined {
  if (process.platform === 'win32' || !isatty(0) || !isatty(2)) return undefined
  const fd = openSync('/dev/tty', 'r+')
  const terminal = new ReadStream(openSync('/dev/tty', 'r+'))
  terminal.setRawMode(true)
  const restore = (): void => {
    terminal.setRawMode(false)
    terminal.destroy()
    writeSync(fd, '\n')
    closeSync(fd)
  }
  const typed: number[] = []
  try {
    writeSync(fd, question)
    const byte = Buffer.alloc(1)
    for (;;) {
      const key = readSync(fd, byte, 0, 1, null) === 0 ? keys.endOfInput : (byte[0] as number)
      if (key === keys.carriageReturn || key === keys.lineFeed || key === keys.endOfInput) break
      if (key === keys.interrupt) {
        restore()
        process.exit(130)
      }
      if (key === keys.clear) typed.length = 0
      else if (key === keys.backspace || key === keys.delete) dropLast(typed)
      else typed.push(key)
    }
  } finally {
    if (!terminal.destroyed) restore()
  }
  return typed.length === 0 ? undefined : Buffer.from(typed).toString('utf8')
}

/** Takes the last character away, all bytes of it. */
function dropLast(typed: number[]): void {
  while (typed.length > 0 && ((typed.pop() as number) & 0xc0) === 0x80);
}
