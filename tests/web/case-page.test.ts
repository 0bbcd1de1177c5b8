import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { AccessAnswer, DepositAnswer } from '../../src/api/answers.ts'
import { toHex } from '../../src/core/base64.ts'
import { utf8 } from '../../src/core/bytes.ts'
import { sha256 } from '../../src/core/hash.ts'
import { count } from '../../src/core/text.ts'
import { releaseFileText } from '../../src/statements/release-file.ts'
import { cases as english } from '../../src/words/en/cases.ts'
import { cases as chinese } from '../../src/words/zh/cases.ts'
import { launchChromium, type WatchedPage, watchedPage } from '../support/browser.ts'
import { admitWithFile, askedElsewhere, offered, takeKeyIn } from '../support/browser-flows.ts'
import { cutOff } from '../support/browser-layout.ts'
import { releaseBy } from '../support/custody.ts'
import { type Party, type TestServer, testServer } from '../support/server.ts'
import { lacks } from '../support/system-tools.ts'

const words = { zh: chinese, en: english } as const
const languages = ['zh', 'en'] as const
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

const sha256Of = (text: string): string => toHex(sha256(utf8(text)))

/** What axe finds wrong with a page. */
async function violations(page: Page): Promise<readonly string[]> {
  await page.evaluate(axe)
  return page.evaluate(async () => {
    interface Violation {
      readonly id: string
      readonly nodes: readonly { readonly html: string }[]
    }
    const { axe: runner } = globalThis as unknown as { axe: { run: () => Promise<{ violations: Violation[] }> } }
    const { violations: found } = await runner.run()
    return found.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' | ')}`)
  })
}

/** A seizure by the police, handed to a laboratory; an authority, and somebody who has no part in it. */
describe.skipIf(lacks('chromium'))('the pages of cases, in Chromium', () => {
  let browser: Browser
  let server: TestServer
  const pems = { police: '', lab: '', court: '', stranger: '' }
  type Who = keyof typeof pems
  const parties = {} as Record<Who, Party>
  const caseNumber = '(2026)沪0104刑初123号'

  beforeAll(async () => {
    browser = await launchChromium()
    server = await testServer({ reading: 'participants' })
    const roles = { police: ['depositor'], lab: ['attestor'], court: ['authority'], stranger: ['depositor'] }
    for (const [id, own] of Object.entries(roles) as [Who, string[]][]) {
      const { party, pem } = await admitWithFile(server, id, own)
      parties[id] = party
      pems[id] = pem
    }
  })
  afterAll(async () => {
    await browser?.close()
    await server?.remove()
  })

  /** Seizes something: a deposit of the police, with case and exhibit number. */
  async function seized(content: string, exhibit: string): Promise<DepositAnswer> {
    const sealed = { case: [{ number: caseNumber }], collection: { exhibit, description: `phone ${exhibit}` } }
    const answer = await server.post(server.deposit(content, { sealed }, parties.police).presentation)
    expect(answer.status).toBe(201)
    return answer.json<DepositAnswer>()
  }

  /** A browser with the key of somebody, which reads with it. */
  async function withKey(who: Who, lang: string = 'en'): Promise<WatchedPage> {
    // Scripts of a test come past the content policy; those of the page do not.
    const watched = await watchedPage(await browser.newContext({ bypassCSP: true }))
    const { page } = watched
    page.setDefaultTimeout(15_000)
    await takeKeyIn(page, server.url, who, pems[who])
    await page.goto(`${server.url}/explore?lang=${lang}#/case`)
    await page.locator('.reader button').click()
    await page.locator('.reader[data-reading]').waitFor()
    return watched
  }
  const go = (page: Page, place: string): Promise<unknown> => page.evaluate(`location.hash = ${JSON.stringify(place)}`)
  async function exhibitPage(page: Page, index: number): Promise<void> {
    await go(page, '/case')
    await go(page, `/exhibit/${index}`)
    await page.locator(`section.exhibit h1`, { hasText: count(index) }).waitFor()
    await page.locator('.exhibit-verdict').waitFor()
    await page.locator('.standing :is(table, p)').first().waitFor()
  }
  async function done({ page, errors, ...rest }: WatchedPage): Promise<void> {
    expect(askedElsewhere({ page, errors, ...rest }, server.url)).toEqual([])
    expect(await cutOff(page)).toEqual([])
    await page.context().close()
  }
  const whats = (page: Page): Promise<readonly (string | null)[]> =>
    page
      .locator('.timeline li')
      .evaluateAll((all) =>
        all.map((one) => (one as unknown as { dataset: Record<string, string> }).dataset['what'] ?? ''),
      )
  const rulesOf = async (index: number, reader: Party): Promise<AccessAnswer['rules']> =>
    (await server.get(`/v1/entries/${index}/access`, reader)).json<AccessAnswer>().rules

  it.each(languages)(
    'finds a case by its number, with a light for each exhibit and one timeline (%s)',
    async (lang) => {
      const first = await seized(`a phone ${lang}`, `A-1-${lang}`)
      const second = await seized(`a disk ${lang}`, `A-2-${lang}`)
      const of = { index: first.index, leafHash: first.leafHash }
      const record = { of, event: 'examined' }
      expect((await server.post(server.sign(parties.police, 'evidence.event', record).presentation)).status).toBe(201)
      const back = { of: { index: second.index, leafHash: second.leafHash }, reason: 'mistake' }
      expect((await server.post(server.sign(parties.police, 'evidence.retract', back).presentation)).status).toBe(201)
      const watched = await withKey('police', lang)
      const { page } = watched
      const told = words[lang]
      await page.locator('.case [name=case]').fill(caseNumber)
      await page.locator('.case [name=case]').press('Enter')
      await page.locator('.exhibits').waitFor()
      const light = (index: number) => page.locator(`.exhibits tr[data-index="${index}"] .light`)
      expect(await light(first.index).getAttribute('data-light')).toBe('holds')
      expect(await light(second.index).getAttribute('data-light')).toBe('noticed')
      expect(await light(second.index).innerText()).toContain(told.light.noticed)
      const text = await page.locator('.exhibits').innerText()
      expect(text).toContain(`phone A-1-${lang}`)
      expect(text).toContain(told.custody.held('police'))
      expect(await whats(page)).toEqual(expect.arrayContaining(['deposited', 'recorded', 'retracted']))
      expect(await page.locator('.timeline').innerText()).toContain(told.timeline.code.examined)
      expect(await violations(page)).toEqual([])
      // By the number of an exhibit alone, and from the search of the explorer.
      await go(page, `/search?exhibit=A-1-${lang}`)
      await page.locator('.as-case a').click()
      await page.locator(`.exhibits tr[data-index="${first.index}"]`).waitFor()
      expect(await page.locator('.exhibits tbody tr').count()).toBe(1)
      await page.locator('.exhibits tbody a').first().click()
      await page.locator('.exhibit-verdict').waitFor()
      expect(await page.locator('.exhibit .facts').innerText()).toContain(`A-1-${lang}`)
      expect(await page.title()).toContain(told.facts.entry)
      expect(await violations(page)).toEqual([])
      expect(watched.errors).toEqual([])
      // Nothing is cut off in a narrow window.
      await page.setViewportSize({ width: 320, height: 700 })
      expect(await cutOff(page)).toEqual([])
      await go(page, `/case?case=${encodeURIComponent(caseNumber)}`)
      await page.locator('.exhibits').waitFor()
      await done(watched)
    },
  )

  it.each(languages)('grants and ends by the key of this browser; all that is said is sealed (%s)', async (lang) => {
    const { index } = await seized(`granted ${lang}`, `B-${lang}`)
    const watched = await withKey('police', lang)
    const { page } = watched
    const told = words[lang]
    await exhibitPage(page, index)
    await page.getByText(told.standing.nothing).waitFor()
    expect(await page.locator('.sign-rule').isDisabled()).toBe(true)
    // The keyboard alone.
    await page.locator('.set-rule [name=to]').focus()
    await page.keyboard.type('stranger')
    await page.keyboard.press('Escape')
    await page.locator('.set-rule [name=basis]').focus()
    await page.keyboard.type('order 17')
    await page.keyboard.press('Enter')
    await page.locator('.set-rule .deposited').waitFor()
    await page.locator('.rules tr[data-rule=grant]').waitFor()
    expect(await page.locator('.rules').innerText()).toContain('stranger')
    expect(await rulesOf(index, parties.police)).toMatchObject([{ rule: 'grant', to: ['stranger'], by: 'police' }])
    expect((await server.get(`/v1/entries/${index}`, parties.stranger)).status).toBe(200)
    expect(await violations(page)).toEqual([])
    await page.locator('.end-rule').click()
    expect(await page.locator('.set-rule [name=rule]').inputValue()).toBe('end')
    expect(await page.locator('.set-rule [name=to]').inputValue()).toBe('stranger')
    await page.keyboard.type('done with it')
    await page.locator('.sign-rule').click()
    await page.getByText(told.standing.nothing).waitFor()
    expect((await server.get(`/v1/entries/${index}`, parties.stranger)).status).toBe(403)
    // What the ledger refuses is told, and what was typed stays.
    await page.locator('.set-rule [name=to]').fill('no-such-participant')
    await page.locator('.set-rule [name=basis]').fill('order 18')
    await page.locator('.sign-rule').click()
    await page.locator('.finding[data-code=participant-unknown]').waitFor()
    expect(await page.locator('.set-rule [name=basis]').inputValue()).toBe('order 18')
    expect(await page.locator('.set-rule .finding').innerText()).toContain(told.ways['participant-unknown'])
    expect(await violations(page)).toEqual([])
    await done(watched)
  })

  it.each(languages)('seals by an authority, and says that a seal takes nothing back (%s)', async (lang) => {
    const { index, receipt } = await seized(`sealed ${lang}`, `C-${lang}`)
    const watched = await withKey('court', lang)
    const { page } = watched
    const told = words[lang]
    // The authority may not read it: it was given the receipt.
    const buffer = Buffer.from(receipt ?? '')
    await page.setInputFiles('#exhibit-receipt', { name: 'x.tlog-proof', mimeType: 'text/plain', buffer })
    await page.locator('.exhibit-verdict').waitFor()
    await page.locator('.set-rule').waitFor()
    await page.locator('.set-rule [name=rule]').selectOption('seal')
    expect(await page.locator('.seal-note').innerText()).toBe(told.set.sealing)
    expect(await violations(page)).toEqual([])
    await page.locator('.set-rule [name=basis]').fill('order (2026) 9')
    await page.locator('.sign-rule').click()
    await page.locator('.rules tr[data-rule=seal]').waitFor()
    await page.locator('.set-rule [name=rule]').selectOption('hold')
    await page.locator('.set-rule [name=basis]').fill('order (2026) 10')
    await page.locator('.sign-rule').click()
    await page.locator('.rules tr[data-rule=hold]').waitFor()
    expect((await rulesOf(index, parties.police)).map(({ rule }) => rule)).toEqual(['seal', 'hold'])
    expect(await violations(page)).toEqual([])
    await page.locator('.rules tr[data-rule=seal] .end-rule').click()
    expect(await page.locator('.set-rule [name=rule]').inputValue()).toBe('unseal')
    await page.locator('.set-rule [name=basis]').fill('the order was lifted')
    await page.locator('.sign-rule').click()
    await page.locator('.rules tr[data-rule=seal]').waitFor({ state: 'detached' })
    expect((await rulesOf(index, parties.police)).map(({ rule }) => rule)).toEqual(['hold'])
    await done(watched)
  })

  it.each(languages)('hands over between two browsers, each with its key (%s)', async (lang) => {
    const { index } = await seized(`handed ${lang}`, `D-${lang}`)
    const told = words[lang]
    const giver = await withKey('police', lang)
    await exhibitPage(giver.page, index)
    const form = giver.page.locator('.hand-over form')
    await form.locator('[name=to]').fill('lap')
    await form.locator('.sign-release').click()
    await giver.page.locator('.hand-over .finding[data-code=participant-unknown]').waitFor()
    await form.locator('[name=to]').fill('lab')
    await form.locator('[name=purpose]').fill('examination')
    await form.locator('[name=seals]').fill('S-1, S-2')
    await form.locator('.sign-release').click()
    await giver.page.locator('.released .deposited').waitFor()
    const file = await offered(giver.page, '.save-release')
    expect(file.name).toBe(`entry-${index}-to-lab.evidence-release`)
    expect(await violations(giver.page)).toEqual([])

    const receiver = await withKey('lab', lang)
    const { page } = receiver
    await go(page, '/take-over')
    await page.getByText(told.takeOver.noRelease).waitFor()
    const give = (name: string, buffer: Buffer) => ({ name, mimeType: 'application/octet-stream', buffer })
    await page.setInputFiles('#take-over-files', give(file.name, file.bytes))
    await page.locator('.release-signature[data-signed=true]').waitFor()
    const offer = await page.locator('.take-over').innerText()
    expect(offer).toContain('examination')
    expect(offer).toContain('S-2')
    expect(await page.locator('.offered tbody tr').getAttribute('data-checked')).toBe('not-checked')
    expect(await violations(page)).toEqual([])
    // The release brings the receipt, which shows what was deposited: the file is compared here.
    await page.setInputFiles('#take-over-files', give('phone', Buffer.from(`handed ${lang}`)))
    await page.locator('.offered tr[data-checked=match]').waitFor()
    await page.locator('[name=persons]').fill('Chen, Li')
    await page.locator('.sign-now').click()
    await page.locator('.deposited').waitFor()
    const transfer = Number(await page.locator('.deposited').getAttribute('data-index'))
    expect(await page.locator('.deposited').innerText()).toContain(told.takeOver.done.accepted(count(transfer)))
    const entry = (await server.get(`/v1/entries/${transfer}`, parties.lab)).json<{
      payload: { outcome: string; checked: string[] }
      claims: Record<string, unknown>
    }>()
    expect(entry.payload).toMatchObject({ outcome: 'accepted', checked: ['match'] })
    expect(entry.claims).toMatchObject({
      offer: { purpose: 'examination', seals: ['S-1', 'S-2'] },
      acceptance: { persons: [{ name: 'Chen' }, { name: 'Li' }] },
    })
    // The new holder reads it, and sees that it holds it.
    await page.locator('.deposited a').first().click()
    await page.locator('.exhibit-verdict').waitFor()
    expect(await page.locator('.exhibit .facts').innerText()).toContain(told.custody.held('lab'))
    expect(await whats(page)).toEqual(expect.arrayContaining(['deposited', 'handed-over']))
    expect(await page.locator('.timeline').innerText()).toContain(told.timeline.passed('police', 'lab'))
    expect(await violations(page)).toEqual([])
    // A release that was used is refused, and the page says so in a sentence.
    await go(page, '/take-over')
    await page.setInputFiles('#take-over-files', give(file.name, file.bytes))
    await page.locator('.sign-now').click()
    await page.locator('.finding[data-code=release-used]').waitFor()
    expect(await page.locator('.finding').innerText()).toContain(told.ways['release-used'])
    // Its depositor sees who holds it now, and cannot hand it over again.
    await exhibitPage(giver.page, index)
    expect(await giver.page.locator('.exhibit .facts').innerText()).toContain(told.custody.held('lab'))
    expect(await whats(giver.page)).toContain('handed-over')
    expect(await giver.page.locator('.hand-over').count()).toBe(0)
    await done(giver)
    await done(receiver)
  })

  it.each(languages)('hands over and takes over several exhibits by one release (%s)', async (lang) => {
    const told = words[lang]
    const number = `(2026) several ${lang}`
    const seize = async (contents: readonly string[], exhibit: string): Promise<DepositAnswer> => {
      const sealed = { case: [{ number }], collection: { exhibit } }
      const items = contents.map((text) => ({ size: Buffer.byteLength(text), digest: { sha256: sha256Of(text) } }))
      const { presentation } = server.sign(parties.police, 'evidence.deposit', { items }, { sealed })
      return (await server.post(presentation)).json<DepositAnswer>()
    }
    const phone = await seize([`phone ${lang}`], 'G-1')
    const disks = await seize([`disk 0 ${lang}`, `disk 1 ${lang}`, `disk 2 ${lang}`], 'G-2')
    const paper = await seize([`paper ${lang}`], 'G-3')
    const giver = await withKey('police', lang)
    const { page } = giver
    await go(page, `/case?${new URLSearchParams({ case: number })}`)
    await page.locator('.hand-over .units').waitFor()
    // Nothing is chosen before somebody chooses; then by the keyboard alone.
    expect(await page.locator('.hand-over .sign-release').isDisabled()).toBe(true)
    const box = (index: number, item?: number) =>
      page.locator(`.units [name=unit-${index}${item === undefined ? '' : `-${item}`}]`)
    expect(await violations(page)).toEqual([])
    for (const one of [box(phone.index), box(disks.index, 0), box(disks.index, 2)]) {
      await one.focus()
      await page.keyboard.press('Space')
    }
    expect(await page.locator('.chosen-units').innerText()).toBe(told.handOver.chosen(count(3), count(2)))
    expect(await box(disks.index).isChecked()).toBe(false)
    await page.locator('.hand-over [name=to]').fill('lab')
    await page.locator('.hand-over [name=to]').press('Enter')
    await page.locator('.released .deposited').waitFor()
    expect(await page.locator('.released .deposited li').count()).toBe(3)
    const file = await offered(page, '.save-release')
    expect(file.name).toBe(`3-units-to-lab.evidence-release`)
    expect(await violations(page)).toEqual([])
    await page.setViewportSize({ width: 320, height: 700 })
    expect(await cutOff(page)).toEqual([])

    const receiver = await withKey('lab', lang)
    const taker = receiver.page
    await go(taker, '/take-over')
    const give = (name: string, text: string | Buffer) => ({
      name,
      mimeType: 'application/octet-stream',
      buffer: Buffer.from(text),
    })
    await taker.setInputFiles('#take-over-files', [
      give(file.name, file.bytes),
      give('phone', `phone ${lang}`),
      give('disk', `disk 2 ${lang}`),
    ])
    const checks = (): Promise<(string | null)[]> =>
      taker
        .locator('.offered tbody tr')
        .evaluateAll((all) =>
          all.map((one) => (one as unknown as { dataset: Record<string, string> }).dataset['checked'] ?? null),
        )
    await taker.locator('.offered tr[data-checked=match]').first().waitFor()
    expect(await checks()).toEqual(['match', 'not-checked', 'match'])
    await taker.locator('[name=checked-1]').focus()
    await taker.locator('[name=checked-1]').selectOption('differs')
    expect(await checks()).toEqual(['match', 'differs', 'match'])
    expect(await taker.locator('.offered-sum').innerText()).toBe(told.takeOver.sum(count(2), count(1), count(0)))
    expect(await violations(taker)).toEqual([])
    await taker.setViewportSize({ width: 320, height: 700 })
    expect(await cutOff(taker)).toEqual([])
    await taker.locator('.sign-now').press('Enter')
    await taker.locator('.deposited').waitFor()
    const transfer = Number(await taker.locator('.deposited').getAttribute('data-index'))
    const { payload } = (await server.get(`/v1/entries/${transfer}`, parties.lab)).json<{ payload: object }>()
    expect(payload).toMatchObject({ outcome: 'accepted', checked: ['match', 'differs', 'match'] })
    const holders = async (index: number): Promise<unknown> =>
      (await server.get(`/v1/entries/${index}/custody`, parties.police))
        .json<{ units: { holder: string }[] }>()
        .units.map(({ holder }) => holder)
    expect(await holders(disks.index)).toEqual(['lab', 'police', 'lab'])
    // What was given away is offered no more; the rest is, all of it at once.
    await page.setViewportSize({ width: 1000, height: 800 })
    await page.locator('.released .again').click()
    await page.locator(`.hand-over .units`).waitFor()
    expect(await box(phone.index).count()).toBe(0)
    await page.locator('[name=units-all]').press('Space')
    expect(await page.locator('.chosen-units').innerText()).toBe(told.handOver.chosen(count(2), count(2)))
    expect(await box(paper.index).isChecked()).toBe(true)
    await done(giver)
    await done(receiver)
  })

  it('lets the receiver refuse with a reason, and the giver take a release back', async () => {
    const giver = await withKey('police')
    const releases: Buffer[] = []
    const exhibits = [await seized('refused', 'E-1'), await seized('withdrawn', 'E-2')]
    for (const { index } of exhibits) {
      await exhibitPage(giver.page, index)
      await giver.page.locator('.hand-over [name=to]').fill('lab')
      await giver.page.locator('.hand-over [name=record]').uncheck()
      await giver.page.locator('.sign-release').click()
      releases.push((await offered(giver.page, '.save-release')).bytes)
    }
    const receiver = await withKey('lab')
    const open = async (page: Page, buffer: Buffer | undefined): Promise<void> => {
      await go(page, '/case')
      await go(page, '/take-over')
      const files = { name: 'r.evidence-release', mimeType: 'text/plain', buffer: buffer ?? Buffer.of() }
      await page.setInputFiles('#take-over-files', files)
    }
    await open(receiver.page, releases[0])
    await receiver.page.locator('[name=outcome]').selectOption('rejected')
    await receiver.page.locator('[name=reason]').selectOption('seal-broken')
    await receiver.page.locator('[name=checked-0]').selectOption('differs')
    expect(await violations(receiver.page)).toEqual([])
    await receiver.page.locator('.sign-now').click()
    await receiver.page.locator('.deposited').waitFor()
    const refused = Number(await receiver.page.locator('.deposited').getAttribute('data-index'))
    const { payload } = (await server.get(`/v1/entries/${refused}`, parties.lab)).json<{ payload: object }>()
    expect(payload).toMatchObject({ outcome: 'rejected', reason: 'seal-broken', checked: ['differs'] })
    await open(giver.page, releases[1])
    await giver.page.locator('.sign-now').click()
    await giver.page.locator('.deposited').waitFor()
    await open(receiver.page, releases[1])
    await receiver.page.locator('.sign-now').click()
    await receiver.page.locator('.finding[data-code=release-used]').waitFor()
    // Nobody else signs anything with it, and what is no release is said to be none.
    const stranger = await withKey('stranger')
    await open(stranger.page, releases[1])
    await stranger.page.locator('.not-yours').waitFor()
    await open(stranger.page, Buffer.from('eyJ.not.a-release'))
    await stranger.page.locator('.finding[data-code]').waitFor()
    expect(await violations(stranger.page)).toEqual([])
    for (const one of [giver, receiver, stranger]) await done(one)
  })

  it('CR-H3: shows nothing by the number of a case or an exhibit whose receipts do not bear it out', async () => {
    const number = '(2026) led astray'
    const sealed = { case: [{ number }], collection: { exhibit: 'H-1' } }
    const made = await server.post(server.deposit('led astray', { sealed }, parties.police).presentation)
    const { index } = made.json<DepositAnswer>()
    const other = await seized('another exhibit', 'H-2')
    const watched = await withKey('police')
    const { page } = watched
    const asked: string[] = []
    page.on('request', (request) => asked.push(request.url()))
    await page.route('**/v1/entries/search', async (route) => {
      const answer = await route.fetch()
      const body = (await answer.text()).replaceAll(`"index":${index},`, `"index":${other.index},`)
      await route.fulfill({ response: answer, body })
    })
    for (const query of [{ case: number }, { exhibit: 'H-1' }, { case: number, exhibit: 'H-1' }]) {
      await go(page, '/case')
      await go(page, `/case?${new URLSearchParams(query)}`)
      await page.locator('.refused[data-code=server-answer]').waitFor()
      expect(await page.locator('.hand-over').count()).toBe(0)
    }
    await page.unroute('**/v1/entries/search')
    await go(page, `/case?${new URLSearchParams({ case: number, exhibit: 'H-1' })}`)
    await page.locator('.again').click()
    await page.locator(`.exhibits tr[data-index="${index}"]`).waitFor()
    // Whose deposit it is stands beside its number, where it is chosen.
    const choice = await page.locator(`.units li[data-index="${index}"]`).innerText()
    expect(choice).toContain('police')
    expect(choice).toContain(count(index))
    // What is sealed stands in no address.
    expect(asked.filter((url) => /2026|H-1/.test(url.split('#')[0] ?? ''))).toEqual([])
    await done(watched)
  })

  it('CR-H3: lets nothing be signed of an exhibit whose receipt does not hold', async () => {
    const { index } = await seized('with a broken receipt', 'I-1')
    const watched = await withKey('police')
    const { page } = watched
    await page.route(`**/v1/entries/${index}/receipt`, async (route) => {
      const answer = await route.fetch()
      const told = (await answer.json()) as { receipt: string }
      const lines = told.receipt.split('\n')
      // A hash of the inclusion proof.
      const at = lines.findIndex((line) => /^[A-Za-z0-9+/]{43}=$/.test(line))
      lines[at] = Buffer.alloc(32).toString('base64')
      await route.fulfill({ response: answer, json: { ...told, receipt: lines.join('\n') } })
    })
    await exhibitPage(page, index)
    expect(await page.locator('.exhibit-verdict .light').getAttribute('data-light')).toBe('broken')
    expect(await page.locator('.hand-over').count()).toBe(0)
    expect(await page.locator('.set-rule').count()).toBe(0)
    await done(watched)
  })

  it('offers no signing for a release that has ended, or whose signature does not hold', async () => {
    const { index, leafHash } = await seized('released long ago', 'J-1')
    const iat = Math.floor(Date.now() / 1000) - 7200
    const said = { aud: server.origin, iss: 'police', to: 'lab', exhibits: [{ index, leafHash }], since: index, iat }
    const ended = releaseBy(parties.police.key, { ...said, exp: iat + 3600 })
    const forged = releaseBy(parties.stranger.key, said)
    const watched = await withKey('lab')
    const { page } = watched
    for (const release of [ended, forged]) {
      await go(page, '/case')
      await go(page, '/take-over')
      const buffer = Buffer.from(releaseFileText({ release, receipts: [] }))
      await page.setInputFiles('#take-over-files', { name: 'r.evidence-release', mimeType: 'text/plain', buffer })
      await page.locator('.offered').waitFor()
      expect(await page.locator('.sign-now').count()).toBe(0)
      expect(await page.locator('.take-over .notice').count()).toBeGreaterThan(0)
    }
    await done(watched)
  })

  it.each(['zh', 'en', 'zz'])('shows a stranger nothing of a case (%s)', async (lang) => {
    const { index } = await seized(`not for strangers ${lang}`, `F-${lang}`)
    const watched = await withKey('stranger', lang)
    const { page } = watched
    await go(page, `/case?case=${encodeURIComponent(caseNumber)}`)
    await page.locator('.found').waitFor()
    expect(await page.locator('.exhibits').count()).toBe(0)
    await go(page, `/exhibit/${index}`)
    await page.locator('.refused').waitFor()
    expect(await page.locator('main').innerText()).not.toContain(`F-${lang}`)
    expect(await violations(page)).toEqual([])
    // Nobody in particular sees as little, and is told whom to ask.
    await page.locator('.reader button').click()
    await page.locator('.refused').waitFor()
    await go(page, `/case?case=${encodeURIComponent(caseNumber)}`)
    await page.locator('.refused').waitFor()
    await go(page, '/take-over')
    await page.locator('.take-over').waitFor()
    expect(await violations(page)).toEqual([])
    await done(watched)
  })
})
