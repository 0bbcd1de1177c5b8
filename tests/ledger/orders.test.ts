import { readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { Level } from 'level'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { toBase64 } from '../../src/core/base64.ts'
import { encodeEntry, leafHash } from '../../src/core/entry.ts'
import { formatTime } from '../../src/core/time.ts'
import { readLedgerKey } from '../../src/ledger/create.ts'
import { HeadFile } from '../../src/ledger/head-file.ts'
import { Ledger } from '../../src/ledger/ledger.ts'
import { readLookupCodec } from '../../src/ledger/lookup-secret.ts'
import type { Submission } from '../../src/ledger/submission.ts'
import { readErasures } from '../../src/ledger/erasures.ts'
import type { ComposedStatement, Signer } from '../../src/statements/compose.ts'
import { copyFolder, type TestFolder, trialFolder } from '../support/folder.ts'
import { signerNamed } from '../support/signers.ts'
import { statement } from '../support/statements.ts'
import { everything } from '../../src/ledger/lookup-scope.ts'

const number = '(2026)沪0104刑初4417号'
const court = signerNamed('court')
let test: TestFolder
let ledger: Ledger

/** Files of the data folder that hold some bytes. */
function filesWith(pieces: readonly Buffer[], root = test.root): string[] {
  return readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((name) => {
    const path = join(root, name)
    if (!statSync(path).isFile()) return false
    const bytes = readFileSync(path)
    return pieces.some((piece) => bytes.includes(piece))
  })
}

const say = (signer: Signer, iss: string, kind: string, members: object, sealed = {}): ComposedStatement =>
  statement(signer, test.origin, kind, members, { iss, sealed })

async function admit(id: string, role: string): Promise<void> {
  const participant = { id, type: 'court', roles: [role], keys: [signerNamed(id).jwk] }
  await ledger.deposit(say(test.administrator, 'administrator', 'participant.admit', { participant }).presentation)
}

const secret = (): ComposedStatement =>
  test.deposit('evidence', { sealed: { case: [{ number }], note: `about ${number}` } })
/** Salts of disclosures: random, so that any piece of one is a trace. */
const traces = (made: ComposedStatement): Buffer[] => made.disclosures.map(({ text }) => Buffer.from(text.slice(6, 26)))

interface Target {
  readonly index: number
  readonly leafHash: Uint8Array
}
const targetOf = (made: ComposedStatement, { index, leafHash }: Target, count = 9): object => ({
  index,
  leafHash: toBase64(leafHash),
  digests: made.disclosures.map(({ digest }) => digest).slice(0, count),
})
const orderOf = (...of: object[]): string =>
  say(court, 'court', 'erasure.order', { of }, { basis: 'Decision 12' }).presentation

beforeEach(async () => {
  test = await trialFolder()
  ledger = await test.open()
  await admit('court', 'authority')
})
afterEach(async () => {
  await ledger.close()
  test.remove()
})

describe('an order', () => {
  it('is answered when no file holds what it names', async () => {
    const made = secret()
    const place = await ledger.deposit(made.presentation)
    const other = test.deposit('another', { sealed: { case: [{ number }], note: 'stays' } })
    const { index } = await ledger.deposit(other.presentation)
    expect(filesWith(traces(made))).not.toEqual([])
    const answer = await ledger.deposit(orderOf(targetOf(made, place)))
    expect(filesWith(traces(made))).toEqual([])
    expect(await ledger.reads.disclosures(await ledger.reads.entry(place.index))).toEqual([])
    expect(await ledger.reads.search({ by: 'case', number }, everything, -1, 9)).toEqual([index])
    expect(await ledger.reads.disclosures(await ledger.reads.entry(index))).toHaveLength(2)
    expect(readErasures(test.folder.erased)).toMatchObject([{ index: place.index, by: answer.index }])
    // And the writer goes on.
    await ledger.deposit(test.deposit('later', { sealed: { note: 'x' } }).presentation)
    await ledger.close()
    ledger = await test.open()
    expect(filesWith(traces(made))).toEqual([])
    expect(readErasures(test.folder.erased)).toHaveLength(1)
  })

  it('takes some of the claims of an entry, and leaves the others', async () => {
    const made = secret()
    const place = await ledger.deposit(made.presentation)
    await ledger.deposit(orderOf(targetOf(made, place, 1)))
    expect(filesWith(traces(made).slice(0, 1))).toEqual([])
    // Through the ledger: a table may hold what stays in pieces, for it is compressed.
    const kept = await ledger.reads.disclosures(await ledger.reads.entry(place.index))
    expect(kept).toEqual(made.disclosures.slice(1).map(({ text }) => text))
  })

  it('in the group of its target keeps the claims from being written at all', async () => {
    await ledger.close()
    const wall = Date.now()
    ledger = await test.open({ clock: { wall: () => wall, monotonic: () => 0 } })
    const made = secret()
    // With a clock that stands, what entry the deposit will be is known beforehand.
    const index = ledger.reads.size
    const before = await ledger.reads.entry(index - 1)
    const bytes = encodeEntry({ index, time: formatTime(wall), previous: before.leafHash, statement: made.jws })
    const texts = [made.presentation, orderOf(targetOf(made, { index, leafHash: leafHash(bytes) }))]
    const submissions = await ledger.authenticateMany(texts)
    const outcomes = await ledger.submitMany(submissions as Submission[])
    expect(outcomes).toMatchObject([{ index }, { index: index + 1 }])
    expect(filesWith(traces(made))).toEqual([])
    expect(await ledger.reads.search({ by: 'case', number }, everything, -1, 9)).toEqual([])
    expect(readErasures(test.folder.erased)).toMatchObject([{ index, by: index + 1 }])
  })

  it('that names what another named stands beside it, in the list of erasures too, and nothing comes back', async () => {
    const made = secret()
    const place = await ledger.deposit(made.presentation)
    const text = orderOf(targetOf(made, place, 1))
    const first = await ledger.deposit(text)
    // The statement itself, sent again, is the entry that there is.
    expect(await ledger.deposit(text)).toMatchObject({ kind: 'existing', index: first.index })
    const second = await ledger.deposit(orderOf(targetOf(made, place, 1)))
    expect([second.kind, second.index]).toEqual(['created', first.index + 1])
    const wider = await ledger.deposit(orderOf(targetOf(made, place)))
    const [one, two] = made.disclosures.map(({ digest }) => digest) as [string, string]
    const sound = async (): Promise<void> => {
      const found = readErasures(test.folder.erased).map(({ index, digests, by }) => [index, digests, by])
      expect(found).toEqual([
        [place.index, [one], first.index],
        [place.index, [one], second.index],
        [place.index, [one, two], wider.index],
      ])
      expect(filesWith(traces(made))).toEqual([])
      expect(await ledger.reads.disclosures(await ledger.reads.entry(place.index))).toEqual([])
    }
    await sound()
    for (let starts = 0; starts < 2; starts++) {
      await ledger.close()
      ledger = await test.open()
      await sound()
    }
  })

  it('is refused where a digest is not the entry’s, and erases nothing', async () => {
    const made = secret()
    const place = await ledger.deposit(made.presentation)
    const foreign = { ...targetOf(made, place), digests: [signerNamed('x').thumbprint] }
    await expect(ledger.deposit(orderOf(foreign))).rejects.toMatchObject({ code: 'erasure-digest' })
    expect(filesWith(traces(made))).not.toEqual([])
  })

  it('holds reads back while it is executed, and loses none', async () => {
    const made = secret()
    const place = await ledger.deposit(made.presentation)
    const order = ledger.deposit(orderOf(targetOf(made, place)))
    const entry = await ledger.reads.entry(place.index)
    const reads: Promise<string[]>[] = []
    const isDone = order.then(() => true)
    while (!(await Promise.race([isDone, new Promise((next) => setImmediate(() => next(false)))])))
      reads.push(ledger.reads.disclosures(entry))
    const found = (await Promise.all(reads)).map(({ length }) => length)
    expect(found.filter((count) => count !== 0 && count !== 2)).toEqual([])
    expect(await ledger.reads.disclosures(entry)).toEqual([])
  })
})

describe('a crash at any step of an execution', () => {
  /** Copies of the folder as a crash would leave it before and after each call of the database and the head. */
  async function crashes(during: () => Promise<unknown>): Promise<string[]> {
    const copies: string[] = []
    const copy = (): void => {
      const to = `${test.root}-${copies.length}`
      copyFolder(test.root, to)
      for (const name of readdirSync(to)) if (name.startsWith('lock') && name !== 'lookup.key') rmSync(join(to, name))
      copies.push(to)
    }
    const spied = (['batch', 'put', 'compactRange', 'close', 'open'] as const).map((name) => {
      const prototype = Level.prototype as unknown as Record<string, (...args: unknown[]) => unknown>
      const original = prototype[name] as (...args: unknown[]) => unknown
      return vi.spyOn(prototype, name).mockImplementation(function (this: unknown, ...args: unknown[]) {
        copy()
        const result = original.apply(this, args)
        return result instanceof Promise ? result.finally(copy) : result
      })
    })
    const write = vi.spyOn(HeadFile.prototype, 'write')
    write.mockImplementation(async function (this: HeadFile, note: string) {
      copy()
      write.mockRestore()
      await this.write(note)
    })
    try {
      await during()
    } finally {
      for (const spy of spied) spy.mockRestore()
      write.mockRestore()
    }
    copy()
    return copies
  }

  it.each(['the log', 'a table'])(
    'leaves no file with what it names in %s, once the folder is opened again',
    async (lies) => {
      const made = secret()
      const place = await ledger.deposit(made.presentation)
      if (lies === 'a table') {
        await ledger.close()
        ledger = await test.open()
      }
      await ledger.deposit(test.deposit('another', { sealed: { case: [{ number: 'another' }] } }).presentation)
      const order = orderOf(targetOf(made, place))
      const { size } = ledger.reads
      const copies = await crashes(() => ledger.deposit(order))
      expect(copies.length).toBeGreaterThan(10)
      const codec = readLookupCodec(test.folder)
      const keyed = Buffer.from(codec.key({ by: 'case', number }).subarray(1))
      // Tables leave out what a key has in common with the one before: any piece is a trace.
      const pieces = Array.from({ length: keyed.length - 8 }, (_, at) => keyed.subarray(at, at + 8))
      let held = 0
      const left: string[] = []
      for (const root of copies) {
        const opened = await Ledger.open(root, readLedgerKey(root))
        const isOrdered = opened.reads.size > size
        await opened.close()
        const found = [...traces(made), ...pieces].flatMap((piece) => filesWith([piece], root))
        if (isOrdered) left.push(...found)
        else held += found.length > 0 ? 1 : 0
        rmSync(root, { recursive: true, force: true })
      }
      expect(left).toEqual([])
      // Before the commit all of it is there.
      expect(held).toBeGreaterThan(0)
      expect(held).toBeLessThan(copies.length)
    },
  )
})

describe('a disclosure', () => {
  it('that another entry sealed is refused, erased or not', async () => {
    const made = secret()
    const place = await ledger.deposit(made.presentation)
    const sd = { _sd: made.disclosures.map(({ digest }) => digest), _sd_alg: 'sha-256' }
    const copied = (): string => {
      const { jws } = say(test.depositor, 'depositor', 'evidence.deposit', {
        items: [{ size: 1, digest: { sha256: 'ab'.repeat(32) } }],
        ...sd,
      })
      return `${jws}~${made.disclosures.map(({ text }) => `${text}~`).join('')}`
    }
    await expect(ledger.deposit(copied())).rejects.toMatchObject({ code: 'disclosure-reused' })
    await ledger.deposit(orderOf(targetOf(made, place)))
    await expect(ledger.deposit(copied())).rejects.toMatchObject({ code: 'disclosure-reused' })
    // Sent again it is the entry that there is, and nothing is kept of it.
    expect(await ledger.deposit(made.presentation)).toMatchObject({ kind: 'existing', index: place.index })
    expect(filesWith(traces(made))).toEqual([])
  })

  it('of two statements of one group is the first’s', async () => {
    const made = secret()
    const sd = { _sd: made.disclosures.map(({ digest }) => digest), _sd_alg: 'sha-256' }
    const { jws } = say(test.depositor, 'depositor', 'evidence.deposit', {
      items: [{ size: 1, digest: { sha256: 'ab'.repeat(32) } }],
      ...sd,
    })
    const copied = `${jws}~${made.disclosures.map(({ text }) => `${text}~`).join('')}`
    const outcomes = await ledger.submitMany(
      (await ledger.authenticateMany([made.presentation, copied])) as Submission[],
    )
    expect(outcomes[1]).toMatchObject({ code: 'disclosure-reused' })
  })
})
