import { cpSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { toBase64 } from '../../src/core/base64.ts'
import { utf8 } from '../../src/core/bytes.ts'
import { disclosureDigest } from '../../src/core/disclosure.ts'
import { backUpFolder } from '../../src/ledger/copy/final.ts'
import { judgedOrders } from '../../src/ledger/copy/judged-orders.ts'
import type { Piece } from '../../src/ledger/copy/piece.ts'
import { Replica } from '../../src/ledger/copy/replica.ts'
import { restoreBackup } from '../../src/ledger/copy/restore.ts'
import { addErasures, readErasures } from '../../src/ledger/erasures.ts'
import { dataFolder, readOwnKey } from '../../src/ledger/data-folder.ts'
import type { Ledger } from '../../src/ledger/ledger.ts'
import type { ComposedStatement, Signer } from '../../src/statements/compose.ts'
import { origin, startMs, TestChain } from '../support/chain.ts'
import { temporaryFolder, type TestFolder, trialFolder } from '../support/folder.ts'
import { judgeFolder } from '../support/folder-faults.ts'
import { signerNamed } from '../support/signers.ts'
import { statement } from '../support/statements.ts'

const court = signerNamed('court')
const sealed = { case: [{ number: '(2026)沪0104刑初4418号' }], note: 'about it' }
let test: TestFolder
let ledger: Ledger
let path: string
let remove: () => void

function filesWith(root: string, made: ComposedStatement): string[] {
  const traces = made.disclosures.map(({ text }) => Buffer.from(text.slice(6, 26)))
  return readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((name) => {
    const at = join(root, name)
    if (!statSync(at).isFile()) return false
    const bytes = readFileSync(at)
    return traces.some((trace) => bytes.includes(trace))
  })
}
const say = (signer: Signer, iss: string, kind: string, members: object, claims = {}): ComposedStatement =>
  statement(signer, test.origin, kind, members, { iss, sealed: claims })

async function deposit(made: ComposedStatement): Promise<object> {
  const { index, leafHash } = await ledger.deposit(made.presentation)
  return { index, leafHash: toBase64(leafHash), digests: made.disclosures.map(({ digest }) => digest) }
}
const order = (...of: object[]): Promise<{ index: number }> =>
  ledger.deposit(say(court, 'court', 'erasure.order', { of }, { basis: 'Decision 12' }).presentation)

beforeEach(async () => {
  ;({ path, remove } = temporaryFolder())
  test = await trialFolder()
  ledger = await test.open()
  const participant = { id: 'court', type: 'court', roles: ['authority'], keys: [court.jwk] }
  await ledger.deposit(say(test.administrator, 'administrator', 'participant.admit', { participant }).presentation)
})
afterEach(async () => {
  await ledger.close()
  test.remove()
  remove()
})

const piece = (from: number, erasures: number): Promise<Piece> => ledger.replication.piece(from, erasures, 'other')
async function follow(root: string): Promise<Replica> {
  const { policy } = test.folder
  const key = readOwnKey({ policy })
  return Replica.create({ root, policy: readFileSync(policy), key, of: 'http://leader', first: await piece(0, 0) })
}

describe('a follower', () => {
  it('executes an order that it judged, and leaves no trace of what it names', async () => {
    const made = test.deposit('evidence', { sealed })
    const target = await deposit(made)
    const other = test.deposit('another', { sealed })
    await deposit(other)
    const root = join(path, 'follower')
    const replica = await follow(root)
    expect(filesWith(root, made)).not.toEqual([])
    await order(target)
    await replica.apply(await piece(replica.size, replica.erasures))
    expect(filesWith(root, made)).toEqual([])
    expect(filesWith(root, other)).not.toEqual([])
    expect(readErasures(dataFolder(root).erased)).toEqual(readErasures(test.folder.erased))
    await replica.close()
    expect((await judgeFolder(test, root)).codes).toEqual([])
  })

  it('agrees on orders that name one claim twice, one by one or in one piece, and at its next start', async () => {
    const roots = ['between', 'after'].map((name) => join(path, name))
    const made = test.deposit('evidence', { sealed })
    const target = await deposit(made)
    const replicas = [await follow(roots[0] as string), await follow(roots[1] as string)] as const
    const [between, after] = replicas
    await order(target)
    await between.apply(await piece(between.size, between.erasures))
    await order(target)
    for (const replica of replicas) await replica.apply(await piece(replica.size, replica.erasures))
    const told = readErasures(test.folder.erased)
    expect(told.map(({ by }) => by)).toEqual([ledger.reads.size - 2, ledger.reads.size - 1])
    expect([between.size, after.size]).toEqual([ledger.reads.size, ledger.reads.size])
    for (const [i, replica] of replicas.entries()) {
      const root = roots[i] as string
      await replica.close()
      const again = await Replica.open(root)
      await again.apply(await piece(again.size, again.erasures))
      await again.close()
      expect(readErasures(dataFolder(root).erased)).toEqual(told)
      expect(filesWith(root, made)).toEqual([])
      expect((await judgeFolder(test, root)).codes).toEqual([])
    }
  })

  it('that begins after the order misses nothing', async () => {
    const made = test.deposit('evidence', { sealed })
    await order(await deposit(made))
    const root = join(path, 'late')
    const replica = await follow(root)
    expect(replica.size).toBe(ledger.reads.size)
    await replica.close()
    expect((await judgeFolder(test, root)).codes).toEqual([])
  })

  it('erases nothing by a line of the list that says that it is an order’s', async () => {
    const made = test.deposit('evidence', { sealed })
    const target = (await deposit(made)) as { index: number; digests: string[] }
    const root = join(path, 'deceived')
    const replica = await follow(root)
    addErasures(test.folder.erased, [{ index: target.index, digests: target.digests, by: 1 }])
    await replica.apply(await piece(replica.size, replica.erasures))
    expect(filesWith(root, made)).not.toEqual([])
    expect(replica.erasures).toBe(1)
    await replica.close()
  })

  it('does at the next start what it was cut off in', async () => {
    const made = test.deposit('evidence', { sealed })
    const target = await deposit(made)
    const root = join(path, 'killed')
    const replica = await follow(root)
    await order(target)
    const parts = (replica as unknown as { parts: { storage: { exclusively: unknown } } }).parts
    parts.storage.exclusively = () => Promise.reject(new Error('killed'))
    await expect(replica.apply(await piece(replica.size, replica.erasures))).rejects.toThrow('killed')
    const crashed = join(path, 'crashed')
    cpSync(root, crashed, { recursive: true, filter: (name) => !/\/lock(?!up)/.test(name) })
    expect(filesWith(crashed, made)).not.toEqual([])
    const again = await Replica.open(crashed)
    expect(filesWith(crashed, made)).toEqual([])
    await again.close()
  })
})

describe('a backup', () => {
  const backUp = async (out: string): Promise<void> => {
    await ledger.close()
    await backUpFolder({ root: test.root, out, final: false })
    ledger = await test.open()
  }

  it('executes an order that it judged, and restores nothing of it', async () => {
    const [made, stays] = [test.deposit('evidence', { sealed }), test.deposit('another', { sealed })]
    const target = await deposit(made)
    await deposit(stays)
    const out = join(path, 'backup')
    await backUp(out)
    expect(filesWith(out, made)).not.toEqual([])
    await order(target)
    await backUp(out)
    expect([filesWith(out, made), filesWith(out, stays).length > 0]).toEqual([[], true])
    const root = join(path, 'restored')
    await restoreBackup({ from: out, root })
    expect((await judgeFolder(test, root)).codes).toEqual([])
  })

  it('erases nothing by a line of the list that says that it is an order’s', async () => {
    const made = test.deposit('evidence', { sealed })
    const target = (await deposit(made)) as { index: number; digests: string[] }
    addErasures(test.folder.erased, [{ index: target.index, digests: target.digests, by: 1 }])
    const out = join(path, 'deceived')
    await backUp(out)
    expect(filesWith(out, made)).not.toEqual([])
    const root = join(path, 'restored')
    await restoreBackup({ from: out, root })
    expect(filesWith(root, made)).not.toEqual([])
  })
})

describe('orders of a copy that judges nothing else', () => {
  const chain = (): TestChain => new TestChain().start().deposits(3)
  const copyOf = (made: TestChain): Parameters<typeof judgedOrders>[0] => ({
    size: made.bytes.length,
    bundle: () => made.bytes,
  })
  const orders = (made: TestChain, by: string, over: object = {}): number => {
    const digests = (made.disclosed.get(3) ?? []).map(disclosureDigest)
    const members = { of: [{ ...made.reference(3), digests, ...over }], _sd: [court.thumbprint], _sd_alg: 'sha-256' }
    return made.add(statement(signerNamed(by), origin, 'erasure.order', members, { iss: by, iat: startMs / 1000 }).jws)
  }
  const found = (made: TestChain, from = 0): number[] => judgedOrders(copyOf(made), origin, from).map(({ by }) => by)

  it('are those of an authority, of claims that are there', () => {
    const made = chain()
    made.admit('court', ['authority'])
    const by = orders(made, 'court')
    expect(found(made)).toEqual([by])
    expect(found(made, by + 1)).toEqual([])
    expect(judgedOrders(copyOf(made), origin, 0)[0]?.of[0]?.index).toBe(3)
  })

  it('are not those of others, of an authority that was not admitted yet or is no more, nor of other digests', () => {
    const early = chain()
    orders(early, 'court')
    early.admit('court', ['authority'])
    expect(found(early)).toEqual([])
    const made = chain()
    made.admit('court', ['auditor'])
    orders(made, 'court')
    orders(made, 'depositor')
    expect(found(made)).toEqual([])
    const foreign = chain()
    foreign.admit('court', ['authority'])
    orders(foreign, 'court', { digests: [court.thumbprint] })
    orders(foreign, 'court', { leafHash: Buffer.alloc(32).toString('base64') })
    expect(found(foreign)).toEqual([])
  })

  it('are none after an entry that cannot be read, whose authority nobody can judge', () => {
    const made = chain()
    made.bytes[2] = utf8('nothing')
    made.admit('court', ['authority'])
    const by = orders(made, 'court')
    expect(found(made)).toEqual([by])
    made.bytes[1] = utf8('nothing')
    made.bytes[5] = utf8('nothing')
    expect(found(made)).toEqual([])
  })
})
