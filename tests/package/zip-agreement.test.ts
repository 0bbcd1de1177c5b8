import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { spawnSync } from 'node:child_process'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { isEvidenceError } from '../../src/core/errors.ts'
import { foldedPath } from '../../src/package/bag-path.ts'
import { openZipFile } from '../../src/package/node/zip-file.ts'
import { temporaryFolder } from '../support/folder.ts'
import { edgeZips } from '../support/hostile-zips.ts'
import { pythonText } from '../support/python.ts'
import { Random } from '../support/random.ts'
import { lacks } from '../support/system-tools.ts'

const { path, remove } = temporaryFolder()
afterAll(remove)

/** What our own reader says of a zip, read to its end: a code, or the texts by path. */
async function ours(file: string): Promise<string | Record<string, string>> {
  try {
    const bag = await openZipFile(file)
    try {
      const texts: Record<string, string> = {}
      for (const name of bag.files.keys()) {
        const chunks: Uint8Array[] = []
        for await (const chunk of bag.stream(name)) chunks.push(chunk)
        texts[name] = Buffer.concat(chunks).toString('latin1')
      }
      return texts
    } finally {
      await bag.close()
    }
  } catch (error) {
    if (isEvidenceError(error)) return error.code
    throw error
  }
}

/** What the Python verifier says of each file of a folder. */
function pythons(folder: string): Record<string, string | Record<string, string>> {
  const { code, stdout, stderr } = pythonText(
    `
import json, os
import evidence_verify as verifier
def judge(path):
    try:
        package = verifier.read_package(path)
        return {name: package.read(name).decode("latin1") for name in package.files}
    except verifier.Refused as breach:
        return breach.code
print(json.dumps({name: judge(os.path.join(sys.argv[1], name)) for name in os.listdir(sys.argv[1])}))
`,
    [folder],
  )
  expect([code, stderr]).toEqual([0, ''])
  return JSON.parse(stdout) as Record<string, string | Record<string, string>>
}

describe.skipIf(lacks('python3', 'python3-cryptography'))('zips, by both verifiers', () => {
  it('F-M6: every edge of the grammar has one verdict, and it is the same', async () => {
    const folder = join(path, 'edges')
    mkdirSync(folder)
    const zips = edgeZips()
    for (const [n, { bytes }] of zips.entries()) writeFileSync(join(folder, `${n}.zip`), bytes)
    const theirs = pythons(folder)
    for (const [n, { name, verdict }] of zips.entries()) {
      const own = await ours(join(folder, `${n}.zip`))
      const said = typeof own === 'string' ? own : 'accepted'
      expect({ name, own: said, python: theirs[`${n}.zip`] }).toEqual({ name, own: verdict, python: own })
    }
  })

  it('F-M6: damaged anywhere, both say the same', async () => {
    const folder = join(path, 'damaged')
    mkdirSync(folder)
    const sound = edgeZips().filter(({ verdict }) => verdict === 'accepted')
    const random = new Random(6)
    for (let n = 0; n < 400; n++) {
      const damaged = Buffer.from((sound[random.below(sound.length)] as { bytes: Buffer }).bytes)
      for (let k = random.below(3); k >= 0; k--) damaged[random.below(damaged.length)] = random.below(256)
      writeFileSync(join(folder, `${n}.zip`), damaged)
    }
    const theirs = pythons(folder)
    for (const name of readdirSync(folder)) {
      const own = await ours(join(folder, name))
      // A zip with two things wrong may be refused for either of them.
      const isRefused = typeof own === 'string' && typeof theirs[name] === 'string'
      expect({ name, same: isRefused || JSON.stringify(sorted(own)) === JSON.stringify(sorted(theirs[name])) }).toEqual(
        {
          name,
          same: true,
        },
      )
    }
  })

  it('F-M6: which names are one file on some disk is the same for both, of every character that both know', () => {
    const { stdout } = pythonText(
      `
import json, unicodedata
import evidence_verify as verifier
known = [c for c in range(1, 0x110000) if unicodedata.category(chr(c)) not in ("Cn", "Cs")]
print(json.dumps([[c, verifier.folded(chr(c))] for c in known]))
`,
      [],
    )
    const theirs = JSON.parse(stdout) as [number, string][]
    expect(theirs.length).toBeGreaterThan(100_000)
    // Equal for one, equal for the other: each folded form of theirs goes with one of ours, and the other way round.
    const [forward, backward] = [new Map<string, string>(), new Map<string, string>()]
    const torn = theirs.filter(([code, folded]) => {
      const own = foldedPath(String.fromCodePoint(code))
      const isSame = (forward.get(folded) ?? own) === own && (backward.get(own) ?? folded) === folded
      forward.set(folded, own)
      backward.set(own, folded)
      return !isSame
    })
    expect(torn).toEqual([])
  })

  function sorted(read: unknown): unknown {
    return typeof read === 'string' ? read : Object.entries(read as object).sort(([a], [b]) => (a < b ? -1 : 1))
  }
})

/** Programs that people zip a folder with, as they are called; `OUT` and `bag` stand for the zip and the folder. */
const packers: readonly [string, readonly string[]][] = [
  ['zip', ['-qr', 'OUT', 'bag']],
  ['zip', ['-qrX', 'OUT', 'bag']],
  ['zip', ['-qr0D', 'OUT', 'bag']],
  ['zip', ['-qrfz', 'OUT', 'bag']],
  ['7z', ['a', '-tzip', '-bd', 'OUT', 'bag']],
  ['7z', ['a', '-tzip', '-bd', '-mx=9', '-mcu=on', 'OUT', 'bag']],
  ['bsdtar', ['--format', 'zip', '-cf', 'OUT', 'bag']],
  ['python3', ['-m', 'zipfile', '-c', 'OUT', 'bag']],
]

describe('a folder zipped by others', () => {
  const texts = {
    'bagit.txt': 'BagIt-Version: 1.0\n',
    'data/说明é (第1份).txt': 'one name beyond ASCII',
    'data/large.txt': 'x'.repeat(70_000),
    'data/empty.txt': '',
  }

  beforeAll(() => {
    mkdirSync(join(path, 'bag', 'data'), { recursive: true })
    for (const [name, text] of Object.entries(texts)) writeFileSync(join(path, 'bag', name), text)
  })

  it.each(packers)('F-B6: by %s %j is read', async (program, args) => {
    if (spawnSync(program, ['--help']).error !== undefined) {
      process.stderr.write(`\nNOT RUN, for want of ${program}: F-B6 in tests/package/zip-agreement.test.ts\n`)
      return
    }
    const out = join(path, `${program}${args.join('').replace(/\W/g, '')}.zip`)
    const given = args.map((arg) => (arg === 'OUT' ? out : arg))
    const { status, stderr } = spawnSync(program, given, { cwd: path, env: { ...process.env, LC_ALL: 'C.UTF-8' } })
    expect([status, stderr.toString()]).toEqual([0, expect.any(String)])
    expect(await ours(out)).toEqual(texts)
  })

  it('F-B6: by a program that writes to a pipe is read: sizes after the data', async () => {
    const out = join(path, 'piped.zip')
    const program = `import sys, zipfile
with zipfile.ZipFile(sys.stdout.buffer, "w", zipfile.ZIP_DEFLATED) as zip:
    for name, text in (("bag/bagit.txt", "x"), ("bag/data/b.txt", "y" * 5000)):
        for large in (False, True):
            with zip.open(name.replace(".txt", f"{large}.txt"), "w", force_zip64=large) as file: file.write(text.encode())`
    const { status, stdout } = spawnSync('python3', ['-c', program])
    expect(status).toBe(0)
    writeFileSync(out, stdout)
    const read = await ours(out)
    expect(Object.keys(read)).toEqual(['bagitFalse.txt', 'bagitTrue.txt', 'data/bFalse.txt', 'data/bTrue.txt'])
  })
})
