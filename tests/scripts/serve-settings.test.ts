import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { readSettings, variableOf } from '../../cli/serve/settings.ts'
import { serverSettings } from '../../server/settings.ts'
import { isEvidenceError } from '../../src/core/errors.ts'
import { evidence } from '../support/cli.ts'
import { temporaryFolder } from '../support/folder.ts'

const { path, remove } = temporaryFolder()
afterAll(remove)

let files = 0
function file(content: object | string): string {
  const name = join(path, `settings-${files++}.json`)
  writeFileSync(name, typeof content === 'string' ? content : JSON.stringify(content))
  return name
}

function refusal(read: () => unknown): { code: string; message: string } {
  try {
    read()
  } catch (error) {
    if (isEvidenceError(error)) return { code: error.code, message: error.message }
    throw error
  }
  throw new Error('not refused')
}

describe('settings of a server', () => {
  it('come from flags before the environment, that before the file, and the file before defaults', () => {
    const config = file({ port: 1, maxQueue: 11, host: '::1', trustedProxies: ['10.0.0.1'] })
    const environment = { EVIDENCE_SERVE_PORT: '2', EVIDENCE_SERVE_MAX_QUEUE: '12', EVIDENCE_URL: 'http://other' }
    const { settings, origins } = readSettings({ config, port: '3' }, environment, serverSettings)
    expect(settings).toMatchObject({
      port: 3,
      maxQueue: 12,
      host: '::1',
      trustedProxies: ['10.0.0.1'],
      logLevel: 'info',
    })
    expect(origins).toEqual({
      port: 'flag --port',
      maxQueue: 'EVIDENCE_SERVE_MAX_QUEUE',
      host: config,
      trustedProxies: config,
    })
  })

  it('have a variable each, which takes numbers, words and lists', () => {
    expect(variableOf('maxQueueBytes')).toBe('EVIDENCE_SERVE_MAX_QUEUE_BYTES')
    const { settings } = readSettings(
      {},
      {
        EVIDENCE_SERVE_ACCEPT_CLOCK_GAP: 'true',
        EVIDENCE_SERVE_BASE_URLS: '["https://a.example"]',
        EVIDENCE_SERVE_LOG_LEVEL: 'warn',
        EVIDENCE_SERVE_HOST: '',
      },
      serverSettings,
    )
    expect(settings).toMatchObject({
      acceptClockGap: true,
      baseUrls: ['https://a.example'],
      logLevel: 'warn',
      host: '127.0.0.1',
    })
  })

  it.each<[string, () => unknown, string, RegExp]>([
    [
      'a number that is none',
      () => readSettings({ port: 'http' }, {}, serverSettings),
      'usage',
      /port \(flag --port\)/,
    ],
    [
      'a name that is nearly right',
      () => readSettings({ config: file({ maxQueu: 5 }) }, {}, serverSettings),
      'config-invalid',
      /maxQueu .*did you mean maxQueue\?/,
    ],
    [
      'a variable that is nearly right',
      () => readSettings({}, { EVIDENCE_SERVE_MAX_QUEU: '5' }, serverSettings),
      'config-invalid',
      /did you mean EVIDENCE_SERVE_MAX_QUEUE\?/,
    ],
    [
      'a value out of bounds, with where it stands',
      () => readSettings({}, { EVIDENCE_SERVE_PORT: '70000' }, serverSettings),
      'config-invalid',
      /port \(EVIDENCE_SERVE_PORT\)/,
    ],
    ['a file that is no JSON', () => readSettings({ config: file('{') }, {}, serverSettings), 'config-invalid', /JSON/],
    [
      'a file that is a list',
      () => readSettings({ config: file('[]') }, {}, serverSettings),
      'config-invalid',
      /object/,
    ],
    ['a file that is not there', () => readSettings({ config: '/none' }, {}, serverSettings), 'config-invalid', /none/],
  ])('refuse %s', (_name, read, code, message) => {
    const refused = refusal(read)
    expect(refused.code).toBe(code)
    expect(refused.message).toMatch(message)
  })

  it('are printed with their origins by --print-config, which serves nothing and shows no secret', async () => {
    const secret = join(path, 'passphrase')
    writeFileSync(secret, 'correct horse battery', { mode: 0o600 })
    const args = ['serve', '--data', path, '--port', '9', '--passphrase-file', secret, '--print-config']
    const env = { EVIDENCE_SERVE_MAX_QUEUE: '77' }
    const text = await evidence(args, { env })
    expect(text.code).toBe(0)
    expect(text.stdout).toMatch(/^port +9 {2}\(flag --port\)$/m)
    expect(text.stdout).toMatch(/^maxQueue +77 {2}\(EVIDENCE_SERVE_MAX_QUEUE\)$/m)
    expect(text.stdout).toMatch(/^maxConnections +4096 {2}\(default\)$/m)
    expect(text.stdout).toMatch(/^passphrase +\(hidden\)/m)
    const json = (await evidence([...args, '--json'], { env })).json<{ settings: object; origins: object }>()
    expect(json).toMatchObject({
      settings: { port: 9, maxQueue: 77 },
      origins: { maxQueue: 'EVIDENCE_SERVE_MAX_QUEUE' },
    })
    expect(text.stdout + JSON.stringify(json)).not.toContain('correct horse')
  })
})
