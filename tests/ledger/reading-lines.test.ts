import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { lastLineOf, maxLineBytes, walkLines } from '../../src/ledger/access/reading-lines.ts'
import { temporaryFolder } from '../support/folder.ts'

describe('lines of a file, in pieces', () => {
  let folder: ReturnType<typeof temporaryFolder>
  let file: string
  beforeEach(() => {
    folder = temporaryFolder()
    file = join(folder.path, 'lines')
  })
  afterEach(() => folder.remove())

  /** All lines, in walks of so many bytes each. */
  async function walked(maxBytes: number): Promise<string[]> {
    const lines: string[] = []
    for (let from = 0; ; ) {
      const { at, isEnd } = await walkLines(file, from, maxBytes, (line) => lines.push(line.toString()) > 0)
      if (isEnd) return lines
      expect(at).toBeGreaterThan(from)
      from = at
    }
  }

  it('are the same wherever pieces and walks end', async () => {
    // Lengths that end at, before and behind the ends of pieces.
    const lines = [0, 1, 65_535, maxLineBytes, 1, 0, 0, 65_531, 65_536, 65_534, 3, 40_000].map((length, i) =>
      String.fromCharCode(97 + i).repeat(length),
    )
    writeFileSync(file, lines.map((line) => `${line}\n`).join(''))
    for (const maxBytes of [Infinity, 1, 65_536, 70_000, 262_144]) expect(await walked(maxBytes)).toEqual(lines)
    appendFileSync(file, 'no line yet')
    expect(await walked(Infinity)).toEqual(lines)
    expect((await lastLineOf(file)).line?.toString()).toBe(lines.at(-1))
  })

  it('end where the one who looks has enough', async () => {
    writeFileSync(file, 'a\nb\nc\n')
    const seen: string[] = []
    const { at, isEnd } = await walkLines(file, 0, Infinity, (line) => seen.push(line.toString()) < 2)
    expect([seen, at, isEnd]).toEqual([['a', 'b'], 4, false])
  })

  it('refuse one that is too long, and what is no file', async () => {
    writeFileSync(file, `a\n${'b'.repeat(maxLineBytes + 1)}\nc\n`)
    await expect(walked(Infinity)).rejects.toThrow('the line at byte 2 is longer')
    writeFileSync(file, `a\n${'b'.repeat(maxLineBytes + 1)}\n`)
    await expect(lastLineOf(file)).rejects.toThrow('longer')
    mkdirSync(join(folder.path, 'folder'))
    await expect(walkLines(join(folder.path, 'folder'), 0, 1, () => true)).rejects.toThrow('no file')
  })

  it('the last is found from the end, behind whatever a crash left', async () => {
    for (const [text, line, end] of [
      ['', undefined, 0],
      ['no line', undefined, 0],
      ['\n', '', 1],
      ['a\nbc\n', 'bc', 5],
      [`a\nbc\n${'\0'.repeat(200_000)}`, 'bc', 5],
      [`a\n${'b'.repeat(65_000)}\n${'\0'.repeat(65_000)}`, 'b'.repeat(65_000), 65_003],
    ] as const) {
      writeFileSync(file, text)
      const found = await lastLineOf(file)
      expect([found.line?.toString(), found.end]).toEqual([line, end])
    }
  })
})
