import { cpSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { isEvidenceError } from '../../src/core/errors.ts'
import { readLedgerKey } from '../../src/ledger/create.ts'
import { dataFolder, readOwnKey, readPolicyFile } from '../../src/ledger/data-folder.ts'
import { FolderSource } from '../../src/ledger/folder-source.ts'
import { Ledger } from '../../src/ledger/ledger.ts'
import { LookupAudit } from '../../src/ledger/lookup-audit.ts'
import { walk } from '../../src/verify/walk.ts'
import { evidence } from '../support/cli.ts'
import { figures, option } from '../support/fault-server.ts'
import { policyOfFolder, type TestFolder, temporaryFolder, trialFolder } from '../support/folder.ts'
import { sizeOf } from '../support/long.ts'
import { Random } from '../support/random.ts'
import { type Damage, damageFolder } from '../support/random-damage.ts'
import { sha256Hex } from '../support/statements.ts'
import { everything } from '../../src/ledger/lookup-scope.ts'

/*
 * One file of a closed data folder is damaged at random: either the re-walk or opening says so, or every entry, disclosure,
 * look-up, proof and the checkpoint are served as before. `npm run faults -- damage --cases 10000 --seed 1` is the long form; a case
 * that fails names its seed, and `--cases 1 --seed N` is that case alone.
 */
const cases = option('cases', sizeOf('tests/faults/damage.test.ts', 'cases'))
const firstSeed = option('seed', 1)
const caseNumber = '(2026)沪0104刑初123号'
let test: TestFolder
let work: { path: string; remove: () => void }
let before: string[]

/** Everything that a ledger serves, as lines to compare. */
async function served(ledger: Ledger, contents: readonly string[]): Promise<string[]> {
  const { reads } = ledger
  const lines = [reads.checkpoint]
  for (let index = 0; index < reads.size; index++) {
    const entry = await reads.entry(index)
    lines.push(Buffer.from(entry.bytes).toString('base64'), ...(await reads.disclosures(entry)))
    if (index % 16 === 0)
      lines.push(...(await reads.inclusion(index, reads.size)).map((hash) => Buffer.from(hash).toString('hex')))
  }
  for (const content of contents) {
    lines.push(
      String(await reads.search({ by: 'digest', algorithm: 'sha256', hex: sha256Hex(content) }, everything, -1, 10)),
    )
  }
  lines.push(String(await reads.search({ by: 'case', number: caseNumber }, everything, -1, 1000)))
  return lines
}

const contents = Array.from({ length: 600 }, (_, i) => `content ${i}`)

beforeAll(async () => {
  test = await trialFolder()
  work = temporaryFolder()
  const sealed = { names: ['a.txt'], case: [{ number: caseNumber }] }
  // Each opening makes a table of the log before: three tables of different content, and a log.
  for (const [from, to] of [
    [0, 250],
    [250, 330],
    [330, 520],
    [520, 600],
  ] as const) {
    const ledger = await test.open()
    const statements = contents.slice(from, to).map((content) => test.deposit(content, { sealed }).presentation)
    await Promise.all(statements.map((presentation) => ledger.deposit(presentation)))
    if (from === 250) await ledger.eraseDisclosures(100)
    await ledger.close()
  }
  const copy = join(work.path, 'before')
  cpSync(test.root, copy, { recursive: true })
  const ledger = await Ledger.open(copy, readLedgerKey(copy))
  before = await served(ledger, contents)
  await ledger.close()
})
afterAll(() => {
  test.remove()
  work.remove()
})

/** Codes of what the re-walk of the folder finds; the code of the refusal where it cannot begin. */
async function verified(root: string): Promise<string[]> {
  const folder = dataFolder(root)
  const source = await FolderSource.open(root, readOwnKey(folder))
  try {
    const audit = new LookupAudit(source.storage.codec)
    const report = await walk({ source, policy: readPolicyFile(folder.policy), observer: audit })
    const others = [
      ...source.faults,
      ...(await source.outsideFaults(report.size)),
      ...(await audit.finish(source.storage, report.size)),
    ]
    return [...others, ...report.faults].map(({ code }) => code)
  } finally {
    await source.close()
  }
}

/** Runs what may refuse by name; any other failure is the test's. */
async function codesOf(work: () => Promise<string[]>): Promise<string[]> {
  try {
    return await work()
  } catch (error) {
    if (!isEvidenceError(error) || error.code === 'internal-error') throw error
    return [error.code]
  }
}

/** What came of one case: reported by the re-walk, refused on opening, or served as before; anything else throws. */
async function judge(root: string): Promise<{ outcome: 'verify' | 'open' | 'unaffected'; code?: string }> {
  const [found] = await codesOf(() => verified(root))
  if (found !== undefined) return { outcome: 'verify', code: found }
  let ledger: Ledger | undefined
  const [refused] = await codesOf(async () => {
    ledger = await Ledger.open(root, readLedgerKey(root))
    return []
  })
  if (ledger === undefined) return { outcome: 'open', code: refused as string }
  try {
    const after = await served(ledger, contents)
    const at = after.findIndex((line, i) => line !== before[i])
    if (at >= 0 || after.length !== before.length) throw new Error(`served otherwise than before, at ${at}`)
    return { outcome: 'unaffected' }
  } finally {
    await ledger.close()
  }
}

describe('random damage', () => {
  it(`never passes in silence, in ${cases} cases`, async () => {
    const outcomes = { verify: 0, open: 0, unaffected: 0 }
    const codes: Record<string, number> = {}
    const files: Record<string, number> = {}
    const silent: string[] = []
    const began = performance.now()
    const root = join(work.path, 'data')
    for (let seed = firstSeed; seed < firstSeed + cases; seed++) {
      rmSync(root, { recursive: true, force: true })
      cpSync(test.root, root, { recursive: true })
      const damage: Damage = damageFolder(root, new Random(seed))
      try {
        const { outcome, code } = await judge(root)
        outcomes[outcome]++
        if (code !== undefined) codes[code] = (codes[code] ?? 0) + 1
        const kind = damage.file.replace(/[0-9]{6}/, 'N')
        files[kind] = (files[kind] ?? 0) + 1
      } catch (error) {
        silent.push(`seed ${seed}: ${damage.kind} of ${damage.file}, ${damage.detail}: ${(error as Error).stack}`)
      }
    }
    expect(silent).toEqual([])
    // A test in which nothing was ever found would show nothing.
    expect(outcomes.verify + outcomes.open + outcomes.unaffected).toBe(cases)
    expect(outcomes.verify).toBeGreaterThanOrEqual(Math.floor(cases / 10))
    const seconds = Math.round((performance.now() - began) / 1000)
    figures('damage', {
      cases,
      'first seed': firstSeed,
      ...outcomes,
      silent: silent.length,
      ...codes,
      ...files,
      seconds,
    })
  })

  it('is found by the command as well', async () => {
    for (let seed = 1; seed <= 3; seed++) {
      const root = join(work.path, `command-${seed}`)
      cpSync(test.root, root, { recursive: true })
      const random = new Random(seed)
      const table = join(root, 'ledger')
      damageFolder(table, random)
      const inProcess = await codesOf(() => verified(root))
      const { code } = await evidence(['verify', '--data', root, '--json'])
      expect(code).toBe(inProcess.length > 0 ? 1 : 0)
    }
  })

  it('has a sound folder to begin with', async () => {
    expect(await verified(test.root)).toEqual([])
    expect(policyOfFolder(test).logs.length).toBe(1)
    expect(before.length).toBeGreaterThan(1800)
  })
})
