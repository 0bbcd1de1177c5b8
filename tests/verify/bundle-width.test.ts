import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { StaticSource } from '../../cli/sources/static-source.ts'
import { encodeBundle } from '../../src/core/bundle.ts'
import { utf8 } from '../../src/core/bytes.ts'
import { tilePath } from '../../src/core/merkle/layout.ts'
import { temporaryFolder } from '../support/folder.ts'

const { path, remove } = temporaryFolder()
afterAll(remove)

const entries = (count: number): Uint8Array[] => Array.from({ length: count }, (_, i) => utf8(`entry ${i}`))

/** How many of the first three entries are read where the file under a name holds `held`. */
async function read(named: number, held: number): Promise<number> {
  const file = join(path, tilePath('entries', 0, named))
  writeFileSync(join(path, 'checkpoint'), '')
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, encodeBundle(entries(held)))
  const found = await new StaticSource(path).entries(0, 3)
  rmSync(join(path, 'tile'), { recursive: true })
  return found.filter((bytes) => bytes !== undefined).length
}

describe('F-S5: a bundle holds exactly as many entries as its name says', () => {
  it.each([
    ['a partial one', 3, 3, 3],
    ['a full one', 256, 256, 3],
    ['a full name over the entries that are needed', 256, 3, 0],
    ['a partial name over a full bundle', 3, 256, 0],
  ])('%s', async (_, named, held, count) => {
    expect(await read(named, held)).toBe(count)
  })
})
