import { createServer, type Server } from 'node:http'
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { dataFolder } from '../../src/ledger/data-folder.ts'
import { type CliError, evidence, evidenceOk } from '../support/cli.ts'
import { temporaryFolder } from '../support/folder.ts'

/*
 * A command that is refused before it has anything to write leaves neither its folder nor those above it that it made
 * (docs/design/backup-and-follow.md, "A folder that is made").
 */
const { path, remove } = temporaryFolder()
const at = (name: string): string => join(path, name)
let server: Server
let url: string

beforeAll(async () => {
  await evidenceOk(['init', '--data', at('data')])
  await evidenceOk(['keygen', '--out', at('key.pem')])
  writeFileSync(at('photo.jpg'), 'a photograph')
  // A server that is no ledger.
  server = createServer((_, response) => response.writeHead(404).end())
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterAll(() => {
  server.closeAllConnections()
  server.close()
  remove()
})

const policy = (): string[] => ['--policy', dataFolder(at('data')).policy]
const key = (): string[] => ['--key', at('key.pem'), '--id', 'court']
const commands: [string, (out: string) => string[]][] = [
  ['backup', (out) => ['backup', out, '--url', url, ...key(), ...policy()]],
  ['mirror', (out) => ['mirror', url, out, '--once', '--key', at('missing.pem'), ...policy()]],
  ['monitor', (out) => ['monitor', url, '--state', out, '--once', '--key', at('missing.pem'), ...policy()]],
  [
    'anchor',
    (out) => [
      'anchor',
      '--url',
      url,
      '--to',
      url,
      '--upper-policy',
      dataFolder(at('data')).policy,
      '--out',
      out,
      '--once',
      ...key(),
      ...policy(),
    ],
  ],
  ['deposit', (out) => ['deposit', at('photo.jpg'), '--receipts', out, '--url', url, ...key(), ...policy()]],
  ['restore', (out) => ['restore', '--from', at('damaged'), '--data', out]],
]

describe('R8: a command that is refused', () => {
  beforeAll(async () => {
    await evidenceOk(['backup', at('damaged'), '--data', at('data')])
    const entries = join(at('damaged'), 'tile/entries')
    for (const name of readdirSync(entries, { recursive: true, encoding: 'utf8' })) {
      if (/[.]p.\d+$/.test(name)) writeFileSync(join(entries, name), 'nothing')
    }
  })

  it.each(commands)('%s: leaves no folder that it made', async (name, args) => {
    const result = await evidence([...args(at(`new-${name}/within/out`)), '--json'])
    expect(result.code).not.toBe(0)
    expect(result.json<CliError>().error.code).not.toBe('internal-error')
    expect(existsSync(at(`new-${name}`))).toBe(false)
  })

  it.each(commands)('%s: leaves a folder that was there, empty', async (name, args) => {
    const given = at(`given-${name}`)
    mkdirSync(given)
    expect((await evidence([...args(given), '--json'])).code).not.toBe(0)
    expect(readdirSync(given)).toEqual([])
  })
})
