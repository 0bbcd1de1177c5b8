import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { policyFingerprint } from '../../src/core/policy-fingerprint.ts'
import { handOver, launchChromium, shownResults, type WatchedPage } from '../support/browser.ts'
import { askedElsewhere, dropFolder, openedPage } from '../support/browser-flows.ts'
import { type CliServer, evidenceOk, startServer } from '../support/cli.ts'
import { temporaryFolder } from '../support/folder.ts'
import { lacks } from '../support/system-tools.ts'
import { sha256Hex } from '../support/statements.ts'

/* The page of a live ledger: every kind of check, in both languages; what is asked of the ledger, and when. */
describe.skipIf(lacks('chromium'))('the check page of a server, in Chromium', () => {
  const { path, remove } = temporaryFolder()
  const at = (...names: string[]): string => join(path, ...names)
  const data = at('data')
  const policy = at('data', 'policy')
  let browser: Browser
  let server: CliServer
  const run = (...args: string[]) => evidenceOk([...args, '--data', data, '--url', server.url], { cwd: path })

  beforeAll(async () => {
    browser = await launchChromium()
    await evidenceOk(['init', '--data', data, '--reading', 'public', '--origin', 'test.example/page'])
    server = await startServer(data, [], 'serve')
    for (const name of ['sound', 'retracted', 'alone', 'stolen']) writeFileSync(at(`${name}.txt`), `content of ${name}`)
    mkdirSync(at('phone', 'photos'), { recursive: true })
    writeFileSync(at('phone', 'photos', '一.jpg'), 'first')
    writeFileSync(at('phone', 'photos', 'two.jpg'), 'second')
    writeFileSync(at('phone', 'log.txt'), 'log')
    await run('deposit', 'sound.txt')
    await run('deposit', 'alone.txt', '--receipts', at())
    await run('deposit', 'retracted.txt')
    await run('deposit', 'phone')
    await evidenceOk(['prove', 'phone/photos/一.jpg'], { cwd: path })
    // Beside its folder and not in it, where it would be a check of its own.
    renameSync(at('phone/photos/一.jpg.file-proof'), at('一.jpg.file-proof'))
    await run('retract', 'retracted.txt.tlog-proof', '--reason', 'mistake')
    await run('package', 'sound.txt', 'phone', '--out', at('package.zip'))
    await run('package', 'sound.txt', '--out', at('package'))
    const clerk = ['--key', join(data, 'keys', 'administrator.pem'), '--id', 'administrator']
    await evidenceOk(['keygen', '--out', at('mallory.pem')])
    const admit = ['participants', 'admit', 'mallory', '--public-key', at('mallory.jwk'), '--type', 'court']
    await run(...admit, '--role', 'depositor', ...clerk)
    await run('deposit', 'stolen.txt', '--key', at('mallory.pem'), '--id', 'mallory')
    const since = '2026-01-01T00:00:00.000Z'
    await run('participants', 'revoke', 'mallory', '--reason', 'compromised', '--compromised-since', since, ...clerk)
  })
  afterAll(async () => {
    await browser?.close()
    await server?.stop()
    remove()
  })

  const files = (...names: string[]): Record<string, Buffer> =>
    Object.fromEntries(names.map((name) => [name.slice(name.lastIndexOf('/') + 1), readFileSync(at(name))]))
  const opened = (lang = 'en'): Promise<WatchedPage> => openedPage(browser, `${server.url}/?lang=${lang}`)
  /** What must hold after any check: nobody else was asked, and the browser complained of nothing. */
  async function done(watched: WatchedPage): Promise<void> {
    expect(askedElsewhere(watched, server.url)).toEqual([])
    expect(watched.errors).toEqual([])
    await watched.page.context().close()
  }

  it.each([
    ['zh', '未改动', '为自己作证'],
    ['en', 'Unchanged', 'vouches for itself'],
  ])(
    'judges a file and its receipt by the ledger’s own policy, and says whose word it is (%s)',
    async (lang, word, own) => {
      const watched = await opened(lang)
      const [result, ...others] = await handOver(watched.page, files('sound.txt', 'sound.txt.tlog-proof'))
      expect([result?.outcome, others]).toEqual(['unchanged', []])
      expect(result?.text).toContain(word)
      expect(result?.text).toContain(own)
      expect(result?.text).toContain(policyFingerprint(readFileSync(policy)))
      await done(watched)
    },
  )

  it.each(['zh', 'en'])(
    'judges a folder that is chosen or dropped, a package, a file proof, a receipt alone (%s)',
    async (lang) => {
      const watched = await opened(lang)
      const { page } = watched
      const judged = async (): Promise<unknown> => {
        const results = await shownResults(page)
        await page.locator('.zone button').first().click()
        return results.map(({ outcome, what, codes }) => [outcome, what, ...codes])
      }
      const beside = [at('phone.evidence-manifest'), at('phone.tlog-proof')]
      await page.setInputFiles('#choose-folder', at('phone'))
      await page.setInputFiles('#choose-files', beside)
      expect(await judged()).toEqual([['unchanged', 'folder']])
      await page.setInputFiles('#choose-files', beside)
      await shownResults(page)
      await dropFolder(page, at('phone'))
      await page.locator('.handed li').nth(4).waitFor()
      expect(await judged()).toEqual([['unchanged', 'folder']])
      await page.setInputFiles('#choose-files', at('package.zip'))
      expect(await judged()).toEqual([['unchanged', 'package']])
      await page.setInputFiles('#choose-folder', at('package'))
      expect(await judged()).toEqual([['unchanged', 'package']])
      await page.setInputFiles('#choose-files', [at('phone/photos/一.jpg'), at('一.jpg.file-proof')])
      expect(await judged()).toEqual([['unchanged', 'file']])
      await page.setInputFiles('#choose-files', at('sound.txt.tlog-proof'))
      expect(await judged()).toEqual([['missing', 'receipt']])
      await page.setInputFiles('#choose-files', at('sound.txt'))
      expect(await judged()).toEqual([['missing', 'receipt-not-found']])
      await done(watched)
    },
  )

  it('sends no digest, no index and no byte before it is told to ask, and then no byte of a file', async () => {
    const watched = await opened()
    const { page, requests } = watched
    await handOver(page, files('alone.txt'))
    const digest = sha256Hex('content of alone')
    const before = requests.map(({ url }) => new URL(url).pathname + new URL(url).search)
    expect(before.filter((asked) => !/^\/(?:assets\/.*|v1\/ledger|\?lang=en)?$/.test(asked))).toEqual([])
    await page.locator('button.ask').click()
    await page.locator('.verdict.unchanged').waitFor()
    expect(await shownResults(page)).toMatchObject([{ outcome: 'unchanged', what: 'file' }])
    const after = requests.slice(before.length).map(({ url }) => url)
    expect(after.some((url) => url.includes(digest))).toBe(true)
    expect(requests.every(({ method, body }) => method === 'GET' && body === null)).toBe(true)
    expect(requests.some(({ url }) => url.includes('content'))).toBe(false)
    await done(watched)
  })

  it.each([['a file without a receipt, of which the ledger knows nothing', { 'none.txt': 'nowhere' }]])(
    'says of %s that the ledger has none',
    async (_what, given) => {
      const watched = await opened()
      await handOver(watched.page, given)
      await watched.page.locator('button.ask').click()
      await watched.page.getByText('The ledger shows no deposit of this file').waitFor()
      expect(await shownResults(watched.page)).toMatchObject([{ outcome: 'missing' }])
      await done(watched)
    },
  )

  it.each([
    ['retracted', 'en', 'took the deposit back'],
    ['retracted', 'zh', '撤回'],
    ['stolen', 'en', 'reported as compromised'],
  ])('takes note of what the ledger says happened later: %s (%s)', async (name, lang, sentence) => {
    const watched = await opened(lang)
    await handOver(watched.page, files(`${name}.txt`, `${name}.txt.tlog-proof`))
    const size = watched.requests.length
    await watched.page.locator('button.ask').click()
    await watched.page.locator('.verdict.noticed').waitFor()
    const [result] = await shownResults(watched.page)
    expect(result?.text).toContain(sentence)
    expect(watched.requests.slice(size).some(({ url }) => url.includes('/status'))).toBe(true)
    await done(watched)
  })

  it('stops in red where the ledger gives another policy than the one that is kept', async () => {
    const watched = await opened()
    const { page } = watched
    const given = files('sound.txt', 'sound.txt.tlog-proof')
    await handOver(page, { ...given, 'own.policy': `# from the court\n${readFileSync(policy, 'utf8')}` })
    await page.getByText('Keep this policy in this browser').click()
    await page.reload()
    expect(await handOver(page, given)).toMatchObject([{ outcome: 'stopped', what: 'stopped' }])
    await page.getByText('Judge by the kept one').click()
    await page.locator('.verdict.unchanged').waitFor()
    expect(await page.locator('.policy').getAttribute('data-source')).toBe('kept')
    await done(watched)
  })

  it('judges no receipt of another ledger by the ledger’s own policy, and says which policy is needed', async () => {
    const { input } = JSON.parse(
      readFileSync(new URL('../../fixtures/vectors/receipt/disclosed.json', import.meta.url), 'utf8'),
    ) as { input: { receipt: string; policy: string } }
    const watched = await opened()
    const lone = { 'other.tlog-proof': input.receipt }
    expect(await handOver(watched.page, lone)).toMatchObject([{ outcome: 'missing', what: 'usage' }])
    expect(await handOver(watched.page, { ...lone, 'other.policy': input.policy })).toMatchObject([
      { outcome: 'missing', what: 'receipt', codes: [] },
    ])
    await watched.page.locator('button.ask').click()
    await watched.page.getByText('server-other-ledger').waitFor()
    expect(await shownResults(watched.page)).toMatchObject([{ outcome: 'missing', what: 'receipt' }])
    await done(watched)
  })

  it('says what a proof of misbehaviour proves, by whatever policy was handed over', async () => {
    const { input } = JSON.parse(
      readFileSync(new URL('../../fixtures/vectors/misbehaviour/split-view.json', import.meta.url), 'utf8'),
    ) as { input: { proof: string; policy: string } }
    const watched = await opened()
    const given = { 'x.misbehaviour': input.proof, 'court.policy': input.policy }
    expect(await handOver(watched.page, given)).toMatchObject([{ outcome: 'unchanged', what: 'misbehaviour' }])
    await done(watched)
  })

  it('keeps what was handed over when another language is chosen, and takes what is dropped once', async () => {
    const watched = await opened()
    const { page } = watched
    await handOver(page, files('sound.txt', 'sound.txt.tlog-proof'))
    await page.getByRole('button', { name: '中文' }).click()
    const [result] = await shownResults(page)
    expect(result?.text).toContain('未改动')
    await page.getByRole('button', { name: 'English' }).click()
    await dropFolder(page, at('phone'))
    await page.locator('.handed li').nth(4).waitFor()
    // The first file with its receipt, and the three of the folder.
    expect((await shownResults(page)).length).toBe(4)
    await done(watched)
  })

  it('says so where the ledger is away, and judges on by what is here', async () => {
    const watched = await opened()
    const { page } = watched
    await page.route('**/v1/**', (route) => route.abort())
    const given = files('sound.txt', 'sound.txt.tlog-proof')
    expect(await handOver(page, given)).toMatchObject([{ outcome: 'missing', what: 'usage' }])
    expect(await handOver(page, { ...given, policy: readFileSync(policy) })).toMatchObject([{ outcome: 'unchanged' }])
    await page.locator('button.ask').click()
    await page.getByText('server-unreachable').first().waitFor()
    await page.getByText('Start again').click()
    await handOver(page, files('alone.txt'))
    await page.locator('button.ask').click()
    await page.getByText('server-unreachable').first().waitFor()
    expect(await shownResults(page)).toMatchObject([{ outcome: 'missing', what: 'receipt-not-found' }])
    expect(askedElsewhere(watched, server.url)).toEqual([])
    await page.context().close()
  })
})
