import { cpSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { crc32 } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { copyCase, evidence, evidenceOk, startServer } from '../support/cli.ts'
import { temporaryFolder } from '../support/folder.ts'
import { python } from '../support/python.ts'
import { type PythonDocument, verdict, verifier, withByteChanged } from '../support/python-verifier.ts'
import { lacks } from '../support/system-tools.ts'

interface PackageDocument extends PythonDocument {
  readonly deposits: readonly { readonly index: number; readonly files: number; readonly admission: string | null }[]
  readonly policyFromPackage: boolean
  readonly withheldFiles: number
}

/** One entry of a zip that is made here, as a program that means harm would make it. */
interface ZipEntry {
  readonly name: string
  readonly data?: Buffer
  /** Name in the local header, if that is to differ. */
  readonly localName?: string
  readonly mode?: number
  readonly flags?: number
}

/** A zip of stored entries. */
function zip(entries: readonly ZipEntry[], comment = ''): Buffer {
  const [local, central]: [Buffer[], Buffer[]] = [[], []]
  let offset = 0
  for (const { name, data = Buffer.alloc(0), localName = name, mode = 0o100644, flags = 0x800 } of entries) {
    const common = Buffer.alloc(26)
    common.writeUInt16LE(20, 0)
    common.writeUInt16LE(flags, 2)
    common.writeUInt32LE(crc32(data), 10)
    common.writeUInt32LE(data.length, 14)
    common.writeUInt32LE(data.length, 18)
    const named = (text: string): Buffer => {
      const copy = Buffer.from(common)
      copy.writeUInt16LE(Buffer.byteLength(text), 22)
      return copy
    }
    const tail = Buffer.alloc(14)
    tail.writeUInt32LE((mode << 16) >>> 0, 6)
    tail.writeUInt32LE(offset, 10)
    const made = Buffer.from([20, 3])
    central.push(Buffer.from('PK\x01\x02'), made, named(name), tail, Buffer.from(name))
    const written = Buffer.concat([Buffer.from('PK\x03\x04'), named(localName), Buffer.from(localName), data])
    local.push(written)
    offset += written.length
  }
  const directory = Buffer.concat(central)
  const end = Buffer.alloc(18)
  end.writeUInt16LE(entries.length, 4)
  end.writeUInt16LE(entries.length, 6)
  end.writeUInt32LE(directory.length, 8)
  end.writeUInt32LE(offset, 12)
  end.writeUInt16LE(comment.length, 16)
  return Buffer.concat([...local, directory, Buffer.from('PK\x05\x06'), end, Buffer.from(comment)])
}

/* Packages of the real command line (docs/spec/18-package.md). */
describe.skipIf(lacks('python3', 'python3-cryptography'))('the Python verifier, of evidence packages', () => {
  const { path, remove } = temporaryFolder()
  const at = (name: string): string => join(path, name)
  const [data, note, folder, policy] = ['data', 'note.txt', 'case-001', 'court.policy'].map(at) as [
    string,
    string,
    string,
    string,
  ]
  const [asFolder, asZip, digests] = ['package', 'package.zip', 'digests'].map(at) as [string, string, string]
  const check = (name: string): string[] => ['check', name, '--policy', policy]

  beforeAll(async () => {
    copyCase(folder)
    writeFileSync(note, 'handed over at the counter\n')
    const own = ['--data', data]
    const server = await startServer(data)
    for (const file of [note, folder]) await evidenceOk(['deposit', file, ...own, '--url', server.url])
    const pack = (output: string, ...more: string[]) =>
      evidenceOk(['package', note, folder, '--out', output, ...own, '--url', server.url, ...more])
    await pack(asFolder)
    await pack(asZip)
    await pack(digests, '--digests-only')
    await pack(at('alone'), '--without-admissions')
    await server.stop()
    cpSync(join(data, 'policy'), policy)
  })
  afterAll(remove)

  it('finds no fault in a folder, a zip, and digests alone, and shows admissions back to the genesis', () => {
    for (const [name, files, withheld] of [
      [asFolder, [1, 9], 0],
      [asZip, [1, 9], 0],
      [digests, [0, 0], 10],
    ] as const) {
      const document = verifier(check(name)) as PackageDocument
      expect(document).toMatchObject({ ok: true, notJudged: [], policyFromPackage: false, withheldFiles: withheld })
      expect(document.deposits.map((deposit) => deposit.files)).toEqual(files)
      for (const { admission } of document.deposits) expect(admission).toMatch(/back to the genesis by entries 1, 0$/)
    }
    const { code, stdout } = python('evidence_verify.py', ['check', asZip, '--policy-from-package'])
    expect(code).toBe(0)
    expect(stdout).toContain('THE POLICY IS THE PACKAGE’S OWN WORD')
    expect(stdout).toContain('not shown by this package:')
  })

  it('finds one byte changed in any file, as our own check does', async () => {
    const files = readdirSync(asFolder, { recursive: true, withFileTypes: true }).filter((file) => file.isFile())
    expect(files.length).toBeGreaterThan(20)
    for (const file of files) {
      const name = join(file.parentPath, file.name)
      const bytes = readFileSync(name)
      withByteChanged(name, bytes, bytes.length >> 1, () => {
        expect({ name: relative(asFolder, name), exit: verifier(check(asFolder)).exit }).toMatchObject({ exit: 1 })
      })
    }
    const changed = at('changed')
    cpSync(asFolder, changed, { recursive: true })
    writeFileSync(join(changed, 'data', 'deposits', '001', 'files', 'note.txt'), 'handed over at the countes\n')
    expect(verdict(check(changed))).toEqual([1, 'package-altered', 'file-not-in-deposit'])
    expect((await evidence(['check', changed, '--policy', policy, '--json'])).code).toBe(1)
    const zipped = readFileSync(asZip)
    withByteChanged(asZip, 'handed over', 0, () => expect(verdict(check(asZip))).toContain('package-zip'))
    withByteChanged(asZip, zipped.subarray(-22), 0, () => expect(verdict(check(asZip))).toEqual([1, 'package-zip']))
  })

  it('refuses what is no package to unpack', () => {
    const bag = readdirSync(asFolder, { recursive: true, withFileTypes: true })
      .filter((file) => file.isFile())
      .map((file) => join(file.parentPath, file.name))
      .map((file): ZipEntry => ({ name: `p/${relative(asFolder, file)}`, data: readFileSync(file) }))
    const hostile = (made: Buffer): readonly [number, ...string[]] => {
      writeFileSync(at('hostile.zip'), made)
      return verdict(check(at('hostile.zip')))
    }
    const [first, ...others] = bag as [ZipEntry, ...ZipEntry[]]
    expect(hostile(zip(bag))).toEqual([0])
    expect(hostile(zip(bag, 'a comment'))).toEqual([1, 'package-zip'])
    expect(hostile(zip([...bag, first]))).toEqual([1, 'package-zip'])
    expect(hostile(zip([{ ...first, localName: `${first.name}x` }, ...others]))).toEqual([1, 'package-zip'])
    expect(hostile(zip([{ ...first, flags: 0x801 }, ...others]))).toEqual([1, 'package-zip'])
    // What does not begin as a zip is no package at all.
    writeFileSync(at('hostile.zip'), Buffer.concat([Buffer.from('#!/bin/sh\n'), zip(bag)]))
    expect(python('evidence_verify.py', check(at('hostile.zip'))).code).toBe(2)
    expect(hostile(zip(bag).subarray(0, -30))).toEqual([1, 'package-zip'])
    expect(hostile(zip([...bag, { name: 'q/other' }]))).toEqual([1, 'package-zip'])
    expect(hostile(zip([...bag, { name: 'p/link', data: Buffer.from('/etc/passwd'), mode: 0o120777 }]))).toEqual([
      1,
      'package-path',
    ])
    for (const name of ['p/../up', 'p/a:b', 'p/CON.txt', 'p/dot.', 'p/data/', 'p/POLICY', 'p/policy/x', 'p/a\\b']) {
      const [exit, code] = hostile(zip([...bag, { name, mode: name.endsWith('/') ? 0o040755 : 0o100644 }]))
      expect({ name, exit, code }).toEqual(
        name === 'p/data/' ? { name, exit: 0, code: undefined } : { name, exit: 1, code: 'package-path' },
      )
    }
    const linked = at('linked')
    cpSync(asFolder, linked, { recursive: true })
    rmSync(join(linked, 'custody.txt'))
    symlinkSync(policy, join(linked, 'custody.txt'))
    expect(verdict(check(linked))).toEqual([1, 'package-path'])
  })

  it('says where the bag is incomplete, and where an admission is not shown', () => {
    const other = at('incomplete')
    cpSync(asFolder, other, { recursive: true })
    rmSync(join(other, 'data', 'deposits', '001', 'files', 'note.txt'))
    expect(verdict(check(other))).toEqual([1, 'package-incomplete'])
    cpSync(asFolder, other, { recursive: true })
    writeFileSync(join(other, 'data', 'deposits', '001', 'files', 'more.txt'), 'more')
    expect(verdict(check(other))).toEqual([1, 'package-incomplete', 'file-not-in-deposit'])
    const alone = verifier(check(at('alone'))) as PackageDocument
    expect(alone).toMatchObject({ ok: true })
    expect(alone.deposits.map(({ admission }) => admission)).toEqual([null, null])
    expect(python('evidence_verify.py', check(at('alone'))).stdout).toContain('admission of the key: NOT SHOWN')
  })
})
