import { spawn } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { parseSignedCheckpoint, signCheckpoint } from '../../src/core/checkpoint.ts'
import { parseVerifierKey, verifierKey, verifyNote } from '../../src/core/note.ts'
import { parseReceipt } from '../../src/core/receipt.ts'
import { Replica } from '../../src/ledger/copy/replica.ts'
import { readLedgerKey } from '../../src/ledger/create.ts'
import { readOwnKey, readPolicyFile } from '../../src/ledger/data-folder.ts'
import { FolderSource } from '../../src/ledger/folder-source.ts'
import { Ledger } from '../../src/ledger/ledger.ts'
import { secondKeyOf } from '../../src/ledger/rotation-second-key.ts'
import { requestRotation, rotateLedgerKey, type RotationStep } from '../../src/ledger/rotation.ts'
import { createKeyFile, type SigningKey } from '../../src/node/key-file.ts'
import { checkReceipt } from '../../src/verify/check-receipt.ts'
import { rotatedPolicy } from '../../src/verify/rotated-policy.ts'
import { walk } from '../../src/verify/walk.ts'
import { type TestFolder, trialFolder } from '../support/folder.ts'
import { statement } from '../support/statements.ts'

const dist = fileURLToPath(new URL('../../dist/src', import.meta.url))

let test: TestFolder
let next: SigningKey
let keyFile: string
beforeEach(async () => {
  test = await trialFolder()
  keyFile = join(test.root, '..', 'next.pem')
  next = createKeyFile(keyFile)
})
afterEach(() => test.remove())

async function signedRotation(more: object = {}): Promise<string> {
  const { aud, kind, ...members } = await requestRotation(test.root, next, 'routine')
  return statement(test.administrator, aud, kind, { ...members, ...more }, { iss: 'administrator' }).jws
}

/** Rotates in another process, which is killed at a step. */
async function killedAt(step: RotationStep, text: string | undefined): Promise<NodeJS.Signals | null> {
  const code = `
    import { rotateLedgerKey, readLedgerKey } from '${dist}/ledger/index.js'
    import { readKeyFile } from '${dist}/node/key-file.js'
    const [root, keyFile, step, statement] = process.argv.slice(1)
    await rotateLedgerKey({ root, keyFile, next: readKeyFile(keyFile), old: readLedgerKey(root),
      ...(statement === undefined ? {} : { statement }),
      onStep: (at) => { if (at === step) process.kill(process.pid, 'SIGKILL') } })`
  const args = ['--input-type=module', '-e', code, test.root, keyFile, step, ...(text === undefined ? [] : [text])]
  const child = spawn(process.execPath, args, { stdio: 'inherit' })
  return new Promise((resolve) => child.on('close', (_, signal) => resolve(signal)))
}

const resume = (old?: SigningKey) =>
  rotateLedgerKey({ root: test.root, keyFile, next, ...(old === undefined ? {} : { old }) })

/** The ledger goes on under the new key, and nothing that was answered before is lost. */
async function requireRotated(before: string): Promise<void> {
  expect(existsSync(test.folder.rotation)).toBe(false)
  expect(readOwnKey(test.folder).publicKey).toEqual(next.publicKey)
  expect(readLedgerKey(test.root).thumbprint).toBe(next.thumbprint)
  const ledger = await Ledger.open(test.root, next)
  await ledger.deposit(test.deposit('after').presentation)
  const note = Buffer.from(ledger.reads.checkpoint)
  await ledger.close()
  expect(parseSignedCheckpoint(note).note.signatures).toHaveLength(1)
  const policy = readPolicyFile(test.folder.policy)
  const source = await FolderSource.open(test.root, readOwnKey(test.folder))
  const earlier = [parseSignedCheckpoint(Buffer.from(before))]
  const report = await walk({ source, policy, earlier })
  const tampered = await source.outsideFaults(report.size)
  await source.close()
  expect([report.faults, report.unjudged, source.faults, tampered]).toEqual([[], [], [], []])
  const [receipt] = readdirSync(test.folder.rotations)
  const rotation = readFileSync(join(test.folder.rotations, receipt as string))
  expect(checkReceipt(rotation, policy).faults).toEqual([])
  const signed = parseReceipt(rotation).proof.note
  const oldKey = parseVerifierKey(/log (\S+)/.exec(policyBefore)?.[1] as string)
  expect(verifyNote(signed, [oldKey, readOwnKey(test.folder)])).toHaveLength(2)
  expect(rotatedPolicy({ ...policy, logs: [{ ...policy.logs[0], key: oldKey }] } as typeof policy, [rotation])).toEqual(
    policy,
  )
}

let policyBefore: string
let noteBefore: string
beforeEach(async () => {
  policyBefore = readFileSync(test.folder.policy, 'utf8')
  const ledger = await test.open()
  noteBefore = ledger.reads.checkpoint
  await ledger.close()
})

describe('a rotation of the ledger’s key', () => {
  it('hands the folder over, and keeps the old key file for the operator to destroy', async () => {
    const old = readLedgerKey(test.root)
    const result = await rotateLedgerKey({ root: test.root, statement: await signedRotation(), next, old, keyFile })
    expect(result.index).toBe(2)
    await requireRotated(noteBefore)
    expect(readdirSync(test.folder.keys).filter((name) => name.startsWith('retired-'))).toHaveLength(1)
    await expect(Ledger.open(test.root, old)).rejects.toMatchObject({ code: 'genesis-ledger-keys' })
    // Even where somebody puts the old policy back.
    writeFileSync(test.folder.policy, policyBefore)
    await expect(Ledger.open(test.root, old)).rejects.toThrow()
  })

  it.each(['court.example/$&', 'court.example/$1$$', "court.example/$`$'"])(
    'CR-R: of the ledger %s, whose name holds what stands for another text in a replacement, names both keys as they are',
    async (origin) => {
      test.remove()
      test = await trialFolder({ origin })
      keyFile = join(test.root, '..', 'next.pem')
      next = createKeyFile(keyFile)
      const second = (): string | undefined =>
        secondKeyOf(readPolicyFile(test.folder.policy), readOwnKey(test.folder))?.text
      const [before, old] = [second(), readLedgerKey(test.root)]
      expect(before?.startsWith(`${origin}+`)).toBe(true)
      const statement = await signedRotation({ reason: 'compromised' })
      await rotateLedgerKey({ root: test.root, statement, next, old, keyFile })
      const policy = readFileSync(test.folder.policy, 'utf8')
      expect(policy.match(/^(?:log|witness) .*$/gm)?.length).toBe(2)
      expect(readPolicyFile(test.folder.policy).logs.map(({ key }) => key.name)).toEqual([origin])
      expect(second()?.startsWith(`${origin}+`)).toBe(true)
      expect(second()).not.toBe(before)
      await Ledger.open(test.root, next).then((ledger) => ledger.close())
    },
  )

  it.each<RotationStep>(['marked', 'sealed', 'receipt', 'policy', 'key'])(
    'killed when it is %s goes on where it was',
    async (step) => {
      const old = readLedgerKey(test.root)
      expect(await killedAt(step, await signedRotation())).toBe('SIGKILL')
      await expect(Ledger.open(test.root, readLedgerKey(test.root))).rejects.toMatchObject({
        code: 'rotation-unfinished',
      })
      // Killed once more at the same place, then let through.
      expect(await killedAt(step, undefined)).toBe('SIGKILL')
      await resume(old)
      await requireRotated(noteBefore)
    },
  )

  it('killed when all is done is done', async () => {
    expect(await killedAt('done', await signedRotation())).toBe('SIGKILL')
    await requireRotated(noteBefore)
  })

  it('killed between database and head file rolls the head forward', async () => {
    const head = readFileSync(test.folder.head)
    expect(await killedAt('sealed', await signedRotation())).toBe('SIGKILL')
    writeFileSync(test.folder.head, head)
    await resume(readLedgerKey(test.root))
    await requireRotated(noteBefore)
  })

  it('of a lost key goes on with the new one alone', async () => {
    const text = await signedRotation({ reason: 'lost' })
    await rotateLedgerKey({ root: test.root, statement: text, next, keyFile })
    const ledger = await Ledger.open(test.root, next)
    expect(parseSignedCheckpoint(Buffer.from(ledger.reads.checkpoint)).note.signatures).toHaveLength(1)
    await ledger.close()
  })

  it('that the rulebook refuses changes nothing', async () => {
    const old = readLedgerKey(test.root)
    const bad = await signedRotation({ possession: 'not a checkpoint' })
    await expect(rotateLedgerKey({ root: test.root, statement: bad, next, old, keyFile })).rejects.toMatchObject({
      code: 'ledger-possession',
    })
    expect(existsSync(test.folder.rotation)).toBe(false)
    expect(readFileSync(test.folder.policy, 'utf8')).toBe(policyBefore)
    const other = createKeyFile(join(test.root, '..', 'other.pem'))
    const good = await signedRotation()
    await expect(
      rotateLedgerKey({ root: test.root, statement: good, next: other, old, keyFile }),
    ).rejects.toMatchObject({
      code: 'ledger-key-invalid',
    })
    await expect(rotateLedgerKey({ root: test.root, statement: good, next, keyFile })).rejects.toMatchObject({
      code: 'usage',
    })
    const ledger = await Ledger.open(test.root, old)
    // A server that has not the new key does not seal a rotation.
    await expect(ledger.deposit(good)).rejects.toMatchObject({ code: 'rotation-offline' })
    await ledger.deposit(test.deposit('still the old key').presentation)
    await ledger.close()
  })

  it('is followed: the copy takes the checkpoint that both signed, and goes on with the new policy', async () => {
    const root = join(test.root, '..', 'follower')
    const leader = await test.open()
    const first = await leader.replication.piece(0, 0, 'other')
    await leader.close()
    const key = readOwnKey(test.folder)
    const replica = await Replica.create({ root, policy: Buffer.from(policyBefore), key, of: 'http://leader', first })
    const old = readLedgerKey(test.root)
    await rotateLedgerKey({ root: test.root, statement: await signedRotation(), next, old, keyFile })
    const rotated = await Ledger.open(test.root, next)
    await replica.apply(await rotated.replication.piece(replica.size, 0, 'other'))
    expect(replica.size).toBe(3)
    await rotated.deposit(test.deposit('after').presentation)
    const piece = await rotated.replication.piece(3, 0, 'other')
    await expect(replica.apply(piece)).rejects.toMatchObject({ code: 'checkpoint-untrusted' })
    await replica.close()
    writeFileSync(join(root, 'policy'), readFileSync(test.folder.policy))
    const again = await Replica.open(root)
    await again.apply(piece)
    expect(again.size).toBe(4)
    await again.close()
    // One that is made anew under the new policy takes all from the beginning.
    const anew = join(test.root, '..', 'anew')
    const policy = readFileSync(test.folder.policy)
    const all = await rotated.replication.piece(0, 0, 'other')
    const whole = await Replica.create({
      root: anew,
      policy,
      key: readOwnKey(test.folder),
      of: 'http://leader',
      first: all,
    })
    expect(whole.size).toBe(4)
    await whole.close()
    await rotated.close()
  })

  it('does not make checkpoints that were kept before it strange', async () => {
    const old = readLedgerKey(test.root)
    await rotateLedgerKey({ root: test.root, statement: await signedRotation(), next, old, keyFile })
    const kept = { ...parseSignedCheckpoint(Buffer.from(noteBefore)), where: 'kept' }
    await (await Ledger.open(test.root, next, { known: [kept] })).close()
    // By the old key, of a size that it does not sign: a thief's.
    const key = verifierKey(test.origin, old.publicKey)
    const forged = signCheckpoint({ origin: test.origin, size: 9, root: new Uint8Array(32) }, key, old.sign)
    const known = [{ ...parseSignedCheckpoint(Buffer.from(forged)), where: 'forged' }]
    await expect(Ledger.open(test.root, next, { known })).rejects.toMatchObject({ code: 'checkpoint-untrusted' })
  })
})
