import {
  appendFileSync,
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { createHash } from 'node:crypto'
import { afterEach, describe, expect, it } from 'vitest'
import { type Reading, ReadingLog } from '../../src/ledger/access/reading-log.ts'
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
const all = (): boolean => true

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
    expect(await log.digestOf(day)).toEqual({
      size: statSync(join(path, `${day}.ndjson`)).size,
      sha256: sha256(`${lines.join('\n')}\n`),
    })
    expect(await log.digestOf('2026-11-26')).toBeUndefined()
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
    now -= 48 * 3600 * 1000
    await log.record([reading(2)])
    await log.close()
    expect(readdirSync(path)).toEqual([`${day}.ndjson`])
    expect(log.lines(day, all, 0, 9).map(({ line }) => line.time)).toEqual(Array(2).fill(`${day}T12:00:00.000Z`))
  })

  it('gives lines by number, those alone that are the asker’s', async () => {
    const log = new ReadingLog(folder(), () => noon)
    await log.record(Array.from({ length: 10 }, (_, i) => reading(i, i % 2 === 0 ? 'court' : 'prosecutor')))
    await log.close()
    const isCourts = (line: Reading): boolean => line.seals.some(({ by }) => by === 'court')
    expect(log.lines(day, isCourts, 0, 3).map(({ number }) => number)).toEqual([1, 3, 5])
    expect(log.lines(day, isCourts, 5, 9).map(({ number, line }) => [number, line.index])).toEqual([
      [7, 6],
      [9, 8],
    ])
    expect(log.lines('2026-11-26', isCourts, 0, 3)).toEqual([])
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
    expect(log.lines(day, all, 0, 9).map(({ line }) => line.index)).toEqual([2])
  })
})
