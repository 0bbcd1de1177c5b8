import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ReceiptAnswer } from '../../src/api/answers.ts'
import { accessToken } from '../../src/client/access-token.ts'
import { readKeyFile } from '../../src/node/key-file.ts'
import { parseReleaseFile } from '../../src/statements/release-file.ts'
import {
  type CliError,
  type CliResult,
  type CliServer,
  evidence,
  evidenceOk,
  type Proxy,
  type ProxyChange,
  startProxy,
  startServer,
} from '../support/cli.ts'
import { temporaryFolder } from '../support/folder.ts'

/*
 * A signer names an entry by its index or by the number of an exhibit, and a server says which entry that is: it is held to what it shows, and the
 * signer is told whose deposit it is. The police and a stranger deposit, a court orders, a laboratory examines.
 */
const { path, remove } = temporaryFolder()
const at = (name: string): string => join(path, name)
const data = at('data')
let server: CliServer
let proxy: Proxy
let change: ProxyChange = (_line, body) => body

const options = (): { cwd: string; env: Record<string, string> } => ({
  cwd: path,
  env: { EVIDENCE_DATA: data, EVIDENCE_URL: proxy.url, EVIDENCE_POLICY: join(data, 'policy') },
})
const by = (id: string): string[] => ['--key', at(`${id}.pem`), '--id', id]
const ok = (...args: string[]): Promise<CliResult> => evidenceOk(args, options())
const size = async (): Promise<number> => (await server.request('/v1/ledger')).json<{ size: number }>().size
async function refusal(...args: string[]): Promise<string> {
  const before = await size()
  const result = await evidence([...args, '--json'], options())
  expect(await size()).toBe(before)
  return `${result.code} ${result.json<CliError>().error.code}`
}
/** Runs something while the proxy changes answers. */
async function changed<T>(how: ProxyChange, run: () => Promise<T>): Promise<T> {
  change = how
  try {
    return await run()
  } finally {
    change = (_line, body) => body
  }
}
let [phone, laptop, taken, theirs]: number[] = []
async function deposit(who: string, name: string, collection: object, ...more: string[]): Promise<number> {
  writeFileSync(at(name), `${who} ${name}`)
  writeFileSync(at('collection.json'), JSON.stringify(collection))
  const made = await ok('deposit', name, '--collection', 'collection.json', ...more, ...by(who), '--json')
  return made.json<{ deposits: { index: number }[] }>().deposits[0]?.index as number
}
/** A ledger's answer about the receipt of an entry, to somebody who may read it. */
async function receiptAnswer(index: number | undefined, who: string): Promise<ReceiptAnswer> {
  const token = accessToken(who, readKeyFile(at(`${who}.pem`)), proxy.url, Date.now())
  const headers = { authorization: `Bearer ${token}` }
  return (await server.request(`/v1/entries/${index}/receipt`, { headers })).json<ReceiptAnswer>()
}

beforeAll(async () => {
  await evidenceOk(['init', '--data', data, '--origin', 'test.example', '--reading', 'participants'])
  const first = await startServer(data, [], 'serve')
  const { port } = new URL(first.url)
  await first.stop()
  proxy = await startProxy(
    `http://127.0.0.1:${port}`,
    () => 'pass',
    (line, body) => change(line, body),
  )
  server = await startServer(data, ['--port', port, '--base-url', proxy.url], 'serve')
  const admitted = { police: ['depositor'], stranger: ['depositor'], court: ['authority'], lab: ['attestor'] }
  for (const [id, roles] of Object.entries(admitted)) {
    await ok('keygen', '--out', at(`${id}.pem`))
    const named = ['--type', 'organisation', '--name', `Bureau ${id}`, ...roles.flatMap((role) => ['--role', role])]
    await ok('participants', 'admit', id, '--public-key', at(`${id}.jwk`), ...named)
  }
  const number = ['--case', '（2026） 123', '--authority', 'Police of X', '--note', 'a secret']
  phone = await deposit('police', 'phone.img', { exhibit: 'ＥＸ－１２' }, ...number)
  laptop = await deposit('police', 'laptop.img', { exhibit: 'EX-13' }, '--note', 'another secret')
  taken = await deposit('police', 'real.img', { exhibit: 'EX-99' })
  theirs = await deposit('stranger', 'fake.img', { exhibit: 'EX-99' })
  await ok('access', 'grant', String(theirs), '--to', 'court', '--basis', 'x', ...by('stranger'))
  await ok('access', 'grant', String(phone), '--to', 'court', '--basis', 'x', ...by('police'))
})
afterAll(async () => {
  await proxy.close()
  await server.stop()
  remove()
})

describe('an entry that a signer names', () => {
  it('CR-H3: by the number of an exhibit is the one whose receipt has it, however the number is written', async () => {
    const search: ProxyChange = (line, body) =>
      line.includes('/v1/entries/search') || line.includes('exhibit=')
        ? body.replaceAll(`"index":${phone},`, `"index":${laptop},`)
        : body
    await changed(search, async () => {
      expect(await refusal('hand-over', 'EX-12', '--to', 'lab', '--no-event', ...by('police'))).toBe('3 server-answer')
      expect(await refusal('hand-over', 'EX-12:0', '--to', 'lab', ...by('police'))).toBe('3 server-answer')
      for (const rule of ['grant', 'end'])
        expect(await refusal('access', rule, 'EX-12', '--to', 'lab', '--basis', 'x', ...by('police'))).toBe(
          '3 server-answer',
        )
      expect(await refusal('custody', 'end', 'EX-12', '--how', 'lost', ...by('police'))).toBe('3 server-answer')
      expect(await refusal('custody', 'resume', 'EX-12', '--reason', 'found', ...by('police'))).toBe('3 server-answer')
      expect(await refusal('custody', 'show', 'EX-12', ...by('police'))).toBe('3 server-answer')
      expect(await refusal('access', 'list', 'EX-12', ...by('police'))).toBe('3 server-answer')
      expect(await refusal('history', 'EX-12', ...by('police'))).toBe('3 server-answer')
      for (const rule of ['seal', 'unseal', 'hold', 'unhold'])
        expect(await refusal('access', rule, 'EX-12', '--basis', 'x', ...by('court'))).toBe('3 number-not-shown')
    })
    const found = await ok('custody', 'show', 'EX-12', '--json', ...by('police'))
    expect(found.json<{ index: number }>().index).toBe(phone)
  })

  it('CR-H3: is not signed about where the number is not shown to the signer', async () => {
    const shut: ProxyChange = (line, body) =>
      line === `GET /v1/entries/${taken}/receipt`
        ? { status: 403, body: JSON.stringify({ code: 'not-permitted', detail: 'no' }) }
        : body
    const refused = await changed(shut, () => refusal('hand-over', 'EX-99', '--to', 'lab', ...by('police')))
    expect(refused).toBe('3 number-not-shown')
  })

  it('CR-H3: by its index is that entry, and no other’s receipt or leaf hash is taken for it', async () => {
    const other = await receiptAnswer(laptop, 'police')
    const swap: ProxyChange = (line, body) =>
      line === `GET /v1/entries/${phone}/receipt` ? JSON.stringify({ ...other, index: phone }) : body
    await changed(swap, async () => {
      const erase = ['erase', String(phone), '--claim', 'all', '--basis', 'Decision 12', ...by('court')]
      expect(await refusal(...erase)).toBe('3 server-answer')
      expect(await refusal('retract', String(phone), '--reason', 'mistake', ...by('police'))).toBe('3 server-answer')
      expect(await refusal('attest', String(phone), '--as', 'witness', ...by('court'))).toBe('3 server-answer')
      const hand = ['hand-over', String(phone), '--to', 'lab', '--no-event', ...by('police')]
      expect(await refusal(...hand)).toBe('3 server-answer')
      const end = ['custody', 'end', String(laptop), '--how', 'disposed', '--order', String(phone), ...by('police')]
      expect(await refusal(...end)).toBe('3 server-answer')
    })
    const answered: ProxyChange = (line, body) =>
      line === `GET /v1/entries/${phone}/receipt` ? JSON.stringify(other) : body
    await changed(answered, async () => {
      expect(await refusal('retract', String(phone), '--reason', 'mistake', ...by('police'))).toBe('3 server-answer')
    })
    // The court may not read the entry, and so is shown its leaf hash alone.
    const hashes: ProxyChange = (line, body) => {
      if (!line.startsWith('GET /v1/proofs/inclusion')) return body
      return JSON.stringify({ ...(JSON.parse(body) as object), leafHash: Buffer.alloc(32).toString('base64') })
    }
    await changed(hashes, async () => {
      const hold = ['access', 'hold', String(laptop), '--basis', 'x', ...by('court')]
      expect(await refusal(...hold)).toBe('3 server-answer')
    })
    const file = 'right.evidence-release'
    await ok('hand-over', String(phone), '--to', 'lab', '--no-event', '--out', file, ...by('police'))
    const [exhibit] = parseReleaseFile(readFileSync(at(file))).opened.exhibits
    const { leafHash } = await receiptAnswer(phone, 'police')
    expect(exhibit).toMatchObject({ index: phone, leafHash })
  })

  it('CR-M13: by a number that others gave too is told with its depositor, before and after it is signed', async () => {
    const sealed = await ok('access', 'seal', 'EX-99', '--basis', 'order 1', ...by('court'))
    const said = `entry ${theirs}, deposited by stranger ("Bureau stranger", as the administrators vouch)`
    expect(sealed.stderr).toContain(`EX-99 is ${said}`)
    expect(sealed.stdout).toContain(`of       ${said}`)
    const wanted = ['access', 'hold', 'EX-99', '--basis', 'order 2', '--depositor', 'police', ...by('court')]
    expect(await refusal(...wanted)).toBe('2 receipt-not-found')
    const other = ['access', 'hold', String(theirs), '--basis', 'order 2', '--depositor', 'police', ...by('court')]
    expect(await refusal(...other)).toBe('2 usage')
    const held = (await ok('access', 'hold', 'EX-12', '--basis', 'order 3', '--json', ...by('court'))).json()
    expect(held['deposits']).toEqual([
      { index: phone, depositor: 'police', name: 'Bureau police', authorities: ['Police of X'], exhibit: 'ＥＸ－１２' },
    ])
  })

  it('CR-M13: by a number that several have is refused with the list, until its depositor is named', async () => {
    await ok('access', 'grant', String(taken), '--to', 'court', '--basis', 'x', ...by('police'))
    const hold = ['access', 'hold', 'EX-99', '--basis', 'order 2', ...by('court')]
    expect(await refusal(...hold)).toBe('2 usage')
    const { stderr } = await evidence(hold, options())
    expect(stderr).toContain('--depositor ID')
    for (const index of [taken, theirs]) expect(stderr).toContain(`${index} (`)
    const named = (await ok(...hold, '--depositor', 'police', '--json')).json<{ of: number[] }>()
    expect(named.of).toEqual([taken])
    // A server that says of the stranger's deposit that the police made it.
    const lies: ProxyChange = (line, body) =>
      line.includes('/search')
        ? JSON.stringify(
            JSON.parse(body, (key, value: unknown) => (key === 'iss' && value === 'stranger' ? 'police' : value)),
          ).replaceAll(`"index":${taken},`, `"index":${theirs},`)
        : body
    await changed(lies, async () => {
      const again = ['access', 'unhold', 'EX-99', '--basis', 'x', '--depositor', 'police', ...by('court')]
      expect(await refusal(...again)).toMatch(/^[23] (?:usage|server-answer)$/)
    })
  })

  it('CR-M11: by its index is read by who signs, as the help of "erase" shows it', async () => {
    const erase = ['erase', String(phone), '--basis', 'Decision 12', ...by('court'), '--json']
    await ok('access', 'unhold', 'EX-12', '--basis', 'x', ...by('court'))
    const named = await ok(...erase, '--claim', 'note', '--receipt', 'order.tlog-proof')
    expect(named.json<{ of: object[]; deposits: object[] }>()).toMatchObject({
      of: [{ index: phone, digests: [expect.any(String)] }],
      deposits: [{ index: phone, depositor: 'police' }],
    })
  })

  it('CR-M10: has its history told by a number that is written in another width, or with a blank', async () => {
    for (const number of ['ＥＸ－１２', 'EX-12', ' EX-12 ', '（2026） 123', '(2026) 123']) {
      const told = await ok('history', number, '--json', ...by('police'))
      expect(told.json<{ deposits: object[] }>().deposits).toMatchObject([{ index: phone, depositor: 'police' }])
    }
  })

  it('shows no custody and no rules of another entry, and says what an answer is that is no problem document', async () => {
    const other: ProxyChange = (line, body) =>
      /\/(?:custody|access)/.test(line) ? body.replace(/"index":\d+/, `"index":${laptop}`) : body
    await changed(other, async () => {
      expect(await refusal('custody', 'show', String(phone), ...by('police'))).toBe('3 server-answer')
      expect(await refusal('access', 'list', String(phone), ...by('police'))).toBe('3 server-answer')
    })
    const none = await changed(
      (line, body) => (line.includes('/custody') ? { status: 500, body: '{}' } : body),
      () => evidence(['custody', 'show', String(phone), ...by('police')], options()),
    )
    expect(none.stderr).not.toContain('undefined')
    expect(none.stderr).toContain('no problem document')
  })

  it('sends no number of a case or an exhibit in the address of a request', async () => {
    proxy.seen.length = 0
    await ok('find', '--case', '(2026) 123', ...by('police'))
    await ok('find', '--exhibit', 'EX-12', ...by('police'))
    await ok('custody', 'show', 'EX-12', ...by('police'))
    await ok('history', '(2026) 123', ...by('police'))
    expect(proxy.seen.filter((line) => /2026|EX-12|exhibit=|case=/.test(line))).toEqual([])
    expect(proxy.seen.filter((line) => line === 'POST /v1/entries/search').length).toBeGreaterThan(3)
  })
})
