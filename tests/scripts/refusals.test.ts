import { chmodSync, copyFileSync, cpSync, mkdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type CliError, type CliServer, evidence, evidenceOk, fewAtATime, startServer } from '../support/cli.ts'
import { temporaryFolder } from '../support/folder.ts'
import { sampled } from '../support/long.ts'

interface Refusal {
  readonly exit: number | null
  readonly code: string
}

/** Runs a command that must be refused, once as text and once as JSON, and holds both to one form. */
async function refusal(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Refusal> {
  // One after the other: two servers at once would stand in each other's way.
  const text = await evidence(args, { env })
  const json = await evidence([...args, '--json'], { env })
  const { error } = json.json<CliError>()
  if (!/^evidence: [a-z0-9-]+: [^\n]+\n$/.test(text.stderr)) throw new Error(`more than one line: ${text.stderr}`)
  if (text.stdout !== '' || json.stderr !== '') throw new Error(`${text.stdout}${json.stderr}`)
  if (text.code !== json.code) throw new Error(`it ended with ${text.code} and with ${json.code}`)
  if (!text.stderr.includes(error.message) || !text.stderr.includes(error.action)) throw new Error(text.stderr)
  return { exit: text.code, code: error.code }
}

describe('a server that cannot start', () => {
  const { path, remove } = temporaryFolder()
  const data = join(path, 'data')
  const passphrase = join(path, 'passphrase')
  const serve = ['serve', '--data', data, '--port', '0']
  const right = ['--passphrase-file', passphrase]

  beforeAll(async () => {
    writeFileSync(passphrase, 'right\n', { mode: 0o600 })
    await evidenceOk(['init', '--data', data, ...right])
  })
  afterAll(remove)

  it('says so: no passphrase, a wrong one, an empty one, one that others may read', async () => {
    const wrong = join(path, 'wrong')
    writeFileSync(wrong, 'wrong\n', { mode: 0o600 })
    expect(await refusal([...serve, '--passphrase-file', wrong])).toEqual({ exit: 3, code: 'key-file-passphrase' })
    expect(await refusal(serve)).toEqual({ exit: 3, code: 'key-file-passphrase' })
    writeFileSync(wrong, '\n')
    expect(await refusal([...serve, '--passphrase-file', wrong])).toEqual({ exit: 3, code: 'key-file-passphrase' })
    writeFileSync(wrong, 'right\n')
    chmodSync(wrong, 0o644)
    expect(await refusal([...serve, '--passphrase-file', wrong])).toEqual({ exit: 3, code: 'key-file-permissions' })
    expect(await refusal([...serve, '--passphrase-file', join(path, 'nowhere')])).toEqual({
      exit: 3,
      code: 'file-unreadable',
    })
  })

  it('says so: a key file that others may use, is missing, or is no key', async () => {
    const key = join(data, 'keys', 'ledger.pem')
    const pem = readFileSync(key)
    for (const mode of [0o640, 0o604]) {
      chmodSync(key, mode)
      expect(await refusal([...serve, ...right])).toEqual({ exit: 3, code: 'key-file-permissions' })
    }
    chmodSync(key, 0o600)
    writeFileSync(key, 'no key\n')
    expect(await refusal([...serve, ...right])).toEqual({ exit: 3, code: 'key-file-malformed' })
    rmSync(key)
    expect((await refusal([...serve, ...right])).exit).toBe(3)
    writeFileSync(key, pem, { mode: 0o600 })
  })

  it('says so: a key that is not the ledger’s', async () => {
    const key = join(data, 'keys', 'ledger.pem')
    const pem = readFileSync(key)
    rmSync(key)
    await evidenceOk(['keygen', '--out', key])
    expect(await refusal(serve)).toEqual({ exit: 1, code: 'genesis-ledger-keys' })
    writeFileSync(key, pem, { mode: 0o600 })
  })

  it('says so: a configuration that is damaged, of another version, or unknown', async () => {
    const config = join(data, 'config.json')
    const text = readFileSync(config, 'utf8')
    for (const [bad, code, exit] of [
      ['{', 'config-invalid', 3],
      [text.replace('participants', 'nobody'), 'config-invalid', 3],
      [text.replace('{', '{"more":1,'), 'config-invalid', 3],
      [text.replace(/"format": *1/, '"format":2'), 'format-version', 4],
    ] as const) {
      writeFileSync(config, bad)
      expect(await refusal([...serve, ...right])).toEqual({ exit, code })
    }
    writeFileSync(config, text)
  })

  it('says so: settings that are none', async () => {
    const config = join(path, 'settings.json')
    for (const [args, code, exit] of [
      [['--port', 'x'], 'usage', 2],
      [['--port', '70000'], 'usage', 2],
      [['--max-queue', '0'], 'usage', 2],
      [['--log-level', 'loud'], 'usage', 2],
      [['--host', 'no.such.host.example.invalid'], 'usage', 2],
      [['--config', join(path, 'nowhere')], 'config-invalid', 3],
    ] as const) {
      expect({ args, ...(await refusal(['serve', '--data', data, ...right, ...args])) }).toEqual({ args, code, exit })
    }
    for (const bad of ['{', '{"maxQueue":0}', '{"unknown":1}']) {
      writeFileSync(config, bad)
      expect(await refusal([...serve, ...right, '--config', config])).toEqual({ exit: 3, code: 'config-invalid' })
    }
    writeFileSync(config, '{"maxQueue":5,"logLevel":"silent"}')
    const server = await startServer(data, [...right, '--config', config], 'serve')
    expect(server.output()).toMatch(/^listening on \S+\npolicy fingerprint (?:[0-9a-f]{4} ){6}.*\n$/)
    expect(await server.stop()).toBe(0)
  })

  it('says so: a folder where there is no ledger', async () => {
    mkdirSync(join(path, 'empty'))
    for (const folder of ['empty', 'nowhere']) {
      expect((await refusal(['serve', '--data', join(path, folder)])).exit).toBe(3)
      expect((await refusal(['verify', '--data', join(path, folder), '--policy', join(data, 'policy')])).exit).toBe(3)
    }
  })

  it('says so: a policy that is damaged', async () => {
    const policy = join(data, 'policy')
    const text = readFileSync(policy, 'utf8')
    writeFileSync(policy, text.replace('quorum none', 'quorum'))
    expect(await refusal([...serve, ...right])).toEqual({ exit: 3, code: 'policy-malformed' })
    expect(await refusal(['verify', '--data', data])).toEqual({ exit: 3, code: 'policy-malformed' })
    writeFileSync(policy, text)
  })

  it('says so: the folder in use, the port taken', async () => {
    const server = await startServer(data, right, 'serve')
    try {
      expect(await refusal([...serve, ...right])).toEqual({ exit: 3, code: 'ledger-in-use' })
      expect(await refusal(['export', join(path, 'export'), '--data', data])).toEqual({
        exit: 3,
        code: 'ledger-in-use',
      })
      const other = join(path, 'other')
      await evidenceOk(['init', '--data', other])
      const { port } = new URL(server.url)
      expect(await refusal(['serve', '--data', other, '--port', port])).toEqual({ exit: 3, code: 'port-in-use' })
      expect((await server.request('/readyz')).status).toBe(200)
      // The one that could not listen has left its folder free.
      const second = await startServer(other, [], 'serve')
      expect(await second.stop()).toBe(0)
    } finally {
      expect(await server.stop()).toBe(0)
    }
  })

  it('starts after a server was killed, whose lock nobody holds', async () => {
    const killed = await startServer(data, right, 'serve')
    await killed.stop('SIGKILL')
    const server = await startServer(data, right, 'serve')
    expect((await server.request('/readyz')).status).toBe(200)
    expect(await server.stop()).toBe(0)
  })

  it('says so: a database that is damaged or gone, and leaves it as it is', async () => {
    const copy = join(path, 'damaged')
    cpSync(data, copy, { recursive: true })
    rmSync(join(copy, 'ledger', 'CURRENT'))
    const gone = await refusal(['serve', '--data', copy, '--port', '0', ...right])
    expect(gone).toEqual({ exit: 1, code: 'database-missing' })
    cpSync(data, copy, { recursive: true })
    truncateSync(join(copy, 'head'), 10)
    const headless = await refusal(['serve', '--data', copy, '--port', '0', ...right])
    expect(headless.exit).toBe(1)
    expect(headless.code).toMatch(/^head-/)
    const verified = await evidence(['verify', '--data', copy, '--json'])
    expect(verified.code).toBe(1)
    expect(verified.json()).toMatchObject({ ok: false })
  })
})

describe('a check that fails', () => {
  const { path, remove } = temporaryFolder()
  const data = join(path, 'data')
  const policy = join(data, 'policy')
  const [first, second] = ['first.txt', 'second.txt'].map((name) => join(path, name)) as [string, string]
  let server: CliServer

  async function check(...args: string[]): Promise<{ exit: number | null; codes: string[] }> {
    const [text, json] = await Promise.all([evidence(['check', ...args]), evidence(['check', ...args, '--json'])])
    if (/^ {4}at /m.test(text.stderr + text.stdout)) throw new Error(`a stack trace: ${text.stderr}`)
    if (text.code !== json.code) throw new Error(`it ended with ${text.code} and with ${json.code}`)
    const { faults, error } = json.json<{ faults?: { code: string }[]; error?: { code: string } }>()
    return { exit: json.code, codes: error === undefined ? (faults ?? []).map(({ code }) => code) : [error.code] }
  }

  /** The first file against a receipt, as JSON alone. */
  async function quickCheck(receipt: string): Promise<{ exit: number | null; codes: string[] }> {
    const result = await evidence(['check', first, '--receipt', receipt, '--policy', policy, '--json'])
    const { faults = [] } = result.json<{ faults?: { code: string }[] }>()
    return { exit: result.code, codes: faults.map((fault) => fault.code) }
  }

  beforeAll(async () => {
    server = await startServer(data)
    for (const file of [first, second]) {
      writeFileSync(file, `content of ${file}`)
      await evidenceOk(['deposit', file, '--data', data, '--url', server.url])
    }
  })
  afterAll(async () => {
    await server.stop()
    remove()
  })

  it('says so: the receipt of another file', async () => {
    expect(await check(first, '--policy', policy)).toEqual({ exit: 0, codes: [] })
    const other = await check(first, '--receipt', `${second}.tlog-proof`, '--policy', policy)
    expect(other.exit).toBe(1)
    // Size and digest both differ.
    expect(new Set(other.codes)).toEqual(new Set(['file-differs']))
  })

  it('says so: the receipt of another ledger, or another ledger’s policy', async () => {
    const other = join(path, 'other')
    await evidenceOk(['init', '--data', other])
    expect(await check(first, '--policy', join(other, 'policy'))).toEqual({ exit: 1, codes: ['receipt-other-ledger'] })
    // The same name under another key.
    const [, name] = /^log ([^+]+)\+/m.exec(readFileSync(policy, 'utf8')) ?? []
    await evidenceOk(['init', '--data', join(path, 'twin'), '--origin', name as string])
    const twin = await check(first, '--policy', join(path, 'twin', 'policy'))
    expect(twin).toEqual({ exit: 1, codes: ['checkpoint-untrusted'] })
  })

  it('says so: a receipt that is cut off anywhere', async () => {
    const receipt = readFileSync(`${first}.tlog-proof`)
    const cuts = [
      0,
      1,
      20,
      Math.floor(receipt.length / 3),
      Math.floor(receipt.length / 2),
      receipt.length - 70,
      receipt.length - 1,
    ]
    const results = await fewAtATime(cuts, async (length) => {
      const cut = join(path, `cut-${length}.tlog-proof`)
      writeFileSync(cut, receipt.subarray(0, length))
      return { length, ...(await quickCheck(cut)) }
    })
    expect(results.filter(({ exit, codes }) => exit !== 1 || codes.length === 0)).toEqual([])
  })

  it('says so: a receipt of which one byte was changed, wherever it was', async () => {
    const receipt = readFileSync(`${first}.tlog-proof`)
    const all = Array.from({ length: 12 }, (_, i) => Math.floor(((i + 0.5) * receipt.length) / 12))
    const places = sampled('tests/scripts/refusals.test.ts', 'places', all)
    const results = await fewAtATime(places, async (at) => {
      const bytes = Buffer.from(receipt)
      bytes[at] = (bytes[at] as number) === 0x41 ? 0x42 : 0x41
      const changed = join(path, `changed-${at}.tlog-proof`)
      writeFileSync(changed, bytes)
      return { at, ...(await quickCheck(changed)) }
    })
    expect(results.filter(({ exit, codes }) => exit !== 1 || codes.length === 0)).toEqual([])
  })

  it('says so: no receipt, no file, no policy, or something else in their place', async () => {
    const lonely = join(path, 'lonely.txt')
    writeFileSync(lonely, 'no receipt')
    expect(await check(lonely, '--policy', policy)).toEqual({ exit: 2, codes: ['receipt-not-found'] })
    expect(await check(join(path, 'nowhere'), '--policy', policy)).toEqual({ exit: 3, codes: ['file-unreadable'] })
    expect(await check(first, '--receipt', join(path, 'nowhere'), '--policy', policy)).toEqual({
      exit: 3,
      codes: ['file-unreadable'],
    })
    expect(await check(first, '--policy', join(path, 'nowhere'))).toEqual({ exit: 3, codes: ['file-unreadable'] })
    expect((await check(first, '--data', join(path, 'nowhere'))).exit).toBe(2)
    expect(await check(first, '--policy', first)).toEqual({ exit: 3, codes: ['policy-malformed'] })
    expect((await check(first, '--receipt', first, '--policy', policy)).exit).toBe(1)
    const large = join(path, 'large.tlog-proof')
    writeFileSync(large, Buffer.alloc(8 * 1024 * 1024, 'a'))
    expect((await check(first, '--receipt', large, '--policy', policy)).exit).toBe(1)
    expect((await check(path, '--policy', policy)).exit).toBe(2)
  })

  it('says so: a receipt of something that deposits no file', async () => {
    const genesis = join(path, 'genesis.tlog-proof')
    await evidenceOk(['show', '0', '--receipt', genesis, '--data', data, '--url', server.url])
    const result = await check(first, '--receipt', genesis, '--policy', policy)
    expect(result).toEqual({ exit: 1, codes: ['reference-kind'] })
  })

  it('is not put right by moving the file with its receipt', async () => {
    mkdirSync(join(path, 'moved'))
    const moved = join(path, 'moved', 'renamed.txt')
    copyFileSync(first, moved)
    copyFileSync(`${first}.tlog-proof`, `${moved}.tlog-proof`)
    expect(await check(moved, '--policy', policy)).toEqual({ exit: 0, codes: [] })
    writeFileSync(moved, 'something else')
    expect((await check(moved, '--policy', policy)).exit).toBe(1)
  })
})
