import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { utf8 } from '../../src/core/bytes.ts'
import { parseSignedCheckpoint, signCheckpoint } from '../../src/core/checkpoint.ts'
import { EvidenceError } from '../../src/core/errors.ts'
import { sha256 } from '../../src/core/hash.ts'
import type { LogSource } from '../../src/log/log.ts'
import type { MonitorEvent } from '../../src/monitor/events.ts'
import { LedgerMonitor, type VantagePoint } from '../../src/monitor/monitor.ts'
import { UnreachedNotes } from '../../src/monitor/unreached.ts'
import { type SignedNote, VerifiedCopy } from '../../src/monitor/verified-copy.ts'
import { checkMisbehaviour } from '../../src/verify/check-misbehaviour.ts'
import { depositor, ledgerKey, ledgerSigner, origin, policy, startMs, TestChain } from '../support/chain.ts'
import { temporaryFolder } from '../support/folder.ts'
import { deposit } from '../support/statements.ts'

/*
 * A ledger shows checkpoints of two histories and keeps back what they were made of: to a monitor it looks like a busy server. Two notes of one size are a
 * proof nonetheless, at whatever places and times they were shown, and one that is reached later is compared then.
 */
let path: string
let remove: () => void
beforeEach(() => {
  ;({ path, remove } = temporaryFolder())
})
afterEach(() => remove())

const iat = startMs / 1000
const file = (): string => join(path, 'copy', 'unreached')
const noteOf = (size: number, content: string): Uint8Array =>
  utf8(signCheckpoint({ origin, size, root: sha256(utf8(content)) }, ledgerKey, ledgerSigner.sign))
const signed = (bytes: Uint8Array): SignedNote => ({ ...parseSignedCheckpoint(bytes), bytes, verified: [] })

/** How a place keeps back its tiles: what a busy, a broken and a locked server do, and one that has never had them. */
const waysToKeepBack: Readonly<Record<string, () => Promise<never>>> = {
  'is busy': () => Promise.reject(new EvidenceError('server-busy', 'try again later')),
  'cannot be reached': () => Promise.reject(new EvidenceError('server-unreachable', 'the connection was cut')),
  'answers what is no answer': () => Promise.reject(new EvidenceError('server-answer', 'a page of HTML')),
  'has no tiles': () => Promise.resolve(undefined as never),
}

class Place implements VantagePoint {
  readonly where: string
  note: Uint8Array | undefined
  readonly source?: LogSource
  constructor(where: string, note: Uint8Array | undefined, keepBack?: () => Promise<never>) {
    this.where = where
    this.note = note
    if (keepBack === undefined) return
    const source = { checkpoint: () => Promise.resolve(this.note as Uint8Array), tile: keepBack, entries: keepBack }
    this.source = source as unknown as LogSource
  }
  checkpoint(): Promise<Uint8Array | undefined> {
    return Promise.resolve(this.note)
  }
}

/** A place with all that its history is made of. */
function whole(where: string, chain: TestChain): VantagePoint {
  return { where, checkpoint: () => chain.checkpoint(), source: chain }
}

async function monitorOf(...points: VantagePoint[]): Promise<LedgerMonitor> {
  const { copy } = await VerifiedCopy.open(join(path, 'copy'), origin, policy)
  const unreached = new UnreachedNotes(file())
  const watch = { digests: [], participants: [] }
  return new LedgerMonitor({ copy, policy, points: () => points, proofs: join(path, 'proofs'), unreached, watch })
}

const alarms = (events: readonly MonitorEvent[]): string[] =>
  events.flatMap((event) => (event.what === 'misbehaviour' ? [`${event.kind} ${event.where}`] : []))

/** The kinds of the proofs told, each of which holds by itself. */
function proofs(events: readonly MonitorEvent[]): string[] {
  return events.flatMap((event) => {
    if (event.what !== 'misbehaviour') return []
    expect(checkMisbehaviour(readFileSync(event.file), policy).faults).toEqual([])
    return [event.kind]
  })
}

const base = new TestChain().start().deposits(2).seal()

function fork(from: TestChain, ...contents: string[]): TestChain {
  const chain = new TestChain()
  chain.bytes.push(...from.bytes)
  for (const content of contents)
    chain.add(deposit(depositor, origin, content, { iat }).jws, { timeMs: startMs + 60_000 })
  return chain.seal()
}

describe.each(Object.entries(waysToKeepBack))('two checkpoints of one size of a ledger that %s', (_, keepBack) => {
  it('prove two histories, shown at two places', async () => {
    const monitor = await monitorOf(
      new Place('a', noteOf(20, 'A'), keepBack),
      new Place('b', noteOf(20, 'B'), keepBack),
    )
    expect(proofs(await monitor.poll())).toEqual(['split-view'])
    expect(alarms(await monitor.poll())).toEqual([])
  })

  it('prove two histories, shown by the ledger and to a witness', async () => {
    const monitor = await monitorOf(new Place('a', noteOf(20, 'A'), keepBack), new Place('witness', noteOf(20, 'B')))
    expect(proofs(await monitor.poll())).toEqual(['split-view'])
  })

  it('prove two histories, shown at one place, one after another, a restart between', async () => {
    const place = new Place('a', noteOf(20, 'A'), keepBack)
    expect(proofs(await (await monitorOf(place)).poll())).toEqual([])
    expect(statSync(file()).mode & 0o777).toBe(0o600)
    place.note = noteOf(20, 'B')
    expect(proofs(await (await monitorOf(place)).poll())).toEqual(['split-view'])
  })

  it('prove two histories past a copy, an honest place beside them', async () => {
    const monitor = await monitorOf(whole('honest', base), new Place('a', noteOf(20, 'A'), keepBack))
    await monitor.poll()
    const other = await monitorOf(whole('honest', base), new Place('b', noteOf(20, 'B'), keepBack))
    expect(proofs(await other.poll())).toEqual(['split-view'])
  })
})

it('one of a size that the copy comes to later is compared then, and forgotten', async () => {
  const shown = await fork(base, 'a').checkpoint()
  await (await monitorOf(whole('ledger', base), new Place('other', shown))).poll()
  const monitor = await monitorOf(whole('ledger', fork(base, 'b', 'c')))
  const events = await monitor.poll()
  expect(alarms(events)).toEqual(['inconsistent other'])
  expect(proofs(events)).toEqual(['inconsistent'])
  expect(readFileSync(file(), 'utf8')).toBe('[]\n')
  expect(alarms(await monitor.poll())).toEqual([])
})

it('one of the same history is no proof of anything', async () => {
  const one = fork(base, 'a')
  const longer = fork(one, 'b')
  const place = new Place('other', await one.checkpoint())
  const monitor = await monitorOf(whole('ledger', base), place)
  expect(alarms(await monitor.poll())).toEqual([])
  const later = await monitorOf(whole('ledger', longer), place)
  expect(alarms(await later.poll())).toEqual([])
})

it('a ledger that signs more than is kept moves out neither what it showed first nor what it shows now', () => {
  const notes = new UnreachedNotes(file())
  for (let size = 1; size <= 1_000; size++) expect(notes.see('a', signed(noteOf(size, 'A')))).toBeUndefined()
  notes.save()
  const kept = new UnreachedNotes(file())
  expect((JSON.parse(readFileSync(file(), 'utf8')) as unknown[]).length).toBe(256)
  for (const size of [1, 100, 900, 1_000]) expect(kept.see('b', signed(noteOf(size, 'B')))?.kind).toBe('split-view')
})

it('takes a few checkpoints that are as long as they may be, and no more than there is room for', () => {
  const notes = new UnreachedNotes(file())
  const long = (size: number): SignedNote => ({
    ...signed(noteOf(size, 'A')),
    bytes: new Uint8Array(250_000).fill(0x61),
  })
  for (let size = 1; size <= 100; size++) notes.see('a', long(size))
  notes.save()
  expect(statSync(file()).size).toBeLessThan(9 * 1024 * 1024)
})

it.each(['', 'no JSON', '{}', '[["a"]]', '[["a", "no note"]]', '[[1, 2]]'])(
  'a file that is not what was written is refused, and left as it is: %s',
  async (text) => {
    await monitorOf()
    new UnreachedNotes(join(path, 'none')).save()
    const other = join(path, 'other')
    writeFileSync(other, text)
    expect(() => new UnreachedNotes(other)).toThrow(/cannot be read; look at it, then move it away/)
    expect(readFileSync(other, 'utf8')).toBe(text)
  },
)
