import { spawnSync } from 'node:child_process'
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { EvidenceError, isEvidenceError } from '../../src/core/index.ts'
import { BagCheck } from '../../src/package/check-bag.ts'
import { checkPackage } from '../../src/package/check-package.ts'
import { FolderBag } from '../../src/package/folder-bag.ts'
import { policy } from '../support/chain.ts'
import { temporaryFolder } from '../support/folder.ts'
import { bagFiles, writeFiles } from './bag.ts'

const { path, remove } = temporaryFolder()
afterAll(remove)
let number = 0

type Files = Record<string, string | Buffer>

function folderOf(files: Files): string {
  return writeFiles(join(path, String(number++)), files)
}

/** What a bag is refused for, or the codes of its faults. */
async function judge(folder: string): Promise<string | string[]> {
  try {
    const check = await BagCheck.open(await FolderBag.open(folder))
    await check.finish()
    return check.faults.kept.map(({ code }) => code)
  } catch (error) {
    if (isEvidenceError(error)) return error.code
    throw error
  }
}

const payload = { 'data/a.txt': 'a', 'data/b/c.txt': 'c' }
const changed = (change: (files: Files) => void, algorithms?: readonly string[]): string => {
  const files = bagFiles(payload, algorithms)
  change(files)
  return folderOf(files)
}

describe('a bag', () => {
  it('is in order as it is, with SHA-512 beside, with other line ends, and with upper-case digests', async () => {
    expect(await judge(folderOf(bagFiles(payload)))).toEqual([])
    expect(await judge(folderOf(bagFiles(payload, ['sha256', 'sha512'])))).toEqual([])
    const other = changed((files) => {
      const tags = 'tagmanifest-sha256.txt'
      files[tags] = String(files[tags])
        .replaceAll('\n', '\r\n')
        .replace(/[0-9a-f]{64}/g, (hex) => hex.toUpperCase())
    })
    expect(await judge(other)).toEqual([])
    expect(await judge(folderOf(bagFiles({ ...payload, 'bag-info.txt': 'A: b\n  c\nPayload-Oxum: 2.2\n' })))).toEqual(
      [],
    )
  })

  it.each<[string, (files: Files) => void, string | string[]]>([
    ['no bagit.txt', (files) => delete files['bagit.txt'], 'package-malformed'],
    ['another bagit.txt', (files) => (files['bagit.txt'] = 'BagIt-Version: 1.0\n'), 'package-malformed'],
    ['a later BagIt', (files) => (files['bagit.txt'] = 'BagIt-Version: 2.0\nx\n'), 'not-judged'],
    ['no bag-info.txt', (files) => delete files['bag-info.txt'], 'package-incomplete'],
    ['no manifest', (files) => delete files['manifest-sha256.txt'], 'package-incomplete'],
    ['no tag manifest', (files) => delete files['tagmanifest-sha256.txt'], 'package-incomplete'],
    ['a fetch.txt', (files) => (files['fetch.txt'] = 'http://127.0.0.1/ 1 data/x\n'), 'package-malformed'],
    ['a manifest of nonsense', (files) => (files['manifest-sha256.txt'] = 'nonsense\n'), 'package-malformed'],
    [
      'a manifest that leaves',
      (files) => (files['manifest-sha256.txt'] = `${'0'.repeat(64)}  data/../../x\n`),
      'package-path',
    ],
    ['bag-info.txt of nonsense', (files) => (files['bag-info.txt'] = 'nonsense\n'), 'package-malformed'],
    ['a file changed', (files) => (files['data/a.txt'] = 'A'), ['package-altered']],
    ['a tag file changed', (files) => (files['bag-info.txt'] = 'A: b\n'), ['package-altered']],
    ['a file missing', (files) => delete files['data/a.txt'], ['package-incomplete']],
    ['a file more', (files) => (files['data/x'] = 'x'), ['package-incomplete']],
    ['a tag file more', (files) => (files['x'] = 'x'), ['package-incomplete']],
  ])('with %s is refused', async (_what, change, expected) => {
    expect(await judge(changed(change))).toEqual(expected)
  })

  it('whose second manifest does not hold, is altered', async () => {
    const folder = changed((files) => (files['data/a.txt'] = 'A'), ['sha256', 'sha512'])
    expect(await judge(folder)).toEqual(['package-altered', 'package-altered'])
    expect(await judge(folderOf(bagFiles({ ...payload, 'bag-info.txt': 'Payload-Oxum: 3.2\n' })))).toEqual([
      'package-incomplete',
    ])
  })

  it('that is no evidence package, or one of a later version, is said to be so', async () => {
    const report = async (info: string): Promise<[string[], string[]]> => {
      const bag = await FolderBag.open(folderOf(bagFiles({ ...payload, 'bag-info.txt': info })))
      const { faults, unjudged } = await checkPackage(bag, policy)
      return [faults.map(({ code }) => code), unjudged.map(({ code }) => code)]
    }
    expect(await report('A: b\n')).toEqual([['package-malformed'], []])
    expect(await report('Evidence-Package-Version: 2\n')).toEqual([[], ['not-judged']])
    expect(await report('Evidence-Package-Version: 1\nEvidence-Package-Version: 1\n')).toEqual([
      ['package-malformed'],
      [],
    ])
    // No VERIFY.md, two files without a place, and no deposit.
    expect((await report('Evidence-Package-Version: 1\n'))[0]).toEqual(Array(4).fill('package-malformed'))
  })
})

describe('a bag in a folder', () => {
  const refused = async (folder: string): Promise<string> => {
    const error = await FolderBag.open(folder).then(
      () => undefined,
      (cause: unknown) => cause,
    )
    return error instanceof EvidenceError ? error.code : String(error)
  }

  it('follows no link and reads no special file', async () => {
    const link = folderOf(bagFiles(payload))
    symlinkSync('/etc/passwd', join(link, 'data', 'link'))
    expect(await refused(link)).toBe('package-path')
    const linked = folderOf(bagFiles(payload))
    symlinkSync('/etc', join(linked, 'data', 'etc'))
    expect(await refused(linked)).toBe('package-path')
    const pipe = folderOf(bagFiles(payload))
    expect(spawnSync('mkfifo', [join(pipe, 'data', 'pipe')]).status).toBe(0)
    expect(await refused(pipe)).toBe('package-path')
  })

  it('has names that every disk can hold, each once', async () => {
    for (const name of ['a\\b', 'a:b', 'nul', 'A.TXT', 'x ', 'y%']) {
      const folder = folderOf(bagFiles(payload))
      writeFileSync(join(folder, 'data', name), 'x')
      expect(await refused(folder)).toBe('package-path')
    }
    const raw = folderOf(bagFiles(payload))
    writeFileSync(Buffer.concat([Buffer.from(`${raw}/data/`), Buffer.from([0xff])]), 'x')
    expect(await refused(raw)).toBe('package-path')
    const folder = folderOf(bagFiles(payload))
    mkdirSync(join(folder, 'data', 'a|b'))
    expect(await refused(folder)).toBe('package-path')
  })
})
