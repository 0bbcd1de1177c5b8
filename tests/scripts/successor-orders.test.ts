import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type CliError, type CliServer, evidence, evidenceOk, startServer } from '../support/cli.ts'
import { isDisclosureText } from '../support/disclosures.ts'
import { temporaryFolder } from '../support/folder.ts'

interface Told {
  readonly orders: number
  readonly targets: readonly { readonly index: number; readonly outcome: string; readonly claims: number }[]
}

/* A closed ledger, the one that its closing names, and another that only says that it continues it: orders of the one are executed, of the other never. */
describe('evidence ledger successor-orders', () => {
  const { path, remove } = temporaryFolder()
  const at = (name: string): string => join(path, name)
  const servers = new Map<string, CliServer>()
  let whileOpen: unknown

  const serve = async (name: string): Promise<string[]> => {
    const server = servers.get(name) ?? (await startServer(at(name), [], 'serve'))
    servers.set(name, server)
    return ['--data', at(name), '--url', server.url]
  }
  const stop = async (name: string): Promise<void> => {
    await servers.get(name)?.stop()
    servers.delete(name)
  }
  const by = (id: string): string[] => ['--key', at(`${id}.pem`), '--id', id]
  const checkpoint = async (name: string): Promise<string> => {
    await serve(name)
    const file = at(`${name}.checkpoint`)
    writeFileSync(file, await (await fetch(`${servers.get(name)?.url}/checkpoint`)).text())
    return file
  }
  /** Salts of the claims that the receipt of the old ledger shows, and the files of its folder that have one. */
  const salts = (): Buffer[] => {
    const [, extra = ''] = readFileSync(at('photo.jpg.tlog-proof'), 'utf8').split('\n')
    const lines = Buffer.from(extra.replace('extra ', ''), 'base64').toString().split('\n')
    return lines.filter(isDisclosureText).map((text) => Buffer.from(text.slice(6, 26)))
  }
  const traces = (): string[] =>
    readdirSync(at('old'), { recursive: true, encoding: 'utf8' }).filter((name) => {
      const file = join(at('old'), name)
      return statSync(file).isFile() && salts().some((salt) => readFileSync(file).includes(salt))
    })
  const execute = (from: string, policy = from): Promise<Told> => {
    const url = servers.get(from)?.url as string
    const args = ['--from', url, '--policy', join(at(policy), 'policy'), '--data', at('old'), '--json']
    return evidenceOk(['ledger', 'successor-orders', ...args]).then((done) => done.json<Told>())
  }
  const refusal = async (from: string, policy = from): Promise<unknown> => {
    const url = servers.get(from)?.url as string
    const args = ['--from', url, '--policy', join(at(policy), 'policy'), '--data', at('old'), '--json']
    const result = await evidence(['ledger', 'successor-orders', ...args])
    return [result.code, result.json<CliError>().error.code]
  }

  /** A ledger that says that it continues the old one, with a court that orders every claim of the old one's deposit to be erased. */
  async function successor(name: string, continued: string): Promise<string> {
    const origin = `${name}.example`
    const administrator = ['--administrator', `clerk=${at('clerk.jwk')}`]
    const settings = ['--production', '--reading', 'public', ...administrator, '--continues', continued]
    await evidenceOk(['init', '--data', at(name), '--origin', origin, ...settings])
    const request = join(at(name), 'genesis.json')
    await evidenceOk(['ledger', 'sign-genesis', request, '--key', at('clerk.pem'), '--out', at(`${name}.jws`)])
    await evidenceOk(['init', '--data', at(name), '--genesis', at(`${name}.jws`)])
    const first = await checkpoint(name)
    const admission = ['participants', 'admit', 'court', '--public-key', at('court.jwk'), '--role', 'authority']
    await evidenceOk([...admission, '--type', 'court', ...by('clerk'), ...(await serve(name))])
    return first
  }
  const order = async (name: string, ...claims: string[]): Promise<void> => {
    const named = claims.flatMap((claim) => ['--claim', claim])
    const what = [at('photo.jpg.tlog-proof'), ...named, '--basis', 'Decision 12']
    const receipt = ['--receipt', at(`${name}-${claims.join('-')}.tlog-proof`)]
    const policy = ['--policy', join(at(name), 'policy'), '--continued', join(at('old'), 'policy')]
    await evidenceOk(['erase', ...what, ...receipt, ...policy, ...by('court'), ...(await serve(name))])
  }

  beforeAll(async () => {
    for (const id of ['clerk', 'court']) await evidenceOk(['keygen', '--out', at(`${id}.pem`)])
    await evidenceOk(['init', '--data', at('old'), '--origin', 'old.example'])
    writeFileSync(at('photo.jpg'), 'a photograph')
    await evidenceOk(['deposit', at('photo.jpg'), '--note', 'a secret', '--case', 'case 4421', ...(await serve('old'))])
    const continued = await checkpoint('old')
    const first = await successor('next', continued)
    await successor('other', continued)
    for (const name of ['next', 'other']) await order(name, 'note')
    const administrator = ['--key', join(at('old'), 'keys', 'administrator.pem'), '--id', 'administrator']
    await stop('old')
    // Still open, it takes no orders of anybody.
    whileOpen = await refusal('next')
    const ending = ['ledger', 'close', '--reason', 'continued', '--successor', first]
    await evidenceOk([...ending, ...administrator, ...(await serve('old'))])
    await stop('old')
  }, 300_000)
  afterAll(async () => {
    for (const name of servers.keys()) await stop(name)
    remove()
  })

  it('executes no order of a ledger that the closing does not name, nor of one under its name', async () => {
    expect(whileOpen).toEqual([3, 'successor-other'])
    expect(traces()).not.toEqual([])
    expect(await refusal('other')).toEqual([3, 'successor-other'])
    // The other ledger, under the policy of the one that was named.
    expect(await refusal('other', 'next')).toEqual([1, expect.any(String)])
    expect(salts()).toHaveLength(3)
    expect((await evidenceOk(['verify', '--data', at('old'), '--json'])).json()).toMatchObject({
      disclosures: { present: 3, withheld: 0 },
    })
  })

  it('executes those of the one that it names: no file holds what they name, and nothing else goes', async () => {
    expect(await execute('next')).toMatchObject({
      orders: 1,
      targets: [{ index: 2, outcome: 'erased', claims: 1 }],
    })
    expect((await evidenceOk(['verify', '--data', at('old'), '--json'])).json()).toMatchObject({
      ok: true,
      disclosures: { present: 2, withheld: 1 },
    })
    expect(await execute('next')).toMatchObject({ targets: [{ outcome: 'gone-before', claims: 0 }] })
    await order('next', 'all')
    expect(await execute('next')).toMatchObject({
      orders: 2,
      targets: [{ outcome: 'gone-before' }, { index: 2, outcome: 'erased', claims: 2 }],
    })
    expect(traces()).toEqual([])
    expect((await evidenceOk(['verify', '--data', at('old'), '--json'])).json()).toMatchObject({ ok: true })
  })
})
