import { cpSync, existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { parseSignedCheckpoint } from '../../src/core/checkpoint.ts'
import { disclosureDigest } from '../../src/core/disclosure.ts'
import { openClaims } from '../../src/ledger/claims-shut.ts'
import { BackupFolder } from '../../src/ledger/copy/backup-folder.ts'
import { makeBackup } from '../../src/ledger/copy/backup.ts'
import { backUpFolder } from '../../src/ledger/copy/final.ts'
import { FolderPieces } from '../../src/ledger/copy/folder-pieces.ts'
import type { Piece } from '../../src/ledger/copy/piece.ts'
import { promote } from '../../src/ledger/copy/promote.ts'
import { restoreBackup } from '../../src/ledger/copy/restore.ts'
import { readLedgerKey } from '../../src/ledger/create.ts'
import { dataFolder, readOwnKey } from '../../src/ledger/data-folder.ts'
import { readErasures } from '../../src/ledger/erasures.ts'
import { FolderSource } from '../../src/ledger/folder-source.ts'
import { Ledger } from '../../src/ledger/ledger.ts'
import { clearSigningState, readSigningState } from '../../src/ledger/signing-state.ts'
import { TimeStampFiles } from '../../src/ledger/time-stamp-files.ts'
import { exitCodeOf } from '../../src/verify/report.ts'
import { walk } from '../../src/verify/walk.ts'
import { folderChecks } from '../../cli/doctor/folder.ts'
import { StaticSource } from '../../cli/sources/static-source.ts'
import { folderHash } from '../support/damage.ts'
import { policyOfFolder, temporaryFolder, type TestFolder, trialFolder } from '../support/folder.ts'
import { judgeFolder } from '../support/folder-faults.ts'
import { everything } from '../../src/ledger/lookup-scope.ts'

const sealed = { names: ['a.txt'], case: [{ number: '(2026)沪0104刑初123号' }] }
const { path, remove } = temporaryFolder()
let test: TestFolder
let out: string
let fresh: string
let runs = 0

/** Deposits into the stopped ledger until it has so many entries. */
async function fillTo(size: number): Promise<void> {
  const ledger = await test.open()
  const count = size - ledger.reads.size
  await Promise.all(
    Array.from({ length: count }, (_, i) => ledger.deposit(test.deposit(`${size} ${i}`, { sealed }).presentation)),
  )
  await ledger.close()
}

function backUp(final = false, root = test.root, operatorErasures = false): ReturnType<typeof backUpFolder> {
  return backUpFolder({ root, out, final, operatorErasures })
}
const backUpAll = (): ReturnType<typeof backUpFolder> => backUp(false, test.root, true)

async function verifyBackup(): Promise<{ exit: number; size: number; disclosures: unknown; codes: string[] }> {
  const report = await walk({ source: new StaticSource(out), policy: policyOfFolder(test) })
  const codes = report.faults.map(({ code }) => code)
  return { exit: exitCodeOf(report.faults, report.unjudged), size: report.size, disclosures: report.disclosures, codes }
}

const faultsOf = async (root: string): Promise<string[]> => (await judgeFolder(test, root)).codes

function giveKey(root: string): void {
  cpSync(test.folder.ledgerKey, dataFolder(root).ledgerKey)
}

let kept: string
beforeAll(async () => {
  test = await trialFolder()
  await fillTo(302)
  kept = join(path, 'kept')
  cpSync(test.root, kept, { recursive: true })
})
beforeEach(() => {
  rmSync(test.root, { recursive: true })
  cpSync(kept, test.root, { recursive: true })
  out = join(path, `backup${++runs}`)
  fresh = join(path, `fresh${runs}`)
})
afterAll(() => {
  test.remove()
  remove()
})

describe('a backup', () => {
  it('holds entries, tiles and disclosures, verifies as a folder, and leaves the ledger as it was', async () => {
    const before = folderHash(test.root)
    expect(await backUp()).toEqual({ size: 302, added: 302, erased: 0, kept: 0, final: false })
    expect(folderHash(test.root)).toBe(before)
    expect(await verifyBackup()).toEqual({
      exit: 0,
      size: 302,
      disclosures: { present: 600, withheld: 0, foreign: 0 },
      codes: [],
    })
  })

  it('holds no private key', async () => {
    await backUp()
    const files = readdirSync(out, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
    expect(files.length).toBeGreaterThan(5)
    for (const { parentPath, name } of files)
      expect(readFileSync(join(parentPath, name), 'latin1')).not.toContain('PRIVATE KEY')
  })

  it('writes only what is new the next time', async () => {
    await backUp()
    const { ino, mtimeMs } = statSync(join(out, 'tile/entries/000'))
    await fillTo(600)
    expect(await backUp()).toEqual({ size: 600, added: 298, erased: 0, kept: 0, final: false })
    expect(statSync(join(out, 'tile/entries/000'))).toMatchObject({ ino, mtimeMs })
    // The right edge of the earlier run is gone: a full tile has its place.
    expect(existsSync(join(out, 'tile/entries/001.p'))).toBe(false)
    expect(readdirSync(join(out, 'tile/entries/002.p'))).toEqual([String(600 - 512)])
    expect(await verifyBackup()).toMatchObject({ exit: 0, size: 600, disclosures: { present: 2 * 598, withheld: 0 } })
    expect(await backUp()).toEqual({ size: 600, added: 0, erased: 0, kept: 0, final: false })
    expect(await verifyBackup()).toMatchObject({ exit: 0, size: 600 })
  })

  it('grows one entry at a time, across the edge of a tile', async () => {
    await backUp()
    await fillTo(510)
    for (const size of [511, 512, 513]) {
      await fillTo(size)
      expect(await backUp()).toMatchObject({ size })
      expect(await verifyBackup()).toMatchObject({ exit: 0, size, disclosures: { present: 2 * (size - 2) } })
    }
  })

  it('keeps what the operator of the ledger erased without an order, until its own operator follows that', async () => {
    await backUp()
    const ledger = await test.open()
    const [, text] = await ledger.reads.disclosures(await ledger.reads.entry(5))
    await ledger.eraseDisclosures(5, ['case'])
    await ledger.eraseDisclosures(300)
    await ledger.close()
    const holds = (): boolean =>
      readdirSync(join(out, 'disclosures')).some((name) =>
        readFileSync(join(out, 'disclosures', name)).includes(text as string),
      )
    expect(holds()).toBe(true)
    expect(await backUp()).toEqual({ size: 302, added: 0, erased: 2, kept: 2, final: false })
    expect(holds()).toBe(true)
    expect(await verifyBackup()).toMatchObject({ exit: 0, disclosures: { present: 600, withheld: 0 } })
    // What it kept is there again where it is restored.
    const other = join(path, `other${runs}`)
    await restoreBackup({ from: out, root: other, takeOver: true })
    const source = await FolderSource.open(other, readOwnKey(dataFolder(other)))
    expect(await source.storage.disclosures(5)).toHaveLength(2)
    await source.close()
    expect(await faultsOf(other)).toEqual([])
    expect(await backUpAll()).toEqual({ size: 302, added: 0, erased: 0, kept: 0, final: false })
    expect(holds()).toBe(false)
    expect(await verifyBackup()).toMatchObject({ exit: 0, disclosures: { present: 597, withheld: 3, foreign: 0 } })
    expect(await backUp()).toMatchObject({ erased: 0, kept: 0 })
    // What is restored of it knows of the erasures, so that its own copies will.
    await restoreBackup({ from: out, root: fresh, takeOver: true })
    expect(readFileSync(dataFolder(fresh).erased)).toEqual(readFileSync(test.folder.erased))
    expect(await faultsOf(fresh)).toEqual([])
  })

  it('takes no word of its source for it that an entry ordered an erasure, which orders none', async () => {
    const source = await FolderSource.open(test.root, readOwnKey(test.folder))
    const pieces = await FolderPieces.of(source)
    const hiding = {
      name: 'a source',
      piece: async (from: number, erasures: number): Promise<Piece> => {
        const piece = await pieces.piece(from, erasures)
        const digests = (piece.entries[5 - from]?.disclosures ?? []).map(disclosureDigest)
        if (digests.length === 0) return piece
        const entries = piece.entries.map((entry, i) => (i === 5 - from ? { ...entry, disclosures: [] } : entry))
        return { ...piece, entries, erased: [{ index: 5, digests, by: 0 }], erasures: 1 }
      },
    }
    const key = readOwnKey(test.folder)
    const result = await makeBackup({ source: hiding, out, key, policy: readFileSync(test.folder.policy) })
    await source.close()
    expect([result.erased, result.kept]).toEqual([1, 1])
    expect(readErasures(BackupFolder.paths(out).erased)).toEqual([
      { index: 5, digests: expect.any(Array) as string[], kept: true },
    ])
  })

  it('of which an operator follows its source keeps no line of what it kept, though another line lost its order meanwhile', async () => {
    const source = await FolderSource.open(test.root, readOwnKey(test.folder))
    const pieces = await FolderPieces.of(source)
    const digestsOf = async (index: number): Promise<string[]> =>
      (await source.storage.disclosures(index)).map(disclosureDigest)
    const erased = [
      { index: 5, digests: await digestsOf(5), by: 303 },
      { index: 6, digests: await digestsOf(6) },
    ]
    const piece = async (from: number, erasures: number): Promise<Piece> => ({
      ...(await pieces.piece(from, 0)),
      erased: erased.slice(erasures),
      erasures: 2,
    })
    const options = { out, key: readOwnKey(test.folder), policy: readFileSync(test.folder.policy) }
    expect((await makeBackup({ ...options, source: { name: 'a source', piece } })).kept).toBe(2)
    await source.close()
    await fillTo(310)
    const later = await FolderSource.open(test.root, readOwnKey(test.folder))
    const rest = await FolderPieces.of(later)
    const next = { name: 'a source', piece: async (from: number) => ({ ...(await rest.piece(from, 0)), erasures: 2 }) }
    expect((await makeBackup({ ...options, source: next, operatorErasures: true })).kept).toBe(0)
    await later.close()
    const [five, six] = erased.map(({ index, digests }) => ({ index, digests }))
    expect(readErasures(BackupFolder.paths(out).erased)).toEqual([five, six])
  })

  it('is not taken further by a source that has lost entries, or has others', async () => {
    await backUp()
    await fillTo(310)
    await backUp()
    const checkpoint = readFileSync(join(out, 'checkpoint'))
    rmSync(test.root, { recursive: true })
    cpSync(kept, test.root, { recursive: true })
    await expect(backUp()).rejects.toMatchObject({ code: 'consistency-invalid' })
    // The same ledger's key, another history after 302.
    await fillTo(310)
    await expect(backUp()).rejects.toMatchObject({ code: 'consistency-invalid' })
    await fillTo(320)
    await expect(backUp()).rejects.toMatchObject({ code: 'link-broken' })
    expect(readFileSync(join(out, 'checkpoint'))).toEqual(checkpoint)
    expect(await verifyBackup()).toMatchObject({ exit: 0, size: 310 })
  })

  it('stands as it was where a run is cut off, and is taken further by the next', async () => {
    await backUp()
    await fillTo(2000)
    const source = await FolderSource.open(test.root, readOwnKey(test.folder))
    const pieces = await FolderPieces.of(source)
    let asked = 0
    const piece: FolderPieces['piece'] = (from, erasures) =>
      ++asked > 1 ? Promise.reject(new Error('cut off')) : pieces.piece(from, erasures)
    const options = { key: readOwnKey(test.folder), policy: readFileSync(test.folder.policy), out }
    await expect(makeBackup({ ...options, source: { name: 'broken', piece } })).rejects.toThrow('cut off')
    await source.close()
    expect(existsSync(join(out, 'tile/entries/003'))).toBe(true)
    expect(await verifyBackup()).toMatchObject({ exit: 0, size: 302, disclosures: { present: 600, withheld: 0 } })
    expect(await backUp()).toMatchObject({ size: 2000, added: 1698 })
    expect(await verifyBackup()).toMatchObject({ exit: 0, size: 2000, disclosures: { present: 2 * 1998 } })
  })

  it('is not written over something else, nor of another ledger', async () => {
    writeFileSync(join(path, 'mine.txt'), 'mine')
    out = path
    await expect(backUp()).rejects.toMatchObject({ code: 'file-exists' })
    const other = await trialFolder({ origin: 'test.example/other' })
    out = join(path, 'others')
    await backUp(false, other.root)
    await expect(backUp()).rejects.toMatchObject({ code: 'checkpoint-untrusted' })
    other.remove()
  })

  it('is refused of a ledger in use', async () => {
    const ledger = await test.open()
    await expect(backUp()).rejects.toMatchObject({ code: 'ledger-in-use' })
    await ledger.close()
  })

  // In the link: another letter, which makes it another link, or a character that base64 has not, which makes it none.
  it.each([
    ['a letter', (byte: number) => (byte === 0x51 ? 0x52 : 0x51)],
    ['a character', () => 0x2a],
  ])('is found to be damaged by %s, by verify and by restore', async (_name, change) => {
    await backUp()
    const bundle = join(out, 'tile/entries/000')
    const bytes = readFileSync(bundle)
    const at = bytes.indexOf('\n100\n') + 40
    bytes[at] = change(bytes[at] as number)
    writeFileSync(bundle, bytes)
    expect((await verifyBackup()).codes).toContain('entry-altered')
    await expect(restoreBackup({ from: out, root: fresh })).rejects.toMatchObject({ facts: { index: 100 } })
    expect(existsSync(fresh)).toBe(false)
    expect(existsSync(`${fresh}.part`)).toBe(false)
  })

  it('is found to hold another disclosure than was sealed', async () => {
    await backUp()
    const file = join(out, 'disclosures/000')
    const lines = readFileSync(file, 'utf8').trimEnd().split('\n')
    const [a, b] = [JSON.parse(lines[3] as string), JSON.parse(lines[4] as string)] as { disclosures: string[] }[]
    lines[3] = JSON.stringify({ ...a, disclosures: b?.disclosures })
    writeFileSync(file, `${lines.join('\n')}\n`)
    expect((await verifyBackup()).codes).toContain('stored-disclosure-altered')
    await expect(restoreBackup({ from: out, root: fresh })).rejects.toMatchObject({ code: 'stored-disclosure-altered' })
  })
})

describe('claims that a backup has lost', () => {
  const file = (): string => join(out, 'disclosures/000')
  const lines = (): string[] => readFileSync(file(), 'utf8').trimEnd().split('\n')
  const write = (all: readonly string[]): void => writeFileSync(file(), all.map((line) => `${line}\n`).join(''))
  const damage: [string, string, () => void][] = [
    ['a line', 'disclosures-missing', () => write(lines().filter((_, i) => i !== 8))],
    ['all', 'disclosures-missing', () => rmSync(file())],
    [
      'one of two',
      'disclosures-missing',
      () => {
        const all = lines()
        const { index, disclosures } = JSON.parse(all[8] as string) as { index: number; disclosures: string[] }
        all[8] = JSON.stringify({ index, disclosures: disclosures.slice(1) })
        write(all)
      },
    ],
    [
      'a digit of an index',
      'stored-disclosure-altered',
      () => write(lines().map((line) => line.replace('"index":10,', '"index":30,'))),
    ],
    [
      'an index of no line',
      'stored-disclosure-altered',
      () => write([...lines(), (lines()[8] as string).replace('"index":10,', '"index":999,')]),
    ],
    [
      'a line twice',
      'stored-disclosure-altered',
      () => write(lines().flatMap((line, i) => (i === 8 ? [line, line] : [line]))),
    ],
    ['the order', 'stored-disclosure-altered', () => write(lines().toReversed())],
    ['the spelling', 'stored-disclosure-altered', () => write(lines().map((line) => line.replace(':', ': ')))],
    ['the last line feed', 'stored-disclosure-altered', () => writeFileSync(file(), lines().join('\n'))],
  ]

  it.each(damage)('R3A-M1: are seen by verify, and refused by restore: %s', async (_name, code, spoil) => {
    await backUp()
    spoil()
    const verified = await verifyBackup().then(
      ({ codes }) => codes,
      (error: { code: string }) => [error.code],
    )
    expect(verified).toContain(code)
    await expect(restoreBackup({ from: out, root: fresh })).rejects.toMatchObject({ code })
    expect(existsSync(fresh)).toBe(false)
  })

  it('R3A-M1: no single flipped bit of the disclosures of ten entries passes', async () => {
    rmSync(test.root, { recursive: true })
    const small = await trialFolder()
    const before = test
    test = small
    try {
      await fillTo(5)
      await backUp()
      const bytes = readFileSync(file())
      let passed = 0
      for (let bit = 0; bit < bytes.length * 8; bit += 7) {
        const flipped = Buffer.from(bytes)
        flipped[bit >> 3] = (flipped[bit >> 3] as number) ^ (1 << (bit & 7))
        writeFileSync(file(), flipped)
        const { codes } = await verifyBackup().catch((error: { code: string }) => ({ codes: [error.code] }))
        if (codes.length === 0) passed++
      }
      expect(passed).toBe(0)
    } finally {
      test = before
      small.remove()
      cpSync(kept, test.root, { recursive: true })
    }
  })

  it('R3A-M1: are named, and restored without where that is accepted; the folder says so from then on', async () => {
    await backUp()
    write(lines().filter((_, i) => i !== 8 && i !== 20))
    await expect(restoreBackup({ from: out, root: fresh })).rejects.toThrow(
      /^4 sealed claims .* of the entries 10, 22$/,
    )
    const told: string[] = []
    await restoreBackup({ from: out, root: fresh, acceptMissing: ({ code, message }) => told.push(code, message) })
    expect(told).toEqual(['disclosures-missing', expect.stringContaining('10, 22')])
    expect(await faultsOf(fresh)).toEqual(['disclosures-missing', 'disclosures-missing'])
    const checks = await folderChecks(fresh, Date.now())
    expect(checks.find(({ name }) => name === 'claims')).toMatchObject({ status: 'fail' })
    // And its own backups do not take the loss over without a word.
    out = join(path, `backup${++runs}`)
    await expect(backUp(false, fresh)).rejects.toMatchObject({ code: 'disclosures-missing' })
    expect(existsSync(join(out, 'checkpoint'))).toBe(false)
    await backUpFolder({ root: fresh, out, acceptMissing: () => {} })
    expect((await verifyBackup()).codes).toEqual(['disclosures-missing', 'disclosures-missing'])
  })

  it('R3A-M1: of the last bundle are not taken over by the next run', async () => {
    await backUp()
    const edge = join(out, 'disclosures/001')
    const [first, ...others] = readFileSync(edge, 'utf8').trimEnd().split('\n')
    expect(first).toContain('"index":256,')
    writeFileSync(edge, others.map((line) => `${line}\n`).join(''))
    const checkpoint = readFileSync(join(out, 'checkpoint'))
    await fillTo(310)
    await expect(backUp()).rejects.toMatchObject({ code: 'disclosures-missing', facts: { index: 256 } })
    expect(readFileSync(join(out, 'checkpoint'))).toEqual(checkpoint)
  })

  it('R3A-M1: an erasure excuses what it names, and nothing else', async () => {
    const ledger = await test.open()
    await ledger.eraseDisclosures(5, ['case'])
    await ledger.close()
    await backUp()
    expect(await verifyBackup()).toMatchObject({ exit: 0, disclosures: { withheld: 1 } })
    expect((await folderChecks(test.root, Date.now())).find(({ name }) => name === 'claims')?.status).toBe('ok')
    const { erased } = BackupFolder.paths(out)
    const list = readFileSync(erased, 'utf8')
    writeFileSync(erased, list.replace('"index":5,', '"index":7,'))
    expect((await verifyBackup()).codes).toEqual(['disclosures-missing'])
    await expect(restoreBackup({ from: out, root: fresh })).rejects.toMatchObject({ code: 'disclosures-missing' })
    rmSync(erased)
    expect((await verifyBackup()).codes).toEqual(['disclosures-missing'])
  })

  it('R3A-M1: what was erased is not restored, though a file still holds it', async () => {
    await backUp()
    const before = readFileSync(file())
    const ledger = await test.open()
    await ledger.eraseDisclosures(5)
    await ledger.close()
    await backUpAll()
    writeFileSync(file(), before)
    await restoreBackup({ from: out, root: fresh, takeOver: true })
    const source = await FolderSource.open(fresh, readOwnKey(dataFolder(fresh)))
    expect(await source.storage.disclosures(5)).toEqual([])
    await source.close()
    expect(await faultsOf(fresh)).toEqual([])
  })
})

describe('restoring', () => {
  it('makes a data folder without a fault, which does not sign until somebody says so', async () => {
    await fillTo(600)
    await backUp()
    expect(await restoreBackup({ from: out, root: fresh })).toEqual({ size: 600, origin: test.origin, maySign: false })
    expect(await faultsOf(fresh)).toEqual([])
    giveKey(fresh)
    await expect(Ledger.open(fresh, readLedgerKey(fresh))).rejects.toMatchObject({ code: 'ledger-standby' })
    await expect(promote({ root: fresh, takeOver: false })).rejects.toMatchObject({ code: 'take-over-needed' })
    await promote({ root: fresh, takeOver: true })
    openClaims(dataFolder(fresh))
    const ledger = await Ledger.open(fresh, readLedgerKey(fresh))
    const repeated = test.deposit('again')
    const { index } = await ledger.deposit(repeated.presentation)
    expect(index).toBe(600)
    expect(await ledger.deposit(repeated.presentation)).toMatchObject({ kind: 'existing', index: 600 })
    expect(await ledger.reads.search({ by: 'case', number: '(2026)沪0104刑初123号' }, everything, 300, 5)).toEqual([
      301, 302, 303, 304, 305,
    ])
    await ledger.close()
    expect(await faultsOf(fresh)).toEqual([])
  })

  it('knows every statement id: what was deposited before is answered with its first index', async () => {
    const ledger = await test.open()
    const earlier = test.deposit('earlier', { sealed })
    const first = await ledger.deposit(earlier.presentation)
    await ledger.close()
    await backUp()
    await restoreBackup({ from: out, root: fresh, takeOver: true })
    giveKey(fresh)
    const restored = await Ledger.open(fresh, readLedgerKey(fresh))
    expect(await restored.deposit(earlier.presentation)).toMatchObject({
      kind: 'existing',
      index: first.index,
      time: first.time,
    })
    await restored.close()
  })

  it('refuses to go behind a checkpoint that is known, or to another history', async () => {
    await backUp()
    await fillTo(303)
    const source = await FolderSource.open(test.root, readOwnKey(test.folder))
    const known = { ...parseSignedCheckpoint(await source.checkpoint()), where: 'kept' }
    await source.close()
    await expect(restoreBackup({ from: out, root: fresh, known: [known] })).rejects.toMatchObject({
      code: 'restore-behind',
    })
    expect(existsSync(fresh)).toBe(false)
    await backUp()
    await restoreBackup({ from: out, root: fresh, known: [known] })
    rmSync(test.root, { recursive: true })
    cpSync(kept, test.root, { recursive: true })
    await fillTo(304)
    out = `${out}-other`
    await backUp()
    await expect(restoreBackup({ from: out, root: `${fresh}-2`, known: [known] })).rejects.toMatchObject({
      code: 'consistency-invalid',
    })
  })

  it('refuses a folder that is no backup, or is not empty', async () => {
    await expect(restoreBackup({ from: join(path, 'nowhere'), root: fresh })).rejects.toMatchObject({
      code: 'backup-missing',
    })
    await backUp()
    await expect(restoreBackup({ from: out, root: test.root })).rejects.toMatchObject({ code: 'ledger-exists' })
  })

  it('begins again after a run that was cut off', async () => {
    await backUp()
    const staging = `unfinished-${'ab'.repeat(16)}`
    cpSync(test.root, join(fresh, staging), {
      recursive: true,
      filter: (from) => !/(lock|genesis\.json|\.pem|ledger-ml-dsa\.key|cosigned\.json)$/.test(from),
    })
    const made = { name: staging, inode: String(statSync(join(fresh, staging)).ino) }
    writeFileSync(join(fresh, 'unfinished.json'), JSON.stringify({ by: 'evidence restore', staging: made, moving: [] }))
    await restoreBackup({ from: out, root: fresh })
    expect(await faultsOf(fresh)).toEqual([])
    expect(readdirSync(fresh)).not.toContain('unfinished.json')
  })
})

describe('moving', () => {
  it('leaves a copy behind that does not sign, says where it went, and can still be read', async () => {
    expect(await backUp(true)).toMatchObject({ size: 302, final: true })
    await expect(test.open()).rejects.toMatchObject({
      code: 'ledger-moved',
      message: expect.stringContaining(out) as string,
    })
    expect(await faultsOf(test.root)).toEqual([])
    expect(await restoreBackup({ from: out, root: fresh })).toMatchObject({ maySign: true })
    giveKey(fresh)
    const ledger = await Ledger.open(fresh, readLedgerKey(fresh))
    expect((await ledger.deposit(test.deposit('after the move').presentation)).index).toBe(302)
    await ledger.close()
    await expect(restoreBackup({ from: out, root: `${fresh}-2` })).rejects.toMatchObject({ code: 'take-over-needed' })
  })

  it('is repeated where it was cut off between the marker and the last word', async () => {
    await backUp(true)
    const { manifest } = BackupFolder.paths(out)
    writeFileSync(manifest, readFileSync(manifest, 'utf8').replace('"final": true', '"final": false'))
    expect(await restoreBackup({ from: out, root: fresh })).toMatchObject({ maySign: false })
    expect(await backUp(true)).toMatchObject({ final: true, added: 0 })
    await expect(test.open()).rejects.toMatchObject({ code: 'ledger-moved' })
  })

  it('can be called off, by the explicit word', async () => {
    await backUp(true)
    expect(await promote({ root: test.root, takeOver: true })).toMatchObject({ was: { standing: 'moved' } })
    await (await test.open()).close()
  })

  it('is not done of a copy that may not sign itself, and a marker that cannot be read forbids', async () => {
    await backUp()
    await restoreBackup({ from: out, root: fresh })
    out = `${out}-2`
    await expect(backUp(true, fresh)).rejects.toMatchObject({ code: 'ledger-standby' })
    expect(await backUp(false, fresh)).toMatchObject({ size: 302, final: false })
    writeFileSync(test.folder.signingState, '{"standing":')
    await expect(test.open()).rejects.toMatchObject({ code: 'config-invalid' })
    clearSigningState(test.folder)
    expect(readSigningState(test.folder)).toBeUndefined()
  })
})

describe('time stamps', () => {
  const recordsOf = (root: string): TimeStampFiles => new TimeStampFiles(join(root, 'timestamps'))
  const text = (root: string, size: number): string => Buffer.from(recordsOf(root).read(size) ?? []).toString()

  it('go into a backup as far as it reaches, grow with it, and come out of it', async () => {
    const own = recordsOf(test.root)
    own.write(3, Buffer.from('one layer\n'))
    own.write(310, Buffer.from('of more than the backup holds\n'))
    await backUp()
    expect([recordsOf(out).sizes(), text(out, 3)]).toEqual([[3], 'one layer\n'])
    const before = statSync(join(out, 'timestamps', '3.time-stamps')).ino
    await backUp()
    // What has not grown is not written again.
    expect(statSync(join(out, 'timestamps', '3.time-stamps')).ino).toBe(before)
    own.write(3, Buffer.from('one layer\nand a renewal\n'))
    await fillTo(310)
    await backUp()
    expect([recordsOf(out).sizes(), text(out, 3)]).toEqual([[3, 310], 'one layer\nand a renewal\n'])
    await restoreBackup({ from: out, root: fresh })
    expect(recordsOf(fresh).sizes()).toEqual([3, 310])
    expect(text(fresh, 3)).toBe('one layer\nand a renewal\n')
    expect((await verifyBackup()).codes).toEqual([])
  })

  it.each([
    ['shorter', 'one'],
    ['other', 'two layers\n'],
  ])('that the source has in a %s form do not take the place of the backup’s', async (_, content) => {
    recordsOf(test.root).write(3, Buffer.from('one layer\n'))
    await backUp()
    recordsOf(test.root).write(3, Buffer.from(content))
    await expect(backUp()).rejects.toMatchObject({ code: 'consistency-invalid' })
    expect(text(out, 3)).toBe('one layer\n')
  })
})
