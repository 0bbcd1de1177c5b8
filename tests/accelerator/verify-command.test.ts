import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { encodeLogPolicy } from '../../src/core/policy.ts'
import { tileWidth } from '../../src/core/merkle/layout.ts'
import { TileWriter } from '../../src/log/node/tile-writer.ts'
import { ledgerKey, TestChain } from '../support/chain.ts'
import { environment, evidence } from '../support/cli.ts'
import { temporaryFolder } from '../support/folder.ts'

/* `evidence verify` of an exported ledger that is large enough for threads: with tables, without them, and where they are not or are wrong. */

const root = fileURLToPath(new URL('../..', import.meta.url))
const work = temporaryFolder()
const at = (name: string): string => join(work.path, name)
const size = 2600

/** A chain in which entry 1500 has another's signature, as an export. */
async function writeExport(to: string): Promise<void> {
  const chain = new TestChain().start().deposits(1498)
  const genuine = Buffer.from(new TestChain().start().deposits(1).bytes.at(-1) as Uint8Array).toString()
  const jws = genuine.split('\n').find((line) => line.startsWith('ey')) as string
  const other = Buffer.from(chain.bytes.at(-1) as Uint8Array).toString()
  const signature = other.slice(other.trimEnd().lastIndexOf('.') + 1).trimEnd()
  chain.add(`${jws.slice(0, jws.lastIndexOf('.'))}.${signature}`)
  chain.deposits(size - chain.bytes.length).seal()
  const writer = new TileWriter(to)
  for (let level = 0; tileWidth ** level <= size; level++) {
    const nodes = Math.floor(size / tileWidth ** level)
    for (let n = 0; n * tileWidth < nodes; n++)
      writer.tile(level, n, (await chain.tile(level, n, Math.min(tileWidth, nodes - n * tileWidth))) as Uint8Array)
  }
  for (let n = 0; n * tileWidth < size; n++) writer.bundle(n, chain.bytes.slice(n * tileWidth, (n + 1) * tileWidth))
  writer.file('checkpoint', await chain.checkpoint())
  writer.sync()
}

/** The program as it is installed, with another accelerator or none. */
function programWith(name: string, accelerator: string | undefined): string {
  const folder = at(name)
  cpSync(join(root, 'dist'), join(folder, 'dist'), {
    recursive: true,
    filter: (file) => !/\/dist\/(?:page|web|src\/accelerator)(?:\/|$)/.test(file),
  })
  mkdirSync(join(folder, 'cli'))
  cpSync(join(root, 'cli/evidence.mjs'), join(folder, 'cli/evidence.mjs'))
  cpSync(join(root, 'package.json'), join(folder, 'package.json'))
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'))
  if (accelerator !== undefined) {
    mkdirSync(join(folder, 'dist/src/accelerator'))
    writeFileSync(join(folder, 'dist/src/accelerator/signature-tables.js'), accelerator)
  }
  return join(folder, 'cli/evidence.mjs')
}

const args = (): string[] => ['verify', '--dir', at('export'), '--policy', at('policy'), '--json']

describe('evidence verify', () => {
  beforeAll(async () => {
    await writeExport(at('export'))
    writeFileSync(at('policy'), encodeLogPolicy(ledgerKey))
  })
  afterAll(() => work.remove())

  it('says the same with tables, with libsodium, and without the accelerator’s folder', async () => {
    const withTables = await evidence(args())
    expect(withTables.code).toBe(1)
    expect(withTables.json()).toMatchObject({
      size,
      faultCount: 1,
      faults: [{ code: 'signature-invalid', index: 1500 }],
    })
    for (const means of ['tables', 'libsodium'])
      expect((await evidence([...args(), '--signatures', means])).stdout).toBe(withTables.stdout)
    const program = programWith('without', undefined)
    const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...args()], {
      encoding: 'utf8',
      env: environment({}),
    })
    expect([status, stderr]).toEqual([1, ''])
    expect(stdout).toBe(withTables.stdout)
  })

  it('ends with exit code 3 where the tables disagree, and not at all with --signatures libsodium', () => {
    const program = programWith(
      'wrong',
      `import { EvidenceError } from '../core/errors.js'
       export const openSignatureTables = () => ({
         accepts: () => { throw new EvidenceError('signatures-disagree', 'fast verification of signatures has gone wrong') },
       })`,
    )
    const run = (more: readonly string[]) =>
      spawnSync(process.execPath, [program, ...args(), ...more], { encoding: 'utf8', env: environment({}) })
    const wrong = run([])
    expect(wrong.status).toBe(3)
    expect(JSON.parse(wrong.stdout)).toMatchObject({ error: { code: 'signatures-disagree' } })
    expect(run(['--signatures', 'libsodium']).status).toBe(1)
  })

  it('takes no other means', async () => {
    const { code, stdout } = await evidence([...args(), '--signatures', 'fast'])
    expect(code).toBe(2)
    expect(stdout).toContain('--signatures is one of tables, libsodium, not')
  })
})
