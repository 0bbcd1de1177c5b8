import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type CliServer, evidenceOk, startServer } from '../support/cli.ts'
import { type Firefox, launchFirefox } from '../support/firefox.ts'
import { temporaryFolder } from '../support/folder.ts'
import { lacks } from '../support/system-tools.ts'

/* The check in Firefox: the one file from the disk, and a server's page. Its workers, content policy and storage are another engine's. */
describe.skipIf(lacks('firefox-esr'))('the check in Firefox', () => {
  const { path, remove } = temporaryFolder()
  const at = (name: string): string => join(path, name)
  const data = at('data')
  let firefox: Firefox
  let server: CliServer
  beforeAll(async () => {
    firefox = await launchFirefox()
    server = await startServer(data)
    writeFileSync(at('a.txt'), 'content')
    const more = ['--data', data, '--url', server.url]
    await evidenceOk(['deposit', at('a.txt'), ...more])
    await evidenceOk(['package', at('a.txt'), '--out', at('package.zip'), ...more])
  })
  afterAll(async () => {
    await firefox?.close()
    await server?.stop()
    remove()
  })

  /** Opens a page that notes what its policy of content refuses, hands files over, and reads what comes of them. */
  async function judged(url: string, files: readonly string[]): Promise<unknown> {
    await firefox.navigate(url)
    await firefox.run(
      `window.refused = []
      document.addEventListener('securitypolicyviolation', (event) => window.refused.push(event.violatedDirective))
      window.addEventListener('error', (event) => window.refused.push(event.message))`,
    )
    await firefox.choose('#choose-files', files)
    await firefox.until(
      `return document.querySelector('.result') !== null && !document.querySelector('.work progress')`,
    )
    return firefox.run(
      `return {
        results: [...document.querySelectorAll('.result')].map((one) =>
          [one.querySelector('.verdict').dataset.outcome, one.dataset.what, one.dataset.codes]),
        refused: window.refused,
        work: document.querySelector('.work').textContent,
      }`,
    )
  }
  const fine = (what: string): object => ({ results: [['unchanged', what, '']], refused: [], work: '' })
  const set = [at('a.txt'), at('a.txt.tlog-proof')]

  it.each(['evidence-check-core.html', 'evidence-check.html'])(
    'judges by %s from the disk, in a worker',
    async (name) => {
      const page = new URL(`../../dist/page/${name}`, import.meta.url).href
      expect(await judged(`${page}?lang=zh`, [...set, join(data, 'policy')])).toEqual(fine('file'))
    },
  )

  it('judges a package by the whole file from the disk', async () => {
    const page = new URL('../../dist/page/evidence-check.html', import.meta.url).href
    expect(await judged(`${page}?lang=en`, [at('package.zip'), join(data, 'policy')])).toEqual(fine('package'))
  })

  it('judges on the page of a server, by the ledger’s own policy', async () => {
    expect(await judged(`${server.url}/?lang=en`, set)).toEqual(fine('file'))
    expect(await judged(`${server.url}/?lang=zh`, [at('package.zip')])).toEqual(fine('package'))
  })

  it('shows the explorer and the page for deposits, with a key made here', async () => {
    await firefox.navigate(`${server.url}/explore?lang=en`)
    await firefox.until(`return document.querySelector('table tbody tr') !== null`)
    await firefox.navigate(`${server.url}/deposit?lang=en`)
    await firefox.until(`return document.querySelector('.make-key button') !== null`)
    await firefox.run(`document.querySelector('.make-key button').click()`)
    await firefox.until(`return document.querySelector('.admission')?.dataset.state === 'notAdmitted'`)
  })
})
