import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { proxyWarning } from '../../server/proxies.ts'
import { evidenceOk, startServer } from '../support/cli.ts'
import { temporaryFolder } from '../support/folder.ts'

describe('a proxy that is not trusted', () => {
  const { path, remove } = temporaryFolder()
  const data = join(path, 'data')
  beforeAll(() => evidenceOk(['init', '--data', data, '--origin', 'test.example/proxies']))
  afterAll(remove)

  it('R3A-L6: is told of at the start where a base URL needs one', () => {
    const https = ['http://127.0.0.1:8080', 'https://ledger.example']
    expect(proxyWarning({ baseUrls: https, trustedProxies: [] })).toMatch(/trustedProxies is empty/)
    expect(proxyWarning({ baseUrls: https, trustedProxies: ['127.0.0.1'] })).toBeUndefined()
    expect(proxyWarning({ baseUrls: ['http://ledger.example'], trustedProxies: [] })).toBeUndefined()
  })

  it('R3A-L6: is told of in the log, once at the start and once when it hands in requests', async () => {
    const server = await startServer(data, ['--base-url', 'https://ledger.example'], 'serve')
    for (let i = 0; i < 3; i++) await server.request('/healthz', { headers: { 'x-forwarded-for': '192.0.2.1' } })
    await server.stop()
    const warnings = server
      .output()
      .split('\n')
      .filter((line) => line.includes('trustedProxies is empty'))
    expect(warnings).toHaveLength(2)
    expect(warnings.join(' ')).not.toContain('192.0.2.1')
  })

  it('R3A-L6: is not told of where there is none', async () => {
    const server = await startServer(data, [], 'serve')
    await server.request('/healthz')
    await server.stop()
    expect(server.output()).not.toContain('trustedProxies')
  })
})
