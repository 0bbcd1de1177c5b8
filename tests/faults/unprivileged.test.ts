import { chownSync, readdirSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, it } from 'vitest'
import { folderHash } from '../support/damage.ts'
import { launchSound } from '../support/fault-server.ts'
import { type TestFolder, trialFolder } from '../support/folder.ts'

/*
 * As the unit and the image run it: a user without rights, code that it cannot write, and the data folder alone to write to. As root
 * on a machine with setpriv; anybody else is unprivileged already.
 */
const nobody = 65_534
const code = fileURLToPath(new URL('../../', import.meta.url))
const isRoot = process.getuid?.() === 0

function everything(folder: string): string[] {
  return [folder, ...readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) => join(folder, name))]
}

describe('an unprivileged server', () => {
  let folder: TestFolder
  afterAll(() => folder.remove())

  it('serves from code that it cannot change, and writes to its data folder alone', async () => {
    folder = await trialFolder()
    if (isRoot) for (const path of [dirname(folder.root), ...everything(folder.root)]) chownSync(path, nobody, nobody)
    const before = ['cli', 'dist/cli', 'docs'].map((name) => folderHash(join(code, name)))
    const drop = [
      'setpriv',
      '--reuid',
      String(nobody),
      '--regid',
      String(nobody),
      '--clear-groups',
      '--no-new-privs',
      '--bounding-set=-all',
    ]
    const server = await launchSound(folder.root, isRoot ? { under: drop } : {})
    const { presentation } = folder.deposit('as nobody')
    const answer = await server.request('/v1/statements', {
      method: 'POST',
      headers: { 'content-type': 'application/sd-jwt' },
      body: presentation,
    })
    expect(answer.status).toBe(201)
    expect(await server.end()).toEqual({ code: 0, signal: null })
    expect(['cli', 'dist/cli', 'docs'].map((name) => folderHash(join(code, name)))).toEqual(before)
    const owners = new Set(everything(folder.root).map((path) => statSync(path).uid))
    expect(owners).toEqual(new Set([isRoot ? nobody : process.getuid?.()]))
    // Nothing of the ledger is for others to write, and keys are not for them to read.
    const open = everything(folder.root).filter((path) => (statSync(path).mode & 0o022) !== 0)
    expect(open).toEqual([])
    expect(everything(folder.folder.keys).filter((path) => (statSync(path).mode & 0o077) !== 0)).toEqual([])
  })
})
