// Makes dist/run, the command line in some two hundred files of one folder instead of a thousand modules of many: a command loads in half the time
// (docs/performance.md). Nothing is altered but for the joining; threads and helpers of it run the modules of dist as they are. As a command:
// node scripts/program.mjs
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { isStampCurrent, writeStamp } from './inputs.mjs'
import { root } from './setup.mjs'

const dist = join(root, 'dist')
const folder = join(dist, 'run')
const stamp = join(folder, '.inputs')
/** What the last build wrote here. */
const files = join(folder, '.files')
/** What the compiler touches whenever it wrote something: cli/evidence.mjs takes dist/run only while each is older than this list. */
const current = join(folder, '.current')

/** Packages that are joined too. The others are loaded as they are: they have binaries, or files beside them. */
const isJoined = (id) => /^(?:commander|zod|@noble\/)/.test(id)

/** A module goes on to find what lies beside it where it was compiled to. */
const placed = {
  name: 'placed',
  transform(code, id) {
    if (!id.startsWith(dist) || !code.includes('import.meta.')) return null
    const here = `new URL(${JSON.stringify(`../${relative(dist, id)}`)}, import.meta.url)`
    const named = code.replaceAll('import.meta.filename', 'pathOfModule').replaceAll('import.meta.url', `${here}.href`)
    if (named === code || /import\.meta\.(?!url\b)/.test(named))
      throw new Error(`${id} asks import.meta for something new`)
    if (!named.includes('pathOfModule')) return named
    return `import { fileURLToPath as toPath } from 'node:url'\nconst pathOfModule = toPath(${here})\n${named}`
  },
}

async function joinProgram() {
  const { rolldown } = await import('rolldown')
  const bundle = await rolldown({
    input: join(dist, 'cli', 'main.js'),
    platform: 'node',
    external: (id) => id.startsWith('node:') || !(id.startsWith('.') || id.startsWith('/') || isJoined(id)),
    plugins: [placed],
  })
  const { output } = await bundle.generate({
    format: 'esm',
    entryFileNames: 'main.js',
    chunkFileNames: '[name]-[hash].js',
  })
  const inputs = await bundle.watchFiles
  await bundle.close()
  // The entry comes last, and what the build before had stays: a program that runs since then still loads a part of it now and then.
  const before = existsSync(files) ? JSON.parse(readFileSync(files, 'utf8')) : []
  mkdirSync(folder, { recursive: true })
  for (const { fileName, code } of output.toSorted((a, b) => Number(a.isEntry) - Number(b.isEntry))) {
    writeFileSync(join(folder, `${fileName}.new`), code)
    renameSync(join(folder, `${fileName}.new`), join(folder, fileName))
  }
  const names = output.map(({ fileName }) => fileName)
  const kept = new Set([...names, ...before])
  for (const name of readdirSync(folder))
    if (!name.startsWith('.') && !kept.has(name)) rmSync(join(folder, name), { recursive: true })
  writeFileSync(files, JSON.stringify(names))
  return inputs
}

if (!isStampCurrent(stamp) || !existsSync(join(folder, 'main.js')))
  writeStamp(stamp, [...(await joinProgram()), fileURLToPath(import.meta.url)])
const infos = readdirSync(dist, { recursive: true }).filter((name) => name.endsWith('.tsbuildinfo'))
writeFileSync(current, infos.map((name) => `../${name}\n`).join(''))
