import { closeSync, openSync, readSync, writeSync } from 'node:fs'
import { isatty, ReadStream } from 'node:tty'

const keys = { interrupt: 3, endOfInput: 4, backspace: 8, lineFeed: 10, carriageReturn: 13, clear: 21, delete: 127 }

/**
 * Asks on the terminal for a line; `echo` says whether what is typed is shown. Undefined where there is no terminal, or nothing was
 * typed. An interrupt ends the process with 130.
 */
export function askTerminal(question: string, echo: 'shown' | 'hidden'): string | undefined {
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
      if (echo === 'shown') writeSync(fd, `\r\u001b[K${question}${Buffer.from(typed).toString('utf8')}`)
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
