// Makes dist/page out of dist/web: the page that the server gives out at /, and the checker as one file, core and whole. Prints the SHA-256
// of each one file, so that it can be published and compared, and notes the build of certificates in HTML. See docs/design/faces.md.
import { createHash } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { isStampCurrent, writeStamp } from './inputs.mjs'
import { coreModules, pageModules } from './page-modules.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const web = join(root, 'dist/web')
const page = join(root, 'dist/page')
const assets = join(page, 'assets')
const stamp = join(page, '.inputs')
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
/** The style without the spaces that a browser does not read. */
const style = readFileSync(join(root, 'web/style.css'), 'utf8')
  .replace(/([{};,])\n\s*/g, '$1')
  .replace(/([{;][a-z-]+): /g, '$1:')
  .replaceAll(' {', '{')
  .replaceAll(';}', '}')
/** What the server's page has besides: the pages of cases are no part of the one file. */
const caseStyle = readFileSync(join(root, 'web/case/style.css'), 'utf8')

const sha256 = (data, encoding) => createHash('sha256').update(data).digest(encoding)

/** Nothing of ours, and of our libraries nothing that the page uses, does anything by being loaded alone. */
const treeshake = { moduleSideEffects: (id) => id.startsWith(web) }

/** Joins one entry into one script; gives its text and the files that went in. */
async function joined(rolldown, entry, { format = 'esm', plugins = [] } = {}) {
  const input = join(web, entry)
  const bundle = await rolldown({ input, platform: 'browser', treeshake, plugins: [...plugins, pageModules] })
  const { output } = await bundle.generate({ format, codeSplitting: false, minify: true, comments: false })
  const files = await bundle.watchFiles
  await bundle.close()
  return { text: output[0].code, files }
}

/** Joins the entries of the server's page, with what is loaded later in files of its own. */
async function split(rolldown, entries) {
  const input = Object.fromEntries(Object.entries(entries).map(([name, entry]) => [name, join(web, entry)]))
  const bundle = await rolldown({ input, platform: 'browser', treeshake, plugins: [pageModules] })
  const names = { entryFileNames: '[name].js', chunkFileNames: '[name]-[hash].js' }
  await bundle.write({ dir: assets, format: 'esm', minify: true, comments: false, ...names })
  const files = await bundle.watchFiles
  await bundle.close()
  return files
}

/** The checker as one file: script, worker and style in it, each let through by its hash alone, and no connection to anywhere. */
async function oneFile(script, worker) {
  const { checkerFile, inlineScript } = await import('../dist/src/certificate/html/checker.js')
  return checkerFile({ style, worker: inlineScript(worker), script: inlineScript(script) })
}

/** The checkers as one file, with what is published of them. */
function oneFiles() {
  const names = readdirSync(page).filter((one) => one.startsWith('evidence-check'))
  return names.map((name) => {
    const bytes = readFileSync(join(page, name))
    return { name, bytes: bytes.length, sha256: sha256(bytes, 'hex') }
  })
}

const entryPage = (script, title, more = '') => `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>${title}</title>
<link rel="stylesheet" href="/assets/style.css">${more}
<link rel="icon" href="data:,">
<body><noscript>This page needs JavaScript. 本页面需要 JavaScript。</noscript></body>
<script type="module" src="/assets/${script}"></script>
</html>
`

/** What the pages of cases have besides; the check, which is loaded first, has none of it. */
const casesLink = '\n<link rel="stylesheet" href="/assets/cases.css">'

/** Pages of the server, by their path below /: script and title. */
const pages = {
  index: ['check.js', 'Evidence ledger'],
  explore: ['explorer.js', 'Evidence ledger'],
  deposit: ['deposit.js', 'Evidence ledger'],
}
const entries = { check: 'check/server-main.js', explorer: 'explorer/main.js', deposit: 'deposit/main.js' }

if (!isStampCurrent(stamp)) {
  const { rolldown } = await import('rolldown')
  rmSync(page, { recursive: true, force: true })
  mkdirSync(assets, { recursive: true })
  // The check apart: what it loads first must not grow by what other pages share with it.
  const { check, ...others } = entries
  const inputs = [...(await split(rolldown, { check })), ...(await split(rolldown, others))]
  const worker = await joined(rolldown, 'check/hash-worker.js', { format: 'iife' })
  const core = await joined(rolldown, 'check/core-main.js', { plugins: [coreModules] })
  writeFileSync(join(assets, 'hash-worker.js'), worker.text)
  writeFileSync(join(assets, 'style.css'), style)
  writeFileSync(join(assets, 'cases.css'), caseStyle)
  for (const [name, [script, title]] of Object.entries(pages))
    writeFileSync(join(page, `${name}.html`), entryPage(script, title, name === 'index' ? '' : casesLink))
  const whole = await joined(rolldown, 'check/whole-main.js')
  writeFileSync(join(page, 'evidence-check-core.html'), await oneFile(core.text, worker.text))
  writeFileSync(join(page, 'evidence-check.html'), await oneFile(whole.text, worker.text))
  writeFileSync(join(assets, 'one-files.json'), JSON.stringify(oneFiles()))
  // Of one build are certificates whose writer and checker are the same, wherever they were made.
  const writer = await joined(rolldown, '../src/certificate/html/write.js')
  const checker = sha256(readFileSync(join(page, 'evidence-check.html')), 'hex')
  const build = sha256(`${checker}\n${writer.text}`, 'hex')
  writeFileSync(join(assets, 'certificate.json'), JSON.stringify({ build, checker, version }))
  const used = [
    ...inputs,
    ...worker.files,
    ...core.files,
    ...whole.files,
    ...writer.files,
    join(root, 'dist/src/certificate/html/checker.js'),
    join(root, 'web/style.css'),
    join(root, 'web/case/style.css'),
    join(root, 'scripts/page-modules.mjs'),
    fileURLToPath(import.meta.url),
  ]
  writeStamp(stamp, used)
}
for (const { name, bytes, sha256: digest } of oneFiles()) console.log(`${digest}  ${name} (${bytes} bytes)`)
