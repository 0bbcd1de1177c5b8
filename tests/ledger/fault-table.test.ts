import { afterEach, describe, expect, it } from 'vitest'
import { utf8 } from '../../src/core/bytes.ts'
import { parseSignedCheckpoint } from '../../src/core/checkpoint.ts'
import type { VerifierKey } from '../../src/core/note.ts'
import { parseReceipt } from '../../src/core/receipt.ts'
import { ClockGuard, systemClock } from '../../src/ledger/clock.ts'
import { readLedgerKey } from '../../src/ledger/create.ts'
import { readOwnKey } from '../../src/ledger/data-folder.ts'
import { FolderSource } from '../../src/ledger/folder-source.ts'
import { GatedStorage } from '../../src/ledger/gated-storage.ts'
import { HeadFile, readHead } from '../../src/ledger/head-file.ts'
import { LevelStorage } from '../../src/ledger/leveldb/level-storage.ts'
import { readLookupCodec } from '../../src/ledger/lookup-secret.ts'
import type { ReceiptText } from '../../src/ledger/receipt-writer.ts'
import { Rights } from '../../src/ledger/rights.ts'
import { Sequencer } from '../../src/ledger/sequencer.ts'
import type { LedgerStorage } from '../../src/ledger/storage.ts'
import { openSubmission, submissionOf } from '../../src/ledger/submission.ts'
import { LedgerTree } from '../../src/ledger/tree.ts'
import { examine } from '../../src/ledger/recovery.ts'
import { checkReceipt } from '../../src/verify/check-receipt.ts'
import { walk } from '../../src/verify/walk.ts'
import type { SigningKey } from '../../src/node/key-file.ts'
import { unitsOf } from '../../src/statements/said.ts'
import { releaseBy, transferMembers } from '../support/custody.ts'
import { policyOfFolder, type TestFolder, trialFolder } from '../support/folder.ts'
import { signerNamed } from '../support/signers.ts'
import { statement } from '../support/statements.ts'

/*
 * STYLE of the table: each write of a commit fails before it did anything, or fails after it persisted. Every time: nobody
 * is acknowledged, the writer stays stopped, reading goes on, and after reopening everything acknowledged is there.
 */
type Point = 'append before' | 'append after' | 'head before' | 'head after'
const points: Point[] = ['append before', 'append after', 'head before', 'head after']

let test: TestFolder | undefined
afterEach(() => test?.remove())

/** A sequencer on the folder's own storage and head, with a fault to come. */
async function sequencerWith(
  folder: TestFolder,
  point: Point,
  armed: { now: boolean },
): Promise<{ sequencer: Sequencer; storage: LevelStorage; head: HeadFile; key: VerifierKey }> {
  const key = readOwnKey(folder.folder)
  const storage = await LevelStorage.open(folder.folder.database, readLookupCodec(folder.folder))
  const guard = readHead(folder.folder.head, key)
  const published = await examine(storage, guard.checkpoint, [key])
  const head = await HeadFile.open(folder.folder.head, guard)
  const tree = await LedgerTree.rebuild(storage, published.state.size)
  const failing = async (where: 'append' | 'head', work: () => Promise<void>): Promise<void> => {
    if (armed.now && point === `${where} before`) throw new Error('EIO: injected')
    await work()
    if (armed.now && point === `${where} after`) throw new Error('EIO: injected')
  }
  const faulty = new Proxy(storage, {
    get: (target, name) => {
      if (name === 'append')
        return (group: Parameters<LedgerStorage['append']>[0]) => failing('append', () => target.append(group))
      const value: unknown = Reflect.get(target, name)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
  const faultyHead = { write: (note: string) => failing('head', () => head.write(note)) } as HeadFile
  const signer = readLedgerKey(folder.root)
  const epoch = await storage.claimWriter()
  const sequencer = new Sequencer({
    storage: new GatedStorage(faulty),
    epoch,
    tree,
    head: faultyHead,
    clock: new ClockGuard(systemClock, published.state.timeMs),
    key,
    sign: signer.sign,
    published,
    rights: new Rights({ reading: 'public', openDisclosures: false }),
  })
  return { sequencer, storage, head, key }
}

function submission(folder: TestFolder, content: string): ReturnType<typeof submissionOf> {
  return submitted(folder.deposit(content).presentation)
}

function submitted(presentation: string): ReturnType<typeof submissionOf> {
  const { envelope, disclosures } = openSubmission(presentation)
  return submissionOf(envelope, disclosures)
}

describe.each(points)('a commit that fails: %s', (point) => {
  it('acknowledges nobody, stops for good, and loses nothing that was acknowledged', async () => {
    test = await trialFolder()
    const folder = test
    const armed = { now: false }
    const { sequencer, storage, head, key } = await sequencerWith(folder, point, armed)
    const acknowledged = await Promise.all(
      Array.from({ length: 300 }, (_, i) => sequencer.submit(submission(folder, `before ${i}`))),
    )
    const sizeBefore = sequencer.published.state.size
    armed.now = true
    const failed = await Promise.allSettled(
      Array.from({ length: 5 }, (_, i) => sequencer.submit(submission(folder, `during ${i}`))),
    )
    expect(failed.map(({ status }) => status)).toEqual(Array(5).fill('rejected'))
    expect(failed.map((one) => (one as PromiseRejectedResult).reason.code)).toEqual(Array(5).fill('writer-stopped'))
    armed.now = false
    await expect(sequencer.submit(submission(folder, 'after'))).rejects.toMatchObject({ code: 'writer-stopped' })
    expect(sequencer.published.state.size).toBe(sizeBefore)
    await head.close()
    await storage.close()

    const persisted = point === 'append before' ? 0 : 5
    const ledger = await folder.open()
    expect(ledger.reads.size).toBe(sizeBefore + persisted)
    expect(readHead(folder.folder.head, key).checkpoint.size).toBe(ledger.reads.size)
    const whole = (receipt: ReceiptText | undefined): string => receipt?.text ?? ''
    for (const { index, receipt } of acknowledged) {
      expect(checkReceipt(utf8(whole(receipt)), policyOfFolder(folder)).faults).toEqual([])
      expect(
        Buffer.from((await ledger.reads.entry(index)).bytes).equals(
          Buffer.from(parseReceipt(utf8(whole(receipt))).entryBytes),
        ),
      ).toBe(true)
    }
    expect((await ledger.deposit(folder.deposit('goes on').presentation)).index).toBe(sizeBefore + persisted)
    await ledger.close()
    const source = await FolderSource.open(folder.root, key)
    const report = await walk({ source, policy: policyOfFolder(folder) })
    expect([...report.faults, ...source.faults]).toEqual([])
    await source.close()
    expect(parseSignedCheckpoint(utf8(ledger.reads.checkpoint)).checkpoint.size).toBe(report.size)
  })
})

describe.each(points)('custody, at a commit that fails: %s', (point) => {
  it('moves with the entry that moves it, or not at all', async () => {
    test = await trialFolder()
    const folder = test
    const { origin } = folder
    const iat = Math.floor(Date.now() / 1000)
    const say = (key: SigningKey, iss: string, kind: string, members: object) =>
      submitted(statement(key, origin, kind, members, { iss, iat }).presentation)
    const armed = { now: false }
    const { sequencer, storage, head } = await sequencerWith(folder, point, armed)
    const lab = signerNamed('lab')
    const participant = { id: 'lab', type: 'organisation', roles: ['attestor'], keys: [lab.jwk] }
    await sequencer.submit(say(folder.administrator, 'administrator', 'participant.admit', { participant }))
    const { index, leafHash } = await sequencer.submit(submission(folder, 'a disk'))
    const of = { index, leafHash: Buffer.from(leafHash).toString('base64') }
    const told = { aud: origin, iss: 'depositor', to: 'lab', exhibits: [of], since: index, iat }
    const members = transferMembers(releaseBy(folder.depositor, told), 'accepted', 1)
    armed.now = true
    const transfer = sequencer.submit(say(lab, 'lab', 'custody.transfer', members))
    await expect(transfer).rejects.toMatchObject({ code: 'writer-stopped' })
    expect(unitsOf(sequencer.published.state.registry, index, 'depositor')).toBe('with-issuer')
    await head.close()
    await storage.close()

    const ledger = await folder.open()
    const isPersisted = ledger.reads.size > index + 1
    expect(isPersisted).toBe(point !== 'append before')
    expect(unitsOf(ledger.registry, index, 'depositor')).toBe(isPersisted ? 'moved' : 'with-issuer')
    await ledger.close()
  })
})
