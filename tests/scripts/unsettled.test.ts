import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { temporaryFolder } from '../support/folder.ts'

let folder: ReturnType<typeof temporaryFolder>
beforeAll(() => {
  folder = temporaryFolder()
})
afterAll(() => folder.remove())

/** Runs a command line of one command, whose action is this text. */
function runAction(action: string, ...args: string[]): { status: number | null; stdout: string; stderr: string } {
  const path = join(folder.path, 'program.mjs')
  const dist = new URL('../../dist/cli/', import.meta.url).href
  const program = `
    import { emptyProgram } from '${dist}program-outline.js'
    import { run } from '${dist}run.js'
    await run(() => {
      const program = emptyProgram()
      program.command('wait').option('--json').action(async () => { ${action} })
      return program
    })
    console.log('after the command')`
  writeFileSync(path, program)
  const { status, stdout, stderr } = spawnSync(process.execPath, [path, 'wait', ...args], { encoding: 'utf8' })
  return { status, stdout, stderr }
}

describe('R5 a command that waits for what can no longer come', () => {
  const waiting = 'await new Promise(() => {})'

  it('is a fault of ours, with exit code 3 and not the 13 of Node', () => {
    const { status, stdout, stderr } = runAction(waiting)
    expect({ status, stdout }).toEqual({ status: 3, stdout: '' })
    expect(stderr).toMatch(/^evidence: internal-error: .*waited.*\n$/)
  })

  it('says so as a document too', () => {
    const { status, stdout } = runAction(waiting, '--json')
    expect(status).toBe(3)
    expect(JSON.parse(stdout)).toMatchObject({ error: { code: 'internal-error' } })
  })

  it('takes back no verdict but that of 0', () => {
    expect(runAction(`process.exitCode = 1; ${waiting}`).status).toBe(1)
    expect(runAction(`process.exitCode = 0; ${waiting}`).status).toBe(3)
  })

  it('says nothing of a command that ends', () => {
    const ended = { status: 0, stdout: 'after the command\n', stderr: '' }
    expect(runAction('await new Promise((resolve) => setTimeout(resolve, 1))')).toEqual(ended)
  })
})
