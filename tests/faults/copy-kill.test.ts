import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, existsSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { restoreBackup } from '../../src/ledger/copy/restore.ts'
import { dataFolder } from '../../src/ledger/data-folder.ts'
import { reindex } from '../../src/ledger/reindex.ts'
import { readUnfinished } from '../../src/node/folder-marker.ts'
import { walk } from '../../src/verify/walk.ts'
import { StaticSource } from '../../cli/sources/static-source.ts'
import { option } from '../support/fault-server.ts'
import { policyOfFolder, temporaryFolder, type TestFolder, trialFolder } from '../support/folder.ts'
import { sizeOf } from '../support/long.ts'
import { judgeFolder } from '../support/folder-faults.ts'

/* SIGKILL at a random moment of backup, restore and reindex; more of them: `npm run faults -- copy-kill --cycles 100`. */
const program = fileURLToPath(new URL('../../cli/evidence.mjs', import.meta.url))
const cycles = option('cycles', sizeOf('tests/faults/copy-kill.test.ts', 'cycles'))
const { path, remove } = temporaryFolder()
let test: TestFolder
let size = 0

async function fill(count: number): Promise<void> {
  const ledger = await test.open()
  const sealed = { note: 'secret' }
  await Promise.all(
    Array.from({ length: count }, (_, i) => ledger.deposit(test.deposit(`${i}`, { sealed }).presentation)),
  )
  size = ledger.reads.size
  await ledger.close()
}

/** Runs a command and kills it after a while; true where it had ended before. */
async function cutOff(args: readonly string[], afterMs: number): Promise<boolean> {
  const child = spawn(process.execPath, [program, ...args], { stdio: 'ignore' })
  const timer = setTimeout(() => child.kill('SIGKILL'), afterMs)
  const [code] = (await once(child, 'exit')) as [number | null]
  clearTimeout(timer)
  expect([0, null]).toContain(code)
  return code === 0
}

async function faultsOf(root: string): Promise<string[]> {
  const judged = await judgeFolder(test, root)
  expect(judged.size).toBe(size)
  return judged.codes
}

/** How long a whole run takes here and now: the kills fall within it. */
async function duration(args: readonly string[]): Promise<number> {
  const started = performance.now()
  expect(await cutOff(args, 600_000)).toBe(true)
  return performance.now() - started
}

beforeAll(async () => {
  test = await trialFolder()
  await fill(1200)
})
afterAll(() => {
  test.remove()
  remove()
})

describe('SIGKILL', () => {
  it('within a backup leaves the earlier one or the new one, whole', async () => {
    const out = join(path, 'backup')
    const args = ['backup', out, '--data', test.root]
    const ms = await duration(args)
    let held = size
    for (let cycle = 0; cycle < cycles; cycle++) {
      await fill(400)
      await cutOff(args, ms * (0.5 + Math.random() * 0.7))
      const report = await walk({ source: new StaticSource(out), policy: policyOfFolder(test) })
      expect(report.faults).toEqual([])
      expect([held, size]).toContain(report.size)
      held = report.size
      expect(report.disclosures).toEqual({ present: report.size - 2, withheld: 0, foreign: 0 })
    }
    await duration(args)
    const restored = join(path, 'restored')
    await restoreBackup({ from: out, root: restored })
    expect(await faultsOf(restored)).toEqual([])
  })

  it('F-N2: within a restore leaves a folder that nothing uses, or a whole one', async () => {
    const out = join(path, 'backup2')
    await duration(['backup', out, '--data', test.root])
    const root = join(path, 'fresh')
    const args = ['restore', '--from', out, '--data', root]
    const ms = await duration(args)
    for (let cycle = 0; cycle < cycles; cycle++) {
      rmSync(root, { recursive: true, force: true })
      await cutOff(args, ms * (0.5 + Math.random() * 0.7))
      const isUnfinished = readUnfinished(root) !== undefined
      const refusal: unknown = isUnfinished ? await faultsOf(root).catch((error: unknown) => error) : undefined
      expect((refusal as { code?: string } | undefined)?.code).toBe(isUnfinished ? 'folder-unfinished' : undefined)
      // Run again it begins anew; a whole folder it leaves alone.
      if (isUnfinished || !existsSync(dataFolder(root).config)) await duration(args)
      expect(await faultsOf(root)).toEqual([])
      expect(readdirSync(root)).not.toContain('unfinished.json')
    }
  })

  it('within reindex leaves a ledger that another run finishes', async () => {
    const root = join(path, 'reindexed')
    cpSync(test.root, root, { recursive: true })
    const args = ['ledger', 'reindex', '--data', root]
    const ms = await duration(args)
    for (let cycle = 0; cycle < cycles; cycle++) {
      await cutOff(args, ms * (0.5 + Math.random() * 0.7))
      await reindex(root)
      expect(await faultsOf(root)).toEqual([])
    }
  })
})
