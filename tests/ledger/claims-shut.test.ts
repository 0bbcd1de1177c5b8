import { cpSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { readClaimsShut, openClaims } from '../../src/ledger/claims-shut.ts'
import { backUpFolder } from '../../src/ledger/copy/final.ts'
import { promote } from '../../src/ledger/copy/promote.ts'
import { Replica } from '../../src/ledger/copy/replica.ts'
import { restoreBackup } from '../../src/ledger/copy/restore.ts'
import { readLedgerKey } from '../../src/ledger/create.ts'
import { dataFolder, readOwnKey } from '../../src/ledger/data-folder.ts'
import { Ledger } from '../../src/ledger/ledger.ts'
import { temporaryFolder, type TestFolder, trialFolder } from '../support/folder.ts'
import { everything } from '../../src/ledger/lookup-scope.ts'

const number = '(2026)沪0104刑初4419号'
let test: TestFolder
let path: string
let remove: () => void
let out: string
let root: string

beforeEach(async () => {
  ;({ path, remove } = temporaryFolder())
  ;[out, root] = [join(path, 'backup'), join(path, 'restored')]
  test = await trialFolder()
  const ledger = await test.open()
  await ledger.deposit(test.deposit('evidence', { sealed: { case: [{ number }], note: 'x' } }).presentation)
  await ledger.close()
})
afterEach(() => {
  test.remove()
  remove()
})

async function restored(final = false): Promise<Ledger> {
  await backUpFolder({ root: test.root, out, final })
  await restoreBackup({ from: out, root, takeOver: !final })
  cpSync(test.folder.ledgerKey, dataFolder(root).ledgerKey)
  return Ledger.open(root, readLedgerKey(root))
}

const shown = async (ledger: Ledger): Promise<number[]> => [
  (await ledger.reads.disclosures(await ledger.reads.entry(2))).length,
  (await ledger.reads.search({ by: 'case', number }, everything, -1, 9)).length,
]

describe('a ledger that was restored', () => {
  it('shows no sealed claim, and gives none to copies, until its operator says that it has every order', async () => {
    const ledger = await restored()
    expect(await shown(ledger)).toEqual([0, 0])
    expect(ledger.claimsRefusal?.code).toBe('claims-shut')
    await expect(ledger.replication.piece(0, 0, 'other')).rejects.toMatchObject({ code: 'claims-shut' })
    // It takes deposits, and answers them.
    await ledger.deposit(test.deposit('later', { sealed: { note: 'y' } }).presentation)
    await ledger.close()
    expect(readClaimsShut(dataFolder(root))).toMatchObject({ of: out, size: 3 })
    await expect(backUpFolder({ root, out: join(path, 'final'), final: true })).rejects.toMatchObject({
      code: 'claims-shut',
    })
    expect(openClaims(dataFolder(root))).toMatchObject({ size: 3 })
    const open = await Ledger.open(root, readLedgerKey(root))
    expect(await shown(open)).toEqual([2, 1])
    expect(open.claimsRefusal).toBeUndefined()
    await open.close()
    expect(openClaims(dataFolder(root))).toBeUndefined()
  })

  it('of the final backup of a move shows them: what it left behind takes no order', async () => {
    const ledger = await restored(true)
    expect(await shown(ledger)).toEqual([2, 1])
    await ledger.close()
  })

  it('of such a backup, restored by a word although the move was called off or another restore took it, shows none', async () => {
    await backUpFolder({ root: test.root, out, final: true })
    await promote({ root: test.root, takeOver: true })
    await restoreBackup({ from: out, root, takeOver: true })
    cpSync(test.folder.ledgerKey, dataFolder(root).ledgerKey)
    const ledger = await Ledger.open(root, readLedgerKey(root))
    expect(await shown(ledger)).toEqual([0, 0])
    expect(ledger.claimsRefusal?.code).toBe('claims-shut')
    await ledger.close()
  })
})

describe('a follower that takes the place of its leader', () => {
  it('shows no sealed claim until its operator says so: an order may have come after what it held', async () => {
    const leader = await test.open()
    const first = await leader.replication.piece(0, 0, 'other')
    const { policy } = test.folder
    const key = readOwnKey({ policy })
    const of = 'http://leader'
    const replica = await Replica.create({ root, policy: readFileSync(policy), key, of, first })
    await replica.close()
    await leader.close()
    expect(await promote({ root, takeOver: true })).toMatchObject({ size: 3, claimsShut: true })
    cpSync(test.folder.ledgerKey, dataFolder(root).ledgerKey)
    const ledger = await Ledger.open(root, readLedgerKey(root))
    expect(await shown(ledger)).toEqual([0, 0])
    await expect(ledger.replication.piece(0, 0, 'other')).rejects.toMatchObject({ code: 'claims-shut' })
    await ledger.close()
    expect(openClaims(dataFolder(root))).toMatchObject({ of, size: 3 })
    const open = await Ledger.open(root, readLedgerKey(root))
    expect(await shown(open)).toEqual([2, 1])
    await open.close()
  })
})
