import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { plainDigester } from '../../src/core/digest.ts'
import { EvidenceError, isEvidenceError } from '../../src/core/errors.ts'
import { BagCheck } from '../../src/package/check-bag.ts'
import { checkPackage } from '../../src/package/check-package.ts'
import { FolderBag } from '../../src/package/node/folder-bag.ts'
import { policy } from '../support/chain.ts'
import { temporaryFolder } from '../support/folder.ts'
import { bagFiles, writeFiles } from '../support/bag.ts'

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
    const check = await BagCheck.open(await FolderBag.open(folder), plainDigester)
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
  it.each(['manifest-sha256.txt', 'tagmanifest-sha256.txt'])(
    'R5 is not altered by the lines of %s that do not belong there',
    async (name) => {
      const other = name.startsWith('tag') ? 'manifest-sha256.txt' : 'tagmanifest-sha256.txt'
      const withOthers = changed((files) => {
        const wrong = String(files[other]).replace(/[0-9a-f]{64}/g, '0'.repeat(64))
        files[name] = `${String(files[name])}${wrong}`
        if (name.startsWith('tag')) return
        const own = createHash('sha256').update(files[name]).digest('hex')
        files[other] = String(files[other]).replace(/[0-9a-f]{64}(?=  manifest-sha256)/, own)
      })
      expect(new Set(await judge(withOthers))).toEqual(new Set(['package-incomplete']))
    },
  )

  it('is in order as it is, and with SHA-512 beside', async () => {
    expect(await judge(folderOf(bagFiles(payload)))).toEqual([])
    expect(await judge(folderOf(bagFiles(payload, ['sha256', 'sha512'])))).toEqual([])
    expect(await judge(folderOf(bagFiles({ ...payload, 'bag-info.txt': 'A: b c\nPayload-Oxum: 2.2\n' })))).toEqual([])
  })

  const tags = 'tagmanifest-sha256.txt'
  it.each<[string, string, (text: string) => string, string]>([
    ['CRLF', tags, (text) => text.replaceAll('\n', '\r\n'), 'package-malformed'],
    ['bare CR', tags, (text) => text.replaceAll('\n', '\r'), 'package-malformed'],
    [
      'digests in upper case',
      tags,
      (text) => text.replace(/[0-9a-f]{64}/g, (hex) => hex.toUpperCase()),
      'package-malformed',
    ],
    ['a marker', tags, (text) => text.replace('  ', ' *'), 'package-malformed'],
    ['a tab', tags, (text) => text.replace('  ', '\t'), 'package-malformed'],
    ['an empty line', tags, (text) => text.replace('\n', '\n\n'), 'package-malformed'],
    ['two line ends at its end', tags, (text) => `${text}\n`, 'package-malformed'],
    ['no line end at its end', tags, (text) => text.trimEnd(), 'package-malformed'],
    ['nothing', tags, () => '', 'package-malformed'],
    ['a line twice', tags, (text) => text.replace(/^.*\n/, '$&$&'), 'package-malformed'],
    ['a path that no package has', tags, (text) => text.replace('  ', '  ./'), 'package-path'],
    ['CRLF', 'bagit.txt', (text) => text.replaceAll('\n', '\r\n'), 'package-malformed'],
    ['a number of five digits', 'bagit.txt', (text) => text.replace('1.0', '12345.0'), 'package-malformed'],
    ['another version', 'bagit.txt', (text) => text.replace('1.0', '0.97'), 'not-judged'],
    ['a version with a zero before it', 'bagit.txt', (text) => text.replace('1.0', '01.1'), 'package-malformed'],
    ['a version that ends in 01', 'bagit.txt', (text) => text.replace('1.0', '1.01'), 'package-malformed'],
    ['a byte order mark', 'bag-info.txt', (text) => `\ufeff${text}`, 'package-malformed'],
    ['a line continued', 'bag-info.txt', (text) => text.replace(': ', ':\n '), 'package-malformed'],
    ['a first line indented', 'bag-info.txt', (text) => ` ${text}`, 'package-malformed'],
    ['an empty line', 'bag-info.txt', (text) => `${text}\n`, 'package-malformed'],
    ['a space after a value', 'bag-info.txt', (text) => text.replace('\n', ' \n'), 'package-malformed'],
    ['no space after a colon', 'bag-info.txt', (text) => text.replace(': ', ':'), 'package-malformed'],
    ['a label of 65 characters', 'bag-info.txt', (text) => `${text}${'A'.repeat(65)}: x\n`, 'package-malformed'],
    ['a label in another case', 'bag-info.txt', (text) => `${text}payload-oxum: 1.1\n`, 'package-malformed'],
    ...['\u000b', '\u0085', '\u2028', '\u2029'].map((end): [string, string, (text: string) => string, string] => [
      `${JSON.stringify(end)} in a value`,
      'bag-info.txt',
      (text) => `Note: x${end}${text}`,
      'package-malformed',
    ]),
  ])('Review B, 1 to 33: with %s in %s is refused', async (_what, name, change, expected) => {
    const own = bagFiles(payload)
    const files = { ...own, [name]: change(String(own[name])) }
    expect(await judge(folderOf(name === tags ? files : bagFiles(files)))).toBe(expected)
  })

  it('whose texts are in order has every fault told, and else that of the first text alone', async () => {
    const files = bagFiles(payload)
    delete files['data/a.txt']
    expect(await judge(folderOf(files))).toEqual(['package-incomplete'])
    files[tags] = 'nonsense\n'
    expect(await judge(folderOf(files))).toBe('package-malformed')
  })

  it.each<[string, string]>([
    ['Bagging-Date', '2026-02-31'],
    ['Bagging-Date', '0000-01-01'],
    ['Payload-Oxum', '02.2'],
    ['Evidence-Later-Events', `${'\u{1f600}'.repeat(130)} 4`],
    ['Evidence-Later-Events', 'localhost/x 04'],
    ['Evidence-Events-Not-Shown', '0'],
    ['Evidence-Package-Version', '01'],
  ])('Review B, 123 to 131: whose label %s is %s is malformed', async (label, value) => {
    const info = `${label === 'Evidence-Package-Version' ? '' : 'Evidence-Package-Version: 1\n'}${label}: ${value}\n`
    const bag = await FolderBag.open(folderOf(bagFiles({ ...payload, 'bag-info.txt': info })))
    const { faults } = await checkPackage(bag, policy)
    expect(faults.filter(({ message }) => /has no such value|gives no version/.test(message))).toMatchObject([
      { code: 'package-malformed' },
    ])
  })

  it.each<[string, (files: Files) => void, string | string[]]>([
    ['no bagit.txt', (files) => delete files['bagit.txt'], 'package-malformed'],
    ['another bagit.txt', (files) => (files['bagit.txt'] = 'BagIt-Version: 1.0\n'), 'package-malformed'],
    ['a later BagIt, its lists kept', (files) => (files['bagit.txt'] = 'BagIt-Version: 2.0\nx\n'), 'package-altered'],
    [
      'a later BagIt, its lists of another form',
      (files) => {
        files['bagit.txt'] = 'BagIt-Version: 2.0\nx\n'
        files['tagmanifest-sha256.txt'] = 'nonsense\n'
      },
      'not-judged',
    ],
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
    for (const name of ['a\\b', 'a:b', 'nul', 'A.TXT', 'x ', 'y%', 'con\ufeff.txt', 'x\ufffd']) {
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
    const clash = folderOf(bagFiles(payload))
    mkdirSync(join(clash, 'data', 'A.TXT'))
    expect(await refused(clash)).toBe('package-path')
  })
})
