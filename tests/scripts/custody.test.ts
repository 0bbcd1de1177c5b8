import { copyFileSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { CustodyAnswer } from '../../src/api/answers.ts'
import { type CliError, type CliResult, type CliServer, evidence, evidenceOk, startServer } from '../support/cli.ts'
import { temporaryFolder } from '../support/folder.ts'
import { python } from '../support/python.ts'
import { verifier } from '../support/python-verifier.ts'
import { lacks } from '../support/system-tools.ts'
import { onTerminal } from '../support/terminal.ts'

interface HistoryDocument {
  readonly deposits: readonly { readonly index: number; readonly items: readonly object[] }[]
  readonly timeline: readonly { readonly index: number; readonly what: string; readonly code?: string }[]
  readonly warnings: readonly string[]
}

/* From a seizure to the end of custody: police, laboratory, archive and a court, each with its own key. */
describe('custody on the command line', () => {
  const { path, remove } = temporaryFolder()
  const at = (name: string): string => join(path, name)
  const data = at('data')
  let server: CliServer | undefined

  const options = (): { cwd: string; env: Record<string, string> } => ({
    cwd: path,
    env: { EVIDENCE_DATA: data, EVIDENCE_URL: server?.url ?? '', EVIDENCE_POLICY: join(data, 'policy') },
  })
  const ok = (...args: string[]): Promise<CliResult> => evidenceOk(args, options())
  const by = (id: string): string[] => ['--key', at(`${id}.pem`), '--id', id]
  async function refusal(...args: string[]): Promise<unknown> {
    const result = await evidence([...args, '--json'], options())
    return [result.code, result.json<CliError>().error.code]
  }
  async function admit(id: string, ...roles: string[]): Promise<void> {
    await ok('keygen', '--out', at(`${id}.pem`))
    const named = roles.flatMap((role) => ['--role', role])
    const type = ['--type', 'organisation', '--name', `Bureau ${id}`]
    await ok('participants', 'admit', id, '--public-key', at(`${id}.jwk`), ...type, ...named)
  }
  /** A release of the exhibit, by default from the police to the laboratory. */
  async function release(name: string, ...args: string[]): Promise<string> {
    const file = `${name}.evidence-release`
    await ok('hand-over', 'EX-12', '--to', 'lab', '--no-event', '--out', file, ...args, ...by('police'))
    return file
  }

  beforeAll(async () => {
    await evidenceOk(['init', '--data', data, '--origin', 'test.example', '--reading', 'participants'])
    server = await startServer(data, [], 'serve')
    await admit('police', 'depositor')
    await admit('lab', 'attestor', 'depositor')
    await admit('court', 'authority')
    mkdirSync(at('received'))
    writeFileSync(at('phone.img'), 'an image')
    writeFileSync(at('list.txt'), 'a list')
    writeFileSync(at('collection.json'), '{"exhibit":"EX-12"}')
    const seized = ['phone.img', 'list.txt', '--collection', 'collection.json', '--case', '(2026) 123']
    await ok('deposit', ...seized, ...by('police'))
  })
  afterAll(async () => {
    await server?.stop()
    remove()
  })

  it('hands an exhibit over with what its giver says of it, and records the offer', async () => {
    const sealed = ['--purpose', 'examination', '--seal', 'S-1', '--seal', 'S-2', '--carrier', 'A. Courier']
    const handed = await ok('hand-over', 'EX-12', '--to', 'lab', ...sealed, '--note', 'in a bag', ...by('police'))
    expect(handed.stdout).toMatch(/^entry 5 released to lab, until /)
    expect(handed.stdout).toContain('recorded  entry 6')
    const file = at('entry-5-to-lab.evidence-release')
    expect(statSync(file).mode & 0o777).toBe(0o600)
    expect(readFileSync(file, 'utf8')).not.toContain('EX-12')
    expect(await refusal('show', '5', ...by('lab'))).toEqual([3, 'not-permitted'])
    const again = ['hand-over', 'EX-12', '--to', 'lab', ...by('police')]
    expect(await refusal(...again)).toEqual([2, 'file-exists'])
  })

  it('says what is wrong with a hand-over', async () => {
    const hand = (...args: string[]): Promise<unknown> => refusal('hand-over', ...args, ...by('police'))
    expect(await hand('5')).toEqual([2, 'usage'])
    expect(await hand('5', '--to', 'police')).toEqual([2, 'usage'])
    expect(await hand('5', '--to', 'lab', '--exp', '91')).toEqual([2, 'usage'])
    expect(await hand('5', '--to', 'lab', '--item', 'x')).toEqual([2, 'usage'])
    expect(await hand('5', '4', '--to', 'lab', '--item', '0')).toEqual([2, 'usage'])
    expect(await hand('EX-99', '--to', 'lab')).toEqual([2, 'receipt-not-found'])
    expect(await hand('5', '--to', 'lab', '--in-lieu', 'No Code')).toEqual([2, 'usage'])
    expect(await hand('5', '--to', 'lab', '--item', '2')).toEqual([2, 'usage'])
    expect(await hand('1', '--to', 'lab')).toEqual([2, 'usage'])
    expect(await hand('5', '--to', 'lab', '--out', 'phone.img')).toEqual([2, 'file-exists'])
    expect(readFileSync(at('phone.img'), 'utf8')).toBe('an image')
    expect(existsSync(at('undefined'))).toBe(false)
  })

  it('takes nothing over by a file that is none, was altered, is for another, or has ended', async () => {
    const take = (file: string, id = 'lab'): Promise<unknown> => refusal('take-over', file, '--yes', ...by(id))
    const good = 'entry-5-to-lab.evidence-release'
    expect(await take('nowhere.evidence-release')).toEqual([2, 'usage'])
    expect(await take('phone.img')).toEqual([3, 'release-malformed'])
    expect(await take('collection.json')).toEqual([3, 'release-malformed'])
    expect(await take(good, 'court')).toEqual([3, 'release-party'])
    expect(await refusal('withdraw', good, ...by('lab'))).toEqual([3, 'release-party'])
    const text = readFileSync(at(good), 'utf8')
    const { release: jws, offer, receipts } = JSON.parse(text) as { release: string; offer: string; receipts: string[] }
    const write = (document: object): void => writeFileSync(at('altered.evidence-release'), JSON.stringify(document))
    const [header = '', payload = '', signature = ''] = jws.split('.')
    const changed = Buffer.from(payload, 'base64url').toString().replace('"to":"lab"', '"to":"court"')
    write({ release: [header, Buffer.from(changed).toString('base64url'), signature].join('.'), offer, receipts })
    expect(await take('altered.evidence-release', 'court')).toEqual([3, 'release-signature'])
    const other = Buffer.from('["AAAAAAAAAAAAAAAAAAAAAA","offer",{"purpose":"sale"}]').toString('base64url')
    write({ release: jws, offer: other, receipts })
    expect(await take('altered.evidence-release')).toEqual([3, 'release-malformed'])
    write({ release: jws, offer, receipts: [readFileSync(at('data/policy'), 'utf8')] })
    expect(await take('altered.evidence-release')).toEqual([3, 'receipt-malformed'])
    const past = Buffer.from(payload, 'base64url')
      .toString()
      .replace(/"exp":\d+/, '"exp":1700000000')
    write({ release: [header, Buffer.from(past).toString('base64url'), signature].join('.'), offer, receipts })
    expect(await take('altered.evidence-release')).toEqual([3, 'release-expired'])
    writeFileSync(at(`${good}.tlog-proof`), 'mine')
    expect(await take(good)).toEqual([2, 'file-exists'])
    expect(readFileSync(at(`${good}.tlog-proof`), 'utf8')).toBe('mine')
  })

  it('asks before it signs, and signs nothing where nobody can be asked', async () => {
    const file = await release('asked')
    const refused = await evidence(['take-over', file, ...by('lab')], options())
    expect([refused.code, refused.stderr]).toEqual([2, expect.stringContaining('nobody said yes at a terminal')])
    expect(refused.stderr).toContain('police ("Bureau police", by the ledger’s word) releases to lab')
    expect(existsSync(at(`${file}.tlog-proof`))).toBe(false)
  })

  it.skipIf(lacks('python3'))('signs where yes is typed at a terminal', async () => {
    const file = await release('typed')
    const asking = ['take-over', at(file), '--refuse', 'not-expected', '--url', server?.url ?? '', '--data', data]
    const typed = (type: string): { readonly code: number; readonly screen: string } =>
      onTerminal([...asking, ...by('lab')], { variables: ['TERM=dumb'], once: { seen: 'Type yes: ', type } })
    const no = typed('no\r')
    expect([no.code, no.screen]).toEqual([2, expect.stringContaining('"no" is not yes')])
    const yes = typed('yes\r')
    expect([yes.code, yes.screen]).toEqual([0, expect.stringContaining('refused (not-expected): nothing moved')])
  })

  it('refuses, which uses the release up and moves nothing', async () => {
    const file = await release('refused')
    const said = await ok('take-over', file, '--refuse', 'seal-broken', '--note', 'torn', '--yes', ...by('lab'))
    expect(said.stdout).toContain('refused (seal-broken): nothing moved')
    const again = ['take-over', file, '--yes', '--receipt', 'again.tlog-proof', ...by('lab')]
    expect(await refusal(...again)).toEqual([3, 'release-used'])
    expect(await refusal('custody', 'show', '5', ...by('lab'))).toEqual([3, 'not-permitted'])
  })

  it('withdraws, after which nobody takes over', async () => {
    const file = await release('withdrawn')
    expect((await ok('withdraw', file, ...by('police'))).stdout).toContain('withdrawn: you hold entry 5 still')
    const take = ['take-over', file, '--yes', '--receipt', 'late.tlog-proof', ...by('lab')]
    expect(await refusal(...take)).toEqual([3, 'release-used'])
  })

  it('takes over what was compared with what was deposited', async () => {
    const sealed = ['--purpose', 'examination', '--seal', 'S-1', '--authority', 'order 7']
    const file = await release('taken', ...sealed)
    copyFileSync(at('phone.img'), at('received/renamed.bin'))
    const partly = await evidence(['take-over', file, '--files', 'received', ...by('lab')], options())
    expect(partly.stderr).toContain('entry 5: DIFFERS')
    expect(partly.stderr).toContain('item 1: no file here has its digests')
    copyFileSync(at('list.txt'), at('received/list.txt'))
    const accept = ['--person', 'B. Examiner', '--seal', 'S-1', '--condition', 'unopened']
    const taken = await evidenceOk(
      ['take-over', file, '--files', 'received', ...accept, '--yes', ...by('lab')],
      options(),
    )
    expect(taken.stderr).toContain('entry 5: match')
    expect(taken.stderr).toContain('offer, purpose: examination')
    expect(taken.stdout).toContain('you hold entry 5')
    expect(existsSync(at(`${file}.tlog-proof`))).toBe(true)
    const shown = (await ok('custody', 'show', '5', '--json', ...by('lab'))).json<CustodyAnswer>()
    expect(shown.units.map(({ holder, state }) => [holder, state])).toEqual([
      ['lab', 'held'],
      ['lab', 'held'],
    ])
    expect(shown.steps.map(({ what, code }) => `${what} ${code}`)).toEqual([
      ...(lacks('python3') ? [] : ['handed-over rejected']),
      'handed-over rejected',
      'handed-over withdrawn',
      'handed-over accepted',
    ])
    expect(await refusal('hand-over', '5', '--to', 'court', ...by('police'))).toEqual([3, 'custody-not-holder'])
  })

  it('ends custody and resumes it, and an authority moves it in lieu', async () => {
    const end = (...args: string[]): Promise<unknown> => refusal('custody', 'end', '5', ...args)
    expect(await end('--how', 'sold', ...by('lab'))).toEqual([2, 'usage'])
    expect(await end('--how', 'disposed', ...by('lab'))).toEqual([2, 'usage'])
    expect(await end('--how', 'disposed', '--order', '5', ...by('lab'))).toEqual([3, 'disposal-order'])
    expect(await end('--how', 'lost', ...by('police'))).toEqual([3, 'custody-not-holder'])
    await ok('custody', 'end', 'EX-12', '--item', '1', '--how', 'lost', '--note', 'gone', ...by('lab'))
    expect((await ok('custody', 'show', '5', ...by('lab'))).stdout).toMatch(/item 1\tcustody ended, last held by lab/)
    await ok('custody', 'resume', '5', '--item', '1', '--reason', 'found', ...by('lab'))
    expect(await refusal('custody', 'resume', '5', '--reason', 'found', ...by('lab'))).toEqual([3, 'custody-held'])
    const order = ['--to', 'police', '--in-lieu', 'court-order', '--out', 'order.evidence-release', '--no-event']
    const mine = readFileSync(at('phone.img.tlog-proof'))
    writeFileSync(at('served.tlog-proof'), mine)
    await ok('hand-over', 'served.tlog-proof', ...order, ...by('court'))
    const moved = await evidenceOk(['take-over', 'order.evidence-release', '--yes', ...by('police')], options())
    expect(moved.stderr).toContain('IN LIEU of the holder (court-order)')
  })

  it('tells the history of an exhibit, a file, a case and an index, each entry verified', async () => {
    const { stdout } = await ok('history', 'EX-12', ...by('police'))
    for (const text of [
      'entry 5: deposited',
      'on the word of police ("Bureau police"), by key ',
      'handed-over: rejected',
      'released by police to lab, by key ',
      'whose signature verifies; files: match',
      'custody-ended: lost, item 1',
      'custody-resumed: found, item 1',
      'MOVED BY ORDER (court-order)',
      'entry 5 (exhibit "EX-12"): held by police, by what is shown',
    ])
      expect(stdout).toContain(text)
    const read = async (target: string): Promise<HistoryDocument> =>
      (await ok('history', target, '--json', ...by('police'))).json<HistoryDocument>()
    const all = await Promise.all(['5', 'EX-12', 'phone.img', 'phone.img.tlog-proof', '(2026) 123'].map(read))
    expect(new Set(all.map(({ timeline }) => JSON.stringify(timeline))).size).toBe(1)
    expect(all[0]?.timeline.map(({ what, code }) => (code === undefined ? what : `${what} ${code}`))).toEqual([
      'deposited',
      'recorded offered',
      ...(lacks('python3') ? [] : ['handed-over rejected']),
      'handed-over rejected',
      'handed-over withdrawn',
      'handed-over accepted',
      'custody-ended lost',
      'custody-resumed found',
      'handed-over accepted',
    ])
    expect(await refusal('history', 'EX-12', ...by('lab'))).toEqual([2, 'receipt-not-found'])
    expect(await refusal('history', 'nothing', ...by('police'))).toEqual([2, 'receipt-not-found'])
    expect(await refusal('history', '1', ...by('police'))).toEqual([2, 'usage'])
  })

  it('warns of another chain of the same digest, and of the same exhibit number', async () => {
    mkdirSync(at('other'))
    copyFileSync(at('phone.img'), at('other/phone.img'))
    await ok('deposit', 'other/phone.img', '--collection', 'collection.json', ...by('police'))
    const { warnings } = (await ok('history', '5', '--json', ...by('police'))).json<HistoryDocument>()
    expect(warnings).toHaveLength(2)
    expect(warnings[0]).toContain('the same digest')
    expect(warnings[1]).toContain('the same exhibit number "EX-12"')
    expect(await refusal('history', 'EX-12', ...by('police'))).toEqual([2, 'usage'])
  })

  it('tells readers of a deposit of its custody where it is checked, and packs it', async () => {
    const { stdout } = await ok('check', 'phone.img', '--online', ...by('police'))
    expect(stdout).toContain('later: handed-over, accepted, from police to lab: entry ')
    await ok('package', 'phone.img', 'list.txt', '--out', 'packed', ...by('police'))
    const checked = await evidence(['check', 'packed'], options())
    const second = verifier(['check', at('packed'), '--policy', join(data, 'policy')])
    expect([second.exit, second.faults]).toEqual([checked.code, []])
    expect(python('evidence_verify.py', ['check', at('packed'), '--policy', join(data, 'policy')]).stdout).toMatch(
      /ends custody of entry 5, item 1: lost/,
    )
    expect(checked.stdout).toMatch(/is a hand-over of entry 5 \(data\/deposits\/001\): rejected/)
    expect(checked.stdout).toMatch(/ends custody of entry 5 \(data\/deposits\/001\), item 1: lost/)
  })
})
