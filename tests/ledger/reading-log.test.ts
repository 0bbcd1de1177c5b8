import {
  appendFileSync,
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { createHash } from 'node:crypto'
import { afterEach, describe, expect, it } from 'vitest'
import { type Reading, ReadingLog, type ReadingLine, sealedBy } from '../../src/ledger/access/reading-log.ts'
import { temporaryFolder } from '../support/folder.ts'

const reading = (index: number, by = 'court'): Reading => ({
  reader: 'lab',
  index,
  shown: 'claims',
  seals: [{ entry: 9, by }],
})
const day = '2026-11-27'
const noon = Date.parse(`${day}T12:00:00Z`)
const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')

/** The lines of a day that a participant's seal is named in, `limit` at most, and the walk's end. */
async function linesOf(
  log: ReadingLog,
  { by = 'court', limit = 99, ...options }: { by?: string; limit?: number; from?: number; maxBytes?: number } = {},
): Promise<{ lines: ReadingLine[]; at: number; isEnd: boolean }> {
  const lines: ReadingLine[] = []
  const walked = await log.walk(day, { part: sealedBy(by), ...options }, (line) => lines.push(line) < limit)
  return { lines, ...walked }
}

describe('the log of readings', () => {
  const folders: (() => void)[] = []
  afterEach(() => folders.splice(0).forEach((remove) => remove()))
  function folder(): string {
    const { path, remove } = temporaryFolder()
    folders.push(remove)
    return join(path, 'readings')
  }

  it('is there only once something was read, is its owner’s alone, and each line binds the one before', async () => {
    const path = folder()
    const log = new ReadingLog(path, () => noon)
    expect(log.days()).toEqual([])
    await Promise.all([log.record([reading(1), reading(2)]), log.record([reading(3)])])
    await log.close()
    const lines = readFileSync(join(path, `${day}.ndjson`), 'utf8')
      .trimEnd()
      .split('\n')
    expect(lines.map((line) => (JSON.parse(line) as Reading).index)).toEqual([1, 2, 3])
    expect(lines.map((line) => (JSON.parse(line) as { previous: string }).previous)).toEqual([
      '0'.repeat(64),
      ...lines.slice(0, 2).map(sha256),
    ])
    expect([statSync(path).mode & 0o777, statSync(join(path, `${day}.ndjson`)).mode & 0o777]).toEqual([0o700, 0o600])
    const [file] = log.days()
    expect(file).toEqual({ day, size: statSync(join(path, `${day}.ndjson`)).size })
    expect(await log.digestOf({ day, size: file?.size as number })).toBe(sha256(`${lines.join('\n')}\n`))
  })

  it('goes on after a restart, a day later, and takes off what a crash left of a line', async () => {
    const path = folder()
    const before = new ReadingLog(path, () => noon)
    await before.record([reading(1)])
    await before.close()
    const file = join(path, `${day}.ndjson`)
    const whole = readFileSync(file, 'utf8')
    appendFileSync(file, '{"time":"2026-11-27T12:00:0')
    const after = new ReadingLog(path, () => noon + 24 * 3600 * 1000)
    await after.record([reading(2)])
    await after.close()
    expect(readFileSync(file, 'utf8')).toBe(whole)
    const next = JSON.parse(readFileSync(join(path, '2026-11-28.ndjson'), 'utf8')) as { previous: string }
    expect(next.previous).toBe(sha256(whole.trimEnd()))
    expect(after.days().map((one) => one.day)).toEqual([day, '2026-11-28'])
  })

  it('a clock that goes back makes no earlier line', async () => {
    const path = folder()
    let now = noon
    const log = new ReadingLog(path, () => now)
    await log.record([reading(1)])
    now -= 20 * 3600 * 1000
    await log.record([reading(2)])
    await log.close()
    expect(readdirSync(path)).toEqual([`${day}.ndjson`])
    expect((await linesOf(log)).lines.map(({ time }) => time)).toEqual(Array(2).fill(`${day}T12:00:00.000Z`))
  })

  it('gives the lines under a participant’s seals, from one page’s end to the next', async () => {
    const log = new ReadingLog(folder(), () => noon)
    await log.record(Array.from({ length: 10 }, (_, i) => reading(i, i % 2 === 0 ? 'court' : 'prosecutor')))
    await log.close()
    const first = await linesOf(log, { limit: 3 })
    expect([first.lines.map(({ index }) => index), first.isEnd]).toEqual([[0, 2, 4], false])
    const rest = await linesOf(log, { from: first.at })
    expect([rest.lines.map(({ index }) => index), rest.isEnd]).toEqual([[6, 8], true])
    expect(await log.walk('2026-11-26', { part: '' }, () => true)).toEqual({ at: 0, isEnd: true })
  })

  it('rejects where it cannot be written, and goes on when it can again', async () => {
    const path = folder()
    mkdirSync(path)
    chmodSync(path, 0o700)
    writeFileSync(join(path, '..', 'file'), '')
    mkdirSync(join(path, `${day}.ndjson`))
    const log = new ReadingLog(path, () => noon)
    await expect(log.record([reading(1)])).rejects.toMatchObject({ code: 'readings-failed' })
    rmSync(join(path, `${day}.ndjson`), { recursive: true })
    await log.record([reading(2)])
    await log.close()
    expect((await linesOf(log)).lines.map(({ index }) => index)).toEqual([2])
  })

  it('CR-H5: a reading that is repeated within a day makes a line at the second, fourth, eighth time: who, what, when first and how often', async () => {
    let now = noon
    const path = folder()
    const log = new ReadingLog(path, () => now)
    const claims = reading(1)
    for (let i = 0; i < 1000; i++) await log.record([claims])
    const others: Reading[] = [
      { ...claims, reader: 'other' },
      { ...claims, index: 2 },
      { ...claims, shown: 'found' },
      { ...claims, seals: [...claims.seals, { entry: 11, by: 'prosecutor' }] },
    ]
    expect(log.linesDue([claims, ...others, ...others])).toBe(8)
    await log.record(others)
    const { lines } = await linesOf(log)
    const own = lines.slice(0, -4)
    expect(own.map(({ times = 1 }) => times)).toEqual([1, 1, 2, 4, 8, 16, 32, 64, 128, 256])
    expect(lines.slice(-4).map(({ reader, index, shown, seals }) => ({ reader, index, shown, seals }))).toEqual(others)
    // The next day, and after a start, it is written again.
    now += 24 * 3600 * 1000
    await log.record([claims])
    await log.close()
    const again = new ReadingLog(path, () => now)
    await again.record([claims])
    await again.close()
    expect(readFileSync(join(path, '2026-11-28.ndjson'), 'utf8').trimEnd().split('\n')).toHaveLength(2)
  })

  it('CR-H5: a reading that could not be written is not taken for written', async () => {
    const path = folder()
    mkdirSync(join(path, `${day}.ndjson`), { recursive: true, mode: 0o700 })
    const log = new ReadingLog(path, () => noon)
    const both = [log.record([reading(1)]), log.record([reading(1)])]
    for (const one of both) await expect(one).rejects.toMatchObject({ code: 'readings-failed' })
    rmSync(join(path, `${day}.ndjson`), { recursive: true })
    await Promise.all([log.record([reading(1)]), log.record([reading(1)])])
    await log.close()
    expect((await linesOf(log)).lines.map(({ times = 1 }) => times)).toEqual([1, 1])
  })

  it('CR-H5: very many seals are told on several lines, one reading still', async () => {
    const log = new ReadingLog(folder(), () => noon)
    const seals = Array.from({ length: 600 }, (_, i) => ({ entry: i, by: i < 300 ? 'court' : 'prosecutor' }))
    await log.record([{ ...reading(1), seals }])
    await log.close()
    const lines = (await linesOf(log, { by: 'prosecutor' })).lines
    expect(lines.map((line) => [line.times, line.seals.length])).toEqual([
      [0, 256],
      [0, 88],
    ])
    expect((await linesOf(log)).lines.map((line) => [line.times ?? 1, line.seals.length])).toEqual([
      [1, 256],
      [0, 256],
    ])
  })

  it('CR-M16: a walk looks at so many bytes, and parses the asker’s lines alone', async () => {
    const path = folder()
    const log = new ReadingLog(path, () => noon)
    await log.record([reading(1)])
    await log.close()
    const file = join(path, `${day}.ndjson`)
    const own = readFileSync(file, 'utf8')
    // Lines of others are not JSON here: to parse one would be refused.
    const others = `{"reader":"spy","seals":[{"entry":6,"by":"prosecutor"}],${'x'.repeat(200)}\n`
    appendFileSync(file, others.repeat(5000))
    appendFileSync(file, own)
    let pages = 0
    const found: number[] = []
    for (let from = 0; ; pages++) {
      const { lines, at, isEnd } = await linesOf(log, { from, maxBytes: 100_000 })
      found.push(...lines.map(({ index }) => index))
      expect(at - from).toBeLessThan(100_000 + others.length)
      if (isEnd) break
      from = at
    }
    expect([found, pages > 10]).toEqual([[1, 1], true])
  })

  it('CR-M16: other work has turns while a day is walked through', async () => {
    const path = folder()
    const log = new ReadingLog(path, () => noon)
    await log.record([reading(1)])
    await log.close()
    const file = join(path, `${day}.ndjson`)
    appendFileSync(file, readFileSync(file, 'utf8').repeat(20_000))
    let [isDone, turns] = [false, 0]
    const count = (): void => {
      turns++
      if (!isDone) setImmediate(count)
    }
    setImmediate(count)
    const seen = await log.walk(day, { part: sealedBy('court') }, () => true)
    isDone = true
    expect(seen.isEnd).toBe(true)
    // One for each piece of the file at least.
    expect(turns).toBeGreaterThanOrEqual(Math.floor(statSync(file).size / (256 * 1024)))
  })

  it('CR-H5: a day of any size is read, also where it ends in what is no line', async () => {
    const path = folder()
    const log = new ReadingLog(path, () => noon)
    await log.record([reading(1)])
    await log.close()
    truncateSync(join(path, `${day}.ndjson`), 2 ** 28 + 10)
    const { lines, isEnd } = await linesOf(log)
    expect([lines.length, isEnd]).toEqual([1, true])
  })

  it('a broken folder or day is told as a log that cannot be read', async () => {
    const path = folder()
    writeFileSync(path, '')
    const log = new ReadingLog(path, () => noon)
    expect(() => log.days()).toThrowError(expect.objectContaining({ code: 'readings-failed' }))
    rmSync(path)
    mkdirSync(path, { mode: 0o700 })
    symlinkSync('nowhere', join(path, `${day}.ndjson`))
    expect(() => log.days()).toThrowError(expect.objectContaining({ code: 'readings-failed' }))
    rmSync(join(path, `${day}.ndjson`))
    mkdirSync(join(path, `${day}.ndjson`))
    await expect(linesOf(log)).rejects.toMatchObject({ code: 'readings-failed' })
    rmSync(join(path, `${day}.ndjson`), { recursive: true })
    writeFileSync(join(path, `${day}.ndjson`), `${'"by":"court"'.repeat(10)}\n`)
    await expect(linesOf(log)).rejects.toMatchObject({ code: 'readings-failed' })
  })

  it('after a clock that had jumped ahead readings have their own day again, also after a start', async () => {
    const path = folder()
    let now = noon
    const log = new ReadingLog(path, () => now)
    await log.record([reading(1)])
    now = Date.parse('2036-01-01T00:00:00Z')
    await log.record([reading(2)])
    now = noon + 1000
    await log.record([reading(3)])
    await log.close()
    const again = new ReadingLog(path, () => now)
    await again.record([reading(4)])
    await again.close()
    expect(readdirSync(path).sort()).toEqual([`${day}.ndjson`, '2036-01-01.ndjson'])
    const { lines } = await linesOf(log)
    expect(lines.map(({ index, time }) => [index, time])).toEqual([
      [1, `${day}T12:00:00.000Z`],
      [3, `${day}T12:00:01.000Z`],
      [4, `${day}T12:00:01.000Z`],
    ])
    const jumped = readFileSync(join(path, '2036-01-01.ndjson'), 'utf8').trimEnd()
    expect(lines[1]?.previous).toBe(sha256(jumped))
  })
})
