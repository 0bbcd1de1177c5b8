import { lstatSync, readFileSync } from 'node:fs'
import { textOfBytes } from '../../src/core/text.ts'
import { fsPath } from '../../src/node/file-path.ts'

/**
 * The arguments of this process, with those that are not UTF-8 as texts of `textOfBytes`: Node decodes arguments with loss, and Linux
 * has their bytes.
 */
export function processArguments(): string[] {
  const { argv, platform } = process
  if (platform !== 'linux' || !argv.some((argument) => argument.includes('\ufffd'))) return [...argv]
  const raw = splitAtNul(readFileSync('/proc/self/cmdline'))
  // Node's own options stand before the program.
  const own = raw.slice(raw.length - (argv.length - 2))
  return argv.map((argument, i) => {
    const bytes = own[i - 2]
    return bytes?.toString() === argument ? textOfBytes(bytes) : argument
  })
}

function splitAtNul(bytes: Buffer): Buffer[] {
  const parts: Buffer[] = []
  for (let start = 0, end = bytes.indexOf(0); end >= 0; start = end + 1, end = bytes.indexOf(0, start)) {
    parts.push(bytes.subarray(start, end))
  }
  return parts
}

/**
 * The path that an argument names. Where there is no such file, `\x{d6}` and `\u{202e}`, as names are printed, stand for the byte or
 * the character: so a name that cannot be typed is copied from what was printed.
 */
export function fileArgument(argument: string): string {
  if (!/\\[ux]\{/.test(argument) || isThere(argument)) return argument
  return argument.replace(/\\x\{([89a-f][0-9a-f])\}|\\u\{([0-9a-f]{1,6})\}/g, (shown, byte, character) => {
    if (byte !== undefined) return String.fromCharCode(0xdc00 + Number.parseInt(byte, 16))
    const code = Number.parseInt(character, 16)
    return code <= 0x10ffff ? String.fromCodePoint(code) : shown
  })
}

function isThere(path: string): boolean {
  return lstatSync(fsPath(path), { throwIfNoEntry: false }) !== undefined
}
