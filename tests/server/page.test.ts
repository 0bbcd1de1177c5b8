import { gunzipSync } from 'node:zlib'
import Fastify from 'fastify'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { pageRoutes } from '../../server/page.ts'
import { testServer, type TestServer } from '../support/server.ts'

let server: TestServer
beforeAll(async () => {
  server = await testServer()
})
afterAll(() => server.remove())

describe('the page that a server gives out', () => {
  it('is at /, under a policy that lets nothing in from elsewhere and nothing out', async () => {
    const { status, headers, text } = await server.get('/')
    expect(status).toBe(200)
    expect(headers['content-type']).toBe('text/html; charset=utf-8')
    const policy = String(headers['content-security-policy'])
    expect(policy).toContain("default-src 'none'")
    expect(policy).not.toMatch(/unsafe-inline|'unsafe-eval'|https?:|\*/)
    expect(headers['x-content-type-options']).toBe('nosniff')
    // No script and no style stands in the page itself.
    expect(text).not.toMatch(/<script(?![^>]* src=)|<style|\son[a-z]+=/)
  })

  it.each(['/explore', '/deposit', '/assets/check.js', '/assets/style.css', '/assets/one-files.json'])(
    'has %s',
    async (path) => {
      const plain = await server.get(path)
      expect(plain.status).toBe(200)
      const packed = await server.request(path, { headers: { 'accept-encoding': 'gzip' } })
      expect(packed.headers['content-encoding']).toBe('gzip')
      expect(gunzipSync(packed.body).equals(plain.body)).toBe(true)
    },
  )

  it('answers 304 to who has it, and HEAD as GET', async () => {
    const { headers } = await server.get('/assets/check.js')
    const again = await server.request('/assets/check.js', { headers: { 'if-none-match': String(headers.etag) } })
    expect(again.status).toBe(304)
    expect(again.body.length).toBe(0)
    expect((await server.request('/', { method: 'HEAD' })).status).toBe(200)
    expect((await server.request('/', { method: 'POST' })).status).toBe(405)
  })

  it('gives the checker as one file to be saved, and not to be run from here', async () => {
    const { status, headers } = await server.get('/evidence-check-core.html')
    expect(status).toBe(200)
    expect(headers['content-disposition']).toBe('attachment; filename="evidence-check-core.html"')
  })

  it.each([
    '/assets/',
    '/assets/..%2findex.html',
    '/assets/../../package.json',
    '/index.html',
    '/.inputs',
    '/assets/none.js',
  ])('has no %s', async (path) => {
    expect((await server.get(path)).status).toBe(404)
  })

  it('is not there where it was not built', async () => {
    const app = Fastify()
    pageRoutes(app, '/nowhere')
    expect((await app.inject('/')).statusCode).toBe(404)
    await app.close()
  })

  it('loads at most 150 kB for a first check, compressed', async () => {
    const script = await server.get('/assets/check.js')
    const imported = [...script.text.matchAll(/from"\.\/([^"]+)"/g)].map(([, name]) => `/assets/${name}`)
    const all = ['/', '/assets/style.css', '/assets/check.js', '/assets/hash-worker.js', ...imported]
    let bytes = 0
    for (const path of new Set(all))
      bytes += (await server.request(path, { headers: { 'accept-encoding': 'gzip' } })).body.length
    expect(bytes).toBeLessThanOrEqual(150_000)
  })
})
