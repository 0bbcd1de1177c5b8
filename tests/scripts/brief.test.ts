import { appendFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type CliResult, type CliServer, evidence, startServer } from '../support/cli.ts'
import { temporaryFolder } from '../support/folder.ts'

describe('check --brief', () => {
  const { path, remove } = temporaryFolder()
  const data = join(path, 'data')
  const file = join(path, 'mail.txt')
  let server: CliServer
  const run = (...args: string[]): Promise<CliResult> =>
    evidence(args, { cwd: path, env: { EVIDENCE_DATA: data, EVIDENCE_URL: server.url } })
  beforeAll(async () => {
    server = await startServer(data)
    writeFileSync(file, 'a mail\n')
    await run('deposit', file)
  })
  afterAll(async () => {
    await server.stop()
    remove()
  })
  const lines = ({ stdout }: CliResult): string[] => stdout.trimEnd().split('\n')

  it('prints the closing line alone of what is unchanged', async () => {
    const result = await run('check', file, '--brief')
    expect(result.code).toBe(0)
    expect(lines(result)).toHaveLength(1)
    expect(result.stdout).toMatch(/^no fault found: unchanged since .*, deposited by depositor\n$/)
  })

  it('prints what goes first before it, and every fault; the document is whole', async () => {
    await run('retract', `${file}.tlog-proof`, '--reason', 'mistake')
    const retracted = await run('check', file, '--brief', '--online')
    expect(lines(retracted).map((line) => line.split(' ')[0])).toEqual(['RETRACTED:', 'no'])
    const { checker, ...whole } = (await run('check', file, '--online', '--json')).json()
    expect(checker).toBeDefined()
    expect((await run('check', file, '--brief', '--online', '--json')).json()).toMatchObject(whole)
    appendFileSync(file, 'x')
    const altered = await run('check', file, '--brief')
    expect(altered.code).toBe(1)
    expect(lines(altered).map((line) => line.split(':')[0])).toEqual([
      'FAULT file-differs',
      'FAULT file-differs',
      '2 faults found',
    ])
  })
})
