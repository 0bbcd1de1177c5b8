import { cpSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { evidenceOk, startServer, systemProgram } from '../support/cli.ts'
import { temporaryFolder } from '../support/folder.ts'

const cli = fileURLToPath(new URL('../../cli/evidence.mjs', import.meta.url))
const { path, remove } = temporaryFolder()
const data = join(path, 'data')
const big = join(path, 'image.dd')

/**
 * Runs a command on a terminal of its own; with a signal, ends it once the bar has hidden the cursor. Prints the exit code and
 * everything that was written.
 */
const onTerminal = `
import os, pty, signal, sys
ends, arguments = sys.argv[1] == "interrupt", sys.argv[2:]
pid, terminal = pty.fork()
if pid == 0:
    os.execv(arguments[0], arguments)
written, sent = b"", False
while True:
    try:
        block = os.read(terminal, 65536)
    except OSError:
        break
    if not block:
        break
    written += block
    if ends and not sent and b"\\x1b[?25l" in written:
        os.kill(pid, signal.SIGINT)
        sent = True
print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
sys.stdout.flush()
sys.stdout.buffer.write(written)
`

function check(mode: 'interrupt' | 'to the end', term: string): { code: number; written: string } {
  const command = [process.execPath, cli, 'check', big, '--data', data]
  const { stdout } = systemProgram('python3', [
    '-c',
    onTerminal,
    mode,
    '/usr/bin/env',
    '-u',
    'CI',
    `TERM=${term}`,
    ...command,
  ])
  const [first = '', ...rest] = stdout.toString().split('\n')
  return { code: Number(first), written: rest.join('\n') }
}

beforeAll(async () => {
  const server = await startServer(data)
  const small = join(path, 'small')
  writeFileSync(small, 'small')
  await evidenceOk(['deposit', small, '--data', data, '--url', server.url])
  await server.stop()
  cpSync(`${small}.tlog-proof`, `${big}.tlog-proof`)
  writeFileSync(big, '')
})
afterAll(remove)

describe('F-B12: a progress bar', () => {
  it('F-B12: gives the cursor back when it is interrupted', () => {
    truncateSync(big, 64 * 1024 ** 3) // sparse: no disk is used, and nobody hashes it to the end
    const { code, written } = check('interrupt', 'xterm')
    expect(code).toBe(130)
    expect(written.lastIndexOf('\u001b[?25h')).toBeGreaterThan(written.lastIndexOf('\u001b[?25l'))
  })

  it('F-B12: is not shown on a terminal that cannot move its cursor', () => {
    truncateSync(big, 256 * 1024 ** 2)
    const { code, written } = check('to the end', 'dumb')
    expect(code).toBe(1)
    expect(written).not.toContain('\u001b')
    expect(written).toContain('FAULT file-differs')
  })
})
