import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { deposits, ordersErasure, rules, says } from '../support/case-002-acts.ts'
import { takesOver } from '../support/case-002-custody.ts'
import {
  asWho,
  type Desk,
  entered,
  openDesk,
  play,
  referenceTo,
  type Step,
  type Who,
} from '../support/case-002-desk.ts'
import { type CliError, evidence, evidenceOk } from '../support/cli.ts'
import { cast, caseNumber } from '../support/case-002.ts'
import { type Files, forgeBag } from '../support/bag.ts'
import { python } from '../support/python.ts'
import { lacks } from '../support/system-tools.ts'
import { checkByHand, writeGuideProgram } from '../support/verify-guide.ts'

/*
 * Custody, records and an order of erasure in all that is handed out of them: a receipt that is checked, a package, a certificate. One exhibit is
 * refused, taken over though it differs, moved by order, disputed and decided on; then a claim of it is ordered to be erased.
 */

const file = 'phone/seizure-list.txt'
const note = '岚半夏只是借用电脑'
const offer = { purpose: '检验', seals: ['S-1'] }

const acts: readonly Step[] = [
  deposits('police', caseNumber, {
    does: 'deposits',
    entry: 'phone',
    paths: [file],
    category: 'medium',
    collection: { exhibit: 'A-1', description: '手机一部' },
    note,
  }),
  rules('police', 'grant', ['phone'], '移送', { does: 'lets the court read it', to: ['court'] }),
  takesOver('lab', {
    does: 'refuses it',
    entry: 'refusal',
    from: 'police',
    exhibits: ['phone'],
    offer,
    outcome: 'rejected',
    reason: 'seal-broken',
    checked: ['not-checked'],
  }),
  says('police', 'evidence.event', { does: 'packs it', entry: 'packed', sealed: { note: '封条 S-2' } }, (desk) => ({
    of: referenceTo(desk, 'phone'),
    event: 'packed',
  })),
  takesOver('lab', {
    does: 'takes it over, though it differs',
    entry: 'transfer',
    from: 'police',
    exhibits: ['phone'],
    offer,
    checked: ['differs'],
    sealed: { acceptance: { persons: [{ name: '渚青禾' }], condition: '屏幕破裂' } },
  }),
  takesOver('notary', {
    does: 'takes it over by order',
    entry: 'in-lieu',
    from: 'court',
    exhibits: ['phone'],
    offer: { purpose: '保管' },
    inLieu: 'holder-gone',
    checked: ['match'],
    shows: ['phone'],
  }),
  says(
    'notary',
    'evidence.challenge',
    { does: 'disputes it', entry: 'challenge', sealed: { ground: ['integrity'], reasons: '屏幕系后来破裂' } },
    (desk) => ({ of: { ...referenceTo(desk, 'phone'), item: 0 } }),
  ),
  says(
    'court',
    'evidence.finding',
    { does: 'decides', entry: 'finding', sealed: { reasons: '不影响内容' }, shows: ['challenge'] },
    (desk) => ({ of: referenceTo(desk, 'challenge'), finding: 'admitted-in-part' }),
  ),
]

const order = ordersErasure('court', 'phone', ['note'], {
  does: 'orders the note to be erased',
  entry: 'order',
  sealed: { basis: '决定书第12号' },
  shows: ['phone'],
})

const claimOf = (said: string): string => (said.startsWith('{') ? 'offer' : 'reasons')
const byOrder = 'moved by order, without the holder’s signature (holder-gone)'
const differs = 'accepted although something differs'

describe.skipIf(lacks('python3', 'python3-cryptography', 'openssl'))('custody in what is handed out', () => {
  let desk: Desk
  let number = 0
  const index = (name: string): number => entered(desk, name).index
  const at = (name: string): string => join(desk.evidence, name)
  const policy = (): string[] => ['--policy', desk.server.folder.folder.policy]
  const run = (who: Who, ...args: string[]) => evidenceOk([...args, ...asWho(desk, who)], { cwd: desk.evidence })

  /** What the three programs say of a package: exit codes and texts; the third is that of VERIFY.md. */
  async function three(folder: string): Promise<{ readonly exits: (number | null)[]; readonly said: string[] }> {
    const own = await evidence(['check', folder, ...policy()], { cwd: desk.evidence })
    const second = python('evidence_verify.py', ['check', folder, ...policy()])
    const third = checkByHand(join(desk.path, 'verify.py'), folder)
    return {
      exits: [own.code, second.code, third.code],
      said: [own.stdout, second.stdout, third.stdout + third.stderr],
    }
  }
  const forged = (change: (files: Files) => unknown): string => forgeBag(at('packed'), at(`forged-${number++}`), change)
  const pathOf = (files: Files, entry: string): string =>
    Object.keys(files).find((path) => {
      const [, found] = /^index (\d+)$/m.exec(String(files[path])) ?? []
      return path.startsWith('data/related/') && Number(found) === index(entry)
    }) as string

  beforeAll(async () => {
    desk = await openDesk(cast)
    writeGuideProgram(join(desk.path, 'verify.py'))
    for (const step of acts) await play(desk, step)
  })
  afterAll(() => desk.close())

  it('stands in a check that asks the ledger, with what is flagged, and what was found on the challenge', async () => {
    const { stdout } = await run('notary', 'check', file, '--online')
    expect(stdout).toContain(`later: handed-over, rejected, from police-net to lab-7: entry ${index('refusal')} at`)
    expect(stdout).toContain(
      `handed-over, accepted, from police-net to lab-7; ${differs}: entry ${index('transfer')} at`,
    )
    expect(stdout).toContain(
      `handed-over, accepted, from court-1 to notary-3; ${byOrder}: entry ${index('in-lieu')} at`,
    )
    expect(stdout).toContain(
      `later: found, admitted-in-part, item 0, on the challenge in entry ${index('challenge')}: entry ${index('finding')} at`,
    )
    const { status, standing } = (await run('notary', 'check', file, '--online', '--json')).json<{
      standing: string
      status: { events: { index: number }[] }
    }>()
    const event = (name: string): object | undefined => status.events.find((one) => one.index === index(name))
    expect(event('transfer')).toMatchObject({ giver: 'police-net', receiver: 'lab-7', flags: ['accepted-differs'] })
    expect(event('in-lieu')).toMatchObject({ giver: 'court-1', flags: ['moved-by-order'], inLieu: 'holder-gone' })
    expect(event('refusal')).not.toHaveProperty('flags')
    expect(event('finding')).toMatchObject({ what: 'found', on: index('challenge'), item: 0 })
    expect(standing).toBe('sound')
  })

  it('stands in a history', async () => {
    const { stdout } = await run('notary', 'history', 'A-1')
    expect(stdout).toContain('ACCEPTED ALTHOUGH SOMETHING DIFFERS')
    expect(stdout).toContain('MOVED BY ORDER (holder-gone)')
    expect(stdout).toContain(`found: admitted-in-part, item 0, on the challenge in entry ${index('challenge')}`)
    expect(stdout).toContain('屏幕系后来破裂')
  })

  it('is packed with it, and three programs judge it', async () => {
    const packed = (await run('notary', 'package', file, '--out', 'packed', '--json')).json<{
      warnings: object[]
      laterEvents: object
    }>()
    // Two offers, a refusal, an event, two transfers, a challenge and the finding on it.
    expect(packed).toMatchObject({ warnings: [], laterEvents: { shown: 8, notShown: 0 }, standing: 'sound' })
    const { exits, said } = await three(at('packed'))
    expect(exits).toEqual([0, 0, 0])
    const [ours = '', second = '', third = ''] = said
    const about = `entry ${index('phone')}`
    for (const text of [ours, second]) {
      expect(text).toMatch(new RegExp(`is a hand-over of ${about}.*: rejected, from police-net to lab-7\\b`))
      expect(text).toMatch(new RegExp(`is a hand-over of ${about}.*: accepted, from police-net to lab-7; ${differs}`))
      expect(text).toContain(`: accepted, from court-1 to notary-3; ${byOrder}`)
      expect(text).toMatch(
        new RegExp(`decides of ${about}.*, item 0, on the challenge in entry ${index('challenge')}: admitted-in-part`),
      )
    }
    expect(third).toMatch(new RegExp(`custody.transfer of ${about} .*: accepted, from police-net to lab-7; ${differs}`))
    expect(third).toContain(": moved by order, without the holder's signature (holder-gone)".slice(2))
    expect(third).toMatch(new RegExp(`on the challenge in entry ${index('challenge')}: admitted-in-part`))
    expect(third.match(/not judged by this program: who held it before/g)).toHaveLength(3)
    // Who released it is shown to have been admitted: so the release was judged.
    expect(third).not.toContain('that key’s admission is not here')
    expect(third).toContain('no fault found')
    const document = (await evidence(['check', 'packed', ...policy(), '--json'], { cwd: desk.evidence })).json<{
      related: { index: number; events: object[] }[]
    }>()
    const events = (name: string): object[] => document.related.find((one) => one.index === index(name))?.events ?? []
    expect(events('in-lieu')).toMatchObject([
      { flags: ['moved-by-order'], inLieu: 'holder-gone', receiver: 'notary-3' },
    ])
    expect(events('finding')).toMatchObject([{ what: 'found', of: index('phone'), on: index('challenge'), item: 0 }])
  })

  it('opens sealed claims of later entries, as far as the packer may read them', async () => {
    const text = readFileSync(at('packed/custody.txt'), 'utf8')
    expect(text).toContain('FLAGGED:   accepted although something differs')
    expect(text).toContain(`FLAGGED:   ${byOrder}`)
    expect(text).toContain('passed:    from police-net to lab-7')
    // Its own, and not those of others.
    for (const said of ['屏幕系后来破裂', '{"purpose":"保管"}'])
      expect(text).toContain(`sealed     ${claimOf(said)}: ${said}`)
    for (const said of ['封条 S-2', '屏幕破裂', '不影响内容']) expect(text).not.toContain(said)
    expect(text).toContain('withheld:  2 sealed claims')
    await run('police', 'package', file, '--out', 'by-police')
    expect(readFileSync(at('by-police/custody.txt'), 'utf8')).toContain('sealed     note: 封条 S-2')
    const { exits, said } = await three(at('by-police'))
    expect(exits).toEqual([0, 0, 0])
    expect(said[0]).toContain('封条 S-2')
  })

  it.each<[string, (files: Files) => unknown, string]>([
    [
      'a finding whose challenge was taken out',
      (files) => delete files[pathOf(files, 'challenge')],
      'about no deposit',
    ],
  ])('is refused by all three with %s', async (_what, change, why) => {
    const { exits, said } = await three(forged(change))
    expect(exits).toEqual([1, 1, 1])
    for (const text of said) expect(text).toContain(why)
  })

  it('loses nothing of its verdict where who released it is not shown, and the third program says so', async () => {
    const folder = forged((files) => {
      for (const path of Object.keys(files)) if (path.startsWith('data/admissions/')) delete files[path]
    })
    const { exits, said } = await three(folder)
    expect(exits).toEqual([0, 0, 0])
    expect(said[2]).toContain('not judged by this program: data/related/')
    expect(said[2]).toContain("that key's admission is not here")
  })

  it('is in a certificate that its holder asks for by the exhibit number, and nobody else gets', async () => {
    for (const out of ['held.pdf', 'held.html'])
      await run('notary', 'certificate', '--exhibit', 'A-1', '--online', '--lang', 'en', '--out', out)
    const { stdout } = await evidence(['check', 'held.html', ...policy()], { cwd: desk.evidence })
    expect(stdout).toContain(`from police-net to lab-7; ${differs}: entry ${index('transfer')}`)
    expect(stdout).toContain(`from court-1 to notary-3; ${byOrder}: entry ${index('in-lieu')}`)
    expect(stdout).toContain(`custodian notary-3, through entry ${index('in-lieu')}, by the entries that are attached`)
    expect(stdout).toContain(`on the challenge in entry ${index('challenge')}`)
    expect(readFileSync(at('held.html'), 'utf8')).toContain('Chain of custody')
    const checked = await evidence(['check', 'held.pdf', ...policy(), '--json'], { cwd: desk.evidence })
    const { certificate } = checked.json<{ certificate: { fields: { shown: object } } }>()
    expect([checked.code, certificate.fields.shown]).toMatchObject([
      0,
      { custody: [{ holder: 'notary-3', byOrder: index('in-lieu'), gaps: [] }] },
    ])
    // The custodian before, and who has no right, get no receipt of it.
    for (const who of ['lab', 'defence'] as const) {
      const args = ['certificate', '--exhibit', 'A-1', '--online', '--out', `${who}.pdf`, '--json', ...asWho(desk, who)]
      const result = await evidence(args, { cwd: desk.evidence })
      expect([result.code, result.json<CliError>().error.code]).toEqual([2, 'receipt-not-found'])
    }
    expect(readdirSync(desk.evidence)).not.toContain('lab.pdf')
  })

  it('warns who packs an old receipt that opens what was ordered to be erased, and shows the order', async () => {
    await play(desk, order)
    const warned = async (who: Who): Promise<object[]> =>
      (await run(who, 'package', file, '--out', `old-${who}`, '--json')).json<{ warnings: object[] }>().warnings
    const warning = { code: 'erasure-ordered', index: index('phone'), by: index('order') }
    expect(await warned('court')).toMatchObject([{ ...warning, claims: ['note'] }])
    // Who may not read the order sees by what the ledger shows no more; who may read neither is told that there is one.
    expect(await warned('notary')).toMatchObject([{ ...warning, claims: ['note'] }])
    const { stdout } = await run('court', 'package', file, '--out', 'old')
    expect(stdout).toContain(
      `WARNING: entry ${index('order')} orders sealed claims of entry ${index('phone')} to be erased`,
    )
    const { exits, said } = await three(at('old'))
    expect(exits).toEqual([0, 0, 0])
    for (const text of said) expect(text).toMatch(/orders sealed claims of entry|erasure\.order of entry/)
    expect(said[2]).toContain('not judged by this program: which claims it names')
    // Got anew, the receipt opens no such claim, and nothing is warned of.
    await run('notary', 'show', String(index('phone')), '--receipt', at('anew.tlog-proof'))
    const anew = (await run('notary', 'package', 'anew.tlog-proof', '--out', 'anew-packed', '--json')).json<{
      warnings: object[]
    }>()
    expect(anew.warnings).toEqual([])
    const stdoutOf = (await evidence(['check', file, '--online', ...asWho(desk, 'notary')], { cwd: desk.evidence }))
      .stdout
    expect(stdoutOf).toContain('not shown: erasure-ordered: entry')
  })
})
