import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type CliError, type CliServer, evidence, evidenceOk, startServer } from '../support/cli.ts'
import { isDisclosureText } from '../support/disclosures.ts'
import { temporaryFolder } from '../support/folder.ts'

const { path: top, remove } = temporaryFolder()
const at = (name: string): string => join(top, name)
const data = at('data')
let ledger: CliServer
let proof: string
const asked = (): string[] => ['--data', data, '--url', ledger.url]

/** Salts of the disclosures that a receipt shows. */
function salts(): Buffer[] {
  const [, extra = ''] = readFileSync(proof, 'utf8').split('\n')
  const text = Buffer.from(extra.replace('extra ', ''), 'base64').toString()
  const disclosures = text.split('\n').filter(isDisclosureText)
  return disclosures.map((disclosure) => Buffer.from(disclosure.slice(6, 26)))
}
function filesWith(trace: Buffer): string[] {
  return readdirSync(data, { recursive: true, encoding: 'utf8' }).filter((name) => {
    const path = join(data, name)
    return statSync(path).isFile() && readFileSync(path).includes(trace)
  })
}

beforeAll(async () => {
  ledger = await startServer(data)
  writeFileSync(at('photo.jpg'), 'a photograph')
  const args = ['deposit', at('photo.jpg'), '--note', 'handed in at counter 2', '--case', 'case 4421']
  await evidenceOk([...args, ...asked()])
  proof = at('photo.jpg.tlog-proof')
  await evidenceOk(['keygen', '--out', at('court.pem')])
  const admission = ['participants', 'admit', 'court', '--public-key', at('court.jwk'), '--role', 'authority']
  await evidenceOk([...admission, '--type', 'court', ...asked()])
})
afterAll(async () => {
  await ledger.stop()
  remove()
})

describe('evidence erase', () => {
  const court = (): string[] => ['--key', at('court.pem'), ...asked(), '--json']

  it('orders the claims that are named, by the receipt that discloses them', async () => {
    const held = salts().filter((salt) => filesWith(salt).length > 0).length
    expect(held).toBeGreaterThan(1)
    const receipt = at('order.tlog-proof')
    const one = ['erase', proof, '--claim', 'note', '--basis', 'Decision 12', '--receipt', receipt]
    const { index, of, served } = (await evidenceOk([...one, ...court()])).json<{
      index: number
      of: object[]
      served: object
    }>()
    expect(served).toMatchObject({ served: [], notKnown: ['unsealed', 'copies', 'passed-on'] })
    const readings = ['access', 'readings', '--order', String(index)]
    const told = await evidenceOk([...readings, '--key', at('court.pem'), ...asked()])
    expect(told.stdout).toContain('nobody was shown it under a seal, by the log of readings')
    expect(told.stdout).toContain('not known: who read it while no seal stood')
    const others = await evidence([...readings, '--json', ...asked()])
    expect(others.json<CliError>().error.code).toBe('not-permitted')
    expect(index).toBeGreaterThan(2)
    expect(of).toMatchObject([{ digests: [expect.any(String)] }])
    expect(salts().filter((salt) => filesWith(salt).length > 0)).toHaveLength(held - 1)
    const all = ['erase', proof, '--claim', 'all', '--basis', 'Decision 13', '--receipt', at('order2.tlog-proof')]
    await evidenceOk([...all, ...court()])
    expect(salts().flatMap(filesWith)).toEqual([])
  })

  it('refuses what it cannot order', async () => {
    const refusal = async (...args: string[]): Promise<[number | null, string]> => {
      const result = await evidence(['erase', ...args, '--basis', 'Decision 14', ...court()])
      return [result.code, result.json<CliError>().error.code]
    }
    expect(await refusal(proof, '--claim', 'collection')).toEqual([2, 'usage'])
    expect(await refusal(proof, '--claim', 'names of files')).toEqual([2, 'usage'])
    expect(await refusal('0', '--claim', 'all')).toEqual([2, 'usage'])
    const depositor = ['erase', proof, '--claim', 'all', '--basis', 'mine', ...asked(), '--json']
    const refused = await evidence(depositor)
    expect([refused.code, refused.json<CliError>().error.code]).toEqual([3, 'role-missing'])
  })
})
