import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { callHook } from '../../src/monitor/hook.ts'
import { isPrivateAddress } from '../../src/monitor/private-address.ts'
import { callWebhook, webhookUrl } from '../../src/monitor/webhook.ts'
import { temporaryFolder } from '../support/folder.ts'

let server: Server | undefined
afterEach(() => {
  server?.closeAllConnections()
  server?.close()
  server = undefined
})

async function listen(handle: (from: IncomingMessage, to: ServerResponse) => void): Promise<string> {
  const made = createServer(handle)
  server = made
  await new Promise<void>((resolve) => made.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(made.address() as AddressInfo).port}/hook`
}

describe('private addresses', () => {
  it.each([
    '127.0.0.1',
    '10.1.2.3',
    '172.31.0.1',
    '192.168.1.1',
    '169.254.169.254',
    '100.64.0.1',
    '0.0.0.0',
    '224.0.0.1',
    '255.255.255.255',
    '192.0.2.1',
    '198.18.0.1',
    '::1',
    '::',
    'fe80::1',
    'fe80::1%eth0',
    'fc00::1',
    'fd12::1',
    'ff02::1',
    '::ffff:10.0.0.1',
    '::ffff:7f00:1',
    '::7f00:1',
    '64:ff9b::a00:1',
    '2002:7f00:1::',
    '2001:db8::1',
    '2001:0:4136:e378:8000:63bf:3fff:fdd2',
    '5f00::1',
  ])('%s', (address) => expect(isPrivateAddress(address)).toBe(true))
  it.each(['8.8.8.8', '1.1.1.1', '172.32.0.1', '2606:4700:4700::1111', '2a00:1450::1'])('not %s', (address) =>
    expect(isPrivateAddress(address)).toBe(false),
  )
})

describe('a webhook', () => {
  it('is posted the event, where the operator allows a private address', async () => {
    let body = ''
    const url = await listen((from, to) => {
      from.on('data', (chunk: Buffer) => (body += chunk.toString()))
      from.on('end', () => to.writeHead(204).end())
    })
    await callWebhook(url, { event: 'alarm' }, { allowPrivate: true })
    expect(JSON.parse(body)).toEqual({ event: 'alarm' })
  })

  it.each([
    'http://127.0.0.1:1/',
    'http://localhost:1/',
    'http://[::1]:1/',
    'http://[::ffff:127.0.0.1]:1/',
    'http://2130706433:1/',
    'http://0x7f.1:1/',
  ])('is not called at %s', async (url) => {
    await expect(callWebhook(url, {}, { allowPrivate: false })).rejects.toMatchObject({
      code: 'webhook-refused',
      message: expect.stringContaining('private network') as string,
    })
  })

  it('follows no redirect, and takes no refusal for an answer', async () => {
    let seen = 0
    const redirecting = await listen((from, to) => {
      seen++
      to.writeHead(from.url === '/hook' ? 307 : 200, { location: '/elsewhere' }).end()
    })
    await expect(callWebhook(redirecting, {}, { allowPrivate: true })).rejects.toMatchObject({
      code: 'webhook-refused',
    })
    expect(seen).toBe(1)
    server?.close()
    const refusing = await listen((_from, to) => to.writeHead(500).end())
    await expect(callWebhook(refusing, {}, { allowPrivate: true })).rejects.toMatchObject({ code: 'webhook-refused' })
  })

  it.each(['', 'x', 'file:///etc/passwd', 'ftp://example.org/'])('is not %j', (url) => {
    expect(() => webhookUrl(url)).toThrow('not an http or https URL')
  })
})

describe('a hook', () => {
  it('gets its arguments as they are and the event on its standard input, and no shell', async () => {
    const { path, remove } = temporaryFolder()
    const out = join(path, 'out')
    const program = join(path, 'hook.mjs')
    writeFileSync(
      program,
      `import { readFileSync, writeFileSync } from 'node:fs'\nwriteFileSync(${JSON.stringify(out)}, JSON.stringify([process.argv.slice(2), JSON.parse(readFileSync(0, 'utf8'))]))\n`,
    )
    chmodSync(program, 0o700)
    const odd = `$(touch ${join(path, 'pwned')}); "x"`
    await callHook([process.execPath, program, odd], { event: 'alarm', message: odd })
    expect(JSON.parse(readFileSync(out, 'utf8'))).toEqual([[odd], { event: 'alarm', message: odd }])
    expect(existsSync(join(path, 'pwned'))).toBe(false)
    await expect(callHook([join(path, 'nothing')], {})).rejects.toMatchObject({ code: 'file-unreadable' })
    await expect(callHook([process.execPath, '-e', 'process.exit(3)'], {})).rejects.toThrow('ended with 3')
    remove()
  })
})
