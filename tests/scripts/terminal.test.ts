import { cpSync, mkdirSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type CliServer, evidenceOk, startServer } from '../support/cli.ts'
import { temporaryFolder } from '../support/folder.ts'
import { type Once, onTerminal } from '../support/terminal.ts'

const { path, remove } = temporaryFolder()
const data = join(path, 'data')
const big = join(path, 'image.dd')

const check = (term: string, once?: Once): { readonly code: number; readonly screen: string } =>
  onTerminal(['check', big, '--data', data], { variables: [`TERM=${term}`], ...(once === undefined ? {} : { once }) })

let server: CliServer
beforeAll(async () => {
  server = await startServer(data)
  const small = join(path, 'small')
  writeFileSync(small, 'small')
  await evidenceOk(['deposit', small, '--data', data, '--url', server.url])
  cpSync(`${small}.tlog-proof`, `${big}.tlog-proof`)
  writeFileSync(big, '')
})
afterAll(async () => {
  await server.stop()
  remove()
})

describe('F-B12: a progress bar', () => {
  it('F-B12: gives the cursor back when it is interrupted', () => {
    truncateSync(big, 64 * 1024 ** 3) // sparse: no disk is used, and nobody hashes it to the end
    const { code, screen } = check('xterm', { seen: '\u001b\\[\\?25l', interrupt: true })
    expect(code).toBe(130)
    expect(screen.lastIndexOf('\u001b[?25h')).toBeGreaterThan(screen.lastIndexOf('\u001b[?25l'))
  })

  it('F-B12: is not shown on a terminal that cannot move its cursor', () => {
    truncateSync(big, 256 * 1024 ** 2)
    const { code, screen } = check('dumb')
    expect(code).toBe(1)
    expect(screen).not.toContain('\u001b')
    expect(screen).toContain('FAULT file-differs')
  })

  it('R8: names the file of a folder that is hashed, visibly', () => {
    const folder = join(path, 'folder')
    mkdirSync(folder)
    const hostile = join(folder, 'e\u001b[31m\u202egpj.exe')
    writeFileSync(hostile, '')
    truncateSync(hostile, 64 * 1024 ** 3)
    const { code, screen } = onTerminal(['deposit', folder, '--data', data, '--url', server.url], {
      variables: ['TERM=xterm'],
      once: { seen: 'gpj.exe', interrupt: true },
    })
    expect(code).toBe(130)
    expect(screen).toContain(' e\\u{1b}[31m\\u{202e}gpj.exe')
    expect(screen).not.toContain('\u001b[31m')
  })
})
