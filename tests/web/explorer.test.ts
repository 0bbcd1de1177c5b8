import { randomUUID } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { DepositAnswer, EntryAnswer, LedgerAnswer } from '../../src/api/answers.ts'
import { parseVerifierKey } from '../../src/core/note.ts'
import { policyFingerprint } from '../../src/core/policy-fingerprint.ts'
import { count } from '../../src/core/text.ts'
import { approve, changeMembers, composeProposal } from '../../src/statements/approval-file.ts'
import { composePossession } from '../../src/statements/compose.ts'
import { explorer as english } from '../../src/words/en/explorer.ts'
import { explorer as chinese } from '../../src/words/zh/explorer.ts'
import { launchChromium, type WatchedPage } from '../support/browser.ts'
import { askedElsewhere, dropFolder, offered, openedPage } from '../support/browser-flows.ts'
import { cutOff } from '../support/browser-layout.ts'
import { temporaryFolder } from '../support/folder.ts'
import { type TestServer, testServer } from '../support/server.ts'
import { signerNamed } from '../support/signers.ts'
import { sha256Hex } from '../support/statements.ts'
import { lacks } from '../support/system-tools.ts'
import { type TestWitness, testWitness } from '../support/witness.ts'

const words = { zh: chinese, en: english } as const
const languages = ['zh', 'en'] as const
type Lang = (typeof languages)[number]

/** What a hostile depositor writes: another direction, controls, markup. */
const hostile = '\u202Egpj.exe\u2066\u0007\u001b[31m<img src=x onerror=alert(1)>\u200b</pre><script>alert(2)</script>'
const hostileShown = '\\u{202e}gpj.exe\\u{2066}\\u{7}\\u{1b}[31m<img src=x onerror=alert(1)>\\u{200b}</pre><script>'

/* The explorer against a live ledger that everybody may read, with a witness, and with an entry of every kind. */
describe.skipIf(lacks('chromium'))('the explorer, in Chromium', () => {
  const { path: folder, remove } = temporaryFolder()
  let browser: Browser
  let server: TestServer
  let witness: TestWitness
  /** The first entry of each kind. */
  const byKind = new Map<string, number>()
  const places = { rotated: '', revoked: '', hostile: 0, deposit: 0 }

  beforeAll(async () => {
    browser = await launchChromium()
    server = await testServer({ openDisclosures: true })
    const { vkey } = (await server.request('/v1/ledger')).json<LedgerAnswer>()
    witness = await testWitness([parseVerifierKey(vkey)])
    await server.stop()
    const { policy } = server.folder.folder
    const before = readFileSync(policy, 'utf8').replace(/^quorum .*\n/m, '')
    writeFileSync(policy, `${before}witness w ${witness.keys[0].text} ${witness.url()}\nquorum w\n`)
    server = await server.restart()
    await fillAllKinds()
    for (let asked = 0; ; asked++) {
      const checkpoint = (await server.request('/checkpoint')).text
      if (checkpoint.includes(`\n${await server.size()}\n`)) break
      if (asked > 400) throw new Error(`the witness does not cosign: ${checkpoint}`)
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  })
  afterAll(async () => {
    await browser?.close()
    await server?.remove()
    await witness?.remove()
    remove()
  })

  /** Sends a statement that must become an entry. */
  async function entered(presentation: string): Promise<DepositAnswer> {
    const answer = await server.post(presentation)
    if (answer.status !== 201) throw new Error(`answered ${answer.status}: ${answer.text}`)
    return answer.json<DepositAnswer>()
  }

  /** Puts one entry of each kind, and forty deposits, into the ledger; the last ends its intake. */
  async function fillAllKinds(): Promise<void> {
    const { administrator, depositor, origin } = server
    const note = (kind: string, { index }: DepositAnswer): void => void byKind.set(kind, index)
    const administer = async (kind: string, members: object): Promise<void> =>
      note(kind, await server.administer(kind, members))
    byKind.set('ledger.genesis', 0)
    byKind.set('participant.admit', 1)
    const sealed = {
      note: hostile,
      case: [{ number: '(2026)沪0104刑初123号' }],
      collection: { exhibit: '7', description: hostile },
    }
    const own = await entered(server.deposit('the evidence', { sealed }).presentation)
    note('evidence.deposit', own)
    places.deposit = own.index
    places.hostile = own.index
    const holder = await server.admit('holder', ['attestor'])
    const of = { index: own.index, leafHash: own.leafHash }
    note('evidence.attest', await entered(server.sign(holder, 'evidence.attest', { of, as: 'holder' }).presentation))
    const taken = await entered(server.deposit('taken back').presentation)
    const back = { of: { index: taken.index, leafHash: taken.leafHash }, reason: 'mistake' }
    note('evidence.retract', await entered(server.sign(depositor, 'evidence.retract', back).presentation))
    // Three deposits of one content and forty others: more than one page, and than one search, holds.
    for (let i = 0; i < 2; i++) await entered(server.deposit('the evidence').presentation)
    await server.fill((await server.size()) + 40)

    const turned = await server.admit('turned', ['depositor'])
    const jti = randomUUID()
    const next = signerNamed('the next key')
    const place = { aud: origin, iss: turned.id, jti }
    const possession = composePossession({ ...place, old: turned.key.thumbprint }, next)
    const rotation = server.sign(turned, 'participant.rotate-key', { newKey: next.jwk, possession }, place)
    note('participant.rotate-key', await entered(rotation.presentation))
    places.rotated = turned.id
    const gone = await server.admit('gone', ['depositor'])
    const compromisedSince = '2026-01-01T00:00:00.000Z'
    const stolen = await server.admit('stolen', ['depositor'])
    const key = stolen.key.thumbprint
    await server.administer('participant.revoke', { key, reason: 'compromised', compromisedSince })
    await administer('participant.revoke', { participant: gone.id, reason: 'other' })
    places.revoked = gone.id
    await administer('ledger.set-approvals', { administrators: 1 })
    const exp = Math.floor(Date.now() / 1000) + 3600
    const participant = { id: 'approved', type: 'court', roles: ['auditor'], keys: [signerNamed('approved').jwk] }
    const proposal = { aud: origin, jti: randomUUID(), exp, kind: 'participant.admit' } as const
    const change = approve(composeProposal(proposal, { participant }), administrator.key)
    const second = server.sign(administrator, 'ledger.change', changeMembers(change), { jti: proposal.jti })
    note('ledger.change', await entered(second.presentation))
    await administer('ledger.end-intake', { reason: 'ended' })
  }

  const opened = (place: string, lang: Lang = 'en', options: object = {}): Promise<WatchedPage> =>
    openedPage(browser, `${server.url}/explore?lang=${lang}#${place}`, options)
  const settled = (page: Page): Promise<void> =>
    page.locator('.explorer:has(h1):not(:has(h1 ~ [role=status]))').waitFor()
  /** Whether a request only asks: numbers of cases and exhibits, which are sealed, stand in the body of a search, and in no address. */
  const isQuestion = ({ url, method, body }: WatchedPage['requests'][number]): boolean =>
    url === `${server.url}/v1/entries/search`
      ? method === 'POST' && /^\{"(?:cases|exhibits)":\["[^"]*"\]\}$/.test(body ?? '')
      : method === 'GET' && body === null && !/[?&](?:case|exhibit)=/.test(new URL(url).search)
  /** What must hold of any place: nobody else was asked, nothing was sent but questions, and the browser complained of nothing. */
  async function done(watched: WatchedPage): Promise<void> {
    expect(askedElsewhere(watched, server.url)).toEqual([])
    expect(watched.requests.filter((request) => !isQuestion(request))).toEqual([])
    expect(watched.errors).toEqual([])
    await watched.page.context().close()
  }
  const indices = (page: Page): Promise<readonly string[]> =>
    page.locator('.entries tbody td:first-child').allInnerTexts()
  const downTo = (from: number, to: number): string[] =>
    Array.from({ length: from - to + 1 }, (_, i) => count(from - i))

  it.each(languages)('shows the newest entries first, page by page, and each once (%s)', async (lang) => {
    const watched = await opened('/', lang)
    const { page } = watched
    const size = await server.size()
    await page.locator('.entries').waitFor()
    expect(await indices(page)).toEqual(downTo(size - 1, size - 25))
    await page.getByRole('link', { name: words[lang].older }).click()
    await page
      .locator('.entries')
      .getByText(count(size - 26), { exact: true })
      .waitFor()
    expect(await indices(page)).toEqual(downTo(size - 26, size - 50))
    await page.getByRole('link', { name: words[lang].older }).click()
    await page.locator('.entries').getByText('0', { exact: true }).first().waitFor()
    expect(await indices(page)).toEqual(downTo(size - 51, 0))
    expect(await page.getByRole('link', { name: words[lang].older, exact: true }).count()).toBe(0)
    await page.getByRole('link', { name: words[lang].newer, exact: true }).click()
    await page
      .locator('.entries')
      .getByText(count(size - 26), { exact: true })
      .waitFor()
    await done(watched)
  })

  it('leaves out no entry where the ledger answers with fewer than it was asked for', async () => {
    const watched = await opened('/search')
    const { page } = watched
    await page.route('**/v1/entries?*', async (route) => {
      const url = new URL(route.request().url())
      // As for long entries: a page ends before its limit.
      url.searchParams.set('limit', String(Math.min(4, Number(url.searchParams.get('limit')))))
      await route.continue({ url: url.href })
    })
    await page.evaluate("location.hash = '/'")
    await page.locator('.entries').waitFor()
    const size = await server.size()
    expect(await indices(page)).toEqual(downTo(size - 1, size - 25))
    await done(watched)
  })

  it.each(languages)(
    'shows an entry of every kind, and its bytes are those that the ledger gives (%s)',
    async (lang) => {
      const watched = await opened('/', lang)
      const { page } = watched
      const { entryFacts, download } = words[lang]
      for (const [kind, index] of byKind) {
        await page.evaluate(`location.hash = '/entry/${index}'`)
        await page.locator('.explorer h1', { hasText: `${words[lang].entry} ${count(index)}` }).waitFor()
        await page.locator('svg.place').waitFor()
        const answer = (await server.request(`/v1/entries/${index}`)).json<EntryAnswer>()
        const facts = await page.locator('.explorer dl').first().innerText()
        expect([kind, facts]).toEqual([kind, expect.stringContaining(answer.jti)])
        expect(facts).toContain(kind)
        expect(facts).toContain(`${entryFacts.issuer}\n${answer.iss}`)
        const members = await page.locator('.members dt').allInnerTexts()
        expect(members).toEqual(expect.arrayContaining(Object.keys(answer.payload)))
        // Its neighbours in the chain, and the root over it.
        const picture = page.locator('svg.place')
        const near = [index - 1, index, index + 1].filter((n) => n >= 0 && n < 1_000_000).map(count)
        expect(await picture.locator('rect + text').allTextContents()).toEqual(
          near.slice(0, await picture.locator('rect').count()),
        )
        const ledger = (await server.request('/v1/ledger')).json<LedgerAnswer>()
        expect(await picture.getAttribute('aria-label')).toContain(ledger.root)
        // The cosignature of the witness, under the checkpoint of the receipt.
        const cosigned = await page.locator(`dt:has-text("${entryFacts.cosigned}") + dd`).allInnerTexts()
        expect(cosigned.join()).toContain('w ')
        const statement = await offered(page, `button:has-text("${download.statement}")`)
        expect([statement.name, statement.bytes.toString()]).toEqual([`entry-${index}.jws`, answer.statement])
        const receipt = await offered(page, `button:has-text("${download.receipt}")`)
        const given = await server.request(`/v1/entries/${index}/receipt`, { headers: { accept: 'text/plain' } })
        expect([receipt.name, receipt.bytes.equals(given.body)]).toEqual([`entry-${index}.tlog-proof`, true])
        await page.locator('details summary').click()
        expect(await page.locator('details .raw').innerText()).toBe(answer.statement)
      }
      await done(watched)
    },
  )

  it.each(languages)('says what came later, and leads to it (%s)', async (lang) => {
    const watched = await opened(`/entry/${places.deposit}`, lang)
    const later = watched.page.locator(`h2:has-text("${words[lang].entryFacts.later}") + *`)
    await watched.page
      .getByRole('link', { name: `${words[lang].entry} ${count(byKind.get('evidence.attest') ?? 0)}` })
      .waitFor()
    expect(await later.innerText()).toContain('holder')
    await later.getByRole('link').first().click()
    await watched.page.locator('.explorer h1', { hasText: count(byKind.get('evidence.attest') ?? 0) }).waitFor()
    expect(await later.innerText()).toBe(words[lang].entryFacts.noLater)
    await done(watched)
  })

  it('shows what a depositor wrote as text, in its order, whatever it holds', async () => {
    const watched = await opened(`/entry/${places.hostile}`)
    const { page } = watched
    await page.locator('.members').first().waitFor()
    const claims = await page.locator('.members').first().innerText()
    // As a text of its own, and within JSON, which has escapes of its own for controls.
    expect(claims).toContain(hostileShown)
    expect(claims).toContain('\\u{202e}gpj.exe\\u{2066}')
    expect(await page.locator('main').innerText()).not.toMatch(/(?!\n)[\p{Cc}\p{Cf}]/u)
    expect(await page.locator('main img, main script').count()).toBe(0)
    await done(watched)
  })

  it('bounds a megabyte in one member, a thousand members, and a name of a megabyte', async () => {
    const watched = await opened('/')
    const { page } = watched
    const index = places.deposit
    const answer = (await server.request(`/v1/entries/${index}`)).json<EntryAnswer>()
    const long = `\u202E${'長'.repeat(1_000_000)}`
    const many = Object.fromEntries(Array.from({ length: 1000 }, (_, i) => [`member ${i}`, i]))
    await page.route(`**/v1/entries/${index}`, (route) =>
      route.fulfill({
        json: {
          ...answer,
          jti: long,
          kid: long,
          payload: { long, deep: { long }, [long]: 1, ...many },
          claims: { note: long },
        },
      }),
    )
    await page.evaluate(`location.hash = '/entry/${index}'`)
    await page.locator('.members').first().waitFor()
    const text = await page.locator('main').innerText()
    expect(text.length).toBeLessThan(60_000)
    expect(text).toContain('1,000,001 characters in all')
    expect(text).toContain('903 more members')
    expect(text).toContain('\\u{202e}長')
    expect(await cutOff(page)).toEqual([])
    await done(watched)
  })

  it.each(languages)('shows participants, and the history of their keys (%s)', async (lang) => {
    const watched = await opened('/participants', lang)
    const { page } = watched
    const said = words[lang].participants
    await page.locator('table').waitFor()
    const rows = await page.locator('tbody tr').allInnerTexts()
    expect(rows.filter((row) => row.includes('gone'))).toEqual([expect.stringContaining(said.revoked)])
    expect(rows.filter((row) => row.includes('turned'))).toEqual([expect.stringContaining(said.active)])
    await page.getByRole('link', { name: places.rotated }).click()
    await page.locator('.keys li').nth(1).waitFor()
    const keys = await page.locator('.keys li').allInnerTexts()
    expect(keys).toEqual([
      expect.stringContaining(said.keyState.rotated),
      expect.stringContaining(said.keyState.active),
    ])
    expect(keys[0]).toContain(`${said.until} ${count(byKind.get('participant.rotate-key') ?? 0)}`)
    await page.locator('.entries tbody').waitFor()
    expect((await indices(page)).at(-1)).toBe(count(byKind.get('participant.rotate-key') ?? 0))
    await page.evaluate(`location.hash = '/participant/${places.revoked}'`)
    await page.locator('.keys li', { hasText: said.keyState.revoked }).waitFor()
    expect(await page.locator('.explorer dl').innerText()).toContain(
      `${said.revokedBy}\n${count(byKind.get('participant.revoke') ?? 0)}`,
    )
    await page.evaluate("location.hash = '/participant/stolen'")
    await page.locator('.keys strong').waitFor()
    expect(await page.locator('.keys li').innerText()).toContain(said.keyState.revoked)
    expect(await page.locator('.keys strong').innerText()).toContain('2026-01-01 00:00:00')
    await page.evaluate("location.hash = '/participant/%E0%A4%A'")
    await page.getByText(words[lang].none).first().waitFor()
    await done(watched)
  })

  it.each(languages)('shows the ledger: size, root, checkpoint, fingerprint, witness, health (%s)', async (lang) => {
    const watched = await opened('/ledger', lang)
    const { page } = watched
    const said = words[lang].ledger
    const ledger = (await server.request('/v1/ledger')).json<LedgerAnswer>()
    await page.locator('.fingerprint').waitFor()
    const facts = await page.locator('.explorer dl').innerText()
    const fingerprint = policyFingerprint(Buffer.from(ledger.policy))
    expect(fingerprint).toMatch(/^(?:[0-9a-f]{4} ){5}[0-9a-f]{4}$/)
    for (const shown of [
      fingerprint,
      `${said.size}\n${count(ledger.size)}`,
      said.vouches,
      said.trial,
      `${said.health}\n${said.ready}`,
    ])
      expect(facts).toContain(shown)
    expect(facts.replace(/\s/g, '')).toContain(ledger.root)
    expect(facts).toContain(`${said.intakeEnded}\n${count(byKind.get('ledger.end-intake') ?? 0)}`)
    const raw = (text: string): string => text.trimEnd()
    expect((await page.locator('pre.raw').allInnerTexts()).map(raw)).toEqual(
      [ledger.checkpoint, (await server.request('/checkpoint')).text].map(raw),
    )
    const witnesses = await page.locator('h2 + ul li').allInnerTexts()
    const own = witnesses.find((text) => text.startsWith('w:')) ?? ''
    expect(own).toContain(said.lastCosigned(count(ledger.size)))
    expect(own).toMatch(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC/)
    const policy = await offered(page, 'p button')
    expect(policy.bytes.toString()).toBe(ledger.policy)
    await page.route('**/readyz', (route) => route.fulfill({ status: 503 }))
    await page.reload()
    await page.getByText(said.notReady, { exact: true }).waitFor()
    await page.context().close()
  })

  describe('searches', () => {
    const digest = sha256Hex('the evidence')

    async function searched(page: Page, fields: Readonly<Record<string, string>>): Promise<readonly string[] | string> {
      // From an empty form: the same question twice is the same address.
      await page.evaluate("location.hash = '/search'")
      await page.locator('.found, .refused').waitFor({ state: 'detached' })
      for (const name of ['digest', 'case', 'exhibit', 'participant'])
        await page.locator(`form.search [name=${name}]`).fill(fields[name] ?? '')
      await page.locator('form.search select').selectOption(fields['kind'] ?? '')
      const before = await page.evaluate<string>('location.hash')
      await page.locator('form.search button').click()
      await page.waitForURL(({ hash }) => hash !== before)
      await settled(page)
      await page.locator('.found, .refused').waitFor()
      if ((await page.locator('.refused').count()) > 0) return page.locator('.refused').innerText()
      return indices(page)
    }

    it.each(languages)('by digest, case, exhibit, participant and kind: none, one, many (%s)', async (lang) => {
      const watched = await opened('/search', lang)
      const { page } = watched
      await page.locator('form.search').waitFor()
      const all = await searched(page, { digest: `sha256:${digest}` })
      expect(all).toHaveLength(3)
      // As the page itself shows a digest, and as others print it.
      const grouped = (digest.match(/.{8}/g) as string[]).join(' ').toUpperCase()
      expect(await searched(page, { digest: ` ${grouped} ` })).toEqual(all)
      expect(await searched(page, { digest: sha256Hex('nowhere') })).toEqual([])
      expect(await page.getByText(words[lang].none).count()).toBe(1)
      expect(await searched(page, { case: '(2026)沪0104刑初123号' })).toEqual([count(places.deposit)])
      expect(await searched(page, { case: '(2026) other' })).toEqual([])
      expect(await searched(page, { exhibit: '7' })).toEqual([count(places.deposit)])
      expect(await searched(page, { exhibit: '8' })).toEqual([])
      expect([await searched(page, { participant: 'holder' })].flat().at(-1)).toBe(
        count(byKind.get('evidence.attest') ?? 0),
      )
      expect(await searched(page, { participant: 'holder', kind: 'evidence.deposit' })).toEqual([])
      expect([await searched(page, { kind: 'participant.revoke' })].flat().at(-1)).toBe(
        count(byKind.get('participant.revoke') ?? 0),
      )
      expect(await searched(page, { kind: 'evidence.deposit', digest })).toEqual(all)
      expect((await searched(page, { participant: 'depositor' })).length).toBeGreaterThan(44)
      await done(watched)
    })

    it('a page at a time', async () => {
      const watched = await opened('/search')
      const { page } = watched
      await page.route('**/v1/entries?*', async (route) => {
        const url = new URL(route.request().url())
        url.searchParams.set('limit', '20')
        await route.continue({ url: url.href })
      })
      await page.locator('form.search').waitFor()
      const found = [await searched(page, { kind: 'evidence.deposit' })].flat()
      expect(await page.locator('.found').innerText()).toContain(english.search.andMore)
      for (let more = 0; (await page.locator('.pages a').count()) > 0; more++) {
        expect(more).toBeLessThan(5)
        const last = (await indices(page)).at(-1) as string
        await page.locator('.pages a').click()
        await page.locator('.entries tbody').getByText(last, { exact: true }).waitFor({ state: 'detached' })
        await page.locator('.found').waitFor()
        found.push(...(await indices(page)))
      }
      expect([found.length, new Set(found).size]).toEqual([44, 44])
      await done(watched)
    })

    it.each(languages)('and tells in words what cannot be searched for (%s)', async (lang) => {
      const watched = await opened('/search', lang)
      const { page } = watched
      await page.locator('form.search').waitFor()
      const { ways } = words[lang].refused
      for (const wrong of ['sha256:12', 'md4:d41d8cd98f00b204e9800998ecf8427e', 'no digest', hostile])
        expect([wrong, await searched(page, { digest: wrong })]).toEqual([
          wrong,
          expect.stringContaining(ways['query-invalid']),
        ])
      for (const text of [hostile, '%00', '../../etc/passwd', "' OR 1=1 --", '&limit=9999&after=1', '長'.repeat(900)]) {
        for (const name of ['case', 'exhibit', 'participant'])
          expect([name, text, await searched(page, { [name]: text })]).toEqual([
            name,
            text,
            expect.not.stringMatching(/internal-error|server-unreachable/),
          ])
        expect(await page.locator('main img, main script').count()).toBe(0)
        expect(await cutOff(page)).toEqual([])
      }
      await page.evaluate("location.hash = '/search?kind=no.kind&after=-1&digest=&x=%'")
      await page.locator('.found, .refused').waitFor()
      await page.context().close()
    })

    it.each(languages)('by a file, chosen or dropped, of which the digest alone is sent (%s)', async (lang) => {
      const watched = await opened('/search', lang)
      const { page } = watched
      const file = { name: `${hostile.slice(0, 8)}.txt`, mimeType: '', buffer: Buffer.from('the evidence') }
      const dropped = `${folder}/dropped-${lang}`
      await page.setInputFiles('#search-file', file)
      await page.locator('.found').waitFor()
      expect(await indices(page)).toHaveLength(3)
      expect((await page.locator('.sent').innerText()).replace(/\s/g, '')).toContain(`sha256:${digest}`)
      await page.setInputFiles('#search-file', { ...file, buffer: Buffer.from('nowhere') })
      await page.getByText(words[lang].none).waitFor()
      // Chosen a second time, a file is told of again.
      await page.setInputFiles('#search-file', file)
      await page.locator('.entries').waitFor()
      const { mkdirSync } = await import('node:fs')
      mkdirSync(dropped)
      writeFileSync(`${dropped}/a.txt`, 'taken back')
      await dropFolder(page, dropped)
      await page.waitForURL(({ hash }) => hash.includes(sha256Hex('taken back')))
      await page.locator('.found').waitFor()
      expect(await indices(page)).toHaveLength(1)
      writeFileSync(`${dropped}/b.txt`, 'another')
      await dropFolder(page, dropped)
      await page.getByText(words[lang].search.oneFile).waitFor()
      expect(
        watched.requests.some(({ url, body }) => /evidence|taken|a\.txt/.test(new URL(url).search) || body !== null),
      ).toBe(false)
      await done(watched)
    })
  })

  it.each(languages)('is told by the keyboard alone, and keeps its place (%s)', async (lang) => {
    const watched = await opened('/participants', lang)
    const { page } = watched
    const focused = (): Promise<string> => page.evaluate<string>('document.activeElement.textContent')
    await page.locator('table').waitFor()
    await page.keyboard.press('Tab')
    expect(await page.evaluate<string>('document.activeElement.className')).toBe('skip')
    await page.keyboard.press('Enter')
    expect(await page.evaluate<string>('document.activeElement.id')).toBe('content')
    // The place stands behind the # of the address: skipping must not leave it.
    expect(await page.locator('.explorer h1').innerText()).toBe(words[lang].nav.participants)
    const press = async (name: string): Promise<void> => {
      for (let i = 0; (await focused()) !== name; i++) {
        if (i > 60) throw new Error(`${name} is not reached by the keyboard`)
        await page.keyboard.press('Tab')
      }
      await page.keyboard.press('Enter')
    }
    await press('holder')
    await page.locator('.keys').waitFor()
    expect(await focused()).toBe('holder')
    expect(await page.title()).toContain('holder')
    await press(count(byKind.get('evidence.attest') ?? 0))
    await page.locator('svg.place').waitFor()
    expect(await focused()).toContain(count(byKind.get('evidence.attest') ?? 0))
    await page.goBack()
    await page.locator('.keys').waitFor()
    const other = lang === 'zh' ? 'English' : '中文'
    await page.getByRole('button', { name: other }).focus()
    await page.keyboard.press('Enter')
    expect(await focused()).toBe(other)
    expect(await page.locator('.explorer h1').innerText()).toBe('holder')
    await page.evaluate("location.hash = '/search'")
    await page.locator('form.search [name=case]').fill('typed')
    await page.getByRole('button', { name: lang === 'zh' ? '中文' : 'English' }).click()
    expect(await page.locator('form.search [name=case]').inputValue()).toBe('typed')
    await done(watched)
  })

  it.each(languages.flatMap((lang) => [640, 320].map((width) => [lang, width] as const)))(
    'cuts nothing off in a window of half the width and of a quarter (%s, %i)',
    async (lang, width) => {
      const watched = await opened('/', lang, { viewport: { width, height: 800 } })
      const { page } = watched
      for (const place of [
        '/',
        `/entry/${places.hostile}`,
        '/entry/0',
        '/participants',
        '/participant/turned',
        '/ledger',
        `/search?participant=depositor&digest=sha256:${sha256Hex('the evidence')}`,
      ]) {
        await page.evaluate(`location.hash = ${JSON.stringify(place)}`)
        await page.locator('.explorer h1').waitFor()
        await settled(page)
        for (const details of await page.locator('details:not([open]) summary').all()) await details.click()
        expect([place, await cutOff(page)]).toEqual([place, []])
      }
      await done(watched)
    },
  )

  it('prints what an entry says whole, with its raw statement, and without what is to be pressed', async () => {
    const watched = await opened(`/entry/${places.deposit}`)
    const { page } = watched
    await page.locator('svg.place').waitFor()
    await page.emulateMedia({ media: 'print' })
    const isShown = (selector: string): Promise<boolean> => page.locator(selector).first().isVisible()
    expect(await isShown('details .raw')).toBe(true)
    expect(
      await page.evaluate<boolean>(
        "document.querySelector('details .raw').checkVisibility({ contentVisibilityAuto: true })",
      ),
    ).toBe(true)
    for (const hidden of ['.inner', '.reader', '.top nav', 'main button'])
      expect([hidden, await isShown(hidden)]).toEqual([hidden, false])
    const pdf = await page.pdf()
    expect(pdf.subarray(0, 5).toString()).toBe('%PDF-')
    await done(watched)
  })

  it.each(languages)('says what to do where the ledger has no such entry, or is away (%s)', async (lang) => {
    const watched = await opened('/entry/999999', lang)
    const { page } = watched
    const { ways, again } = words[lang].refused
    await page.getByText(ways['entry-not-found']).waitFor()
    await page.route('**/v1/**', (route) => route.abort())
    await page.evaluate("location.hash = '/ledger'")
    await page.getByText(ways['server-unreachable']).waitFor()
    await page.unroute('**/v1/**')
    await page.getByRole('button', { name: again }).click()
    await page.locator('.fingerprint').waitFor()
    await page.context().close()
  })
})
