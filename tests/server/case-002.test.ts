import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { EntriesAnswer, EntryAnswer, ReadingsAnswer, ReceiptAnswer, StatusAnswer } from '../../src/api/answers.ts'
import { bystander, caseNumber, cast, steps } from '../support/case-002.ts'
import {
  asWho,
  claimsOf,
  type Desk,
  entered,
  keepReceipt,
  openDesk,
  play,
  referenceTo,
  type Who,
} from '../support/case-002-desk.ts'
import { filesWith, inAnyForm, judgeBoth, judgeReceipt, walkByPython } from '../support/case-002-judges.ts'
import { caseFolder, evidence, evidenceOk, systemProgram } from '../support/cli.ts'
import { temporaryFolder } from '../support/folder.ts'
import { python } from '../support/python.ts'
import { lacks } from '../support/system-tools.ts'
import { showing } from '../support/server.ts'

/* An invented case (fixtures/case-002), played over a running server from seizure to finding; then all that is left of it is judged. */

const fixture = join(caseFolder, '..', 'case-002')
const sound = { exit: 0, codes: [] }
const names = ['phone', 'terminal', 'records', 'minor', 'articles', 'clicks', 'image', 'report'] as const

let desk: Desk
/** Parts of the disclosures that are ordered to be erased. */
let traces: string[]
beforeAll(async () => {
  desk = await openDesk(cast)
})
afterAll(() => desk.close())

describe.skipIf(lacks('python3', 'python3-cryptography'))('case-002', () => {
  it('has the files that its generator makes', () => {
    const { path, remove } = temporaryFolder()
    const generator = fileURLToPath(new URL('../../fixtures/case-002.generate.py', import.meta.url))
    systemProgram('python3', [generator, path])
    const made = filesBelow(path)
    expect(made).toHaveLength(19)
    expect(filesBelow(fixture)).toEqual(made)
    for (const name of made) expect(readFileSync(join(fixture, name)).equals(readFileSync(join(path, name)))).toBe(true)
    remove()
  })

  describe.each(steps)('%s:', (_act, acts) => {
    it.each(acts.map((step) => [step.by, step.does, step] as const))('the %s %s', async (_by, _does, step) => {
      await expect(play(desk, step)).resolves.toBeUndefined()
    })
  })

  it.each([
    ['police', '3 3 2 3 - - - -'],
    ['lab', '- - - 3 - - 3 2'],
    ['notary', '- - - - 3 3 3 2'],
    ['procuratorate', '3 3 2 - - - - -'],
    ['court', '3 3 2 3 3 3 3 2'],
    ['defence', '3 3 2 - 3 - 3 2'],
    ['operator', '- - - - - - - -'],
    // Of what is sealed an auditor reads the entry, and no claim.
    ['auditor', '3 3 2 0 3 3 3 2'],
    ['administrator', '- - - - - - - -'],
  ] as const)('lets the %s read of each deposit so many claims: %s', async (who, expected) => {
    const row: string[] = []
    for (const name of names) {
      const answer = await desk.server.get(`/v1/entries/${entered(desk, name).index}`, desk.people[who])
      row.push(answer.status === 200 ? String(Object.keys(answer.json<EntryAnswer>().claims).length) : '-')
    }
    expect(row.join(' ')).toBe(expected)
    // By the number of the case each finds what it may read the claims of, and the defence nothing of the child.
    const found = names.filter((_name, i) => row[i] !== '-' && row[i] !== '0')
    expect(await foundBy(who)).toEqual(found.map((name) => entered(desk, name).index))
  })

  it('lets who was revoked read nothing, and strangers learn nothing of what is sealed', async () => {
    const { server, people } = desk
    expect((await server.get(`/v1/entries/${entered(desk, 'clicks').index}`, people.platform)).status).toBe(401)
    const shown = async (index: number): Promise<string> => {
      const { status, text } = await server.get(`/v1/entries/${index}`, people.defence)
      return `${status} ${text.replace(/entry \d+|"request":"[^"]*"/g, '')}`
    }
    expect(await shown(entered(desk, 'minor').index)).toBe(await shown(entered(desk, 'clicks').index))
  })

  it('tells the court who read what it sealed', async () => {
    const { server, people } = desk
    const { days = [] } = (await server.get('/v1/readings', people.operator)).json<ReadingsAnswer>()
    const readers = new Set<string>()
    for (const { day } of days) {
      const { lines = [] } = (await server.get(`/v1/readings?day=${day}`, people.court)).json<ReadingsAnswer>()
      for (const { reader, index } of lines) if (index === entered(desk, 'minor').index) readers.add(reader)
    }
    expect([...readers].sort()).toEqual([people.court.id, people.lab.id, people.police.id].sort())
  })

  it('tells of a deposit what happened to it, one file at a time', async () => {
    const told = async (name: string, who: Who): Promise<string[]> => {
      const { receipt, index } = entered(desk, name)
      const answer = await desk.server.get(`/v1/entries/${index}/status`, desk.people[who], showing(receipt))
      return answer
        .json<StatusAnswer>()
        .events.map(({ what, code, line }) => [what, code, line].filter((one) => one !== undefined).join(' '))
    }
    const line = (what: string): number => referenceTo(desk, what).line ?? -1
    const image = await told('image', 'court')
    expect(image).toContain(`recorded examined ${line('image:extracted/cookies.txt')}`)
    // Of which file a report is, its own entry says; what is told of the folder is that there is one.
    expect(image).toContain('related report-on')
    expect(image).toContain(`part-retracted mistake ${line('image:extracted/notes.txt')}`)
    const articles = await told('articles', 'defence')
    expect(articles).toContain(`challenged ${line('articles:generation.jsonl')}`)
    expect(articles).toContain(`found admitted ${line('articles:article-01.html')}`)
    expect(await told('challenge', 'defence')).toEqual(['found admitted-in-part'])
    expect(await told('records', 'police')).toEqual(['erasure-ordered'])
  })

  it('has what was ordered to be erased in no file of the ledger', () => {
    const erased = claimsOf(desk, 'records', ['note', 'collection'])
    // What the claims say, what the disclosures say in base64url, and their salts.
    expect(erased).toHaveLength(2)
    traces = [bystander, ...erased.flatMap(({ text }) => [text.slice(6, 26), text.slice(-30)])].flatMap(inAnyForm)
    // Where they were handed out before, they still are.
    expect(filesWith(desk.evidence, traces)).toEqual(
      expect.arrayContaining(['records/courier-slips.csv.tlog-proof', 'records/wallet.csv.tlog-proof']),
    )
    expect(filesWith(desk.server.folder.root, traces)).toEqual([])
  })

  it('left receipts of which both verifiers say the same', () => {
    expect(desk.entries.size).toBeGreaterThan(18)
    for (const [name, { receipt, index }] of desk.entries) {
      const { ours, second } = judgeReceipt(desk, receipt)
      expect({ name, ...second }).toEqual({ name, ...ours })
      // A receipt that was handed out before the order shows what it showed.
      expect({ name, ...second }).toMatchObject({ name, exit: 0, index, withheld: 0 })
    }
  })

  it.each([
    ['phone/seizure-list.txt', undefined],
    ['terminal', 'terminal'],
    ['records/courier-slips.csv', undefined],
    ['records/wallet.csv', undefined],
    ['minor/chat.json', undefined],
    ['articles', 'articles'],
    ['clicks', 'clicks'],
    ['image', 'image'],
    ['report/cookies-report.txt', undefined],
  ])('both verifiers find %s unchanged, and one byte changed', async (path, folder) => {
    keepReceipt(desk, 'report/cookies-report.txt', entered(desk, 'report').receipt)
    const options = ['--receipt', `${path}.tlog-proof`]
    if (folder !== undefined) options.push('--manifest', `${folder}.evidence-manifest`)
    expect(await judgeBoth(desk, path, options)).toEqual({ ours: sound, second: sound })
    const file = folder === undefined ? path : join(path, filesBelow(join(fixture, path))[0] ?? '')
    const changed = await changedByte(file, () => judgeBoth(desk, path, options))
    expect(changed.ours.exit).toBe(1)
    expect(changed.second.exit).toBe(1)
    // Of a folder ours tells each file's faults beside the file.
    expect(changed.second.codes).toEqual(folder === undefined ? changed.ours.codes : ['file-differs'])
  })

  it('both verifiers judge the proof of one file of a folder', async () => {
    const file = 'image/extracted/cookies.txt'
    const [receipt, manifest] = ['image.tlog-proof', 'image.evidence-manifest']
    await evidenceOk(
      ['prove', file, '--receipt', receipt, '--manifest', manifest, '--folder', 'image', ...policyArgs()],
      { cwd: desk.evidence },
    )
    const options = ['--receipt', `${file}.file-proof`]
    expect(await judgeBoth(desk, file, options)).toEqual({ ours: sound, second: sound })
    const changed = await changedByte(file, () => judgeBoth(desk, file, options))
    expect([changed.ours.exit, changed.second]).toEqual([1, { exit: 1, codes: changed.ours.codes }])
  })

  it('is packed as a whole by the court, without what was erased, and both verifiers find no fault', async () => {
    const { index } = entered(desk, 'records')
    const { receipt } = (await desk.server.get(`/v1/entries/${index}/receipt`, desk.people.court)).json<ReceiptAnswer>()
    expect(judgeReceipt(desk, receipt).second).toMatchObject({ exit: 0, withheld: 2 })
    for (const file of ['courier-slips.csv', 'wallet.csv']) keepReceipt(desk, `records/${file}`, receipt)
    const files = ['phone/seizure-list.txt', 'terminal', 'records/courier-slips.csv', 'records/wallet.csv']
    const more = ['minor/chat.json', 'articles', 'clicks', 'image', 'report/cookies-report.txt']
    const packed = await pack('court', [...files, ...more], 'whole')
    expect(packed).toMatchObject({ deposits: 8, files: 19, notHere: 0, standing: 'sound' })
    expect(packed.retractions).toMatchObject([
      { reason: 'mistake', line: referenceTo(desk, 'image:extracted/notes.txt').line },
    ])
    for (const name of ['whole', 'whole.zip']) {
      expect(await judgeBoth(desk, name)).toEqual({ ours: sound, second: sound })
    }
    expect(filesWith(join(desk.evidence, 'whole'), traces)).toEqual([])
    const said = [
      (await evidence(['check', 'whole', ...policyArgs()], { cwd: desk.evidence })).stdout,
      python('evidence_verify.py', ['check', join(desk.evidence, 'whole'), ...policyArgs()]).stdout,
    ]
    for (const text of said) {
      expect(text).toContain('PART RETRACTED')
      expect(text).toMatch(new RegExp(`orders sealed claims of entry ${index}\\b.* to be erased`))
      expect(text).toMatch(/records an event of entry \d+.*: examined/)
      expect(text).toMatch(/decides of entry \d+.*: admitted/)
    }
  })

  it('is packed by the defence as far as it may read, and nothing of the child is in it', async () => {
    mkdirSync(join(desk.evidence, 'nothing'))
    const packed = await pack('defence', ['--case', caseNumber, '--from', 'nothing', '--digests-only'], 'defence')
    expect(packed).toMatchObject({ deposits: 6, standing: 'sound' })
    for (const name of ['defence', 'defence.zip']) {
      expect(await judgeBoth(desk, name)).toEqual({ ours: sound, second: sound })
    }
    const { receipt } = entered(desk, 'minor')
    // What every receipt of an entry has: the beginning of the entry, in base64.
    const entry =
      receipt
        .split('\n')
        .find((line) => line.startsWith('extra '))
        ?.slice(6, 306) ?? ''
    expect(entry).toHaveLength(300)
    expect(filesWith(join(desk.evidence, 'whole'), [entry])).not.toEqual([])
    expect(filesWith(join(desk.evidence, 'defence'), [entry, 'u-kid'])).toEqual([])
    expect(filesWith(join(desk.evidence, 'defence'), traces)).toEqual([])
  })

  it('is walked by both verifiers without a fault: erasure ordered, and one transfer without the holder', async () => {
    await desk.server.stop()
    const { root } = desk.server.folder
    const [target, by, inLieu] = ['records', 'order', 'in-lieu'].map((name) => entered(desk, name).index)
    const early = join(desk.path, 'early')
    writeFileSync(early, entered(desk, 'image').receipt)
    const trusted = ['--trusted-checkpoint', early]
    for (const more of [[], trusted]) {
      const result = await evidence(['verify', '--data', root, ...policyArgs(), ...more, '--json'])
      const ours = result.json<{ faults: unknown[]; unjudged: unknown[]; flagged: object[]; ordered: object[] }>()
      expect([result.code, ours.faults, ours.unjudged]).toEqual([0, [], []])
      expect(ours.flagged).toMatchObject([{ index: inLieu }])
      expect(ours.ordered).toMatchObject([{ index: target, by, claims: 2 }])
    }
    const exported = join(desk.path, 'export')
    await evidenceOk(['export', exported, '--data', root])
    const second = await walkByPython(desk, exported)
    expect([second.exit, second.faults, second.flagged]).toEqual([0, [], [inLieu]])
    expect(second.erasuresOrdered).toEqual([{ index: target, by }])
    expect(second.text.join('\n')).toContain(`erasure ordered by entry ${by}`)
    expect((await evidence(['verify', '--data', root, ...policyArgs()])).stdout).toContain(
      `erasure ordered by entry ${by}`,
    )
  })

  it('gives the same rights after a restart, and still has nothing of what was erased', async () => {
    desk = { ...desk, server: await desk.server.restart() }
    expect(await foundBy('defence')).toHaveLength(6)
    expect((await desk.server.get(`/v1/entries/${entered(desk, 'minor').index}`, desk.people.defence)).status).toBe(403)
    await desk.server.stop()
    expect(filesWith(desk.server.folder.root, traces)).toEqual([])
  })
})

/** Files below a folder, in order. */
const filesBelow = (folder: string): string[] => filesWith(folder, ['']).sort()

const policyArgs = (): string[] => ['--policy', desk.server.folder.folder.policy]

/** Entries that somebody finds by the number of the case. */
async function foundBy(who: Who): Promise<number[]> {
  const path = `/v1/entries?case=${encodeURIComponent(caseNumber)}`
  const { entries } = (await desk.server.get(path, desk.people[who])).json<EntriesAnswer>()
  return entries.map(({ index }) => index)
}

interface Packed {
  readonly retractions: readonly object[]
}

/** Packs as a folder and as a zip. */
async function pack(who: Who, what: readonly string[], out: string): Promise<Packed> {
  const run = (name: string) =>
    evidenceOk(['package', ...what, '--out', name, '--json', ...asWho(desk, who)], { cwd: desk.evidence })
  await run(`${out}.zip`)
  return (await run(out)).json<Packed>()
}

/** Does something while one byte in the middle of a file of the case is another. */
async function changedByte<T>(file: string, run: () => Promise<T>): Promise<T> {
  const path = join(desk.evidence, file)
  const bytes = readFileSync(path)
  const changed = Buffer.from(bytes)
  const at = bytes.length >> 1
  changed[at] = (changed[at] as number) ^ 1
  writeFileSync(path, changed)
  try {
    return await run()
  } finally {
    writeFileSync(path, bytes)
  }
}
