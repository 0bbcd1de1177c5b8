import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { handedFiles } from '../../src/check/node/handed-files.ts'
import { type Besides, judgeFile } from '../../src/check/steps/judge.ts'
import { askStatus } from '../../src/check/steps/ask-later.ts'
import { standingOf } from '../../src/check/steps/later.ts'
import { noTime } from '../../src/check/steps/time.ts'
import type { LedgerClient } from '../../src/client/ledger-client.ts'
import { toBase64 } from '../../src/core/base64.ts'
import { utf8 } from '../../src/core/bytes.ts'
import { parseSignedCheckpoint, signCheckpoint } from '../../src/core/checkpoint.ts'
import { leafHash } from '../../src/core/entry.ts'
import { EvidenceError } from '../../src/core/errors.ts'
import { verifierKey } from '../../src/core/note.ts'
import { LogView } from '../../src/log/view.ts'
import { LedgerMonitor, type VantagePoint } from '../../src/monitor/monitor.ts'
import { UnreachedNotes } from '../../src/monitor/unreached.ts'
import { VerifiedCopy } from '../../src/monitor/verified-copy.ts'
import { type CheckedReceipt, checkReceipt } from '../../src/verify/check-receipt.ts'
import { exitCodeOf } from '../../src/verify/report.ts'
import { walk } from '../../src/verify/walk.ts'
import { depositor, ledgerSigner, origin, policy, startMs, TestChain } from '../support/chain.ts'
import { statusInChain } from '../support/chain-status.ts'
import { temporaryFolder } from '../support/folder.ts'
import { deposit, statement } from '../support/statements.ts'

/* docs/design/verification.md, "A fault in hand stays". */

const iat = startMs / 1000
const subject = 2

function chainOf(...contents: readonly string[]): TestChain {
  const chain = new TestChain().start()
  for (const content of contents) chain.add(deposit(depositor, origin, content, { iat }).jws)
  return chain.seal()
}

const answerOf = (chain: TestChain, events: readonly number[] = [], next: number | null = null): Promise<object> =>
  statusInChain(chain, { index: subject, from: 3, events, next })

async function receiptIn(chain: TestChain): Promise<Uint8Array> {
  const view = await LogView.open(chain)
  return view.receipt(await view.entry(subject), depositor.jwk, [])
}

function checkedOf(receipt: Uint8Array): CheckedReceipt {
  const checked = checkReceipt(receipt, policy)
  if (checked.receipt === undefined) throw new Error('no receipt')
  expect(checked.faults).toEqual([])
  return checked
}

/** A ledger that answers these pages of a status, then refuses; and shows this as its checkpoint. */
function ledgerOf(
  pages: readonly object[],
  shown: () => Uint8Array | undefined,
): { asked: string[]; client: LedgerClient } {
  const asked: string[] = []
  const left = [...pages]
  const client = {
    url: 'https://ledger.test',
    status: () => {
      asked.push('status')
      const page = left.shift()
      return page === undefined
        ? Promise.reject(new EvidenceError('server-unreachable', 'the connection broke off'))
        : Promise.resolve(page)
    },
    fetchBytes: (path: string) => {
      asked.push(path)
      return Promise.resolve().then(shown)
    },
    participants: () => Promise.resolve([]),
  }
  return { asked, client: client as unknown as LedgerClient }
}

const elsewhere = 'other.example/ledger'
const otherKey = verifierKey(elsewhere, ledgerSigner.publicKey)
const otherNote = signCheckpoint({ origin: elsewhere, size: 1, root: new Uint8Array(32) }, otherKey, ledgerSigner.sign)

const spoilt: readonly (readonly [string, () => Uint8Array | undefined])[] = [
  ['garbage', () => utf8('x')],
  ['nothing', () => new Uint8Array()],
  ['a 404', () => undefined],
  ['another ledger', () => utf8(otherNote)],
  [
    'no answer at all',
    () => {
      throw new EvidenceError('server-unreachable', 'the connection broke off')
    },
  ],
]

const one = chainOf('the file')
const other = chainOf('another file')

describe('R8 M1: a fork that is in hand', () => {
  it.each(spoilt)('stays where the ledger shows as its checkpoint: %s', async (_what, shown) => {
    const { client, asked } = ledgerOf([await answerOf(other)], shown)
    const forked = { ...(await answerOf(other)), leafHash: toBase64(leafHash(one.bytes[subject] as Uint8Array)) }
    const own = ledgerOf([forked], shown)
    const status = await askStatus(own.client, checkedOf(await receiptIn(one)), policy)
    expect(status.faults).toMatchObject([{ code: 'consistency-invalid' }])
    expect(exitCodeOf(status.faults, [])).toBe(1)
    expect(own.asked).toEqual(['status'])
    const bare = await askStatus(client, checkedOf(await receiptIn(one)), policy)
    expect(bare.faults).toMatchObject([{ code: 'consistency-invalid' }])
    expect(asked).toEqual(['status'])
  })

  it.each<readonly [string, (answer: object) => object]>([
    ['no consistency', ({ ...answer }) => ({ ...answer, consistency: undefined })],
    ['no events', ({ ...answer }) => ({ ...answer, events: null })],
    ['another size beside it', ({ ...answer }) => ({ ...answer, size: 99 })],
    ['another entry', ({ ...answer }) => ({ ...answer, index: 0 })],
    ['hashes that are none', ({ ...answer }) => ({ ...answer, hashes: ['x'] })],
  ])('stays where the rest of the answer is spoilt: %s', async (_what, change) => {
    const { client, asked } = ledgerOf([change(await answerOf(other))], () => utf8('x'))
    const status = await askStatus(client, checkedOf(await receiptIn(one)), policy)
    expect(status.faults).toMatchObject([{ code: 'consistency-invalid' }])
    expect(exitCodeOf(status.faults, [])).toBe(1)
    expect(asked).toEqual(['status'])
  })
})

describe('R8 M1: what an earlier page proved', () => {
  it.each(spoilt)('stays where the next is unreadable, and the ledger shows: %s', async (_what, shown) => {
    const chain = chainOf('the file')
    const checked = checkedOf(await receiptIn(chain))
    const of = chain.reference(subject)
    const at = chain.add(statement(depositor, origin, 'evidence.retract', { of, reason: 'mistake' }, { iat }).jws)
    const page = await answerOf(chain.seal(), [at], at)
    const { client } = ledgerOf([page, { spoilt: true }], shown)
    const status = await askStatus(client, checked, policy)
    expect(status.events).toMatchObject([{ what: 'retracted', proven: true }])
    expect(standingOf(status)).toBe('retracted')
    expect(exitCodeOf(status.faults, [])).toBe(3)
  })
})

describe('R8 M1: a fault that is in hand', () => {
  let path: string
  let remove: () => void
  beforeEach(() => {
    ;({ path, remove } = temporaryFolder())
  })
  afterEach(() => remove())

  const refusing = (code: 'usage' | 'file-unreadable' | 'server-unreachable') => () =>
    Promise.reject(new EvidenceError(code, 'it is refused'))
  const nothing: Besides = { upward: undefined, later: undefined, time: () => Promise.resolve(noTime) }

  async function judged(content: string, besides: Partial<Besides>): Promise<{ codes: string[]; exit: number }> {
    const [file, receipt] = [join(path, 'file'), join(path, 'file.tlog-proof')]
    writeFileSync(file, content)
    writeFileSync(receipt, await receiptIn(one))
    const asked = { besides: { ...nothing, ...besides } }
    const { faults, unjudged } = await judgeFile(handedFiles, file, { kind: 'receipt', receipt }, policy, asked)
    return { codes: faults.map(({ code }) => code), exit: exitCodeOf(faults, unjudged) }
  }

  it.each(['later', 'time', 'upward'] as const)('stays where this refuses: %s', async (step) => {
    for (const code of ['usage', 'file-unreadable', 'server-unreachable'] as const) {
      const { codes, exit } = await judged('not the file', { [step]: refusing(code) })
      const refused = code === 'usage' ? 'server-answer' : code
      expect([codes[0], codes.at(-1), exit]).toEqual(['file-differs', refused, 1])
    }
  })

  it('stays where the time proof beside a fork cannot be read', async () => {
    const { client } = ledgerOf([await answerOf(other)], () => undefined)
    const later: Besides['later'] = ({ checked }, trusted) => askStatus(client, checked as CheckedReceipt, trusted)
    const { codes, exit } = await judged('the file', { later, time: refusing('file-unreadable') })
    expect([codes, exit]).toEqual([['consistency-invalid', 'file-unreadable'], 1])
  })

  it('is needed: without one a refusal is thrown, as ever', async () => {
    await expect(judged('the file', { later: refusing('usage') })).rejects.toMatchObject({ code: 'usage' })
    await expect(judged('the file', { time: refusing('file-unreadable') })).rejects.toMatchObject({
      code: 'file-unreadable',
    })
  })

  const unreadable = (chain: TestChain): TestChain =>
    Object.assign(Object.create(chain) as TestChain, { entries: refusing('server-unreachable') })

  it('of a re-walk stays where the source gives no entries', async () => {
    const earlier = [parseSignedCheckpoint(utf8(one.note))]
    const report = await walk({ source: unreadable(other), policy, earlier })
    expect(report.faults.map(({ code }) => code)).toEqual(['consistency-invalid', 'server-unreachable'])
    expect(exitCodeOf(report.faults, report.unjudged)).toBe(1)
    await expect(walk({ source: unreadable(one), policy, earlier })).rejects.toMatchObject({
      code: 'server-unreachable',
    })
  })

  async function monitorOf(...points: readonly VantagePoint[]): Promise<LedgerMonitor> {
    const { copy } = await VerifiedCopy.open(join(path, 'copy'), origin, policy)
    const watch = { digests: [], participants: [] }
    return new LedgerMonitor({
      copy,
      policy,
      points: () => points,
      proofs: join(path, 'proofs'),
      unreached: new UnreachedNotes(join(path, 'unreached')),
      watch,
    })
  }
  const place = (where: string, chain: TestChain): VantagePoint & { chain: TestChain; source: TestChain } => ({
    where,
    chain,
    source: chain,
    checkpoint(): Promise<Uint8Array> {
      return this.chain.checkpoint()
    },
  })

  it('of a monitor stays where its proof cannot be written, with what proves it', async () => {
    const [first, second] = [place('first', one), place('second', one)]
    const monitor = await monitorOf(first, second)
    await monitor.poll()
    second.chain = other
    writeFileSync(join(path, 'proofs'), 'a file where the folder is to be')
    const events = await monitor.poll()
    expect(events).toMatchObject([
      { event: 'alarm', what: 'unproven', where: 'second', checkpoints: [other.note, one.note] },
    ])
  })

  it('of a monitor stays where one place fails in a way of its own', async () => {
    const [first, second] = [place('first', one), place('second', one)]
    const broken = { where: 'broken', checkpoint: () => Promise.reject(new TypeError('no such place')) }
    const monitor = await monitorOf(first, second, broken)
    await monitor.poll()
    second.chain = other
    mkdirSync(join(path, 'proofs'))
    const told = (await monitor.poll()).map(({ what, where }) => [what, where])
    expect(told).toContainEqual(['misbehaviour', 'second'])
    expect(told.map(([what]) => what)).toContain('unfinished')
  })

  it('of a monitor stays where the tiles that would explain it are not given', async () => {
    const point = place('ledger', one)
    const monitor = await monitorOf(point)
    await monitor.poll()
    const longer = chainOf('another file', 'and one more')
    let asked = 0
    const stalling = Object.assign(Object.create(longer) as TestChain, {
      tile: (level: number, n: number, width: number) =>
        asked++ === 0 ? longer.tile(level, n, width) : Promise.reject(new EvidenceError('server-unreachable', 'gone')),
    })
    Object.assign(point, { chain: stalling, source: stalling })
    // One tile shows both trees: the two checkpoints are proven to be of different histories.
    expect(await monitor.poll()).toMatchObject([
      { event: 'alarm', what: 'misbehaviour' },
      { event: 'notice', what: 'behind' },
    ])
  })
})
