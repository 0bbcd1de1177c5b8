import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parseReceipt } from '../../src/core/receipt.ts'
import { deposit as english } from '../../src/words/en/deposit.ts'
import { deposit as chinese } from '../../src/words/zh/deposit.ts'
import { launchChromium } from '../support/browser.ts'
import { admitWithFile, offered, takeKeyIn } from '../support/browser-flows.ts'
import { cutOff } from '../support/browser-layout.ts'
import { evidence, evidenceOk } from '../support/cli.ts'
import { withDisclosures } from '../support/disclosures.ts'
import { temporaryFolder } from '../support/folder.ts'
import { type TestServer, testServer } from '../support/server.ts'
import { lacks } from '../support/system-tools.ts'

const words = { zh: chinese, en: english } as const
const languages = ['zh', 'en'] as const

/* What may go wrong between a key, a form and a receipt, and what the page for deposits says and keeps then. */
describe.skipIf(lacks('chromium'))('the page for deposits in trouble, in Chromium', () => {
  const { path, remove } = temporaryFolder()
  const at = (name: string): string => join(path, name)
  let browser: Browser
  let server: TestServer
  let made = 0
  beforeAll(async () => {
    browser = await launchChromium()
    server = await testServer()
    writeFileSync(at('photo.jpg'), 'a photo')
    writeFileSync(at('other.txt'), 'another')
  })
  afterAll(async () => {
    await browser?.close()
    await server?.remove()
    remove()
  })

  /** A browser with the key of an admitted depositor. */
  async function ready(lang = 'en'): Promise<{ context: BrowserContext; page: Page; id: string }> {
    const id = `depositor-${++made}`
    const { pem } = await admitWithFile(server, id, ['depositor'])
    const context = await browser.newContext()
    const page = await context.newPage()
    page.setDefaultTimeout(10_000)
    await takeKeyIn(page, server.url, id, pem)
    if (lang !== 'en') await page.goto(`${server.url}/deposit?lang=${lang}`)
    await page.locator('.admission[data-state=admitted]').waitFor()
    return { context, page, id }
  }
  const choose = (page: Page, ...names: string[]): Promise<void> => page.setInputFiles('#deposit-files', names.map(at))
  const depositsOf = async (id: string): Promise<number> =>
    (await server.get(`/v1/entries?participant=${id}&kind=evidence.deposit`)).json<{ entries: object[] }>().entries
      .length
  const emptied = (page: Page): Promise<void> =>
    expect.poll(() => page.locator('[name=note]').inputValue(), { timeout: 10_000 }).toBe('')
  const failure = (code: string, status: number, more: object = {}): object => ({
    status,
    contentType: 'application/problem+json',
    body: JSON.stringify({ type: 'x', title: 'x', status, detail: 'x', code, action: 'x', ...more }),
  })

  it.each(languages)(
    'enters a deposit once where its answer was lost, and the button is pressed again (%s)',
    async (lang) => {
      const { context, page, id } = await ready(lang)
      const sent: (string | null)[] = []
      // The ledger has it, and the answer does not arrive.
      await page.route('**/v1/statements', async (route) => {
        sent.push(route.request().postData())
        await route.fetch()
        await route.abort()
      })
      await choose(page, 'photo.jpg')
      await page.locator('[name=note]').fill('typed once')
      await page.locator('#deposit-now').click()
      await page.getByText(words[lang].send.wait('1')).waitFor()
      await page.locator('.new-deposit .finding').waitFor()
      expect(await page.locator('.new-deposit .finding').innerText()).toContain(words[lang].send.later)
      await page.locator('#deposit-now').click()
      await page.locator('#deposit-now:not([disabled])').waitFor()
      await page.unroute('**/v1/statements')
      await page.locator('#deposit-now').click()
      await page.locator('.deposited').waitFor()
      expect([new Set(sent).size, await depositsOf(id), await page.locator('.waiting li').count()]).toEqual([1, 1, 0])
      expect(await page.locator('[name=note]').inputValue()).toBe('')
      await context.close()
    },
  )

  it.each<readonly [string, (receipt: string) => string]>([
    ['R9: keeps no receipt that is none for the deposit', (receipt) => `${receipt}x`],
    ['BR-M1: keeps no receipt that withholds what was sealed', (receipt) => withDisclosures(receipt, () => [])],
  ])('%s, and sends the same bytes again', async (_what, change) => {
    const { context, page, id } = await ready()
    const sent: (string | null)[] = []
    page.on('request', (request) => void (request.method() === 'POST' && sent.push(request.postData())))
    await page.route('**/v1/statements', async (route) => {
      const answer = await route.fetch()
      const body = (await answer.json()) as { receipt: string }
      await route.fulfill({ response: answer, json: { ...body, receipt: change(body.receipt) } })
    })
    await choose(page, 'photo.jpg')
    await page.locator('#deposit-now').click()
    await page.locator('.waiting .resume').waitFor()
    expect(await page.locator('.kept li').count()).toBe(0)
    await page.unroute('**/v1/statements')
    await page.locator('.waiting .resume').click()
    await page.locator('.kept li').waitFor()
    expect([new Set(sent).size, await depositsOf(id), await page.locator('.waiting li').count()]).toEqual([1, 1, 0])
    await context.close()
  })

  it('goes on by itself when the page is opened again, in two windows at once, and enters it once', async () => {
    const { context, page, id } = await ready()
    await page.route('**/v1/statements', (route) => route.abort())
    await choose(page, 'photo.jpg', 'other.txt')
    await page.locator('[name=note]').fill('typed')
    await page.locator('#deposit-now').click()
    await page.locator('.waiting .resume').waitFor()
    await page.unroute('**/v1/statements')
    const second = await context.newPage()
    await Promise.all([page.reload(), second.goto(`${server.url}/deposit?lang=en`)])
    for (const one of [page, second]) {
      await one.locator('.kept li').waitFor()
      await one.locator('.waiting').waitFor({ state: 'detached' })
    }
    expect([
      await depositsOf(id),
      await page.locator('.kept li').count(),
      await second.locator('.kept li').count(),
    ]).toEqual([1, 1, 1])
    // What was deposited is not typed any more.
    await emptied(page)
    await emptied(second)
    const receipt = await offered(page, '.kept button')
    expect(receipt.name).toMatch(/^entry-[0-9]+\.tlog-proof$/)
    await context.close()
  })

  it.each(['open', 'closed'])(
    'forgets what was typed where another window has deposited it, %s meanwhile',
    async (is) => {
      const { context, page, id } = await ready()
      await page.route('**/v1/statements', (route) => route.abort())
      await choose(page, 'photo.jpg')
      await page.locator('[name=note]').fill('typed')
      await page.locator('#deposit-now').click()
      await page.locator('.waiting .resume').waitFor()
      if (is === 'closed') await page.goto('about:blank')
      const other = await context.newPage()
      await other.goto(`${server.url}/deposit?lang=en`)
      await other.locator('.kept li').waitFor()
      if (is === 'closed') await page.goto(`${server.url}/deposit?lang=en`)
      await emptied(page)
      await emptied(other)
      // What is typed for another deposit stays, though its words are equal.
      await page.locator('[name=note]').fill('typed')
      await page.reload()
      await page.locator('.kept li').waitFor()
      expect([await page.locator('[name=note]').inputValue(), await depositsOf(id)]).toEqual(['typed', 1])
      await context.close()
    },
  )

  it('goes on after the server was killed between, with the same bytes', async () => {
    const { context, page, id } = await ready()
    await choose(page, 'photo.jpg')
    const port = Number(new URL(server.url).port)
    const sent: (string | null)[] = []
    page.on('request', (request) => void (request.method() === 'POST' && sent.push(request.postData())))
    // After it was signed, and before it arrives.
    await page.route('**/v1/statements', async (route) => {
      await server.stop()
      await route.continue()
    })
    await page.locator('#deposit-now').click()
    await page.locator('.new-deposit .finding').waitFor()
    await page.unroute('**/v1/statements')
    server = await server.restart({ port })
    await page.reload()
    await page.locator('.kept li').waitFor()
    expect([new Set(sent).size, await depositsOf(id)]).toEqual([1, 1])
    await context.close()
  })

  it.each([
    ['queue-full', 503, 'zh'],
    ['rate-limited', 429, 'en'],
  ] as const)('waits where the ledger is busy, and tells so: %s', async (code, status, lang) => {
    const { context, page, id } = await ready(lang)
    let asked = 0
    await page.route('**/v1/statements', async (route) => {
      if (++asked > 1) return route.continue()
      return route.fulfill({ ...failure(code, status), headers: { 'retry-after': '2' } })
    })
    await choose(page, 'photo.jpg')
    await page.locator('#deposit-now').click()
    await page.getByText(words[lang].send.wait('2')).waitFor()
    await page.locator('.deposited').waitFor()
    expect([asked, await depositsOf(id)]).toEqual([2, 1])
    await context.close()
  })

  it.each(languages)('keeps the form, and says the way on, where the key was revoked between (%s)', async (lang) => {
    const { context, page, id } = await ready(lang)
    await choose(page, 'photo.jpg')
    await page.locator('[name=caseNumber]').fill('(2026) 7')
    await server.administer('participant.revoke', { participant: id, reason: 'other' })
    await page.locator('#deposit-now').click()
    await page.locator('.new-deposit .finding').waitFor()
    const told = await page.locator('.new-deposit .finding').innerText()
    expect(told).toContain(words[lang].send.refused)
    const { ways } = words[lang]
    expect([ways['key-revoked'], ways['participant-revoked']].some((way) => told.includes(way))).toBe(true)
    expect([await page.locator('.waiting li').count(), await depositsOf(id)]).toEqual([0, 0])
    await page.reload()
    await page.locator('.admission[data-state=lost]').waitFor()
    expect(await page.locator('.admission').innerText()).toContain(words[lang].admission.lost)
    expect(await page.locator('[name=caseNumber]').inputValue()).toBe('(2026) 7')
    await context.close()
  })

  it.each(languages)('tells a wrong clock from a key that is not admitted (%s)', async (lang) => {
    const { context, page, id } = await ready(lang)
    // An hour ahead: the ledger takes neither the token nor the statement.
    await page.addInitScript('{ const now = Date.now; Date.now = () => now() + 3_600_000 }')
    await page.reload()
    await page.locator('.admission[data-state=clock]').waitFor()
    expect(await page.locator('.admission').innerText()).toContain(words[lang].admission.clock)
    const other = await context.newPage()
    await other.goto(`${server.url}/deposit?lang=${lang}`)
    await other.locator('.admission[data-state=admitted]').waitFor()
    await choose(other, 'photo.jpg')
    await other.evaluate('{ const now = Date.now; Date.now = () => now() + 3_600_000 }')
    await other.locator('#deposit-now').click()
    await other.locator('.new-deposit .finding').waitFor()
    expect(await other.locator('.new-deposit .finding').innerText()).toContain(words[lang].admission.clock)
    await other.reload()
    await other.locator('.admission[data-state=admitted]').waitFor()
    await choose(other, 'photo.jpg')
    await other.locator('#deposit-now').click()
    await other.locator('.deposited').waitFor()
    expect(await depositsOf(id)).toBe(1)
    await context.close()
  })

  it('loses nothing that was typed by a reload, another language or another window', async () => {
    const context = await browser.newContext()
    const page = await context.newPage()
    page.setDefaultTimeout(10_000)
    await page.goto(`${server.url}/deposit?lang=en`)
    await page.locator('.make-key [name=id]').fill('typed-id')
    await page.locator('.make-key [name=passphrase]').fill('short')
    await page.locator('.make-key button').click()
    await page.getByText(english.key.weakPassphrase).waitFor()
    await page.reload()
    expect(await page.locator('.make-key [name=id]').inputValue()).toBe('typed-id')
    expect(await page.locator('.make-key [name=passphrase]').inputValue()).toBe('')
    const second = await context.newPage()
    await second.goto(`${server.url}/deposit?lang=en`)
    await second.locator('.make-key button').waitFor()
    await page.locator('.make-key button').click()
    await page.locator('.admission[data-state=notAdmitted]').waitFor()
    // The other window shows the key that was made here, and makes none in its place.
    await second.locator('.own-key .fingerprint').waitFor()
    const fingerprint = await page.locator('.own-key .fingerprint').innerText()
    expect(fingerprint).toMatch(/^(?:[0-9a-f]{4} ){5}[0-9a-f]{4}$/)
    expect(await second.locator('.own-key .fingerprint').innerText()).toBe(fingerprint)
    await page.locator('.admission [name=name]').fill('公证处')
    await page.locator('.admission select').selectOption('notary')
    await page.locator('[name=category]').selectOption('published')
    await page.locator('[name=url]').fill('https://example.org/')
    await page.locator('[name=category]').selectOption('file')
    expect(await page.locator('[name=url]').count()).toBe(0)
    await page.locator('[name=note]').fill('of the first window')
    await second.locator('[name=note]').fill('of the second window')
    await page.getByRole('button', { name: '中文' }).click()
    await page.reload()
    await page.locator('.admission [name=name]').waitFor()
    expect([
      await page.locator('.admission [name=name]').inputValue(),
      await page.locator('.admission select').inputValue(),
      await page.locator('[name=note]').inputValue(),
      await page.locator('[name=category]').inputValue(),
    ]).toEqual(['公证处', 'notary', 'of the first window', 'file'])
    await page.locator('[name=category]').selectOption('published')
    expect(await page.locator('[name=url]').inputValue()).toBe('https://example.org/')
    await page.locator('.admission select').selectOption('person')
    expect(await page.locator('.admission .person').innerText()).toContain('管理人')
    expect(await cutOff(page)).toEqual([])
    await page.setViewportSize({ width: 320, height: 800 })
    expect(await cutOff(page)).toEqual([])
    await context.close()
  })

  it('signs the fields of the category alone, for the reader who has the right', async () => {
    const { context, page } = await ready()
    await page.locator('[name=category]').selectOption('published')
    await page.locator('[name=url]').fill('https://hidden.example/')
    await page.locator('[name=category]').selectOption('file')
    await page.locator('[name=exhibit]').fill('12')
    await choose(page, 'photo.jpg')
    await page.locator('#deposit-now').click()
    await page.locator('.deposited').waitFor()
    const { disclosures } = parseReceipt((await offered(page, '.kept button')).bytes)
    const claims = Object.fromEntries(disclosures.map(({ claim, value }) => [claim, value]))
    expect(claims).toMatchObject({ collection: { exhibit: '12' } })
    expect(JSON.stringify(claims)).not.toContain('hidden.example')
    await context.close()
  })

  it('makes of a folder the manifest that the command line makes, byte for byte', async () => {
    const { context, page } = await ready()
    mkdirSync(at('folder/sub/深'), { recursive: true })
    for (const name of ['a.txt', 'sub/b', 'sub/深/照片 1.jpg', 'sub-2.txt', '.hidden', 'empty'])
      writeFileSync(at(`folder/${name}`), name === 'empty' ? '' : `content of ${name}`)
    const workers: string[] = []
    page.on('worker', (worker) => workers.push(worker.url()))
    await page.setInputFiles('#deposit-folder', at('folder'))
    await page.locator('#deposit-now').click()
    await page.locator('.deposited').waitFor()
    expect(workers.every((url) => url.endsWith('/hash-worker.js')) && workers.length > 0).toBe(true)
    const manifest = await offered(page, '.kept button:nth-of-type(2)')
    const receipt = await offered(page, '.kept button')
    expect([receipt.name, manifest.name]).toEqual(['folder.tlog-proof', 'folder.evidence-manifest'])
    writeFileSync(at(receipt.name), receipt.bytes)
    writeFileSync(at(manifest.name), manifest.bytes)
    await evidenceOk(['check', at('folder'), '--policy', server.folder.folder.policy])
    writeFileSync(at('folder/a.txt'), 'changed')
    expect((await evidence(['check', at('folder'), '--policy', server.folder.folder.policy])).code).toBe(1)
    await context.close()
  })

  it.each(languages)('reads the key files of the command line, and refuses others in words (%s)', async (lang) => {
    const context = await browser.newContext()
    const page = await context.newPage()
    page.setDefaultTimeout(20_000)
    await page.goto(`${server.url}/deposit?lang=${lang}`)
    const take = async (text: string, passphrase = ''): Promise<string> => {
      await page.locator('.import-key [name=id]').fill('taken-in')
      await page.setInputFiles('.import-key [name=file]', { name: 'k.pem', mimeType: '', buffer: Buffer.from(text) })
      await page.locator('.import-key [name=passphrase]').fill(passphrase)
      // What an earlier try said is not taken for the answer to this one.
      await page.evaluate("document.querySelector('.finding')?.setAttribute('data-old', '')")
      await page.locator('.import-key button').click()
      await page.locator('.own-key .fingerprint, .own-key .finding:not([data-old])').first().waitFor()
      if ((await page.locator('.own-key .finding').count()) > 0) return page.locator('.own-key .finding').innerText()
      const shown = await page.locator('.own-key .fingerprint').innerText()
      page.once('dialog', (dialog) => void dialog.accept())
      await page.locator('.own-key button').last().click()
      await page.locator('.import-key button').waitFor()
      return shown
    }
    const pem = (label: string, hex: string): string =>
      `-----BEGIN ${label}-----\n${Buffer.from(hex.replace(/\s/g, ''), 'hex').toString('base64')}\n-----END ${label}-----\n`
    const keygen = async (name: string, ...more: string[]): Promise<string> => {
      await evidenceOk(['keygen', '--out', at(name), ...more])
      return readFileSync(at(name), 'utf8')
    }
    writeFileSync(at('phrase'), '  a long passphrase ', { mode: 0o600 })
    chmodSync(at('phrase'), 0o600)
    const plain = await keygen(`plain-${lang}.pem`)
    const fingerprint = await take(plain)
    expect(fingerprint).toMatch(/^(?:[0-9a-f]{4} ?){6}$/)
    expect(await take(plain.replaceAll('\n', '\r\n'))).toBe(fingerprint)
    const der = Buffer.from(plain.replace(/-----.*-----|\s/g, ''), 'base64').toString('hex')
    const seed = der.slice(-64)
    const { x } = JSON.parse(readFileSync(at(`plain-${lang}.jwk`), 'utf8')) as { x: string }
    const publicKey = Buffer.from(x, 'base64url').toString('hex')
    // Version 2, with its public key beside it: RFC 8410, section 10.3.
    const version2 = (key: string): string =>
      pem('PRIVATE KEY', `3051 020101 300506032b6570 04220420 ${seed} 812100 ${key}`)
    expect(await take(version2(publicKey))).toBe(fingerprint)
    expect(await take(version2('00'.repeat(32)))).toContain('key-file-malformed')
    const locked = await keygen(`locked-${lang}.pem`, '--passphrase-file', at('phrase'))
    const { ways } = words[lang]
    expect(await take(locked)).toContain(ways['key-file-passphrase'])
    expect(await take(locked, 'a long passphrase')).toContain(ways['key-file-passphrase'])
    expect(await take(locked, '  a long passphrase ')).toMatch(/^(?:[0-9a-f]{4} ?){6}$/)
    for (const [text, detail] of [
      ['nothing', 'no private key in PEM'],
      ['-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----', 'OpenSSH'],
      [pem('PRIVATE KEY', '3034020100300b0609608648016503040311042280 20'.replace(' ', '') + seed), 'ML-DSA-44'],
      [pem('PRIVATE KEY', `302e020102300506032b6570042204 20${seed}`), 'no Ed25519 key'],
      ['x'.repeat(70_000), 'larger'],
    ] as const) {
      const told = await take(text)
      expect([detail, told]).toEqual([detail, expect.stringContaining(ways['key-file-malformed'])])
      expect(told).toContain(detail)
    }
    await context.close()
  })

  it('says beside the copy of a key how the command line takes it', async () => {
    const context = await browser.newContext()
    const page = await context.newPage()
    page.setDefaultTimeout(20_000)
    await page.goto(`${server.url}/deposit?lang=en`)
    await page.locator('.make-key [name=id]').fill('copied')
    await page.locator('.make-key [name=passphrase]').fill('a long passphrase')
    await page.locator('.make-key button').click()
    const copy = await offered(page, '.own-key .note button')
    expect(copy.name).toBe('copied.pem')
    expect(await page.locator('.own-key .chmod').innerText()).toBe('chmod 600 copied.pem')
    writeFileSync(at('copied.pem'), copy.bytes)
    chmodSync(at('copied.pem'), 0o644)
    writeFileSync(at('phrase-2'), 'a long passphrase', { mode: 0o600 })
    const sign = [
      'deposit',
      at('other.txt'),
      '--key',
      at('copied.pem'),
      '--id',
      'copied',
      '--passphrase-file',
      at('phrase-2'),
    ]
    const more = ['--url', server.url, '--data', server.folder.root, '--receipts', at('')]
    expect((await evidence([...sign, ...more, '--json'])).stdout).toContain('key-file-permissions')
    chmodSync(at('copied.pem'), 0o600)
    expect((await evidence([...sign, ...more, '--json'])).stdout).not.toContain('key-file')
    // The key that is kept is one that the page itself cannot take out.
    const isKept = await page.evaluate<boolean>(`new Promise((resolve) => {
      const open = indexedDB.open('evidence', 1)
      open.onsuccess = () => {
        const asked = open.result.transaction('keys').objectStore('keys').get('own')
        asked.onsuccess = () => resolve(asked.result.privateKey.extractable)
      }
    })`)
    expect(isKept).toBe(false)
    await context.close()
  })
})
