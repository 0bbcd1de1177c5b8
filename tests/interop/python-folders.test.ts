import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { encodeBundle } from '../../src/core/bundle.ts'
import { tilePath } from '../../src/core/merkle/layout.ts'
import { encodeLogPolicy } from '../../src/core/policy.ts'
import { ledgerKey, TestChain } from '../support/chain.ts'
import { evidence } from '../support/cli.ts'
import { temporaryFolder } from '../support/folder.ts'
import { verifier } from '../support/python-verifier.ts'
import { lacks } from '../support/system-tools.ts'

interface Document {
  readonly faults?: readonly { readonly code: string }[]
  readonly error?: { readonly code: string }
}

describe.skipIf(lacks('python3', 'python3-cryptography'))('an export folder, by both verifiers', () => {
  const { path, remove } = temporaryFolder()
  afterAll(remove)
  const [whole, policy] = [join(path, 'whole'), join(path, 'court.policy')]
  const chain = new TestChain().start().deposits(3).seal()
  const size = chain.bytes.length
  const [bundle, tile] = [tilePath('entries', 0, size), tilePath(0, 0, size)] as [string, string]
  const put = (at: string, bytes: Uint8Array | string): void => {
    mkdirSync(dirname(at), { recursive: true })
    writeFileSync(at, bytes)
  }
  put(join(whole, 'checkpoint'), chain.note)
  put(join(whole, bundle), encodeBundle(chain.bytes))
  const leaves = chain.tile(0, 0, size)
  put(policy, encodeLogPolicy(ledgerKey))

  /** Exit code, and codes of the faults or of the refusal. */
  const told = (code: number | null, { faults, error }: Document): unknown[] => [
    code,
    ...new Set(error === undefined ? faults?.map((fault) => fault.code) : [error.code]),
  ]
  let number = 0
  async function verdicts(change: (folder: string) => void): Promise<{ ours: unknown[]; theirs: unknown[] }> {
    put(join(whole, tile), (await leaves) as Uint8Array)
    const folder = join(path, String(number++))
    cpSync(whole, folder, { recursive: true })
    change(folder)
    const own = await evidence(['verify', '--dir', folder, '--policy', policy, '--json'])
    const document = verifier(['verify', folder, '--policy', policy])
    return { ours: told(own.code, own.json<Document>()), theirs: told(document.exit, document) }
  }
  const inPlaceOf =
    (name: string, make: (at: string) => void) =>
    (folder: string): void => {
      rmSync(join(folder, name), { recursive: true })
      make(join(folder, name))
    }
  const linkedTo =
    (name: string) =>
    (folder: string): void => {
      renameSync(join(folder, name), join(folder, 'elsewhere'))
      symlinkSync(join(folder, 'elsewhere'), join(folder, name))
    }
  const folderAt = (at: string): void => mkdirSync(at)
  const pipeAt = (at: string): void => void execFileSync('mkfifo', [at])

  it.each<[string, (folder: string) => void, unknown[]]>([
    ['as it was written', () => undefined, [0]],
    ['RB-H15: a bundle that is a link to a file', linkedTo(bundle), [0]],
    ['RB-H15: a tile that is a link to a file', linkedTo(tile), [0]],
    ['RB-H15: a checkpoint that is a link to a file', linkedTo('checkpoint'), [0]],
    ['RB-H15: a folder of tiles that is a link', linkedTo('tile'), [0]],
    [
      'RB-H15: a bundle that is a link to nothing',
      inPlaceOf(bundle, (at) => symlinkSync('gone', at)),
      [1, 'entry-missing'],
    ],
    ['RB-H15: a tile that is a link to itself', inPlaceOf(tile, (at) => symlinkSync(at, at)), [1, 'tile-missing']],
    ['RB-M5: a folder in place of a bundle', inPlaceOf(bundle, folderAt), [1, 'entry-missing']],
    ['RB-M5: a folder in place of a tile', inPlaceOf(tile, folderAt), [1, 'tile-missing']],
    ['RB-M5: a folder in place of the checkpoint', inPlaceOf('checkpoint', folderAt), [1, 'checkpoint-missing']],
    ['RB-M5: a pipe in place of a bundle', inPlaceOf(bundle, pipeAt), [1, 'entry-missing']],
    ['RB-M5: a pipe in place of the checkpoint', inPlaceOf('checkpoint', pipeAt), [1, 'checkpoint-missing']],
    [
      'RB-M5: a file in place of the folder of bundles',
      inPlaceOf(dirname(dirname(bundle)), (at) => put(at, '')),
      [1, 'entry-missing'],
    ],
    ['RB-M5: no checkpoint', (folder) => rmSync(join(folder, 'checkpoint')), [1, 'checkpoint-missing']],
    [
      'RB-M5: a folder that is not whole',
      (folder) => put(join(folder, 'unfinished.json'), '{}'),
      [3, 'folder-unfinished'],
    ],
  ])('%s', async (_what, change, expected) => {
    expect(await verdicts(change)).toEqual({ ours: expected, theirs: expected })
  })

  it('RB-M5: a folder with neither a checkpoint nor tiles is nothing to verify', async () => {
    const { ours, theirs } = await verdicts((folder) => {
      rmSync(join(folder, 'checkpoint'))
      rmSync(join(folder, 'tile'), { recursive: true })
    })
    expect([ours[0], theirs[0]]).toEqual([3, 3])
  })
})
