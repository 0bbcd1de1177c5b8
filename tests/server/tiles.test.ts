import { gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { LedgerAnswer } from '../../src/api/answers.ts'
import { parseBundle } from '../../src/core/bundle.ts'
import { equalBytes } from '../../src/core/bytes.ts'
import { parseSignedCheckpoint } from '../../src/core/checkpoint.ts'
import { leafHash, parseEntry } from '../../src/core/entry.ts'
import { tilePath } from '../../src/core/merkle/layout.ts'
import { Tile } from '../../src/core/merkle/tile.ts'
import { rootFromTiles } from '../../src/core/merkle/tiles.ts'
import { applyPolicy } from '../../src/core/policy.ts'
import type { ComposedStatement } from '../../src/statements/compose.ts'
import { policyOfFolder } from '../support/folder.ts'
import { problemIn, type TestServer, testServer } from '../support/server.ts'

/** Two full tiles of leaves and 18 more. */
const count = 530

describe('tiles of a public ledger', () => {
  let server: TestServer
  let made: ComposedStatement[]

  beforeAll(async () => {
    server = await testServer({ reading: 'public' })
    made = await server.fill(count, { sealed: { note: 'secret' } })
  })
  afterAll(() => server.remove())

  async function bytesAt(path: string): Promise<Buffer> {
    const answer = await server.get(path)
    expect({ path, status: answer.status }).toEqual({ path, status: 200 })
    return answer.body
  }

  it('and the checkpoint: signed, fresh, as text', async () => {
    const answer = await server.get('/checkpoint')
    expect(answer.status).toBe(200)
    expect(answer.headers['content-type']).toBe('text/plain; charset=utf-8')
    expect(answer.headers['cache-control']).toMatch(/no-cache|no-store/)
    const { checkpoint, note } = parseSignedCheckpoint(answer.body)
    expect(checkpoint).toMatchObject({ origin: server.origin, size: count })
    expect(applyPolicy(policyOfFolder(server.folder), note, server.origin).log.name).toBe(server.origin)
    // The same tree head; what is published has the second signature too.
    const { checkpoint: own, size } = (await server.get('/v1/ledger')).json<LedgerAnswer>()
    expect([own.split('\n\n')[0], size]).toEqual([answer.text.split('\n\n')[0], count])
  })

  it('hold the tree that the checkpoint signs, and the bundles its leaves', async () => {
    const tiles = new Map<string, Tile>()
    for (const [level, n, width] of [
      [0, 0, 256],
      [0, 1, 256],
      [0, 2, 18],
      [1, 0, 2],
    ] as const) {
      const bytes = await bytesAt(`/${tilePath(level, n, width)}`)
      expect(bytes.length).toBe(32 * width)
      tiles.set(`${level}/${n}`, Tile.parse(bytes))
    }
    const { checkpoint } = parseSignedCheckpoint(await bytesAt('/checkpoint'))
    const root = rootFromTiles(count, (level, n) => tiles.get(`${level}/${n}`))
    expect(equalBytes(root, checkpoint.root)).toBe(true)
    for (const [n, width] of [
      [0, 256],
      [1, 256],
      [2, 18],
    ] as const) {
      const entries = parseBundle(await bytesAt(`/${tilePath('entries', n, width)}`), width)
      entries.forEach((entry, i) => {
        expect(equalBytes(leafHash(entry), tiles.get(`0/${n}`)?.node(0, i) as Uint8Array)).toBe(true)
        expect(parseEntry(entry).index).toBe(256 * n + i)
      })
    }
  })

  it('are served at any partial width that the tree has reached', async () => {
    const whole = await bytesAt('/tile/0/002.p/18')
    for (const width of [1, 2, 17]) {
      expect(Buffer.compare(await bytesAt(`/tile/0/002.p/${width}`), whole.subarray(0, 32 * width))).toBe(0)
    }
    const bundle = await bytesAt('/tile/entries/002.p/18')
    for (const width of [1, 17]) {
      const part = await bytesAt(`/tile/entries/002.p/${width}`)
      expect(parseBundle(part, width)).toHaveLength(width)
      expect(Buffer.compare(part, bundle.subarray(0, part.length))).toBe(0)
    }
  })

  it('grow, and what was served of them stays as it was', async () => {
    const own = await testServer({ reading: 'public' })
    try {
      const before = (await own.get('/tile/0/000.p/2')).body
      const bundle = (await own.get('/tile/entries/000.p/2')).body
      await own.post(own.deposit('one more').presentation)
      const after = (await own.get('/tile/0/000.p/3')).body
      expect(Buffer.compare(after.subarray(0, 64), before)).toBe(0)
      expect(Buffer.compare((await own.get('/tile/0/000.p/2')).body, before)).toBe(0)
      expect(Buffer.compare((await own.get('/tile/entries/000.p/2')).body, bundle)).toBe(0)
      const later = await own.restart()
      expect(Buffer.compare((await later.get('/tile/0/000.p/3')).body, after)).toBe(0)
      await later.stop()
    } finally {
      await own.remove()
    }
  })

  it.each(['/tile/0/000', '/tile/0/002.p/18', '/tile/1/000.p/2', '/tile/entries/000', '/tile/entries/002.p/18'])(
    'may be kept for ever: %s',
    async (path) => {
      const answer = await server.get(path)
      expect(answer.status).toBe(200)
      expect(answer.headers['content-type']).toBe('application/octet-stream')
      expect(answer.headers['cache-control']).toBe('public, max-age=31536000, immutable')
    },
  )

  it('send bundles compressed to those who ask for it, the same bytes', async () => {
    for (const path of ['/tile/entries/000', '/tile/entries/002.p/18']) {
      const plain = await server.get(path)
      expect(plain.headers['content-encoding']).toBeUndefined()
      for (const accepted of ['gzip', 'br, gzip;q=0.5', 'deflate, gzip']) {
        const answer = await server.get(path, undefined, { 'accept-encoding': accepted })
        expect(answer.headers['content-encoding']).toBe('gzip')
        expect(answer.headers.vary?.toLowerCase()).toContain('accept-encoding')
        expect(answer.body.length).toBeLessThan(plain.body.length)
        expect(Buffer.compare(gunzipSync(answer.body), plain.body)).toBe(0)
      }
      for (const accepted of ['identity', 'br', 'gzip;q=0']) {
        const answer = await server.get(path, undefined, { 'accept-encoding': accepted })
        expect({ accepted, encoding: answer.headers['content-encoding'] }).toEqual({ accepted, encoding: undefined })
        expect(Buffer.compare(answer.body, plain.body)).toBe(0)
      }
    }
    const hashes = await server.get('/tile/0/000', undefined, { 'accept-encoding': 'gzip' })
    expect(hashes.headers['content-encoding']).toBeUndefined()
  })

  it('hold no disclosure', async () => {
    const bundles = await Promise.all(['000', '001', '002.p/18'].map((n) => bytesAt(`/tile/entries/${n}`)))
    const whole = Buffer.concat(bundles)
    expect(whole.includes(made[0]?.jws as string)).toBe(true)
    for (const { disclosures } of made) {
      for (const { text } of disclosures) expect(whole.includes(text)).toBe(false)
    }
  })

  it.each([
    'tile/0/003',
    'tile/0/002',
    'tile/0/002.p/19',
    'tile/0/003.p/1',
    'tile/1/000',
    'tile/1/000.p/3',
    'tile/1/001.p/1',
    'tile/2/000.p/1',
    'tile/63/000.p/1',
    'tile/entries/002',
    'tile/entries/002.p/19',
    'tile/entries/003.p/1',
    'tile/0/000.p/0',
    'tile/0/000.p/256',
    'tile/0/000.p/300',
    'tile/0/000.p/01',
    'tile/0/000.p/',
    'tile/0/000.p',
    'tile/0/0',
    'tile/0/00',
    'tile/0/0000',
    'tile/0/x000/000',
    'tile/0/000/',
    'tile/0/001/000',
    'tile/00/000',
    'tile/64/000',
    'tile/-1/000',
    'tile/0',
    'tile/',
    'tile/entries',
    'tile/entries/0',
    'tile/ENTRIES/000',
    'tile/0/000.p/1/1',
    'tile/data/000',
    'tile/0/x999/x999/x999/x999/x999/999',
    'tile/0/x999/x999/x999/x999/x999/x999/999',
    'tile/0/..%2f..%2fcheckpoint',
    'checkpoint/',
    'checkpoint.txt',
  ])('that the tree has not, or of no such name: /%s', async (path) => {
    const answer = await server.get(`/${path}`)
    expect(answer.status).toBe(404)
    expect(problemIn(answer).code).toBe('not-found')
    expect(answer.headers['cache-control']).toBe('no-store')
  })
})

describe('tiles of a ledger that participants read', () => {
  it('give bundles to auditors alone, and never to a cache', async () => {
    const server = await testServer({ reading: 'participants' })
    try {
      const auditor = await server.admit('auditor', ['auditor'])
      const path = '/tile/entries/000.p/3'
      const nobody = await server.get(path)
      expect(nobody.status).toBe(401)
      expect(problemIn(nobody).code).toBe('not-authenticated')
      for (const reader of [server.depositor, server.administrator]) {
        const answer = await server.get(path, reader)
        expect(answer.status).toBe(403)
        expect(problemIn(answer).code).toBe('not-permitted')
      }
      const bad = await server.get(path, undefined, { authorization: 'Bearer x' })
      expect(problemIn(bad).code).toBe('token-invalid')
      for (const encoding of ['identity', 'gzip']) {
        const answer = await server.get(path, auditor, { 'accept-encoding': encoding })
        expect(answer.status).toBe(200)
        expect(answer.headers['cache-control']).toBe('private, no-store')
        const bytes = encoding === 'gzip' ? gunzipSync(answer.body) : answer.body
        expect(parseBundle(bytes, 3)).toHaveLength(3)
      }
      const absent = await server.get('/tile/entries/009.p/3', auditor)
      expect(absent.status).toBe(404)
      expect((await server.get('/tile/entries/009.p/3')).status).toBe(401)
      for (const open of ['/tile/0/000.p/3', '/checkpoint']) expect((await server.get(open)).status).toBe(200)
    } finally {
      await server.remove()
    }
  })
})
