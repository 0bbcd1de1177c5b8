import { createHash } from 'node:crypto'
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type VerifierKey, verifierKey } from '../../src/core/note.ts'
import { parsePolicy } from '../../src/core/policy.ts'
import { parseReceipt } from '../../src/core/receipt.ts'
import {
  type CliError,
  type CliResult,
  type CliServer,
  evidence,
  evidenceOk,
  type Proxy,
  type ProxyRule,
  startProxy,
  startServer,
  unusedUrl,
} from '../support/cli.ts'
import { temporaryFolder } from '../support/folder.ts'

interface Deposit {
  readonly name: string
  readonly outcome: 'deposited' | 'existing' | 'refused' | 'not deposited'
  readonly index?: number
  readonly receipts?: readonly string[]
  readonly manifest?: string
  readonly skipped?: readonly { readonly name: string; readonly why: string }[]
  readonly error?: { readonly code: string; readonly message: string; readonly action: string }
}
interface Entry {
  readonly jti: string
  readonly payload: { readonly items: readonly Record<string, unknown>[]; readonly relates?: unknown }
  readonly claims: Readonly<Record<string, unknown>>
}

const { path: top, remove } = temporaryFolder()
const data = join(top, 'data')
let server: CliServer
let proxies: Proxy[] = []
/** A new folder for each test. */
let folder: string
let folders = 0

beforeAll(async () => {
  server = await startServer(data)
})
beforeEach(() => {
  folder = join(top, `test-${folders++}`)
  mkdirSync(folder)
})
afterAll(async () => {
  await Promise.all(proxies.map((proxy) => proxy.close()))
  proxies = []
  await server.stop()
  remove()
})

function files(count: number, prefix = 'file'): string[] {
  return Array.from({ length: count }, (_, i) => {
    const file = join(folder, `${prefix}-${String(i).padStart(3, '0')}.txt`)
    writeFileSync(file, `${folder} ${prefix} ${i}`)
    return file
  })
}
function run(args: readonly string[], url = server.url): Promise<CliResult> {
  return evidence([...args, '--data', data, '--url', url])
}
async function deposit(
  args: readonly string[],
  url = server.url,
): Promise<{ code: number | null; deposits: Deposit[] }> {
  const result = await run(['deposit', ...args, '--json'], url)
  return { code: result.code, deposits: result.json<{ deposits: Deposit[] }>().deposits }
}
async function check(file: string, ...args: string[]): Promise<{ code: number | null; faults: string[] }> {
  const result = await evidence(['check', file, '--data', data, '--json', ...args])
  return {
    code: result.code,
    faults: (result.json<{ faults?: { code: string }[] }>().faults ?? []).map(({ code }) => code),
  }
}
async function proxy(rule: ProxyRule): Promise<Proxy> {
  const made = await startProxy(server.url, rule)
  proxies.push(made)
  return made
}
async function size(): Promise<number> {
  return (await server.request('/v1/ledger')).json<{ size: number }>().size
}
async function entry(index: number | undefined): Promise<Entry> {
  const headers = { authorization: `Bearer ${server.token('depositor')}` }
  return (await server.request(`/v1/entries/${index}`, { headers })).json<Entry>()
}
const sha256 = (file: string): string => createHash('sha256').update(readFileSync(file)).digest('hex')

describe('evidence deposit', () => {
  it('makes one statement of several files, and a receipt beside each', async () => {
    const paths = files(3)
    const { code, deposits } = await deposit(paths)
    expect(code).toBe(0)
    expect(deposits).toHaveLength(1)
    const [made] = deposits
    expect(made).toMatchObject({ outcome: 'deposited', receipts: paths.map((file) => `${file}.tlog-proof`) })
    const { payload, claims } = await entry(made?.index)
    expect(payload.items).toEqual(
      paths.map((file) => ({ size: statSync(file).size, digest: { sha256: sha256(file) }, mediaType: 'text/plain' })),
    )
    expect(claims).toEqual({ names: ['file-000.txt', 'file-001.txt', 'file-002.txt'] })
    const receipts = paths.map((file) => readFileSync(`${file}.tlog-proof`, 'utf8'))
    expect(new Set(receipts).size).toBe(1)
    for (const file of paths) expect(await check(file)).toEqual({ code: 0, faults: [] })
    expect(readdirSync(folder)).toHaveLength(6)
  })

  it('tells one file of several from another, by name', async () => {
    const [first, second] = files(2) as [string, string]
    expect((await deposit([first, second])).code).toBe(0)
    writeFileSync(first, readFileSync(second))
    expect(await check(first)).toEqual({ code: 1, faults: ['file-differs'] })
    const renamed = join(folder, 'renamed.txt')
    renameSync(second, renamed)
    expect(await check(renamed, '--receipt', `${second}.tlog-proof`)).toEqual({ code: 0, faults: [] })
    writeFileSync(renamed, 'something else')
    expect(await check(renamed, '--receipt', `${second}.tlog-proof`)).toEqual({
      code: 1,
      faults: ['file-not-in-deposit'],
    })
  })

  it('takes 64 files as items, and more as a manifest', async () => {
    const most = files(64, 'item')
    const before = await size()
    const items = await deposit(most)
    expect(items.deposits).toHaveLength(1)
    expect((await entry(items.deposits[0]?.index)).payload.items).toHaveLength(64)
    const more = files(65, 'line')
    const listed = await deposit(more)
    expect(listed.code).toBe(0)
    expect(listed.deposits).toHaveLength(1)
    expect(await size()).toBe(before + 2)
    const manifest = listed.deposits[0]?.manifest as string
    expect(readFileSync(manifest, 'utf8').trimEnd().split('\n')).toEqual(
      more.map((file) => `${sha256(file)}  ${file.slice(folder.length + 1)}`),
    )
    const { payload, claims } = await entry(listed.deposits[0]?.index)
    expect(payload.items).toEqual([
      {
        size: statSync(manifest).size,
        digest: { sha256: sha256(manifest) },
        mediaType: 'text/plain',
        tree: { root: expect.stringMatching(/^[0-9a-f]{64}$/) as string, size: 65 },
      },
    ])
    expect(claims).toHaveProperty('names')
    for (const file of [more[0], more[33], more[64], manifest]) {
      expect(await check(file as string)).toEqual({ code: 0, faults: [] })
    }
    const last = more[64] as string
    writeFileSync(last, 'changed')
    expect(await check(last)).toEqual({ code: 1, faults: ['file-differs'] })
  })

  it('takes files and folders together, a statement for the files and one for each folder', async () => {
    const paths = files(2)
    mkdirSync(join(folder, 'inner', 'deep'), { recursive: true })
    writeFileSync(join(folder, 'inner', 'deep', 'x.bin'), Buffer.from([0, 1, 2]))
    const { code, deposits } = await deposit([...paths, join(folder, 'inner')])
    expect(code).toBe(0)
    expect(deposits.map(({ outcome, manifest }) => [outcome, manifest !== undefined])).toEqual([
      ['deposited', false],
      ['deposited', true],
    ])
    expect(await check(join(folder, 'inner', 'deep', 'x.bin'))).toEqual({ code: 0, faults: [] })
    expect(await check(join(folder, 'inner'))).toEqual({ code: 0, faults: [] })
  })

  it('records no symbolic link, and says so', async () => {
    const inner = join(folder, 'linked')
    mkdirSync(inner)
    writeFileSync(join(inner, 'real.txt'), 'real')
    symlinkSync('real.txt', join(inner, 'link.txt'))
    symlinkSync('/etc', join(inner, 'outside'))
    const { code, deposits } = await deposit([inner])
    expect(code).toBe(0)
    expect(deposits[0]?.skipped?.map(({ name }) => name).sort()).toEqual(['link.txt', 'outside'])
    const text = await run(['deposit', inner, '--again'])
    expect(text.stdout).toContain('link.txt')
    expect(text.stdout).toContain('outside')
    expect(readFileSync(`${inner}.evidence-manifest`, 'utf8').trimEnd().split('\n')).toHaveLength(1)
  })

  it('deposits the folder that one stands in', async () => {
    files(2)
    const here = { cwd: folder, env: { EVIDENCE_DATA: data, EVIDENCE_URL: server.url } }
    await evidenceOk(['deposit', '.'], here)
    await evidenceOk(['check', '.'], here)
    await evidenceOk(['check', 'file-001.txt'], here)
    const again = await evidenceOk(['deposit', '.', '--json'], here)
    expect(again.json<{ deposits: Deposit[] }>().deposits[0]?.outcome).toBe('existing')
  })

  it('refuses a folder without files, a path that is not there, and two files of one receipt', async () => {
    const before = await size()
    mkdirSync(join(folder, 'empty'))
    mkdirSync(join(folder, 'a'))
    mkdirSync(join(folder, 'b'))
    for (const inner of ['a', 'b']) writeFileSync(join(folder, inner, 'same.txt'), inner)
    expect((await run(['deposit', join(folder, 'empty')])).code).toBeGreaterThan(0)
    const missing = await run(['deposit', join(folder, 'nowhere.txt'), '--json'])
    expect(missing.code).toBe(3)
    expect(missing.json<CliError>().error).toMatchObject({
      code: 'file-unreadable',
      where: join(folder, 'nowhere.txt'),
    })
    const twice = [join(folder, 'a', 'same.txt'), join(folder, 'b', 'same.txt'), '--receipts', join(folder, 'receipts')]
    expect((await run(['deposit', ...twice])).code).toBe(2)
    expect(await size()).toBe(before)
    expect((await deposit(twice.slice(0, 2))).code).toBe(0)
  })

  it('finds what was deposited before, and makes nothing new', async () => {
    const paths = files(2)
    const first = await deposit(paths)
    const before = await size()
    const again = await deposit(paths)
    expect(again).toMatchObject({ code: 0, deposits: [{ outcome: 'existing', index: first.deposits[0]?.index }] })
    // It may have been taken back: a receipt does not know.
    expect((await run(['deposit', ...paths])).stdout).toContain('the ledger was not asked what happened since')
    expect(await size()).toBe(before)
    // A receipt for other bytes is in the way: nothing is written over.
    writeFileSync(paths[0] as string, 'changed since')
    const receipt = readFileSync(`${paths[0]}.tlog-proof`, 'utf8')
    const changed = await deposit(paths)
    expect(changed.code).toBe(2)
    expect(changed.deposits).toMatchObject([{ outcome: 'refused', error: { code: 'file-exists' } }])
    expect(readFileSync(`${paths[0]}.tlog-proof`, 'utf8')).toBe(receipt)
    expect(await size()).toBe(before)
  })

  it('makes a new entry where asked to, and keeps the old receipt', async () => {
    const [file] = files(1) as [string]
    const first = await deposit([file])
    const receipt = readFileSync(`${file}.tlog-proof`, 'utf8')
    const again = await deposit([file, '--again'])
    expect(again.deposits[0]?.outcome).toBe('deposited')
    expect(again.deposits[0]?.index).toBeGreaterThan(first.deposits[0]?.index as number)
    const kept = readdirSync(folder).filter((name) => name.endsWith(`.entry-${first.deposits[0]?.index}.tlog-proof`))
    expect(kept).toHaveLength(1)
    expect(readFileSync(join(folder, kept[0] as string), 'utf8')).toBe(receipt)
    expect(await check(file)).toEqual({ code: 0, faults: [] })
    expect(await check(file, '--receipt', join(folder, kept[0] as string))).toEqual({ code: 0, faults: [] })
  })

  it('seals what is said about the evidence, and records what is asked of it', async () => {
    const [file] = files(1) as [string]
    const collection = join(folder, 'collection.json')
    const ext = join(folder, 'ext.json')
    writeFileSync(
      collection,
      JSON.stringify({ place: 'Room 4', officers: [{ name: 'A' }, { name: 'B' }], writeBlock: true }),
    )
    writeFileSync(ext, JSON.stringify({ ours: [1, 2, { three: null }] }))
    const earlier = await entry((await deposit([collection])).deposits[0]?.index)
    const { leafHash, index } = earlier as unknown as { leafHash: string; index: number }
    const { code, deposits } = await deposit([
      file,
      '--case',
      '(2026)沪0104刑初1号',
      '--authority',
      'Court',
      '--stage',
      'trial',
      '--note',
      'line one\nline two',
      '--category',
      'communication',
      '--collection',
      collection,
      '--ext',
      ext,
      '--digest',
      'sha256,sha512',
      '--digest',
      'md5',
      '--digest',
      'blake3',
      '--relates',
      `derived-from:${index}:${leafHash}:0`,
    ])
    expect(code).toBe(0)
    const { payload, claims } = await entry(deposits[0]?.index)
    expect(claims).toEqual({
      names: ['file-000.txt'],
      case: [{ number: '(2026)沪0104刑初1号', authority: 'Court', stage: 'trial' }],
      note: 'line one\nline two',
      collection: { place: 'Room 4', officers: [{ name: 'A' }, { name: 'B' }], writeBlock: true },
      ext: { ours: [1, 2, { three: null }] },
    })
    const [item] = payload.items
    expect(item).toMatchObject({ category: 'communication' })
    expect(Object.keys(item?.['digest'] as object).sort()).toEqual(['blake3', 'md5', 'sha256', 'sha512'])
    expect(payload.relates).toEqual([{ rel: 'derived-from', index, leafHash, item: 0 }])
    expect(await check(file)).toEqual({ code: 0, faults: [] })
  })

  it('takes a code of an open list that it does not know as it is, and says so', async () => {
    const [first, second] = files(2) as [string, string]
    const earlier = await entry((await deposit([first])).deposits[0]?.index)
    const { leafHash, index } = earlier as unknown as { leafHash: string; index: number }
    const codes = ['--category', 'voice-mail', '--relates', `spoken-in:${index}:${leafHash}`]
    const { code, stderr } = await run(['deposit', second, ...codes], server.url)
    expect(code).toBe(0)
    expect(stderr).toContain(
      '"voice-mail" is no category that this version knows, and is taken as it is; known: published,',
    )
    expect(stderr).toContain('"spoken-in" is no relation that this version knows')
    const { payload } = await entry((await size()) - 1)
    expect([payload.items[0]?.['category'], payload.relates]).toMatchObject([
      'voice-mail',
      [{ rel: 'spoken-in', index }],
    ])
  })

  it('records no names where told so, and writes receipts where told so', async () => {
    const [file] = files(1) as [string]
    const receipts = join(folder, 'receipts')
    const { deposits } = await deposit([file, '--no-names', '--receipts', receipts])
    expect(deposits[0]?.receipts).toEqual([join(receipts, 'file-000.txt.tlog-proof')])
    expect((await entry(deposits[0]?.index)).claims).toEqual({})
    expect(await check(file, '--receipt', join(receipts, 'file-000.txt.tlog-proof'))).toEqual({ code: 0, faults: [] })
    expect(readdirSync(folder).sort()).toEqual(['file-000.txt', 'receipts'])
  })

  it.each([
    ['a category that is no code', ['--category', 'A photo'], 'usage', 2],
    ['a relation that is no code', ['--relates', 'Corrects:1:AAAA'], 'usage', 2],
    ['an unknown digest', ['--digest', 'crc32'], 'usage', 2],
    ['a weak digest alone', ['--digest', 'md5', '--digest', 'sha1'], 'digest-weak-only', 3],
    ['a stage without a case', ['--stage', 'trial'], 'usage', 2],
    ['a relation of no form', ['--relates', 'corrects:'], 'usage', 2],
    ['a collection that is not there', ['--collection', '/nowhere.json'], 'file-unreadable', 3],
    ['a collection that is no JSON', ['--collection', 'TEXT'], 'json-malformed', 3],
    ['a collection of another shape', ['--collection', 'WEATHER'], 'disclosure-claim', 3],
  ])('refuses %s, and stores nothing', async (_name, args, code, exit) => {
    const [file] = files(1) as [string]
    const text = join(folder, 'text')
    const weather = join(folder, 'weather')
    writeFileSync(text, 'no JSON')
    writeFileSync(weather, JSON.stringify({ weather: 'rain' }))
    const before = await size()
    const named = args.map((one) => (one === 'WEATHER' ? weather : one === 'TEXT' ? text : one))
    const result = await run(['deposit', file, ...named, '--json'])
    const { error, deposits } = result.json<Partial<CliError> & { deposits?: Deposit[] }>()
    expect({ code: error?.code ?? deposits?.[0]?.error?.code, exit: result.code }).toEqual({ code, exit })
    expect(await size()).toBe(before)
    // What the ledger itself refused is kept; what was found out before was never signed.
    const kept = deposits === undefined ? [] : ['file-000.txt.refused-1.evidence-statement']
    expect(readdirSync(folder).sort()).toEqual(['file-000.txt', ...kept, 'text', 'weather'])
  })
})

describe('a deposit that breaks off', () => {
  it('says so where nobody answers, and leaves nothing behind', async () => {
    const [file] = files(1) as [string]
    const result = await run(['deposit', file], await unusedUrl())
    expect(result.code).toBe(3)
    expect(result.stderr).toMatch(/^evidence: server-unreachable: .*\n$/)
    expect(result.stdout).toBe('')
    expect(readdirSync(folder)).toEqual(['file-000.txt'])
  })

  it.each(['break', 'break after'] as const)('sends the same bytes when it is run again (%s)', async (how) => {
    const [file] = files(1) as [string]
    const pending = `${file}.evidence-statement`
    const before = await size()
    const broken = await proxy((line) => (line === 'POST /v1/statements' ? how : 'pass'))
    const first = await deposit([file, '--note', 'only once', '--id', 'depositor'], broken.url)
    expect(first.code).toBe(3)
    expect(first.deposits).toMatchObject([{ outcome: 'not deposited', error: { code: 'server-unreachable' } }])
    const signed = readFileSync(pending, 'latin1')
    expect(statSync(pending).mode & 0o777).toBe(0o600)
    expect(existsSync(`${file}.tlog-proof`)).toBe(false)
    expect(await size()).toBe(how === 'break' ? before : before + 1)
    const second = await deposit([file, '--note', 'only once', '--id', 'depositor'])
    expect(second.code).toBe(0)
    expect(second.deposits).toMatchObject([{ outcome: how === 'break' ? 'deposited' : 'existing', index: before }])
    expect(await size()).toBe(before + 1)
    const { jti } = await entry(before)
    const { jti: signedJti } = JSON.parse(Buffer.from(signed.split('.')[1] as string, 'base64url').toString()) as Entry
    expect(jti).toBe(signedJti)
    const receipt = parseReceipt(readFileSync(`${file}.tlog-proof`))
    expect(receipt.entry).toMatchObject({ statement: signed.split('~')[0] })
    expect(receipt.disclosures).toHaveLength(2)
    expect(existsSync(pending)).toBe(false)
    expect(await check(file)).toEqual({ code: 0, faults: [] })
  })

  it('is tried again by itself while the server is busy, with the same bytes', async () => {
    const [file] = files(1) as [string]
    const before = await size()
    const busy = await proxy((line, count) => (line === 'POST /v1/statements' && count < 3 ? 503 : 'pass'))
    const result = await evidence(['deposit', file, '--data', data, '--url', busy.url, '--id', 'depositor'], {
      env: { EVIDENCE_RETRIES: '3' },
    })
    expect(result.code).toBe(0)
    expect(busy.seen.filter((line) => line.startsWith('POST'))).toHaveLength(3)
    expect(result.stderr.match(/trying again/g)).toHaveLength(2)
    expect(await size()).toBe(before + 1)
  })

  it('signs anew where the file, the note or the key has changed since', async () => {
    const [file] = files(1) as [string]
    const broken = await proxy((line) => (line === 'POST /v1/statements' ? 'break' : 'pass'))
    const signed: string[] = []
    const attempt = async (...args: string[]): Promise<void> => {
      expect((await deposit([file, '--id', 'depositor', ...args], broken.url)).code).toBe(3)
      signed.push(readFileSync(`${file}.evidence-statement`, 'latin1'))
    }
    await attempt()
    await attempt()
    expect(signed[1]).toBe(signed[0])
    writeFileSync(file, 'changed')
    await attempt()
    await attempt('--note', 'now with a note')
    expect(new Set(signed).size).toBe(3)
    // Each of those before may have been sealed: kept, and sent again when asked to.
    for (const [n, before] of [signed[0], signed[2]].entries())
      expect(readFileSync(`${file}.unanswered-${n + 1}.evidence-statement`, 'latin1')).toBe(before)
    const sent = await deposit(['--resend', `${file}.unanswered-1.evidence-statement`])
    expect(sent.deposits).toMatchObject([{ outcome: 'deposited', receipts: [`${file}.unanswered-1.tlog-proof`] }])
    expect(existsSync(`${file}.unanswered-1.evidence-statement`)).toBe(false)
    // Cut off while it was written: nobody has seen it.
    writeFileSync(`${file}.evidence-statement`, (signed.at(-1) as string).slice(0, 100))
    const { code, deposits } = await deposit([file, '--note', 'now with a note'])
    expect(code).toBe(0)
    expect((await entry(deposits[0]?.index)).claims).toMatchObject({ note: 'now with a note' })
    expect(existsSync(`${file}.evidence-statement`)).toBe(false)
  })

  it('R8: sends a statement that waits only as this key signed it, with all that it sealed', async () => {
    const [file] = files(1) as [string]
    const pending = `${file}.evidence-statement`
    const broken = await proxy((line) => (line === 'POST /v1/statements' ? 'break' : 'pass'))
    const args = [file, '--note', 'a note', '--id', 'depositor']
    expect((await deposit(args, broken.url)).code).toBe(3)
    const own = readFileSync(pending, 'latin1')
    const [jws, ...texts] = own.split('~').slice(0, -1) as [string, ...string[]]
    const salted = texts.map((text) => {
      const [, claim, value] = JSON.parse(Buffer.from(text, 'base64url').toString()) as unknown[]
      return Buffer.from(JSON.stringify(['A'.repeat(22), claim, value])).toString('base64url')
    })
    const planted = [
      [jws.replace(/(?<=\.[^.]+\.[^.]{20})./, (found) => (found === 'A' ? 'B' : 'A')), ...texts],
      [jws, ...salted],
      [jws, ...texts, texts[0]],
      [jws, ...texts, salted[0]],
    ].map((parts) => `${parts.join('~')}~`)
    for (const [n, text] of planted.entries()) {
      writeFileSync(pending, text)
      // Set aside and told of; what is sent is signed anew.
      expect((await deposit(args, broken.url)).code).toBe(3)
      expect(readFileSync(`${file}.unanswered-${n + 1}.evidence-statement`, 'latin1')).toBe(text)
      expect(readFileSync(pending, 'latin1').split('~')[0]).not.toBe(jws)
    }
    // Nor are they sent by their names.
    const asked = await proxy(() => 'pass')
    for (const [n, text] of planted.entries()) {
      const kept = `${file}.unanswered-${n + 1}.evidence-statement`
      const { code, deposits } = await deposit(['--resend', kept, '--id', 'depositor'], asked.url)
      expect(code).not.toBe(0)
      expect(deposits).toMatchObject([{ outcome: 'refused', statement: kept, error: { code: expect.any(String) } }])
      expect(readFileSync(kept, 'latin1')).toBe(text)
    }
    expect(asked.seen.filter((line) => line.startsWith('POST'))).toEqual([])
    // A line end, as our clients write one, is no part of it.
    writeFileSync(pending, `${own}\n`)
    expect((await deposit(args)).deposits).toMatchObject([{ outcome: 'deposited' }])
    expect(parseReceipt(readFileSync(`${file}.tlog-proof`)).entry).toMatchObject({ statement: jws })
    // As after a crash between the receipt and the removal: what was answered waits no more, and what was not stays.
    writeFileSync(pending, own)
    expect((await deposit(args)).deposits).toMatchObject([{ outcome: 'existing' }])
    expect(existsSync(pending)).toBe(false)
    writeFileSync(pending, planted[0] as string)
    expect((await deposit(args)).deposits).toMatchObject([{ outcome: 'existing' }])
    expect(readFileSync(pending, 'latin1')).toBe(planted[0])
  })

  it('keeps the receipt that is there until a new one has come', async () => {
    const [file] = files(1) as [string]
    expect((await deposit([file])).code).toBe(0)
    const broken = await proxy((line) => (line === 'POST /v1/statements' ? 'break' : 'pass'))
    expect((await deposit([file, '--again', '--id', 'depositor'], broken.url)).code).toBe(3)
    expect(await check(file)).toEqual({ code: 0, faults: [] })
  })

  it('reports one by one what was deposited and what was not', async () => {
    const paths = files(260, 'many')
    const before = await size()
    const going = await proxy((line, count) => (line === 'POST /v1/statements' && count > 1 ? 'break' : 'pass'))
    const { code, deposits } = await deposit([...paths, '--separate', '--id', 'depositor'], going.url)
    expect(code).toBe(3)
    expect(deposits.map(({ name }) => name)).toEqual(paths)
    const deposited = deposits.filter(({ outcome }) => outcome === 'deposited')
    const rest = deposits.filter(({ outcome }) => outcome === 'not deposited')
    expect(deposited.length).toBeGreaterThan(0)
    expect(rest.length).toBeGreaterThan(0)
    expect(deposited.length + rest.length).toBe(260)
    expect(await size()).toBe(before + deposited.length)
    for (const { receipts, index } of deposited) {
      const { entry: sealed } = parseReceipt(readFileSync(receipts?.[0] as string))
      expect(sealed.index).toBe(index)
    }
    for (const { name, error } of rest) {
      expect(error?.code).toBe('server-unreachable')
      expect(existsSync(`${name}.tlog-proof`)).toBe(false)
      expect(existsSync(`${name}.evidence-statement`)).toBe(true)
    }
    const text = await run(['deposit', ...paths, '--separate', '--id', 'depositor'], await gone())
    expect(text.code).toBe(3)
    expect(text.stdout).toMatch(new RegExp(`${deposited.length} of 260 deposited; ${rest.length} not`))
    const again = await deposit([...paths, '--separate'])
    expect(again.code).toBe(0)
    expect(again.deposits.map(({ outcome }) => outcome)).toEqual(
      deposits.map(({ outcome }) => (outcome === 'deposited' ? 'existing' : 'deposited')),
    )
    expect(await size()).toBe(before + 260)
    expect(readdirSync(folder).filter((name) => name.endsWith('.evidence-statement'))).toEqual([])
  })

  /** A server that knows its name and takes nothing. */
  async function gone(): Promise<string> {
    return (await proxy((line) => (line.startsWith('POST') ? 'break' : 'pass'))).url
  }

  it('says where the other side is no ledger', async () => {
    const [file] = files(1) as [string]
    const other = await proxy(() => 200)
    const result = await run(['deposit', file, '--json'], other.url)
    expect(result.code).toBe(3)
    expect(result.json<CliError>().error.code).toBe('server-answer')
    const refusing = await proxy((line) => (line.startsWith('POST') ? 500 : 'pass'))
    const refused = await deposit([file, '--id', 'depositor'], refusing.url)
    expect(refused.code).toBe(3)
    expect(refused.deposits).toMatchObject([{ outcome: 'not deposited', error: { code: 'server-answer' } }])
    expect(existsSync(`${file}.evidence-statement`)).toBe(true)
  })
})

describe('a deposit that is refused', () => {
  it('says why, and leaves no statement waiting that would be refused again', async () => {
    const [file] = files(1) as [string]
    const before = await size()
    const key = join(data, 'keys', 'administrator.pem')
    const refused = await deposit([file, '--key', key])
    expect(refused.code).toBe(3)
    expect(refused.deposits).toMatchObject([{ outcome: 'refused', error: { code: 'role-missing' } }])
    expect(refused.deposits[0]?.error?.action).not.toBe('')
    expect(readdirSync(folder).sort()).toEqual(['file-000.txt', 'file-000.txt.refused-1.evidence-statement'])
    const text = await run(['deposit', file, '--key', key])
    expect(text.code).toBe(3)
    expect(text.stdout).toContain('role-missing')
    expect(await size()).toBe(before)
  })

  it('holds up no other file', async () => {
    const paths = files(3)
    // A receipt of something else stands in the way of the second.
    writeFileSync(`${paths[1]}.tlog-proof`, 'not a receipt\n')
    const { code, deposits } = await deposit([...paths, '--separate'])
    expect(code).toBe(2)
    expect(deposits.map(({ outcome }) => outcome)).toEqual(['deposited', 'refused', 'deposited'])
    expect(readFileSync(`${paths[1]}.tlog-proof`, 'utf8')).toBe('not a receipt\n')
    rmSync(`${paths[1]}.tlog-proof`)
    expect((await deposit([...paths, '--separate'])).deposits.map(({ outcome }) => outcome)).toEqual([
      'existing',
      'deposited',
      'existing',
    ])
  })

  it('asks for a name where the key is nobody’s', async () => {
    const [file] = files(1) as [string]
    const key = join(folder, 'stranger.pem')
    await evidenceOk(['keygen', '--out', key])
    const unknown = await run(['deposit', file, '--key', key, '--json'])
    expect(unknown.code).toBe(3)
    expect(unknown.json<CliError>().error.code).toBe('key-unknown')
    const named = await deposit([file, '--key', key, '--id', 'depositor'])
    expect(named.code).toBe(3)
    expect(named.deposits).toMatchObject([{ outcome: 'refused', error: { code: 'key-unknown' } }])
  })
})

describe('receipts that a server gives', () => {
  it('are believed only as far as they check', async () => {
    const other = join(top, 'other-ledger')
    const second = await startServer(other)
    try {
      const [file] = files(1) as [string]
      // A policy that names the ledger, with another one's key: its receipts do not check.
      const keyIn = (text: string): VerifierKey =>
        (parsePolicy(Buffer.from(text, 'latin1')).logs[0] as { key: VerifierKey }).key
      const [own, its] = [data, other].map((at) => keyIn(readFileSync(join(at, 'policy'), 'latin1')))
      const wrong = join(folder, 'wrong.policy')
      const { text: vkey } = verifierKey((its as VerifierKey).name, (own as VerifierKey).publicKey)
      writeFileSync(wrong, `log ${vkey}\nquorum none\n`)
      const result = await evidence([
        'deposit',
        file,
        '--data',
        other,
        '--policy',
        wrong,
        '--url',
        second.url,
        '--json',
      ])
      expect(result.code).toBe(3)
      expect(result.json<{ deposits: Deposit[] }>().deposits).toMatchObject([
        { outcome: 'not deposited', error: { code: 'server-answer' } },
      ])
      expect(existsSync(`${file}.tlog-proof`)).toBe(false)
    } finally {
      await second.stop()
    }
  })
})
