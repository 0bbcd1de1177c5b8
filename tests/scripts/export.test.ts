import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parseReceipt } from '../../src/core/receipt.ts'
import { dataFolder, readOwnKey } from '../../src/ledger/data-folder.ts'
import type { ComposedStatement } from '../../src/statements/compose.ts'
import { readKeyFile } from '../../src/node/key-file.ts'
import {
  type CliError,
  type CliResult,
  type CliServer,
  evidence,
  evidenceOk,
  startFileServer,
  startServer,
} from '../support/cli.ts'
import { temporaryFolder } from '../support/folder.ts'
import { deposit } from '../support/statements.ts'

interface Report {
  readonly ok: boolean
  readonly size: number
  readonly root: string
  readonly faults: readonly { readonly code: string; readonly index?: number }[]
  readonly disclosures?: { readonly present: number; readonly withheld: number; readonly foreign: number }
}

/** Entries of the ledger: past one full tile. */
const count = 300

/** Reads a file below a folder; undefined for anything that is not one. */
function fileBelow(folder: string): (path: string) => Uint8Array | undefined {
  return (path) => {
    const full = join(folder, path)
    if (!full.startsWith(folder)) return undefined
    return statSync(full, { throwIfNoEntry: false })?.isFile() === true ? readFileSync(full) : undefined
  }
}

describe('a ledger taken away as files', () => {
  const { path, remove } = temporaryFolder()
  const data = join(path, 'data')
  const out = join(path, 'export')
  const photo = join(path, 'photo.jpg')
  const policy = join(data, 'policy')
  let root: string
  let made: ComposedStatement[]

  async function report(args: readonly string[]): Promise<Report & { exit: number | null }> {
    const result = await evidence(['verify', ...args, '--json'])
    return { ...result.json<Report>(), exit: result.code }
  }

  beforeAll(async () => {
    const server: CliServer = await startServer(data)
    const folder = dataFolder(data)
    const key = readKeyFile(folder.depositorKey)
    const origin = readOwnKey(folder).name
    made = Array.from({ length: count - 3 }, (_, i) => deposit(key, origin, `${i}`, { sealed: { note: 'secret' } }))
    await server.request('/v1/statements', {
      method: 'POST',
      headers: { 'content-type': 'application/x-ndjson', prefer: 'return=minimal' },
      body: made.map(({ presentation }) => presentation).join('\n'),
    })
    writeFileSync(photo, 'the last deposit')
    await evidenceOk(['deposit', photo, '--data', data, '--url', server.url, '--case', '(2026)沪0104刑初123号'])
    ;({ root } = (await server.request('/v1/ledger')).json<{ root: string }>())
    await server.stop()
  })
  afterAll(remove)

  it('is exported: checkpoint, tiles, bundles and policy, and no disclosure', async () => {
    const result = await evidenceOk(['export', out, '--data', data, '--json'])
    expect(result.json()).toMatchObject({ out, size: count, files: 7 })
    const names = readdirSync(out, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(out.length + 1))
    expect(names.sort()).toEqual([
      'checkpoint',
      'policy',
      'tile/0/000',
      `tile/0/001.p/${count - 256}`,
      'tile/1/000.p/1',
      'tile/entries/000',
      `tile/entries/001.p/${count - 256}`,
    ])
    const receipt = parseReceipt(readFileSync(`${photo}.tlog-proof`))
    for (const name of names) {
      const bytes = readFileSync(join(out, name))
      for (const { text } of receipt.disclosures) expect(bytes.includes(text)).toBe(false)
    }
  })

  it('is verified as that folder, by any holder of the policy', async () => {
    const result = await report(['--dir', out, '--policy', policy])
    expect(result).toMatchObject({ exit: 0, ok: true, size: count, root, faults: [] })
    const text = await evidence(['verify', '--dir', out, '--policy', join(out, 'policy')])
    expect(text.stdout).toMatch(/^size 300$/m)
    expect(text.stdout).toContain(`root ${root}`)
    expect(text.stdout.trimEnd().endsWith('no fault found')).toBe(true)
  })

  it('is verified from any server of static files', async () => {
    const server = await startFileServer(fileBelow(out))
    try {
      expect(await report(['--url', server.url, '--policy', policy])).toMatchObject({
        exit: 0,
        ok: true,
        size: count,
        root,
        faults: [],
      })
      expect(server.seen).toContain('GET /checkpoint')
      expect(server.seen).toContain('GET /tile/0/000')
      expect(server.seen.every((line) => /^GET \/(?:checkpoint|tile\/)/.test(line))).toBe(true)
    } finally {
      await server.close()
    }
  })

  it('shows what a server of files has changed or left out, entry by entry', async () => {
    const read = fileBelow(out)
    const altered = await startFileServer((at) => {
      const bytes = read(at)
      if (bytes === undefined || at !== '/tile/entries/000') return bytes
      const changed = Buffer.from(bytes)
      const where = changed.indexOf('\n100\n') + 8
      changed[where] = (changed[where] as number) ^ 1
      return changed
    })
    const thinned = await startFileServer((at) => (at === '/tile/entries/000' ? undefined : read(at)))
    const other = await startFileServer((at) => (at === '/tile/0/000' ? Buffer.alloc(8192) : read(at)))
    try {
      const changed = await report(['--url', altered.url, '--policy', policy])
      expect(changed).toMatchObject({ exit: 1, ok: false, size: count })
      expect(changed.faults.find(({ code }) => code === 'entry-altered')).toMatchObject({ index: 100 })
      const missing = await report(['--url', thinned.url, '--policy', policy])
      expect(missing).toMatchObject({ exit: 1, ok: false })
      expect(missing.faults.filter(({ code }) => code === 'entry-missing')).toHaveLength(256)
      const forged = await report(['--url', other.url, '--policy', policy])
      expect(forged).toMatchObject({ exit: 1, ok: false })
    } finally {
      await Promise.all([altered, thinned, other].map((server) => server.close()))
    }
  })

  it('is not trusted under another ledger’s policy', async () => {
    const other = join(path, 'other')
    await evidenceOk(['init', '--data', other])
    const result = await report(['--dir', out, '--policy', join(other, 'policy')])
    expect(result).toMatchObject({ exit: 1, ok: false })
    expect(result.faults.map(({ code }) => code)).toContain('checkpoint-untrusted')
  })

  it('is not exported over something else, nor from a folder that is no ledger', async () => {
    const before = readFileSync(join(out, 'checkpoint'))
    const again = await evidence(['export', out, '--data', data, '--json'])
    expect(again.code).toBe(2)
    expect(again.json<CliError>().error.code).toBe('file-exists')
    expect(Buffer.compare(readFileSync(join(out, 'checkpoint')), before)).toBe(0)
    const nowhere = await evidence(['export', join(path, 'x'), '--data', join(path, 'nowhere'), '--json'])
    expect(nowhere.code).toBe(3)
    expect(existsSync(join(path, 'x'))).toBe(false)
    const notOne = await evidence(['verify', '--dir', path, '--policy', policy, '--json'])
    expect(notOne.code).toBe(3)
    expect(notOne.json<CliError>().error.code).toBe('ledger-missing')
    const both = await evidence(['verify', '--dir', out, '--url', 'http://127.0.0.1:1', '--policy', policy])
    expect(both.code).toBe(2)
  })

  describe('with claims erased', () => {
    const last = String(count - 1)
    const erase = (...args: string[]): Promise<CliResult> =>
      evidence(['ledger', 'erase', ...args, '--data', data, '--json'])

    it('reports them withheld, and no fault', async () => {
      expect(await report(['--data', data])).toMatchObject({
        exit: 0,
        disclosures: { present: count - 3 + 2, withheld: 0, foreign: 0 },
      })
      const one = await erase(last, '--claim', 'case')
      expect(one.code).toBe(0)
      expect(one.json()).toEqual({ index: count - 1, erased: ['case'] })
      const after = await report(['--data', data])
      expect(after).toMatchObject({ exit: 0, ok: true, size: count, root, faults: [] })
      expect(after.disclosures).toEqual({ present: count - 3 + 1, withheld: 1, foreign: 0 })
      expect((await erase('10', '--claim', 'all')).json()).toMatchObject({ erased: ['note'] })
      expect((await erase('10', '--claim', 'all')).json()).toMatchObject({ erased: [] })
      expect((await report(['--data', data])).disclosures).toEqual({ present: count - 3, withheld: 2, foreign: 0 })
      const text = await evidence(['verify', '--data', data])
      expect(text.stdout).toContain('2 withheld')
      expect(text.stdout.trimEnd().endsWith('no fault found')).toBe(true)
    })

    it('leaves receipts as they are, and serves the claims to nobody', async () => {
      const held = await evidence(['check', photo, '--data', data, '--json'])
      expect(held.code).toBe(0)
      expect(held.json()).toMatchObject({ claims: { case: [{ number: '(2026)沪0104刑初123号' }] }, withheld: 0 })
      const server = await startServer(data)
      try {
        const shown = await evidenceOk(['show', last, '--data', data, '--url', server.url, '--json'])
        expect(shown.json()).toMatchObject({ sealed: 2, claims: { names: ['photo.jpg'] } })
        expect(shown.stdout).not.toContain('123号')
        const found = await evidenceOk(['find', '--case', '(2026)沪0104刑初123号', '--data', data, '--url', server.url])
        expect(found.stdout).toBe('nothing found\n')
        const receipt = join(path, 'new.tlog-proof')
        await evidenceOk(['show', last, '--receipt', receipt, '--data', data, '--url', server.url])
        const checked = await evidenceOk(['check', photo, '--receipt', receipt, '--data', data, '--json'])
        expect(checked.json()).toMatchObject({ withheld: 1, claims: { names: ['photo.jpg'] } })
        const busy = await erase(last, '--claim', 'all')
        expect(busy.code).toBe(3)
        expect(busy.json<CliError>().error.code).toBe('ledger-in-use')
      } finally {
        await server.stop()
      }
    })

    it('keeps nothing of them in the files of the database', async () => {
      await erase(last, '--claim', 'all')
      const database = dataFolder(data).database
      const bytes = Buffer.concat(readdirSync(database).map((name) => readFileSync(join(database, name))))
      // A table may be compressed, but part of a salt is in it as it is: of most, for a pair of letters may repeat one before it.
      const holds = (text: string | undefined): boolean => bytes.includes(text?.slice(4, 30) ?? 'nothing')
      const kept = made.slice(90, 110).map(({ disclosures }) => holds(disclosures[0]?.text))
      expect(kept.filter((one) => one).length).toBeGreaterThan(5)
      const { disclosures } = parseReceipt(readFileSync(`${photo}.tlog-proof`))
      const erased = [...disclosures, ...(made[8]?.disclosures ?? [])].map(({ text }) => text)
      expect(erased.map(holds)).toEqual([false, false, false])
    })

    it('refuses what is not there', async () => {
      const none = await erase('999', '--claim', 'all')
      expect(none.code).toBe(3)
      expect(none.json<CliError>().error.code).toBe('entry-not-found')
      expect((await erase('x', '--claim', 'all')).code).toBe(2)
      expect((await erase(last, '--claim', 'title')).code).toBe(2)
    })
  })
})
