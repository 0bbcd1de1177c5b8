// Makes dist/check.mjs, `evidence check` as one file: see cli/check-main.ts; dist/check-time.mjs, which it loads where there is a
// time proof: see src/check/steps/judge-time-proof.ts; dist/check-digest.mjs, which its threads run where a folder has many files: see
// src/node/folder-digests.ts; and dist/check-proxy.mjs, which it loads where the environment names a proxy: see src/client/proxy.ts. Nothing of them is altered but for the joining, and the version written in.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { isStampCurrent, writeStamp } from './inputs.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const dist = join(root, 'dist')
const packagePath = fileURLToPath(new URL('../package.json', import.meta.url))
const { version } = JSON.parse(readFileSync(packagePath, 'utf8'))
const path = join(dist, 'check.mjs')
const timePath = join(dist, 'check-time.mjs')
const proxyPath = join(dist, 'check-proxy.mjs')
const digestPath = join(dist, 'check-digest.mjs')
const stamp = join(dist, '.check-inputs')

const isCurrent = () =>
  [path, timePath, proxyPath, digestPath].every((file) => existsSync(file)) && isStampCurrent(stamp)

/** Where one file of dist is asked for, the bundle made of it is. */
const apart = (name, bundle) => ({
  name: 'apart',
  resolveId: (source) => (source.endsWith(`/${name}`) ? { id: `./${bundle}`, external: true } : null),
})

/** The version, which dist/cli/version.js reads beside itself, written into the one file: that may be taken away alone. */
const versioned = {
  name: 'versioned',
  load: (id) => (id.endsWith('/cli/version.js') ? `export const version = ${JSON.stringify(version)}` : null),
}

/** The thread that hashes files of a folder, which the one file starts from beside itself; where it was taken away alone, it does without. */
const threaded = {
  name: 'threaded',
  load: (id) => {
    if (!id.endsWith('/src/node/folder-digests.js')) return null
    const text = readFileSync(id, 'utf8')
    if (!text.includes("'./digest-worker.ts'")) throw new Error(`${id} starts no thread`)
    return text.replace("'./digest-worker.ts'", "'./check-digest.mjs'")
  },
}

/** Joins what a file of dist/cli imports; gives the files that went in. */
async function joinInto(rolldown, entry, file, plugins) {
  const bundle = await rolldown({
    input: join(dist, entry),
    platform: 'node',
    // What only a long re-walk wants; a check does without.
    external: ['sodium-native'],
    plugins: [versioned, threaded, ...plugins],
  })
  await bundle.write({ file, format: 'esm', codeSplitting: false })
  const files = await bundle.watchFiles
  await bundle.close()
  return files
}

if (!isCurrent()) {
  const { rolldown } = await import('rolldown')
  const inputs = [
    ...(await joinInto(rolldown, 'cli/check-main.js', path, [
      apart('judge-time-proof.js', 'check-time.mjs'),
      apart('proxy.js', 'check-proxy.mjs'),
      // The writer of certificates, with its font and its packages, is where the whole program is.
      apart('judge-look.js', 'src/certificate/node/judge-look.js'),
      apart('report/node/pdf.js', 'src/report/node/pdf.js'),
    ])),
    ...(await joinInto(rolldown, 'src/check/steps/judge-time-proof.js', timePath, [])),
    ...(await joinInto(rolldown, 'src/client/proxy.js', proxyPath, [])),
    ...(await joinInto(rolldown, 'src/node/digest-worker.js', digestPath, [])),
    packagePath,
    fileURLToPath(import.meta.url),
  ]
  writeStamp(stamp, inputs)
}
