import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type CliError, type CliResult, type CliServer, evidence, evidenceOk, startServer } from '../support/cli.ts'
import { temporaryFolder } from '../support/folder.ts'

/* One notation for an entry, an item of it and a line of that item's manifest, wherever a command refers: TARGET[:item[:line]]. */
describe('TARGET[:item[:line]]', () => {
  const { path, remove } = temporaryFolder()
  const at = (...names: string[]): string => join(path, ...names)
  const data = at('data')
  let server: CliServer
  const options = () => ({ cwd: path, env: { EVIDENCE_DATA: data, EVIDENCE_URL: server.url } })
  const ok = (...args: string[]): Promise<CliResult> => evidenceOk(args, options())
  async function refusal(...args: string[]): Promise<unknown> {
    const result = await evidence([...args, '--json'], options())
    return [result.code, result.json<CliError>().error.code]
  }
  const last = async (): Promise<Record<string, unknown>> => {
    const size = Number((await (await fetch(`${server.url}/checkpoint`)).text()).split('\n')[1])
    return (await ok('show', String(size - 1), '--json')).json<{ payload: Record<string, unknown> }>().payload
  }
  let leaf = ''

  beforeAll(async () => {
    server = await startServer(data)
    mkdirSync(at('folder'))
    for (const name of ['a.txt', 'b.txt', 'c.txt']) writeFileSync(at('folder', name), name)
    for (const name of ['one.txt', 'two.txt', 'three.txt', 'x:7']) writeFileSync(at(name), name)
    writeFileSync(at('collection.json'), '{"exhibit":"EX:1"}')
    await ok('deposit', 'folder')
    await ok('deposit', 'one.txt', 'two.txt', 'three.txt', '--collection', 'collection.json')
    leaf = (await ok('show', '2', '--json')).json<{ leafHash: string }>().leafHash
    await ok('keygen', '--out', at('lab.pem'))
    const lab = ['participants', 'admit', 'lab', '--public-key', at('lab.jwk'), '--role', 'attestor']
    await ok(...lab, '--type', 'organisation')
  })
  afterAll(async () => {
    await server.stop()
    remove()
  })

  it.each(['2', 'folder.tlog-proof', 'LEAF'])('deposit --relates takes an item and a line of %s', async (name) => {
    const target = name === 'LEAF' ? `2:${leaf}` : name
    for (const [part, said] of [
      ['', {}],
      [':0', { item: 0 }],
      [':0:1', { item: 0, line: 1 }],
    ] as const) {
      const file = `report-${name}${part.replaceAll(':', '-')}`
      writeFileSync(at(file), file)
      await ok('deposit', file, '--relates', `report-on:${target}${part}`)
      expect((await last())['relates']).toEqual([{ rel: 'report-on', index: 2, leafHash: leaf, ...said }])
    }
    writeFileSync(at('none'), `none ${name}`)
    const none = await evidence(['deposit', 'none', '--json', '--relates', `report-on:${target}:0:3`], options())
    expect([none.code, none.stdout]).toEqual([3, expect.stringContaining('reference-item')])
  })

  it('attest and retract take it, as they take --item and --line', async () => {
    await ok('attest', '2:0:2', '--as', 'witness')
    expect((await last())['of']).toMatchObject({ index: 2, item: 0, line: 2 })
    await ok('attest', 'folder.tlog-proof:0', '--as', 'witness')
    expect((await last())['of']).toMatchObject({ index: 2, item: 0 })
    await ok('retract', 'folder.tlog-proof:0:1', '--reason', 'mistake')
    expect((await last())['of']).toMatchObject({ index: 2, item: 0, line: 1 })
    const attest = (...args: string[]): Promise<unknown> => refusal('attest', ...args, '--as', 'witness')
    expect(await attest('2:0', '--item', '0')).toEqual([2, 'usage'])
    expect(await attest('2:0', '--file', 'folder/a.txt')).toEqual([2, 'usage'])
    expect(await attest('2:')).toEqual([2, 'usage'])
    expect(await attest('2:0:0:0')).toEqual([2, 'usage'])
    expect(await attest('2:99')).toEqual([3, 'reference-item'])
  })

  it('a file whose own name ends so is that file', async () => {
    await ok('deposit', 'x:7')
    await ok('attest', 'x:7.tlog-proof', '--as', 'witness')
    expect((await last())['of']).not.toHaveProperty('item')
  })

  it('custody takes items of several deposits at once, and no line', async () => {
    const out = ['--to', 'lab', '--out', 'parts.evidence-release']
    await ok('hand-over', '3:0', 'one.txt.tlog-proof:2', '2', ...out)
    const { release } = JSON.parse(readFileSync(at('parts.evidence-release'), 'utf8')) as { release: string }
    const payload = JSON.parse(Buffer.from(release.split('.')[1] ?? '', 'base64url').toString()) as object
    expect(payload).toMatchObject({ exhibits: [{ index: 3, item: 0 }, { index: 3, item: 2 }, { index: 2 }] })
    await ok('take-over', 'parts.evidence-release', '--yes', '--key', 'lab.pem')
    // An exhibit whose own number ends so is meant first; then an item of one.
    await ok('custody', 'end', 'EX:1:1', '--how', 'lost')
    expect((await last())['of']).toMatchObject([{ index: 3, item: 1 }])
    expect((await ok('custody', 'show', 'EX:1')).stdout).toContain('item 1\tcustody ended')
    expect(await refusal('custody', 'end', '2:0:1', '--how', 'lost')).toEqual([2, 'usage'])
    expect(await refusal('hand-over', '2:0:1', '--to', 'lab')).toEqual([2, 'usage'])
    expect(await refusal('hand-over', '2:0', '3', '--item', '0', '--to', 'lab')).toEqual([2, 'usage'])
    // Rules of access are about whole deposits.
    expect(await refusal('access', 'grant', '2:0', '--to', 'lab', '--basis', 'x')).toEqual([2, 'usage'])
  })
})
