import { spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { DepositAnswer } from '../../src/api/answers.ts'
import { readKeyFile } from '../../src/node/key-file.ts'
import { type CliResult, evidence, evidenceOk } from '../support/cli.ts'
import { releaseBy, transferMembers } from '../support/custody.ts'
import { temporaryFolder } from '../support/folder.ts'
import { type Answer, type Party, showing, type TestServer, testServer } from '../support/server.ts'
import { lacks } from '../support/system-tools.ts'

/*
 * Who packs what it may not read in full: events that it is told of and may not read are counted, and who signed them stands in no file. Those
 * that it is not told of are not counted either.
 */
describe.skipIf(lacks('python3'))('a package hides who signed what its packer may not read', () => {
  const { path, remove } = temporaryFolder()
  const at = (...names: string[]): string => join(path, ...names)
  /** Whose ids stand in entries that only others may read. */
  const hidden = ['custodian-unit-nine', 'laboratory-of-record', 'keeper-of-the-copy'] as const
  let server: TestServer
  let policy: string
  let deposit: DepositAnswer

  const run = (who: string, ...args: string[]): Promise<CliResult> =>
    evidenceOk([...args, '--key', `${who}.pem`, '--id', who], { cwd: path, env: { EVIDENCE_URL: server.url } })

  async function taken(answer: Answer): Promise<DepositAnswer> {
    if (answer.status !== 201) throw new Error(`${answer.status} ${answer.text}`)
    return answer.json<DepositAnswer>()
  }

  async function admitWithFile(id: string, role = 'attestor'): Promise<void> {
    await evidenceOk(['keygen', '--out', `${id}.pem`], { cwd: path })
    const participant = { id, type: 'law-firm', roles: [role], keys: [readKeyFile(at(`${id}.pem`)).jwk] }
    await server.administer('participant.admit', { participant })
  }

  beforeAll(async () => {
    server = await testServer({ reading: 'participants' })
    policy = join(server.folder.root, 'policy')
    const [custodian, lab, keeper] = [
      await server.admit(hidden[0], ['attestor', 'depositor']),
      await server.admit(hidden[1], ['attestor']),
      await server.admit(hidden[2], ['depositor']),
    ]
    for (const id of ['defence', 'outsider']) await admitWithFile(id)
    deposit = await taken(await server.post(server.deposit('a').presentation))
    const { index, leafHash, receipt } = deposit
    const of = { index, leafHash }
    const shown = showing(receipt)
    const say = async (by: Party, kind: string, members: object, sealed = {}): Promise<DepositAnswer> =>
      taken(await server.post(server.sign(by, kind, members, { sealed }).presentation, shown))
    const grant = { rule: 'grant', of: [of], to: ['defence'], basis: 'inspection of the file' }
    await say(server.depositor, 'access.rule', {}, { terms: grant })
    await say(lab, 'evidence.attest', { of, as: 'witness' })
    await say(custodian, 'evidence.attest', { of, as: 'holder' })
    const items = [{ size: 1, digest: { sha256: 'ab'.repeat(32) } }]
    await say(keeper, 'evidence.deposit', { items, relates: [{ rel: 'derived-from', ...of }] })
    writeFileSync(at('a.txt'), 'a')
    writeFileSync(at('a.txt.tlog-proof'), receipt as string)
  })
  afterAll(async () => {
    await server.remove()
    remove()
  })

  /** Every file below a folder, or within a zip, each text with what is base64 in it, three times over. */
  function texts(output: string): [string, string][] {
    let folder = output
    if (output.endsWith('.zip')) {
      folder = `${output}-unpacked`
      mkdirSync(folder, { recursive: true })
      const script = 'import sys, zipfile; zipfile.ZipFile(sys.argv[1]).extractall(sys.argv[2])'
      expect(spawnSync('python3', ['-c', script, output, folder]).status).toBe(0)
    }
    const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) =>
      statSync(join(folder, name)).isFile(),
    )
    return names.map((name) => {
      let [all, last] = ['', readFileSync(join(folder, name)).toString('latin1')]
      for (let depth = 0; depth < 4; depth++) {
        all += last
        last = (last.match(/[\w+/-]{16,}/g) ?? [])
          .map((part) => Buffer.from(part, 'base64').toString('latin1'))
          .join('\n')
      }
      return [name, all]
    })
  }

  const holders = (output: string, id: string): string[] =>
    texts(output).flatMap(([name, text]) => (text.includes(id) || name.includes(id) ? [name] : []))

  async function packed(who: string, output: string): Promise<{ said: string; json: { later: number; ok: boolean } }> {
    await run(who, 'package', 'a.txt', '--policy', policy, '--out', output)
    const said = await evidence(['check', output, '--policy', policy], { cwd: path })
    const { ok, laterEvents } = (await evidence(['check', output, '--policy', policy, '--json'], { cwd: path })).json<{
      ok: boolean
      laterEvents: { notShown: number }
    }>()
    expect(said.code).toBe(0)
    return { said: said.stdout, json: { ok, later: laterEvents.notShown } }
  }

  it.each(['granted', 'granted.zip'])('in what the defence packs by a grant: %s', async (name) => {
    const { said, json } = await packed('defence', at(name))
    expect(json).toEqual({ ok: true, later: 3 })
    expect(said).toContain('3 later events not shown: the packer was told of them, and may not read them')
    for (const id of hidden) expect([id, said.includes(id), holders(at(name), id)]).toEqual([id, false, []])
    // What may be shown is found so.
    expect(holders(at(name), 'depositor').length).toBeGreaterThan(0)
  })

  it('in what somebody packs who has the receipt and no right', async () => {
    const receiver = await server.admit(`${hidden[0]}-b`, ['depositor'])
    const exhibits = [{ index: deposit.index, leafHash: deposit.leafHash }]
    const [since, iat] = [(await server.size()) - 1, Math.floor(Date.now() / 1000)]
    const place = { aud: server.origin, iss: 'depositor', to: receiver.id, exhibits, since, iat }
    const members = transferMembers(releaseBy(server.depositor.key, place), 'accepted', 1)
    await taken(await server.post(server.sign(receiver, 'custody.transfer', members).presentation))
    for (const name of ['unread', 'unread.zip']) {
      const { json, said } = await packed('outsider', at(name))
      // The hand-over is not told, and not counted.
      expect(json).toEqual({ ok: true, later: 3 })
      for (const id of hidden) expect([id, said.includes(id), holders(at(name), id)]).toEqual([id, false, []])
    }
  })

  it('and who may read all finds them all', async () => {
    await admitWithFile('auditor', 'auditor')
    const { json } = await packed('auditor', at('whole'))
    expect(json.later).toBe(0)
    for (const id of hidden) expect([id, holders(at('whole'), id).length > 0]).toEqual([id, true])
  })
})
